"""Level 2: hand a victim over to the reaper, so that no victim is ever lost.

    wake_oom_reaper(mm)    a generator, run by each killer, with oom_lock of its memcg held
    oom_reaper()           a generator, the kernel thread, which never ends

Each `yield` is one atomic operation (handoff_machine.OPERATIONS) and gives its result. Between any
two the scheduler may switch. The feedback is the shortest schedule that breaks the hand-off.
"""

from ..asking import CheckFailed
from ..exercise import Exercise
from ..handoff.every_schedule import explore, final, path, preferred
from ..handoff.handoff_machine import AtomicsMachine
from ..handoff.rows import rows

exercise = Exercise("hand-off", 2, "Write the hand-off", "wake_oom_reaper", "oom_reaper")

FREED = (
    "Who uses an mm needs a reference (mmgrab), taken before any other thread can see the mm, and "
    "dropped once (mmdrop), after the last use."
)
SLEEPS = "A thread sleeps or waits where it must not."
SHARING = ("write", "cmpxchg", "xchg", "push", "append")


def machine(ask, draw, victims: int, exits: bool = False) -> AtomicsMachine:
    return AtomicsMachine(
        ask, [f"mm@{n:04x}" for n in draw.sample(range(65536), 3)][:victims], exits
    )


def demand(m: AtomicsMachine, rules: dict[str, str]) -> None:
    """Explore, and say which schedule breaks it; `rules` are what each kind of violation breaks."""
    m.quiet()
    _, broken, steps = explore(m, set(rules))
    if broken:
        rule = rules.get(broken.kind, "A schedule breaks off, so nothing is shown by it.")
        text = f"{rule} On this schedule {broken.sentence}.{not_shared(m)}"
        raise CheckFailed(text, schedule=rows(m, steps, broken.sentence))


def not_shared(m: AtomicsMachine) -> str:
    """The hint for the classic mistake: the mm goes into a Python list, which only one thread has.

    Each thread is started afresh for each question, as threads of the kernel share no variables of
    a function; what was done is seen here.
    """
    for tree in m.trees[:-1]:
        if any(op and op[0] in SHARING and tree.args[0] in op for op in tree.operations.values()):
            return ""
    return (
        " `wake_oom_reaper` puts its mm into no slot and no list: state must be shared through the "
        "operations, for example `yield 'append', 'victims', mm`. A Python variable or list is not "
        "shared."
    )


def works_alone(ask, draw) -> None:
    """The least that any hand-off does; without it nothing else is worth a point."""
    alone = "Not even a single victim is handed over on every schedule."
    demand(machine(ask, draw, 1), {"lost": alone, "freed": FREED, "sleeps": SLEEPS})


@exercise.worth(2, "In the sequence of the mail, the second victim's mm is reaped too")
def sequence_of_the_mail(ask, draw):
    m = machine(ask, draw, 2)
    m.quiet()
    state = m.boot()
    came_from: dict = {state: None}
    while m.threads(state):
        thread = preferred(m, state)
        try:
            after, did = m.step(state, thread)
        except Exception as violation:
            if isinstance(violation, CheckFailed):
                raise
            raise CheckFailed(f"In the sequence of the mail {violation}.") from None
        came_from[after] = (state, thread, *did)
        state = after
    for verdict in final(m, state):
        if verdict.kind in ("lost", "sleeps"):
            steps = rows(m, path(came_from, state), verdict.sentence)
            text = "The sequence of steps (1) to (7) in the mail of 27 November 2015 breaks it"
            raise CheckFailed(f"{text}: {verdict.sentence}.{not_shared(m)}", schedule=steps)


@exercise.worth(3, "Two memcgs run out of memory: on no schedule is a victim lost")
def two_victims(ask, draw):
    lost = "With two victims one can be lost."
    demand(machine(ask, draw, 2), {"lost": lost, "sleeps": SLEEPS})


@exercise.worth(2, "Nor when three do")
def three_victims(ask, draw):
    lost = "With three victims one can be lost."
    demand(machine(ask, draw, 3), {"lost": lost, "sleeps": SLEEPS})


@exercise.worth(2, "No mm is touched after it was freed, though victims may exit by themselves")
def pinned(ask, draw):
    works_alone(ask, draw)
    demand(machine(ask, draw, 2, exits=True), {"freed": FREED})


@exercise.worth(1, "Every reference that was taken is dropped again")
def nothing_left_over(ask, draw):
    works_alone(ask, draw)
    left = "For each mmgrab there is one mmdrop, on every path."
    demand(machine(ask, draw, 2, exits=True), {"freed": FREED, "leak": left})


@exercise.worth(1, "oom_reaper() sleeps when there is nothing to do, and never ends")
def sleeps_and_lives(ask, draw):
    works_alone(ask, draw)
    ends = "The reaper must be there for the next one."
    demand(machine(ask, draw, 2), {"ends": ends, "sleeps": SLEEPS})
