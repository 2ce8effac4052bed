"""Did a step change something without a write that was noted? Then it is refused.

Reads and writes are seen at the objects (watch.py). A function of C may go past them, and a step
may change a global. So after each of the first steps, and now and then later, every attribute of
every object of the start is looked at.
"""

from array import array
from collections.abc import Callable, Collection
from operator import is_
from typing import Any

from ..simulate.fingerprint import is_slot
from .classes import has
from .closure import Closure
from .errors import Refused
from .frames import UNSET
from .state_vector import CONTAINERS, CONTENT, EXISTS, THREAD, Cell, Thing
from .watch import still

CHECKED = 300  # steps after each of which everything is looked at
SOMETIMES = 64  # and one of so many after that


class Unnoted:
    """The looks at one machine."""

    def __init__(
        self,
        closure: Closure,
        things: Collection[Thing],
        variable: list[Cell],
        value_of: Callable[[Cell], Any],
    ):
        """`things`: those of the start. `variable`: the cells of a state, as they become known.

        `value_of`: what a cell's object holds now, as a value.
        """
        self.closure, self.things, self.variable = closure, things, variable
        self.value_of = value_of
        self.steps, self.size = 0, (-1, -1)  # size: how many cells vary, and how many there are
        self.fixed: list[Fixed] = []
        self.others: list[Cell] = []  # that have to be looked at one by one

    def check(self, state: array, writes: dict) -> None:
        """After a step from `state` that wrote to these cells. Refused if others changed, too."""
        what = self.closure.changed()
        if what is not None:
            use = "use an attribute of an object"
            raise Refused(f"a step changes {what}, which is no part of the machine: {use}")
        self.steps += 1
        if self.steps > CHECKED and self.steps % SOMETIMES:
            return
        size = len(self.variable), sum([len(thing.cells) for thing in self.things])
        if size != self.size:
            self.size = size
            self.look_at_all(state, writes)
            return
        for fixed in self.fixed:
            if not fixed.same():
                self.look_at(fixed.cells, state, writes)
        self.look_at(self.others, state, writes)

    def look_at_all(self, state: array, writes: dict) -> None:
        """Look at each cell, and note what those hold that never changed."""
        self.fixed, self.others = [], []
        for thing in self.things:
            cells = [cell for cell in thing.cells.values() if cell.name not in (THREAD, EXISTS)]
            self.look_at(cells, state, writes)
            constant = [cell for cell in cells if cell.index is None and cell not in writes]
            if type(thing.object) not in CONTAINERS:
                constant = [cell for cell in constant if in_a_slot(thing.object, cell.name)]
            if constant:
                self.fixed.append(Fixed(thing.object, constant))
            self.others += [cell for cell in cells if cell not in constant]

    def look_at(self, cells: list[Cell], state: array, writes: dict) -> None:
        for cell in cells:
            number = state[cell.index] if cell.index is not None else 0
            if cell not in writes and (number != 0 or cell.index is None):
                if not self.has_value(cell, cell.values[number]):
                    raise Refused(f"a step changes {cell} behind the explorer's back")

    def has_value(self, cell: Cell, value) -> bool:
        """Does the object hold this value? The usual kinds are compared without encoding."""
        kind, held = type(value), cell.thing.object
        if cell.name != CONTENT and (kind is int or kind is str or kind is Thing):
            now = object.__getattribute__(held, cell.name) if has(held, cell.name) else UNSET
            return now is value.object if kind is Thing else type(now) is kind and now == value
        return self.value_of(cell) == value


class Fixed:
    """What some cells of one object hold, which never changed; asked without being watched."""

    def __init__(self, held, cells: list[Cell]):
        self.held, self.cells = held, cells
        self.contained = type(held) in CONTAINERS
        self.slots = []
        if not self.contained:
            self.slots = [getattr(type(held), cell.name).__get__ for cell in cells]
        self.before = self.now()

    def now(self) -> tuple:
        held = self.held
        if self.contained:
            return tuple(held.items() if type(held) is dict else held)
        return tuple([slot(held) for slot in self.slots])

    def same(self) -> bool:
        """Are they the very same objects? If not sure, no."""
        if self.contained:
            return still(self.held, self.before)
        try:
            return all(map(is_, self.now(), self.before))
        except AttributeError:  # one has no value any more
            return False


def in_a_slot(held, name: str) -> bool:
    """Does an object hold this in a slot, so that one can ask the slot?"""
    kind: Any = type(held)
    return is_slot(getattr(kind, name, None)) and has(held, name)
