"""The nearest schedule that does not fail, beside one that does: where they part is the race.

From the last step of the counterexample backwards, another enabled transition is taken in its
place; after it each task runs in turn until it sleeps, and timers fire in their order. The first
continuation in which the property is never broken, until nothing is left to do, is the answer: no
schedule that parts later was found to end well. Nothing is proved by it; it is a story.
"""

from collections.abc import Callable
from typing import NamedTuple

from ..arguments import checked
from ..model.kernel import Kernel
from ..simulate.run import run
from ..simulate.scheduler import Entry, run_schedule
from ..simulate.setup import build as build_machine
from ..simulate.story import chart, does
from .exploration import Exploration
from .plain import enabled
from .properties import Property, choose_property

MOST_STEPS = 400  # of a continuation; one that goes on after that is left aside


class Nearest(NamedTuple):
    """A schedule that does not fail, and the number of steps that it shares with the other."""

    schedule: list[Entry]
    shared: int


def nearest(
    build: Callable[[], Kernel],
    bad: Callable[[Kernel], object],
    schedule: list[Entry],
    clock: str = "any",
) -> Nearest | None:
    """The schedule that parts last from `schedule` and is good to its end; None if none was found.

    `build` makes the machine afresh, `bad` is the property that `schedule` breaks.
    """
    for shared in range(len(schedule) - 1, -1, -1):
        for entry in enabled(replayed(build, schedule[:shared]), clock):
            if entry == schedule[shared]:
                continue
            kernel = replayed(build, schedule[:shared])
            rest = to_the_end(kernel, bad, entry, clock)
            if rest is not None:
                return Nearest([*schedule[:shared], *rest], shared)
    return None


@checked
def nearest_story(found: Exploration, property: str | Property | Callable) -> str:
    """Where the nearest schedule that ends well parts from a counterexample, in words and a chart.

    `found` is the answer of explore() to `property`. ValueError if there is no counterexample, or
    if the property is not one of states ("never").
    """
    asked = choose_property(property)
    if not found.pids or asked.kind != "never":
        raise ValueError(f"no schedule can be nearest to this answer: {found.sentence()}")
    if asked.name != found.property:
        raise ValueError(f"the counterexample is one of {found.property}, not of {asked.name}")

    def build() -> Kernel:
        return build_machine(found.scenario, found.policy, **found.params)[0]

    good = nearest(build, asked.question, found.pids, found.bound["clock"])
    if good is None:
        return f"No schedule was found that takes another step and keeps to {found.property}."
    steps = run(found.scenario, found.policy, schedule=good.schedule, **found.params).steps
    fails, holds = found.steps[good.shared], steps[good.shared]
    return (
        f"The nearest schedule that does not fail has the first {good.shared} steps in common. "
        f"Step {fails.number} is then not {fails.task}'s `{does(fails)}` ({fails.effect}) but "
        f"{holds.task}'s `{does(holds)}` ({holds.effect}):\n\n{chart(steps[good.shared :])}"
    )


def replayed(build: Callable[[], Kernel], schedule: list[Entry]) -> Kernel:
    kernel = build()
    run_schedule(kernel, schedule)
    return kernel


def to_the_end(
    kernel: Kernel, bad: Callable[[Kernel], object], entry: Entry, clock: str
) -> list[Entry] | None:
    """`entry`, then whoever moved goes on until it sleeps, then the next; None if that is bad."""
    taken: list[Entry] = []
    while len(taken) < MOST_STEPS:
        run_schedule(kernel, [entry])
        taken.append(entry)
        if bad(kernel):
            return None
        entries = enabled(kernel, clock)
        if not entries:
            return taken
        if entry not in entries or not isinstance(entry, int):
            later = [e for e in entries if isinstance(e, int) and e > pid_of(entry)]
            steps = [e for e in entries if isinstance(e, int)]
            entry = (later or steps or entries)[0]
    return None


def pid_of(entry: Entry) -> int:
    return entry if isinstance(entry, int) else entry[0]
