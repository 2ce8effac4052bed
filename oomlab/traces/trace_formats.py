"""The lines of a trace that was recorded on a real machine, whichever tool printed them.

Read are `trace-cmd report`, ftrace's own `trace` and `trace_pipe` (with and without the latency
format), `perf script`, the `oomkill` tools of bpftrace and bcc, and the trace in a recording of
tests/recorder. What is no event is passed over: comments, headers, stacks. Events that were lost
are counted.
"""

import re
from collections.abc import Iterable, Iterator
from typing import NamedTuple


class TraceEvent(NamedTuple):
    """One tracepoint that was hit: when (seconds of the trace's clock), by whom, and what it says.

    `fields` are the words `key=value` of the line; `line` is its number, from 1.
    """

    seconds: float
    comm: str
    pid: int
    name: str
    fields: dict[str, str]
    line: int
    text: str  # what stands after the name of the event

    @property
    def target(self) -> int:
        """The pid that the event is about."""
        value = self.fields.get("pid", "")
        return int(value) if value.isdigit() else self.pid


WHO = r"^\s{0,32}(?P<comm>\S.{0,40}?)-(?P<pid>\d{1,10})\s{1,16}"
TGID = r"(?:\(\s{0,8}[-\d]{1,10}\)\s{1,8})?"
WHAT = r"(?:(?P<system>[a-z]\w{0,40}):)?(?P<event>[a-z]\w{0,60}):\s{0,32}(?P<text>.{0,2000})$"
FTRACE = re.compile(
    WHO + TGID + r"\[(?P<cpu>\d{1,5})\]\s{1,8}(?:[^\s:\d]\S{2,7}\s{1,8})?"
    r"(?P<time>\d{1,12}(?:\.\d{1,9})?):\s{1,8}" + WHAT
)
LATENCY = re.compile(
    WHO + r"(?P<cpu>\d{1,5})[^\s\d]\S{2,6}\s{1,8}(?P<us>\d{1,16})us[+!#*@$ ]{0,2}:\s{0,8}" + WHAT
)
PERF = re.compile(
    r"^\s{0,32}(?P<comm>\S.{0,40}?)\s{1,16}(?P<pid>-?\d{1,10})(?:/(?P<tid>-?\d{1,10}))?\s{1,8}"
    r"(?:\[(?P<cpu>\d{1,5})\]\s{1,8})?(?P<time>\d{1,12}\.\d{1,9}):\s{1,32}(?:\d{1,12}\s{1,8})?"
    r"(?P<system>[a-z]\w{0,40}):(?P<event>[a-z]\w{0,60}):\s{0,32}(?P<text>.{0,2000})$"
)
OOMKILL = re.compile(
    r"^\s{0,8}(?P<h>\d\d):(?P<m>\d\d):(?P<s>\d\d)(?P<part>\.\d{1,9})?\s{1,8}Triggered by PID "
    r'(?P<pid>\d{1,10}) \("?(?P<comm>[^"()]{0,64})"?(?:, "[^"]{0,200}")?\), '
    r"OOM kill of PID (?P<victim>\d{1,10}) "
    r'\("?(?P<name>[^"()]{0,64})"?(?:, "[^"]{0,200}")?\), (?P<pages>\d{1,16}) pages'
)
LOST = re.compile(r"\[LOST (\d{1,12}) EVENTS?\]|LOST (\d{1,12}) events|lost (\d{1,12}) event", re.I)
DROPPED = re.compile(r"\[EVENTS DROPPED\]")
QUOTED = re.compile(r"^(?:>[ \t]?){1,12}")
FIELD = re.compile(r"([A-Za-z_][\w-]{0,40})[=:]\s?(\S{1,200})")


class Lines:
    """The events of a text, in its order; after that, what was lost on the way."""

    def __init__(self, text: Iterable[str]):
        self.text = text
        self.lost = 0  # events that the tool says it lost
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
        if found := LOST.search(line):
            self.lost += int(next(filter(None, found.groups())))
            return None
        if DROPPED.search(line):
            self.dropped = True
            return None
        if line.lstrip()[:1] in "#":
            return None
        if found := OOMKILL.match(line):
            return killed(found, number)
        found = FTRACE.match(line) or LATENCY.match(line) or PERF.match(line)
        if found is None:
            return None
        parts = found.groupdict()
        if parts.get("us"):
            seconds = int(parts["us"]) / 1e6
        else:
            self.whole_numbers = self.whole_numbers or "." not in parts["time"]
            seconds = float(parts["time"])
        fields = dict(FIELD.findall(found["text"]))
        pid = int(parts.get("tid") or parts["pid"])
        return TraceEvent(
            seconds, found["comm"], pid, found["event"], fields, number, found["text"]
        )


def killed(found: re.Match, number: int) -> TraceEvent:
    """A line of `oomkill`: the kill, by the clock of the wall."""
    hours, minutes, part = int(found["h"]), int(found["m"]), float(found["part"] or 0)
    seconds = hours * 3600 + minutes * 60 + int(found["s"]) + part
    fields = {"pid": found["victim"], "comm": found["name"], "pages": found["pages"]}
    pid, text = int(found["pid"]), f"pid={found['victim']} comm={found['name']}"
    return TraceEvent(seconds, found["comm"], pid, "oom_kill_process", fields, number, text)


def recorded(rows: Iterable[Iterable]) -> Iterator[TraceEvent]:
    """The events of a recording: [microseconds, comm, pid, event, args] each."""
    for number, (when, comm, pid, name, args) in enumerate(rows, 1):
        yield TraceEvent(when / 1e6, comm, pid, name, dict(FIELD.findall(args)), number, args)
