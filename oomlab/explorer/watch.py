"""Which cells does a step read and write? Each object gets a subclass that notes accesses.

A step that gets a container is taken to have read all of it, because its accesses to the items
cannot be seen. What changed in it is found afterwards, by comparing with what it held at first.
"""

import sys
from collections.abc import Callable
from functools import partial
from itertools import chain
from operator import is_
from types import BuiltinFunctionType, FunctionType, MethodType
from typing import Any

from ..model.kernel import Kernel, Timer
from .classes import WATCHED, attribute_names, is_pythons, is_user, left_out, plain_class
from .closure import inside
from .errors import Refused
from .frames import UNSET
from .objects import Values
from .state_vector import CONTAINERS, CONTENT, EXISTS, THREAD, Cell, Thing, type_name

OF_AN_OBJECT = ("__class__", "__dict__")  # what it is, and no attribute of it
OF_THE_CLASS = ("__slots__", "__doc__")  # which the subclass has otherwise
THROUGH = (Timer.__lt__.__code__, Kernel.run_timers.__code__)  # they read for who calls them
COMPUTED = (property, FunctionType, MethodType)  # attributes of a class that are no values
HOLDERS = {tuple, partial, MethodType, BuiltinFunctionType}  # values that may lead to containers


class Watch:
    """What one step or question reads, in order, with what a container held; and what it writes."""

    def __init__(self, values: Values):
        self.values = values
        self.classes: dict[type, type] = {}
        self.begun: list = []  # the objects that are watched
        # whose hash was asked for, which is an address (other_orders.py)
        self.hashed: dict[int, None] = {}
        self.hashes: dict[int, int] = {}  # other hashes for them, for another order of sets
        self.reads: Any = None  # {Cell: contents or None} in a step; None: nothing is noted now
        self.writes: dict[Cell, None] = {}
        self.stepping = False  # a step is noted, and no question

    def begin(self, held) -> None:
        """From now on it is noted who reads and writes this object."""
        kind = type(held)
        if kind in CONTAINERS or kind in self.classes.values():
            return
        if WATCHED in vars(kind):
            raise Refused(f"a {kind.__qualname__} is part of another search that has not ended")
        try:
            object.__setattr__(held, "__class__", self.class_of(kind))
        except TypeError:
            raise Refused(f"a state cannot hold a {kind.__qualname__}") from None
        self.begun.append(held)

    def release(self) -> None:
        """Each object has its own class again."""
        for held in self.begun:
            object.__setattr__(held, "__class__", plain_class(type(held)))
        self.begun.clear()

    def class_of(self, kind: type) -> type:
        if kind not in self.classes:
            self.classes[kind] = self.watching(kind)
        return self.classes[kind]

    def watching(self, kind: type) -> type:
        """A subclass whose objects note who reads and writes their attributes."""
        body: dict[str, Any] = {"__slots__": (), WATCHED: kind}
        body |= dict(__module__=kind.__module__, __qualname__=kind.__qualname__)
        body["__hash__"] = kind.__hash__
        if "__eq__" in vars(kind):
            body["__eq__"] = kind.__eq__
        for method in (self.reading(kind), *self.writing(kind), *self.told(kind)):
            body[method.__name__] = method
        metaclass: Any = type(kind)
        own: Any = next(meta for meta in metaclass.__mro__ if not is_user(meta))
        try:  # a metaclass of a user is not asked
            return own.__new__(metaclass, kind.__name__, (kind,), body)
        except TypeError:
            raise Refused(f"a state cannot hold a {kind.__qualname__}") from None

    def reading(self, kind: type) -> Callable:
        no_state, things, plain_get = left_out(kind), self.values.things, kind.__getattribute__

        def __getattribute__(self_, name):
            if name == "__class__":
                return kind
            if name in OF_THE_CLASS:
                return getattr(kind, name)
            try:
                value = plain_get(self_, name)
            except AttributeError:
                if self.reads is not None:
                    self.note_absence(self_, name)
                raise
            if self.reads is not None:
                self.note_read(self_, name, value, things, no_state)
            if type(value) is MethodType and value.__self__ is type(self_):  # of the class
                return MethodType(value.__func__, kind)
            return value

        return __getattribute__

    def writing(self, kind: type) -> tuple[Callable, Callable]:
        no_state, plain_set, plain_del = left_out(kind), kind.__setattr__, kind.__delattr__
        usual = plain_set is object.__setattr__ and plain_del is object.__delattr__

        def __setattr__(self_, name, value):
            if name in OF_AN_OBJECT:
                raise Refused(f"a step changes {kind.__qualname__}.{name}, which no state can hold")
            if not usual:
                self.changed_by(plain_set, self_, name, value)
                return
            plain_set(self_, name, value)
            if self.reads is not None and name not in no_state:
                self.note_write(self_, name)

        def __delattr__(self_, name):
            if not usual:
                self.changed_by(plain_del, self_, name)
                return
            if self.reads is not None:
                self.note_presence(self_, name)  # where there is none it fails
            plain_del(self_, name)
            if self.reads is not None and name not in no_state:
                self.note_write(self_, name)

        return __setattr__, __delattr__

    def told(self, kind: type) -> list[Callable]:
        """Of an object that has no value: who asks for its hash or its text gets its address."""
        plain_repr = kind.__repr__

        def __hash__(self_):
            self.hashed[id(self_)] = None
            other = self.hashes.get(id(self_))
            return object.__hash__(self_) if other is None else other

        def __repr__(self_):
            caller = sys._getframe(1).f_globals.get("__name__") or ""
            if self.reads is not None and not caller.startswith("oomlab."):
                raise Refused(f"the text of a {kind.__qualname__} is its address: use an attribute")
            return plain_repr(self_)

        ours = [__hash__] if kind.__hash__ is object.__hash__ else []
        return [*ours, __repr__] if plain_repr is object.__repr__ else ours

    def note_read(self, held, name: str, value, things: dict, no_state: frozenset) -> None:
        thing = things.get(id(held))
        hidden = name in no_state or name == THREAD or name == "__dict__"
        hidden = hidden or name in ("expires", "number") and issubclass(type(held), Timer)
        # a state has timers in an order of its own; a question is asked in two (other_orders.py)
        heap = self.stepping and name == "timers" and issubclass(type(held), Kernel)
        if hidden or heap:
            frame: Any = sys._getframe(2)
            while frame.f_code in THROUGH:
                frame = frame.f_back
            caller = frame.f_globals.get("__name__") or ""
            if not caller.startswith("oomlab."):
                known, what = type_name(held), "whose order" if heap else "which"
                how = ": use its attributes, one by one" if name == "__dict__" else ""
                raise Refused(
                    f"{caller or 'a function'} reads {known}.{name}, {what} is no part of a state"
                    f"{how}"
                )
        if thing is None:
            return  # made by this very step
        cell = thing.cells.get(name)
        if cell is None:  # its class has it, for all that do not
            self.note_absence(held, name)
            return
        self.reads[cell] = None
        self.read_held(value)

    def note_presence(self, held, name: str) -> None:
        """It is asked whether an object has this attribute of its own."""
        thing = self.values.things.get(id(held))
        cell = None if thing is None else thing.cells.get(name)
        if cell is None:
            self.note_absence(held, name)
        else:
            self.reads[cell] = None

    def note_absence(self, held, name: str) -> None:
        """An object has no such attribute of its own: another step may give it one."""
        thing = self.values.things.get(id(held))
        if thing is None or is_pythons(name):  # which it never will have, see below
            return
        if name in thing.cells or has_room(held, name):
            self.reads[thing.cells.get(name) or self.new_cell(thing, name)] = None

    def new_cell(self, thing: Thing, name: str) -> Cell:
        """Of an attribute that an object did not have."""
        if thing.made:
            return self.values.pools.cell(thing, name)
        cell = thing.cells[name] = Cell(thing, name, self.values.const(UNSET))
        return cell

    def read_all(self, held) -> None:
        """Who has a container has all that is in it."""
        thing = self.values.things.get(id(held))
        if thing is None:
            return
        cell = thing.cells[CONTENT]
        if cell not in self.reads:
            items = self.reads[cell] = tuple(held.items() if type(held) is dict else held)
            self.read_held(items)

    def read_held(self, value) -> None:
        """Who has a value has all that is in the containers that it leads to."""
        kind: Any = type(value)
        if kind in CONTAINERS:
            self.read_all(value)
        elif kind in HOLDERS or issubclass(kind, tuple):
            for inner in inside(value):
                self.read_held(inner)

    def changed_by(self, method: Callable, held, *how) -> None:
        """A method of the user's own sets or deletes attributes: perhaps others than it is told."""
        try:
            method(held, *how)
        finally:
            thing = self.values.things.get(id(held))
            if self.reads is not None and thing is not None:
                for name in sorted({*attribute_names(held), *thing.cells} - {EXISTS}):
                    self.note_presence(held, name)
                    self.note_write(held, name)

    def note_write(self, held, name: str) -> None:
        thing = self.values.things.get(id(held))
        if thing is None:
            return
        cell = thing.cells.get(name)
        if cell is None:  # an attribute that it did not have
            no_property(thing, name)
            if is_pythons(name):
                raise Refused(f"a step gives a {type_name(held)} {name}, which no state can hold")
            cell = self.new_cell(thing, name)
        self.writes[cell] = None


def has_room(held, name: str) -> bool:
    """May an object be given an attribute that its class does not name?"""
    if not type(held).__dictoffset__:
        return False
    return not isinstance(getattr(type(held), name, None), COMPUTED)


def no_property(thing: Thing, name: str) -> None:
    """What a class computes or does is no cell: a property's setter may do anything."""
    kind = type(thing.object)
    kind, computed = plain_class(kind), getattr(kind, name, None)
    if isinstance(computed, COMPUTED):
        what = "property" if isinstance(computed, property) else "method"
        raise Refused(f"{kind.__name__}.{name} is a {what} that a step writes: use an attribute")


def still(held, before: tuple) -> bool:
    """Does a container hold the very same things? If not sure, no."""
    now = list(chain.from_iterable(held.items())) if type(held) is dict else held
    if type(held) is dict:
        before = tuple(chain.from_iterable(before))
    return len(now) == len(before) and all(map(is_, now, before))
