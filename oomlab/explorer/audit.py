"""A state as the search has it, beside the model: reached again by ordinary generators.

The search walks a translation of the model. So while it says "holds", a random sample of its
states is reached by replaying their schedules in fresh machines, and both are laid side by side:
every attribute of every object, every local of every suspended function, where each stands, which
transitions are enabled, what the property says; and then all their successors. A difference is the
explorer's own fault, and no answer is given.
"""

import gc
from collections.abc import Iterator
from enum import Enum
from random import Random
from types import FunctionType

from ..model.kernel import Kernel, Timer
from ..model.tasks import Task
from ..simulate.fingerprint import timer_key
from . import plain
from .errors import ExplorerFault
from .frames import UNSET, each
from .objects import FRAMES, ITERATOR, METHOD, PARTIAL, RECORD, TUPLE, has
from .things import ABSENT, CONTAINERS, CONTENT, THREAD, Const, Thing, type_name

LEAST = 200  # states that are checked, if there are so many
PART = 0.01  # of all states, if that is more
SEED = 2015


def sample(states: int, audit: float | None) -> list[int]:
    """The numbers of the states to check: the same ones for the same search."""
    wanted = max(LEAST, int(states * PART)) if audit is None else round(states * audit)
    wanted = min(wanted, states)
    return sorted(Random(SEED).sample(range(states), wanted))


class Beside:
    """One state of a search beside one machine that was run."""

    def __init__(self, relation, packed, kernel: Kernel):
        self.relation, self.kernel = relation, kernel
        self.machine = relation.machine
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
            cells = thing.cells
            for name, cell in cells.items():
                value = cell.values[self.state[cell.index] if cell.index is not None else 0]
                if not self.same_cell(thing, name, value, held):
                    now = held if name == CONTENT else getattr(held, name, "nothing")
                    return f"{type_name(held)}.{name} is {now!r} in the model, not {value!r}"
        return None

    @property
    def any(self) -> bool:
        return self.clock == "any"

    def pair(self, thing: Thing, held) -> bool:
        if thing in self.pairs or id(held) in self.things:
            return self.pairs.get(thing) is held and self.things.get(id(held)) is thing
        self.pairs[thing], self.things[id(held)] = held, thing
        self.todo.append(thing)
        return True

    def same_cell(self, thing: Thing, name: str, value, held) -> bool:
        if name == CONTENT:
            return self.same_content(value, held)
        if isinstance(held, Timer) and name in ("expires", "number"):
            return value == self.time_of(held, name)
        if name == "jiffies":
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
            if type(now) in CONTAINERS and type(now) is not type(value.object):
                return False
            return self.pair(value, now)
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
            name = now.__name__ if type(value[1]) is str else now.__func__
            return self.same(value[1], name) and self.same(value[2], now.__self__)
        if mark is PARTIAL:
            return self.same(value[1], now.func) and self.same(value[2], now.args)
        return self.machine.values.encode(now) == value

    def same_constant(self, value, now) -> bool:
        """The same, or made again by the same line of the scenario with the same things around."""
        if value is now or value == now or plain_function(value) == now:
            return True
        if isinstance(value, type) and isinstance(now, type):
            value = plain_function(value)
            return (value.__module__, value.__qualname__) == (now.__module__, now.__qualname__)
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
            seen = thread.gi_frame.f_locals
            loops = [
                (v.__reduce__(), v)
                for v in gc.get_referents(thread)
                if isinstance(v, Iterator) and type(v).__name__ != "generator"
                if not any(v is x for x in (*seen.values(), thread.gi_yieldfrom))
            ]
            free = set(function.__code__.co_freevars)
            if len([n for n in seen if n not in free]) != sum(
                v is not self.unset and n[0] != "." for n, v in zip(names, local, strict=True)
            ):
                return False
            for name, v in zip(names, local, strict=True):
                if name[0] == ".":
                    if v is not self.unset and loops and not self.same_iterator(v, loops.pop(0)):
                        return False
                elif v is not self.unset and not (name in seen and self.same(v, seen[name])):
                    return False
            thread = thread.gi_yieldfrom
        return thread is None or getattr(thread, "gi_frame", None) is None

    @property
    def unset(self):
        return self.machine.values.const(UNSET)

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


def held_by(function: FunctionType) -> list:
    """What a function has around it: its closure, and its defaults."""
    cells = []
    for cell in function.__closure__ or ():
        try:
            cells.append(cell.cell_contents)
        except ValueError:  # it has no value yet
            cells.append(None)
    return [*cells, *(function.__defaults__ or ()), *(function.__kwdefaults__ or {}).values()]


def plain_function(value):
    return getattr(value, "watched", value)


def check(relation, build, packed, schedule: list) -> None:
    """This state, and all its successors. ExplorerFault if the model says something else."""
    kernel = plain.reach(build, schedule)
    compare(relation, packed, kernel, schedule)
    entries = plain.enabled(kernel, relation.clock)
    if sorted(entries, key=repr) != sorted(relation.enabled(packed), key=repr):
        raise ExplorerFault(f"after {schedule} the model may go on with {entries}")
    for entry in entries:
        after = [*schedule, entry]
        compare(relation, relation.successor(packed, entry), plain.reach(build, after), after)


def compare(relation, packed, kernel: Kernel, schedule: list) -> None:
    difference = Beside(relation, packed, kernel).difference()
    if difference is not None:
        raise ExplorerFault(f"after {schedule}, {difference}")
    if relation.question is not None:
        if bool(relation.question(kernel)) != relation.broken(packed):
            raise ExplorerFault(f"after {schedule} the property is asked and answers otherwise")
