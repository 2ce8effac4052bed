"""What lies in a zip archive: the names of its files, as they were written. Nothing is unpacked."""

import io
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from .identity import AGAIN
from .submissions import DAMAGED, NotANotebook, open_file, read_entry

ARCHIVE_FILES = 50_000


def archive_name(name: str) -> str:
    """class.zip, class (1).zip, class 2.zip: class."""
    stem = name[:-4] if name.lower().endswith(".zip") else name
    return AGAIN.sub("", stem)


def entries(path: Path, inside: tuple[int, ...]) -> Iterator[tuple[int, str]]:
    """(number, name) of each file in a zip archive, or in one in it; NotANotebook if damaged."""
    try:
        file: BinaryIO = io.BytesIO(read_entry(path, inside)) if inside else open_file(path)
        with file, zipfile.ZipFile(file) as opened:
            if len(opened.infolist()) > ARCHIVE_FILES:
                raise NotANotebook(f"it has more than {ARCHIVE_FILES} files")
            for number, info in enumerate(opened.infolist()):
                if not info.is_dir():
                    yield number, real_name(info)
    except NotANotebook:
        raise
    except DAMAGED as error:
        raise NotANotebook(f"the archive is damaged ({type(error).__name__})") from None


def real_name(info: zipfile.ZipInfo) -> str:
    """A Mac writes names in UTF-8 without saying so; what is no UTF-8 becomes U+FFFD."""
    if info.flag_bits & 0x800:  # the archive says that its names are UTF-8
        return info.filename
    try:
        return info.filename.encode("cp437").decode("utf-8", "replace")
    except UnicodeEncodeError:  # from the extra field of Info-ZIP: decoded already
        return info.filename
