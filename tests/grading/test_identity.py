"""Every mark reaches the right person: names, folders, archives, rosters, and what lies about."""

import argparse
import csv
import io
import json
import unicodedata
import zipfile
from pathlib import Path

import pytest
from handing_in import SHEETS, notebook, solution
from hypothesis import given, settings
from hypothesis import strategies as st
from wide import examples

from oomlab.grading.checks import EXERCISES
from oomlab.grading.course import teacher
from oomlab.grading.course.collect import collect
from oomlab.grading.course.exercise_sheets import asked_of_the_class, assign
from oomlab.grading.course.identity import Roster, Student, Unclear, written
from oomlab.grading.course.submissions import NotANotebook

SHEET_NAMES = list(SHEETS)
EMPTY = notebook("x = 1")
GOOD = notebook(solution("hand-off"))
CLASS = ["Łukasz Żółć", "山田 太郎", "Олена Шевченко", "محمد علی‌رضا", "José Núñez"]


@pytest.fixture(autouse=True)
def at_the_root(monkeypatch):
    monkeypatch.chdir(Path(__file__).parents[2])


def folder(top, *names):
    for name in names:
        path = top / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(EMPTY)
    return top


class FromMac(zipfile.ZipInfo):
    """A name in UTF-8, decomposed, and no flag that says so."""

    def _encodeFilenameFlags(self):
        return unicodedata.normalize("NFD", self.filename).encode(), 0


def zipped(path, *names, data=EMPTY, entry=zipfile.ZipInfo):
    path.parent.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(path, "w") as archive:
        for name in names:
            archive.writestr(entry(name), data)
    return path


def who(*given, roster=None):
    """{student: name of the file}, and what was left out."""
    found = collect([str(word) for word in given], SHEET_NAMES, roster)
    return [one.student.id for one in found.handed], found.left_out


@pytest.mark.parametrize(
    ("name", "student"),
    [
        ("alice.ipynb", "alice"),
        ("alice/level-2.ipynb", "alice"),
        ("alice/level-2/level-2.ipynb", "alice"),
        ("submitted/alice/level-2/level-2.ipynb", "alice"),
        ("alice/Homework 3.ipynb", "alice"),
        ("20231234/level-2.ipynb", "20231234"),
        ("20231234.ipynb", "20231234"),
        ("level-2-alice.ipynb", "alice"),
        ("Alice_Liddell_level_2.ipynb", "Alice_Liddell"),
        ("Ana Kovač_123_assignsubmission_file_/My Level 1.ipynb", "Ana Kovač_123"),
        ("Ana Kovač_123_assignsubmission_file/sub/x.ipynb", "Ana Kovač_123"),
        ("Ana Kovač_123_assignsubmission_file_Untitled.ipynb", "Ana Kovač_123"),
        ("CS-1 Level 2/Ana Kovač_123_assignsubmission_file_/a.ipynb", "Ana Kovač_123"),
        ("kovačana_4711_99817_level-2-1.ipynb", "kovačana_4711"),
        ("kovačana_LATE_4711_99817_Untitled.ipynb", "kovačana_4711"),
        ("anon_5Xy2z_99817_level-2.ipynb", "anon_5Xy2z"),
        ("LATE_anon_5Xy2z_99818_level-2.ipynb", "anon_5Xy2z"),
        ("alice+level-2+2026-11-26 10:00:00.1 UTC+Xy1/level-2.ipynb", "alice"),
        ("山田 太郎/level-2.ipynb", "山田 太郎"),
    ],
)
def test_whose_it_is(tmp_path, name, student):
    """In a folder, in an archive, and in one from a Mac the rule says the same."""
    expected = [unicodedata.normalize("NFC", student)]
    assert who(folder(tmp_path / "submitted", name))[0] == expected
    assert who(zipped(tmp_path / "class.zip", name))[0] == expected
    assert who(zipped(tmp_path / "mac/class.zip", f"class/{name}", entry=FromMac))[0] == expected


def test_given_one_by_one(tmp_path):
    top = folder(tmp_path / "submitted", "alice/level-2.ipynb", "bob/level-2/level-2.ipynb")
    assert who(top / "alice")[0] == who(top / "alice/level-2.ipynb")[0] == ["alice"]
    assert who(top / "bob")[0] == who(top / "bob/level-2/level-2.ipynb")[0] == ["bob"]
    assert who(zipped(tmp_path / "carol.zip", "level-2.ipynb"))[0] == ["carol"]
    assert who(zipped(tmp_path / "carol (1).zip", "carol/level-2.ipynb"))[0] == ["carol"]


@pytest.mark.parametrize(
    "name",
    [
        "level-2.ipynb",
        "Untitled.ipynb",
        "Untitled7.ipynb",
        "level-2 (1).ipynb",
        "level-2-Copy1.ipynb",
        "homework.ipynb",
        "x/alice/bob/level-2.ipynb",
        "notes.pdf",
    ],
)
def test_where_nothing_says_whose_it_is_the_file_is_named_and_the_rest_goes_on(tmp_path, name):
    top = folder(tmp_path / "submitted", name, "carol/level-2.ipynb")
    students, left_out = who(top)
    assert students == ["carol"] and len(left_out) == 1
    assert left_out[0][0].endswith(name) and left_out[0][1]


@pytest.mark.parametrize(
    "names",
    [
        ("class/alice/level-2.ipynb", "class/bob/level-2.ipynb"),
        ("class/Ana_1_assignsubmission_file_/x.ipynb", "class/Bo_2_assignsubmission_file_/x.ipynb"),
        ("class/Ana_1_assignsubmission_file_/x.ipynb",),
    ],
)
def test_a_stray_notebook_beside_the_students_folders_is_nobodys(tmp_path, names):
    """Renamed, the archive does not say any more that the folder in it is the class's."""
    for place in (
        folder(tmp_path / "s", *names, "class/Untitled.ipynb"),
        zipped(tmp_path / "download.zip", *names, "class/Untitled.ipynb", entry=FromMac),
    ):
        students, left_out = who(place)
        assert len(students) == len(names) and "class" not in students
        assert [Path(source).name for source, _ in left_out] == ["Untitled.ipynb"]


def test_what_mac_and_jupyter_leave_behind_is_nobody(tmp_path):
    rubbish = [".DS_Store", "alice/.ipynb_checkpoints/level-2-checkpoint.ipynb", "alice/Thumbs.db"]
    rubbish += ["__MACOSX/alice/._level-2.ipynb", "alice/._level-2.ipynb"]
    assert who(folder(tmp_path / "a", "alice/level-2.ipynb", *rubbish)) == (["alice"], [])
    archive = zipped(tmp_path / "class.zip", "alice/level-2.ipynb", *rubbish, entry=FromMac)
    assert who(archive) == (["alice"], [])


def test_a_folder_of_archives(tmp_path):
    """Each is one student's, whatever lies in it; or it is a class by the names in it."""
    zipped(tmp_path / "s/alice.zip", "alice/level-2.ipynb")
    zipped(tmp_path / "s/bob.zip", "bob_9_assign/hw/level-2.ipynb", "__MACOSX/._level-2.ipynb")
    zipped(tmp_path / "s/course.zip", "Ana_7_assignsubmission_file_/level-2.ipynb")
    inner = zipped(tmp_path / "inner.zip", "Dora_8_assignsubmission_file_/x.ipynb").read_bytes()
    with zipfile.ZipFile(tmp_path / "s/group.zip", "w") as archive:
        archive.writestr("Carl_5_assignsubmission_file_/work.zip", inner)
    (tmp_path / "s/damaged.zip").write_bytes(b"PK but no archive")
    students, left_out = who(tmp_path / "s")
    assert students == ["alice", "bob", "Ana_7", "Carl_5"]
    assert [why for _, why in left_out] == ["the archive is damaged (BadZipFile)"]


def test_who_handed_in_what_is_no_notebook_is_named(tmp_path):
    """In the archive of a course system, in folders, and as an archive; and no file is a person."""
    top = folder(
        tmp_path / "s",
        *("alice/level-2.ipynb", "bob/report.pdf", "README.md", "Ea_5_assignsubmission_file_/a.py"),
    )
    (top / "carol.zip").write_bytes(b"PK but no archive")
    zipped(top / "dan.zip")
    zipped(top / "eve.zip", "__MACOSX/._level-2.ipynb", "eve/.DS_Store")
    zipped(top / "fay.zip", "fay/notes.txt")
    found = collect([str(top)], SHEET_NAMES)
    assert [one.student.id for one in found.handed] == ["alice"]
    assert sorted(found.people) == ["Ea_5", "alice", "bob", "carol", "dan", "eve", "fay"]
    assert sorted(Path(source).name[-9:] for source, _ in found.left_out) == sorted(
        ["README.md", "eport.pdf", "a.py", "carol.zip", "dan.zip", "eve.zip", "notes.txt"]
    )
    archive = zipped(tmp_path / "a.zip", "Gil_7_assignsubmission_file_/report.pdf", "x/logo.png")
    assert [*collect([str(archive)], SHEET_NAMES).people] == ["Gil_7"]
    flat = folder(tmp_path / "flat", "alice.ipynb", "images/logo.png", "bob.pdf")
    assert [*collect([str(flat)], SHEET_NAMES).people] == ["alice"]


def test_a_notebook_without_a_name_among_others_is_not_that_of_their_folder(tmp_path):
    names = ["alice.ipynb", "bob.ipynb", "level-2.ipynb", "test/level-2.ipynb", "v3/level-2.ipynb"]
    for place in (folder(tmp_path / "cs101", *names), zipped(tmp_path / "cs102.zip", *names)):
        students, left_out = who(place)
        assert students == ["alice", "bob"], place
        assert {why for _, why in left_out} == {"neither its name nor its folder says whose it is"}
    roster = Roster("student\nalice\nbob\ncs101\n")
    assert who(tmp_path / "cs101", roster=roster)[0] == ["alice", "bob"]


def test_a_class_archive_of_canvas_in_a_folder_is_a_class(tmp_path):
    names = ["kovačana_4711_9_level-2.ipynb", "bo_LATE_4712_8_Untitled.ipynb"]
    zipped(tmp_path / "s/submissions.zip", *names)
    assert who(tmp_path / "s")[0] == ["kovačana_4711", "bo_4712"]
    zipped(tmp_path / "one/mallory_1_2_work.zip", *names)  # a student's, by Canvas's own name
    assert set(who(tmp_path / "one")[0]) == {"mallory_1"}


def test_a_name_may_have_any_mark(tmp_path):
    for name in ("Deep_Er Name", "O'Brien-Ng, Seán", "_x_", "Ünal 3"):
        place = folder(tmp_path / "s", f"{name}_113_assignsubmission_file_/sub/dir/a.ipynb")
        assert f"{name}_113" in who(place)[0], name


CLAIMS = [  # what a student may call a file or a folder
    "bob_7_assignsubmission_file_level-2.ipynb",
    "bob_7_assignsubmission_file_/level-2.ipynb",
    "bob+level-2+2099-01-01 10:00:00 UTC/level-2.ipynb",
    "bob+level-2+2099-01-01 10:00:00 UTC.ipynb",
]


def test_no_name_inside_a_students_folder_makes_it_a_neighbours(tmp_path):
    """That student alone is refused, or graded as who it is; the neighbour is not touched."""
    rosters = (None, Roster("student,name\nalice,A\nbob,B\ncarol,C\n"))
    for number, claim in enumerate(CLAIMS):
        top = folder(tmp_path / f"{number}/submitted", f"alice/{claim}", "bob/level-2.ipynb")
        archive = zipped(tmp_path / f"{number}.zip", f"alice/{claim}", "bob/level-2.ipynb")
        for roster in rosters:
            for words in ((top,), (top / "alice", top / "bob"), (archive,)):
                found = collect(list(map(str, words)), SHEET_NAMES, roster)
                of_bob = [one.submission.source for one in found.handed if one.student.id == "bob"]
                assert len(of_bob) == 1 and "alice" not in of_bob[0], (claim, words)
            alone = who(top / "alice", roster=roster)[0]  # bob's results may lie there already
            assert "bob" not in alone, claim
    flat = [f"alice_4711_99_{claim}" for claim in CLAIMS if "/" not in claim]
    for name in flat:
        students = who(folder(tmp_path / name[-30:], name, "bob_7_98_level-2.ipynb"))[0]
        assert sorted(students) == ["alice_4711", "bob_7"], name


def test_a_word_that_is_no_file_makes_no_student(tmp_path):
    students, left_out = who(tmp_path / "alcie.ipynb", folder(tmp_path / "s", "bob.ipynb"))
    assert students == ["bob"] and left_out[0][1] == "there is no such file or folder"


def test_links_are_refused_and_not_followed(tmp_path):
    top = folder(tmp_path / "submitted", "alice/level-2.ipynb")
    (top / "bob").symlink_to("/usr")
    (top / "carol.zip").symlink_to("/dev/zero")
    (top / "dave").mkdir()
    (top / "dave/level-2.ipynb").symlink_to("/etc/passwd")
    found = collect([str(top)], SHEET_NAMES)
    assert [one.student.id for one in found.handed] == ["alice", "dave"]
    assert all("symbolic link" in why for _, why in found.left_out) and len(found.left_out) == 2
    with pytest.raises(NotANotebook, match="symbolic link"):
        found.handed[1].submission.read()


ROSTER = """student,name,email,moodle
alice,Alice Liddell,alice@example.org,101
yamada,山田 太郎,taro@example.org,102
lukasz,Łukasz Żółć,l@example.org,103
ana1,Ana Kovač,a1@example.org,104
ana2,Ana Kovač,a2@example.org,105
"""


@pytest.mark.parametrize(
    ("name", "student"),
    [
        ("ALICE/level-2.ipynb", "alice"),
        ("whatever/alice liddell/level-2.ipynb", "alice"),
        ("taro@example.org.ipynb", "yamada"),
        ("山田 太郎_102_assignsubmission_file_/x.ipynb", "yamada"),
        ("żółćłukasz_103_55_level-2.ipynb", "lukasz"),
        ("żółćłukasz_9999_55_level-2.ipynb", "lukasz"),
        ("Ana Kovač_105_assignsubmission_file_/x.ipynb", "ana2"),
        ("Ana Kovač_1_assignsubmission_file_/x.ipynb", None),
        ("Alice Liddell_102_assignsubmission_file_/x.ipynb", None),
        ("Ana Kovač.ipynb", None),
        ("Mallory.ipynb", None),
    ],
)
def test_with_a_roster_only_its_students_exist(tmp_path, name, student):
    students, left_out = who(folder(tmp_path / "s", name), roster=Roster(ROSTER))
    assert students == ([student] if student else [])
    assert len(left_out) == (0 if student else 1)


def test_a_number_is_looked_for_among_numbers_only():
    """A seat is no number of Moodle's, and a table with semicolons is a table."""
    roster = Roster("student;name;seat;moodle\nalice;Alice Liddell;105;7\nbob;Bob;9;\n")
    with pytest.raises(Unclear, match="no student Carol"):
        roster.owner([], ["Carol_105_assignsubmission_file_", "x.ipynb"], [])
    assert roster.owner([], ["Al_7_assignsubmission_file_", "x.ipynb"], []).id == "alice"
    assert roster.find("bob").name == "Bob"


def test_a_roster_may_have_empty_lines_and_what_excel_writes():
    table = "student,name\nalice,A\n\nbob,B\n , \n"
    odd = ["\n\n" + table, "\ufeffsep=,\n" + table, table.replace("\n", "\r\n"), " \n" + table]
    for text in [*odd, "sep=;\r\n" + table.replace(",", ";").replace("\n", "\r\n")]:
        assert [(s.id, s.name) for s in Roster(text).students] == [("alice", "A"), ("bob", "B")]
    for text in ("\n\n", "sep=;\n", ",,,\n,,,\n"):
        with pytest.raises(ValueError, match="needs a line"):
            Roster(text)


def test_an_archive_of_an_old_windows_tool(tmp_path):
    assert who(zipped(tmp_path / "class.zip", "alice\\level-2.ipynb"))[0] == ["alice"]


def test_worksheets_of_moodle_and_canvas_are_rosters():
    moodle = Roster(
        "\ufeffIdentifier,Full name,Email address,Status,Grade\n"
        "Participant 7,Ana Kovač,a@x.org,Submitted,-\nParticipant 8,Bo,b@x.org,Submitted,-\n"
    )
    assert moodle.owner([], ["Ana Kovač_7_assignsubmission_file_", "x.ipynb"], []).number == "7"
    canvas = Roster(
        "Student,ID,SIS User ID,SIS Login ID,Section,HW (55)\n"
        '    Points Possible,,,,,10\n"Kovač, Ana",42,u1,ana,S1,\n"Bo, Al",43,u2,albo,S1,\n'
    )
    assert canvas.owner([], ["kovačana_42_7_hw.ipynb"], []).id == "42"
    assert canvas.owner([], ["boal_LATE_99_7_hw.ipynb"], []).row["SIS Login ID"] == "albo"
    for text, why in {"": "line", "a,b\n1,2\n1,3\n": "two students"}.items():
        with pytest.raises(ValueError, match=why):
            Roster(text)


def assigned(*given, sheets=SHEET_NAMES[1:2]):
    found = collect([str(word) for word in given], SHEET_NAMES)
    work = assign(found, [SHEETS[name] for name in sheets])
    pairs = [(s.student, sheet.name, Path(s.source).name) for s, sheet in work]
    return pairs, found.left_out


def test_one_notebook_for_each_student_and_sheet(tmp_path):
    top = folder(
        tmp_path / "s",
        *("alice/level-1.ipynb", "alice/level-2.ipynb", "alice/Untitled.ipynb"),
        *("bob/level-1.ipynb", "carol/Untitled.ipynb", "dan/level-2.ipynb"),
    )
    assert [(s, sheet) for s, sheet, _ in assigned(top, sheets=["level-1", "level-2"])[0]] == [
        ("alice", "level-1"),
        ("alice", "level-2"),
        ("bob", "level-1"),
        ("dan", "level-2"),
    ]
    pairs, left_out = assigned(top)
    assert pairs == [  # bob handed in another sheet: it is graded as what the class has
        ("alice", "level-2", "level-2.ipynb"),
        ("bob", "level-2", "level-1.ipynb"),
        ("carol", "level-2", "Untitled.ipynb"),
        ("dan", "level-2", "level-2.ipynb"),
    ]
    assert len(left_out) == 2


def test_two_for_one_sheet_are_refused_and_of_an_exchange_the_last_counts(tmp_path):
    top = folder(tmp_path / "s", "alice/a level-2.ipynb", "alice/b level-2.ipynb", "bob/x.ipynb")
    pairs, left_out = assigned(top)
    assert [pair[0] for pair in pairs] == ["bob"]
    assert len(left_out) == 2 and all("keep one" in why for _, why in left_out)
    times = [f"alice+level-2+2026-11-2{n} 10:00:00 UTC/level-2.ipynb" for n in (6, 7, 5)]
    found = collect([str(folder(tmp_path / "inbound", *times))], SHEET_NAMES)
    ((submission, _),) = assign(found, [SHEETS["level-2"]])
    assert "2026-11-27" in submission.source


def test_names_that_look_alike_are_refused(tmp_path):
    top = folder(tmp_path / "s", "Anna.ipynb", "anna.ipynb", "bob.ipynb")
    pairs, left_out = assigned(top)
    assert [pair[0] for pair in pairs] == ["bob"] and len(left_out) == 2


def test_the_teacher_says_which_sheet_and_never_a_student():
    sheets = list(SHEETS.values())
    assert [s.name for s in asked_of_the_class(sheets, ["level-1"], {"level-2"})] == ["level-1"]
    assert [s.name for s in asked_of_the_class(sheets, [], {"level-2"})] == ["level-2"]
    for told in (set(), {"level-1", "level-2"}):
        with pytest.raises(ValueError, match="--sheet"):
            asked_of_the_class(sheets, [], told)
    with pytest.raises(ValueError, match="no sheet level-9"):
        asked_of_the_class(sheets, ["level-9"], set())


@pytest.mark.parametrize(
    "name",
    [
        "M_1_assignsubmission_file_/level-1.ipynb",
        "m_1_2_level-1.ipynb",
        "M_1_assignsubmission_file_/level-1/level-1.ipynb",
    ],
)
def test_in_an_archive_the_files_say_nothing_about_the_sheet(tmp_path, name):
    found = collect([str(zipped(tmp_path / "course.zip", name))], SHEET_NAMES)
    assert [one.told for one in found.handed] == [None]
    if "/" in name:
        found = collect([str(folder(tmp_path / "s", name))], SHEET_NAMES)
        assert [one.told for one in found.handed] == [None]


@settings(max_examples=examples(150), deadline=None)
@given(st.lists(st.text(min_size=1, max_size=40), min_size=2, max_size=2, unique=True))
def test_two_ids_never_share_a_folder(names):
    one, other = (Student(written(name) or "x", name) for name in names)
    assert (one.folder == other.folder) == (one.id == other.id)
    for student in (one, other):
        assert "/" not in student.folder and "\x1b" not in student.folder
        assert not student.folder.startswith(".") and 0 < len(student.folder.encode()) < 200


def run(*words):
    parser = argparse.ArgumentParser()
    teacher.add_grade_arguments(parser)
    return teacher.grade(parser.parse_args([str(word) for word in words]))


def results(out):
    return {r["student"]: r for r in json.loads((out / "results.json").read_text("utf-8"))}


def test_a_class_in_four_alphabets_from_moodle(tmp_path, sandboxed, capsys):
    names = [f"{name}_{n}_assignsubmission_file_/nb.ipynb" for n, name in enumerate(CLASS, 501)]
    archive = zipped(tmp_path / "OS-Sheet 2-77.zip", *names, data=GOOD)
    out = tmp_path / "graded"
    assert run(archive, "--sheet", "level-2", "--out", out) == 0
    worksheet = csv.DictReader(io.StringIO((out / "moodle-level-2.csv").read_text("utf-8")))
    marks = {row["Full name"]: (row["Identifier"], row["Grade"]) for row in worksheet}
    points = str(EXERCISES["hand-off"].points)
    assert marks == {name: (f"Participant {n}", points) for n, name in enumerate(CLASS, 501)}
    for n, name in enumerate(CLASS, 501):
        page = next(out.glob(f"{name}_{n}*/feedback.html")).read_text("utf-8")
        assert f"level-2: {name}" in page
    assert "handed in the same text" not in capsys.readouterr().out


def test_one_at_a_time_into_one_folder_overwrites_nothing(tmp_path, sandboxed):
    out = tmp_path / "graded"
    for name in ("alice", "bob"):
        folder(tmp_path, f"{name}/level-2.ipynb")
        assert run(tmp_path / name / "level-2.ipynb", "--out", out) == 0
    folder(tmp_path, "alice/level-1.ipynb")
    assert run(tmp_path / "alice/level-1.ipynb", "--out", out) == 0
    both = [(r["student"], r["sheet"]) for r in json.loads((out / "results.json").read_text())]
    assert both == [("alice", "level-1"), ("alice", "level-2"), ("bob", "level-2")]
    page = (out / "alice/feedback.html").read_text()
    assert "level-1: alice" in page and "level-2: alice" in page and "bob" not in page


def test_what_hostile_names_do_to_a_terminal(tmp_path, sandboxed, capsys):
    folder(
        tmp_path / "s", "al\x1b[31mice/level-2.ipynb", "\x1b]0;pwned\x07.ipynb", "b\u202eob.ipynb"
    )
    (tmp_path / "s").joinpath("bad\udcff.ipynb").write_bytes(EMPTY)
    run(tmp_path / "s", "--sheet", "level-2", "--out", tmp_path / "graded", "--csv")
    shown = capsys.readouterr()
    for text in (shown.out, shown.err, (tmp_path / "graded/results.csv").read_text("utf-8")):
        assert not any(bad in text for bad in "\x1b\x07\u202e\udcff")
    assert all(path.name.isprintable() for path in (tmp_path / "graded").rglob("*"))


def test_roster_students_without_a_notebook_are_in_the_table(tmp_path, sandboxed, capsys):
    (tmp_path / "roster.csv").write_text(ROSTER, "utf-8")
    folder(tmp_path / "s", "alice.ipynb", "mallory.ipynb")
    words = (tmp_path / "s", "--sheet", "level-2", "--roster", tmp_path / "roster.csv")
    assert run(*words, "--out", tmp_path / "graded") == 0
    rows = results(tmp_path / "graded")
    assert len(rows) == 5 and "Nothing was handed in" in rows["ana2"]["problem"]
    said = capsys.readouterr().err
    assert "the roster has no student of this name" in said
    assert "level-2: 1 student," in said and "no grade for 4: " in said
    folder(tmp_path / "later", "ana2.ipynb")
    run(tmp_path / "later", *words[1:], "--out", tmp_path / "graded")
    rows = results(tmp_path / "graded")
    assert rows["alice"]["notebook"] and rows["ana2"]["notebook"]  # none takes another's place
    assert len(rows) == 5 and not rows["yamada"]["notebook"]


def test_who_got_no_grade_is_told_with_the_reason(tmp_path, sandboxed, capsys):
    """Whatever the reason is: two that fit, two who look alike, what is no notebook."""
    (tmp_path / "roster.csv").write_text("student\nalice\nbob\ncarol\nann\n", "utf-8")
    names = ("alice/a.ipynb", "alice/b.ipynb", "bob/level-2.ipynb", "carol/report.pdf")
    folder(tmp_path / "s", *names)
    words = (tmp_path / "s", "--sheet", "level-2", "--out", tmp_path / "graded")
    for roster in ((), ("--roster", tmp_path / "roster.csv")):
        assert run(*words, *roster) == 1
        said = capsys.readouterr().err
        assert "NOT GRADED: alice, carol; the reasons are above" in said
        assert "carol/report.pdf: it is neither" in said and "alice has more than one" in said
        rows = results(tmp_path / "graded")
        assert "could not be graded" in rows["carol"]["problem"]
        assert "could not be graded" in rows["alice"]["problem"]
    assert "Nothing was handed in" in rows["ann"]["problem"]


def test_who_lacks_one_of_two_sheets_is_told(tmp_path, sandboxed):
    folder(tmp_path / "s", "alice/level-1.ipynb", "alice/level-2.ipynb", "bob/level-1.ipynb")
    two = ("--sheet", "level-1", "--sheet", "level-2")
    assert run(tmp_path / "s", *two, "--out", tmp_path / "graded") == 0
    everything = json.loads((tmp_path / "graded/results.json").read_text())
    told = {(r["student"], r["sheet"]): r["problem"] for r in everything}
    assert told["bob", "level-2"] == "Nothing was handed in for this sheet."
    assert [key for key, problem in told.items() if problem] == [("bob", "level-2")]
