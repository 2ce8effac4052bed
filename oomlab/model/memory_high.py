"""memory.high: who goes over it is slowed down, and never killed (mm/memcontrol.c, cgroup v2).

"Going over the high limit never invokes the OOM killer" (Documentation/admin-guide/cgroup-v2.rst).
On the way back to user mode the task frees pages itself; from v5.4 on it then sleeps, the longer
the farther its cgroup is over the limit, up to two seconds for each batch of pages. Simplified:
Linux charges a whole batch before the first page of it is used, the model page by page.
"""

from ..policies.policy import HZ
from .gfp import __GFP_IO
from .locks import TASK_KILLABLE, Steps, schedule_timeout
from .pressure import psi_memstall_enter, psi_memstall_leave
from .tasks import fatal_signal_pending
from .vmscan import shrink_lruvec

MAX_RECLAIM_RETRIES = 16
MEMCG_DELAY_PRECISION_SHIFT, MEMCG_DELAY_SCALING_SHIFT = 20, 14
MEMCG_MAX_HIGH_DELAY_JIFFIES = 2 * HZ


def note_over_high(current, memcg, pages: int) -> None:
    """Remember what this task charged while its cgroup, or one above, was over memory.high."""
    if current.kernel.policy.memory_high != "none":
        if any(m.usage > m.high for m in memcg.ancestors()):
            current.memcg_nr_pages_over_high += pages


def mem_cgroup_handle_over_high(current) -> Steps:
    """Back to user mode: reclaim what we took over the limit, or sleep for it.

    5.4 sleeps for the overage of the task's own cgroup, 5.10 for the worst up to the root. 5.10
    tries as long as reclaim frees something, and sixteen times more; 6.8 lets the dying go.
    """
    rule, memcg = current.kernel.policy.memory_high, current.memcg
    nr_pages, current.memcg_nr_pages_over_high = current.memcg_nr_pages_over_high, 0
    retries = MAX_RECLAIM_RETRIES if rule in ("retries", "spares-dying") else 0
    while not (rule == "spares-dying" and fatal_signal_pending(current)):
        yield "reclaim_high", memcg
        freed = reclaim_high(current.kernel, memcg)
        if rule == "reclaims":
            return
        batch, alone = current.kernel.policy.charge_batch, rule == "throttles"
        delay = high_delay(memcg, nr_pages, batch, alone)
        penalty = min(delay, MEMCG_MAX_HIGH_DELAY_JIFFIES)
        if penalty <= HZ // 100:
            return
        if not freed or rule == "throttles":
            if not retries:
                break
            retries -= 1
    else:
        return
    psi_memstall_enter(current)
    current.kernel.event("throttled", current, vain=True, ticks=penalty)
    yield from schedule_timeout(current, TASK_KILLABLE, penalty)
    psi_memstall_leave(current)


def reclaim_high(kernel, memcg) -> int:
    """Free pages of every cgroup upwards that is over its memory.high; how many."""
    return sum(shrink_lruvec(kernel, __GFP_IO, m) for m in memcg.ancestors() if m.usage > m.high)


def high_delay(memcg, nr_pages: int, charge_batch: int, alone: bool = False) -> int:
    """Ticks of sleep for `nr_pages`: the square of the worst overage (calculate_high_delay).

    `alone`: that of this cgroup, and not of those above it.
    """
    memcgs = (memcg,) if alone else memcg.ancestors()
    over = [(max(m.usage - m.high, 0), max(m.high, 1)) for m in memcgs]
    overage = max((pages << MEMCG_DELAY_PRECISION_SHIFT) // high for pages, high in over)
    ticks = overage * overage * HZ >> MEMCG_DELAY_PRECISION_SHIFT >> MEMCG_DELAY_SCALING_SHIFT
    return ticks * nr_pages // charge_batch
