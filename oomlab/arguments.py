"""The arguments of a public function are of the types that its signature names, or it says so.

    @checked
    def hunt(scenario: str, *, runs: int = 200): ...

    hunt("lost-victim", runs="x")    # ValueError: hunt takes runs as a whole number, not 'x'

Only types are looked at here; which values make sense, each function says itself. True is not
taken for a number, a text not for a sequence of letters, and nan is refused. A type that this file
does not know is not looked at.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cache, wraps
from inspect import signature
from math import isnan
from pathlib import Path
from types import NoneType, UnionType
from typing import Any, Literal, ParamSpec, TypeVar, Union, get_args, get_origin, get_type_hints

from .naming import short
from .plural import many

P = ParamSpec("P")
R = TypeVar("R")

BITS = 1024  # of a whole number: Python writes out no number of more than 4300 digits

WORDS = {
    int: "a whole number",
    float: "a number",
    bool: "True or False",
    str: "text",
    bytes: "bytes",
    Path: "a path",
    NoneType: "None",
    Callable: "a function",
    Sequence: "a sequence",
    Iterable: "a sequence",
    Mapping: "a dictionary",
    list: "a list",
    tuple: "a tuple",
    dict: "a dictionary",
}


def checked(function: Callable[P, R]) -> Callable[P, R]:
    """The function, with a ValueError in one sentence for an argument of another type.

    A checked __init__ is told of by the name of its class.
    """
    shape = signature(function)
    called = function.__qualname__.removesuffix(".__init__").rpartition(".")[2]

    @wraps(function)
    def call(*args: P.args, **kwargs: P.kwargs) -> R:
        try:
            given = shape.bind(*args, **kwargs)
        except TypeError as wrong:
            raise TypeError(f"{called}(): {wrong}") from None
        for name, value in given.arguments.items():
            wanted = hints(function).get(name, Any)
            if type(value) is int and value.bit_length() > BITS:
                raise ValueError(f"{called} takes no {name} of so many digits")
            if not fits(value, wanted):
                raise ValueError(f"{called} takes {name} as {in_words(wanted)}, not {short(value)}")
        return function(*args, **kwargs)

    return call


@cache
def hints(function: Callable) -> dict[str, Any]:
    """The types of a function's own arguments; what **settings hold, the function checks."""
    kinds = {p.name: p.kind for p in signature(function).parameters.values()}
    found = get_type_hints(function)
    varied = [n for n, kind in kinds.items() if kind in (kind.VAR_POSITIONAL, kind.VAR_KEYWORD)]
    for name in varied:
        if name in found and kinds[name] is kinds[name].VAR_POSITIONAL:
            found[name] = Sequence[found[name]]  # type: ignore[valid-type]
        else:
            found.pop(name, None)
    return found


def fits(value: object, wanted: Any) -> bool:
    """Is the value of this type?"""
    kind, inner = get_origin(wanted) or wanted, get_args(wanted)
    if wanted is Any:
        return True
    if kind in (Union, UnionType):
        return any(fits(value, one) for one in inner)
    if kind is Literal:
        return value in inner
    if kind is int:
        return type(value) is int
    if kind is float:
        return type(value) in (int, float) and not isnan(value)  # type: ignore[arg-type]
    if kind is Callable:
        return callable(value)
    if kind in (Sequence, Iterable, list, tuple):
        if isinstance(value, str | bytes) or not isinstance(value, kind):
            return False
        alike = len(inner) == 1 or inner[1:] == (...,)
        return not (alike and isinstance(value, list | tuple)) or all(
            fits(one, inner[0]) for one in value
        )
    if kind is Mapping or kind is dict:
        return isinstance(value, kind)
    if getattr(kind, "_is_protocol", False):
        return not isinstance(value, type) and all(hasattr(value, n) for n in methods(kind))
    return not isinstance(kind, type) or isinstance(value, kind)


def methods(protocol: type) -> list[str]:
    """What an object must have to be taken for one."""
    return [name for name in vars(protocol) if not name.startswith("_")]


def in_words(wanted: Any) -> str:
    """A type as a person would say it."""
    kind, inner = get_origin(wanted) or wanted, get_args(wanted)
    if kind in (Union, UnionType):
        return " or ".join(dict.fromkeys(map(in_words, inner)))
    if kind is Literal:
        return " or ".join(map(repr, inner))
    if getattr(kind, "_is_protocol", False):
        return f"an object with {' and '.join(f'{name}()' for name in methods(kind))}"
    name = getattr(kind, "__name__", str(kind))
    words = WORDS.get(kind) or f"{'an' if name[0] in 'AEIOU' else 'a'} {name}"
    if kind in (Sequence, Iterable, list) and inner and inner[0] is not Any:
        words += f" of {' or '.join(map(kinds, in_words(inner[0]).split(' or ')))}"
    return words


def kinds(words: str) -> str:
    """A tuple: tuples. A Policy: Policies. Text is text."""
    noun = words.removeprefix("a ").removeprefix("an ")
    return words if noun == words else many(noun)


def as_sentence(wrong: Exception) -> str:
    """What an exception says, with a full stop unless it ends with a mark of its own."""
    said = str(wrong)
    return said if said.endswith((".", "?", "!")) else f"{said}."
