"""What lessons 11 to 16 ask: bug hunt, versions, how true, a design, a report, two killers."""

from pathlib import Path
from typing import Any

from ...explorer import explore
from ...recordings.recorded import read_record
from ...reports.judge.explain import explain
from ...reports.judge.explanation import Explanation
from ...reports.read.parse import parse
from ...simulate.run import run
from . import LessonQuestion, Place

VERSIONS = ("4.4", "4.6", "4.10", "5.1", "6.12")
TRIALS = ("invisible-dependency", "lost-victim", "stuck-writer", "memcg-vs-global", "page-thieves")


def first_good(scenario: str) -> str:
    """The first of the versions in which a scenario ends well and does so from then on."""
    ends = [run(scenario, f"linux-{v}", trace=False).outcome.verdict for v in VERSIONS]
    bad = [n for n, verdict in enumerate(ends) if verdict != "recovered"]
    return VERSIONS[bad[-1] + 1 if bad else 0]


def nearest_of(number: int, *choices: int) -> str:
    """The choice that is nearest by ratio."""
    return str(min(choices, key=lambda c: max(c / number, number / c)))


def lost_of_a_hundred() -> int:
    """Of a hundred random schedules of the third fault, those in which a victim is lost."""
    runs = (run("second-oom", "mm-2015-12", seed=seed, trace=False) for seed in range(100))
    return sum(each.outcome.verdict == "lost-victim" for each in runs)


def trials_failed() -> str:
    """How many of lesson 14's five trials the first example does not pass."""
    design = dict(reaper="list", reaper_naps=True, reap_locked=False)
    how: dict[str, Any] = dict(trace=False, most_steps=15_000, **design)
    ends = [run(name, "rfc-2015-11-27", **how).outcome.verdict for name in TRIALS]
    return str(sum(verdict != "recovered" for verdict in ends))


def small_cgroup() -> Explanation:
    """The report of lesson 15, from the recordings beside it."""
    name = "s11_memcg.adj300_small.k6.12.r0.json.gz"
    here = next(p for p in (Path("recordings"), Path("notebooks/recordings")) if p.exists())
    return explain(next(parse(read_record(here / name)["report"])))


def first_choice(explanation: Explanation) -> str:
    """Whom the killer takes first, by name."""
    return explanation.predicted.row.name if explanation.predicted else "no task"


def unseen(one_in: int, runs: int = 100) -> str:
    """The chance that a rule wrong in one of so many runs shows in none of a hundred."""
    chance = (1 - 1 / one_in) ** runs
    return "less than 1 in 100" if chance < 0.01 else "about 1 in 3" if chance < 0.4 else "more"


def late_memory() -> str:
    """Does the database live in lesson 16, when the daemon kills and cannot take the memory?"""
    runs = [run("user-space-killer", "linux-5.10", seed=seed) for seed in range(3)]
    lives = {"database" not in each.outcome.victims for each in runs}
    return "it depends on the seed" if len(lives) > 1 else "yes" if lives == {True} else "no"


def both_at_once() -> str:
    """Does the database die in lesson 16, when a daemon and the kernel kill at the same moment?"""
    runs = [run("two-killers", "linux-6.12", seed=seed, trace=False) for seed in range(8)]
    lives = {"database" not in each.outcome.victims for each in runs}
    if len(lives) > 1:
        return "yes, in some orders of steps"
    return "no, the memory is there in time" if lives == {True} else "yes, in every order"


PLACES = {
    "four-faults": Place(
        "11",
        (
            LessonQuestion(
                "The first fault: a structure is used after it was freed. How many steps has the "
                "shortest schedule that shows it?",
                {
                    "6": "It needs two tasks and one switch at the wrong place.",
                    "60": "Most of what a kernel does in between has no part in it. Left alone, "
                    "two tasks are enough.",
                    "600": "A test run may have so many before it happens. The shortest story has "
                    "far less.",
                },
                right="6",
                model=lambda: nearest_of(
                    len(explore("self-marked", "rfc-2015-11-25", "no-use-after-free").pids),
                    6,
                    60,
                    600,
                ),
            ),
            LessonQuestion(
                "The third fault: a victim is lost without any cgroup. In how many of a hundred "
                "random schedules does it happen?",
                {
                    "50": "Then testing would have shown it in an afternoon.",
                    "15": "Then it would have been seen in testing, too.",
                    "2": "So rare that chance alone hardly shows it.",
                },
                right="2",
                model=lambda: nearest_of(max(lost_of_a_hundred(), 1), 2, 15, 50),
            ),
            LessonQuestion(
                "And how many states must a program look at until it finds that one?",
                {
                    "50": "Its shortest schedule alone has more than twenty steps.",
                    "500": "It takes about a second. A random schedule rarely meets the fault, but "
                    "it is only some twenty steps from the start.",
                    "a million": "Many orders of steps lead to the same state, and it is looked at "
                    "once.",
                },
                right="500",
                model=lambda: {"50": "50", "500": "500", "1000000": "a million"}[
                    nearest_of(
                        explore("second-oom", "mm-2015-12", "no-victim-lost").states,
                        50,
                        500,
                        1_000_000,
                    )
                ],
            ),
        ),
    ),
    "first-version": Place(
        "12",
        (
            LessonQuestion(
                "The invisible dependency (lesson 1): in which version does it end well first?",
                {
                    "4.4": "It has no reaper: the circle stays.",
                    "4.6": "The reaper takes the victim's memory, the holder of the lock gets its "
                    "page, and lets go.",
                    "4.10": "It does here, too. But 4.6 has the reaper already.",
                    "5.1": "That version stopped killing children for their parents, which has no "
                    "part in this.",
                },
                right="4.6",
                model=lambda: first_good("invisible-dependency"),
            ),
            LessonQuestion(
                "The stuck writer (lesson 10b), whose lock the reaper cannot have?",
                {
                    "4.4": "It has no reaper, and waits for the victim.",
                    "4.6": "It tries ten times and gives up. The victim still stops the killer.",
                    "4.10": "A flag says that nothing is to be gained there, and the killer goes "
                    "on.",
                    "6.12": "It does here, too. But the flag came with 4.9.",
                },
                right="4.10",
                model=lambda: first_good("stuck-writer"),
            ),
            LessonQuestion(
                "A cgroup's stuck victim, and then the machine runs out (lesson 8)?",
                {
                    "4.4": "The machine's killer meets the cgroup's victim, and waits for it.",
                    "4.6": "The victim is reaped, and from then on hidden from the search.",
                    "4.10": "It does here, too. But a reaped victim is hidden already in 4.6.",
                    "5.1": "That version stopped killing children for their parents, which has no "
                    "part in this.",
                },
                right="4.6",
                model=lambda: first_good("memcg-vs-global"),
            ),
        ),
    ),
    "how-much-is-proved": Place(
        "13",
        (
            LessonQuestion(
                "A rule of a model is wrong, and it shows in one of a hundred runs. A hundred "
                "recordings are compared. How likely is it that all of them agree?",
                {
                    "less than 1 in 100": "So it would be for a fault that shows far more often.",
                    "about 1 in 3": "0.99 to the power of 100 is 0.37. So a hundred of a hundred "
                    "says little about what is rare.",
                    "it cannot be": "Each run misses it with a chance of 99 percent, and a hundred "
                    "can all do so.",
                },
                right="about 1 in 3",
                model=lambda: unseen(100),
            ),
            LessonQuestion(
                "And if it shows in one of twenty?",
                {
                    "less than 1 in 100": "0.95 to the power of 100 is below 0.01. What is common "
                    "would have been seen.",
                    "about 1 in 3": "So it is for a fault that shows in one of a hundred.",
                    "it cannot be": "It can, but hardly: all hundred runs would have to miss it.",
                },
                right="less than 1 in 100",
                model=lambda: unseen(20),
            ),
        ),
    ),
    "a-first-design": Place(
        "14",
        (
            LessonQuestion(
                "Take the second RFC, and give it a list, real naps between two attempts, and no "
                "locked memory. Five trials: the circle, the lost victim, the stuck writer, a "
                "cgroup against the machine, the thieves. How many does it not pass?",
                {
                    "0": "The list saves the second victim, and nothing else. A victim that "
                    "could not be reaped still stops the killer.",
                    "1": "The lost victim is saved, and the circle was cut before. Three are left.",
                    "3": "A victim that is not gone still stops the killer, and the dying have no "
                    "priority: the stuck writer, the cgroup, the thieves.",
                    "5": "The reaper cuts the circle, and the list keeps both victims.",
                },
                right="3",
                model=trials_failed,
            ),
        ),
    ),
    "why-that-process": Place(
        "15",
        (
            LessonQuestion(
                "Who is killed?",
                {
                    "in_small": "It has less than half of the pages of in_big. Its "
                    "oom_score_adj of 300 is worth the rest, and more.",
                    "in_big": "It holds the most. But another one has 300 in its oom_score_adj, "
                    "and that is worth more than the difference.",
                    "trigger": "It asked for one page too much, and that does not matter: its "
                    "-1000 is an exemption.",
                },
                right="in_small",
                model=lambda: first_choice(small_cgroup()),
            ),
            LessonQuestion(
                "in_small gets 300 thousandths added to its points. Thousandths of what?",
                {
                    "of the cgroup's limit, 24 MB": "This OOM was about the cgroup, so its limit "
                    "is the whole.",
                    "of the machine's memory, 128 MB": "So it would be if the machine had run out. "
                    "Then the same 300 would weigh five times as much.",
                    "of its own pages": "Then a small process could not be given much weight. The "
                    "adjustment does not look at what the process holds.",
                },
                right="of the cgroup's limit, 24 MB",
                model=lambda: {
                    True: "of the cgroup's limit, 24 MB",
                    False: "of the machine's memory, 128 MB",
                }[small_cgroup().total.pages * 4 <= 24576],
            ),
        ),
    ),
    "who-kills-first": Place(
        "16",
        (
            LessonQuestion(
                "Linux 6.12, and no daemon. Who is killed?",
                {
                    "job": "It is over its memory.high and sleeps for it. But that limit kills "
                    "no process, and the job is not the biggest one.",
                    "database": "It is the biggest process of the machine, and did nothing.",
                    "web": "It asked last, and that does not count: the killer looks at size.",
                },
                right="database",
                model=lambda: run("user-space-killer", "linux-6.12", killer=0).outcome.victims[0],
            ),
            LessonQuestion(
                "Now a daemon sees the pressure in time, and kills the job with SIGKILL. The job "
                "needs two seconds to exit. Under 5.10, does the database live?",
                {
                    "yes": "The SIGKILL is in time. The memory is not: it comes back when the job "
                    "exits.",
                    "no": "The web server needs the memory before the job has gone, and the "
                    "kernel's killer takes the biggest.",
                    "it depends on the seed": "The job needs two seconds in every order of steps, "
                    "and the web server does not wait so long.",
                },
                right="no",
                model=late_memory,
            ),
            LessonQuestion(
                "Linux 6.12 again. The daemon kills a small job and takes its memory at once, and "
                "that is enough. At that moment the kernel's killer begins, too. Can it still "
                "kill the database?",
                {
                    "no, the memory is there in time": "In some orders of steps it is. In others "
                    "the kernel has chosen before it comes.",
                    "yes, in some orders of steps": "Neither killer knows of the other, so it "
                    "depends on who is first.",
                    "yes, in every order": "If the daemon has taken the job's memory first, the "
                    "kernel finds pages, and kills no process.",
                },
                right="yes, in some orders of steps",
                model=both_at_once,
            ),
        ),
    ),
}
