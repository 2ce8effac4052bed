"""Level 2: kill every process that shares the victim's mm, then hand it over (kernel 4.10).

oom_kill_process(victim, tasks)    a generator that yields
    ("SIGKILL", pid)  ("mark_oom_victim", pid)  ("wake_oom_reaper", mm)
task: {"pid", "tgid", "mm", "kthread", "oom_score_adj"}    tgid 1 is init; a process has one tgid
"""

from collections.abc import Iterator
from typing import NamedTuple

from ..asking import CheckFailed
from ..example_text import table
from ..exercise import Exercise

exercise = Exercise("kill-sharers", 2, "Kill every sharer safely", "oom_kill_process")
PID = (int, "a pid, a whole number")
VERBS = {"SIGKILL": PID, "mark_oom_victim": PID, "wake_oom_reaper": (str, "an mm")}


def task(draw, mm, tgid: int | None = None, kthread: bool = False, adj: int = 0) -> dict:
    pid = draw.randrange(1000, 10**6)
    return {"pid": pid, "tgid": tgid or pid, "mm": mm, "kthread": kthread, "oom_score_adj": adj}


def world(draw, init: bool = False) -> tuple[dict, list[dict], str]:
    """A victim of two threads, sharers of three kinds, bystanders; init shares the mm or not."""
    mm, others = (f"mm@{n:04x}" for n in draw.sample(range(65536), 2))
    victim = task(draw, mm)
    tasks = [victim, task(draw, mm, victim["tgid"])]
    sharer = task(draw, mm)
    tasks += [sharer, task(draw, mm, sharer["tgid"]), task(draw, mm, adj=-1000), task(draw, mm)]
    tasks += [task(draw, mm, kthread=True), task(draw, None, kthread=True)]
    tasks += [task(draw, others), task(draw, others, adj=900), task(draw, None)]
    tasks.append({**task(draw, mm if init else others), "pid": 1, "tgid": 1})
    draw.shuffle(tasks)
    return victim, tasks, mm


def operations(ask, victim: dict, tasks: list[dict]) -> list[tuple]:
    """What the generator does, to its end."""
    done: list[tuple] = []
    while len(done) < 60:
        answer = ask.step("oom_kill_process", [victim, tasks], [None] * len(done))
        if "op" not in answer:
            return done
        op = answer["op"]
        if type(op) is not list or len(op) != 2 or str(op[0]) not in VERBS:
            raise CheckFailed(
                f"Yield pairs; the first of a pair is one of {', '.join(VERBS)}.", f"got {op!r}"
            )
        takes, what = VERBS[op[0]]
        if type(op[1]) is not takes:
            raise CheckFailed(f"`{op[0]}` takes {what}.", f"it yielded {tuple(op)!r}")
        done.append(tuple(op))
    raise CheckFailed("oom_kill_process() does not end.")


def killed(done: list[tuple], tasks: list[dict]) -> set[int]:
    """Processes with SIGKILL: a signal to a thread reaches its whole process."""
    pids = {op[1] for op in done if op[0] == "SIGKILL"}
    return {t["tgid"] for t in tasks if t["pid"] in pids}


def sharers(victim: dict, tasks: list[dict]) -> set[int]:
    """Processes that must die with the victim."""
    return {
        t["tgid"] for t in tasks if t["mm"] == victim["mm"] and not t["kthread"] and t["tgid"] != 1
    }


class Done(NamedTuple):
    """What a student's generator did in one world."""

    victim: dict
    tasks: list[dict]
    mm: str
    steps: list[tuple]

    def wrong(self, sentence: str) -> CheckFailed:
        """The sentence, with the steps in a lane, and who the tasks are."""
        tasks = table([{**task, "is": self.who(task["pid"])} for task in self.tasks])
        schedule = [
            row("oom_kill_process", f"{verb}({str(operand)[:24]})", self.meaning(verb, operand))
            for verb, operand in self.steps
        ]
        return CheckFailed(sentence, f"the tasks:\n{tasks}", [*schedule, row("", "", "", sentence)])

    def who(self, pid) -> str:
        task = next((t for t in self.tasks if t["pid"] == pid), None)
        if task is None:
            return "no task has this pid"
        if task["pid"] == self.victim["pid"]:
            return "the victim"
        if task["tgid"] == self.victim["tgid"]:
            return "a thread of the victim's process"
        if task["tgid"] == 1:
            return "global init, which uses the mm" if task["mm"] == self.mm else "global init"
        if task["kthread"]:
            return "a kernel thread"
        return "shares the mm" if task["mm"] == self.mm else "a bystander"

    def meaning(self, verb: str, operand) -> str:
        if verb == "wake_oom_reaper":
            return "the victim's mm" if operand == self.mm else "not the victim's mm"
        return self.who(operand)


def row(thread: str, does: str, whom: str, says: str = "") -> dict:
    return {"thread": thread, "does": does, "result": whom, "says": says, "mail": ""}


def each(ask, draw, init: tuple = (False, True)) -> Iterator[Done]:
    for shared_with_init in init:
        victim, tasks, mm = world(draw, shared_with_init)
        yield Done(victim, tasks, mm, operations(ask, victim, tasks))


@exercise.worth(2, "The victim gets SIGKILL, then the mark; no other task is marked")
def victim_first(ask, draw):
    for done in each(ask, draw):
        pid = done.victim["pid"]
        marks = [op for op in done.steps if op[0] == "mark_oom_victim"]
        if marks != [("mark_oom_victim", pid)]:
            raise done.wrong(
                "Mark the victim, once, and no other task: the mark opens the reserves."
            )
        if ("SIGKILL", pid) not in done.steps[: done.steps.index(marks[0])]:
            raise done.wrong(
                "SIGKILL comes before the mark: else a task that runs on uses the reserves up."
            )


@exercise.worth(2, "Every other process with this mm gets SIGKILL, whatever its oom_score_adj")
def sharers_die(ask, draw):
    for done in each(ask, draw):
        if sharers(done.victim, done.tasks) - killed(done.steps, done.tasks):
            raise done.wrong(
                "A process that shares the mm lives on: its memory would vanish under it."
            )


@exercise.worth(2, "init, kernel threads and bystanders live")
def others_live(ask, draw):
    for done in each(ask, draw):
        works(done)
        pids = {op[1] for op in done.steps if op[0] == "SIGKILL"}
        for t in done.tasks:
            if t["pid"] in pids and t["tgid"] not in sharers(done.victim, done.tasks):
                raise done.wrong(f"SIGKILL was sent to {done.who(t['pid'])}.")
        if pids - {t["pid"] for t in done.tasks}:
            raise done.wrong("SIGKILL was sent to a pid that does not exist.")


def works(done: Done) -> None:
    """Doing nothing harms no task, and is worth nothing."""
    if ("SIGKILL", done.victim["pid"]) not in done.steps:
        raise done.wrong("The victim itself gets no SIGKILL.")


@exercise.worth(2, "The mm is handed over once, after the last SIGKILL")
def hand_over_last(ask, draw):
    for done in each(ask, draw, (False,)):
        wakes = [i for i, op in enumerate(done.steps) if op[0] == "wake_oom_reaper"]
        if [done.steps[i] for i in wakes] != [("wake_oom_reaper", done.mm)]:
            raise done.wrong("Hand the victim's mm over once; kernel threads do not prevent it.")
        if sharers(done.victim, done.tasks) - killed(done.steps[: wakes[0]], done.tasks):
            raise done.wrong("The reaper is woken while a process with this mm has no SIGKILL yet.")


@exercise.worth(2, "An mm that init uses too is never handed over")
def not_of_init(ask, draw):
    for done in each(ask, draw, (True,)):
        works(done)
        if any(op[0] == "wake_oom_reaper" for op in done.steps):
            raise done.wrong("Reaping init's memory panics the kernel: do not hand this mm over.")


@exercise.worth(1, "One SIGKILL a process: its threads share it")
def once_each(ask, draw):
    for done in each(ask, draw):
        works(done)
        pids = [op[1] for op in done.steps if op[0] == "SIGKILL"]
        groups = [t["tgid"] for pid in pids for t in done.tasks if t["pid"] == pid]
        if len(groups) != len(set(groups)):
            raise done.wrong("A process got SIGKILL more than once; threads of one tgid share it.")
