"""A sequence chart: one column for each task, one row for each step of a schedule."""

from matplotlib.figure import Figure

from ...simulate.run import Run
from ..facts import heading, several
from ..timeline import shown_steps
from .style import BLUE, VERMILLION, picture, themed

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
    """Time goes down; an arrow is a SIGKILL, a hand-off, or a wake-up from one task to another."""
    rows = rows_of(run, steps)
    tasks = {row[1].name for row in run.trace} | {task.name for task in run.kernel.tasks}
    names = list(dict.fromkeys(step.task for step, _ in rows))
    targets = [step.what for step, _ in rows if aims(step, tasks)]
    names += [name for name in dict.fromkeys(targets) if name not in names]
    drawn, (axes,), theme = picture(
        alt_text(run, steps), max(9.5, 1.9 * len(names)), 1.4 + 0.27 * len(rows), dark
    )
    for x, name in enumerate(names):
        axes.axvline(x, color=theme["faint"], linewidth=1.2, zorder=0)
        axes.text(x, -0.9, name, ha="center", va="bottom", weight="bold")
    for y, (step, times) in enumerate(rows):
        x = names.index(step.task)
        edge = BLUE if step.verb in WEIGHTY else theme["faint"]
        label = f"{step.verb} {step.what}"
        label = label if len(label) < 34 else label[:32] + "…"
        label += f" ×{times}" if times > 1 else ""
        box = {"facecolor": theme["paper"], "edgecolor": edge, "pad": 1.5}
        axes.text(x, y, label, ha="center", va="center", fontsize=8.5, bbox=box)
        if aims(step, tasks) and step.what != step.task:
            style = {"arrowstyle": "-|>", "color": VERMILLION, "linewidth": 1.4, "shrinkB": 2}
            axes.annotate("", (names.index(step.what), y), (x, y), arrowprops=style, zorder=0)
    axes.set_xlim(-0.6, len(names) - 0.4)
    axes.set_ylim(len(rows) - 0.2, -1.4)
    axes.set_xticks([])
    axes.set_yticks(range(len(rows)), [str(step.number) for step, _ in rows], fontsize=8)
    for side in axes.spines.values():
        side.set_visible(False)
    axes.set_ylabel("step")
    axes.set_title(heading(run), loc="left", pad=14)
    return drawn


def aims(step, tasks: set[str]) -> bool:
    """Is this step done to another task?"""
    return step.verb in ("SIGKILL", "wake", "queue") and step.what in tasks


def alt_text(run: Run, steps: range | None = None) -> str:
    """Who takes turns, and what matters in between, as a sentence."""
    rows = [step for step, _ in rows_of(run, steps)]
    if not rows:
        return f"No step was taken in {heading(run)}."
    names = list(dict.fromkeys(step.task for step in rows))
    told = [step for step in rows if step.verb in ("SIGKILL", "cmpxchg", "clear")]
    key = [f"{step.task} does {step.verb} {step.what}" for step in told]
    return (
        f"Steps {rows[0].number} to {rows[-1].number} of {heading(run)}, by {several(names)}: "
        f"{several(key, 6) if key else 'no kill and no hand-off'}."
    )
