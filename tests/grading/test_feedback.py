"""What comes back: a student can act on it, a teacher sees the class, and programs can read it."""

import argparse
import csv
import io
import json
import re
from _thread import interrupt_main
from pathlib import Path
from threading import Timer

import pytest
from handing_in import SHEETS, hand_in, notebook, solution
from mistakes.hand_off import MISTAKES, SLOT

from oomlab.grading import check
from oomlab.grading.checks import EXERCISES
from oomlab.grading.course import grade_one as grading
from oomlab.grading.course import teacher
from oomlab.grading.course.exports import as_canvas_csv, gradescope
from oomlab.grading.course.feedback import html_page, markdown_page
from oomlab.grading.course.identity import Roster
from oomlab.grading.course.summary import equal_answers, histogram, html_summary, in_letters
from oomlab.grading.example_text import table

pytestmark = pytest.mark.usefixtures("sandboxed")
SELFISH = "def zone_watermark_ok(task, zone):\n    return zone['free'] > 0\n"
NO_PRIORITY = "def zone_watermark_ok(task, zone):\n    return zone['free'] > zone['min']\n"


@pytest.fixture(autouse=True)
def at_the_root(monkeypatch):
    monkeypatch.chdir(Path(__file__).parents[2])


def forms(result):
    """HTML, markdown, and what Gradescope shows, as texts."""
    scope = "\n".join(test["output"] for test in gradescope(result)["tests"])
    return html_page([result]), markdown_page(result), scope


def told(result, name):
    return next(f for g in result.exercises for f in g.findings if f.property == name)


def test_the_schedule_is_in_every_form(tmp_path):
    result = hand_in(tmp_path, notebook(SLOT), EXERCISES["hand-off"])
    for text in forms(result):
        assert all(f"({n})" in text for n in range(1, 8))
        assert "cmpxchg(mm" in text and "memcg2 OOM" in text
    assert "same schedule" in forms(result)[2]
    practised = check("hand-off", *functions(SLOT))
    assert "(7)" in repr(practised)
    scrolled = re.findall("<pre ([^>]*)>", practised._repr_html_())
    assert ['tabindex="0"' in style for style in scrolled] == [False, True, False]  # the lanes


def functions(source):
    namespace = {}
    exec(source, namespace)
    return [namespace[name] for name in ("wake_oom_reaper", "oom_reaper")]


def test_a_use_after_free_is_not_told_as_reaping(tmp_path):
    source = solution("hand-off").replace('    yield "mmgrab", mm\n', "")
    finding = told(hand_in(tmp_path, notebook(source), EXERCISES["hand-off"]), "pinned")
    *_, last, end = finding.schedule
    assert "after it was freed" in last["says"] and "finishes" not in last["says"]
    assert "after it was freed" in end["says"] and last["result"] == ""


def test_a_task_that_starves_has_a_lane_and_the_last_line_says_so(tmp_path):
    result = hand_in(tmp_path, notebook(NO_PRIORITY), EXERCISES["priority-allocator"])
    finding = told(result, "dying_get_out")
    starving = [row["thread"] for row in finding.schedule if row["result"] == "refused"]
    assert starving and all(name.startswith("dying") for name in starving)
    end = finding.schedule[-1]
    assert end["thread"] == "" and "for ever" in end["says"]
    assert all(name in end["says"] for name in starving)
    for text in forms(result):
        assert "wait for ever" in text or "waits for ever" in text
        assert all(name in text for name in starving)


def test_nowhere_is_a_raw_tuple(tmp_path):
    for exercise, source in {
        "kill-sharers": solution("kill-sharers").replace('    yield "mark_oom_victim"', "    #"),
        "priority-allocator": SELFISH,
        "hand-off": SLOT,
    }.items():
        for text in forms(hand_in(tmp_path, notebook(source), EXERCISES[exercise])):
            assert not re.search(r"\(&#x27;\w+&#x27;,|\('\w+',", text)


def test_what_a_killer_did_is_a_schedule(tmp_path):
    source = solution("kill-sharers").replace('task["kthread"] or ', "")
    finding = told(hand_in(tmp_path, notebook(source), EXERCISES["kill-sharers"]), "others_live")
    assert finding.message == "SIGKILL was sent to a kernel thread."
    assert "a kernel thread" in [row["result"] for row in finding.schedule]
    assert re.search(r"  -1000 +shares the mm$", finding.example, re.MULTILINE)


def test_did_you_mean(tmp_path):
    source = solution("kill-sharers").replace("def oom_kill_process", "def oom_kil_process")
    result = hand_in(tmp_path, notebook(source), EXERCISES["kill-sharers"])
    for finding in result.exercises[0].findings:
        assert "did you mean `oom_kill_process`?" in finding.message
    result = hand_in(tmp_path, notebook("def other():\n    pass\n"), EXERCISES["kill-sharers"])
    assert "did you mean" not in result.exercises[0].findings[0].message


def test_a_python_list_is_not_shared(tmp_path):
    source = next(other for *_, text, other in MISTAKES if "queue = []" in other)
    result = hand_in(tmp_path, notebook(source), EXERCISES["hand-off"])
    assert "shared through the operations" in told(result, "two_victims").message
    result = hand_in(tmp_path, notebook(SLOT), EXERCISES["hand-off"])
    assert "shared through the operations" not in told(result, "two_victims").message


def run(*words):
    parser = argparse.ArgumentParser()
    teacher.add_grade_arguments(parser)
    return teacher.grade(parser.parse_args([str(word) for word in words]))


@pytest.fixture
def two(tmp_path):
    """Alice is right, Bob has a slot."""
    right = [solution(e.name) for e in SHEETS["level-2"].exercises]
    for name, first in {"alice": right[0], "bob": SLOT}.items():
        path = tmp_path / "s" / name / "level-2.ipynb"
        path.parent.mkdir(parents=True)
        path.write_bytes(notebook(first, *right[1:]))
    return tmp_path


def test_the_class_at_a_glance(two, capsys):
    assert run(two / "s", "--out", two / "g") == 0
    shown = capsys.readouterr().err
    assert "2/2" in shown and "level-2: 2 students" in shown
    assert "1 of 2 lack: Write the hand-off: Nor when three do (bob)" in shown
    assert "kill-sharers: alice, bob handed in the same text" in shown
    assert "hand-off: alice, bob handed in" not in shown
    page = (two / "g/summary.html").read_text()
    assert "Nor when three do" in page and "bob" in page and "<script" not in page
    assert "Equal answers" in page and 'class="bar"' in page


def test_below_a_limit_the_exit_status_is_one(two, capsys):
    words = (two / "s", "--out", two / "g")
    assert run(*words, "--fail-under", 70) == 0
    assert run(*words, "--fail-under", 90) == 1
    assert "Below 90 %: bob" in capsys.readouterr().err
    assert run(two / "s/alice", "--out", two / "g", "--fail-under", "100%") == 0
    assert run(two / "nothing.zip", "--out", two / "g") == 2


def test_after_a_change_of_the_checks_all_is_graded_again_and_says_what_changed(
    two, capsys, monkeypatch
):
    out = two / "g"
    run(two / "s", "--out", out)
    assert run(two / "s", "--out", out) == 0
    assert "2 of 2 are graded already" in capsys.readouterr().err
    monkeypatch.setattr(grading, "checks_version", lambda: "after a bug fix")
    nor_when_three_do = EXERCISES["hand-off"].properties[2]
    monkeypatch.setattr(
        nor_when_three_do, "check", lambda ask, draw: ask.step("oom_reaper", [], [])
    )
    assert run(two / "s", "--out", out) == 0
    shown = capsys.readouterr().err
    assert "graded already" not in shown
    assert "because the checks changed" in shown
    assert "hand-off: three_victims 0 -> 2" in shown and shown.count(" -> ") == 2
    saved = json.loads((out / "bob/level-2/result.json").read_text())
    assert saved["checks"] == "after a bug fix" and saved["changed"]


def results_of(two, monkeypatch):
    run(two / "s", "--out", two / "g")
    rows = json.loads((two / "g/results.json").read_text())
    return [grading.Result.from_dict(row) for row in rows]


def test_canvas_takes_its_own_gradebook_back(two, monkeypatch):
    results = results_of(two, monkeypatch)
    roster = Roster(
        "Student,ID,SIS User ID,SIS Login ID,Section,Level 2 (9)\n"
        "    Points Possible,,,,,33\nLiddell Alice,7,u7,alice,S1,\nBo Bob,8,u8,bob,S1,\n"
    )
    for result in results:
        person = roster.find(result.student)
        result.student, result.system, result.number = person.id, "Canvas", person.number
    rows = list(csv.DictReader(io.StringIO(as_canvas_csv(results, roster))))
    assert rows[0]["Student"] == "    Points Possible" and rows[0]["Level 2 (9)"] == "33"
    assert [(r["SIS Login ID"], r["ID"], r["Level 2 (9)"]) for r in rows[1:]] == [
        ("alice", "7", "33"),
        ("bob", "8", str(results[1].points)),
    ]


def test_a_summary_names_whom_it_must_and_runs_nothing(two, monkeypatch):
    results = results_of(two, monkeypatch)
    results[0].name = "<script>alert(1)</script>\x1b[2J"
    page = html_summary(results, [("<b>x\x07.ipynb", "why")])
    assert "<script" not in page and "<b>" not in page and "\x07" not in page
    assert "\x1b" not in in_letters(results)
    assert sum(number for _, number in histogram(results)) == 2
    results[1].answers = {}
    assert equal_answers(results) == []


def test_stop_ends_a_check_with_one_sentence_that_says_where():
    def find_cycle(graph):
        while True:
            pass

    Timer(0.2, interrupt_main).start()
    with pytest.raises(KeyboardInterrupt) as stop:
        check("find-cycle", find_cycle)
    shown = " ".join(stop.value._render_traceback_())
    assert re.search(r"no? answer, in line [23] of find_cycle\(\)", shown)


def test_what_check_cannot_ask_is_one_sentence():
    """In a notebook, too, where an error is a page of our own source otherwise."""

    def watermarks(managed):
        return missing  # noqa: F821

    for wrong in ((), (3,), (watermarks, watermarks)):
        with pytest.raises(ValueError) as refused:
            check("watermarks", *wrong)
        shown = " ".join(refused.value._render_traceback_())
        assert shown.endswith('check("watermarks", watermarks)')
    with pytest.raises(ValueError, match="did you mean 'watermarks'"):
        check("watermark", watermarks)


def test_the_same_sentence_is_said_once_and_with_its_line():
    def watermarks(managed, kernel):
        return managed // missing  # noqa: F821

    told = repr(check("watermarks", watermarks))
    assert told.count("raised NameError.") == 1 and told.count("as above") == 4
    assert "raised NameError in line 2 of watermarks(): name 'missing'" in told
    generators = [lambda mm: None, lambda: None]
    assert "is not a generator: it must yield" in repr(check("hand-off", *generators))


def test_a_table_has_a_column_for_each_key():
    rows = [{"pid": 7, "memcg": None, "flags": ["VM_READ", "VM_LOCKED"], "victim": True}]
    assert table(rows).split("\n") == [
        "pid  memcg  flags              victim",
        "7    -      VM_READ VM_LOCKED  yes",
    ]
    assert table([]) == "(none)"


def test_of_each_function_that_raises_it_is_said_what_and_where():
    def killed(log):
        return [1 // 0]

    def worst(log):
        return log.rows

    told = repr(check("read-report", killed, worst, lambda log: "nothing"))
    assert "ZeroDivisionError in line 2 of killed(): " in told
    assert "AttributeError in line 2 of worst(): 'str' object has no attribute 'rows'\n" in told
    assert told.count("; asked ") == 1  # with the first; a log is long


def test_what_is_not_written_yet_and_an_error_without_words():
    """The first thing that a student runs is the sheet as it was given out."""

    def empty(*_):
        raise NotImplementedError

    def bare(*_):
        raise ValueError

    assert "`min_share` is not written yet.\n" in repr(check("derivation", empty, empty, empty))
    assert re.search(r"ValueError in line \d+ of bare\(\); asked", repr(check("tournament", bare)))
