"""Promises of memory: vm.overcommit_memory (mm/util.c, __vm_enough_memory, read in 6.1).

Mode 2 refuses a mapping that memory and swap could not back, so that mmap() fails and no task is
killed. Mode 0 refuses only what is more than the whole machine has (to 5.0 its guess is finer),
mode 1 nothing. (Before 3.10 the reserves were a 32nd of the limit and one of the process.) Only
fill() asks; what grows by touch() was mapped before the machine began.
"""

from .faults import touch
from .locks import Steps
from .mm import ANON, VMA

OVERCOMMIT_GUESS, OVERCOMMIT_ALWAYS, OVERCOMMIT_NEVER = 0, 1, 2


def totalram_pages(kernel) -> int:
    return kernel.zone.managed - kernel.unmanaged


def vm_commit_limit(kernel) -> int:
    """CommitLimit in pages: vm.overcommit_ratio (50) percent of memory, and swap."""
    return totalram_pages(kernel) * 50 // 100 + kernel.zone.total_swap


def vm_enough_memory(current, pages: int) -> bool:
    """May this task map `pages` more of private memory?"""
    kernel, mm = current.kernel, current.mm
    if kernel.overcommit_memory == OVERCOMMIT_ALWAYS:
        return True
    if kernel.overcommit_memory == OVERCOMMIT_GUESS:
        return pages <= totalram_pages(kernel) + kernel.zone.total_swap
    allowed, share = vm_commit_limit(kernel), totalram_pages(kernel) // 32
    if current.uid != 0:
        allowed -= min(share, 2048)  # admin_reserve_kbytes: 3 %, at most 8 MB
    allowed -= min(sum(vma.size for vma in mm.vmas) // 32, share, 32768)
    promised = sum(vma.size for m in kernel.mms for vma in m.vmas if vma.kind == ANON)
    return promised + pages < allowed


def fill(current, name: str, pages: int) -> Steps:
    """malloc() `pages` and write to them; a program that is refused says so and goes on."""
    yield "mmap", name
    if vm_enough_memory(current, pages):
        current.mm.vmas.append(VMA(name, ANON, size=pages))
        yield from touch(current, name, pages)
    else:
        current.kernel.event("enomem", current, pages=pages)
