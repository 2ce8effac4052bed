"""The transition relation on states that are numbers: what is enabled, and where it leads.

A step of a machine is a function of what it reads. So it is taken in the machine once, and
remembered as a decision tree: which cell it read first, what the value was, which cell next, and at
the end what it wrote to which. The same holds for every question about a state. A step or question
that reads the same values again need not be run again; its answer is looked up. This is exact,
since reading is watched (restored.py), and it is checked against plain replay (audit.py).
"""

from array import array
from collections.abc import Callable, Hashable, Iterator
from types import FunctionType
from typing import Protocol

from ..model.kernel import Kernel
from ..simulate.run import name_of
from ..simulate.scheduler import Entry, entry_of
from . import plain
from .compile import Refused
from .errors import ExplorerFault
from .objects import Cell, Thing
from .restored import ABSENT, Machine, moved

State = bytes
MOST_VALUES = 65_535  # of one cell


def wide(state: array, cells: int) -> array:
    """A state with a zero for each new cell."""
    return state + array("H", bytes(2 * (cells - len(state))))


class Relation(Protocol):
    """What a search needs of a transition system.

    `start` is the first state. States are equal as values if and only if all futures and all
    answers are equal. enabled(state) gives the entries of a schedule that may be taken next, in a
    fixed order; successor(state, entry) the state after one of them; holds(state) whether the
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
    """A leaf: what a step writes, as (index, number), or what a question said."""

    __slots__ = ("value",)

    def __init__(self, value):
        self.value = value


class Interned:
    """States of one machine, by number."""

    def __init__(self, build: Callable[[], Kernel], clock: str, question: Callable | None = None):
        self.clock = clock
        self.machine = Machine(build, clock, [question] if question is not None else [])
        self.variable = self.machine.variable
        self.trees: dict[Hashable, Tree] = {}
        self.question = question
        self.name = f"the property {getattr(question, '__name__', '')}".rstrip()
        self.forms: dict[tuple, tuple] = {}
        self.cells, self.stale = 0, True
        self.referring: dict[int, list[int]] = {}  # the cells that lead to loose things, and where
        self.leading: dict[Thing, None] = {}  # the things that those are cells of
        self.fixed: set[Thing] = set()
        self.leads: dict[int, list[int]] = {}  # of a cell: the number of what each value refers to
        self.kinds: dict[tuple[Thing, ...], int] = {(): 0}
        self.roots = [self.machine.root, *self.machine.closure.roots]
        self.unpacked: tuple[State, array] = (b"", array("H"))
        self.start = b""
        self.learned = 0  # steps that were run, since none before had read the same

    @property
    def entered(self) -> list[FunctionType]:
        """The generator functions that some step began."""
        return list(self.machine.values.threads.known)

    # ---------------------------------------------------------------- states as bytes
    def pack(self, state: array) -> State:
        return state.tobytes().rstrip(b"\0")

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
        return bool(self.question(kernel))

    def words(self, packed: State, entry: Entry) -> dict[str, str]:
        """The step that this entry is about to take, as a property of traces is told."""

        def look(kernel: Kernel) -> dict[str, str]:
            pid, timer = entry_of(entry)
            task = next(t for t in kernel.tasks if t.pid == pid)
            if timer is not None:
                return {"task": task.name, "function": "run_timers", "does": f"timer {timer}"}
            verb, what = task.op or ("end", "")
            does = f"{verb} {name_of(what)}"
            return {"task": task.name, "function": self.machine.function_of(task), "does": does}

        return self.ask(packed, ("words", entry), look, "a step")

    def ask(self, packed: State, key: Hashable, question: Callable[[Kernel], object], name: str):
        state = self.unpack(packed)
        tree = self.trees.get(key)
        if tree is None:
            tree = self.trees[key] = Tree()
        answer = tree.find(state)
        if answer is None:
            said, reads = self.machine.ask(state, question, name)
            answer = Answer(said)
            tree.learn(wide(state, len(self.variable)), list(reads), answer)
        return answer.value

    def successor(self, packed: State, entry: Entry) -> State:
        state = self.unpack(packed)
        tree = self.trees.get(entry)
        answer = None if tree is None else tree.find(state)
        if answer is None:
            answer = self.learn(state, entry)
            state = self.unpack(packed)
        return self.after(state, answer).tobytes().rstrip(b"\0")

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
        if any(number > MOST_VALUES for _, number in written):
            raise Refused(f"some attribute has more than {MOST_VALUES} values: it counts for ever")
        self.stale = True
        answer = Answer(tuple(written))
        tree = self.trees.setdefault(entry, Tree())
        tree.learn(state, list(reads), answer)
        tree.constants.update(constant)
        return answer

    def vary(self, cell: Cell) -> None:
        """What was taken for constant is not: forget what was learned from that."""
        self.machine.vary(cell)
        self.trees = {key: t for key, t in self.trees.items() if cell not in t.constants}

    # ---------------------------------------------------------------- one name for equal states
    def after(self, state: array, answer: Answer) -> array:
        """The state after these writes, in its canonical form.

        Which loose things can be reached, and in which order, depends on the cells that refer to
        them and on no others. So what is to be done is remembered by those: the shape of a state.
        """
        if self.stale:
            self.look_at_cells()
        new, referring, same = state[:], self.referring, True
        for index, number in answer.value:
            if index in referring:
                leads = referring[index]
                same = same and leads[new[index]] == leads[number]
            new[index] = number
        if same:
            return new  # the shape is what it was, and so all stands where it should
        shape = tuple([leads[new[index]] for index, leads in referring.items()])
        form = self.forms.get(shape)
        if form is None:
            form = self.forms[shape] = self.form(new)
        forgotten, places, known = form
        for index in forgotten:
            new[index] = 0
        return new if places is None else self.arranged(new, places, known)

    def look_at_cells(self) -> None:
        """Steps were learned: what is fixed, and which cells refer to loose things, and to which?

        A thing is fixed if constants lead to it from the roots, else it is loose.
        """
        self.stale = False
        if len(self.variable) != self.cells:
            self.cells = len(self.variable)
            self.fixed = {*self.roots, *self.fixed_things()}
            self.leads = {}
            self.forms.clear()
        referring = {}
        for cell in self.variable:
            if cell.refers:
                leads = self.leads.setdefault(cell.index, [])
                for mentions in cell.mentions[len(leads) :]:
                    loose = tuple([t for t in mentions if t not in self.fixed])
                    leads.append(self.kinds.setdefault(loose, len(self.kinds)))
                if any(leads):
                    referring[cell.index] = leads
        if len(referring) != len(self.referring):
            self.forms.clear()
        self.referring = referring
        self.leading = {self.variable[index].thing: None for index in referring}

    def fixed_things(self) -> Iterator[Thing]:
        todo = list(self.roots)
        found = set(todo)
        for thing in todo:  # grows
            for cell in thing.cells.values():
                if cell.index is None:
                    for other in cell.mentions[0]:
                        if other not in found:
                            found.add(other)
                            todo.append(other)
                            yield other

    def form(self, state: array) -> tuple[tuple[int, ...], dict[Thing, Thing] | None, dict]:
        """The cells of things that nothing leads to, and where the made things are to stand.

        Made things stand in the order in which one comes to them from the static ones, and that
        order never changes, whatever else is learned. None: they do so.
        """

        def led_to(thing: Thing) -> Iterator[Thing]:
            for cell in thing.cells.values():
                if cell.refers:
                    yield from cell.mentions[0 if cell.index is None else state[cell.index]]

        anchors = [thing for thing in self.leading if thing in self.fixed]
        found: dict[Thing, None] = {}
        todo = list(anchors)
        for thing in todo:  # grows
            new = dict.fromkeys([t for t in led_to(thing) if t not in self.fixed])
            todo.extend([t for t in new if t not in found])
            found.update(new)
        machine = self.machine
        pools = {thing: pool for pool in machine.pools.values() for thing in pool}
        every = [*[thing for thing in machine.static if thing not in self.fixed], *pools]
        lost = [c.index for t in every if t not in found for c in t.cells.values()]
        begin = [*anchors, *[thing for thing in found if not thing.made]]
        order = dict.fromkeys(sorted(begin, key=machine.static.__getitem__))
        todo = list(order)
        for thing in todo:  # grows
            new = dict.fromkeys([t for t in led_to(thing) if t.made and t not in order])
            todo.extend(new)
            order.update(new)
        used: dict[int, int] = {}
        places: dict[Thing, Thing] = {}
        for thing in order:
            if thing.made:
                pool = pools[thing]
                slot = used[id(pool)] = used.get(id(pool), -1) + 1
                places[thing] = pool[slot]
        moved_ = any(thing is not place for thing, place in places.items())
        return tuple([i for i in lost if i is not None]), places if moved_ else None, {}

    def arranged(self, state: array, places: dict[Thing, Thing], known: dict) -> array:
        """Each made thing in its place. `known`: what became of a cell's value the last time."""
        new = state[:]
        for thing, place in places.items():
            if thing is not place:
                for cell in (*thing.cells.values(), *place.cells.values()):
                    new[cell.index] = 0
        for index in self.referring:
            cell, number = self.variable[index], state[index]
            if not cell.thing.made and not places.keys().isdisjoint(cell.mentions[number]):
                new[index] = self.put_there(cell, number, cell, places, known)
        for thing, place in places.items():
            for name, cell in thing.cells.items():
                number = state[cell.index]
                if thing is place and not cell.mentions[number]:
                    continue
                if cell.values[number] is not ABSENT:
                    if name not in place.cells:
                        self.vary(self.machine.cell_of(place, name))
                        new.append(0)
                    there = place.cells[name]
                    new[there.index] = self.put_there(cell, number, there, places, known)
        return new

    def put_there(self, cell: Cell, number: int, there: Cell, places: dict, known: dict) -> int:
        """The number that a value of one cell has in another, once things stand elsewhere."""
        key = cell.index, number
        if key not in known:
            value = cell.values[number]
            if not places.keys().isdisjoint(cell.mentions[number]):
                value = moved(value, places)
            known[key] = there.number(value)
            self.stale = True
        return known[key]
