"""How fast a run is, against the same scenario in SimPy: page faults per second.

Each repetition runs all side by side; what counts is the median of the repetitions' ratios.
"""

from statistics import median

from measure import cpu_time, table
from storm_simpy import storm

import oomlab

ALLOCATIONS = 100_000
POLICIES = ("linux-4.4", "linux-4.6", "linux-6.12")


def main(repeat: int = 5) -> None:
    """Print rates and ratios; the goals are 4x untraced (stretch 5x) and 1.3x traced."""
    contestants = {"SimPy": lambda: storm(20, ALLOCATIONS)}
    for policy in POLICIES:
        for traced in (False, True):
            name = f"oomlab {policy}, {'traced' if traced else 'untraced'}"
            contestants[name] = lambda policy=policy, traced=traced: oomlab.run(
                "oom-storm", policy, trace=traced, tasks=20, allocations=ALLOCATIONS
            )
    times = [{name: cpu_time(call) for name, call in contestants.items()} for _ in range(repeat)]
    rows = []
    for name in contestants:
        rate = ALLOCATIONS / median(run[name] for run in times) / 1e6
        ratio = median(run["SimPy"] / run[name] for run in times)
        goal = "" if name == "SimPy" else "4" if name.endswith("untraced") else "1.3"
        rows.append([name, f"{rate:.2f} M/s", f"{ratio:.2f}", goal])
    table(
        f"oom-storm: 20 tasks, {ALLOCATIONS} page faults", ["", "faults", "x SimPy", "goal"], rows
    )


if __name__ == "__main__":
    main()
