"""A run and what it left behind: the steps, the events, the outcome; as values and as JSON.

run = oomlab.run("invisible-dependency", policy="linux-4.4", seed=1)
run.outcome.verdict        # 'deadlock'
run.steps[0]               # Step(number=0, tick=0, task='hog', ...)
"""

import gc
import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, replace
from importlib import import_module
from pathlib import Path
from typing import NamedTuple

from ..model.kernel import Kernel
from ..model.locks import TASK_DEAD, TASK_FROZEN, TASK_RUNNING
from ..model.policy import KNOBS, PRESETS, Policy
from ..model.tasks import PF_EXITING, PF_KTHREAD, Task
from ..naming import nearest
from ..scenarios import SCENARIOS, choices, parameters
from .effect import Look, pages_words, words
from .outcome import Outcome, judge
from .scheduler import Entry, run_schedule, run_seeded

SCHEMA = "oomlab-trace/1"


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
    seed: int
    params: dict
    kernel: Kernel
    outcome: Outcome
    step_count: int
    trace: list[tuple] = field(repr=False)  # as a Step, but with the objects, not yet their names
    schedule: list[Entry] | None = field(default=None, repr=False)  # the order that was asked for
    effects: list[str | None] = field(default_factory=list, repr=False)  # None: see `free`

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
            "scenario": self.scenario,
            "policy": asdict(self.policy),
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
        """Write the run to a file: .html, a page of its own to step through; .json, which
        ui.perfetto.dev opens (with the whole trace under "oomlab"); .txt, its tracepoints as
        `trace-cmd report` prints them. Returns the path. ValueError for another ending.
        """
        path = Path(path)
        if path.suffix == ".html":  # the room that draws stands above this one
            text = import_module("oomlab.lab.saved").html_of([self])
        elif path.suffix == ".json":
            text = json.dumps(import_module("oomlab.traces").trace_events(self), sort_keys=True)
        elif path.suffix == ".txt":
            text = import_module("oomlab.traces").ftrace_text(self) + "\n"
        else:
            raise ValueError(f"a run is saved as .html, .json or .txt, not as {path.name}")
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


def choose_policy(policy: str | Policy, knobs: dict) -> Policy:
    """A preset by name or a Policy, with some knobs changed. ValueError says what is wrong."""
    if isinstance(policy, str):
        policy = PRESETS[policy]
    if not isinstance(policy, Policy):
        raise ValueError(f"a policy is a Policy or the name of one, not {policy!r}")
    return replace(policy, **{name: knob_value(name, value) for name, value in knobs.items()})


def knob_value(name: str, value):
    """A knob's value from itself or from text; Policy checks that it is one of those it takes."""
    kind, text = type(KNOBS[name].default), str(value).lower()
    if kind is bool and text in ("1", "true", "yes", "on"):
        return True
    if kind is bool and text in ("0", "false", "no", "off"):
        return False
    if kind is int and not isinstance(value, bool) and text.isdecimal() and text.isascii():
        return int(text)
    return value


def parameter_value(scenario: str, name: str, value):
    """A scenario parameter from itself or from text."""
    default = parameters(scenario)[name]
    if isinstance(default, int):
        if isinstance(value, bool) or not (str(value).isascii() and str(value).isdecimal()):
            raise ValueError(f"parameter {name} of {scenario} takes a whole number, not {value!r}")
        if int(value) > 10_000_000:
            raise ValueError(f"parameter {name} of {scenario} is at most 10000000, not {value}")
        value = int(value)
    else:
        value = str(value)
    allowed = choices(scenario).get(name, (value,))
    if value not in allowed:
        options = ", ".join(map(str, allowed))
        raise ValueError(f"parameter {name} of {scenario} takes one of {options}, not {value!r}")
    return value


def build(scenario: str, policy: str | Policy = "linux-4.4", **settings) -> tuple[Kernel, dict]:
    """The machine of a scenario, not yet run; `settings` are its parameters and policy knobs."""
    if not isinstance(scenario, str) or scenario not in SCENARIOS:
        raise ValueError(f"no scenario {scenario!r}: {nearest(str(scenario), SCENARIOS)}")
    known = parameters(scenario)
    for name in settings:
        if name not in known and name not in KNOBS:
            raise ValueError(f"no knob or parameter {name!r}: {nearest(name, [*known, *KNOBS])}")
    knobs = {name: v for name, v in settings.items() if name not in known}
    params = {n: parameter_value(scenario, n, v) for n, v in settings.items() if n in known}
    return SCENARIOS[scenario](choose_policy(policy, knobs), **params), params


def run(
    scenario: str,
    policy: str | Policy = "linux-4.4",
    *,
    seed: int = 0,
    trace: bool = True,
    schedule: list[Entry] | None = None,
    most_steps: int = 5_000_000,
    **settings,
) -> Run:
    """Run a scenario under a policy. The same arguments give the same run, step by step.

    `settings` are parameters of the scenario and knobs of the policy. Without `trace` nothing is
    kept but the outcome. With `schedule` (from explore) the steps are taken in that order first.
    ValueError, in one sentence, for a name or value that does not exist.
    """
    if type(seed) is not int or seed < 0:
        raise ValueError(f"a seed is a whole number, not negative, and not {seed!r}")
    if type(most_steps) is not int or most_steps < 1:
        raise ValueError(f"most_steps is a whole number from 1 on, not {most_steps!r}")
    if schedule is not None and not isinstance(schedule, list | tuple):
        raise ValueError(f"a schedule is a list of entries, not {schedule!r}")
    kernel, params = build(scenario, policy, **settings)
    if not trace:
        kernel.events = None
    taken: list[tuple] = []
    effects: list[str | None] = []
    record = recorder(kernel, taken, effects) if trace else None
    with uncollected(trace):
        if schedule is not None:
            count = run_schedule(kernel, schedule, record)
        else:
            count = run_seeded(kernel, seed, record, most_steps)
    outcome = judge(kernel, count)
    return Run(
        scenario, kernel.policy, seed, params, kernel, outcome, count, taken, schedule, effects
    )


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
