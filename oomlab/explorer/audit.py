"""A state as the search has it, beside the model: reached again by ordinary generators.

The search walks a translation of the model. So a counterexample is replayed in a fresh machine.
Where it says "holds", a random sample of its states is reached by replaying their schedules. Both
are compared (compare_states.py), with which transitions are enabled and what the property says; and
then all their successors, of which the search must have met each. A difference is the explorer's
own fault: there is no answer.
"""

from collections.abc import Callable, Container, Iterator
from itertools import permutations
from random import Random
from typing import Any

from ..model.kernel import Kernel
from ..simulate.scheduler import Entry, run_schedule
from . import plain
from .compare_states import Beside, Layout
from .errors import ExplorerFault, in_a_sentence
from .exploration import says
from .properties import Property
from .relation import Interned, Relation, State, pack
from .state_vector import Thing
from .symmetry import Symmetric

LEAST = 200  # states that are checked, if there are so many
PART = 0.01  # of all states, if that is more
SEED = 2015


def sample(states: int, audit: float | None) -> list[int]:
    """The numbers of the states to check: the same ones for the same search."""
    part = PART if audit is None else audit
    wanted = max(LEAST, round(states * part)) if part else 0
    return sorted(Random(SEED).sample(range(states), min(wanted, states)))


def happened(asked: Property, build: Callable[[], Kernel], schedule: list[Entry]) -> None:
    """A counterexample, replayed in a fresh machine. ExplorerFault if it does not do it there."""
    try:
        broken = says(asked, build(), schedule)
    except Exception as wrong:
        raise ExplorerFault(f"{schedule} cannot happen: {in_a_sentence(wrong)}") from None
    if broken == (asked.kind == "eventually"):
        raise ExplorerFault(f"{schedule} does not do it")


def closed(relation: Relation, state: Any, seen: Container) -> None:
    """Was every state met that follows this one, or an image of it? ExplorerFault if not."""
    for entry in relation.enabled(state):
        new = relation.successor(state, entry)
        if new not in seen and not any(image in seen for image in images(relation, new)):
            raise ExplorerFault(f"the state that follows by {entry} was left out")


def images(relation: Relation, packed: Any) -> Iterator[State]:
    """The same state under other names: not of all images the representative is the same one."""
    if isinstance(relation, Symmetric):
        state = relation.relation.unpack(packed)
        for p in permutations(relation.identity):
            yield pack(relation.images.of(state, p))


class Audit:
    """The checks of one search. ExplorerFault if the model says something else."""

    def __init__(self, relation: Interned, build: Callable[[], Kernel]):
        self.relation, self.build = relation, build
        self.layouts: dict[Thing, Layout] = {}

    def check(self, packed: State, schedule: list[Entry]) -> None:
        """This state, and all its successors."""
        kernel, relation = plain.reach(self.build, schedule), self.relation
        self.compare(packed, kernel, schedule)
        entries = plain.enabled(kernel, relation.clock)
        if sorted(entries, key=repr) != sorted(relation.enabled(packed), key=repr):
            raise ExplorerFault(f"after {schedule} the model may go on with {entries}")
        for number, entry in enumerate(entries, 1):
            after = [*schedule, entry]
            if number < len(entries):
                there = plain.reach(self.build, after)
            else:  # the machine that came here may go on itself
                there = kernel
                run_schedule(there, [entry])
            self.compare(relation.successor(packed, entry), there, after)

    def compare(self, packed: State, kernel: Kernel, schedule: list[Entry]) -> None:
        """This state beside this machine, and what the property says of both."""
        relation = self.relation
        difference = Beside(relation, packed, kernel, self.layouts).difference()
        if difference is not None:
            raise ExplorerFault(f"after {schedule}, {difference}")
        if relation.question is not None:
            if bool(relation.question(kernel)) != relation.broken(packed):
                raise ExplorerFault(f"after {schedule} the property is asked and answers otherwise")
