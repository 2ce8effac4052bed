"""A sequence chart: one column for each task, one row for each step of a schedule."""

from matplotlib.figure import Figure

from ...simulate.run import Run, Step
from ..facts import heading, several
from ..timeline import shown_steps
from .style import BLUE, VERMILLION, headed, picture, themed

MOST_STEPS = 40
WEIGHTY = {"SIGKILL", "mark", "cmpxchg", "clear", "queue", "pop", "reap", "pin"}


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


@themed
def figure(run: Run, *, steps: range | None = None, dark: bool = False) -> Figure:
    """Time goes down; an arrow is a SIGKILL, a hand-off, or a wake-up from one task to another.

    Under a step stands what it did. A step that failed is filled: the eye must find it first.
    """
    rows = rows_of(run, steps)
    tasks = {row[1].name for row in run.trace} | {task.name for task in run.kernel.tasks}
    names = list(dict.fromkeys(step.task for step, _ in rows))
    targets = [step.what for step, _ in rows if aims(step, tasks)]
    names += [name for name in dict.fromkeys(targets) if name not in names]
    places, deep = [], 0.0
    for step, _ in rows:
        places.append(deep)
        deep += 1.0 if effect_of(step) else 0.75
    drawn, (axes,), theme = picture(
        alt_text(run, steps), max(9.5, 2.3 * len(names)), 1.4 + 0.42 * deep, dark
    )
    for x, name in enumerate(names):
        axes.axvline(x, color=theme["faint"], linewidth=1.2, zorder=0)
        axes.text(x, -0.7, name, ha="center", va="bottom", weight="bold")
    for y, (step, times) in zip(places, rows, strict=True):
        x = names.index(step.task)
        label = shortened(f"{step.verb} {step.what}", 34) + (f" ×{times}" if times > 1 else "")
        wrong = failed(step)
        edge = VERMILLION if wrong else BLUE if step.verb in WEIGHTY else theme["faint"]
        face = VERMILLION if wrong else theme["paper"]
        box = {"facecolor": face, "edgecolor": edge, "pad": 1.5}
        ink, weight = ("white", "bold") if wrong else (theme["ink"], "normal")
        label = f"✗ {label}" if wrong else label
        axes.text(
            x, y, label, ha="center", va="center", fontsize=8.5, bbox=box, color=ink, weight=weight
        )
        if effect_of(step):
            axes.text(
                x,
                y + 0.44,
                shortened(effect_of(step), 44),
                ha="center",
                va="center",
                fontsize=7.5,
                style="italic",
                weight=weight,
            )
        if aims(step, tasks) and step.what != step.task:
            style = {"arrowstyle": "-|>", "color": VERMILLION, "linewidth": 1.4, "shrinkB": 2}
            axes.annotate("", (names.index(step.what), y), (x, y), arrowprops=style, zorder=0)
    axes.set_xlim(-0.6, len(names) - 0.4)
    axes.set_ylim(deep, -1.2)
    axes.set_xticks([])
    axes.set_yticks(places, [str(step.number) for step, _ in rows], fontsize=8)
    for side in axes.spines.values():
        side.set_visible(False)
    axes.set_ylabel("step")
    headed(axes, heading(run), pad=14)
    return drawn


FAILURES = ("busy with", "not taken", "queued twice", "BUG", "gives up", "panic")


def failed(step: Step) -> bool:
    """Did the step not do what it set out to do, or break something?"""
    return any(part.strip().startswith(FAILURES) for part in step.effect.split(";"))


def effect_of(step: Step) -> str:
    """The part of a step's effect that is shown: what failed, else what it says first."""
    parts = [part.strip() for part in step.effect.split(";")]
    return next((part for part in parts if part.startswith(FAILURES)), parts[0])


def shortened(text: str, most: int) -> str:
    return text if len(text) <= most else text[: most - 1] + "…"


def aims(step, tasks: set[str]) -> bool:
    """Is this step done to another task?"""
    return step.verb in ("SIGKILL", "wake", "queue") and step.what in tasks


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
