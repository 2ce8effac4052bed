"""Which processes of a machine are alike, and the image of a state when they are exchanged.

A scenario names groups of objects that it made alike (Kernel.symmetric): a memcg, a victim and its
thread. What belongs to each group is found by walking from these objects through all groups at
once: whatever each leads to in the same way has the same role. A permutation of the groups renames
the things of a state, each to the one with its role. What tells the groups apart at the start (a
pid, a name, a place in a list) is noted; it keeps its place when things are renamed.
"""

from array import array
from itertools import combinations
from operator import getitem

from ..model.kernel import Kernel
from ..naming import short
from .canonical import Canonical
from .objects import TUPLE
from .restorable import Machine
from .state_vector import CONTENT, Cell, Moved, Thing, moved, picked, pool_key

Permutation = tuple[int, ...]  # of each group: the group whose place it takes


class NotSymmetric(Exception):
    """The groups are told apart by this: the search goes on without symmetry."""


def claimed(kernel: Kernel) -> int:
    """How many groups a scenario says are alike. ValueError if it names none in the right form."""
    groups = kernel.symmetric
    if not isinstance(groups, list) or not all(isinstance(group, list) for group in groups):
        raise ValueError(f"Kernel.symmetric is a list of groups, each a list, not {short(groups)}")
    return len(groups)


class Unused:
    """A number that another group's cell uses, and this cell does not."""


class Alike:
    """The cells of one role, one for each group: a number means the same value in each of them.

    A value that leads to another group has no counterpart without saying which permutation is
    meant; such a number is used by one cell only.
    """

    def __init__(self, groups: "Groups", cells: tuple[Cell, ...]):
        self.groups, self.cells, self.crossing = groups, cells, False
        for cell in cells:
            cell.alike = self

    def number(self, cell: Cell, value) -> int:
        """A new value of one of the cells: its number, in all of them."""
        mine = self.cells.index(cell)
        crosses = self.groups.leads_elsewhere(value, mine)
        if crosses and not self.crossing:
            self.crossing = True
            self.groups.crossing += 1
        for group, other in enumerate(self.cells):
            if group == mine:
                other.add(value)
            else:
                other.add(Unused() if crosses else moved(value, self.groups.swap(mine, group)))
        return len(cell.values) - 1


class Groups:
    """The groups of a machine, at its start. NotSymmetric if they are not alike."""

    def __init__(self, machine: Machine):
        self.machine = machine
        every = machine.kernel.symmetric
        self.count = len(every)
        self.members: list[list[Thing]] = [[] for _ in every]  # by group, by role
        self.role: dict[Thing, tuple[int, int]] = {}
        self.telling: set[Cell] = set()  # the cells that tell the groups apart
        self.ranks: dict[Cell, dict] = {}  # lists in the order of making: the place of each item
        self.alike: list[Alike] = []
        self.moved = Moved()
        self.crossing = 0  # how many of them have a value that leads from one group to another
        self.swaps: dict[tuple[int, int], dict[Thing, Thing]] = {}
        if len({len(group) for group in every}) != 1 or self.count < 2:
            raise NotSymmetric("groups of several sizes")
        for objects in zip(*every, strict=True):
            if not all(id(held) in machine.values.things for held in objects):
                raise ValueError(f"Kernel.symmetric names {short(objects)}: not of the machine")
            things = tuple([machine.values.things[id(held)] for held in objects])
            if not self.pair(things):
                raise NotSymmetric(f"the groups have different members: {things}")
        self.walk()
        if not machine.closure.behind.isdisjoint(self.role):
            raise NotSymmetric("a function or a class holds what belongs to one of them")
        self.look_at_the_rest()

    # ---------------------------------------------------------------- who belongs to whom
    def pair(self, things: tuple[Thing, ...]) -> bool:
        """One thing of each group, or one that all share: may they stand for each other?"""
        if all(thing is things[0] for thing in things):
            return things[0] not in self.role
        if len(set(things)) < len(things):
            return False
        roles = {self.role.get(thing, (group, None)) for group, thing in enumerate(things)}
        if len({role for _, role in roles}) != 1 or len({g for g, _ in roles}) != len(things):
            return False
        if any(self.role.get(t, (g, 0))[0] != g for g, t in enumerate(things)):
            return False
        if things[0] not in self.role:
            for group, thing in enumerate(things):
                self.role[thing] = group, len(self.members[group])
                self.members[group].append(thing)
        return True

    def same(self, values: tuple, new: list[tuple[Thing, ...]]) -> bool:
        """Are these values, one of each group, the same but for the groups' own things?"""
        first = values[0]
        if any(type(value) is not type(first) for value in values):
            return False
        if type(first) is Thing:
            new.append(values)
            return True
        if type(first) is tuple:
            if any(len(value) != len(first) for value in values):
                return False
            return all([self.same(parts, new) for parts in zip(*values, strict=True)])
        return all(value == first for value in values)

    def walk(self) -> None:
        """From the named objects to all that belongs to them."""
        role = 0
        while role < len(self.members[0]):
            things = [members[role] for members in self.members]
            if len({pool_key(thing.object) for thing in things}) > 1:
                raise NotSymmetric(f"{things} are of different classes")
            names = list(things[0].cells)
            if any(list(thing.cells) != names for thing in things):
                raise NotSymmetric(f"{things} hold different attributes")
            for name in names:
                cells = tuple([thing.cells[name] for thing in things])
                new: list[tuple[Thing, ...]] = []
                if self.same(tuple([cell.values[0] for cell in cells]), new) and all(
                    [self.pair(pair) for pair in new]
                ):
                    self.alike.append(Alike(self, cells))
                else:
                    self.telling.update(cells)
            role += 1

    def look_at_the_rest(self) -> None:
        """What all share must not change by an exchange, or it tells the groups apart."""
        for cells in [alike.cells for alike in self.alike]:  # a thing was shared, and is not
            for a, b in combinations(range(self.count), 2):
                if moved(cells[a].values[0], self.swap(a, b)) != cells[b].values[0]:
                    raise NotSymmetric(f"{cells[a]} differs")
        for thing in self.machine.static:
            if thing not in self.role:
                for cell in thing.cells.values():
                    value = cell.values[0]
                    for a in range(self.count - 1):
                        other = moved(value, self.swap(a, a + 1))
                        if other != value:
                            self.telling.add(cell)
                            if type(thing.object) is list and set(other) == set(value):
                                self.ranks[cell] = {v: n for n, v in enumerate(value)}

    def keep_order(self) -> None:
        """NotSymmetric if a list is not in the order of making any more: that tells them apart.

        Pending timers have an order of their own, or none (Images.reorder).
        """
        for cell, ranks in self.ranks.items():
            if cell.thing.object is self.machine.kernel.timers:
                continue
            for value in cell.values:
                places = [ranks.get(item, len(ranks)) for item in value[1:]]
                if places != sorted(places):
                    raise NotSymmetric(f"{cell} is put in another order")

    def swap(self, a: int, b: int) -> dict[Thing, Thing]:
        """What an exchange of two groups renames."""
        if (a, b) not in self.swaps:
            pairs = list(zip(self.members[a], self.members[b], strict=True))
            self.swaps[a, b] = {**dict(pairs), **{y: x for x, y in pairs}}
        return self.swaps[a, b]

    def leads_elsewhere(self, value, group: int) -> bool:
        """Does a value lead to a thing of another group?"""
        if type(value) is Thing:
            return value in self.role and self.role[value][0] != group
        return type(value) is tuple and any(self.leads_elsewhere(v, group) for v in value)


class Images:
    """The images of states under the permutations of the groups."""

    def __init__(self, groups: Groups, canonical: Canonical):
        self.groups, self.canonical = groups, canonical
        self.machine = groups.machine
        self.timers = self.machine.values.things[id(self.machine.kernel.timers)].cells[CONTENT]
        self.known: dict[Permutation, Renaming] = {}
        self.places: dict[Thing, Thing] = {}  # of made things, in the image that was made last

    def renaming(self, p: Permutation) -> "Renaming":
        if p not in self.known:
            self.known[p] = Renaming(self.groups, p)
        return self.known[p]

    def of_cell(self, cell: Cell, p: Permutation) -> Cell:
        """The cell that takes this one's place in the image that was made last."""
        there = self.renaming(p).cell(cell)
        place = self.places.get(there.thing)
        return there if place is None else place.cells[cell.name]

    def of(self, state: array, p: Permutation) -> array:
        """The image of a state, in its canonical form."""
        canonical = self.canonical
        if canonical.stale:
            canonical.look_at_cells()
        new, canonical.stale = self.renaming(p).of(state, canonical)
        new, self.places = canonical.settled(self.in_order(new))
        return new

    def in_order(self, state: array) -> array:
        """Pending timers stand in the order of their keys, where time does not count."""
        cell = self.timers
        if cell.index is None or self.machine.clock != "any":
            return state
        value = cell.values[state[cell.index]]
        if len(value) > 2:
            inside = sorted(value[1:], key=lambda timer: self.key(timer, state))
            state[cell.index] = cell.number((TUPLE, *inside))
            self.canonical.stale = True
        return state

    def key(self, timer: Thing, state: array) -> tuple[int, str]:
        task, function = [self.held(timer, name, state) for name in ("argument", "function")]
        return self.held(task, "pid", state), function.value.__name__

    def held(self, thing: Thing, name: str, state: array):
        cell = thing.cells[name]
        return cell.values[0 if cell.index is None else state[cell.index]]


class Renaming:
    """What one permutation does to things, cells, and the numbers in them."""

    def __init__(self, groups: Groups, p: Permutation):
        self.groups, self.variable = groups, groups.machine.variable
        members = groups.members
        self.things = {
            thing: members[p[group]][role] for thing, (group, role) in groups.role.items()
        }
        self.numbers: dict[Cell, dict[int, int]] = {}  # of a cell and its number: the new number
        self.looks, self.made_for = -1, (-1, -1, -1)

    def cell(self, cell: Cell) -> Cell:
        thing = self.things.get(cell.thing)
        return cell if thing is None else thing.cells[cell.name]

    def look(self) -> None:
        """Where each number of an image comes from, and which have to be renamed."""
        sources: list[int] = list(range(len(self.variable)))
        for cell in self.variable:
            if cell in self.groups.telling and cell not in self.groups.ranks:
                raise NotSymmetric(f"{cell} tells the groups apart, and changes")
            if cell.alike is None and cell.thing in self.things:
                raise NotSymmetric(f"{cell} is one group's, and no other has it")
            sources[self.cell(cell).index] = cell.index
        self.renamed = [
            (cell, self.cell(cell), self.numbers.setdefault(cell, {}))
            for cell in self.variable
            if cell.leading and (cell.alike is None or cell.alike.crossing)
        ]
        for n, (_, there, _) in enumerate(self.renamed, -len(self.renamed)):
            sources[there.index] = n  # the new numbers stand behind the state
        self.sources = picked(sources)
        self.old = picked([cell.index for cell, _, _ in self.renamed])
        self.known = [known for _, _, known in self.renamed]

    def of(self, state: array, canonical: Canonical) -> tuple[array, bool]:
        """The image of a state, and whether a cell has a value that it never had."""
        if self.looks != canonical.looks:
            size = len(self.variable), canonical.references, self.groups.crossing
            if size != self.made_for:
                self.look()
            self.looks, self.made_for = canonical.looks, size
        old, more = self.old(state), False
        try:
            numbers = array("H", map(getitem, self.known, old))
        except KeyError:
            more = True
            for (cell, there, known), number in zip(self.renamed, old, strict=True):
                if number not in known:
                    known[number] = self.number(cell, number, there)
            numbers = array("H", map(getitem, self.known, old))
        return array("H", self.sources(state + numbers)), more

    def pair(self, cell: Cell, number: int) -> tuple[int, int]:
        """Of a cell and its number: the cell that takes its place, and the number there."""
        there = self.cell(cell)
        if cell.leading and (cell.alike is None or cell.alike.crossing):
            number = self.number(cell, number, there)
        return there.index, number

    def number(self, cell: Cell, number: int, there: Cell) -> int:
        """The number that the renamed value has in the cell that takes this one's place."""
        ranks = self.groups.ranks.get(cell)
        return self.groups.moved.number(cell, number, there, self.things, ranks)
