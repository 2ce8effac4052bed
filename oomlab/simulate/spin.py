"""A task's turn on a processor; turns that are known to change nothing are counted, not taken.

In a livelock all tasks that can run go round and round: they ask for memory, get none, ask again. A
task spins if, after every step of a whole round, nothing in the machine has changed but the place
where the task stands, and in the end it stands where it began. Its next steps are these same ones
until another task, or a timer, changes something. When all that can run spin, only the clock and
the scheduler's draws go on.

This is no guess. A step sees the machine, which has not changed, and the frames of its own task.
The model's code does not look at the clock in a round without a sleep, nor at another task's
frames, nor at the order of the runqueue: tests/test_spin.py reads the code for that. So whatever
the order of the turns is, each step does what it did before. Before anything else happens, a task
whose turns were counted takes what is left of its last round: the machine, the clock and the
number of steps are those of the run in which all steps were taken.
"""

from math import lcm
from types import GeneratorType
from typing import NamedTuple

from ..model.kernel import Kernel
from ..model.locks import TASK_DEAD
from ..model.tasks import Task
from .unchanged import Standstill, Unknown

FIRST, LAST = 32, 600  # quiet turns until a look is worth it; more after each vain look
LONGEST_ROUND = 100  # steps
NEAR = 2  # ticks


class Stand(NamedTuple):
    """Where a task stood, `steps` steps ago; after `until` steps another place is taken."""

    steps: int
    until: int
    lines: list[int]
    all: tuple  # what Standstill.place() says


class Spin:
    """The turns of one run that nothing is told about."""

    def __init__(self, kernel: Kernel):
        self.kernel = kernel
        self.quiet, self.patience = 0, FIRST  # steps that seemed to change nothing
        self.still: Standstill | None = None  # while we watch: nothing has changed since then
        self.progress = 0
        self.places: dict[Task, Stand] = {}  # where a watched task once stood
        self.rounds: dict[Task, int] = {}  # the steps of a round, of who is known to spin
        self.owed: dict[Task, int] = {}  # of each of these, the steps that were counted, not taken
        self.saved = 0

    def turn(self, current: Task, length: int) -> int:
        """Let one task have its turn, as burst(); the steps that it took, or would have taken.

        Not for a task in `owed`: its turns are counted there.
        """
        if self.still is not None:
            return self.watched_turn(current, length)
        kernel = self.kernel
        before = kernel.progress, kernel.timers_made, kernel.zone.free
        taken = burst(current, length)
        if current.state or before != (kernel.progress, kernel.timers_made, kernel.zone.free):
            self.quiet = 0
            return taken
        self.quiet += 1
        if self.quiet > self.patience and not self.timer_is_near():
            self.watch()
        return taken

    def timer_is_near(self) -> bool:
        """Will one fire before it could be worth to look?"""
        timers = self.kernel.timers
        return bool(timers) and timers[0].expires <= self.kernel.jiffies + NEAR

    def watch(self) -> None:
        """From here on look at each step, until one changes something."""
        try:
            self.still, self.progress = Standstill(self.kernel), self.kernel.progress
        except Unknown:
            self.patience = 1 << 60

    def watched_turn(self, current: Task, length: int) -> int:
        """Take the steps one by one, until the task is known to spin, or has changed something."""
        assert self.still is not None
        self.catch_up()
        for taken in range(length):
            if steps := self.steps_of_round(current):
                self.rounds[current] = steps
                self.owed[current] = length - taken
                return length
            burst(current, 1)
            if not self.nothing_changed() or self.places[current].until > LONGEST_ROUND:
                self.forget()
                left = 0 if current.state or self.kernel.panicked else length - taken - 1
                return taken + 1 + (burst(current, left) if left else 0)
        return length

    def steps_of_round(self, task: Task) -> int:
        """How many steps ago the task stood where it stands; 0 if it is not known to go round.

        It is held against one place, and after 4, 8, 16, ... steps against a new one (Brent's way).
        """
        assert self.still is not None
        stands, place = lines(task.thread), self.places.get(task)
        if place is not None and stands == place.lines and self.still.place(task) == place.all:
            return place.steps
        if place is None or place.steps == place.until:
            until = 4 if place is None else 2 * place.until
            self.places[task] = Stand(1, until, stands, self.still.place(task))
        else:
            self.places[task] = place._replace(steps=place.steps + 1)
        return 0

    def nothing_changed(self) -> bool:
        """Not even an event that is progress?"""
        assert self.still is not None
        return self.kernel.progress == self.progress and self.still.same()

    def catch_up(self) -> None:
        """Whose turns were counted takes what is left of its last round."""
        for task, steps in self.owed.items():
            if steps:
                self.saved += steps
                if left := steps % self.rounds[task]:
                    burst(task, left)
                self.owed[task] = 0

    def comes_back(self) -> int:
        """After so many steps of each task the machine is as it is now; 0 if that is not known.

        All that can run spin, and no timer is due before that.
        """
        kernel, rounds = self.kernel, self.rounds
        if not rounds or any(task not in rounds for task in kernel.runqueue):
            return 0
        steps, timers = lcm(*rounds.values()), kernel.timers
        return 0 if timers and timers[0].expires <= kernel.jiffies + steps else steps

    def forget(self) -> None:
        """Something has changed: who spun may do something else now."""
        self.patience = FIRST if self.saved > LAST else min(2 * self.patience, LAST)
        self.still, self.quiet, self.saved = None, 0, 0
        self.places.clear()
        self.rounds.clear()
        self.owed.clear()

    def stop(self) -> None:
        """Something is about to happen: let all stand where they should."""
        if self.still is not None:
            self.catch_up()
            self.forget()


def lines(thread) -> list[int]:
    """Where a suspended thread stands, without what its frames hold: quick to ask."""
    found = []
    while type(thread) is GeneratorType and thread.gi_frame is not None:
        found.append(thread.gi_frame.f_lasti)
        thread = thread.gi_yieldfrom
    return found


def burst(current, length: int) -> int:
    """Let one task take up to `length` steps, fewer if it falls asleep, dies or the machine panics.

    How many it took: the last step of a thread ends its generator, and is one though it yields
    nothing. The task knows by kernel.turn how many are left, this one among them, and may take
    several at once.
    """
    kernel, op = current.kernel, None
    kernel.turn = length
    for op in current.thread:
        kernel.turn -= 1
        if kernel.turn <= 0 or current.state or kernel.panicked:
            break
    else:
        kernel.turn, op = kernel.turn - 1, None
        must_be_gone(current)
    current.op, taken = op, length - kernel.turn
    kernel.turn, kernel.asked = 1, 0
    return taken


class NotGone(ValueError):
    """A thread is over, and its task is still on the task list: only a patch can do that."""


def must_be_gone(task: Task) -> None:
    """NotGone for a task whose thread is over, and which is not; a panic ends any thread."""
    if task.state != TASK_DEAD and not task.kernel.panicked:
        raise NotGone(
            f"the thread of {task} is over, and release_task() has not taken it off the task list: "
            "end it with do_exit(), or let it go on"
        )
