"""How far a search is, on one line that goes when the answer comes; and what Stop leaves behind."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from ..simulate.ended_early import in_lines

Progress = Callable[[int, int, float], None]  # states seen, states waiting, seconds


class Stopped(KeyboardInterrupt):
    """Stop, or Ctrl-C, ended a search: `found` is what is known so far, and is shown.

    It goes on as the interrupt that it is, so the cell, the loop around it and the cells that wait
    are stopped, too. In a notebook `found` is kept as sys.last_value.found.
    """

    def __init__(self, found):
        super().__init__(f"Stopped: {found.sentence()}.")
        self.found = found

    def _render_traceback_(self) -> list[str]:
        """What a notebook shows in place of a traceback."""
        return [*in_lines(self), "It is kept as sys.last_value.found."]


def in_words(states: int, waiting: int, seconds: float) -> str:
    return f"{states} states, {waiting} waiting, {states / max(seconds, 1e-9):.0f} a second"


@contextmanager
def on_a_terminal() -> Iterator[Progress]:
    """One line of stderr that is written over, and is blank at the end."""
    width = 0

    def write(text: str) -> None:
        nonlocal width
        print(f"\r{text:{width}}", end="", file=sys.stderr, flush=True)
        width = max(width, len(text))

    try:
        yield lambda *now: write(in_words(*now))
    finally:
        if width:
            write("")
            print(end="\r", file=sys.stderr, flush=True)


@contextmanager
def in_a_notebook() -> Iterator[Progress]:
    """One output of the cell that is replaced, and holds nothing at the end."""
    from IPython.display import DisplayHandle

    output, shown = DisplayHandle(), False

    def write(*now) -> None:
        nonlocal shown
        show = output.update if shown else output.display
        shown = True  # first: Stop may come while the output is being shown
        show({"text/plain": in_words(*now)}, raw=True)

    try:
        yield write
    finally:
        if shown:
            output.update({}, raw=True)


@contextmanager
def telling(progress: Progress | None) -> Iterator[Progress | None]:
    """The function to tell of progress: the user's own, or in a notebook cell ours, or none."""
    if progress is None and "ipykernel" in sys.modules:
        with in_a_notebook() as write:
            yield write
    else:
        yield progress
