"""All recordings of a folder against the model, on one processor or on many machines."""

import json
import sys
from collections.abc import Iterator
from pathlib import Path

from ..workers import Submits, in_order
from .fidelity import RecordedComparison, agreement, compare


def compare_all(
    folder: Path, *, jobs: int = 1, executor: Submits | None = None
) -> Iterator[RecordedComparison | str]:
    """Each recording of a folder (*.json.gz) against the model, in the order of the names.

    A recording that cannot be read or run is a sentence instead. `jobs`: worker processes, or the
    number of workers of `executor`, which has the interface of `concurrent.futures` and whose
    workers see the same folder. ValueError for fewer than 1 job.
    """
    files = sorted(folder.glob("*.json.gz"))
    yield from in_order(compared, files, jobs=jobs, executor=executor, chunk=4)


def compared(path: Path) -> RecordedComparison | str:
    """One of them, or why it cannot be."""
    try:
        return compare(path)
    except ValueError as wrong:
        return str(wrong)


def report(folder: Path, as_json: bool = False, jobs: int = 1) -> int:
    """Compare all recordings of a folder and print the agreement; 2 if one could not be compared.

    Why it could not goes to stderr, a sentence each. ValueError if there is no recording.
    """
    if not any(folder.glob("*.json.gz")):
        words = "holds no recordings (*.json.gz)" if folder.is_dir() else "is no folder"
        raise ValueError(f"{folder} {words}")
    runs, status = [], 0
    for found in compare_all(folder, jobs=jobs):
        if isinstance(found, str):
            print(f"oomlab: {found}", file=sys.stderr)
            status = 2
        else:
            runs.append(found)
    if not runs:
        return status
    tell(runs, as_json)
    return status


def tell(runs: list[RecordedComparison], as_json: bool) -> None:
    """Print how many agree, by kernel and by scenario, and what differs in each that does not."""
    numbers = agreement(runs)
    differ: list[dict] = [
        {"file": c.file, "expected": c.expected, "got": c.got, "cause": c.cause}
        for c in runs
        if not c.agrees
    ]
    if as_json:
        print(json.dumps({"schema": "oomlab-fidelity/1", **numbers, "disagree": differ}))
        return
    for what in ("by_kernel", "by_scenario"):
        for name, n in numbers[what].items():
            print(f"{name:24}{n['agree']:5} of {n['runs']:4} agree")
    print(
        f"{'all':24}{numbers['agree']:5} of {numbers['runs']:4} agree; {numbers['irreducible']} "
        "more race or never ran out, and are counted apart: "
        f"{numbers['possible']} of them end as some schedule of the model does"
    )
    for one in differ:
        print(f"  {one['file']}: {one['cause']}")
        keys = [key for key in one["expected"] if key in one["got"]]
        differ_in = [key for key in keys if one["expected"][key] != one["got"][key]]
        for key in differ_in:
            print(f"    {key}: recorded {one['expected'][key]}, model {one['got'][key]}")
