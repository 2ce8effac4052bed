"""One form for equal states: new objects in a fixed order, unreachable objects left out.

Two states are equal if they differ only in which of several free places a new object was given, or
in objects that nothing refers to any more. So after each step the things that steps made are put in
the order in which one comes to them, and lost things get the number 0 in all their cells. What
there is to do depends only on which loose things each cell refers to: the shape of the state. It is
worked out once for each shape.
"""

from array import array
from collections.abc import Callable, Iterator

from .restorable import Machine
from .state_vector import Cell, Thing, first_cell, indexes, moved


class Form:
    """What is to be done with the states of one shape."""

    def __init__(self, lost: list[tuple], places: dict[Thing, Thing]):
        self.lost = lost  # things that nothing leads to: (index that says if it is there, indexes)
        self.places = places  # the made things that are to stand elsewhere, and where
        self.emptied: list[int] = []  # the cells of those, and of where they are to stand
        self.kept: list[tuple[int, int]] = []  # from which cell a number goes to which
        self.renamed: list[tuple[Cell, Cell]] = []  # the same, but its value leads to what moves
        self.numbers: dict[tuple[int, int], int] = {}  # of a renamed cell and number: the new one


class Canonical:
    """The canonical form of the states of a machine. `stale`: cells or values are new."""

    def __init__(self, machine: Machine, vary: Callable[[Cell], None]):
        self.machine, self.vary = machine, vary
        self.cells = self.size = self.looks = 0
        self.stale = True
        self.forms: dict[tuple, Form] = {}  # by shape
        self.fixed: set[Thing] = set()
        self.loose: dict[Thing, tuple] = {}  # the others, as in Form.lost
        self.numberings: list[Numbering] = []
        self.numbering_of: list[Numbering] = []  # of each cell of a state
        self.referring: dict[int, list[int]] = {}  # the cells that lead to loose things, and where
        self.anchors: list[Thing] = []  # the fixed things among those that have such cells
        self.leading: dict[Thing, list[tuple]] = {}  # of a thing: (index, what each value leads to)
        self.pool_of: dict[Thing, list[Thing]] = {}  # where its place is
        self.moves: dict[tuple[Thing, Thing], list[tuple[int, int]]] = {}  # to another place
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
            new.extend([0] * (len(self.machine.variable) - len(new)))
        for there, cells in form.lost:
            if there is None or new[there]:
                for index in cells:
                    new[index] = 0
        if form.places:
            new = self.arranged(new, form)
        return new, form.places

    # ---------------------------------------------------------------- what refers to what
    def look_at_cells(self) -> None:
        """Steps were learned: which cells refer to loose things, and to which?"""
        self.stale = False
        self.looks += 1
        if len(self.machine.variable) != self.cells:
            self.look_at_things()
        size = 0
        for numbering in self.numberings:
            if numbering.cell.leading:
                numbering.look(self.fixed, self.kinds)
                size += 1 + numbering.loose
        if size != self.size:
            self.size = size
            self.look_who_refers()

    def look_at_things(self) -> None:
        """Cells are new: a thing is fixed if constants lead to it from the roots, else loose."""
        variable, made = self.machine.variable, self.machine.pools.all()
        self.cells, self.size = len(variable), -1
        self.fixed = {*self.machine.roots, *self.fixed_things()}
        known: dict[int, Numbering] = {}
        for cell in variable:
            known.setdefault(id(cell.values), Numbering(cell))
        self.numberings = list(known.values())
        self.numbering_of = [known[id(cell.values)] for cell in variable]
        pools = self.machine.pools
        self.pool_of = {thing: pools.of(thing.object) for thing in made}
        static = [thing for thing in self.machine.static if thing not in self.fixed]
        self.loose = {thing: (None, indexes(thing)) for thing in static}
        self.loose.update({thing: (first_cell(thing).index, indexes(thing)) for thing in made})

    def look_who_refers(self) -> None:
        self.forms.clear()
        self.referring = {
            index: numbering.leads
            for index, numbering in enumerate(self.numbering_of)
            if numbering.loose
        }
        self.moves.clear()
        variable = self.machine.variable
        anchors = [variable[index].thing for index in self.referring]
        self.anchors = [thing for thing in dict.fromkeys(anchors) if thing in self.fixed]
        self.leading = {thing: self.leading_of(thing) for thing in (*self.anchors, *self.loose)}

    def leading_of(self, thing: Thing) -> list[tuple]:
        """Its cells that lead to loose things, in an order that never changes."""
        found: list[tuple] = []
        for cell in thing.cells.values():
            if cell.index is None:
                loose = tuple([other for other in cell.mentions[0] if other in self.loose])
                found += [(None, loose)] if loose else []
            elif cell.index in self.referring:
                found.append((cell.index, self.numbering_of[cell.index].things))
        return found

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

    # ---------------------------------------------------------------- what is to be done
    def form(self, state: array) -> Form:
        """What is to be done with a state of this shape.

        Made things stand in the order in which one comes to them from the static ones, and that
        order never changes, whatever else is learned.
        """
        leads: dict[Thing, dict[Thing, None]] = {}  # what one can come to, and what that leads to
        todo = list(self.anchors)
        for thing in todo:  # grows
            if thing not in leads:
                leads[thing] = found = {}
                for index, things in self.leading[thing]:
                    found.update(dict.fromkeys(things if index is None else things[state[index]]))
                todo.extend(found)
        begin = [thing for thing in leads if not thing.made]
        order = dict.fromkeys(sorted(begin, key=self.machine.static.__getitem__))
        todo = list(order)
        for thing in todo:  # grows
            new = [other for other in leads[thing] if other.made and other not in order]
            todo.extend(new)
            order.update(dict.fromkeys(new))
        used: dict[int, int] = {}
        places: dict[Thing, Thing] = {}
        for thing in order:
            if thing.made:
                pool = self.pool_of[thing]
                slot = used[id(pool)] = used.get(id(pool), -1) + 1
                if slot == len(pool) or pool[slot] is not thing:
                    nursery = self.machine.nursery
                    places[thing] = nursery.place(pool, slot, thing.object, list(thing.cells))
        lost = [self.loose[thing] for thing in self.loose.keys() - leads.keys()]
        form = Form(lost, places)
        if places:
            self.arrange(form, list(leads), state)
        return form

    def arrange(self, form: Form, things: list[Thing], state: array) -> None:
        """Note which numbers go where; of those that lead to what moves, the values change."""
        places, variable = form.places, self.machine.variable
        moving = places.keys()
        for thing in dict.fromkeys([*places, *places.values()]):
            form.emptied += indexes(thing)
        for thing in things:
            place = places.get(thing, thing)
            if place is not thing:
                form.kept += self.plain_moves(thing, place)
            for index, numbered in self.leading[thing]:
                if index is not None:
                    cell = variable[index]
                    there = cell if place is thing else place.cells[cell.name]
                    if not moving.isdisjoint(numbered[state[index]]):
                        form.renamed.append((cell, there))
                    elif place is not thing:
                        form.kept.append((index, there.index))

    def plain_moves(self, thing: Thing, place: Thing) -> list[tuple[int, int]]:
        """From which cell to which, where no value leads to a loose thing."""
        known = self.moves.get((thing, place))
        if known is None:
            known = self.moves[thing, place] = []
            for name, cell in thing.cells.items():
                if name not in place.cells:
                    self.vary(self.machine.nursery.cell_of(place, name))
                    self.stale = True
                if cell.index not in self.referring:
                    known.append((cell.index, place.cells[name].index))
        return known

    def arranged(self, state: array, form: Form) -> array:
        """Each made thing in its place."""
        new = state[:]
        for index in form.emptied:
            new[index] = 0
        for index, there in form.kept:
            new[there] = state[index]
        for cell, place in form.renamed:
            key = cell.index, state[cell.index]
            number = form.numbers.get(key)
            if number is None:
                number = form.numbers[key] = place.number(moved(cell.values[key[1]], form.places))
                self.stale = True
            new[place.index] = number
        return new


class Numbering:
    """The values of one cell, or of the cells of a pool with one name, and what they lead to."""

    def __init__(self, cell: Cell):
        self.cell, self.loose = cell, False  # loose: does a value lead to a loose thing?
        self.things: list[tuple[Thing, ...]] = []  # of each value: which loose things it leads to
        self.leads: list[int] = []  # the same as a number

    def look(self, fixed: set[Thing], kinds: dict[tuple[Thing, ...], int]) -> None:
        for mentions in self.cell.mentions[len(self.leads) :]:
            things = tuple([thing for thing in mentions if thing not in fixed])
            self.things.append(things)
            self.leads.append(kinds.setdefault(things, len(kinds)))
            self.loose = self.loose or bool(things)
