"""Functions of one's own on their way to another process: as the text that they came from.

Python sends a function as the name of its module and its own name. One that was read from a text
has no module: its text is sent, and run there.
"""

from collections.abc import Callable
from functools import cache
from types import FunctionType
from typing import NamedTuple

from ..naming import nearest, short
from ..scenarios import SCENARIOS
from .patch_text import run_text


class FromText(NamedTuple):
    """The function `name` of a `text`, which sentences call `source`."""

    text: str
    name: str
    source: str


def function_in(text: str, name: str, source: str) -> Callable:
    """The function `name` that this text defines. ValueError if there is none."""
    known = run_text(text, source)
    found = known.get(name)
    if not callable(found):
        own = [key for key, value in known.items() if getattr(value, "__globals__", 0) is known]
        raise ValueError(f"{source} has no function {short(name)}: {nearest(name, own)}")
    if isinstance(found, FunctionType) and found.__globals__ is known:
        found.from_text = FromText(text, name, source)
    return found


def sent(value):
    """What is sent in place of a function that came from a text; all else as it is."""
    return getattr(value, "from_text", value)


@cache
def received(value):
    """What was sent, as it was."""
    return function_in(*value) if isinstance(value, FromText) else value


def sent_scenario(name: str) -> tuple:
    """A scenario's name and its function, to be sent."""
    return name, sent(SCENARIOS[name])


def received_scenario(name: str, function: object) -> str:
    """Make the scenario known in this process, too; its name."""
    if name not in SCENARIOS:
        SCENARIOS[name] = received(function)
    return name
