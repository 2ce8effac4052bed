"""Memory cgroups: a limit on the pages of some tasks, and an OOM of its own (mm/memcontrol.c)."""

from .gfp import GFP_KERNEL
from .locks import TASK_KILLABLE, Steps, WaitQueue
from .oom import OomControl, out_of_memory
from .tasks import PF_EXITING, fatal_signal_pending, tsk_is_oom_victim

MAX_RECLAIM_RETRIES = 5  # 16 by v5.17; nothing is reclaimable here, so the number is not visible


class Memcg:
    """struct mem_cgroup: usage and limit in pages; a child's pages count in its parents too."""

    def __init__(self, name: str, limit: int, parent: "Memcg | None" = None, oom_group=False):
        self.name = name
        self.limit = limit
        self.parent = parent
        self.oom_group = oom_group
        self.usage = 0
        self.tasks: list = []  # in it or below it, in order of creation
        self.under_oom = False
        self.oom_waitq = WaitQueue(f"memcg_oom_waitq of {name}")

    def ancestors(self):
        """Itself, then its parents up to below the root."""
        memcg = self
        while memcg is not None:
            yield memcg
            memcg = memcg.parent

    def contains(self, task) -> bool:
        """Is the task in this cgroup or below it?"""
        return task.memcg is not None and self in task.memcg.ancestors()

    def attach(self, task) -> None:
        for memcg in self.ancestors():
            memcg.tasks.append(task)

    def over(self, pages: int = 1) -> "Memcg | None":
        """The first cgroup upwards whose limit `pages` more would exceed."""
        return next((m for m in self.ancestors() if m.usage + pages > m.limit), None)

    def charge(self, pages: int = 1) -> None:
        for memcg in self.ancestors():
            memcg.usage += pages

    def uncharge(self, pages: int) -> None:
        for memcg in self.ancestors():
            memcg.usage -= pages
            memcg.oom_waitq.wake_up()


def try_charge(current, memcg: Memcg, pages: int = 1) -> Steps:
    """Charge the pages; false is ENOMEM.

    Up to v4.18 an OOM in a page fault is only noted here, and dealt with when the fault has let
    go of its locks (mem_cgroup_oom_synchronize). From v4.19 on the killer is called right here.
    """
    kernel, policy = current.kernel, current.kernel.policy
    while True:
        over = memcg.over(pages)
        if over is None:
            memcg.charge(pages)
            return True
        dying = fatal_signal_pending(current) or current.flags & PF_EXITING or current.memdie
        if policy.memcg_oom == "fault-end":
            if dying:  # the way out must not be barred by a limit
                memcg.charge(pages)
                return True
            current.memcg_in_oom = over
            return False
        if dying and tsk_is_oom_victim(current):
            memcg.charge(pages)
            return True
        progress = yield from mem_cgroup_out_of_memory(current, over)
        if not progress or kernel.panicked or fatal_signal_pending(current):
            return False
        yield "charge", memcg


def mem_cgroup_out_of_memory(current, memcg: Memcg) -> Steps:
    """Kill inside this cgroup; unlike the page allocator it waits for oom_lock."""
    kernel = current.kernel
    yield from kernel.oom_lock.lock(current)
    if fatal_signal_pending(current) and kernel.policy.memcg_oom == "charge":
        progress = True
    elif kernel.policy.memcg_oom == "charge" and memcg.usage < memcg.limit:
        progress = True  # a victim's pages came back while we waited for the lock
    else:
        progress = yield from out_of_memory(current, OomControl(GFP_KERNEL, 0, memcg))
    kernel.oom_lock.unlock()
    return progress


def mem_cgroup_oom_synchronize(current) -> Steps:
    """The end of a page fault that ran into its limit (to v4.18): kill, or wait for who does."""
    memcg, current.memcg_in_oom = current.memcg_in_oom, None
    if memcg.under_oom:
        yield from memcg.oom_waitq.wait(current, TASK_KILLABLE)
        return
    memcg.under_oom = True
    yield from mem_cgroup_out_of_memory(current, memcg)
    memcg.under_oom = False
    memcg.oom_waitq.wake_up()
