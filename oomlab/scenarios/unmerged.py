"""Two designs of the debate that no kernel ever had: a periodic scan, and a work item.

Each is a kernel thread that a policy asks for by its knob `reaper`.

"scan" is Handa's alternative: no hand-off, a kthread that looks again and again (M05, M09, M16).
Every `scan_period` ticks it walks all tasks and reaps every victim that still has memory, unless a
living task shares it; every ten seconds it says who stalls (M09); and when that does not help it
goes on: the next victim, and in the end a panic. The reaping is M16's idea on M09's thread;
kmallocwd itself only warned, and was never merged.

"workqueue" is what the RFC rejects (M01 sketched it, M10 says why not): a work item runs in a
worker. When all workers are busy a new one must be made, and that takes memory, which has just run
out. Only a WQ_MEM_RECLAIM queue keeps a rescuer for this case.
"""

from ..model.gfp import GFP_KERNEL
from ..model.locks import TASK_INTERRUPTIBLE, Steps, schedule_timeout
from ..model.memory import alloc_pages
from ..model.mm import MMF_OOM_SKIP, mmdrop
from ..model.oom import ABORT, OomControl, constrained_alloc, oom_kill_process, select_bad_process
from ..model.reaper import oom_reap_task
from ..model.tasks import (
    OOM_SCORE_ADJ_MIN,
    PF_EXITING,
    Task,
    exit_oom_victim,
    fatal_signal_pending,
)
from ..policies.policy import HZ

WARN_PERIOD = 10 * HZ  # M09
WORKER_PAGES = 2  # a kernel stack and a task_struct


def kmallocwd(current) -> Steps:
    kernel, policy = current.kernel, current.kernel.policy
    escalates = policy.scan_panic or policy.scan_next_victim
    rounds = 0  # in a row that left victims behind
    while not kernel.panicked:
        yield from schedule_timeout(current, TASK_INTERRUPTIBLE, policy.scan_period)
        if kernel.jiffies % WARN_PERIOD < policy.scan_period:
            kernel.event("memalloc_info", None, vain=True)  # kmallocwd v1, who stalls
        while True:
            yield "look through", "the task list"
            victim = unreaped_victim(kernel)
            if victim is None:
                break
            yield from oom_reap_task(current, victim, victim.mm)
            victim = None
        rounds = rounds + 1 if kernel.oom_victims and escalates else 0
        if policy.scan_panic and rounds * policy.scan_period >= policy.scan_panic:
            kernel.panic("kmallocwd: the OOM victims do not die")
        elif policy.scan_next_victim and rounds * policy.scan_period >= policy.scan_next_victim:
            yield from next_victim(current)


def unreaped_victim(kernel) -> Task | None:
    """The first on the task list whose memory it has not come to yet."""
    if not kernel.oom_victims:
        return None
    for task in kernel.tasks:
        if task.memdie and task.mm is not None:
            if task.mm.reaped is None and not task.mm.flags & MMF_OOM_SKIP and all_dying(task.mm):
                return task
    return None


def all_dying(mm) -> bool:
    """Is no living task left that could look at this memory?"""
    return all(fatal_signal_pending(task) or task.flags & PF_EXITING for task in mm.tasks)


def next_victim(current) -> Steps:
    """Give the victims up and choose another (M16): an end in finite time."""
    kernel = current.kernel
    give_up(kernel)
    yield from kernel.oom_lock.lock(current)
    oc = OomControl(GFP_KERNEL)
    oc.totalpages = constrained_alloc(kernel, oc)
    chosen = select_bad_process(kernel, oc)
    if chosen is not None and chosen is not ABORT:
        yield from oom_kill_process(current, oc, chosen)
    kernel.oom_lock.unlock()


def give_up(kernel) -> None:
    """These victims are not waited for any more, and not taken again."""
    for task in kernel.tasks:
        if task.memdie:
            task.signal.oom_score_adj = OOM_SCORE_ADJ_MIN
            exit_oom_victim(task)


def worker(current) -> Steps:
    """A pool of one worker; `kernel.busy_workers` says that it is stuck in another work item."""
    kernel = current.kernel
    while True:
        if kernel.mm_to_reap is None:
            yield from kernel.oom_reaper_wait.wait(current)
            continue
        if kernel.busy_workers:
            yield from create_worker(current)
        mm = kernel.mm_to_reap
        yield from oom_reap_task(current, None, mm)
        mmdrop(mm)
        kernel.mm_to_reap = None


def create_worker(current) -> Steps:
    """kthread_create() on behalf of the pool: an allocation like any other."""
    for _ in range(WORKER_PAGES):
        page = yield from alloc_pages(current, GFP_KERNEL)
        if page:
            current.kernel_pages += 1
    current.kernel.busy_workers = 0


DESIGNS = {"scan": ("kmallocwd", kmallocwd), "workqueue": ("kworker", worker)}
