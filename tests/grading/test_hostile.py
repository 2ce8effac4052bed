"""Hostile submissions gain nothing, harm nobody, and keep nobody waiting."""

import json
import os
import time
from contextlib import suppress
from pathlib import Path

import pytest
from attacks import ATTACKS
from classroom import hand_in, notebook, solution

from oomlab.grading import asking
from oomlab.grading.checks import EXERCISES
from oomlab.grading.checks.oom_badness import points as true
from oomlab.grading.course import result as result_module
from oomlab.grading.course.feedback import html_page, markdown_page
from oomlab.grading.sandbox import child, group, proof

BADNESS = EXERCISES["badness"]
TREASURE = "the hidden tests and all the grades"


@pytest.fixture(autouse=True)
def impatient(monkeypatch, sandboxed):
    monkeypatch.setattr(child, "ANSWER_SECONDS", 1.0)
    monkeypatch.setattr(asking, "EXERCISE_SECONDS", 2.0)


@pytest.fixture
def course(tmp_path):
    folder = tmp_path / "course"
    folder.mkdir()
    (folder / "hidden.ipynb").write_text(TREASURE)
    return folder / "hidden.ipynb"


def test_there_are_enough():
    assert len(ATTACKS) >= 60


@pytest.fixture(autouse=True)
def sandboxes(monkeypatch):
    """The pid namespaces of the children, as they prove them."""
    spaces, doubts = set(), proof.doubts

    def noting(found, *rest):
        spaces.add(found["namespaces"]["pid"])
        return doubts(found, *rest)

    monkeypatch.setattr(proof, "doubts", noting)
    return spaces


def left_over(spaces):
    """Processes that still run in one of these namespaces; one that only init must reap is gone."""
    found = []
    for name in filter(str.isdigit, os.listdir("/proc")):
        with suppress(OSError):
            if os.readlink(f"/proc/{name}/ns/pid") in spaces:
                state = Path(f"/proc/{name}/stat").read_text().rpartition(")")[2].split()[0]
                found += [name] if state != "Z" else []
    return found


@pytest.mark.parametrize("name", ATTACKS)
def test_gains_nothing_and_harms_nobody(name, tmp_path, course, sandboxes):
    began = time.monotonic()
    data = notebook(ATTACKS[name].replace("CANARY", str(course)))
    result = hand_in(tmp_path, data, BADNESS, hidden=[str(course.parent)])
    assert result.points == 0
    assert time.monotonic() - began < 15
    assert course.read_text() == TREASURE
    assert TREASURE not in json.dumps(result.to_dict())
    until = time.monotonic() + 1  # a killed process needs a moment to go
    while left_over(sandboxes) and time.monotonic() < until:
        time.sleep(0.01)
    assert sandboxes and left_over(sandboxes) == []
    page = html_page(result).lower()
    assert "<script" not in page and "\ud800" not in page
    markdown_page(result).encode(errors="strict")


@pytest.mark.parametrize("name", ["memory", "memory of children", "threads"])
def test_a_watchdog_does_where_no_cgroup_can_be_made(name, monkeypatch, tmp_path):
    made = group.Group.__init__
    monkeypatch.setattr(group.Group, "__init__", lambda self, own=None: made(self, {}))
    result = hand_in(tmp_path, notebook(ATTACKS[name]), BADNESS)
    assert result.points == 0


@pytest.mark.parametrize("harm", ["import os\nos._exit(1)\n", "while True: pass\n", "1/0\n"])
def test_one_exercise_costs_that_exercise_only(harm, tmp_path, monkeypatch):
    monkeypatch.setattr(asking, "EXERCISE_SECONDS", 6.0)
    broken = solution("find-cycle").replace("    done = set()\n", f"    {harm}")
    cells = notebook(solution("badness"), broken, solution("reap-vmas"))
    exercises = [EXERCISES[name] for name in ("badness", "find-cycle", "reap-vmas")]
    result = hand_in(tmp_path, cells, *exercises)
    assert [(g.points == g.of, g.points > 0) for g in result.exercises] == [
        (True, True),
        (False, False),
        (True, True),
    ]


def test_hidden_inputs_do_not_come_back_in_messages(tmp_path, monkeypatch):
    """A function that tells what it was asked tells it of the practice inputs only."""
    tells = "def oom_badness(task, totalpages):\n    raise ValueError(f'asked {totalpages}')\n"
    asked: list[str] = []

    class Spy(child.Child):
        def call(self, function, *args):
            asked.append(str(args[-1]))
            return super().call(function, *args)

    monkeypatch.setattr(result_module, "Child", Spy)
    told = json.dumps(hand_in(tmp_path, notebook(tells), BADNESS).to_dict())
    practice = EXERCISES["badness"].practise(
        asking.AskHere({"oom_badness": lambda task, pages: 1 / 0})
    )
    public = json.dumps([finding.to_dict() for finding in practice])
    secret = [pages for pages in asked if pages not in public and len(pages) == 7]
    assert secret
    assert not [pages for pages in secret if pages in told]


def test_a_hard_coded_answer_to_the_practice_inputs_gets_nothing(tmp_path):
    """The practice inputs are known to everybody; points come from other ones."""
    asked = {}

    def oom_badness(task, totalpages):
        asked[json.dumps([task, totalpages])] = true(task, totalpages)
        return true(task, totalpages)

    assert all(f.points for f in BADNESS.practise(asking.AskHere({"oom_badness": oom_badness})))
    table = f"import json\nANSWERS = {asked!r}\n"
    table += "def oom_badness(*a): return ANSWERS.get(json.dumps(a), 0)\n"
    result = hand_in(tmp_path, notebook(table), BADNESS)
    assert result.points == 0
    assert "practice" in result.exercises[0].findings[0].message
    assert result.exercises[0].findings[0].example == ""


@pytest.mark.parametrize("constant", [0, 1, -1, True, False, None, "", "x", [], [0], (1, 2, 3), {}])
@pytest.mark.parametrize("name", EXERCISES)
def test_a_constant_gets_nothing(name, constant):
    functions = {function: lambda *a: constant for function in EXERCISES[name].functions}
    findings = EXERCISES[name].grade(asking.AskHere(functions), "any seed")
    assert [finding.property for finding in findings if finding.points] == []


@pytest.mark.parametrize("ops", [(), ("wake_up",), ("sleep",)])
@pytest.mark.parametrize("name", ["hand-off", "kill-sharers"])
def test_a_generator_that_does_nothing_gets_nothing(name, ops):
    functions = {function: lambda *a: iter_of(ops) for function in EXERCISES[name].functions}
    findings = EXERCISES[name].grade(asking.AskHere(functions), "any seed")
    assert [finding.property for finding in findings if finding.points] == []


def iter_of(ops):
    yield from ops
