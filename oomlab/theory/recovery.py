"""How long until the dying have what they need, if what is reaped is also stolen."""

from sympy import Eq, symbols

from .derivation import Derivation, DerivationStep

# pages the dying must get; pages reaped in a tick; how often in a tick the dying and thieves ask
need, reap, take = symbols("need reap take", positive=True)
steal = symbols("steal", nonnegative=True)


def expected_recovery() -> Derivation:
    """Expected ticks until `need` pages went to the dying."""
    q, one, freed, ticks, alone = symbols("q E_1 freed ticks ticks_without_theft", positive=True)
    result = need * (take + steal) / (reap * take)
    steps = [
        DerivationStep(
            "A freed page goes to whoever asks first: to the dying with",
            Eq(q, take / (take + steal)),
        ),
        DerivationStep(
            "How many are freed for each page they get? One; and if a thief took it, we are where "
            "we were.",
            Eq(one, 1 + (1 - q) * one),
        ),
        DerivationStep("Solved, this is", Eq(one, 1 / q)),
        DerivationStep("So many pages must be freed for all they need:", Eq(freed, need * one)),
        DerivationStep("And that takes, at this many pages a tick,", Eq(ticks, freed / reap)),
        DerivationStep("Written out, the expected time is", Eq(ticks, result)),
        DerivationStep("Without theft only the reaper sets the pace.", Eq(alone, need / reap)),
    ]
    names = {
        ticks: freed / reap,
        alone: result.subs(steal, 0),
        freed: need * one,
        one: 1 / q,
        q: take / (take + steal),
    }
    domain = {"need": (1, 50), "reap": (1, 50), "take": (1, 9), "steal": (0, 50)}
    return Derivation("Expected time to recover", steps, result, domain, names)
