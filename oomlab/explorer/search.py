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
from .met import Met
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
        self.transitions = self.audited = 0
        self.interrupted = False
        self.cost: int | None = None  # all schedules with fewer switches or decisions were seen
        self.reductions: list[str] = []
        self.interned: Interned | None = None  # made by run(), as the next
        self.relation: Any = None  # the same, or a Monitored or Symmetric one
        self.met: Met | None = None  # made by the order of search

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
        for met, number in self.breadth_first():
            if self.relation.broken(met.states[number]):
                return "violated", met.path(number), None
        return ("bound-reached" if self.cut else "holds"), None, None

    def symmetric(self, every: Interned) -> tuple[str, list[Entry] | None, int | None]:
        """One state for all that differ only in which of the equals is which."""
        relation = self.relation = Symmetric(every, self.asked in PROPERTIES.values())
        verdict, schedule, loop = self.nearest()
        relation.finish()
        self.reductions = ["symmetry"]
        if schedule is not None and self.met is not None:
            schedule = relation.real(self.met.renamed_path(self.states - 1))[0]
        return verdict, schedule, loop

    # ---------------------------------------------------------------- orders of search
    def breadth_first(self) -> Iterator[tuple[Met, int]]:
        """What was met, and the number of every reachable state once, nearest first.

        With symmetry a layer that the bound cuts is looked at to its end, though not kept: then
        what the plain search finds within the bound, in whatever order, is found here too.
        A step that sleeps (independence.py) is counted, and not tried.
        """
        relation, met = self.relation, Met(self.relation.start)
        symmetric = relation if isinstance(relation, Symmetric) else None
        self.met, self.cut, self.transitions = met, False, 0
        seen, visited = met.numbers, met.states
        enabled, successor, sleep = relation.enabled, relation.successor, sleep_sets(relation)
        yield met, 0
        number, layer = 0, 1  # layer: where the states that are one step further begin
        while number < (layer if self.cut else len(visited)):
            layer = len(visited) if number == layer else layer
            state, before = visited[number], len(visited)
            asleep, taken = sleep.of(number) if sleep else set(), []
            for entry in enabled(state):
                self.transitions += 1
                if entry in asleep:
                    continue
                new = successor(state, entry)
                permutation = symmetric.permutation if symmetric else None
                if new not in seen:
                    if len(visited) == self.max_states:
                        self.cut = True
                        if symmetric is None:
                            return
                        if not relation.broken(new):
                            continue
                    yield met, met.add(new, number, entry, permutation)
                if sleep:
                    taken.append((entry, seen.get(new), permutation or ()))
            if sleep:
                sleep.look(number, state, before, asleep, taken)
            number += 1
            if not number & 63 and self.out_of_time(len(visited) - number):
                self.cut = number < len(visited)
                return

    @property
    def states(self) -> int:
        """How many were met."""
        return 0 if self.met is None else len(self.met.states)

    def entered(self) -> list[FunctionType]:
        """The generator functions that some explored transition began."""
        return self.interned.entered if self.interned is not None else []

    def learned(self) -> int:
        """The steps that had to be run; the others were remembered."""
        return self.interned.learned if self.interned is not None else 0

    def shapes(self) -> int:
        """The states whose canonical form had to be worked out; see Canonical.form()."""
        return self.interned.canonical.worked_out if self.interned is not None else 0

    def fewest(self) -> tuple[str, list[Entry] | None, int | None]:
        """The nearest by switches or decisions, then steps (dijkstra.py)."""
        relation, met = self.relation, Met(self.relation.start)
        self.met, self.ways = met, Ways((relation.start, None))
        for cost, node in self.ways:
            self.cost = cost
            state, last = node
            if relation.broken(state):
                return "violated", self.ways.to(node), None
            number, entries = met.numbers[state], relation.enabled(state)
            for entry in entries:
                self.transitions += 1
                new, pid = relation.successor(state, entry), entry_of(entry)[0]
                if new not in met.numbers:
                    if len(met.states) == self.max_states:
                        return "bound-reached", None, None
                    met.add(new, number, entry)
                turns = last is not None and pid != last
                if self.prefer == "decisions":
                    turns = turns and last in entries
                self.ways.offer(node, entry, (new, pid), turns)
            if not len(self.ways.done) & 63 and self.out_of_time(len(self.ways.heap)):
                return "bound-reached", None, None
        return "holds", None, None

    def eventually(self) -> tuple[str, list[Entry] | None, int | None]:
        """Is there a weakly fair schedule that stays away from good states for ever?"""
        relation, good = self.relation, {}
        for met, number in self.breadth_first():
            good[number] = relation.broken(met.states[number])
        if self.cut:
            return "bound-reached", None, None
        edges = {
            n: [(e, met.numbers[relation.successor(state, e)]) for e in relation.enabled(state)]
            for n, state in enumerate(met.states)
        }
        lasso = fair_lasso(edges, good)
        if lasso is None:
            return "holds", None, None
        begins, loop = lasso
        stem = met.path(begins)
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
            assert self.interned is not None and self.met is not None, "the search is over"
            met = self.met
            audit = audits.Audit(self.interned, self.build)
            for number in audits.sample(self.states, part):
                state = met.states[number]
                if self.prefer == "steps" or self.asked.kind == "eventually":
                    schedule = met.path(number)
                else:
                    node = next(n for n in self.ways.best if n[0] == state)
                    schedule = self.ways.to(node)
                if isinstance(self.relation, Symmetric):
                    state, schedule = self.relation.happened(state, met.renamed_path(number))
                packed = state[0] if isinstance(self.relation, Monitored) else state
                audits.closed(self.relation, met.states[number], met.numbers)
                audit.check(packed, schedule)
                self.audited += 1
