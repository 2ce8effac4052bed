"""A run and what it left behind: the steps, the events, the outcome; as values and as JSON.

run = oomlab.run("invisible-dependency", policy="linux-4.4", seed=1)
run.outcome.verdict        # 'deadlock'
run.steps[0]               # Step(number=1, tick=0, task='writer1', ...)
"""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, fields
from functools import cached_property
from importlib import import_module
from pathlib import Path
from typing import Any, NamedTuple

from ..arguments import checked
from ..model.kernel import Kernel
from ..model.tasks import PF_KTHREAD, Task
from ..naming import short
from ..plural import plural
from ..policies.policy import Policy
from ..textfile import named, read_text, write_text
from .dataframe import frame_of
from .ended_early import told
from .origin import Origin
from .outcome import Outcome, judge
from .patch_text import patch_text
from .recorder import Recorder, uncollected
from .run_json import SCHEMA, read_recording
from .schedule import Schedule
from .scheduler import Entry, run_schedule, run_seeded
from .setup import build, takes
from .spin import Spin

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


@dataclass(frozen=True, eq=False, repr=False)
class Run:
    """One finished run of a scenario under a policy.

    A value: two runs of one origin that went the same way are equal. Pickled it is its origin, and
    is run again where it is unpickled.
    """

    scenario: str
    policy: Policy
    seed: int | None  # None of a run with a schedule
    params: dict  # all of them, given or default
    kernel: Kernel
    outcome: Outcome
    step_count: int
    recorder: Recorder | None  # what was written down; None without a trace
    schedule: list[Entry] | None = None  # the order that was asked for
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

    @cached_property
    def trace(self) -> list[tuple]:
        """The steps as a Step has them, with the objects for their names; none without a trace."""
        return [row[:-1] for row in self.recorder.rows()] if self.recorder is not None else []

    @property
    def traced(self) -> bool:
        """Were its steps kept? With trace=False a run has its outcome alone."""
        return self.recorder is not None

    def must_be_traced(self) -> None:
        """ValueError for a run that has its outcome alone."""
        if not self.traced:
            raise ValueError("this run kept its outcome alone; run it with trace=True to look in")

    def __repr__(self) -> str:
        killed = ", ".join(self.outcome.victims) or "none"
        steps, ticks = plural(self.step_count, "step"), plural(self.outcome.ticks, "tick")
        return (
            f"<Run of {self.origin}\n"
            f" {self.outcome.verdict}: {self.outcome.why}\n"
            f" {steps}, {ticks}, killed: {killed}>"
        )

    def _repr_html_(self) -> str:
        return import_module("oomlab.lab.notebook_html").html_of_run(self)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Run):
            return NotImplemented
        if self is other or self.origin != other.origin or self.traced != other.traced:
            return self is other
        kept = self.traced
        mine, its = ((r.outcome, kept and r.steps, kept and r.events) for r in (self, other))
        return mine == its

    def __hash__(self) -> int:
        return hash(self.origin)

    def __reduce__(self):
        if self.policy.patch is not None:
            patch_text(self.policy)  # ValueError where it cannot be written down
        return run_again, (self.origin, self.traced)

    @property
    def steps(self) -> list[Step]:
        """The trace with names, made when asked for. ValueError for a run without a trace."""
        self.must_be_traced()
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

    @cached_property
    def told(self) -> list[str]:
        """The effect of each step, in words. ValueError for a run without a trace."""
        self.must_be_traced()
        return [row[-1] for row in self.recorder.rows()] if self.recorder is not None else []

    @property
    def events(self) -> list[dict]:
        """Events with plain values: event, step (from 1; 0 is boot), tick, task, and what else.

        ValueError for a run without a trace.
        """
        self.must_be_traced()
        return [plain(event) for event in self.kernel.events or ()]

    def to_dict(self) -> dict:
        """The run as plain values: origin, policy, outcome, steps and events.

        ValueError for a run without a trace.
        """
        zone = self.kernel.zone
        return {
            "schema": SCHEMA,
            "origin": self.origin.to_dict(),
            "scenario": self.scenario,
            "policy": {
                item.name: getattr(self.policy, item.name)
                for item in fields(self.policy)
                if item.name not in ("about", "patch")  # a patch's text is in the origin
            },
            "seed": self.seed,
            "params": self.params,
            "zone": {k: getattr(zone, k) for k in ("managed", "min", "low", "high")},
            "steps": [list(step) for step in self.steps],
            "events": self.events,
            "outcome": asdict(self.outcome),
        }

    def to_json(self) -> str:
        """Versioned, and the same text for the same seed. ValueError for a run without a trace."""
        return json.dumps(self.to_dict(), separators=(",", ":"), sort_keys=True)

    @classmethod
    @checked
    def from_json(cls, text: str, source: str = "the text", *, trust: bool = False) -> "Run":
        """The run that to_json() wrote, or save() to a .json file: run again, and compared.

        ValueError, in one sentence, for a text that is none, for one with a patch without `trust`
        (it is Python and is run), and where this oomlab does not do what was recorded.
        `source` is what the sentence calls the text.
        """
        found = read_recording(text, source)
        origin = found.origin
        if origin.patch and not trust:
            raise ValueError(f"{source} holds a patch; read it, then load it with trust=True")
        again = run_again(origin)
        found.check(json.loads(again.to_json()))
        return again

    @classmethod
    @checked
    def load(cls, path: str | Path, *, trust: bool = False) -> "Run":
        """The run of a .json file, as from_json() makes it of the text.

        `path`: of the file. `trust`: a patch in it may be run. ValueError as there.
        """
        return cls.from_json(read_text(path), named(path), trust=trust)

    def frame(self) -> Any:
        """The steps as a DataFrame of pandas or polars. ValueError without these, or a trace."""
        return frame_of([step._asdict() for step in self.steps])

    def events_frame(self) -> Any:
        """The events as a DataFrame, a column for each name. ValueError as for frame()."""
        names = list(dict.fromkeys(name for event in self.events for name in event))
        return frame_of([{name: event.get(name) for name in names} for event in self.events])

    @checked
    def save(self, path: str | Path) -> Path:
        """Write the run to a file: .html, a page of its own to step through; .svg, one picture;
        .json, which ui.perfetto.dev opens (with the whole trace under "oomlab"); .txt, its
        tracepoints as `trace-cmd report` prints them. Returns the path. ValueError for another
        ending.
        """
        path = Path(path)
        if path.suffix == ".html":  # the room that draws stands above this one
            text = import_module("oomlab.lab.run_page").html_of([self])
        elif path.suffix == ".svg":
            text = import_module("oomlab.lab.figures.whole_run").figure(self).svg + "\n"
        elif path.suffix == ".json":
            text = json.dumps(import_module("oomlab.traces").trace_events(self))
        elif path.suffix == ".txt":
            text = import_module("oomlab.traces").ftrace_text(self) + "\n"
        else:
            raise ValueError(
                f"a run is saved as .html, .svg, .json or .txt, not as {named(path.name)}"
            )
        return write_text(path, text)


def name_of(thing) -> str:
    """What it is called in a story: by its name, or its text, but never by its address."""
    if isinstance(thing, str):
        return thing
    kind = thing.__class__
    of_object = kind.__repr__ is object.__repr__ and kind.__str__ is object.__str__
    return getattr(thing, "name", f"a {kind.__name__}" if of_object else str(thing))


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
            if isinstance(value, Task):
                out["pid" if key == "task" else f"{key}_pid"] = value.pid
    return out


@checked
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
    if seed is not None and seed < 0:
        raise ValueError(f"a seed is a whole number, not negative, and not {short(seed)}")
    if most_steps < 1:
        raise ValueError(f"most_steps is a whole number from 1 on, not {short(most_steps)}")
    if schedule is not None and not isinstance(schedule, list | tuple):
        raise ValueError(f"a schedule is a list of entries, not {short(schedule)}")
    kernel, params = build(scenario, policy, **settings)
    if isinstance(schedule, Schedule):
        schedule.check_machine(Origin.of(scenario, kernel.policy, params))
        trace = True  # so that each step can be held against what was recorded
    if not trace:
        kernel.events = None
    record, spin = Recorder(kernel) if trace else None, Spin(kernel)
    order = None if schedule is None else list(schedule)
    cut = None if most_steps == MOST_STEPS else most_steps
    with uncollected(), told(scenario, kernel.policy):
        if order is not None:
            count = run_schedule(kernel, order, record)
        else:
            count = run_seeded(kernel, seed or 0, record, most_steps, spin=spin)
        early = order is not None or cut is not None and count >= cut
        patience = cut if order is None else None
        outcome = judge(kernel, count, early, patience, spin.comes_back())
    done = Run(scenario, kernel.policy, seed, params, kernel, outcome, count, record, order, cut)
    if isinstance(schedule, Schedule):
        schedule.check_steps(done.steps)
    return done


def run_again(origin: Origin, trace: bool = True) -> Run:
    """The run that an origin names. A patch in it is Python and is run: trust it first."""
    if origin.seed is None and origin.schedule is None:
        raise ValueError("this origin names no run: it is of every schedule")
    takes(origin.scenario, origin.params)  # not one with the name of an argument of run()
    return run(
        origin.scenario,
        origin.made_policy(),
        seed=origin.seed,
        schedule=origin.schedule,
        most_steps=origin.most_steps or MOST_STEPS,
        trace=trace,
        **origin.params,
    )


def kind_of(task: Task) -> str:
    return "kernel" if task.flags & PF_KTHREAD else "user"
