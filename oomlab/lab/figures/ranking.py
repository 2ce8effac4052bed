"""Whom an OOM report says the kernel would take first, and why: badness by its parts.

    from oomlab.reports.judge.explain import explain
    ranking.figure(explain(report))

The chosen task and the killed one are marked, and drawn however far down they stand. What is drawn
is the model's own oom_badness on the machine of the report, as in badness.py.
"""

from ...arguments import checked
from ...paper import Drawing
from ...reports.judge.explanation import Explanation, Ranked
from ...reports.judge.report_machine import machine, oom_control
from ...reports.tell.report_picture import fate, name, unit
from ...reports.tell.words import printable
from ..facts import Points, parts, several
from .badness import LOOKS, draw, in_points

ROWS = 12  # tasks that are drawn, besides the chosen and the killed one
NOTHING = "there is no task table that could be ranked"


@checked
def figure(explanation: Explanation, *, dark: bool | None = None) -> Drawing:
    """Stacked bars, the first to die on top; who cannot be killed is faint, with the reason."""
    shown = [r for y, r in enumerate(explanation.ranked) if y < ROWS or fate(explanation, r)]
    rows = points_of(explanation, shown)
    drawing = Drawing(alt_text(explanation), dark)
    some = f", {len(rows)} of {len(explanation.ranked)} tasks" * (
        len(rows) < len(explanation.ranked)
    )
    drawing.heading(printable(heading(explanation)) + some)
    if not rows:
        drawing.say(f"{NOTHING.capitalize()}.", "ink")
        return drawing
    notes = [
        ", ".join(filter(None, [r.why_not or in_points(r.points), fate(explanation, r)]))
        for r in shown
    ]
    marked = {name(r) for r in shown if fate(explanation, r)}
    draw(drawing, rows, notes, marked, unit(explanation))
    return drawing


def points_of(explanation: Explanation, shown: list[Ranked]) -> list[Points]:
    """The parts of each task's badness; none where the row says too little to judge it."""
    report, policy, total = explanation.report, explanation.policy, explanation.total.pages
    if not shown or policy is None:
        return []
    kernel = machine(report, policy, total)
    control = oom_control(kernel, report, total)
    tasks = {task.pid: task for task in kernel.tasks}
    rows = []
    for ranked in shown:
        task = tasks.get(ranked.row.pid)
        made = parts(task, control, policy) if task else Points("", 0, dict.fromkeys(LOOKS, 0))
        rows.append(Points(name(ranked), ranked.points, made.parts, made.bonus))
    return rows


def heading(explanation: Explanation) -> str:
    """Which report, by whose rules."""
    report = explanation.report
    rules = f" by the rules of {explanation.policy.name}" if explanation.policy else ""
    changed = ", with something changed" * explanation.supposed
    return f"{report.kind} OOM of {report.kernel or 'an unnamed kernel'}{rules}{changed}"


@checked
def alt_text(explanation: Explanation) -> str:
    """Who scores most, who is chosen and who was killed, as a sentence."""
    if not explanation.ranked:
        return printable(f"Ranking of a {heading(explanation)}: {NOTHING}.")
    scores = [f"{name(r)} {r.points}" for r in explanation.ranked if r.points is not None]
    exempt = [name(r) for r in explanation.ranked if r.points is None]
    chosen = name(explanation.predicted) if explanation.predicted else "no task"
    victim = explanation.report.victim
    killed = f"; the kernel killed {victim.name} ({victim.pid})" if victim else ""
    spared = f"; {several(exempt)} cannot be killed" if exempt else ""
    return printable(
        f"Ranking of a {heading(explanation)}, in {unit(explanation)}: {several(scores)}{spared}; "
        f"{chosen} {'would be' if explanation.supposed else 'is'} chosen{killed}."
    )
