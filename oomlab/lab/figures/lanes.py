"""Task lanes over time: what each task is doing, from when it is killed, from when reaped."""

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Patch

from ...simulate.run import Run
from ..facts import heading, several
from ..timeline import FATES, STATES, lanes, moments, shown_steps
from .style import FATE_LOOKS, STATE_LOOKS, headed, legend, picture, themed, words


@themed
def figure(run: Run, *, dark: bool = False) -> Figure:
    """One lane for each task; a column is a step. Under a lane: SIGKILL pending, memory reaped."""
    height = 1.9 + 0.34 * len(lanes(run))
    drawn, (axes,), theme = picture(alt_text(run), 9.5, height, dark)
    states, fates = draw(axes, run, theme)
    looks = [
        Patch(label=STATES[state], **look(state, theme)) for state in STATES if state in states
    ]
    looks += [Patch(label=FATES[kind], color=FATE_LOOKS[kind]) for kind in FATES if kind in fates]
    legend(axes, theme, looks)
    headed(axes, heading(run))
    return drawn


def draw(axes: Axes, run: Run, theme: dict[str, str]) -> tuple[set[str], set[str]]:
    """The lanes; which states and fates there were."""
    rows, until = lanes(run), shown_steps(run)
    states, fates = set(), set()
    for y, lane in enumerate(rows):
        for segment in lane.segments:
            states.add(segment.state)
            width = segment.end - segment.start
            axes.broken_barh(
                [(segment.start, width)], (y - 0.32, 0.5), **look(segment.state, theme)
            )
            if segment.state == "locked" and width > until / 6:
                box = {"facecolor": theme["paper"], "edgecolor": "none", "pad": 1}
                words(
                    axes,
                    segment.start + width / 2,
                    y - 0.07,
                    segment.on,
                    ha="center",
                    bbox=box,
                    fontsize=8,
                )
        for fate in lane.fates:
            fates.add(fate.kind)
            axes.broken_barh(
                [(fate.start, fate.end - fate.start)], (y + 0.24, 0.14), color=FATE_LOOKS[fate.kind]
            )
    for moment in moments(run):
        if moment.kind in ("kill", "loss", "panic"):
            axes.axvline(moment.step, color=FATE_LOOKS["killed"], linewidth=0.8, linestyle=":")
    axes.set_yticks(range(len(rows)), [lane.name for lane in rows])
    axes.set_ylim(len(rows) - 0.4, -0.6)
    axes.set_xlim(0, max(until, 1))
    left = len(run.trace) - until
    axes.set_xlabel(f"step (then {left} more in which nothing changes)" if left else "step")
    return states, fates


def look(state: str, theme: dict[str, str]) -> dict:
    """How a state is drawn: a colour, and a hatch for those who do not see it."""
    colour, hatch = STATE_LOOKS[state]
    colour = colour or theme["faint"]
    return {"facecolor": colour, "hatch": hatch, "edgecolor": theme["paper"], "linewidth": 0}


def alt_text(run: Run) -> str:
    """What the lanes show, as a sentence."""
    rows = lanes(run)
    ends = {lane.name: lane.segments[-1] for lane in rows if lane.segments}
    until = shown_steps(run)
    last = [(name, s) for name, s in ends.items() if s.end == until]
    stuck = [f"{name} {STATES[s.state]}" for name, s in last if s.state in ("allocating", "locked")]
    killed = [lane.name for lane in rows if any(f.kind == "killed" for f in lane.fates)]
    reaped = [lane.name for lane in rows if any(f.kind == "reaped" for f in lane.fates)]
    rest = f"; at the end {several(stuck)}" if stuck else ""
    return (
        f"Lanes of {len(rows)} tasks over {until} steps of {heading(run)}: "
        f"{several(killed)} killed, {several(reaped)} reaped{rest}."
    )
