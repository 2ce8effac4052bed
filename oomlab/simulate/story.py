"""A schedule as a person reads it: loops folded, a table for Markdown, a chart for a mail.

All three number the steps alike, from 1, and all say the effect of each step.
"""

import re
from collections.abc import Iterator, Sequence
from textwrap import wrap
from typing import NamedTuple, Protocol

WIDTH = 72  # columns of a mail
TEXT = 44  # columns that the last task's steps have
REFERENCE = re.compile(r"mm_(users|count) of .* -> [1-9]")
LONGEST_LOOP = 12  # steps of a round that are looked for


class Told(Protocol):
    """What a story needs of a step; `number` counts from 1."""

    @property
    def number(self) -> int: ...
    @property
    def task(self) -> str: ...
    @property
    def function(self) -> str: ...
    @property
    def verb(self) -> str: ...
    @property
    def what(self) -> str: ...
    @property
    def effect(self) -> str: ...


class Fold(NamedTuple):
    """Steps that follow each other, `times` times over; one round of them is kept."""

    round: Sequence[Told]
    times: int

    @property
    def numbers(self) -> str:
        """Its first and last step: "7", or "7-36"."""
        first = self.round[0].number
        last = first + len(self.round) * self.times - 1
        return str(first) if last == first else f"{first}-{last}"


def folded(steps: Sequence[Told]) -> Iterator[Fold]:
    """The steps with every loop told once. A step that is no loop is a round of one, once."""
    keys = [(step.task, step.function, step.verb, step.what, step.effect) for step in steps]
    at = 0
    while at < len(steps):
        length, times = best_loop(keys, at)
        yield Fold(steps[at : at + length], times)
        at += length * times


def best_loop(keys: Sequence[tuple], at: int) -> tuple[int, int]:
    """The loop from here that covers most steps, as (steps in a round, rounds); else (1, 1)."""
    best, covered = (1, 1), 1
    for length in range(1, LONGEST_LOOP + 1):
        one, times = keys[at : at + length], 1
        while keys[at + length * times : at + length * (times + 1)] == one:
            times += 1
        if times > 1 and length * times > covered:
            best, covered = (length, times), length * times
    return best


def does(step: Told) -> str:
    """What the step was to do: `cmpxchg mm_to_reap`."""
    return f"{step.verb} {step.what}"


def drawn(effect: str) -> str:
    """The effect as a table or a picture has it: with an arrow. A chart for a mail is in ASCII."""
    return effect.replace("->", "→")


def table(steps: Sequence[Told]) -> str:
    """A Markdown table: step, task, function, what it does, and its effect; loops folded."""
    lines = [
        "| step | task | function | does | effect |",
        "| ---: | --- | --- | --- | --- |",
    ]
    for fold in folded(steps):
        for position, step in enumerate(fold.round):
            number = fold.numbers if position == 0 else ""
            again = f" **x{fold.times}**" if fold.times > 1 and position == 0 else ""
            lines.append(
                f"| {number}{again} | {step.task} | `{step.function}` | {does(step)} "
                f"| {drawn(step.effect)} |"
            )
    return "\n".join(lines)


def chart(steps: Sequence[Told], width: int = WIDTH) -> str:
    """A sequence chart in plain text, `width` columns: a column for each task, time downwards.

    Only one task moves at a time, so a step may use all the room from its column to the right. Left
    out, so that the story fits: that a task which was woken goes on, and a count that does not fall
    to zero (the table has both).
    """
    names = list(dict.fromkeys(step.task for step in steps))
    margin = max((len(fold.numbers) for fold in folded(steps)), default=1) + 2
    longest = max(map(len, names), default=0)
    apart = min(longest + 2, max(3, (width - margin - TEXT) // max(1, len(names) - 1)))
    place = {name: margin + apart * n for n, name in enumerate(names)}
    lines = heads(names, place, width)
    for fold in folded(steps):
        for position, step in enumerate(fold.round):
            number = fold.numbers if position == 0 else ""
            again = f"  (x{fold.times})" if fold.times > 1 and position == 0 else ""
            effect = brief(step)
            if step.verb == "wait for" and not effect and (position or fold.times == 1):
                continue
            effect = f" -> {effect}" if effect else ""
            room = width - place[step.task]
            for text in wrap(does(step) + effect + again, room, subsequent_indent="    "):
                lines.append(with_lanes(number, text, place, step.task))
                number = ""
    return "\n".join(lines)


def brief(step: Told) -> str:
    """The effect without counts of references that neither the step is about nor fall to zero."""
    parts = step.effect.split("; ")
    if step.verb != "pin":
        parts = [part for part in parts if not REFERENCE.match(part)]
    return "; ".join(parts)


def heads(names: Sequence[str], place: dict[str, int], width: int) -> list[str]:
    """The names over their columns, one below the other where there is no room beside."""
    rows = [""]
    for name in names:
        start = place[name]
        free = next((n for n, row in enumerate(rows) if len(row) < start), len(rows))
        rows += [""] * (free == len(rows))
        rows[free] = f"{rows[free]:{start}}{name}"
    return [row[:width] for row in rows]


def with_lanes(number: str, text: str, place: dict[str, int], task: str) -> str:
    """One line: the step's number, a bar in each lane to the left, the text in the task's."""
    line = [" "] * place[task]
    line[: len(number)] = number
    for start in place.values():
        if start < place[task]:
            line[start] = "|"
    return "".join(line) + text
