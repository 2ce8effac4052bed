"""What the explorer's answers mean: the transition system and the search, with no cleverness.

A state is all that decides a machine's future (simulate/fingerprint.py). A transition is one entry
of a schedule: a task takes its next step, or one of its timers fires. "Holds": in every state that
transitions reach from the start, bad(kernel) was asked and said no. "Violated": it said yes, and
this is a shortest way there. A state cannot be copied, since it holds suspended generators, so each
is reached again by replaying its schedule in a fresh machine, as in MOSAIC (Jiang, USENIX ATC '23).
That is slow, and it is the definition: what the explorer says is tested against it.
"""

from collections import deque
from collections.abc import Callable

from ..model.kernel import Kernel
from ..model.locks import TASK_RUNNING
from ..model.tasks import Task
from ..simulate.fingerprint import fingerprint, timer_key
from ..simulate.scheduler import Entry, run_schedule

CLOCKS = ("any", "ordered", "urgent")


def enabled(kernel: Kernel, clock: str = "any") -> list[Entry]:
    """The transitions that may be taken now. After a panic there are none.

    "any": every pending timer may fire, however long the others sleep.
    "ordered": only the timer due first may; a task that could run may be arbitrarily slow.
    "urgent": only the timer due first may, and only when no task can run.
    Timers due at the same tick fire in the order of Timer.number, as in run_timers(). Time passes
    only by a timer that fires: a sleep is counted from the last one that did.
    """
    if kernel.panicked:
        return []
    runnable = [task.pid for task in kernel.tasks if task.state == TASK_RUNNING]
    timers = sorted(kernel.timers)  # by the tick, then by the number
    if clock != "any":
        timers = timers[:1]
    if clock == "urgent" and runnable:
        timers = []
    keys = [timer_key(timer) for timer in timers]
    if len(set(keys)) < len(keys):
        raise ValueError(f"two timers {keys} of one task call the same function; say which is due")
    return runnable + keys


def task_of(kernel: Kernel, pid: int) -> Task:
    """The task of an entry; the timer of a task may still be pending when the task is gone."""
    waiting = (timer.argument for timer in kernel.timers)
    return next(task for task in (*kernel.tasks, *waiting) if task.pid == pid)


def reach(build: Callable[[], Kernel], schedule: list[Entry]) -> Kernel:
    """A fresh machine after this schedule."""
    kernel = build()
    kernel.events = None  # it need not tell
    run_schedule(kernel, schedule)
    return kernel


def explore(
    build: Callable[[], Kernel],
    bad: Callable[[Kernel], object],
    clock: str = "any",
    max_states: int = 100_000,
) -> tuple[str, list[Entry], int, int]:
    """Breadth first: the verdict, a shortest schedule that violates, states, transitions."""
    start = reach(build, [])
    if bad(start):
        return "violated", [], 1, 0
    first, transitions = fingerprint(start, clock), 0
    seen = {first}
    waiting: deque[tuple] = deque([([], first)])
    while waiting:
        schedule, known = waiting.popleft()
        before = reach(build, schedule)
        if fingerprint(before, clock) != known:
            raise ValueError(
                f"{schedule} leads elsewhere the second time: a program keeps something"
            )
        for entry in enabled(before, clock):
            transitions += 1
            after = [*schedule, entry]
            kernel = reach(build, after)
            state = fingerprint(kernel, clock)
            if state in seen:
                continue
            if len(seen) == max_states:
                return "bound-reached", [], len(seen), transitions
            seen.add(state)
            waiting.append((after, state))
            if bad(kernel):
                return "violated", after, len(seen), transitions
    return "holds", [], len(seen), transitions
