"""How a task dies, and how its address space loses its memory (kernel/exit.c, mm/mmap.c).

A program is a tuple of system calls, each (function, argument, ...). SIGKILL is noticed only
between them: a call that holds a lock finishes first, however long that takes.

exit_mmap() and the reaper's walk can meet in one mm. What keeps them apart changed six times; the
races between them are written to kernel.bugs. Simplified: what is mmput_async() from v4.7 to v4.13
is mmput(), so that the reaper itself tears down what it held last; and a process that has exited
is gone at once, without a parent's wait().
"""

from .locks import PF_EXITING, TASK_FROZEN, Steps, fatal_signal_pending, schedule
from .mm import (
    ANON,
    FILE,
    HUGETLB,
    MM,
    MMF_OOM_SKIP,
    MMF_OOM_VICTIM,
    MMF_UNSTABLE,
    PFNMAP,
    SHMEM,
    VMA,
    mmdrop,
)
from .tasks import PF_KTHREAD, exit_notify, exit_oom_victim, freezing, tsk_is_oom_victim
from .vmscan import free_swap


def user_mode(current) -> Steps:
    """Run the program, then exit as by pthread_exit(): what ends other threads, too, is SIGKILL."""
    for syscall, *args in current.program:
        yield from try_to_freeze(current)
        if fatal_signal_pending(current):
            break
        yield from syscall(current, *args)
    else:
        yield from try_to_freeze(current)
    yield from do_exit(current)


def try_to_freeze(current) -> Steps:
    """Stand still for a suspend (kernel/freezer.c)."""
    if freezing(current):
        yield from schedule(current, TASK_FROZEN, "thaw")


def do_exit(current) -> Steps:
    """Give the memory back, disappear.

    `at_exit` is what comes before exit_mm(), and may itself need locks and memory: a tracer that
    waits, taskstats_exit(), robust futexes, io_uring. Files are closed after it (K 2.6.38 to 6.12).
    """
    current.flags |= PF_EXITING
    for syscall, *args in current.at_exit:
        yield from syscall(current, *args)
    yield from exit_mm(current)
    current.kernel.zone.free_pages(current.kernel_pages)
    current.kernel_pages = 0
    current.kernel.event("exit", current)
    exit_notify(current)


def exit_mm(current) -> Steps:
    """Stop using the address space. The read lock can be a long wait (M07)."""
    mm = current.mm
    if mm is None:
        return
    if current.vfork_done is not None:  # the parent goes on that lent us its mm
        current.vfork_done.wake_up()
        current.vfork_done = None
    yield from mm.mmap_sem.down_read(current)
    while current.task_lock:  # a spinlock; the OOM killer looks at our mm
        yield "spin on task_lock of", current
    current.mm = None
    mm.tasks.remove(current)
    mm.mmap_sem.up_read(current)
    yield from mmput(current, mm)
    if current.kernel.policy.suspend != "flag":  # TIF_MEMDIE goes with the mm (4.4)
        exit_oom_victim(current)


def mmput(current, mm: MM) -> Steps:
    """Stop using the address space; the last user tears it down (kernel/fork.c)."""
    mm.mm_users -= 1
    if mm.mm_users == 0:
        yield from exit_mmap(current, mm)
        mmdrop(mm)


def exit_mmap(current, mm: MM) -> Steps:
    """Unmap everything and free the page tables, by `policy.exit_mmap` (knobs.py says how)."""
    policy, sem = mm.kernel.policy, mm.mmap_sem
    rule, victim = policy.exit_mmap, bool(mm.flags & MMF_OOM_VICTIM)
    if victim and rule in ("reaps-itself", "write-locked"):  # before VM_LOCKED goes (27ae357fa82b)
        yield from reap_vmas(current, mm)
        mm.flags |= MMF_OOM_SKIP
    if victim and rule == "reaps-itself":
        yield from sem.down_write(current)
        sem.up_write()
    if rule == "write-locked":
        yield from sem.down_write(current)
    if rule == "read-then-write":
        yield from sem.down_read(current)
    else:
        yield from munlock_vma_pages_all(mm)
    for vma in mm.vmas:
        if vma.pages or vma.swapped:
            yield "unmap", vma
            zap_vma(mm, vma)
    if rule == "read-then-write":
        sem.up_read(current)
    waits = rule == "empty-lock" and tsk_is_oom_victim(current)
    if policy.reaped == "skip" and rule in ("alone", "empty-lock", "read-then-write"):
        mm.flags |= MMF_OOM_SKIP  # v4.10: after the page tables, in __mmput()
    if rule == "read-then-write" or waits:
        yield from sem.down_write(current)
        if waits:
            sem.up_write()
    free_pgtables(current, mm)
    if rule in ("read-then-write", "write-locked"):
        sem.up_write()


def munlock_vma_pages_all(mm: MM) -> Steps:
    """Clear VM_LOCKED, then walk the pages (mm/mlock.c, to v5.17). One step apart, as in Linux."""
    for vma in mm.vmas:
        if vma.locked:
            yield "munlock", vma
            vma.locked = False
            mm.munlocking = vma
            yield "walk", vma
            mm.munlocking = None


def reap_vmas(current, mm: MM) -> Steps:
    """Unmap what no task can need any more (__oom_reap_task_mm, since v4.14)."""
    kernel = mm.kernel
    mm.flags |= MMF_UNSTABLE
    mm.reaped = mm.reaped or 0
    for vma in mm.vmas if kernel.policy.reap_order == "ascending" else mm.vmas[::-1]:
        if can_reap(vma, kernel.policy):
            yield "reap", vma
            if mm.munlocking is vma:
                text = f"{mm.name}: pages are freed by {current.name} while munlock walks them"
                kernel.bug("freed", text)
            freed = zap_vma(mm, vma)
            if not current.flags & PF_KTHREAD:  # exit_mmap() itself, or process_mrelease()
                continue
            mm.reaped += freed
            kernel.zone.reaped += freed
            if kernel.reaped is not None:
                kernel.reaped[mm.name] = mm.reaped


def can_reap(vma: VMA, policy) -> bool:
    """Private memory of a dead process is needed by no task; the rest is not ours to drop."""
    if not (vma.pages or vma.swapped) or vma.shared or vma.kind in (HUGETLB, SHMEM):
        return False
    if vma.kind == PFNMAP:
        return policy.reap_pfnmap
    return policy.reap_locked or not vma.locked  # of a file, too: who wrote to it has a copy


def free_pgtables(current, mm: MM) -> None:
    """Free the page tables and the VMAs; who walks them now without mm_users walks freed memory."""
    for reader in mm.mmap_sem.readers:
        if reader is not current:
            text = f"{mm.name}: page tables are freed while {reader.name} walks them"
            mm.kernel.bug("freed", text)
    for vma in mm.vmas:
        remove_vma(mm, vma)
    mm.vmas.clear()
    mm.kernel.zone.free_pages(mm.nr_ptes + mm.nr_pmds)  # of ranges that a report does not name, too
    mm.nr_ptes = mm.nr_pmds = 0


def remove_vma(mm: MM, vma: VMA) -> None:
    """Free its page tables and let go of the object behind it, whose last mapping is its end."""
    mm.kernel.zone.free_pages(vma.ptes)
    mm.nr_ptes -= vma.ptes
    if vma.shmem is None:
        return
    vma.shmem.mappings -= 1
    if vma.shmem.mappings or vma.shmem.linked:
        return
    if vma.kind == FILE:  # the page cache keeps it, until reclaim comes
        mm.kernel.zone.reclaimable += vma.shmem.pages
        vma.shmem.drop(vma.shmem.pages)
    else:
        free_unmapped(mm.kernel, vma.shmem)


def free_unmapped(kernel, shmem) -> int:
    """Free what is mapped no more of an object; of a forked range writes go from the front on."""
    vmas = [vma for mm in kernel.mms for vma in mm.vmas if vma.shmem is shmem]
    unused = shmem.swapped - max((vma.swapped for vma in vmas), default=0)
    shmem.swapped -= unused
    free_swap(kernel, shmem.memcg, unused)
    freed = shmem.pages - max((vma.pages for vma in vmas), default=0)
    if freed:
        shmem.drop(freed)
        kernel.zone.free_pages(freed)
    return freed


def zap_vma(mm: MM, vma: VMA) -> int:
    """Drop all resident pages (unmap_page_range); those that became free.

    File pages fall back to the page cache, where reclaim finds them. Shared memory stays with its
    object, and a page that a fork shares with the other process. Huge pages go back to their pool,
    which no other request may take from, and no cgroup was charged. Device memory was never RAM.
    """
    pages, swapped, vma.pages, vma.swapped = vma.pages, vma.swapped, 0, 0
    zone = mm.kernel.zone
    mm.swapents -= swapped
    if vma.shmem is not None and vma.kind == ANON:
        return free_unmapped(mm.kernel, vma.shmem)
    if vma.shmem is not None or vma.kind == PFNMAP:
        return 0
    free_swap(mm.kernel, mm.memcg, swapped)
    if vma.kind == HUGETLB:
        zone.reserved += pages
        return 0
    if mm.memcg is not None:
        mm.memcg.uncharge(pages)
    if vma.kind == FILE:
        zone.reclaimable += pages
        return 0
    zone.free_pages(pages)
    return pages
