"""Memory cgroups: limits on the pages of some tasks, and an OOM of its own (mm/memcontrol.c).

Over the limit (memory.max) pages are reclaimed as far as possible, and if that is not enough a task
dies. Over memory.high no task dies: memory_high.py. memory.low and memory.swap.max are kept by
vmscan.py. Simplified: memory is charged that is mapped or lies in tmpfs, no page cache beside it,
no page table and no slab. (K 4.6 charges no page table, K 4.10 does: PGALLOC_GFP.)
"""

from dataclasses import KW_ONLY, dataclass, field

from .gfp import GFP_KERNEL
from .locks import TASK_KILLABLE, TASK_UNINTERRUPTIBLE, Steps, WaitQueue, schedule_timeout
from .memory_high import PsiTrigger
from .mm import PAGE_COUNTER_MAX, ancestors
from .oom import OomControl, out_of_memory
from .tasks import IN_KERNEL, PF_EXITING, fatal_signal_pending, find_lock_task_mm, tsk_is_oom_victim
from .vmscan import inside, shrink_lruvec


@dataclass(slots=True, eq=False, repr=False)
class Memcg:
    """struct mem_cgroup: usage and limits in pages; a child's pages count in its parents too."""

    name: str
    limit: int  # memory.max
    parent: "Memcg | None" = None
    oom_group: bool = False
    _: KW_ONLY
    high: int = PAGE_COUNTER_MAX
    low: int = 0
    swap_max: int = PAGE_COUNTER_MAX
    usage: int = 0  # memory.current
    swap: int = 0  # memory.swap.current
    forced: int = 0  # pages charged over the limit
    tasks: list = field(default_factory=list)  # in it or below it, in order of creation
    under_oom: bool = False  # a killer is at work on this one
    oom_waitq: WaitQueue = field(init=False)
    stalled: int = 0  # tasks in it that wait for memory just now
    trigger: PsiTrigger | None = None

    NOT_STATE = ("forced",)  # only told, decides nothing

    def __post_init__(self) -> None:
        self.oom_waitq = WaitQueue(f"memcg_oom_waitq of {self.name}")

    def contains(self, task) -> bool:
        """Is its memory of this cgroup or of one below it? (task_in_mem_cgroup, to 5.2)"""
        thread = find_lock_task_mm(task)
        return thread is not None and inside(thread.mm.memcg, self)

    def get_oom_group(self, oom_domain) -> "Memcg | None":
        """The highest with memory.oom.group, from this one up to where the OOM is (4.19)."""
        path = ancestors(self)
        inside = path[: path.index(oom_domain) + 1] if oom_domain in path else path
        return next((memcg for memcg in reversed(inside) if memcg.oom_group), None)

    def in_tree_order(self, newest_first: bool = False) -> list:
        """Its own tasks, then those of each child and all below it (mem_cgroup_scan_tasks)."""
        tasks = self.tasks[::-1] if newest_first else list(self.tasks)
        if all(task.memcg is self for task in tasks):  # no other memcg is looked at
            return tasks

        def place(task) -> list[int]:
            return [task.kernel.memcgs.index(memcg) for memcg in ancestors(task.memcg)][::-1]

        return sorted(tasks, key=place)

    def charge(self, pages: int = 1) -> None:
        for memcg in ancestors(self):
            memcg.usage += pages

    def uncharge(self, pages: int) -> None:
        for memcg in ancestors(self):
            memcg.usage -= pages
        self.oom_recover()

    def oom_recover(self, asks: bool = True) -> None:
        """Wake who waits for an OOM here, above or below; if it `asks`, not if all do so below."""
        if not asks or any(memcg.oom_waitq.sleepers for memcg in ancestors(self)):
            below = (memcg for task in self.tasks for memcg in ancestors(task.memcg))
            for memcg in dict.fromkeys([*ancestors(self), *below]):
                memcg.oom_waitq.wake_up()


def try_charge(current, memcg: Memcg, pages: int = 1) -> Steps:
    """Charge the pages; false is ENOMEM. Who kills, and where, is `policy.memcg_oom` (knobs.py).

    From v3.12 (3812c8c8f395) to v4.18 any charge but a page fault's fails. Up to v5.15 the dying
    go over the limit, from v4.19 so does every task when there is none to kill; since
    a4ebf1b6ca1e (v5.16) both get ENOMEM, and a fault is then retried.
    """
    kernel, policy = current.kernel, current.kernel.policy
    passed_oom = False
    while True:
        over = next((m for m in ancestors(memcg) if m.usage + pages > m.limit), None)
        if over is None:
            break
        dying = task_is_dying(current)
        if dying and policy.memcg_limit == "exceeded":  # a limit must not bar the way out
            break
        current.over_limit = over
        if shrink_lruvec(kernel, GFP_KERNEL, over):
            yield "reclaim from", over
            continue
        if policy.memcg_oom == "fault-end":
            current.memcg_in_oom = over
            return False
        if passed_oom and dying:
            return False
        waits = policy.memcg_oom == "charge-waits"
        kill = mem_cgroup_handle_oom if waits else mem_cgroup_out_of_memory
        progress = (yield from kill(current, over)) or waits
        if kernel.panicked:
            return False
        if not progress and policy.memcg_limit == "exceeded":
            break
        if not progress:
            return False
        passed_oom = True
        yield "charge", memcg
    memcg.charge(pages)
    current.over_limit = None
    if over is not None:  # before v3.19 such a page was charged to no cgroup; here it counts
        for m in ancestors(memcg) if policy.memcg_oom != "charge-waits" else ():
            m.forced += pages if m.usage > m.limit else 0
    elif not current.flags & IN_KERNEL and any(m.usage > m.high for m in ancestors(memcg)):
        current.memcg_nr_pages_over_high += pages
    return True


def task_is_dying(task) -> bool:
    """Is it a victim, killed, or exiting? (should_force_charge() before v5.16)"""
    victim = task.memdie or tsk_is_oom_victim(task)
    # K 2.6.38, 3.10 __mem_cgroup_try_charge: who exits by itself does not count
    exits = task.flags & PF_EXITING and task.kernel.policy.memcg_oom != "charge-waits"
    return bool(victim or fatal_signal_pending(task) or exits)


def mem_cgroup_out_of_memory(current, memcg: Memcg) -> Steps:
    """Kill inside this cgroup; unlike the page allocator it waits for oom_lock.

    From v5.1 on SIGKILL ends the wait; then `policy.memcg_recheck` may call the kill off.
    Simplified: before v4.2 other locks stood where oom_lock is now.
    """
    kernel, recheck = current.kernel, current.kernel.policy.memcg_recheck
    state = TASK_UNINTERRUPTIBLE if recheck == "none" else TASK_KILLABLE
    if not (yield from kernel.oom_lock.lock(current, state)):
        return True
    # a victim's pages may have come back while we waited for the lock
    progress = recheck in ("margin", "margin-alone") and memcg.usage < memcg.limit
    progress = progress or recheck in ("dying", "margin") and task_is_dying(current)
    if not progress:
        progress = yield from out_of_memory(current, OomControl(GFP_KERNEL, 0, memcg))
    kernel.oom_lock.unlock()
    return bool(progress)


def mem_cgroup_handle_oom(current, memcg: Memcg) -> Steps:
    """Kill in this cgroup, or wait for the one who does, until something may have changed."""
    kernel, old = current.kernel, current.kernel.policy.memcg_oom == "charge-waits"
    relatives = [m for m in kernel.memcgs if memcg in ancestors(m) or m in ancestors(memcg)]
    if any(m.under_oom for m in relatives):  # one OOM at a time
        yield from memcg.oom_waitq.wait(current, TASK_KILLABLE)
    else:
        memcg.under_oom = True
        yield from mem_cgroup_out_of_memory(current, memcg)
        memcg.under_oom = False
        memcg.oom_recover(asks=not old)  # from v3.12 on it asks under_oom (memcg_oom_recover)
    if old and kernel.policy.scan != "processes" and not task_is_dying(current):
        yield from schedule_timeout(current, TASK_UNINTERRUPTIBLE, 1)  # K 2.6.38: TASK_RUNNING


def mem_cgroup_oom_synchronize(current) -> Steps:
    """The end of a page fault that ran into its limit, from v3.12 to v4.18."""
    memcg, current.memcg_in_oom = current.memcg_in_oom, None
    if not current.kernel.oom_killer_disabled:  # K 4.4, 4.6: asked here
        yield from mem_cgroup_handle_oom(current, memcg)
