"""What one student hands in changes nothing for the others, and nothing about what is asked."""

import argparse
import io
import json
import os
import sysconfig
import zipfile
from pathlib import Path

import pytest
from handing_in import notebook, solution

from oomlab.grading.checks import EXERCISES
from oomlab.grading.course import teacher
from oomlab.grading.course.teacher_folders import teachers_folders
from oomlab.grading.sandbox import bubblewrap

pytestmark = pytest.mark.usefixtures("sandboxed")
RIGHT = notebook(solution("badness"))
POINTS = EXERCISES["badness"].points
LIBRARIES = sysconfig.get_path("purelib")


@pytest.fixture(autouse=True)
def exercises(tmp_path):
    """Two short sheets; the class has the second."""
    put(tmp_path / "exercises" / "level-1.ipynb", notebook('check("find-cycle", find_cycle)'))
    put(tmp_path / "exercises" / "level-2.ipynb", notebook('check("badness", oom_badness)'))
    return tmp_path / "exercises"


def grade(*words):
    parser = argparse.ArgumentParser()
    teacher.add_grade_arguments(parser)
    words = [str(word) for word in words]
    folder = Path(words[-1]).parent / "exercises"
    return teacher.grade(parser.parse_args([*words, "--exercises", str(folder)]))


def points(out):
    """{student: (points, of)} of all that was graded."""
    results = json.loads((out / "results.json").read_text())
    return {result["student"]: (result["points"], result["of"]) for result in results}


@pytest.fixture
def submitted(tmp_path):
    """Alice and Bob, who are right."""
    for name in ("alice", "bob"):
        put(tmp_path / "submitted" / name / "level-2.ipynb", RIGHT)
    return tmp_path / "submitted"


def put(path, data=RIGHT):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)


def zipped(members):
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w") as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return data.getvalue()


def link(path, target):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.symlink_to(target)


LINKS = {
    "to a library": lambda s: link(s / "eve" / "level-2.ipynb", f"{LIBRARIES}/sympy/__init__.py"),
    "a folder of a library": lambda s: link(s / "eve", f"{LIBRARIES}/sympy"),
    "the libraries": lambda s: link(s / "eve" / "level-2.ipynb", LIBRARIES),
    "to /dev/null": lambda s: link(s / "eve" / "level-2.ipynb", "/dev/null"),
    "to itself": lambda s: link(s / "eve" / "level-2.ipynb", "level-2.ipynb"),
    "a folder in itself": lambda s: link(s / "eve" / "eve", "../eve"),
    "to nothing": lambda s: link(s / "eve" / "level-2.ipynb", "nowhere"),
    "to a neighbour": lambda s: link(s / "eve" / "level-2.ipynb", "../alice/level-2.ipynb"),
    "a neighbour's folder": lambda s: link(s / "eve", "alice"),
    "to all": lambda s: link(s / "eve" / "level-2.ipynb", "/"),
    "to the interpreter": lambda s: link(s / "eve" / "level-2.ipynb", "/usr/bin/python3"),
    "an archive that is a link": lambda s: link(s / "eve" / "level-2.zip", "/dev/zero"),
    "a link in an archive": lambda s: put(s / "eve" / "level-2.zip", archive_with_link()),
    "a pipe": lambda s: ((s / "eve").mkdir(), os.mkfifo(s / "eve" / "level-2.ipynb")),
    "a folder named like a notebook": lambda s: (s / "eve" / "level-2.ipynb").mkdir(parents=True),
}


def archive_with_link():
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w") as archive:
        info = zipfile.ZipInfo("level-2.ipynb")
        info.external_attr = 0o120777 << 16
        archive.writestr(info, "../alice/level-2.ipynb")
    return data.getvalue()


@pytest.mark.parametrize("words", ["the folder", "each by name"])
@pytest.mark.parametrize("name", LINKS)
def test_a_link_is_refused_for_that_student_alone(name, words, submitted, tmp_path, capsys):
    LINKS[name](submitted)
    given = [submitted] if words == "the folder" else sorted(submitted.glob("*/level-2.*"))
    assert grade(*given, "--sheet", "level-2", "--out", tmp_path / "graded") in (0, 1)
    got = points(tmp_path / "graded")
    assert got["alice"] == got["bob"] == (POINTS, POINTS)
    assert got.get("eve", (0, 0))[0] == 0
    told = capsys.readouterr().err
    assert "install bubblewrap" not in told.lower() and "Traceback" not in told


def test_folders_are_the_teachers_or_nobodys(tmp_path):
    """What is covered follows from what was typed: a link below it is not resolved."""
    (tmp_path / "class" / "alice").mkdir(parents=True)
    link(tmp_path / "class" / "eve", "/usr/lib")
    link(tmp_path / "mine", tmp_path / "class")
    folders = teachers_folders([tmp_path / "class/alice/x.ipynb", tmp_path / "class/eve/x.ipynb"])
    assert folders == [str(tmp_path / "class")]
    assert teachers_folders([tmp_path / "mine/alice", tmp_path / "mine/eve"]) == folders
    assert teachers_folders([tmp_path / "class/eve"]) == folders


def test_a_course_beside_the_libraries_is_covered_and_among_them_refused():
    inside = os.path.join(LIBRARIES, "a-course")
    assert f"--tmpfs {inside}" in " ".join(bubblewrap.options([inside]))
    with pytest.raises(bubblewrap.NoSandbox, match="move the course"):
        bubblewrap.options(["/usr"])


EASIER = {
    "named like an easier one": {"mallory/level-1.ipynb": "level-1"},
    "both": {"mallory/level-1.ipynb": "level-1", "mallory/level-2.ipynb": "empty"},
    "in a folder named like it": {"mallory/level-1/level-1.ipynb": "level-1"},
    "its checks only": {"mallory/level-2.ipynb": "level-1"},
}


@pytest.mark.parametrize("name", EASIER)
def test_nobody_chooses_an_easier_sheet(name, submitted, tmp_path, capsys):
    solved = [solution("find-cycle")]
    checks = ['from oomlab.grading import check\ncheck("find-cycle", find_cycle)']
    for path, what in EASIER[name].items():
        put(submitted / path, notebook(*solved, *checks) if what == "level-1" else notebook("1"))
    assert grade(submitted, "--sheet", "level-2", "--out", tmp_path / "graded") in (0, 1)
    got = points(tmp_path / "graded")
    assert got["alice"] == got["bob"] == (POINTS, POINTS)
    assert got.get("mallory", (0, POINTS)) == (0, POINTS)


def test_without_being_told_the_sheet_is_never_guessed_from_a_students_file(submitted, tmp_path):
    put(submitted / "mallory" / "level-1.ipynb", notebook("1"))
    assert grade(submitted, "--out", tmp_path / "graded") == 2
    assert not (tmp_path / "graded" / "results.json").exists()


FOR_OTHERS = {
    "an archive with a neighbour's folder": {"alice/level-2.ipynb": notebook("1")},
    "an archive in the way of Moodle": {
        "alice_1_assignsubmission_file_/level-2.ipynb": notebook("1"),
        "Alice_1_assignsubmission_file_/level-2.ipynb": notebook("1"),
    },
    "an archive in the way of nbgrader": {
        "alice+level-2+2026-11-26 10:00:00 UTC/level-2.ipynb": notebook("1"),
        "alice+level-2+2036-11-26 10:00:00 UTC/level-2.ipynb": notebook("1"),
    },
    "an archive of one who looks alike": {
        "ALICE+level-2+2036-11-26 10:00:00 UTC/level-2.ipynb": notebook("1"),
        "a\u200dlice+level-2+2036-11-26 10:00:00 UTC/level-2.ipynb": notebook("1"),
        "bob_1_assignsubmission_file_/bob.ipynb": notebook("1"),
    },
    "an archive that climbs": {"../alice/level-2.ipynb": notebook("1")},
    "an archive in an archive": {
        "class.zip": zipped({"alice_1_assignsubmission_file_/level-2.ipynb": notebook("1")})
    },
}


@pytest.mark.parametrize("place", ["mallory/level-2.zip", "mallory.zip"])
@pytest.mark.parametrize("name", FOR_OTHERS)
def test_nobody_hands_in_for_a_neighbour(name, place, submitted, tmp_path):
    put(submitted / place, zipped(FOR_OTHERS[name]))
    assert grade(submitted, "--sheet", "level-2", "--out", tmp_path / "graded") in (0, 1)
    got = points(tmp_path / "graded")
    assert got["alice"] == got["bob"] == (POINTS, POINTS)


def test_what_is_read_inside_names_no_neighbour(submitted, tmp_path):
    source = """
def oom_badness(task, totalpages):
    import os
    said = []
    for name in ("environ", "cmdline", "mountinfo", "maps"):
        for pid in ("1", "self"):
            said.append(open(f"/proc/{pid}/{name}").read())
    found = [n for n in ("alice", "bob", "seed", "submitted", "graded") if n in " ".join(said)]
    raise ValueError(f"found {found}")
"""
    put(submitted / "eve" / "level-2.ipynb", notebook(source))
    grade(submitted, "--sheet", "level-2", "--out", tmp_path / "graded")
    results = json.loads((tmp_path / "graded" / "results.json").read_text())
    (eve,) = (result for result in results if result["student"] == "eve")
    examples = [p["example"] for e in eve["exercises"] for p in e["properties"]]
    assert any("found []" in example for example in examples)
