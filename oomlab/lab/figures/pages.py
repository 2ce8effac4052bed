"""Who got the pages that the reaper freed: the question that the mail of 27 November 2015 asks."""

from collections import Counter

from ... import stacked
from ...arguments import checked
from ...looks import GREEN, ORANGE, PURPLE, Look
from ...paper import Drawing
from ...simulate.run import Run
from ..facts import heading, several, who_got_them

LOOKS: dict[str, Look] = {
    "dying": (GREEN, ""),
    "not dying": (ORANGE, "/"),
    "kernel thread": (PURPLE, "x"),
    "still free": ("faint", ""),
}


@checked
def figure(run: Run, *, dark: bool | None = None) -> Drawing:
    """One bar for each taker, and one for what no task took."""
    got = who_got_them(run)
    left = run.trace[-1][7] if run.trace else 0
    drawing = Drawing(alt_text(run), dark)
    drawing.heading(heading(run))
    rows = [
        stacked.Row(name, [(count, LOOKS[kind])], f"{count}") for name, (kind, count) in got.items()
    ]
    if left:
        rows.append(stacked.Row("no task", [(left, LOOKS["still free"])], f"{left}"))
    if not rows:
        drawing.say("The reaper freed nothing.", "ink")
        return drawing
    stacked.draw(drawing, rows, "pages that the reaper made free")
    seen = {kind for kind, _ in got.values()} | ({"still free"} if left else set())
    drawing.legend([(kind, look) for kind, look in LOOKS.items() if kind in seen])
    return drawing


@checked
def alt_text(run: Run) -> str:
    """Who got the pages, as a sentence."""
    got = who_got_them(run)
    if not got:
        return f"In {heading(run)} no task took a page that the reaper had freed."
    shares: Counter[str] = Counter()
    for kind, count in got.values():
        shares[kind] += count
    to = {"dying": "dying tasks", "not dying": "tasks not dying", "kernel thread": "kernel threads"}
    parts = several([f"{count} to {to[kind]}" for kind, count in shares.items()])
    return (
        f"Of the pages that the reaper freed in {heading(run)}: {parts}; first {next(iter(got))}."
    )
