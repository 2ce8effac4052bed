"""The explorer's own fault, as against the user's mistake, which is a ValueError."""

from pathlib import Path
from traceback import extract_tb


class ExplorerFault(Exception):
    """What the explorer found did not happen in the model: please report it, as it stands."""


def in_a_sentence(wrong: Exception) -> str:
    """An exception: what it is, and the author's function and line that it comes from."""
    frames = extract_tb(wrong.__traceback__)
    theirs = [frame for frame in frames if Path(frame.filename).parent != Path(__file__).parent]
    last = (theirs or frames)[-1]
    where = f"{last.name} (line {last.lineno} of {last.filename})"
    return f"{type(wrong).__name__}: {wrong} in {where}"
