"""Pressure stall information: how long tasks wait for memory, and who is told (kernel/sched/psi.c).

A user-space killer sets a trigger on a cgroup, "so many ticks of stall within so many", and sleeps
in poll() until it fires (v5.2, 0e94682b73bf). Simplified: only the sleep that memory.high imposes
counts as a stall, because the model's reclaim takes no time, and windows do not slide.
"""

from .locks import TASK_INTERRUPTIBLE, Steps, WaitQueue


class PsiTrigger:
    """struct psi_trigger: "some" stall of `threshold` ticks within `window` wakes the poller."""

    __slots__ = ("task", "threshold", "window", "left", "stall", "end", "wait")

    def __init__(self, task, threshold: int, window: int):
        self.task = task
        self.threshold = threshold
        self.window = window
        self.left = threshold  # ticks of stall until it fires
        self.stall = None  # the timer that runs while somebody stalls
        self.end = None  # the timer that ends the window
        self.wait = WaitQueue("a pressure trigger")


def poll_pressure(current, memcg, threshold: int, window: int) -> Steps:
    """Sleep until the cgroup's tasks have stalled for `threshold` ticks within a window."""
    yield "poll", memcg
    if not current.kernel.policy.pressure_triggers:
        current.kernel.event("enosys", current)
        return
    if memcg.trigger is None:
        memcg.trigger = PsiTrigger(current, threshold, window)
        if memcg.stalled:
            start(memcg)
    yield from memcg.trigger.wait.wait(current, TASK_INTERRUPTIBLE)


def psi_memstall_enter(current) -> None:
    """From here on this task waits for memory, in its cgroup and in all above."""
    for memcg in current.memcg.ancestors():
        memcg.stalled += 1
        if memcg.trigger is not None and memcg.stalled == 1:
            start(memcg)


def psi_memstall_leave(current) -> None:
    kernel = current.kernel
    for memcg in current.memcg.ancestors():
        memcg.stalled -= 1
        trigger = memcg.trigger
        if trigger is not None and not memcg.stalled and trigger.stall is not None:
            trigger.left = max(trigger.stall.expires - kernel.jiffies, 0)
            kernel.del_timer(trigger.stall)
            trigger.stall = None


def start(memcg) -> None:
    """Somebody stalls: count down, and open a window if there is none."""
    trigger = memcg.trigger
    kernel = trigger.task.kernel
    trigger.stall = kernel.add_timer(trigger.left, psi_trigger_fires, trigger.task)
    if trigger.end is None:
        trigger.end = kernel.add_timer(trigger.window, psi_window_ends, trigger.task)


def trigger_of(task):
    """The cgroup that this task polls."""
    return next(m for m in task.kernel.memcgs if m.trigger is not None and m.trigger.task is task)


def psi_trigger_fires(task) -> None:
    memcg = trigger_of(task)
    trigger = memcg.trigger
    trigger.stall, trigger.left = None, trigger.threshold
    task.kernel.event("pressure", task, memcg=memcg)
    trigger.wait.wake_up()
    if memcg.stalled:
        start(memcg)


def psi_window_ends(task) -> None:
    memcg = trigger_of(task)
    trigger = memcg.trigger
    trigger.end, trigger.left = None, trigger.threshold
    if trigger.stall is not None:
        task.kernel.del_timer(trigger.stall)
        start(memcg)
