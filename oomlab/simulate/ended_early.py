"""What ends a run before its time, in a sentence: Stop, and state that a patch did not declare.

    with told("lost-victim", policy):
        run_seeded(kernel)

A notebook shows the sentence in place of a traceback, with the line of the patch that was at work.
"""

import re
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from textwrap import wrap
from traceback import walk_tb

from ..policies.patch import EXTENDED
from ..policies.policy import Policy

LINE = 84  # letters, for a page 1024 pixels wide
MISSING = re.compile(r"'(\w+)' object has no attribute '(\w+)'")


def in_lines(error: BaseException) -> list[str]:
    """What a notebook shows of an error in place of a traceback: JupyterLab would break words."""
    return wrap(str(error), LINE)


class RunStopped(KeyboardInterrupt):
    """Stop, or Ctrl-C, while a machine ran. It goes on as an interrupt: no cell that waits runs."""

    _render_traceback_ = in_lines


class Undeclared(AttributeError):
    """A patch uses an attribute of the model's objects that is not there."""

    _render_traceback_ = in_lines


@contextmanager
def told(scenario: str, policy: Policy) -> Iterator[None]:
    """Say what ended the run in here: RunStopped for an interrupt, Undeclared for missing state."""
    patch = policy.patch
    own = [*patch.functions.values(), *patch.kthreads.values()] if patch else []
    try:
        yield
    except KeyboardInterrupt as stop:
        place = line_in(stop, own)
        where = f" It was at {place} of the patch: does a loop there never end?" if place else ""
        said = f"Stopped: the run of {scenario} under {policy.name} was not over.{where}"
        raise RunStopped(said).with_traceback(stop.__traceback__) from None
    except AttributeError as wrong:
        if patch is None or not (said := undeclared(wrong)):
            raise
        place = line_in(wrong, own)
        where = f" ({place})" * bool(place)
        raise Undeclared(said + where).with_traceback(wrong.__traceback__) from None


def undeclared(wrong: BaseException) -> str:
    """How to declare what the model's objects have not; empty for any other error."""
    found = MISSING.fullmatch(str(wrong)) if isinstance(wrong, AttributeError) else None
    if found is None or found[1].lower() not in EXTENDED:
        return ""
    name = f"{found[1].lower()}.{found[2]}"
    how = f'state={{"{name}": ...}}'
    return f"{name} does not exist; a patch declares it, with its first value: {how}"


def line_in(error: BaseException, functions: Iterable[Callable]) -> str:
    """Where in these functions it came up; empty if in none of them."""
    own = {getattr(function, "__code__", None) for function in functions}
    where = ""
    for frame, line in walk_tb(error.__traceback__):
        if frame.f_code in own:
            first = frame.f_code.co_firstlineno
            where = f"line {line - first + 1} of {frame.f_code.co_name}()"
    return where
