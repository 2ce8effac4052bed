"""Scenarios and properties from a Python text: a file on the command line, the code of a sheet.

    --scenario my.py:two_writers     a function (policy, **parameters) that makes a Kernel
    --property my.py:writer_waits    a function of the machine, or of (memory, step)

The text may use every name of the model without an import. It is run: trust it first.
"""

import hashlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from ..scenarios import SCENARIOS
from ..simulate.sent_functions import function_in
from ..textfile import read_text


def add_scenario(text: str, name: str, source: str) -> str:
    """Make a function of this text a scenario; the name it has from then on.

    The name holds a digest of the text, so another text's scenario is another one.
    """
    full = f"{name}@{hashlib.sha256(text.encode()).hexdigest()[:8]}"
    if full not in SCENARIOS:
        function = function_in(text, name, source)
        function.__doc__ = function.__doc__ or f"{name}, from {source}."
        SCENARIOS[full] = function
    return full


@contextmanager
def tried_scenario(text: str, name: str, source: str) -> Iterator[str]:
    """A function of this text as a scenario, for as long as this lasts; its name."""
    before = set(SCENARIOS)
    full = add_scenario(text, name, source)
    try:
        yield full
    finally:
        if full not in before:
            del SCENARIOS[full]


def split_spec(spec: str) -> tuple[str, str, str] | None:
    """(text, function, file) of FILE.py:name, None if the words are a plain name."""
    path, colon, name = spec.rpartition(":")
    if not colon and not spec.endswith(".py"):
        return None
    if not path or not name:
        raise ValueError(f"a function of a file is written FILE.py:function, not {spec!r}")
    return read_text(path), name, path


def scenario_of(spec: str) -> str:
    """The name of a scenario, from a name or FILE.py:name."""
    found = split_spec(spec)
    return add_scenario(*found) if found else spec


def property_of(spec: str) -> str | Callable:
    """A property's name, or its function from FILE.py:name."""
    found = split_spec(spec)
    return function_in(*found) if found else spec
