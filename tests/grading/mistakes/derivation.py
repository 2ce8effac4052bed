RIGHT = [
    """
import sympy as sp

M, r, p, q, b, T = sp.symbols("M r p q b T")

def min_share():
    return 2 * M ** sp.Rational(-1, 2)

def zone_for():
    return r**2

def tie():
    return b + 1000 * (q - p) / T
""",
    """
from sympy import *

def min_share():
    M = Symbol("M", positive=True)
    return exp(log(2) - log(M) / 2)

def zone_for():
    r, M = symbols("r M", positive=True)
    return solve(sqrt(M) - r, M)

def tie():
    p, q, b, T = symbols("p q b T")
    return together(expand((b * T + 1000 * q) / T - 1000 * p / T))
""",
]
ALL = "share_below_min size_for_reserve equally_bad"
MISTAKES = [
    ("share_below_min", "4 kB", "kbytes / 4 / M", "kbytes / M"),
    ("share_below_min", "4 kB", "sqrt(4 * M)", "sqrt(M)"),
    ("share_below_min", "share is wrong", "kbytes / 4 / M", "kbytes / 4"),
    ("share_below_min", "sympy expression", "return kbytes / 4 / M", "return 0.0078125"),
    ("size_for_reserve", "Solve", "M * 2 / sqrt(M) / 2", "M * 2 / sqrt(M)"),
    ("size_for_reserve", "no other symbol", ", M)[0]", ", r)[0]"),
    ("equally_bad", "no other symbol", "T / 1000), a)[0]", "T / 1000), b)[0]"),
    ("equally_bad", "put both equal", "p + a * T / 1000", "p + a * T"),
    ("equally_bad", "put both equal", "p + a * T / 1000, q", "q + a * T / 1000, p"),
    (
        "equally_bad",
        "sympy expression",
        "solve(Eq(p + a * T / 1000, q + b * T / 1000), a)[0]",
        '"b + 1000*(q - p)/T"',
    ),
    (
        "equally_bad",
        "no other symbol",
        "solve(Eq(p + a * T / 1000, q + b * T / 1000), a)[0]",
        "Eq(p + a * T / 1000, q + b * T / 1000)",
    ),
    (ALL, "no function", "", "import sympy\n\ndef min_share():\n    return sympy.Symbol('M')\n"),
]
