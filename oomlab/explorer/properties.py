"""What may be asked of every state: questions about a machine, answered by looking at it.

A safety property is a function bad(kernel) -> bool; it is violated if any reachable state is bad.
A liveness property is a function good(kernel) -> bool; it is violated if some weakly fair
schedule stays away from good states for ever. A property of traces is a function of two arguments,
(memory, step); see monitor.py.
"""

from collections.abc import Callable
from dataclasses import dataclass
from inspect import signature

from ..model.kernel import Kernel
from ..model.locks import TASK_RUNNING
from ..model.mm import MMF_OOM_SKIP
from ..model.tasks import PF_KTHREAD, Task, fatal_signal_pending, find_lock_task_mm
from ..naming import nearest


@dataclass(frozen=True)
class Property:
    """A named question; `kind` is "never" (bad), "eventually" (good, under weak fairness), or
    "trace" (of steps).
    """

    name: str
    kind: str
    meaning: str
    question: Callable


def lost(kernel: Kernel) -> bool:
    """A marked victim cannot exit alone, nothing is queued, and the reaper sleeps (M16, step 7)."""
    if kernel.oom_lock.owner is not None:
        return False  # somebody may be handing it over right now
    if kernel.mm_to_reap is not None or kernel.oom_reaper_list is not None or kernel.timers:
        return False
    if kernel.oom_reaper_started and not kernel.oom_reaper_wait.sleepers:
        return False
    return any(waits_for_reaper(task) for task in kernel.tasks)


def waits_for_reaper(task: Task) -> bool:
    """Marked, its memory untouched, and asleep where no signal reaches."""
    if task.marked is None or task.state == TASK_RUNNING:
        return False
    thread = find_lock_task_mm(task)
    return thread is not None and thread.mm.reaped is None and not thread.mm.flags & MMF_OOM_SKIP


def miscounted(kernel: Kernel) -> bool:
    """A reference dropped below zero, or a structure freed while in use (M23)."""
    return any("freed" in bug or "below zero" in bug for bug in kernel.bugs)


def reaped_alive(kernel: Kernel) -> bool:
    """Memory was taken from a process that nobody had killed (M13)."""
    return any("has no SIGKILL" in bug for bug in kernel.bugs)


def list_broken(kernel: Kernel) -> bool:
    """oom_reaper_list runs in a circle (855b01832573)."""
    seen, task = [], kernel.oom_reaper_list
    while task is not None:
        if task in seen:
            return True
        seen.append(task)
        task = task.oom_reaper_list
    return False


def stuck(kernel: Kernel) -> bool:
    """Nobody can move, and somebody is not done."""
    if kernel.panicked or kernel.timers or any(t.state == TASK_RUNNING for t in kernel.tasks):
        return False
    return any(hasattr(task.waits_for, "owners") for task in kernel.tasks)


def second_victim(kernel: Kernel) -> bool:
    """Two unfinished victims in one OOM domain, while the first could still have exited."""
    able = [task for task in kernel.tasks if task.memdie and task.state == TASK_RUNNING]
    return len({task.memcg for task in able}) < len(able)


def somebody_died(kernel: Kernel) -> bool:
    """A killed task that could run has gone, or there is none."""
    dying = [t for t in kernel.tasks if fatal_signal_pending(t) and not t.flags & PF_KTHREAD]
    return not any(task.state == TASK_RUNNING or task.allocating for task in dying)


def all_settled(kernel: Kernel) -> bool:
    """Every marked victim was reaped, given up, or has gone."""
    return not any(
        task.marked is not None
        and find_lock_task_mm(task)
        and find_lock_task_mm(task).mm.reaped is None
        and not find_lock_task_mm(task).mm.flags & MMF_OOM_SKIP
        for task in kernel.tasks
    )


PROPERTIES: dict[str, Property] = {
    p.name: p
    for p in (
        Property("no-victim-lost", "never", "no victim waits for a reaper in vain", lost),
        Property(
            "no-use-after-free",
            "never",
            "no reference is dropped below zero or used after free",
            miscounted,
        ),
        Property(
            "no-live-task-reaped",
            "never",
            "no memory is taken from a task without SIGKILL",
            reaped_alive,
        ),
        Property("list-intact", "never", "oom_reaper_list never runs in a circle", list_broken),
        Property("no-deadlock", "never", "never is everybody asleep on locks", stuck),
        Property(
            "no-second-victim",
            "never",
            "no second victim while the first can still exit",
            second_victim,
        ),
        Property("dying-exit", "eventually", "some dying task always exits", somebody_died),
        Property(
            "victims-settled", "eventually", "every marked victim is reaped or goes", all_settled
        ),
    )
}


def choose_property(wanted: "str | Property | Callable") -> Property:
    """A property by name, or made from a function bad(kernel) or (memory, step)."""
    if isinstance(wanted, Property):
        return wanted
    if callable(wanted):
        kind = "trace" if len(signature(wanted).parameters) == 2 else "never"
        return Property(getattr(wanted, "__name__", "property"), kind, "", wanted)
    if wanted not in PROPERTIES:
        raise ValueError(f"no property {wanted!r}: {nearest(wanted, PROPERTIES)}")
    return PROPERTIES[wanted]
