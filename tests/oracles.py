"""What else may be asked, answered without cleverness: over every state, one after another.

Each answers None where there are more than `most` states.
"""

from collections.abc import Callable

from oomlab.explorer import plain
from oomlab.explorer.exploration import in_words
from oomlab.simulate.fingerprint import fingerprint
from oomlab.simulate.scheduler import run_schedule


class Graph:
    """All states, by number: a schedule to each, and its transitions (entry, state)."""

    def __init__(self, build: Callable, clock: str, most: int):
        self.build, self.whole = build, True
        numbers = {fingerprint(plain.reach(build, []), clock): 0}
        self.ways, self.edges = [[]], []
        for way in self.ways:  # grows
            found = []
            for entry in plain.enabled(plain.reach(build, way), clock):
                state = fingerprint(plain.reach(build, [*way, entry]), clock)
                if state not in numbers:
                    if len(numbers) == most:
                        self.whole = False
                        return
                    numbers[state] = len(numbers)
                    self.ways.append([*way, entry])
                found.append((entry, numbers[state]))
            self.edges.append(found)

    def answers(self, question: Callable) -> list[bool]:
        return [bool(question(plain.reach(self.build, way))) for way in self.ways]


def fewest_switches(graph: Graph, bad: list[bool]) -> int | None:
    """Of all ways to a bad state the fewest changes of the task; -1 if there is no way."""
    todo, later, seen, switches = [(0, None)], [], set(), 0
    while todo:
        while todo:
            state, last = here = todo.pop()
            if bad[state]:
                return switches
            if here in seen:
                continue
            seen.add(here)
            for entry, then in graph.edges[state]:
                pid = entry if isinstance(entry, int) else entry[0]
                (todo if last in (None, pid) else later).append((then, pid))
        todo, later, switches = later, [], switches + 1
    return -1


def shortest_trace(build: Callable, monitor: Callable, clock: str, most: int) -> int | None:
    """After how many steps a monitor can object first; -1 if it never can."""
    start = fingerprint(plain.reach(build, []), clock), None
    todo, seen = [([], None)], {start}
    for way, memory in todo:  # grows
        for entry in plain.enabled(plain.reach(build, way), clock):
            kernel = plain.reach(build, way)
            then = monitor(memory, in_words(kernel, entry))
            run_schedule(kernel, [entry])
            state = fingerprint(kernel, clock), then
            if state not in seen:
                if len(seen) == most:
                    return None
                seen.add(state)
                todo.append(([*way, entry], then))
                if then is True:
                    return len(way) + 1
    return -1


def fair_lasso(graph: Graph, good: list[bool]) -> bool:
    """Can a weakly fair schedule stay away from good states for ever?

    By fixed point: of the bad states keep those that reach each other, part by part.
    """
    bad = {state for state, is_good in enumerate(good) if not is_good}
    if any(not graph.edges[state] for state in bad):
        return True
    after = {s: {then for _, then in graph.edges[s] if then in bad} for s in bad}
    reached = {s: closure(after, s) for s in bad}
    for state in bad:
        part = {s for s in reached[state] if state in reached[s]}
        inner = {entry for s in part for entry, then in graph.edges[s] if then in part}
        always = [{entry for entry, _ in graph.edges[s]} for s in part]
        if inner and set.intersection(*always) <= inner:
            return True
    return False


def closure(after: dict, start: int) -> set[int]:
    """What can be reached in one step or more."""
    found, todo = set(), [start]
    while todo:
        for then in after[todo.pop()] - found:
            found.add(then)
            todo.append(then)
    return found
