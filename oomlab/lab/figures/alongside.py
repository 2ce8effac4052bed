"""Recorded kernel, model and explorer's schedule on one timeline: what the reaper did, and when.

    from oomlab.recordings.attempts import model_steps, recorded_steps
    figures.alongside.figure({"recorded": recorded_steps(record), "model": model_steps(kernel)})

A story is a list of (milliseconds, step, victim); its time begins with its first mark.
"""

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from .style import BLUE, GREEN, ORANGE, PURPLE, VERMILLION, legend, picture, themed

Story = list[tuple[int, str, str]]

LOOKS = {  # step -> what it is called, marker, colour
    "mark": ("killed and marked", "X", VERMILLION),
    "wake": ("handed to the reaper", "^", BLUE),
    "skip": ("tried in vain", "|", ORANGE),
    "start": ("reaping begins", ">", GREEN),
    "finish": ("reaped", "o", GREEN),
    "give up": ("given up", "s", PURPLE),
}


@themed
def figure(stories: dict[str, Story], *, dark: bool = False) -> Figure:
    """A lane for each victim of each story, by milliseconds since the story's first mark."""
    rows = lanes(stories)
    drawn, (axes,), theme = picture(alt_text(stories), 9.5, 1.6 + 0.36 * len(rows), dark)
    shown = draw(axes, rows, theme)
    legend(
        axes,
        theme,
        [
            Line2D([], [], linestyle="", marker=marker, color=colour, label=label)
            for step, (label, marker, colour) in LOOKS.items()
            if step in shown
        ],
    )
    axes.set_title("the same story: " + ", ".join(stories), loc="left")
    return drawn


def lanes(stories: dict[str, Story]) -> list[tuple[str, list[tuple[int, str]]]]:
    """(label, steps) of each victim, story by story, in the order in which they were marked."""
    rows = []
    for label, steps in stories.items():
        begun = min((when for when, what, _ in steps if what == "mark"), default=0)
        for victim in dict.fromkeys(who for _, what, who in steps if what == "mark"):
            mine = [(when - begun, what) for when, what, who in steps if who == victim]
            rows.append((f"{victim}, {label}", mine))
    return rows


def draw(axes: Axes, rows: list, theme: dict[str, str]) -> set[str]:
    """The lanes; which steps there were."""
    shown = set()
    for y, (_, steps) in enumerate(rows):
        times = [when for when, _ in steps]
        axes.hlines(y, min(times), max(times), color=theme["faint"], linewidth=6)
        for when, what in steps:
            shown.add(what)
            _, marker, colour = LOOKS[what]
            axes.plot(when, y, marker=marker, color=colour, markersize=9, clip_on=False)
    axes.set_yticks(range(len(rows)), [label for label, _ in rows])
    axes.set_ylim(len(rows) - 0.4, -0.6)
    axes.set_xlabel("milliseconds since the first mark")
    return shown


def alt_text(stories: dict[str, Story]) -> str:
    """The same as sentences: how often each victim was tried, and how and when it ended."""
    parts = []
    for label, steps in lanes(stories):
        vain = sum(what == "skip" for _, what in steps)
        ends = [(when, LOOKS[what][0]) for when, what in steps if what in ("finish", "give up")]
        end = f"{ends[-1][1]} at {ends[-1][0]} ms" if ends else "neither reaped nor given up"
        times = "time" if vain == 1 else "times"
        marked = f"{label}: marked at {steps[0][0]} ms"
        parts.append(f"{marked}, tried {vain} {times} in vain, {end}")
    return ". ".join(parts) + "." if parts else "No victim."
