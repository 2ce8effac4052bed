"""What a user's functions see besides the machine: globals, closures, defaults, their classes.

A program or a property is a Python function, and may look at more than the machine. Whatever it
can come to is either constant, which is checked after every step, or a container or an object,
which then is part of the state as if the machine held it; or it is refused in one sentence.
"""

import builtins
import sys
from collections.abc import Callable
from dis import get_instructions
from enum import Enum
from functools import partial
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
from ..model.policy import Policy
from .compile import Refused
from .objects import Values, is_object
from .things import CONTAINERS, Thing

PURE = {
    *("math", "cmath", "itertools", "functools", "operator", "collections", "heapq", "bisect"),
    *("enum", "typing", "types", "dataclasses", "fractions", "decimal", "statistics", "string"),
    *("re", "abc", "contextlib", "copy", "html"),
}
# What says only which one it is: a mark as `ABORT = object()`, and what annotations are made of.
MARKS = (GenericAlias, TypeVar, UnionType)
IMPURE = {"id", "hash", "eval", "exec", "locals", "globals", "vars", "open", "input", "__import__"}


class Closure:
    """The functions of users, and what they hold on to."""

    def __init__(self, values: Values, functions: list[Callable]):
        self.values = values
        self.seen: set[int] = set()
        self.keeps: list = []  # so that no id is used twice
        self.constants: list[tuple] = []  # (what it is called, how to read it, its value)
        self.roots: dict[Thing, None] = {}
        for function in functions:
            self.value(function, getattr(function, "__name__", "a property"))

    def look(self, values: Values, held) -> None:
        """Find the functions that an object of the machine holds."""
        for value in parts(held):
            self.find(value)
        if is_user(type(held)):
            self.user_class(getattr(type(held), "watched", type(held)))

    def find(self, value) -> None:
        if isinstance(value, tuple):
            for item in value:
                self.find(item)
        elif isinstance(value, FunctionType | MethodType | partial):
            kept = self.values.threads.kept
            if isinstance(value, FunctionType) and value in kept:
                value = kept[value][0]
            self.value(value, getattr(value, "__name__", "a function"))

    def changed(self) -> str | None:
        """What was constant and is another now."""
        for name, read, value in self.constants:
            if read() is not value:
                return name
        return None

    def value(self, v, name: str) -> None:
        """Something that a user's function can come to under this name."""
        kind: Any = type(v)
        plain = (int, str, float, complex, bytes, type(None), range, Policy, Enum)
        if id(v) in self.seen or kind is object or isinstance(v, (*plain, *MARKS)):
            return
        self.seen.add(id(v))
        self.keeps.append(v)
        if isinstance(v, tuple | frozenset):
            for item in v:
                self.value(item, name)
        elif isinstance(v, partial):
            self.value((v.func, *v.args, *v.keywords.values()), name)
        elif isinstance(v, MethodType):
            self.value(v.__func__, name)
            self.value(v.__self__, name)
        elif isinstance(v, FunctionType):
            self.function(v)
        elif isinstance(v, ModuleType):
            if v.__name__.partition(".")[0] not in {*PURE, "oomlab"}:
                raise Refused(f"the module {v.__name__} is used, which no state can hold")
        elif isinstance(v, type):
            self.user_class(v)
        elif isinstance(v, BuiltinFunctionType) and isinstance(v.__self__, ModuleType | type(None)):
            module = (v.__module__ or "builtins").lstrip("_")
            if module not in {*PURE, "builtins"}:
                raise Refused(f"{module}.{v.__name__} is used, which no state can hold")
        elif isinstance(v, set) and all(isinstance(x, int | str) for x in v):
            before = frozenset(v)
            self.constants.append((name, lambda: before if v == before else None, before))
        elif kind in CONTAINERS or is_object(kind):
            self.roots[self.values.thing(v)] = None
        elif type(v).__name__ not in ("method_descriptor", "builtin_function_or_method"):
            raise Refused(f"{name} is of type {kind.__qualname__}, which no state can hold")

    def function(self, f: FunctionType) -> None:
        if self.values.starting:
            self.values.given.add(f)
        else:
            self.values.encode(f)  # refused, if a step made it
        module = f.__module__ or ""
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
        held = standing_on(f)  # a step may write on a function, too
        self.constants.append(
            (f"what the function {f.__name__} holds", lambda: unchanged(f, held), held)
        )

    def code(self, f: FunctionType, code: CodeType) -> None:
        scope = f.__globals__
        for i in get_instructions(code):
            if i.opname in ("STORE_GLOBAL", "DELETE_GLOBAL"):
                raise Refused(f"{f.__name__} writes the global {i.argval}: use an attribute")
            if i.opname in ("STORE_DEREF", "DELETE_DEREF") and i.argval in f.__code__.co_freevars:
                raise Refused(f"{f.__name__} writes the nonlocal {i.argval}: use an attribute")
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

    def constant(self, name: str, read: Callable, f: FunctionType) -> None:
        value = read()
        self.constants.append((name, read, value))
        self.value(value, f"{name}, which {f.__name__} uses,")

    def user_class(self, kind: type) -> None:
        if not is_user(kind) or id(kind) in self.seen and kind in self.keeps[:-1]:
            return
        self.seen.add(id(kind))
        self.keeps.append(kind)
        for base in kind.__mro__[1:]:
            self.user_class(base)
        for name, value in vars(kind).items():
            if name.startswith("__") and not isinstance(value, FunctionType):
                continue
            self.constants.append(
                (f"{kind.__name__}.{name}", lambda n=name: vars(kind).get(n), value)
            )
            inner = getattr(value, "__func__", None) or getattr(value, "fget", None) or value
            if type(inner).__name__ not in ("member_descriptor", "getset_descriptor"):
                self.value(inner, f"{kind.__name__}.{name}")


def standing_on(f: FunctionType) -> list:
    """What stands on a function itself: attributes by name, defaults, code."""
    return [f.__code__, f.__defaults__, f.__kwdefaults__, *vars(f).keys(), *vars(f).values()]


def unchanged(f: FunctionType, held: list) -> list | None:
    """`held` again, if the function holds the very same things."""
    now = standing_on(f)
    same = len(now) == len(held) and all(a is b for a, b in zip(now, held, strict=True))
    return held if same else None


def is_user(kind: type) -> bool:
    """A class that is neither oomlab's nor Python's own."""
    module = kind.__module__.partition(".")[0]
    return module == "__main__" or module != "oomlab" and module not in sys.stdlib_module_names


def parts(held) -> list:
    """What an object holds."""
    if isinstance(held, dict):
        return [*held.keys(), *held.values()]
    if type(held) in CONTAINERS:
        return list(held)
    slots = [n for c in type(held).__mro__ for n in vars(c).get("__slots__", ())]
    return [*getattr(held, "__dict__", {}).values(), *[getattr(held, n, None) for n in slots]]


def patched(kernel: Kernel) -> list[FunctionType]:
    """The functions that the policy's patch brings."""
    patch = kernel.policy.patch
    if patch is None:
        return []
    return [patch.bind(f) for f in (*patch.functions.values(), *patch.kthreads.values())]
