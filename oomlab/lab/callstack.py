"""Where a task stands in the model's functions: the stack of its generators, and their source.

A suspended generator stands at a yield, which says what it is about to do; who called it stands at
a `yield from`. The source is read from the file that the student would open.
"""

import inspect
from collections.abc import Generator, Iterator
from functools import lru_cache
from pathlib import Path
from types import CodeType, FunctionType
from typing import Any

from ..policies.patch import model_functions

Frame = tuple[CodeType, int]  # a function's code, and a line of its file


def stack(thread: Generator | None) -> tuple[Frame, ...]:
    """Where a suspended thread of control stands, from the outermost function to the innermost."""
    return tuple(frames(thread))


def frames(thread: Generator | None) -> Iterator[Frame]:
    while thread is not None and hasattr(thread, "gi_yieldfrom"):
        inside: Any = thread  # CPython's view of a generator
        if inside.gi_frame is None:
            return
        yield inside.gi_code, inside.gi_frame.f_lineno
        thread = inside.gi_yieldfrom


def timer_stack(name: str) -> tuple[Frame, ...]:
    """Where the kernel stands when a timer calls the model's function of this name."""
    function = model_functions().get(name)
    return ((function.__code__, function.__code__.co_firstlineno),) if function else ()


@lru_cache(maxsize=512)
def source(code: CodeType) -> dict:
    """A function as it is read: its name, file, first line, and its lines; none if it has none."""
    try:
        lines, first = inspect.getsourcelines(code)
    except (OSError, TypeError):
        lines, first = [], code.co_firstlineno
    indent = min((len(line) - len(line.lstrip()) for line in lines if line.strip()), default=0)
    return {
        "name": code.co_name,
        "file": file_name(code.co_filename),
        "first": first,
        "lines": [line.rstrip()[indent:] for line in lines],
    }


def file_name(path: str) -> str:
    """A file of oomlab by its place in the package; another one by its bare name."""
    package = Path(__file__).parents[1]
    if Path(path).is_relative_to(package):
        return Path(path).relative_to(package.parent).as_posix()
    return "this notebook" if path.startswith("<") or "ipykernel" in path else Path(path).name


def words(code: CodeType) -> str:
    """The first paragraph of a function's docstring, on one line."""
    doc = code.co_consts[0] if code.co_consts and isinstance(code.co_consts[0], str) else ""
    paragraph = inspect.cleandoc(doc).split("\n\n")[0]
    return " ".join(paragraph.split())


def generator_functions() -> dict[str, FunctionType]:
    """The model's functions that a task can stand in, by name."""
    return {n: f for n, f in model_functions().items() if inspect.isgeneratorfunction(f)}
