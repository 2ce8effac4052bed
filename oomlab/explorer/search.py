"""Every schedule: search all states of a scenario for one that breaks a property.

    found = oomlab.explore("lost-victim", policy="rfc-2015-11-25")
    found.verdict            # 'violated'
    print(found.markdown())  # the shortest schedule that does it, step by step
    oomlab.run("lost-victim", policy="rfc-2015-11-25", schedule=found.pids)

"Holds" means: in every state that any schedule can reach, with sleeps of any length, within the
bound that the answer names. States that differ only in who of equal tasks did what are looked at
once (symmetry), and so are orders of steps that nobody can tell (partial order). First the verdict
is found with both; if there is a counterexample, the shortest is looked for in all orders.
"""

import gc
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from heapq import heappop, heappush
from time import monotonic

from ..model.kernel import Kernel
from ..model.policy import Policy
from ..scenarios import SCENARIOS
from ..simulate.run import build as build_kernel
from .exploration import Exploration
from .independence import LONGEST, Independence
from .layout import Unlearnable
from .liveness import fair_lasso
from .monitor import Monitored
from .progress import Progress, Stopped, telling
from .properties import PROPERTIES, Property, choose_property
from .refs import Ref
from .replayed import Replayed
from .rules import Relayout, Rules
from .walks import Unequal, with_one_list

FIRST = 128  # states after which we believe to have met most of what there is
MAX_STATES = 400_000  # fits in 1 GiB


def explore(
    scenario: str,
    policy: str | Policy = "linux-4.4",
    property: str | Property | Callable = "no-victim-lost",
    *,
    prefer: str = "steps",
    max_states: int = MAX_STATES,
    seconds: float | None = None,
    symmetry: bool | None = None,
    learn: bool = True,
    partial_order: bool = True,
    progress: Progress | None = None,
    **settings,
) -> Exploration:
    """Search every schedule of a scenario under a policy.

    `property` is a name of PROPERTIES, a function bad(kernel) of a state, or a function (memory,
    step) of a trace (see monitor.py). `prefer` the counterexample with the fewest "steps" or
    context "switches". `symmetry` and `partial_order` are reductions, `learn` makes rules of steps;
    switched off, they change no verdict, only the time. Symmetry is off for your own functions,
    which may tell equals apart, unless you ask for it. `progress(states, waiting, seconds)` is
    called now and then. Stop, or Ctrl-C, raises Stopped, an interrupt that holds what is known.
    ValueError, in one sentence, for a name or value that does not exist, and for a function of a
    state that looks at something else, such as kernel.victims.
    """
    if prefer not in ("steps", "switches"):
        raise ValueError(f"prefer is 'steps' or 'switches', not {prefer!r}")
    asked = choose_property(property)
    kernel, params = build_kernel(scenario, policy, **settings)
    if symmetry is None:
        symmetry = asked in PROPERTIES.values()
    symmetry = symmetry and asked.kind == "never"

    def build() -> Kernel:
        return SCENARIOS[scenario](kernel.policy, **params)

    with telling(progress) as tell, rarely_collected():
        search = Search(asked, max_states, seconds, tell, partial_order)
        end, moves = search.run(build, symmetry, learn, prefer)
    found = Exploration.of(search, scenario, kernel.policy, params, end)
    if moves is not None:
        found.describe(build, *moves)
    if search.interrupted:
        raise Stopped(found)
    return found


@contextmanager
def rarely_collected() -> Iterator[None]:
    """Replayed machines are cyclic and must go; states need not be looked through for that."""
    before = gc.get_threshold()
    gc.set_threshold(100_000, 1000, 1000)
    try:
        yield
    finally:
        gc.set_threshold(*before)


class Search:
    """One search: what was seen, and the bounds."""

    def __init__(
        self,
        asked: Property,
        max_states: int,
        seconds: float | None,
        progress: Progress | None,
        partial_order: bool,
    ):
        self.asked = asked
        self.partial_order = partial_order
        self.max_states = max_states
        self.limit = seconds
        self.progress = progress
        self.began = self.told = monotonic()
        self.transitions = 0
        self.states = 0
        self.interrupted = False
        self.shortest = True
        self.preemptions: int | None = None  # all schedules with fewer have been seen
        self.reductions: list[str] = []

    def run(self, build, symmetry: bool, learn: bool, prefer: str) -> tuple[str, tuple | None]:
        """The verdict, and for a violation (schedule, step where a loop begins or None)."""
        try:
            relation = self.relation(build, symmetry, learn)
            while True:
                try:
                    return self.through(relation, prefer)
                except Relayout:
                    relation.relayout()
                except Unequal:
                    relation = self.relation(build, False, learn)
                except Unlearnable:
                    relation = self.relation(build, False, learn=False)
        except KeyboardInterrupt:
            self.interrupted = True
            return "bound-reached", None

    def relation(self, build, symmetry: bool, learn: bool):
        """The transition relation, with somebody who looks on if the property is of traces."""
        try:
            found = Rules(build, symmetry) if learn else Replayed(build)
        except Unlearnable:
            found = Replayed(build)
        if self.asked.kind == "trace":
            return Monitored(found, self.asked.question, build)
        return found

    def through(self, relation, prefer: str) -> tuple[str, tuple | None]:
        learned = isinstance(relation, Rules)
        self.reductions = ["symmetry"] if learned and relation.layout.symmetry else []
        if self.asked.kind == "eventually":
            return self.eventually(relation)
        known = None
        if self.partial_order and learned:
            self.reductions.append("partial order")
            verdict, known = self.in_one_order(relation)
            if known is None and (verdict == "holds" or prefer == "steps"):
                return verdict, None
        order = self.fewest_switches if prefer == "switches" else self.breadth_first
        for number, state in order(relation):
            path = self.path_of(number)
            if relation.holds(self.asked.name, self.asked.question, state, path):
                return "violated", (self.real(relation, path()[0]), None)
        if known is not None:  # too far away to be found nearest first
            self.shortest = False
            return "violated", (known, None)
        return ("bound-reached" if self.out_of_bounds() else "holds"), None

    def in_one_order(self, relation: Rules) -> tuple[str, list[int] | None]:
        """The verdict, and some schedule that violates; of orders that nobody can tell, one."""
        independence = Independence(relation)
        while True:
            independence.wrong = False
            for number, state in self.depth_first(relation, independence):
                path = self.path_of(number)
                if relation.holds(self.asked.name, self.asked.question, state, path):
                    return "violated", self.real(relation, path()[0])
            if not independence.wrong:
                return ("bound-reached" if self.out_of_bounds() else "holds"), None

    def real(self, relation, schedule: list) -> list[int]:
        """A counterexample as it happens in a machine."""
        if isinstance(relation, Rules):
            return with_one_list(relation.layout, schedule, self.asked.question)
        return schedule

    def begin(self, relation) -> None:
        """Forget everything seen; the start is state 0."""
        same = relation.layout.same
        self.parents, self.moves, self.moved = [-1], [()], [same]
        self.transitions, self.states = 0, 1

    def path_of(self, number: int) -> Callable[[], tuple[list[int], tuple]]:
        """A function that gives the schedule to a state, and how its groups were renamed."""

        def path() -> tuple[list[int], tuple]:
            schedule, at = [], number
            while at >= 0:
                schedule.extend(reversed(self.moves[at]))
                at = self.parents[at]
            return schedule[::-1], self.moved[number]

        return path

    def add(self, relation, parent: int, moves: list[int], turn: tuple | None, old: tuple) -> int:
        """Note a new state, some moves after another one; its number."""
        steps, moved = concrete(relation, moves, turn, self.moved[parent])
        self.parents.append(parent)
        self.moves.append(tuple(steps))
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
        canonical, successors = relation.layout.canonical, relation.successors
        seen = {relation.start}
        frontier = [(0, relation.start)]
        yield frontier[0]
        while frontier:
            following = []
            self.waiting = len(frontier)
            for number, state in frontier:
                path = self.path_of(number)
                for move in relation.unlike_moves(state):
                    for turn, new in successors(state, move, path):
                        self.transitions += 1
                        new, old = canonical(new)
                        if new not in seen:
                            seen.add(new)
                            following.append((self.add(relation, number, [move], turn, old), new))
                            yield following[-1]
                if not number & 63 and self.out_of_bounds():
                    return
            frontier = following

    def depth_first(self, relation: Rules, by: Independence) -> Iterator[tuple[int, tuple]]:
        """States that stand for all: where local steps led, and from there all that may move."""
        self.begin(relation)
        canonical = relation.layout.canonical
        start, chain = self.after_local_steps(relation, by, relation.start, 0, None, [])
        start, self.moved[0] = canonical(start)
        self.moves[0] = tuple(chain)
        seen, stack = {start}, [(0, start)]
        yield stack[0]
        while stack:
            number, state = stack.pop()
            path = self.path_of(number)
            self.waiting = len(stack)
            for move in relation.unlike_moves(state):
                for turn, turned, effect, group in relation.outcomes(state, move, path):
                    self.transitions += 1
                    by.witness(turned, effect.kind, group)
                    new = relation.apply(turned, effect, group)
                    new, chain = self.after_local_steps(relation, by, new, number, turn, [move])
                    new, old = canonical(new)
                    if new not in seen:
                        seen.add(new)
                        stack.append((self.add(relation, number, chain, turn, old), new))
                        yield stack[-1]
            if self.states >= FIRST or by.local:
                by.settle()
                if by.wrong or self.out_of_bounds():
                    return

    def after_local_steps(
        self,
        relation: Rules,
        by: Independence,
        state: tuple,
        number: int,
        turn: tuple | None,
        chain: list[int],
    ) -> tuple[tuple, list]:
        """Where local steps lead, `chain` after state `number`; and the chain with them."""

        def path() -> tuple[list[int], tuple]:
            schedule, moved = self.path_of(number)()
            steps, moved = concrete(relation, chain, turn, moved)
            return [*schedule, *steps], moved

        while len(chain) < LONGEST:
            for move in by.candidates(state):
                effect, group = relation.effect_of(state, move, path)
                if effect.kind in by.local:
                    self.transitions += 1
                    by.witness(state, effect.kind, group)
                    state = relation.apply(state, effect, group)
                    chain.append(move)
                    break
            else:
                break
        return state, chain

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
            self.preemptions = switches
            yield number, state
            self.waiting = len(heap)
            if not number & 63 and self.out_of_bounds():
                return
            moves = relation.moves(state)
            still = any(relation.ref(move) == last for move in moves if move > 0)
            for move in moves:
                for turn, new in relation.successors(state, move, self.path_of(number)):
                    self.transitions += 1
                    new, old = layout.canonical(new)
                    mover = relation.ref(move) if move > 0 else last
                    cost = switches + (still and mover != last)
                    if mover is not None and mover.group:
                        mover = Ref(old.index(mover.group), mover.place)
                    if (new, mover) not in best:
                        added = self.add(relation, number, [move], turn, old)
                        heappush(heap, (cost, steps + 1, added, mover, new))

    def eventually(self, relation) -> tuple[str, tuple | None]:
        """Is there a weakly fair schedule that stays away from good states for ever?"""
        edges: dict[int, list[tuple[int, int]]] = {}
        good: dict[int, bool] = {}
        numbers: dict[tuple, int] = {}
        for number, state in self.breadth_first(relation):
            numbers[state] = number
            good[number] = relation.holds(
                self.asked.name, self.asked.question, state, self.path_of(number)
            )
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


def concrete(relation, moves: list[int], turn: tuple | None, moved: tuple) -> tuple[list, tuple]:
    """Moves as a schedule of the machine, and how the groups are called after a turn."""
    if turn is None:
        return [relation.concrete(move, moved) for move in moves], moved
    moved = tuple([moved[group] for group in turn])
    return [moved, *[relation.concrete(move, moved) for move in moves]], moved
