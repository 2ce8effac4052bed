"""Rows in a file that can be gone on with: JSON lines, CSV, or Parquet at the end.

The first line says what is in the file. Rows are added in their order, so a file that ends early
is the beginning of the whole one; a last line that was cut is taken off. Each row that is there
must be the one that belongs there. One sweep at a time writes: the file is locked while it is open.
"""

import csv
import json
from collections.abc import Iterator
from contextlib import contextmanager
from io import BytesIO, StringIO
from itertools import zip_longest
from pathlib import Path
from typing import TextIO

from ..naming import short
from ..simulate.dataframe import frame_of
from ..textfile import reason

try:
    import fcntl
except ImportError:  # Windows has no such locks
    fcntl = None  # type: ignore[assignment]


WRITING = "another sweep is writing {}: wait for its end, or name a new file"
OPEN: set[Path] = set()  # files that sweeps of this process write


class RowFile:
    """Where rows go. `rows` are those that the file held already."""

    def __init__(self, path: Path | None, head: dict, points: Iterator[dict]):
        """`points` are the columns that are known of every row before it is run."""
        self.path, self.head = path, head
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

    def first_line(self) -> str:
        return ("# " if self.as_csv else "") + json.dumps(self.head) + "\n"

    def read(self, path: Path, points: Iterator[dict]) -> list[dict]:
        """The rows that are there, and the file cut after the last whole one."""
        self.file.seek(0)
        text, first = self.file.read(), self.first_line()
        whole = text[: text.rfind("\n") + 1]
        if not whole.startswith(first):
            if not first.startswith(text):
                raise ValueError(f"{path} {self.other(whole)}; name a new file")
            self.cut("")  # its very first line was cut
            self.file.write(first)
            self.file.flush()
            return []
        lines = whole[len(first) :].split("\n")[:-1]
        columns = next(csv.reader(lines[:1]), []) if self.as_csv else []
        rows = [
            self.row(line, point, columns, f"line {number} of {path}")
            for number, (line, point) in enumerate(zip_longest(lines[self.as_csv :], points), 2)
            if line is not None
        ]
        self.cut(whole if rows else first)
        return rows

    def cut(self, text: str) -> None:
        """Take off what stands behind this text; nothing if all of it is whole."""
        self.file.truncate(len(text.encode()))
        self.file.seek(0, 2)

    def row(self, line: str, point: dict | None, columns: list[str], where: str) -> dict:
        """The row of a line. ValueError if it is not that of this point."""
        try:
            if self.as_csv:
                (values,) = csv.reader([line])
                row = dict(zip(columns, map(plain, values), strict=True))
            else:
                row = json.loads(line)
            there = point and all(str(row[key]) == str(value) for key, value in point.items())
        except (ValueError, KeyError, TypeError):
            there = False
        if not there or point is None:
            raise ValueError(f"{where} is not the row that belongs there; name a new file")
        return row | point

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
        fresh = not self.rows
        self.rows += rows
        if self.path is None:
            return
        text = StringIO(newline="")
        if self.as_csv:
            writer = csv.DictWriter(text, list(self.rows[0]), lineterminator="\n")
            if fresh:
                writer.writeheader()
            writer.writerows(rows)
        else:
            text.writelines(json.dumps(row) + "\n" for row in rows)
        self.file.write(text.getvalue())
        self.file.flush()


def free(path: Path) -> None:
    """ValueError if a sweep of this process writes the file.

    To be asked before it is opened: to close a file gives up the process's locks of it.
    """
    if path.resolve() in OPEN:
        raise ValueError(WRITING.format(path))


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


def plain(value: str) -> int | str:
    """A value of a CSV file, a number as a number."""
    return int(value) if value.removeprefix("-").isdecimal() else value


@contextmanager
def open_rows(out: str | Path | None, head: dict, points: Iterator[dict]) -> Iterator[RowFile]:
    """The file for the rows. A .parquet file is made of a .jsonl file beside it, at the end."""
    if out is None:
        yield RowFile(None, head, points)
        return
    path = Path(out)
    if path.suffix not in (".jsonl", ".csv", ".parquet"):
        raise ValueError(f"rows go to a .jsonl, .csv or .parquet file, not to {short(str(out))}")
    if path.suffix == ".parquet":
        write_parquet([{"can it be written": True}], BytesIO())  # say so before the work is done
    rows = path.with_suffix(".jsonl") if path.suffix == ".parquet" else path
    try:
        rowfile = RowFile(rows, head, points)
    except (OSError, UnicodeDecodeError) as wrong:
        raise ValueError(f"{rows} cannot be used for rows: {reason(wrong)}") from None
    OPEN.add(rows.resolve())
    try:
        with rowfile.file:
            yield rowfile
    finally:
        OPEN.discard(rows.resolve())
    if path.suffix == ".parquet":
        write_parquet(rowfile.rows, path)


def write_parquet(rows: list[dict], to: Path | BytesIO) -> None:
    """Rows as Parquet. ValueError if this Python cannot write it."""
    frame = frame_of(rows)
    try:
        frame.to_parquet(to) if hasattr(frame, "to_parquet") else frame.write_parquet(to)
    except ImportError:
        raise ValueError("pandas writes .parquet with pyarrow: install it") from None
