"""You are the scheduler: a schedule made entry by entry, and what may follow it.

    hand = ByHand("lost-victim", policy, {"victims": 2})
    hand.entries = [101, 101]; hand.choices()

Whoever chooses, each schedule is replayed in a fresh machine before it is shown. A schedule is
judged as a finished run only when nothing is left that could move.
"""

from time import monotonic

from ..explorer.exploration import in_words
from ..explorer.plain import enabled, reach
from ..explorer.properties import choose_property
from ..explorer.relation import Interned
from ..model.kernel import Kernel
from ..model.tasks import Task
from ..plural import plural
from ..policies.policy import Policy
from ..simulate.origin import plain_entry
from ..simulate.run import Run, run
from ..simulate.scheduler import Entry, entry_of, run_schedule, run_seeded
from ..simulate.setup import build

MOST_STEPS = 2000  # of a hand-made schedule, and of what a seed adds to it
MOST_STATES = 20_000  # looked at from here, for the way to the violation
MOST_SECONDS = 10.0  # for these: in a thread of its own no Stop ends them


class ByHand:
    """A scenario under a policy, and the entries that were chosen so far."""

    def __init__(self, scenario: str, policy: str | Policy, settings: dict):
        """`settings` are the scenario's parameters and knobs of the policy."""
        self.scenario, self.policy, self.settings = scenario, policy, settings
        self.entries: list[Entry] = []

    def build(self) -> Kernel:
        return build(self.scenario, self.policy, **self.settings)[0]

    def here(self) -> Kernel:
        """A fresh machine after the entries."""
        return reach(self.build, self.entries)

    def run(self) -> Run:
        """The schedule as a run. ValueError if it cannot happen."""
        schedule = list(self.entries)
        return run(self.scenario, self.policy, schedule=schedule, **self.settings)

    def choices(self) -> list[dict]:
        """Who may move next: the entry, and in words which task, in which function, does what."""
        kernel = self.here()
        return [{"entry": entry, **in_words(kernel, entry)} for entry in enabled(kernel)]

    def take(self, entries: list) -> None:
        """Take these entries next; ValueError, and none is taken, if that cannot be."""
        taken = [plain_entry(entry) for entry in entries]
        if len(self.entries) + len(taken) > MOST_STEPS:
            raise ValueError(f"a schedule made by hand has at most {MOST_STEPS} steps")
        reach(self.build, [*self.entries, *taken])
        self.entries += taken

    def undo(self) -> None:
        """Take the last entry back."""
        if not self.entries:
            raise ValueError("no step was taken yet that could be taken back")
        self.entries.pop()

    def go_on(self, seed: int) -> None:
        """Let the seeded scheduler go on from here, to the end or for MOST_STEPS."""
        kernel, more = self.here(), []

        def record(task, op: tuple, *_) -> None:
            more.append(entry_taken(task, op))

        run_seeded(kernel, seed, record, MOST_STEPS - len(self.entries))
        self.take(more[: MOST_STEPS - len(self.entries)])

    def worst(self, property: str) -> str:
        """Go on to the nearest state that breaks a property; a sentence says whether there is one.

        Breadth first from here over MOST_STATES states and for MOST_SECONDS at most, so that "none"
        names its bound.
        """
        asked = choose_property(property)
        if asked.kind != "never":
            raise ValueError(f"{property} is no property of states, so no state is the worst")
        if self.broken(property):
            return f"{property} is broken here already."
        relation = Interned(self.build, "any", asked.question)
        start = relation.start
        for entry in self.entries:
            start = relation.successor(start, entry)
        parents: dict = {start: None}
        waiting, began = [start], monotonic()
        for state in waiting:
            for entry in relation.enabled(state):
                new = relation.successor(state, entry)
                if new in parents:
                    continue
                parents[new] = state, entry
                if relation.broken(new):
                    way = []
                    while parents[new] is not None:
                        new, taken = parents[new]
                        way.append(taken)
                    self.take(way[::-1])
                    steps = plural(len(way), "more step")
                    return f"{property} is broken after {steps}: none are fewer."
                waiting.append(new)
            if len(parents) > MOST_STATES or monotonic() - began > MOST_SECONDS:
                return (
                    f"{property} holds in the {len(parents)} states nearest to here; "
                    "farther ones were not looked at."
                )
        return f"{property} holds in all {len(parents)} states that can be reached from here."

    def broken(self, property: str) -> bool | None:
        """Is a property of states broken here? None for another kind of property."""
        asked = choose_property(property)
        return bool(asked.question(self.here())) if asked.kind == "never" else None

    def sentence(self, property: str) -> str:
        """How far this is, and whether the property still holds here."""
        left, broken = len(enabled(self.here())), self.broken(property)
        over = "nothing is left that could move" if not left else f"{left} can move next"
        said = {True: f"; {property} is broken here", False: f"; {property} holds here", None: ""}
        return f"After {counts(self.build, self.entries)}, {over}{said[broken]}."


def entry_taken(task: Task, op: tuple) -> Entry:
    """The entry of a schedule that a recorded step was."""
    return (task.pid, op[1]) if op[0] == "timer" else task.pid


def counts(make, entries: list[Entry]) -> str:
    """Steps, and the decisions among them: another task moved although the last one could go on."""
    decisions, kernel, last = 0, reach(make, []), None
    for entry in entries:
        pid = entry_of(entry)[0]
        decisions += last is not None and pid != last and last in enabled(kernel)
        run_schedule(kernel, [entry])
        last = pid
    steps, some = len(entries), "" if decisions == 1 else "s"
    return f"{steps} step{'' if steps == 1 else 's'} with {decisions} decision{some}"
