"""What an OOM report says of memory: plain numbers, taken when the report is made.

Only a run that keeps its events pays for this. Sizes are in pages. Names are those of
lib/show_mem.c and mm/oom_kill.c.
"""

from .mm import ANON, FILE, SHMEM, get_mm_rss
from .tasks import PF_KTHREAD, find_lock_task_mm, is_global_init, thread_group_leader


def dump_header(kernel, oc, chosen, current, score: int = 0) -> None:
    """The report: who asked, what memory looked like, and the table of candidates."""
    shown = {}
    if kernel.events is not None:
        shown = {
            "adj": current.signal.oom_score_adj,
            "score": score,
            "mem": show_mem(kernel),
            "memcg": show_memcg(oc.memcg, chosen),
            "tasks": dump_tasks(kernel, oc.memcg),
        }
    kernel.event("oom_report", current, oc=oc, chosen=chosen, **shown)


def show_mem(kernel) -> dict[str, int]:
    """Mem-Info: the zone and its marks, and what is known of the rest."""
    zone = kernel.zone
    vmas = [vma for mm in kernel.mms for vma in mm.vmas]
    shared = {v.shmem for v in vmas if v.shmem and v.kind != ANON}.union(kernel.shmems)
    files = {v.shmem for v in vmas if v.shmem and v.kind == FILE}
    cache = zone.reclaimable + zone.stuck_lru + sum(shmem.pages for shmem in shared)
    return {
        "free": zone.free,
        "min": zone.min,
        "low": zone.low,
        "high": zone.high,
        "managed": zone.managed,
        "mlocked": sum(vma.pages for vma in vmas if vma.locked),
        "pagetables": sum(mm.nr_ptes + mm.nr_pmds for mm in kernel.mms),
        "pagecache": cache + sum(vma.pages for vma in vmas if vma.kind == FILE),
        "shmem": sum(shmem.pages for shmem in shared - files),
        "reserved": kernel.unmanaged,
        "total_swap": zone.total_swap,
        "free_swap": kernel.swap_free,
    }


def show_memcg(memcg, chosen) -> dict | None:
    """mem_cgroup_print_oom_info(): the limit that was hit, and where the chosen task lives."""
    if memcg is None:
        return None
    told = {"name": memcg.name, "usage": memcg.usage, "limit": memcg.limit}
    return told | {"task": chosen.memcg.name if chosen else None}


def dump_tasks(kernel, memcg=None) -> list[dict]:
    """The table: every process with an mm that this OOM is about.

    They come in the order of the task list; from 5.3 on in that of the cgroups.
    """
    rows, tasks = [], kernel.tasks if memcg is None else memcg.tasks
    if memcg is not None and kernel.policy.scan == "leaders":
        tasks = memcg.in_tree_order()
    for task in tasks:
        if thread_group_leader(task) and not (task.flags & PF_KTHREAD or is_global_init(task)):
            thread = find_lock_task_mm(task)
            if thread is not None:
                rows.append(dump_task(thread))
    return rows


def dump_task(task) -> dict:
    """One row: the thread that still has the mm, with its leader's pid, and what is in the mm."""
    mm = task.mm
    return {
        "pid": task.pid,
        "uid": task.uid,
        "tgid": task.signal.threads[0].pid,
        "total_vm": sum(vma.size for vma in mm.vmas),
        "rss": get_mm_rss(mm),
        "anon": mm.counter(ANON),
        "file": mm.counter(FILE),
        "shmem": mm.counter(SHMEM),
        "nr_ptes": mm.nr_ptes,
        "nr_pmds": mm.nr_pmds,
        "swapents": mm.swapents,
        "adj": task.signal.oom_score_adj,
        "name": task.name,
    }
