"""The definition: schedules, clocks, states and the plain search over them."""

import json
from functools import partial
from pathlib import Path

import pytest

import oomlab
from oomlab.explorer import plain
from oomlab.model.kernel import Kernel
from oomlab.model.locks import TASK_INTERRUPTIBLE, schedule_timeout
from oomlab.policies.presets import PRESETS
from oomlab.simulate import story
from oomlab.simulate.fingerprint import fingerprint
from oomlab.simulate.scheduler import run_schedule

WAKE = "wake_up_process"


def machine(*programs) -> Kernel:
    """A machine with a task t0, t1, ... (pids 100, 101, ...) for each program."""
    kernel = Kernel(PRESETS["linux-4.4"], 64, min_kbytes=32)
    for number, program in enumerate(programs):
        kernel.spawn(f"t{number}", program)
    return kernel


def nap(current, ticks: int):
    yield "think of", "a nap"
    yield from schedule_timeout(current, TASK_INTERRUPTIBLE, ticks)


def two_naps(first: int = 5, second: int = 9) -> Kernel:
    return machine(((nap, first),), ((nap, second),))


@pytest.mark.parametrize(
    "entry, words",
    [
        (-101, r'named with its function, as \[101, "wake_up_process"\]'),
        (True, "not True"),
        ((101, WAKE, 3), "holds pids"),
        ([101, 5], "holds pids"),
        ("101", "holds pids"),
        (0, "holds pids"),
        (7, "pid 7, which does not exist"),
        ((100, WAKE), "not pending"),
        (1, "init.1. sleeps"),
    ],
)
def test_what_is_no_schedule_is_refused_in_a_sentence(entry, words):
    with pytest.raises(ValueError, match=words):
        run_schedule(two_naps(), [101, entry])


def test_a_timer_is_its_task_and_its_function_in_json_too():
    schedule = json.loads(json.dumps([100, 101, (101, WAKE), (100, WAKE)]))
    kernel = two_naps()
    run_schedule(kernel, schedule)
    assert not kernel.timers and kernel.jiffies == 9


def test_the_clocks():
    """Which timers may fire when one is due at tick 5, one at tick 9, and one task can run."""
    kernel = machine(((nap, 9),), ((nap, 5),), ((nap, 1),))
    expected = {"any": [(101, WAKE), (100, WAKE)], "ordered": [(101, WAKE)], "urgent": []}
    run_schedule(kernel, [100, 101])
    for clock, timers in expected.items():
        assert plain.enabled(kernel, clock) == [102, *timers]
    run_schedule(kernel, [102, (102, WAKE)])
    while 102 in plain.enabled(kernel):  # until it has gone
        run_schedule(kernel, [102])
    assert plain.enabled(kernel, "urgent") == [(101, WAKE)]


def test_timers_due_at_the_same_tick_fire_in_the_order_they_were_set():
    kernel = two_naps(5, 5)
    run_schedule(kernel, [101, 100])
    for clock in ("ordered", "urgent"):
        assert plain.enabled(kernel, clock) == [(101, WAKE)]


def test_time_is_state_as_far_as_the_clock_goes_by_it():
    """The second nap begins now or after the first one: to an ordered clock these differ."""

    def after(first, second, schedule, clock):
        kernel = two_naps(first, second)
        run_schedule(kernel, schedule)
        return fingerprint(kernel, clock)

    both = [100, 101], [101, 100]
    assert after(5, 9, both[0], "ordered") == after(5, 9, both[1], "ordered")
    assert after(5, 5, both[0], "ordered") != after(5, 5, both[1], "ordered")
    assert after(5, 5, both[0], "any") == after(5, 5, both[1], "any")


def test_plain_search_gives_a_shortest_schedule():
    verdict, schedule, states, _ = plain.explore(
        lambda: oomlab.build("lost-victim", "rfc-2015-11-25", vmas=1)[0],
        oomlab.explorer.PROPERTIES["no-victim-lost"].question,
    )
    assert verdict == "violated" and len(schedule) == 17 and states == 368
    run = oomlab.run("lost-victim", "rfc-2015-11-25", schedule=schedule, vmas=1)
    assert run.outcome.verdict == "lost-victim"


def test_the_plain_search_names_its_bound():
    def search(most):
        return plain.explore(two_naps, lambda kernel: False, max_states=most)

    verdict, _, states, transitions = search(1000)
    assert verdict == "holds" and transitions > states
    assert search(states)[0] == "holds"
    assert search(states - 1)[0] == "bound-reached"


def test_the_worked_example_of_the_docs():
    """docs/explorer.md: its figures and its table are what the plain search finds."""
    text = (Path(__file__).parents[1] / "docs/explorer.md").read_text()
    lost = oomlab.explorer.PROPERTIES["no-victim-lost"].question
    asked = [
        plain.explore(lambda p=policy: oomlab.build("lost-victim", p, vmas=1)[0], lost)
        for policy in ("rfc-2015-11-25", "handa")
    ]
    (_, schedule, states, transitions), (verdict, _, more, further) = asked
    assert verdict == "holds" and f"ends after {more} states and {further} transitions" in text
    assert f"the {states}th state is bad, after {transitions} transitions" in text
    run = oomlab.run("lost-victim", "rfc-2015-11-25", schedule=schedule, vmas=1)
    assert story.table(run.steps) in text
    for task in run.kernel.tasks:
        assert f"| {task.name} | {task.pid} |" in text


@pytest.mark.parametrize("function, argument", [(partial(print), "task"), (print, "kernel")])
def test_a_timer_that_no_schedule_can_name_is_refused(function, argument):
    def sets(current):
        yield "set", "a timer"
        current.kernel.add_timer(1, function, current if argument == "task" else current.kernel)

    with pytest.raises(ValueError, match="a function with a name for a task"):
        plain.explore(lambda: machine(((sets,),)), lambda kernel: False)


def test_a_program_that_keeps_something_outside_the_machine_is_refused():
    kept = []

    def keeps(current):
        yield "keep", "something"
        kept.append(current.pid)
        yield "look at", "it"
        current.kernel.busy_workers = len(kept)

    with pytest.raises(ValueError, match="keeps something"):
        plain.explore(lambda: machine(((keeps,),)), lambda kernel: False)
