"""One kind sentence for a name that does not exist."""

from collections.abc import Iterable
from difflib import get_close_matches


def nearest(name: str, names: Iterable[str]) -> str:
    """The nearest valid name, or all of them when nothing is near."""
    names = list(names)
    close = get_close_matches(name, names, n=1, cutoff=0.4)
    return f"did you mean {close[0]!r}?" if close else "there are " + ", ".join(sorted(names))
