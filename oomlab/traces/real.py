"""The OOM of a real machine, from its tracepoints: who was killed, and what the reaper did when.

    trace = oomlab.read_trace("trace.txt", kernel="6.1")
    print(trace.markdown())
    trace.save("trace.html")

The tracepoints are those of include/trace/events/oom.h and sched_process_exit. A failed attempt of
the reaper is skip_task_reaping (mm/oom_kill.c, oom_reap_task_mm(), v4.14 on): it did not get the
lock, or there was nothing left to do. Times are seconds of the trace's own clock.
"""

import json
import re
from codecs import BOM_UTF16_BE, BOM_UTF16_LE
from dataclasses import dataclass, field
from pathlib import Path

from ..arguments import checked
from ..lab.figures import reaper_timelines
from ..model.reaper import MAX_OOM_REAP_RETRIES
from ..paper import Drawing
from ..plural import plural
from ..policies.policy import Policy
from ..recordings.kernel_release import hides_reap_delay, preset_of, version, with_backports
from ..recordings.recorded import policy_of, read_record
from ..reports import Explanation, explain
from ..reports.read.logs import DAMAGED, open_log
from ..textfile import named, reason, write_text
from .beside import NAP, differences, unseen_reaper
from .trace_formats import Lines, TraceEvent, recorded
from .traced_victims import Victim, victims
from .tracepage import page_of

MOST_BYTES = 1 << 30
RELEASE = re.compile(  # and what else its line says: a distribution names its stable release there
    r"(?:os release\s{0,4}[:=]\s{0,4}|Linux version )"
    r"((\d{1,2}\.\d{1,3}(?:\.\d{1,3})?(?![\w.])[^\s]{0,60}).{0,400})"
)
BINARY = {
    "\x17\x08Dtracing": "trace-cmd report -i FILE",
    "PERFILE2": "perf script --header -i FILE",
}
HEAD = "victim|marked at|to wake|to start|tries in vain|reaping|left|to exit|end"


@dataclass
class Trace:
    """What was read: the events, and what the kernel's log says beside them."""

    events: list[TraceEvent]
    log: str = ""
    kernel: str | None = None  # its release, if the text or the caller says it
    policy: Policy | None = None  # the preset of that kernel
    lost: int = 0  # events
    dropped: bool = False
    unread: int = 0  # lines that do not say which task they are about
    victims: list[Victim] = field(init=False)
    reports: list[Explanation] = field(init=False)

    def __post_init__(self) -> None:
        self.events.sort(key=lambda event: event.seconds)  # pieces of several processors, maybe
        self.reports = explain(self.log) if self.log else []
        self.victims = victims(self.events, self.log, self.reports)

    def steps(self) -> list[tuple[int, str, str]]:
        """(ms, step, victim), as figures.reaper_timelines draws them beside a run of the model."""
        steps = []
        for victim in self.victims:
            who = f"{'pid' if victim.comm is None else victim.comm} {victim.pid}"
            times = [("mark", victim.marked), ("wake", victim.woken)]
            times += [("skip", when) for when in victim.tries]
            times += [("start", victim.started), ("finish", victim.finished)]
            times += [("exit", victim.exited)]
            if victim.end == "given up":
                times.append(("give up", victim.tries[MAX_OOM_REAP_RETRIES - 1] + NAP))
            steps += [(round(when * 1000), what, who) for what, when in times if when is not None]
        return sorted(steps)

    def rows(self) -> list[dict]:
        """A row for each victim: its delays in seconds, as the kernel stamped them.

        `victim` is its name, None where nothing says it.
        """
        return [
            {
                "pid": v.pid,
                "victim": v.comm,
                "marked_s": v.marked,
                "mark_to_wake_s": delay(v.marked, v.woken),
                "wake_to_start_s": delay(v.woken, v.started),
                "tries_in_vain": len(v.tries),
                "start_to_finish_s": delay(v.started, v.finished),
                "mark_to_exit_s": delay(v.marked, v.exited),
                "left_kb": v.left_kb,
                "end": v.end,
            }
            for v in self.victims
        ]

    def to_dict(self) -> dict:
        """For JSON: the rows, what differs from the model, and what is missing."""
        return {
            "schema": "oomlab-real-trace/1",
            "kernel": self.kernel,
            "policy": self.policy.name if self.policy else None,
            "events": len(self.events),
            "lost": self.lost,
            "victims": self.rows(),
            "beside_the_model": self.beside_the_model(),
            "missing": self.missing(),
        }

    def missing(self) -> list[str]:
        """What this trace cannot say, in sentences."""
        said = []
        if self.lost or self.dropped:
            many = f"{self.lost} events" if self.lost else "Some events"
            said.append(
                f"{many} were lost while it was recorded: what is missing here may have happened."
            )
        if self.unread:
            lines = "1 line does" if self.unread == 1 else f"{self.unread} lines do"
            said.append(f"{lines} not say which task the killer or the reaper was at: left out.")
        if nameless := [victim.who for victim in self.victims if victim.comm is None]:
            names = ", ".join(nameless[:3]) + (" and others" if len(nameless) > 3 else "")
            said.append(
                f"It does not name {names}: kernels before 6.9 mark a pid without its name."
                " The kernel's log of the same time has it."
            )
        said += unseen_reaper(self.victims, self.policy)
        if not self.victims:
            said.append("No victim is marked in it.")
        if self.kernel and self.policy and hides_reap_delay(self.kernel):
            if not self.policy.reap_delay:
                said.append(
                    f"{self.kernel} is a distribution's number. Its stable release may have taken"
                    " the two seconds before the reaper back: give that, as 5.10.226."
                )
        if self.policy is None:
            said.append(
                "It does not say of which kernel it is, so it is not held against the model:"
                " give the release."
            )
        return said

    def beside_the_model(self) -> list[str]:
        """What the kernel's preset says of each delay, and where the trace is otherwise."""
        return [] if self.policy is None else list(differences(self.victims, self.policy))

    def title(self) -> str:
        """How many victims, of which kernel."""
        name = f"Linux {self.kernel}" if self.kernel else "a kernel that is not named"
        return f"{plural(len(self.victims), 'victim')} of {name}"

    def table(self) -> list[list[str]]:
        """The victims in words, under the names of the columns."""
        lines = [HEAD.split("|")]
        for row, victim in zip(self.rows(), self.victims, strict=True):
            cells = [victim.who, f"{row['marked_s']:.6f} s"]
            cells += [told(row["mark_to_wake_s"]), told(row["wake_to_start_s"])]
            cells += [str(row["tries_in_vain"]), told(row["start_to_finish_s"])]
            left = row["left_kb"]
            cells += ["not shown" if left is None else f"{left} kB", told(row["mark_to_exit_s"])]
            cells += [row["end"] or "not shown"]
            lines.append(cells)
        return lines

    def markdown(self) -> str:
        """Victims as a table, then what is beside the model, then what cannot be said."""
        head, *rows = self.table()
        lines = ["| " + " | ".join(cells) + " |" for cells in (head, ["---"] * len(head), *rows)]
        parts = [f"**{self.title()}**, from {plural(len(self.events), 'event')}"]
        if rows:
            parts.append("\n".join(lines))
        for sentences in (self.beside_the_model(), self.missing()):
            if sentences:
                parts.append("\n".join(f"- {sentence}" for sentence in sentences))
        return "\n\n".join(parts)

    def figure(self, *, dark: bool | None = None) -> Drawing:
        """Every victim on a line: mark, hand-over, attempts, reaping, exit, by milliseconds.

        `dark`: in the dark theme; None follows the page.
        """
        name = f"Linux {self.kernel}" if self.kernel else "recorded"
        return reaper_timelines.figure({name: self.steps()}, dark=dark)

    @checked
    def save(self, path: str | Path) -> Path:
        """Write it as .html (picture, table, the report beside it), .svg, .json or .md.

        `path`: its name says the kind. What comes back is the path. ValueError for another kind, or
        where nothing can be written.
        """
        path = Path(path)
        write = {
            ".html": lambda: page_of(
                self.title(),
                self.table(),
                [*self.beside_the_model(), *self.missing()],
                self.figure().svg,
                self.reports,
            ),
            ".svg": lambda: self.figure().svg,
            ".json": lambda: json.dumps(self.to_dict(), indent=2) + "\n",
            ".md": lambda: self.markdown() + "\n",
        }
        if path.suffix not in write:
            raise ValueError(f"a trace is saved as {', '.join(write)}, not as {named(path.name)}")
        return write_text(path, write[path.suffix]())

    def _repr_markdown_(self) -> str:
        return self.markdown()

    def __repr__(self) -> str:
        shown = self.victims[:3]
        ends = ", ".join(f"{v.who} {v.end or 'not shown'}" for v in shown)
        if len(self.victims) > len(shown):
            ends += f" and {len(self.victims) - len(shown)} more"
        return f"<Trace of Linux {self.kernel or '?'}: {ends or 'no victim'}>"


@checked
def read_trace(
    source: str | Path, *, kernel: str | None = None, report: str | None = None
) -> Trace:
    """The OOM in a trace of a real machine.

    `source` is a file, or its text if it has more than one line: what `trace-cmd report`, ftrace's
    `trace`, `perf script` or an `oomkill` tool printed, also compressed; or a recording
    (oomlab-kernel-run/1). `kernel` is the release, as "6.1", where the text does not say it.
    `report` is the kernel's log of the same time: each victim gets what was left in it, and the
    reports are explained. Times in the answer are seconds of the trace's clock. ValueError, in one
    sentence, if there is no event in it, its clock does not count seconds, or it says itself that
    it is of another release.
    """
    path = None if isinstance(source, str) and "\n" in source else Path(source)
    if path is not None and path.name.endswith(".json.gz"):
        return of_recording(read_record(path), kernel, report)
    text = str(source) if path is None else text_of(path)
    lines = Lines(text.splitlines())
    events = list(lines)
    name = "this text" if path is None else str(path)
    for begins, program in BINARY.items():
        if text.startswith(begins):
            raise ValueError(f"{name} is a binary file: give what `{program}` prints of it")
    if not events:
        raise ValueError(
            f"{name} has no line of trace-cmd report, ftrace, perf script or oomkill in it"
        )
    if lines.whole_numbers:
        raise ValueError(f"the clock of {name} does not count seconds: record with the local clock")
    log = report or "\n".join(e.text for e in events if e.name == "console")
    line, says = next(iter(RELEASE.findall(text) + RELEASE.findall(log)), ("", None))
    release = agreed(kernel, says)
    policy = None
    if release:
        policy = with_backports({"tag": release, "version": f"{release} {line}"})
    return Trace(events, log, release, policy, lines.lost, lines.dropped, lines.unread)


def of_recording(record: dict, kernel: str | None, report: str | None) -> Trace:
    """The trace of a recording of tests/recorder, with its report if no other is given."""
    events = recorded((record.get("trace") or {}).get("events") or [])
    if not events:
        raise ValueError("this recording has no trace: its kernel had none, or it panicked")
    agreed(kernel, record["kernel"]["tag"])
    policy = preset_of(kernel) if kernel else policy_of(record)
    log = report or record.get("report") or ""
    return Trace(events, log, kernel or record["kernel"]["tag"], policy)


def agreed(given: str | None, says: str | None) -> str | None:
    """The release, from the caller or from the text. ValueError if they say two."""
    if given and says and any(a != b for a, b in zip(version(given), version(says), strict=False)):
        raise ValueError(f"it says itself that it is of Linux {says}, not {given}")
    return given or says


def text_of(path: Path) -> str:
    """The text of a file, decompressed if need be; also in UTF-16, as a Windows shell writes it."""
    try:
        data = open_log(str(path)).read(MOST_BYTES)
    except (OSError, ValueError, *DAMAGED) as wrong:
        raise ValueError(f"{named(path)} cannot be read: {reason(wrong)}") from None
    wide = data.startswith((BOM_UTF16_LE, BOM_UTF16_BE))
    return data.decode("utf-16" if wide else "utf-8-sig", "replace")


def delay(begin: float | None, end: float | None) -> float | None:
    return None if begin is None or end is None else round(end - begin, 6)


def told(seconds: float | None) -> str:
    return "not shown" if seconds is None else f"{seconds:.6f} s"
