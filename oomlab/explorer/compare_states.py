"""Compares a state of the search with a machine of the model that was run there.

Compared are every attribute of every object that one can come to, every local of every suspended
function, and where each of them stands.
"""

import gc
from collections.abc import Iterator
from enum import Enum
from functools import cache, partial
from operator import attrgetter
from types import BuiltinFunctionType, FunctionType, GeneratorType, MethodType
from typing import Any

from ..model.kernel import Kernel, Timer
from ..model.tasks import Task
from ..naming import short
from ..simulate.fingerprint import timer_key
from .classes import has, left_out, plain_class
from .frames import UNSET, each
from .objects import FRAMES, ITERATOR, METHOD, NUMBER, PARTIAL, RECORD, TUPLE
from .relation import Interned, State
from .restorable import Machine
from .state_vector import ABSENT, CONTENT, EXISTS, THREAD, Cell, Const, Thing, type_name


class Layout:
    """How an object is compared: what is plain and never changes, all at once; the others."""

    def __init__(self, thing: Thing, held, machine: Machine):
        self.cells = len(machine.variable)  # with fewer of them it was another layout
        self.others: list[tuple[str, Cell]] = []
        self.special: list[tuple[str, Cell]] = []  # time, suspended functions, contents
        names, values = [], []
        open_ended = type(held).__dictoffset__  # it may have any attribute, or only its class
        for name, cell in thing.cells.items():
            value = cell.values[0]
            plain = value is None or type(value) in (int, str)
            if type(value) is tuple and value[:2] == (NUMBER, bool):
                plain, value = True, machine.values.decode(value)
            timed = name == "jiffies" or isinstance(held, Timer) and name in ("expires", "number")
            if timed or name in (CONTENT, EXISTS, THREAD):
                self.special.append((name, cell))
            elif cell.index is None and plain and not open_ended:
                names.append(name)
                values.append(value)
            else:
                self.others.append((name, cell))
        self.names, self.values, self.kinds = names, values, list(map(type, values))
        self.known = {*thing.cells, *left_out(type(held))} if open_ended else None
        self.get = attrgetter(*names, "__class__") if names else None  # a tuple, for one name too

    def constant_in(self, held) -> str | None:
        """The first of the plain constants that this object does not have, in words, or None."""
        if self.get is None:
            return None
        try:
            now = list(self.get(held)[:-1])
        except AttributeError:
            now = [getattr(held, name, UNSET) for name in self.names]
        if now == self.values and list(map(type, now)) == self.kinds:
            return None
        triples = zip(self.names, self.values, now, strict=True)
        return next(
            differs(held, name, v) for name, v, n in triples if type(v) is not type(n) or v != n
        )


def differs(held, name: str, value) -> str:
    now = held if name == CONTENT else getattr(held, name, "nothing")
    return f"{type_name(held)}.{name} is {short(now)} in the model, not {short(value)}"


class Beside:
    """One state of a search beside one machine that was run."""

    def __init__(
        self, relation: Interned, packed: State, kernel: Kernel, layouts: dict[Thing, Layout]
    ):
        """`layouts`: of earlier comparisons with the same machine."""
        self.relation, self.kernel, self.layouts = relation, kernel, layouts
        self.machine: Machine = relation.machine
        self.unset = self.machine.values.const(UNSET)
        self.state = relation.unpack(packed)
        self.clock = relation.clock
        self.pairs: dict[Thing, object] = {}
        self.things: dict[int, Thing] = {}
        self.functions: set[tuple[int, int]] = set()
        self.todo: list[Thing] = []

    def difference(self) -> str | None:
        """The first thing in which they differ, in words; None if they are the same."""
        self.pair(self.machine.root, self.kernel)
        kernel = self.kernel
        self.due = sorted(kernel.timers, key=timer_key) if self.any else sorted(kernel.timers)
        for thing in self.todo:  # grows
            held = self.pairs[thing]
            layout = self.layouts.get(thing)
            if layout is None or layout.cells != len(self.machine.variable):
                layout = self.layouts[thing] = Layout(thing, held, self.machine)
            different = layout.constant_in(held) or self.among(layout, held)
            if different is None and layout.known is not None:
                more = vars(held).keys() - layout.known
                different = f"{type_name(held)}.{min(more)} is in the model alone" if more else None
            for name, cell in layout.special:
                value = cell.values[0 if cell.index is None else self.state[cell.index]]
                if different is None and not self.same_cell(name, value, held):
                    different = differs(held, name, value)
            if different is not None:
                return different
        return None

    def among(self, layout: Layout, held) -> str | None:
        """The first of the others in which they differ, in words. The usual kinds come first."""
        state, pairs, in_slots = self.state, self.pairs, layout.known is None
        for name, cell in layout.others:
            value = cell.values[0 if cell.index is None else state[cell.index]]
            kind, now = type(value), getattr(held, name, UNSET)
            if kind is Thing and in_slots:
                if pairs.get(value, self) is now or self.meets(value, now):
                    continue
            elif in_slots and (value is None or kind is int or kind is str):
                if type(now) is kind and now == value:
                    continue
            if not self.same_cell(name, value, held):
                return differs(held, name, value)
        return None

    @property
    def any(self) -> bool:
        return self.clock == "any"

    def meets(self, thing: Thing, held) -> bool:
        """Does this object stand for the thing? One of its class does from the first time on."""
        met = thing in self.pairs or id(held) in self.things
        return (met or same_class(type(thing.object), type(held))) and self.pair(thing, held)

    def pair(self, thing: Thing, held) -> bool:
        if thing in self.pairs or id(held) in self.things:
            return self.pairs.get(thing) is held and self.things.get(id(held)) is thing
        self.pairs[thing], self.things[id(held)] = held, thing
        self.todo.append(thing)
        return True

    def same_cell(self, name: str, value, held) -> bool:
        if name == CONTENT:
            return self.same_content(value, held)
        if name == EXISTS:
            return value is not ABSENT
        if isinstance(held, Timer) and name in ("expires", "number"):
            return value == self.time_of(held, name)
        if name == "jiffies" and held is self.kernel:
            return value == self.kernel.jiffies % self.kernel.wheel
        if value is ABSENT or type(value) is Const and value.value is UNSET:
            return not has(held, name)
        if not has(held, name):
            return False
        now = getattr(held, name)
        if name == THREAD and isinstance(held, Task):
            return value[0] is FRAMES and self.same_thread(value, now)
        return self.same(value, now)

    def time_of(self, timer: Timer, name: str) -> int:
        if self.any or timer not in self.due:
            return 0
        past = self.kernel.jiffies - self.kernel.jiffies % self.kernel.wheel
        return timer.expires - past if name == "expires" else self.due.index(timer)

    def same_content(self, value, held) -> bool:
        if type(held) is dict:
            held = list(held.items())
            return len(held) == len(value) - 1 and all(
                self.same(k, a) and self.same(v, b)
                for (k, v), (a, b) in zip(value[1:], held, strict=True)
            )
        items = value[1:]
        if not items and not held:
            return True
        if held is self.kernel.timers:
            held = self.due
        elif hasattr(held, "maxlen"):
            if items[0] != held.maxlen:
                return False
            items = items[1:]
        return len(items) == len(held) and all(map(self.same, items, held))

    def same(self, value, now) -> bool:
        kind = type(value)
        if kind is Thing:
            return self.meets(value, now)
        if kind is Const:
            return self.same_constant(value.value, now)
        if kind is not tuple:
            return type(now) is kind and value == now
        mark = value[0]
        if mark is TUPLE:
            return (
                type(now) is tuple
                and len(now) == len(value) - 1
                and all(map(self.same, value[1:], now))
            )
        if mark is RECORD:
            return self.same(value[1], type(now)) and all(map(self.same, value[2:], now))
        if mark is METHOD:
            if type(now) is not (BuiltinFunctionType if type(value[1]) is str else MethodType):
                return False
            name = getattr(now, "__func__", now.__name__)
            return self.same(value[1], name) and self.same(value[2], now.__self__)
        if mark is PARTIAL:
            if type(now) is not partial or [k for k, _ in value[3]] != list(now.keywords):
                return False
            words = [self.same(v, now.keywords[k]) for k, v in value[3]]
            return self.same(value[1], now.func) and self.same(value[2], now.args) and all(words)
        return self.machine.values.encode(now) == value

    def same_constant(self, value, now) -> bool:
        """The same, or made again by the same line of the scenario with the same things around."""
        if value is now or value == now:
            return True
        if isinstance(value, type) and isinstance(now, type):
            return same_class(value, now)
        if isinstance(value, Enum) and isinstance(now, Enum):
            return value.name == now.name and self.same_constant(type(value), type(now))
        if not (isinstance(value, FunctionType) and isinstance(now, FunctionType)):
            return type(value) is type(now) is object
        kept = self.machine.values.threads.kept
        value = kept[value][0] if value in kept else value
        if (id(value), id(now)) in self.functions:
            return True
        self.functions.add((id(value), id(now)))
        if value.__code__ is not now.__code__:
            return False
        mine, its = held_by(value), held_by(now)
        return len(mine) == len(its) and all(map(self.same_held, mine, its))

    def same_held(self, value, now) -> bool:
        if isinstance(value, FunctionType | type | Enum):
            return self.same_constant(value, now)
        if type(value) in (set, frozenset):
            return value == now
        return self.same(self.machine.values.encode(value), now)

    def same_thread(self, value, thread) -> bool:
        """Frame by frame: which function, at which yield, with which locals."""
        kept = self.machine.values.threads.kept
        for stored, *local in value[1:]:
            function, _, names, lines = kept[stored.value]
            if function is each:  # `yield from` a list: the model keeps an iterator, no frame
                held = local[names.index(".it0")]
                return isinstance(thread, Iterator) and self.same_iterator(
                    held, (thread.__reduce__(), thread)
                )
            if thread is None or getattr(thread, "gi_frame", None) is None:
                return False
            if thread.gi_code is not function.__code__:
                return False
            if not lines[0] <= thread.gi_frame.f_lineno <= lines[1]:
                return False
            if not self.same_locals(names, local, thread):
                return False
            thread = thread.gi_yieldfrom
        return thread is None or getattr(thread, "gi_frame", None) is None

    def same_locals(self, names: tuple[str, ...], local: list, thread: Any) -> bool:
        """The locals of one frame, and the iterators of its loops, which have no names there."""
        seen, count = thread.gi_frame.f_locals, 0
        loops = loops_of(thread, seen) if has_loops(names) else []
        unset, pairs = self.unset, self.pairs
        for name, value in zip(names, local, strict=True):
            if value is unset:
                continue
            if type(value) is Thing and name in seen and pairs.get(value, self) is seen[name]:
                count += 1
                continue
            if name[0] == ".":
                if loops and not self.same_iterator(value, loops.pop(0)):
                    return False
                continue
            count += 1
            if name not in seen or not self.same(value, seen[name]):
                return False
        return count == len(seen) - sum([name in seen for name in thread.gi_code.co_freevars])

    def same_iterator(self, value, made) -> bool:
        if type(value) is not tuple or value[0] is not ITERATOR:
            return True
        function, args, *state = made[0]
        if value[1].value is not function or len(args) != len(value[2]):
            return False
        for v, now in zip(value[2], args, strict=True):
            if isinstance(now, Iterator):
                if not self.same_iterator(v, (now.__reduce__(), now)):
                    return False
            elif not self.same(v, now):
                return False
        return all(map(self.same, value[3:], state))


@cache
def has_loops(names: tuple[str, ...]) -> bool:
    return any(name[0] == "." for name in names)


def loops_of(thread: GeneratorType, seen: dict) -> list[tuple]:
    """What the loops of a suspended function run over, as pickle asks for it."""
    return [
        (v.__reduce__(), v)
        for v in gc.get_referents(thread)
        if isinstance(v, Iterator) and type(v).__name__ != "generator"
        if not any(v is x for x in (*seen.values(), thread.gi_yieldfrom))
    ]


def held_by(function: FunctionType) -> list:
    """What a function has around it: its closure, and its defaults."""
    cells = []
    for cell in function.__closure__ or ():
        try:
            cells.append(cell.cell_contents)
        except ValueError:  # it has no value yet
            cells.append(None)
    return [*cells, *(function.__defaults__ or ()), *(function.__kwdefaults__ or {}).values()]


def same_class(value: type, now: type) -> bool:
    """One class, which may be watched, or be made again by the same line of the scenario."""
    value = plain_class(value)
    if value is now:
        return True
    return (value.__module__, value.__qualname__) == (now.__module__, now.__qualname__)
