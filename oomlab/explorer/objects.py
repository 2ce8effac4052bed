"""The objects of a machine, and their contents as values that can be compared and kept.

Each mutable object is a Thing: a Python object with one cell for each attribute, or a container
with one cell for all that it holds. The value of a cell is immutable: numbers and texts stand for
themselves, a Thing for an object, and the rest is a tuple that begins with its kind. So two things
are the same if and only if they are one object, whoever refers to it, and two states are equal if
all their cells are. What has no such form is refused by name.
"""

import copy
import sys
from ast import literal_eval
from collections import deque
from collections.abc import Iterator
from enum import Enum
from functools import partial
from types import BuiltinFunctionType, FunctionType, MethodType, ModuleType
from typing import Any

from ..policies.policy import Policy
from .classes import equal_only_to_itself, is_object, is_written_in_python, plain_class
from .errors import Refused, instead
from .frames import UNSET, Threads
from .state_vector import CONTAINERS, Const, Pools, Thing, mentioned

# Iterators that pickle as what they run over and how far they are, without a copy. Not that of a
# deque or a dictionary: it fails when this was changed, and does not tell whether it was.
LOOPS = {
    *("list_iterator", "list_reverseiterator", "tuple_iterator", "range_iterator"),
    *("str_iterator", "str_ascii_iterator", "reversed", "enumerate", "zip", "map", "filter"),
}
FIXED = (tuple, str, bytes)  # of which reversed() is at a place that there is


class Kind:
    """How a value was made; the first of a tuple."""

    def __init__(self, name: str):
        self.name = name

    def __repr__(self) -> str:
        return self.name


NAMES = (
    "tuple",
    "record",
    "number",
    "range",
    "frozenset",
    "method",
    "partial",
    "iterator",
    "frames",
)
TUPLE, RECORD, NUMBER, RANGE, FROZENSET, METHOD, PARTIAL, ITERATOR, FRAMES = map(Kind, NAMES)


class Values:
    """From objects to values and back."""

    def __init__(self, threads: Threads):
        self.threads = threads
        self.things: dict[int, Thing] = {}  # by id; a Thing keeps its object alive
        self.consts: dict[int, Const] = {}
        self.pools = Pools(self.const(UNSET))
        self.new: list[Thing] = []  # met while something was encoded
        self.starting = True  # functions and classes met now were there before the first step

    def thing(self, object) -> Thing:
        found = self.things.get(id(object))
        if found is None:
            self.definition(plain_class(type(object)))
            found = self.things[id(object)] = Thing(object, True)
            self.new.append(found)
        return found

    def const(self, value) -> Const:
        found = self.consts.get(id(value))
        if found is None:
            found = self.consts[id(value)] = Const(value)
        return found

    def encode(self, v):
        kind = type(v)
        if kind is int or kind is str or v is None:
            return v
        if kind is bool or kind is float or kind is bytes:
            return self.number(v)
        if kind is tuple:
            return TUPLE, *[self.encode(x) for x in v]
        if type(kind) is not type:
            equal_only_to_itself(kind)
        if kind in CONTAINERS:
            return self.thing(v)
        if kind is range:
            return RANGE, v.start, v.stop, v.step
        if kind is MethodType or kind is partial:
            return self.bound(v)
        if isinstance(v, FunctionType | type | ModuleType):
            return self.definition(v)
        if kind is BuiltinFunctionType and not isinstance(v.__self__, ModuleType | type(None)):
            return METHOD, v.__name__, self.encode(v.__self__)
        if kind is frozenset:
            return FROZENSET, frozenset([self.encode(x) for x in ordered(v)])
        if kind is object:
            return self.mark(v)
        if v is UNSET or isinstance(v, BuiltinFunctionType | Policy | Enum | type(...)):
            return self.const(v)
        if is_record(v):
            return RECORD, self.definition(kind), *[self.encode(x) for x in v]
        if is_object(kind):
            return self.thing(v)
        raise Refused(f"a state cannot hold a {kind.__qualname__}{instead(kind.__name__)}")

    def bound(self, v: MethodType | partial) -> tuple:
        """A function with what it is called with."""
        if isinstance(v, MethodType):
            return METHOD, self.encode(v.__func__), self.encode(v.__self__)
        if vars(v):
            raise Refused("a state cannot hold a partial with attributes of its own")
        words = tuple([(k, self.encode(x)) for k, x in v.keywords.items()])
        return PARTIAL, self.encode(v.func), self.encode(v.args), words

    def number(self, v: bool | float | bytes) -> tuple:
        if v != v:
            raise Refused("a state cannot hold nan, which is not equal to itself")
        return NUMBER, type(v), repr(v)

    def definition(self, v) -> Const:
        """A function, a class, a module: the same in every state, or refused."""
        known = self.starting or id(v) in self.consts or v in self.threads.kept
        if known or is_of_a_module(v):
            return self.const(v)
        kind = "function" if isinstance(v, FunctionType) else "class"
        raise Refused(
            f"the {kind} {v.__name__} is made by a step and kept over a yield: make it outside"
        )

    def mark(self, v: object) -> Const:
        """An object() says only which one it is: one that a module has, as `ABORT = object()`."""
        scopes = [function.__globals__.values() for function in self.threads.known]
        known = self.starting or id(v) in self.consts
        if known or any(v is value for scope in scopes for value in scope):
            return self.const(v)
        raise Refused("an object() is made by a step and kept over a yield: make one of a class")

    def decode(self, v):
        kind = type(v)
        if kind is Thing:
            return v.object
        if kind is Const:
            return v.value
        if kind is not tuple:
            return v
        mark = v[0]
        if mark is TUPLE:
            return tuple([self.decode(x) for x in v[1:]])
        if mark is NUMBER:
            if v[1] is bool:
                return v[2] == "True"
            return float(v[2]) if v[1] is float else literal_eval(v[2])
        if mark is RANGE:
            return range(*v[1:])
        if mark is FROZENSET:
            return frozenset(sorted([self.decode(x) for x in v[1]], key=repr))
        if mark is RECORD:
            return tuple.__new__(v[1].value, [self.decode(x) for x in v[2:]])
        if mark is METHOD:
            if type(v[1]) is str:
                return getattr(self.decode(v[2]), v[1])
            return MethodType(self.decode(v[1]), self.decode(v[2]))
        if mark is PARTIAL:
            words = {k: self.decode(x) for k, x in v[3]}
            return partial(self.decode(v[1]), *self.decode(v[2]), **words)
        raise AssertionError(v)

    # ---------------------------------------------------------------- threads of control
    def encode_thread(self, frames: tuple):
        starting, self.starting = self.starting, False
        try:
            return self.encode_frames(frames)
        finally:
            self.starting = starting

    def encode_frames(self, frames: tuple):
        out: list[Any] = [FRAMES]
        shared: set[int] = set()
        for function, *local in frames:
            names = self.threads.kept[function][2]
            values = [
                self.iterator(v, shared)
                if name[0] == "." and v is not UNSET
                else self.local(v, name)
                for name, v in zip(names, local, strict=True)
            ]
            out.append((self.const(function), *values))
        return tuple(out)

    def local(self, v, name: str):
        if isinstance(v, Iterator) and not is_object(type(v)):
            raise Refused(f"{name} keeps a {type(v).__qualname__} over a yield: make it a tuple")
        return self.encode(v)

    def iterator(self, v: Any, shared: set[int]):
        """An iterator of a loop, by what it is made from, as pickle asks for it."""
        kind: Any = type(v)
        if v is UNSET or is_object(kind):
            return self.encode(v)
        if id(v) in shared:
            raise Refused(f"a loop runs over one {type(v).__qualname__} in two places")
        shared.add(id(v))
        try:
            made = v.__reduce__()
        except TypeError:
            made = None
        known = kind.__name__ in LOOPS and made is not None
        if not known or kind is reversed and type(made[1][0]) not in FIXED:
            raise Refused(
                f"a loop with a yield inside runs over a {type(v).__qualname__}: make it a tuple"
            )
        function, args, *state = made
        inner = [
            self.iterator(a, shared) if isinstance(a, Iterator) else self.encode(a) for a in args
        ]
        return ITERATOR, self.const(function), tuple(inner), *[self.encode(s) for s in state]

    def decode_thread(self, value) -> tuple:
        return tuple([(f.value, *[self.decode_local(v) for v in local]) for f, *local in value[1:]])

    def decode_local(self, v):
        if type(v) is not tuple or v[0] is not ITERATOR:
            return self.decode(v)
        made = v[1].value(*[self.decode_local(a) for a in v[2]])
        if len(v) > 3 and v[3] is not None:
            place, over = self.decode(v[3]), v[2][0]
            items = over.object if type(over) is Thing else []
            size = len(items)
            items += [None] * (place - size + 1)  # past the end of a list, which may grow again
            made.__setstate__(place)
            del items[size:]
        return made

    # ---------------------------------------------------------------- contents
    def content(self, held):
        """What a container holds, as a value."""
        kind = type(held)
        if kind is dict:
            return TUPLE, *[(self.key(k), self.encode(v)) for k, v in held.items()]
        if kind is deque:
            return TUPLE, held.maxlen, *[self.encode(x) for x in held]
        return TUPLE, *[self.encode(x) for x in held]

    def key(self, k):
        """A key; refused if it is found by a hash that it works out, which may be another then."""
        value = self.encode(k)
        for thing in mentioned(value):
            kind = plain_class(type(thing.object))
            if kind.__hash__ is not object.__hash__:
                raise Refused(f"a {kind.__qualname__} is a key by a hash of its own: use a tuple")
        return value

    def refill(self, held, value) -> None:
        kind, items = type(held), value[1:]
        if kind is list:
            held[:] = [self.decode(x) for x in items]
        elif kind is dict:
            held.clear()
            held.update([(self.decode(k), self.decode(v)) for k, v in items])
        else:
            held.clear()
            held.extend([self.decode(x) for x in items[1:]])


def is_of_a_module(v) -> bool:
    """Can it be found by its name, so that it is the same in every state?"""
    if isinstance(v, ModuleType):
        return sys.modules.get(v.__name__) is v
    found: Any = sys.modules.get(v.__module__)
    for name in v.__qualname__.split("."):
        found = getattr(found, name, None)
    if isinstance(v, type) or found is v:
        return found is v
    return not v.__closure__ and v.__globals__.get(v.__name__) is v


def ordered(v: frozenset) -> frozenset:
    """The same, if its order is not that of addresses."""
    if not all(isinstance(x, int | str | float | bytes | type(None)) for x in v):
        raise Refused("a frozenset of objects has the order of their addresses: make it a tuple")
    return usual(v)


def usual(v: frozenset) -> frozenset:
    """The same, if it has the order of any other that is equal to it and is made anew."""
    if list(v) != list(frozenset(sorted(v, key=repr))):
        raise Refused("a frozenset has an order that comes from how it was made: make it a tuple")
    return v


def is_record(v) -> bool:
    """A tuple with names, which holds nothing else."""
    kind: Any = type(v)
    plain = isinstance(v, tuple) and is_written_in_python(kind) and not hasattr(v, "__dict__")
    return plain and kind.__eq__ is tuple.__eq__ and kind.__hash__ is tuple.__hash__


def fresh(value):
    """A copy of what is no state, for the next step to spoil."""
    return copy.copy(value) if type(value) in CONTAINERS else value
