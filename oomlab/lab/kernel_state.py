"""The state of a machine in words, as rows and cells: locks, marks, references, waits, free pages.

    facts(kernel)["the hand-off", "mm_to_reap", ""]     # 'victim1', or 'NULL'

A fact has a group, a row and a column, so that a table can be drawn of each group. Two moments
differ in exactly the facts that differ: that is how a step's effect is marked.
"""

from ..model.kernel import Kernel
from ..model.locks import TASK_DEAD, Mutex, RwSemaphore
from ..model.mm import (
    MM,
    MMF_OOM_REAP_QUEUED,
    MMF_OOM_SKIP,
    MMF_OOM_VICTIM,
    MMF_UNSTABLE,
    get_mm_rss,
)
from ..model.tasks import PF_EXITING, Task, thread_group_leader, tsk_is_oom_victim
from ..simulate.recorder import state_of
from ..simulate.run import name_of
from ..simulate.step_effect import queue
from ..simulate.wait_graph import find_cycle, wait_for_graph

Facts = dict[tuple[str, str, str], str]  # (group, row, column): what stands there

GRAPH = "waits for"  # the group of the wait-for graph: a row for each node
CYCLE = (GRAPH, "", "cycle")
FLAGS = {
    MMF_OOM_VICTIM: "OOM_VICTIM",
    MMF_OOM_SKIP: "OOM_SKIP",
    MMF_UNSTABLE: "UNSTABLE",
    MMF_OOM_REAP_QUEUED: "REAP_QUEUED",
}


def facts(kernel: Kernel) -> Facts:
    """All facts about a machine as it stands now; pages of 4 kB, times in ticks."""
    found: Facts = {}
    shared_variables(kernel, found)
    for task in kernel.tasks:
        about_task(task, found)
    for mm in kernel.mms:
        about_mm(mm, found)
    for memcg in kernel.memcgs:
        found["memory cgroups", memcg.name, "usage"] = str(memcg.usage)
        found["memory cgroups", memcg.name, "limit"] = str(memcg.limit)
    for timer in kernel.timers:
        row = f"{timer.function.__name__} of {name_of(timer.argument)}"
        found["timers", row, "fires at tick"] = str(timer.expires)
    graph = wait_for_graph(kernel)
    for node, others in graph.items():
        found[GRAPH, node, ""] = ", ".join(others)
    if cycle := find_cycle(graph):
        found[CYCLE] = ", ".join(cycle)
    return found


def shared_variables(kernel: Kernel, found: Facts) -> None:
    """Free pages, the locks and counts of the OOM killer, and what the hand-off is made of."""
    zone, policy = kernel.zone, kernel.policy
    found["memory", "free pages", ""] = str(zone.free)
    if zone.reclaimable:
        found["memory", "reclaimable pages", ""] = str(zone.reclaimable)
    if zone.reaped:
        found["memory", "free pages that the reaper freed", ""] = str(zone.reaped)
    if kernel.swap_free or zone.total_swap:
        found["memory", "free pages of swap", ""] = str(kernel.swap_free)
    found["the OOM killer", "oom_lock", ""] = lock_words(kernel.oom_lock)
    found["the OOM killer", "oom_victims", ""] = str(kernel.oom_victims)
    if kernel.oom_killer_disabled:
        found["the OOM killer", "oom_killer_disabled", ""] = "yes"
    if kernel.panicked:
        found["the OOM killer", "panic", ""] = kernel.panicked
    if policy.reaper in ("slot", "slot-xchg", "workqueue"):
        found["the hand-off", "mm_to_reap", ""] = name_of(kernel.mm_to_reap or "NULL")
    elif policy.reaper == "list":
        found["the hand-off", "oom_reaper_list", ""] = " \u2192 ".join(queue(kernel)) or "NULL"
    else:
        found["the hand-off", "reaper", ""] = {"none": "there is none"}.get(
            policy.reaper, "looks for victims by itself"
        )
    if policy.reaper == "workqueue":
        found["the hand-off", "busy workers", ""] = str(kernel.busy_workers)


def about_task(task: Task, found: Facts) -> None:
    """What a task is doing, what it waits for, and how it is marked."""
    state = state_of(task)
    if state == "dead":
        return
    if state == "waiting" and isinstance(task.waits_for, Mutex | RwSemaphore):
        state = "waiting for a lock"
    words = {"allocating": "in the slow path", "waiting": "asleep"}
    found["tasks", task.name, "state"] = words.get(state, state)
    found["tasks", task.name, "waits for"] = name_of(task.waits_for or "")
    found["tasks", task.name, "marks"] = ", ".join(marks(task))
    if task.kernel_pages:
        found["tasks", task.name, "kernel pages"] = str(task.kernel_pages)


def marks(task: Task) -> list[str]:
    """SIGKILL, the victim's mark, PF_EXITING, by the kernel's names."""
    return [
        *(["SIGKILL"] if task.sigkill else []),
        *(["TIF_MEMDIE"] if task.memdie else []),
        *(["oom_mm"] if tsk_is_oom_victim(task) and thread_group_leader(task) else []),
        *(["PF_EXITING"] if task.flags & PF_EXITING and task.state != TASK_DEAD else []),
    ]


def about_mm(mm: MM, found: Facts) -> None:
    """References, resident pages, flags and lock of an address space."""
    row = ("address spaces", mm.name)
    found[*row, "mm_users"] = str(mm.mm_users)
    found[*row, "mm_count"] = str(mm.mm_count)
    found[*row, "pages"] = str(get_mm_rss(mm))
    found[*row, "MMF_ flags"] = ", ".join(word for flag, word in FLAGS.items() if mm.flags & flag)
    found[*row, "mmap_sem"] = sem_words(mm.mmap_sem)


def lock_words(lock: Mutex) -> str:
    """Who has a mutex, and who waits for it."""
    if lock.owner is None:
        return "free"
    waiting = ", ".join(task.name for task in lock.waiters)
    return f"{lock.owner.name} has it" + (f"; {waiting} waits" if waiting else "")


def sem_words(sem: RwSemaphore) -> str:
    """Who has an rw_semaphore, for what, and who waits for it."""
    if sem.writer is not None:
        held = f"{sem.writer.name} writes"
    elif sem.readers:
        held = f"{', '.join(task.name for task in sem.readers)} reads"
    else:
        held = ""
    waiting = ", ".join(f"{t.name} to {'write' if writes else 'read'}" for t, writes in sem.waiters)
    return "; ".join(filter(None, [held, waiting and f"waits: {waiting}"]))
