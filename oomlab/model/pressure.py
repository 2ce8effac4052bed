"""Pressure stall information: how long tasks wait for memory, and who is told (kernel/sched/psi.c).

A user-space killer sets a trigger on a cgroup, "so many ticks of stall", and sleeps in poll() until
it fires (v5.2, 0e94682b73bf). Simplified: Linux adds up the stall within a sliding window. Here the
trigger looks once, `threshold` ticks after a stall began, whether some task stalls still or again.
Only the sleep that memory.high imposes is a stall, because the model's reclaim takes no time.
"""

from .locks import TASK_INTERRUPTIBLE, Steps, WaitQueue


class PsiTrigger:
    """struct psi_trigger: a stall of `threshold` ticks in a cgroup wakes the task that polls."""

    __slots__ = ("task", "threshold", "armed", "wait")

    def __init__(self, task, threshold: int):
        self.task = task
        self.threshold = threshold
        self.armed = False  # its timer runs
        self.wait = WaitQueue("a pressure trigger")


def poll_pressure(current, memcg, threshold: int) -> Steps:
    """Sleep until the cgroup's tasks have stalled for `threshold` ticks."""
    yield "poll", memcg
    if memcg.trigger is None:
        memcg.trigger = PsiTrigger(current, threshold)
        arm(memcg)
    yield from memcg.trigger.wait.wait(current, TASK_INTERRUPTIBLE)


def psi_memstall_enter(current) -> None:
    """From here on this task waits for memory, in its cgroup and in all above."""
    for memcg in current.memcg.ancestors():
        memcg.stalled += 1
        arm(memcg)


def psi_memstall_leave(current) -> None:
    for memcg in current.memcg.ancestors():
        memcg.stalled -= 1


def arm(memcg) -> None:
    """A stall begins, and a trigger is set: look again later."""
    trigger = memcg.trigger
    if trigger is not None and memcg.stalled and not trigger.armed:
        trigger.armed = True
        trigger.task.kernel.add_timer(trigger.threshold, psi_trigger_fires, trigger.task)


def psi_trigger_fires(task) -> None:
    """Does some task of the cgroup stall? Then tell who polls it."""
    kernel = task.kernel
    memcg = next(m for m in kernel.memcgs if m.trigger is not None and m.trigger.task is task)
    memcg.trigger.armed = False
    if memcg.stalled:
        kernel.event("pressure", task, memcg=memcg)
        memcg.trigger.wait.wake_up()
        arm(memcg)
