"""A cgroup's limit was hit: what fills it, by its own memory.stat, else by the table."""

from collections.abc import Iterator

from ...read.report import Report
from ..accounting import NO_COUNTER, limit_path
from ..totals import unlimited
from .kinds import MANY, Cause, Facts, percent, size, top

KERNEL = (
    *("slab", "page tables", "kernel stacks", "per-CPU", "vmalloc", "other kernel", "kernel"),
    "sockets",
)


def memcg(facts: Facts) -> Cause | None:
    report = facts.report
    if report.kind != "memcg":
        return None
    path = limit_path(report) or "A cgroup"
    evidence = list(_limits(report))
    hit = f"{path} hit its limit" + (f" of {_limit_of(report)}" if _limit_of(report) else "")
    account = facts.account
    if account is None or not account.total_kib:
        held = _held(facts, evidence)
        if held:
            return Cause("cgroup: anonymous", f"{hit}: {held}.", tuple(evidence))
        return Cause(
            "cgroup: limit",
            f"{hit}; what filled it is not in the text.",
            tuple(evidence),
            "memory.stat of the cgroup",
        )
    total = account.total_kib
    shares = {
        "cgroup: anonymous": (account.of("anonymous"), "memory of processes"),
        "cgroup: tmpfs": (account.of("shared memory and tmpfs"), "shared memory and tmpfs"),
        "cgroup: dirty file": (
            account.of("file cache, dirty or being written"),
            "file pages that are still to be written",
        ),
        "cgroup: kernel": (account.of(*KERNEL), "kernel memory charged to it"),
        "cgroup: limit": (account.of("file cache, clean"), "clean file pages"),
    }
    kind, (kib, what) = max(shares.items(), key=lambda item: item[1][0])
    if kib < max(MANY * total, account.of(NO_COUNTER)):
        why = f"{hit}; no single kind fills it, {size(account.of(NO_COUNTER))} are in no counter."
        return Cause("cgroup: limit", why, tuple(evidence), "memory.stat of the cgroup")
    evidence.append(f"{what}: {size(kib)} of {size(total)} ({percent(kib, total)})")
    who = f", most of it {top(facts)}" if kind == "cgroup: anonymous" and facts.programs else ""
    return Cause(kind, f"{hit}, {percent(kib, total)} of it {what}{who}.", tuple(evidence))


def _limits(report: Report) -> Iterator[str]:
    counters = report.memcg.counters if report.memcg else {}
    for name, counter in counters.items():
        if not unlimited(counter.limit_kb):
            fails = f", failed {counter.failcnt} times" if counter.failcnt else ""
            yield f"{name}: {size(counter.usage_kb)} of {size(counter.limit_kb)}{fails}"


def _limit_of(report: Report) -> str:
    """The counter that is full: memory, or another one where memory has no limit."""
    counters = report.memcg.counters if report.memcg else {}
    for name in ("memory", "memory+swap", "kmem"):
        counter = counters.get(name)
        if counter and not unlimited(counter.limit_kb):
            if counter.usage_kb >= 0.9 * counter.limit_kb or name == "memory":
                return size(counter.limit_kb) + (f" for {name}" if name != "memory" else "")
    return ""


def _held(facts: Facts, evidence: list[str]) -> str:
    """By the table, where the counters are not printed: half of the limit or more."""
    counters = facts.report.memcg.counters if facts.report.memcg else {}
    used = counters["memory"].usage_kb if "memory" in counters else 0
    rows = facts.report.tasks
    rss = sum((r.rss_anon if r.rss_anon is not None else r.rss) or 0 for r in rows)
    if not used or rss * facts.report.page_kb < used / 2:
        return ""
    evidence.append(f"resident in its processes: {size(rss * facts.report.page_kb)}")
    return f"its processes hold it, most of it {top(facts)}"
