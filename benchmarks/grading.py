"""Grading, side by side with nbgrader: the same sheet of five exercises, the same notebooks.

nbgrader is no dependency: it is installed into a virtual environment of its own, which takes a
minute, and thrown away again. Where that fails the table says so. What is measured is time on the
clock, for both work in several processes; on a busy machine only the ratio means something.
"""

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from time import monotonic

from measure import ROOT, table

SHEET, CLASS, FEW = "level-1", 100, 4


def solved() -> dict:
    """The teacher's sheet, whose solutions are right."""
    return json.loads((ROOT / "exercises" / f"{SHEET}.ipynb").read_text("utf-8"))


def hand_in(folder: Path, students: int, name: str) -> None:
    """Notebooks that differ, so that none is graded already."""
    for number in range(students):
        book = solved()
        book["cells"].append({**book["cells"][1], "id": "mine", "source": [f"mine = {number}"]})
        path = folder / f"student{number}" / name
        path.parent.mkdir(parents=True)
        path.write_text(json.dumps(book), "utf-8")


def seconds(command: list, cwd: Path) -> float | None:
    """How long a command takes; None if it fails."""
    path = f"{Path(command[0]).parent}{os.pathsep}{os.environ['PATH']}"  # nbgrader runs alembic
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    began = monotonic()
    done = subprocess.run(command, cwd=cwd, env={**os.environ, "PATH": path}, **quiet)
    return monotonic() - began if done.returncode == 0 else None


def oomlab(students: int) -> float | None:
    with tempfile.TemporaryDirectory() as folder:
        top = Path(folder)
        hand_in(top / "submitted", students, f"{SHEET}.ipynb")
        words = ["grade", top / "submitted", "--sheet", SHEET, "--out", top / "graded"]
        return seconds([sys.executable, "-m", "oomlab", *words], ROOT)


def nbgrader(students: int) -> float | None:
    """Seconds of `nbgrader autograde`; None if it cannot be had."""
    with tempfile.TemporaryDirectory() as folder:
        top, python = Path(folder), Path(folder) / "venv/bin/python"
        if seconds([sys.executable, "-m", "venv", top / "venv"], top) is None:
            return None
        install = [python, "-m", "pip", "install", "--quiet", "--no-compile"]
        if seconds([*install, "nbgrader", "ipykernel", "sympy", ROOT], top) is None:
            return None
        source = top / "source" / SHEET / f"{SHEET}.ipynb"
        source.parent.mkdir(parents=True)
        source.write_text(json.dumps(solved()), "utf-8")
        hand_in(top / "submitted", students, f"{SHEET}/{SHEET}.ipynb")
        command = [python, "-m", "nbgrader"]
        if seconds([*command, "generate_assignment", SHEET], top) is None:
            return None
        return seconds([*command, "autograde", SHEET], top)


def main() -> None:
    """Print seconds for one submission and for a class."""
    one, many, theirs = oomlab(1), oomlab(CLASS), nbgrader(FEW)
    rows = [
        ["oomlab grade, 1 submission", shown(one), "1 s"],
        [f"oomlab grade, {CLASS} submissions", shown(many), "30 s"],
        ["  each", shown(many and many / CLASS), ""],
        [f"nbgrader autograde, {FEW} submissions, each", shown(theirs and theirs / FEW), ""],
    ]
    if many and theirs:
        rows.append(["  so much slower is nbgrader", f"{theirs / FEW / (many / CLASS):.1f}", "10"])
    table(f"Grading {SHEET}: five exercises, right answers", ["", "on the clock", "goal"], rows)


def shown(value: float | None) -> str:
    return "could not be run here" if value is None else f"{value:.2f} s"


if __name__ == "__main__":
    main()
