"""The machine as it was: a run is repeated up to a step, and what stands there can be looked at.

kernel = machine_at(run, 383)
kernel.zone.free, kernel.tasks, kernel.mms
"""

from collections.abc import Callable

from ..model.kernel import Kernel
from ..model.tasks import Task
from ..simulate.run import Run
from ..simulate.scheduler import run_schedule, run_seeded
from ..simulate.setup import build


class Arrived(Exception):
    """Thrown by the recorder to stop a run in the middle of a burst."""


def follow(run: Run, first: int, last: int, begin: Callable, step: Callable) -> Kernel:
    """Repeat a run; begin(kernel) before step `first`, step(kernel, task, op) after each to `last`.

    Steps are counted from 0, and `last` is not one of them. The machine as it stands then comes
    back; of a run that is shorter, as it ended. Keeping every state would cost more
    than the run: runs are repeatable, so it is made again.
    """
    kernel, _ = build(run.scenario, run.policy, **run.params)
    taken = 0

    def record(task: Task, op: tuple, *_) -> None:
        nonlocal taken
        taken += 1
        if taken > first:
            step(kernel, task, op)
        if taken == first:
            begin(kernel)
        if taken == last:
            raise Arrived

    if first == 0:
        begin(kernel)
    if last:
        try:
            if run.schedule is not None:
                run_schedule(kernel, run.schedule, record)
            else:
                run_seeded(kernel, run.seed or 0, record)
        except Arrived:
            pass
    return kernel


def machine_at(run: Run, step: int) -> Kernel:
    """The machine after step number `step`, from 1; 0 is the machine as it booted."""
    return follow(run, step, step, lambda _: None, lambda *_: None)
