"""Level 4: read the log of a machine, and say what is wrong.

    killed(log) -> [pid, ...]     the processes that were killed, in order
    worst(log) -> pid             whose points are highest in the first report, by its own table
    what_is_wrong(log) -> str     "nothing", "spared", "limit", "child", or "stuck"

The logs are printed by the model, in the formats of six kernels; machines, names, sizes and pids
are drawn. None of them is a log of a real machine.
"""

import re
from random import Random
from typing import NamedTuple

from ...model.kernel import Kernel
from ...model.mm import ANON, VMA
from ...model.syscalls import mmap
from ...policies.presets import PRESETS
from ...scenarios.programs import hang, pause, sleep, touch
from ...simulate.kernel_log import kernel_log
from ...simulate.outcome import judge
from ...simulate.recorder import Recorder
from ...simulate.run import Run
from ...simulate.scheduler import run_seeded
from ..asking import CheckFailed, several, whole
from ..exercise import Exercise

exercise = Exercise(
    "read-report", 4, "Read a report, and say what is wrong", "killed", "worst", "what_is_wrong"
)

MANAGED = 4096  # pages: 16 MB
NAMES = (
    *("java", "postgres", "chrome", "gcc", "python3", "nginx", "rsync"),
    *("mysqld", "redis", "qemu", "node", "ffmpeg", "tar", "ld"),
)
OLD = ("linux-4.4", "linux-4.10", "linux-4.14", "linux-4.19")  # a child dies for its parent
NEW = ("linux-5.4", "linux-6.1", "linux-6.12")
KERNELS = {"child": OLD, "stuck": (*OLD[1:], NEW[0])}
WRONG = {
    "nothing": "the process with most points was killed, and it went",
    "spared": "in the first report a larger process was spared for its oom_score_adj",
    "limit": "a memory cgroup was at its limit; the machine had memory left",
    "child": "another process was chosen, and its child died for it",
    "stuck": "a process that had been killed stands in a later report again",
}


class PracticeMachine:
    """Tasks with drawn names, pids and sizes under one kernel, and the log of its end."""

    def __init__(self, draw, policy: str):
        self.draw, self.kernel = draw, Kernel(PRESETS[policy], MANAGED)
        self.kernel.next_pid = draw.randrange(200, 30_000)
        self.names = draw.sample(NAMES, 7)

    def task(self, pages: int, adj: int = 0, program: tuple = ((pause,),), **more):
        self.kernel.next_pid += self.draw.randrange(1, 90)
        vmas = [VMA("heap", ANON, pages, locked=more.pop("locked", False))]
        return self.kernel.spawn(self.names.pop(), program, vmas=vmas, adj=adj, **more)

    def needs(self, pages: int) -> None:
        """A task that must not be killed asks for so many pages."""
        program = ((sleep, self.draw.randrange(1, 9)), (mmap, "heap"), (touch, "heap", pages))
        self.task(1, adj=-1000, program=program)

    def run(self) -> list[str]:
        """The lines of the kernel's log."""
        seed, recorder = self.draw.randrange(1 << 30), Recorder(self.kernel)
        count = run_seeded(self.kernel, seed, recorder, 200_000)
        outcome, policy = judge(self.kernel, count), self.kernel.policy
        run = Run("", policy, seed, {}, self.kernel, outcome, count, recorder)
        return [line for _, line in kernel_log(run)]


class Log(NamedTuple):
    """What a machine printed, and what is true of it."""

    text: str
    wrong: str
    killed: list[int]  # pids, in order
    worst: int  # the pid with most points in the first report


def log_of(draw: Random, wrong: str) -> Log:
    """A log in which this, and nothing else, is wrong.

    A victim may take too long to go, and the next one dies too; or who asks, exempt, is larger than
    the victim already, which would be a second answer. Such a machine is drawn again.
    """
    while True:
        machine, killed, worst = machine_of(draw, wrong)
        text = "\n".join(machine.run()) + "\n"
        rows = len(re.findall(rf"\[ *{killed[0]}\] ", text))  # in how many tables it stands
        dead = [int(pid) for pid in re.findall(r"Killed process (\d+)", text)]
        if dead != killed or rows != (2 if wrong == "stuck" else 1):
            continue
        if wrong in ("spared", "boosted") or largest(text) == worst:
            return Log(text, wrong if wrong in WRONG else "nothing", killed, worst)


def largest(text: str) -> int:
    """The pid with most resident pages in the first report."""
    table = text.partition("Killed process")[0]
    rows = re.findall(r"\[ *(\d+)\] +\d+ +\d+ +\d+ +(\d+) ", table)
    return int(max(rows, key=lambda row: int(row[1]))[0])


def machine_of(draw: Random, wrong: str) -> tuple[PracticeMachine, list[int], int]:
    """A machine that will come to this; who should die; whose points are highest."""
    m = PracticeMachine(draw, draw.choice(KERNELS.get(wrong, OLD + NEW)))
    for _ in range(2):
        m.task(draw.randrange(20, 200), adj=draw.choice((0, 0, 100, -200)))
    if wrong == "limit":
        memcg = m.kernel.new_memcg(draw.choice(("web", "batch", "build")), draw.randrange(300, 600))
        hog = m.task(10, program=((mmap, "heap"), (touch, "heap", 700)), memcg=memcg)
        m.task(draw.randrange(1000, 1500))
        return m, [hog.pid], hog.pid
    if wrong == "child":
        parent = m.task(draw.randrange(2600, 2900))
        child = m.task(draw.randrange(400, 700), parent=parent)
        m.needs(MANAGED - 3300)
        return m, [child.pid], parent.pid
    if wrong == "stuck":
        first = m.task(draw.randrange(1400, 1600), program=((hang,),), locked=True)
        second = m.task(draw.randrange(900, 1100))
        m.needs(1800)
        return m, [first.pid, second.pid], first.pid
    if wrong == "twice":  # two had to go, and both went
        first, second = m.task(draw.randrange(1400, 1600)), m.task(draw.randrange(900, 1100))
        m.needs(3100)
        return m, [first.pid, second.pid], first.pid
    if wrong == "spared":
        m.task(draw.randrange(1800, 2100), adj=draw.choice((-1000, -900, -600)))
        hog = m.task(draw.randrange(900, 1200))
    elif wrong == "boosted":  # 0.3 of the machine is 1228 pages: more than the larger one has more
        hog = m.task(draw.randrange(900, 1200), adj=300)
        m.task(draw.randrange(1700, 1900))
    else:
        hog = m.task(draw.randrange(1800, 2100))
        m.task(draw.randrange(900, 1200), adj=draw.choice((0, -100, -600, -900, -1000)))
    m.needs(1200)
    return m, [hog.pid], hog.pid


def practice_log(wrong: str, number: int = 0) -> str:
    """A log to look at: of a kind of WRONG, from as many machines as you like."""
    if wrong not in WRONG:
        raise ValueError(f"no log of kind {wrong!r}: there are {', '.join(WRONG)}")
    return log_of(Random(f"look at/{wrong}/{number}"), wrong).text


def shown(log: Log) -> str:
    """The lines that count, for the feedback."""
    marks = (" [", "Kill", "Task in", "oom-kill:", "limit", "pages RAM", "pages reserved")
    lines = [line.partition("] ")[2] for line in log.text.splitlines()]
    return "\n".join(line for line in lines if any(mark in f" {line}" for mark in marks))


@exercise.worth(2, "All processes that were killed are found, in order, in the words of any kernel")
def who_was_killed(ask, draw):
    for wrong in ("nothing", "child", "stuck", "limit", "twice", "nothing"):
        log = log_of(draw, wrong)
        got = ask("killed", log.text)
        example = f"killed(log) gave {got!r}, not {log.killed}, for\n{shown(log)}"
        if several(got, "The pids", example=example, of=int) != log.killed:
            raise CheckFailed(
                "A killed process is missing, too many, or not in order. Whom the killer chose is "
                "not always whom it killed.",
                example,
            )


@exercise.worth(3, "The process with most points is found, whatever the columns are called")
def most_points(ask, draw):
    for wrong in ("nothing", "boosted", "spared", "child", "boosted", "spared"):
        log = log_of(draw, wrong)
        got = ask("worst", log.text)
        example = f"worst(log) gave {got!r}, not {log.worst}, for\n{shown(log)}"
        if whole(got, "The pid", example) != log.worst:
            raise CheckFailed(
                "Another process has more points: memory, swap and page tables of its row, shifted "
                "by oom_score_adj thousandths of the machine's pages; -1000 is out.",
                example,
            )


def told_apart(ask, draw, wrong: str, like: str = "nothing") -> None:
    """Two logs of this kind and two in which nothing is wrong, in any order."""
    for kind in draw.sample([wrong, wrong, "nothing", like], 4):
        log = log_of(draw, kind)
        got = ask("what_is_wrong", log.text)
        if got != log.wrong or type(got) is not str:
            raise CheckFailed(
                f"`what_is_wrong` should say {log.wrong!r} here: {WRONG[log.wrong]}.",
                f"it said {got!r}, for\n{shown(log)}",
            )


@exercise.worth(2, "A limit of a cgroup is told from a machine without memory")
def limit(ask, draw):
    told_apart(ask, draw, "limit")


@exercise.worth(1, "A child that died for its parent is seen")
def child(ask, draw):
    told_apart(ask, draw, "child")


@exercise.worth(2, "A larger process that was spared is seen")
def spared(ask, draw):
    told_apart(ask, draw, "spared")


@exercise.worth(2, "A killed process that does not go away is seen")
def stuck(ask, draw):
    told_apart(ask, draw, "stuck", like="twice")
