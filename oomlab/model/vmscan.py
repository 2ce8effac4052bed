"""Reclaim: page cache, mapped files, and anonymous pages that go to swap (mm/vmscan.c).

In about the order of Linux: first what is not mapped, then what can be read again, last what must
be written out before. What memory.low protects comes last of all. A file mapping without a file
behind it (VMA.shmem) stands for pages in constant use, which reclaim leaves alone; mlocked areas
are never taken. Simplified: a page that was taken does not come back by itself: nothing thrashes;
no MADV_FREE; what exceeds memory.low is not protected at all (from v5.4 on it is, in proportion),
and a batch stops right there (in Linux it may go up to 32 pages below it).
"""

from functools import partial

from .gfp import __GFP_DIRECT_RECLAIM, __GFP_FS, __GFP_IO, __GFP_KSWAPD_RECLAIM
from .locks import Steps
from .mm import ANON, FILE, PAGE_COUNTER_MAX, ancestors
from .tasks import PF_MEMALLOC

SWAP_CLUSTER_MAX = 32  # pages that one round of reclaim tries to free
KSWAPD_GFP = __GFP_IO | __GFP_FS  # what kswapd may do (balance_pgdat)


def try_to_free_pages(current, gfp: int) -> Steps:
    """Direct reclaim: pages freed, or in v4.4 the mere hope of some.

    v4.4 reports progress while fewer than six times the LRU pages were scanned in vain. With pages
    that it cannot free this is a silent hang: no task is ever killed (M08, kernel-facts 4).
    Simplified: a call scans 32 pages; in Linux all of them some times (K 4.4 get_scan_count), so
    that two or three calls in vain are enough, if no page comes back (free_pcppages_bulk).
    """
    kernel, zone = current.kernel, current.kernel.zone
    if not reclaimable_pages(kernel, gfp) and not zone.stuck_lru:
        return 0
    current.flags |= PF_MEMALLOC
    yield "reclaim from", zone
    current.flags &= ~PF_MEMALLOC
    freed = shrink_zone(kernel, gfp)
    if not freed and kernel.policy.retry == "while-progress":
        return 1 if zone.pages_scanned < 6 * zone_reclaimable_pages(kernel) else 0
    return freed


def shrink_zone(kernel, gfp: int) -> int:
    """Free up to SWAP_CLUSTER_MAX pages; what cannot be freed is only scanned."""
    zone = kernel.zone
    freed = min(SWAP_CLUSTER_MAX, zone.reclaimable)
    zone.reclaimable -= freed
    zone.pages_scanned += SWAP_CLUSTER_MAX
    if freed:
        zone.free_pages(freed)
        gfp &= ~__GFP_DIRECT_RECLAIM  # something was freed: what memory.low protects stays
    return freed + shrink_lruvec(kernel, gfp, None, SWAP_CLUSTER_MAX - freed)


def shrink_lruvec(kernel, gfp: int, target, most: int = SWAP_CLUSTER_MAX) -> int:
    """Free up to `most` pages that belong to the cgroup `target` or to one below it (None: any)."""
    freed = 0
    # kswapd takes nothing that memory.low protects (K 4.4, 6.18 do_try_to_free_pages alone does)
    for low_reclaim in (False, True) if gfp & __GFP_DIRECT_RECLAIM else (False,):
        allowed = partial(above_low, kernel, low_reclaim, target)
        for file in mapped_files(kernel, target):
            gone = max(min(most - freed, allowed(file.memcg), file.pages), 0)
            unmap_shared(kernel, file, gone)
            freed += gone
        for owner, anon in swappable(kernel, gfp, target):
            freed += swap_out(kernel, owner, anon, min(most - freed, allowed(owner.memcg)))
        if freed:
            kernel.zone.free_pages(freed)
            break
    return freed


def above_low(kernel, low_reclaim: bool, target, memcg) -> int:
    """How many of its pages memory.low leaves to this reclaim (`policy.memory_low`)."""
    rule = kernel.policy.memory_low
    path = [] if low_reclaim else ancestors(memcg)
    below = path[: path.index(target) + (rule == "target-too")] if target in path else path
    if rule != "shared" or not below:
        return max((m.usage - m.low + 1 for m in below), default=PAGE_COUNTER_MAX)
    low = below[-1].low
    for m in below[-2::-1]:
        asked = sum(min(c.usage, c.low) for c in kernel.memcgs if c.parent is m.parent)
        low = min(m.low, low * min(m.usage, m.low) // max(asked, 1))
    return memcg.usage - low


def reclaimable_pages(kernel, gfp: int) -> int:
    """What reclaim could free for this request."""
    files = sum(file.pages for file in mapped_files(kernel))
    anon = sum(anon.pages for _, anon in swappable(kernel, gfp))
    return kernel.zone.reclaimable + files + min(anon, kernel.swap_free)


def zone_reclaimable_pages(kernel) -> int:
    """What lies on the LRU lists, freeable or not; anonymous pages only if there is swap."""
    files = sum(file.pages for file in mapped_files(kernel))
    anon = sum(anon.pages for _, anon in swappable(kernel, KSWAPD_GFP))
    return kernel.zone.reclaimable + kernel.zone.stuck_lru + files + anon


def page_cache(kernel) -> tuple[int, int]:
    """Pages of files and of shared memory (NR_FILE_PAGES), and the latter alone (NR_SHMEM)."""
    zone = kernel.zone
    vmas = [vma for mm in kernel.mms for vma in mm.vmas]
    shared = {v.shmem for v in vmas if v.shmem and v.kind != ANON}.union(kernel.shmems)
    files = {v.shmem for v in vmas if v.shmem and v.kind == FILE}
    cache = zone.reclaimable + zone.stuck_lru + sum(shmem.pages for shmem in shared)
    mapped = sum(vma.pages for vma in vmas if vma.kind == FILE and not vma.shmem)
    return cache + mapped, sum(shmem.pages for shmem in shared - files)


def inside(memcg, target) -> bool:
    return target is None or target in ancestors(memcg)


def mapped_files(kernel, target=None) -> list:
    """Files that are mapped and could be read again, each once, however many map it."""
    vmas = [vma for mm in kernel.mms for vma in mm.vmas if vma.shmem and vma.kind == FILE]
    if not vmas:  # as it mostly is
        return vmas
    pinned = {vma.shmem for vma in vmas if vma.locked}
    files = dict.fromkeys(vma.shmem for vma in vmas if inside(vma.shmem.memcg, target))
    return [file for file in files if file not in pinned]


def swappable(kernel, gfp: int, target=None) -> list[tuple]:
    """Anonymous memory that may be written to swap, with its owner: of a private range its mm.

    Shared memory and tmpfs, only with __GFP_FS (may_enter_fs), and what a fork shares are
    anonymous as well; such an object owns itself.
    """
    if kernel.swap_free <= 0 or not gfp & __GFP_IO:  # as it mostly is
        return []
    vmas, fs = [(mm, vma) for mm in kernel.mms for vma in mm.vmas], gfp & __GFP_FS
    found = [(mm, vma) for mm, vma in vmas if vma.kind == ANON and not (vma.locked or vma.shmem)]
    stay = {vma.shmem for _, vma in vmas if vma.locked or vma.kind == FILE}
    shared = [vma.shmem for _, vma in vmas if vma.shmem and (fs or vma.kind == ANON)]
    objects = dict.fromkeys([*kernel.shmems, *shared] if fs else shared)
    found += [(shmem, shmem) for shmem in objects if shmem not in stay]
    return [(owner, anon) for owner, anon in found if inside(owner.memcg, target)]


def swap_out(kernel, owner, anon, most: int) -> int:
    """Move up to `most` pages to swap; those of an mm go on counting as badness (MM_SWAPENTS)."""
    moved = take_swap(kernel, owner.memcg, min(most, anon.pages))
    anon.swapped += moved
    if owner is anon:
        unmap_shared(kernel, anon, moved)
        return moved
    anon.pages -= moved
    owner.swapents += moved
    if owner.memcg is not None and moved:
        owner.memcg.uncharge(moved)
    return moved


def unmap_shared(kernel, shmem, pages: int) -> None:
    """Take pages of an object from all that map it (try_to_unmap); those of a fork are in swap."""
    shmem.drop(pages)
    for mm in kernel.mms:
        for vma in mm.vmas:
            if vma.shmem is shmem:
                gone = max(vma.pages - shmem.pages, 0)
                vma.pages -= gone
                if vma.kind == ANON:
                    vma.swapped += gone
                    mm.swapents += gone


def take_swap(kernel, memcg, most: int) -> int:
    """So many slots of swap are taken, by memory of this cgroup."""
    room = min((m.swap_max - m.swap for m in ancestors(memcg)), default=most)
    taken = max(min(most, kernel.swap_free, room), 0)
    free_swap(kernel, memcg, -taken)
    return taken


def free_swap(kernel, memcg, pages: int) -> None:
    """What lies in swap is needed no more."""
    kernel.swap_free += pages
    for m in ancestors(memcg):
        m.swap -= pages


def wakeup_kswapd(kernel, gfp: int) -> None:
    if gfp & __GFP_KSWAPD_RECLAIM and kswapd_is_due(kernel):
        kernel.kswapd_wait.wake_up()


def kswapd_is_due(kernel) -> bool:
    """Does it sleep, and is there something that it could free?"""
    return bool(kernel.kswapd_wait.sleepers and reclaimable_pages(kernel, KSWAPD_GFP))


def kswapd(current) -> Steps:
    """The kthread that reclaims in the background, from below low to above high, or in vain."""
    kernel, zone, vain = current.kernel, current.kernel.zone, False
    while True:
        if zone.free <= zone.high and reclaimable_pages(kernel, KSWAPD_GFP) and not vain:
            yield "reclaim from", zone
            vain = not shrink_zone(kernel, KSWAPD_GFP)
        else:
            yield from kernel.kswapd_wait.wait(current)
            vain = False
