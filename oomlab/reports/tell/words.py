"""An explanation as a person reads it: the cause first, then its proof, at last what to do."""

from collections.abc import Iterator

from ..judge.accounting import Account, limit_path
from ..judge.causes.kinds import percent, size
from ..judge.explanation import Explanation, Ranked
from ..judge.gfp_mask import decode, in_words
from ..judge.kernels import has_reap_delay, lineage, version
from ..judge.totals import BY_SCORE, GUESS, unlimited
from ..read.report import Report

DUMP = ("dump_", "show_", "oom_", "out_of_memory", "__dump", "unwind", "warn_alloc", "print_")
ROWS = 10  # tasks, zones, reaper lines that are shown
PLAIN = {
    "sysrq": "SysRq-f was asked for by hand or by a script: the killer takes whom it would take.",
    "cpuset": "The task's cpuset allowed only some nodes; the rest of the machine may have memory.",
    "mempolicy": "A memory policy bound the request to some nodes; others may have memory.",
    "mempolicy or cpuset": "A memory policy or a cpuset bound the request to some nodes.",
    "memcg or sysrq": "No panic follows: a cgroup's OOM, or SysRq-f; or the text ends too soon.",
    "allocation failure": "This is no OOM: one request failed, its caller went on, no task died.",
}


def text_of(explanation: Explanation) -> str:
    """The whole explanation of one report."""
    report = explanation.report
    parts = [
        headline(report),
        f"  {explanation.cause.sentence}",
        *(f"    {line}" for line in explanation.cause.evidence[:ROWS]),
        *request(report),
        *plain(report),
        *memory(explanation),
        *accounted(explanation.account),
        *details(report),
        *owners(explanation),
        *table(explanation),
        *choice(explanation),
        *afterwards(report),
        *absent(report),
        f"  What to do: {'; '.join(explanation.advice)}.",
    ]
    return "\n".join(printable(part) for part in parts)


def printable(text: str) -> str:
    """Names come from the log: nothing in them may steer a terminal."""
    return "".join(c if c.isprintable() or c == "\n" else "?" for c in text)


def headline(report: Report) -> str:
    first, last = report.lines
    kernel = report.kernel or lineage(report)
    host = f", host {report.host}" if report.host else ""
    what = "Page allocation failure" if report.failure else f"OOM report ({report.kind})"
    return f"{what}, lines {first}-{last}{host}{when(report)}: {kernel}"


def when(report: Report) -> str:
    """The log's time, and how long the machine had been up."""
    time = f", {report.time}" if report.time else ""
    if report.uptime_s is None:
        return time
    seconds = int(report.uptime_s)
    days, rest = divmod(seconds, 86400)
    hours, minutes = rest // 3600, rest % 3600 // 60
    up = (
        f"{days} d {hours} h" if days else f"{hours} h {minutes} min" if hours else f"{minutes} min"
    )
    up = up if seconds >= 60 else f"{report.uptime_s:.1f} s"
    return f"{time}, up {up}"


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


def plain(report: Report) -> list[str]:
    """What kind of OOM it was, where that is not the usual one."""
    if report.kind == "memcg":
        which = {1: " (cgroup v1)", 2: " (cgroup v2)"}.get(report.cgroup_version or 0, "")
        return [
            f"  Only the memory of one cgroup{which} was short: its processes alone could be "
            "killed, and the machine may have had plenty."
        ]
    return [f"  {PLAIN[report.kind]}"] if report.kind in PLAIN else []


def memory(explanation: Explanation) -> list[str]:
    """What was short: a cgroup's limit, or the zones before this request."""
    report = explanation.report
    lines = [*limits(report)]
    if report.kind in ("cpuset", "mempolicy", "mempolicy or cpuset") and report.allowed_nodes:
        nodes = ", ".join(map(str, sorted(report.allowed_nodes)))
        lines.append(f"  Only memory of these nodes was allowed: {nodes}.")
    zones = explanation.zones if report.kind != "memcg" else ()
    for zone in zones[:ROWS]:
        could = {True: "could serve it", False: "could not serve it", None: "perhaps"}[zone.usable]
        lines.append(f"  {zone.title} {could}: {zone.why}.")
    if len(zones) > ROWS:
        lines.append(f"  ... and {len(zones) - ROWS} more zones")
    if any(zone.usable for zone in zones) and report.kind == "global" and not report.failure:
        lines.append("  These lists are made after the failure; pages may have come free since.")
    return lines


def limits(report: Report) -> Iterator[str]:
    """The counters of the cgroup; one without a limit was not hit."""
    memcg = report.memcg
    used = memcg.counters.get("memory") if memcg else None
    if not memcg or not used:
        return
    path = limit_path(report) or "a cgroup"
    failed = f", failed {used.failcnt} times" if used.failcnt else ""
    if unlimited(used.limit_kb):
        yield f"  {path} has no limit of memory itself; {size(used.usage_kb)} are used{failed}."
    else:
        yield (
            f"  The limit of {path} was hit: {used.usage_kb} of {used.limit_kb} kB used, "
            f"{size(used.limit_kb)}{failed}."
        )
    for name, counter in memcg.counters.items():
        if name != "memory" and not unlimited(counter.limit_kb) and counter.usage_kb:
            full = ", which is full" if counter.usage_kb >= counter.limit_kb else ""
            yield f"  {name}: {size(counter.usage_kb)} of {size(counter.limit_kb)} used{full}."


def accounted(account: Account | None) -> list[str]:
    """Who holds the memory, as a table that adds up."""
    if account is None:
        return []
    lines = [f"  Who holds the memory ({account.scope}, {size(account.total_kib)}):"]
    for what, kib in sorted(account.rows, key=lambda row: -row[1]):
        mib = round(kib / 1024, 1) + 0.0  # without the sign of a zero
        lines.append(f"    {mib:>10.1f} MiB {percent(kib, account.total_kib):>6} {what}")
    if account.swap_total_kib:
        used, total = account.swap_used_kib or 0, account.swap_total_kib
        lines.append(f"    swap: {size(used)} of {size(total)} used ({percent(used, total)})")
    elif account.swap_used_kib:
        lines.append(f"    swap used: {size(account.swap_used_kib)}")
    return lines + [f"    Note: {note}." for note in account.notes]


def details(report: Report) -> list[str]:
    """Counters that lie across the rows of the table, the machine, and how the request came."""
    lines = []
    memory, page = report.memory, report.page_kb
    if memory and report.kind != "memcg":
        kinds = ("active_anon", "inactive_anon", "active_file", "inactive_file", "mapped")
        told = [
            f"{k.replace('_', ' ')} {size(memory.counts[k] * page)}"
            for k in kinds
            if k in memory.counts
        ]
        for name, pages in (
            ("page cache", memory.pagecache_pages),
            ("swap cache", memory.swapcache_pages),
        ):
            told += [f"{name} {size(pages * page)}"] if pages is not None else []
        lines += [f"  Across these: {', '.join(told)}."] if told else []
    if report.hardware:
        lines.append(f"  Hardware: {report.hardware}.")
    way = [name for name in report.trace if not name.startswith(DUMP)][:8]
    if way:
        lines.append(f"  Way to the request, from its end: {' < '.join(way)}.")
    return lines


def owners(explanation: Explanation) -> list[str]:
    """Processes by program where one program has several, and the names of cgroups."""
    lines = []
    many = [program for program in explanation.programs if program.processes > 1]
    if many:
        told = [
            f"{p.name} {size(p.rss_kib)}"
            + (f" in {p.processes} processes" if p.processes > 1 else "")
            + (f", {size(p.swap_kib)} in swap" if p.swap_kib else "")
            for p in explanation.programs[:5]
        ]
        note = " (pages that processes share count for each)"
        lines.append(f"  By program, resident{note}: {'; '.join(told)}.")
    members = sorted((c for c in explanation.cgroups if c.kib), key=lambda c: -(c.kib or 0))
    for group in [c for c in explanation.cgroups if c.role != "member"]:
        of = {"limit": "whose limit was hit", "victim": "of the victim"}[group.role]
        name = f" ({group.title})" if group.title != group.path else ""
        lines.append(f"  The cgroup {of}: {group.path}{name}.")
    told = [f"{c.title} {size(c.kib or 0)}" for c in members if c.role == "member"][:5]
    return [*lines, f"  Below it: {'; '.join(told)}."] if told else lines


def table(explanation: Explanation) -> list[str]:
    """The tasks the killer would take first."""
    if not explanation.ranked or explanation.policy is None:
        return []
    total, unit = explanation.total, explanation.policy.points
    lines = [
        f"  Badness by the rules of {explanation.policy.name}, in "
        + ("per mille" if unit == "permille" else f"pages of {explanation.report.page_kb} kB")
        + f"; oom_score_adj counts thousandths of {total.pages} pages ({total.source}).",
        f"  {'points':>12} {'adj':>6} {'rss':>10} {'swap':>10} {'pid':>8} name",
    ]
    for ranked in explanation.ranked[:ROWS]:
        lines.append("  " + cells(ranked, explanation.report.page_kb))
    more = len(explanation.ranked) - ROWS
    if more > 0:
        lines.append(f"  ... and {more} more")
    return lines


def cells(ranked: Ranked, page_kb: int) -> str:
    row = ranked.row
    points = str(ranked.points) if ranked.points is not None else "-"
    adj = "?" if row.oom_score_adj is None else str(row.oom_score_adj)
    rss, swap = ("?" if n is None else size(n * page_kb) for n in (row.rss, row.swapents))
    note = f"  ({ranked.why_not})" if ranked.why_not else ""
    return f"{points:>12} {adj:>6} {rss:>10} {swap:>10} {row.pid:>8} {row.name}{note}"


def choice(explanation: Explanation) -> list[str]:
    """The predicted victim, the real one, and why they differ."""
    report, verdict = explanation.report, explanation.verdict
    if report.failure:
        return []
    lines = prediction(explanation)
    victim = report.victim
    if victim:
        same = ": the same choice" if verdict.agrees else ""
        lines.append(f"  The kernel killed {victim.name} ({victim.pid}){same}.")
        if victim.sizes_kb:
            held = ", ".join(f"{what} {size(kb)}" for what, kb in victim.sizes_kb.items())
            adj = victim.oom_score_adj
            told = f", oom_score_adj {adj}" if adj is not None else ""
            lines.append(f"  It had {held}{told}.")
    scored = report.scored
    if scored and victim and scored.pid != victim.pid and verdict.agrees is None:
        fell = f"The choice fell on {scored.name} ({scored.pid})"
        lines.append(f"  {fell}, whose child or whose thread's process was killed.")
    if report.panic:
        lines.append(f"  Kernel panic: {report.panic.rstrip('.')}.")
    if verdict.reason:
        lines.append(f"  {verdict.reason}: {verdict.because}.")
    guessed = explanation.total.source == GUESS and explanation.recomputed_score
    if scored and explanation.recomputed_score is not None and not guessed:
        recomputed = f"recomputed {explanation.recomputed_score}"
        if explanation.total.source == BY_SCORE:  # then it proves nothing
            recomputed = f"so the OOM was about {explanation.total.pages} pages or so"
        lines.append(f"  Printed score {scored.score}, {recomputed}.")
    elif scored and scored.score > 1000 and explanation.policy:  # else points of old heuristics
        lines.append(
            f"  Printed score {scored.score}: more than the whole, so oom_score_adj was above 0."
        )
    return lines


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
    """What oom_score_adj would change the choice again."""
    predicted, runner_up = explanation.predicted, explanation.runner_up
    if explanation.spared_from is None or predicted is None or runner_up is None:
        return []
    row, other = predicted.row, runner_up.row
    if explanation.spared_from == -1000:
        return [f"  Only oom_score_adj -1000 would spare {row.name}."]
    return [
        f"  With oom_score_adj {explanation.spared_from} or lower for {row.name}, {other.name} "
        f"({other.pid}) would be chosen."
    ]


def afterwards(report: Report) -> list[str]:
    """What the reaper did, and who else was killed."""
    lines = []
    if report.given_up:
        names = " and ".join(report.given_up)
        lines.append(
            f"  Before it the reaper had given up {names}: the kernel then looks for another "
            "victim, so that this one may have died for it."
        )
    if report.group:
        lines.append(f"  All of {report.group} was killed with it (memory.oom.group).")
    elif len(report.kills) > 1:
        others = f"{len(report.kills) - 1} more processes of its cgroup were killed in one go"
        lines.append(f"  {others}, as memory.oom.group asks for.")
    for reap in report.reaps[:ROWS]:
        kill = next((k for k in report.kills if k.pid == reap.pid), None)
        after = ""
        if kill and kill.stamp is not None and reap.stamp is not None:
            after = f" {max(reap.stamp - kill.stamp, 0):.2f} s later"
        if not reap.reaped:
            lines.append(
                f"  The reaper gave up on {reap.name} ({reap.pid}){after}: in ten tries, 0.1 s "
                "apart, its mmap lock was held or waited for by a writer. The next victim dies "
                "in its place, at most: whether it still had memory then, the log does not show."
            )
            continue
        left = sum(reap.sizes_kb.values())
        lines.append(
            f"  The reaper freed {reap.name} ({reap.pid}){after}; {size(left)} ({left} kB) were "
            "left."
        )
    release = version(report)
    if has_reap_delay(report) and report.kernel and release and release < (5, 18):
        number = ".".join(map(str, release[:2]))
        lines.append(
            f"  The reaper's first line came two seconds or more after the kill: so it does with "
            f"the delay of 5.18, which stable kernels took over, this {number} perhaps too."
        )
    for pid, name in report.exiting[:ROWS]:
        lines.append(f"  {name} ({pid}) was exiting already, so it was not killed again.")
    return lines


def absent(report: Report) -> list[str]:
    missing = report.missing
    return [f"  Missing from the text: {', '.join(missing)}."] if missing else []
