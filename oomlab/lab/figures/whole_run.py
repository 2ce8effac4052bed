"""One run, or two, as a picture that stands alone: lanes, free memory, legend, key to the letters.

It is what `run.save("story.svg")` writes, what the lab saves as SVG and PNG, and what a notebook
shows of a lab where no kernel runs.
"""

from ...arguments import checked
from ...paper import Drawing
from ...simulate.run import Run
from ..facts import below_min, divergence, heading
from ..timeline import shown_steps
from . import free_memory, lanes, two_policies


@checked
def figure(*runs: Run, dark: bool | None = None) -> Drawing:
    """The lanes of one run or two, how each ended, and where they part; free memory under each."""
    drawing = Drawing(alt_text(*runs), dark)
    parted = divergence(*runs) if len(runs) > 1 else None
    for run, moment in zip(runs, parted or [None] * len(runs), strict=True):
        ends = [lanes.outcome_sentence(run)]
        if parted:
            said = moment.sentence if moment else "nothing more happens"
            ends.append(f"Where they part, at the thick line: {said}.")
        drawing.heading(heading(run), *ends)
        steps = lanes.draw(drawing, run, moment, free_memory.RIGHT, runs)
        drawing.y += 12
        free_memory.draw(drawing, run, steps, 70)
        free_memory.key_of_signs(drawing, list(below_min(run)))
        drawing.y += 16
    lanes.explain(drawing, list(runs))
    if any(map(shown_steps, runs)):
        drawing.legend([("free pages; the lines are the marks min, low and high", ("water", ""))])
    return drawing


@checked
def alt_text(*runs: Run) -> str:
    """What is to be seen, and how it ended, as sentences."""
    if len(runs) > 1:
        return two_policies.alt_text(*runs)
    (run,) = runs
    return f"{lanes.alt_text(run)} {lanes.outcome_sentence(run)} {free_memory.alt_text(run)}"
