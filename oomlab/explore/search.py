"""Every schedule: search all states of a scenario for one that breaks a property.

    found = oomlab.explore("lost-victim", policy="rfc-2015-11-25")
    found.verdict            # 'violated'
    print(found.markdown())  # the shortest schedule that does it, step by step
    oomlab.run("lost-victim", policy="rfc-2015-11-25", schedule=found.pids)

"Holds" means: in every state that any schedule can reach, with sleeps of any length, within the
bound that the answer names. The order of equal steps of equal tasks is looked at once (symmetry).
"""

import sys
from collections.abc import Callable, Iterator
from heapq import heappop, heappush
from time import monotonic

from ..model.kernel import Kernel
from ..model.policy import Policy
from ..scenarios import SCENARIOS
from ..trace import build as build_kernel
from ..trace import uncollected
from .exploration import Exploration, show_progress
from .layout import Ref, Unlearnable
from .liveness import fair_lasso
from .properties import Property, choose_property
from .replayed import Replayed
from .rules import Relayout, Rules

MAX_STATES = 400_000  # fits in 1 GiB

Progress = Callable[[int, int, float], None]  # states seen, states waiting, seconds


def explore(scenario: str, policy: str | Policy = "linux-4.4",
            property: str | Property | Callable[[Kernel], bool] = "no-victim-lost", *,
            prefer: str = "steps", max_states: int = MAX_STATES, seconds: float | None = None,
            symmetry: bool = True, learn: bool = True,
            progress: Progress | None = None, **settings) -> Exploration:  # fmt: skip
    """Search every schedule of a scenario under a policy.

    `property` is a name of PROPERTIES or a function bad(kernel) -> bool. `prefer` the
    counterexample with the fewest "steps" or context "switches". `symmetry` and `learn` are the
    two reductions; switching them off changes no verdict, only the time. `progress(states,
    waiting, seconds)` is called now and then. An interrupt (Ctrl-C) ends the search with what is
    known so far. ValueError, in one sentence, for a name or value that does not exist.
    """
    if prefer not in ("steps", "switches"):
        raise ValueError(f"prefer is 'steps' or 'switches', not {prefer!r}")
    asked = choose_property(property)
    kernel, params = build_kernel(scenario, policy, **settings)
    # a periodic scan visits victims in the order of the task list: to it no two are equal
    symmetry = symmetry and asked.kind == "never" and kernel.policy.reaper != "scan"

    def build() -> Kernel:
        return SCENARIOS[scenario](kernel.policy, **params)

    if progress is None and "ipykernel" in sys.modules:
        progress = show_progress  # somebody waits for a notebook cell
    search = Search(asked, max_states, seconds, progress)
    with uncollected():  # nothing here is cyclic but the machines, and these are few
        end, moves = search.run(build, symmetry, learn, prefer)
    found = Exploration.of(search, scenario, kernel.policy, params, end)
    if moves is not None:
        found.describe(build, *moves)
    return found


class Search:
    """One search: what was seen, and the bounds."""

    def __init__(self, asked: Property, max_states: int, seconds: float | None,
                 progress: Progress | None):  # fmt: skip
        self.asked = asked
        self.max_states = max_states
        self.limit = seconds
        self.progress = progress
        self.began = self.told = monotonic()
        self.transitions = 0
        self.states = 0
        self.interrupted = False

    def run(self, build, symmetry: bool, learn: bool, prefer: str) -> tuple[str, tuple | None]:
        """The verdict, and for a violation (schedule, step where a loop begins or None)."""
        try:
            relation = Rules(build, symmetry) if learn else Replayed(build)
            while True:
                try:
                    return self.through(relation, prefer)
                except Relayout:
                    relation.relayout()
                except Unlearnable:
                    relation = Replayed(build)
        except Unlearnable:
            return self.through(Replayed(build), prefer)
        except KeyboardInterrupt:
            self.interrupted = True
            return "bound-reached", None

    def through(self, relation, prefer: str) -> tuple[str, tuple | None]:
        if self.asked.kind == "eventually":
            return self.eventually(relation)
        order = self.fewest_switches if prefer == "switches" else self.breadth_first
        reached = order(relation)
        for number, state in reached:
            if relation.holds(self.asked.name, self.asked.question, state, self.path_of(number)):
                return "violated", (self.path_of(number)()[0], None)
        return ("bound-reached" if self.out_of_bounds() else "holds"), None

    def begin(self, relation) -> None:
        """Forget everything seen; the start is state 0."""
        same = relation.layout.same
        self.parents, self.moves, self.moved = [-1], [0], [same]
        self.transitions, self.states = 0, 1

    def path_of(self, number: int) -> Callable[[], tuple[list[int], tuple]]:
        """A function that gives the schedule to a state, and how its groups were renamed."""

        def path() -> tuple[list[int], tuple]:
            schedule, at = [], number
            while at > 0:
                schedule.append(self.moves[at])
                at = self.parents[at]
            return schedule[::-1], self.moved[number]

        return path

    def add(self, relation, parent: int, move: int, old: tuple) -> int:
        """Note a new state; its number."""
        moved = self.moved[parent]
        self.parents.append(parent)
        self.moves.append(relation.concrete(move, moved))
        if old is not relation.layout.same:
            moved = tuple([moved[group] for group in old])
        self.moved.append(moved)
        self.states += 1
        return self.states - 1

    def out_of_bounds(self) -> bool:
        now = monotonic()
        if self.progress is not None and now - self.told > 0.5:
            self.told = now
            self.progress(self.states, self.waiting, now - self.began)
        if self.limit is not None and now - self.began > self.limit:
            return True
        return self.states >= self.max_states

    def breadth_first(self, relation) -> Iterator[tuple[int, tuple]]:
        """Every reachable state once, nearest first."""
        self.begin(relation)
        canonical, successor, moves = relation.layout.canonical, relation.successor, relation.moves
        seen = {relation.start}
        frontier = [(0, relation.start)]
        yield frontier[0]
        while frontier:
            following = []
            self.waiting = len(frontier)
            for number, state in frontier:
                path = self.path_of(number)
                for move in moves(state):
                    self.transitions += 1
                    new, old = canonical(successor(state, move, path))
                    if new not in seen:
                        seen.add(new)
                        following.append((self.add(relation, number, move, old), new))
                        yield following[-1]
                if not number & 63 and self.out_of_bounds():
                    return
            frontier = following

    def fewest_switches(self, relation) -> Iterator[tuple[int, tuple]]:
        """Every reachable state, in the order of context switches, then steps."""
        self.begin(relation)
        layout = relation.layout
        best: dict[tuple, tuple] = {}
        heap: list[tuple] = [(0, 0, 0, None, relation.start)]
        while heap:
            switches, steps, number, last, state = heappop(heap)
            if (state, last) in best:
                continue
            best[state, last] = (switches, steps)
            yield number, state
            self.waiting = len(heap)
            if not number & 63 and self.out_of_bounds():
                return
            moves = relation.moves(state)
            still = any(relation.ref(move) == last for move in moves if move > 0)
            for move in moves:
                self.transitions += 1
                new, old = layout.canonical(relation.successor(state, move, self.path_of(number)))
                mover = relation.ref(move) if move > 0 else last
                cost = switches + (still and mover != last)
                if mover is not None and mover.group:
                    mover = Ref(old.index(mover.group), mover.place)
                if (new, mover) not in best:
                    added = self.add(relation, number, move, old)
                    heappush(heap, (cost, steps + 1, added, mover, new))

    def eventually(self, relation) -> tuple[str, tuple | None]:
        """Is there a weakly fair schedule that stays away from good states for ever?"""
        edges: dict[int, list[tuple[int, int]]] = {}
        good: dict[int, bool] = {}
        numbers: dict[tuple, int] = {}
        for number, state in self.breadth_first(relation):
            numbers[state] = number
            good[number] = relation.holds(
                self.asked.name, self.asked.question, state, self.path_of(number))  # fmt: skip
        if self.out_of_bounds():
            return "bound-reached", None
        for state, number in numbers.items():
            path = self.path_of(number)
            edges[number] = [
                (move, numbers[relation.successor(state, move, path)])
                for move in relation.moves(state)
            ]
        lasso = fair_lasso(edges, good)
        if lasso is None:
            return "holds", None
        entry, loop = lasso
        stem = self.path_of(entry)()[0]
        return "violated", (stem + loop, len(stem))
