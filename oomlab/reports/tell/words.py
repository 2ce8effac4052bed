"""An explanation as a person reads it: who asked, what was short, who was chosen, what came."""

from ..judge.explanation import Explanation, Ranked
from ..judge.kernels import generation, version
from ..judge.request import decode, in_words
from ..judge.totals import BY_SCORE
from ..read.report import Report, Zone

ROWS = 10  # tasks, zones, reaper lines that are shown


def text_of(explanation: Explanation) -> str:
    """The whole explanation of one report."""
    report = explanation.report
    parts = [
        headline(report),
        *request(report),
        *memory(report),
        *table(explanation),
        *choice(explanation),
        *afterwards(report),
        *absent(report),
    ]
    return "\n".join(printable(part) for part in parts)


def printable(text: str) -> str:
    """Names come from the log: nothing in them may steer a terminal."""
    return "".join(c if c.isprintable() or c == "\n" else "?" for c in text)


def headline(report: Report) -> str:
    first, last = report.lines
    kernel = report.kernel or f"a kernel of the family {generation(report)}"
    host = f", host {report.host}" if report.host else ""
    return f"OOM report ({report.kind}), lines {first}-{last}{host}: {kernel}"


def request(report: Report) -> list[str]:
    """What the invoker asked for, flags in words."""
    invoker = report.invoker
    if invoker is None:
        return []
    who = invoker.comm + (f" ({invoker.pid})" if invoker.pid is not None else "")
    if invoker.order == -1:
        return [f"  Asked for by SysRq-f; {who} carried it out."]
    if invoker.gfp_mask is None:
        return [f"  {who} ran out of memory."]
    flags = invoker.gfp_flags or decode(invoker.gfp_mask, version(report))
    pages = 1 << invoker.order if invoker.order and 0 < invoker.order < 20 else 1
    size = "1 page" if pages == 1 else f"{pages} pages in a row (order {invoker.order})"
    words = in_words(flags)
    if report.kind == "memcg":
        asked = f"charged {size} to its cgroup"
    elif invoker.gfp_mask == 0:
        asked = "had a page fault that failed, without flags"
    elif words:
        asked = f"asked for {words}: {size}"
    else:
        asked = f"asked for {size} with gfp_mask {invoker.gfp_mask:#x}"
    names = f" [{'|'.join(flags)}]" if flags else ""
    return [f"  {who} {asked}{names}."]


def memory(report: Report) -> list[str]:
    """What was short: a cgroup's limit, or the zones and their marks."""
    lines = []
    memcg = report.memcg
    if memcg and "memory" in memcg.counters:
        path = memcg.limit_path or (report.summary and report.summary.oom_memcg) or "a cgroup"
        used = memcg.counters["memory"]
        failed = f", failed {used.failcnt} times" if used.failcnt else ""
        lines.append(
            f"  The limit of {path} was hit: {used.usage_kb} of {used.limit_kb} kB used{failed}."
        )
    if report.kind in ("cpuset", "mempolicy", "mempolicy or cpuset") and report.allowed_nodes:
        nodes = ", ".join(map(str, sorted(report.allowed_nodes)))
        lines.append(f"  Only memory of these nodes was allowed: {nodes}.")
    if report.memory:
        zones = [f"  {line}" for zone in report.memory.zones if (line := marks(zone))]
        lines += zones[:ROWS]
        if len(zones) > ROWS:
            lines.append(f"  ... and {len(zones) - ROWS} more zones")
        order = report.invoker.order if report.invoker else None
        if order and 0 < order < 20:
            lines += fragments(report, report.page_kb << order)
        if report.memory.swap_total_kb:
            free, total = report.memory.swap_free_kb, report.memory.swap_total_kb
            lines.append(f"  Swap: {free if free is not None else '?'} of {total} kB free.")
    return lines


def marks(zone: Zone) -> str | None:
    """Where the zone stands between its watermarks; they include a boost (5.0+)."""
    free, low, high = (zone.sizes_kb.get(key) for key in ("free", "low", "high"))
    least = zone.sizes_kb.get("min")
    if free is None or least is None or low is None or high is None:
        return None
    name = zone.name if zone.node is None else f"Node {zone.node} {zone.name}"
    if free <= least:
        where = f"below its min mark of {least} kB: only reserves are left"
    elif free <= low:
        where = f"above min ({least} kB), below low ({low} kB): kswapd runs"
    elif free <= high:
        where = f"between low ({low} kB) and high ({high} kB)"
    else:
        where = f"above its high mark of {high} kB"
    kept = max(zone.lowmem_reserve, default=0)
    reserve = f"; up to {kept} pages of it are kept for requests that must have it" if kept else ""
    boost = zone.sizes_kb.get("boost")
    boosted = f"; boosted by {boost} kB" if boost else ""
    return f"{name}: {free} kB free, {where}{reserve}{boosted}."


def fragments(report: Report, size_kb: int) -> list[str]:
    """Free memory in pieces too small for the request."""
    zones = [zone for zone in report.memory.zones if zone.blocks]
    if not zones:
        return []
    fitting = sum(n for zone in zones for kb, n in zone.blocks.items() if kb >= size_kb)
    if fitting:
        return [f"  {fitting} free blocks of {size_kb} kB or more were left."]
    return [f"  No free block of {size_kb} kB was left: memory is fragmented."]


def table(explanation: Explanation) -> list[str]:
    """The tasks the killer would take first."""
    if not explanation.ranked:
        return []
    total, unit = explanation.total, explanation.policy.points
    lines = [
        f"  Badness by the rules of {explanation.policy.name}, in "
        + ("per mille" if unit == "permille" else f"pages of {explanation.report.page_kb} kB")
        + f"; oom_score_adj counts thousandths of {total.pages} pages ({total.source}).",
        f"  {'points':>12} {'adj':>6} {'rss':>10} {'swap':>10} {'pid':>8} name",
    ]
    for ranked in explanation.ranked[:ROWS]:
        lines.append("  " + cells(ranked))
    more = len(explanation.ranked) - ROWS
    if more > 0:
        lines.append(f"  ... and {more} more")
    return lines


def cells(ranked: Ranked) -> str:
    row = ranked.row
    points = str(ranked.points) if ranked.points is not None else "-"
    adj, rss, swap = (
        "?" if value is None else str(value) for value in (row.oom_score_adj, row.rss, row.swapents)
    )
    note = f"  ({ranked.why_not})" if ranked.why_not else ""
    return f"{points:>12} {adj:>6} {rss:>10} {swap:>10} {row.pid:>8} {row.name}{note}"


def choice(explanation: Explanation) -> list[str]:
    """The predicted victim, the real one, and why they differ."""
    report, verdict = explanation.report, explanation.verdict
    lines = prediction(explanation)
    victim = report.victim
    if victim:
        same = ": the same choice" if verdict.agrees else ""
        lines.append(f"  The kernel killed {victim.name} ({victim.pid}){same}.")
    if report.panic:
        lines.append(f"  Kernel panic: {report.panic.rstrip('.')}.")
    if verdict.reason:
        lines.append(f"  {verdict.reason}: {verdict.because}.")
    if report.scored and explanation.recomputed_score is not None:
        recomputed = f"recomputed {explanation.recomputed_score}"
        if explanation.total.source == BY_SCORE:  # then it proves nothing
            recomputed = f"so the OOM was about {explanation.total.pages} pages or so"
        lines.append(f"  Printed score {report.scored.score}, {recomputed}.")
    return lines + spared(explanation)


def prediction(explanation: Explanation) -> list[str]:
    """Whom the model chooses, and by how much."""
    if explanation.predicted is None:
        return []
    lead = ""
    if explanation.runner_up:
        other, pages = explanation.runner_up.row, explanation.margin
        by = f"{pages} page{'s' * (pages != 1)} ahead of" if pages else "level with"
        lead = f", {by} {other.name} ({other.pid})"
    row = explanation.predicted.row
    return [f"  The model chooses {row.name} ({row.pid}){lead}."]


def spared(explanation: Explanation) -> list[str]:
    """What oom_score_adj would have changed the choice."""
    if explanation.spared_from is None:
        return []
    row, other = explanation.predicted.row, explanation.runner_up.row
    if explanation.spared_from == -1000:
        return [f"  Only oom_score_adj -1000 would have spared {row.name}."]
    return [
        f"  With oom_score_adj {explanation.spared_from} or lower for {row.name}, {other.name} "
        f"({other.pid}) would have been chosen."
    ]


def afterwards(report: Report) -> list[str]:
    """What the reaper did, and who else was killed."""
    lines = []
    if report.group:
        lines.append(f"  All of {report.group} was killed with it (memory.oom.group).")
    elif len(report.kills) > 1:
        lines.append(f"  {len(report.kills) - 1} more processes were killed.")
    for reap in report.reaps[:ROWS]:
        kill = next((k for k in report.kills if k.pid == reap.pid), None)
        when = ""
        if kill and kill.stamp is not None and reap.stamp is not None:
            when = f" {max(reap.stamp - kill.stamp, 0):.2f} s later"
        if not reap.reaped:
            lines.append(f"  The reaper gave up on {reap.name} ({reap.pid}){when}.")
            continue
        left = sum(reap.sizes_kb.values())
        lines.append(f"  The reaper freed {reap.name} ({reap.pid}){when}; {left} kB were left.")
    for pid, name in report.exiting[:ROWS]:
        lines.append(f"  {name} ({pid}) was exiting already, so it was not killed again.")
    return lines


def absent(report: Report) -> list[str]:
    missing = report.missing
    return [f"  Missing from the text: {', '.join(missing)}."] if missing else []
