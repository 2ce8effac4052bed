"""The machine as it was: a run is repeated up to a step, and what stands there can be looked at.

kernel = machine_at(run, 383)
kernel.zone.free, kernel.tasks, kernel.mms
"""

from ..model.kernel import Kernel
from ..simulate.run import Run
from ..simulate.scheduler import run_schedule, run_seeded
from ..simulate.setup import build


class Arrived(Exception):
    """Thrown by the recorder to stop a run in the middle of a burst."""


def machine_at(run: Run, step: int) -> Kernel:
    """The machine after step number `step`, from 1; 0 is the machine as it booted.

    Keeping every state would cost more than the run: runs are repeatable, so it is made again.
    """
    kernel, _ = build(run.scenario, run.policy, **run.params)
    left = step

    def count(*_) -> None:
        nonlocal left
        left -= 1
        if not left:
            raise Arrived

    if left:
        try:
            if run.schedule is not None:
                run_schedule(kernel, run.schedule, count)
            else:
                run_seeded(kernel, run.seed or 0, count)
        except Arrived:
            pass
    return kernel
