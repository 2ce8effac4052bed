"""Partial order: steps whose order nobody can tell, so that one order stands for all.

A step is *local* if no other task can notice whether it is taken now or later, and if it cannot
notice either. A local step is taken at once, in every state; the other orders are left out, and so
are the states in between. What makes it sound is that locality is not guessed but measured:

* A footprint says what a step does to places (`does`), what it would notice if others had done it
  before (`minds`), and what it would miss if they had not done it yet (`relies`). All is read off
  the rules that were learned from the model. Adding to a counter goes with adding; who found more
  than n free minds what makes fewer, and relies on what made more.
* `met` collects, for every task and every position of it, what *other* tasks did while it stood
  there, in all states the search came to.
* A step from position p to q is local if nothing that was met at q, and wherever local steps lead
  from there, does what it minds or relies on what it does, and the property does not look at that.

Why that is enough. Take any schedule of the full system from a state of the reduced search, in
which the task t takes its local step after steps of others. Put t's in front of them. Nobody is
kept from moving by that, for a local step neither panics nor deletes a timer, and nobody sends
another to sleep. By induction over the length, the reduced search has followed the others with t
standing at q, or where its local steps lead, so it has met what the first of them, u, does then.
That relies on nothing that t did, so u does the same before t's step; and it does nothing that t
minds, so t does the same after u's: the two may change places, and so may the next. Chains of local
steps end (LONGEST), so every schedule has its permutation in the reduced search, and the property
has the same values along it. When `met` grows until a step that was taken as local is not local any
more, the search begins again; what it knows then only grows, so it ends.
"""

import operator
from collections.abc import Callable
from typing import NamedTuple

from ..model.locks import TASK_DEAD
from .refs import OWN, seen_group

SHARED, OTHERS = 0, -3  # with OWN: shared places, the own group of equals, any other group
WRITE, UP, DOWN, DEATH = "write", "up", "down", "death"  # what may happen to a place
ANYTHING = (WRITE, UP, DOWN)
MORE, LESS = (operator.gt, operator.ge), (operator.lt, operator.le)
LONGEST = 1000  # local steps in a row

Accesses = frozenset[tuple[int, int, str]]  # (group as in Rules, index, what happens)


class Footprint(NamedTuple):
    """What a step does to places, and what the same step depends on that others do to them."""

    does: Accesses
    minds: Accesses  # if it came first
    relies: Accesses  # that it came first

    def conflicts(self, later: "Footprint") -> bool:
        """Could it be told that this step was taken before that other one, not after it?"""
        return not (self.does.isdisjoint(later.relies) and self.minds.isdisjoint(later.does))

    def seen_from(self, name: Callable[[int], int]) -> "Footprint":
        """The same with other names for the groups."""
        return Footprint(
            *(
                frozenset([(name(of), index, what) for of, index, what in accesses])
                for accesses in self
            )
        )


class StepKind:
    """Steps of one role, from one spot in the code to another, with the same footprint."""

    def __init__(self, role, before, after, keeps: bool, chooses: str, footprint: Footprint):
        self.role, self.before, self.after = role, before, after
        self.keeps = keeps  # the actor is at work on the same group of equals afterwards
        self.chooses = chooses  # it found one of the equals on the task list
        self.footprint = footprint
        self.inside = footprint.seen_from(lambda of: OTHERS if of > 0 else of)
        self.anywhere = footprint.seen_from(any_group)
        self.abroad = any(of > 0 for accesses in footprint for of, _, _ in accesses)
        self.key = role, before, after, keeps, chooses, footprint
        self.number = hash(self.key)
        self.views: dict[int | None, Footprint] = {}

    def seen_by(self, place: int | None) -> Footprint:
        """As a task in group `place` sees it, named as the actor names groups (None: in none)."""
        if place not in self.views:
            self.views[place] = self.footprint.seen_from(
                lambda of: SHARED if of == SHARED else OWN if of == place else OTHERS
            )
        return self.views[place]

    def __eq__(self, other) -> bool:
        return self is other or self.key == other.key

    def __hash__(self) -> int:
        return self.number


def any_group(of: int) -> int:
    return SHARED if of == SHARED else OTHERS


def footprint(asked: list, changes: list, layout) -> Footprint:
    """Of these questions and changes; see Rules.learn_step."""
    does, minds, relies = set(), set(), set()
    for (of, index), compare, _, answer in asked:
        if compare is operator.ne and layout.is_state(of, index):  # TaskList: who is still there?
            more = fewer = (DEATH,)
        elif compare in MORE or compare in LESS:
            more, fewer = (WRITE, UP), (WRITE, DOWN)
        else:
            more = fewer = ANYTHING
        if (compare in MORE) != bool(answer):
            more, fewer = fewer, more
        minds |= {(of, index, what) for what in fewer}
        relies |= {(of, index, what) for what in more}
    for of, index, source, value in changes:
        if source == (of, index):
            does.add((of, index, UP if value > 0 else DOWN))
            all_that = {(of, index, WRITE)}
        else:
            does.add((of, index, WRITE))
            if value == TASK_DEAD and layout.is_state(of, index):
                does.add((of, index, DEATH))
            all_that = {
                (*place, what)
                for place in {(of, index), source or (of, index)}
                for what in ANYTHING
            }
        minds |= all_that
        relies |= all_that
    return Footprint(frozenset(does), frozenset(minds), frozenset(relies))


class Independence:
    """Which kinds of step are local, by all that was seen so far."""

    def __init__(self, rules):
        self.rules = rules
        self.met: dict[tuple, tuple[set, ...]] = {}  # (role, spot): footprints of others there
        self.met_anywhere: dict[tuple, tuple[set, ...]] = {}  # the same, whatever the group
        self.known: set[tuple] = set()  # what `met` holds already
        self.local: set[StepKind] = set()
        self.homes: set[tuple] = set()  # (role, spot) of those
        self.at_home: dict[tuple, list[int]] = {}  # (group counted from 0, its part): pids there
        self.looked_at = 0  # at how many places the property was seen to look
        self.news = False  # `met` has grown since the last decision
        self.wrong = False  # a step was taken as local and is not

    def candidates(self, state: tuple) -> list[int]:
        """Who can move and stands where some step is local."""
        movers, homes, found = self.rules.movers, self.homes, []
        if not homes or state[movers.panicked]:
            return []
        for group_part in enumerate(state[movers.layout.shared :]):
            pids = self.at_home.get(group_part)
            if pids is None:
                awake = movers.awake_in_group(*group_part)
                pids = [pid for pid in awake if movers.home(state, pid) in homes]
                self.at_home[group_part] = pids
            found += pids
        return [
            pid for pid in movers.awake_alone(state) if movers.home(state, pid) in homes
        ] + found

    def witness(self, state: tuple, kind: StepKind, group: int) -> None:
        """Everybody but who takes this step meets it."""
        movers, known = self.rules.movers, self.known
        alone = kind, group, *[state[place] for place in movers.alone]
        if alone not in known:
            known.add(alone)
            for home, at in movers.standing_alone(state):
                if home[0] != kind.role:
                    self.meet(home, kind, at, group)
        for number, part in enumerate(state[movers.layout.shared :], start=1):
            place = OWN if number == group else seen_group(number, group) if kind.abroad else 0
            if (kind, place, part) not in known:
                known.add((kind, place, part))
                for home in movers.standing(part):
                    if number != group or home[0] != kind.role:
                        self.meet(home, kind, number, group)

    def meet(self, home: tuple, kind: StepKind, at: int, group: int) -> None:
        """A task at work on group `at` (0: none) meets a step of one on `group`."""
        seen = kind.seen_by(seen_group(at, group) if at else None)
        both = (self.met, seen), (self.met_anywhere, kind.anywhere)
        for met, footprint in both:
            known = met.setdefault(home, (set(), set(), set()))
            for before, new in zip(known, footprint, strict=True):
                if not new <= before:
                    before |= new
                    self.news = True

    def settle(self) -> None:
        """Decide which kinds of step are local, by what is known now."""
        if not self.news and self.looked_at == len(self.rules.looked_at):
            return
        self.news, self.looked_at = False, len(self.rules.looked_at)
        rules = self.rules
        looked_at = Footprint(frozenset(), frozenset(), frozenset(rules.looked_at))
        looked_at = looked_at.seen_from(any_group)
        movers = rules.movers  # who panics, or deletes a timer, may keep others from moving
        stops = {(SHARED, place, WRITE) for place in (movers.panicked, movers.timers)}
        local = {
            kind
            for kind in rules.kinds.values()
            if kind.before is not None
            and not kind.chooses  # it can do several things
            and kind.footprint.does.isdisjoint(stops)
            and not kind.anywhere.conflicts(looked_at)
            and self.goes_with(kind, kind.after, kind.keeps)
        }
        while True:
            leads: dict[tuple, list[StepKind]] = {}
            for kind in local:
                leads.setdefault((kind.role, kind.before), []).append(kind)
            stays = {kind for kind in local if self.is_local(kind, leads)}
            if stays == local:
                break
            local = stays
        self.wrong |= not self.local <= local
        self.local, self.homes = local, set(leads)
        self.at_home.clear()

    def is_local(self, kind: StepKind, leads: dict) -> bool:
        """Does it go with all that is met after it, until a step that is not local?"""
        todo = [(kind.after, kind.keeps)]
        for after, keeps in todo:  # grows
            if not self.goes_with(kind, after, keeps):
                return False
            for then in leads.get((kind.role, after), ()):
                if (then.after, keeps and then.keeps) not in todo:
                    todo.append((then.after, keeps and then.keeps))
        return True

    def goes_with(self, kind: StepKind, after: tuple, keeps: bool) -> bool:
        """Can its order with all that others did to one who stands at `after` not be told?"""
        met = (self.met if keeps else self.met_anywhere).get((kind.role, after))
        mine = kind.inside if keeps else kind.anywhere
        return met is None or not mine.conflicts(Footprint(*met))
