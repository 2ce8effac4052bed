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
from enum import Enum
from typing import Any

from ..simulate.scheduler import Entry
from .objects import usual
from .relation import Interned, State

Monitor = Callable[[Hashable, dict[str, str]], Hashable]


class Monitored:
    """A Relation whose states are (state of the machine, number of what the monitor remembers)."""

    def __init__(self, relation: Interned, monitor: Monitor):
        """`relation` was told of the monitor, so that what the monitor looks at is watched."""
        self.relation, self.monitor = relation, monitor
        self.memories: list[Hashable] = [None]
        self.numbers: dict[tuple, int] = {known(None): 0}
        self.start = relation.start, 0

    def enabled(self, state: tuple[State, int]) -> list[Entry]:
        return self.relation.enabled(state[0])

    def successor(self, state: tuple[State, int], entry: Entry) -> tuple[State, int]:
        before, number = state
        memory, words = self.memories[number], self.relation.words(before, entry)
        told = "told", number, tuple(words.items())
        after = self.relation.ask(
            before, told, lambda _: self.monitor(memory, dict(words)), "the property"
        )
        key = known(after)
        if key not in self.numbers:
            self.numbers[key] = len(self.memories)
            self.memories.append(after)
        return self.relation.successor(before, entry), self.numbers[key]

    def broken(self, state: tuple[State, int]) -> bool:
        return self.memories[state[1]] is True


def known(memory: Any) -> tuple:
    """A key that two memories share only if no monitor can tell them apart: True is not 1.

    ValueError for what may change, or what is compared by who it is.
    """
    kind = type(memory)
    if memory is None or kind in (bool, int, str, bytes) or isinstance(memory, Enum):
        return kind, memory
    if kind is float and memory == memory:
        return kind, repr(memory)
    if kind is frozenset:
        return kind, frozenset(map(known, usual(memory)))
    if isinstance(memory, tuple) and (kind is tuple or hasattr(kind, "_fields")):
        return kind, *map(known, memory)
    raise ValueError(
        f"a property of traces remembered {memory!r}, which can change or has no value of its own: "
        "let it remember a number, a text, a tuple or a frozenset"
    )
