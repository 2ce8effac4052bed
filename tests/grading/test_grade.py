"""A teacher's day: release, collect, grade, return; and what goes wrong on such days."""

import argparse
import csv
import io
import json
import os
import re
import sys
import time
from pathlib import Path
from random import Random

import pytest
from handing_in import SHEETS, notebook, solution
from mistakes.hand_off import SLOT

from oomlab.grading.checks import EXERCISES
from oomlab.grading.course import grading_process, teacher
from oomlab.grading.course.release import student_version
from oomlab.grading.course.submissions import (
    NotANotebook,
    code_cells,
    read_file,
)
from oomlab.grading.inside.sandbox_facts import LIMITS
from oomlab.grading.sandbox import bubblewrap, group, proof, seccomp

LEVEL_2 = Path("exercises/level-2.ipynb")


@pytest.fixture(autouse=True)
def at_the_root(monkeypatch):
    monkeypatch.chdir(Path(__file__).parents[2])


def arguments(add, *words):
    parser = argparse.ArgumentParser()
    add(parser)
    return parser.parse_args([str(word) for word in words])


def grade(*words):
    return teacher.grade(arguments(teacher.add_grade_arguments, *words))


def release(*words):
    return teacher.release(arguments(teacher.add_release_arguments, *words))


@pytest.fixture
def classroom(tmp_path, sandboxed):
    """Four students: right, half right, cheating, broken."""
    right = [solution(e.name) for e in SHEETS["level-2"].exercises]
    cheat = "import os, sys\nclass E(int):\n    __eq__ = lambda s, o: True\n"
    cheat += "def wake_oom_reaper(mm):\n    yield E()\ndef oom_reaper():\n    os._exit(0)\n"
    cheat += "def oom_kill_process(v, t): return E()\ndef zone_watermark_ok(t, z): sys.exit()\n"
    students = {
        "alice": notebook(*right),
        "bob": notebook(SLOT, right[1], "def zone_watermark_ok(task, zone):\n    return None\n"),
        "mallory": notebook(cheat, metadata={"nbgrader": {"points": 100}, "celltoolbar": "x"}),
        "zoe": b'{"cells": [{"cell_type": "code", "source": "def oom_',
    }
    for name, data in students.items():
        path = tmp_path / "submitted" / name / "level-2.ipynb"
        path.parent.mkdir(parents=True)
        path.write_bytes(data)
    return tmp_path


def test_four_students(classroom, capsys):
    out = classroom / "graded"
    assert grade(classroom / "submitted", "--out", out, "--csv") == 0
    printed = capsys.readouterr()
    rows = {row["student"]: row for row in csv.DictReader(io.StringIO(printed.out))}
    of = SHEETS["level-2"].points
    assert {name: int(row["points"]) for name, row in rows.items()} == {
        "alice": of,
        "bob": 15,
        "mallory": 0,
        "zoe": 0,
    }
    assert "not JSON" in rows["zoe"]["problem"] and int(rows["zoe"]["of"]) == of
    assert "4/4" in printed.err and "level-2" in printed.err
    page = (out / "bob" / "feedback.html").read_text()
    assert "mm_to_reap holds mm1: mm2 is not passed to oom_reaper()" in page
    assert page.count("<svg") == page.count("<table") >= 2
    assert "(7)" in page and "It is the schedule above" in page
    assert "Content-Security-Policy" in page
    assert all(f"({n})" in (out / "bob" / "feedback.md").read_text() for n in range(1, 8))
    scope = json.loads((out / "bob/level-2/gradescope.json").read_text())
    assert scope["score"] == 15 == sum(test["score"] for test in scope["tests"])
    everything = json.loads((out / "results.json").read_text())
    assert [result["student"] for result in everything] == ["alice", "bob", "mallory", "zoe"]
    assert "assignment,student_id" in (out / "nbgrader.csv").read_text()


def test_feedback_tells_no_secrets(classroom):
    out = classroom / "graded"
    grade(classroom / "submitted", "--out", out)
    seed = (out / ".seed").read_text()
    assert oct((out / ".seed").stat().st_mode & 0o777) == "0o600"
    draws = [
        Random(f"{seed}/{name}").sample(range(65536), 2) for name in ("hand-off", "kill-sharers")
    ]
    hidden = [f"mm@{n:04x}" for draw in draws for n in draw]
    for page in out.rglob("*"):
        if page.is_file() and page.name != ".seed":
            text = page.read_text()
            assert seed not in text
            assert not [mm for mm in hidden if mm in text]
            assert "raise CheckFailed" not in text and "<script" not in text


def test_a_killed_run_goes_on_where_it_was(classroom, capsys, monkeypatch):
    out = classroom / "graded"
    grade(classroom / "submitted/alice", classroom / "submitted/bob", "--out", out)
    written = (out / "alice/level-2/result.json").stat().st_mtime_ns
    (out / "bob/level-2/result.json").write_text('{"half a res')  # as a crash might leave it
    capsys.readouterr()
    assert grade(classroom / "submitted", "--out", out) == 0
    assert "1 of 4 are graded already" in capsys.readouterr().err
    assert (out / "alice/level-2/result.json").stat().st_mtime_ns == written
    assert json.loads((out / "bob/level-2/result.json").read_text())["points"] == 15


def test_a_changed_notebook_is_graded_again(classroom):
    out = classroom / "graded"
    grade(classroom / "submitted/zoe/level-2.ipynb", "--out", out)
    (classroom / "submitted/zoe/level-2.ipynb").write_bytes(notebook(solution("hand-off")))
    grade(classroom / "submitted/zoe/level-2.ipynb", "--out", out)
    (result,) = json.loads((out / "results.json").read_text())
    assert result["points"] == EXERCISES["hand-off"].points


def test_a_crash_of_the_grader_costs_one_submission(classroom, monkeypatch):
    def grade_one(submission, *rest, **more):
        if submission.student == "bob":
            os.kill(os.getpid(), 9)
        return real(submission, *rest, **more)

    real = grading_process.grade
    monkeypatch.setattr(grading_process, "grade", grade_one)
    out = classroom / "graded"
    assert grade(classroom / "submitted", "--out", out) == 0
    results = {r["student"]: r for r in json.loads((out / "results.json").read_text())}
    assert "failed" in results["bob"]["problem"]
    assert results["alice"]["points"] == results["bob"]["of"] == SHEETS["level-2"].points


def test_without_a_sandbox_it_refuses_in_one_sentence(classroom, monkeypatch, capsys):
    monkeypatch.setenv("PATH", "/nowhere")
    assert grade(classroom / "submitted", "--out", classroom / "graded") == 2
    told = capsys.readouterr().err
    assert "only in a sandbox" in told and "apt install bubblewrap" in told and "--trusted" in told
    assert not (classroom / "graded").exists()


def test_without_a_filter_it_refuses_in_one_sentence(classroom, monkeypatch, capsys):
    """The binding for Python raises this when libseccomp is not there."""
    seccomp.program.cache_clear()
    monkeypatch.setitem(sys.modules, "pyseccomp", None)
    assert grade(classroom / "submitted", "--out", classroom / "graded") == 2
    told = capsys.readouterr().err
    assert "needs libseccomp" in told and "apt install bubblewrap libseccomp2" in told
    assert not (classroom / "graded").exists()


def test_root_without_a_cgroup_is_refused(classroom, monkeypatch, capsys):
    made = group.Group.__init__
    monkeypatch.setattr(group.Group, "__init__", lambda self, own=None: made(self, {}))
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    assert grade(classroom / "submitted", "--out", classroom / "graded") == 2
    assert "ordinary user" in capsys.readouterr().err
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    assert grade(classroom / "submitted/zoe", "--out", classroom / "graded") == 0
    assert "watched" in capsys.readouterr().err


def test_a_child_that_is_not_isolated_gets_no_input(classroom, monkeypatch, capsys):
    """The child is started without any sandbox, and cannot prove what is not so."""
    started, command = bubblewrap.start_child, bubblewrap.child_command
    monkeypatch.setattr(bubblewrap, "child_command", lambda _="": command(bubblewrap.INSIDE))
    monkeypatch.setattr(bubblewrap, "start_child", lambda options, group: started(None, group))
    assert grade(classroom / "submitted", "--out", classroom / "graded") == 2
    assert not list((classroom / "graded").rglob("result.json"))


def test_each_doubt_is_enough():
    here = {name: os.readlink(f"/proc/self/ns/{name}") for name in os.listdir("/proc/self/ns")}
    apart = {name: f"{name}:[1]" for name in here}
    options, own = bubblewrap.child_options(["/course"]), bubblewrap.child_command()
    hidden = ["/course"]
    line = ["/usr/bin/bwrap", "--args", "3", "--", *own]
    environment = sorted(f"{name}={value}" for name, value in bubblewrap.ENVIRONMENT.items())
    fine = {
        "namespaces": apart,
        "capabilities": ["", ""],
        "no_new_privs": "1",
        "uid": 65534,
        "devices": ["lo"],
        "writable": [],
        "listings": {"/": ["usr", "tmp", "inside"], "/tmp": [], str(bubblewrap.PACKAGE): []},
        "environments": {"1": [], "self": environment},
        "command_lines": {"1": line, "self": own, "orig_argv": own},
        "keys": False,
        "files": [0, 1, 2, 3, 4],
        "seccomp": "2",
        "allowed": [],
        "limits": LIMITS,
    }
    assert proof.doubts(fine, line, options, hidden) == []
    for name in ("net", "pid", "mnt", "user", "ipc", "uts"):
        found = {**fine, "namespaces": {**apart, name: here[name]}}
        assert proof.doubts(found, line, options, hidden)
    among_libraries = [f"{bubblewrap.libraries()[0]}/course"]
    assert len(proof.doubts(fine, line, options, among_libraries)) == 1
    for wrong in (
        {"capabilities": ["", "1"]},
        {"no_new_privs": "0"},
        {"uid": 0},
        {"devices": ["lo", "eth0"]},
        {"writable": ["/"]},
        {"listings": {**fine["listings"], "/course": ["alice"]}},
        {"listings": {**fine["listings"], str(bubblewrap.PACKAGE): ["grading"]}},
        {"environments": {"1": ["TOKEN=secret"], "self": environment}},
        {"environments": {"1": [], "self": [*environment, "TOKEN=secret"]}},
        {"command_lines": {"1": [*line, "alice.ipynb"], "self": own, "orig_argv": own}},
        {"command_lines": {"1": line, "self": [*own, "alice.ipynb"], "orig_argv": own}},
        {"command_lines": {"1": line, "self": own, "orig_argv": [*own, "alice.ipynb"]}},
        {"keys": True},
        {"files": [0, 1, 2, 3, 4, 5]},
        {"seccomp": "0"},
        {"allowed": ["keyctl"]},
        {"limits": {**LIMITS, "RLIMIT_AS": -1}},
    ):
        assert len(proof.doubts({**fine, **wrong}, line, options, hidden)) == 1, wrong


def test_trusted_says_what_it_means(classroom, monkeypatch, capsys):
    monkeypatch.setenv("PATH", "/nowhere")
    assert grade(classroom / "submitted/alice", "--out", classroom / "g", "--trusted") == 0
    assert "with your rights, on your files and your network" in capsys.readouterr().err


def test_files_that_are_no_notebooks(tmp_path):
    (tmp_path / "link.ipynb").symlink_to("/etc/passwd")
    os.mkfifo(tmp_path / "pipe.ipynb")
    (tmp_path / "folder.ipynb").mkdir()
    (tmp_path / "long.ipynb").touch()
    os.truncate(tmp_path / "long.ipynb", 65 << 20)
    for name, why in {
        "link": "symbolic link",
        "pipe": "not a regular file",
        "nothing": "No such",
        "folder": "not a regular file",
        "long": "longer than",
    }.items():
        with pytest.raises(NotANotebook, match=why):
            read_file(tmp_path / f"{name}.ipynb")
    with pytest.raises(NotANotebook):
        read_file(Path("/dev/zero"))


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"{",
        b"[]",
        b"null",
        b"\xff\xfe{}",
        b'{"cells": 7}',
        b'{"cells": {}}',
        b"[" * 200_000,
        b'{"a":' * 100_000,
        b"9" * 100_000,
        b'{"worksheets": []}',
        b"\x80\x04K\x01.",
        b"PK\x03\x04",
        b'{"cells": [{"cell_type": "code", "source": "' + b"x" * (2 << 20) + b'"}]}',
    ],
    ids=range(14),
)
def test_malformed_notebooks(data):
    with pytest.raises(NotANotebook):
        code_cells(data)


def test_large_outputs_cost_nothing_and_a_bomb_is_refused():
    cell = json.loads(notebook("x = 1"))["cells"][0]
    plot = {"output_type": "display_data", "data": {"image/png": "iVBORw0" * (7 << 20)}}
    book = {"cells": [cell, {**cell, "outputs": [plot]}]}
    assert code_cells(json.dumps(book).encode()) == ["x = 1"] * 2
    for part in (b"[]", b"{}"):
        bomb = b'{"cells": [' + b",".join([part] * 2_000_000) + b"]}"
        with pytest.raises(NotANotebook, match="clear them"):
            code_cells(bomb)


def test_cells_of_wrong_types_are_left_out():
    cells = [
        7,
        None,
        {},
        {"cell_type": "code"},
        {"cell_type": "code", "source": {"a": 1}},
        {"cell_type": "code", "source": ["x", 7]},
        {"cell_type": "markdown", "source": "m"},
        {"cell_type": "code", "source": ["a\n", "b"]},
    ]
    assert code_cells(json.dumps({"cells": cells}).encode()) == ["a\nb"]


def test_release_leaves_no_solution_and_no_test(tmp_path, capsys):
    began = time.monotonic()
    assert release("--out", tmp_path) == 0
    assert time.monotonic() - began < 5
    printed = capsys.readouterr().out
    for name, sheet in SHEETS.items():
        text = (tmp_path / f"{name}.ipynb").read_text()
        assert not re.search("(BEGIN|END) (SOLUTION|HIDDEN)", text)
        assert "grading import points" not in text
        assert text.count("NotImplementedError") == sum(len(e.functions) for e in sheet.exercises)
        assert f"{name}.ipynb: {sheet.points} points" in printed


def test_a_released_sheet_handed_in_as_it_is_gets_nothing(tmp_path, sandboxed):
    release("level-1", "--out", tmp_path / "alice")
    grade(tmp_path / "alice", "--out", tmp_path / "graded")
    (result,) = json.loads((tmp_path / "graded/results.json").read_text())
    assert result["points"] == 0 and result["of"] == SHEETS["level-1"].points


def test_a_marker_without_partner_is_not_released():
    book = json.loads(notebook("def f():\n    ### BEGIN SOLUTION\n    return 42\n"))
    with pytest.raises(ValueError, match="no partner"):
        student_version(book)


def test_sheets_and_checks_agree():
    """Every exercise is on a sheet of its level, with the points that its properties are worth."""
    asked = [exercise.name for sheet in SHEETS.values() for exercise in sheet.exercises]
    assert sorted(asked) == sorted(EXERCISES) and len(asked) >= 10
    for name, sheet in SHEETS.items():
        assert {f"level-{exercise.level}" for exercise in sheet.exercises} == {name}
        for cell in sheet.notebook["cells"]:
            meta = cell["metadata"].get("nbgrader", {})
            if meta.get("grade"):
                assert meta["points"] == EXERCISES[meta["grade_id"].removesuffix("-check")].points


def test_an_unknown_sheet_is_named(capsys):
    assert release("level-9") == 2
    assert "level-9" in capsys.readouterr().err
    assert grade("nothing.ipynb", "--exercises", "/nowhere") == 2


@pytest.mark.parametrize("name", EXERCISES)
def test_a_self_check_is_practice(name):
    from oomlab.grading import check

    namespace = {}
    exec(solution(name), namespace)
    practice = check(name, *(namespace[f] for f in EXERCISES[name].functions))
    n = len(EXERCISES[name].properties)
    assert repr(practice).startswith(f"{name}: visible checks passed: {n} of {n}")
    assert "point" not in repr(practice).split("\n")[0] and "grade" not in repr(practice)
    with pytest.raises(ValueError, match="call it as"):
        check(name)
