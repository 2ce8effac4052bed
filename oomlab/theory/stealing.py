"""Who gets the reclaimed pages: one dying task against N thieves, for P pages.

The assumption is fairness: of those who ask, each is equally likely to be the next to get a page.
The tests check it against tasks that loop in the model's allocator.
"""

from sympy import Eq, Limit, Min, Sum, binomial, factorial, oo, symbols

from .derivation import Derivation, DerivationStep

P, N, k = symbols("P N k", positive=True, integer=True)  # reclaimed pages, thieves, a number
FEW = {"P": (1, 12), "N": (1, 12)}


def one_page_each() -> Derivation:
    """The chance that the dying task gets its page if every task wants exactly one."""
    place = factorial(N) / factorial(N + 1)
    steps = [
        DerivationStep(
            "The N + 1 tasks stand in a random order. In N! of the (N + 1)! orders the dying "
            "task has a given place.",
            Eq(place, 1 / (N + 1)),
        ),
        DerivationStep(
            "It gets a page if its place is among the first P, or if there are pages for all.",
            Eq(Sum(1 / (N + 1), (k, 1, Min(P, N + 1))), Min(P, N + 1) / (N + 1)),
        ),
    ]
    return Derivation("One page each", steps, Min(1, P / (N + 1)), FEW)


def some_page() -> Derivation:
    """The chance of at least one page if thieves never have enough."""
    thief, all_thieves, some = symbols("thief all_thieves some")
    result = 1 - (N / (N + 1)) ** P
    steps = [
        DerivationStep(
            "Each page goes to one of N + 1 tasks, N of them thieves.", Eq(thief, N / (N + 1))
        ),
        DerivationStep("All P pages go to thieves with", Eq(all_thieves, thief**P)),
        DerivationStep("Otherwise the dying task got at least one.", Eq(some, 1 - all_thieves)),
        DerivationStep("Against very many thieves there is no hope.", Eq(Limit(result, N, oo), 0)),
    ]
    names = {some: 1 - all_thieves, all_thieves: thief**P, thief: N / (N + 1)}
    return Derivation("At least one page", steps, result, FEW, names)


def enough_pages(need: int, reserve: int = 0) -> Derivation:
    """The chance of `need` pages, of which `reserve` may come from below the min mark.

    reserve = 0 is the allocator without priority. With priority (M02) the dying task may go down
    to half the min mark, where no thief can follow, so only the rest is left to luck.
    """
    left, one_share, chance = symbols("left c_k chance")
    rest, each = max(0, need - reserve), 1 / (N + 1)
    share = binomial(P, k) * each**k * (1 - each) ** (P - k)
    result = Sum(share, (k, rest, P))
    steps = [
        DerivationStep(
            f"Of the {need} pages it needs, {min(need, reserve)} come from the reserve. This "
            "many are left to luck.",
            Eq(left, rest),
        ),
        DerivationStep("Exactly k of the P pages come to it with", Eq(one_share, share)),
        DerivationStep("It has enough if k is at least what is left.", Eq(chance, result)),
    ]
    names = {left: rest, one_share: share, chance: result}
    return Derivation("Enough pages", steps, result, FEW, names)
