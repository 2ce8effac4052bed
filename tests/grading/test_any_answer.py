"""Whatever the other side answers: a check says CheckFailed, or is satisfied, and never breaks."""

from fractions import Fraction
from random import Random

import pytest
from handing_in import solution
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from wide import examples

from oomlab.grading import check
from oomlab.grading.asking import AskHere, CheckFailed
from oomlab.grading.checks import EXERCISES
from oomlab.grading.handoff.handoff_machine import OPERATIONS

SECRET = "what-was-asked"  # made by the other side of what it was asked
SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.text(max_size=9),
    st.sampled_from([SECRET, "hog", "list", "SIGKILL", "mark_oom_victim", "task100", *OPERATIONS]),
)
ANSWERS = st.recursive(
    SCALARS,
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.sampled_from(["sympy", "reaper", "reaped", SECRET]), inner, max_size=3)
    ),
    max_leaves=8,
)
each_exercise = pytest.mark.parametrize("name", EXERCISES)


class Answers(AskHere):
    """Gives drawn answers, to calls and to steps."""

    def __init__(self, data):
        super().__init__({})
        self.data = data

    def call(self, function, args):
        return self.data.draw(ANSWERS)

    def one_step(self, function, args, history):
        return {"op": self.data.draw(ANSWERS)}


@each_exercise
@settings(max_examples=examples(25), deadline=None, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_no_answer_breaks_a_check(name, data):
    for prop in EXERCISES[name].properties:
        try:
            prop.check(Answers(data), Random(1))
        except CheckFailed as lost:
            assert lost.sentence and len(lost.example) <= 2000
            assert SECRET not in lost.sentence  # which is said also of secret inputs


FORMULAS = [
    "1/0",
    "M**M**M**M",
    "log(-M)",
    "sqrt(-1)",
    "M(1)",
    "__import__('os')",
    "zoo",
    "oo",
    "",
    "M.real",
    "[M]",
    "M if M else 1",
    "(" * 300,
    "-" * 1999,
    "Max()",
    "True",
    "1j",
    "'M'",
    "lambda: 1",
    "(M:=2)",
    "f'{M}'",
    "9" * 1999,
    "Integral(M)",
    "log(1, 2, 3)",
]


@pytest.mark.parametrize("text", FORMULAS)
def test_a_formula_is_arithmetic_or_nothing(text):
    class Formula(AskHere):
        def call(self, function, args):
            return {"sympy": text}

    findings = EXERCISES["derivation"].grade(Formula({}), "any seed")
    assert [finding.points for finding in findings] == [0, 0, 0]
    assert all("check itself" not in finding.message for finding in findings)


@each_exercise
def test_inputs_are_fresh_for_each_seed(name):
    def asked(seed):
        namespace, questions = {}, []
        exec(solution(name), namespace)

        class Noting(AskHere):
            def call(self, function, args):
                questions.append(repr((function, args)))
                return super().call(function, args)

            def one_step(self, function, args, history):
                questions.append(repr((function, args, history)))
                return super().one_step(function, args, history)

        functions = {function: namespace[function] for function in EXERCISES[name].functions}
        findings = EXERCISES[name].grade(Noting(functions), seed)
        assert all(finding.points == finding.of for finding in findings)
        return questions

    one, other = asked("one seed"), asked("another seed")
    assert one == asked("one seed")
    if name not in ("derivation", "tournament"):  # their answers are formulas, and a policy
        assert one != other


@each_exercise
def test_a_right_solution_is_right_for_every_seed(name):
    namespace = {}
    exec(solution(name), namespace)
    functions = {function: namespace[function] for function in EXERCISES[name].functions}
    for seed in range(8):
        findings = EXERCISES[name].grade(AskHere(functions), str(seed))
        assert [(seed, f.property, f.message) for f in findings if f.message] == []


class Wordless(Exception):
    def __str__(self):
        raise ValueError("it says nothing")


def raises(wrong):
    raise wrong


@each_exercise
@pytest.mark.parametrize(
    "answer",
    [
        lambda: raises(SystemExit(3)),
        lambda: raises(GeneratorExit()),
        lambda: raises(Wordless()),
        lambda: 10**5000,
        lambda: [Fraction(10**5000)] * 3,
    ],
    ids=["exits", "ends", "wordless", "long", "longer"],
)
def test_no_function_ends_a_self_check_or_makes_it_fail(name, answer):
    """exit() once ended the cell with it, and a long number was the teacher's to be told of."""
    function = [lambda *_: answer()] * len(EXERCISES[name].functions)
    told = repr(check(name, *function))
    assert "visible checks passed: 0 of" in told and "tell your teacher" not in told
