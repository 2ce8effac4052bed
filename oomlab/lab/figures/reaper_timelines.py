"""Recorded kernel, model and explorer's schedule on one timeline: what the reaper did, and when.

    from oomlab.recordings.reaper_attempts import model_steps, recorded_steps
    stories = {"recorded": recorded_steps(record), "model": model_steps(kernel)}
    figures.reaper_timelines.figure(stories)

A story is a list of (milliseconds, step, victim); its time begins with its first mark.
"""

from ...arguments import checked
from ...looks import BLUE, GREEN, ORANGE, PURPLE, SKY, VERMILLION
from ...paper import PAD, Drawing, nice, wide_as
from .lanes import Steps

Story = list[tuple[int, str, str]]

LOOKS = {  # step -> what it is called, its sign, colour
    "mark": ("killed and marked", "✖", VERMILLION),
    "wake": ("handed to the reaper", "▲", BLUE),
    "skip": ("tried in vain", "|", ORANGE),
    "start": ("reaping begins", "▶", GREEN),
    "finish": ("reaped", "●", GREEN),
    "give up": ("given up", "■", PURPLE),
    "exit": ("exited", "◆", SKY),
}
FORMS = {
    "✖": "M-5-3-3-5 0-2 3-5 5-3 2 0 5 3 3 5 0 2-3 5-5 3-2 0z",
    "▲": "M0-5 5 4H-5z",
    "|": "M-1-6h2.4v12h-2.4z",
    "▶": "M-4-5 5 0-4 5z",
    "●": "M-5 0a5 5 0 1 0 10 0a5 5 0 1 0-10 0z",
    "■": "M-4.5-4.5h9v9h-9z",
    "◆": "M0-6 6 0 0 6-6 0z",
}
ENDS = ("finish", "give up", "exit")
ROW, WIDE = 30, 5
BELOW = 11  # the hand-off stands under the line: the first try comes at the same moment


@checked
def figure(stories: dict[str, Story], *, dark: bool | None = None) -> Drawing:
    """A lane for each victim of each story, by milliseconds since the story's first mark."""
    rows = lanes(stories)
    drawing = Drawing(alt_text(stories), dark)
    drawing.heading(("the same story: " if len(stories) > 1 else "") + ", ".join(stories))
    if not rows:
        drawing.say("No victim.", "ink")
        return drawing
    last = max(when for _, steps in rows for when, _ in steps)
    left = min(300, 24 + max(wide_as(label) for label, _ in rows))
    times = Steps(left, drawing.width - PAD - 12, last)
    shown = {what for label, steps in rows for what in draw(drawing, times, label, steps)}
    axis(drawing, times)
    key(drawing, shown)
    return drawing


def lanes(stories: dict[str, Story]) -> list[tuple[str, list[tuple[int, str]]]]:
    """(label, steps) of each victim, story by story, in the order in which they were marked."""
    rows = []
    for label, steps in stories.items():
        begun = min((when for when, what, _ in steps if what == "mark"), default=0)
        for victim in dict.fromkeys(who for _, what, who in steps if what == "mark"):
            mine = [(when - begun, what) for when, what, who in steps if who == victim]
            rows.append((f"{victim}, {label}" if len(stories) > 1 else victim, mine))
    return rows


def draw(drawing: Drawing, times: Steps, label: str, steps: list[tuple[int, str]]) -> list[str]:
    """One victim: a line from its first step to its last, and a sign for each; which, comes back.

    Memory that is gone as soon as reaping begins has the sign of its end: it hides the other.
    """
    y = drawing.y + ROW / 2
    drawing.text(PAD, y + 4, label)
    ends = [times.x(when) for when, _ in steps]
    drawing.line(min(ends), y, max(ends), y, "faint", 6)
    done = [x for x, (_, what) in zip(ends, steps, strict=True) if what == "finish"]
    shown = []
    for x, (_, what) in zip(ends, steps, strict=True):
        if what != "start" or all(abs(x - end) >= WIDE for end in done):
            sign(drawing, x, y + BELOW * (what == "wake"), what)
            shown.append(what)
    drawing.y += ROW
    return shown


def sign(drawing: Drawing, x: float, y: float, what: str) -> None:
    """The sign of one kind of step."""
    _, form, colour = LOOKS[what]
    place = f'transform="translate({x:.1f} {y:.1f})"'
    line = drawing.stroke("paper")
    drawing.shapes.append(f'<path {place} d="{FORMS[form]}" fill="{colour}" {line}/>')


def axis(drawing: Drawing, times: Steps) -> None:
    """Milliseconds under the lanes."""
    every = nice(70 / times.scale)
    drawing.y += 16
    for when in range(0, times.last + 1, every):
        x = times.x(when)
        drawing.line(x, drawing.y - 16, x, drawing.y - 11, "quiet")
        drawing.text(x, drawing.y, str(when), "quiet", size=12, anchor="middle")
    drawing.y += 16
    words = "milliseconds since the first mark"
    drawing.text(times.left, drawing.y, words, "quiet", size=12)


def key(drawing: Drawing, shown: set[str]) -> None:
    """What each sign means."""
    x, drawing.y = PAD, drawing.y + 22
    for what, (words, _, _) in LOOKS.items():
        if what not in shown:
            continue
        if x > PAD and x + 20 + wide_as(words, 12.5) > drawing.width - PAD:
            x, drawing.y = PAD, drawing.y + 20
        sign(drawing, x + 6, drawing.y - 4, what)
        drawing.text(x + 18, drawing.y, words, "quiet", size=12.5)
        x += 34 + int(wide_as(words, 12.5))


@checked
def alt_text(stories: dict[str, Story]) -> str:
    """The same as sentences: how often each victim was tried, and how and when it ended."""
    parts = []
    for label, steps in lanes(stories):
        vain = sum(what == "skip" for _, what in steps)
        ends = [f"{LOOKS[what][0]} at {when} ms" for when, what in steps if what in ENDS]
        times = "time" if vain == 1 else "times"
        marked = f"{label}: marked at {steps[0][0]} ms"
        parts.append(", ".join([marked, f"tried {vain} {times} in vain", *ends]))
    return ". ".join(parts) + "." if parts else "No victim."
