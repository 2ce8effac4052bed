"""Properties of traces: somebody looks on, remembers, and may object.

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

from ..model.kernel import Kernel
from .exploration import in_words
from .refs import run_moves
from .rules import Path

Monitor = Callable[[Hashable, dict[str, str]], Hashable]


class Monitored:
    """A transition relation with somebody who looks on: states are (state, memory).

    Without symmetry and partial order: he may know everybody by name, and in which order they go.
    """

    def __init__(self, relation, monitor: Monitor, build: Callable[[], Kernel]):
        self.relation, self.monitor, self.build = relation, monitor, build
        self.layout = relation.layout
        self.words: dict[tuple, dict] = {}
        self.concrete, self.ref = relation.concrete, relation.ref
        self.start = relation.start, None

    def relayout(self) -> None:
        self.relation.relayout()
        self.start = self.relation.start, None

    def moves(self, state: tuple) -> list[int]:
        return self.relation.moves(state[0])

    unlike_moves = moves

    def successor(self, state: tuple, move: int, path: Path) -> tuple:
        before, memory = state
        then = self.relation.successor(before, move, path)
        memory = self.monitor(memory, dict(self.step(before, move, path)))
        try:
            hash(memory)
        except TypeError:
            raise ValueError(
                f"a property of traces remembered {memory!r}, which can change: "
                "let it remember a number, a text, a tuple or a frozenset"
            ) from None
        return then, memory

    def successors(self, state: tuple, move: int, path: Path) -> list[tuple]:
        return [(None, self.successor(state, move, path))]

    def holds(self, name: str, question: Callable, state: tuple, path: Path) -> bool:
        return state[1] is True

    def step(self, state: tuple, move: int, path: Path) -> dict[str, str]:
        """What a move does here, in words; the model is asked once for each position."""
        key = move, self.relation.stand(state, move)
        if key not in self.words:
            kernel = self.build()
            run_moves(kernel, path()[0])
            self.words[key] = in_words(kernel, move)
        return self.words[key]
