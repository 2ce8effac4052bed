"""One form for equal states: new objects in a fixed order, unreachable objects left out.

Two states are equal if they differ only in which of several free places a new object was given, or
in objects that nothing refers to any more. So after each step the things that steps made are put in
the order in which one comes to them, and lost things get the number 0 in all their cells. What
there is to do depends only on which loose things each cell refers to: the shape of the state. It is
worked out once for each shape.
"""

from array import array
from collections.abc import Callable, Iterable, Iterator
from itertools import compress
from operator import getitem, ne

from .restorable import Machine
from .state_vector import Cell, Moved, Thing, first_cell, indexes, picked


class Form:
    """What is to be done with the states of one shape."""

    def __init__(self, lost: list[tuple], places: dict[Thing, Thing]):
        self.lost = lost  # things that nothing leads to: (index that says if it is there, indexes)
        self.of_lost = picked([index for _, cells in lost for index in cells])
        self.places = places  # the made things that are to stand elsewhere, and where
        self.emptied: list[int] = []  # the cells of those, and of where they are to stand
        self.kept: list[tuple[int, int]] = []  # from which cell a number goes to which
        self.renamed: list[tuple[Cell, Cell]] = []  # the same, but its value leads to what moves
        self.numbers: dict[tuple[int, int], int] = {}  # of a renamed cell and number: the new one


class Canonical:
    """The canonical form of the states of a machine. `stale`: cells or values are new."""

    def __init__(self, machine: Machine, vary: Callable[[Cell], None]):
        self.machine, self.vary = machine, vary
        self.cells = self.looks = 0
        self.references = 0  # how many numberings lead anywhere
        self.worked_out = 0  # how many forms
        self.stale = True
        self.forms: dict[tuple, Form] = {}  # by shape
        self.distinct: dict[tuple, Form] = {}  # the same, each once: by all that it does
        self.lost: dict[int, list[tuple]] = {}  # by what can be reached, as in Form.lost
        self.fixed: set[Thing] = set()
        self.loose: dict[Thing, tuple] = {}  # the others, as in Form.lost
        self.made = 0  # those of them that steps made, as a set of bits
        self.numberings: list[Numbering] = []
        self.mentions: list[list] = []  # of each numbering; and how many there were last
        self.sizes: list[int] = []
        self.numbering_of: list[Numbering] = []  # of each cell of a state
        self.kinds = Kinds({})
        self.referring: dict[int, list[int]] = {}  # the cells that lead to loose things, and where
        self.refer, self.leads = picked([]), list(self.referring.values())  # the same, in two
        self.anchors: list[Thing] = []  # the fixed things among those that have such cells
        self.leading: dict[Thing, list[tuple]] = {}  # of a thing: (index, kinds of the values)
        self.makers: list[tuple] = []  # who may lead to made things: (its bit, its cells)
        self.pool_of: dict[Thing, list[Thing]] = {}  # where its place is
        self.moves: dict[tuple[Thing, Thing], list[tuple[int, int]]] = {}  # to another place
        self.moved = Moved()

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
        shape = tuple(map(getitem, self.leads, self.refer(new)))
        form = self.forms.get(shape)
        if form is None:
            form = self.forms[shape] = self.form(new)
            new.extend([0] * (len(self.machine.variable) - len(new)))
        if any(form.of_lost(new)):
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
        grown = len(self.machine.variable) != self.cells
        if grown:
            self.look_at_things()
        sizes = [*map(len, self.mentions)]
        for numbering in compress(self.numberings, map(ne, sizes, self.sizes)):
            before = numbering.loose, numbering.makes
            leading = numbering.leading
            numbering.look(self.kinds)
            self.references += numbering.leading and not leading
            grown = grown or before != (numbering.loose, numbering.makes)
        self.sizes = sizes
        if grown:
            self.look_who_refers()

    def look_at_things(self) -> None:
        """Cells are new: a thing is fixed if constants lead to it from the roots, else loose."""
        variable, pools = self.machine.variable, self.machine.pools
        made = pools.all()
        self.cells, self.references = len(variable), 0
        self.fixed = {*self.machine.roots, *self.fixed_things()}
        known: dict[int, Numbering] = {}
        for cell in variable:
            known.setdefault(id(cell.values), Numbering(cell))
        self.numberings = list(known.values())
        self.mentions = [numbering.mentions for numbering in self.numberings]
        self.sizes = [0] * len(self.numberings)
        self.numbering_of = [known[id(cell.values)] for cell in variable]
        self.pool_of = {thing: pools.of(thing.object) for thing in made}
        static = [thing for thing in self.machine.static if thing not in self.fixed]
        self.loose = {thing: (None, indexes(thing)) for thing in static}
        self.loose.update({thing: (first_cell(thing).index, indexes(thing)) for thing in made})
        self.kinds = Kinds({thing: 1 << n for n, thing in enumerate(self.loose)})
        self.made = self.kinds.mask(made)

    def look_who_refers(self) -> None:
        self.forms.clear()
        self.distinct.clear()
        self.lost.clear()
        self.referring = {
            index: numbering.leads
            for index, numbering in enumerate(self.numbering_of)
            if numbering.loose
        }
        self.refer, self.leads = picked([*self.referring]), list(self.referring.values())
        self.moves.clear()
        variable, bits = self.machine.variable, self.kinds.bits
        anchors = [variable[index].thing for index in self.referring]
        self.anchors = [thing for thing in dict.fromkeys(anchors) if thing in self.fixed]
        self.leading = {thing: self.leading_of(thing) for thing in (*self.anchors, *self.loose)}
        making = {n for n, numbering in enumerate(self.numbering_of) if numbering.makes}
        self.makers = []
        static = [thing for thing in self.leading if not thing.made]
        static.sort(key=self.machine.static.__getitem__)
        for thing in static:
            may = [cell for cell in self.leading[thing] if cell[0] in making]
            self.makers += [(bits.get(thing, -1), may)] if may else []

    def leading_of(self, thing: Thing) -> list[tuple]:
        """Its cells that lead to loose things, in an order that never changes."""
        found: list[tuple] = []
        for cell in thing.cells.values():
            if cell.index is None:
                kind = self.kinds.number(cell.mentions[0])
                found += [(None, kind)] if kind else []
            elif cell.index in self.referring:
                found.append((cell.index, self.referring[cell.index]))
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
        """What is to be done with a state of this shape."""
        self.worked_out += 1
        reached = self.reached(state)
        order = self.in_order(state, reached) if reached & self.made else {}
        used: dict[int, int] = {}
        places: dict[Thing, Thing] = {}
        for thing in order:
            pool = self.pool_of[thing]
            slot = used[id(pool)] = used.get(id(pool), -1) + 1
            if slot == len(pool) or pool[slot] is not thing:
                nursery = self.machine.nursery
                places[thing] = nursery.place(pool, slot, thing.object, list(thing.cells))
        if reached not in self.lost:
            bits, loose = self.kinds.bits, self.loose.items()
            self.lost[reached] = [where for thing, where in loose if not bits[thing] & reached]
        form = Form(self.lost[reached], places)
        if places:
            self.arrange(form, order, state, reached)
        return self.distinct.setdefault((reached, *places.items(), *form.renamed), form)

    def reached(self, state: array) -> int:
        """The loose things that one can come to, as a set of bits."""
        masks, reached, todo = self.kinds.masks, 0, list(self.anchors)
        by_bit = self.kinds.things
        for thing in todo:  # grows
            new = 0
            for index, leads in self.leading[thing]:
                new |= masks[leads if index is None else leads[state[index]]]
            new &= ~reached
            reached |= new
            while new:
                first = new & -new
                todo.append(by_bit[first])
                new ^= first
        return reached

    def in_order(self, state: array, reached: int) -> dict[Thing, None]:
        """The made things in the order in which one comes to them from the static ones.

        That order never changes, whatever else is learned.
        """
        made_in = self.kinds.made_in
        order: dict[Thing, None] = {}
        todo = [cells for bit, cells in self.makers if bit & reached or bit < 0]
        for cells in todo:  # grows
            for index, leads in cells:
                for thing in made_in[leads[state[index]]]:
                    if thing not in order:
                        order[thing] = None
                        todo.append(self.leading[thing])
        return order

    def arrange(self, form: Form, order: dict[Thing, None], state: array, reached: int) -> None:
        """Note which numbers go where; of those that lead to what moves, the values change."""
        places, variable, masks = form.places, self.machine.variable, self.kinds.masks
        moving = self.kinds.mask(places)
        for thing in dict.fromkeys([*places, *places.values()]):
            form.emptied += indexes(thing)
        for bit, cells in self.makers:  # static things, which do not move
            if bit & reached or bit < 0:
                for index, leads in cells:
                    if moving & masks[leads[state[index]]]:
                        form.renamed.append((variable[index], variable[index]))
        for thing in order:
            place = places.get(thing, thing)
            if place is not thing:
                form.kept += self.plain_moves(thing, place)
            for index, leads in self.leading[thing]:
                there = place.cells[variable[index].name]
                if moving & masks[leads[state[index]]]:
                    form.renamed.append((variable[index], there))
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
                number = form.numbers[key] = self.moved.number(cell, key[1], place, form.places)
                self.stale = True
            new[place.index] = number
        return new


class Kinds:
    """Which loose things the values of cells lead to: a number for each such set, in its order."""

    def __init__(self, bits: dict[Thing, int]):
        self.bits, self.things = bits, {bit: thing for thing, bit in bits.items()}
        self.numbers: dict[tuple[Thing, ...], int] = {(): 0}
        self.masks = [0]  # by number: the same as a set of bits
        self.made_in: list[dict[Thing, None]] = [{}]  # and those that steps made

    def number(self, mentions: tuple[Thing, ...]) -> int:
        """Of what a value leads to."""
        things = tuple([thing for thing in mentions if thing in self.bits])
        number = self.numbers.get(things)
        if number is None:
            number = self.numbers[things] = len(self.masks)
            self.masks.append(self.mask(things))
            self.made_in.append(dict.fromkeys([thing for thing in things if thing.made]))
        return number

    def mask(self, things: Iterable[Thing]) -> int:
        mask = 0
        for thing in things:
            mask |= self.bits[thing]
        return mask


class Numbering:
    """The values of one cell, or of the cells of a pool with one name, and what they lead to."""

    def __init__(self, cell: Cell):
        self.mentions = cell.mentions
        self.leading = False  # does a value lead to a thing?
        self.loose = self.makes = False  # and to a loose one? to one that a step made?
        self.leads: list[int] = []  # of each value: to which loose things, as a number

    def look(self, kinds: Kinds) -> None:
        """Some values are new."""
        for mentions in self.mentions[len(self.leads) :]:
            number = kinds.number(mentions)
            self.leads.append(number)
            self.leading = self.leading or bool(mentions)
            self.loose = self.loose or bool(number)
            self.makes = self.makes or bool(kinds.made_in[number])
