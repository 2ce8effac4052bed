"""Random schedules, for scenarios too large to exhaust: probabilistic concurrency testing (PCT).

Every task, and every timer, gets a random priority when it is first met; of those that are enabled
the highest goes. At `depth` - 1 steps, drawn from 1 to k, the one that has just gone falls below
all others. A bug of this depth (that many orders between two steps suffice to show it within k
steps) is found by one such run with a chance of at least 1 / (n * k**(depth - 1)), for n tasks and
timers. The answer names the chance that all runs miss such a bug, with the n that was met and the k
that was drawn from. To find nothing proves nothing.

The argument is that of Burckhardt, Kothari, Musuvathi and Nagarakatte, "A Randomized Scheduler
with Probabilistic Guarantees of Finding Bugs" (ASPLOS 2010). It wants schedules of at most k steps,
so every run ends after k.
"""

from collections.abc import Callable, Generator, Sequence
from contextlib import closing
from decimal import ROUND_CEILING, Context
from math import exp, log
from random import Random
from time import monotonic
from typing import NamedTuple

from ..arguments import checked
from ..model.kernel import Kernel
from ..naming import short
from ..policies.policy import Policy
from ..simulate.scheduler import Entry, run_schedule
from ..simulate.sent_functions import received, received_scenario, sent, sent_scenario
from ..simulate.setup import build as build_kernel
from ..simulate.spin import NotGone
from ..workers import Submits, in_order
from .errors import in_a_sentence
from .exploration import Exploration, in_words, says
from .isolation import check_alike, made
from .plain import CLOCKS, enabled
from .progress import Stopped
from .properties import Property, choose_property

CHUNK = 50  # runs that a worker is given at once
PROBES = 20  # runs by priorities alone, which tell how long schedules are


@checked
def hunt(
    scenario: str,
    policy: str | Policy = "linux-4.4",
    property: str | Property | Callable = "no-victim-lost",
    *,
    runs: int = 200,
    depth: int = 3,
    steps: int = 400,
    seed: int = 0,
    clock: str = "any",
    jobs: int = 1,
    executor: Submits | None = None,
    **settings,
) -> Exploration:
    """Look for what breaks a property along `runs` random schedules of up to `steps` steps each.

    The verdict is "violated", with the schedule, or "bound-reached", whose bound holds n ("tasks"),
    k ("steps", the longest of a few runs by priorities alone and at most `steps`), and the chance
    of having missed a bug of this depth in all runs together. The same seed hunts the same way,
    wherever the runs are made: each draws from the seed and its own number. ValueError for a name
    or number that makes no sense, or for a property that speaks of for ever. Stop, or Ctrl-C,
    raises Stopped, an interrupt that holds what is known.
    `scenario`, `policy`, `clock` and `settings` as for explore(). `jobs`: worker processes, or the
    number of workers of `executor`, which has the interface of `concurrent.futures`.
    """
    asked = choose_property(property)
    if asked.kind == "eventually":
        raise ValueError(
            f"hunt cannot judge {short(asked.name)}, which speaks of for ever: use explore"
        )
    check({"runs": runs, "steps": steps, "depth": depth, "jobs": jobs}, seed)
    if clock not in CLOCKS:
        raise ValueError(f"clock is one of {', '.join(CLOCKS)}, not {short(clock)}")
    kernel, params = build_kernel(scenario, policy, **settings)

    def build() -> Kernel:
        return build_kernel(scenario, policy, **settings)[0]

    first = made(kernel, clock)[0]
    check_alike(first, made(build(), clock)[0])
    began = monotonic()
    draws = Draws(
        *(sent_scenario(scenario), policy, settings, sent(property), clock, seed, steps, depth),
        numbers=range(runs),
    )
    known, interrupted = Drawn(0, 0, 1, 1, None), False
    try:
        with closing(drawn_so_far(draws, jobs, executor)) as results:
            for known in results:
                if known.found is not None:
                    break
    except KeyboardInterrupt:
        interrupted = True
    check_alike(first, made(build(), clock)[0])  # no run has left anything behind
    bound = {
        "runs": known.runs,
        "interrupted": interrupted,
        "depth": depth,
        "tasks": known.tasks,
        "steps": known.longest,
        "seed": seed,
        "clock": clock,
        "missed_with_chance": missed(known.tasks, known.longest, depth, known.runs),
    }
    answer = Exploration(
        "violated" if known.found is not None else "bound-reached",
        asked.name,
        scenario,
        kernel.policy,
        params,
        known.taken,
        known.taken,
        round(monotonic() - began, 3),
        bound,
    )
    if known.found is not None:
        if not says(asked, build(), known.found):
            raise ValueError(
                f"property {asked.name} answers otherwise the second time: it may look at the "
                "machine only, or return what it remembers"
            )
        answer.describe(build, known.found, None)
    if interrupted:
        raise Stopped(answer)
    return answer


def check(numbers: dict[str, int], seed: int) -> None:
    """ValueError for a number that makes no sense."""
    for name, number in numbers.items():
        if type(number) is not int or number < 1:
            raise ValueError(f"hunt takes {name} of 1 or more, not {short(number)}")
    if numbers["depth"] > numbers["steps"]:
        raise ValueError(
            "hunt takes depth of at most steps, {steps}, not {depth}".format(**numbers)
        )
    if seed < 0:
        raise ValueError(f"a seed is a whole number, not negative, and not {short(seed)}")


class Draws(NamedTuple):
    """Runs to be made, in this process or in another."""

    scenario: tuple  # name and function
    policy: str | Policy
    settings: dict
    property: object  # as sent() has it
    clock: str
    seed: int
    steps: int  # at most so many a run
    depth: int
    numbers: Sequence[int]  # of the runs; negative ones are the probes


class Drawn(NamedTuple):
    """What came of some runs: the first that broke the property is the last that counts."""

    runs: int
    taken: int  # steps in all
    tasks: int  # the most tasks and timers that one run met
    longest: int  # steps of one run
    found: list[Entry] | None  # the schedule that broke the property

    def then(self, more: "Drawn") -> "Drawn":
        """The two together."""
        return Drawn(
            self.runs + more.runs,
            self.taken + more.taken,
            max(self.tasks, more.tasks),
            max(self.longest, more.longest),
            more.found,
        )


def drawn_so_far(draws: Draws, jobs: int, executor: Submits | None) -> Generator[Drawn, None, None]:
    """What is known after each of the probes, and then after each of the tasks for workers.

    The probes say how long schedules are: no later run is longer.
    """
    known = Drawn(0, 0, 1, 1, None)
    for number in range(-PROBES, 0):
        known = known.then(draw(draws._replace(numbers=(number,), depth=1)))._replace(runs=0)
        yield known
    draws = draws._replace(steps=known.longest)
    size = 1 if jobs == 1 and executor is None else CHUNK
    tasks = (
        draws._replace(numbers=draws.numbers[n : n + size])
        for n in range(0, len(draws.numbers), size)
    )
    with closing(in_order(draw, tasks, jobs=jobs, executor=executor)) as results:
        for drawn in results:
            known = known.then(drawn)
            yield known


def draw(draws: Draws) -> Drawn:
    """Make these runs, one after the other; each has a generator of its own."""
    scenario, asked = received_scenario(*draws.scenario), choose_property(received(draws.property))
    known = Drawn(0, 0, 1, 1, None)
    for number in draws.numbers:
        kernel, _ = build_kernel(scenario, draws.policy, **draws.settings)
        kernel.events = None
        random = Random(f"{draws.seed} {number}")
        drops = [random.randint(1, draws.steps) for _ in range(draws.depth - 1)]
        run = RandomRun(kernel, asked, random, draws.clock)
        run.go(draws.steps, drops)
        length = len(run.schedule)
        found = run.schedule if run.bad() else None
        known = known.then(Drawn(1, length, len(run.met), length, found))
        if found is not None:
            break
    return known


class RandomRun:
    """One schedule by random priorities."""

    def __init__(self, kernel: Kernel, asked: Property, draw: Random, clock: str):
        self.kernel, self.asked, self.draw, self.clock = kernel, asked, draw, clock
        self.schedule: list[Entry] = []
        self.met: dict[Entry, float] = {}  # the priority of each task and timer; the born, too
        self.memory = None  # of a property of traces

    def go(self, most: int, drops: list[int]) -> None:
        """Take up to `most` steps, until the property is broken or nothing is enabled.

        Where the schedule is as long as drops[i], priority -i goes to whoever took its last step.
        """
        while len(self.schedule) < most and not self.bad():
            for task in self.kernel.tasks:  # one that sleeps may be woken: it has a priority, too
                self.met.setdefault(task.pid, self.draw.random())
            entries = enabled(self.kernel, self.clock)
            if not entries:
                return
            for entry in entries:
                self.met.setdefault(entry, self.draw.random())
            entry = max(entries, key=self.met.__getitem__)
            if self.asked.kind == "trace":
                self.memory = self.said(self.memory, in_words(self.kernel, entry))
            try:
                run_schedule(self.kernel, [entry])
            except NotGone:
                raise
            except Exception as wrong:
                said = in_a_sentence(wrong, self.kernel.policy.patch is not None)
                raise ValueError(f"the step {entry} fails: {said}") from None
            self.schedule.append(entry)
            for lower, at in enumerate(drops, start=1):
                if at == len(self.schedule):
                    self.met[entry] = -lower

    def bad(self) -> bool:
        if self.asked.kind == "trace":
            return self.memory is True
        return bool(self.said(self.kernel))

    def said(self, *about):
        """What the property says. ValueError, in one sentence, if it fails."""
        try:
            return self.asked.question(*about)
        except Exception as wrong:
            raise ValueError(f"the property fails: {in_a_sentence(wrong)}") from None


def missed(tasks: int, steps: int, depth: int, runs: int) -> float:
    """The most that the chance of missing a bug of this depth can be, in `runs` runs together.

    Six digits of it, rounded up.
    """
    if depth > 1 and (depth - 1) * log(steps) > 700:  # more ways than a number can tell
        return 1.0
    misses = 1 - 1 / (tasks * steps ** (depth - 1))  # one run
    chance = exp(runs * log(misses)) if misses else float(runs == 0)
    return float(Context(prec=6, rounding=ROUND_CEILING).create_decimal(chance))
