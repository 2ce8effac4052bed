"""Random schedules, for scenarios too large to exhaust.

PCT (probabilistic concurrency testing): every task gets a random priority, the highest that can
move moves, and at `depth` - 1 random steps the one that moves drops to the bottom. A bug that
needs `depth` ordering decisions among n tasks in k steps is found by one such run with a chance
of at least 1 / (n * k**(depth - 1)); the chance that `runs` runs all miss it is what the answer
names. Nothing found is no proof.

The argument is that of Burckhardt, Kothari, Musuvathi and Nagarakatte, "A Randomized Scheduler
with Probabilistic Guarantees of Finding Bugs" (ASPLOS 2010).
"""

from collections.abc import Callable
from random import Random
from time import monotonic

from ..model.kernel import Kernel
from ..model.policy import Policy
from ..simulate.run import build as build_kernel
from ..simulate.scheduler import Entry, run_schedule
from .exploration import Exploration, in_words
from .plain import enabled
from .properties import Property, choose_property


def hunt(
    scenario: str,
    policy: str | Policy = "linux-4.4",
    property: str | Property | Callable = "no-victim-lost",
    *,
    runs: int = 200,
    depth: int = 3,
    steps: int = 400,
    seed: int = 0,
    **settings,
) -> Exploration:
    """Look for what breaks a property along `runs` random schedules of up to `steps` steps each.

    The verdict is "violated", with the schedule, or "bound-reached", whose bound holds the chance
    of having missed a bug of this depth. The same seed hunts the same way. ValueError for a name
    that does not exist, or for a property that speaks of for ever.
    """
    asked = choose_property(property)
    if asked.kind == "eventually":
        raise ValueError(f"hunt cannot judge {asked.name!r}, which speaks of for ever: use explore")
    kernel, params = build_kernel(scenario, policy, **settings)
    began, draw = monotonic(), Random(seed)
    longest, taken, found = 1, 0, None
    for _ in range(runs):
        kernel = build_kernel(scenario, policy, **settings)[0]
        schedule, bad = one_run(kernel, asked, draw, depth, steps)
        taken += len(schedule)
        longest = max(longest, len(schedule))
        if bad:
            found = schedule
            break
    bound = {
        "runs": runs,
        "depth": depth,
        "steps": steps,
        "seed": seed,
        "missed_with_chance": missed(len(kernel.tasks), longest, depth, runs),
    }
    answer = Exploration(
        "violated" if found is not None else "bound-reached",
        asked.name,
        scenario,
        kernel.policy,
        params,
        taken,
        taken,
        round(monotonic() - began, 3),
        bound,
    )
    if found is not None:
        answer.describe(lambda: build_kernel(scenario, policy, **settings)[0], found, None)
    return answer


def one_run(
    kernel: Kernel, asked: Property, draw: Random, depth: int, steps: int
) -> tuple[list[Entry], bool]:
    """One schedule by random priorities; the schedule, and whether it broke the property."""
    kernel.events, memory, question = None, None, asked.question

    def bad() -> bool:
        return memory is True if asked.kind == "trace" else bool(question(kernel))

    priority: dict[Entry, float] = {}
    drops = {draw.randrange(1, steps + 1): -number for number in range(1, depth)}
    schedule: list[Entry] = []
    while len(schedule) < steps and not bad():
        moves = enabled(kernel)
        if not moves:
            return schedule, False
        for move in moves:
            priority.setdefault(move, draw.random())
        move = max(moves, key=priority.__getitem__)
        if asked.kind == "trace":
            memory = question(memory, in_words(kernel, move))
        run_schedule(kernel, [move])
        schedule.append(move)
        if len(schedule) in drops:
            priority[move] = drops[len(schedule)]
    return schedule, bad()


def missed(tasks: int, steps: int, depth: int, runs: int) -> float:
    """The most that the chance of missing a bug of this depth can be."""
    return round((1 - 1 / (tasks * steps ** (depth - 1))) ** runs, 6)
