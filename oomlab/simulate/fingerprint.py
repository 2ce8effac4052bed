"""When are two states of a machine the same?

Everything that one can come to from the kernel object is state, whole: every attribute of every
object, what containers hold and in which order, and where each suspended thread stands, with its
locals and its iterators. A class of the model leaves an attribute out by naming it in NOT_STATE,
with the reason. Of time a state holds what the clock goes by: see `Walk.pending`. Objects have no
names of their own: they are numbered in the order in which the walk comes to them.
"""

import gc
import sys
from collections import deque
from collections.abc import Iterator
from dis import get_instructions
from enum import Enum
from functools import cache, partial
from types import (
    BuiltinFunctionType,
    CellType,
    CodeType,
    FrameType,
    FunctionType,
    GeneratorType,
    MemberDescriptorType,
    MethodType,
    ModuleType,
)
from typing import Any

from ..model.kernel import Kernel, Timer
from ..model.tasks import Task
from ..policies.policy import Policy

NOT_HELD = (FrameType, CodeType)  # of a thread itself, not on its frame
DESCRIPTORS = {"method_descriptor", "wrapper_descriptor", "member_descriptor"}
DESCRIPTORS |= {"getset_descriptor", "classmethod_descriptor"}
UNSET: Any = object()  # of a slot that holds nothing
ATOMS = (int, str, float, complex, bytes, bool, type(None), type(...), range, Policy)


def fingerprint(kernel: Kernel, clock: str = "any") -> tuple:
    """All that decides the future under this clock, as a value that can be compared.

    ValueError, in one sentence, for an object that cannot be looked into.
    """
    return walked(kernel, clock)[0]


def walked(
    kernel: Kernel, clock: str = "any", of: "type[Walk] | None" = None
) -> tuple[tuple, list]:
    """The fingerprint, and every object that was looked into. `of`: another kind of walk."""
    walk, patch = (of or Walk)(kernel, clock), kernel.policy.patch
    parts = [walk.name(kernel), walk.pending()]
    if patch is not None:  # its functions may keep something in globals of their own
        parts.append(walk.names(map(patch.bind, patch.functions.values())))
    for thing in walk.met:  # grows while we walk
        parts.append((type(thing).__qualname__, *walk.contents(thing)))
    return tuple(parts), walk.met


class Walk:
    """One walk over all that can be reached."""

    def __init__(self, kernel: Kernel, clock: str):
        self.kernel, self.clock = kernel, clock
        self.due = sorted(kernel.timers)
        self.numbers: dict[int, int] = {}
        self.met: list = []  # also keeps what it holds alive, so that no id is used twice

    def pending(self) -> tuple:
        """Under "any" only which timers are pending; else when, from now on, and in which order.

        Long timers are rounded up to the next bucket of the timer wheel: so a state also holds how
        far the clock is in its bucket.
        """
        if self.clock == "any":
            return tuple(sorted([timer_key(timer) for timer in self.due]))
        now, wheel = self.kernel.jiffies, self.kernel.wheel
        return now % wheel, *[(timer.expires - now, timer_key(timer)) for timer in self.due]

    def name(self, value):
        """A plain value as it is, a tuple by what it holds, any other object by its number."""
        kind = type(value)
        if kind is int or kind is str or value is None:
            return value
        if kind is Timer:
            if value not in self.due:
                return "timer", "gone"
            return "timer", timer_key(value) if self.clock == "any" else self.due.index(value)
        if kind is tuple:
            return tuple([self.name(item) for item in value])
        if isinstance(value, ATOMS) and not isinstance(value, Enum):
            return kind.__qualname__, value
        if is_constant(value):
            return kind.__name__, getattr(value, "__module__", ""), value.__name__
        if id(value) not in self.numbers:
            self.numbers[id(value)] = len(self.numbers)
            self.met.append(value)
        return (self.numbers[id(value)],)

    def names(self, values) -> tuple:
        return tuple([self.name(value) for value in values])

    def contents(self, thing) -> tuple:
        """What an object holds, by name or in order."""
        kind = thing if isinstance(thing, type) else type(thing)
        if is_compared(kind):
            raise ValueError(f"a state cannot hold a {kind.__qualname__}: its metaclass has __eq__")
        if isinstance(thing, GeneratorType):
            return self.thread(thing)
        if isinstance(thing, FunctionType):
            scope = thing.__globals__
            read = [(name, scope[name]) for name in globals_read(thing.__code__) if name in scope]
            held = thing.__closure__, thing.__defaults__, thing.__kwdefaults__, thing.__dict__
            return place(thing.__code__), self.names(held), self.names(read)
        if isinstance(thing, MethodType | BuiltinFunctionType):
            return thing.__name__, self.name(thing.__self__)
        if isinstance(thing, property):
            return self.names((thing.fget, thing.fset, thing.fdel))
        if isinstance(thing, staticmethod | classmethod):
            return self.names((thing.__func__,))
        if isinstance(thing, CellType):
            return self.names([thing.cell_contents]) if filled(thing) else ()
        if isinstance(thing, partial):
            return self.names((thing.func, thing.args, thing.keywords, *vars(thing).items()))
        if isinstance(thing, type):
            hidden = "_" if issubclass(thing, Enum) else "__"  # an Enum keeps what it made
            kept = {n: v for n, v in vars(thing).items() if n[: len(hidden)] != hidden}
            kept = {n: v for n, v in kept.items() if is_held(v)}
            over = self.names((*thing.__bases__, type(thing)))
            return thing.__module__, thing.__qualname__, self.names(kept.items()), over
        if isinstance(thing, Iterator) and not is_ours(type(thing)):
            return self.reduced(thing)
        own = self.names(attributes(thing))
        if not is_constant(type(thing)):  # a user's class may hold something for all its objects
            own = (*own, self.name(type(thing)))
        if isinstance(thing, list | tuple | deque):
            return own, self.names(thing)
        if isinstance(thing, dict):
            return own, self.names(thing.items())
        if isinstance(thing, set | frozenset):
            return own, self.names(thing)
        return own if is_ours(type(thing)) else self.reduced(thing)

    def thread(self, thread: GeneratorType) -> tuple:
        """Where it stands, its locals, and what its loops and calls have on the stack."""
        if thread.gi_frame is None:
            return ("finished",)
        names, held = on_the_frame(thread)
        return place(thread.gi_code), thread.gi_frame.f_lasti, names, self.names(held)

    def reduced(self, thing) -> tuple:
        """What an object of an extension type is made from, as pickle and copy ask for it."""
        try:
            return self.names(thing.__reduce_ex__(2))
        except TypeError:
            raise ValueError(f"a state cannot hold a {type(thing).__qualname__}") from None


def timer_key(timer) -> tuple[int, str]:
    """How a schedule calls a timer: whose it is, and what it will call."""
    task, function = timer.argument, timer.function
    if not isinstance(task, Task) or not hasattr(function, "__name__"):
        held = f"{type(function).__name__} for a {type(task).__name__}"
        raise ValueError(f"a timer calls a function with a name for a task, not a {held}")
    return task.pid, function.__name__


def on_the_frame(thread: GeneratorType) -> tuple[tuple[str, ...], list]:
    """Which locals a suspended thread has, and all objects that its frame holds.

    Last comes the exception that it handles. Where it handles none any more that is None, and
    nothing where it never did: to its future that is the same. With the locals that it has, one
    place in the code has a fixed number of the others, so None at the end need not be told.
    """
    assert thread.gi_frame is not None
    seen = thread.gi_frame.f_locals  # a copy, which the frame may hold, too
    held = gc.get_referents(thread)
    held = [thing for thing in held if type(thing) not in NOT_HELD and thing is not seen]
    while held and held[-1] is None:
        held.pop()
    return tuple(seen), held


def place(code: CodeType) -> tuple:
    return code.co_filename, code.co_firstlineno, code.co_qualname


def filled(cell: CellType) -> bool:
    try:
        cell.cell_contents  # noqa: B018
    except ValueError:
        return False
    return True


@cache
def globals_read(code: CodeType) -> tuple[str, ...]:
    """The names that a function and those inside it look up in their module."""
    found = [i.argval for i in get_instructions(code) if i.opname in ("LOAD_GLOBAL", "LOAD_NAME")]
    inner = [c for c in code.co_consts if isinstance(c, CodeType)]
    return tuple(dict.fromkeys([*found, *[name for c in inner for name in globals_read(c)]]))


def is_constant(value) -> bool:
    """Is it the same in every state: the code of the model, of Python, a module?"""
    if isinstance(value, ModuleType):
        return True
    if isinstance(value, type):
        return not is_ours(value) or value.__module__.startswith("oomlab.")
    if isinstance(value, FunctionType):
        return value.__closure__ is None and (value.__module__ or "").startswith("oomlab.")
    if isinstance(value, BuiltinFunctionType):
        return value.__self__ is None or isinstance(value.__self__, ModuleType)
    return type(value).__name__ in DESCRIPTORS


def is_held(value) -> bool:
    """May what a class has under a name hold something? Python's own descriptors do not."""
    held = (*ATOMS, tuple, list, dict, set, frozenset, deque, FunctionType, type)
    return isinstance(value, (*held, property, staticmethod, classmethod)) or is_ours(type(value))


def is_ours(kind: type) -> bool:
    """A class written in Python, with its attributes where one can see them."""
    return bool(kind.__flags__ & 1 << 9) and kind.__module__ not in sys.stdlib_module_names


def is_compared(kind: type) -> bool:
    """Does its own class say what this class is equal to? Then one cannot ask which it is."""
    return (type(kind).__eq__, type(kind).__hash__) != (type.__eq__, type.__hash__)


def attributes(thing) -> list[tuple]:
    """(name, value) of what an object holds, without what its class says is no state."""
    left_out = {name for kind in type(thing).__mro__ for name in vars(kind).get("NOT_STATE", ())}
    if isinstance(thing, Kernel):
        left_out.add("timers")  # a heap: pending() says what of it is state
    slots = [name for kind in type(thing).__mro__ for name in slots_of(kind)]
    held = [(name, held_as(thing, name, UNSET)) for name in slots]
    held = [(name, value) for name, value in held if value is not UNSET]
    held += held_as(thing, "__dict__", {}).items()
    return [(name, value) for name, value in held if name not in left_out]


def is_slot(held: object) -> bool:
    """Is this, which a class holds under a name, the place of a slot?"""
    return type(held) is MemberDescriptorType


def slots_of(kind: type) -> list[str]:
    """The slots that this class itself has; `__slots__` would say them as written, without the
    class in a private name, and nothing where it was an iterator."""
    if "__slots__" not in vars(kind):
        return []
    return [name for name, v in vars(kind).items() if is_slot(v)]


def held_as(thing: object, name: str, otherwise: Any) -> Any:
    """What an object, or its class, holds under a name, or `otherwise`.

    As getattr(); but no __getattr__ of a user is called, who may do anything in it.
    """
    try:
        return object.__getattribute__(thing, name)
    except AttributeError:
        return otherwise
