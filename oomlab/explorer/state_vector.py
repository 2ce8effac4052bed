"""What a state is made of: things, their cells, and the numbers of the values that these have.

A thing is a mutable object. It has one cell for each attribute, or, as a container, one for all
that it holds. A state has the number of a value for each cell that ever changed. Things that steps
make stand in pools, one for each class; a state fills the first places of each. A thing that does
not exist in a state has the value ABSENT, with number 0, in all its cells. The cells of a pool with
one name number their values alike, so that a thing moves to another place as its numbers.
"""

from array import array
from collections import deque
from collections.abc import Callable, Sequence
from operator import itemgetter
from typing import Any

from .classes import plain_class
from .errors import Refused

CONTENT = "[]"  # the one cell of a container
CONTAINERS = (list, dict, deque)
EXISTS = "()"  # the cell of an object that may have no attributes
THREAD = "thread"
MOST_VALUES = 65_535  # of one cell; a number is kept in 16 bits


class Const:
    """What never changes: a function, a class, a policy. Compared by identity."""

    __slots__ = ("value",)

    def __init__(self, value):
        self.value = value


class Absent:
    """The value of every cell of a thing that does not exist in this state."""


ABSENT = Absent()


class Cell:
    """One attribute of one object: the values it has had, by number. Number 0 is the first.

    `like`: a cell whose values and numbers it shares; those of the same role in a pool do.
    """

    __slots__ = ("thing", "name", "index", "values", "numbers", "mentions", "leading", "alike")

    def __init__(self, thing: "Thing", name: str, first, like: "Cell | None" = None):
        self.thing, self.name = thing, name
        self.index: Any = None  # an int: its place in a state; None as long as it never changed
        self.alike: Any = None  # with symmetric processes: the cells of the same role (groups.py)
        self.values: list[Any] = [] if like is None else like.values
        self.numbers: dict[Any, int] = {} if like is None else like.numbers
        self.mentions: list[tuple[Thing, ...]] = [] if like is None else like.mentions
        self.leading: list[int] = (
            [] if like is None else like.leading
        )  # numbers that lead to things
        if like is None:
            self.add(first)

    def add(self, value) -> int:
        """A new value: its number. Refused if there are too many."""
        number = len(self.values)
        if number > MOST_VALUES:
            raise Refused(f"some attribute has more than {MOST_VALUES} values: it counts for ever")
        self.numbers[value] = number
        self.values.append(value)
        things = mentioned(value)
        self.mentions.append(things)
        if things:
            self.leading.append(number)
        return number

    def number(self, value) -> int:
        number = self.numbers.get(value)
        if number is not None:
            return number
        return self.add(value) if self.alike is None else self.alike.number(self, value)

    def __repr__(self) -> str:
        kind, called = type_name(self.thing.object), self.thing.called or "that a step made"
        return f"the {kind} {called}" if self.name == CONTENT else f"{kind}.{self.name}"


class Thing:
    """One mutable object. `made`: by a step, so there are states without it.

    `called`: of a container, where a user finds it.
    """

    __slots__ = ("object", "cells", "made", "called")

    def __init__(self, object, made: bool):
        self.object, self.made, self.called = object, made, ""
        self.cells: dict[str, Cell] = {}

    def __repr__(self) -> str:
        return f"<{type_name(self.object)} {getattr(self.object, 'name', '')}>"


class Pools:
    """The places of things that steps make, by class.

    A step writes what it makes into the nursery, whatever else exists; then the canonical form
    gives it a place. So a step does not depend on how many there are. In a state that a search
    keeps, the nursery is empty.
    """

    def __init__(self, unset: Const) -> None:
        """`unset`: the value of an attribute that an object does not have."""
        self.unset = unset
        self.things: dict[Any, list[Thing]] = {}
        self.nursery: dict[Any, list[Thing]] = {}

    def of(self, held) -> list[Thing]:
        return self.things.setdefault(pool_key(held), [])

    def all(self) -> list[Thing]:
        return [t for pools in (self.things, self.nursery) for pool in pools.values() for t in pool]

    def cell(self, thing: Thing, name: str) -> Cell:
        """A new cell of a place, for an attribute that it did not have yet."""
        key = pool_key(thing.object)
        alike = (*self.things.get(key, ()), *self.nursery.get(key, ()))
        like = next((t.cells[name] for t in alike if name in t.cells), None)
        cell = thing.cells[name] = Cell(thing, name, ABSENT, like)
        if EXISTS in thing.cells:  # that says whether the thing is there; the others need not
            cell.numbers[self.unset] = 0
        return cell


def type_name(thing) -> str:
    kind = type(thing)
    return plain_class(kind).__qualname__


def pool_key(held):
    kind = type(held)
    return (kind, held.maxlen) if kind is deque else plain_class(kind)


def first_cell(thing: Thing) -> Cell:
    return next(iter(thing.cells.values()))


def picked(indexes: Sequence[int]) -> Callable[[array], tuple[int, ...]]:
    """A function that takes these numbers out of a state, at once."""
    if len(indexes) > 1:
        return itemgetter(*indexes)
    return lambda state: tuple([state[index] for index in indexes])


def indexes(thing: Thing) -> tuple[int, ...]:
    """The places of its cells in a state."""
    return tuple([cell.index for cell in thing.cells.values() if cell.index is not None])


def mentioned(value) -> tuple[Thing, ...]:
    """The objects that a value refers to, in order, each once."""
    found: dict[Thing, None] = {}
    todo = [value]
    while todo:
        v = todo.pop()
        if type(v) is Thing:
            found[v] = None
        elif type(v) is tuple or type(v) is frozenset:
            todo.extend(reversed(tuple(v)))
    return tuple(found)


def moved(value, places: dict[Thing, Thing]):
    """The same value with other things in it."""
    if type(value) is Thing:
        return places.get(value, value)
    if type(value) is tuple:
        return tuple([moved(v, places) for v in value])
    return value


class Moved:
    """The numbers of values with other things in them: each is worked out once."""

    def __init__(self) -> None:
        self.numbers: dict[tuple, int] = {}

    def number(
        self,
        cell: Cell,
        number: int,
        there: Cell,
        places: dict[Thing, Thing],
        ranks: dict | None = None,
    ) -> int:
        """Of a value of `cell`, with its things renamed by `places`: the number in `there`.

        `ranks`: always the same for a cell. What it holds is put in this order.
        """
        things = tuple([places.get(thing, thing) for thing in cell.mentions[number]])
        key = cell, number, there, things
        found = self.numbers.get(key)
        if found is None:
            value = moved(cell.values[number], places)
            if ranks is not None:
                last = len(ranks)
                value = value[0], *sorted(value[1:], key=lambda item: ranks.get(item, last))
            found = self.numbers[key] = there.number(value)
        return found
