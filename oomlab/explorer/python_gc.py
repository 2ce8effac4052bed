"""Python's garbage collector runs less often during a search."""

import gc
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Lock

COLLECTING = Lock()
USUAL: list[tuple[int, int, int]] = []  # the thresholds to go back to; one for each search


@contextmanager
def rarely_collected() -> Iterator[None]:
    """Replayed machines are cyclic and must go; states need not be looked through for that.

    Searches in several threads leave the collector as the first of them found it.
    """
    with COLLECTING:
        if not USUAL:
            USUAL.append(gc.get_threshold())
            gc.set_threshold(100_000, 1000, 1000)
        else:
            USUAL.append(USUAL[0])
    try:
        yield
    finally:
        with COLLECTING:
            usual = USUAL.pop()
            if not USUAL:
                gc.set_threshold(*usual)
