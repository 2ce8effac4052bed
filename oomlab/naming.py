"""One kind sentence for a name that does not exist."""

from collections.abc import Iterable
from typing import NoReturn, TypeVar

V = TypeVar("V")

MOST = 15  # names that a sentence can hold


def nearest(name: str, names: Iterable[str]) -> str:
    """The nearest valid name, or when nothing is near all of them, if they are not too many."""
    from difflib import get_close_matches  # only here, as it costs as much as all of the model

    known = sorted(names)
    close = get_close_matches(name, known, n=1, cutoff=0.4)
    if close:
        return f"did you mean {close[0]!r}?"
    rest = f" and {len(known) - MOST} more" if len(known) > MOST else ""
    return "there are " + ", ".join(known[:MOST]) + rest


class Named(dict[str, V]):
    """Values by name. ValueError, in one sentence, for a name that there is not."""

    def __init__(self, kind: str, items: Iterable[tuple[str, V]] = ()):
        super().__init__(items)
        self.kind = kind

    def __missing__(self, name: object) -> NoReturn:
        raise ValueError(f"no {self.kind} {name!r}: {nearest(str(name), self)}")
