"""A log exported newest first is turned round; every other one passes through line by line.

Which it is, is decided at the first line that only stands at one end of a report. A header or the
captions of a table say that the log goes forward. A kill line or a row of a table does not: then
lines are held until captions or a header come after them, as they do in no log that goes forward
unless another report begins; there the rows after the captions tell.
"""

import re
from collections.abc import Iterable, Iterator
from itertools import chain, groupby

from .blocks import Pause
from .text import Line

HELD = 20_000  # lines after which it is taken as it stands
ROW = re.compile(r"\s*\[\s*\d{1,10}\]\s+\d{1,10}\s+\d{1,10}\s+\d")
CAPTIONS = re.compile(r"\s*\[\s*pid\s*\]")
END = ("Killed process", "Kill process", "oom-kill:")


def oldest_first(given: Iterable[Line | Pause | None]) -> Iterator[Line | Pause | None]:
    """The same lines, the oldest first if they came newest first."""
    lines = iter(given)
    held: list[Line | Pause | None] = []
    ends = False  # a line of the end of a report was seen
    for line in lines:
        held.append(line)
        text = line.text if isinstance(line, Line) else ""
        captions = bool(CAPTIONS.match(text))
        header = "invoked oom-killer" in text
        if captions or header or "Mem-Info:" in text:
            if ends and _falls(held, captions):
                yield from _turned(held, lines)
                return
            break
        ends |= bool(ROW.match(text)) or any(word in text for word in END)
        if len(held) > HELD or (not ends and len(held) > 200):
            break
    yield from held
    yield from lines


def _falls(held: list[Line | Pause | None], captions: bool) -> bool:
    """Stamps that fall, or, without stamps, captions just after rows of a table."""
    told = [line for line in held if isinstance(line, Line)]
    stamps = [line.stamp for line in told if line.stamp is not None]
    if len(stamps) > 2 and stamps[0] != stamps[-1]:
        falling = sum(later < before for before, later in zip(stamps, stamps[1:], strict=False))
        return falling > len(stamps) // 2
    rows = [line for line in told[-4:-1] if ROW.match(line.text)]
    return captions and len(rows) > 1 and any(word in told[0].text for word in END)


def _turned(
    held: list[Line | Pause | None], lines: Iterator[Line | Pause | None]
) -> Iterator[Line | Pause | None]:
    """A report at a time, each from its header, which comes last, to its kill line."""
    for line in lines:
        held.append(line)
        if (isinstance(line, Line) and "invoked oom-killer" in line.text) or len(held) > 10 * HELD:
            yield from _reversed(held)
            yield None
            held = []
    yield from _reversed(held)


def _reversed(held: list[Line | Pause | None]) -> Iterator[Line | Pause | None]:
    """Physical lines from the last to the first; the pieces of one stay as they are."""
    physical = [
        list(pieces)
        for _, pieces in groupby(held, lambda line: isinstance(line, Line) and line.number)
    ]
    return chain.from_iterable(reversed(physical))
