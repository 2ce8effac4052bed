"""How many whole runs a second one core makes: page-thieves, where most steps are a livelock's.

In the same run beside it: the same runs with every step taken, as if turns that change nothing
were not counted (oomlab/simulate/spin.py). Both have the same outcomes.
"""

from statistics import median
from unittest.mock import patch

from measure import cpu_time, table

import oomlab
from oomlab.simulate import spin

POLICIES = ("linux-2.6.38", "linux-4.4", "handa", "linux-6.12")
SEEDS = range(5)


def outcomes(policy: str) -> list:
    return [oomlab.run("page-thieves", policy, seed=s, trace=False).outcome for s in SEEDS]


def every_step(policy: str) -> list:
    """The same, and no turn is counted: no quiet time is long enough for a look."""
    with patch.object(spin, "FIRST", 1 << 60):
        return outcomes(policy)


def main(repeat: int = 5) -> None:
    """Print rates and ratios; the goal is 300 runs a second over the four, on an idle core."""
    ways = {"counted": outcomes, "every step taken": every_step}
    times = [
        {
            (p, name): cpu_time(lambda w=way, p=p: w(p))
            for p in POLICIES
            for name, way in ways.items()
        }
        for _ in range(repeat)
    ]
    same = all(outcomes(policy) == every_step(policy) for policy in POLICIES)
    rows = []
    for policy in POLICIES:
        rates = [len(SEEDS) / median(run[policy, name] for run in times) for name in ways]
        rows.append([policy, *(f"{rate:.0f}/s" for rate in rates), f"{rates[0] / rates[1]:.1f}"])
    totals = [[sum(run[p, name] for p in POLICIES) for run in times] for name in ways]
    runs = len(SEEDS) * len(POLICIES)
    rates = [runs / median(total) for total in totals]
    ratio = median(slow / quick for quick, slow in zip(*totals, strict=True))
    rows.append(["all four (goal 300/s)", *(f"{r:.0f}/s" for r in rates), f"{ratio:.1f}"])
    head = ["page-thieves, untraced", *ways, "x"]
    table(f"Whole runs a second, on one core; equal outcomes: {same}", head, rows)


if __name__ == "__main__":
    main()
