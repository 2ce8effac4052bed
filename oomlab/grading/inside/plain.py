"""Answers as plain data: what JSON can say, and what science students get by accident."""

from itertools import islice

MOST_ITEMS = 100_000


def plain(value, depth: int = 0):
    """None, bool, int, float, str, list or dict. TypeError for anything else."""
    if depth > 20:
        raise TypeError("the answer is nested too deeply")
    kind = type(value)
    if value is None or kind in (bool, int, float, str):
        return value
    if isinstance(value, dict):
        return {str(k): plain(v, depth + 1) for k, v in list(value.items())[:MOST_ITEMS]}
    if isinstance(value, list | tuple | set | frozenset | range) or hasattr(value, "__next__"):
        return [plain(item, depth + 1) for item in islice(value, MOST_ITEMS)]
    module = kind.__module__.partition(".")[0]
    if module == "numpy" and hasattr(value, "tolist"):  # numbers and arrays
        return plain(value.tolist(), depth + 1)
    if module == "sympy":
        return {"sympy": str(value)}
    if isinstance(value, int | str | float):  # an IntEnum, a subclass of str
        base = next(base for base in (bool, int, str, float) if isinstance(value, base))
        return base(value)
    raise TypeError(f"a {kind.__name__} is not plain data: return numbers, strings, lists or dicts")
