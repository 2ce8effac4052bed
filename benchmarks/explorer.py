"""Every schedule of a hand-off, as whole processes, beside Spin where it is installed.

Spin explores handoff.pml, which is written by hand and smaller, and without symmetry.
"""

import json
import re
import shutil
import sys
import tempfile
from pathlib import Path

from measure import process, python, table

from oomlab import SCENARIOS

HANDOFFS = {
    "slot": ["rfc-2015-11-25"],
    "list": ["handa"],
    "scan": ["kmallocwd", "--set", "scan_next_victim=0", "--set", "scan_panic=0"],
    "scan, next victim": ["kmallocwd"],  # kills more when that does not help; not in handoff.pml
}
SIZES = {(2, 2): 0.25, (3, 3): 0.25, (4, 4): 0.25, (5, 4): 1, (8, 8): 3.5}  # (V, K): goal, seconds
MOST_SECONDS = 30
MOST_STATES = 40_000
ALONE = """
import json, oomlab, resource, time
began = time.process_time()
found = oomlab.explore("{scenario}", "linux-4.4", lambda kernel: False, max_states={most}, audit=0)
seconds = time.process_time() - began
megabytes = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
learned = found.bound["learned"]
print(json.dumps([found.verdict, found.states, found.transitions, learned, seconds, megabytes]))
"""


def explore(policy: list[str], victims: int, vmas: int) -> tuple[float, dict]:
    """`oomlab explore` as a person types it: CPU seconds, and what it printed."""
    seconds, _, printed = process(
        [
            sys.executable,
            "-m",
            "oomlab",
            "explore",
            "lost-victim",
            "--policy",
            *policy,
            "--json",
            "--set",
            f"victims={victims}",
            "--set",
            f"vmas={vmas}",
            "--seconds",
            str(MOST_SECONDS),
        ]
    )
    return seconds, json.loads(printed)


def spin(handoff: str, victims: int, vmas: int) -> list:
    """The same with Spin, the shortest counterexample too: translate, compile, search."""
    model = Path(__file__).with_name("handoff.pml")
    defines = f"-DV={victims} -DK={vmas} -DHANDOFF={list(HANDOFFS).index(handoff)}"
    script = (
        f"spin -a {defines} {model} >&2 && "
        f"gcc -O2 -w -DSAFETY -DBFS -DMEMLIM=1024 -o pan pan.c && timeout {MOST_SECONDS} ./pan"
    )
    with tempfile.TemporaryDirectory() as folder:
        seconds, _, printed = process(["sh", "-c", f"cd {folder} && {script}"])
    states = re.search(r"(\d+) states, stored", printed)
    errors = re.search(r"errors: (\d+)", printed)
    if not states or not errors or "Search not completed" in printed and errors[1] == "0":
        return ["bound-reached", "", f"{seconds:.2f}"]
    return ["holds" if errors[1] == "0" else "violated", states[1], f"{seconds:.2f}"]


def main() -> None:
    """Print verdicts, sizes and seconds of both."""
    found_spin = shutil.which("spin") and shutil.which("gcc")
    rows = []
    for handoff, policy in HANDOFFS.items():
        for (victims, vmas), goal in SIZES.items():
            seconds, found = explore(policy, victims, vmas)
            rate = f"{found['transitions'] / max(found['seconds'], 0.001) / 1000:.0f} k"
            row = [handoff, victims, vmas, found["verdict"], found["states"]]
            row += [f"{seconds:.2f}", goal, rate]
            both = found_spin and handoff != "scan, next victim"
            rows.append(row + (spin(handoff, victims, vmas) if both else ["", "", ""]))
    head = [
        "hand-off",
        "V",
        "K",
        "oomlab",
        "states",
        "CPU s",
        "goal",
        "moves/s",
        "Spin",
        "states",
        "CPU s",
    ]
    table("lost-victim: can one of V victims with K VMAs be lost? Whole processes", head, rows)
    if not found_spin:
        print("\nspin or gcc is not installed: the comparison with Spin was skipped.")

    rows = []
    for scenario in SCENARIOS:
        _, (verdict, states, moves, learned, seconds, megabytes) = python(
            ALONE.format(scenario=scenario, most=MOST_STATES)
        )
        rate = f"{moves / seconds / 1000:.1f} k/s"
        rows.append(
            [scenario, verdict, states, moves, f"{learned / moves:.0%}", rate, f"{megabytes} MB"]
        )
    head = ["scenario", "verdict", "states", "transitions", "run", "rate (goal 15 k/s)", "memory"]
    table("Every scenario under linux-4.4, each state visited; `run`: not remembered", head, rows)


if __name__ == "__main__":
    main()
