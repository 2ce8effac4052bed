"""What a report says of memory: plain numbers, taken at the moment when the kernel reports.

The model only says that something happened (Kernel.event). Who keeps the events looks at the
machine there and then, as a program on a tracepoint does; nothing here changes it. Sizes are in
pages. Names are those of lib/show_mem.c and mm/oom_kill.c.
"""

from collections.abc import Callable

from ..model.kernel import Kernel
from ..model.locks import TASK_DEAD, TASK_FROZEN, TASK_INTERRUPTIBLE
from ..model.mm import ANON, FILE, MM, SHMEM, get_mm_rss
from ..model.oom import oom_badness, oom_unkillable_task
from ..model.tasks import (
    PF_OOM_ORIGIN,
    fatal_signal_pending,
    find_lock_task_mm,
    freezing,
    thread_group_leader,
)
from ..model.vmscan import page_cache

ULONG_MAX, UINT_MAX = 2**64 - 1, 2**32 - 1


class Events(list):
    """The events of a machine, each with the numbers that belong to it."""

    def __init__(self, kernel: Kernel):
        super().__init__(kernel.events or ())
        self.kernel = kernel

    def append(self, event: dict) -> None:
        more = NUMBERS.get(event["event"], nothing)(self.kernel, event)
        if more is not None:
            super().append(event | more)


def keep_events(kernel: Kernel) -> None:
    """From here on its events, if it keeps them, have their numbers."""
    if type(kernel.events) is list:
        kernel.events = Events(kernel)


def nothing(kernel: Kernel, event: dict) -> dict:
    return {}


def dump_header(kernel: Kernel, event: dict) -> dict:
    """The report: who asked, what memory looked like, and the table of candidates."""
    oc, chosen = event["oc"], event["chosen"]
    points = 0
    if chosen is not None and not oc.allocating:
        points = oom_badness(chosen, oc.totalpages, kernel.policy) or 0
        if chosen.flags & PF_OOM_ORIGIN and kernel.policy.points == "pages":
            points = ULONG_MAX  # swapoff
    return {
        "adj": event["task"].signal.oom_score_adj,
        "score": oom_score(points, oc.totalpages, kernel.policy),
        "mem": show_mem(kernel),
        "memcg": show_memcg(oc.memcg, event.get("exiting", chosen)),
        "tasks": dump_tasks(kernel, oc.memcg),
    }


def oom_score(points: int, totalpages: int, policy) -> int:
    """The number that "Kill process ... score N" prints, to v5.0; of ULONG_MAX what is left."""
    if policy.points == "permille":
        return points
    if points == ULONG_MAX:
        return points * 1000 % (ULONG_MAX + 1) // totalpages % (UINT_MAX + 1)
    return points * 1000 // totalpages


def killed(kernel: Kernel, event: dict) -> dict:
    return {"row": dump_task(event["task"], event["task"].mm)}


def marked(kernel: Kernel, event: dict) -> dict:
    """Whom the killer waits for. To 3.10 one that has left its memory may be marked, too."""
    mm = event["mm"]
    return {"row": dump_task(event["task"], mm)} if mm is not None else {}


def reaped(kernel: Kernel, event: dict) -> dict:
    """What the reaper left in the mm, in kB, as it is printed."""
    mm = event.pop("mm")
    return {kind: 4 * get_mm_counter(mm, kind) for kind in (ANON, FILE, SHMEM)}


def stands_frozen(task) -> bool:
    """Is it in TASK_FROZEN, or would freeze_task() have put it there out of its sleep?

    It wakes whoever sleeps in TASK_INTERRUPTIBLE, and on its way out that task stands still; a
    victim may be let through. Here such a task sleeps on, and counts as frozen.
    """
    return task.state == TASK_FROZEN or task.state == TASK_INTERRUPTIBLE and freezing(task)


def sleepers(kernel: Kernel, event: dict) -> dict:
    """The names of those that count as frozen in their sleep."""
    frozen = [t for t in kernel.tasks if stands_frozen(t) and t.state != TASK_FROZEN]
    return {"sleepers": [task.name for task in frozen]}


def memalloc_info(kernel: Kernel, event: dict) -> dict | None:
    """The line of kmallocwd v1 (M09); none if no task stalls."""
    stalling = sum(bool(task.allocating) for task in kernel.tasks)
    dying = sum(fatal_signal_pending(task) for task in kernel.tasks)
    victims = kernel.oom_victims
    told = {"stalling": stalling, "dying": dying, "victims": victims}
    return told if stalling or victims else None


def show_mem(kernel) -> dict[str, int]:
    """Mem-Info: the zone and its marks, and what is known of the rest."""
    zone = kernel.zone
    vmas = [vma for mm in kernel.mms for vma in mm.vmas]
    cached, shmem = page_cache(kernel)
    return {
        "free": zone.free,
        "min": zone.min,
        "low": zone.low,
        "high": zone.high,
        "managed": zone.managed,
        "mlocked": sum(vma.pages for vma in vmas if vma.locked),
        "pagetables": sum(mm.nr_ptes + mm.nr_pmds for mm in kernel.mms),
        "pagecache": cached,
        "shmem": shmem,
        "reserved": kernel.unmanaged,
        "total_swap": zone.total_swap,
        "free_swap": kernel.swap_free,
    }


def show_memcg(memcg, chosen) -> dict | None:
    """mem_cgroup_print_oom_info(): the limit that was hit, and where the chosen task lives.

    A leader that has exited is in the root in 2.6.38 (cgroup_exit), from 4.2 on where it was.
    """
    if memcg is None:
        return None
    told = {"name": memcg.name, "usage": memcg.usage, "limit": memcg.limit}
    if chosen is None:
        return told | {"task": None}
    left = chosen.state == TASK_DEAD and chosen.kernel.policy.scan == "processes"
    return told | {"task": "" if left or chosen.memcg is None else chosen.memcg.name}


def dump_tasks(kernel, memcg=None) -> list[dict]:
    """The table: every process with an mm that this OOM is about.

    They come in the order of the task list, in a memcg those whose memory it is; from 5.3 on in
    that of the cgroups, and those that are in it.
    """
    rows, tasks = [], kernel.tasks
    if memcg is not None and kernel.policy.scan == "leaders":
        tasks, memcg = memcg.in_tree_order(), None
    for task in tasks:
        if thread_group_leader(task) and not oom_unkillable_task(task, memcg):
            thread = find_lock_task_mm(task)
            if thread is not None:
                rows.append(dump_task(thread, thread.mm))
    return rows


def get_mm_counter(mm: MM, kind: str) -> int:
    """Resident pages of one kind."""
    return sum(vma.pages for vma in mm.vmas if vma.kind == kind)


def dump_task(task, mm) -> dict:
    """One row: the thread that still has the mm, with its leader's pid, and what is in the mm."""
    return {
        "pid": task.pid,
        "uid": task.uid,
        "tgid": task.signal.threads[0].pid,
        "total_vm": sum(vma.size for vma in mm.vmas),
        "rss": get_mm_rss(mm),
        "anon": get_mm_counter(mm, ANON),
        "file": get_mm_counter(mm, FILE),
        "shmem": get_mm_counter(mm, SHMEM),
        "nr_ptes": mm.nr_ptes,
        "nr_pmds": mm.nr_pmds,
        "swapents": mm.swapents,
        "adj": task.signal.oom_score_adj,
        "name": task.name,
    }


NUMBERS: dict[str, Callable[[Kernel, dict], dict | None]] = {
    "oom_report": dump_header,
    "kill": killed,
    "mark_victim": marked,
    "finish_task_reaping": reaped,
    "freezing": sleepers,
    "thawing": sleepers,
    "memalloc_info": memalloc_info,
}
