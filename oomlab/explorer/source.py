"""The syntax tree of a function, from the text that it was compiled from.

The explorer runs a translation of the text, and the model runs the function. So the text is
compiled again, and must give the very same code: a file that was edited since it was imported, or
a cell's, says something else.
"""

import ast
import linecache
from collections.abc import Iterator
from functools import cache
from types import CodeType

from .errors import Refused

Place = tuple[str, int]  # name, and first line
LEVELS = (-1, 0, 1, 2)  # of optimisation: that of this Python first
REWRITTEN = "@pytest_ar"  # pytest rewrites the asserts of tests; what they assert is the same


def definition(code: CodeType) -> ast.FunctionDef:
    """The syntax tree that this code was compiled from. Refused if the source is another by now."""
    name, filename = code.co_name, code.co_filename
    lines, place = tuple(linecache.getlines(filename)), (name, code.co_firstlineno)
    for node in definitions(filename, lines):
        first = min([node.lineno, *[d.lineno for d in node.decorator_list]])
        if (node.name, first) == place:
            known = (c for level in LEVELS for c in codes(filename, lines, level).get(place, ()))
            if code in known or REWRITTEN in code.co_names:
                return node
            break
    else:
        if name == "<lambda>":
            raise Refused(f"a lambda with a yield (in {filename}) is not explored: write def")
        raise Refused(f"the source of {name} is not at hand: define it in a file or a cell")
    raise Refused(f"{name} was made of another text than {filename} holds now: load it again")


@cache
def definitions(filename: str, lines: tuple[str, ...]) -> list[ast.FunctionDef]:
    tree = ast.parse("".join(lines), filename)
    return [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)]


@cache
def codes(filename: str, lines: tuple[str, ...], level: int) -> dict[Place, list[CodeType]]:
    """Every function of a text, compiled again."""
    found: dict[Place, list[CodeType]] = {}
    text = "".join(lines)
    for code in inside(compile(text, filename, "exec", dont_inherit=True, optimize=level)):
        found.setdefault((code.co_name, code.co_firstlineno), []).append(code)
    return found


def inside(code: CodeType) -> Iterator[CodeType]:
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield constant
            yield from inside(constant)
