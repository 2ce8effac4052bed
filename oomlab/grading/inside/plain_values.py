"""A student's answers as plain data that JSON can hold; numpy's numbers become Python's."""

from itertools import islice

MOST_ITEMS = 100_000
MOST_BITS = 10_000


def plain(value, depth: int = 0):
    """None, bool, int, float, str, list or dict. TypeError for anything else."""
    if depth > 20:
        raise TypeError("the answer is nested too deeply")
    kind = type(value)
    if kind is int and value.bit_length() > MOST_BITS:  # Python would not print it
        raise TypeError("the answer is a number of more than 3000 digits")
    if value is None or kind in (bool, int, float, str):
        return value
    if isinstance(value, dict):
        return {str(k): plain(v, depth + 1) for k, v in list(value.items())[:MOST_ITEMS]}
    module = kind.__module__.partition(".")[0]
    if module in ("numpy", "pandas") and hasattr(value, "tolist"):  # numbers and arrays
        return plain(value.tolist(), depth + 1)
    if module == "sympy":
        return of_sympy(value)
    if module == "fractions" and value.denominator == 1:
        return plain(int(value), depth + 1)
    if module == "decimal" and value == value.to_integral_value():
        return plain(int(value), depth + 1)
    if isinstance(value, int | str | float):  # an IntEnum, a subclass of str
        base = next(base for base in (bool, int, str, float) if isinstance(value, base))
        return plain(base(value), depth + 1)
    if hasattr(kind, "__members__"):  # an Enum
        return plain(value.value, depth + 1)
    if hasattr(kind, "__iter__") and not isinstance(value, bytes | bytearray | memoryview):
        return [plain(item, depth + 1) for item in islice(value, MOST_ITEMS)]
    raise TypeError(f"a {kind.__name__} is not plain data: return numbers, strings, lists or dicts")


def words(error: BaseException) -> str:
    """What an exception says; nothing if saying it fails, too."""
    try:
        return str(error)
    except Exception:
        return ""


def of_sympy(value):
    """An Integer is an int, true is True; a formula goes as text, to be read as arithmetic."""
    if getattr(value, "is_Integer", False):
        return plain(int(value))
    if getattr(value, "is_Boolean", False) and str(value) in ("True", "False"):
        return str(value) == "True"
    return {"sympy": str(value)}
