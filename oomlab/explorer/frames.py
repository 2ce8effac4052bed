"""Threads of control as plain data: a suspended thread is a tuple of frames, outermost first.

A frame is (function, locals...): the function runs what is left of the kernel function after the
yield where it stands (compile.py). A frame can be copied, compared and entered again, which a
generator cannot. Such frames are made from function objects: their code, globals and closure.
"""

import builtins
from collections.abc import Callable
from functools import partial
from inspect import isgeneratorfunction
from types import CellType, FunctionType, GeneratorType, MethodType
from typing import Any

from .compile import resumable
from .errors import Refused


class Unset:
    """The value of a local that has none."""

    def __repr__(self) -> str:
        return "no value"


UNSET, END = Unset(), Unset()
Frames = tuple[tuple, ...]


class Threads:
    """The functions of one machine in their resumable form."""

    def __init__(self):
        self.known: dict[FunctionType, list[FunctionType]] = {}  # begin, then after each yield
        self.kept: dict[FunctionType, tuple] = {}  # (of which, number, names, lines)

    def begin(self, function: Callable, *args, **more) -> tuple[object, Frames]:
        """Run a generator function to its first yield: (what it yields, frames), () at its end."""
        value, frames = self.call(function, *args, **more)
        return value, frames or ()

    def resume(self, frames: Frames) -> tuple[object, Frames]:
        """One step: what a suspended thread yields, and its frames; None and () at its end."""
        value = error = None
        for depth in range(len(frames) - 1, -1, -1):
            function, *local = frames[depth]
            try:
                value, new = entered(function, value, error, *local)
            except BaseException as raised:  # the caller may catch it
                if not depth:
                    raise
                value, error = None, raised
                continue
            error = None
            if new is not None:
                return value, frames[:depth] + new
        return None, ()

    def call(self, function: Any, *args, **more) -> tuple[object, Frames | None]:
        """`yield from function(...)`, up to its first yield."""
        while isinstance(function, partial):
            args, more = (*function.args, *args), {**function.keywords, **more}
            function = function.func
        if isinstance(function, MethodType):
            function, args = function.__func__, (function.__self__, *args)
        if isinstance(function, FunctionType) and isgeneratorfunction(function):
            return entered(self.of(function)[0], *args, **more)
        return self.each(function(*args, **more))

    def each(self, things) -> tuple[object, Frames | None]:
        """`yield from things`."""
        if isinstance(things, GeneratorType):
            raise Refused(
                f"a step goes on with a generator {things.__name__} made elsewhere: "
                "write yield from and the call"
            )
        every: Any = each
        return self.of(every)[0](things)

    def of(self, function: FunctionType) -> list[FunctionType]:
        """Its resumable form."""
        if function not in self.known:
            codes, names, lines = resumable(function.__code__)
            made: list[FunctionType] = []

            def keep(number: int, local: dict) -> Frames:
                return ((made[number], *[local.get(name, UNSET) for name in names]),)

            given = {".call": self.call, ".each": self.each, ".keep": keep, ".unset": UNSET}
            given |= {".iter": builtins.iter, ".next": builtins.next, ".end": END}
            given |= {".locals": builtins.locals}
            cells = {name: CellType(value) for name, value in given.items()}
            own = function.__closure__ or ()
            cells |= dict(zip(function.__code__.co_freevars, own, strict=True))
            for number, code in enumerate(codes):
                closure = tuple([cells[name] for name in code.co_freevars])
                new = FunctionType(code, function.__globals__, code.co_name, None, closure)
                new.__qualname__, new.__module__ = function.__qualname__, function.__module__
                made.append(new)
                self.kept[new] = function, number, names, lines[number]
            made[0].__defaults__ = function.__defaults__
            made[0].__kwdefaults__ = function.__kwdefaults__
            self.known[function] = made
        return self.known[function]


def entered(function: Callable, *args, **more) -> Any:
    """One function of a frame, run; StopIteration in it is what it is in a generator (PEP 479)."""
    try:
        return function(*args, **more)
    except StopIteration as raised:
        raise RuntimeError("generator raised StopIteration") from raised


def each(things):
    """`yield from` anything but a call, as a function that can be compiled."""
    for thing in things:  # noqa: UP028
        yield thing
