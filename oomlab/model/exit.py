"""How a task runs its program, and how it dies (kernel/exit.c).

A program is a tuple of system calls, each (function, argument, ...). SIGKILL is noticed only
between them: a call that holds a lock finishes first, however long that takes.

Simplified: a process that has exited is gone at once, without a parent's wait().
"""

from .locks import TASK_FROZEN, Steps, schedule
from .tasks import PF_EXITING, exit_notify, exit_oom_victim, fatal_signal_pending, freezing
from .unmap import mmput


def user_mode(current) -> Steps:
    """Run the program, then exit as by pthread_exit(): what ends other threads, too, is SIGKILL."""
    for syscall, *args in current.program:
        yield from try_to_freeze(current)
        if fatal_signal_pending(current):
            break
        yield from syscall(current, *args)
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
