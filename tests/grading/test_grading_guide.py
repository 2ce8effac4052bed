"""docs/grading.md: the five commands to the letter, and a test behind each line of its table."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from handing_in import SHEETS, notebook, solution

TOP = Path(__file__).parents[2]
TEXT = (TOP / "docs/grading.md").read_text("utf-8")


def commands(heading: str) -> list[str]:
    """The lines of the first block of code under a heading, without their remarks."""
    block = TEXT.partition(f"## {heading}\n")[2].partition("```\n")[2].partition("```")[0]
    return [re.sub(r"\s+# +\d .*$", "", line) for line in block.splitlines()]


def test_the_five_commands_to_the_letter(tmp_path, sandboxed):
    release, collect, grade, look, give_back = commands("A course in five commands")
    (tmp_path / "exercises").symlink_to(TOP / "exercises")
    (tmp_path / "Downloads").mkdir()
    answers = [solution(exercise.name) for exercise in SHEETS["level-2"].exercises]
    (tmp_path / "Downloads/alice.ipynb").write_bytes(notebook(*answers))
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    env = {**os.environ, "HOME": str(tmp_path), "PATH": path}
    for command in (release, collect, grade):
        done = subprocess.run(command, shell=True, cwd=tmp_path, env=env, capture_output=True)
        assert done.returncode == 0, (command, done.stderr)
    assert (tmp_path / "release/level-2.ipynb").exists()
    header, line = (tmp_path / "level-2.csv").read_text().splitlines()
    assert line.startswith(f"alice,alice,,level-2,{SHEETS['level-2'].points},")
    for command in (look, give_back):
        (page,) = re.findall(r"graded/\S+", command)
        assert "level-2: alice" in (tmp_path / page).read_text("utf-8")


NAMED = sorted(set(re.findall(r"`(test_\w+\.py)::(test_\w+)`", TEXT)))


@pytest.mark.parametrize(("file", "test"), NAMED)
def test_each_test_that_is_named_exists(file, test):
    assert f"\ndef {test}(" in (Path(__file__).parent / file).read_text("utf-8")


def test_each_row_of_the_table_names_its_test():
    rows = re.findall(
        r"^\| (?!---|a student tries).*$", TEXT.partition("cannot take the points")[2], re.M
    )
    assert len(rows) >= 12
    assert [row for row in rows if "::test_" not in row] == []


def test_the_files_that_are_named_are_written():
    import inspect

    from oomlab.grading.course import batch, exports, feedback, teacher, whole_class

    code = "".join(inspect.getsource(m) for m in (batch, exports, feedback, teacher, whole_class))
    for name in ("summary.html", "not-graded.csv", "results.csv", "canvas.csv", ".seed"):
        assert f'"{name}"' in code and name in TEXT
