"""Messages that a mailer or a terminal broke over several lines are made whole again.

A kernel message that was cut at a blank goes on in the next line that has no prefix of its own
(`bare`), unless that line looks like the start of a message. Records of several lines (Mem-Info,
the stats of a memcg) become one line in the same way, which is what rsyslog makes of them too.
"""

import re
from collections.abc import Iterable, Iterator

from .blocks import Pause
from .messages import COMM, leading_numbers
from .report import TaskRow
from .text import Line

LONGEST = 16384  # characters of one message; what comes after is another one
LONGEST_ROW = 512  # characters of a row of the task table, or of its captions

# How kernel messages near an OOM report begin, where nothing stands before them.
START = re.compile(
    r"\s*(?:.{1,40} invoked oom-killer|.{1,40} cpuset=|CPU: |CPU +\d+: hi|Pid: |PID: |Hardware name"
    r"|Call Trace|Workqueue|Mem-[Ii]nfo|Node \d|DMA|Normal|HighMem|Movable|Device|lowmem_reserve|\["
    r"|\d+ (?:total|pages|reserved|free pages|slab pages)|Free swap|Total swap|Swap cache|Task"
    r"|oom-kill:|oom_reaper|oom_kill|OOM |out_of_|Out of |Memory |memory(?:\+swap)?: |swap: "
    r"|kmem: |Kill|Unreclaimable"
    r"|RIP|EIP|[RE][A-Z0-9]{2}: |Code: |Kernel panic|active_anon:\d+ inactive_anon:\d+ iso"
    r"|-{3}(?!-* (?:[A-Z] )?\d+\.\d)"
    r"|Active:|Active_anon:|Free pages:|cpu \d|oom-killer: "
    r"|</?TASK>|[A-Z_]{3,40}=|sysrq|SysRq|Linux version|\? |[\w.]+\+0x)"
)
ROW = re.compile(r"\s*\[\s*\d{1,10}\]\s+-?\d{1,10}\s+\d{1,10}(?:\s|$)")  # pid, uid, tgid
CAPTIONS = re.compile(r"\s*\[\s*pid\s*\]")
HEADER_END = re.compile(r"(?:oom_score_adj|oomkilladj|oom_adj)=-?\d+$")
NUMBERS = re.compile(r"[-\d\s]+(?:\S.*)?$")
GLUED = re.compile(r"(?:anon|file|shmem)-rss$|total-vm$|pgtables$")
KILOBYTES = re.compile(r"\d*kB")
NAMES = set(TaskRow._fields)


def whole_messages(lines: Iterable[Line | Pause | None]) -> Iterator[Line | Pause | None]:
    """Joined messages, in the order of their last lines; None where lines were left out."""
    held: dict[int, Line] = {}  # by depth of quoting: a reply may stand between two pieces
    widths: dict[int, int] = {}  # depth: numbers in a row of the task table, pid not counted
    longest = full = 0  # of the physical lines, and how many were that long
    for line in lines:
        if not isinstance(line, Line):
            yield from held.values()
            held.clear()
            yield line
            continue
        depth = line.depth
        before = held.get(depth)
        if line.bare:
            if before is None and held:
                before = _row_at_other_depth(line, held)
            if not line.text.strip():
                if before is not None:
                    yield held.pop(before.depth)
                continue
            if before is not None:
                # a terminal breaks every longer line at its width, a mailer at blanks before it
                broken = before.length == longest >= 79 and (full > 1 or longest == 80)
                if not START.match(line.text):
                    joined = _joined(before, line, widths.get(before.depth, 0), broken)
                    if joined is not None:
                        if line.length >= longest:
                            longest, full = line.length, full + 1
                        held[before.depth] = joined
                        continue
            before = held.get(depth)
        held[depth] = line
        if line.length >= longest:
            longest, full = line.length, full + 1 if line.length == longest else 1
        if before is not None:
            if "pid" in before.text[:9] and CAPTIONS.match(before.text):
                widths[depth] = len(before.text.partition("]")[2].split()) - 1
            yield before
        elif len(held) > 32:
            yield held.pop(next(iter(held)))
    yield from held.values()


def _row_at_other_depth(line: Line, held: dict[int, Line]) -> Line | None:
    """The cut row that this line completes though the mailer forgot its quote marks."""
    last = max(held.values(), key=lambda other: other.number)
    near = line.number - last.number == 1 and NUMBERS.match(line.text)
    return last if near and ROW.match(last.text) else None


def _joined(before: Line, line: Line, width: int, broken: bool) -> Line | None:
    """Both as one message, or None if the first was complete.

    `width`: numbers in a table row. `broken`: cut by a terminal, in the middle of a word.
    """
    first, more = before.text, line.text
    if len(first) + len(more) > LONGEST:
        return None
    if HEADER_END.search(first, max(0, len(first) - 40)) and not broken:
        return None
    if not broken:
        more = more.strip()
    glue: str | None = " " if before.gap or not broken else ""
    if ROW.match(first):
        glue = _in_a_row(before, more, width, broken)
    elif CAPTIONS.match(first):
        if first.endswith("name") or len(first) > LONGEST_ROW:
            return None
        if first.split()[-1] + more.split()[0] in NAMES - {first.split()[-1]}:
            glue = ""
    elif "oom-kill:constraint" in first or GLUED.search(first, max(0, len(first) - 40), len(first)):
        glue = "" if more[:1] in ":," or "oom-kill:" in first else glue
    elif first.endswith("/") or (first[-1:].isdecimal() and KILOBYTES.match(more)):
        glue = ""
    if glue is None:
        return None
    return before._replace(text=first + glue + more, length=line.length, gap=line.gap)


def _in_a_row(before: Line, more: str, width: int, broken: bool) -> str | None:
    """What stands between the two pieces of a table row: a blank, nothing; None: no such pieces."""
    first = before.text
    if len(first) > LONGEST_ROW:
        return None
    numbers, name = leading_numbers(first.partition("]")[2])
    if name == ["-"]:  # in front of a negative number
        return ""
    tail = before.length < len(first) and re.fullmatch(r"[\w:./@-]{1,14}", more)
    if name and (not (broken or tail) or len(" ".join(name)) + len(more) > COMM):
        return None
    if not name and numbers < 6 and not NUMBERS.match(more):
        return None
    others, rest = leading_numbers(more)
    if not rest:
        others -= 1  # its last number is a name
    if width and numbers + others == width + 1:
        return ""  # in the middle of a number
    if name and not broken:
        return ""  # a mailer broke the row before, and a terminal its name
    return " " if before.gap or not broken else ""
