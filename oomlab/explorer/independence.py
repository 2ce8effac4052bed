"""Independent steps: where two orders of them lead to the same state, one is tried (sleep sets).

Two steps that can be taken in a state are independent there if neither writes what the other reads
or writes, or what says whether the other can be taken. Then either finds, after the other, what it
would have found before, does the same (relation.py), and both orders end in the same state:

    X --v--> B
    |        |      States are looked at in the order of their numbers. If A has a smaller one than
    u        u      B, then D is met from A, before B is looked at. So u *sleeps* in B: it is not
    |        |      tried there (Godefroid, LNCS 1032, 1996, chapter 5).
    A --v--> D

Every state is still met, first from the same state and by the same step as without this. For let P
have the smallest number of all states with a step to D. If that step slept in P, then some A with a
smaller number would have a step to D, too. So this asks nothing of the property, and no verdict, no
length and no number of a state can change. That the states are closed under all steps, those that
slept too, is part of the audit.
"""

from ..simulate.scheduler import Entry
from .monitor import Monitored
from .relation import Answer, Interned, State
from .restorable import Machine
from .state_vector import CONTENT
from .symmetry import Permutation, Symmetric

# Without it, to try a step costs no more than to know that it sleeps.
ONLY_WITH_SYMMETRY = True

Taken = tuple[Entry, int | None, Permutation]


def sleep_sets(relation: Interned | Symmetric | Monitored) -> "SleepSets | None":
    """Those of a search. A monitor is told of every step, in its order: with one, none sleeps."""
    if isinstance(relation, Monitored):
        return None
    if ONLY_WITH_SYMMETRY and not isinstance(relation, Symmetric):
        return None
    return SleepSets(relation)


class SleepSets:
    """The steps that sleep in the states that are still to be looked at."""

    def __init__(self, relation: Interned | Symmetric):
        self.symmetric = relation if isinstance(relation, Symmetric) else None
        self.interned = relation if isinstance(relation, Interned) else relation.relation
        self.machine = self.interned.machine
        self.sleeping: dict[int, set[Entry]] = {}  # by the number of a state
        self.footprints: dict[Answer, Footprint] = {}

    def of(self, number: int) -> set[Entry]:
        """The steps that sleep in the state with this number, which is looked at now."""
        return self.sleeping.pop(number, set())

    def look(self, number: int, state: State, met: int, asleep: set, taken: list[Taken]) -> None:
        """All steps from a state were taken, but for those asleep; before, `met` states were known.

        `taken`: of each step the entry, the number of the state where it leads, or None if that is
        not kept, and the permutation after it.
        """
        if self.machine.root.cells["tasks"].index is not None:
            return  # the task list is not always the same list
        steps = {u: self.footprint(state, u) for u in (*asleep, *[u for u, _, _ in taken])}
        for v, there, p in taken:
            if there is None or there <= number:
                continue
            earlier = [u for u, n, _ in taken if n is not None and n < there]
            for u in (*earlier, *asleep) if there >= met else earlier:
                if self.independent(steps[u], steps[v]):
                    named = u if self.symmetric is None else self.symmetric.renamed(u, p)
                    self.sleeping.setdefault(there, set()).add(named)

    def footprint(self, state: State, entry: Entry) -> "Footprint | None":
        """Of a step of a task that was there from the start, if it is known what the step does now.

        With symmetry, it must be known of all equals, too.
        """
        if not isinstance(entry, int) or entry not in self.machine.tasks:
            return None
        answer = self.interned.known(state, entry)
        if answer is None or self.symmetric is not None and answer not in self.symmetric.fitting:
            return None
        found = self.footprints.get(answer)
        if found is None:
            found = self.footprints[answer] = Footprint(self.machine, entry, answer)
        return found

    def independent(self, one: "Footprint | None", other: "Footprint | None") -> bool:
        """Are two steps independent in the state where both can be taken?"""
        if one is None or other is None:
            return False
        return one.goes_with(other) and other.goes_with(one)


class Footprint:
    """What a step of a task touches and writes. What it makes is its own till it is taken."""

    def __init__(self, machine: Machine, pid: int, answer: Answer):
        things, root = machine.values.things, machine.root
        new = {thing for pool in machine.pools.nursery.values() for thing in pool}
        writes = {machine.variable[index]: number for index, number in answer.value}
        self.writes = frozenset([cell for cell in writes if cell.thing not in new])
        # What says whether it can be taken, see plain.enabled(): these, and to be on the task list.
        self.task = things[id(machine.tasks[pid])]
        asked = [root.cells["panicked"], root.cells["tasks"]]
        asked += [self.task.cells["state"], self.task.cells["pid"]]
        self.touches = self.writes.union(answer.reads, asked)
        tasks = things[id(machine.kernel.tasks)].cells[CONTENT]
        self.tasks = tasks.mentions[writes[tasks]] if tasks in writes else None

    def goes_with(self, other: "Footprint") -> bool:
        """Is this step of no concern to that one?"""
        there = self.tasks is None or other.task in self.tasks
        return there and self.writes.isdisjoint(other.touches)
