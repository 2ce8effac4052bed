"""How fast a run is, against the same scenario in SimPy: page faults per second.

Each repetition runs all side by side; what counts is the median of the repetitions' ratios. Under
linux-6.12 a task that finds no page asks again until the victim is gone, nine thousand times. SimPy
has its own peer for that: there a killed process dies so late that as many looks are made.
"""

from statistics import median

from measure import cpu_time, table
from storm_simpy import storm

import oomlab

ALLOCATIONS = 100_000
DYING = {"linux-4.4": 0, "linux-4.6": 0, "linux-6.12": 11}  # how long that takes in SimPy


def looks(policy: str) -> int:
    """How often a run looks for a task to kill."""
    events = oomlab.run("oom-storm", policy, tasks=20, allocations=ALLOCATIONS).events
    return sum(event["event"] in ("oom_report", "scan_aborted") for event in events)


def main(repeat: int = 5) -> None:
    """Print rates and ratios; the goals are 4x untraced (stretch 5x) and 1.3x traced."""
    contestants = {}
    for policy, dying in DYING.items():
        contestants[policy, "SimPy"] = lambda dying=dying: storm(20, ALLOCATIONS, dying)
        for traced in (False, True):
            name = "traced" if traced else "untraced"
            contestants[policy, name] = lambda policy=policy, traced=traced: oomlab.run(
                "oom-storm", policy, trace=traced, tasks=20, allocations=ALLOCATIONS
            )
    times = [{name: cpu_time(call) for name, call in contestants.items()} for _ in range(repeat)]
    rows = []
    for policy, name in contestants:
        rate = ALLOCATIONS / median(run[policy, name] for run in times) / 1e6
        ratio = median(run[policy, "SimPy"] / run[policy, name] for run in times)
        goal = {"SimPy": "", "untraced": "4", "traced": "1.3"}[name]
        many = storm(20, ALLOCATIONS, DYING[policy]).looks if name == "SimPy" else looks(policy)
        rows.append([policy, name, f"{rate:.2f} M/s", many, f"{ratio:.2f}", goal])
    head = ["", "", "faults", "looks", "x SimPy", "goal"]
    table(f"oom-storm: 20 tasks, {ALLOCATIONS} page faults", head, rows)


if __name__ == "__main__":
    main()
