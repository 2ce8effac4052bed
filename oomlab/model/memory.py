"""The page allocator: one zone, its watermarks and reserves, and the slow path (mm/page_alloc.c).

Memory is counted in pages of 4 kB and never invented: free + reclaimable + stuck + what tasks, mms
and shared objects own + what the kernel reserved at boot = managed, after every step.
"""

from math import isqrt

from .gfp import (
    __GFP_ATOMIC,
    __GFP_DIRECT_RECLAIM,
    __GFP_FS,
    __GFP_HIGH,
    __GFP_MEMALLOC,
    __GFP_NOFAIL,
    __GFP_NOMEMALLOC,
    __GFP_NORETRY,
    __GFP_REPEAT,
    __GFP_RETRY_MAYFAIL,
    ALLOC_HARDER,
    ALLOC_HIGH,
    ALLOC_NO_WATERMARKS,
    ALLOC_OOM,
    MAX_RECLAIM_RETRIES,
    PAGE_ALLOC_COSTLY_ORDER,
)
from .locks import TASK_UNINTERRUPTIBLE, Steps, schedule_timeout
from .oom import ABORT, OomControl, out_of_memory
from .tasks import PF_DUMPCORE, PF_KTHREAD, PF_MEMALLOC, tsk_is_oom_victim
from .vmscan import kswapd_is_due, try_to_free_pages, wakeup_kswapd, zone_reclaimable_pages


def min_free_kbytes(lowmem_kbytes: int) -> int:
    """4 * sqrt(lowmem), at least 128 kB. (The most differs by version; no scenario comes near.)"""
    return max(128, min(isqrt(lowmem_kbytes * 16), 65536))


class Zone:
    """struct zone, the only one: counts of pages, and the marks below which they get scarce."""

    __slots__ = (
        *("name", "managed", "min", "low", "high", "free", "reserved", "reclaimable"),
        *("stuck_lru", "pages_scanned", "total_swap", "reaped", "pages_to"),
    )
    NOT_STATE = ("reaped", "pages_to")  # only told: who got pages that the reaper made free

    def __init__(self, managed: int, watermarks: str = "quarter", min_kbytes: int | None = None):
        """The marks are those of init_per_zone_wmark_min and __setup_per_zone_wmarks."""
        kbytes = min_free_kbytes(managed * 4) if min_kbytes is None else min_kbytes
        self.name = "Normal"
        self.managed = managed
        self.min = kbytes // 4
        scaled = watermarks == "scaled"
        step = max(self.min // 4, managed * 10 // 10000 if scaled else 0)
        self.low = self.min + step
        self.high = self.min + (2 * step if scaled else self.min // 2)
        self.free = managed
        self.reserved = 0  # taken at boot, or in the pool of huge pages: never given back
        self.reclaimable = 0  # clean page cache
        self.stuck_lru = 0  # on the LRU lists, but reclaim cannot free it (dirty, pinned)
        self.pages_scanned = 0  # since reclaim last freed a page
        self.total_swap = 0
        self.reaped = 0  # pages the reaper made free and no task took yet
        self.pages_to = {"dying": 0, "normal": 0, "kernel": 0}  # who took reaped pages

    def free_pages(self, pages: int) -> None:
        """__free_pages(): back to the free list. v4.4's reclaim takes new hope from it."""
        if pages:  # a task that has none to give back depends on no other's pages
            self.free += pages
        self.pages_scanned = 0


def wmark(zone: Zone, alloc_flags: int) -> int:
    """The min mark as a request with these rights sees it (zone_watermark_ok, K 4.4 to 6.12)."""
    if alloc_flags & ALLOC_NO_WATERMARKS:
        return -1
    mark = zone.min
    if alloc_flags & ALLOC_HIGH:
        mark -= mark // 2
    if alloc_flags & ALLOC_OOM:
        mark -= mark // 2
    elif alloc_flags & ALLOC_HARDER:
        mark -= mark // 4
    return mark


def gfp_to_alloc_flags(current, gfp: int) -> int:
    """What this task may do for this request below the min mark: by its mask, then as a victim."""
    rule, reserves = current.kernel.policy.alloc_harder, current.kernel.policy.reserves
    flags = ALLOC_HIGH if gfp & __GFP_HIGH else 0
    if not gfp & __GFP_DIRECT_RECLAIM and (rule != "gfp-atomic" or gfp & __GFP_ATOMIC):
        # ALLOC_NON_BLOCK (v6.3) counts only together with __GFP_HIGH
        if not gfp & __GFP_NOMEMALLOC and (flags or rule != "non-block"):
            flags |= ALLOC_HARDER
    elif current.fifo:  # a real-time task; its quarter is a half from v6.3 on
        flags |= ALLOC_HIGH if rule == "non-block" else ALLOC_HARDER
    if gfp & __GFP_NOMEMALLOC:
        return flags
    if gfp & __GFP_MEMALLOC or current.flags & PF_MEMALLOC:
        return ALLOC_NO_WATERMARKS
    if reserves == "oom-half":  # every thread of the victim, half of the reserve (4.14)
        # the first look is by the request's own rights, and who cannot wait has no other
        deeper = flags == ALLOC_HIGH | ALLOC_HARDER and not gfp & __GFP_DIRECT_RECLAIM
        return ALLOC_OOM if tsk_is_oom_victim(current) and not deeper else flags
    if reserves != "none" and current.memdie:
        return ALLOC_NO_WATERMARKS
    if reserves == "favour-dying" and gfp & __GFP_DIRECT_RECLAIM:  # M02
        if current.flags & PF_KTHREAD or current.sigkill:
            flags |= ALLOC_HIGH
    return flags


def get_page_from_freelist(current, mark: int, order: int = 0) -> bool:
    """Take 2**order pages if more than `mark` stay free."""
    zone = current.kernel.zone
    pages = 1 << order
    if zone.free - pages + 1 <= mark or zone.free < pages:
        return False
    zone.free -= pages
    if zone.reaped:
        share_out(current, zone, min(pages, zone.reaped))
    return True


def share_out(current, zone: Zone, pages: int) -> None:
    """Note who got pages that the reaper had made free: the question of M16."""
    zone.reaped -= pages
    dying = current.sigkill or current.memdie
    who = "kernel" if current.flags & PF_KTHREAD else "dying" if dying else "normal"
    zone.pages_to[who] += pages


def alloc_pages(current, gfp: int, order: int = 0) -> Steps:
    """True if 2**order pages were taken (__alloc_pages_nodemask); the caller owns them now."""
    if get_page_from_freelist(current, current.kernel.zone.low, order):
        return True
    current.allocating = gfp
    page = yield from __alloc_pages_slowpath(current, gfp, order)
    current.allocating = 0
    if not page:
        current.kernel.event("page_allocation_failure", current, vain=True)  # warn_alloc()
    return page


def __alloc_pages_slowpath(current, gfp: int, order: int) -> Steps:
    """Reclaim, kill, nap, and again: true if pages were taken (v4.4 and, by policy, v4.7+).

    A request of order <= 3 that may sleep is "too small to fail": it loops here until there is
    memory, or until the task is itself a victim.
    """
    kernel = current.kernel
    zone, policy = kernel.zone, kernel.policy
    old, dips = policy.nofail in ("loops", "kills"), policy.nofail == "dips"
    no_progress_loops = reclaimed = alloc_flags = 0
    again = False  # to 3.10 by the rights that it had (rebalance), in 2.6.38 without a first look
    while True:
        wakeup_kswapd(kernel, gfp)
        yield "allocate", zone
        if kernel.turn > 1 and not no_progress_loops:
            kernel.asked = kernel.turn  # go_round() may take the rest of this turn
        keeps = again and policy.nofail == "loops"
        alloc_flags = alloc_flags if keeps else gfp_to_alloc_flags(current, gfp)
        looks = not again or policy.nofs != "loop-blind"
        if looks and get_page_from_freelist(current, wmark(zone, alloc_flags), order):
            return True
        if may_reclaim(current, gfp, alloc_flags):
            progress = yield from try_to_free_pages(current, gfp)
            if progress and get_page_from_freelist(current, wmark(zone, alloc_flags), order):
                return True  # by the rights it had before it reclaimed
            small = order <= PAGE_ALLOC_COSTLY_ORDER
            insists = gfp & __GFP_REPEAT or gfp & __GFP_NOFAIL and policy.nofail != "costly-fails"
            if not gfp & __GFP_NORETRY and (small or insists):
                if policy.retry == "while-progress":
                    reclaimed = min(reclaimed + progress, 1 << order) if gfp & __GFP_REPEAT else 0
                    again = should_alloc_retry(policy, gfp, order, progress, reclaimed)
                else:
                    no_progress_loops = 0 if progress and small else no_progress_loops + 1
                    again = should_reclaim_retry(current, order, alloc_flags, no_progress_loops)
                if again:
                    continue
                page, progress = yield from __alloc_pages_may_oom(current, gfp, order)
                if page:
                    return True
                if policy.reserves == "oom-half" and tsk_is_oom_victim(current):
                    if alloc_flags & ALLOC_OOM or gfp & __GFP_NOMEMALLOC:
                        progress = False  # even its half of the reserves is used up
                if progress:
                    no_progress_loops = 0
                    go_round(kernel, progress)
                    progress = True  # it was, or ABORT: that decides nothing from here on
                    continue
        insisting = gfp & __GFP_DIRECT_RECLAIM and (dips or current.flags & PF_MEMALLOC)
        if not gfp & __GFP_NOFAIL or not (alloc_flags & ALLOC_NO_WATERMARKS if old else insisting):
            return False  # nopage
        if dips and __alloc_pages_cpuset_fallback(current, order):
            return True


def go_round(kernel, progress) -> None:
    """Take the rest of a turn at once, if each round of it is like the last.

    That round took two steps, both of this turn, and asked in vain: no page, nothing to reclaim, a
    victim that has not finished yet. So nothing has changed, and nothing will before the turn is
    over. A patch may count in its functions: there every round is taken.
    """
    if progress == ABORT and kernel.turn == kernel.asked - 1 and kernel.policy.patch is None:
        if not kswapd_is_due(kernel):
            kernel.turn -= (kernel.turn - 1) // 2 * 2


def may_reclaim(current, gfp: int, alloc_flags: int) -> bool:
    """May it free pages itself? Not if it must not wait, and not inside reclaim."""
    policy = current.kernel.policy
    if not gfp & __GFP_DIRECT_RECLAIM or current.flags & PF_MEMALLOC:
        return False
    if gfp & __GFP_NOFAIL:  # to v4.4 not if it may take the last page (__alloc_pages_high_priority)
        return policy.nofail not in ("loops", "kills") or not alloc_flags & ALLOC_NO_WATERMARKS
    return policy.reserves == "oom-half" or not current.memdie  # even the reserves are empty then


def __alloc_pages_cpuset_fallback(current, order: int) -> bool:
    """The nopage branch of a request that must not fail: a last look, below the mark (v4.14)."""
    zone, policy = current.kernel.zone, current.kernel.policy
    deeper = ALLOC_HIGH if policy.alloc_harder == "non-block" else ALLOC_HARDER
    return get_page_from_freelist(current, wmark(zone, deeper), order)


def should_alloc_retry(policy, gfp: int, order: int, progress: int, reclaimed: int) -> bool:
    """Is another round of reclaim worth it, to v4.6? As long as it claims any progress.

    With __GFP_REPEAT: until it has freed as many pages as it wants, each mere hope counts as one.
    """
    small = order <= PAGE_ALLOC_COSTLY_ORDER
    insisting = bool(gfp & __GFP_REPEAT) and reclaimed < 1 << order
    if policy.nofail != "loops":  # 4.4, 4.6: nothing else ends that
        return insisting or small and progress > 0
    hopes = progress > 0 or not gfp & __GFP_FS  # without __GFP_FS it does not come to the killer
    return hopes and bool(small or insisting or gfp & __GFP_NOFAIL)


def should_reclaim_retry(current, order: int, alloc_flags: int, loops: int) -> bool:
    """Is another round of reclaim worth it, before a task is killed?

    v4.7: 16 rounds without progress at most, and only while free pages and those on the LRU lists
    would pass the request's mark. Whether the latter can be freed is not asked.
    """
    zone, policy = current.kernel.zone, current.kernel.policy
    if loops > MAX_RECLAIM_RETRIES:
        return False
    available = zone_reclaimable_pages(current.kernel)
    if policy.retry == "backs-off":  # K 4.10; in K 4.14 no more
        available -= -(-loops * available // MAX_RECLAIM_RETRIES)
    mark = wmark(zone, alloc_flags & ~ALLOC_NO_WATERMARKS)
    return zone.free + available - (1 << order) + 1 > mark


def __alloc_pages_may_oom(current, gfp: int, order: int) -> Steps:
    """Kill, if no other task is at it: (page taken, worth retrying)."""
    kernel = current.kernel
    zone, policy, oom_lock = kernel.zone, kernel.policy, kernel.oom_lock
    nofail = gfp & __GFP_NOFAIL
    insisting = nofail and policy.nofail != "dips"
    dumps = current.flags & PF_DUMPCORE and policy.nofs != "loop-blind"
    may_fail = policy.retry_mayfail and gfp & __GFP_RETRY_MAYFAIL
    # would a kill help nothing, or help a task that can do without?
    refused = bool(dumps or may_fail or order > PAGE_ALLOC_COSTLY_ORDER) and not insisting
    yield "trylock", oom_lock
    if not oom_lock.trylock(current):  # another task is killing for us
        yield from schedule_timeout(current, TASK_UNINTERRUPTIBLE, 1)
        # K 2.6.38, 3.10: who may not kill fails now, too
        return False, policy.nofail != "loops" or not (refused or kernel.oom_killer_disabled)
    page = get_page_from_freelist(current, zone.high, order)  # a kill may just have ended
    if page or refused:
        progress = page
    elif not gfp & __GFP_FS and policy.nofs != "mark-dying" and not insisting:
        # No kill on behalf of a filesystem: loop "as per tradition", but not in a suspend.
        progress = policy.nofs != "loop-till-suspend" or not kernel.oom_killer_disabled
    else:
        progress = yield from out_of_memory(current, OomControl(gfp, order))
        progress = progress or bool(nofail and policy.nofail != "loops")
        if nofail and policy.nofail not in ("loops", "kills"):
            page = get_page_from_freelist(current, -1, order)
    oom_lock.unlock()
    return page, progress
