"""Level 4: when to give up. The loop of oom_reap_task() (M10, M26; K 4.10 oom_reap_task)

    oom_reap_task(mm)    a generator: what the reaper does with one victim

A task that waits for memory may hold the victim's mmap_sem, for a while or for ever. The reaper has
other victims to serve, and the killer waits until this victim is marked as finished with.
"""

from ...plural import plural
from ..asking import CheckFailed
from ..exercise import Exercise
from ..handoff.interleavings import Thread, row

exercise = Exercise("give-up", 4, "When to give up", "oom_reap_task")
MOST_ATTEMPTS = 10  # MAX_OOM_REAP_RETRIES
OPERATIONS = {"trylock": 1, "lock": 1, "unlock": 1, "reap": 1, "nap": 0, "skip": 1}
FOR_EVER = 10**6
WITHOUT = "it reaps without the lock"
SLEEPS = "`lock` sleeps until the holder lets go, and that may be never."


class ReaperRun:
    """What the student's reaper does with a lock that is held for so many naps."""

    def __init__(self, ask, draw, held: int):
        mm = f"mm@{draw.randrange(65536):04x}"
        self.held, self.naps, self.locked = held, 0, False
        self.attempts, self.reaps, self.waited = 0, 0, False
        self.faults: list[str] = []  # all of them: a small one must not hide a large one
        self.done: list[str] = []
        self.rows: list[dict] = []
        thread = Thread(ask, "oom_reaper", "oom_reap_task", [mm], OPERATIONS)
        history: tuple = ()
        while not self.waited and (op := thread.operation(history)) is not None:
            result = self.perform(op[0])
            self.rows.append(row("oom_reaper", op, result, f"{plural(self.naps, 'nap')} so far"))
            self.done.append(op[0])
            history = (*history, result)

    def perform(self, verb: str) -> bool | None:
        free = self.naps >= self.held
        match verb:
            case "trylock":
                self.attempts += 1
                if self.locked:
                    self.faults.append("it takes the lock that it has")
                got = free and not self.locked
                self.locked = self.locked or got
                return got
            case "lock":
                if self.locked:
                    self.faults.append("it takes the lock that it has")
                self.locked, self.waited = free, not free or self.locked
            case "unlock":
                if not self.locked:
                    self.faults.append("it gives back a lock that it does not have")
                self.locked = False
            case "reap":
                if not self.locked:
                    self.faults.append(WITHOUT)
                self.reaps += 1
                if "skip" in self.done:
                    self.faults.append("the killer is told before the memory is taken")
            case "nap":
                if self.locked:
                    self.faults.append("it sleeps with the lock held")
                self.naps += 1
        return None

    def wrong(self, sentence: str) -> CheckFailed:
        how_long = "for ever" if self.held == FOR_EVER else f"for {plural(self.held, 'nap')}"
        end = {"thread": "", "does": "", "result": "", "says": sentence, "mail": ""}
        return CheckFailed(
            sentence, f"the lock is held {how_long}" if self.held else "", [*self.rows, end]
        )

    def demand_reaped(self, sentence: str) -> None:
        if self.waited:
            raise self.wrong(SLEEPS)
        if self.reaps != 1 or WITHOUT in self.faults:
            raise self.wrong(sentence)


def free_at_once(ask, draw) -> ReaperRun:
    """The least that any reaper does."""
    run = ReaperRun(ask, draw, 0)
    run.demand_reaped(
        "The lock is free, and the memory is not taken exactly once, with the lock held."
    )
    return run


@exercise.worth(2, "A free lock is taken, the memory reaped, the lock given back")
def free_lock(ask, draw):
    run = free_at_once(ask, draw)
    if run.locked:
        raise run.wrong("The lock is never given back.")


@exercise.worth(2, "A lock that comes free within ten attempts is waited for")
def patience(ask, draw):
    for held in (1, MOST_ATTEMPTS - 1, draw.randrange(2, MOST_ATTEMPTS - 1)):
        ReaperRun(ask, draw, held).demand_reaped(
            "The lock came free within ten attempts, and the memory was not taken. A nap must "
            "lie between two attempts: without it no time passes."
        )


@exercise.worth(2, "After ten attempts it gives up: there are other victims")
def gives_up(ask, draw):
    free_at_once(ask, draw)
    run = ReaperRun(ask, draw, FOR_EVER)
    if run.waited:
        raise run.wrong("The holder waits for memory, and the reaper now waits for the holder.")
    if run.attempts != MOST_ATTEMPTS or run.naps > MOST_ATTEMPTS:
        raise run.wrong(
            f"{plural(run.attempts, 'attempt')} and {plural(run.naps, 'nap')}: ten attempts, then "
            "it is enough."
        )


@exercise.worth(2, "It never sleeps in the lock, however long that is held")
def never_waits(ask, draw):
    free_at_once(ask, draw)
    for held in (0, draw.randrange(1, MOST_ATTEMPTS), FOR_EVER):
        run = ReaperRun(ask, draw, held)
        if "lock" in run.done:
            raise run.wrong(SLEEPS)


@exercise.worth(2, "In the end the killer is told to skip this one, reaped or not")
def killer_is_told(ask, draw):
    free_at_once(ask, draw)
    for held in (0, draw.randrange(1, MOST_ATTEMPTS), FOR_EVER):
        run = ReaperRun(ask, draw, held)
        if run.done.count("skip") != 1 or run.waited:
            raise run.wrong(
                "Without MMF_OOM_SKIP, set once, the killer waits for this victim for ever."
            )


@exercise.worth(1, "Nothing happens out of order")
def in_order(ask, draw):
    free_at_once(ask, draw)
    for held in (0, draw.randrange(1, MOST_ATTEMPTS), FOR_EVER):
        run = ReaperRun(ask, draw, held)
        if run.faults:
            raise run.wrong(f"Out of order: {run.faults[0]}.")
