"""How a run is written down while it goes: each step, its effect, the events in it."""

import gc
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from functools import partial
from itertools import chain, repeat, takewhile

from ..model.faults import FAULT
from ..model.kernel import Kernel
from ..model.locks import TASK_DEAD, TASK_RUNNING
from ..model.tasks import PF_EXITING, Task
from .reported import keep_events, stands_frozen
from .step_effect import Look, pages_words, words

# A step as Step in run.py has it, from `tick` to `effect`, with the objects, not yet their names.
Row = tuple


class Recorder:
    """Writes down each step and its effect, and numbers the events in it.

    Steps in a row that are alike are kept as one entry; rows() makes them when they are looked at.
    """

    def __init__(self, kernel: Kernel):
        assert kernel.events is not None, "a run is only recorded where events are kept"
        for event in kernel.events:  # what happened at boot, before the first step
            event["step"] = -1
        keep_events(kernel)
        self.kernel, self.events = kernel, kernel.events
        self.kept: list[Row | Callable[[], Iterable[Row]]] = []
        self.count = 0  # steps
        self.seen, self.free = len(kernel.events), kernel.zone.free

    def __call__(self, task: Task, op: tuple, function: str, was: Look | None) -> None:
        """A step of `task` was taken, which is in `function` and did `op`."""
        kernel, events = self.kernel, self.events
        zone = kernel.zone
        if was is None and self.seen == len(events) and not task.state:
            effect = pages_words(op[0], self.free - zone.free)  # an ordinary step
        else:
            effect = words(kernel, task, op, was, self.free, events[self.seen :])
        self.free = zone.free
        if self.seen < len(events):
            for event in events[self.seen :]:
                event["step"] = self.count
            self.seen = len(events)
        plainly = not (task.state or task.allocating or task.flags)
        state = "running" if plainly else state_of(task)
        now = kernel.jiffies
        row = now, task, op, function, state, zone.free, task.waits_for, zone.reaped, effect
        self.kept.append(row)
        self.count += 1

    def faults(self, number: int, task: Task, function: str, state: str, reaped: int) -> None:
        """`number` page faults in a row, each of which took one free page and did nothing else.

        `state` and `reaped` are the task's and the zone's before them.
        """
        free = range(self.free - 1, self.free - number - 1, -1)
        left = [max(reaped - n, 0) for n in range(1, number + 1)] if reaped else repeat(0)
        same = map(repeat, (self.kernel.jiffies, task, FAULT, function, state))
        effect = repeat(pages_words(FAULT[0], 1))
        self.kept.append(partial(zip, *same, free, repeat(None), left, effect))
        self.free -= number
        self.count += number

    def again(self, steps: int) -> None:
        """The last two steps were taken again and again, until `steps` more were."""
        begin = self.count - 2
        said = list(takewhile(lambda event: event["step"] >= begin, reversed(self.events)))[::-1]
        for more in range(2, steps + 2, 2):
            self.events += [event | {"step": event["step"] + more} for event in said]
        self.kept += self.kept[-2:] * (steps // 2)
        self.seen = len(self.events)
        self.count += steps

    def rows(self) -> list[Row]:
        """All steps so far, one by one."""
        each = (entry() if callable(entry) else (entry,) for entry in self.kept)
        return [*chain.from_iterable(each)]


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
def uncollected() -> Iterator[None]:
    """Hold the garbage collector back where there is no garbage for it, so that it only costs time.

    What a machine leaves behind while it runs goes by reference counts: after 100,000 forks and
    exits it is no larger, with the collector or without.
    """
    collecting = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if collecting:
            gc.enable()
