"""The lines of a trace that was recorded on a real machine, whichever tool printed them.

Read are `trace-cmd report`, ftrace's own `trace` and `trace_pipe` (with and without the latency
format), `perf script`, the `oomkill` tools of bpftrace and bcc, and the trace in a recording of
tests/recorder. What is no event is passed over: comments, headers, stacks. Events that were lost
are counted, and lines that name an event of the killer or the reaper and cannot be read. A process
may have any name, also an empty one, or one that looks like a word of the line.
"""

import re
from collections.abc import Iterable, Iterator
from typing import NamedTuple


class TraceEvent(NamedTuple):
    """One tracepoint that was hit: when (seconds of the trace's clock), by whom, and what it says.

    `fields` are the words `key=value` of the line; `line` is its number, from 1. `target` is the
    pid that it is about: its own `pid=`, or who hit it where it has none.
    """

    seconds: float
    comm: str
    pid: int
    name: str
    fields: dict[str, str]
    line: int
    text: str  # what stands after the name of the event
    target: int


WHO = r"^(?P<comm>.{0,72}?)-(?P<pid>\d{1,10})\s{1,16}"
TGID = r"(?:\(\s{0,8}[-\d]{1,10}\)\s{1,8})?"
WHAT = r"(?:(?P<system>[a-z]\w{0,40}):)?(?P<event>[a-z]\w{0,60}):\s{0,32}(?P<text>.{0,2000})$"
FTRACE = re.compile(
    WHO
    + TGID
    + r"(?:\[(?P<cpu>\d{1,5})\]\s{1,8}(?:[^\s:\d]\S{2,7}\s{1,8})?|\d{1,5}[^\s\d]\S{2,6}\s{1,8})"
    r"\s{0,16}(?P<time>\d{1,16}(?:\.\d{1,9})?):\s{1,8}(?:\(\+\d{1,16}\)\s{1,8})?" + WHAT
)
LATENCY = re.compile(
    WHO + r"(?P<cpu>\d{1,5})[^\s\d]\S{2,6}\s{1,8}(?P<us>\d{1,16})us[+!#*@$ ]{0,2}:\s{0,8}" + WHAT
)
PERF = re.compile(
    r"^(?P<comm>(?:.{0,72}?\s)?)(?P<pid>-?\d{1,10})(?:/(?P<tid>-?\d{1,10}))?\s{1,8}"
    r"(?:\[(?P<cpu>\d{1,5})\]\s{1,8})?(?:[^\s:\d]\S{2,7}\s{1,8})?"
    r"(?P<time>\d{1,12}\.\d{1,9}):\s{1,32}(?:\d{1,12}\s{1,8})?"
    r"(?P<system>[a-z]\w{0,40}):(?P<event>[a-z]\w{0,60}):\s{0,32}(?P<text>.{0,2000})$"
)
OOMKILL = re.compile(
    r"^\s{0,8}(?P<h>\d\d):(?P<m>\d\d):(?P<s>\d\d)(?P<part>\.\d{1,9})?\s{1,8}Triggered by PID "
    r'(?P<pid>\d{1,10}) \((?P<quote>"?)(?P<comm>.{0,64}?)(?P=quote)(?:, "[^"]{0,200}")?\), '
    r"OOM kill of PID (?P<victim>\d{1,10}) "
    r'\((?P=quote)(?P<name>.{0,64}?)(?P=quote)(?:, "[^"]{0,200}")?\), (?P<pages>\d{1,16}) pages'
)
# Where a name stands in what an event says (include/trace/events/oom.h, sched.h).
AFTER_PID = re.compile(
    r"^(?P<before>pid=\S{1,16}(?: \(\d{1,10}\))?\s{1,8})comm=(?P<name>.{0,64}?)"
    r"(?P<after>\s{1,8}(?:total-vm|anon-rss)=.{0,2000}|\s{0,8})$"
)
BEFORE_PID = re.compile(
    r"^(?P<before>.{0,200}?\b)comm=(?P<name>.{0,64})(?P<after>\s{1,8}pid=.{0,2000})$"
)
PID = re.compile(r"\d{1,10}|0x[0-9a-fA-F]{1,8}")
# Each says pid= of a victim (include/trace/events/oom.h).
REAPER = ("wake_reaper", "start_task_reaping", "finish_task_reaping", "skip_task_reaping")
OF_A_VICTIM = ("mark_victim", *REAPER)
NAMES_A_VICTIM = re.compile(rf"\b(?:{'|'.join(OF_A_VICTIM)}): |\bOOM kill of PID\b")
LOST = re.compile(
    r"\[LOST (\d{1,12}) EVENTS?\]|LOST (\d{1,12}) events|lost (\d{1,12}) event"
    r"|\[(\d{1,12}) EVENTS DROPPED\]|PERF_RECORD_LOST(?:_SAMPLES)? lost (\d{1,12})",
    re.I,
)
DROPPED = re.compile(r"\[EVENTS DROPPED\]")
QUOTED = re.compile(r"^(?:>[ \t]?){1,12}")
FIELD = re.compile(r"([A-Za-z_][\w-]{0,40})[=:]\s?(\S{1,200})")


class Lines:
    """The events of a text, in its order; after that, what was lost on the way."""

    def __init__(self, text: Iterable[str]):
        self.text = text
        self.lost = 0  # events that the tool says it lost
        self.unread = 0  # lines with an event of the killer or the reaper that do not say whose
        self.dropped = False  # it says that some were, and not how many
        self.whole_numbers = False  # a clock that does not count seconds

    def __iter__(self) -> Iterator[TraceEvent]:
        for number, line in enumerate(self.text, 1):
            event = self.event(line.rstrip("\r\n"), number)
            if event is not None:
                yield event

    def event(self, line: str, number: int) -> TraceEvent | None:
        """The event of one line, if it is one; also if a mail quotes it."""
        line = QUOTED.sub("", line)
        if found := OOMKILL.match(line):
            return killed(found, number)
        found = FTRACE.match(line) or LATENCY.match(line) or PERF.match(line)
        if found is None:
            self.none(line)
            return None
        parts = found.groupdict()
        if parts.get("us"):
            seconds = int(parts["us"]) / 1e6
        else:
            self.whole_numbers = self.whole_numbers or "." not in parts["time"]
            seconds = float(parts["time"])
        fields = fields_of(found["text"])
        pid, name = int(parts.get("tid") or parts["pid"]), found["event"]
        target = number_of(fields.get("pid"))
        if target is None and name in OF_A_VICTIM:  # a line that was cut: not about who hit it
            self.unread += 1
            return None
        target, comm = pid if target is None else target, found["comm"].strip()
        return TraceEvent(seconds, comm, pid, name, fields, number, found["text"], target)

    def none(self, line: str) -> None:
        """What a line that is no event says of events."""
        if found := LOST.search(line):
            self.lost += int(next(filter(None, found.groups())))
        elif DROPPED.search(line):
            self.dropped = True
        elif NAMES_A_VICTIM.search(line):
            self.unread += 1


def fields_of(text: str) -> dict[str, str]:
    """The words `key=value` of a text, and the name in it, which may look like such words."""
    found = AFTER_PID.match(text) or BEFORE_PID.match(text)
    if found is None:
        return dict(FIELD.findall(text))
    return dict(FIELD.findall(found["before"] + found["after"])) | {"comm": found["name"]}


def number_of(word: str | None) -> int | None:
    """A pid as it is printed, also in hexadecimal (trace option `fields`)."""
    found = PID.fullmatch(word or "")
    return int(found[0], 0) if found else None


def killed(found: re.Match, number: int) -> TraceEvent:
    """A line of `oomkill`: the kill, by the clock of the wall."""
    hours, minutes, part = int(found["h"]), int(found["m"]), float(found["part"] or 0)
    seconds = hours * 3600 + minutes * 60 + int(found["s"]) + part
    fields = {"pid": found["victim"], "comm": found["name"], "pages": found["pages"]}
    pid, text = int(found["pid"]), f"pid={found['victim']} comm={found['name']}"
    target = int(found["victim"])
    return TraceEvent(seconds, found["comm"], pid, "oom_kill_process", fields, number, text, target)


def recorded(rows: Iterable[Iterable]) -> list[TraceEvent]:
    """The events of a recording, [microseconds, comm, pid, event, args] each. ValueError if not."""
    events = []
    for number, row in enumerate(rows, 1):
        if not isinstance(row, list | tuple) or [*map(type, row)] != [int, str, int, str, str]:
            raise ValueError("the trace of this recording is damaged")
        when, comm, pid, name, args = row
        fields = fields_of(args)
        target = number_of(fields.get("pid"))
        target = pid if target is None else target
        events.append(TraceEvent(when / 1e6, comm, pid, name, fields, number, args, target))
    return events
