"""Symmetric processes: of the states that differ only in which of the equals is which, visit one.

If each step of the image of a state is the image of a step, then a state and its images have the
same futures, up to names: one of them stands for all (Clarke, Emerson, Jha and Sistla, CAV '98).

None of this is assumed. A step is a function of what it reads (relation.py). One that reads
nothing that tells the groups apart (groups.py) does to the image what the image says. One that does
read such a cell, as a walk over the task list, is taken in the images too, and must do the same
there, having read the same. A question of a user is asked of the images, too. If one of them does
not fit, the groups are not symmetric, and the search begins again without. And every state that
the audit looks at is reached in the model under the names that it really has there.
"""

from array import array
from collections.abc import Callable, Iterator
from itertools import combinations
from math import factorial, prod
from operator import getitem
from typing import Any

from ..simulate.scheduler import Entry, entry_of
from .errors import ExplorerFault
from .groups import Groups, Images, NotSymmetric, Permutation
from .relation import Answer, Interned, State, pack, wide
from .state_vector import Cell, Thing, picked

MOST_IMAGES = (
    300  # of one step: all of five different groups, one of eight and any half of the rest
)

# To read the kinds of some cells: their numbers in a state; of each, the kinds of its values.
Leads = tuple[Callable[[array], tuple[int, ...]], list[list[int]]]


class Symmetric:
    """A transition system of which one state stands for all its images. See Relation."""

    def __init__(self, relation: Interned, declared: bool):
        """`declared`: the property is one of PROPERTIES, which do not tell tasks apart."""
        self.relation, self.declared = relation, declared
        self.groups = Groups(relation.machine)
        self.images = Images(self.groups, relation.canonical)
        self.count = self.groups.count
        self.identity = tuple(range(self.count))
        self.looked = -1  # how many steps had been learned, when the cells were looked at
        self.fitting: dict[Answer, tuple[State, Entry | None, int] | None] = {}
        self.kinds: dict[tuple[Thing, ...], int] = {(): 0}  # of what a value leads to elsewhere
        self.things: list[tuple[Thing, ...]] = [()]  # of each kind
        self.leads: dict[Cell, tuple[int, bool]] = {}  # with how many values; does it lead away?
        self.permutations: dict[Permutation, Permutation] = {}
        self.size = (-1, -1)
        self.start, self.first = self.representative(relation.unpack(relation.start))
        self.permutation = self.first  # that led to the last representative

    # ---------------------------------------------------------------- the relation
    def enabled(self, packed: State) -> list[Entry]:
        return self.relation.enabled(packed)

    def successor(self, packed: State, entry: Entry) -> State:
        new = self.relation.after(packed, entry)
        answer = self.relation.answer
        if answer not in self.fitting:
            self.fit(packed, entry, answer)
        state, self.permutation = self.representative(new)
        return state

    def broken(self, packed: State) -> bool:
        broken = self.relation.broken(packed)
        answer = self.relation.answer
        if not self.declared and answer not in self.fitting:
            self.fit(packed, None, answer)
        return broken

    def real(self, path: list[tuple[Entry, Permutation]]) -> tuple[list[Entry], Permutation]:
        """A schedule of representatives as it happens in the machine, and what the names are there.

        The path has, of each step, the entry and the permutation that led to the representative.
        The answer's permutation leads from the last representative to what the schedule reaches.
        """
        back, schedule = inverse(self.first), []
        for entry, p in path:
            schedule.append(self.renamed(entry, back))
            back = tuple([back[group] for group in inverse(p)])
        return schedule, back

    def happened(self, packed: State, path: list) -> tuple[State, list[Entry]]:
        """The state that a representative stands for, and the schedule that reaches it."""
        schedule, back = self.real(path)
        state = self.images.of(self.relation.unpack(packed), back)
        if self.relation.broken(packed) != self.relation.broken(pack(state)):
            raise ExplorerFault(f"after {schedule} the property tells equals apart")
        return pack(state), schedule

    # ---------------------------------------------------------------- the representative
    def look(self) -> None:
        """Which cells lead to a group, or from one to another, or to things that steps make?"""
        self.looked = self.relation.learned
        leading: set[Cell] = set()
        for cell in self.relation.variable:
            length, leads = self.leads.get(cell, (0, False))
            if length != len(cell.values):
                leads = leads or any(self.is_loose(t, cell) for m in cell.mentions for t in m)
                self.leads[cell] = len(cell.values), leads
            if leads:
                leading.update([cell] if cell.alike is None else cell.alike.cells)
        size = len(leading), len(self.relation.variable)
        if size == self.size:
            return
        self.size = size
        in_order = sorted(leading, key=lambda cell: cell.index)
        self.kinds_of: dict[Cell, list[int]] = {cell: [] for cell in in_order}
        role, unordered = self.groups.role, {*self.groups.ranks, self.images.timers}
        of: dict[Thing, list[Cell]] = {}
        for cell in in_order:
            of.setdefault(cell.thing, []).append(cell)
        static = [c for c in in_order if c.thing not in role and not c.thing.made]
        self.shared = self.leads_from([cell for cell in static if cell not in unordered])
        self.leads_of_group = [
            self.leads_from([cell for thing in members for cell in of.get(thing, ())])
            for members in self.groups.members
        ]
        self.leads_of_made = {t: self.leads_from(cells) for t, cells in of.items() if t.made}
        self.numbers_of = [
            picked(
                [
                    cell.index
                    for thing in members
                    for cell in thing.cells.values()
                    if cell.index is not None and cell not in leading
                ]
            )
            for members in self.groups.members
        ]
        self.look_at_values()

    def leads_from(self, cells: list[Cell]) -> Leads:
        return picked([cell.index for cell in cells]), [self.kinds_of[cell] for cell in cells]

    def look_at_values(self) -> None:
        """To which groups and made things, but those of its own group, does each value lead?"""
        for cell, kinds in self.kinds_of.items():
            for mentions in cell.mentions[len(kinds) :]:
                things = tuple([thing for thing in mentions if self.is_loose(thing, cell)])
                if things not in self.kinds:
                    self.kinds[things] = len(self.things)
                    self.things.append(things)
                kinds.append(self.kinds[things])

    def is_loose(self, thing: Thing, cell: Cell) -> bool:
        """Is a thing that a cell leads to of a group, and not of the cell's own, or made?"""
        if thing.made:
            return True
        role = self.groups.role.get(thing)
        return role is not None and role[0] != self.groups.role.get(cell.thing, (None, 0))[0]

    def representative(self, state: array) -> tuple[State, Permutation]:
        """The image that stands for a state, and which permutation leads there.

        Groups that something leads to come first, in the order in which one comes to them; the
        others by what they hold.
        """
        if self.looked != self.relation.learned:
            self.look()
            state = wide(state, len(self.relation.variable))
        try:
            first = self.in_order(state)
        except IndexError:  # there are new values
            self.look_at_values()
            first = self.in_order(state)
        numbers_of = self.numbers_of
        others = [
            (numbers_of[group](state), group) for group in self.identity if group not in first
        ]
        order = (*first, *[group for _, group in sorted(others)])
        if order == self.identity:
            return pack(state), self.identity
        p = inverse(order)
        p = self.permutations.setdefault(p, p)  # they are kept, one for each state
        return pack(self.images.of(state, p)), p

    def in_order(self, state: array) -> list[int]:
        """The groups that one comes to from what all share, the first one first."""
        role, things = self.groups.role, self.things
        found: list[int] = []
        seen: set[Thing] = set()
        numbers, kinds = self.shared
        todo = list(filter(None, map(getitem, kinds, numbers(state))))
        for kind in todo:  # grows
            for thing in things[kind]:
                if not thing.made:
                    group = role[thing][0]
                    if group in found:
                        continue
                    found.append(group)
                    numbers, kinds = self.leads_of_group[group]
                elif thing in seen or thing not in self.leads_of_made:
                    continue
                else:
                    seen.add(thing)
                    numbers, kinds = self.leads_of_made[thing]
                todo += filter(None, map(getitem, kinds, numbers(state)))
        return found

    # ---------------------------------------------------------------- nothing is believed
    def fit(self, packed: State, entry: Entry | None, answer: Answer) -> None:
        """Does this step, or the question, do to each image what the image says?"""
        self.fitting[answer] = None
        relation = self.relation
        if self.groups.telling.isdisjoint(answer.reads) and self.images.timers not in answer.reads:
            return
        classes = self.classes(packed, entry, answer)
        if images_of(classes) > MOST_IMAGES:
            raise NotSymmetric(f"the step {entry} has {images_of(classes)} images")
        new = relation.after(packed, entry) if entry is not None else None
        for p in arrangements(classes):
            if p != self.identity:
                try:
                    self.fits(packed, entry, answer, new, p)
                except ValueError as refused:
                    raise NotSymmetric(str(refused)) from None
        self.fitting[answer] = packed, entry, len(relation.variable)

    def fits(
        self, packed: State, entry: Entry | None, answer: Answer, new: array | None, p: Permutation
    ) -> None:
        """Is the step `entry` from here to `new` the same in the image under p?"""
        relation, images = self.relation, self.images
        before = images.of(relation.unpack(packed), p)
        reads = [cell for cell in answer.reads if cell.index is not None]
        allowed = {images.of_cell(cell, p) for cell in reads}
        image = pack(before)
        if entry is None or new is None:
            same, there = relation.broken(image) == answer.value, relation.answer
        else:
            got, there = relation.successor(image, self.renamed(entry, p)), relation.answer
            same = got == pack(images.of(wide(new, len(relation.variable)), p))
        read = {cell for cell in there.reads if cell.index is not None}
        if not same or not read <= allowed:
            raise NotSymmetric(f"the step {entry} does something else in another group")
        if read == allowed:  # then its images are the same ones
            self.fitting.setdefault(there, None)

    def classes(self, packed: State, entry: Entry | None, answer: Answer) -> list[list[int]]:
        """Groups whose exchange changes nothing of the step: whose it is, its reads, its writes.

        Let H be all permutations inside the classes. A step is (entry, reads, writes), and H leaves
        that as it is. So p and ph, for h in H, ask the same of the image: that the step p(entry),
        reading p(reads), writes p(writes). One p of each coset pH has to be tried. What steps
        made may have other places in the two images, but no step knows of places (canonical.py).
        """
        touched = self.touched(packed, entry, answer)
        classes = [[group for group in self.identity if group not in touched]]
        state, variable = self.relation.unpack(packed), self.relation.variable
        cells = [(cell, state[cell.index]) for cell in answer.reads if cell.index is not None]
        if entry is not None:
            cells += [(variable[index], number) for index, number in answer.value]
        if self.images.timers in answer.reads:
            return [*classes, *[[group] for group in touched]]  # timers are put in order again

        def step_in(p: Permutation) -> tuple:
            renaming = self.images.renaming(p)
            pairs = [renaming.pair(cell, number) for cell, number in cells]
            writes = pairs[-len(answer.value) :] if entry is not None and answer.value else []
            reads = pairs[: len(pairs) - len(writes)]
            return entry and self.renamed(entry, p), frozenset(reads), frozenset(writes)

        here = step_in(self.identity)
        for group in touched:
            for others in classes[1:]:
                if step_in(exchange(group, others[0], self.count)) == here:
                    others.append(group)
                    break
            else:
                classes.append([group])
        return classes

    def finish(self) -> None:
        """What was taken for constant, and is not, may have been read in an image, or be in one."""
        self.groups.keep_order()
        for renaming in self.images.known.values():
            renaming.look()
        while True:
            now = len(self.relation.variable)
            old = [(a, *f) for a, f in self.fitting.items() if f is not None and f[2] != now]
            if not old:
                return
            for answer, packed, entry, _ in old:
                self.fit(packed, entry, answer)

    def touched(self, packed: State, entry: Entry | None, answer: Answer) -> Permutation:
        """The groups that a step has to do with: whose things it reads, writes or is led to."""
        state, role = self.relation.unpack(packed), self.groups.role
        cells = [(cell, state[cell.index]) for cell in answer.reads if cell.index is not None]
        things = [t for cell, number in cells for t in (cell.thing, *cell.mentions[number])]
        if entry is not None:
            variable = self.relation.variable
            writes = [(variable[index], number) for index, number in answer.value]
            things += [t for cell, number in writes for t in (cell.thing, *cell.mentions[number])]
            things += [self.task(entry)] if self.task(entry) is not None else []
        return tuple(sorted({role[thing][0] for thing in things if thing in role}))

    def task(self, entry: Entry) -> Thing | None:
        machine = self.relation.machine
        task = machine.tasks.get(entry_of(entry)[0])
        return machine.values.things[id(task)] if task is not None else None

    def renamed(self, entry: Entry, p: Permutation) -> Entry:
        """The same step of the task that takes this one's place."""
        pid, function = entry_of(entry)
        thing: Any = self.task(entry)
        if thing is not None:
            pid = self.images.renaming(p).things.get(thing, thing).object.pid
        return pid if function is None else (pid, function)


def inverse(p: Permutation) -> Permutation:
    back = [0] * len(p)
    for group, place in enumerate(p):
        back[place] = group
    return tuple(back)


def exchange(a: int, b: int, count: int) -> Permutation:
    p = list(range(count))
    p[a], p[b] = b, a
    return tuple(p)


def images_of(classes: list[list[int]]) -> int:
    """How many ways are there to give the groups their places, if those of a class are alike?"""
    return factorial(sum(map(len, classes))) // prod(factorial(len(c)) for c in classes)


def arrangements(classes: list[list[int]]) -> Iterator[Permutation]:
    """One permutation for each of these ways: those of a class keep their order."""
    count = sum(map(len, classes))

    def rest(number: int, free: list[int], p: dict[int, int]) -> Iterator[Permutation]:
        if number == len(classes):
            yield tuple([p[group] for group in range(count)])
            return
        for places in combinations(free, len(classes[number])):
            more = p | dict(zip(classes[number], places, strict=True))
            yield from rest(number + 1, [place for place in free if place not in places], more)

    yield from rest(0, list(range(count)), {})
