"""What a victim that cannot be reaped costs the victims that are served after it.

Served after, not killed after: the list is last in, first out, so each hopeless victim that comes
while ours waits on it is served before ours. No number of victims *killed before* bounds the wait.
"""

from sympy import Eq, Integer, Rational, symbols

from .derivation import Derivation, DerivationStep

stuck = symbols("stuck", nonnegative=True, integer=True)  # served before ours
attempts, nap = symbols("attempts nap", positive=True, integer=True)  # the nap is in ticks


def delay_behind_stuck(passes: str = "serial") -> Derivation:
    """Ticks until our victim's turn. "serial": one to its end, then the next (every release);
    "parallel": try all, nap, try all again, as M33 asked for."""
    hopeless, delay, seconds = symbols("hopeless delay seconds")
    steps = [
        DerivationStep(
            "A victim that cannot be reaped costs a nap after each failed attempt.",
            Eq(hopeless, attempts * nap),
        )
    ]
    if passes == "serial":
        result = stuck * attempts * nap
        steps += [
            DerivationStep(
                "One thread, one victim at a time: ours waits for all that are served before it, "
                "those that came on the list after it among them.",
                Eq(delay, stuck * hopeless),
            ),
            DerivationStep(
                "With ten attempts a tenth of a second apart, each costs a second.",
                Eq(seconds, stuck),
            ),
        ]
    else:
        result = Integer(0)
        steps += [
            DerivationStep(
                "All are tried in the first pass, before any reaper naps: ours does not wait.",
                Eq(delay, 0),
            )
        ]
    at_ten = (stuck * attempts * nap).subs({attempts: 10, nap: Rational(1, 10)})
    names = {delay: result, seconds: at_ten, hopeless: attempts * nap}
    domain = {"stuck": (0, 6), "attempts": (1, 10), "nap": (1, 20)}
    return Derivation(f"Behind a stuck victim ({passes})", steps, result, domain, names)
