RIGHT = [
    """
import sys
sys.setrecursionlimit(10000)

def find_cycle(graph):
    state = {}

    def visit(node, path):
        state[node] = "open"
        path.append(node)
        for other in graph.get(node, []):
            if state.get(other) == "open":
                return path[path.index(other):]
            if other not in state:
                cycle = visit(other, path)
                if cycle:
                    return cycle
        state[node] = "closed"
        path.pop()
        return None

    for node in graph:
        if node not in state:
            cycle = visit(node, [])
            if cycle:
                return cycle
    return []
""",
    """
def find_cycle(graph):
    # Take away each task that waits for none, as often as possible; then walk.
    left = {a: {b for b in bs} for a, bs in graph.items()}
    while True:
        ends = [a for a, bs in left.items() if not any(b in left for b in bs)]
        if not ends:
            break
        for a in ends:
            del left[a]
    if not left:
        return []
    node, path = next(iter(left)), []
    while node not in path:
        path.append(node)
        node = next(b for b in left[node] if b in left)
    return path[path.index(node):]
""",
]
ALL = "found none_invented off_the_path of_one long_chains"
MISTAKES = [
    (
        "found none_invented off_the_path of_one long_chains",
        "none was found",
        "return path[path.index(name) :]",
        "return []",
    ),
    (
        "found none_invented off_the_path of_one long_chains",
        "stands twice",
        "return path[path.index(name) :]",
        "return path[path.index(name) :] + [name]",
    ),
    (
        "off_the_path of_one long_chains",
        "not a cycle",
        "return path[path.index(name) :]",
        "return path",
    ),
    (
        "found off_the_path long_chains",
        "not a cycle",
        "return path[path.index(name) :]",
        "return path[path.index(name) :][::-1]",
    ),
    (
        "off_the_path",
        "first name does not lead to",
        "for start in graph:",
        "for start in list(graph)[:1]:",
    ),
    (
        "off_the_path",
        "overlooked",
        "for start in graph:",
        "for start in [name for name in graph if graph[name]][:1]:",
    ),
    (
        "none_invented off_the_path long_chains",
        "empty list",
        "",
        """
def find_cycle(graph):
    seen = []
    todo = list(graph)[:1]
    while todo:
        node = todo.pop()
        if node in seen:
            return seen[seen.index(node):]
        seen.append(node)
        todo += graph.get(node, [])
    return []
""",
    ),
    (
        "none_invented off_the_path long_chains",
        "raised KeyError",
        "graph.get(name, ())",
        "graph[name]",
    ),
    ("of_one", "endless loop", "if name in path:", "if name in path and name != node:"),
    (
        "long_chains",
        "no answer in time",
        "",
        """
def find_cycle(graph):
    def walk(node, path):
        if node in path:
            return path[path.index(node):]
        for other in graph.get(node, []):
            cycle = walk(other, path + [node])
            if cycle:
                return cycle
        return []
    for node in graph:
        cycle = walk(node, [])
        if cycle:
            return cycle
    return []
""",
    ),
    ("none_invented long_chains", "empty list", "    return []", "    return list(graph)[:2]"),
    (ALL, "list or tuple", "", "def find_cycle(graph):\n    return True\n"),
]
