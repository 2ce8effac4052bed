"""Turns that are counted, not taken: nothing differs for it, and where it is unsure none is."""

import ast
from itertools import count
from pathlib import Path

import pytest
from short_of_memory import short_of_memory

import oomlab
from oomlab.model.kernel import Kernel
from oomlab.model.locks import WaitQueue
from oomlab.policies.presets import PRESETS
from oomlab.scenarios.programs import look, pause, repeat, sleep, touch
from oomlab.scenarios.registry import heap
from oomlab.simulate import spin
from oomlab.simulate.fingerprint import attributes, fingerprint
from oomlab.simulate.outcome import judge, whom
from oomlab.simulate.recorder import Recorder
from oomlab.simulate.run import name_of, plain
from oomlab.simulate.scheduler import run_seeded
from oomlab.simulate.unchanged import CONTAINERS, Standstill, Unknown

ROOM = Path(oomlab.__file__).parent

# What the scheduler changes behind the back of a step. Who looks at it, and why that is no harm.
LOOKS = {
    ("jiffies", "add_timer"),  # makes a timer, which is seen
    ("jiffies", "run_timers"),  # the scheduler's
    ("jiffies", "event"),  # to be told, and nothing is kept here
    ("jiffies", "kmallocwd"),  # just after a sleep
    ("timers_made", "add_timer"),
    ("runqueue", "start"),  # puts a task in that was not there, which is seen
    ("runqueue", "wake_up_process"),
    ("turn", "touch"),  # where it takes pages, which is seen
    ("turn", "__alloc_pages_slowpath"),  # to know a round that changed nothing
    ("turn", "go_round"),  # takes more such rounds
    ("asked", "go_round"),
    ("thread", "start"),
    ("turn", "repeat"),  # with the next: whether a round took any step, else an error
    ("op", "repeat"),
}


@pytest.fixture
def taken(monkeypatch):
    """How many steps were really taken, in a list."""
    steps, burst = [], spin.burst

    def counted(current, length: int) -> int:
        steps.append(burst(current, length))
        return steps[-1]

    monkeypatch.setattr(spin, "burst", counted)
    return steps


def looks(path: Path):
    """(attribute, function), wherever a file reads one."""

    def walk(node, function: str):
        for child in ast.iter_child_nodes(node):
            inner = child.name if isinstance(child, ast.FunctionDef) else function
            if isinstance(child, ast.Attribute) and isinstance(child.ctx, ast.Load):
                yield child.attr, inner
            if isinstance(child, ast.AugAssign) and isinstance(child.target, ast.Attribute):
                yield child.target.attr, inner
            yield from walk(child, inner)

    return {(name, function) for name, function in walk(ast.parse(path.read_text("utf-8")), "")}


def test_the_model_looks_neither_at_the_clock_nor_at_anothers_frames():
    changed = ("jiffies", "timers_made", "runqueue", "turn", "asked", "thread", "op", "gi_frame")
    files = [path for room in ("model", "scenarios") for path in (ROOM / room).glob("*.py")]
    found = {look for path in files for look in looks(path) if look[0] in changed}
    assert found == LOOKS


@pytest.mark.parametrize(
    "scenario, policy, share",
    [
        ("page-thieves", "linux-2.6.38", 0.1),  # all spin
        ("page-thieves", "linux-6.12", 0.1),  # until a timer of two seconds
        ("invisible-dependency", "linux-4.4", 0.2),
        ("silent-hang", "linux-4.4", 1.01),  # counts what it scanned: no round is like the last
    ],
)
def test_most_steps_of_a_livelock_are_counted_and_none_is_missed(taken, scenario, policy, share):
    for seed in range(3):
        del taken[:]
        counted = oomlab.run(scenario, policy, seed=seed, trace=False)
        assert sum(taken) < share * counted.step_count
        told = oomlab.run(scenario, policy, seed=seed)
        assert counted.outcome == told.outcome
        assert fingerprint(counted.kernel) == fingerprint(told.kernel)


def test_how_a_stuck_machine_goes_round_is_the_same_from_the_run_and_from_its_states():
    """What a run knows of itself, and what is found by looking at every state, is one loop."""
    known = 0
    for seed in range(150):
        outcomes = []
        for record in (None, lambda *step: None):
            kernel = short_of_memory(seed)
            turns = spin.Spin(kernel)
            count = run_seeded(kernel, seed, record, most_steps=3001, spin=turns)
            outcomes.append(judge(kernel, count, True, 3001, turns.comes_back()))
        assert outcomes[0] == outcomes[1] and not turns.comes_back(), seed
        known += bool(outcomes[0].loop)
    assert known > 10


def test_the_loop_does_not_depend_on_how_states_are_compared():
    """A machine with a patch is only compared by value; in silent-hang each nap is a new timer."""
    text = """base = "mm-2015-12"
name = "as before"


def exit_oom_victim(task):
    before(task)


from oomlab.model.tasks import exit_oom_victim as before
"""
    for scenario in ("silent-hang", "page-thieves", "lost-victim"):
        for seed in range(3):
            for trace in (False, True):
                how = dict(seed=seed, trace=trace)
                one = oomlab.run(scenario, oomlab.read_patch(text), **how).outcome
                assert one == oomlab.run(scenario, "mm-2015-12", **how).outcome, (scenario, how)


def test_a_run_is_cut_off_in_the_middle_of_what_is_counted():
    for most in (3000, 3001, 3017):
        how = dict(seed=1, most_steps=most)
        counted, told = (oomlab.run("page-thieves", trace=t, **how) for t in (False, True))
        assert counted.outcome == told.outcome
        assert fingerprint(counted.kernel) == fingerprint(told.kernel)


def test_any_machine_ends_as_it_does_when_each_step_is_taken():
    """Neither a turn that was counted, nor steps that were taken at once, make a difference.

    Of a task that was killed, faults were taken at once that it would not have got to.
    """
    counted = killed = 0
    for seed in range(150):

        def ended(record=None, seed=seed) -> list:
            kernel = short_of_memory(seed)
            count = run_seeded(kernel, seed, record, most_steps=3001)
            return [count, kernel.jiffies, fingerprint(kernel), bool(whom(kernel, "kill"))]

        counted += (one_by_one := ended(lambda *step: None))[0]
        killed += one_by_one[-1]
        assert ended() == one_by_one, seed
    assert counted > 50_000 and killed > 30


@pytest.mark.parametrize("policy", ["linux-3.10", "linux-4.4", "linux-4.6", "linux-6.12"])
@pytest.mark.parametrize(
    "scenario, settings",
    [("oom-storm", {"tasks": 4, "allocations": 6000}), ("page-thieves", {}), ("kmallocwd", {})],
)
def test_rounds_that_are_taken_at_once_are_those_taken_one_by_one(scenario, settings, policy):
    for seed in range(2):

        def told(at_once: bool, seed=seed):
            kernel, _ = oomlab.build(scenario, policy, **settings)
            recorder = Recorder(kernel)
            record = recorder if at_once else lambda *step: recorder(*step)
            count = run_seeded(kernel, seed, record, most_steps=6000)
            kept = len({id(entry) for entry in recorder.kept})
            rows = [
                (row[0], row[1].pid, row[2][0], *row[3:6], name_of(row[6] or ""), *row[7:])
                for row in recorder.rows()
            ]
            return kept, [count, rows, list(map(plain, kernel.events)), fingerprint(kernel)]

        (few, at_once), (_, one_by_one) = told(True), told(False)
        assert at_once == one_by_one and few <= at_once[0]
    if policy == "linux-6.12":  # where a task goes round until the victim has gone
        assert few < 0.9 * at_once[0]


def test_a_patch_that_counts_in_a_function_sees_every_fault_and_every_round():
    """What is settled at once would pass by it."""
    text = """base = "linux-6.12"
name = "counted"
state = {"kernel.asked_for": 0, "kernel.looked": 0}


def get_page_from_freelist(current, mark, order=0):
    current.kernel.asked_for += 1
    return linux_get(current, mark, order)


def oom_evaluate_task(task, oc, policy):
    task.kernel.looked += task is task.kernel.init
    return linux_evaluate(task, oc, policy)


from oomlab.model.memory import get_page_from_freelist as linux_get
from oomlab.model.oom import oom_evaluate_task as linux_evaluate
"""
    mine, how = oomlab.read_patch(text), {"tasks": 4, "allocations": 9000}
    for traced in (True, False):
        kernel = oomlab.run("oom-storm", mine, trace=traced, **how).kernel
        plainly = oomlab.run("oom-storm", "linux-6.12", **how)
        said = [event["event"] for event in plainly.events]
        assert kernel.looked == said.count("scan_aborted") + said.count("oom_report") > 100
        assert kernel.asked_for >= sum(step.verb == "fault" for step in plainly.steps) > 9000
    never = """base = "linux-6.12"
name = "never"


def get_page_from_freelist(current, mark, order=0):
    return False
"""
    run = oomlab.run("oom-storm", oomlab.read_patch(never), most_steps=3000, **how)
    assert any(step.verb == "fault" for step in run.steps)
    assert not any(vma.pages for mm in run.kernel.mms for vma in mm.vmas)


LEFT = 0


def until_it_is_bored(current):
    """A loop of a user's own, that something outside of the machine ends."""
    global LEFT
    while LEFT > 0:
        LEFT -= 1
        yield "look at", "the weather"


def test_a_program_that_keeps_something_in_its_module_takes_every_step(taken):
    global LEFT
    LEFT = 2000
    kernel = Kernel(PRESETS["linux-4.4"], 64, min_kbytes=32)
    kernel.events = None
    kernel.spawn("bored", ((until_it_is_bored,),))
    assert run_seeded(kernel) == sum(taken) >= 2000
    assert LEFT == 0 and whom(kernel, "exit") == ["bored"]


class Counter(dict):
    """A container that may hold more than one sees."""


@pytest.mark.parametrize(
    "hidden",
    [count(), iter([1, 2]), Counter(), lambda: None, until_it_is_bored, bytearray(b"x"), [count()]],
    ids=lambda hidden: type(hidden).__name__,
)
def test_what_may_change_without_being_seen_is_refused(hidden):
    kernel = Kernel(PRESETS["linux-4.4"], 64, min_kbytes=32)
    Standstill(kernel)
    kernel.spawn("holder", ((pause,), (touch, hidden, 1)))
    with pytest.raises(Unknown):
        Standstill(kernel)


def test_a_machine_with_a_patch_is_refused():
    text = 'base = "linux-4.6"\nname = "kept"\n\n\ndef exit_oom_victim(task):\n    pass\n'
    kernel, _ = oomlab.build("lost-victim", oomlab.read_patch(text))
    with pytest.raises(Unknown):
        Standstill(kernel)


@pytest.mark.parametrize("scenario", ["lost-victim", "page-thieves", "two-memcgs", "tmpfs-writer"])
@pytest.mark.parametrize("policy", ["linux-4.4", "linux-6.12"])
def test_whatever_changes_is_seen(scenario, policy):
    """Every attribute that is state, and every container, one after the other."""
    kernel, _ = oomlab.build(scenario, policy)
    kernel.events = None
    run_seeded(kernel, 1, most_steps=300)
    still, changed = Standstill(kernel), 0
    for thing in [kernel, *still.tasks, *still.others]:
        if type(thing) in CONTAINERS:
            for change, back in changes(thing):
                change()
                assert not still.same(), thing
                back()
                changed += 1
        else:
            for name, value in attributes(thing):
                if name in ("op", "thread", "turn", "asked"):
                    continue
                setattr(thing, name, WaitQueue("another"))
                assert not still.same(), (thing, name)
                setattr(thing, name, value)
                changed += 1
        assert still.same(), thing
    assert changed > 200


def changes(held):
    """What can be done to a container, and undone."""
    if type(held) is list:
        yield lambda: held.append(0), held.pop
        if held:
            last = held[-1]
            yield held.pop, lambda: held.append(last)
    elif type(held) is dict:
        yield lambda: held.update(new=0), lambda: held.pop("new")
    elif type(held) is set:
        yield lambda: held.add("new"), lambda: held.remove("new")


def test_what_goes_from_one_list_to_the_next_is_seen():
    kernel = Kernel(PRESETS["linux-4.4"], 64, min_kbytes=32)
    one = kernel.spawn("one", ((sleep, 5),), vmas=heap(2))
    still = Standstill(kernel)
    lists = [thing for thing in still.others if type(thing) is list]
    for first, second in zip(lists, lists[1:], strict=False):
        if first and not second:
            second.insert(0, first.pop())
            assert not still.same()
            first.append(second.pop(0))
    assert still.same() and one.state


def test_where_a_loop_within_a_loop_is_belongs_to_the_place():
    """Two equal calls: only the inner iterator says which of them it is."""
    kernel = Kernel(PRESETS["linux-4.4"], 64, min_kbytes=32)
    kernel.events = None
    twice = (look, "heap"), (look, "heap")
    task = kernel.spawn("reader", ((repeat, None, *twice), (pause,)), vmas=heap(2))
    still, places, states = Standstill(kernel), [], []
    for _ in range(40):
        spin.burst(task, 1)
        assert still.same()
        places.append(still.place(task))
        states.append(fingerprint(kernel))
    assert places[0] != places[1] and places[0] == places[2]
    for n in range(40):
        assert [p == places[n] for p in places] == [s == states[n] for s in states]


def test_what_is_made_to_look_into_an_iterator_is_kept():
    """Its id would be used again, and another object be taken for it."""
    still, new = Standstill(Kernel(PRESETS["linux-4.4"], 64, min_kbytes=32)), {}
    loops = [iter((number, (number,))) for number in range(5)]
    told = [still.value(loop, new) for loop in loops]
    assert all(id(kept) == key for key, (_, kept) in new.items())
    assert all(one != other for n, one in enumerate(told) for other in told[:n])
    next(loops[4])
    assert still.value(loops[4], {}) != still.value(iter((4, (4,))), {})
