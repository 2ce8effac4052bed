"""Reads a handed-in notebook, which is not trusted: only the source of its code cells is used.

Files are opened without following links, and read up to a limit. Tags, ids, points, outputs and
metadata are not looked at. A zip archive is read in memory; nothing is ever unpacked.
"""

import io
import json
import os
import stat
import zipfile
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import IO, BinaryIO

NOTEBOOK_BYTES = 64 << 20  # plots and films are large
MOST_BRACKETS = 2_000_000  # each may be an object in memory
SOURCE_BYTES = 1 << 20
DAMAGED = (
    *(zipfile.BadZipFile, zlib.error, OSError, RuntimeError, NotImplementedError),
    *(KeyError, IndexError, EOFError, ValueError),
)


class NotANotebook(ValueError):
    """What was submitted cannot be read, in one sentence."""


@dataclass
class Submission:
    """A file that was handed in: whose, from where, and its bytes or why there are none."""

    student: str  # the id: unique in a course
    source: str  # for people: as given on the command line, then the way into an archive
    path: Path
    inside: tuple[int, ...] = ()  # which entry of the zip archive, and of the archive in it
    name: str = ""  # of the student, as it is written; without one, the id
    folder: str = ""  # the id as the name of a folder; without one, the id
    number: str = ""  # in the course system
    system: str = ""  # whose number it is: "Moodle" or "Canvas"

    def __post_init__(self):
        self.name, self.folder = self.name or self.student, self.folder or self.student

    def read(self) -> bytes:
        if self.inside:
            return read_entry(self.path, self.inside)
        return read_file(self.path)


def open_file(path: Path) -> BinaryIO:
    """A regular file, open for reading; NotANotebook for links, devices and the like."""
    try:
        fd = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except (OSError, ValueError) as error:
        why = getattr(error, "strerror", None) or "its name is no file name"
        why = "it is a symbolic link" if os.path.islink(path) else why
        raise NotANotebook(f"it cannot be opened: {why}") from None
    if not stat.S_ISREG(os.fstat(fd).st_mode):
        os.close(fd)
        raise NotANotebook("it is not a regular file")
    return os.fdopen(fd, "rb")


def read_file(path: Path) -> bytes:
    """The bytes of a regular file; NotANotebook for links, devices and what is too long."""
    with open_file(path) as file:
        return at_most(file)


def at_most(file: IO[bytes]) -> bytes:
    data = file.read(NOTEBOOK_BYTES + 1)
    if len(data) > NOTEBOOK_BYTES:
        raise NotANotebook(f"it is longer than {NOTEBOOK_BYTES >> 20} MB; clear its outputs")
    return data


def read_entry(archive: Path, inside: tuple[int, ...]) -> bytes:
    """The bytes of an entry of a zip archive, or of an archive that is an entry."""
    with open_file(archive) as file:
        data: BinaryIO = file
        for place in inside:
            try:
                with (
                    zipfile.ZipFile(data) as opened,
                    opened.open(opened.infolist()[place]) as entry,
                ):
                    data = io.BytesIO(at_most(entry))
            except NotANotebook:
                raise
            except DAMAGED as error:
                raise NotANotebook(
                    f"the archive is damaged or locked ({type(error).__name__})"
                ) from None
        return data.read()


def code_cells(data: bytes) -> list[str]:
    """The sources of the code cells, in order."""
    if data.count(b"[") + data.count(b"{") > MOST_BRACKETS:
        raise NotANotebook("its outputs have too many parts; clear them")
    try:
        notebook = json.loads(data.decode("utf-8-sig"))
    except (ValueError, RecursionError):
        raise NotANotebook("it is not JSON, so it is no notebook") from None
    cells = notebook.get("cells") if isinstance(notebook, dict) else None
    if (
        cells is None
        and isinstance(notebook, dict)
        and isinstance(notebook.get("worksheets"), list)
    ):
        raise NotANotebook("it has the old format 3; open and save it with a newer Jupyter")
    if not isinstance(cells, list):
        raise NotANotebook("it has no list of cells")
    sources = [source_of(cell) for cell in cells if isinstance(cell, dict)]
    found = [source for source in sources if source is not None]
    if sum(map(len, found)) > SOURCE_BYTES:
        raise NotANotebook(f"it has more than {SOURCE_BYTES >> 20} MB of code")
    return found


def source_of(cell: dict) -> str | None:
    source = cell.get("source")
    if isinstance(source, list) and all(isinstance(line, str) for line in source):
        source = "".join(source)
    return source if cell.get("cell_type") == "code" and isinstance(source, str) else None
