"""Where things stand that steps make: each class has a pool, a state fills its first places.

A thing that does not exist in a state has the value ABSENT in all its cells.
"""

from collections import deque

from .objects import Cell, Thing


class Absent:
    """The value of every cell of a thing that does not exist in this state."""


ABSENT = Absent()


def pool_key(held):
    kind = type(held)
    return (kind, held.maxlen) if kind is deque else getattr(kind, "watched", kind)


def first_cell(thing: Thing) -> Cell:
    return next(iter(thing.cells.values()))


def moved(value, places: dict[Thing, Thing]):
    """The same value with other things in it."""
    if type(value) is Thing:
        return places.get(value, value)
    if type(value) is tuple:
        return tuple([moved(v, places) for v in value])
    return value
