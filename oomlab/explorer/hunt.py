"""Random schedules, for scenarios too large to exhaust: probabilistic concurrency testing (PCT).

Every task, and every timer, gets a random priority when it is first met; of those that are enabled
the highest goes. At `depth` - 1 steps, drawn from 1 to k, the one that has just gone falls below
all others. A bug of this depth (that many orders between two steps suffice to show it within k
steps) is found by one such run with a chance of at least 1 / (n * k**(depth - 1)), for n tasks and
timers. What the answer names is the chance that all runs miss it, with the n that was met and the k
that was drawn from. Nothing found is no proof.

The argument is that of Burckhardt, Kothari, Musuvathi and Nagarakatte, "A Randomized Scheduler
with Probabilistic Guarantees of Finding Bugs" (ASPLOS 2010). It wants schedules of at most k steps,
so every run ends after k.
"""

from collections.abc import Callable
from math import ceil
from random import Random
from time import monotonic

from ..arguments import checked
from ..model.kernel import Kernel
from ..model.policy import Policy
from ..simulate.scheduler import Entry, run_schedule
from ..simulate.setup import build as build_kernel
from .exploration import Exploration, in_words
from .plain import CLOCKS, enabled
from .progress import Stopped
from .properties import Property, choose_property

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
    **settings,
) -> Exploration:
    """Look for what breaks a property along `runs` random schedules of up to `steps` steps each.

    The verdict is "violated", with the schedule, or "bound-reached", whose bound holds n ("tasks"),
    k ("steps", the longest of a few runs by priorities alone and at most `steps`), and the chance
    of having missed a bug of this depth. The same seed hunts the same way. ValueError for a name or
    number that makes no sense, or for a property that speaks of for ever. Stop, or Ctrl-C, raises
    Stopped, an interrupt that holds what is known.
    `scenario`, `policy`, `clock` and `settings` as for explore().
    """
    asked = choose_property(property)
    if asked.kind == "eventually":
        raise ValueError(f"hunt cannot judge {asked.name!r}, which speaks of for ever: use explore")
    for name, number in (("runs", runs), ("depth", depth), ("steps", steps)):
        if type(number) is not int or number < 1:
            raise ValueError(f"hunt takes {name} of 1 or more, not {number!r}")
    if seed < 0:
        raise ValueError(f"a seed is a whole number, not negative, and not {seed!r}")
    if clock not in CLOCKS:
        raise ValueError(f"clock is one of {', '.join(CLOCKS)}, not {clock!r}")
    kernel, params = build_kernel(scenario, policy, **settings)

    def build() -> Kernel:
        kernel = build_kernel(scenario, policy, **settings)[0]
        kernel.events = None
        return kernel

    began, draw = monotonic(), Random(seed)
    done, taken, tasks, longest, found, interrupted = -PROBES, 0, 1, 1, None, False
    try:
        while done < runs and found is None:
            probe = done < 0
            most = steps if probe else longest
            drops = [] if probe else [draw.randint(1, most) for _ in range(depth - 1)]
            run = RandomRun(build(), asked, draw, clock)
            run.go(most, drops)
            done += 1
            taken += len(run.schedule)
            tasks = max(tasks, len(run.met))
            longest = max(longest, len(run.schedule)) if probe else longest
            found = run.schedule if run.bad() else None
    except KeyboardInterrupt:
        interrupted = True
    bound = {
        "runs": max(0, done),
        "interrupted": interrupted,
        "depth": depth,
        "tasks": tasks,
        "steps": longest,
        "seed": seed,
        "clock": clock,
        "missed_with_chance": missed(tasks, longest, depth, max(0, done)),
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
        answer.describe(build, found, None)
    if interrupted:
        raise Stopped(answer)
    return answer


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
                self.memory = self.asked.question(self.memory, in_words(self.kernel, entry))
            run_schedule(self.kernel, [entry])
            self.schedule.append(entry)
            for lower, at in enumerate(drops, start=1):
                if at == len(self.schedule):
                    self.met[entry] = -lower

    def bad(self) -> bool:
        if self.asked.kind == "trace":
            return self.memory is True
        return bool(self.asked.question(self.kernel))


def missed(tasks: int, steps: int, depth: int, runs: int) -> float:
    """The most that the chance of missing a bug of this depth can be, rounded up."""
    return min(1.0, ceil(1e6 * (1 - 1 / (tasks * steps ** (depth - 1))) ** runs) / 1e6)
