"""How a run is written down while it goes: each step, its effect, the events in it."""

import gc
from collections.abc import Iterator
from contextlib import contextmanager

from ..model.kernel import Kernel
from ..model.locks import TASK_DEAD, TASK_FROZEN, TASK_RUNNING
from ..model.tasks import PF_EXITING, Task
from .effect import Look, words


def recorder(kernel: Kernel, taken: list, effects: list[str | None]):
    """A function that writes down each step and its effect, and numbers the events in it."""
    events, zone = kernel.events, kernel.zone
    assert events is not None, "a run is only recorded where events are kept"
    for event in events:  # what happened at boot, before the first step
        event["step"] = -1
    seen, free = len(events), zone.free

    def record(task: Task, op: tuple, function: str, was: Look | None) -> None:
        nonlocal seen, free
        if was is None and taken and seen == len(events) and not task.state:
            effects.append(None)  # an ordinary step, told by its pages alone
        else:
            effects.append(words(kernel, task, op, was, free, events[seen:]))
        free = zone.free
        if seen < len(events):
            for event in events[seen:]:
                event["step"] = len(taken)
            seen = len(events)
        plainly = not (task.state or task.allocating or task.flags)
        state = "running" if plainly else state_of(task)
        taken.append(
            (kernel.jiffies, task, op, function, state, zone.free, task.waits_for, zone.reaped)
        )

    return record


def state_of(task: Task) -> str:
    if task.state == TASK_DEAD:
        return "dead"
    if task.state == TASK_FROZEN:
        return "frozen"
    if task.state != TASK_RUNNING and not (task.allocating and task.waits_for == "a timer"):
        return "waiting"  # but a nap in the slow path is part of the loop
    if task.allocating:
        return "allocating"
    return "exiting" if task.flags & PF_EXITING else "running"


@contextmanager
def uncollected(yes: bool = True) -> Iterator[None]:
    """Hold the garbage collector back: where all is kept, looking for garbage only costs time."""
    collecting = gc.isenabled()
    if yes:
        gc.disable()
    try:
        yield
    finally:
        if collecting:
            gc.enable()
