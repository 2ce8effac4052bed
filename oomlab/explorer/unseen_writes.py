"""Did a step change something without a write that was noted? Then it is refused.

Reads and writes are seen at the objects (watch.py). A function of C may go past them, and a step
may change a global. So after each of the first steps, and now and then later, every attribute of
every object of the start is looked at.
"""

from array import array
from collections.abc import Callable, Collection
from operator import is_
from typing import Any

from .closure import Closure
from .errors import Refused
from .frames import UNSET
from .objects import has, is_slot
from .state_vector import CONTENT, EXISTS, THREAD, Cell, Thing

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
        self.constant: list[Constant] = []
        self.others: list[Cell] = []

    def check(self, state: array, writes: dict) -> None:
        """After a step from `state` that wrote to these cells. Refused if others changed, too."""
        what = self.closure.changed()
        if what is not None:
            raise Refused(f"a step changes {what}, which is no part of the machine")
        self.steps += 1
        if self.steps > CHECKED and self.steps % SOMETIMES:
            return
        size = len(self.variable), sum([len(thing.cells) for thing in self.things])
        if size != self.size:
            self.size = size
            self.look_at_cells()
        for constant in self.constant:
            if not constant.same():
                self.check_cells(constant.cells, state, writes)
        self.check_cells(self.others, state, writes)

    def look_at_cells(self) -> None:
        """Which cells never changed and can be compared all at once, and which are the others?"""
        self.constant, self.others = [], []
        for thing in self.things:
            kind: Any = type(thing.object)
            plain = []
            for cell in thing.cells.values():
                if cell.index is None and is_slot(kind, cell.name) and cell.name != THREAD:
                    if type(cell.values[0]) in (int, str, Thing, type(None)):
                        plain.append(cell)
                        continue
                if cell.name not in (THREAD, EXISTS):
                    self.others.append(cell)
            if plain:
                self.constant.append(Constant(thing.object, plain))

    def check_cells(self, cells: list[Cell], state: array, writes: dict) -> None:
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


class Constant:
    """The slots of one object that never changed."""

    def __init__(self, held, cells: list[Cell]):
        self.held, self.cells = held, cells
        self.slots = [getattr(type(held), cell.name).__get__ for cell in cells]
        values = [cell.values[0] for cell in cells]
        self.values = [value.object if type(value) is Thing else value for value in values]

    def same(self) -> bool:
        """Do they hold the very same objects? If not sure, no."""
        held = self.held
        try:
            return all(map(is_, [slot(held) for slot in self.slots], self.values))
        except AttributeError:  # one has no value any more
            return False
