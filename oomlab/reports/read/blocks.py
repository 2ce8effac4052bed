"""A log of any size, read in blocks of whole lines; only those near an OOM report are kept.

The test for a few words runs over whole blocks, so that a long log costs little time, and one block
at a time is held, so that it costs no memory.
"""

import codecs
import io
import json
import re
import select
from collections.abc import Iterable, Iterator
from io import BufferedReader
from itertools import islice
from typing import Any, BinaryIO, NamedTuple, Protocol

# A report has one of these near its start and its end, and rows of its task table in between.
WORDS = (
    *("oom-", "oom_", "ut of memory", "Mem-Info", "total_vm", "illed process", "Linux version"),
    *("page allocation ", "Manual OOM", "oomd[", "lowmemorykiller", "sending SIG", "OOM "),
    "as a result of limit",
)
ROW = re.compile(r"\[ *\d+\] +\d+ +\d+ +\d+ +\d+ +\d")
BYTE_LIST = re.compile(r'("MESSAGE"\s{0,4}:\s{0,4})\[([\d,\s]{1,200000})\]')
_LISTED = b'"MESSAGE"'
BLOCK = 1 << 16  # characters that are looked through at once; longer lines are cut
BYTE_WORDS = tuple(word.encode() for word in WORDS)
AFTER = 3 * BLOCK  # characters that are read on after a block with such a word
BEFORE = 1 << 10  # characters read before it


class Pause(NamedTuple):
    """Nothing more comes for now. It is true where an end of the input is false."""

    seconds: float


PAUSE_S = 0.3
PAUSE = Pause(PAUSE_S)


class Readable(Protocol):
    """What a log is read from: a file that was opened for bytes, or what is like one."""

    def read(self, size: int, /) -> bytes: ...


Source = str | bytes | Readable | Iterable[str] | Iterable[bytes]
Piece = Any  # all str or all bytes, as the source gives them, or PAUSE


class NotText(ValueError):
    """The input is not readable as text at all: compressed, an image, a core dump."""


def near_reports(source: Source, live: bool = False) -> Iterator[tuple[int, str | Pause | None]]:
    """Blocks around the telling words, with the number of their first line; None at a gap.

    A live source is a pipe: where it falls silent, PAUSE stands for a block.
    """
    number, left = 1, 0
    before: Piece = None  # the end of what was left out
    for block in _blocks(source, live):
        if block is PAUSE:
            yield number, PAUSE
            continue
        lines = block.count("\n" if isinstance(block, str) else b"\n") + 1
        block = _spelt_out(block)
        words: tuple[Piece, ...] = WORDS if isinstance(block, str) else BYTE_WORDS
        end: Piece = "\n" if isinstance(block, str) else b"\n"
        table = ROW.search(_decoded(block[-BEFORE:])) is not None  # it goes on in the next block
        told = any(word in block for word in words)
        if told or table:
            if left <= 0 and before is not None:
                tail = before if len(before) < BEFORE else before[-BEFORE:].partition(end)[2]
                yield number, None
                if tail:
                    yield number - tail.count(end) - 1, _decoded(tail)
            left = AFTER if told else max(left, BLOCK)
        if left > 0:
            left = max(left - len(block) - 1, table)
            yield number, _decoded(block)
            before = None
        else:
            before = block if before is None or len(block) >= BEFORE else before + end + block
            before = before[-2 * BEFORE :] if len(before) > 2 * BEFORE else before
        number += lines


def _spelt_out(block: Piece) -> Piece:
    """journald writes a message with odd bytes as a list of numbers; no word is seen in that."""
    if isinstance(block, bytes):
        return _spelt_out(block.decode("latin-1")).encode("latin-1") if _LISTED in block else block
    return BYTE_LIST.sub(_message, block) if _LISTED.decode() in block else block


def _message(found: re.Match) -> str:
    try:
        text = bytes(map(int, found[2].split(","))).decode("utf-8", "replace")
    except ValueError:  # not bytes
        return found[0]
    return f"{found[1]}{json.dumps(text)}"


def _decoded(block: str | bytes) -> str:
    return block if isinstance(block, str) else block.decode("utf-8", "replace")


def _blocks(source: Any, live: bool = False) -> Iterator[Piece]:
    """Whole lines, about BLOCK characters at once, without the last line's end."""
    if isinstance(source, str):
        source = io.StringIO(source)
    if isinstance(source, bytes | bytearray):
        source = io.BytesIO(source)
    if not hasattr(source, "read"):
        return _gathered(source)
    if live:
        source = _Pipe(source)
    first = source.read(BLOCK)
    if isinstance(first, bytes):
        if first[:2] in (b"\xff\xfe", b"\xfe\xff") or first[1:2] == b"\0" != first[:1]:
            source = _Decoded(first, source)
            first = source.read(BLOCK)
        else:
            _check(first)
    return _pieces(first, source)


def _gathered(source: Iterable[Piece]) -> Iterator[Piece]:
    lines = iter(source)
    while some := list(islice(lines, 500)):
        end: Piece = "\n" if isinstance(some[0], str) else b"\n"
        yield end.join(line.rstrip(end) for line in some)


def _pieces(piece: Piece, file) -> Iterator[Piece]:
    end: Piece = "\n" if isinstance(piece, str) else b"\n"
    rest = piece[:0]
    while piece:
        if piece is PAUSE:
            yield PAUSE
            piece = file.read(BLOCK)
            continue
        rest += piece
        lines, found, tail = rest.rpartition(end)
        if found:
            yield lines
            rest = tail
        elif len(rest) > BLOCK:
            yield rest
            rest = piece[:0]
        piece = file.read(BLOCK)
    if rest:
        yield rest


class _Pipe:
    """What a pipe holds now, instead of waiting until there is a whole block."""

    def __init__(self, file: BufferedReader):
        self.file, self.told = file, True

    def read(self, size: int) -> bytes | Pause:
        if not self.told and not select.select([self.file], [], [], PAUSE_S)[0]:
            self.told = True
            return PAUSE
        self.told = False
        return self.file.read1(size)


class _Decoded:
    """A file in UTF-16, as a Windows shell writes what it redirects."""

    def __init__(self, first: bytes, file: BinaryIO):
        big = first[:2] == b"\xfe\xff"
        self.decoder = codecs.getincrementaldecoder("utf-16-be" if big else "utf-16-le")("replace")
        self.first, self.file = first, file

    def read(self, size: int) -> str:
        piece, self.first = self.first or self.file.read(size), b""
        while piece:
            text = self.decoder.decode(piece)
            if text:
                return text
            piece = self.file.read(size)
        return ""


def _check(start: bytes) -> None:
    """Refuses what no editor would show: known archive heads, or a start full of control bytes."""
    if start.startswith((b"\x1f\x8b", b"BZh", b"\xfd7zXZ", b"\x28\xb5\x2f\xfd", b"PK\x03\x04")):
        raise NotText("this is a compressed file; decompress it first")
    control = sum(byte < 32 and byte not in b"\0\t\n\r\f\x1b" for byte in start[:4096])
    if control * 5 > len(start[:4096]):
        raise NotText("this is not text")
