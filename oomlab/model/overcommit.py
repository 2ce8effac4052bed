"""Promises of memory: vm.overcommit_memory (K 2.6.38, 3.10, 5.0, 5.2, 6.1 __vm_enough_memory).

Mode 2 refuses a mapping that memory and swap could not back, so that mmap() fails and no task is
killed. Mode 0 guesses: to 5.1 it refuses more than is free or could be, from 5.2 on more than the
whole machine has (kernel-facts 10). Mode 1 refuses nothing. Of a program only fill() asks; what
grows by touch() was mapped before. Simplified: huge pages count as RAM in mode 2.
"""

from .mm import ANON, SHMEM
from .vmscan import page_cache

OVERCOMMIT_GUESS, OVERCOMMIT_ALWAYS, OVERCOMMIT_NEVER = 0, 1, 2
WRAPS = 1 << 64  # K 2.6.38, 3.10: below 0 an unsigned long is huge, and all is promised


def totalram_pages(kernel) -> int:
    return kernel.zone.managed - kernel.unmanaged


def vm_commit_limit(kernel) -> int:
    """CommitLimit in pages: vm.overcommit_ratio (50) percent of memory, and swap."""
    return totalram_pages(kernel) * 50 // 100 + kernel.zone.total_swap


def vm_enough_memory(current, pages: int) -> bool:
    """May this task map `pages` more of private memory?"""
    kernel, mm = current.kernel, current.mm
    old = kernel.policy.overcommit == "thirty-second"
    if kernel.overcommit_memory == OVERCOMMIT_ALWAYS:
        return True
    if kernel.overcommit_memory == OVERCOMMIT_GUESS and kernel.policy.overcommit == "machine":
        return pages <= totalram_pages(kernel) + kernel.zone.total_swap
    if kernel.overcommit_memory == OVERCOMMIT_GUESS:
        return pages < guess(current)
    allowed, reserve = vm_commit_limit(kernel), totalram_pages(kernel) // 32
    if current.uid != 0:
        allowed -= (allowed - kernel.zone.total_swap) // 32 if old else admin_reserve(kernel)
    grown = sum(vma.size for vma in mm.vmas) // 32
    allowed -= grown if old else min(grown, reserve, 32768)  # user_reserve_kbytes: 128 MB at most
    vmas = [vma for m in kernel.mms for vma in m.vmas]
    shared = {vma.shmem: vma.size for vma in vmas if vma.kind == SHMEM}  # shmem_acct_size()
    shared |= {f: f.pages + f.swapped for f in [*shared, *kernel.shmems] if f and f.linked}
    promised = sum(vma.size for vma in vmas if vma.kind == ANON) + sum(shared.values())
    return promised + pages < (allowed % WRAPS if old else allowed)


def admin_reserve(kernel) -> int:
    """admin_reserve_kbytes, kept for root: 3 %, at most 8 MB (3.10)."""
    return min(totalram_pages(kernel) // 32, 2048)


def guess(current) -> int:
    """What is free above the high mark, or could be: the page cache, and what swap has room for."""
    kernel, root = current.kernel, current.uid == 0
    cached, shmem = page_cache(kernel)
    if kernel.policy.overcommit == "thirty-second":  # 2.6.38 takes tmpfs for page cache
        parts = [cached + kernel.swap_free, max(kernel.zone.free - kernel.zone.high, 0)]
        return sum(part if root else part - part // 32 for part in parts)
    free = kernel.zone.free + cached - shmem + kernel.swap_free - kernel.zone.high
    if free > 0 and not root:
        free -= admin_reserve(kernel)
        return free % WRAPS if kernel.policy.overcommit == "free-unsigned" else free
    return free
