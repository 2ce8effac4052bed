"""The words that programs are made of: what the tasks of a scenario do in user space.

Each is a generator function (current, argument, ...). What the kernel does for a task, its system
calls and page faults, is in the model. A task that holds a lock while it waits for memory is how
ordinary code enters this debate: locked(), and the calls of model/syscalls.py.
"""

from dataclasses import replace

from ..model.exit import can_reap, try_to_freeze
from ..model.faults import FAULT, bad_area, check_stable_address_space, do_page_fault
from ..model.gfp import GFP_KERNEL
from ..model.locks import (
    TASK_FROZEN,
    TASK_INTERRUPTIBLE,
    TASK_UNINTERRUPTIBLE,
    Mutex,
    Steps,
    schedule,
    schedule_timeout,
)
from ..model.memory import alloc_pages, share_out
from ..model.mm import ANON, MMF_UNSTABLE, PTRS_PER_PTE, VMA
from ..model.overcommit import vm_enough_memory
from ..model.tasks import fatal_signal_pending, is_global_init, unfreezable
from ..naming import whole


def touch(current, name: str, pages: int) -> Steps:
    """Write to `pages` new pages of the VMA `name`, one fault each, until done or killed.

    A fault that needs nothing but one free page is settled here, in one step; and where the
    scheduler promises several steps in a row (kernel.turn), so many such faults at once. Not with a
    patch, which may handle faults in another way.
    """
    kernel, mm, zone = current.kernel, current.mm, current.kernel.zone
    vma, sem, low = mm.find_vma(name), mm.mmap_sem, zone.low
    ours = mm.memcg is None and kernel.policy.patch is None
    plain = ours and vma is not None and vma.kind == ANON
    faults = 1
    while pages > 0:
        if kernel.freezing:  # between two faults it is in user mode
            yield from try_to_freeze(current)
        yield FAULT
        if vma not in mm.vmas:  # unmapped by now, and perhaps mapped again
            vma = mm.find_vma(name)
            plain = ours and vma is not None and vma.kind == ANON
        if (
            zone.free > low
            and plain
            and (vma.pages + vma.swapped) % PTRS_PER_PTE
            and not (mm.flags or sem.writer or sem.waiters)
        ):
            if kernel.turn > 1 and not (current.sigkill or kernel.freezing):
                # as many as its last page table has room
                faults = min(
                    kernel.turn, pages, zone.free - low, -(vma.pages + vma.swapped) % PTRS_PER_PTE
                )
                kernel.turn -= faults - 1
            zone.free -= faults
            if zone.reaped:
                share_out(current, zone, min(faults, zone.reaped))
            vma.pages += faults
            vma.size = max(vma.size, vma.pages + vma.swapped)
        else:
            yield from do_page_fault(current, mm, name)
        pages, faults = pages - faults, 1
        if fatal_signal_pending(current):
            return


def fill(current, name: str, pages: int) -> Steps:
    """malloc() `pages` and write to them; a program that is refused says so and goes on.

    Simplified: the range is there without a wait for mmap_sem, which mmap() takes.
    """
    yield "mmap", name
    if vm_enough_memory(current, pages):
        current.mm.vmas.append(VMA(name, ANON, size=pages))
        yield from touch(current, name, pages)
    else:
        current.kernel.event("enomem", current, pages=pages)


def look(current, name: str) -> Steps:
    """Read a page of the VMA: SIGSEGV if it is not mapped; if it is reaped, SIGBUS or zeros."""
    mm = current.mm
    yield "read", mm.find_vma(name) or name
    if fatal_signal_pending(current):
        return
    vma = mm.find_vma(name)
    if vma is None:
        bad_area(current)
    elif mm.flags & MMF_UNSTABLE and can_reap(replace(vma, pages=1), current.kernel.policy):
        if check_stable_address_space(current, vma):
            read_zeros(current)


def read_zeros(current) -> None:
    """What it wrote is gone. An ordinary process goes on with wrong data; init jumps to address 0.

    (M27: init's stack read as zeros, and the SIGSEGV of init is a panic.)
    """
    current.kernel.event("zero_page", current, vain=True)
    if is_global_init(current):
        bad_area(current)


def alloc(current, pages: int, gfp: int = GFP_KERNEL) -> Steps:
    """Take kernel pages, one by one, and keep them until free() or exit. No cgroup is charged.

    (Linux charges some from 4.5 on: docs/gfp-contract.md, "A charge to a memory cgroup".)
    """
    for _ in range(pages):
        page = yield from alloc_pages(current, gfp)
        if not page:
            return
        current.kernel_pages += 1


def free(current) -> Steps:
    """Give all kernel pages back."""
    yield "free", f"{current.kernel_pages} pages"
    current.kernel.zone.free_pages(current.kernel_pages)
    current.kernel_pages = 0


def churn(current, pages: int, gfp: int = GFP_KERNEL) -> Steps:
    """Take kernel pages and give them back, for ever: pages that circulate."""
    yield from repeat(current, None, (alloc, pages, gfp), (free,))


def locked(current, mutex: Mutex, *calls) -> Steps:
    """Do the calls holding a mutex, as a write() holds its inode's."""
    yield from mutex.lock(current)
    for call, *args in calls:
        yield from call(current, *args)
    mutex.unlock()


def repeat(current, times: int | None, *calls) -> Steps:
    """Do the calls `times` times (None: for ever), or until killed.

    ValueError for calls that never take a step: no other task would run again. A round without one
    may take pages; so there are as many such rounds as the machine has pages, not more.
    """
    kernel, done = current.kernel, 0
    current.op = kernel.turn, 0  # rounds without a step: with the next one, op or turn is another
    while times is None or done < times:
        for call, *args in calls:
            yield from call(current, *args)
            if fatal_signal_pending(current):
                return
        if times is not None:
            done += 1
        elif current.op[0] != kernel.turn:
            current.op = kernel.turn, 0
        elif current.op[1] > kernel.zone.managed:
            raise ValueError("what a program repeats for ever takes no step")
        else:
            current.op = kernel.turn, current.op[1] + 1


def pause(current) -> Steps:
    """Sleep until a signal comes."""
    yield from schedule(current, TASK_INTERRUPTIBLE, "a signal")


def hang(current, what: str = "a disk that never answers") -> Steps:
    """Sleep in TASK_UNINTERRUPTIBLE for ever: SIGKILL does not help."""
    yield from schedule(current, TASK_UNINTERRUPTIBLE, what)


def frozen(current) -> Steps:
    """Stand still in a frozen cgroup of v1, unless marked as a victim (__refrigerator).

    Neither SIGKILL nor the end of a suspend gets it out. In one of v2 a task sleeps in
    TASK_INTERRUPTIBLE, and SIGKILL ends that: pause().
    """
    while not unfreezable(current):
        yield from schedule(current, TASK_FROZEN, "thaw")


def sleep(current, ticks: int, state: int = TASK_INTERRUPTIBLE) -> Steps:
    """Sleep for `ticks` by a timer of the kernel's: Kernel.add_timer() says how exact it is."""
    yield from schedule_timeout(current, state, whole("ticks", ticks))
