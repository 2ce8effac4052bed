"""The shares of a sweep as curves: a line for each policy and setting, a whisker for its interval.

    found = oomlab.sweep("lost-victim", ["mm-2015-12", "handa"], settings={"victims": [2, 3, 4]})
    found.figure("lost-victim").save("lost-victims.svg")

From left to right go the values of one column of the sweep, numbers where their size puts them, or
side by side if that is too close for some. No two lines differ by their colour alone: each has a
mark and a dash of its own.
"""

from itertools import pairwise
from math import ceil, cos, pi, sin
from operator import itemgetter
from typing import NamedTuple

from ..looks import BLUE, GREEN, PURPLE, VERMILLION
from ..paper import PAD, Drawing, wide_as
from .wilson import Rate

HIGH, LEFT, RIGHT = 280.0, 62, 24  # of the field: its height, and the room beside it
MARKS = (0, 4, 3, -4)  # corners; 0 is a circle, -4 stands on a corner
COLOURS, DASHES = (BLUE, VERMILLION, GREEN, PURPLE), ("", "6 4")
MOST = len(COLOURS) * len(DASHES)  # lines that one can tell apart
SMALL = 12.5  # letters
APART = 7.0  # lines stand beside each other, so that no whisker hides another


class Curve(NamedTuple):
    """One line: what it is called, and its share at each value from left to right."""

    name: str
    rates: list[Rate]


def draw(title: str, about: str, along: str, curves: list[Curve], dark: bool | None) -> Drawing:
    """The curves over the values of the column `along`. ValueError for more than can be shown."""
    if len(curves) > MOST:
        raise ValueError(
            f"a figure has {MOST} lines at most, and this sweep makes {len(curves)}: "
            "sweep fewer policies or values, or use markdown()"
        )
    drawing = Drawing(alt_text(title, along, curves), dark)
    drawing.heading(title, about)
    values = [rate.group[along] for rate in curves[0].rates]
    sizes = [value for value in values if type(value) is int]
    numbers = len(sizes) == len(values) > 1
    top, wide = drawing.y + 8, drawing.width - LEFT - RIGHT - 2 * PAD
    places = by_size(sizes, wide) if numbers else []
    if numbers and not places:
        along += " (not to scale)"
    ranks = map(sorted(sizes).index, sizes) if numbers else range(len(values))
    places = places or [PAD + LEFT + (rank + 0.5) / len(values) * wide for rank in ranks]
    field(drawing, top, wide, along, values, places, tilted=not numbers)
    gap = min(APART, closest(places) / len(curves))
    for number, curve in enumerate(curves):
        beside = (number - (len(curves) - 1) / 2) * gap
        line(drawing, number, curve, [x + beside for x in places], top, numbers)
    key(drawing, [curve for curve in curves if curve.name])
    return drawing


def by_size(numbers: list[int], wide: float) -> list[float]:
    """Where numbers stand by their size; [] if some stand too close there, and others do not."""
    least, most = min(numbers), max(numbers)
    edge = min(wide / (2 * len(numbers)), 60.0)
    unit = (wide - 2 * edge) / (most - least)
    places = [PAD + LEFT + edge + (number - least) * unit for number in numbers]
    even = len({b - a for a, b in pairwise(sorted(numbers))}) == 1
    return places if even or closest(places) > longest(numbers) else []


def closest(places: list[float]) -> float:
    """How far two neighbours are apart at least."""
    return min((b - a for a, b in pairwise(sorted(places))), default=APART * MOST)


def longest(values: list) -> float:
    """How wide the widest value is drawn, with a blank."""
    return max(wide_as(f"{value} ", SMALL) for value in values)


def field(drawing: Drawing, top, wide, along: str, values: list, places, tilted: bool) -> None:
    """The grid with its shares, and below it the values of the column.

    What does not fit side by side is `tilted`, or every second or third is left out.
    """
    left, foot = PAD + LEFT, top + HIGH + 18
    for percent in range(0, 101, 20):
        y = height(top, percent / 100)
        drawing.line(left, y, left + wide, y, "faint")
        drawing.text(left - 8, y + 4, f"{percent} %", "quiet", size=SMALL, anchor="end")
    crowd = ceil(longest(values) / closest(places))
    tilted = tilted and crowd > 1
    shown = sorted(zip(values, places, strict=True), key=itemgetter(1))
    for value, x in shown[:: 1 if tilted else crowd]:
        turn = f' transform="rotate(-35 {x:.1f} {foot:.1f})"' if tilted else ""
        anchor = "end" if tilted else "middle"
        drawing.text(x, foot, str(value), "quiet", size=SMALL, anchor=anchor, more=turn)
    drawing.y = foot + 20 + (sin(35 * pi / 180) * longest(values) if tilted else 0)
    drawing.text(left + wide / 2, drawing.y, along, size=SMALL, anchor="middle")


def line(drawing: Drawing, number: int, curve: Curve, xs: list, top: float, joined: bool) -> None:
    """The marks of a curve, their whiskers, and, where values are numbers, the line itself."""
    colour, dash = looks(number)
    ys = [height(top, rate.share) for rate in curve.rates]
    if joined:
        for (x1, y1), (x2, y2) in pairwise(sorted(zip(xs, ys, strict=True))):
            drawing.line(x1, y1, x2, y2, colour, 1.6, dash)
    for x, y, rate in zip(xs, ys, curve.rates, strict=True):
        low, high = (height(top, end) for end in rate.interval)
        drawing.line(x, low, x, high, colour, 1.6)
        for end in (low, high):
            drawing.line(x - 3, end, x + 3, end, colour, 1.6)
        mark(drawing, number, x, y)


def key(drawing: Drawing, curves: list[Curve]) -> None:
    """Which line is which."""
    x = float(PAD)
    drawing.y += 20 if curves else 0
    for number, curve in enumerate(curves):
        wide, (colour, dash) = 46 + wide_as(curve.name, SMALL), looks(number)
        if x > PAD and x + wide > drawing.width - PAD:
            x, drawing.y = float(PAD), drawing.y + 20
        drawing.line(x, drawing.y - 4, x + 28, drawing.y - 4, colour, 1.6, dash)
        mark(drawing, number, x + 14, drawing.y - 4)
        drawing.text(x + 34, drawing.y, curve.name, "quiet", size=SMALL)
        x += wide + 12
    drawing.y += 6


def looks(number: int) -> tuple[str, str]:
    """The colour and the dash of a line."""
    return COLOURS[number % len(COLOURS)], DASHES[number // len(COLOURS)]


def mark(drawing: Drawing, number: int, x: float, y: float) -> None:
    """A circle, square, triangle or diamond."""
    corners, fill = MARKS[number % len(MARKS)], drawing.fill((looks(number)[0], ""))
    if not corners:
        drawing.shapes.append(f'<circle cx="{x:.1f}" cy="{y:.1f}" r="4.2" {fill}/>')
        return
    first, count = (pi / 4 if corners == 4 else -pi / 2), abs(corners)
    turns = [first + 2 * pi * corner / count for corner in range(count)]
    points = " ".join(f"{x + 5.4 * cos(turn):.1f},{y + 5.4 * sin(turn):.1f}" for turn in turns)
    drawing.shapes.append(f'<polygon points="{points}" {fill}/>')


def height(top: float, share: float) -> float:
    return top + HIGH * (1 - share)


def alt_text(title: str, along: str, curves: list[Curve]) -> str:
    """Every share as a sentence."""
    told = (
        (f"{curve.name}: " if curve.name else "")
        + ", ".join(f"{rate.percent} with {along} {rate.group[along]}" for rate in curve.rates)
        for curve in curves
    )
    return f"{title}. {'; '.join(told)}."
