"""Logs as they lie about: files, folders of them, compressed or not. Each is opened as a stream.

gzip, bzip2 and xz are of the standard library; zstd is from Python 3.14 on, before that by the
module `zstandard` or the program `zstd`, whichever is there.
"""

import bz2
import gzip
import lzma
import shutil
import subprocess
import zlib
from collections.abc import Callable, Iterable, Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import BinaryIO

from .blocks import NotText, Readable

MAGIC: dict[bytes, Callable] = {b"\x1f\x8b": gzip.open, b"BZh": bz2.open, b"\xfd7zXZ": lzma.open}
ZSTD = b"\x28\xb5\x2f\xfd"
DAMAGED = (EOFError, gzip.BadGzipFile, lzma.LZMAError, zlib.error)
UNREADABLE = (*DAMAGED, OSError, NotText)


def log_files(names: Iterable[str]) -> Iterator[str]:
    """The names as given; a folder stands for all files in it, sorted, without the hidden ones."""
    for name in names:
        folder = Path(name)
        if name != "-" and folder.is_dir():
            for path in sorted(folder.rglob("*")):
                hidden = any(part[0] == "." for part in path.relative_to(folder).parts)
                if path.is_file() and not hidden:
                    yield str(path)
        else:
            yield name


def unreadable(name: str, error: Exception) -> str:
    """Why a log gave nothing, or no more, in a sentence."""
    if isinstance(error, DAMAGED):
        return f"{name} is compressed and damaged, it was read as far as possible: {error}."
    if isinstance(error, NotText):
        return f"{name} cannot be read as text: {error}."
    return f"{name} cannot be read: {getattr(error, 'strerror', None) or error}."


def open_log(name: str) -> Readable:
    """The text of a log as bytes. OSError, or NotText if nothing here can decompress it."""
    file = open(name, "rb")  # noqa: SIM115
    start = file.peek(8)[:8]
    for magic, opened in MAGIC.items():
        if start.startswith(magic):
            return opened(file)
    return _zstd(name, file) if start.startswith(ZSTD) else file


def _zstd(name: str, file: BinaryIO) -> Readable:
    if find_spec("compression"):
        from compression import zstd

        return zstd.open(file)
    if find_spec("zstandard"):
        import zstandard

        return zstandard.open(file)
    program = shutil.which("zstd")
    if program is None:
        file.close()
        raise NotText("this is compressed with zstd; install the program zstd, or decompress it")
    file.close()
    command = [program, "-dcq", "--", name]
    return _Child(subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL))


class _Child:
    """What a program prints; EOFError if it ends with a mistake."""

    def __init__(self, child: subprocess.Popen):
        self.child = child

    def read(self, size: int) -> bytes:
        assert self.child.stdout is not None, "it was started with a pipe"
        data = self.child.stdout.read(size)
        if not data and self.child.wait():
            raise EOFError("zstd cannot decompress it")
        return data
