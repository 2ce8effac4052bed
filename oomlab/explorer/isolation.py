"""The machines that a scenario makes are equal, and share nothing that a step changes.

A search makes many machines and lets each change alone. A list outside the scenario's function that
all machines change would hold what other schedules did. So what two machines have in common may be
read, and the search refuses as soon as a step changes it.
"""

from collections.abc import Callable

from ..model.kernel import Kernel
from ..simulate.fingerprint import Walk, walked


class Lenient(Walk):
    """What cannot be looked into is taken for constant: if it is used, closure.py refuses it."""

    def reduced(self, thing) -> tuple:
        try:
            return super().reduced(thing)
        except ValueError:
            return (type(thing).__qualname__,)


def made(kernel: Kernel, clock: str) -> tuple[tuple, list]:
    """What a machine is, as a value that can be compared, and the objects that it holds."""
    return walked(kernel, clock, Lenient)


def check_alike(first: tuple, second: tuple) -> None:
    """ValueError if the fingerprints of two machines of a scenario differ."""
    if first != second:
        raise ValueError(
            "the scenario makes another machine the second time: it may depend only on its "
            "parameters, and what its programs change it must make anew"
        )


def in_common(first: Kernel, build: Callable[[], Kernel], clock: str) -> dict[int, object]:
    """The objects, by id, that two machines share. ValueError if they are not made alike."""
    one, met = made(first, clock)
    second = build()
    two, again = made(second, clock)
    check_alike(one, two)
    ids = {id(held) for held in again}
    return {id(held): held for held in met if id(held) in ids}
