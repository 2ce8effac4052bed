"""Two policies, one above the other, and the first event in which they differ."""

from ...arguments import checked
from ...paper import Drawing
from ...simulate.run import Run
from ..facts import divergence, heading
from .lanes import draw, explain, outcome_sentence


@checked
def figure(a: Run, b: Run, *, dark: bool | None = None) -> Drawing:
    """The lanes of both, with a line where they part."""
    drawing = Drawing(alt_text(a, b), dark)
    parted = divergence(a, b)
    for run, moment in zip((a, b), parted or (None, None), strict=True):
        sentence = moment.sentence if moment else "nothing more happens"
        where = f"The thick line: {sentence}." if moment else f"Where they part, {sentence}."
        drawing.heading(heading(run), outcome_sentence(run), where if parted else "")
        draw(drawing, run, moment, beside=(a, b))
        drawing.y += 14
    explain(drawing, [a, b])
    drawing.say("One scale, in steps: what stands below each other need not be at the same tick.")
    return drawing


@checked
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
