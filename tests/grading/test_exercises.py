"""Right solutions in different styles get all points; each mistake loses the right ones, and the
student is told something to act on."""

import re
from importlib import import_module

import pytest
from handing_in import hand_in, notebook, solution

from oomlab.grading.checks import EXERCISES
from oomlab.grading.sandbox import child_pipe

CATALOGUE = {name: import_module(f"mistakes.{name.replace('-', '_')}") for name in EXERCISES}
RIGHT = [(name, n) for name, answers in CATALOGUE.items() for n in range(1 + len(answers.RIGHT))]
WRONG = [(name, n) for name, answers in CATALOGUE.items() for n in range(len(answers.MISTAKES))]

pytestmark = pytest.mark.usefixtures("sandboxed")


def test_there_are_enough_of_both():
    for answers in CATALOGUE.values():
        assert len(answers.RIGHT) >= 2  # and the sheet's own solution
        assert len(answers.MISTAKES) >= 8


@pytest.mark.parametrize(("name", "n"), RIGHT)
def test_right(name, n, tmp_path):
    source = [solution(name), *CATALOGUE[name].RIGHT][n]
    result = hand_in(tmp_path, notebook(source), EXERCISES[name])
    assert [(f.property, f.message, f.example) for f in lost(result)] == []
    assert result.points == result.of == EXERCISES[name].points


@pytest.mark.parametrize(("name", "n"), WRONG)
def test_wrong(name, n, tmp_path, monkeypatch):
    monkeypatch.setattr(child_pipe, "ANSWER_SECONDS", 2.0)  # two of them never end
    properties, said, text, other = CATALOGUE[name].MISTAKES[n]
    assert text in solution(name)
    source = solution(name).replace(text, other) if text else other
    result = hand_in(tmp_path, notebook(source), EXERCISES[name])
    assert {f.property for f in lost(result)} == set(properties.split())
    told = [f"{f.message} {f.example}" for f in lost(result)]
    assert any(said in text for text in told), told
    assert all(f.message for f in lost(result))
    # A person reads the example: what was asked is a table. Only the student's words may be dicts.
    read = [re.sub("it (gave|raised) .*", "", f.example) for f in lost(result)]
    assert EXERCISES[name].level > 2 or not any("{" in text for text in read), read


def lost(result):
    return [f for graded in result.exercises for f in graded.findings if f.points < f.of]
