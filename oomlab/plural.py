"""A number and what it counts, in words: 1 step, 2 steps."""


def plural(count: int, noun: str) -> str:
    """`noun` as one of it is called: a step, a page, a process."""
    return f"{count} {noun if count == 1 else many(noun)}"


def many(noun: str) -> str:
    """Steps, processes, switches, policies."""
    if noun.endswith("y"):
        return f"{noun[:-1]}ies"
    return f"{noun}es" if noun.endswith(("s", "ch")) else f"{noun}s"
