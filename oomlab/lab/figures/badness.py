"""Badness when the OOM killer chose: resident pages, swap, page tables, and oom_score_adj."""

from typing import NamedTuple

from matplotlib.figure import Figure

from ...model.mm import get_mm_rss
from ...model.oom import OomControl, constrained_alloc, oom_badness, select_bad_process
from ...model.tasks import find_lock_task_mm, thread_group_leader
from ...trace import Run
from ..machine import machine_at
from .style import BLUE, ORANGE, SKY, VERMILLION, heading, legend, picture, several, themed, words

LOOKS = {
    "rss": (BLUE, ""),
    "swap": (SKY, "...."),
    "page tables": (ORANGE, "////"),
    "adj": (VERMILLION, "xxxx"),
}


class Points(NamedTuple):
    """What one process scores, and the parts it is made of; points None: must not be killed."""

    name: str
    points: int | None
    parts: dict[str, int]


def candidates(run: Run, kill: int = 0) -> tuple[str, list[Points]]:
    """(who is chosen, all candidates by points) at the OOM report number `kill`."""
    reports = [e for e in run.kernel.events or () if e["event"] == "oom_report" and "step" in e]
    if not kill < len(reports):
        return "", []
    report = reports[kill]
    kernel = machine_at(run, report["step"] - 1)
    name = report["oc"].memcg.name if report["oc"].memcg else None
    memcg = next((m for m in kernel.memcgs if m.name == name), None)
    oc = OomControl(report["oc"].gfp_mask, report["oc"].order, memcg)
    oc.totalpages = constrained_alloc(kernel, oc)
    chosen = select_bad_process(kernel, oc)
    rows = [
        parts(task, oc, run.policy) for task in kernel.tasks
        if thread_group_leader(task) and find_lock_task_mm(task)
        and (memcg is None or memcg.contains(task))
    ]  # fmt: skip
    rows.sort(key=lambda row: (row.points is None, -(row.points or 0)))
    return getattr(chosen, "name", ""), rows


def parts(task, oc: OomControl, policy) -> Points:
    """One candidate; adj is what is left of the points, so it carries a root bonus too."""
    mm = find_lock_task_mm(task).mm
    tables = {"none": 0, "ptes": mm.nr_ptes, "ptes+pmds": mm.nr_ptes + mm.nr_pmds}
    pages = {"rss": get_mm_rss(mm), "swap": mm.swapents, "page tables": tables[policy.page_tables]}
    if policy.points == "permille":
        pages = {name: count * 1000 // oc.totalpages for name, count in pages.items()}
    points = oom_badness(task, oc.totalpages, policy, oc.memcg)
    adj = 0 if points is None else points - sum(pages.values())
    return Points(task.name, points, {**pages, "adj": adj})


@themed
def figure(run: Run, *, kill: int = 0, dark: bool = False) -> Figure:
    """Stacked bars, the chosen one marked; who must not be killed is listed with a reason."""
    chosen, rows = candidates(run, kill)
    drawn, (axes,), theme = picture(alt_text(run, kill), 9.5, 1.7 + 0.4 * max(len(rows), 1), dark)
    axes.axvline(0, color=theme["quiet"], linewidth=0.8)
    for y, row in enumerate(rows):
        ends = {1: 0, -1: 0}  # bars grow from zero to both sides
        for part, (colour, hatch) in LOOKS.items():
            value = row.parts[part]
            side = -1 if value < 0 else 1
            axes.barh(
                y, value, 0.66, ends[side], color=colour, hatch=hatch, label="" if y else part,
                edgecolor=theme["paper"], alpha=0.35 if row.points is None else 1,
            )  # fmt: skip
            ends[side] += value
        note = "must not be killed" if row.points is None else f"{row.points} points"
        star = ", chosen" if row.name == chosen else ""
        words(
            axes, ends[1], y, f" {note}{star}", clip_on=False, weight="bold" if star else "normal"
        )
    axes.set_yticks(range(len(rows)), [row.name for row in rows])
    axes.set_ylim(max(len(rows), 1) - 0.4, -0.6)
    low, high = axes.get_xlim()
    axes.set_xlim(low, max(high, 1) * 1.25)
    unit = "per mille of memory" if run.policy.points == "permille" else "pages"
    axes.set_xlabel(f"badness in {unit}; adj with the root bonus")
    axes.set_title(heading(run), loc="left")
    if not rows:
        words(axes, 0.1, 0, "the OOM killer was not called")
    legend(axes, theme)
    return drawn


def alt_text(run: Run, kill: int = 0) -> str:
    """Who scores most and who is exempt, as a sentence."""
    chosen, rows = candidates(run, kill)
    if not rows:
        return f"The OOM killer was not called in {heading(run)}."
    scores = [f"{row.name} {row.points}" for row in rows if row.points is not None]
    exempt = [row.name for row in rows if row.points is None]
    return (
        f"Badness in {heading(run)}: {several(scores)}; {several(exempt)} must not be killed; "
        f"{chosen or 'nobody'} is chosen."
    )
