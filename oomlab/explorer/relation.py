"""The transition relation on states that are numbers: what is enabled, and where it leads.

A step of a machine is a function of what it reads. So it is taken in the machine once, and
remembered as a decision tree: which cell it read first, what the value was, which cell next, and at
the end which values it wrote to which cells. The same holds for every question about a state. A
step or question that reads the same values again need not be run again; its answer is looked up.
This is exact, since reading is watched (restorable.py), and it is checked against plain replay
(audit.py).
"""

from array import array
from collections.abc import Callable, Hashable, Mapping
from types import FunctionType
from typing import Any, Protocol

from ..model.kernel import Kernel
from ..simulate.run import name_of
from ..simulate.scheduler import Entry, entry_of
from . import plain
from .canonical import Canonical
from .errors import ExplorerFault
from .restorable import Machine
from .state_vector import Cell

State = bytes


def wide(state: array, cells: int) -> array:
    """A state with a zero for each new cell."""
    return state + array("H", bytes(2 * (cells - len(state))))


def pack(state: array) -> State:
    """A state as it is kept: cells that it does not know yet have number 0."""
    return state.tobytes().rstrip(b"\0")


class Relation(Protocol):
    """What a search needs of a transition system.

    `start` is the first state. States are equal as values if and only if all futures and all
    answers are equal. enabled(state) gives the entries of a schedule that may be taken next, in a
    fixed order; successor(state, entry) the state after one of them; broken(state) whether the
    property is broken there. They may be called in any order, any number of times, and answer the
    same. ValueError: the user's program or property cannot be explored. ExplorerFault: our fault.
    """

    start: Hashable

    def enabled(self, state) -> list[Entry]: ...

    def successor(self, state, entry: Entry): ...

    def broken(self, state) -> bool: ...


class Tree:
    """What is known of one step or question. A node is (index of a cell, {its value: node})."""

    __slots__ = ("node", "constants")

    def __init__(self):
        self.node = None
        self.constants: set[Cell] = set()  # cells taken for constant

    def find(self, state: array):
        node = self.node
        while type(node) is tuple:
            node = node[1].get(state[node[0]])
        return node

    def learn(self, state: array, cells: list[Cell], leaf) -> None:
        path = [cell.index for cell in cells if cell.index is not None]
        self.constants.update([cell for cell in cells if cell.index is None])
        if not path:
            self.node = leaf
            return
        if self.node is None:
            self.node = (path[0], {})
        node = self.node
        for n, index in enumerate(path):
            if type(node) is not tuple or node[0] != index:
                raise ExplorerFault("the same step read something else the second time")
            last = n + 1 == len(path)
            following = node[1].get(state[index])
            if following is None or last:
                following = leaf if last else (path[n + 1], {})
                node[1][state[index]] = following
            node = following


class Answer:
    """A leaf: what a step writes, as (index, number), or what a question said; what it read."""

    __slots__ = ("value", "reads")

    def __init__(self, value, reads: list[Cell]):
        self.value, self.reads = value, reads


class Interned:
    """States of one machine, by number."""

    def __init__(
        self,
        build: Callable[[], Kernel],
        clock: str,
        question: Callable | None = None,
        monitor: Callable | None = None,
        shared: Mapping[int, object] = {},
    ):
        """`question`: of a state, which broken() asks. `monitor`: see Monitored, which asks it.

        `shared`: see Machine.
        """
        self.clock = clock
        asked = [f for f in (question, monitor) if f is not None]
        self.machine = Machine(build, clock, asked, shared)
        self.variable = self.machine.variable
        self.trees: dict[Hashable, Tree] = {}
        self.question = question
        self.name = f"the property {getattr(question, '__name__', '')}".rstrip()
        self.canonical = Canonical(self.machine, self.vary)
        self.unpacked: tuple[State, array] = (b"", array("H"))
        self.start = b""
        self.learned = 0  # steps that were run, since none before had read the same
        self.answer: Any = None  # the leaf that the last successor or question came to

    @property
    def entered(self) -> list[FunctionType]:
        """The generator functions that some step began."""
        return list(self.machine.values.threads.known)

    # ---------------------------------------------------------------- states as bytes
    def unpack(self, packed: State) -> array:
        """The numbers of all cells. New cells have number 0 in all states that were met before."""
        before, state = self.unpacked
        if before is not packed or len(state) != len(self.variable):
            state = array("H", packed.ljust(2 * len(self.variable), b"\0"))
            self.unpacked = packed, state
        return state

    # ---------------------------------------------------------------- the relation
    def enabled(self, packed: State) -> list[Entry]:
        return self.ask(packed, "enabled", self.which, "enabled")

    def which(self, kernel: Kernel) -> list[Entry]:
        return plain.enabled(kernel, self.clock)

    def broken(self, packed: State) -> bool:
        return self.ask(packed, "property", self.truth, self.name)

    def truth(self, kernel: Kernel) -> bool:
        assert self.question is not None, "asked only where there is a question"
        return bool(self.question(kernel))

    def words(self, packed: State, entry: Entry) -> dict[str, str]:
        """The step that this entry is about to take, as a property of traces is told."""

        def look(kernel: Kernel) -> dict[str, str]:
            pid, timer = entry_of(entry)
            task = plain.task_of(kernel, pid)
            if timer is not None:
                return {"task": task.name, "function": "run_timers", "does": f"timer {timer}"}
            verb, what = task.op or ("end", "")
            does = f"{verb} {name_of(what)}"
            return {"task": task.name, "function": self.machine.function_of(task), "does": does}

        return self.ask(packed, ("words", entry), look, "a step")

    def ask(self, packed: State, key: Any, question: Callable[[Kernel], object], name: str):
        state = self.unpack(packed)
        tree = self.trees.get(key)
        if tree is None:
            tree = self.trees[key] = Tree()
        answer = tree.find(state)
        if answer is None:
            ours = key == "enabled" or key[:1] == ("words",)
            said, reads = self.machine.ask(state, question, name, ours)
            answer = Answer(said, list(reads))
            tree.learn(wide(state, len(self.variable)), answer.reads, answer)
        self.answer = answer
        return answer.value

    def successor(self, packed: State, entry: Entry) -> State:
        return pack(self.after(packed, entry))

    def after(self, packed: State, entry: Entry) -> array:
        """The successor, not packed."""
        state = self.unpack(packed)
        tree = self.trees.get(entry)
        answer = None if tree is None else tree.find(state)
        if answer is None:
            answer = self.learn(state, entry)
            state = self.unpack(packed)
        self.answer = answer
        return self.canonical.after(state, answer.value)

    def known(self, packed: State, entry: Entry) -> Answer | None:
        """What a step does, if it was taken before where it read the same."""
        tree = self.trees.get(entry)
        return None if tree is None else tree.find(self.unpack(packed))

    def learn(self, state: array, entry: Entry) -> Answer:
        reads, writes = self.machine.step(state, entry)
        self.learned += 1
        constant = []
        for cell, value in writes.items():
            if cell.index is None:
                if cell.number(value) == 0:
                    constant.append(cell)
                else:
                    self.vary(cell)
        state = wide(state, len(self.variable))
        written = [
            (cell.index, cell.number(value))
            for cell, value in writes.items()
            if cell.index is not None
            and not (cell in reads and cell.number(value) == state[cell.index])
        ]
        self.canonical.stale = True
        answer = Answer(tuple(written), list(reads))
        tree = self.trees.setdefault(entry, Tree())
        tree.learn(state, answer.reads, answer)
        tree.constants.update(constant)
        return answer

    def vary(self, cell: Cell) -> None:
        """What was taken for constant is not: forget what was learned from that."""
        new = self.machine.vary(cell)
        self.trees = {k: tree for k, tree in self.trees.items() if tree.constants.isdisjoint(new)}
