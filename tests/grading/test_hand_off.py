"""The hand-off is judged on all schedules; the mail's own is the answer to the mail's own slot."""

from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from mistakes.hand_off import RIGHT, SLOT, XCHG
from wide import examples

from oomlab.grading.asking import AskHere, CheckFailed
from oomlab.grading.checks import EXERCISES
from oomlab.grading.handoff.every_schedule import explore, final
from oomlab.grading.handoff.handoff_machine import AtomicsMachine
from oomlab.grading.handoff.picture import lanes, text_lanes

HAND_OFF = EXERCISES["hand-off"]
ALL_KINDS = {"lost", "sleeps", "ends", "freed", "leak"}


def functions(source):
    namespace = {}
    exec(source, namespace)
    return {name: namespace[name] for name in HAND_OFF.functions}


def machine(source, victims=2, exits=False):
    return AtomicsMachine(AskHere(functions(source)), ["mm1", "mm2", "mm3"][:victims], exits)


def test_the_slot_is_answered_with_the_seven_steps_of_the_mail():
    finding = HAND_OFF.grade(AskHere(functions(SLOT)), "any seed")[0]
    assert (finding.property, finding.points) == ("sequence_of_the_mail", 0)
    told = [(row["mail"], row["thread"], row["does"]) for row in finding.schedule if row["mail"]]
    assert told == [
        ("(1)", "memcg1 OOM", "kill(mm1)"),
        ("(2)", "memcg1 OOM", "cmpxchg(mm_to_reap, NULL, mm1)"),
        ("(3)", "oom_reaper", "reap(mm1)"),
        ("(4)", "memcg2 OOM", "kill(mm2)"),
        ("(5)", "memcg2 OOM", "cmpxchg(mm_to_reap, NULL, mm2)"),
        ("(6)", "oom_reaper", "reap(mm1)"),
        ("(7)", "", ""),
    ]
    assert "mm_to_reap holds mm1: mm2 is not passed" in finding.schedule[9]["says"]


def test_exploring_finds_the_same_schedule_to_be_a_shortest():
    _, _, steps = explore(machine(SLOT), {"lost"})
    finding = HAND_OFF.grade(AskHere(functions(SLOT)), "any seed")[1]
    assert len(finding.schedule) == len(steps) + 1
    assert [row["mail"] for row in finding.schedule if row["mail"]] == [
        f"({n})" for n in range(1, 8)
    ]


def all_final_states(m):
    """By brute force, with nothing clever: every state at which no thread can go on."""
    todo, seen, ends = [m.boot()], set(), []
    while todo:
        state = todo.pop()
        if state in seen:
            continue
        seen.add(state)
        able = m.threads(state)
        if not able:
            ends.append(state)
        todo += [m.step(state, thread)[0] for thread in able]
    return seen, ends


@pytest.mark.parametrize("source", [*RIGHT, SLOT, XCHG])
def test_the_explorer_overlooks_nothing(source):
    seen, ends = all_final_states(machine(source))
    wrong = any(v.kind == "lost" for end in ends for v in final(machine(source), end))
    explored = explore(machine(source), {"lost"})
    assert bool(explored.broken) == wrong
    if not wrong:
        assert explored.states == len(seen)


@settings(max_examples=examples(40), deadline=None)
@given(st.integers(0, 2**32), st.sampled_from([*RIGHT, SLOT, XCHG]))
def test_no_random_schedule_ends_otherwise_than_the_explorer_says(seed, source):
    m, draw = machine(source, victims=3), Random(seed)
    state = m.boot()
    while able := m.threads(state):
        state, _ = m.step(state, draw.choice(able))
    if source in RIGHT:
        assert final(m, state) == []


def test_a_shorter_counterexample_does_not_exist():
    _, _, steps = explore(machine(SLOT), {"lost"})
    m = machine(SLOT)
    level = {m.boot()}
    for _ in range(len(steps)):
        for state in level:
            assert m.threads(state) or not [v for v in final(m, state) if v.kind == "lost"]
        level = {m.step(state, thread)[0] for state in level for thread in m.threads(state)}
    assert any(v.kind == "lost" for state in level for v in final(m, state) if not m.threads(state))


def test_what_was_answered_once_is_never_asked_again():
    """A function that answers differently every time is judged as the first answers define it."""
    coin = Random(1)

    def wake_oom_reaper(mm):
        yield "mmgrab", mm
        yield ("append", "list", mm) if coin.random() < 0.5 else ("push", "list", mm)
        yield "wake_up"

    ask = AskHere({**functions(RIGHT[0]), "wake_oom_reaper": wake_oom_reaper})
    before = None
    for _ in range(20):
        answer = ask.step("wake_oom_reaper", ["mm1"], [None])
        assert before in (None, answer)
        before = answer


def test_a_lock_that_is_not_held_cannot_be_unlocked():
    source = RIGHT[0].replace('yield ("lock", "oom_reaper_lock")', 'yield ("read", "x")', 1)
    with pytest.raises(CheckFailed, match="does not hold"):
        explore(machine(source), ALL_KINDS)


def test_the_picture_shows_each_step_in_its_lane():
    finding = HAND_OFF.grade(AskHere(functions(SLOT)), "any seed")[0]
    svg, text = lanes(finding.schedule), text_lanes(finding.schedule)
    assert svg.count("<circle") == len(finding.schedule) - 1
    assert "(5)" in svg and "<script" not in svg
    assert text.splitlines()[0].split() == ["memcg1", "OOM", "oom_reaper", "memcg2", "OOM"]
    assert text.count("*") == len(finding.schedule) - 1


OFF = {  # each passes nothing on, and did not lose the points for that
    "a reference too many is dropped": """
def wake_oom_reaper(mm):
    yield "mmdrop", mm
    yield "mmdrop", mm
    yield "mmdrop", mm

def oom_reaper():
    yield "wait_event", "never"
""",
    "the reaper takes what it was not given": """
def wake_oom_reaper(mm):
    yield "write", "slot", mm
    yield "wake_up"

def oom_reaper():
    while True:
        yield "wait_event", "slot"
        mm = yield "read", "slot"
        yield "mmdrop", mm
        yield "mmdrop", mm
        yield "mmdrop", mm
""",
    "the killer reaps under oom_lock": """
def wake_oom_reaper(mm):
    yield "reap", mm

def oom_reaper():
    yield "wait_event", "never"
""",
    "no thread wakes up": """
def wake_oom_reaper(mm):
    yield "append", "list", mm

def oom_reaper():
    yield "wait_event", "other"
""",
}


@pytest.mark.parametrize("name", OFF)
def test_a_branch_that_breaks_off_shows_nothing(name):
    findings = HAND_OFF.grade(AskHere(functions(OFF[name])), "any seed")
    assert [finding.property for finding in findings if finding.points] == []


def test_one_and_true_are_one_value_to_us_as_to_the_student():
    """Two states that the student can tell apart are never taken for one."""
    source = """
def wake_oom_reaper(mm):
    yield "mmgrab", mm
    yield "append", "list", mm
    seen = yield "xchg", "flag", True
    if type(seen) is int:
        yield "write", "flag", 1
    yield "wake_up"

def oom_reaper():
    while True:
        yield "wait_event", "list"
        flag = yield "read", "flag"
        mm = yield "pop", "list"
        if type(flag) is bool:
            yield "mmdrop", mm
            continue
        yield "reap", mm
        yield "mmdrop", mm
"""
    m = machine(source)
    values = {v for s in all_final_states(m)[0] for _, v in s.things if not isinstance(v, tuple)}
    assert {type(value) for value in values} == {int}
    assert explore(m, {"lost"}).broken is None
