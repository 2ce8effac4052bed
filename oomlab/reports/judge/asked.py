"""What the zones have to know of a request: where it may go, how deep, and if it may wait.

The min mark is halved for __GFP_HIGH. A request that cannot wait goes a quarter deeper: before 4.4
each (GFP_NOWAIT too), from then on the atomic ones, unless __GFP_NOMEMALLOC forbids it. The same
ones may use the high-atomic reserve, and since 6.3 all that cannot wait. __GFP_MEMALLOC, and a task
that is reclaiming itself (PF_MEMALLOC), know no mark at all; a softirq on top of it does not count,
it takes the flag off. An atomic page need not stay above what a mark was raised by for a while
(watermark_boost; 5.9+). Sources: gfp_to_alloc_flags, __zone_watermark_ok, zone_watermark_fast,
__gfp_pfmemalloc_flags (mm/page_alloc.c), __do_softirq, 3.10 to 6.18.
"""

import re
from dataclasses import dataclass

from ..read.report import Invoker, Report
from .gfp_mask import decode
from .kernels import version

GFP_HIGHMEM, GFP_MOVABLE, GFP_HIGH = 2, 8, 0x20  # of all versions
ANYTHING = GFP_HIGHMEM | GFP_MOVABLE
MAY_WAIT = {"GFP_KERNEL", "GFP_USER", "GFP_NOFS", "GFP_NOIO", "__GFP_RECLAIM", "__GFP_WAIT"}
MAY_WAIT |= {"GFP_HIGHUSER", "GFP_HIGHUSER_MOVABLE", "GFP_KERNEL_ACCOUNT", "__GFP_DIRECT_RECLAIM"}
MAY_WAIT |= {"GFP_TEMPORARY", "GFP_TRANSHUGE"}
RECLAIM = {
    *("balance_pgdat", "shrink_node", "shrink_zone", "shrink_slab", "shrink_lruvec"),
    *("try_to_free_pages", "do_try_to_free_pages", "try_to_free_mem_cgroup_pages"),
    *("shrink_inactive_list", "shrink_folio_list", "shrink_page_list", "evict_folios"),
}
INTERRUPT = re.compile(
    r"(?:__)?(?:do_|invoke_|handle_)softirqs?$|run_ksoftirqd|irq_exit|\w*_irq_|do_IRQ|el\d\w*_irq"
    r"|asm_\w*interrupt"
)


@dataclass(frozen=True)
class Asked:
    """A request. `harder`: a quarter below the mark; `marks` False: no mark keeps anything back."""

    zone_mask: int | None
    order: int
    high: bool  # __GFP_HIGH: may go to half the min mark
    harder: bool
    reserve: bool  # may use the high-atomic reserve
    boosted: bool  # a boost of the mark binds it
    marks: bool
    reclaims: bool  # comes from reclaim
    waits: bool  # may wait for reclaim
    halving: bool  # before 4.4: of each order half as much must stay
    nodes: frozenset[int]  # empty: all

    @property
    def movable(self) -> bool:
        return bool((self.zone_mask or 0) & GFP_MOVABLE)


UNKNOWN = Asked(None, 0, False, False, False, True, True, False, True, False, frozenset())


def asked_of(report: Report) -> Asked:
    """The request of the header line. Without flags (a page fault) it is a page of any zone."""
    invoker = report.invoker
    if invoker is None or invoker.gfp_mask is None:
        return UNKNOWN
    mask, release = invoker.gfp_mask, version(report) or (5, 0)
    flags = set(invoker.gfp_flags or decode(mask, version(report)))
    high, waits = bool(mask & GFP_HIGH), not flags or bool(flags & MAY_WAIT)
    reclaims = report.failure and (  # a task that reclaims never comes to the OOM killer
        is_of_reclaim(report) or (waits and invoker.comm.startswith("kswapd"))
    )
    allowed = not waits and "__GFP_NOMEMALLOC" not in flags
    harder = allowed and (release < (4, 4) or high)
    order = invoker.order if invoker.order and 0 < invoker.order < 20 else 0
    return Asked(
        zone_mask=mask & 15 if mask else ANYTHING,
        order=order,
        high=high,
        harder=harder,
        reserve=harder or (allowed and release >= (6, 3)),
        boosted=order > 0 or release < (5, 9) or not (high if release >= (6, 3) else harder),
        marks="__GFP_NOMEMALLOC" in flags or not ("__GFP_MEMALLOC" in flags or reclaims),
        reclaims=reclaims,
        waits=waits,
        halving=release < (4, 4),
        nodes=_nodes(report, invoker, flags),
    )


def is_of_reclaim(report: Report) -> bool:
    """By the stack: the request came from reclaim, in the task itself and not in an interrupt."""
    names = [name.partition(".")[0] for name in report.trace]
    inner = next((i for i, name in enumerate(names) if name in RECLAIM), None)
    return inner is not None and not any(INTERRUPT.match(name) for name in names[:inner])


def _nodes(report: Report, invoker: Invoker, flags: set[str]) -> frozenset[int]:
    """Nodes of the memory policy; those of the cpuset bind a request of a user only."""
    user = any("USER" in flag or "HARDWALL" in flag for flag in flags)
    if report.kind in ("cpuset", "mempolicy", "mempolicy or cpuset") or invoker.nodemask:
        return frozenset(report.allowed_nodes)
    return frozenset(report.allowed_nodes) if user else frozenset()
