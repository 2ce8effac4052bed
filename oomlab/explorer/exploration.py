"""What a search found, as a value, as JSON, and as a table that a reviewer can paste."""

import builtins
from collections.abc import Callable
from dataclasses import dataclass, field
from importlib import import_module
from pathlib import Path
from textwrap import wrap
from time import monotonic
from typing import Any

from ..arguments import checked
from ..model.kernel import Kernel
from ..plural import plural
from ..policies.policy import Policy
from ..simulate import story
from ..simulate.origin import Origin
from ..simulate.run import Run, Step, name_of, run
from ..simulate.schedule import Schedule, told_of
from ..simulate.scheduler import Entry, entry_of, function_of, run_schedule
from ..textfile import write_text
from .coverage import WAY
from .plain import task_of
from .properties import Property

SCHEMA = "oomlab-explore/1"
SLOW, MANY = 0.3, 3_000  # the part of so many transitions that is not remembered where it is slow

CLOCK_WORDS = {
    "any": ", with sleeps of any length",
    "ordered": ", with timers in the order in which they are due",
    "urgent": ", with time that passes only when no task can run",
}


def in_words(kernel: Kernel, entry: Entry) -> dict[str, str]:
    """The step that an entry of a schedule is about to take, in the words of the table."""
    pid, timer = entry_of(entry)
    task = task_of(kernel, pid)
    verb, what = ("timer", timer) if timer else task.op or ("end", "")
    function, does = "run_timers", f"{verb} {name_of(what)}"
    if timer is None:
        function = function_of(task.thread)
    return {"task": task.name, "function": function, "does": does}


def says(asked: Property, kernel: Kernel, schedule: list[Entry]) -> bool:
    """What a property says after this schedule, in a machine that was just made."""
    memory = None
    for entry in schedule:
        if asked.kind == "trace":
            memory = asked.question(memory, in_words(kernel, entry))
        run_schedule(kernel, [entry])
    return memory is True if asked.kind == "trace" else bool(asked.question(kernel))


@dataclass(eq=False, repr=False)
class Exploration:
    """What explore() or hunt() found; equal to one with the same origin, bound and answer.

    A verdict is worth as much as its bound: how many states were seen, of how many allowed.
    """

    verdict: str  # holds, violated, bound-reached
    property: str
    scenario: str
    policy: Policy
    params: dict
    states: int
    transitions: int
    seconds: float
    bound: dict
    pids: list[Entry] = field(default_factory=list)  # the counterexample, for run(schedule=)
    schedule: list[dict] = field(default_factory=list)  # the same in words
    steps: list[Step] = field(default_factory=list, repr=False)  # the same as a run tells them
    loop: int | None = None  # of a fair lasso: the step after which it repeats
    never: list[str] = field(default_factory=list)  # functions that no transition entered

    @classmethod
    def of(
        cls, search: Any, scenario: str, policy: Policy, params: dict, verdict: str
    ) -> "Exploration":
        """What a `search` found, in `scenario` with `params` under `policy`; `verdict` as below."""
        bound = {
            "max_states": search.max_states,
            "seconds": search.limit,
            "interrupted": search.interrupted,
            "reductions": search.reductions,
            "clock": search.clock,
            "audited": search.audited,
            "learned": search.learned(),
            "shapes": search.shapes(),
        }
        if search.cost is not None and verdict != "holds":
            bound[search.prefer] = search.cost  # every schedule with fewer was looked at
        if verdict == "violated":
            bound["shortest"] = True
        seconds = round(monotonic() - search.began, 3)
        return cls(
            verdict,
            search.asked.name,
            scenario,
            policy,
            params,
            search.states,
            search.transitions,
            seconds,
            bound,
        )

    @builtins.property  # `property` is a field here
    def origin(self) -> Origin:
        """Where it comes from; its schedule is the counterexample, if there is one."""
        order: dict = {}
        if self.verdict == "violated":
            order = {"schedule": self.pids}
        elif "runs" in self.bound:
            order = {"seed": self.bound["seed"], "drawn": self.bound["runs"]}
        return Origin.of(self.scenario, self.policy, self.params, **order)

    def origin_and_clock(self) -> str:
        """Where it comes from, and when timers fired, in one line. No error."""
        return f"{self.origin}, clock {self.bound['clock']}"

    def __repr__(self) -> str:
        clock, origin = self.bound["clock"], self.origin
        way = f"{plural(self.switches(), 'context switch')}; " if self.pids else ""
        return (
            f"<Exploration of {origin.machine_words()}, {origin.order_words()}, clock {clock}\n"
            f" {self.sentence()}\n"
            f" {way}{self.seconds} s, oomlab {origin.version}>"
        )

    def _repr_html_(self) -> str:
        return import_module("oomlab.lab.notebook_html").html_of_exploration(self)

    def answer(self) -> tuple:
        """All but how long it took."""
        said = (self.verdict, self.property, self.states, self.transitions, self.loop, self.never)
        return self.origin, self.bound, list(self.pids), self.steps, said

    def __eq__(self, other: object) -> bool:
        return self.answer() == other.answer() if isinstance(other, Exploration) else NotImplemented

    def __hash__(self) -> int:
        return hash((self.origin, self.property, self.verdict))

    def run(self) -> Run:
        """The counterexample as a run. ValueError where there is none."""
        if not self.pids:
            raise ValueError(f"there is no schedule to run: {self.sentence()}")
        return run(self.scenario, self.policy, schedule=self.pids, **self.params)

    def describe(self, build: Callable[[], Kernel], schedule: list, loop: int | None) -> None:
        """Put the counterexample into words: who, where, what, and the effect.

        `build` makes the machine, `schedule` lists the entries, and at step `loop` a loop begins.
        """
        self.loop = loop
        done = run(self.scenario, self.policy, schedule=list(schedule), **self.params)
        self.steps = done.steps
        self.pids = Schedule(schedule, done.origin, [told_of(step) for step in self.steps])
        self.schedule = [
            {
                "step": step.number,
                "task": step.task,
                "function": step.function,
                "does": story.does(step),
                "effect": step.effect,
            }
            for step in self.steps
        ]

    def vacuous(self) -> str:
        """What of a kill's way no transition entered, for the sentence; "" if all was."""
        skipped = [name for name in self.never if name in WAY]
        return f"; no step ever entered {', '.join(skipped)}" if skipped else ""

    def pace(self) -> str:
        """Why this was slow, if it was; for the sentence."""
        learned, shapes = self.bound.get("learned", 0), self.bound.get("shapes", 0)
        if self.transitions < MANY or learned + shapes < SLOW * self.transitions:
            return ""
        least, why = SLOW / 3 * self.transitions, []
        if learned >= least:
            why.append(f"{learned} steps read values that none had read before, and had to be run")
        if shapes >= least:
            why.append(
                f"{shapes} states held what steps had made in a form that none before them had,"
                " and had to be put in order"
            )
        return f"; it was slow: {', and '.join(why)}"

    def switches(self) -> int:
        """Context switches of the counterexample; a timer counts as its task's."""
        tasks = [entry_of(entry)[0] for entry in self.pids]
        return sum(a != b for a, b in zip(tasks, tasks[1:], strict=False))

    def sentence(self) -> str:
        """The answer with its bound in the same sentence."""
        seen = f"{plural(self.states, 'state')} and {plural(self.transitions, 'transition')}"
        if "runs" in self.bound:
            steps = plural(self.transitions, "step")
            seen = f"{steps} of random schedules, seed {self.bound['seed']}"
        if self.verdict == "holds":
            stand = " stand for all of them" if self.bound["reductions"] else ""
            clock = CLOCK_WORDS[self.bound["clock"]]
            checked = self.bound["audited"]
            return (
                f"{self.property} holds in every schedule{clock}: {seen}{stand}, {checked} of the"
                " states checked against the model with all their successors"
                f"{self.vacuous()}{self.pace()}"
            )
        if self.verdict == "bound-reached":
            chance = self.bound.get("missed_with_chance")
            b = self.bound
            who = "task or timer" if b.get("tasks") == 1 else "tasks and timers"
            tail = (
                f"; a bug of depth {b['depth']} that shows within {plural(b['steps'], 'step')} of"
                f" {b['tasks']} {who} may be missed with a chance of up to {chance}"
                if chance
                else ""
            )
            for what, words in (("switches", "context switches"), ("decisions", "decisions")):
                if what in self.bound:
                    tail = f", among them every schedule with fewer than {b[what]} {words}"
            tail += self.pace()
            return f"{self.property} holds in the {seen} seen before the search was ended{tail}"
        after = f"{plural(len(self.pids), 'step')}{self.for_ever()}"
        return f"{self.property} is violated after {after} (found among {seen}){self.pace()}"

    def for_ever(self) -> str:
        """What goes on after the counterexample, for the sentence; "" if that does not matter."""
        if self.loop is None:
            return ""
        first, last = self.loop + 1, len(self.pids)
        if first > last:
            return ", and then no task can move"
        return f", then {f'step {first}' if first == last else f'steps {first} to {last}'} for ever"

    def markdown(self) -> str:
        """A table of the schedule: step, task, function, what it does, its effect."""
        lines = [f"**{self.origin.machine_words()}**: {self.sentence()}.", ""]
        lines += [f"Clock {self.bound['clock']}, oomlab {self.origin.version}.", ""]
        if self.schedule:
            lines.append(story.table(self.steps))
        return "\n".join(lines)

    @checked
    def save(self, path: str | Path) -> Path:
        """Write the counterexample, as a run, to a file; see Run.save(). The .html page holds the
        explorer's answer and its claim as a sheet, too. ValueError where there is none.
        `path`: its name says the kind of file.
        """
        if Path(path).suffix != ".html":
            return self.run().save(path)
        papers = {"The answer, with its bound": self.markdown()}
        if "runs" not in self.bound:  # random schedules claim nothing
            sheet = import_module("oomlab.sheets").sheet_of(self)
            papers["The claim, as a sheet"] = sheet.text()
        text = import_module("oomlab.lab.run_page").html_of([self.run()], papers)
        return write_text(path, text)

    def chart(self) -> str:
        """The counterexample as a sequence chart of 72 columns, for a mail; "" without one.

        Below it stands where it comes from, so that the mail says so, too.
        """
        if not self.pids:
            return ""
        made = wrap(self.origin_and_clock(), story.WIDTH)
        return "\n".join([story.chart(self.steps), "", *made])

    def _repr_markdown_(self) -> str:
        return self.markdown()

    def to_dict(self) -> dict:
        """The answer as plain values, for JSON."""
        return {
            "schema": SCHEMA,
            "verdict": self.verdict,
            "property": self.property,
            "scenario": self.scenario,
            "policy": self.policy.name,
            "params": self.params,
            "origin": self.origin.to_dict(),
            "states": self.states,
            "transitions": self.transitions,
            "bound": self.bound,
            "seconds": self.seconds,
            "schedule": self.schedule,
            "pids": self.pids,
            "never": self.never,
            "loop": self.loop,
        }
