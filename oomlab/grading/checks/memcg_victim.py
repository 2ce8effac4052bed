"""Level 1: who dies when a memory cgroup is full? select_bad_process() of kernel 4.4.

select_bad_process(tasks, memcg, parent) -> pid, None (no task can be killed), or -1 (wait)
task: {"pid", "memcg", "points", "victim": bool}     points 0: must not be killed
memcg: the name of the full cgroup, or None for a global OOM;  parent: {name: parent or None}
"""

from ..asking import CheckFailed, whole
from ..example_text import table
from ..exercise import Exercise

exercise = Exercise("memcg-victim", 1, "Select a victim in a memory cgroup", "select_bad_process")


def cgroups(draw) -> tuple[dict, list[str]]:
    """Two trees: a/b/c is a chain of `names`, the rest lies beside it."""
    names = [f"cg{n}" for n in draw.sample(range(10, 99), 6)]
    top, middle, bottom, sibling, other, inner = names
    parent = {top: None, middle: top, bottom: middle, sibling: top, other: None, inner: other}
    keys = list(parent)
    draw.shuffle(keys)
    return {key: parent[key] for key in keys}, names


def task(draw, memcg, points: int | None = None, victim: bool = False) -> dict:
    given = draw.randrange(1, 10**6) if points is None else points
    return {"pid": draw.randrange(2, 10**6), "memcg": memcg, "points": given, "victim": victim}


def inside(memcg, domain, parent) -> bool:
    while memcg is not None and memcg != domain:
        memcg = parent[memcg]
    return memcg == domain


def path(memcg, parent: dict) -> str | None:
    """A cgroup with all that it is in: top/middle/bottom."""
    return memcg and "/".join(filter(None, [path(parent[memcg], parent), memcg]))


def select(tasks: list[dict], memcg, parent: dict):
    """The model's rule in plain words."""
    candidates = [t for t in tasks if memcg is None or inside(t["memcg"], memcg, parent)]
    if any(t["victim"] for t in candidates):
        return -1
    killable = [t for t in candidates if t["points"] > 0]
    return max(killable, key=lambda t: t["points"])["pid"] if killable else None


def compare(ask, draw, tasks: list[dict], memcg, parent: dict, sentence: str) -> None:
    draw.shuffle(tasks)
    got, want = ask("select_bad_process", tasks, memcg, parent), select(tasks, memcg, parent)
    shown = [{**task, "memcg": path(task["memcg"], parent)} for task in tasks]
    full = f"memcg {memcg!r} is full" if memcg else "memcg is None, a global OOM"
    example = f"{full}; it gave {got!r}, not {want}, for\n{table(shown)}"
    if got is not None:
        whole(got, "The pid, or -1,", example)
    if got != want:
        raise CheckFailed(sentence, example)


def larger(draw, tasks: list[dict]) -> int:
    """More points than any of these has."""
    return max(task["points"] for task in tasks) + draw.randrange(1, 10**6)


def outside(draw, tasks: list[dict], *names) -> list[dict]:
    """Tasks in other cgroups: at least one has more points, and others may have fewer.

    How many there are is drawn, so that neither numbers nor ranks tell who is inside.
    """
    worse = [task(draw, name, larger(draw, tasks)) for name in draw.sample(names, len(names))]
    return worse[: draw.randrange(1, len(worse) + 1)] + [
        task(draw, draw.choice(names)) for _ in range(draw.randrange(3))
    ]


@exercise.worth(2, "The task with most points in the full cgroup dies, and none outside it")
def worst_inside(ask, draw):
    for _ in range(6):
        parent, (top, middle, bottom, sibling, other, inner) = cgroups(draw)
        tasks = [task(draw, bottom) for _ in range(draw.randrange(1, 5))]
        tasks += outside(draw, tasks, sibling, other, None)
        compare(ask, draw, tasks, bottom, parent, "The victim is not the worst task in the cgroup.")


@exercise.worth(2, "A task in a cgroup below the full one belongs to it")
def below(ask, draw):
    for _ in range(5):
        parent, (top, middle, bottom, sibling, other, inner) = cgroups(draw)
        tasks = [task(draw, name) for name in (top, middle, sibling)][: draw.randrange(1, 4)]
        tasks.append(task(draw, draw.choice((middle, bottom)), larger(draw, tasks)))
        tasks += outside(draw, tasks, inner, other)
        compare(
            ask,
            draw,
            tasks,
            top,
            parent,
            "Tasks of child cgroups, and of their children, belong to the full cgroup too.",
        )


@exercise.worth(2, "An unfinished victim inside stops the scan (-1); one outside does not")
def unfinished(ask, draw):
    depths = [(0, 2), (1, 2), (0, 1)]  # of the full cgroup, and of the victim's
    for full, deep in draw.sample(depths, 3):
        parent, names = cgroups(draw)
        top, middle, bottom, sibling, other, inner = names
        tasks = [task(draw, name) for name in (top, middle, bottom)]
        compare(
            ask,
            draw,
            [*tasks, task(draw, draw.choice((other, inner, None)), victim=True)],
            draw.choice((top, middle)),
            parent,
            "A victim in another cgroup does not stop this scan.",
        )
        compare(
            ask,
            draw,
            [*tasks, task(draw, names[deep], victim=True)],
            names[full],
            parent,
            "A victim in this cgroup, or below it, has not finished: answer -1, kill no task.",
        )


@exercise.worth(1, "A global OOM looks at all tasks, and waits for any victim")
def everywhere(ask, draw):
    parent, names = cgroups(draw)
    tasks = [task(draw, name) for name in (*names, None)]
    sentence = "With memcg None every task is a candidate, also those in no cgroup."
    for name in (None, names[5]):
        most = task(draw, name, larger(draw, tasks))
        compare(ask, draw, [*tasks, most], None, parent, sentence)
    compare(
        ask,
        draw,
        [*tasks, task(draw, names[2], victim=True)],
        None,
        parent,
        "A memcg's unfinished victim stops a global OOM too.",
    )


@exercise.worth(1, "With 0 points a task is not killed; if no task is left the answer is None")
def none_left(ask, draw):
    parent, names = cgroups(draw)
    spared = [task(draw, names[2], 0) for _ in range(3)]
    points = draw.choice((1, draw.randrange(1, 10**6)))
    sentence = "Tasks with 0 points must not be killed; with no other the answer is None."
    compare(ask, draw, [*spared, task(draw, names[4], points)], names[2], parent, sentence)
    compare(ask, draw, [*spared, task(draw, names[2], points)], names[2], parent, sentence)
    compare(ask, draw, [*spared, task(draw, names[2], 1)], names[2], parent, sentence)
    compare(ask, draw, [], None, parent, sentence)


@exercise.worth(1, "On equal points the first in the list dies")
def ties(ask, draw):
    for _ in range(4):
        parent, names = cgroups(draw)
        most = draw.randrange(2, 10**6)
        tasks = [task(draw, names[1], most) for _ in range(3)]
        tasks.append(task(draw, names[1], draw.randrange(1, most)))
        compare(
            ask, draw, tasks, names[1], parent, "On equal points the first of the list is chosen."
        )
