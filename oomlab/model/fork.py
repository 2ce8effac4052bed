"""How a process makes another one: fork, vfork, wait (kernel/fork.c, copy_page_range).

fork() here stands for fork and exec, a child with memory of its own: it copies nothing, and takes
no mmap_sem. copy_on_write() is the fork alone: parent and child map the same anonymous pages, in
swap or not, and they count in both. Who writes first gets a copy; killing one of them frees only
what the other does not map. Pages of files and of shared memory are not copied: the child would
fault them in again.
"""

from .exit import free_unmapped
from .faults import FAULT, do_page_fault
from .gfp import GFP_KERNEL
from .locks import TASK_KILLABLE, TASK_UNINTERRUPTIBLE, Steps, WaitQueue
from .memory import alloc_pages
from .mm import ANON, PTRS_PER_PTE, VMA, Shmem
from .overcommit import OVERCOMMIT_NEVER, vm_enough_memory
from .syscalls import mmap_lock
from .tasks import fatal_signal_pending


def fork(current, name: str, program: tuple = (), **how) -> Steps:
    """Start a child process with a fresh address space of its own (or `mm`, for CLONE_VM)."""
    yield "fork", name
    if fatal_signal_pending(current):  # copy_process(): who was killed makes no child
        return None
    return current.kernel.spawn(name, program, parent=current, memcg=current.memcg, **how)


def copy_on_write(current, name: str, program: tuple = ()) -> Steps:
    """Start a child that shares our anonymous pages until one of us writes to them.

    mmap_sem is held for write all the while: no reaper gets in. Each private range is one more
    promise, which vm.overcommit_memory may refuse, and page tables must be had (dup_mmap).
    Simplified: new pages of a range then begin a page table; in Linux they fill the last one first.
    """
    kernel, mm = current.kernel, current.mm
    yield "fork", name
    if not (yield from mmap_lock(current)):
        return
    asked = [vma.size for vma in mm.vmas if vma.kind == ANON]
    if kernel.overcommit_memory == OVERCOMMIT_NEVER:
        asked = [sum(asked)]  # what was promised for one range counts when it asks for the next
    promised = all(vm_enough_memory(current, size) for size in asked)
    tables = 1 + sum(-(-(v.pages + v.swapped) // PTRS_PER_PTE) for v in mm.vmas if v.kind == ANON)
    got = 0
    while promised and got < tables:
        if not (yield from alloc_pages(current, GFP_KERNEL)):
            break
        got += 1
    kernel.zone.free_pages(got)  # the child takes them in this same step
    mm.mmap_sem.up_write()
    if got < tables:
        kernel.event("enomem", current, pages=tables if promised else sum(asked))
    if got < tables or fatal_signal_pending(current):
        return
    shared = [share(mm, v) for v in tuple(mm.vmas) if v.kind == ANON and v.pages + v.swapped]
    rest = [v for v in mm.vmas if v.kind != ANON or v.shmem is None]
    own = [VMA(v.name, v.kind, shmem=v.shmem, size=v.size, shared=v.shared) for v in rest]
    copies = [VMA(v.name, ANON, v.pages, shmem=v.shmem, swapped=v.swapped) for v in shared]
    kernel.spawn(name, program, parent=current, memcg=current.memcg, vmas=[*own, *copies])


def share(mm, vma: VMA) -> VMA:
    """The range that a fork shares. New pages of its name are private, with new page tables."""
    if vma.shmem is not None:
        return vma
    pages = Shmem(vma.name, vma.pages, False, 1, mm.memcg, vma.swapped)
    cow = VMA(f"{vma.name} before fork", ANON, vma.pages, vma.locked, pages, swapped=vma.swapped)
    vma.size -= cow.size
    cow.ptes, vma.pages, vma.swapped, vma.ptes = vma.ptes, 0, 0, 0
    mm.vmas.append(cow)
    return cow


def move_page(cow: VMA, ours: VMA) -> None:
    """What is written to is mapped in our own range from now on; both together stay as large."""
    cow.pages, cow.size = cow.pages - 1, cow.size - 1
    ours.size += 1


def write_inherited(current, pages: int) -> Steps:
    """Write to pages that a fork shares, from the first one on: a copy, or ours if only we map it.

    Simplified: the copy counts with the first range of our own.
    """
    kernel, mm = current.kernel, current.mm
    for _ in range(pages):
        yield FAULT
        cow = next((v for v in mm.vmas if v.kind == ANON and v.shmem and v.pages), None)
        if cow is None or fatal_signal_pending(current):
            return
        ours = next(vma for vma in mm.vmas if vma.kind == ANON and vma.shmem is None)
        others = [v for m in kernel.mms for v in m.vmas if v.shmem is cow.shmem and v is not cow]
        if all(other.pages < cow.pages for other in others):  # only we map it: do_wp_page()
            move_page(cow, ours)
            ours.pages += 1
            cow.shmem.pages -= 1
            continue
        before = ours.pages
        yield from do_page_fault(current, mm, ours.name, copy=True)
        if ours.pages > before and cow.pages:
            move_page(cow, ours)
            free_unmapped(kernel, cow.shmem)


def vfork(current, name: str, program: tuple) -> Steps:
    """Lend our mm to a child and wait until it has done with it, or we are killed (3.10 on)."""
    done = WaitQueue(f"vfork_done of {name}")
    child = yield from fork(current, name, program, mm=current.mm, vfork_done=done)
    if child is None:
        return
    killable = current.kernel.policy.scan != "processes"
    yield from done.wait(current, TASK_KILLABLE if killable else TASK_UNINTERRUPTIBLE)
    child.vfork_done = None  # the parent was killed, and waits no more


def wait4(current) -> Steps:
    """Wait until a child has gone."""
    if current.signal.children:
        yield from current.signal.wait_chldexit.wait(current)
