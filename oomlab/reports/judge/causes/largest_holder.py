"""Memory is used up: who holds most of it."""

from collections.abc import Callable, Iterator

from ..accounting import NO_COUNTER, Account
from .kinds import CAUSES, MANY, MOST, TWICE, Cause, Facts, percent, size, top

GROUPS = {
    "processes": ("anonymous",),
    "unevictable": ("unevictable (mlocked)",),
    "shared memory": ("shared memory and tmpfs",),
    "page cache": ("file cache, clean", "file cache, dirty or being written"),
    "slab": ("slab", "slab, reclaimable", "slab, unreclaimable", "other kernel, reclaimable"),
    "page tables": ("page tables", "kernel stacks"),
    "huge pages": ("huge pages set aside",),
    "kernel, in no counter": (NO_COUNTER,),
}


def holders(facts: Facts) -> Cause | None:
    """The largest holder, if it is large enough."""
    account = facts.account
    if account is None:
        return None
    held = {kind: account.of(*names) for kind, names in GROUPS.items()}
    locked = held.pop("unevictable")
    resident = sum(program.rss_kib for program in facts.programs)
    if resident > held["processes"] + 0.8 * locked:  # then processes have it, by mlock
        held["processes"] += locked
    first, second = sorted(held, key=held.__getitem__, reverse=True)[:2]
    total, kib = account.total_kib, held[first]
    parts = [(what, part) for what, part in account.rows if part > 0.05 * total]
    evidence = [f"{what}: {size(part)} ({percent(part, total)})" for what, part in parts]
    evidence += list(_swap(account))
    if kib < MOST * total and (kib < MANY * total or kib < TWICE * held[second]):
        free = account.of("free", "free, CMA", "free, in per-CPU lists")
        if free > MOST * total:
            why = f"Why it failed is unclear: {size(free)} of {size(total)} are free."
            return Cause("unclear", why, tuple(evidence), "/proc/zoneinfo: what keeps it back")
        both = "; ".join(f"{CAUSES[kind]} ({size(held[kind])})" for kind in (first, second))
        why = f"No single holder of {size(total)}; the two largest: {both}."
        return Cause("unclear", why, tuple(evidence), "/proc/meminfo over time")
    of = size(total) if account.whole else f"the {size(total)} that are counted here"
    share = f"{size(kib)} of {of} ({percent(kib, total)})"
    if first == "processes":
        return _by_processes(facts, account, kib, share, evidence)
    return SAID[first](facts, account, share, tuple(evidence))


def _by_processes(
    facts: Facts, account: Account, anonymous: int, share: str, evidence: list[str]
) -> Cause:
    total, used = account.swap_total_kib, account.swap_used_kib or 0
    room = (total or 0) - used
    order = facts.report.invoker.order if facts.report.invoker else 0
    if total and used > anonymous and room < 0.02 * total:
        why = f"Swap is full ({size(total)}) and holds more than the memory: {top(facts)}."
        return Cause("swap", why, tuple(evidence), "vmstat 1, columns si and so")
    uncounted = account.of(NO_COUNTER)  # a zram's pages are in no counter
    packed = uncounted > max(0.15 * used, 0.03 * account.total_kib)
    locked = account.of("unevictable (mlocked)") > anonymous / 2  # no swap takes those
    if total and used and room > 0.1 * total and not order and packed and not locked:
        why = (
            f"Processes hold {share}, and swap has {size(room)} of {size(total)} free but took no "
            "more: as a zram does whose pages find no memory, or swap that vm.swappiness=0 "
            "spares."
        )
        return Cause("zram", why, tuple(evidence), "cat /proc/swaps; zramctl; dmesg | grep -i zram")
    swap = "" if total is None else f", and {_swap_state(total, used)}"
    rows = facts.report.tasks
    page = facts.report.page_kb
    largest = max(rows, key=lambda row: row.rss or 0, default=None)
    mine = (largest.rss or 0) * page if largest else 0
    twins = [r for r in rows if largest and (r.total_vm, r.rss) == (largest.total_vm, largest.rss)]
    if largest and mine > anonymous / 2 and len(twins) == 1 and mine <= 1.2 * account.total_kib:
        who = f"{largest.name} ({largest.pid})"
        why = f"One process, {who}, holds {size(mine)}; processes hold {share}{swap}."
        return Cause("one process", why, tuple(evidence))
    named = f", most of it {top(facts)}" if facts.programs else ""
    return Cause("processes", f"Processes hold {share}{named}{swap}.", tuple(evidence))


def _swap_state(total: int, used: int) -> str:
    if not total:
        return f"swap is being turned off with {size(used)} in it" if used else "there is no swap"
    if total - used < 0.02 * total:
        return "swap is full"
    return f"{percent(used, total)} of {size(total)} swap is used"


def _swap(account: Account) -> Iterator[str]:
    if account.swap_total_kib is not None and account.swap_used_kib is not None:
        total = account.swap_total_kib
        used = size(account.swap_used_kib)
        off = f"swapoff: {used} are still in swap" if account.swap_used_kib else "no swap"
        yield f"swap: {used} of {size(total)} used" if total else off


def _shared(facts: Facts, account: Account, share: str, evidence: tuple[str, ...]) -> Cause:
    why = (
        f"Shared memory and tmpfs hold {share}; files of a tmpfs and segments stay when a process "
        "that used them is killed."
    )
    mapped = max((row.rss_shmem or 0 for row in facts.report.tasks), default=0)
    if mapped * facts.report.page_kb > account.of("shared memory and tmpfs") / 2:
        largest = max(facts.report.tasks, key=lambda row: row.rss_shmem or 0)
        evidence += (f"{largest.name} ({largest.pid}) maps {size(mapped * facts.report.page_kb)}",)
    return Cause("shared memory", why, evidence, "df -t tmpfs; ipcs -m; ls -l /dev/shm")


def _cache(facts: Facts, account: Account, share: str, evidence: tuple[str, ...]) -> Cause:
    dirty = account.of("file cache, dirty or being written")
    waits = f", {size(dirty)} of it dirty or being written" if dirty else ", all of it clean"
    why = f"File pages that could not be dropped hold {share}{waits}."
    return Cause("page cache", why, evidence, "Dirty and Writeback in /proc/meminfo; iostat -x 1")


def _slab(facts: Facts, account: Account, share: str, evidence: tuple[str, ...]) -> Cause:
    slabs = facts.report.memory.slabs_kb if facts.report.memory else {}
    largest = sorted(slabs.items(), key=lambda item: -item[1])[:3]
    named = f"; the largest caches: {', '.join(f'{n} {size(kb)}' for n, kb in largest)}"
    why = f"The kernel's slab caches hold {share}{named * bool(largest)}."
    return Cause("slab", why, evidence, "slabtop -sc; /proc/slabinfo")


def _tables(facts: Facts, account: Account, share: str, evidence: tuple[str, ...]) -> Cause:
    why = f"Page tables and kernel stacks hold {share}: many tasks, or much memory mapped often."
    return Cause("page tables", why, evidence, "VmPTE in /proc/PID/status; the number of threads")


def _huge(facts: Facts, account: Account, share: str, evidence: tuple[str, ...]) -> Cause:
    pages = facts.report.memory.hugepages if facts.report.memory else []
    free = sum(unused * kb for _, unused, kb in pages)
    idle = f", {size(free)} of them unused" if free else ""
    why = f"Huge pages that were set aside hold {share}{idle}; nothing else may use them."
    return Cause("huge pages", why, evidence, "HugePages_Free in /proc/meminfo")


def _uncounted(facts: Facts, account: Account, share: str, evidence: tuple[str, ...]) -> Cause:
    looks = "a leak in the kernel, a balloon of the hypervisor, ZFS's ARC, a GPU's buffers, zram"
    counts = facts.report.memory.counts if facts.report.memory else {}
    if "isolated_anon" not in counts:  # to 2.6.31
        looks = (
            "pages that reclaim had isolated, kernel stacks (this text counts neither), " + looks
        )
    few = f"; processes hold only {size(account.of('anonymous'))}"
    why = f"The kernel holds {share} in no counter{few}: {looks} look like it."
    tell = (
        "the balloon of a virtual machine (hv_balloon, vmw_balloon, virtio_balloon); "
        "/proc/spl/kstat/zfs/arcstats; zramctl; /proc/vmallocinfo; page_owner=on at boot"
    )
    return Cause("kernel, in no counter", why, evidence, tell)


SAID: dict[str, Callable[[Facts, Account, str, tuple[str, ...]], Cause]] = {
    "shared memory": _shared,
    "page cache": _cache,
    "slab": _slab,
    "page tables": _tables,
    "huge pages": _huge,
    "kernel, in no counter": _uncounted,
}


def table(facts: Facts) -> Cause | None:
    """Without counters: what the rows of the table add up to, if RAM is printed."""
    total, rows = facts.total_kib, facts.report.tasks
    held = sum(row.rss or 0 for row in rows) * facts.report.page_kb
    if not total or held < total / 2:
        return None
    share = f"{size(held)} of {size(total)}"
    tell = "the lines after Mem-Info"
    largest = max(rows, key=lambda row: row.rss or 0)
    mine = (largest.rss or 0) * facts.report.page_kb
    if mine > held / 2:
        why = f"One process, {largest.name} ({largest.pid}), holds {size(mine)} of {size(total)}."
        return Cause("one process", why, (f"resident in all processes: {share}",), tell)
    return Cause("processes", f"Processes hold {share}, most of it {top(facts)}.", (), tell)
