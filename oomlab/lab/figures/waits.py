"""The wait-for graph, with memory as a resource: the invisible dependency made visible."""

from collections.abc import Collection
from math import cos, pi, sin

from ...arguments import checked
from ...looks import BLUE, PURPLE, VERMILLION
from ...paper import PAD, Drawing, clean, wide_as
from ...simulate.run import Run
from ...simulate.wait_graph import MEMORY
from ..facts import graph_at, heading

HALF = 17  # of the height of a box
Place = tuple[float, float]


def places(
    graph: dict[str, list[str]], cycle: list[str], tasks: Collection[str]
) -> dict[str, Place]:
    """The cycle, or the longest chain of waits, as a ring; the rest in a wider ring around it."""
    names = list(dict.fromkeys([*graph, *(to for tos in graph.values() for to in tos)]))
    things = [name for name in names if name not in tasks]
    ring = cycle or things
    if not cycle and len(things) > 1:  # a lock, who has it, what that one waits for, and so on
        ring = max((chain(graph, name) for name in things), key=len)
    others = [name for name in names if name not in ring]
    spots = {}
    for i, name in enumerate(ring):
        angle = pi / 2 - 2 * pi * i / len(ring)
        wide = 1 if len(ring) > 1 else 0
        spots[name] = (1.5 * wide * cos(angle), wide * sin(angle))
    at = {name: i for i, name in enumerate(ring)}  # who waits for a place on the ring is near it
    others.sort(key=lambda name: min([at[to] for to in graph.get(name, ()) if to in at] or [99]))
    for name, angle in zip(others, around(others, graph, at), strict=True):
        spots[name] = (3.6 * cos(angle), 2.1 * sin(angle))
    return spots


def chain(graph: dict[str, list[str]], name: str) -> list[str]:
    """The longest way along the waits from a name, in a graph without a cycle."""
    return [name, *max((chain(graph, to) for to in graph.get(name, ())), key=len, default=[])]


def around(others: list[str], graph: dict[str, list[str]], at: dict[str, int]) -> list[float]:
    """An angle for each on the outer ring: beside what it waits for, if all have room there."""
    apart = min(2 * pi / max(len(others), 1), pi / 4)
    targets = [min([at[to] for to in graph.get(name, ()) if to in at] or [0]) for name in others]
    beside = []
    for i, target in enumerate(targets):
        first, many = targets.index(target), targets.count(target)
        middle = pi / 2 - 2 * pi * target / len(at)
        beside.append(middle - (i - first - (many - 1) / 2) * apart)
    gaps = [(a - b) % (2 * pi) for n, a in enumerate(beside) for b in beside[:n]]
    if len(at) > 1 and all(0.9 * apart < gap < 2 * pi - 0.9 * apart for gap in gaps):
        return beside
    return [pi / 2 - 2 * pi * (i + 0.5) / len(others) for i in range(len(others))]


@checked
def figure(run: Run, *, step: int | None = None, dark: bool | None = None) -> Drawing:
    """Tasks are round, locks square, memory is a blue box; a cycle is drawn thick."""
    graph, cycle, tasks = graph_at(run, step)
    drawing = Drawing(alt_text(run, step), dark)
    drawing.heading(f"{heading(run)}: who waits for whom{', a cycle' if cycle else ''}")
    if not graph:
        drawing.say("No task waits for a lock or for memory.", "ink")
        return drawing
    spots = spread(places(graph, cycle, tasks), drawing.width, drawing.y + HALF + PAD)
    thick = set(zip(cycle, [*cycle[1:], *cycle[:1]], strict=True))
    for start, ends in graph.items():
        for end in ends:
            looks = (VERMILLION, 3.0, "") if (start, end) in thick else ("quiet", 1.2, "6 4")
            x1, y1 = edge(start, spots[start], spots[end])
            x2, y2 = edge(end, spots[end], spots[start])
            drawing.arrow(x1, y1, x2, y2, *looks)
    kinds = {n: "memory" if n == MEMORY else "task" if n in tasks else "lock" for n in spots}
    for name, place in spots.items():
        box(drawing, name, place, kinds[name])
    drawing.y = max(y for _, y in spots.values()) + HALF + PAD
    edges = {(start, end) for start, ends in graph.items() for end in ends}
    marks = {
        "round: task": "task" in kinds.values(),
        "square: lock": "lock" in kinds.values(),
        "blue: memory": "memory" in kinds.values(),
        "arrow: waits for": edges,
        "thick: the cycle": edges & thick,
        "dashed: the rest": edges & thick and edges - thick,
    }
    drawing.key(marks)
    return drawing


def spread(spots: dict[str, Place], width: float, top: float) -> dict[str, Place]:
    """The places as pixels, each box whole inside the picture."""
    found = {}
    highest = max(y for _, y in spots.values())
    for name, (x, y) in spots.items():
        most = width / 2 - PAD - half_width(name)
        found[name] = (width / 2 + max(-most, min(most, 95 * x)), top + 85 * (highest - y))
    return found


def half_width(name: str) -> float:
    return wide_as(name) / 2 + 14


def edge(name: str, here: Place, there: Place) -> Place:
    """Where the line from a box's middle to another place leaves the box, and a little more."""
    (x, y), across, down = here, there[0] - here[0], there[1] - here[1]
    wide, tall = half_width(name) + 5, HALF + 5
    part = min(wide / abs(across) if across else 9e9, tall / abs(down) if down else 9e9)
    return x + part * across, y + part * down


def box(drawing: Drawing, name: str, place: Place, kind: str) -> None:
    """A box with a name in it: round for a task, square for a lock, blue for memory."""
    (x, y), wide = place, half_width(name)
    fill = drawing.fill((BLUE, "") if kind == "memory" else ("paper", ""))
    line = {"memory": BLUE, "lock": PURPLE}.get(kind, "#8a8f96")
    size = f'x="{x - wide:.1f}" y="{y - HALF}" width="{2 * wide:.1f}" height="{2 * HALF}"'
    round_ = 0 if kind == "lock" else 5 if kind == "memory" else HALF
    drawing.shapes.append(f'<rect {size} rx="{round_}" {fill} stroke="{line}" stroke-width="1.8"/>')
    ink = 'fill="#ffffff"' if kind == "memory" else drawing.fill(("ink", ""))
    middle = f'x="{x:.1f}" y="{y + 4.5:.1f}" text-anchor="middle"'
    drawing.shapes.append(f"<text {middle} {ink}>{clean(name)}</text>")


@checked
def alt_text(run: Run, step: int | None = None) -> str:
    """The cycle, or who waits, as a sentence."""
    graph, cycle, _ = graph_at(run, step)
    if cycle:
        circle = ", who waits for ".join([*cycle, cycle[0]])
        return f"In {heading(run)} these wait in a circle: {circle}."
    waits = [f"{who} waits for {' and '.join(what)}" for who, what in graph.items() if what]
    return f"In {heading(run)} there is no cycle of waits; {'; '.join(waits) or 'no task waits'}."
