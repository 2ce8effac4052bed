"""Badness when the OOM killer chose: resident pages, swap, page tables, and oom_score_adj."""

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from ...simulate.run import Run
from ..facts import Points, candidates, heading, several
from .style import BLUE, ORANGE, SKY, VERMILLION, headed, legend, picture, themed, words

LOOKS = {
    "rss": (BLUE, ""),
    "swap": (SKY, "...."),
    "page tables": (ORANGE, "////"),
    "adj": (VERMILLION, "xxxx"),
}


@themed
def figure(run: Run, *, kill: int = 0, dark: bool = False) -> Figure:
    """Stacked bars, the chosen one marked; who must not be killed is listed with a reason."""
    chosen, rows = candidates(run, kill)
    drawn, (axes,), theme = picture(alt_text(run, kill), 9.5, 1.7 + 0.4 * max(len(rows), 1), dark)
    marked = {y for y, row in enumerate(rows) if row.name == chosen}
    notes = [
        ("must not be killed" if row.points is None else f"{row.points} points")
        + ", chosen" * (y in marked)
        for y, row in enumerate(rows)
    ]
    bars(axes, theme, rows, notes, marked)
    unit = "per mille of memory" if run.policy.points == "permille" else "pages"
    axes.set_xlabel(f"badness in {unit}; adj with the root bonus")
    headed(axes, heading(run))
    if not rows:
        words(axes, 0.1, 0, "the OOM killer was not called")
    legend(axes, theme)
    return drawn


def bars(
    axes: Axes, theme: dict[str, str], rows: list[Points], notes: list[str], marked: set[int]
) -> None:
    """A stacked bar for each row, a note at its end, bold where `marked`."""
    axes.axvline(0, color=theme["quiet"], linewidth=0.8)
    for y, (row, note) in enumerate(zip(rows, notes, strict=True)):
        ends = {1: 0, -1: 0}  # bars grow from zero to both sides
        for part, (colour, hatch) in LOOKS.items():
            value = row.parts[part]
            side = -1 if value < 0 else 1
            axes.barh(
                y,
                value,
                0.66,
                ends[side],
                color=colour,
                hatch=hatch,
                label="" if y else part,
                edgecolor=theme["paper"],
                alpha=0.35 if row.points is None else 1,
            )
            ends[side] += value
        weight = "bold" if y in marked else "normal"
        words(axes, ends[1], y, f" {note}", clip_on=False, weight=weight)
    names = [row.name for row in rows]
    axes.set_yticks(range(len(rows)), names, parse_math=False)  # a task may be called $1
    axes.set_ylim(max(len(rows), 1) - 0.4, -0.6)
    low, high = axes.get_xlim()
    axes.set_xlim(low, max(high, 1) * 1.25)


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
