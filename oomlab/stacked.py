"""Rows of stacked bars with a name before each and a note behind: badness, pages, mappings."""

from collections.abc import Callable, Sequence
from typing import NamedTuple

from .looks import Look
from .paper import PAD, Drawing, nice, wide_as

ROW = 24


class Row(NamedTuple):
    """One row; parts below zero grow to the left."""

    name: str
    parts: Sequence[tuple[float, Look]]
    note: str
    bold: bool = False
    pale: bool = False


def draw(drawing: Drawing, rows: list[Row], unit: str) -> Callable[[float], float]:
    """The rows from the top down, on one scale, in a `unit`; where a value is drawn."""
    left = min(260, PAD + 8 + max((wide_as(row.name) for row in rows), default=0))
    notes = min(330, max((wide_as(row.note) for row in rows), default=0) + 12)
    low = min([0, *(sum(v for v, _ in row.parts if v < 0) for row in rows)])
    high = max([0, *(sum(v for v, _ in row.parts if v > 0) for row in rows)])
    scale = (drawing.width - PAD - left - notes) / (high - low or 1)
    zero = left - low * scale
    top = drawing.y
    for number, row in enumerate(rows):
        y = top + number * ROW
        bold = ' font-weight="600"' * row.bold
        drawing.text(left - 8, y + 16, fitting(row.name, left - PAD), anchor="end", more=bold)
        ends = {1: zero, -1: zero}
        for value, look in row.parts:
            side, wide = (-1 if value < 0 else 1), abs(value) * scale
            if value:
                pale = ' opacity=".45"' if row.pale else ""
                drawing.rect(min(ends[side], ends[side] + side * wide), y + 3, wide, 17, look, pale)
            ends[side] += side * wide
        drawing.text(ends[1] + 6, y + 16, row.note, more=bold)
    drawing.y = top + len(rows) * ROW
    drawing.line(zero, top, zero, drawing.y, "quiet")
    axis(drawing, zero, scale, low, high, unit)
    return lambda value: zero + value * scale


def axis(drawing: Drawing, zero: float, scale: float, low: float, high: float, unit: str) -> None:
    """Whole numbers under the bars, and what they count."""
    if not unit:  # the notes say the numbers
        return
    drawing.y += 16
    every = nice(max(64 / scale, 1))
    for value in range(-int(-low // every) * every, int(high) + 1, every):
        x = zero + value * scale
        drawing.line(x, drawing.y - 15, x, drawing.y - 11, "quiet")
        drawing.text(x, drawing.y, str(value), "quiet", size=12, anchor="middle")
    drawing.y += 16
    drawing.text(zero, drawing.y, unit, "quiet", size=12)


def fitting(name: str, wide: float) -> str:
    """A name that is not wider than that."""
    most = int(wide / wide_as("x"))
    return name if len(name) <= most else f"{name[: most - 1]}…"
