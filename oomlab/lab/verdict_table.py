"""How each scenario ends under each version of Linux: from runs, or from the table of all of them.

    usual_end("lost-victim", "linux-4.4")           # ('lost-victim', 0)
    every_end()["lost-victim", "linux-4.4"]         # 'lost-victim'

All scenarios under all versions of Linux are some 500 runs, seven seconds; what they gave stands in
every_end.csv, which `make pictures` writes and tests/test_verdicts.py holds against the model.
"""

import csv
from collections import Counter
from pathlib import Path

from ..policies.presets import PRESETS
from ..scenarios import SCENARIOS
from ..simulate.run import run

SEEDS = 5
EVERY = Path(__file__).parent / "every_end.csv"


def usual_end(scenario: str, policy: str, seeds: int = SEEDS) -> tuple[str, int]:
    """The verdict of most of so many schedules, and the first seed that ends so."""
    ends = [run(scenario, policy, seed=n, trace=False).outcome.verdict for n in range(seeds)]
    verdict = Counter(ends).most_common(1)[0][0]
    return verdict, ends.index(verdict)


def every_end() -> dict[tuple[str, str], str]:
    """{(scenario, policy): verdict} of every scenario under every version of Linux, with seed 0.

    Scenarios that end badly in most versions come first, and versions in the order of time.
    """
    with EVERY.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    return {(row["scenario"], name): row[name] for row in rows for name in list(row)[1:]}


def versions() -> list[str]:
    """The presets that are versions of Linux, in the order of time."""
    return [name for name in PRESETS if name.startswith("linux-")]


def written_down() -> str:
    """The text of every_end.csv, of runs made now."""
    rows = {s: [usual_end(s, policy, 1)[0] for policy in versions()] for s in SCENARIOS}
    worst_first = sorted(rows.items(), key=lambda row: row[1].count("recovered"))
    lines = [["scenario", *versions()], *([name, *ends] for name, ends in worst_first)]
    return "".join(",".join(line) + "\n" for line in lines)
