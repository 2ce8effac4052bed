"""memory.high: who goes over it is slowed down, and never killed; and who is told of such a stall.

On the way back to user mode the task frees pages itself; from v5.4 on it then sleeps, the longer
the farther its cgroup is over the limit, up to two seconds for each batch (mm/memcontrol.c).
Simplified: Linux charges a whole batch before the first page of it is used, the model page by page;
and from 6.1 on a task may sleep in the charge itself.

A user-space killer sets a trigger on a cgroup, "so many ticks of stall", and sleeps in poll() until
it fires (kernel/sched/psi.c, v5.2, 0e94682b73bf). Simplified: Linux adds up the stall within a
sliding window. Here the trigger looks once, `threshold` ticks after a stall began, whether some
task stalls still or again. Only this sleep is a stall: the model's reclaim takes no time.
"""

from dataclasses import dataclass, field
from typing import Any

from ..policies.policy import HZ
from .gfp import GFP_KERNEL, MAX_RECLAIM_RETRIES
from .locks import TASK_INTERRUPTIBLE, TASK_KILLABLE, Steps, WaitQueue, schedule_timeout
from .mm import ancestors
from .tasks import fatal_signal_pending
from .vmscan import SWAP_CLUSTER_MAX, shrink_lruvec

MEMCG_DELAY_PRECISION_SHIFT, MEMCG_DELAY_SCALING_SHIFT = 20, 14
MEMCG_MAX_HIGH_DELAY_JIFFIES = 2 * HZ


def mem_cgroup_handle_over_high(current) -> Steps:
    """Back to user mode: reclaim what we took over the limit, or sleep for it."""
    kernel, memcg, nr_pages = current.kernel, current.mm.memcg, current.memcg_nr_pages_over_high
    rule, batch = kernel.policy.memory_high, kernel.policy.charge_batch
    if nr_pages < batch or fatal_signal_pending(current):  # SIGKILL is delivered first
        return
    current.memcg_nr_pages_over_high = 0
    retries = MAX_RECLAIM_RETRIES if rule in ("retries", "spares-dying") else 0
    most = max(nr_pages, SWAP_CLUSTER_MAX)
    while memcg and not (rule == "spares-dying" and fatal_signal_pending(current)):
        yield "reclaim_high", memcg
        freed = 0
        for m in ancestors(memcg):  # what is freed in one counts for the next
            freed += shrink_lruvec(kernel, GFP_KERNEL, m, most) if m.usage > m.high else 0
        if rule == "reclaims":
            return
        delay = high_delay(memcg, nr_pages, batch, alone=rule == "throttles")
        penalty = min(delay, MEMCG_MAX_HIGH_DELAY_JIFFIES)
        if penalty <= HZ // 100:
            return
        if not freed and not retries or rule == "throttles":
            break
        retries, most = retries - (not freed), SWAP_CLUSTER_MAX
    else:
        return
    psi_memstall(current, +1)
    kernel.event("throttled", current, vain=True, ticks=penalty)
    yield from schedule_timeout(current, TASK_KILLABLE, penalty)
    psi_memstall(current, -1)


def high_delay(memcg, nr_pages: int, charge_batch: int, alone: bool = False) -> int:
    """Ticks of sleep for `nr_pages`: the square of the worst overage (calculate_high_delay)."""
    memcgs = (memcg,) if alone else ancestors(memcg)  # 5.4: its own; 5.10: up to the root
    over = [(m.usage - m.high << MEMCG_DELAY_PRECISION_SHIFT) // max(m.high, 1) for m in memcgs]
    squared = max([0, *over]) ** 2 * HZ % (1 << 64)  # an u64: above 400 times high it wraps
    ticks = squared >> MEMCG_DELAY_PRECISION_SHIFT >> MEMCG_DELAY_SCALING_SHIFT
    return ticks * nr_pages // charge_batch


@dataclass(slots=True, eq=False, repr=False)
class PsiTrigger:
    """struct psi_trigger: a stall of `threshold` ticks in a cgroup wakes the task that polls."""

    task: Any
    threshold: int
    armed: bool = False  # its timer runs
    wait: WaitQueue = field(default_factory=lambda: WaitQueue("a pressure trigger"))


def poll_pressure(current, memcg, threshold: int) -> Steps:
    """Sleep until the cgroup's tasks have stalled for `threshold` ticks."""
    yield "poll", memcg
    if memcg.trigger is None:
        memcg.trigger = PsiTrigger(current, threshold)
        arm(memcg)
    yield from memcg.trigger.wait.wait(current, TASK_INTERRUPTIBLE)


def psi_memstall(current, change: int) -> None:
    """One task more waits for memory, or one less, in its cgroup and in all above."""
    for m in ancestors(current.memcg):
        m.stalled += change
        arm(m)


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
