"""Why memory was out: one cause of a closed list, by rules in a fixed order, with its numbers.

First what the report says itself (SysRq, a cgroup's limit), then what the zones say (memory that is
free, but not for this request), then who holds most. A rule that is not sure does not fire; what no
rule takes is `unclear`, and then it says what would tell.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from ..read.report import Report
from .accounting import NO_COUNTER, Account, limit_path
from .owners import Program, programs
from .totals import ram_kb, unlimited
from .zones import Judged

CAUSES = {
    "processes": "programs hold the memory, several of them",
    "one process": "one process holds most of it",
    "shared memory": "shared memory and tmpfs, which stay after the process that filled them",
    "page cache": "file pages that could not be cleaned or dropped",
    "slab": "the kernel's slab caches",
    "page tables": "page tables and kernel stacks",
    "huge pages": "huge pages that were set aside",
    "kernel, in no counter": "pages the kernel took for itself: a leak, a balloon, ZFS, a GPU",
    "cgroup: anonymous": "a cgroup's limit, filled with memory of processes",
    "cgroup: dirty file": "a cgroup's limit, filled with file pages still to be written",
    "cgroup: tmpfs": "a cgroup's limit, filled with shared memory and tmpfs",
    "cgroup: kernel": "a cgroup's limit, filled with memory of the kernel",
    "cgroup: limit": "a cgroup's limit; what filled it is not printed, or file pages did",
    "fragmentation": "enough is free, but in pieces too small, or of a kind it may not use",
    "low zone": "the zones that this request may use are full, higher ones are not",
    "CMA or Movable only": "what is free lies in CMA or ZONE_MOVABLE, not for this request",
    "nodes": "the nodes that the request was bound to are full, others are not",
    "swap": "swap is full, and holds more than the memory",
    "zram": "swap has room but takes nothing: a zram without memory, or a broken device",
    "spurious page fault": "a page fault failed for another reason; memory is free",
    "SysRq": "asked for by SysRq-f, memory need not have been short",
    "unclear": "the text does not allow a cause",
}
KERNEL = ("slab", "page tables", "kernel stacks", "per-CPU", "vmalloc", "other kernel", "kernel")
KERNEL += ("sockets",)
GROUPS = {
    "processes": ("anonymous",),
    "unevictable": ("unevictable (mlocked)",),
    "shared memory": ("shared memory and tmpfs",),
    "page cache": ("file cache, clean", "file cache, dirty or being written"),
    "slab": ("slab, reclaimable", "slab, unreclaimable", "other kernel, reclaimable"),
    "page tables": ("page tables", "kernel stacks"),
    "huge pages": ("huge pages set aside",),
    "kernel, in no counter": (NO_COUNTER,),
}
MOST, MANY, TWICE = 0.4, 0.25, 1.5  # a share that decides alone, or if it is so much more


@dataclass(frozen=True)
class Cause:
    """`kind` is of CAUSES; `tell`: what to look at next time to be sure."""

    kind: str
    sentence: str
    evidence: tuple[str, ...] = ()
    tell: str = ""


@dataclass(frozen=True)
class Facts:
    """What the rules look at."""

    report: Report
    account: Account | None
    zones: tuple[Judged, ...]
    programs: tuple[Program, ...]

    @property
    def total_kib(self) -> int:
        return self.account.total_kib if self.account else ram_kb(self.report) or 0


def size(kib: float) -> str:
    """KiB as a person reads it."""
    if abs(kib) >= 1 << 20:
        return f"{kib / (1 << 20):.1f} GiB"
    return f"{kib / 1024:.0f} MiB" if abs(kib) >= 10240 else f"{kib:.0f} KiB"


def percent(part: float, whole: float) -> str:
    return f"{100 * part / whole:.0f} %" if whole else "?"


def cause_of(facts: Facts) -> Cause:
    """The first rule that is sure."""
    rules = (sysrq, memcg, page_fault, fragments, other_zones, only_cma, free_but, holders, table)
    for rule in rules:
        found = rule(facts)
        if found:
            return found
    return Cause(
        "unclear",
        "Why memory was out is not in this text: its memory lists are missing.",
        tell="journalctl -k, or the kernel's whole log from `invoked oom-killer` on",
    )


def sysrq(facts: Facts) -> Cause | None:
    if facts.report.kind != "sysrq":
        return None
    why = "SysRq-f asked for a kill (the keyboard, or `echo f > /proc/sysrq-trigger`)"
    return Cause("SysRq", f"{why}; memory need not have been short.")


# a cgroup's limit


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
    who = f", most of it {_top(facts)}" if kind == "cgroup: anonymous" and facts.programs else ""
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
    return f"its processes hold it, most of it {_top(facts)}"


# free, but not for this request


def page_fault(facts: Facts) -> Cause | None:
    """pagefault_out_of_memory(): gfp_mask 0, and a zone far above its marks."""
    report = facts.report
    invoker = report.invoker
    if not ((invoker and invoker.gfp_mask == 0) or "pagefault_out_of_memory" in report.via):
        return None
    spare = sum(z.available_kib for z in facts.zones if z.usable)
    if not facts.total_kib or spare < 0.05 * facts.total_kib:
        return None
    return Cause(
        "spurious page fault",
        f"A page fault failed though {size(spare)} are free: not for lack of memory.",
        (f"available to any request: {size(spare)} of {size(facts.total_kib)}", "gfp_mask 0"),
        "a cgroup's kmem limit (memory.kmem.failcnt), or a driver that returned VM_FAULT_OOM",
    )


def fragments(facts: Facts) -> Cause | None:
    """Above the min mark, but without a block of this order."""
    order = facts.report.invoker.order if facts.report.invoker else None
    short = [z for z in facts.zones if z.allowed and z.usable is False and z.blocks == 0]
    if not order or order < 1 or not short or any(z.usable for z in facts.zones):
        return None
    kb = facts.report.page_kb << order
    others = sum(z.other_blocks for z in short)
    barred = [z for z in facts.zones if z.allowed is False and z.free_kib > kb]
    where = []
    if others:
        where.append("CMA or the high-atomic reserve")
    where += [z.title for z in barred]
    lie = f"; those that are left lie in {' and '.join(where)}" if where else ""
    free = ", ".join(f"{z.title} {size(z.free_kib)} free: {z.why}" for z in short)
    return Cause(
        "fragmentation",
        f"Memory is fragmented: no free block of {kb} kB (order {order}) that this request may use"
        f"{lie}.",
        (free, *(f"{z.title}: {size(z.free_kib)} free, but {z.why}" for z in barred)),
        "/proc/buddyinfo and /proc/pagetypeinfo",
    )


def other_zones(facts: Facts) -> Cause | None:
    """The zones it may use have nothing for it, one that it may not use has."""
    able = [z for z in facts.zones if z.allowed]
    if any(z.usable is not False for z in facts.zones):
        return None
    spare = [
        z
        for z in facts.zones
        if z.allowed is False and z.free_kib > max(4 * (z.min_kib or 0), 0.05 * facts.total_kib)
    ]
    if not spare:
        return None
    free = " and ".join(f"{z.title} has {size(z.free_kib)} free" for z in spare)
    full = " and ".join(z.title for z in able)
    evidence = tuple(f"{z.title}: {z.why}" for z in (*able, *spare))
    if all("nodes" in z.why for z in spare):
        why = f"The nodes that this request was bound to are full, while {free}."
        return Cause("nodes", why, evidence, "numastat -m, and the cpuset or memory policy")
    if not able:
        why = f"{free}, but this request may not use it, and its nodes have no other zone."
        return Cause("CMA or Movable only", why, evidence, "numactl -H, and the cpuset's mems")
    if all(z.name == "Movable" for z in spare):
        why = f"{free}, but this request may use {full} only, which has nothing left for it."
        return Cause("CMA or Movable only", why, evidence, "movablecore=, kernelcore= at boot")
    why = f"A low zone is full: this request may use {full} only, while {free}."
    return Cause("low zone", why, evidence, "/proc/zoneinfo")


def only_cma(facts: Facts) -> Cause | None:
    """Without its CMA pages a zone is below its mark, with them it is far above."""
    cma = (
        sum(z.sizes_kb.get("free_cma", 0) for z in facts.report.memory.zones)
        if (facts.report.memory)
        else 0
    )
    able = [z for z in facts.zones if z.allowed]
    if not able or any(z.usable is not False for z in able):
        return None
    if cma < max(0.5 * sum(z.free_kib for z in able), 0.02 * facts.total_kib):
        return None
    if not any("CMA" in z.why for z in able):
        return None
    return Cause(
        "CMA or Movable only",
        f"What is free are CMA pages ({size(cma)}), which only movable requests may use.",
        tuple(f"{z.title}: {z.why}" for z in able),
        "CmaFree in /proc/meminfo, cma= at boot",
    )


def free_but(facts: Facts) -> Cause | None:
    """Plenty is free for this very request: nothing here says why it failed."""
    spare = sum(z.available_kib for z in facts.zones if z.usable)
    least = sum(z.min_kib or 0 for z in facts.zones if z.usable)
    if not facts.total_kib or spare < max(4 * least, 0.1 * facts.total_kib):
        return None
    return Cause(
        "unclear",
        f"Why it failed is unclear: {size(spare)} were free for this request when it was listed.",
        tuple(f"{z.title}: {z.why}" for z in facts.zones if z.usable),
        "whether memory came free just then: vmstat 1, or the reports around it",
    )


# who holds it


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
        both = " and ".join(f"{CAUSES[kind]} ({size(held[kind])})" for kind in (first, second))
        why = f"No single holder: the largest of {size(total)} are {both}."
        return Cause("unclear", why, tuple(evidence), "/proc/meminfo over time")
    share = f"{size(kib)} of {size(total)} ({percent(kib, total)})"
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
        why = f"Swap is full ({size(total)}) and holds more than the memory: {_top(facts)}."
        return Cause("swap", why, tuple(evidence), "vmstat 1, columns si and so")
    if total and used and room > 0.1 * total and not order and account.of("anonymous") > room:
        why = (
            f"Processes hold {share}, and swap has {size(room)} of {size(total)} free but took no "
            "more: as a zram does whose pages find no memory."
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
    named = f", most of it {_top(facts)}" if facts.programs else ""
    return Cause("processes", f"Processes hold {share}{named}{swap}.", tuple(evidence))


def _swap_state(total: int, used: int) -> str:
    if not total:
        return "there is no swap"
    if total - used < 0.02 * total:
        return "swap is full"
    return f"{percent(used, total)} of {size(total)} swap is used"


def _swap(account: Account) -> Iterator[str]:
    if account.swap_total_kib is not None and account.swap_used_kib is not None:
        total = account.swap_total_kib
        yield f"swap: {size(account.swap_used_kib)} of {size(total)} used" if total else "no swap"


def _top(facts: Facts) -> str:
    """The largest programs, with how much is resident; what they share counts for each."""
    told = []
    for program in facts.programs[:3]:
        many = f" ({program.processes} processes)" if program.processes > 1 else ""
        told.append(f"{program.name}{many} {size(program.rss_kib)}")
    summed = sum(program.rss_kib for program in facts.programs)
    shared = facts.account and summed > 1.05 * facts.account.total_kib
    return ", ".join(told) + " (what they share is counted for each)" * bool(shared)


def _shared(facts: Facts, account: Account, share: str, evidence: tuple[str, ...]) -> Cause:
    why = f"Shared memory and tmpfs hold {share}, which no kill of a reader gives back."
    return Cause("shared memory", why, evidence, "df -t tmpfs; ipcs -m; ls -l /dev/shm")


def _cache(facts: Facts, account: Account, share: str, evidence: tuple[str, ...]) -> Cause:
    dirty = account.of("file cache, dirty or being written")
    waits = f", {size(dirty)} of it dirty or being written" if dirty else ", though it is clean"
    why = f"File pages that could not be dropped hold {share}{waits}."
    return Cause("page cache", why, evidence, "Dirty and Writeback in /proc/meminfo; iostat -x 1")


def _slab(facts: Facts, account: Account, share: str, evidence: tuple[str, ...]) -> Cause:
    slabs = facts.report.memory.slabs_kb
    largest = sorted(slabs.items(), key=lambda item: -item[1])[:3]
    named = f"; the largest caches: {', '.join(f'{n} {size(kb)}' for n, kb in largest)}"
    why = f"The kernel's slab caches hold {share}{named * bool(largest)}."
    return Cause("slab", why, evidence, "slabtop -sc; /proc/slabinfo")


def _tables(facts: Facts, account: Account, share: str, evidence: tuple[str, ...]) -> Cause:
    why = f"Page tables and kernel stacks hold {share}: many tasks, or much memory mapped often."
    return Cause("page tables", why, evidence, "VmPTE in /proc/PID/status; the number of threads")


def _huge(facts: Facts, account: Account, share: str, evidence: tuple[str, ...]) -> Cause:
    free = sum(free * kb for _, free, kb in facts.report.memory.hugepages)
    idle = f", {size(free)} of them unused" if free else ""
    why = f"Huge pages that were set aside hold {share}{idle}; nothing else may use them."
    return Cause("huge pages", why, evidence, "HugePages_Free in /proc/meminfo")


def _uncounted(facts: Facts, account: Account, share: str, evidence: tuple[str, ...]) -> Cause:
    looks = "a leak in the kernel, a balloon of the hypervisor, ZFS's ARC, a GPU's buffers, zram"
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
    return Cause("processes", f"Processes hold {share}, most of it {_top(facts)}.", (), tell)


def facts_of(report: Report, account: Account | None, zones: list[Judged]) -> Facts:
    return Facts(report, account, tuple(zones), tuple(programs(report)))
