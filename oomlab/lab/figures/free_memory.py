"""Free memory against the watermarks, and who takes pages below the min mark."""

from matplotlib.figure import Figure

from ...simulate.run import Run
from ..facts import below_min, heading, several
from ..timeline import shown_steps
from .style import (
    BLUE,
    ORANGE,
    PURPLE,
    SKY,
    VERMILLION,
    headed,
    legend,
    picture,
    themed,
    words,
)

SIGNS = [("o", VERMILLION), ("s", PURPLE), ("^", ORANGE), ("D", SKY)]


@themed
def figure(run: Run, *, dark: bool = False) -> Figure:
    """Pages free after each step, with the marks low, min and high, and who went below min."""
    drawn, (axes,), theme = picture(alt_text(run), 9.5, 3.8, dark)
    zone, until = run.kernel.zone, shown_steps(run)
    free = [row[5] for row in run.trace[:until]]
    axes.fill_between(range(until), free, step="post", color=BLUE, alpha=0.25, linewidth=0)
    axes.step(range(until), free, where="post", color=BLUE, label="free pages", linewidth=1.6)
    for mark, dashes in (("high", ":"), ("low", "--"), ("min", "-")):
        level = getattr(zone, mark)
        axes.axhline(
            level, color=theme["ink"], linestyle=dashes, linewidth=1, label=f"{mark} {level}"
        )
    for number, (task, points) in enumerate(below_min(run).items()):
        sign, colour = SIGNS[number % len(SIGNS)]
        label = f"{task} below min" if number < 4 else None
        axes.plot(*zip(*points, strict=True), sign, color=colour, label=label, markersize=5)
    if not any(free):
        words(axes, until / 2, zone.min / 2, "nothing is free")
    axes.set_xlim(0, max(until, 1))
    axes.set_ylim(0, max(max(free, default=1), zone.high) * 1.08)
    axes.set(xlabel="step", ylabel="pages of 4 kB")
    headed(axes, heading(run))
    legend(axes, theme)
    return drawn


def alt_text(run: Run) -> str:
    """How low memory fell and who went below min, as a sentence."""
    zone, free = run.kernel.zone, [row[5] for row in run.trace]
    below = below_min(run)
    if not free:
        return f"No step was taken in {heading(run)}."
    last = free[-1]
    return (
        f"Free pages of {heading(run)} fall to {min(free)} and end at {last}; min is {zone.min}, "
        f"low {zone.low}, high {zone.high}; {several(list(below))} took pages below min."
    )
