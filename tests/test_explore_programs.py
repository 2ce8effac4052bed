"""Partial order on programs that nobody thought of: one order must stand for all of them."""

from importlib import import_module

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from wide import examples

import oomlab
from oomlab import explore
from oomlab.model.kernel import Kernel
from oomlab.model.locks import TASK_INTERRUPTIBLE, Mutex, schedule_timeout, wake_up_process
from oomlab.model.mm import VMA

NUMBERS = st.integers(0, 3)
STEPS = st.one_of(
    st.tuples(st.just("give"), NUMBERS),
    st.tuples(st.just("take"), NUMBERS),
    st.tuples(st.sampled_from(["more than", "less than", "at least", "is"]), NUMBERS),
    st.tuples(st.sampled_from(["set", "seen"]), st.integers(0, 1)),
    st.tuples(st.sampled_from(["think", "nap", "lock", "wake", "cancel"]), st.just(0)),
    st.tuples(st.sampled_from(["find first", "find last", "found"]), st.just(0)),
)
PROGRAMS = st.lists(st.lists(STEPS, min_size=1, max_size=4), min_size=2, max_size=3)


QUESTIONS = {
    "more than": lambda kernel, number: kernel.zone.free - 20 > number,
    "less than": lambda kernel, number: kernel.zone.free - 20 < number,
    "at least": lambda kernel, number: kernel.zone.free - 20 >= number,
    "is": lambda kernel, number: kernel.zone.free - 20 == number,
    "seen": lambda kernel, number: kernel.busy_workers == number,
}


def follow(current, lock: Mutex, steps: list[tuple]):
    """Take the steps; whoever finds a thing to be as he asks, says so."""
    kernel, held = current.kernel, False
    for what, number in steps:
        yield what, str(number)
        if what in QUESTIONS and QUESTIONS[what](kernel, number):
            kernel.oom_victims += 1
        elif what in ("give", "take"):
            kernel.zone.free += number if what == "give" else -number
        elif what == "set":
            kernel.busy_workers = number
        elif what == "nap":
            yield from schedule_timeout(current, TASK_INTERRUPTIBLE, 1)
        elif what == "lock" and not held:
            held = True
            yield from lock.lock(current)
        elif what == "wake":
            wake_everybody(kernel)
        elif what.startswith("find"):
            tasks = [t for t in kernel.tasks if t.name.startswith("task") and not t.memdie]
            if tasks:
                tasks[0 if what == "find first" else -1].memdie = True
            tasks = ()
        elif what == "found" and current.memdie:
            kernel.oom_victims += 1
        elif what == "cancel":
            for timer in tuple(kernel.timers):
                kernel.del_timer(timer)
    if held:
        yield "unlock", "lock"
        lock.unlock()


def wake_everybody(kernel) -> None:
    for task in kernel.tasks:
        if task.state == TASK_INTERRUPTIBLE and task.name.startswith("task"):
            wake_up_process(task)


def explored(programs: list, equals: int, said: int, first: int, **reductions):
    """Can `said` of the questions be answered with yes?"""

    def program(policy) -> Kernel:
        kernel = Kernel(policy, 64, min_kbytes=32)
        kernel.zone.free, lock = 20, Mutex("lock")
        for number, steps in enumerate([programs[0]] * equals + programs[1:]):
            call = (follow, lock, tuple(steps))
            task = kernel.spawn(f"task{number}", (call,), vmas=[VMA("heap", "anon", 0)])
            if number < equals:
                kernel.symmetric.append([task])
        return kernel

    def bad(kernel) -> bool:
        return kernel.oom_victims >= said

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(import_module("oomlab.explorer.search"), "FIRST", first)
        patch.setitem(oomlab.SCENARIOS, "program", program)
        return explore("program", "linux-4.6", bad, max_states=3000, **reductions)


@settings(max_examples=examples(20), deadline=None)
@given(PROGRAMS, st.integers(1, 3), st.integers(1, 2), st.sampled_from([1, 4, 16]))
@example([[("give", 3)], [("think", 0)] * 3 + [("less than", 1)]], 1, 1, 1)  # seen only before
@example([[("think", 0), ("cancel", 0)], [("nap", 0), ("less than", 1)]], 1, 1, 1)
@example([[("give", 0), ("set", 1)], [("seen", 1), ("set", 1)]], 1, 1, 4)  # what it is already
@example([[("more than", 0), ("more than", 2)], [("give", 1), ("give", 3)]], 1, 2, 1)
def test_reductions_and_rules_hold_for_any_program(programs, equals, said, first):
    """One order for all, equals, rules learned by watching, the model itself: the same answer."""
    no = {"partial_order": False, "symmetry": False}
    answers = [
        explored(programs, equals, said, first, **reductions)
        for reductions in ({}, {"partial_order": False}, {"symmetry": False}, no)
    ]
    if answers[-1].states < 500:  # to ask the model itself takes long
        answers.append(explored(programs, equals, said, first, learn=False))
    if all(a.verdict != "bound-reached" for a in answers):
        assert len({(a.verdict, len(a.pids)) for a in answers}) == 1
