"""Did a step change something without a write that was noted? Then it is refused.

Reads and writes are seen at the objects (watch.py). A function of C may go past them, and a step
may change a global. So after each of the first steps, and now and then later, every attribute of
every object of the start is looked at.
"""

from array import array
from collections.abc import Callable, Iterable
from typing import Any

from .closure import Closure
from .errors import Refused
from .frames import UNSET
from .objects import has
from .state_vector import CONTENT, EXISTS, THREAD, Cell, Thing

CHECKED = 300  # steps after each of which everything is looked at
SOMETIMES = 64  # and one of so many after that


class Unnoted:
    """The looks at one machine."""

    def __init__(self, closure: Closure, things: Iterable[Thing], value_of: Callable[[Cell], Any]):
        """`things`: those of the start. `value_of`: what a cell's object holds now, as a value."""
        self.closure, self.things, self.value_of = closure, things, value_of
        self.steps = 0

    def check(self, state: array, writes: dict) -> None:
        """After a step from `state` that wrote to these cells. Refused if others changed, too."""
        what = self.closure.changed()
        if what is not None:
            raise Refused(f"a step changes {what}, which is no part of the machine")
        self.steps += 1
        if self.steps > CHECKED and self.steps % SOMETIMES:
            return
        for thing in self.things:
            for cell in thing.cells.values():
                if cell not in writes and cell.name not in (THREAD, EXISTS):
                    number = state[cell.index] if cell.index is not None else 0
                    if number != 0 or cell.index is None:
                        if not self.has_value(cell, cell.values[number]):
                            raise Refused(f"a step changes {cell} behind the explorer's back")

    def has_value(self, cell: Cell, value) -> bool:
        """Does the object hold this value? The usual kinds are compared without encoding."""
        kind, held = type(value), cell.thing.object
        if cell.name != CONTENT and (kind is int or kind is str or kind is Thing):
            now = object.__getattribute__(held, cell.name) if has(held, cell.name) else UNSET
            return now is value.object if kind is Thing else type(now) is kind and now == value
        return self.value_of(cell) == value
