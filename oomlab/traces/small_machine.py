"""From a report or a trace to a scenario: the smallest machine of the model with the same story.

    again = oomlab.scenario_from("kern.log")
    print(again.text)               # a Python function to read and to change
    print(again.run().outcome.why)
    print(again.explore().sentence())

"The same story" is: the same task is killed first, by an OOM of the same kind (of the machine or of
a cgroup), or none can be killed; and, where the log or the trace tells it, the reaper takes the
victim's memory or gives up on it. The text is run before it is given out: what does not tell the
same story is refused.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from keyword import iskeyword
from pathlib import Path

from ..arguments import checked
from ..explorer import Exploration, explore
from ..model.kernel import Kernel
from ..naming import short
from ..plural import plural
from ..policies.policy import Policy
from ..recordings.kernel_release import version
from ..recordings.recorded import policy_of, read_record
from ..reports import Explanation, explain
from ..reports.judge.explain import explain as judge
from ..reports.read.logs import DAMAGED, open_log
from ..reports.tell.scenario_text import Story, parts_of, story_line, text_of, words_of_policy
from ..sheets.code import add_scenario, tried_scenario
from ..simulate.patch_text import model_names
from ..simulate.run import Run, run
from ..textfile import named, reason, write_text
from .real import MOST_BYTES, Trace, read_trace

FACTORS = (1, 2, 4, 16, 64, 256, 0)  # pages of the small machine for a thousandth; 0: no scale
SEEDS = range(3)  # the story is the same for each


@dataclass(frozen=True)
class ScenarioFrom:
    """A scenario that was made of a report: its text, its name, and the policy of its kernel."""

    text: str
    function: str
    policy: Policy
    says: str  # the story, which the run tells again

    @property
    def scenario(self) -> str:
        """Its name among the scenarios, for oomlab.run() and the like."""
        return add_scenario(self.text, self.function, "the report")

    def run(self, seed: int = 0) -> Run:
        """One run under the kernel's own policy; who goes next is drawn from `seed`."""
        return run(self.scenario, self.policy, seed=seed)

    def explore(self, property: str = "no-victim-lost", **more) -> Exploration:
        """Every schedule of it, as oomlab.explore() does: is there one that breaks `property`?

        `more`: the other arguments of oomlab.explore(). What comes back is an Exploration.
        """
        return explore(self.scenario, self.policy, property, **more)

    @checked
    def save(self, path: str | Path) -> Path:
        """Write the text as a Python file; its path. ValueError if it cannot be written."""
        return write_text(path, self.text)

    def sentence(self) -> str:
        """What its run tells, and that this is what the report says."""
        return f"{self.says} The run agrees with the report, under {words_of_policy(self.policy)}."

    def __repr__(self) -> str:
        return f"<ScenarioFrom {self.function}: {self.sentence()}>"


@checked
def scenario_from(
    source: str | Path,
    *,
    number: int = 1,
    name: str = "reported",
    report: str | None = None,
    kernel: str | None = None,
) -> ScenarioFrom:
    """The smallest machine that tells the story of a real OOM, as a function that one can change.

    `source` is a kernel log, a trace, or a recording: a file, or its text if it has more than one
    line. `number` says which of how many reports it is, from 1; `name` is that of the function. A
    trace needs the `report`, the kernel's log of the same time, since it does not say who else was
    there; `kernel` is its release, as "6.1", where neither says it. What comes back has `text`, the
    function, in whose docstring stands what was kept and what was left out. ValueError, in one
    sentence, where the same story cannot be told: no report, no table of tasks, a kernel whose
    rules are not known, or a choice that these rules do not explain.
    """
    if not re.fullmatch(r"[a-z_][a-z0-9_]{0,60}", name):
        raise ValueError(f"a function's name is of a to z, 0 to 9 and _, not {short(name)}")
    if iskeyword(name) or name in model_names():
        raise ValueError(f"{name} is a word of Python or a name of the model: give it another name")
    found, trace = explained(source, report, kernel)
    if not found:
        text = "there is no OOM report in it; a trace needs the kernel's log of the same time"
        raise ValueError(f"{text}, as report")
    if not 1 <= number <= len(found):
        raise ValueError(
            f"there is no OOM report {number} in it: it has {plural(len(found), 'report')}"
        )
    told = found[number - 1]
    if kernel is not None:
        version(kernel)  # ValueError if it is none
        told = judge(replace(told.report, kernel=kernel))
    elif trace is not None and trace.policy is not None:
        told = judge(told.report, trace.policy)
    story = story_of(told, trace)
    for factor in FACTORS:
        if factor and 1000 * factor > max(told.total.pages, 1000):
            continue
        text = text_of(story, name, factor)
        differ = differences(story, text, name)
        if not differ:
            return ScenarioFrom(text, name, story.policy, story_line(story))
    raise ValueError(f"the small machine does not tell the same story: {'; '.join(differ)}")


def explained(
    source: str | Path, report: str | None, kernel: str | None
) -> tuple[list[Explanation], Trace | None]:
    """The reports, and the trace if the source is one."""
    path = None if isinstance(source, str) and "\n" in source else Path(source)
    if path is not None and path.name.endswith(".json.gz"):
        record = read_record(path)
        if (record.get("trace") or {}).get("events"):
            trace = read_trace(path, kernel=kernel, report=report)
            return trace.reports, trace
        trace = Trace([], report or record.get("report") or "", None, policy_of(record))
        return trace.reports, trace
    if report is not None:
        trace = read_trace(source, kernel=kernel, report=report)
        return trace.reports, trace
    if path is None:
        return explain(str(source)), None
    try:
        data = open_log(str(path)).read(MOST_BYTES)
    except (OSError, ValueError, *DAMAGED) as wrong:
        raise ValueError(f"{named(path)} cannot be read: {reason(wrong)}") from None
    return explain(data), None


def story_of(told: Explanation, trace: Trace | None) -> Story:
    """The story that is to be told. ValueError where it cannot be, and why."""
    report, policy, verdict = told.report, told.policy, told.verdict
    if report.failure:
        raise ValueError("a page allocation failure kills no task: there is no story of an OOM")
    if policy is None:
        raise ValueError("the rules of its kernel are not known, or older than the model's")
    if not report.tasks:
        raise ValueError("it has no table of tasks: nothing says who else was there")
    if report.panic and not report.no_killable:
        raise ValueError("the kernel panicked by order of panic_on_oom: it chose no task")
    if report.victim is None and not report.no_killable:
        raise ValueError("who was killed is not in it")
    if verdict.agrees is not True:
        raise ValueError(f"by the rules of {policy.name} another task is chosen: {verdict.because}")
    story = Story(told, policy, parts_of(told), end_of(told, policy, trace))
    if not story.victim and not report.no_killable:
        raise ValueError("the row of the victim is not in the table of tasks")
    return story


def end_of(told: Explanation, policy: Policy, trace: Trace | None) -> str:
    """ "reaped" or "given up", if the trace or the log says it and the kernel has a reaper."""
    kill = told.report.victim
    if kill is None or policy.reaper == "none":
        return ""
    ends = [v.end for v in trace.victims if v.pid == kill.pid] if trace is not None else []
    if not ends:
        reaps = [reap for reap in told.report.reaps if reap.pid == kill.pid]
        ends = ["reaped" if reap.reaped else "given up" for reap in reaps]
    return ends[0] if ends and ends[0] in ("reaped", "given up") else ""


def differences(story: Story, text: str, name: str) -> list[str]:
    """What a run of the text tells otherwise than the report, in words; [] if nothing."""
    with tried_scenario(text, name, "the report") as scenario:
        runs = [run(scenario, story.policy, seed=seed).kernel for seed in SEEDS]
    return list(dict.fromkeys(words for kernel in runs for words in otherwise(story, kernel)))


def otherwise(story: Story, kernel: Kernel) -> Iterable[str]:
    """What one machine that was run tells otherwise."""
    events = kernel.events or []
    kills = [event for event in events if event["event"] == "kill"]
    victim = kills[0]["task"].name if kills else ""
    if victim != story.victim:
        yield f"it kills {victim or 'no task'}, and the report {story.victim or 'no task'}"
        return
    if not kills:
        told = kernel.panicked or any(e["event"] == "no_killable_processes" for e in events)
        if not told and (not story.memcg or story.policy.memcg_oom == "charge"):
            yield "it does not say that there is no task to kill, as the report does"
        return
    if (kills[0]["oc"].memcg is not None) != story.memcg:
        yield f"its OOM is not of the kind {story.report.kind}"
    name = {"reaped": "finish_task_reaping", "given up": "unable_to_reap"}.get(story.end)
    of_victim = [e for e in events if e["event"] == name and e["task"] is kills[0]["task"]]
    if name and not of_victim:
        yield f"its victim is not {story.end}"
