"""The machine that a student's hand-off runs on: slots, locks, counts, and one step of a thread.

A student's generator yields operations as plain tuples, and is sent plain results. The slots,
lists, locks and reference counts that these operations act on live here, in the deciding process.
What a generator does next depends on what it was sent, and on nothing else: so each thread is a
tree, result by result, that is asked for once and then never again. All schedules are explored on
these trees. There is no claim that could be forged: whatever the other side answers defines a
program, and that program is judged.

Threads: one killer for each victim, which calls wake_oom_reaper(mm) while it holds a reference of
its own; the oom_reaper; and, if asked for, the exit of each victim. Killers begin in the order of
their victims: they are alike.
"""

from typing import NamedTuple

from ..asking import Ask, CheckFailed, operands

MOST_OPERATIONS = 60  # of one thread
REAPER = -1
RUN, BLOCKED, ENDED = "run", "blocked", "ended"

OPERATIONS = {  # name: number of operands
    "read": 1,
    "write": 2,
    "cmpxchg": 3,
    "xchg": 2,
    "push": 2,
    "append": 2,
    "pop": 1,
    "lock": 1,
    "unlock": 1,
    "wait_event": 1,
    "wake_up": 0,
    "sleep": 0,
    "mmgrab": 1,
    "mmdrop": 1,
    "reap": 1,
}


class AnswerTree:
    """One thread as a tree of results: positions are numbers, each with its next operation."""

    def __init__(self, ask: Ask, function: str, args: list):
        self.ask, self.function, self.args = ask, function, args
        self.histories: list[list] = [[]]
        self.children: dict[tuple, int] = {}
        self.operations: dict[int, tuple | None] = {}

    def operation(self, position: int) -> tuple | None:
        """What it does next, or None if it has ended."""
        if position not in self.operations:
            answer = self.ask.step(self.function, self.args, self.histories[position])
            done = "op" not in answer
            self.operations[position] = None if done else self.well_formed(answer["op"])
        return self.operations[position]

    def well_formed(self, op) -> tuple:
        if isinstance(op, str):
            op = [op]
        known = ", ".join(OPERATIONS)
        if type(op) is not list or not op or str(op[0]) not in OPERATIONS:
            raise CheckFailed(
                f"`{self.function}` yielded something that is no operation. There are: {known}.",
                f"it yielded {op!r}",
            )
        if len(op) - 1 != OPERATIONS[op[0]]:
            raise CheckFailed(operands(op[0], OPERATIONS[op[0]]), f"it yielded {tuple(op)!r}")
        if not all(x is None or type(x) in (str, int, bool) and len(str(x)) < 64 for x in op):
            raise CheckFailed("The operands are names and mm handles.", f"it yielded {tuple(op)!r}")
        if len(op) > 1 and not op[0].startswith(("mm", "reap")) and type(op[1]) is not str:
            raise CheckFailed("A slot, a list or a lock has a name.", f"it yielded {tuple(op)!r}")
        # As in C: True is 1. Else two states that differ to the student would be equal to us.
        return tuple(int(operand) if type(operand) is bool else operand for operand in op)

    def after(self, position: int, result) -> int:
        """The position after the operation here gave this result."""
        key = (position, repr(result))
        if key not in self.children:
            if len(self.histories[position]) >= MOST_OPERATIONS:
                raise CheckFailed(
                    f"`{self.function}` made {MOST_OPERATIONS} operations and is not done: "
                    "wait with `wait_event`, do not spin."
                )
            self.children[key] = len(self.histories)
            self.histories.append([*self.histories[position], result])
        return self.children[key]


class State(NamedTuple):
    """Everything that decides the future; hashable."""

    things: tuple  # sorted (name, value) of what is not empty; lists are tuples
    owners: tuple  # sorted (lock, thread)
    positions: tuple  # of each killer, then the reaper; None: not begun, or ended
    asleep: str | None  # what the reaper sleeps on: "event", "sleep"
    begun: int  # killers so far
    reaping: str | None  # the mm that the reaper is at work on
    reaped: frozenset
    counts: tuple  # references of each mm
    exited: frozenset
    looked: tuple  # `things` at the reaper's last timed sleep


class Violation(Exception):
    """What must not happen did; `kind` says which property it belongs to."""

    def __init__(self, kind: str, sentence: str):
        super().__init__(sentence)
        self.kind, self.sentence = kind, sentence


class AtomicsMachine:
    """Some victims, the functions of one student, and whether victims may exit by themselves."""

    def __init__(self, ask: Ask, handles: list[str], exits: bool):
        self.mms, self.exits = handles, exits
        self.trees = [AnswerTree(ask, "wake_oom_reaper", [mm]) for mm in handles]
        self.trees.append(AnswerTree(ask, "oom_reaper", []))

    def boot(self) -> State:
        n = len(self.mms)
        return State(
            (), (), (None,) * n + (0,), None, 0, None, frozenset(), (1,) * n, frozenset(), ()
        )

    def quiet(self) -> None:
        """Before any task is killed the reaper must come to rest; CheckFailed if it does not."""
        s = self.boot()
        for _ in range(12):
            if s.asleep or s.positions[REAPER] is None or self.blocked(s, REAPER):
                return
            try:
                s, _ = self.step(s, REAPER)
            except Violation:
                return  # some schedule will show it
        raise CheckFailed(
            "`oom_reaper` goes on and on although no task was killed: wait with `wait_event`, "
            "do not spin."
        )

    def threads(self, s: State) -> list[int]:
        """Who can take a step: killers 0, 1, ..., REAPER, and exits as n, n+1, ..."""
        n = len(self.mms)
        able = [i for i in range(s.begun) if s.positions[i] is not None and not self.blocked(s, i)]
        if s.begun < n:
            able.append(s.begun)
        if s.positions[REAPER] is not None and s.asleep is None and not self.blocked(s, REAPER):
            able.append(REAPER)
        if self.exits:
            able += [n + i for i in range(s.begun) if i not in s.exited]
        return able

    def blocked(self, s: State, thread: int) -> bool:
        op = self.trees[thread].operation(s.positions[thread])
        return op is not None and op[0] == "lock" and any(name == op[1] for name, _ in s.owners)

    def next_of(self, s: State, thread: int) -> tuple:
        """What a thread is about to do, for the reader."""
        n = len(self.mms)
        if thread >= n:
            return "exit", self.mms[thread - n]
        if thread == s.begun:
            return "kill", self.mms[thread]
        return self.trees[thread].operation(s.positions[thread]) or ("return",)

    def step(self, s: State, thread: int) -> tuple[State, tuple]:
        """The state after one step of a thread, and (operation, result)."""
        n = len(self.mms)
        if thread >= n:
            i = thread - n
            after = self.count(s, i, -1, "exit")
            return after._replace(exited=s.exited | {i}), (("exit", self.mms[i]), None)
        if thread == s.begun:  # SIGKILL and the mark; the killer holds the mm from here on
            after = self.count(s, thread, +1, "kill")
            after = self.settle(after._replace(begun=thread + 1), thread, 0)
            return after, (("kill", self.mms[thread]), None)
        op = self.trees[thread].operation(s.positions[thread])
        if op is None:  # only the reaper's very first position can have ended at once
            return self.settle(s, thread, s.positions[thread]), (("return",), None)
        if op[0] == "reap" and s.reaping is None:
            return self.start_reaping(s, thread, op[1]), (("reap", op[1]), "begins")
        s, result, waits = self.perform(s, thread, op)
        if waits:
            return s._replace(asleep=op[0]), (op, "sleeps")
        return self.settle(s, thread, self.trees[thread].after(s.positions[thread], result)), (
            op,
            result,
        )

    def settle(self, s: State, thread: int, position: int) -> State:
        """The thread stands there now; a killer that has ended drops its reference."""
        ended = self.trees[thread].operation(position) is None
        positions = list(s.positions)
        positions[thread] = None if ended else position
        s = s._replace(positions=tuple(positions))
        return self.count(s, thread, -1, "the killer's end") if ended and thread != REAPER else s

    def start_reaping(self, s: State, thread: int, mm) -> State:
        if thread != REAPER:
            raise Violation(
                "sleeps",
                "wake_oom_reaper() reaps by itself: it holds oom_lock, and all killers wait",
            )
        i = self.index(mm)
        if i >= s.begun:
            raise Violation("lost", "an mm is reaped whose task was not killed")
        if s.counts[i] == 0:
            raise Violation("freed", f"oom_reaper() reaps victim {i + 1}'s mm after it was freed")
        return s._replace(reaping=mm)

    def index(self, mm) -> int:
        if mm not in self.mms:
            raise CheckFailed(
                "reap, mmgrab and mmdrop take an mm that was handed to wake_oom_reaper.",
                f"it used {mm!r}",
            )
        return self.mms.index(mm)

    def count(self, s: State, i: int, change: int, who: str) -> State:
        if s.counts[i] == 0:
            what = "takes a reference on" if change > 0 else "drops a reference of"
            raise Violation("freed", f"{who} {what} victim {i + 1}'s mm after it was freed")
        counts = (*s.counts[:i], s.counts[i] + change, *s.counts[i + 1 :])
        return s._replace(counts=counts)

    def perform(self, s: State, thread: int, op: tuple) -> tuple[State, object, bool]:
        """(state, result, does it fall asleep?)"""
        verb, *given = op
        things = dict(s.things)
        if verb == "reap":
            s = s._replace(reaping=None, reaped=s.reaped | {given[0]})
            return s, None, False
        if verb in ("mmgrab", "mmdrop"):
            change = 1 if verb == "mmgrab" else -1
            return self.count(s, self.index(given[0]), change, verb), None, False
        if verb in ("lock", "unlock"):
            return self.locking(s, thread, verb, given[0]), None, False
        if verb == "wake_up":
            return s._replace(asleep=None if s.asleep == "wait_event" else s.asleep), None, False
        if verb in ("wait_event", "sleep"):
            if thread != REAPER:
                raise Violation("sleeps", "wake_oom_reaper() falls asleep while it holds oom_lock")
            if any(owner == thread for _, owner in s.owners):
                raise Violation("sleeps", "oom_reaper() falls asleep while it holds a spinlock")
            if verb == "wait_event":
                return s, None, not things.get(given[0])
            # It ends by itself. To look again is worth a step only if something has changed.
            return s._replace(looked=s.things), None, s.things == s.looked
        return self.change(s, things, verb, given)

    def locking(self, s: State, thread: int, verb: str, name: str) -> State:
        owners = dict(s.owners)
        if verb == "lock":
            owners[name] = thread
        elif owners.pop(name, None) != thread:
            raise CheckFailed(
                f"{self.trees[thread].function} unlocks a lock that it does not hold."
            )
        return s._replace(owners=tuple(sorted(owners.items())))

    def change(self, s: State, things: dict, verb: str, given: list):
        name, *values = given
        old = things.get(name)
        if verb in ("push", "append", "pop"):
            if old is not None and not isinstance(old, tuple):
                raise CheckFailed("One name is used as a slot and as a list.", f"it is {name!r}")
            queue, result = list(old or ()), None
            if verb == "pop":
                result = queue.pop(0) if queue else None
            else:
                queue.insert(0 if verb == "push" else len(queue), values[0])
            new = tuple(queue) or None
        elif isinstance(old, tuple):
            raise CheckFailed("One name is used as a list and as a slot.", f"it is {name!r}")
        else:
            result = None if verb == "write" else old
            new = old if verb == "read" or verb == "cmpxchg" and old != values[0] else values[-1]
        things[name] = new
        kept = tuple(sorted((k, v) for k, v in things.items() if v is not None))
        if s.asleep == "sleep" and kept != s.things:
            s = s._replace(asleep=None)  # a timed sleep ends by itself: look again
        return s._replace(things=kept), result, False
