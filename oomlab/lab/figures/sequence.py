"""A sequence chart: one column for each task, one row for each step of a schedule."""

from textwrap import wrap

from ...arguments import checked
from ...looks import BLUE, VERMILLION
from ...model.tasks import Task
from ...paper import PAD, WIDTH, Drawing, wide_as
from ...simulate.run import Run, Step
from ...simulate.story import drawn
from ..facts import heading, several
from ..timeline import shown_steps

MOST_STEPS = 40
HAND_OFF = {"pin", "cmpxchg", "queue", "wake", "pop", "read mm_to_reap", "clear"}
PARTS = {  # what blue stands for -> the steps that it is made of
    "a kill": {"SIGKILL", "mark"},
    "a part of the hand-off": HAND_OFF,
    "memory taken": {"reap"},
}
LEFT, GAP, SPARE, SMALL = 60, 26, 60, 11.5
LINE = 14  # from one line of words to the next


def window(run: Run) -> range:
    """The steps that fit: all of a short schedule, else those around the first kill."""
    until = shown_steps(run)
    if until <= MOST_STEPS:
        return range(until)
    kills = [e["step"] for e in run.kernel.events or () if e["event"] == "kill" and "step" in e]
    start = max(0, min((kills or [until])[0] - 8, until - MOST_STEPS))
    return range(start, start + MOST_STEPS)


def rows_of(run: Run, steps: range | None) -> list[list]:
    """Rows of the chart, [step, times]: what a task does again and again is one row."""
    steps = steps or window(run)
    rows: list[list] = []
    for step in run.steps[steps.start : steps.stop]:
        if rows and (rows[-1][0].task, *rows[-1][0][3:6]) == (step.task, *step[3:6]):
            rows[-1][1] += 1
        else:
            rows.append([step, 1])
    return rows


@checked
def figure(run: Run, *, steps: range | None = None, dark: bool | None = None) -> Drawing:
    """Time goes down; an arrow is a SIGKILL, a hand-off, or a wake-up from one task to another.

    Under a step stands what it did. A step that failed is filled: the eye must find it first.
    """
    rows = rows_of(run, steps)
    tasks = {thing.name for row in run.trace for thing in (row[1], *row[2]) if is_task(thing)}
    names = list(dict.fromkeys(step.task for step, _ in rows))
    targets = [step.what for step, _ in rows if aims(step, tasks)]
    names += [name for name in dict.fromkeys(targets) if name not in names]
    wide = {name: widest(name, [row for row in rows if row[0].task == name]) for name in names}
    room = WIDTH - LEFT - PAD - sum(wide.values())
    apart = max(GAP, min(GAP + SPARE, room / max(len(names), 1)))
    width = max(WIDTH, round(LEFT + sum(wide.values()) + apart * len(names) + PAD))
    drawing = Drawing(alt_text(run, steps), dark, width)
    drawing.heading(heading(run))
    if not rows:
        drawing.say("No step was taken.", "ink")
        return drawing
    columns, left = {}, float(LEFT)
    for name in names:
        columns[name] = left + (wide[name] + apart) / 2
        left += wide[name] + apart
    drawing.y += 14
    for name, x in columns.items():
        drawing.text(x, drawing.y, name, anchor="middle", more=' font-weight="600"')
    drawing.text(PAD, drawing.y, "step", "quiet", size=12)
    drawing.y += 10
    deep = sum(tall(step, times) for step, times in rows)
    for x in columns.values():
        drawing.line(x, drawing.y, x, drawing.y + deep, "faint", 1.2)
    for step, times in rows:
        draw(drawing, step, times, columns, points_at_another(step, tasks))
        drawing.y += tall(step, times)
    explain(drawing, rows, any(points_at_another(step, tasks) for step, _ in rows))
    return drawing


def explain(drawing: Drawing, rows: list[list], aimed: bool) -> None:
    """The legend: the marks that are drawn, and no other."""
    blue = [part for part in PARTS if part in {part_of(step) for step, _ in rows}]
    marks = {
        "✗: a step that failed": any(failed(step) for step, _ in rows),
        f"blue: {', '.join(blue)}": blue,
        "arrow: to whom": aimed,
        "×3: three such steps in a row": any(times > 1 for _, times in rows),
    }
    drawing.key(marks)


def widest(name: str, rows: list[list]) -> float:
    """How wide a task's column must be: a picture as wide as its page keeps its letters large."""
    boxes = [wide_as(line, 12.8) + 12 for row in rows for line in boxed(*row)]
    effects = [wide_as(line, SMALL) for step, _ in rows for line in below(step)]
    return max([wide_as(name), *boxes, *effects])


def boxed(step: Step, times: int) -> list[str]:
    """What the step does, in as many lines as it needs: a name that is cut says nothing."""
    wrong = "✗ " * failed(step)
    return wrap(f"{wrong}{step.verb} {step.what}" + (f" ×{times}" if times > 1 else ""), 27)


def below(step: Step) -> list[str]:
    """What came of it, in lines."""
    return wrap(effect_of(step), 30)


def tall(step: Step, times: int) -> int:
    """The height of a step's row: its box, what stands under it, and some room."""
    return 16 + LINE * (len(boxed(step, times)) + len(below(step)))


def draw(drawing: Drawing, step: Step, times: int, columns: dict[str, float], aimed: bool) -> None:
    """One step: its number, what it does in the task's column, what came of it, and to whom."""
    x, y, wrong, lines = columns[step.task], drawing.y + 12, failed(step), boxed(step, times)
    high = 6 + LINE * len(lines)
    wide = max(wide_as(line, 12.8 if wrong else 12) for line in lines) / 2 + 6
    if aimed:
        to = columns[step.what]
        drawing.arrow(x + (wide if to > x else -wide), y, to, y, VERMILLION)
    edge = VERMILLION if wrong else BLUE if part_of(step) else "#8a8f96"
    fill = f'fill="{VERMILLION}"' if wrong else drawing.fill(("paper", ""))
    size = f'x="{x - wide:.1f}" y="{y - 10:.1f}" width="{2 * wide:.1f}" height="{high}"'
    drawing.shapes.append(f'<rect {size} rx="2" {fill} stroke="{edge}" stroke-width="1.3"/>')
    bold = ' font-weight="600"' * wrong
    ink = "#000000" if wrong else "ink"
    for place, line in enumerate(lines):
        drawing.text(x, y + 4 + LINE * place, line, ink, size=12, anchor="middle", more=bold)
    drawing.text(PAD, y + 4, str(step.number), "quiet", size=12)
    for place, line in enumerate(below(step), len(lines)):
        drawing.haloed(x, y + 10 + LINE * place, line, size=SMALL, anchor="middle")


def part_of(step: Step) -> str:
    """The part of a kill that a step is, drawn blue; empty if it is none, or failed."""
    if failed(step):
        return ""
    words = {step.verb, f"{step.verb} {step.what}"}
    return next((part for part, steps in PARTS.items() if words & steps), "")


FAILURES = ("busy with", "not taken", "queued twice", "BUG", "gives up", "panic")


def failed(step: Step) -> bool:
    """Did the step not do what it set out to do, or break something?"""
    return any(part.strip().startswith(FAILURES) for part in step.effect.split(";"))


def effect_of(step: Step) -> str:
    """The part of a step's effect that is shown: what failed, else what it says first."""
    parts = [part.strip() for part in step.effect.split(";")]
    shown = next((part for part in parts if part.startswith(FAILURES)), parts[0])
    return drawn(shown)


def aims(step, tasks: set[str]) -> bool:
    """Is this step done to another task?"""
    return step.verb in ("SIGKILL", "wake", "queue") and step.what in tasks


def is_task(thing: object) -> bool:
    return isinstance(thing, Task)


def points_at_another(step, tasks: set[str]) -> bool:
    return aims(step, tasks) and step.what != step.task


@checked
def alt_text(run: Run, steps: range | None = None) -> str:
    """Who takes turns, and what matters in between, as a sentence."""
    rows = [step for step, _ in rows_of(run, steps)]
    if not rows:
        return f"No step was taken in {heading(run)}."
    names = list(dict.fromkeys(step.task for step in rows))
    told = [step for step in rows if step.verb in ("SIGKILL", "cmpxchg", "clear") or failed(step)]
    key = [
        f"{step.task} does {step.verb} {step.what}" + (f" ({effect_of(step)})" * failed(step))
        for step in told
    ]
    return (
        f"Steps {rows[0].number} to {rows[-1].number} of {heading(run)}, by {several(names)}: "
        f"{several(key, 6) if key else 'no kill and no hand-off'}."
    )
