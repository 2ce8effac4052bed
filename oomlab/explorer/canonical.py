"""One form for equal states: made things in a fixed order, and what nothing leads to forgotten.

Two states are equal if they differ only in which of several free places a new object was given, or
in objects that nothing refers to any more. So after each step the things that steps made are put in
the order in which one comes to them, and lost things get the number 0 in all their cells. What
there is to do depends only on which loose things each cell refers to: the shape of the state. It is
worked out once for each shape.
"""

from array import array
from collections.abc import Callable, Iterator

from .objects import Cell, Thing
from .pools import ABSENT, moved
from .restored import Machine


class Canonical:
    """The canonical form of the states of a machine. `stale`: cells or values are new."""

    def __init__(self, machine: Machine, vary: Callable[[Cell], None]):
        self.machine, self.vary = machine, vary
        self.cells, self.stale, self.looks = 0, True, 0
        self.forms: dict[tuple, tuple] = {}  # by shape
        self.fixed: set[Thing] = set()
        self.referring: dict[int, list[int]] = {}  # the cells that lead to loose things, and where
        self.leading: dict[Thing, None] = {}  # the things that those are cells of
        self.leads: dict[int, list[int]] = {}  # of a cell: the number of what each value refers to
        self.kinds: dict[tuple[Thing, ...], int] = {(): 0}

    def after(self, state: array, writes: tuple) -> array:
        """The state after these writes, in its canonical form.

        Which loose things can be reached, and in which order, depends on the cells that refer to
        them and on no others. So what is to be done is remembered by those: the shape of a state.
        """
        if self.stale:
            self.look_at_cells()
        new, referring, same = state[:], self.referring, True
        for index, number in writes:
            if index in referring:
                leads = referring[index]
                same = same and leads[new[index]] == leads[number]
            new[index] = number
        # if the shape is what it was, then all stands where it should
        return new if same else self.settled(new)[0]

    def settled(self, new: array) -> tuple[array, dict[Thing, Thing]]:
        """A state in its canonical form, and which made things have other places in it."""
        if self.stale:
            self.look_at_cells()
        shape = tuple([leads[new[index]] for index, leads in self.referring.items()])
        form = self.forms.get(shape)
        if form is None:
            form = self.forms[shape] = self.form(new)
        forgotten, places, known = form
        for index in forgotten:
            new[index] = 0
        if places is None:
            return new, {}
        return self.arranged(new, places, known), places

    def look_at_cells(self) -> None:
        """Steps were learned: what is fixed, and which cells refer to loose things, and to which?

        A thing is fixed if constants lead to it from the roots, else it is loose.
        """
        self.stale = False
        self.looks += 1
        if len(self.machine.variable) != self.cells:
            self.cells = len(self.machine.variable)
            self.fixed = {*self.machine.roots, *self.fixed_things()}
            self.leads = {}
            self.forms.clear()
        referring = {}
        for cell in self.machine.variable:
            if cell.refers:
                leads = self.leads.setdefault(cell.index, [])
                for mentions in cell.mentions[len(leads) :]:
                    loose = tuple([t for t in mentions if t not in self.fixed])
                    leads.append(self.kinds.setdefault(loose, len(self.kinds)))
                if any(leads):
                    referring[cell.index] = leads
        if len(referring) != len(self.referring):
            self.forms.clear()
        self.referring = referring
        self.leading = {self.machine.variable[index].thing: None for index in referring}

    def fixed_things(self) -> Iterator[Thing]:
        todo = list(self.machine.roots)
        found = set(todo)
        for thing in todo:  # grows
            for cell in thing.cells.values():
                if cell.index is None:
                    for other in cell.mentions[0]:
                        if other not in found:
                            found.add(other)
                            todo.append(other)
                            yield other

    def form(self, state: array) -> tuple[tuple[int, ...], dict[Thing, Thing] | None, dict]:
        """The cells of things that nothing leads to, and where the made things are to stand.

        Made things stand in the order in which one comes to them from the static ones, and that
        order never changes, whatever else is learned. None: they do so.
        """

        def led_to(thing: Thing) -> Iterator[Thing]:
            for cell in thing.cells.values():
                if cell.refers:
                    yield from cell.mentions[0 if cell.index is None else state[cell.index]]

        anchors = [thing for thing in self.leading if thing in self.fixed]
        found: dict[Thing, None] = {}
        todo = list(anchors)
        for thing in todo:  # grows
            new = dict.fromkeys([t for t in led_to(thing) if t not in self.fixed])
            todo.extend([t for t in new if t not in found])
            found.update(new)
        machine = self.machine
        pools = {thing: pool for pool in machine.pools.values() for thing in pool}
        every = [*[thing for thing in machine.static if thing not in self.fixed], *pools]
        lost = [c.index for t in every if t not in found for c in t.cells.values()]
        begin = [*anchors, *[thing for thing in found if not thing.made]]
        order = dict.fromkeys(sorted(begin, key=machine.static.__getitem__))
        todo = list(order)
        for thing in todo:  # grows
            new = dict.fromkeys([t for t in led_to(thing) if t.made and t not in order])
            todo.extend(new)
            order.update(new)
        used: dict[int, int] = {}
        places: dict[Thing, Thing] = {}
        for thing in order:
            if thing.made:
                pool = pools[thing]
                slot = used[id(pool)] = used.get(id(pool), -1) + 1
                places[thing] = pool[slot]
        moved_ = any(thing is not place for thing, place in places.items())
        return tuple([i for i in lost if i is not None]), places if moved_ else None, {}

    def arranged(self, state: array, places: dict[Thing, Thing], known: dict) -> array:
        """Each made thing in its place. `known`: what became of a cell's value the last time."""
        new = state[:]
        for thing, place in places.items():
            if thing is not place:
                for cell in (*thing.cells.values(), *place.cells.values()):
                    new[cell.index] = 0
        for index in self.referring:
            cell, number = self.machine.variable[index], state[index]
            if not cell.thing.made and not places.keys().isdisjoint(cell.mentions[number]):
                new[index] = self.put_there(cell, number, cell, places, known)
        for thing, place in places.items():
            for name, cell in thing.cells.items():
                number = state[cell.index]
                if thing is place and not cell.mentions[number]:
                    continue
                if cell.values[number] is not ABSENT:
                    if name not in place.cells:
                        self.vary(self.machine.cell_of(place, name))
                        new.append(0)
                    there = place.cells[name]
                    new[there.index] = self.put_there(cell, number, there, places, known)
        return new

    def put_there(self, cell: Cell, number: int, there: Cell, places: dict, known: dict) -> int:
        """The number that a value of one cell has in another, once things stand elsewhere."""
        key = cell.index, number
        if key not in known:
            value = cell.values[number]
            if not places.keys().isdisjoint(cell.mentions[number]):
                value = moved(value, places)
            known[key] = there.number(value)
            self.stale = True
        return known[key]
