"""A run and what it left behind: the steps, the events, the outcome; as values and as JSON.

run = oomlab.run("invisible-dependency", policy="linux-4.4", seed=1)
run.outcome.verdict        # 'deadlock'
run.steps[0]               # Step(number=0, tick=0, task='hog', ...)
"""

import gc
import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, fields
from functools import cached_property
from importlib import import_module
from pathlib import Path
from typing import NamedTuple

from ..model.kernel import Kernel
from ..model.locks import TASK_DEAD, TASK_FROZEN, TASK_RUNNING
from ..model.policy import Policy
from ..model.tasks import PF_EXITING, PF_KTHREAD, Task
from .effect import Look, pages_words, words
from .origin import Origin
from .outcome import Outcome, judge
from .schedule import Schedule
from .scheduler import Entry, run_schedule, run_seeded
from .setup import build

SCHEMA = "oomlab-trace/1"
MOST_STEPS = 5_000_000  # of a run that is cut off nowhere else


class Step(NamedTuple):
    """One step: `task` was in `function` and did `verb` to `what`; then it was `state`."""

    number: int  # from 1
    tick: int
    task: str
    function: str
    verb: str
    what: str
    state: str  # running, allocating, waiting, frozen, exiting, dead
    free: int  # pages free afterwards
    pid: int
    waits_for: str  # what it sleeps on, if it does
    reaped: int  # of the free pages, those that the reaper made free
    effect: str  # what the step did, in words


@dataclass
class Run:
    """One finished run of a scenario under a policy."""

    scenario: str
    policy: Policy
    seed: int | None  # None of a run with a schedule
    params: dict  # all of them, given or default
    kernel: Kernel
    outcome: Outcome
    step_count: int
    trace: list[tuple] = field(repr=False)  # as a Step, but with the objects, not yet their names
    schedule: list[Entry] | None = field(default=None, repr=False)  # the order that was asked for
    effects: list[str | None] = field(default_factory=list, repr=False)  # None: see `free`
    most_steps: int | None = None  # where it was to be cut off

    @cached_property
    def origin(self) -> Origin:
        """Where it comes from, with all that is needed to run it again."""
        return Origin.of(
            self.scenario,
            self.policy,
            self.params,
            seed=self.seed,
            schedule=self.schedule,
            most_steps=self.most_steps,
        )

    @property
    def steps(self) -> list[Step]:
        """The trace with names, made when asked for: recording must be cheap."""
        return [
            Step(
                n,
                tick,
                task.name,
                function,
                op[0],
                name_of(op[1]),
                state,
                free,
                task.pid,
                name_of(on or ""),
                reaped,
                effect,
            )
            for n, ((tick, task, op, function, state, free, on, reaped), effect) in enumerate(
                zip(self.trace, self.told, strict=True), start=1
            )
        ]

    @property
    def told(self) -> list[str]:
        """The effect of each step, in words; of an ordinary one, from the pages that it took."""
        before = [self.kernel.zone.managed, *(row[5] for row in self.trace)]
        return [
            pages_words(row[2][0], free - row[5]) if effect is None else effect
            for row, free, effect in zip(self.trace, before, self.effects, strict=False)
        ]

    @property
    def events(self) -> list[dict]:
        """Events with plain values: event, step (from 1; 0 is boot), tick, task, and what else."""
        return [plain(event) for event in self.kernel.events or ()]

    def to_dict(self) -> dict:
        zone = self.kernel.zone
        return {
            "schema": SCHEMA,
            "origin": self.origin.to_dict(),
            "scenario": self.scenario,
            "policy": {
                item.name: getattr(self.policy, item.name)
                for item in fields(self.policy)
                if item.name != "patch"  # its text is in the origin
            },
            "seed": self.seed,
            "params": self.params,
            "zone": {k: getattr(zone, k) for k in ("managed", "min", "low", "high")},
            "steps": [list(step) for step in self.steps],
            "events": self.events,
            "outcome": asdict(self.outcome),
        }

    def to_json(self) -> str:
        """Versioned, and the same text for the same seed."""
        return json.dumps(self.to_dict(), separators=(",", ":"), sort_keys=True)

    def save(self, path: str | Path) -> Path:
        """Write the run to a file: .html, a page of its own to step through; .svg, one picture;
        .json, which ui.perfetto.dev opens (with the whole trace under "oomlab"); .txt, its
        tracepoints as `trace-cmd report` prints them. Returns the path. ValueError for another
        ending.
        """
        path = Path(path)
        if path.suffix == ".html":  # the room that draws stands above this one
            text = import_module("oomlab.lab.saved").html_of([self])
        elif path.suffix == ".svg":
            text = import_module("oomlab.lab.figures.whole_run").figure(self).svg + "\n"
        elif path.suffix == ".json":
            text = json.dumps(import_module("oomlab.traces").trace_events(self), sort_keys=True)
        elif path.suffix == ".txt":
            text = import_module("oomlab.traces").ftrace_text(self) + "\n"
        else:
            raise ValueError(f"a run is saved as .html, .svg, .json or .txt, not as {path.name}")
        path.write_text(text, encoding="utf-8")
        return path


def name_of(thing) -> str:
    return thing if isinstance(thing, str) else getattr(thing, "name", str(thing))


def plain(event: dict) -> dict:
    """An event without references into the machine."""
    out = {}
    for key, value in event.items():
        if key == "step":
            out["step"] = value + 1
        elif key == "oc":
            out["domain"] = value.memcg.name if value.memcg else "global"
        elif isinstance(value, int | str | bool | list | dict | type(None)):
            out[key] = value
        else:
            out[key] = name_of(value)
    return out


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


def run(
    scenario: str,
    policy: str | Policy = "linux-4.4",
    *,
    seed: int | None = None,
    trace: bool = True,
    schedule: Sequence[Entry] | None = None,
    most_steps: int = MOST_STEPS,
    **settings,
) -> Run:
    """Run a scenario under a policy. The same arguments give the same run, step by step.

    `settings` are parameters of the scenario and knobs of the policy. Who goes next is drawn from
    `seed` (0 if none is given), or read from `schedule`, a list of entries as explore() finds it.
    Without `trace` nothing is kept but the outcome. `most_steps` cuts a run off.
    ValueError, in one sentence, for a name or value that does not exist, and for a schedule that
    was recorded in another machine, or cannot happen.
    """
    if schedule is None and seed is None:
        seed = 0
    if schedule is not None and seed is not None:
        raise ValueError("give a seed or a schedule, not both")
    if schedule is None and (type(seed) is not int or seed < 0):
        raise ValueError(f"a seed is a whole number, not negative, and not {seed!r}")
    if type(most_steps) is not int or most_steps < 1:
        raise ValueError(f"most_steps is a whole number from 1 on, not {most_steps!r}")
    if schedule is not None and not isinstance(schedule, list | tuple):
        raise ValueError(f"a schedule is a list of entries, not {schedule!r}")
    kernel, params = build(scenario, policy, **settings)
    if isinstance(schedule, Schedule):
        schedule.check_machine(Origin.of(scenario, kernel.policy, params))
        trace = True  # so that each step can be held against what was recorded
    if not trace:
        kernel.events = None
    taken: list[tuple] = []
    effects: list[str | None] = []
    record = recorder(kernel, taken, effects) if trace else None
    with uncollected(trace):
        if schedule is not None:
            count = run_schedule(kernel, schedule, record)
        else:
            count = run_seeded(kernel, seed or 0, record, most_steps)
    outcome = judge(kernel, count)
    order = None if schedule is None else list(schedule)
    cut = None if most_steps == MOST_STEPS else most_steps
    done = Run(
        scenario, kernel.policy, seed, params, kernel, outcome, count, taken, order, effects, cut
    )
    if isinstance(schedule, Schedule):
        schedule.check_steps(done.steps)
    return done


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


def kind_of(task: Task) -> str:
    return "kernel" if task.flags & PF_KTHREAD else "user"
