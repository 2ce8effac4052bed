"""Objects that a step makes get places in the state vector (state_vector.py).

A place is a thing of the same class, with a cell for each attribute, that exists in some states and
not in others. It is made when a step first needs it, and used again by later states.
"""

from collections import deque
from collections.abc import Callable, Iterable
from typing import Any

from ..model.kernel import Kernel, Timer
from .classes import plain_class
from .closure import Closure
from .objects import Values, fresh
from .state_vector import CONTAINERS, EXISTS, Cell, Thing, moved, pool_key
from .watch import Watch, no_property


class Nursery:
    """The places of one machine. `held` and `vary` are the machine's."""

    def __init__(
        self,
        kernel: Kernel,
        values: Values,
        closure: Closure,
        watch: Watch,
        defaults: dict[type, dict],
        held: Callable[[Thing], list[tuple]],
        vary: Callable[[Cell], list[Cell]],
    ):
        self.kernel, self.values, self.closure, self.watch = kernel, values, closure, watch
        self.defaults, self.held, self.vary = defaults, held, vary
        self.pools = values.pools

    def place_new(self, found: dict) -> dict:
        """Give the things that a step made their places: {cell: value} of all that they hold.

        What `found` holds, by cell, is moved to the places, too.
        """
        new, contents = [], {}
        while self.values.new:
            thing = self.values.new.pop(0)
            held = thing.object
            if isinstance(held, Timer) and held not in self.kernel.timers:
                held.expires = held.number = 0
            self.closure.look(self.values, held)
            new.append(thing)
            contents[thing] = self.held(thing)
        places: dict[Thing, Thing] = {}
        taken: dict[Any, int] = {}
        for thing in new:
            kind = pool_key(thing.object)
            slot = taken[kind] = taken.get(kind, -1) + 1
            pool = self.pools.nursery.setdefault(kind, [])
            places[thing] = self.place(pool, slot, thing.object, [n for n, _ in contents[thing]])
        for thing in new:
            del self.values.things[id(thing.object)]
        made = {}
        for thing in new:
            place, held = places[thing], dict(contents[thing])
            for name in held:
                if name not in place.cells:
                    self.vary(self.cell_of(place, name))
            for name, cell in place.cells.items():
                none = None if name == EXISTS else self.pools.unset
                made[cell] = moved(held.get(name, none), places)
        for cell in found:
            found[cell] = moved(found[cell], places)
        return made

    def place(self, pool: list[Thing], slot: int, like, names: Iterable[str]) -> Thing:
        """The place with this number in a pool for such things; a new one, if there is none.

        `names`: the cells of a thing like this one, which at the moment may have no attributes.
        """
        if slot == len(pool):
            pool.append(self.another(like, names))
        return pool[slot]

    def another(self, like, names: Iterable[str]) -> Thing:
        """A thing of the same class, which exists in no state yet."""
        kind = type(like)
        if kind in CONTAINERS:
            held: Any = deque((), like.maxlen) if kind is deque else kind()
        else:
            kind = plain_class(kind)
            held = object.__new__(self.watch.class_of(kind))
            for name, value in self.defaults[kind].items():
                object.__setattr__(held, name, fresh(value))
        thing = self.values.things[id(held)] = Thing(held, True)
        if type(held).__dictoffset__:  # no two of this class need have the same attributes
            names = dict.fromkeys((EXISTS, *names))
        for name in names:
            self.vary(self.cell_of(thing, name))
        return thing

    def cell_of(self, thing: Thing, name: str) -> Cell:
        no_property(thing, name)
        return self.pools.cell(thing, name)
