"""A failed request that was no OOM: reclaim could not help it, or it did not wait for it.

A request of up to 8 pages (PAGE_ALLOC_COSTLY_ORDER 3) that may wait is tried again until the OOM
killer helps; what ends that is named below (__alloc_pages_slowpath, 3.10 to 6.18). So who holds the
memory is no cause here: what they hold could still be reclaimed.
"""

from ....model.gfp import PAGE_ALLOC_COSTLY_ORDER
from ..asked import Asked, asked_of
from .kinds import Cause, Facts, size

EARLY = {"__GFP_NORETRY", "__GFP_RETRY_MAYFAIL", "__GFP_REPEAT"}


def hasty(facts: Facts) -> Cause | None:
    """Why this request could fail, and what was free for it."""
    report = facts.report
    if not report.failure or report.invoker is None:
        return None
    flags = report.invoker.gfp_flags
    told = f" [{'|'.join(flags)}]" if flags else ""
    why = "This request waited long for memory to be reclaimed, and goes on"
    if not report.stall:
        why = _why(asked_of(report), set(flags))
    if not facts.zones:
        return Cause("request", f"{why}{told}.", (), "the lines after it, from Mem-Info on")
    free = sum(zone.free_kib for zone in facts.zones)
    again = " and ".join(zone.title for zone in facts.zones if zone.usable)
    there = f"when the lists were made, {again} had enough for it again"
    none = (
        f"no zone had enough for it, though {size(free)} were free" if free else "nothing was free"
    )
    if any(zone.usable is None for zone in facts.zones):
        none = f"{size(free)} were free, of which not all is for it"
    return Cause(
        "request",
        f"{why}{told}; {there if again else none}.",
        tuple(f"{zone.title}: {zone.why}" for zone in facts.zones),
        "how often it comes; vm.min_free_kbytes",
    )


def _why(asked: Asked, flags: set[str]) -> str:
    if not asked.waits:
        return "This request could not wait for memory to be reclaimed"
    if "__GFP_MEMALLOC" in flags and not asked.marks:
        return "This request may use all reserves, and found none"
    if asked.reclaims:
        return "This request came from reclaim itself, which does not wait for itself"
    if EARLY & flags:
        return "This request gives up before all was tried"
    if asked.order > PAGE_ALLOC_COSTLY_ORDER:
        return (
            f"This request was for a large block (order {asked.order}), and reclaim soon gives up"
        )
    return (
        "This request may wait, and fails only in a task that is being killed or reclaims itself, "
        "for a low zone or for one node"
    )
