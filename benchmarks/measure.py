"""How everything here is measured: CPU time, repeated, side by side.

CPU time, because the machine may be busy with other things; nothing here waits or runs in
parallel, so on an idle machine it is the time that a person waits.
"""

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from statistics import median
from time import process_time

ROOT = Path(__file__).parents[1]


def cpu_time(function: Callable[[], object]) -> float:
    """Seconds of CPU that a call takes."""
    began = process_time()
    function()
    return process_time() - began


def process(command: list[str], within: float = 120) -> tuple[float, int, str]:
    """Run a whole process with all that it starts: CPU seconds, peak memory in kB, its output."""
    with tempfile.TemporaryFile("w+") as out:
        child = subprocess.Popen(
            ["timeout", str(within), *command], cwd=ROOT, stdout=out, stderr=out
        )
        _, status, used = os.wait4(child.pid, 0)
        child.returncode = os.waitstatus_to_exitcode(status)
        out.seek(0)
        return used.ru_utime + used.ru_stime, used.ru_maxrss, out.read()


def python(code: str, repeat: int = 1) -> tuple[float, dict]:
    """Median CPU seconds of a fresh interpreter, start included, and the JSON it printed last."""
    runs = [process([sys.executable, "-c", code]) for _ in range(repeat)]
    printed = runs[-1][2].strip()
    return median(seconds for seconds, _, _ in runs), json.loads(printed) if printed else {}


def table(title: str, head: list[str], rows: list[list]) -> None:
    """Print a table that can be pasted into a mail."""
    cells = [head, *[[str(cell) for cell in row] for row in rows]]
    width = [max(len(row[i]) for row in cells) for i in range(len(head))]
    print(f"\n{title}\n")
    for number, row in enumerate(cells):
        print("  ".join(cell.ljust(w) for cell, w in zip(row, width, strict=True)).rstrip())
        if number == 0:
            print("  ".join("-" * w for w in width))
    sys.stdout.flush()
