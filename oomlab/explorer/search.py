"""Every schedule: search all states of a scenario for one that breaks a property.

    found = oomlab.explore("lost-victim", policy="rfc-2015-11-25")
    found.verdict            # 'violated'
    print(found.markdown())  # a shortest schedule that does it, step by step
    oomlab.run("lost-victim", policy="rfc-2015-11-25", schedule=found.pids)

What "holds" and "violated" mean is defined in plain.py. Here states are numbers (relation.py), and
each is visited once, nearest first. A counterexample is shown only after it happened in a fresh
machine of ordinary generators; "holds" is audited (audit.py).
"""

from collections.abc import Callable, Iterator, Mapping
from time import monotonic
from types import FunctionType
from typing import Any

from ..arguments import checked
from ..model.kernel import Kernel
from ..naming import short
from ..policies.policy import Policy
from ..scenarios import SCENARIOS
from ..simulate.scheduler import Entry, entry_of
from ..simulate.setup import build as build_kernel
from . import audit as audits
from .coverage import never_entered
from .dijkstra import Ways
from .errors import our_fault
from .exploration import Exploration
from .groups import NotSymmetric, claimed
from .independence import sleep_sets
from .isolation import in_common
from .liveness import fair_lasso
from .monitor import Monitored
from .plain import CLOCKS
from .progress import Progress, Stopped, telling
from .properties import PROPERTIES, Property, choose_property
from .python_gc import rarely_collected
from .relation import Interned
from .symmetry import Symmetric

MAX_STATES = 400_000
PREFERENCES = ("steps", "switches", "decisions")


@checked
def explore(
    scenario: str,
    policy: str | Policy = "linux-4.4",
    property: str | Property | Callable = "no-victim-lost",
    *,
    clock: str = "any",
    prefer: str = "steps",
    max_states: int = MAX_STATES,
    seconds: float | None = None,
    audit: float | None = None,
    symmetry: bool | None = None,
    progress: Progress | None = None,
    **settings,
) -> Exploration:
    """Search every schedule of a scenario under a policy.

    `property` is a name of PROPERTIES, a function bad(kernel) of a state, or a function (memory,
    step) of a trace (see monitor.py). `clock` says when timers fire (see plain.py). `prefer` the
    counterexample with the fewest "steps", context "switches", or "decisions" to let another task
    move although the one that moves could go on. `audit` is the part of the states that is checked
    against the model, and 200 at least: 1.0 for all, 0 for none, by default 1 %. `symmetry`: may
    one state stand for those in which equals are exchanged (symmetry.py)? By default from three
    equals on: of two it saves half, and another of the shortest counterexamples is told.
    `progress(states, waiting, seconds)` is called now and then. Stop, or Ctrl-C, raises Stopped,
    which holds what is known.
    ValueError, in one sentence, for a name or value that does not exist, and for a program or
    property that cannot be explored. ExplorerFault if the search and the model do not agree.
    `max_states` and `seconds` bound the search. `settings`: parameters of the scenario, and knobs.
    """
    if prefer not in PREFERENCES:
        raise ValueError(f"prefer is one of {', '.join(PREFERENCES)}, not {short(prefer)}")
    if clock not in CLOCKS:
        raise ValueError(f"clock is one of {', '.join(CLOCKS)}, not {short(clock)}")
    if audit is not None and not 0 <= audit <= 1:
        raise ValueError(f"audit is a part of the states, from 0 to 1, not {short(audit)}")
    if type(max_states) is not int or max_states < 1:
        raise ValueError(f"max_states is a number of 1 or more, not {short(max_states)}")
    if seconds is not None and seconds < 0:
        raise ValueError(f"seconds is not negative, and not {short(seconds)}")
    asked = choose_property(property)
    kernel, params = build_kernel(scenario, policy, **settings)

    def build() -> Kernel:
        kernel_ = SCENARIOS[scenario](kernel.policy, **params)
        kernel_.events = None
        return kernel_

    with telling(progress) as tell, rarely_collected():
        groups = claimed(kernel)
        alike = groups > 2 if symmetry is None else symmetry and groups > 1
        shared = in_common(kernel, build, clock)
        search = Search(asked, build, clock, prefer, alike, max_states, seconds, tell, shared)
        try:
            try:
                verdict, schedule, loop = search.run()
                search.check(verdict, schedule, audit)
            except NotSymmetric:  # the audit went on where the search had not been
                search.symmetry = False
                verdict, schedule, loop = search.run()
                search.check(verdict, schedule, audit)
        except KeyboardInterrupt:
            search.interrupted, verdict, schedule = True, "bound-reached", None
        except ValueError:  # the user's program or property, in a sentence
            raise
        except Exception as wrong:
            machine = f"{scenario} under {kernel.policy.name}"
            raise our_fault(wrong, f"{machine}, {asked.name}, {params}, clock {clock}") from None
        finally:
            search.release()
    found = Exploration.of(search, scenario, kernel.policy, params, verdict)
    found.never = never_entered(search.entered())
    if schedule is not None:
        found.describe(build, schedule, loop)
    if search.interrupted:
        raise Stopped(found)
    return found


class Search:
    """One search: what was seen, and the bounds."""

    def __init__(
        self,
        asked: Property,
        build: Callable[[], Kernel],
        clock: str,
        prefer: str,
        symmetry: bool,
        max_states: int,
        seconds: float | None,
        progress: Progress | None,
        shared: Mapping[int, object] = {},
    ):
        """`symmetry`: may one state stand for those in which equals are exchanged?

        `shared`: what all machines have in common (isolation.py).
        """
        self.shared, self.symmetry = shared, symmetry
        self.asked, self.build, self.clock, self.prefer = asked, build, clock, prefer
        self.max_states, self.limit, self.progress = max_states, seconds, progress
        self.began = self.told = monotonic()
        self.transitions = self.states = self.audited = 0
        self.interrupted = False
        self.cost: int | None = None  # all schedules with fewer switches or decisions were seen
        self.reductions: list[str] = []
        self.interned: Interned | None = None  # made by run(), as the next
        self.relation: Any = None  # the same, or a Monitored or Symmetric one
        self.parents: list[int] = []  # of each state, in breadth_first()

    def run(self) -> tuple[str, list[Entry] | None, int | None]:
        """The verdict, and for a violation the schedule, and the step where a loop begins."""
        self.release()  # of an attempt with symmetry
        trace, self.reductions, self.audited = self.asked.kind == "trace", [], 0
        asked = {"monitor" if trace else "question": self.asked.question}
        self.interned = Interned(self.build, self.clock, **asked, shared=self.shared)
        self.relation = self.interned
        if trace:
            self.relation = Monitored(self.interned, self.asked.question)
        if self.asked.kind == "eventually":
            return self.eventually()
        if self.prefer != "steps":
            return self.fewest()
        if self.symmetry and not trace:
            try:
                return self.symmetric(self.interned)
            except NotSymmetric:
                self.relation = self.interned
        return self.nearest()

    def release(self) -> None:
        """The search is over: what it watched is left as it was."""
        if self.interned is not None:
            self.interned.machine.release()

    def nearest(self) -> tuple[str, list[Entry] | None, int | None]:
        """Breadth first."""
        for number in self.breadth_first():
            if self.relation.broken(self.visited[number]):
                return "violated", self.path_to(number), None
        return ("bound-reached" if self.cut else "holds"), None, None

    def symmetric(self, every: Interned) -> tuple[str, list[Entry] | None, int | None]:
        """One state for all that differ only in which of the equals is which."""
        relation = self.relation = Symmetric(every, self.asked in PROPERTIES.values())
        verdict, schedule, loop = self.nearest()
        relation.finish()
        self.reductions = ["symmetry"]
        if schedule is not None:
            schedule = relation.real(self.renamed_path(len(self.visited) - 1))[0]
        return verdict, schedule, loop

    def renamed_path(self, number: int) -> list[tuple]:
        """The entries that lead to a representative, each with the permutation after it."""
        return [(self.entries[n], self.permutations[n]) for n in self.numbers_to(number)]

    # ---------------------------------------------------------------- orders of search
    def breadth_first(self) -> Iterator[int]:
        """The number of every reachable state once, nearest first.

        With symmetry a layer that the bound cuts is looked at to its end, though not kept: then
        what the plain search finds within the bound, in whatever order, is found here too.
        A step that sleeps (independence.py) is counted, and not tried.
        """
        relation, start = self.relation, self.relation.start
        self.entries: list[Any] = [None]
        self.visited, self.parents = [start], [-1]
        symmetric = relation if isinstance(relation, Symmetric) else None
        self.permutations: list[Any] = [None]
        self.seen, self.cut, self.states, self.transitions = {start: 0}, False, 1, 0
        seen, visited = self.seen, self.visited
        enabled, successor, sleep = relation.enabled, relation.successor, sleep_sets(relation)
        yield 0
        number, layer = 0, 1  # layer: where the states that are one step further begin
        while number < (layer if self.cut else len(visited)):
            layer = len(visited) if number == layer else layer
            state, met = visited[number], len(visited)
            asleep, taken = sleep.of(number) if sleep else set(), []
            for entry in enabled(state):
                self.transitions += 1
                if entry in asleep:
                    continue
                new = successor(state, entry)
                if new not in seen:
                    if len(visited) == self.max_states:
                        self.cut = True
                        if symmetric is None:
                            return
                        if not relation.broken(new):
                            continue
                    seen[new] = len(visited)
                    visited.append(new)
                    self.parents.append(number)
                    self.entries.append(entry)
                    if symmetric is not None:
                        self.permutations.append(symmetric.permutation)
                    self.states += 1
                    yield len(visited) - 1
                if sleep:
                    taken.append((entry, seen.get(new), symmetric.permutation if symmetric else ()))
            if sleep:
                sleep.look(number, state, met, asleep, taken)
            number += 1
            if not number & 63 and self.out_of_time(len(visited) - number):
                self.cut = number < len(visited)
                return

    def entered(self) -> list[FunctionType]:
        """The generator functions that some explored transition began."""
        return self.interned.entered if self.interned is not None else []

    def learned(self) -> int:
        """The steps that had to be run; the others were remembered."""
        return self.interned.learned if self.interned is not None else 0

    def shapes(self) -> int:
        """The states whose canonical form had to be worked out; see Canonical.form()."""
        return self.interned.canonical.worked_out if self.interned is not None else 0

    def path_to(self, number: int) -> list[Entry]:
        return [self.entries[n] for n in self.numbers_to(number)]

    def numbers_to(self, number: int) -> list[int]:
        """The states on the way to one, without the start."""
        way: list[int] = []
        while number > 0:
            way.append(number)
            number = self.parents[number]
        return way[::-1]

    def fewest(self) -> tuple[str, list[Entry] | None, int | None]:
        """The nearest by switches or decisions, then steps (dijkstra.py)."""
        relation = self.relation
        self.seen = {relation.start: 0}
        self.states, self.visited = 1, [relation.start]
        self.ways = Ways((relation.start, None))
        for cost, node in self.ways:
            self.cost = cost
            state, last = node
            if relation.broken(state):
                return "violated", self.ways.to(node), None
            entries = relation.enabled(state)
            for entry in entries:
                self.transitions += 1
                new, pid = relation.successor(state, entry), entry_of(entry)[0]
                if new not in self.seen:
                    if self.states == self.max_states:
                        return "bound-reached", None, None
                    self.seen[new] = self.states
                    self.visited.append(new)
                    self.states += 1
                turns = last is not None and pid != last
                if self.prefer == "decisions":
                    turns = turns and last in entries
                self.ways.offer(node, entry, (new, pid), turns)
            if not len(self.ways.done) & 63 and self.out_of_time(len(self.ways.heap)):
                return "bound-reached", None, None
        return "holds", None, None

    def eventually(self) -> tuple[str, list[Entry] | None, int | None]:
        """Is there a weakly fair schedule that stays away from good states for ever?"""
        good = {n: self.relation.broken(self.visited[n]) for n in self.breadth_first()}
        if self.cut:
            return "bound-reached", None, None
        relation = self.relation
        edges = {
            number: [(e, self.seen[relation.successor(state, e)]) for e in relation.enabled(state)]
            for number, state in enumerate(self.visited)
        }
        lasso = fair_lasso(edges, good)
        if lasso is None:
            return "holds", None, None
        begins, loop = lasso
        stem = self.path_to(begins)
        return "violated", stem + loop, len(stem)

    def out_of_time(self, waiting: int) -> bool:
        now = monotonic()
        if self.progress is not None and now - self.told > 0.5:
            self.told = now
            self.progress(self.states, waiting, now - self.began)
        return self.limit is not None and now - self.began > self.limit

    # ---------------------------------------------------------------- nothing is believed
    def check(self, verdict: str, schedule: list[Entry] | None, part: float | None) -> None:
        """Replay a counterexample, audit "holds". ExplorerFault if the model says otherwise."""
        if verdict == "violated":
            audits.happened(self.asked, self.build, schedule or [])
        elif verdict == "holds":
            assert self.interned is not None, "the search is over"
            audit = audits.Audit(self.interned, self.build)
            for number in audits.sample(self.states, part):
                state = self.visited[number]
                if self.prefer == "steps" or self.asked.kind == "eventually":
                    schedule = self.path_to(number)
                else:
                    node = next(n for n in self.ways.best if n[0] == state)
                    schedule = self.ways.to(node)
                if isinstance(self.relation, Symmetric):
                    state, schedule = self.relation.happened(state, self.renamed_path(number))
                packed = state[0] if isinstance(self.relation, Monitored) else state
                audits.closed(self.relation, self.visited[number], self.seen)
                audit.check(packed, schedule)
                self.audited += 1
