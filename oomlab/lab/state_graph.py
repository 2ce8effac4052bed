"""All states of a small scenario, and the steps between them: a graph in layers, to be looked at.

    graph = state_graph(build, PROPERTIES["no-victim-lost"])
    graph["bad"]        # the states in which the property is broken

A state's layer is the number of steps of its nearest schedule. `clock` is "any": each pending timer
may fire. A graph that is too large to be read is refused.
"""

from collections.abc import Callable
from time import monotonic

from ..explorer.properties import Property
from ..explorer.relation import Interned
from ..model.kernel import Kernel
from ..simulate.scheduler import Entry

MOST_STATES = 2000
MOST_SECONDS = 10.0


def state_graph(build: Callable[[], Kernel], asked: Property) -> dict:
    """The graph as plain values: for each state its layer, the state it was reached from first and
    by which entry; the bad ones; every edge as (from, to, entry); and the tasks of the start by
    pid. States are numbered from 0.

    ValueError, in one sentence, for a property that is none of states, and for a graph of more
    than MOST_STATES states or MOST_SECONDS seconds.
    """
    if asked.kind != "never":
        raise ValueError(f"{asked.name} is no property of states, so no state can be marked by it")
    relation, began = Interned(build, "any", asked.question), monotonic()
    numbers = {relation.start: 0}
    states, layers, parents = [relation.start], [0], [-1]
    entries: list[Entry | None] = [None]
    edges: list[tuple[int, int, Entry]] = []
    for number, state in enumerate(states):
        for entry in relation.enabled(state):
            new = relation.successor(state, entry)
            if new not in numbers:
                if len(states) == MOST_STATES or monotonic() - began > MOST_SECONDS:
                    raise ValueError(
                        f"this scenario has more than {len(states)} states, too many for a picture "
                        f"of at most {MOST_STATES}: try smaller parameters"
                    )
                numbers[new] = len(states)
                states.append(new)
                layers.append(layers[number] + 1)
                parents.append(number)
                entries.append(entry)
            edges.append((number, numbers[new], entry))
    bad = [number for number, state in enumerate(states) if relation.broken(state)]
    return {
        "property": asked.name,
        "layers": layers,
        "parents": parents,
        "entries": entries,
        "edges": edges,
        "bad": bad,
        "tasks": {str(task.pid): task.name for task in build().tasks},
        "sentence": sentence(asked.name, len(states), len(edges), len(bad)),
    }


def sentence(name: str, states: int, edges: int, bad: int) -> str:
    """What the picture shows, with its bound."""
    found = f"in {bad} of them {name} is broken" if bad else f"{name} holds in each of them"
    return f"All {states} states that any schedule can reach, with {edges} steps between: {found}."
