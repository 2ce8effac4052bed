"""Suspend: freeze, stop the OOM killer, sleep, thaw (kernel/power/process.c, mm/oom_kill.c).

A kill after the freeze could hurt the image that hibernation is about to write, so the killer is
disabled: out_of_memory() returns false and the allocation that asked fails. Simplified: a task that
a signal would wake counts as frozen while it sleeps, no kernel thread is frozen, and requests keep
__GFP_IO and __GFP_FS (Linux takes them away while devices sleep, so that nothing goes to swap).
"""

from ..policies.policy import HZ
from .locks import (
    TASK_DEAD,
    TASK_FROZEN,
    TASK_INTERRUPTIBLE,
    TASK_KILLABLE,
    TASK_UNINTERRUPTIBLE,
    Steps,
    schedule_timeout,
    wake_up_process,
)
from .tasks import PF_EXITING, PF_KTHREAD, thaw, unfreezable

FREEZE_TIMEOUT = 20 * HZ  # freeze_timeout_msecs


def suspend(current, ticks: int) -> Steps:
    """Sleep for `ticks` with all user tasks frozen; not at all if one of them is in the way."""
    kernel = current.kernel
    yield "freeze", "all tasks"
    kernel.freezing = True
    kernel.event("freezing", current, vain=True)
    ready = yield from try_to_freeze_tasks(current)
    if ready:
        ready = yield from oom_killer_disable(current)
    if ready:
        kernel.event("suspended", current)
        yield from schedule_timeout(current, TASK_UNINTERRUPTIBLE, ticks)
    else:
        kernel.event("suspend_failed", current)
    kernel.event("thawing", current, vain=True)
    kernel.oom_killer_disabled = kernel.freezing = False
    for task in kernel.tasks:
        thaw(task)  # whom a cgroup freezes looks at that, and stays


def try_to_freeze_tasks(current) -> Steps:
    """Wait until each user task stands still, 20 s at most; false if one does not."""
    kernel = current.kernel
    timer = kernel.add_timer(FREEZE_TIMEOUT, time_is_up, current)
    while any(refuses(task) for task in kernel.tasks if task is not current):
        if timer not in kernel.timers:
            return False
        yield from schedule_timeout(current, TASK_UNINTERRUPTIBLE, 1)
    kernel.del_timer(timer)
    return True


def time_is_up(task) -> None:
    """The task is awake, and sees that its timer has gone."""


def refuses(task) -> bool:
    """Is it to freeze, and is not? Not asked: who waits in vfork(); a marked victim (v4.8 on)."""
    marked = task.kernel.policy.victim_mark == "process" and unfreezable(task)
    if marked or task.flags & PF_KTHREAD or task.state in (TASK_FROZEN, TASK_DEAD):
        return False
    lends = task.state and any(c.vfork_done is task.waits_for for c in task.signal.children)
    return bool(task.flags & PF_EXITING or task.state != TASK_INTERRUPTIBLE and not lends)


def oom_killer_disable(current) -> Steps:
    """No kill from here on, and wait for those under way; false if they do not end (v4.9).

    The flag is set first and under oom_lock, so that no kill can slip in (v4.4). (Left out: v4.4
    refuses a victim when it has the lock, for which it waits in spite of SIGKILL.)
    """
    kernel, rule = current.kernel, current.kernel.policy.suspend
    if rule == "flag":
        kernel.oom_killer_disabled = True
        return True
    if not (yield from kernel.oom_lock.lock(current, TASK_KILLABLE)):
        return False
    kernel.oom_killer_disabled = True
    kernel.oom_lock.unlock()
    timer = None
    if rule == "gives-up":
        timer = kernel.add_timer(FREEZE_TIMEOUT, wake_up_process, current)
    state = TASK_UNINTERRUPTIBLE if timer is None else TASK_INTERRUPTIBLE
    while kernel.oom_victims and (timer is None or timer in kernel.timers and not current.sigkill):
        yield from kernel.oom_victims_wait.wait(current, state)
    kernel.del_timer(timer)
    kernel.oom_killer_disabled = not kernel.oom_victims
    return kernel.oom_killer_disabled
