"""Level 3: derive three formulas with sympy. Any equivalent form is accepted.

    min_share()     the share of a zone of M pages that lies below its min mark (no rounding)
    zone_for()      the size M of the zone whose min mark leaves a victim r pages (half of min)
    tie()           the oom_score_adj `a` with which a task of p pages is as bad as one of q pages
                    and oom_score_adj b, on a machine of T pages

Each returns an expression in these symbols. It crosses the pipe as text, and is parsed and put to
numbers here by a few lines that know arithmetic, roots, exp and log; sympy stays with the student.
"""

import ast
import math
import operator
from collections.abc import Callable

from ..asking import Ask, CheckFailed
from ..exercise import Exercise

exercise = Exercise("derivation", 3, "Derive three formulas", "min_share", "zone_for", "tie")

BINARY = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.Pow: operator.pow,
}
FUNCTIONS: dict[str, Callable] = {
    **{"sqrt": math.sqrt, "exp": math.exp, "log": math.log, "Abs": abs, "cbrt": math.cbrt},
    **{"Max": max, "Min": min},
}
CONSTANTS = {"E": math.e, "pi": math.pi}


def evaluate(node: ast.expr, values: dict[str, float]) -> float:
    """The number that an expression has; ValueError if it is more than arithmetic."""
    match node:
        case ast.Constant(int() | float() as number) if not isinstance(number, bool):
            return float(number)
        case ast.Name(name) if name in values | CONSTANTS:
            return (values | CONSTANTS)[name]
        case ast.BinOp(left, op, right) if type(op) in BINARY:
            return BINARY[type(op)](evaluate(left, values), evaluate(right, values))
        case ast.UnaryOp(ast.USub(), operand):
            return -evaluate(operand, values)
        case ast.Call(ast.Name(name), args, []) if name in FUNCTIONS:
            return FUNCTIONS[name](*[evaluate(arg, values) for arg in args])
    raise ValueError(f"cannot read {type(node).__name__}")


def formula(ask: Ask, function: str, symbols: str) -> tuple[ast.expr, str]:
    """The student's expression, parsed, and its text."""
    answer = ask(function)
    if type(answer) is list and len(answer) == 1:
        answer = answer[0]  # solve() returns a list,
    if type(answer) is dict and len(answer) == 1 and "sympy" not in answer:
        (answer,) = answer.values()  # or with dict=True one of dicts
    text = answer.get("sympy") if type(answer) is dict else None
    if type(text) is not str or len(text) > 2000:
        raise CheckFailed(
            f"`{function}` must return a sympy expression in {symbols}.",
            f"it returned {answer!r}",
        )
    try:
        return the_one(ast.parse(text, mode="eval").body), text
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        raise CheckFailed(
            f"`{function}` returned something that is no formula in {symbols}.", text
        ) from None


def the_one(node: ast.expr) -> ast.expr:
    """The formula in {formula}, which solveset() returns, and on the right of Eq(M, formula)."""
    match node:
        case ast.Set([only]) | ast.List([only]) | ast.Tuple([only]):
            return only
        case ast.Call(ast.Name("Eq"), [ast.Name(), right], []):
            return right
    return node


def compare(ask: Ask, draw, function: str, want, ranges: dict[str, tuple], hint: str) -> None:
    """Equal at twelve random points is equal, for expressions that a person would write."""
    tree, text = formula(ask, function, ", ".join(ranges))
    for _ in range(12):
        values = {name: draw.uniform(*bounds) for name, bounds in ranges.items()}
        try:
            got = evaluate(tree, values)
        except (ValueError, ArithmeticError, TypeError, RecursionError):
            raise CheckFailed(
                f"`{function}` must be a formula in {', '.join(ranges)} and no other symbol, "
                "with the usual operations.",
                f"it is {text}",
            ) from None
        if isinstance(got, complex) or not math.isclose(
            got, want(**values), rel_tol=1e-9, abs_tol=1e-9
        ):
            raise CheckFailed(hint, f"it is {text}; at {values} it should be {want(**values):.6g}")


@exercise.worth(2, "The share below min falls with the square root of the zone")
def share_below_min(ask, draw):
    compare(
        ask,
        draw,
        "min_share",
        lambda M: 2 / math.sqrt(M),
        {"M": (1e4, 1e7)},
        "The share is wrong. min_free_kbytes is 4 * sqrt(kB of the zone); a page has 4 kB.",
    )


@exercise.worth(2, "The zone that leaves r pages grows with the square of r")
def size_for_reserve(ask, draw):
    compare(
        ask,
        draw,
        "zone_for",
        lambda r: r * r,
        {"r": (10, 4000)},
        "The size is wrong. Solve min(M) / 2 = r for M, with min(M) in pages.",
    )


@exercise.worth(3, "Two tasks are equally bad where their shifted points meet")
def equally_bad(ask, draw):
    compare(
        ask,
        draw,
        "tie",
        lambda p, q, b, T: b + 1000 * (q - p) / T,
        {"p": (1e3, 1e6), "q": (1e3, 1e6), "b": (-900, 900), "T": (1e5, 1e7)},
        "The oom_score_adj is wrong. Points are pages + adj * T / 1000 (without rounding); "
        "put both equal and solve for a.",
    )
