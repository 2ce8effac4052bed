"""Level 4: a killer in user space kills all of a cgroup, and takes the memory (884a7e5964e0).

    kill_cgroup()    a generator: what the daemon does from the moment at which it has to act

Meanwhile the processes of the cgroup run on: they fork, exit by themselves, share memory, and may
live on for a while after SIGKILL. Errors are those of process_mrelease(2): a process that uses the
same memory and has no SIGKILL makes it EINVAL (K 5.15 process_mrelease, task_will_free_mem).
"""

from dataclasses import dataclass

from ..asking import CheckFailed, operands
from ..exercise import Exercise

exercise = Exercise("kill-cgroup", 4, "Kill a whole cgroup", "kill_cgroup")
OPERATIONS = {"procs": 0, "SIGKILL": 1, "process_mrelease": 1}
MOST_OPERATIONS = 40


@dataclass
class Process:
    """One process of the cgroup. `forks`, `exits`: after which operation it does so by itself.

    `needs`: so many operations of the daemon it needs to exit when it is killed.
    """

    pid: int
    mm: str
    stays: bool = False  # it sleeps in a device, and does not exit though it has SIGKILL
    needs: int = 3
    forks: int | None = None
    exits: int | None = None
    killed: int | None = None  # at which operation
    gone: bool = False


class DaemonRun:
    """What the student's daemon does with these processes, to its end or to 40 operations."""

    def __init__(self, ask, processes: list[Process], unborn: list[Process] | None = None):
        self.processes, self.unborn = processes, list(unborn or ())
        self.released: set[str] = set()
        self.rows: list[dict] = []
        self.ended = False
        history: list = []
        while len(history) < MOST_OPERATIONS:
            answer = ask.step("kill_cgroup", [], history)
            if "op" not in answer:
                self.ended = True
                return
            op = operation(answer["op"])
            result = self.perform(op, len(history))
            self.tell("daemon", called(op), '""' if result == "" else str(result))
            history.append(result)
            self.run_on(len(history))

    def perform(self, op: list, now: int):
        if op[0] == "procs":
            return [each.pid for each in self.processes if not each.gone]
        here = [each for each in self.processes if each.pid == op[1] and not each.gone]
        if op[0] == "SIGKILL":
            for each in here:
                each.killed = now if each.killed is None else each.killed
            return bool(here)
        if not here:
            return "ESRCH"
        mm = here[0].mm
        if mm not in self.released:
            if any(each.killed is None for each in self.users(mm)):
                return "EINVAL"
            self.released.add(mm)
        return ""

    def run_on(self, now: int) -> None:
        """What the processes do after the daemon's operation number `now`."""
        for each in list(self.processes):
            if each.gone:
                continue
            if each.killed is not None and not each.stays and now - each.killed >= each.needs:
                each.gone = True
                self.tell(f"process {each.pid}", "exit")
            elif each.killed is None and each.exits == now:
                each.gone = True
                self.tell(f"process {each.pid}", "exit by itself")
            elif each.killed is None and each.forks == now and self.unborn:
                child = self.unborn.pop(0)
                self.processes.append(child)
                self.tell(f"process {each.pid}", "fork", f"process {child.pid}")

    def users(self, mm: str) -> list[Process]:
        return [each for each in self.processes if each.mm == mm and not each.gone]

    def alive(self) -> list[int]:
        return [each.pid for each in self.processes if each.killed is None and not each.gone]

    def held(self) -> list[str]:
        """The address spaces that still have their memory."""
        return sorted({each.mm for each in self.processes if not each.gone} - self.released)

    def tell(self, thread: str, does: str, result: str = "") -> None:
        row = {"thread": thread, "does": does, "result": result, "says": "", "mail": ""}
        self.rows.append(row)

    def wrong(self, sentence: str) -> CheckFailed:
        end = {"thread": "", "does": "", "result": "", "says": sentence, "mail": ""}
        return CheckFailed(sentence, "", [*self.rows, end])

    def demand_dead(self, sentence: str) -> None:
        if self.alive():
            raise self.wrong(sentence)

    def demand_free(self, sentence: str) -> None:
        if self.alive() or self.held():
            raise self.wrong(sentence)


def operation(op) -> list:
    """As a list; CheckFailed if it is none that the daemon has."""
    op = [op] if type(op) is str else op
    if type(op) is not list or not op or str(op[0]) not in OPERATIONS:
        raise CheckFailed(
            "`kill_cgroup` yielded something that is no operation. There are: "
            f"{', '.join(OPERATIONS)}."
        )
    if len(op) - 1 != OPERATIONS[op[0]]:
        raise CheckFailed(operands(op[0], OPERATIONS[op[0]]))
    if op[1:] and type(op[1]) is not int:
        raise CheckFailed(f"The operand of `{op[0]}` is a pid, a whole number.")
    return op


def called(op: list) -> str:
    return f"{op[0]}({', '.join(map(str, op[1:]))})"


def drawn(draw, *kinds: dict) -> list[Process]:
    """Processes of these kinds; each has an address space of its own if none is said."""
    pids = draw.sample(range(1000, 10**6), len(kinds))
    own = draw.sample(range(65536), len(kinds))
    pairs = zip(pids, own, kinds, strict=True)
    return [Process(pid, **{"mm": f"mm@{n:04x}", **kind}) for pid, n, kind in pairs]


@exercise.worth(2, "All processes of the cgroup get SIGKILL")
def all_killed(ask, draw):
    for number in (1, 3, 5):
        run = DaemonRun(ask, drawn(draw, *({} for _ in range(number))))
        run.demand_dead("A process of the cgroup is alive, and has no SIGKILL.")


@exercise.worth(2, "The memory of one that cannot exit comes free")
def memory_comes_free(ask, draw):
    for kinds in (({"stays": True},), ({"stays": True}, {}, {"stays": True})):
        run = DaemonRun(ask, drawn(draw, *kinds))
        run.demand_free(
            "A process that cannot exit still has its memory: SIGKILL does not take it."
        )


@exercise.worth(2, "Also if two processes use one address space")
def shared_memory(ask, draw):
    stays, quick = {"mm": "shared", "stays": True}, {"mm": "shared", "needs": 1}
    for pair in ((stays, stays), (stays, quick), (quick, stays)):
        run = DaemonRun(ask, drawn(draw, *pair, {}))
        run.demand_free(
            "Two processes share their memory. As long as one of them has no SIGKILL it may look "
            "at it, and process_mrelease says EINVAL."
        )


@exercise.worth(3, "A child that is forked meanwhile is not left over")
def no_child_is_left(ask, draw):
    for first in range(1, 7):
        for second in (None, first + 1, first + 2):
            run = DaemonRun(
                ask,
                drawn(draw, {}, {"forks": first, "stays": True}),
                drawn(draw, {"forks": second}, {"stays": True}),
            )
            run.demand_free(
                "A process forked after the list was read, and before it had SIGKILL: its child "
                "is not in that list."
            )


@exercise.worth(1, "One that exits by itself meanwhile stops nothing")
def gone_meanwhile(ask, draw):
    for when in range(1, 5):
        run = DaemonRun(ask, drawn(draw, {"exits": when}, {}, {"exits": 1}, {"stays": True}))
        run.demand_free("One process had gone by itself; the others are not all dealt with.")


@exercise.worth(2, "The daemon does not wait for a process that cannot exit")
def it_ends(ask, draw):
    run = DaemonRun(ask, drawn(draw, {"stays": True}, {}))
    run.demand_dead("A process of the cgroup is alive, and has no SIGKILL.")
    if not run.ended:
        raise run.wrong(
            f"After {MOST_OPERATIONS} operations it is not done. A process that was killed may "
            "stay in the list for ever, so the daemon must not wait until it has gone."
        )
