"""Tasks: threads, the processes they form, and the signal that ends them (include/linux/sched.h).

A Task is one thread; the threads of a process share a Signal (signal_struct). SIGKILL only sets a
flag and wakes those whose sleep may be interrupted: a task in TASK_UNINTERRUPTIBLE sleeps on, and
dies when it gets back to user mode. Everything in this debate follows from that.
"""

from collections.abc import Generator
from dataclasses import dataclass, field
from typing import Any

from .locks import (
    PF_EXITING,
    TASK_DEAD,
    TASK_FROZEN,
    TASK_INTERRUPTIBLE,
    TASK_KILLABLE,
    TASK_RUNNING,
    WaitQueue,
    fatal_signal_pending,
    wake_up_process,
)
from .mm import MM, MMF_OOM_SKIP, ancestors, mmdrop

OOM_SCORE_ADJ_MIN, OOM_SCORE_ADJ_MAX = -1000, 1000
WHOLE = ("group-exit", "dump-first")  # of policy.free_mem: the process is asked, not the thread

PF_KTHREAD, PF_MEMALLOC, PF_DUMPCORE, PF_OOM_ORIGIN = 2, 4, 8, 16
IN_KERNEL = PF_KTHREAD | PF_EXITING  # such a task does not come back to user mode

MOST_TASKS = 100_000  # at once: no scenario needs more, and ten million are minutes of waiting


@dataclass(slots=True, eq=False, repr=False)
class Signal:
    """What the threads of one process share: signal_struct."""

    oom_score_adj: int = 0
    threads: "list[Task]" = field(default_factory=list)
    children: "list[Task]" = field(default_factory=list)  # leaders of the processes forked here
    oom_score_adj_min: int = field(init=False)  # lower only by root (CAP_SYS_RESOURCE)
    oom_mm: MM | None = None  # the mm of a victim, from 4.9 on
    group_exit: bool = False  # SIGNAL_GROUP_EXIT: the process dies as a whole
    coredump: bool = False  # SIGNAL_GROUP_COREDUMP: and leaves its memory in a file first
    wait_chldexit: WaitQueue = field(default_factory=lambda: WaitQueue("wait_chldexit"))

    def __post_init__(self) -> None:
        self.oom_score_adj_min = min(self.oom_score_adj, 0)


@dataclass(slots=True, eq=False, repr=False, weakref_slot=True)
class Task:
    """struct task_struct: one thread of control, `thread` is its generator."""

    kernel: Any
    pid: int
    name: str
    signal: Signal
    mm: Any = None  # an MM; None for a kernel thread, and once exit_mm() is through
    memcg: Any = None
    uid: int = 1000
    parent: "Task | None" = None
    flags: int = 0
    state: int = TASK_RUNNING
    waits_for: Any = None  # a lock, a queue, or a word
    sigkill: bool = False  # SIGKILL is pending or delivered
    memdie: bool = False  # TIF_MEMDIE
    allocating: int = 0  # the gfp mask while inside __alloc_pages_slowpath
    kernel_pages: int = 0  # pages it holds outside its address space
    vfork_done: WaitQueue | None = None
    fifo: bool = False  # SCHED_FIFO
    oom_reaper_list: "Task | None" = None  # the next on the reaper's list, from 4.6 on
    memcg_in_oom: Any = None  # the memcg this fault has to do an OOM for, before 4.19
    over_limit: Any = None  # the Memcg that its last charge ran into
    memcg_nr_pages_over_high: int = 0
    program: tuple = ()
    at_exit: tuple = ()
    thread: Generator | None = None
    op: Any = None  # (verb, object): what it is about to do
    marked: bool | None = None  # True once mark_oom_victim() chose it
    daemon: bool = False  # a run does not wait for it to finish
    task_lock: bool = False  # a spinlock: its mm pointer must not change now

    def __post_init__(self) -> None:
        if len(self.kernel.tasks) >= MOST_TASKS:  # a pid may be greater: up to 4194304 on many
            raise ValueError(f"a machine of the model has no more than {MOST_TASKS} tasks")
        if self.mm is not None:
            self.mm.attach(self)

    def __repr__(self) -> str:
        return f"{self.name}({self.pid})"


def thread_group_leader(task: Task) -> bool:
    """Does it stand for its process?"""
    return task.signal.threads[0] is task


def tsk_is_oom_victim(task: Task) -> bool:
    """Does its process carry the mark? (4.9; before, TIF_MEMDIE marks one thread)"""
    return task.signal.oom_mm is not None


def find_lock_task_mm(task: Task) -> Task | None:
    """The first thread of the process that still has its mm; whoever keeps it takes task_lock."""
    if task.mm is not None and task.kernel.policy.scan in ("processes", "each-thread"):
        return task  # to 3.13 this task itself comes first, from 3.14 on the leader (K 3.10, 4.4)
    for thread in task.signal.threads:
        if thread.mm is not None:
            return thread
    return None


def process_shares_mm(task: Task, mm) -> bool:
    thread = find_lock_task_mm(task)
    return thread is not None and thread.mm is mm


def in_vfork(task: Task) -> bool:
    """Does it borrow its parent's mm until it executes something else? (4.8)"""
    return task.vfork_done is not None and task.parent is not None and task.parent.mm is task.mm


def oom_disabled(mm) -> bool:
    """Does one with adj -1000 protect all who use this mm? (mm->oom_disable_count, to 3.1)"""
    protects = mm.kernel.policy.unkillable_sharer == "protects"
    return protects and any(t.signal.oom_score_adj == OOM_SCORE_ADJ_MIN for t in mm.tasks)


def task_will_free_mem(task, policy) -> bool:
    """Is it on its way out, so that a kill would be too early? By `policy.free_mem` (knobs.py)."""
    if task.mm is None or not __task_will_free_mem(task, policy):
        return False
    if policy.free_mem not in WHOLE:
        return True
    mm, sharers = task.mm, (t for t in task.mm.tasks if t.signal is not task.signal)
    alone = mm.mm_users <= 1 or all(__task_will_free_mem(t, policy) for t in sharers)
    return alone and not mm.flags & MMF_OOM_SKIP


def __task_will_free_mem(task, policy) -> bool:
    """Does this one process say so of itself?"""
    rule, exiting = policy.free_mem, bool(task.flags & PF_EXITING)
    if task.signal.coredump and rule in ("exiting", *WHOLE):
        return False
    if rule in ("exiting", "exiting-dumps"):
        return exiting
    if rule in WHOLE and task.signal.group_exit:
        return True
    return exiting and len(task.signal.threads) == 1


def caller_is_dying(current, policy) -> bool:
    """May the caller use the reserves itself, so that no task is searched for? (out_of_memory)"""
    killed, rule = fatal_signal_pending(current), policy.free_mem
    if rule in ("exiting-alone", "exiting-dumps"):  # K 2.6.38, 3.10: even if it has no mm
        return killed or rule == "exiting-dumps" and bool(current.flags & PF_EXITING)
    dies = rule == "exiting" and killed and current.mm is not None
    return dies or task_will_free_mem(current, policy)


def do_send_sigkill(task: Task, forced: bool = False) -> None:
    """SIGKILL a whole process: do_send_sig_info(SIGKILL, ...) and complete_signal().

    A kernel thread ignores it (ignore_signals()), and so does a process whose threads all exit
    (wants_signal()). `forced`, by the killer of 2.6.38 (force_sig()): it wakes a kernel thread, and
    a process ignores it if this one thread exits. To 5.16 it wipes out a core dump's flag.
    """
    alone = forced and task.kernel.policy.scan == "processes"
    asked = (task,) if alone else task.signal.threads
    if task.flags & PF_KTHREAD and not alone or all(t.flags & PF_EXITING for t in asked):
        return
    task.signal.group_exit = True
    task.signal.coredump &= task.kernel.policy.free_mem == "dump-first"
    for thread in task.signal.threads:
        thread.sigkill = True
        if thread.state in (TASK_INTERRUPTIBLE, TASK_KILLABLE):
            wake_up_process(thread)


def exit_oom_victim(task: Task) -> None:
    """It is in no task's way any more: it exited, or its memory is gone (mm/oom_kill.c)."""
    if task.memdie:
        task.memdie = False
        task.kernel.oom_victims -= 1
        task.kernel.oom_victims_wait.wake_up()


def freezing(task: Task) -> bool:
    """Does a suspend want to freeze it? (freezing_slow_path) Not a kernel thread here."""
    return task.kernel.freezing and not (task.flags & PF_KTHREAD or unfreezable(task))


def unfreezable(task: Task) -> bool:
    """Is it let through, suspend or cgroup freezer? (freezing_slow_path, K 3.10, 4.4, 6.12, 6.18)

    The marked thread of a victim is since October 2014 (Cong Wang,
    1413876435-11720-2-git-send-email-mhocko@suse.cz), from v6.18 on each of its threads.
    """
    policy = task.kernel.policy
    marked = tsk_is_oom_victim(task) if policy.thaws == "process" else task.memdie
    return marked and policy.suspend != "flag"


def thaw(task: Task) -> None:
    """__thaw_task(): let a frozen task run again."""
    if task.state == TASK_FROZEN:
        wake_up_process(task)


def write_oom_score_adj(task: Task, adj: int, least: bool = False) -> None:
    """Write /proc/PID/oom_score_adj; from 4.8 on it reaches every process with this mm.

    `least`: the writer is root, and from now on a user may lower it as far as that.
    """
    if not OOM_SCORE_ADJ_MIN <= adj <= OOM_SCORE_ADJ_MAX:
        raise ValueError(f"oom_score_adj {adj} is not between -1000 and 1000")
    reached, thread = [task], find_lock_task_mm(task)
    if task.kernel.policy.adj_follows_mm and thread is not None and task.vfork_done is None:
        sharers = (t for t in thread.mm.tasks if not (t.flags & PF_KTHREAD or is_global_init(t)))
        reached += [sharer for sharer in sharers if sharer.vfork_done is None]
    for each in reached:
        each.signal.oom_score_adj = adj
        if least:
            each.signal.oom_score_adj_min = adj


def is_global_init(task: Task) -> bool:
    return task.signal is task.kernel.init.signal


def exit_notify(task: Task) -> None:
    """The end of a thread: its children are another's. A leader stays till the last has gone."""
    task.state = TASK_DEAD
    leader, children = task.signal.threads[0], task.signal.children
    heir = next((t for t in task.signal.threads if not t.flags & PF_EXITING), task.kernel.init)
    for child in [child for child in children if child.parent is task]:
        child.parent = heir
        children.remove(child)
        heir.signal.children.append(child)
    if task is not leader:
        release_task(task)
    if task.signal.threads == [leader] and leader.state == TASK_DEAD:
        release_task(leader)


def release_task(task: Task) -> None:
    """The last of a thread: off the task list; with its leader a process goes."""
    task.state = TASK_DEAD
    signal, kernel = task.signal, task.kernel
    kernel.tasks.remove(task)
    for memcg in ancestors(task.memcg):
        memcg.tasks.remove(task)
    signal.threads.remove(task)
    exit_oom_victim(task)  # 2.6.38 marks a zombie, too
    if signal.threads:
        return
    if signal.oom_mm is not None:
        mmdrop(signal.oom_mm)
    if task.parent is not None:
        task.parent.signal.children.remove(task)
        task.parent.signal.wait_chldexit.wake_up()
