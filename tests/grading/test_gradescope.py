"""Gradescope's folders, its script, and the results.json that it reads; without Gradescope."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from handing_in import notebook, solution
from mistakes.hand_off import SLOT

from oomlab.grading.course import gradescope

TOP = Path(__file__).parents[2]


@pytest.fixture
def autograder(tmp_path, sandboxed):
    """/autograder as Gradescope makes it, with a submission of two people."""
    (tmp_path / "source").mkdir()
    (tmp_path / "source/exercises").symlink_to(TOP / "exercises")
    (tmp_path / "submission").mkdir()
    (tmp_path / "submission/My Answers (2).ipynb").write_bytes(notebook(SLOT))
    (tmp_path / "submission/notes.txt").write_text("x")
    users = [{"name": "Łukasz Żółć", "id": 1}, {"name": "山田 太郎", "id": 2}]
    (tmp_path / "submission_metadata.json").write_text(json.dumps({"id": 123456, "users": users}))
    return tmp_path


def test_the_script_leaves_results_with_a_schedule(autograder):
    """As root in a container run_autograder is started; here as whoever runs the tests."""
    venv = autograder / "venv/bin"
    venv.mkdir(parents=True)
    (venv / "python").write_text(f'#!/bin/sh\nexec "{sys.executable}" "$@"\n')
    (venv / "python").chmod(0o755)
    env = {**os.environ, "AUTOGRADER": str(autograder), "SHEET": "level-2"}
    done = subprocess.run(
        [TOP / "docs/gradescope/run_autograder"], env=env, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stdout + done.stderr
    results = json.loads((autograder / "results/results.json").read_text())
    assert results["score"] == sum(test["score"] for test in results["tests"]) > 0
    assert "notes.txt was not graded" in results["output"]
    first = results["tests"][0]
    assert first["max_score"] == 2 and first["score"] == 0 and first["visibility"] == "visible"
    assert "(5)" in first["output"] and "cmpxchg(mm_to_reap, NULL, mm2)" in first["output"]
    names = [path.name for path in (autograder / "graded").iterdir() if path.is_dir()]
    assert names == ["Łukasz Żółć, 山田 太郎_123456"]


def test_what_cannot_be_graded_leaves_no_results(autograder, capsys, monkeypatch):
    (autograder / "submission/second.ipynb").write_bytes(notebook(solution("hand-off")))
    assert gradescope.main("level-2", autograder) == 2
    assert "more than one notebook" in capsys.readouterr().out
    assert gradescope.main("level-9", autograder) == 2
    monkeypatch.setenv("PATH", "/nowhere")
    assert gradescope.main("level-2", autograder) == 2
    assert "bubblewrap" in capsys.readouterr().out
    assert not (autograder / "results").exists()


def test_setup_installs_what_is_needed():
    text = (TOP / "docs/gradescope/setup.sh").read_text()
    for need in ("bubblewrap", "python3-venv", "sympy", "oomlab-*.whl"):
        assert need in text
    for script in ("setup.sh", "run_autograder"):
        assert os.access(TOP / "docs/gradescope" / script, os.X_OK)
        assert subprocess.run(["bash", "-n", TOP / "docs/gradescope" / script]).returncode == 0
