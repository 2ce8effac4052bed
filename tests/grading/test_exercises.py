"""Right solutions in different styles get all points; each mistake loses the right ones, and the
student is told something to act on."""

import re
from importlib import import_module
from random import Random
from secrets import token_hex

import pytest
from handing_in import hand_in, notebook, solution
from wide import examples

from oomlab.grading.asking import AskHere
from oomlab.grading.checks import EXERCISES, read_report
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


def test_chance_costs_no_point():
    """The sheet's own solution, with secrets that no run has seen: practice inputs do not tell."""
    for name, exercise in EXERCISES.items():
        functions: dict = {}
        exec(solution(name), functions)
        ask = AskHere({each: functions[each] for each in exercise.functions})
        for _ in range(examples(3)):
            secret = token_hex(16)
            lost = [
                (f.property, f.message) for f in exercise.grade(ask, secret) if f.points != f.of
            ]
            assert not lost, (name, secret, lost)


def test_of_a_log_one_word_is_true():
    """In the first report a process larger than the one with most points is spared, or none is."""
    draw = Random(0)  # one of these machines had two answers
    for wrong in [*read_report.WRONG, "twice"] * examples(8):
        log = read_report.log_of(draw, wrong)
        assert (read_report.largest(log.text) != log.worst) == (wrong == "spared"), log.text
