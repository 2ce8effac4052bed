"""Every machine of a scenario is made anew: equal to the one before, and nothing of it is shared.

A search makes many machines and lets each change alone. So a list that stands beside the scenario,
and that all machines change, would hold what other schedules did. What two machines have in common
may be looked at, and is refused as soon as a step changes it.
"""

from collections.abc import Callable

from ..model.kernel import Kernel
from ..simulate.fingerprint import walked


def check_alike(first: tuple, second: tuple) -> None:
    """ValueError if the fingerprints of two machines of a scenario differ."""
    if first != second:
        raise ValueError(
            "the scenario makes another machine the second time: it may depend only on its "
            "parameters, and what its programs change it must make anew"
        )


def in_common(first: Kernel, build: Callable[[], Kernel], clock: str) -> dict[int, object]:
    """The objects, by id, that two machines share. ValueError if they are not made alike."""
    one, met = walked(first, clock)
    second = build()
    two, again = walked(second, clock)
    check_alike(one, two)
    ids = {id(held) for held in again}
    return {id(held): held for held in met if id(held) in ids}
