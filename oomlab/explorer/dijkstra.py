"""Dijkstra's algorithm on a graph whose edges are found during the search.

For the counterexample with the fewest switches or decisions a node is (state, task of the last
step), and the cost of a way is (their number, steps).
"""

from collections.abc import Iterator
from heapq import heappop, heappush

from ..simulate.scheduler import Entry

Node = tuple
Cost = tuple[int, int]


class Ways:
    """What is known of the ways from one node. Iterated: each node once, the cheapest first."""

    def __init__(self, start: Node):
        self.best: dict[Node, Cost] = {start: (0, 0)}
        self.before: dict[Node, tuple[Node, Entry] | None] = {start: None}
        self.done: set[Node] = set()
        self.heap: list[tuple[Cost, int, Node]] = [((0, 0), 0, start)]
        self.offers = 0  # of two that cost the same, the one that was found first goes first

    def __iter__(self) -> Iterator[tuple[int, Node]]:
        while self.heap:
            cost, _, node = heappop(self.heap)
            if node not in self.done:
                self.done.add(node)
                yield cost[0], node

    def offer(self, node: Node, entry: Entry, then: Node, dearer: bool) -> None:
        """From `node` this entry leads to `then`; `dearer`: that is one switch or decision more."""
        cost, steps = self.best[node]
        new = cost + dearer, steps + 1
        if then not in self.best or new < self.best[then]:
            self.best[then], self.before[then] = new, (node, entry)
            self.offers += 1
            heappush(self.heap, (new, self.offers, then))

    def to(self, node: Node) -> list[Entry]:
        """The entries on the cheapest way to a node."""
        schedule: list[Entry] = []
        while (last := self.before[node]) is not None:
            node, entry = last
            schedule.append(entry)
        return schedule[::-1]
