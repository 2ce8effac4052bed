"""The wait-for graph, with memory as a resource: the invisible dependency made visible."""

from math import cos, pi, sin

from matplotlib.figure import Figure
from matplotlib.patches import FancyArrowPatch

from ...simulate.run import Run
from ...simulate.wait_graph import MEMORY
from ..facts import graph_at, heading
from .style import BLUE, PURPLE, VERMILLION, headed, picture, themed


def places(graph: dict[str, list[str]], cycle: list[str]) -> dict[str, tuple[float, float]]:
    """The cycle as a ring in the middle, everything else as a wider ring around it."""
    names = list(dict.fromkeys([*graph, *(to for tos in graph.values() for to in tos)]))
    ring = cycle or [name for name in names if name == MEMORY]
    others = [name for name in names if name not in ring]
    spots = {}
    for i, name in enumerate(ring):
        angle = pi / 2 - 2 * pi * i / len(ring)
        wide = 1 if len(ring) > 1 else 0
        spots[name] = (1.5 * wide * cos(angle), wide * sin(angle))
    at = {name: i for i, name in enumerate(ring)}  # who waits for a place on the ring is near it
    others.sort(key=lambda name: min([at[to] for to in graph.get(name, ()) if to in at] or [99]))
    for i, name in enumerate(others):
        angle = pi / 2 - 2 * pi * (i + 0.5) / len(others)
        spots[name] = (3.6 * cos(angle), 2.1 * sin(angle))
    return spots


@themed
def figure(run: Run, *, step: int | None = None, dark: bool = False) -> Figure:
    """Tasks are round, locks square, memory is a blue box; a cycle is drawn thick."""
    graph, cycle, tasks = graph_at(run, step)
    drawn, (axes,), theme = picture(alt_text(run, step), 9.5, 5.2, dark)
    axes.set_axis_off()
    spots = places(graph, cycle)
    around = set(zip(cycle, [*cycle[1:], *cycle[:1]], strict=True))
    labels = {}
    for name, (x, y) in spots.items():
        lock = name != MEMORY and name not in tasks
        kind = (
            "round4,pad=0.35" if name == MEMORY else "square,pad=0.4" if lock else "round,pad=0.5"
        )
        edge = BLUE if name == MEMORY else PURPLE if lock else theme["quiet"]
        filled = BLUE if name == MEMORY else theme["paper"]
        labels[name] = axes.text(
            x,
            y,
            name,
            ha="center",
            va="center",
            fontsize=10,
            zorder=3,
            color="#ffffff" if name == MEMORY else theme["ink"],
            bbox={"boxstyle": kind, "facecolor": filled, "edgecolor": edge, "linewidth": 1.6},
        )
    for start, ends in graph.items():
        for end in ends:
            on_cycle = (start, end) in around
            arrow = FancyArrowPatch(
                spots[start],
                spots[end],
                arrowstyle="-|>",
                mutation_scale=16,
                connectionstyle="arc3,rad=0.08",
                shrinkA=30,
                shrinkB=30,
                color=VERMILLION if on_cycle else theme["quiet"],
                linewidth=3 if on_cycle else 1.2,
                linestyle="-" if on_cycle else "--",
            )
            axes.add_patch(arrow)
    axes.set_xlim(-4.6, 4.6)
    axes.set_ylim(-2.6, 2.6)
    headed(axes, f"{heading(run)}: who waits for whom{', a cycle' if cycle else ''}")
    if not graph:
        axes.text(0, 0, "nobody waits for a lock or for memory", ha="center")
    axes.text(
        -4.6,
        -2.55,
        "round: task   square: lock   arrow: waits for   thick: the cycle",
        fontsize=9,
        color=theme["quiet"],
    )
    return drawn


def alt_text(run: Run, step: int | None = None) -> str:
    """The cycle, or who waits, as a sentence."""
    graph, cycle, _ = graph_at(run, step)
    if cycle:
        circle = ", who waits for ".join([*cycle, cycle[0]])
        return f"In {heading(run)} these wait in a circle: {circle}."
    waits = [f"{who} waits for {' and '.join(what)}" for who, what in graph.items() if what]
    return f"In {heading(run)} there is no cycle of waits; {'; '.join(waits) or 'nobody waits'}."
