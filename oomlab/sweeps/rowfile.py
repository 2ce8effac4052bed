"""Rows in a file that can be gone on with: JSON lines, CSV, or Parquet at the end.

The first line says what is in the file. Rows are added in their order, so a file that ends early
is the beginning of the whole one; a last line that was cut is taken off. Each line that is there
must be what would be written for its point: what was asked is known of each row before it is run,
of what came of it the columns and their kinds, and its last column is the checksum of the line and
of what stands above the rows. One sweep at a time writes: the file is locked while it is open.
"""

import csv
import json
import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from io import BytesIO, StringIO
from itertools import zip_longest
from pathlib import Path
from typing import Any, TextIO
from zlib import crc32

from ..naming import short
from ..simulate.dataframe import frame_of
from ..textfile import reason

try:
    import fcntl
except ImportError:  # Windows has no such locks
    fcntl = None  # type: ignore[assignment]


CHECK = "crc32"  # the last column
WRITING = "another sweep is writing {}: wait for its end, or name a new file"
OPEN: set[str] = set()  # files that sweeps of this process write
Kinds = Mapping[str, Callable[[Any], object]]  # the value of a column, or a ValueError or KeyError


class RowFile:
    """Where rows go. `rows` are those that the file held already."""

    def __init__(self, path: Path | None, head: dict, points: Iterator[dict], found: Kinds):
        """`points` are the columns that are known of every row before it is run, `found` the rest.

        The head names all columns, CHECK among them.
        """
        self.path, self.head, self.found = path, head, found
        self.crc = crc32(json.dumps(head).encode())
        self.rows: list[dict] = []
        if path is None:
            return
        self.as_csv = path.suffix == ".csv"
        free(path)
        self.file = path.open("a+", encoding="utf-8", newline="")
        try:
            lock(self.file, path)
            self.rows = self.read(path, points)
        except BaseException:
            self.file.close()
            raise

    def first(self) -> str:
        """What stands above the rows."""
        if self.as_csv:
            return f"# {json.dumps(self.head)}\n" + as_csv([self.head["columns"]])
        return json.dumps(self.head) + "\n"

    def read(self, path: Path, points: Iterator[dict]) -> list[dict]:
        """The rows that are there, and the file cut after the last whole one."""
        self.file.seek(0)
        text, first = self.file.read(), self.first()
        whole = text[: text.rfind("\n") + 1]
        if not whole.startswith(first):
            if not first.startswith(text):
                raise ValueError(f"{path} {self.other(whole)}; name a new file")
            self.cut("")  # what stands above the rows was cut
            self.file.write(first)
            self.file.flush()
            return []
        lines = whole[len(first) :].split("\n")[:-1]
        rows = [
            self.row(line, point, f"line {number} of {path}")
            for number, (line, point) in enumerate(zip_longest(lines, points), 2 + self.as_csv)
            if line is not None
        ]
        self.cut(whole)
        return rows

    def cut(self, text: str) -> None:
        """Take off what stands behind this text; nothing if all of it is whole."""
        self.file.truncate(len(text.encode()))
        self.file.seek(0, 2)

    def row(self, line: str, point: dict | None, where: str) -> dict:
        """The row of a line. ValueError if it is not that of this point, or not as written here."""
        try:
            if self.as_csv:
                (values,) = csv.reader([line])
                told = dict(zip(self.head["columns"], values, strict=True))
            else:
                told = json.loads(line)
            row = (point or {}) | {name: kind(told[name]) for name, kind in self.found.items()}
            there = point is not None and self.text([row]) == line + "\n"
        except (ArithmeticError, LookupError, RecursionError, TypeError, ValueError):
            there = False
        if not there:
            raise ValueError(f"{where} is not the row that belongs there; name a new file")
        return row

    def other(self, text: str) -> str:
        """What is in the file instead of this sweep."""
        try:
            head = json.loads(text.partition("\n")[0].removeprefix("# "))
            theirs, ours = head["origins"][0]["oomlab"], self.head["origins"][0]["oomlab"]
        except (ValueError, KeyError, TypeError, IndexError):
            return "holds no sweep"
        if theirs != ours:
            return f"was begun by oomlab {theirs}, and this is {ours}, whose runs may differ"
        differ = ", ".join(key for key in self.head if head.get(key) != self.head[key])
        return f"holds another sweep (other {differ or 'form'})"

    def write(self, rows: list[dict]) -> None:
        """Add rows at the end."""
        self.rows += rows
        if self.path is not None:
            self.file.write(self.text(rows))
            self.file.flush()

    def text(self, rows: list[dict]) -> str:
        """Rows as they are written, each with its checksum."""
        checked = [row | {CHECK: self.checksum(row)} for row in rows]
        if self.as_csv:
            return as_csv(list(row.values()) for row in checked)
        return "".join(json.dumps(row) + "\n" for row in checked)

    def checksum(self, row: dict) -> str:
        """Eight digits for what is in a row of this sweep: they differ if anything else does."""
        return f"{crc32(json.dumps(row).encode(), self.crc):08x}"


def as_csv(lines: Iterable[list]) -> str:
    text = StringIO(newline="")
    csv.writer(text, lineterminator="\n").writerows(lines)
    return text.getvalue()


def free(path: Path) -> None:
    """ValueError if a sweep of this process writes the file, or it is a device or a pipe.

    To be asked before it is opened: to close a file gives up the process's locks of it.
    """
    if os.path.realpath(path) in OPEN:
        raise ValueError(WRITING.format(path))
    if path.exists() and not path.is_file():
        raise ValueError(f"{path} cannot be used for rows: it is no regular file")


def lock(file: TextIO, path: Path) -> None:
    """Ours until it is closed, or this process ends. ValueError if another process has it.

    A lock of fcntl() belongs to the process: a worker that was forked does not hold it.
    """
    if fcntl is None:
        return
    try:
        fcntl.lockf(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except (BlockingIOError, PermissionError):
        raise ValueError(WRITING.format(path)) from None
    except OSError:  # a file system that has no locks
        return


@contextmanager
def open_rows(
    out: str | Path | None, head: dict, points: Iterator[dict], found: Kinds
) -> Iterator[RowFile]:
    """The file for the rows. A .parquet file is made of a .jsonl file beside it, at the end."""
    if out is None:
        yield RowFile(None, head, points, found)
        return
    path = Path(out)
    if path.suffix not in (".jsonl", ".csv", ".parquet"):
        raise ValueError(f"rows go to a .jsonl, .csv or .parquet file, not to {short(str(out))}")
    if path.suffix == ".parquet":
        write_parquet([{"can it be written": True}], BytesIO())  # say so before the work is done
    rows = path.with_suffix(".jsonl") if path.suffix == ".parquet" else path
    try:
        rowfile = RowFile(rows, head, points, found)
    except (OSError, UnicodeDecodeError) as wrong:
        raise ValueError(f"{rows} cannot be used for rows: {reason(wrong)}") from None
    writing = os.path.realpath(rows)
    OPEN.add(writing)
    try:
        with rowfile.file:
            yield rowfile
    finally:
        OPEN.discard(writing)
    if path.suffix == ".parquet":
        write_parquet(rowfile.rows, path)


def write_parquet(rows: list[dict], to: Path | BytesIO) -> None:
    """Rows as Parquet. ValueError if this Python cannot write it."""
    frame = frame_of(rows)
    try:
        frame.to_parquet(to) if hasattr(frame, "to_parquet") else frame.write_parquet(to)
    except ImportError:
        raise ValueError("pandas writes .parquet with pyarrow: install it") from None
