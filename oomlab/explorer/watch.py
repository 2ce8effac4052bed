"""Who reads and writes what: the class of every object is exchanged for one that notes it.

Whoever gets a container is taken to have read all of it: how it is looked at cannot be seen. What
changed in it is found afterwards, by what it held when it was first read.
"""

import sys
from itertools import chain
from operator import is_
from typing import Any

from ..model.kernel import Timer
from .compile import Refused
from .frames import UNSET
from .objects import Values, left_out
from .things import CONTAINERS, CONTENT, THREAD, Cell, Thing


class Watch:
    """What one step or question reads, in order, with what a container held; and what it writes."""

    def __init__(self, values: Values):
        self.values = values
        self.classes: dict[type, type] = {}
        self.reads: Any = None  # {Cell: contents or None} in a step; None: nothing is noted now
        self.writes: dict[Cell, None] = {}

    def begin(self, held) -> None:
        """From now on it is noted who reads and writes this object."""
        kind = type(held)
        if kind in CONTAINERS or hasattr(kind, "watched"):
            return
        try:
            object.__setattr__(held, "__class__", self.class_of(kind))
        except TypeError:
            raise Refused(f"a state cannot hold a {kind.__qualname__}") from None

    def class_of(self, kind: type) -> type:
        if kind not in self.classes:
            self.classes[kind] = self.watching(kind)
        return self.classes[kind]

    def watching(self, kind: type) -> type:
        """A subclass whose objects note who reads and writes their attributes."""
        no_state, things = left_out(kind), self.values.things
        plain_get, plain_set, plain_del = kind.__getattribute__, kind.__setattr__, kind.__delattr__

        def __getattribute__(self_, name):
            value = plain_get(self_, name)
            if self.reads is not None:
                self.note_read(self_, name, value, things, no_state)
            return value

        def __setattr__(self_, name, value):
            plain_set(self_, name, value)
            if self.reads is not None and name not in no_state:
                self.note_write(self_, name)

        def __delattr__(self_, name):
            plain_del(self_, name)
            if self.reads is not None and name not in no_state:
                self.note_write(self_, name)

        body = dict(
            __slots__=(),
            watched=kind,
            __getattribute__=__getattribute__,
            __setattr__=__setattr__,
            __delattr__=__delattr__,
            __module__=kind.__module__,
            __qualname__=kind.__qualname__,
            __hash__=kind.__hash__,
        )
        if "__eq__" in vars(kind):
            body["__eq__"] = kind.__eq__
        return type(kind.__name__, (kind,), body)

    def note_read(self, held, name: str, value, things: dict, no_state: frozenset) -> None:
        thing = things.get(id(held))
        hidden = name in no_state or name == THREAD or name == "__dict__"
        if hidden or name in ("expires", "number") and issubclass(type(held), Timer):
            caller = sys._getframe(2).f_globals.get("__name__") or ""
            if not caller.startswith("oomlab."):
                known = type(held).watched.__qualname__
                raise Refused(
                    f"{caller or 'a function'} reads {known}.{name}, which is no part of a state"
                )
        if thing is None:
            return  # made by this very step
        cell = thing.cells.get(name)
        if cell is not None:
            self.reads[cell] = None
            if type(value) in CONTAINERS:
                self.read_all(value)
            elif type(value) is tuple:
                self.read_inside(value)

    def read_all(self, held) -> None:
        """Who has a container has all that is in it."""
        thing = self.values.things.get(id(held))
        if thing is None:
            return
        cell = thing.cells[CONTENT]
        if cell not in self.reads:
            inside = self.reads[cell] = tuple(held.items() if type(held) is dict else held)
            self.read_inside(inside)

    def read_inside(self, value: tuple) -> None:
        for inner in value:
            if type(inner) in CONTAINERS:
                self.read_all(inner)
            elif type(inner) is tuple:
                self.read_inside(inner)

    def note_write(self, held, name: str) -> None:
        thing = self.values.things.get(id(held))
        if thing is None:
            return
        cell = thing.cells.get(name)
        if cell is None:  # an attribute that it did not have
            no_property(thing, name)
            if thing.made:
                cell = self.values.pools.cell(thing, name)
            else:
                cell = thing.cells[name] = Cell(thing, name, self.values.const(UNSET))
        self.writes[cell] = None


def no_property(thing: Thing, name: str) -> None:
    """An attribute that a class computes is no cell: its setter may do anything."""
    kind = type(thing.object)
    if isinstance(getattr(kind, name, None), property):
        kind = getattr(kind, "watched", kind)
        raise Refused(f"{kind.__name__}.{name} is a property that a step writes: use an attribute")


def still(held, before: tuple) -> bool:
    """Does a container hold the very same things? If not sure, no."""
    now = list(chain.from_iterable(held.items())) if type(held) is dict else held
    if type(held) is dict:
        before = tuple(chain.from_iterable(before))
    return len(now) == len(before) and all(map(is_, now, before))
