"""Level 1: how bad is a task? To be found from tasks of the model (K 4.4 oom_badness).

oom_badness(task, totalpages) -> int
task: {"pid", "rss", "swapents", "nr_ptes", "nr_pmds", "oom_score_adj", "root", "kthread", "mm"}

The sheet gives no formula, and neither does the feedback: the student measures with probe().
"""

from ...model.kernel import Kernel
from ...model.mm import ANON, VMA
from ...model.oom import oom_badness
from ...model.tasks import PF_KTHREAD
from ...policies.presets import PRESETS
from ..asking import CheckFailed, whole
from ..example_text import table
from ..exercise import Exercise

exercise = Exercise("badness", 1, "Write oom_badness", "oom_badness")


def task(draw, **given) -> dict:
    return {
        "pid": draw.randrange(2, 32768),
        "rss": draw.randrange(1000, 400_000),
        "swapents": 0,
        "nr_ptes": 0,
        "nr_pmds": 0,
        "oom_score_adj": 0,
        "root": False,
        "kthread": False,
        "mm": True,
        **given,
    }


def probe(totalpages: int = 1_000_000, **given) -> int:
    """The points that the model of 4.4 gives to such a task, 0 if it must not be killed.

    `given` are keys of `task` with their values; what is not given is an ordinary task's.
    """
    task = {
        **{"pid": 100, "rss": 0, "swapents": 0, "nr_ptes": 0, "nr_pmds": 0, "oom_score_adj": 0},
        **{"root": False, "kthread": False, "mm": True},
    }
    if not set(given) <= set(task):
        raise ValueError(f"a task has {', '.join(task)}")
    return points({**task, **given}, totalpages)


def points(task: dict, totalpages: int) -> int:
    """The model's answer, for a task that is made in a kernel of its own."""
    kernel = Kernel(PRESETS["linux-4.4"], 10_000)
    uid, adj = 0 if task["root"] else 1000, task["oom_score_adj"]
    made = kernel.spawn("probe", vmas=[VMA("heap", ANON, 0)], adj=adj, uid=uid)
    made.mm.vmas[0].pages = task["rss"]
    for key in ("swapents", "nr_ptes", "nr_pmds"):
        setattr(made.mm, key, task[key])
    if task["kthread"]:
        made.flags |= PF_KTHREAD
    if not task["mm"]:
        made.mm = None
    if task["pid"] == 1:
        kernel.init = made
    return oom_badness(made, totalpages, kernel.policy) or 0


def compare(ask, task: dict, totalpages: int, sentence: str) -> None:
    value = ask("oom_badness", task, totalpages)
    want = points(task, totalpages)
    example = f"it gave {value!r}, not {want}, on a machine of {totalpages} pages:\n{table([task])}"
    if whole(value, "The badness", example) != want:
        raise CheckFailed(sentence, example)


@exercise.worth(3, "All of a task that counts is counted, and once")
def what_counts(ask, draw):
    for _ in range(6):
        sizes = {key: draw.randrange(1, 9000) for key in ("swapents", "nr_ptes", "nr_pmds")}
        left_out = (
            "A part of the task's memory is missing or counted twice: probe() one key at a time."
        )
        compare(ask, task(draw, **sizes), draw.randrange(500_000, 5_000_000), left_out)


@exercise.worth(2, "oom_score_adj shifts the points, to the last page")
def adjustment(ask, draw):
    for adj in (draw.randrange(1, 1001), -draw.randrange(1, 60), draw.randrange(1, 1001)):
        total = draw.randrange(900_000, 5_000_000) // 1000 * 1000 + 999
        compare(
            ask,
            task(draw, oom_score_adj=adj),
            total,
            "The shift by oom_score_adj is wrong: probe() one task with several values of it, then "
            "on machines whose totalpages differ by a few pages only.",
        )


@exercise.worth(1, "A task of root has fewer points, by the kernel's share")
def root_bonus(ask, draw):
    for _ in range(5):
        adj, swap = draw.choice((0, 100, 300)), draw.randrange(99)
        compare(
            ask,
            task(draw, root=True, swapents=swap, oom_score_adj=adj),
            2_000_000,
            "The bonus of root is wrong: probe() tasks of several sizes with and without `root`, "
            "then with oom_score_adj. What is rounded, and from what is it taken?",
        )


@exercise.worth(2, "A task that must not be killed has 0 points")
def untouchable(ask, draw):
    for who, given in {
        "global init (pid 1)": {"pid": 1},
        "a kernel thread": {"kthread": True},
        "a task without an mm": {"mm": False},
        "oom_score_adj -1000": {"oom_score_adj": -1000},
    }.items():
        compare(ask, task(draw, **given), 1_000_000, f"0 is expected for {who}: it is not killed.")
    compare(
        ask,
        task(draw, oom_score_adj=-999, rss=900_000),
        500_000,
        "A task with oom_score_adj -999 can still be killed.",
    )


@exercise.worth(2, "Who may be killed has at least 1 point, however small it is")
def at_least_one(ask, draw):
    compare(ask, task(draw), 1_000_000, "1 is only for those whose points fall below 1.")
    for adj in (-draw.randrange(500, 999), -999, 0):
        small = task(draw, rss=0 if adj == 0 else draw.randrange(1, 400), oom_score_adj=adj)
        compare(
            ask,
            small,
            draw.randrange(1_000_000, 5_000_000),
            "A killable task gets at least 1 point; 0 would mean that it must not die.",
        )
