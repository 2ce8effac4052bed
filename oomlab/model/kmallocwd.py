"""Handa's alternative: no hand-off, a kthread that looks again and again (M05, M09, M16).

Every `scan_period` ticks it walks all tasks, reaps every victim that still has memory, says who
stalls, and when that does not help goes on: the next victim, and in the end a panic. The reaping
is M16's idea on M09's thread; kmallocwd itself only warned, and was never merged.
"""

from .gfp import GFP_KERNEL
from .locks import TASK_INTERRUPTIBLE, Steps, schedule_timeout
from .oom import ABORT, OomControl, constrained_alloc, oom_kill_process, select_bad_process
from .reaper import oom_reap_task
from .tasks import exit_oom_victim, fatal_signal_pending


def kmallocwd(current) -> Steps:
    kernel, policy = current.kernel, current.kernel.policy
    while not kernel.panicked:
        yield from schedule_timeout(current, TASK_INTERRUPTIBLE, policy.scan_period)
        stalling = [task for task in kernel.tasks if task.allocating]
        if not stalling and not kernel.oom_victims:
            continue
        warn(kernel, stalling)
        for task in list(kernel.tasks):
            if task.memdie and task.mm is not None and task.mm.reaped is None:
                yield "find", task
                if task.mm is not None:
                    yield from oom_reap_task(current, task, task.mm)
        yield from last_resorts(current, stalling)


def warn(kernel, stalling: list) -> None:
    """The lines of kmallocwd v1 (M09)."""
    dying = sum(fatal_signal_pending(task) for task in kernel.tasks)
    kernel.event("memalloc_info", None, stalling=len(stalling), dying=dying)


def last_resorts(current, stalling: list) -> Steps:
    """What Handa wanted first (M13): an end in finite time."""
    kernel, policy = current.kernel, current.kernel.policy
    victims = [task for task in kernel.tasks if task.memdie]
    if not victims or not stalling:
        return
    waited = kernel.jiffies - min(task.marked for task in victims)
    if policy.scan_panic and waited >= policy.scan_panic:
        kernel.panic("kmallocwd: the OOM victims do not die")
    elif policy.scan_next_victim and waited >= policy.scan_next_victim:
        for victim in victims:
            victim.signal.oom_score_adj = -1000
            exit_oom_victim(victim)
        oc = OomControl(GFP_KERNEL)
        oc.totalpages = constrained_alloc(kernel, oc)
        yield "select", "the next victim"
        chosen = select_bad_process(kernel, oc)
        if chosen is not None and chosen is not ABORT:
            yield from oom_kill_process(current, oc, chosen)
