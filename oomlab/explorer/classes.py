"""What a class tells of its objects: their attributes, and what would run unseen."""

import sys
from collections.abc import Callable
from dis import get_instructions
from functools import wraps
from types import FunctionType
from typing import Any
from weakref import WeakKeyDictionary

from ..simulate.fingerprint import held_as, is_compared, is_slot, slots_of
from .errors import Refused

WATCHED = ".watched"  # no attribute of a user's class can be called so
# Modules of Python whose functions and objects keep nothing, and look at nothing outside.
PURE = {
    *("math", "cmath", "itertools", "functools", "operator", "collections", "heapq", "bisect"),
    *("enum", "typing", "types", "dataclasses", "fractions", "decimal", "statistics", "string"),
    *("re", "abc", "contextlib", "copy", "html"),
}


def is_user(kind: type) -> bool:
    """A class that is neither oomlab's nor Python's own."""
    module = kind.__module__.partition(".")[0]
    return module == "__main__" or module != "oomlab" and module not in sys.stdlib_module_names


def unseen_of(kind: type) -> list[str]:
    """What a class of a user has that runs where it cannot be seen."""
    has = {name for c in kind.__mro__ if is_user(c) for name in vars(c)}
    return sorted(has & {"__getattr__", "__getattribute__", "__del__", "__init_subclass__"})


def equal_only_to_itself(kind: type) -> None:
    """Refused: a class whose own class says what it is equal to. Asked before it is compared."""
    if is_compared(kind):
        raise Refused(f"a state cannot hold a {kind.__qualname__}: its metaclass has __eq__")


def plain_class(kind: type) -> type:
    """The class itself, of one that watches its objects (watch.py)."""
    return vars(kind).get(WATCHED, kind)


def is_pythons(name: str) -> bool:
    """`__len__`, `__doc__`: Python asks for such names by itself, and that is not seen."""
    return name.startswith("__") and name.endswith("__")


def asks_for_the_class(kind: type, method: FunctionType) -> None:
    """Refused: a method that gets the class of its object from Python, which is ours (watch.py)."""
    code = method.__code__
    of_class = {n for c in kind.__mro__ for n, v in vars(c).items() if isinstance(v, classmethod)}
    if "super" in code.co_names and of_class.intersection(code.co_names):
        raise Refused(f"{kind.__name__}.{method.__name__} calls a method of a class by super()")
    if method.__name__ == "__get__" and code.co_argcount > 2:
        owner, loads = code.co_varnames[2], get_instructions(code)
        if any("LOAD" in i.opname and owner in (i.argval, *pair(i.argval)) for i in loads):
            raise Refused(f"{kind.__name__}.__get__ asks for {owner}, which no state can hold")


def pair(name: object) -> tuple:
    """The two names that one instruction of Python 3.13 loads."""
    return name if isinstance(name, tuple) else ()


def of_a_class(ask: Callable[[type], bool]) -> Callable[[type], bool]:
    """What `ask` says of a class is remembered as long as that lives: a search has its own."""
    known: WeakKeyDictionary[type, bool] = WeakKeyDictionary()

    @wraps(ask)
    def asked(kind: type) -> bool:
        if kind not in known:
            known[kind] = ask(kind)
        return known[kind]

    return asked


@of_a_class
def is_written_in_python(kind: type) -> bool:
    """A class statement made it: what is written in C may hold what no attribute shows."""
    if not kind.__flags__ & 1 << 9 or kind.__flags__ & 1 << 8:
        return False
    made_in_c = ("wrapper_descriptor", "method_descriptor", "builtin_function_or_method")
    return not any(
        type(v).__name__ in made_in_c and name != "__hash__" for name, v in vars(kind).items()
    )


@of_a_class
def is_object(kind: type) -> bool:
    """A class whose objects hold their attributes and nothing else that one cannot see."""
    module = kind.__module__.partition(".")[0]
    if module in sys.stdlib_module_names - PURE - {"__main__"}:
        return False  # a Path is a text, and all that a file holds
    return is_written_in_python(kind) and all(
        is_written_in_python(c) or c is object for c in kind.__mro__
    )


def attribute_names(object) -> list[str]:
    """All attributes that are state: slots first, then what its dictionary holds."""
    out = left_out(type(object))
    slots = [n for c in type(object).__mro__[::-1] for n in slots_of(c)]
    held = [*slots, *held_as(object, "__dict__", ())]
    return [n for n in dict.fromkeys(held) if n not in out]


def left_out(kind: type) -> frozenset[str]:
    """What a class says is no state."""
    return frozenset(n for c in kind.__mro__ for n in vars(c).get("NOT_STATE", ()))


def has(held, name: str) -> bool:
    """Does an object hold this itself, and not only its class?"""
    try:
        object.__getattribute__(held, name)
    except AttributeError:
        return False
    kind: Any = type(held)
    if not kind.__dictoffset__:  # it has slots only
        return True
    return name in object.__getattribute__(held, "__dict__") or is_slot(getattr(kind, name, None))
