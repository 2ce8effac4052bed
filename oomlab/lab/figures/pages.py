"""Who got the pages that the reaper freed: the question that the mail of 27 November 2015 asks."""

from collections import Counter

from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from ...simulate.run import Run
from ..facts import heading, several, who_got_them
from .style import GREEN, ORANGE, PURPLE, headed, legend, picture, themed, words

LOOKS = {"dying": (GREEN, ""), "not dying": (ORANGE, "////"), "kernel thread": (PURPLE, "xxxx")}


@themed
def figure(run: Run, *, dark: bool = False) -> Figure:
    """One bar for each taker, and one for what nobody took."""
    got = who_got_them(run)
    left = run.trace[-1][7] if run.trace else 0
    rows = len(got) + bool(left) or 1
    drawn, (axes,), theme = picture(alt_text(run), 9.5, 1.5 + 0.36 * rows, dark)
    seen = set()
    for y, (_task, (kind, count)) in enumerate(got.items()):
        colour, hatch = LOOKS[kind]
        label = None if kind in seen else kind
        seen.add(kind)
        axes.barh(y, count, 0.66, color=colour, hatch=hatch, edgecolor=theme["paper"], label=label)
        words(axes, count, y, f" {count}", clip_on=False)
    names = list(got)
    if left:
        axes.barh(len(got), left, 0.66, color=theme["faint"], label="still free")
        words(axes, left, len(got), f" {left}", clip_on=False)
        names.append("nobody")
    if not names:
        words(axes, 0.5, 0, "the reaper freed nothing", ha="center")
        axes.set_xlim(0, 1)
        axes.set_xticks([])
    axes.set_yticks(range(len(names)), names)
    axes.set_ylim(rows - 0.4, -0.6)
    axes.set_xlabel("pages that the reaper made free")
    if names:
        axes.xaxis.set_major_locator(MaxNLocator(integer=True))  # there is no half page
    headed(axes, heading(run))
    legend(axes, theme)
    return drawn


def alt_text(run: Run) -> str:
    """Who got the pages, as a sentence."""
    got = who_got_them(run)
    if not got:
        return f"In {heading(run)} nobody took a page that the reaper had freed."
    shares: Counter[str] = Counter()
    for kind, count in got.values():
        shares[kind] += count
    to = {"dying": "dying tasks", "not dying": "tasks not dying", "kernel thread": "kernel threads"}
    parts = several([f"{count} to {to[kind]}" for kind, count in shares.items()])
    return (
        f"Of the pages that the reaper freed in {heading(run)}: {parts}; first {next(iter(got))}."
    )
