"""Level 1: how bad is a task? oom_badness() of kernel 4.4.

oom_badness(task, totalpages) -> int
task: {"pid", "rss", "swapents", "nr_ptes", "nr_pmds", "oom_score_adj", "root", "kthread", "mm"}
"""

from ..asking import CheckFailed, whole
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


def points(task: dict, totalpages: int) -> int:
    """The kernel's own order of divisions (K 4.4 oom_badness)."""
    adj = task["oom_score_adj"]
    if task["pid"] == 1 or task["kthread"] or not task["mm"] or adj == -1000:
        return 0
    total = sum(task[key] for key in ("rss", "swapents", "nr_ptes", "nr_pmds"))
    if task["root"]:
        total -= total * 3 // 100
    return max(total + adj * (totalpages // 1000), 1)


def compare(ask, task: dict, totalpages: int, sentence: str) -> None:
    value = ask("oom_badness", task, totalpages)
    example = f"oom_badness({task}, {totalpages}) gave {value!r}, not {points(task, totalpages)}"
    if whole(value, "The badness", example) != points(task, totalpages):
        raise CheckFailed(sentence, example)


@exercise.worth(3, "Resident pages, swap and page tables all count")
def what_counts(ask, draw):
    for _ in range(6):
        sizes = {key: draw.randrange(1, 9000) for key in ("swapents", "nr_ptes", "nr_pmds")}
        left_out = (
            "Badness is rss + swapents + nr_ptes + nr_pmds; a part is missing or counted twice."
        )
        compare(ask, task(draw, **sizes), draw.randrange(500_000, 5_000_000), left_out)


@exercise.worth(2, "oom_score_adj shifts the points by thousandths of totalpages, divided first")
def adjustment(ask, draw):
    for adj in (draw.randrange(1, 1001), -draw.randrange(1, 60), draw.randrange(1, 1001)):
        total = draw.randrange(900_000, 5_000_000) // 1000 * 1000 + 999
        compare(
            ask,
            task(draw, oom_score_adj=adj),
            total,
            "The shift by oom_score_adj is wrong: it is adj * (totalpages / 1000), "
            "and the kernel divides first, in whole numbers.",
        )


@exercise.worth(
    1, "A task of root is forgiven 3 % of its points, in whole numbers, before the shift"
)
def root_bonus(ask, draw):
    for _ in range(5):
        adj, swap = draw.choice((0, 100, 300)), draw.randrange(99)
        compare(
            ask,
            task(draw, root=True, swapents=swap, oom_score_adj=adj),
            2_000_000,
            "The bonus of root is wrong: subtract points * 3 / 100, rounded down, "
            "from all points and before oom_score_adj.",
        )


@exercise.worth(
    2, "Nobody may kill init, a kernel thread, a task without mm, or one with adj -1000"
)
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
