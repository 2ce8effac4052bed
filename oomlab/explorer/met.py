"""The states that a search has met, by number, and from where it came to each first."""

from collections.abc import Hashable
from typing import Any

from ..simulate.scheduler import Entry


class Met:
    """A tree of states: the start has number 0, and each other a parent with a smaller one."""

    def __init__(self, start: Hashable):
        self.states: list[Any] = [start]
        self.numbers: dict[Any, int] = {start: 0}
        self.parents = [-1]
        self.entries: list[Any] = [None]  # what leads there from the parent
        self.permutations: list[Any] = [None]  # with symmetry: that which came after it

    def add(self, state: Hashable, parent: int, entry: Entry, permutation: Any = None) -> int:
        """A state that was not met before, one step after its parent: its number."""
        number = self.numbers[state] = len(self.states)
        self.states.append(state)
        self.parents.append(parent)
        self.entries.append(entry)
        self.permutations.append(permutation)
        return number

    def renamed_path(self, number: int) -> list[tuple]:
        """The entries that lead there, each with the permutation after it."""
        way: list[tuple] = []
        while number > 0:
            way.append((self.entries[number], self.permutations[number]))
            number = self.parents[number]
        return way[::-1]

    def path(self, number: int) -> list[Entry]:
        """The entries that lead there."""
        return [entry for entry, _ in self.renamed_path(number)]
