"""A number and what it counts, in words: 1 step, 2 steps."""


def plural(count: int, noun: str) -> str:
    """`noun` as one of it is called: a step, a page, a process."""
    many = f"{noun}es" if noun.endswith("s") else f"{noun}s"
    return f"{count} {noun if count == 1 else many}"
