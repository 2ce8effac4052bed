"""The OOM killer: whom to kill, and how it is done (mm/oom_kill.c)."""

from dataclasses import dataclass, replace
from typing import Any

from .gfp import __GFP_FS, __GFP_NOFAIL
from .locks import TASK_DEAD, TASK_KILLABLE, TASK_UNINTERRUPTIBLE, Steps, schedule_timeout
from .mm import MMF_OOM_SKIP, MMF_OOM_VICTIM, get_mm_rss, mmdrop, mmgrab
from .reaper import wake_oom_reaper
from .tasks import (
    OOM_SCORE_ADJ_MIN,
    PF_EXITING,
    PF_KTHREAD,
    PF_OOM_ORIGIN,
    caller_is_dying,
    do_send_sigkill,
    find_lock_task_mm,
    in_vfork,
    is_global_init,
    oom_disabled,
    process_shares_mm,
    task_will_free_mem,
    thaw,
    thread_group_leader,
)

ABORT = "abort"  # of a scan that met a victim that has not finished yet


@dataclass(slots=True, eq=False, repr=False)
class OomControl:
    """struct oom_control: one OOM situation. order -1 is SysRq-f."""

    gfp_mask: int
    order: int = 0
    memcg: Any = None
    totalpages: int = 0
    caller: Any = None  # the task that asks: `current`
    allocating: bool = False  # it is killed itself (oom_kill_allocating_task)


def oom_unkillable_task(task, memcg=None) -> bool:
    """A kernel thread, init (to 3.10 its first thread alone: pid 1), or of no task of the memcg."""
    old, init = task.kernel.policy.marked_first, task.kernel.init
    if task.flags & PF_KTHREAD or task is init or not old and task.signal is init.signal:
        return True
    return memcg is not None and not memcg.contains(task)


def oom_badness(task, totalpages: int, policy, memcg=None) -> int | None:
    """Points of a process in pages (per mille before 3.5), or None if it must not be killed.

    Resident memory, swap and page tables, shifted by oom_score_adj thousandths of `totalpages`.
    """
    if oom_unkillable_task(task, memcg):
        return None
    adj = task.signal.oom_score_adj
    thread = find_lock_task_mm(task) if adj != OOM_SCORE_ADJ_MIN else None
    if thread is None or thread.mm.flags & MMF_OOM_SKIP or oom_disabled(thread.mm):
        return None
    if policy.vfork_skipped and in_vfork(thread):
        return None
    mm = thread.mm
    if thread.flags & PF_OOM_ORIGIN and policy.points == "permille":
        return 1000

    points = get_mm_rss(mm) + mm.swapents
    if policy.page_tables != "none":
        points += mm.nr_ptes
    if policy.page_tables == "ptes+pmds":
        points += mm.nr_pmds
    if policy.points == "permille":
        points = points * 1000 // totalpages + adj - (30 if thread.uid == 0 else 0)
        return min(max(points, 1), 1000)
    if thread.uid == 0 and policy.root_bonus == "own":
        points -= points * 3 // 100
    if thread.uid == 0 and policy.root_bonus == "total":
        adj -= 30
    points += adj * (totalpages // 1000)
    return points if policy.signed_points else max(points, 1)


def oom_evaluate_task(task, oc: OomControl, policy):
    """One candidate: ABORT the scan, skip it (None), or its points."""
    if oom_unkillable_task(task, oc.memcg if policy.scan == "processes" else None):
        return None
    asks = oc.order != -1 or policy.scan == "processes"  # SysRq-f waits for no task (3.4)
    if policy.victim_mark == "process":
        if asks and (oom_mm := task.signal.oom_mm) is not None:  # tsk_is_oom_victim()
            return None if oom_mm.flags & MMF_OOM_SKIP else ABORT
    elif asks and task.memdie:
        return ABORT
    elif task.mm is None and policy.scan != "processes":
        return None
    for thread in task.signal.threads if policy.points == "pages" else ():
        if thread.flags & PF_OOM_ORIGIN:
            return float("inf")
    # in 2.6.38 a caller that exits is chosen itself
    if asks and policy.exiting_aborts and task_will_free_mem(task, policy):
        return float("inf") if task is oc.caller and policy.scan == "processes" else ABORT
    memcg = oc.memcg if policy.victim_mark == "thread" else None  # K 4.4 task_in_mem_cgroup
    return oom_badness(task, oc.totalpages, policy, memcg)


def candidates(kernel, oc: OomControl) -> list:
    """Whom the scan looks at, in its order: leaders, or each thread that lives (kernel-facts 9)."""
    policy, memcg = kernel.policy, oc.memcg
    if memcg is None or policy.scan == "processes":
        tasks = kernel.tasks
    else:  # from 3.6 on; in 3.10 the newest first
        tasks = memcg.in_tree_order(newest_first=policy.scan == "each-thread")
    if memcg is None or policy.scan in ("processes", "leaders"):
        tasks = [task for task in tasks if task.signal.threads[0] is task]  # a leader
        if policy.victim_mark == "process" or policy.scan == "processes":
            return tasks
        tasks = [thread for task in tasks for thread in task.signal.threads]
    return [task for task in tasks if task.state != TASK_DEAD]


def select_bad_process(kernel, oc: OomControl):
    """The worst task in this domain, None, or ABORT while an earlier victim lives."""
    policy = kernel.policy
    chosen, chosen_points = None, None
    for task in candidates(kernel, oc):
        points = oom_evaluate_task(task, oc, policy)
        if points is ABORT:
            return ABORT
        if points is None or chosen is not None and points < chosen_points:
            continue
        # Of equals the first stays, to 5.2 only if it is a leader; of two PF_OOM_ORIGIN the last.
        if chosen is not None and points == chosen_points != float("inf"):
            if policy.ties == "first" and (policy.scan != "threads" or thread_group_leader(chosen)):
                continue
        chosen, chosen_points = task, points
    return chosen


def constrained_alloc(kernel, oc: OomControl) -> int:
    """Pages of memory and swap that this OOM is about (mem_cgroup_get_max, K 2.6.38, 6.12)."""
    if oc.memcg is not None:
        return oc.memcg.limit + min(oc.memcg.swap_max, kernel.zone.total_swap) or 1
    return kernel.zone.managed - kernel.unmanaged + kernel.zone.total_swap


def check_panic_on_oom(kernel, oc: OomControl, current) -> None:
    sysctl = kernel.policy.panic_on_oom
    if oc.order == -1 and not kernel.policy.sysrq_panics:
        return  # SysRq-f is a wish for a kill
    if sysctl == 2 or sysctl == 1 and oc.memcg is None:
        which = "compulsory" if sysctl == 2 else "system-wide"
        shown = replace(oc, memcg=None) if kernel.policy.marked_first else oc  # K 3.10, 4.4
        kernel.event("oom_report", current, vain=True, oc=shown, chosen=None)
        kernel.panic(f"Out of memory: {which} panic_on_oom is enabled")


def out_of_memory(current, oc: OomControl) -> Steps:
    """Make memory by killing; true if it was done, ABORT if it is under way. (No OOM notifiers.)"""
    kernel, policy = current.kernel, current.kernel.policy
    # K 2.6.38, 3.10: the allocator alone asks. K 4.4, 4.6: a fault and SysRq-f, too. K 4.10: all.
    unasked = oc.memcg is not None and policy.victim_mark == "thread"
    unasked = unasked or policy.suspend == "flag" and (not oc.gfp_mask or oc.order == -1)
    if kernel.oom_killer_disabled and not unasked:
        return False

    # A dying caller needs a way out, not a corpse: it may use the reserves itself.
    asks_itself = oc.memcg is None or policy.scan != "processes"  # K 2.6.38: not in a memcg
    if asks_itself and oc.order != -1 and caller_is_dying(current, policy):
        yield from mark_oom_victim(current, current, current.mm)
        if policy.reap_dying and policy.wake == "oom_kill_process":
            yield from wake_oom_reaper(current, current, current.mm)
        return True
    # One who cannot wait for the filesystem must not kill on its behalf either (4.7).
    exempt = oc.gfp_mask & __GFP_NOFAIL and policy.nofail != "dips"
    if oc.memcg is None and oc.gfp_mask and not oc.gfp_mask & __GFP_FS and not exempt:
        return True

    oc.totalpages, oc.caller = constrained_alloc(kernel, oc), current
    check_panic_on_oom(kernel, oc, current)
    if kernel.panicked:
        return False
    if policy.oom_kill_allocating_task and may_kill_allocating_task(current, oc):
        oc.allocating = True
        yield from oom_kill_process(current, oc, current)
        return True

    chosen = select_bad_process(kernel, oc)
    if chosen is ABORT:
        kernel.event("scan_aborted", current, vain=True)
        return ABORT
    if chosen is None:
        panics = oc.memcg is None and (oc.order != -1 or policy.sysrq_panics)
        text, warns = "Out of memory and no killable processes...", policy.memcg_oom == "charge"
        if panics or warns:  # v4.19 says so in any case
            kernel.event("oom_report", current, vain=True, oc=oc, chosen=None)
            kernel.event("no_killable_processes", current, vain=True)
        if panics:
            kernel.panic("System is deadlocked on memory" if warns else text)
        return False
    yield from oom_kill_process(current, oc, chosen)
    naps = oc.memcg is None or policy.victim_mark == "process"  # a memcg from v4.9 on
    old = policy.scan == "processes"  # K 2.6.38: who is not marked sleeps, killed or not
    if policy.sleep_after_kill and naps and not (kernel.panicked or old and current.memdie):
        yield from schedule_timeout(current, TASK_UNINTERRUPTIBLE if old else TASK_KILLABLE, 1)
    return True


def may_kill_allocating_task(current, oc: OomControl) -> bool:
    """May the one who asked be killed? Not without an mm; a reaped mm or a vfork spares it not."""
    if oc.memcg or oc.order == -1 or current.mm is None or oom_unkillable_task(current):
        return False
    return current.signal.oom_score_adj != OOM_SCORE_ADJ_MIN and not oom_disabled(current.mm)


def oom_kill_process(current, oc: OomControl, chosen) -> Steps:
    """Kill `chosen`, or a child of it in its place, or its whole memory.oom.group."""
    kernel, policy = current.kernel, current.kernel.policy
    asks_leader = policy.scan == "processes"  # K 2.6.38: and no other thread, exited or not
    if chosen.flags & PF_EXITING if asks_leader else task_will_free_mem(chosen, policy):
        if asks_leader:  # it reports before it asks
            kernel.event("oom_report", current, vain=True, oc=oc, chosen=None, exiting=chosen)
        mm, chosen.task_lock = chosen.mm, True
        yield from mark_oom_victim(current, chosen, mm)
        chosen.task_lock = False
        if policy.reap_dying and policy.wake == "oom_kill_process":
            yield from wake_oom_reaper(current, chosen, mm)
        return
    kernel.event("oom_report", current, vain=True, oc=oc, chosen=chosen)  # the kill is progress
    victim = sacrifice_child(chosen, oc, policy)
    yield from __oom_kill_process(current, oc, chosen, victim)
    group = victim.memcg.get_oom_group(oc.memcg) if policy.oom_group and victim.memcg else None
    if group is not None:
        kernel.event("oom_group", victim, memcg=group)
        # to 5.2 each thread is a member, and is killed and marked by itself
        domain = OomControl(oc.gfp_mask, 0, group)
        members = candidates(kernel, domain)
        for task in members:
            made, taken = kernel.next_pid, policy.group_takes_init or not is_global_init(task)
            if taken and task.signal.oom_score_adj != OOM_SCORE_ADJ_MIN:
                yield from __oom_kill_process(current, oc, task, task)
            if kernel.next_pid != made:  # a new task is the last of the list
                members += [t for t in candidates(kernel, domain) if t not in members]


def __oom_kill_process(current, oc: OomControl, chosen, victim) -> Steps:
    """SIGKILL, the mark, SIGKILL for all others with this mm, the hand-off, in this order."""
    kernel, policy = current.kernel, current.kernel.policy
    thread = find_lock_task_mm(victim)
    if thread is None:
        kernel.event("already_exiting", victim, vain=True, oc=oc)
        return
    victim, mm = thread, thread.mm
    if policy.marked_first:  # to v4.3: the others first, its own SIGKILL last (K 3.10)
        kernel.event("kill", victim, oc=oc, chosen=chosen)
        can_oom_reap = yield from kill_sharers(victim, mm)
        if victim.state != TASK_DEAD:
            yield "mark", victim
            yield from mark_oom_victim(current, victim, mm)
        yield "SIGKILL", victim
        do_send_sigkill(victim, forced=True)
    else:
        mmgrab(mm)  # so that it can be compared after task_unlock()
        victim.task_lock = True
        yield "SIGKILL", victim
        do_send_sigkill(victim, forced=True)
        kernel.event("kill", victim, oc=oc, chosen=chosen)
        yield "mark", victim
        yield from mark_oom_victim(current, victim, mm)
        victim.task_lock = False
        can_oom_reap = yield from kill_sharers(victim, mm)
    if kernel.init.sigkill:  # a member of an oom.group, or to 3.10 a sharer
        kernel.init_dies(9)
    if can_oom_reap and policy.wake == "oom_kill_process" and not kernel.panicked:
        yield from wake_oom_reaper(current, victim, mm)
    if not policy.marked_first:
        mmdrop(mm)


def kill_sharers(victim, mm) -> Steps:
    """SIGKILL for every other process that uses the victim's mm; true if it may be reaped then."""
    kernel, policy = victim.kernel, victim.kernel.policy
    can_oom_reap = True
    sharers = [task for task in mm.tasks if task.signal is not victim.signal]
    for sharer in sharers:
        if sharer.mm is not mm or policy.marked_first and not thread_group_leader(sharer):
            continue  # K 2.6.38, 3.10: `p->mm == mm`, and p is the leader
        if sharer.flags & PF_KTHREAD and policy.scan != "processes":  # K 2.6.38: SIGKILL
            can_oom_reap = can_oom_reap and not policy.kthread_blocks_reaping
            continue
        adj = sharer.signal.oom_score_adj
        spared = adj == OOM_SCORE_ADJ_MIN and policy.unkillable_sharer == "spared"
        if is_global_init(sharer) and policy.init_sharer == "spared" or spared:
            can_oom_reap = False
            if policy.victim_mark == "process":
                mm.flags |= MMF_OOM_SKIP
                kernel.event("mm_pinned", victim, by=sharer)
            continue
        made = kernel.next_pid
        yield "SIGKILL", sharer
        if kernel.next_pid != made:  # a new task is the last of the list
            sharers += [t for t in mm.tasks if t not in sharers and t.signal is not victim.signal]
        if policy.marked_first:
            kernel.event("kill_sharer", sharer)
        do_send_sigkill(sharer, forced=True)
    return can_oom_reap


def sacrifice_child(chosen, oc: OomControl, policy):
    """The worst child with memory of its own (to v5.0); of equals the first of the first thread."""
    victim, victim_points = chosen, 0
    threads, alone = chosen.signal.threads, policy.marked_first  # K 3.10: a child's first thread
    if policy.child_sacrifice:
        at = threads.index(chosen) if alone else 0
        makers = threads[at:] + threads[:at]
        for child in [c for thread in makers for c in chosen.signal.children if c.parent is thread]:
            if child.mm is chosen.mm if alone else process_shares_mm(child, chosen.mm):
                continue
            points = oom_badness(child, oc.totalpages, policy, oc.memcg)
            if points is not None and points > victim_points:
                victim, victim_points = child, points
    return victim


def mark_oom_victim(current, task, mm) -> Steps:
    """Let it use the reserves, thaw it, make the killer wait for it; not if it is gone (< v4.4)."""
    kernel, policy = task.kernel, task.kernel.policy
    if task.memdie or task not in task.signal.threads:
        return
    task.memdie = True
    task.marked = True
    if policy.victim_mark == "process" and task.signal.oom_mm is None:
        task.signal.oom_mm = mm
        mm.flags |= MMF_OOM_VICTIM
        mmgrab(mm)  # until the last thread of the process is released
    for thread in {"process": task.signal.threads, "thread": (task,)}.get(policy.thaws, ()):
        thaw(thread)
    kernel.oom_victims += 1
    kernel.event("mark_victim", task, mm=mm)
    if policy.wake == "mark_oom_victim":
        yield from wake_oom_reaper(current, task, mm)
