"""The pictures that `make pictures` writes for the README and docs: SVG, light or dark, no script.

The moving one is how the first proposal of a reaper forgets a victim: the explorer's shortest
schedule, a step a second, and beside it the same as a still. Another is how every scenario ends
under every version of Linux; the last one is the figure of docs/scale.md.
"""

from pathlib import Path

import oomlab
from oomlab.lab.figures import heat_map, lanes
from oomlab.lab.verdict_table import EVERY, written_down
from oomlab.paper import PAD, Drawing
from oomlab.simulate.run import Run
from oomlab.simulate.story import drawn

HERE = Path(__file__).parent
SECOND, LAST = 1.2, 6.0  # how long a step is seen, and the end
ROUNDS = 2  # then it stays at the end


def pictures() -> dict[str, str]:
    """{file name: SVG}; the same texts from the same explorer."""
    run = oomlab.explore("lost-victim", "rfc-2015-11-25").run()
    still = lanes.figure(run).svg + "\n"
    every = heat_map.of_all().svg + "\n"
    swept = {"victims": [2, 3, 4, 5], "vmas": [1, 16]}
    found = oomlab.sweep("lost-victim", ["mm-2015-12", "handa"], range(200), swept)
    return {
        "lost-victim.svg": moving(run),
        "lost-victim-still.svg": still,
        "verdicts.svg": every,
        "lost-victims.svg": found.figure("lost-victim").svg + "\n",
    }


def moving(run: Run) -> str:
    """The lanes of a run, uncovered step by step."""
    drawing = Drawing(f"{lanes.alt_text(run)} {run.outcome.why.capitalize()}.")
    drawing.heading(str(run.origin), lanes.outcome_sentence(run))
    top = drawing.y
    steps = lanes.draw(drawing, run)
    ends = [steps.x(number + 1) for number in range(len(run.steps))]
    cover(drawing, ends, top, drawing.y - 15)
    sentences(drawing, run)
    lanes.explain(drawing, [run])
    return drawing.svg + "\n"


def animated(attribute: str, values: list[str]) -> str:
    """An attribute that takes one value for each step, and keeps the last."""
    whole = SECOND * (len(values) - 1) + LAST
    times = ";".join(f"{SECOND * number / whole:.4f}" for number in range(len(values)))
    return (
        f'<animate attributeName="{attribute}" calcMode="discrete" values="{";".join(values)}" '
        f'keyTimes="{times}" dur="{whole:.1f}s" repeatCount="{ROUNDS}" fill="freeze"/>'
    )


def cover(drawing: Drawing, ends: list[float], top: float, foot: float) -> None:
    """What is still to come is hidden; without animation nothing is."""
    right = drawing.width - PAD + 2
    x = animated("x", [f"{end:.1f}" for end in ends])
    wide = animated("width", [f"{max(right - end, 0):.1f}" for end in ends])
    place = f'x="{right}" y="{top:.1f}" width="0" height="{foot - top:.1f}"'
    paper = drawing.fill(("paper", ""))
    drawing.shapes.append(f"<rect {place} {paper}>{x}{wide}</rect>")


def sentences(drawing: Drawing, run: Run) -> None:
    """Under the lanes, the step that is being taken."""
    drawing.y += 22
    for now, step in enumerate(run.steps):
        effect = f" → {drawn(step.effect)}" if step.effect else ""
        words = f"{step.number}. {step.task} in {step.function}(): {step.verb} {step.what}{effect}"
        shown = animated("opacity", ["1" if n == now else "0" for n in range(len(run.steps))])
        drawing.text(PAD, drawing.y, words)
        said = f'<g opacity="0">{drawing.shapes.pop()}{shown}</g>'
        drawing.shapes.append(said)


if __name__ == "__main__":
    EVERY.write_text(written_down(), encoding="utf-8")
    for name, svg in pictures().items():
        (HERE / name).write_text(svg, encoding="utf-8")
