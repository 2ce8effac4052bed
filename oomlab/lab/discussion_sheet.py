"""A discussion sheet: one run, or two side by side, as Markdown to print and argue over."""

from ..policies.policy import KNOBS
from ..policies.presets import difference
from ..scenarios import SCENARIOS
from ..simulate.run import Run
from .facts import divergence, heading
from .question_text import answered
from .questions import questions
from .timeline import moments


def discussion_sheet(runs: list[Run]) -> str:
    """Set-up, outcome, what happened when, and questions with their answers folded away."""
    first = runs[0]
    lines = [f"# {first.scenario}", "", *about(first.scenario), ""]
    for run in runs:
        lines += [f"## {heading(run)}", ""]
        lines += [*changed_knobs(run), "", f"**{run.outcome.verdict}**: {run.outcome.why}.", ""]
        lines += ["| step | what happens |", "|---:|---|"]
        lines += [f"| {moment.step + 1} | {moment.sentence} |" for moment in moments(run)] + [""]
    if len(runs) > 1:
        lines += ["## Where they part", "", parting(*runs), ""]
    lines += ["## To discuss", ""]
    for number, question in enumerate(questions(first), 1):
        lines += [f"{number}. {question.text}", ""]
        lines += [f"    - {choice}" for choice in question.choices]
        lines += ["", "    <details><summary>Answer</summary>", ""]
        lines += [f"    {answered(question)}", "", "    </details>", ""]
    return "\n".join(lines)


def about(scenario: str) -> list[str]:
    """The scenario's own words."""
    return [line.strip() for line in (SCENARIOS[scenario].__doc__ or "").strip().split("\n")]


def changed_knobs(run: Run) -> list[str]:
    """Knobs that differ from the preset of that name, with what they mean."""
    changed = difference(run.origin.preset, run.policy)
    return [
        f"- {name} = {now}, not {was} ({KNOBS[name].metadata['meaning']})"
        for name, (was, now) in changed.items()
    ]


def parting(a: Run, b: Run) -> str:
    """The first event in which two runs differ, and the knobs in which the policies do."""
    parted = divergence(a, b)
    pairs = difference(a.policy, b.policy).items()
    ways = [f"{name} ({x} or {y})" for name, (x, y) in pairs]
    if a.policy.patch != b.policy.patch:
        ways.append("functions of a patch")
    knobs = ", ".join(ways) or "nothing"
    if parted is None:
        return f"They do not: every event is the same. The policies differ in {knobs}."
    words = [f"{m.sentence} (step {m.step + 1})" if m else "nothing more happens" for m in parted]
    return (
        f"With {a.origin.policy_words()} {words[0]}; with {b.origin.policy_words()} {words[1]}. "
        f"The policies differ in {knobs}."
    )
