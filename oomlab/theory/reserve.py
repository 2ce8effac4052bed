"""The reserve with which M dying tasks that need r pages each cannot deadlock: M(r - 1) + 1."""

from sympy import Eq, Ge, Gt, symbols

from .derivation import Derivation, DerivationStep

M, r = symbols("M r", positive=True, integer=True)  # dying tasks, pages each needs to exit


def deadlock_free_reserve() -> Derivation:
    """Pages of reserve that always suffice; with one page less some schedule gets stuck.

    Tasks take pages one by one, keep them, and give all back when they exit.
    """
    stuck, reserve = symbols("stuck reserve")
    enough = M * (r - 1) + 1
    steps = [
        DerivationStep(
            "A task that has r pages exits. So where no task can exit, each holds at most r - 1, "
            "and all together at most",
            Eq(stuck, M * (r - 1)),
        ),
        DerivationStep(
            "With exactly that many pages this can happen: hand out r - 1 to each, and none is "
            "left. So M (r - 1) pages can deadlock. Take one more.",
            Eq(reserve, stuck + 1),
        ),
        DerivationStep(
            "While a page is left, a task gets it. When none is left, some task has r pages, "
            "because the average is above r - 1.",
            Gt(reserve / M, r - 1),
        ),
        DerivationStep(
            "That task exits and gives its pages back. The same reserve now faces M - 1 tasks, "
            "who need no more: the argument repeats until no task is left.",
            Ge(reserve, enough.subs(M, M - 1)),
        ),
        DerivationStep("Written out, the reserve is", Eq(reserve, enough)),
    ]
    names = {reserve: stuck + 1, stuck: M * (r - 1)}
    domain = {"M": (1, 50), "r": (1, 50)}
    return Derivation("The reserve that cannot deadlock", steps, enough, domain, names)
