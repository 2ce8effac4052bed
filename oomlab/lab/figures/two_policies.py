"""Two policies side by side, and the first event in which they differ."""

from matplotlib.figure import Figure

from ...simulate.run import Run
from ..facts import divergence, heading
from ..timeline import lanes
from .lanes import draw
from .style import VERMILLION, headed, picture, themed


@themed
def figure(a: Run, b: Run, *, dark: bool = False) -> Figure:
    """The lanes of both, with a line where they part."""
    height = 1.8 + 0.34 * max(len(lanes(a)), len(lanes(b)))
    drawn, both, theme = picture(alt_text(a, b), 13, height, dark, columns=2)
    parted = divergence(a, b) or (None, None)
    for axes, run, moment in zip(both, (a, b), parted, strict=True):
        draw(axes, run, theme)
        axes.set_ylim(top=-1.3)  # room for the sentence
        headed(axes, f"{heading(run)}: {run.outcome.verdict}")
        if moment is not None:
            axes.axvline(moment.step, color=VERMILLION, linewidth=2)
            right = moment.step > axes.get_xlim()[1] / 2
            axes.annotate(
                moment.sentence,
                (moment.step, 1.0),
                (-4 if right else 4, -2),
                fontsize=8.5,
                xycoords=("data", "axes fraction"),
                textcoords="offset points",
                va="top",
                ha="right" if right else "left",
                annotation_clip=False,
                bbox={"facecolor": theme["paper"], "edgecolor": VERMILLION, "pad": 2},
            )
    return drawn


def alt_text(a: Run, b: Run) -> str:
    """Where two runs part, as a sentence."""
    parted = divergence(a, b)
    if parted is None:
        return f"{heading(a)} and {heading(b)} go the same way to the end: {a.outcome.why}."
    first, second = (moment.sentence if moment else "nothing more happens" for moment in parted)
    return (
        f"{heading(a)}, and {heading(b)}, part where with {a.origin.policy_words()} {first}, "
        f"and with {b.origin.policy_words()} {second}; one ends in {a.outcome.verdict}, "
        f"the other in {b.outcome.verdict}."
    )
