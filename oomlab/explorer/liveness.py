"""Fair lassos: schedules that go on for ever, and nothing good ever happens.

Weak fairness: a task that could move all the time does move some time. A loop in which
a task is always ready and never runs is the fault of the schedule, not of the kernel: it does not
count.
"""

from collections import deque

Edges = dict[int, list[tuple[int, int]]]  # state -> (who moves, next state)


def fair_lasso(edges: Edges, good: dict[int, bool]) -> tuple[int, list[int]] | None:
    """(state where the loop begins, the moves of the loop), the nearest one; None if there is none.

    A state where no task can move is a loop of no moves.
    """
    bad = {state for state in edges if not good[state]}
    for state in sorted(bad):
        if not edges[state]:
            return state, []
    for component in sorted(components(edges, bad), key=min):
        inner = {s: [(who, to) for who, to in edges[s] if to in component] for s in component}
        if any(inner.values()) and is_fair(edges, inner):
            return min(component), walk_around(edges, inner, min(component))
    return None


def is_fair(edges: Edges, inner: Edges) -> bool:
    """Does each task that is ready in every state of the component move somewhere in it?"""
    always = set.intersection(*({who for who, _ in edges[state]} for state in inner))
    moving = {who for moves in inner.values() for who, _ in moves}
    return always <= moving


def walk_around(edges: Edges, inner: Edges, start: int) -> list[int]:
    """A closed walk in the component in which each task moves or is once not ready."""
    loop, at = [], start
    tasks = {who for moves in inner.values() for who, _ in moves}
    for who in sorted(tasks, key=repr):

        def done(state: int, move: int | None, who: int = who) -> bool:
            return move == who or who not in {w for w, _ in edges[state]}

        way, at = shortest(inner, at, done)
        loop += way
    way, _ = shortest(inner, at, lambda state, move: state == start and bool(loop or move))
    return loop + way


def shortest(inner: Edges, start: int, done) -> tuple[list[int], int]:
    """The shortest walk whose last move or state satisfies done(state, move)."""
    if done(start, None):
        return [], start
    seen = {start}
    queue: deque[tuple] = deque([(start, [])])
    while queue:
        state, way = queue.popleft()
        for who, to in inner[state]:
            if done(to, who):
                return [*way, who], to
            if to not in seen:
                seen.add(to)
                queue.append((to, [*way, who]))
    raise AssertionError("a component is strongly connected")


def components(edges: Edges, inside: set[int]) -> list[set[int]]:
    """Strongly connected components among these states (Tarjan, without recursion)."""
    index: dict[int, int] = {}
    low: dict[int, int] = {}
    stack: list[int] = []
    on_stack: set[int] = set()
    found: list[set[int]] = []
    for root in inside:
        work = [] if root in index else [(root, iter(edges[root]))]
        while work:
            state, following = work[-1]
            if state not in index:
                index[state] = low[state] = len(index)
                stack.append(state)
                on_stack.add(state)
            step = next((to for _, to in following if to in inside and to not in index), None)
            if step is not None:
                work.append((step, iter(edges[step])))
                continue
            work.pop()
            for _, to in edges[state]:
                if to in on_stack:
                    low[state] = min(low[state], low[to])
            if low[state] == index[state]:
                component: set[int] = set()
                while state not in component:
                    component.add(stack.pop())
                on_stack -= component
                found.append(component)
    return found
