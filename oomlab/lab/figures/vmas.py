"""The victim's address space when it is killed: which mappings the reaper may take, and why not."""

from matplotlib.figure import Figure

from ...simulate.run import Run
from ..facts import heading, mappings
from .style import GREEN, PURPLE, SKY, headed, legend, picture, themed, words


@themed
def figure(run: Run, *, victim: str | None = None, dark: bool = False) -> Figure:
    """One bar for each VMA: what comes free, what is only unmapped, what may not, and why."""
    name, rows = mappings(run, victim)
    drawn, (axes,), theme = picture(alt_text(run, victim), 9.5, 1.6 + 0.4 * max(len(rows), 1), dark)
    for y, row in enumerate(rows):
        axes.barh(y, row.freed, 0.66, color=GREEN, label="" if y else "comes free")
        axes.barh(
            y,
            row.reapable - row.freed,
            0.66,
            row.freed,
            color=SKY,
            label="" if y else "taken from the process, but not freed",
        )
        axes.barh(
            y,
            row.pages - row.reapable,
            0.66,
            row.reapable,
            color=PURPLE,
            hatch="xxxx",
            edgecolor=theme["paper"],
            label="" if y else "may not be reaped",
        )
        note = f" {row.pages} pages{'; ' + row.why_not if row.why_not else ''}"
        words(axes, row.pages, y, note, clip_on=False)
    axes.set_yticks(range(len(rows)), [f"{row.name} ({row.kind})" for row in rows])
    axes.set_ylim(max(len(rows), 1) - 0.4, -0.6)
    axes.set_xlim(0, max([row.pages for row in rows], default=1) * 1.45)
    axes.set_xlabel("resident pages")
    headed(axes, f"{heading(run)}: memory of {name or 'nobody, no victim'} when killed")
    if not rows:
        words(axes, 0.1, 0, "nobody was killed")
    legend(axes, theme)
    return drawn


def alt_text(run: Run, victim: str | None = None) -> str:
    """How much of the victim may be reaped, and how much comes free, as a sentence."""
    name, rows = mappings(run, victim)
    if not rows:
        return f"Nobody was killed in {heading(run)}."
    kept = [f"{row.name} ({row.why_not})" for row in rows if row.why_not and not row.reapable]
    left = f"; it leaves {', '.join(kept)}" if kept else ""
    pages, all_pages = sum(row.reapable for row in rows), sum(row.pages for row in rows)
    return (
        f"In {heading(run)} the reaper may take {pages} of {all_pages} pages from {name}, and "
        f"{sum(row.freed for row in rows)} come free{left}."
    )
