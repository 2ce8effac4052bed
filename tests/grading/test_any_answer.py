"""Whatever the other side answers: a check says CheckFailed, or is satisfied, and never breaks."""

import re
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


class OtherKind(AskHere):
    """The sheet's own solution, but what it answers is of another kind."""

    def __init__(self, name, kind):
        space: dict = {}
        exec(solution(name), space)
        super().__init__({function: space[function] for function in EXERCISES[name].functions})
        self.kind = kind

    def call(self, function, args):
        return self.kind(super().call(function, args))

    def one_step(self, function, args, history):
        answer = super().one_step(function, args, history)
        if "op" in answer:  # the operand, if it has one
            op = answer["op"] if isinstance(answer["op"], list) else [answer["op"]]
            answer["op"] = [op[0], *map(self.kind, op[1:])]
        return answer


def as_text(value):
    return [*map(as_text, value)] if isinstance(value, list) else f"{value}"


def in_a_dict(value):
    return [*map(in_a_dict, value)] if isinstance(value, list) else {"the answer": value}


def as_number(value):
    return int(value) if isinstance(value, bool) else {"true": value}


KINDS = [as_text, in_a_dict, as_number]
OF_A_KIND = re.compile(r"must be|must return|should say|takes|operand|is no operation|`mm`|an mm")


def test_a_right_answer_of_another_kind_is_not_told_as_a_wrong_rule():
    """Who gives "5" for 5 has found the rule: what is said is that a number is wanted."""
    for name, exercise in EXERCISES.items():
        for kind in KINDS:
            for found in exercise.practise(OtherKind(name, kind)):
                if found.points < found.of:
                    assert OF_A_KIND.search(found.message), (name, kind.__name__, found)


def test_no_sentence_is_a_tuple():
    """What an exception is made of is no sentence: the reaper sleeps with a spinlock held."""
    space: dict = {}
    reaper = "def oom_reaper():\n    yield 'lock', 'l'\n    yield 'wait_event', 'w'\n"
    exec(solution("hand-off") + "\n" + reaper, space)
    said = [
        f.message for f in check("hand-off", space["wake_oom_reaper"], space["oom_reaper"]).findings
    ]
    assert (
        "In the sequence of the mail oom_reaper() falls asleep while it holds a spinlock." in said
    )
    assert not any("('" in text or "can be lost" in text for text in said), said
