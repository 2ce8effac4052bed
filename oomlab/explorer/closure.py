"""What a user's functions see besides the machine: globals, closures, defaults, their classes.

A program or a property is a Python function, and may look at more than the machine. Whatever it
can come to is either constant, which is checked after every step, or a container or an object,
which then is part of the state as if the machine held it; or it is refused in one sentence.
"""

import builtins
import dataclasses
import reprlib
import sys
from abc import ABCMeta, get_cache_token
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dis import Instruction, get_instructions
from enum import Enum
from functools import partial
from itertools import chain
from operator import is_
from types import (
    BuiltinFunctionType,
    CodeType,
    FunctionType,
    GenericAlias,
    MethodType,
    ModuleType,
    UnionType,
)
from typing import Any, TypeVar

from ..model.kernel import Kernel
from ..policies.policy import Policy
from ..simulate.fingerprint import held_as, slots_of
from .classes import (
    PURE,
    asks_for_the_class,
    equal_only_to_itself,
    is_object,
    is_user,
    plain_class,
)
from .errors import Refused, instead
from .objects import Values, is_record, ordered
from .state_vector import CONTAINERS, Thing

PLAIN = {int, bool, str, float, complex, bytes, type(None), range, object}
SEEN_THROUGH = {"tuple", "frozenset", "partial", "method"}  # see inside()
SEEN_THROUGH |= {"method_descriptor", "builtin_function_or_method"}
# What says only which one it is: a mark as `MARK = object()`, and what annotations are made of.
MARKS = (GenericAlias, TypeVar, UnionType)
# What an object may hold that is the same in every state, but that holds something itself.
CONSTANT = (FunctionType, MethodType, BuiltinFunctionType, partial, type, Enum, ModuleType)
# What goes past the watch (watch.py), or tells its classes from those that it watches.
PAST = {"__getattribute__", "__setattr__", "__delattr__", "__get__", "__set__", "__delete__"}
PAST |= {"__hash__", "__repr__"}  # of object: its address
PAST |= {"__subclasses__", "__annotations__", "_value2member_map_"}  # of a class
# What Python adds to a class while it runs, and to a member of a Flag: which one is ~member.
ADDED = {"__annotations__", "__annotations_cache__", "__annotate_func__", "__abstractmethods__"}
ADDED |= {"_inverted_"}
WRITTEN = ("<string>", dataclasses.__file__, reprlib.__file__)  # where dataclasses has methods from
NAMES_OF_A_CLASS = ("__name__", "__qualname__", "__module__")
FIELDS = {"member_descriptor", "getset_descriptor", "_tuplegetter"}  # of slots, and of a NamedTuple
IMPURE = {"id", "hash", "eval", "exec", "locals", "globals", "vars", "open", "input", "__import__"}


class Closure:
    """The functions of users, and what they hold on to."""

    def __init__(self, values: Values, functions: list[Callable]):
        self.values = values
        self.seen: set[tuple[int, bool]] = set()
        self.within = False  # a function or a class, whose looking at what it holds is not seen
        self.behind: set[Thing] = set()  # the objects that those hold themselves
        self.classes: set[type] = set()
        self.keeps: list = []  # so that no id is used twice
        self.constants: list[tuple] = []  # (what it is called, how to read it, its value)
        self.roots: dict[Thing, None] = {}
        for function in functions:
            self.value(function, getattr(function, "__name__", "a property"))

    def look(self, values: Values, held) -> None:
        """Find the functions that an object of the machine holds."""
        for value in parts(held):
            self.find(value)
        self.user_class(plain_class(type(held)))

    def find(self, value) -> None:
        if isinstance(value, tuple):
            for item in value:
                self.find(item)
        elif isinstance(value, CONSTANT):
            kept = self.values.threads.kept
            if isinstance(value, FunctionType) and value in kept:
                value = kept[value][0]
            self.value(value, getattr(value, "__name__", None) or f"a {type(value).__name__}")

    def changed(self) -> str | None:
        """What was constant and is another now."""
        for name, read, value in self.constants:
            if read() is not value:
                return name
        return None

    def value(self, v, name: str) -> None:
        """Something that a user's function can come to under this name."""
        kind: Any = type(v)
        equal_only_to_itself(v if isinstance(v, type) else kind)
        if (id(v), self.within) in self.seen or kind in PLAIN or isinstance(v, (Policy, *MARKS)):
            return
        self.seen.add((id(v), self.within))
        self.keeps.append(v)
        for inner in inside(v):
            self.value(inner, name)
        if kind is partial:
            what = f"an attribute of the partial {name}"
            self.constants.append((what, lambda: None if vars(v) else v, v))
        if isinstance(v, FunctionType):
            with self.inside():
                self.function(v)
        elif isinstance(v, type):
            self.user_class(v)
        elif isinstance(v, Enum | ModuleType):
            if isinstance(v, ModuleType) and v.__name__.partition(".")[0] not in {*PURE, "oomlab"}:
                how = instead(v.__name__)
                raise Refused(f"the module {v.__name__} is used, which no state can hold{how}")
            self.unwritten(v, name)
            self.user_class(kind)
        elif isinstance(v, BuiltinFunctionType) and isinstance(v.__self__, ModuleType | type(None)):
            module = (v.__module__ or "builtins").lstrip("_")
            if module not in {*PURE, "builtins"}:
                how = instead(module)
                raise Refused(f"{module}.{v.__name__} is used, which no state can hold{how}")
        elif isinstance(v, set) and all(isinstance(x, int | str) for x in v):
            before = frozenset(v)
            self.constants.append((name, lambda: before if v == before else None, before))
        elif kind in CONTAINERS or is_object(kind):
            thing = self.values.thing(v)
            self.roots[thing], thing.called = None, name
            if self.within:
                self.behind.add(thing)
        elif kind.__name__ not in (
            *SEEN_THROUGH,
            "method_descriptor",
            "builtin_function_or_method",
        ):
            if not is_record(v):
                called, how = kind.__qualname__, instead(kind.__name__)
                raise Refused(f"{name} is of type {called}, which no state can hold{how}")

    @contextmanager
    def inside(self) -> Iterator[None]:
        """What is met now is held by a function or a class."""
        before, self.within = self.within, True
        try:
            yield
        finally:
            self.within = before

    def function(self, f: FunctionType) -> None:
        self.values.definition(f)  # refused, if a step made it
        module = f.__module__ or ""
        held = standing_on(f)  # a step may write on a function, too
        self.constants.append(
            (f"what the function {f.__name__} holds", lambda: unchanged(f, held), held)
        )
        if module.startswith("oomlab.") and not f.__closure__ and "oomlab" in sys.modules:
            return
        if module.partition(".")[0] in sys.stdlib_module_names - {"__main__"}:
            if module.partition(".")[0] not in PURE:
                raise Refused(f"{module}.{f.__name__} is used, which no state can hold")
            return
        self.code(f, f.__code__)
        for name, cell in zip(f.__code__.co_freevars, f.__closure__ or (), strict=True):
            try:
                self.constant(name, lambda cell=cell: cell.cell_contents, f)
            except ValueError as wrong:
                if isinstance(wrong, Refused):
                    raise
        for value in (*(f.__defaults__ or ()), *(f.__kwdefaults__ or {}).values()):
            self.value(value, f"a default of {f.__name__}")
        for value in vars(f).values():
            self.value(value, f"an attribute of {f.__name__}")

    def code(self, f: FunctionType, code: CodeType) -> None:
        scope = f.__globals__
        instructions = list(get_instructions(code))
        self.looks_at_objects(f, instructions)
        for i in instructions:
            if i.opname in ("STORE_GLOBAL", "DELETE_GLOBAL"):
                raise Refused(f"{f.__name__} writes the global {i.argval}: use an attribute")
            if i.opname in ("STORE_DEREF", "DELETE_DEREF") and i.argval in f.__code__.co_freevars:
                raise Refused(f"{f.__name__} writes the nonlocal {i.argval}: use an attribute")
            if i.opname in ("STORE_ATTR", "DELETE_ATTR") and i.argval[:2] == "__" == i.argval[-2:]:
                raise Refused(f"{f.__name__} writes {i.argval}, which no state can hold")
            if i.opname in ("LOAD_GLOBAL", "LOAD_NAME"):
                if i.argval in scope:
                    self.constant(i.argval, lambda n=i.argval: scope.get(n), f)
                elif i.argval in IMPURE and hasattr(builtins, i.argval):
                    raise Refused(f"{f.__name__} uses {i.argval}(), which no state can hold")
            if i.opname == "IMPORT_NAME":
                if i.argval.partition(".")[0] not in {*PURE, "oomlab"} and "oomlab" not in i.argval:
                    raise Refused(f"{f.__name__} imports {i.argval}, which no state can hold")
        for inner in code.co_consts:
            if isinstance(inner, CodeType):
                self.code(f, inner)

    def looks_at_objects(self, f: FunctionType, instructions: list[Instruction]) -> None:
        """Only by their attributes, which are watched, and not by their classes, which are ours."""
        past = PAST - {f.__name__}  # a class's own __setattr__ is watched, and calls that of object
        for name in past & {i.argval for i in instructions if i.opname.startswith("LOAD_")}:
            raise Refused(f"{f.__name__} uses {name}, which cannot be seen: use the attribute")
        begun: Any = False
        for i in instructions:
            if i.opname == "LOAD_GLOBAL" and i.argval == "type" and "type" not in f.__globals__:
                begun = True
            elif begun and i.opname == "CALL":
                begun = "call"
            elif begun == "call":
                if i.opname != "LOAD_ATTR" or i.argval not in NAMES_OF_A_CLASS:
                    raise Refused(f"{f.__name__} compares or keeps type(): use isinstance()")
                begun = False

    def unwritten(self, v, name: str) -> None:
        """A class or a module, of which no step may change an attribute."""
        names, size = kept_by(v), len(vars(v))
        before = [vars(v)[n] for n in names]

        def now() -> list | None:
            has = vars(v)
            if len(has) != size and kept_by(v) != names:
                return None
            return before if all(map(is_, before, map(has.get, names))) else None

        self.constants.append((f"an attribute of {name}", now, before))

    def constant(self, name: str, read: Callable, f: FunctionType) -> None:
        value = read()
        self.constants.append((name, read, value))
        self.value(value, f"{name} (in {f.__name__})")

    def user_class(self, kind: type) -> None:
        if kind in self.classes:
            return
        self.classes.add(kind)
        if self.values.starting:
            self.values.definition(kind)  # known from now on
        if not is_user(kind):
            if kind.__flags__ & 1 << 9:  # a class statement made it
                self.unwritten(kind, kind.__name__)
            return
        for base in (*kind.__mro__[1:], type(kind)):
            self.user_class(base)
        with self.inside():
            self.attributes(kind)
        for member in kind.__members__.values() if issubclass(kind, Enum) else ():
            self.value(member, f"{kind.__name__}.{member.name}")
        self.unwritten(kind, kind.__name__)
        if isinstance(kind, ABCMeta):
            self.constants.append((f"what is registered with {kind.__name__}", *registered()))
        for name in ("__name__", "__qualname__", "__bases__"):
            of_it = partial(getattr, kind, name)
            self.constants.append((f"{kind.__name__}.{name}", of_it, of_it()))

    def attributes(self, kind: type) -> None:
        for name, value in vars(kind).items():
            if name.startswith("__") and not isinstance(value, FunctionType):
                continue
            if issubclass(kind, Enum) and name.startswith("_"):
                continue
            if name == "_abc_impl" or dataclasses.is_dataclass(kind) and is_generated(value):
                continue
            self.constants.append(
                (f"{kind.__name__}.{name}", lambda n=name: vars(kind).get(n), value)
            )
            if isinstance(value, FunctionType):
                asks_for_the_class(kind, value)
            inner = getattr(value, "__func__", None) or getattr(value, "fget", None) or value
            if type(inner).__name__ not in FIELDS:
                self.value(inner, f"{kind.__name__}.{name}")


def inside(v) -> tuple:
    """What a value holds that never changes what it holds."""
    if isinstance(v, tuple | frozenset):
        return tuple(v) if isinstance(v, tuple) else tuple(ordered(v))
    if isinstance(v, partial):
        return v.func, *v.args, *v.keywords.values()
    if isinstance(v, MethodType):
        return v.__func__, v.__self__
    if isinstance(v, BuiltinFunctionType) and not isinstance(v.__self__, ModuleType):
        return (v.__self__,)
    return tuple(vars(v).values()) if isinstance(v, Enum) else ()


def registered() -> tuple[Callable, object]:
    """How often a class was registered with an abstract one, and how to ask whether it still is."""
    times = get_cache_token()
    return lambda: times if get_cache_token() == times else None, times


def kept_by(v) -> list[str]:
    """The names that a class or a module has, but for those that Python adds while it runs."""
    if isinstance(v, type):
        return [name for name in vars(v) if name not in ADDED]
    own = [n for n, x in vars(v).items() if not isinstance(x, ModuleType)]
    return [name for name in own if not name.startswith("__") and name not in ADDED]


def is_generated(value) -> bool:
    """Did dataclasses write this method? Those only do what they say."""
    code = getattr(value, "__code__", None)
    return code is not None and code.co_filename in WRITTEN


def standing_on(f: FunctionType) -> list:
    """What stands on a function itself: attributes by name, defaults, code."""
    named = (f.__kwdefaults__ or {}).items()
    held = [f.__code__, f.__defaults__, f.__kwdefaults__, f.__name__, f.__doc__]
    return [*held, *chain.from_iterable((*named, *vars(f).items()))]


def unchanged(f: FunctionType, held: list) -> list | None:
    """`held` again, if the function holds the very same things."""
    now = standing_on(f)
    same = len(now) == len(held) and all(a is b for a, b in zip(now, held, strict=True))
    return held if same else None


def parts(held) -> list:
    """What an object holds."""
    if isinstance(held, dict):
        return [*held.keys(), *held.values()]
    if type(held) in CONTAINERS:
        return list(held)
    slots = [n for c in type(held).__mro__ for n in slots_of(c)]
    return [*held_as(held, "__dict__", {}).values(), *[held_as(held, n, None) for n in slots]]


def patched(kernel: Kernel) -> list[FunctionType]:
    """The functions that the policy's patch brings."""
    patch = kernel.policy.patch
    if patch is None:
        return []
    return [patch.bind(f) for f in (*patch.functions.values(), *patch.kthreads.values())]
