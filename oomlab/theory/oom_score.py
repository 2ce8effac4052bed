"""Who dies: the points of a process, and the oom_score_adj at which another one dies instead.

The rule of v4.17 and later without its early ends: no bonus for root, no exemption. All divisions
are the kernel's integer divisions, in the kernel's order.
"""

from sympy import Eq, Ge, Gt, floor, symbols

from .derivation import Derivation, DerivationStep

rss, swap, tables, adj, total = symbols("rss swap tables adj total", integer=True)
a, b, adj_b = symbols("a b adj_b", integer=True)
PAGES, ADJ, TOTAL = (0, 1_000_000), (-999, 1000), (1000, 10_000_000)


def points() -> Derivation:
    """Badness in pages."""
    used, thousandth, badness = symbols("used thousandth badness", integer=True)
    result = rss + swap + tables + adj * floor(total / 1000)
    steps = [
        DerivationStep(
            "What would come back if it died: resident pages, swapped ones, and page tables.",
            Eq(used, rss + swap + tables),
        ),
        DerivationStep(
            "One unit of oom_score_adj is a thousandth of all memory, rounded down first.",
            Eq(thousandth, floor(total / 1000)),
        ),
        DerivationStep(
            "The points are the pages, shifted by that many thousandths.",
            Eq(badness, used + adj * thousandth),
        ),
    ]
    domain = {"rss": PAGES, "swap": PAGES, "tables": PAGES, "adj": ADJ, "total": TOTAL}
    names = {badness: result, used: rss + swap + tables, thousandth: floor(total / 1000)}
    return Derivation("Badness", steps, result, domain, names)


def crossover() -> Derivation:
    """The smallest adj with which a process of `a` pages outbids one of `b` pages at `adj_b`."""
    t, x = symbols("t x", integer=True)
    result = adj_b + floor((b - a) / floor(total / 1000)) + 1
    steps = [
        DerivationStep(
            "One unit of oom_score_adj is a thousandth of all memory, rounded down.",
            Eq(t, floor(total / 1000)),
        ),
        DerivationStep(
            "The first, at x, outbids the second when its points are more.",
            Gt(a + x * t, b + adj_b * t),
        ),
        DerivationStep(
            "Take its pages to the other side, and divide by a thousandth.",
            Gt(x, adj_b + (b - a) / t),
        ),
        DerivationStep(
            "The smallest whole number above that is its floor, plus one.",
            Eq(x, adj_b + floor((b - a) / t) + 1),
        ),
        DerivationStep(
            "One less would not do: the second still has at least as many points.",
            Ge(b + adj_b * t, a + (x - 1) * t),
        ),
    ]
    domain = {"a": PAGES, "b": PAGES, "adj_b": ADJ, "total": TOTAL}
    return Derivation("The crossover", steps, result, domain, {x: result, t: floor(total / 1000)})
