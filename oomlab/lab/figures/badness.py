"""Badness when the OOM killer chose: resident pages, swap, page tables, and oom_score_adj."""

from ... import stacked
from ...arguments import checked
from ...looks import BLUE, ORANGE, SKY, VERMILLION, Look
from ...paper import Drawing
from ...simulate.run import Run
from ..facts import Points, candidates, heading, several

LOOKS: dict[str, Look] = {
    "rss": (BLUE, ""),
    "swap": (SKY, "."),
    "page tables": (ORANGE, "/"),
    "adj": (VERMILLION, "x"),
}

WORDS = {
    "rss": "resident pages (rss)",
    "swap": "pages in swap",
    "page tables": "page tables",
    "adj": "oom_score_adj",
}


@checked
def figure(run: Run, *, kill: int = 0, dark: bool | None = None) -> Drawing:
    """Stacked bars, the chosen one marked; who must not be killed is listed with a reason."""
    chosen, rows = candidates(run, kill)
    drawing = Drawing(alt_text(run, kill), dark)
    drawing.heading(heading(run))
    if not rows:
        drawing.say("The OOM killer was not called.", "ink")
        return drawing
    unit = "per mille of memory" if run.policy.points == "permille" else "pages"
    notes = [in_points(row.points) + ", chosen" * (row.name == chosen) for row in rows]
    draw(drawing, rows, notes, {chosen}, unit)
    return drawing


def draw(
    drawing: Drawing, rows: list[Points], notes: list[str], marked: set[str], unit: str
) -> None:
    """A stacked bar for each row, a note at its end, bold where `marked`; and the legend."""
    drawn = [
        stacked.Row(
            row.name,
            [(row.parts[part], look) for part, look in LOOKS.items()],
            note,
            bold=row.name in marked,
            pale=row.points is None,
        )
        for row, note in zip(rows, notes, strict=True)
    ]
    at = stacked.draw(drawing, drawn, f"points (badness), in {unit}")
    bonus = ", and the bonus of root" * any(row.bonus for row in rows)
    words = {**WORDS, "adj": WORDS["adj"] + bonus}
    shown = [part for part in LOOKS if any(row.parts[part] for row in rows)]
    for part in shown:
        if all(abs(at(row.parts[part]) - at(0)) < 1 for row in rows):
            words[part] += " (too few to be seen)"
    drawing.legend((words[part], LOOKS[part]) for part in shown)
    if any(row.points is None and any(row.parts.values()) for row in rows):
        drawing.say("faint: what is held by a task that must not be killed")


def in_points(number: int | None) -> str:
    """A score in words; None is an exemption."""
    return "must not be killed" if number is None else f"{number} point{'s' * (number != 1)}"


@checked
def alt_text(run: Run, kill: int = 0) -> str:
    """Who scores most and who is exempt, as a sentence."""
    chosen, rows = candidates(run, kill)
    if not rows:
        return f"The OOM killer was not called in {heading(run)}."
    scores = [f"{row.name} {row.points}" for row in rows if row.points is not None]
    exempt = [row.name for row in rows if row.points is None]
    spared = f"; {several(exempt)} must not be killed" if exempt else ""
    return f"Badness in {heading(run)}: {several(scores)}{spared}; {chosen or 'no task'} is chosen."
