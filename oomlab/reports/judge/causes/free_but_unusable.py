"""Memory is free, but not for this request: rules that look at the zones."""

from .kinds import Cause, Facts, size


def page_fault(facts: Facts) -> Cause | None:
    """pagefault_out_of_memory(): gfp_mask 0, and a zone far above its marks."""
    report = facts.report
    invoker = report.invoker
    if not ((invoker and invoker.gfp_mask == 0) or "pagefault_out_of_memory" in report.via):
        return None
    spare = sum(z.available_kib or 0 for z in facts.zones if z.usable)
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
    short = [z for z in facts.zones if z.allowed and z.usable is False and z.blocks is not None]
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
    none = "too few free blocks" if any(z.blocks for z in short) else "no free block"
    return Cause(
        "fragmentation",
        f"Memory is fragmented: {none} of {kb} kB (order {order}) that this request may use{lie}.",
        (free, *(f"{z.title}: {size(z.free_kib)} free, but {z.why}" for z in barred)),
        "/proc/buddyinfo and /proc/pagetypeinfo",
    )


def other_zones(facts: Facts) -> Cause | None:
    """The zones it may use have next to nothing for it, one that it may not use has."""
    able = [z for z in facts.zones if z.allowed]
    if any(z.usable is None for z in facts.zones):
        return None
    spare = [
        z
        for z in facts.zones
        if z.allowed is False and z.free_kib > max(4 * (z.min_kib or 0), 0.05 * facts.total_kib)
    ]
    above = sum((z.available_kib or 0) - (z.min_kib or 0) for z in facts.zones if z.usable)
    if not spare or above > 0.02 * sum(z.free_kib for z in spare):  # some came free since
        return None
    free = " and ".join(f"{z.title} has {size(z.free_kib)} free" for z in spare)
    full = " and ".join(z.title for z in able)
    empty = all(not z.free_kib and not z.min_kib for z in able)
    near = any(z.usable for z in able)
    left = "no memory is in it" if empty else f"{'little' if near else 'nothing'} is left for it"
    evidence = tuple(f"{z.title}: {z.why}" for z in (*able, *spare))
    if all("nodes" in z.why for z in spare):
        why = f"The nodes that this request was bound to are full, while {free}."
        return Cause("nodes", why, evidence, "numastat -m, and the cpuset or memory policy")
    if not able:
        why = f"{free}, but this request may not use it, and its nodes have no other zone."
        return Cause("nodes", why, evidence, "numactl -H, and the cpuset's mems")
    if all(z.name == "Movable" for z in spare):
        why = f"{free}, but this request may use {full} only: {left}."
        return Cause("CMA or Movable only", why, evidence, "movablecore=, kernelcore= at boot")
    why = f"A low zone is short: this request may use {full} only ({left}), while {free}."
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


def broken_marks(facts: Facts) -> Cause | None:
    """A mark or a reserve larger than the machine: counters of the kernel went below zero."""
    whole = facts.total_kib
    for zone in facts.zones if whole else ():
        kept = -(zone.available_kib or 0)  # more than all that is free
        most = max(zone.min_kib or 0, kept)
        if most > whole:
            return Cause(
                "unclear",
                f"The kernel's own counters are broken: {zone.title} keeps back {most} kB, more "
                f"than the machine has ({size(whole)}), so that nothing can be had from it.",
                (f"{zone.title}: {zone.why}",),
                "managed in /proc/zoneinfo: a fault of a balloon or of memory hotplug",
            )
    return None


def free_but(facts: Facts) -> Cause | None:
    """Plenty is free for this very request: nothing here says why it failed."""
    spare = sum(z.available_kib or 0 for z in facts.zones if z.usable)
    least = sum(z.min_kib or 0 for z in facts.zones if z.usable)
    if not facts.total_kib or spare < max(4 * least, 0.1 * facts.total_kib):
        return None
    return Cause(
        "unclear",
        f"Why it failed is unclear: {size(spare)} were free for this request when it was listed.",
        tuple(f"{z.title}: {z.why}" for z in facts.zones if z.usable),
        "whether memory came free just then: vmstat 1, or the reports around it",
    )
