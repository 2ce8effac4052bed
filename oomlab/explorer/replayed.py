"""The transition relation asked of the model every time: slow, and without any cleverness.

For scenarios whose steps make new tasks or locks, which rules.py cannot learn, and to check what
rules.py learned. A state is the fingerprint of a machine.
"""

from collections.abc import Callable

from ..model.kernel import Kernel
from ..simulate.fingerprint import fingerprint
from .layout import walk
from .refs import Ref, run_moves
from .rules import Path, awake
from .watch import watching


class Identity:
    """No renaming of equals."""

    same = (0,)

    def canonical(self, state: tuple) -> tuple[tuple, tuple]:
        return state, self.same


class Replayed:
    """The same interface as Rules."""

    def __init__(self, build: Callable[[], Kernel]):
        self.build = build
        self.layout = Identity()
        self.ready: dict[tuple, list[int]] = {}
        self.start = self.visit([])

    def replay(self, schedule: list[int]) -> Kernel:
        kernel = self.build()
        kernel.events = None
        run_moves(kernel, schedule)
        return kernel

    def visit(self, schedule: list[int]) -> tuple:
        kernel = self.replay(schedule)
        state = fingerprint(kernel)
        self.ready[state] = [] if kernel.panicked else awake(kernel)
        return state

    def moves(self, state: tuple) -> list[int]:
        return self.ready[state]

    unlike_moves = moves

    def successor(self, state: tuple, move: int, path: Path) -> tuple:
        return self.visit([*path()[0], move])

    def stand(self, state: tuple, move: int) -> tuple:
        return state

    def successors(self, state: tuple, move: int, path: Path) -> list[tuple]:
        return [(None, self.successor(state, move, path))]

    def holds(self, name: str, question: Callable[[Kernel], object], state: tuple, path: Path):
        kernel, found = self.replay(path()[0]), {}
        walk([kernel], 0, found, set())
        with watching(found, {}, asks=True):
            return bool(question(kernel))

    def concrete(self, move: int, moved: tuple) -> int:
        return move

    def ref(self, move: int) -> Ref:
        return Ref(0, move)
