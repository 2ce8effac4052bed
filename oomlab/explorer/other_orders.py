"""What no answer may depend on: the order of a set of objects, and that of pending timers.

A set holds objects in the order of their addresses, which are others in each machine. So what asked
for the hashes of objects (watch.py) is run again with other hashes: each of these objects stands in
each place, and any two in either order. And a question that read the pending timers is asked again
with these in another order; a step of a user may not look at them (watch.py). It must come out the
same. Not all orders of four and more are tried: a question that is true of one of the others alone
is not seen. Nor is a set of new objects, which are not watched before the step is over.
"""

from collections.abc import Iterator

from .objects import Values
from .state_vector import CONTENT
from .watch import Watch

DEPENDS = (
    "depends on an order that is no part of a state: of a set of objects, which is that of their "
    "addresses, or of pending timers"
)


def orders_of_timers(timers: list, values: Values, reads: dict, clock: str) -> Iterator[None]:
    """The pending timers in another order, if they were read."""
    before = list(timers)
    try:
        if values.things[id(timers)].cells[CONTENT] in reads and len(before) > 1:
            first = int(clock != "any")  # a heap: the one at 0 is due first
            timers[first:] = before[first:][::-1]
            yield
    finally:
        timers[:] = before


def orders_of_sets(values: Values, watch: Watch) -> Iterator[None]:
    """Other hashes of the objects of which what ran last asked for one.

    A table is larger than the number of objects in it: in a set they stand in the order of these.
    """
    asked = list(watch.hashed)
    turned = [some[n:] + some[:n] for some in (asked, asked[::-1]) for n in range(len(asked))]
    try:
        for order in turned if len(asked) > 1 else ():
            watch.hashes = {address: n for n, address in enumerate(order)}
            fill_again(values)
            yield
    finally:
        if watch.hashes:
            watch.hashes = {}
            fill_again(values)


def fill_again(values: Values) -> None:
    """Dictionaries hold objects by their hashes."""
    for thing in values.things.values():
        if type(thing.object) is dict:
            items = list(thing.object.items())
            thing.object.clear()
            thing.object.update(items)
