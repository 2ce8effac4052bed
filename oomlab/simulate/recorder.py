"""How a run is written down while it goes: each step, its effect, the events in it."""

import gc
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import repeat

from ..model.faults import FAULT
from ..model.kernel import Kernel
from ..model.locks import TASK_DEAD, TASK_RUNNING
from ..model.suspend import stands_frozen
from ..model.tasks import PF_EXITING, Task
from .effect import Look, words


class Recorder:
    """Writes down each step and its effect, and numbers the events in it."""

    def __init__(self, kernel: Kernel, taken: list[tuple], effects: list[str | None]):
        assert kernel.events is not None, "a run is only recorded where events are kept"
        for event in kernel.events:  # what happened at boot, before the first step
            event["step"] = -1
        self.kernel, self.taken, self.effects = kernel, taken, effects
        self.events = kernel.events
        self.seen, self.free = len(kernel.events), kernel.zone.free

    def __call__(self, task: Task, op: tuple, function: str, was: Look | None) -> None:
        """A step of `task` was taken, which is in `function` and did `op`."""
        kernel, events, taken = self.kernel, self.events, self.taken
        zone = kernel.zone
        if was is None and taken and self.seen == len(events) and not task.state:
            self.effects.append(None)  # an ordinary step, told by its pages alone
        else:
            told = words(kernel, task, op, was, self.free, events[self.seen :])
            self.effects.append(told)
        self.free = zone.free
        if self.seen < len(events):
            for event in events[self.seen :]:
                event["step"] = len(taken)
            self.seen = len(events)
        plainly = not (task.state or task.allocating or task.flags)
        state = "running" if plainly else state_of(task)
        taken.append(
            (kernel.jiffies, task, op, function, state, zone.free, task.waits_for, zone.reaped)
        )

    def faults(self, number: int, task: Task, function: str, state: str, reaped: int) -> None:
        """`number` page faults in a row, each of which took one free page and did nothing else.

        `state` and `reaped` are the task's and the zone's before them.
        """
        free = range(self.free - 1, self.free - number - 1, -1)
        left = [max(reaped - n, 0) for n in range(1, number + 1)] if reaped else repeat(0)
        same = map(repeat, (self.kernel.jiffies, task, FAULT, function, state))
        self.taken += zip(*same, free, repeat(None), left, strict=False)
        self.effects += [None] * number
        self.free -= number


def state_of(task: Task) -> str:
    if task.state == TASK_DEAD:
        return "dead"
    if stands_frozen(task):
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
