"""The type checker of a stranger's program sees what `import oomlab` offers."""

import ast
import re
import subprocess
import sys
from pathlib import Path

import pytest

import oomlab

PROGRAM = """
from pathlib import Path

import oomlab
from oomlab import Exploration, Policy, Run


def bad(kernel: object) -> bool:
    return False


def main(folder: Path) -> int:
    run: Run = oomlab.run("lost-victim", policy="rfc-2015-11-25", seed=3, reaper="list")
    for step in run.steps:
        print(step.number + 1, step.task.upper(), step.pid + 1)
    found: Exploration = oomlab.explore("lost-victim", "handa", bad)
    print(found.sentence().upper(), found.pids)
    pair: oomlab.Comparison = oomlab.compare("lost-victim", ("handa", "linux-4.4"), seeds=2)
    policy: Policy = oomlab.PRESETS["linux-4.4"]
    print(pair.knobs(), policy.reaper.upper(), oomlab.KNOBS["reaper"].default)
    for told in oomlab.explain("a log"):
        print(told.cause.kind.upper(), told.verdict.agrees)
    marks = oomlab.watermarks({"Normal": 1000}, kernel="4.4").zones["Normal"]
    table = oomlab.sweep("lost-victim", policies=["handa"], seeds=range(2))
    print(table.markdown(), oomlab.HZ + 1, marks[0] + 1)
    again: Run = oomlab.Run.load(run.save(folder / "run.json"))
    print(oomlab.PROPERTIES["list-intact"].meaning.upper(), oomlab.cite("M13"))
    return len(again.outcome.verdict)
"""
WRONG = """
import oomlab

oomlab.run(3)
oomlab.run("lost-victim", seed="x")
oomlab.explore("lost-victim", max_states="3")
oomlab.Policy(reaper=3)
number: int = oomlab.run("lost-victim").outcome.verdict
oomlab.exploree("lost-victim")
oomlab.compare("lost-victim", ("handa", "linux-4.4"), seeds="2")
"""


def lines_at_fault(text: str, folder: Path) -> list[int]:
    """The lines of a program of which mypy --strict says something."""
    pytest.importorskip("mypy")
    (folder / "program.py").write_text(text, encoding="utf-8")
    command = [sys.executable, "-m", "mypy", "--strict", "--config-file=", "program.py"]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=300)
    found = re.findall(r"^program\.py:(\d+): error", done.stdout, re.M)
    assert found or done.returncode == 0, done.stdout + done.stderr
    return [int(line) for line in found]


def test_a_right_program_is_right_and_each_wrong_line_is_found(tmp_path):
    assert lines_at_fault(PROGRAM, tmp_path) == []
    assert lines_at_fault(WRONG, tmp_path) == [4, 5, 6, 7, 8, 9, 10]


def test_the_names_for_the_type_checker_are_those_that_are_loaded():
    tree = ast.parse(Path(oomlab.__file__).read_text(encoding="utf-8"))
    [block] = (node for node in tree.body if isinstance(node, ast.If))
    seen = {
        (node.module, one.name, one.asname)
        for node in block.body
        if isinstance(node, ast.ImportFrom)
        for one in node.names
    }
    assert seen == {(room, name, name) for name, room in oomlab._ROOM_OF.items()}
