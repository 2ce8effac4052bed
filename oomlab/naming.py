"""One kind sentence for a name that does not exist or a number out of its bounds."""

from collections.abc import Iterable
from typing import NoReturn, TypeVar

V = TypeVar("V")

MOST = 15  # names that a sentence can hold


def nearest(name: str, names: Iterable[str]) -> str:
    """The nearest valid name, or when nothing is near all of them, if they are not too many."""
    from difflib import get_close_matches  # only here, as it costs as much as all of the model

    known = sorted(names)
    lower = {each.lower(): each for each in known}
    close = get_close_matches(name.lower(), lower, n=1, cutoff=0.5)
    if close:
        return f"did you mean {lower[close[0]]!r}?"
    if not known:
        return "there is none"
    rest = f" and {len(known) - MOST} more" if len(known) > MOST else ""
    return "there are " + ", ".join(known[:MOST]) + rest


def short(value: object) -> str:
    """A value in a sentence."""
    try:
        text = " ".join(repr(value).split())
    except Exception:
        text = f"a value of type {type(value).__name__}"
    return text if len(text) <= 60 else f"{text[:57]}..."


def whole(name: str, value: int, least: int = 0, most: int = 1 << 62) -> int:
    """The value, if it is a whole number within these bounds."""
    if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= most:
        bounds = f"from {least} to {most}" if most < 1 << 62 else f"of at least {least}"
        raise ValueError(f"{name} takes a whole number {bounds}, not {short(value)}")
    return value


def calls(name: str, program: tuple) -> None:
    """Is it a program, a tuple of calls?"""
    given = program if isinstance(program, tuple) else (program,)
    for call in dict(zip(map(id, given), given, strict=True)).values():  # one may be there often
        if not (isinstance(call, tuple) and call and callable(call[0])):
            raise ValueError(
                f"{name} is a tuple of calls, each a tuple of a function and its arguments, as in "
                f"((touch, vma), (pause,)), and {short(call)} is none"
            )


def of_class(name: str, kind: type[V], value: V) -> V:
    """The value, if it is an object of this class."""
    if not isinstance(value, kind):
        raise ValueError(f"{name} takes an object of {kind.__name__}, not {short(value)}")
    return value


class Named(dict[str, V]):
    """Values by name. ValueError, in one sentence, for a name that there is not."""

    def __init__(self, kind: str, items: Iterable[tuple[str, V]] = ()):
        super().__init__(items)
        self.kind = kind

    def __setitem__(self, name: str, value: V) -> None:
        if not isinstance(name, str) or not name.isprintable() or not name:
            raise ValueError(f"the name of a {self.kind} is one line of text, not {short(name)}")
        super().__setitem__(name, value)

    def __getitem__(self, name: str) -> V:
        return super().__getitem__(name) if isinstance(name, str) else self.__missing__(name)

    def __missing__(self, name: object) -> NoReturn:
        raise ValueError(f"no {self.kind} {short(name)}: {nearest(str(name), self)}")
