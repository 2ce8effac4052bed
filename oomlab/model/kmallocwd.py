"""Handa's alternative: no hand-off, a kthread that looks again and again (M05, M09, M16).

Every `scan_period` ticks it walks all tasks, reaps every victim that still has memory, says who
stalls, and when that does not help goes on: the next victim, and in the end a panic. The reaping
is M16's idea on M09's thread; kmallocwd itself only warned, and was never merged.
"""

from .gfp import GFP_KERNEL
from .locks import TASK_INTERRUPTIBLE, Steps, schedule_timeout
from .oom import ABORT, OomControl, constrained_alloc, oom_kill_process, select_bad_process
from .reaper import oom_reap_task
from .tasks import OOM_SCORE_ADJ_MIN, exit_oom_victim, fatal_signal_pending


def kmallocwd(current) -> Steps:
    kernel, policy = current.kernel, current.kernel.policy
    escalates = policy.scan_panic or policy.scan_next_victim
    rounds = 0  # in a row that found both stalling tasks and victims
    while not kernel.panicked:
        yield from schedule_timeout(current, TASK_INTERRUPTIBLE, policy.scan_period)
        stalling = [task for task in kernel.tasks if task.allocating]
        if not stalling and not kernel.oom_victims:
            continue
        warn(kernel, stalling)
        tasks = tuple(kernel.tasks)
        for task in tasks:
            if task.memdie and task.mm is not None and task.mm.reaped is None:
                yield "find", task
                if task.mm is not None:
                    yield from oom_reap_task(current, task, task.mm)
        victims = [task for task in kernel.tasks if task.memdie]
        stalling = tasks = ()
        rounds = rounds + 1 if victims and escalates else 0
        if policy.scan_panic and rounds * policy.scan_period >= policy.scan_panic:
            kernel.panic("kmallocwd: the OOM victims do not die")
        elif policy.scan_next_victim and rounds * policy.scan_period >= policy.scan_next_victim:
            yield from next_victim(current, tuple(victims))
        victims = ()


def warn(kernel, stalling: list) -> None:
    """The lines of kmallocwd v1 (M09)."""
    dying = sum(fatal_signal_pending(task) for task in kernel.tasks)
    kernel.event(
        "memalloc_info", None, stalling=len(stalling), dying=dying, victims=kernel.oom_victims
    )


def next_victim(current, victims: tuple) -> Steps:
    """Give the victims up and choose another: an end in finite time (M13)."""
    kernel = current.kernel
    for victim in victims:
        victim.signal.oom_score_adj = OOM_SCORE_ADJ_MIN
        exit_oom_victim(victim)
    yield from kernel.oom_lock.lock(current)
    oc = OomControl(GFP_KERNEL)
    oc.totalpages = constrained_alloc(kernel, oc)
    chosen = select_bad_process(kernel, oc)
    if chosen is not None and chosen is not ABORT:
        yield from oom_kill_process(current, oc, chosen)
    kernel.oom_lock.unlock()
