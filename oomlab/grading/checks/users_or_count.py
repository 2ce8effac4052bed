"""Level 4: which reference does the reaper take, mm_users or mm_count? (M12, M22, ec8d7c14ea14)

    oom_kill_process(mm)    a generator: the killer sends SIGKILL and queues the mm
    __oom_reap_task_mm(mm)       a generator: the reaper takes the mm from the queue and reaps it

mm_count keeps the struct, mm_users keeps what it describes. The last mmput runs exit_mmap(), which
gives the memory back, and drops the reference that all users had on mm_count together.
"""

from typing import NamedTuple

from ..asking import CheckFailed
from ..exercise import Exercise
from ..handoff.interleavings import Event, Thread, Wrong, first_wrong

exercise = Exercise(
    "users-or-count", 4, "mm_users or mm_count", "oom_kill_process", "__oom_reap_task_mm"
)
REFERENCES = ("mmgrab", "mmdrop", "mmget", "mmget_not_zero", "mmput", "mmput_async")
KILLER = dict.fromkeys((*REFERENCES, "SIGKILL", "queue"), 1)
REAPER = dict.fromkeys((*REFERENCES, "reap"), 1)


class World(NamedTuple):
    """One mm, and what has happened to it."""

    users: int = 1  # mm_users: the victim's process
    count: int = 1  # type: ignore[assignment] # mm_count (a tuple's count() is not used)
    killed: bool = False
    exited: bool = False
    queued: bool = False
    begun: bool = False  # the reaper has taken it from the queue
    reaped: bool = False
    late: bool = False  # the victim was gone, and its memory waited in the queue
    teardown: str = ""  # who ran exit_mmap() without being the victim

    def may(self, thread: str, op: tuple) -> bool:
        if thread == "oom_reaper":
            return self.queued
        return thread != "victim" or self.killed

    def step(self, thread: str, op: tuple):
        world, result = self.after(thread, op[0])
        waiting = world.queued and not world.begun
        if waiting and world.exited and world.users:
            world = world._replace(late=True)
        return world, result

    def after(self, thread: str, verb: str) -> tuple["World", object]:
        if self.count == 0:
            raise Wrong("freed", f"{verb} touches the mm after the struct was freed")
        world = self._replace(begun=self.begun or thread == "oom_reaper")
        match verb:
            case "SIGKILL":
                return world._replace(killed=True), None
            case "queue":
                if not self.killed:
                    raise Wrong("freed", "the mm is queued before its process has SIGKILL")
                return world._replace(queued=True), None
            case "mmgrab":
                return world._replace(count=self.count + 1), None
            case "mmdrop":
                return world.drop(), None
            case "mmget":
                if self.users == 0:
                    raise Wrong("torn", "mmget counts up from 0: exit_mmap() has run already")
                return world._replace(users=self.users + 1), None
            case "mmget_not_zero":
                return world._replace(users=self.users + bool(self.users)), self.users > 0
            case "reap":
                if self.users == 0:
                    raise Wrong("torn", "the reaper walks VMAs that exit_mmap() has freed")
                return world._replace(reaped=True), None
        if self.users == 0:  # mmput, mmput_async, exit
            raise Wrong("torn", f"{verb} drops a user that is not there")
        world = world._replace(users=self.users - 1, exited=self.exited or verb == "exit")
        if world.users == 0:
            if verb == "mmput":
                world = world._replace(teardown=thread)
            world = world.drop()
        return world, None

    def drop(self) -> "World":
        if self.count == 0:
            raise Wrong("freed", "a reference is dropped that is not there")
        if self.count == 1 and self.users:
            raise Wrong("freed", "the last mm_count goes while there are users")
        return self._replace(count=self.count - 1)

    def over(self) -> Wrong | None:
        """What is wrong when no thread can go on."""
        if not self.queued:
            return Wrong("lost", "the mm is never queued, so it is never reaped")
        if not self.exited and not self.reaped:
            return Wrong("lost", "the victim cannot exit, and its memory is not reaped")
        if self.late:
            return Wrong("late", "the victim is gone, and its memory waited for the reaper")
        if self.teardown:
            return Wrong("teardown", f"{self.teardown} itself ran exit_mmap(), which may sleep")
        if self.exited and (self.users or self.count):
            return Wrong("leak", f"at the end mm_users is {self.users}, mm_count {self.count}")
        return None


FATAL = ("freed", "torn", "lost")  # a schedule with these never comes to its end


def demand(ask, draw, kinds: tuple, why: str, exits: bool = True) -> None:
    """No schedule may show one of these kinds, nor be fatal."""
    mm = f"mm@{draw.randrange(65536):04x}"
    threads: list[Thread | Event] = [
        Thread(ask, "killer", "oom_kill_process", [mm], KILLER),
        Thread(ask, "oom_reaper", "__oom_reap_task_mm", [mm], REAPER),
    ]
    if exits:
        threads.append(Event("victim", ("exit", mm)))
    found = first_wrong(World(), threads, lambda kind: kind in kinds or kind in FATAL)
    if found:
        sentence = why if found.kind in kinds else "Something worse happens first."
        raise CheckFailed(f"{sentence} On this schedule {found.sentence}.", "", found.rows)


@exercise.worth(2, "A victim that cannot exit is reaped")
def stuck_victim(ask, draw):
    demand(ask, draw, ("lost",), "The victim does not exit, so the reaper must act.", exits=False)


def works(ask, draw) -> None:
    """Taking no reference at all is safe for who does nothing."""
    demand(ask, draw, ("lost",), "A victim that cannot exit is not even reaped.", exits=False)


@exercise.worth(2, "The struct is there whenever it is touched")
def struct_is_there(ask, draw):
    works(ask, draw)
    demand(ask, draw, ("freed",), "A reference on mm_count must be taken while there still is one.")


@exercise.worth(2, "The VMAs are there while they are walked")
def vmas_are_there(ask, draw):
    works(ask, draw)
    demand(ask, draw, ("torn",), "mm_count does not keep VMAs; and a counter at 0 must stay at 0.")


@exercise.worth(1, "Waiting in the queue keeps no memory")
def waiting_keeps_nothing(ask, draw):
    works(ask, draw)
    demand(ask, draw, ("late",), "Who holds mm_users while it waits delays exit_mmap().")


@exercise.worth(1, "Neither the killer nor the reaper tears the address space down itself")
def no_teardown(ask, draw):
    works(ask, draw)
    demand(ask, draw, ("teardown",), "A last mmput may sleep; mmput_async leaves it to a worker.")


@exercise.worth(2, "Every reference that was taken is dropped again, on every path")
def all_dropped(ask, draw):
    works(ask, draw)
    demand(ask, draw, ("leak",), "What is never dropped is never freed.")
