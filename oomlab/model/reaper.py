"""The OOM reaper: take a dead task's memory without waiting for the task (mm/oom_kill.c).

Two halves. wake_oom_reaper() is the hand-off, in each form that was proposed or merged, one yield
for each atomic operation; the races are between these. oom_reap_task() frees the memory.
"""

from ..policies.policy import HZ
from .exit import mmput, reap_vmas
from .locks import TASK_KILLABLE, TASK_UNINTERRUPTIBLE, Steps, schedule_timeout
from .mm import MM, MMF_OOM_REAP_QUEUED, MMF_OOM_SKIP, MMF_UNSTABLE, mmdrop, mmget_not_zero, mmgrab
from .tasks import (
    OOM_SCORE_ADJ_MIN,
    PF_EXITING,
    PF_KTHREAD,
    exit_oom_victim,
    fatal_signal_pending,
    find_lock_task_mm,
    task_will_free_mem,
)

MAX_OOM_REAP_RETRIES = 10


def wake_oom_reaper(current, task, mm: MM) -> Steps:
    """Hand a victim over to the reaper, as `policy.reaper` does it."""
    kernel, policy = current.kernel, current.kernel.policy
    if policy.reaper in ("none", "scan") or not policy.reaper_starts:
        return
    if policy.reaper in ("slot", "slot-xchg", "workqueue"):
        yield from fill_slot(current, task, mm)
    elif already_queued(task, mm, policy):
        return
    elif policy.reap_delay:
        kernel.add_timer(policy.reap_delay, wake_oom_reaper_timer, task)
    else:
        yield "queue", task
        enqueue(task)


def fill_slot(current, task, mm: MM) -> Steps:
    """mm_to_reap: one global pointer, moved from NULL to the mm by cmpxchg (M10)."""
    kernel, policy = current.kernel, current.kernel.policy
    if policy.pin == "before-publish":
        mmgrab(mm)
    yield "cmpxchg", "mm_to_reap"
    if kernel.mm_to_reap is not None:
        kernel.event("slot_busy", task, mm=kernel.mm_to_reap)  # and it is not offered again
        if policy.pin == "before-publish":
            mmdrop(mm)
        return
    kernel.mm_to_reap = mm
    if policy.pin == "after-publish":
        yield "pin", mm
        mmgrab(mm)
    yield "wake", "oom_reaper"
    kernel.event("wake_reaper", task)
    kernel.oom_reaper_wait.wake_up()


def already_queued(task, mm: MM, policy) -> bool:
    """Three generations of the same question (855b01832573, bb29902a, 9bcdeb51bd7d)."""
    if policy.queue_guard == "linked":
        return task is task.kernel.oom_reaper_list or task.oom_reaper_list is not None
    if policy.queue_guard == "flag":
        queued = bool(mm.flags & MMF_OOM_REAP_QUEUED)
        mm.flags |= MMF_OOM_REAP_QUEUED
        return queued
    return False


def enqueue(task) -> None:
    """Push on oom_reaper_list, a chain through the tasks: the last in is the first out."""
    kernel = task.kernel
    task.oom_reaper_list = kernel.oom_reaper_list
    kernel.oom_reaper_list = task
    kernel.event("wake_reaper", task)
    kernel.oom_reaper_wait.wake_up()


def wake_oom_reaper_timer(task) -> None:
    """Two seconds after the kill (5.18): still there? Then queue it."""
    if not task.signal.oom_mm.flags & MMF_OOM_SKIP:
        enqueue(task)


def oom_reaper_slot(current) -> Steps:
    """The kthread of the RFC: wait for the slot to fill, reap, empty the slot."""
    kernel = current.kernel
    takes_first = kernel.policy.reaper == "slot-xchg"
    mm = None
    while True:
        yield "read", "mm_to_reap"
        mm = kernel.mm_to_reap
        if mm is None:
            yield from kernel.oom_reaper_wait.wait(current)
            continue
        if takes_first:
            kernel.mm_to_reap = None
        yield from oom_reap_task(current, None, mm)
        mmdrop(mm)
        if not takes_first:
            yield "clear", "mm_to_reap"
            kernel.mm_to_reap = None
        mm = None


def oom_reaper_list(current) -> Steps:
    """The kthread since v4.6: take the newest victim from the list, reap it, take the next."""
    kernel = current.kernel
    while True:
        if kernel.oom_reaper_list is None:
            yield from kernel.oom_reaper_wait.wait(current)
            continue
        yield "pop", "oom_reaper_list"
        task = kernel.oom_reaper_list
        kernel.oom_reaper_list = task.oom_reaper_list
        if kernel.policy.queue_link == "popped":
            task.oom_reaper_list = None
        yield from oom_reap_task(current, task, None)
        task = None


def oom_reap_task(current, task, mm: MM | None) -> Steps:
    """Try up to ten times to reap one victim, then settle what it is to the killer."""
    kernel, policy = current.kernel, current.kernel.policy
    if task is not None and policy.victim_mark == "process":
        mm = task.signal.oom_mm
    reaped = False
    for _ in range(MAX_OOM_REAP_RETRIES):
        if policy.reaper_oom_lock:
            yield from kernel.oom_lock.lock(current)
        reaped = yield from __oom_reap_task_mm(current, task, mm)
        if policy.reaper_oom_lock:
            kernel.oom_lock.unlock()
        if reaped:
            break
        if policy.reaper_naps:
            yield from schedule_timeout(current, TASK_UNINTERRUPTIBLE, HZ // 10)
    else:
        if policy.reaper_oom_lock or mm is None or not mm.flags & MMF_OOM_SKIP:  # K 4.14, 4.19
            kernel.event("unable_to_reap", task or mm)
    if task is not None and policy.queue_link == "cleared":
        task.oom_reaper_list = None
    what = policy.reaped if reaped else policy.gave_up
    if what == "unmark":
        exit_oom_victim(task)
    if what == "skip":
        if mm is None and (thread := find_lock_task_mm(task)) is not None:
            mm = thread.mm
        if mm is not None:
            mm.flags |= MMF_OOM_SKIP


def __oom_reap_task_mm(current, task, mm: MM | None) -> Steps:
    """One attempt: true if nothing is left to do: to v4.13, too, when exit_mmap() has begun."""
    kernel, policy = current.kernel, current.kernel.policy
    if mm is None:  # v4.6 queues tasks and looks for the mm when it comes to them
        thread = find_lock_task_mm(task)
        if thread is None:
            return True
        mm = thread.mm
    uses = policy.reaper_pins == "mm_users"
    if uses and not mmget_not_zero(mm):
        return True  # it exits, or has exited, by itself
    mm.reaped = mm.reaped or 0
    yield "read-trylock", mm.mmap_sem
    locked = mm.mmap_sem.down_read_trylock(current)
    if not locked or not uses and mm.flags & MMF_OOM_SKIP:  # or exit_mmap() was first
        kernel.event("skip_task_reaping", task or mm, vain=True)
        if locked:
            mm.mmap_sem.up_read(current)
    else:
        again = bool(mm.flags & MMF_UNSTABLE)  # a victim queued twice: nothing comes of it
        kernel.event("start_task_reaping", task or mm, vain=again)
        check_sharers(kernel, mm)
        yield from reap_vmas(current, mm)
        mm.mmap_sem.up_read(current)
        kernel.event("finish_task_reaping", task or mm, vain=again, mm=mm)
        if task is not None and policy.reaped == "hide":
            task.signal.oom_score_adj = OOM_SCORE_ADJ_MIN
            exit_oom_victim(task)
    if uses:
        yield from mmput(current, mm)
    return locked


def process_mrelease(current, task) -> Steps:
    """Take the memory of a dying process from outside (v5.15): "" or the name of the error."""
    pins = current.kernel.policy.mrelease
    yield "process_mrelease", task
    thread = find_lock_task_mm(task)
    if pins == "none":
        return "ENOSYS"
    if thread is None:
        return "ESRCH"
    if pins == "mm_users" and not mmget_not_zero(thread.mm):
        return ""  # K 5.15: no error, and no work
    mm, error = thread.mm, ""
    mmgrab(mm)
    if not task_will_free_mem(thread, current.kernel.policy):
        error = "" if mm.flags & MMF_OOM_SKIP else "EINVAL"
    elif (yield from mm.mmap_sem.down_read(current, TASK_KILLABLE)):
        if not mm.flags & MMF_OOM_SKIP:
            yield from reap_vmas(current, mm)
        mm.mmap_sem.up_read(current)
    else:
        error = "EINTR"
    if pins == "mm_users":
        yield from mmput(current, mm)
    mmdrop(mm)
    return error


def check_sharers(kernel, mm: MM) -> None:
    """Reaping is only right when every task that could look is dying."""
    for task in mm.tasks:
        if not (fatal_signal_pending(task) or task.flags & PF_EXITING):
            if not task.flags & PF_KTHREAD or kernel.policy.kthread_blocks_reaping:
                kernel.bug("alive", f"{mm.name} is reaped while {task} has no SIGKILL")
