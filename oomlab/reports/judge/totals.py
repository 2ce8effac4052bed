"""totalpages: how much memory an OOM was about, which is what oom_score_adj is thousandths of."""

from dataclasses import dataclass

from ...model.mm import PTRS_PER_PTE
from ..read.report import Kill, Report, TaskRow
from .kernels import in_container, policy_for, version

BY_SCORE = "as the printed score tells"
GUESS = "a guess: the memory that the tasks hold"
UNLIMITED_KB = 1 << 52  # a memcg without limit prints 2^63 bytes in kB, less a page
UNLIMITED_32_KB = ((1 << 31) - 1) * 4  # PAGE_COUNTER_MAX where a long has 32 bits


@dataclass(frozen=True)
class Total:
    """Pages of memory and swap that the OOM was about."""

    pages: int  # the best estimate
    most: int  # what it may be if not all of it is printed
    source: str


def total_pages(report: Report) -> Total:
    """constrained_alloc(): RAM and swap, or the limit of the memcg, or the allowed nodes."""
    page = report.page_kb
    memory = report.memory
    swap = memory.swap_total_kb // page if memory and memory.swap_total_kb is not None else None
    if report.kind == "memcg":
        limit = _limit(report, swap)
        if limit:
            return limit
    elif memory and (ram_kb(report) or zones_kb(report)):
        ram, source = _ram(report)
        nodes = _allowed_pages(report)
        if nodes:
            return _of_nodes(report, nodes + (swap or 0))
        return Total(max(ram + (swap or 0), 1), ram + (swap or 0), source)
    by_score = _by_score(report)
    held = sum((row.rss or 0) + (row.swapents or 0) for row in report.tasks)
    largest = max(((row.rss or 0) + (row.swapents or 0) for row in report.tasks), default=0)
    if by_score and by_score > largest:
        return Total(by_score, by_score, BY_SCORE)
    guess = max(held, 1000)
    return Total(guess, 16 * guess, GUESS)


def ram_kb(report: Report) -> int | None:
    """`pages RAM` less `pages reserved`."""
    memory = report.memory
    if memory is None or memory.ram_pages is None:
        return None
    return max(memory.ram_pages - (memory.reserved_pages or 0), 0) * report.page_kb


def zones_kb(report: Report) -> int:
    """What the zones that are listed hold."""
    zones = [zone.sizes_kb for zone in report.memory.zones] if report.memory else []
    return sum(sizes.get("managed", sizes.get("present", 0)) for sizes in zones)


def _ram(report: Report) -> tuple[int, str]:
    """Pages of RAM. Where the zones hold much less, and all that is counted fits into them, `pages
    RAM` is not this machine's."""
    ram, zones = ram_kb(report), zones_kb(report)
    counts = report.memory.counts if report.memory else {}
    if ram is None:
        return zones // report.page_kb, "the zones, and swap"
    kinds = ("active_anon", "inactive_anon", "active_file", "inactive_file", "unevictable", "free")
    counted = sum(counts.get(kind, 0) for kind in kinds) * report.page_kb
    if zones and zones < 0.9 * ram and 0.5 * zones < counted <= 1.03 * zones:
        source = "the zones, which `pages RAM` contradicts, and swap"
        return zones // report.page_kb, source
    return ram // report.page_kb, "RAM - reserved + swap"


def _by_score(report: Report) -> int | None:
    """`score` is thousandths of totalpages, and adj: a task whose adj is known tells how much these
    are. A score of 1 (and adj) tells nothing: it may have been less.
    """
    scored, rules = report.scored, policy_for(report)
    pids = {scored.pid, *(kill.pid for kill in report.kills)} if scored else set()
    row = next((r for r in report.tasks if pids & {r.pid, r.tgid}), None)
    if row is None and report.kills and scored and scored.name == report.kills[0].name:
        row = row_of(report.kills[0], report.page_kb)
    if rules is None or scored is None or row is None or not row.rss:
        return None
    share = -1 if row.oom_score_adj is None else scored.score - row.oom_score_adj
    if share < 2:  # or its adj is not known
        return None
    points = row.rss + (row.swapents or 0) + sum(page_tables(row, report.page_kb))
    if row.uid == 0 and not in_container(report):
        if rules.root_bonus == "own":
            points -= points * 3 // 100
        elif rules.root_bonus == "total":
            return points * 1000 // (share + 30)
    return points * 1000 // share


def unlimited(limit_kb: int) -> bool:
    """A counter without a limit prints the largest number it can hold."""
    return limit_kb >= UNLIMITED_KB or limit_kb == UNLIMITED_32_KB


def _limit(report: Report, swap: int | None) -> Total | None:
    """mem_cgroup_get_max(): the limit, and as much swap as the cgroup and the machine have."""
    counters = report.memcg.counters if report.memcg else {}
    if "memory" not in counters or unlimited(counters["memory"].limit_kb):
        return None
    page = report.page_kb
    limit = max(counters["memory"].limit_kb // page, 1)
    both, own = counters.get("memory+swap"), counters.get("swap")
    swapped = (
        any(row.swapents for row in report.tasks)
        or (own and own.usage_kb)
        or (both and both.usage_kb > counters["memory"].usage_kb)
    )
    if swap is None and not swapped:
        return Total(limit, limit, "the limit")
    if both and not unlimited(both.limit_kb):
        most = both.limit_kb // page
        pages = most if swap is None else min(limit + swap, most)
        return Total(pages, max(pages, most), "the limit with swap")
    if own and not unlimited(own.limit_kb):
        allowed = own.limit_kb // page
        pages = limit + (allowed if swap is None else min(allowed, swap))
        return Total(pages, pages, "the limit, and the swap limit")
    if swap is not None:
        return Total(limit + swap, limit + swap, "the limit, and all swap")
    by_score = _by_score(report)
    if by_score and by_score >= limit:
        return Total(by_score, by_score, BY_SCORE)
    return Total(limit, 64 * limit, "the limit; how much swap there is, is not printed")


def _allowed_pages(report: Report) -> int:
    """Pages of the nodes that a cpuset or a memory policy allows; 0 if that is not the kind."""
    if report.kind not in ("cpuset", "mempolicy", "mempolicy or cpuset"):
        return 0
    nodes = report.allowed_nodes
    zones = [z for z in report.memory.zones if z.node in nodes] if report.memory else []
    return sum(z.sizes_kb.get("present", 0) for z in zones) // report.page_kb


def _of_nodes(report: Report, pages: int) -> Total:
    """So many pages are there. K 5.2 counts the holes between them as well (node_spanned_pages),
    which no report prints; K 5.4 does not."""
    written = version(report)
    if written is not None and written >= (5, 4):
        return Total(pages, pages, "the allowed nodes, and swap")
    by_score = _by_score(report)
    if by_score and by_score >= pages:
        return Total(by_score, by_score, BY_SCORE)
    return Total(pages, 2 * pages, "the allowed nodes, and swap; before 5.4 their holes, too")


def page_tables(row: TaskRow, page_kb: int) -> tuple[int, int]:
    """(nr_ptes, nr_pmds), of which the first may stand for all levels.

    Layouts before 3.7 do not print what badness counts: then as many as `rss` needs at least.
    """
    if row.pgtables_bytes is not None:  # bytes, though the caption says pages
        return max(row.pgtables_bytes, 0) // (page_kb * 1024), 0
    if row.nr_ptes is None:
        return -(-max(row.rss or 0, 0) // PTRS_PER_PTE), 0
    return max(row.nr_ptes, 0), max(row.nr_pmds or 0, 0)


def row_of(kill: Kill, page_kb: int) -> TaskRow:
    """What a kill line tells of a row that was lost; who is root it does not always say."""
    sizes = kill.sizes_kb
    rss = sum(sizes.get(kind, 0) for kind in ("anon-rss", "file-rss", "shmem-rss")) // page_kb
    tables = sizes["pgtables"] * 1024 if "pgtables" in sizes else None
    uid = 0 if kill.uid is None else kill.uid
    return TaskRow(
        kill.pid,
        uid,
        kill.pid,
        rss=rss,
        pgtables_bytes=tables,
        name=kill.name,
        oom_score_adj=kill.oom_score_adj,
    )
