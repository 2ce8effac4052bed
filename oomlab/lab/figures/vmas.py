"""The victim's address space when it is killed: which mappings the reaper may take, and why not."""

from ... import stacked
from ...arguments import checked
from ...looks import GREEN, PURPLE, SKY, Look
from ...paper import Drawing
from ...plural import plural
from ...simulate.run import Run
from ..facts import heading, mappings

FREED: Look = (GREEN, "")
TAKEN: Look = (SKY, ".")
LEFT: Look = (PURPLE, "x")
WORDS = {
    "comes free": FREED,
    "taken from the process, but not freed": TAKEN,
    "may not be reaped": LEFT,
}


@checked
def figure(run: Run, *, victim: str | None = None, dark: bool | None = None) -> Drawing:
    """One bar for each VMA: what comes free, what is only unmapped, what may not, and why."""
    name, rows = mappings(run, victim)
    drawing = Drawing(alt_text(run, victim), dark)
    drawing.heading(heading(run), f"Memory of {name} when it is killed." if rows else "")
    if not rows:
        drawing.say("No task was killed.", "ink")
        return drawing
    drawn = [
        stacked.Row(
            f"{row.name} ({row.kind})",
            [
                (row.freed, FREED),
                (row.reapable - row.freed, TAKEN),
                (row.pages - row.reapable, LEFT),
            ],
            plural(row.pages, "page") + (f"; {row.why_not}" if row.why_not else ""),
        )
        for row in rows
    ]
    stacked.draw(drawing, drawn, "resident pages")
    seen = {look for row in drawn for pages, look in row.parts if pages}
    drawing.legend((words, look) for words, look in WORDS.items() if look in seen)
    return drawing


@checked
def alt_text(run: Run, victim: str | None = None) -> str:
    """How much of the victim may be reaped, and how much comes free, as a sentence."""
    name, rows = mappings(run, victim)
    if not rows:
        return f"No task was killed in {heading(run)}."
    kept = [f"{row.name} ({row.why_not})" for row in rows if row.why_not and not row.reapable]
    left = f"; it leaves {', '.join(kept)}" if kept else ""
    pages, all_pages = sum(row.reapable for row in rows), sum(row.pages for row in rows)
    return (
        f"In {heading(run)} the reaper may take {pages} of {all_pages} pages from {name}, and "
        f"{sum(row.freed for row in rows)} come free{left}."
    )
