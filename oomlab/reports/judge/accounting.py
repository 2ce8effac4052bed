"""Who ate the memory: one table that adds up to the whole, of the machine or of a cgroup.

The kernel's counters do not overlap once shared memory, which lies on the lists of anonymous pages
(or of unevictable ones), is told apart, and dirty pages from clean ones. What is left is in no
counter: pages that the kernel took from the page allocator for itself, such as a driver's, a
balloon's or a leak's. Sources: show_free_areas (v2.6.32 to v6.12), memory_stat_format (v5.3+),
memcg_stat_show (to v5.2).
"""

from dataclasses import dataclass

from ..read.report import Memory, Report
from .totals import ram_kb

NO_COUNTER = "in no counter"
COUNTED_ONLY = "neither RAM nor all zones are in the text; the total is what is counted"
MLOCKED = "unevictable (mlocked)"
CLOSES = 0.03  # of the total: counters are read one after the other, while pages move


@dataclass(frozen=True)
class Account:
    """What holds the memory, in KiB. The rows add up to the total."""

    scope: str  # machine, or the cgroup's path
    total_kib: int
    rows: tuple[tuple[str, int], ...]
    notes: tuple[str, ...] = ()
    swap_total_kib: int | None = None
    swap_used_kib: int | None = None
    whole: bool = True  # False: the total is what is counted, how much there is is not in the text

    def of(self, *names: str) -> int:
        return sum(kib for what, kib in self.rows if what in names)

    def share(self, *names: str) -> float:
        return self.of(*names) / self.total_kib if self.total_kib else 0.0


def account(report: Report) -> Account | None:
    """The table of the cgroup whose limit was hit, else of the machine; None without counters."""
    if report.kind == "memcg":
        return _of_memcg(report)
    return _of_machine(report, report.memory) if report.memory else None


def _of_machine(report: Report, memory: Memory) -> Account | None:
    counts, page = _modern(memory.counts), report.page_kb
    if "free" not in counts or "active_anon" not in counts:
        return None

    def kib(*names: str) -> int:
        return sum(counts.get(name, 0) for name in names) * page

    swapbacked = kib("active_anon", "inactive_anon", "isolated_anon")
    file = kib("active_file", "inactive_file", "isolated_file")
    shmem, unevictable = kib("shmem"), kib("unevictable")
    if "shmem" not in counts:  # then what is page cache, and neither a file nor in swap
        cache = (memory.pagecache_pages or 0) - (memory.swapcache_pages or 0)
        shmem = max(cache * page - file, 0)
    if shmem > swapbacked + unevictable:
        shmem = 0
    locked = max(shmem - swapbacked, 0)  # shared memory that cannot be evicted
    dirty = min(kib("dirty", "writeback", "unstable"), file)
    stacks = sum(zone.sizes_kb.get("kernel_stack", 0) for zone in memory.zones)
    stacks = stacks or memory.nodes_kb.get("kernel_stack", 0)
    huge = sum(total * size for total, _, size in memory.hugepages)
    free_cma = min(kib("free_cma"), kib("free"))
    rows = [
        ("anonymous", swapbacked + locked - shmem),
        ("shared memory and tmpfs", shmem),
        ("file cache, clean", file - dirty),
        ("file cache, dirty or being written", dirty),
        *_unevictable(memory, unevictable - locked),
        ("slab, reclaimable", kib("slab_reclaimable")),
        ("slab, unreclaimable", kib("slab_unreclaimable")),
        ("slab", kib("slab")),  # to 2.6.30
        ("other kernel, reclaimable", kib("kernel_misc_reclaimable")),
        ("page tables", kib("pagetables", "sec_pagetables")),
        ("kernel stacks", stacks),
        ("bounce buffers", kib("bounce")),
        ("huge pages set aside", huge),
        ("free", kib("free") - free_cma),
        ("free, CMA", free_cma),
        ("free, in per-CPU lists", kib("free_pcp")),
    ]
    total, notes = _total(report, sum(kib for _, kib in rows), huge)
    if total is None:
        return None
    known = sum(kib for _, kib in rows)
    if huge and known - total > CLOSES * total and known - huge - total <= CLOSES * total:
        rows = [row for row in rows if row[0] != "huge pages set aside"]
        notes.append(
            f"{huge // 1024} MiB of huge pages are set aside, which do not fit into these zones: "
            "one of the numbers is not as it was printed"
        )
    rows.append((NO_COUNTER, total - sum(kib for _, kib in rows)))
    if rows[-1][1] < -CLOSES * total:
        notes.append("the counters add up to more than the zones hold: the lists are damaged")
    if "shmem" not in counts:
        how = "worked out from the page cache" if shmem else "it lies among the pages above"
        notes.append(f"shared memory is not counted in this text; {how}")
    used = None
    if memory.swap_total_kb is not None and memory.swap_free_kb is not None:
        used = memory.swap_total_kb - memory.swap_free_kb
    shown = tuple(row for row in rows if row[1])
    whole = COUNTED_ONLY not in notes
    return Account("machine", total, shown, tuple(notes), memory.swap_total_kb, used, whole)


def _unevictable(memory: Memory, kib: int) -> list[tuple[str, int]]:
    """Those that mlock() holds, by the zones, and others (ramfs, SHM_LOCK); one row if the zones
    that are listed are not all."""
    zones = [zone.sizes_kb for zone in memory.zones]
    mlocked = sum(sizes.get("mlocked", 0) for sizes in zones)
    listed = sum(sizes.get("unevictable", 0) for sizes in zones)
    if not any("mlocked" in sizes for sizes in zones) or listed < (1 - CLOSES) * kib:
        return [(MLOCKED, kib)]
    return [(MLOCKED, min(mlocked, kib)), ("unevictable, not by mlock", kib - min(mlocked, kib))]


def _modern(counts: dict[str, int]) -> dict[str, int]:
    """Counters to 2.6.27, which do not split the lists, under the names of later ones."""
    if "active_anon" in counts or "mapped_anon" not in counts:
        return counts
    lists = counts.get("active", 0) + counts.get("inactive", 0)
    anonymous = min(counts["mapped_anon"], lists)
    return {
        **counts,
        "active_anon": anonymous,
        "active_file": lists - anonymous,  # with shared memory, which was not counted
    }


def _total(report: Report, known: int, huge: int) -> tuple[int | None, list[str]]:
    """The zones' managed pages; RAM less reserved where only some nodes' zones are listed."""
    memory = report.memory
    zones = [z.sizes_kb for z in memory.zones] if memory else []
    managed = sum(sizes.get("managed", sizes.get("present", 0)) for sizes in zones)
    ram = ram_kb(report)
    if ram and not any("managed" in sizes for sizes in zones) and ram < managed:
        managed = ram if known - huge <= ram * (1 + CLOSES) else managed  # of present, to 3.8
    if ram is None and known - huge > managed * (1 + CLOSES):
        return known, [COUNTED_ONLY]
    if not managed:
        return ram, [] if ram else ["neither zones nor RAM are in the text"]
    if ram is None or abs(ram - managed) <= CLOSES * managed:
        return managed, []
    if known - huge <= managed * (1 + CLOSES):
        than = "less" if managed < ram else "more"
        return managed, [f"`pages RAM` says {ram // 1024} MiB, but the zones hold {than}: not used"]
    if known - huge <= ram * (1 + CLOSES):
        return ram, ["the zones of some nodes only are listed; the total is RAM less reserved"]
    return max(ram, managed), []


def _of_memcg(report: Report) -> Account | None:
    memcg = report.memcg
    counter = memcg and memcg.counters.get("memory")
    if not memcg or not memcg.stats:
        return None
    stats = _stats_kib(report)
    usage = counter.usage_kb if counter else None
    total = usage if usage is not None else stats.get("anon", 0) + stats.get("file", 0)
    shmem = stats.get("shmem", 0)
    if "cache" in stats:  # v1 names
        anon, file = stats.get("rss", 0), stats["cache"]
        dirty = stats.get("dirty", 0) + stats.get("writeback", 0)
        kernel = memcg.counters.get("kmem")
        parts = [("kernel", kernel.usage_kb if kernel else 0)]
    elif "anon" in stats:
        anon, file = stats["anon"], stats.get("file", 0)
        dirty = stats.get("file_dirty", 0) + stats.get("file_writeback", 0)
        parts = [
            ("slab", stats.get("slab", 0)),
            ("page tables", stats.get("pagetables", 0) + stats.get("sec_pagetables", 0)),
            ("kernel stacks", stats.get("kernel_stack", 0)),
            ("per-CPU", stats.get("percpu", 0)),
            ("vmalloc", stats.get("vmalloc", 0)),
        ]
        kmem = memcg.counters.get("kmem")
        rest = stats.get("kernel", kmem.usage_kb if kmem else 0) - sum(kib for _, kib in parts)
        parts += [("other kernel", max(rest, 0)), ("sockets", stats.get("sock", 0))]
        parts.append(("compressed (zswap)", stats.get("zswap", 0)))
    else:
        return None
    shmem = min(shmem, file)
    dirty = min(dirty, file - shmem)
    rows = [
        ("anonymous", anon),
        ("shared memory and tmpfs", shmem),
        ("file cache, clean", file - shmem - dirty),
        ("file cache, dirty or being written", dirty),
        *parts,
    ]
    total = total or sum(kib for _, kib in rows)
    rows.append((NO_COUNTER, total - sum(kib for _, kib in rows)))
    swap = memcg.counters.get("swap")
    used = swap.usage_kb if swap else stats.get("swap")  # v1 lists it
    both = memcg.counters.get("memory+swap")
    if both and counter:
        used = max(both.usage_kb - counter.usage_kb, 0)
    path = limit_path(report) or "the cgroup"
    return Account(path, total, tuple(row for row in rows if row[1]), (), None, used)


def _stats_kib(report: Report) -> dict[str, int]:
    """memory.stat of the limited cgroup; v1 prints one of each cgroup below it, to be added up."""
    memcg = report.memcg
    added: dict[str, int] = {}
    if memcg is None or not memcg.stats:
        return added
    for stats in memcg.stats.values():
        for name, value in stats.items():
            added[name] = added.get(name, 0) + value
    if memcg.stats_in_kb:
        return added
    one = next(iter(memcg.stats.values()))
    whole = {n.removeprefix("total_"): v for n, v in one.items() if n.startswith("total_")}
    return {name: value // 1024 for name, value in (one | whole).items()}


def limit_path(report: Report) -> str | None:
    """The cgroup whose limit was hit; its statistics are printed first where it is not named."""
    memcg, summary = report.memcg, report.summary
    named = (memcg and memcg.limit_path) or (summary and summary.oom_memcg)
    return named or (memcg and next(iter(memcg.stats), None)) or None
