"""Many reports in one page: how often, when, which hosts, cgroups, victims and causes."""

from collections import Counter
from dataclasses import dataclass
from datetime import datetime

from ...plural import plural
from ..judge.accounting import limit_path
from ..judge.causes.kinds import size
from ..judge.explanation import Explanation
from ..judge.owners import cgroup
from ..read.when import instant
from .selection import now

SHOWN = 10
TIMELINE = 40  # reports of a host that get a line


@dataclass(frozen=True)
class Brief:
    """What the summary needs of one report."""

    file: str
    line: int
    host: str | None
    time: str | None
    uptime_s: float | None
    kind: str
    cause: str
    victim: str | None
    pid: int | None
    held_kib: int  # what the victim had
    cgroup: str | None
    panic: bool
    agrees: bool | None
    no_killable: bool  # no task could be killed

    @property
    def order(self) -> tuple[datetime, int]:
        return instant(self.time, now()) or datetime.min, self.line


def brief_of(explanation: Explanation, file: str) -> Brief:
    report = explanation.report
    victim = report.victim
    sizes = victim.sizes_kb if victim else {}
    held = sum(sizes.get(kind, 0) for kind in ("anon-rss", "file-rss", "shmem-rss"))
    path = limit_path(report) if report.kind == "memcg" else None
    return Brief(
        file,
        report.lines[0],
        report.host,
        report.time,
        report.uptime_s,
        report.kind,
        explanation.cause.kind,
        victim.name if victim else None,
        victim.pid if victim else None,
        held,
        path and cgroup(path, "limit").title,
        bool(report.panic),
        explanation.verdict.agrees,
        report.no_killable,
    )


def summary(briefs: list[Brief]) -> dict:
    """Counts, the first and last time, and the worst, for programs."""
    worst = worst_of(briefs)
    first, last = ends(briefs) or (None, None)
    return {
        "schema": "oomlab-explain-summary/1",
        "reports": len(briefs),
        "first": first and first.time,
        "last": last and last.time,
        "hosts": counted(each.host for each in briefs),
        "kinds": counted(each.kind for each in briefs),
        "causes": counted(each.cause for each in briefs),
        "victims": counted(each.victim for each in briefs),
        "cgroups": counted(each.cgroup for each in briefs),
        "panics": sum(each.panic for each in briefs),
        "worst": worst and {"file": worst.file, "line": worst.line, "victim": worst.victim},
    }


def counted(names) -> dict[str, int]:
    return dict(Counter(filter(None, names)).most_common())


def worst_of(briefs: list[Brief]) -> Brief | None:
    """A panic if there was one, else the largest victim."""
    return max(briefs, key=lambda each: (each.panic, each.held_kib), default=None)


def summary_text(briefs: list[Brief]) -> str:
    """The same in words, host by host."""
    lines = [f"{plural(len(briefs), 'OOM report')}{span(briefs)}."]
    hosts = list(dict.fromkeys(each.host for each in briefs))
    for title, names in (
        ("Causes", [each.cause for each in briefs]),
        ("Victims", [each.victim for each in briefs]),
        ("Cgroups", [each.cgroup for each in briefs]),
        ("Hosts", [each.host for each in briefs] if len(hosts) > 1 else []),
    ):
        counts = list(counted(names).items())
        if counts:
            told = ", ".join(f"{name} {n}" for name, n in counts[:SHOWN])
            more = f", and {len(counts) - SHOWN} more" if len(counts) > SHOWN else ""
            lines.append(f"  {title}: {told}{more}.")
    unlike = sum(each.agrees is False for each in briefs)
    if unlike:
        lines.append(f"  In {unlike} of them the kernel chose another one than the model.")
    worst = worst_of(briefs)
    if worst and (worst.panic or worst.held_kib):
        what = "a kernel panic" if worst.panic else f"{worst.victim} with {size(worst.held_kib)}"
        lines.append(f"  The worst: {what}, {place(worst)}.")
    for host in hosts:
        mine = sorted((b for b in briefs if b.host == host), key=lambda b: b.order)
        if len(hosts) > 1:
            lines.append(f"{host or 'no host is named'}: {plural(len(mine), 'report')}")
        if len(mine) > TIMELINE:
            lines.append(f"  ... {len(mine) - TIMELINE} earlier ones; --jsonl has them all")
        lines += [f"  {row(each)}" for each in mine[-TIMELINE:]]
    return "\n".join(lines)


def ends(briefs: list[Brief]) -> tuple[Brief, Brief] | None:
    """The first and the last report that have a time."""
    timed = [each for each in briefs if each.order[0] > datetime.min]
    return (min(timed, key=order), max(timed, key=order)) if timed else None


def order(brief: Brief) -> tuple[datetime, int]:
    return brief.order


def span(briefs: list[Brief]) -> str:
    """Between when and when, as the log has it, and how often that is."""
    found = ends(briefs)
    if found is None or found[0] is found[1]:
        return ""
    first, last = found
    days = (last.order[0] - first.order[0]).total_seconds() / 86400
    often = f", {len(briefs) / days:.1f} a day" if 1 <= days <= 10 * len(briefs) else ""
    named = [str(each.time)[:4].isdecimal() for each in found]  # does the log name the year?
    unsaid = (
        "" if all(named) or not any(named) else " (a year that the log does not say is guessed)"
    )
    return f" from {first.time} to {last.time}{unsaid}{often}"


def row(each: Brief) -> str:
    time = each.time or (f"up {each.uptime_s:.0f} s" if each.uptime_s is not None else "?")
    who = f"{each.victim} ({each.pid})" if each.victim else "panic" if each.panic else "no task"
    held = f" {size(each.held_kib)}" if each.held_kib else ""
    where = f" in {each.cgroup}" if each.cgroup else ""
    return f"{time:20} {who}{held}{where}: {each.cause}; {place(each)}"


def place(each: Brief) -> str:
    return f"{each.file} line {each.line}" if each.file else f"line {each.line}"
