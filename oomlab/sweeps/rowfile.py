"""Rows in a file that can be gone on with: JSON lines, CSV, or Parquet at the end.

The first line says what is in the file. Rows are added in their order, so a file that ends early
is the beginning of the whole one; a last line that was cut is taken off.
"""

import csv
import io
import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ..simulate.dataframe import frame_of


class RowFile:
    """Where rows go. `rows` are those that the file held already."""

    def __init__(self, path: Path | None, head: dict):
        self.path, self.head = path, head
        self.rows: list[dict] = []
        if path is None:
            return
        self.as_csv = path.suffix == ".csv"
        if path.exists() and path.stat().st_size:
            self.rows = self.read(path)
        else:
            path.write_text(self.first_line(), encoding="utf-8")

    def first_line(self) -> str:
        return ("# " if self.as_csv else "") + json.dumps(self.head) + "\n"

    def read(self, path: Path) -> list[dict]:
        """The rows that are there, and the file cut after the last whole one."""
        text = path.read_text(encoding="utf-8")
        whole = text[: text.rfind("\n") + 1]
        if not whole.startswith(self.first_line()):
            raise ValueError(f"{path} holds another sweep, or something else; name a new file")
        if whole != text:
            path.write_text(whole, encoding="utf-8")
        body = whole[len(self.first_line()) :]
        if self.as_csv:
            return [plain(row) for row in csv.DictReader(io.StringIO(body))]
        return [json.loads(line) for line in body.splitlines()]

    def write(self, rows: list[dict]) -> None:
        """Add rows at the end."""
        fresh = not self.rows
        self.rows += rows
        if self.path is None:
            return
        with self.path.open("a", encoding="utf-8", newline="") as file:
            if self.as_csv:
                writer = csv.DictWriter(file, list(rows[0]), lineterminator="\n")
                if fresh:
                    writer.writeheader()
                writer.writerows(rows)
            else:
                file.writelines(json.dumps(row) + "\n" for row in rows)


def plain(row: dict[str, str]) -> dict:
    """A CSV row with its numbers as numbers."""
    return {key: int(value) if value.lstrip("-").isdigit() else value for key, value in row.items()}


@contextmanager
def open_rows(out: str | Path | None, head: dict) -> Iterator[RowFile]:
    """The file for the rows. A .parquet file is made of a .jsonl file beside it, at the end."""
    if out is None:
        yield RowFile(None, head)
        return
    path = Path(out)
    if path.suffix not in (".jsonl", ".csv", ".parquet"):
        raise ValueError(f"rows go to a .jsonl, .csv or .parquet file, not to {path.name}")
    rows = path.with_suffix(".jsonl") if path.suffix == ".parquet" else path
    try:
        file = RowFile(rows, head)
    except (OSError, UnicodeDecodeError) as wrong:
        raise ValueError(f"{rows} cannot be used for rows: {wrong}") from None
    yield file
    if path.suffix != ".parquet":
        return
    frame = frame_of(file.rows)
    frame.to_parquet(path) if hasattr(frame, "to_parquet") else frame.write_parquet(path)
