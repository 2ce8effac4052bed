"""Sleeping and waking, and the locks built on them.

A thread of control is a generator. It yields (verb, object) just before it does that to the
object, and the scheduler may switch there, as if another CPU ran. A sleeper sets its state and
yields; whoever wakes it sets the state back. Nothing else blocks.

Locks are handed over: who unlocks makes the first waiter the owner. (Linux lets it compete; the
order is the same, the stealing is left out.)
"""

from collections.abc import Generator
from dataclasses import dataclass, field
from typing import Any, TypeVar

TASK_RUNNING, TASK_INTERRUPTIBLE, TASK_KILLABLE, TASK_UNINTERRUPTIBLE = range(4)
TASK_FROZEN, TASK_DEAD = 4, 5

PF_EXITING = 1  # a flag of a task: tasks.py has the others

T = TypeVar("T")
Steps = Generator[tuple, None, T]  # a kernel function that may be interrupted; T is what it returns


def fatal_signal_pending(task) -> bool:
    """Is it to die, and did not begin to? get_signal() takes SIGKILL off before do_exit()."""
    return task.sigkill and not task.flags & PF_EXITING


def schedule(current, state: int, on) -> Steps:
    """Sleep in `state` until wake_up_process(current); `on` is what is waited for."""
    if fatal_signal_pending(current) and state in (TASK_INTERRUPTIBLE, TASK_KILLABLE):
        return  # signal_pending_state(): too late to fall asleep
    current.state, current.waits_for = state, on
    yield "wait for", on


def killable(current, who: str) -> int:
    """How a task waits for mmap_sem that wants it as one of `who` (policy.mmap_sem_killable)."""
    kills = current.kernel.policy.mmap_sem_killable
    return TASK_KILLABLE if who in kills else TASK_UNINTERRUPTIBLE


def wake_up_process(task) -> None:
    """Make a sleeping task runnable again (kernel/sched/core.c)."""
    if task.state not in (TASK_RUNNING, TASK_DEAD):
        task.state, task.waits_for = TASK_RUNNING, None
        runqueue = task.kernel.runqueue
        if task.fifo:  # SCHED_FIFO runs next
            runqueue.appendleft(task)
        else:
            runqueue.append(task)


def schedule_timeout(current, state: int, ticks: int) -> Steps:
    """Sleep for `ticks`, or until a wake-up that this state lets through."""
    kernel = current.kernel
    timer = kernel.add_timer(ticks, wake_up_process, current)
    yield from schedule(current, state, "a timer")
    kernel.del_timer(timer)


@dataclass(slots=True, eq=False, repr=False)
class WaitQueue:
    """wait_queue_head_t: tasks that sleep until something happens."""

    name: str
    sleepers: list = field(default_factory=list)

    def wait(self, current, state: int = TASK_INTERRUPTIBLE) -> Steps:
        self.sleepers.append(current)
        yield from schedule(current, state, self)
        if current in self.sleepers:  # woken by a signal, not by us
            self.sleepers.remove(current)

    def wake_up(self) -> None:
        sleepers = tuple(self.sleepers)
        self.sleepers.clear()
        for task in sleepers:
            wake_up_process(task)


@dataclass(slots=True, eq=False, repr=False)
class Mutex:
    """struct mutex: one owner."""

    name: str
    owner: Any = None
    waiters: list = field(default_factory=list)

    def lock(self, current, state: int = TASK_UNINTERRUPTIBLE):
        """Wait for it: True once held; False if SIGKILL ended a TASK_KILLABLE wait (-EINTR)."""
        yield "lock", self
        if self.trylock(current):
            return True
        self.waiters.append(current)
        yield from schedule(current, state, self)
        if self.owner is current:
            return True
        self.waiters.remove(current)
        return False

    def trylock(self, current) -> bool:
        if self.owner is not None:
            return False
        self.owner = current
        return True

    def unlock(self) -> None:
        self.owner = self.waiters.pop(0) if self.waiters else None
        if self.owner is not None:
            wake_up_process(self.owner)


@dataclass(slots=True, eq=False, repr=False)
class RwSemaphore:
    """struct rw_semaphore: many readers or one writer, first come first served.

    A writer that waits keeps new readers out, so a read *trylock* fails too: that is how one
    mmap() call can stop the reaper (M07, kernel-facts 1). A wait for it is as one for a Mutex.
    """

    name: str
    readers: list = field(default_factory=list)
    writer: Any = None
    waiters: list[tuple] = field(default_factory=list)  # (task, wants to write)

    def down_read(self, current, state: int = TASK_UNINTERRUPTIBLE):
        yield "read-lock", self
        if self.down_read_trylock(current):
            return True
        return (yield from self._wait(current, False, state))

    def down_read_trylock(self, current) -> bool:
        if self.writer is not None or self.waiters:
            return False
        self.readers.append(current)
        return True

    def down_write(self, current, state: int = TASK_UNINTERRUPTIBLE):
        yield "write-lock", self
        if not (self.readers or self.writer or self.waiters):
            self.writer = current
            return True
        return (yield from self._wait(current, True, state))

    def up_read(self, current) -> None:
        self.readers.remove(current)
        if self.waiters:
            self._grant()

    def up_write(self) -> None:
        self.writer = None
        self._grant()

    def _wait(self, current, writes: bool, state: int):
        """Sleep until it has the lock; False if SIGKILL woke it, which takes it off the queue."""
        self.waiters.append((current, writes))
        yield from schedule(current, state, self)
        if (current, writes) not in self.waiters:
            return True
        self.waiters.remove((current, writes))
        self._grant()
        return False

    def _grant(self) -> None:
        while self.waiters and self.writer is None:
            task, writes = self.waiters[0]
            if writes and self.readers:
                return
            del self.waiters[0]
            if writes:
                self.writer = task
            else:
                self.readers.append(task)
            wake_up_process(task)
