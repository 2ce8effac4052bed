"""Level 1: deadlock is a cycle of waits.

    find_cycle(graph) -> list       graph: {name: [names it waits for]}; [] if there is no cycle

Any cycle will do, from any start; a name waited for need not be a key of the graph.
"""

from ..asking import CheckFailed, several
from ..exercise import Exercise

exercise = Exercise("find-cycle", 1, "Find the cycle in a wait-for graph", "find_cycle")


def names(draw, number: int) -> list[str]:
    return [f"task{n}" for n in draw.sample(range(100, 999), number)]


def forest(draw, nodes: list[str]) -> dict[str, list[str]]:
    """No cycle: every wait points to a later name; then shuffled."""
    graph = {
        node: draw.sample(nodes[i + 1 :], min(draw.randrange(3), len(nodes) - i - 1))
        for i, node in enumerate(nodes)
    }
    keys = list(graph)
    draw.shuffle(keys)
    return {key: graph[key] for key in keys if graph[key] or draw.random() < 0.5}


def drawn(graph: dict[str, list[str]], answer) -> str:
    """The answer, and the graph, a line for each name that waits."""
    waits = [f"{name} -> {', '.join(others)}" for name, others in graph.items() if others]
    return "\n".join([f"it gave {answer!r} for this graph:", *waits])


def demand_cycle(ask, graph: dict, sentence: str) -> None:
    found = ask("find_cycle", graph)
    example = drawn(graph, found)
    several(found, "The cycle", example=example, of=str)
    if not found:
        raise CheckFailed(sentence, example)
    hops = list(zip(found, found[1:] + found[:1], strict=True))
    if len(set(found)) != len(found):
        raise CheckFailed(
            "A name stands twice in the cycle; give each once, without the return.", example
        )
    wrong = [(a, b) for a, b in hops if b not in graph.get(a, ())]
    if wrong:
        (a, b), *_ = wrong
        raise CheckFailed(
            "What was returned is not a cycle: a task in it does not wait for the next.",
            f"{a!r} does not wait for {b!r}; {example}",
        )


def with_cycle(draw, length: int, others: int) -> dict[str, list[str]]:
    nodes = names(draw, length + others)
    graph = forest(draw, nodes[:others])
    ring = nodes[others:]
    for a, b in zip(ring, ring[1:] + ring[:1], strict=True):
        graph[a] = [b]
    keys = list(graph)
    draw.shuffle(keys)  # the order of the keys is not that of the waits
    return {key: graph[key] for key in keys}


@exercise.worth(2, "A cycle is found, with its members in the order of the waits")
def found(ask, draw):
    for length in (2, 3, 5, 8):
        demand_cycle(ask, with_cycle(draw, length, 0), "There is a cycle, but none was found.")


@exercise.worth(2, "Without a cycle the answer is empty, also when two wait for the same one")
def none_invented(ask, draw):
    demand_cycle(ask, with_cycle(draw, 2, 0), "Empty is right only where there is no cycle.")
    diamond = names(draw, 4)
    graphs = [forest(draw, names(draw, 9)) for _ in range(4)]
    graphs.append(dict(zip(diamond, [diamond[1:3], [diamond[3]], [diamond[3]], []], strict=True)))
    for graph in graphs:
        answer = ask("find_cycle", graph)
        if answer != []:
            raise CheckFailed(
                "There is no cycle: the answer must be an empty list.",
                drawn(graph, answer),
            )


@exercise.worth(2, "A cycle off the first path is found too: not every start leads into it")
def off_the_path(ask, draw):
    for _ in range(4):
        graph = with_cycle(draw, draw.randrange(2, 6), 8)
        tail = draw.choice(list(graph))
        graph = {"start": [tail], **graph, "end": []}
        demand_cycle(ask, graph, "A cycle that the first name does not lead to is overlooked.")
    ring = names(draw, 3)
    graph = {ring[0]: ["dead-end", ring[1]], ring[1]: ["dead-end", ring[2]], ring[2]: [ring[0]]}
    demand_cycle(ask, graph, "A cycle behind a second edge is overlooked.")


@exercise.worth(1, "A task that waits for itself is a cycle of one")
def of_one(ask, draw):
    first, second = names(draw, 2)
    demand_cycle(ask, {first: [second], second: [second]}, "A task can wait for itself.")


@exercise.worth(1, "A long chain of waits, and many roads to one end, are no trouble")
def long_chains(ask, draw):
    chain = names(draw, 300)
    graph = {a: [b] for a, b in zip(chain, chain[1:], strict=False)}
    graph[chain[-1]] = [chain[150]]
    demand_cycle(ask, graph, "The cycle at the end of a long chain is overlooked.")
    both = names(draw, 82)
    steps = list(zip(both[:41], both[41:], strict=True))
    ladder = {
        name: [*above] for here, above in zip(steps, steps[1:], strict=False) for name in here
    }
    answer = ask("find_cycle", ladder)
    if answer != []:
        raise CheckFailed("There is no cycle in a ladder of waits.", drawn(ladder, answer))
