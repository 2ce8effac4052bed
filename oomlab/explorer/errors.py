"""Errors: ExplorerFault is a fault of the explorer; a user's mistake is a ValueError."""

from contextvars import ContextVar
from pathlib import Path
from traceback import extract_tb

from ..simulate.ended_early import undeclared
from ..version import VERSION


class ExplorerFault(Exception):
    """What the explorer found did not happen in the model: please report it, as it stands."""


class Refused(ValueError):
    """What the explorer cannot be sure of, in one sentence that names it.

    It is raised inside the user's own functions, too, which may catch it; so it is noted.
    """

    def __init__(self, sentence: str):
        super().__init__(sentence)
        noted = refusals.get()
        if noted is not None:
            noted.append(self)


# What to write in place of what no state can hold.
INSTEAD = {
    "set": "use a dict, as {x: True}",
    "defaultdict": "use a dict, and setdefault()",
    "Counter": "use a dict, and get(x, 0)",
    "OrderedDict": "use a dict",
    "bytearray": "use a list",
    "array": "use a list",
    "cycle": "keep a list, and how far it is",
    "count": "keep a number",
    "_lru_cache_wrapper": "leave the cache out",
    "random": "which task goes next is what an exploration tries",
    "Random": "which task goes next is what an exploration tries",
    "time": "sleep by a timer of the kernel's, as sleep() does",
    "threading": "use the locks of oomlab.model.locks",
    "queue": "use a deque, and a WaitQueue to sleep",
    "asyncio": "use a deque, and a WaitQueue to sleep",
}


def instead(name: str) -> str:
    """How to write it without a class or a module of this name, for the end of a sentence."""
    return f": {INSTEAD[name]}" if name in INSTEAD else ""


# Where refusals are noted while a user's function runs.
refusals: ContextVar["list[Refused] | None"] = ContextVar("refusals", default=None)


def our_fault(wrong: Exception, asked: str) -> ExplorerFault:
    """The error to raise for what went wrong in a search, with what was asked."""
    said = wrong if isinstance(wrong, ExplorerFault) else in_a_sentence(wrong)
    return ExplorerFault(
        f"the explorer contradicts the model, please report it: {asked}, oomlab {VERSION}: {said}"
    )


def in_a_sentence(wrong: BaseException, patched: bool = False) -> str:
    """An exception: what it is, and the author's function and line that it comes from.

    `patched`: it came up in a step under a patch, which may have forgotten to declare its state.
    """
    frames = extract_tb(wrong.__traceback__)
    theirs = [frame for frame in frames if not is_machinery(Path(frame.filename))]
    last = (theirs or frames)[-1]
    where = f"{last.name} (line {last.lineno} of {last.filename})"
    in_one_line = " ".join(str(wrong).split())
    said = (patched and undeclared(wrong)) or in_one_line
    return f"{type(wrong).__name__}{said and f': {said}'} in {where}"


def is_machinery(file: Path) -> bool:
    """A file of the explorer, but not the one where a contributor writes properties."""
    return file.parent == Path(__file__).parent and file.name != "properties.py"
