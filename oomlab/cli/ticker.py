"""Whatever takes more than a second says on the terminal that it is at work, and for how long.

The line is on stderr, only where that is a terminal, and is gone before anything is printed.
"""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Event, Lock, Thread
from time import monotonic
from typing import Any

PATIENCE, EVERY = 1.0, 0.5  # seconds: until the line appears, and between two of them


class Ticker:
    """The line, written by a thread while the command works."""

    def __init__(self, words: str):
        self.words, self.began, self.shown = words, monotonic(), 0
        self.lock, self.done = Lock(), Event()
        self.thread = Thread(target=self.tick, daemon=True)

    def tick(self) -> None:
        pause = PATIENCE
        while not self.done.wait(pause):
            pause = EVERY
            with self.lock:
                line = f"{self.words}, {monotonic() - self.began:.0f} s"
                print(f"\r{line:{self.shown}}", end="", file=sys.stderr, flush=True)
                self.shown = len(line)

    def clear(self) -> None:
        """Take the line away; it comes back if nothing is printed for a while."""
        with self.lock:
            if self.shown:
                print("\r" + " " * self.shown, end="\r", file=sys.stderr, flush=True)
                self.shown = 0


class Clearing:
    """An output before whose every word the line is taken away."""

    def __init__(self, stream: Any, ticker: Ticker):
        self.stream, self.ticker = stream, ticker

    def write(self, text: str) -> int:
        self.ticker.clear()
        return self.stream.write(text)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.stream, name)


@contextmanager
def ticking(words: str) -> Iterator[None]:
    """Say that `words` are being done; "" for a command that tells of itself."""
    if not words or not sys.stderr.isatty():
        yield
        return
    ticker, stdout = Ticker(words), sys.stdout
    sys.stdout = Clearing(stdout, ticker)
    ticker.thread.start()
    try:
        yield
    finally:
        ticker.done.set()
        ticker.thread.join()
        ticker.clear()
        sys.stdout = stdout
