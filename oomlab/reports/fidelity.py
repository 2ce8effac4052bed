"""How true is the model? The same scene in the model and in recorded kernels, side by side.

For each recording the model is run from `config` and `before` alone; compared are the victims in
order, whether it panicked, and for victims that were held back what the reaper left unreaped.
"""

import json
import sys
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from ..model.oom import OomControl, constrained_alloc, oom_badness
from ..model.tasks import do_send_sigkill
from ..scheduler import run_seeded
from .recorded import kernel_of, read_record

APPROXIMATE_RSS = 2 * 80  # pages by which 6.x may misjudge the distance of two tasks


@dataclass(frozen=True)
class Comparison:
    """One recording against the model."""

    file: str
    kernel: str
    scenario: str
    expected: dict
    got: dict
    races: bool
    cause: str  # of a disagreement

    @property
    def agrees(self) -> bool:
        return self.expected == self.got

    @property
    def irreducible(self) -> bool:
        """Would no model that knows only `config` and `before` get this right?"""
        return self.races or not self.agrees and self.cause != UNEXPLAINED


RACE = "racing growers: who asks first differs from run to run"
NO_OOM = "the recorded run ended before memory ran out"
UNEXPLAINED = "not explained"


def once(names: Iterable[str]) -> list[str]:
    """Without repeats: a group kill names its first victim twice."""
    return list(dict.fromkeys(names))


def compare(path: Path, seed: int = 0) -> Comparison:
    """Run the model on one recording and put both outcomes side by side.

    Kills from before the snapshot (while the scene was being set) are nobody's to predict, and
    the recorder does not stop at once after the last kill it waited for.
    """
    record = read_record(path)
    outcome = record["outcome"]
    kernel = kernel_of(record)
    present = [task.name for task in kernel.tasks]
    gone = [name for name in once(outcome["kill_order"]) if name not in present]
    wanted = kills_awaited(record) - len(gone)
    run_seeded(kernel, seed, until=lambda k: len(k.victims) >= wanted)
    if not kernel.panicked:
        stop_growers(kernel, record)
        run_seeded(kernel, seed)
    killed = [name for name in once(outcome["kill_order"]) if name in present]
    expected = {"victims": killed[:wanted], "panic": bool(outcome["panic"])}
    got = {"victims": kernel.victims[:wanted], "panic": bool(kernel.panicked)}
    if "stuck" in (record["scenario"].split("_")[-1], record["variant"]):
        expected["left"] = {name: left(*kb) for _, name, *kb in outcome["reaped"]}
        got["left"] = left_by_model(kernel)
    races = len(growers(record)) > 1
    cause = "" if expected == got else cause_of(record, expected, got, races)
    tag, scenario = record["kernel"]["tag"], record["scenario"]
    return Comparison(path.name, tag, scenario, expected, got, races, cause)


def cause_of(record: dict, expected: dict, got: dict, races: bool) -> str:
    """Why the two differ, as far as it is known."""
    if races:
        return RACE
    if not record["parsed"]:
        return NO_OOM
    pairs = zip(expected["victims"], got["victims"], strict=False)
    parting = next(((a, b) for a, b in pairs if a != b), None)
    if parting and record["kernel"]["tag"] in ("6.1", "6.12"):
        kernel = kernel_of(record)
        by_name = {task.name: task for task in kernel.tasks}
        pages = constrained_alloc(kernel, OomControl(0, 0, by_name[parting[0]].memcg))
        a, b = (oom_badness(by_name[name], pages, kernel.policy) for name in parting)
        if a is not None and b is not None and abs(a - b) <= APPROXIMATE_RSS:
            return f"approximate RSS: {parting[0]} and {parting[1]} are {abs(a - b)} pages apart"
    return UNEXPLAINED


def kills_awaited(record: dict) -> int:
    """How many kills the recorder waited for."""
    return max(int(step.split()[1]) for step in record["config"]["steps"] if step[:5] == "kills")


def growers(record: dict) -> list[str]:
    """Who grows; with two of them real kernels differ from run to run."""
    return [task["id"] for task in record["config"]["tasks"] if task.get("behaviour") == "grow"]


def stop_growers(kernel, record: dict) -> None:
    """The recorder ends the pressure when it has seen the kills it waited for."""
    for task in kernel.tasks:
        if task.name in growers(record):
            do_send_sigkill(task)


def left(anon: int, file: int, shmem: int) -> dict[str, bool]:
    """What was left of each kind of memory, beyond the few shared pages of any process."""
    return {"anon": anon > 64, "file": file > 1024, "shmem": shmem > 64}


def left_by_model(kernel) -> dict[str, dict]:
    reaped = (e for e in kernel.events if e["event"] == "finish_task_reaping")
    return {e["task"].name: left(e["anon"], e["file"], e["shmem"]) for e in reaped}


def agreement(comparisons: Iterable[Comparison]) -> dict:
    """Agreement as numbers: over all, by kernel, by scenario; the irreducible are counted apart."""
    runs = list(comparisons)
    fair = [c for c in runs if not c.irreducible]
    by_kernel = {}
    for kernel in sorted({c.kernel for c in fair}):
        mine = [c for c in fair if c.kernel == kernel]
        by_kernel[kernel] = {"runs": len(mine), "agree": sum(c.agrees for c in mine)}
    scenarios = Counter((c.scenario, c.agrees) for c in fair)
    return {
        "runs": len(fair),
        "agree": sum(c.agrees for c in fair),
        "irreducible": len(runs) - len(fair),
        "by_kernel": by_kernel,
        "by_scenario": {
            name: {"runs": scenarios[name, True] + scenarios[name, False],
                   "agree": scenarios[name, True]}
            for name in sorted({c.scenario for c in fair})
        },
    }  # fmt: skip


def report(folder: Path, as_json: bool = False) -> int:
    """Compare all recordings of a folder and print the agreement; 1 if there is none to compare."""
    files = sorted(folder.glob("*.json.gz"))
    if not files:
        print(f"oomlab: {folder} holds no recordings (*.json.gz).", file=sys.stderr)
        return 1
    runs = [compare(path) for path in files]
    numbers = agreement(runs)
    differ = [
        {"file": c.file, "expected": c.expected, "got": c.got, "cause": c.cause}
        for c in runs if not c.agrees
    ]  # fmt: skip
    if as_json:
        print(json.dumps({"schema": "oomlab-fidelity/1", **numbers, "disagree": differ}))
        return 0
    for what in ("by_kernel", "by_scenario"):
        for name, n in numbers[what].items():
            print(f"{name:24}{n['agree']:5} of {n['runs']:4} agree")
    print(f"{'all':24}{numbers['agree']:5} of {numbers['runs']:4} agree; {numbers['irreducible']} "
          "more are not to be predicted from what was known before")  # fmt: skip
    for one in differ:
        print(f"  {one['file']}: {one['cause']}")
        print(f"    recorded {one['expected']['victims']}, model {one['got']['victims']}")
    return 0
