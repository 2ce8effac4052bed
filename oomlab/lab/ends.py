"""How a scenario usually ends: the verdict of most of a few schedules."""

from collections import Counter

from ..simulate.run import run

SEEDS = 5


def usual_end(scenario: str, policy: str, seeds: int = SEEDS) -> tuple[str, int]:
    """The verdict of most of so many schedules, and the first seed that ends so."""
    ends = [run(scenario, policy, seed=n, trace=False).outcome.verdict for n in range(seeds)]
    verdict = Counter(ends).most_common(1)[0][0]
    return verdict, ends.index(verdict)
