"""Properties of traces: a monitor is told of every step, remembers, and may object.

A function of two arguments is told of every step: what it remembered so far (None at the start),
and the step as {"task", "function", "does"}, in the words of a schedule's table. It returns what
to remember from now on, or True: then the property is broken. What is remembered becomes part of
the state, so the search still goes through everything; it should thus be little.

    def reaped_before_marked(memory, step):
        if step["does"].startswith("mark"):
            return "marked"
        return step["does"].startswith("reap") and memory != "marked" or memory
"""

from collections.abc import Callable, Hashable

from ..simulate.scheduler import Entry
from .relation import Interned, State
from .restored import in_a_sentence

Monitor = Callable[[Hashable, dict[str, str]], Hashable]


class Monitored:
    """A Relation whose states are (state of the machine, what the monitor remembers)."""

    def __init__(self, relation: Interned, monitor: Monitor):
        self.relation, self.monitor = relation, monitor
        self.start = relation.start, None

    def enabled(self, state: tuple[State, Hashable]) -> list[Entry]:
        return self.relation.enabled(state[0])

    def successor(self, state: tuple[State, Hashable], entry: Entry) -> tuple[State, Hashable]:
        before, memory = state
        words = dict(self.relation.words(before, entry))
        try:
            memory = self.monitor(memory, words)
        except Exception as wrong:
            raise ValueError(f"the property fails: {in_a_sentence(wrong)}") from None
        try:
            hash(memory)
        except TypeError:
            raise ValueError(
                f"a property of traces remembered {memory!r}, which can change: "
                "let it remember a number, a text, a tuple or a frozenset"
            ) from None
        return self.relation.successor(before, entry), memory

    def broken(self, state: tuple[State, Hashable]) -> bool:
        return state[1] is True
