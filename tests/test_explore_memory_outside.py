"""What the explorer cannot be sure of, it says in a sentence: memory that no state holds."""

import contextlib
import gc
import importlib
import linecache
import math
import operator
import random
import sys
import threading
import time
from collections import deque, namedtuple
from enum import Enum
from functools import partial
from pathlib import Path

import pytest

import oomlab
from oomlab.explorer import Property, hunt
from oomlab.explorer.compile import resumable
from oomlab.explorer.monitor import known
from oomlab.explorer.nearest_passing import nearest_story
from oomlab.model.kernel import Kernel
from oomlab.model.locks import Mutex
from oomlab.model.tasks import PF_EXITING, Task, do_send_sigkill
from oomlab.scenarios import SCENARIOS
from oomlab.scenarios.programs import hang, sleep, touch


def two_steps(current):
    yield "one", ""
    yield "two", ""


@pytest.fixture(autouse=True)
def own_scenarios():
    before = dict(SCENARIOS)
    yield
    SCENARIOS.clear()
    SCENARIOS.update(before)


def machine(policy, tasks: int = 3):
    kernel = Kernel(policy, 4096)
    for n in range(tasks):
        kernel.spawn(f"t{n}", ((two_steps,),))
    return kernel


@pytest.fixture(autouse=True)
def the_machine(own_scenarios):
    SCENARIOS["closed"] = machine


# ------------------------------------------------------------------ what a monitor remembers
log: list = []


class Memory:
    def __init__(self):
        self.steps = 0


def kept_in_a_global(memory, step):
    log.append(step["task"])
    return len(log) > 3 or memory


def kept_in_a_default(memory, step, seen=[]):  # noqa: B006
    seen.append(step["task"])
    return len(seen) > 3 or memory


def kept_on_the_function(memory, step):
    kept_on_the_function.steps = getattr(kept_on_the_function, "steps", 0) + 1
    return kept_on_the_function.steps > 3 or memory


def kept_in_an_object(memory, step):
    memory = memory or Memory()
    memory.steps += 1
    return memory.steps > 3 or memory


def kept_in_an_iterator(memory, step):
    memory = memory or iter(range(3))
    return next(memory, None) is None or memory


def drawn(memory, step):
    return random.random() < 0.5 or memory


def timed(memory, step):
    return time.time() > 0 or memory


@pytest.mark.parametrize(
    "monitor",
    [
        kept_in_a_global,
        kept_in_a_default,
        kept_on_the_function,
        kept_in_an_object,
        kept_in_an_iterator,
        drawn,
        timed,
    ],
)
def test_a_monitor_remembers_only_what_it_returns(monitor):
    with pytest.raises(ValueError):
        oomlab.explore("closed", property=monitor)


def one_or_true(memory, step):
    """Two orders of first steps lead to one state of the machine: one leaves 1, one True."""
    if memory is None:
        return (step["task"],)
    if memory == ("t0",):
        return 1 if step["task"] == "t1" else "other"
    if memory == ("t1",):
        return step["task"] == "t0" or "other"
    return memory


def test_one_is_not_true():
    assert len(oomlab.explore("closed", property=one_or_true).pids) == 2


def test_memories_are_the_same_only_if_no_monitor_can_tell_them_apart():
    class Colour(Enum):
        RED = 1

    different = [None, 0, False, 0.0, -0.0, 1, True, 1.0, "", "1", b"", (), frozenset()]
    different += [(1,), (True,), frozenset({1}), frozenset({True}), ((),), Colour.RED]
    assert len({known(memory) for memory in different}) == len(different)
    assert known(frozenset({1, 2})) == known(frozenset({2, 1}))


# ------------------------------------------------------------------ answers that are none
def generator(kernel):
    yield any(task.flags for task in kernel.tasks)


async def coroutine(kernel):
    return False


@pytest.mark.parametrize("function", [generator, coroutine])
def test_a_property_that_only_begins_to_run_is_refused(function):
    for asked in (function, Property("p", "never", "", function)):
        with pytest.raises(ValueError, match="must answer when it is called"):
            oomlab.explore("closed", property=asked)


def swallows(kernel):
    try:
        return kernel.progress > 1
    except Exception:
        return False


def test_a_refusal_is_not_swallowed_by_the_function_that_is_refused():
    with pytest.raises(ValueError, match="no part of a state"):
        oomlab.explore("closed", property=swallows)


def fails(kernel):
    return 1 // (len(kernel.tasks) - 3) > 1


def test_a_hunt_says_in_a_sentence_that_a_property_fails():
    with pytest.raises(ValueError, match="the property fails: ZeroDivisionError"):
        hunt("closed", property=fails, runs=20)


def broken_program(current):
    yield "one", ""
    current.kernel.nothing_of_the_kind()


def test_a_hunt_says_in_a_sentence_that_a_step_fails():
    def breaks(policy):
        kernel = Kernel(policy, 4096)
        kernel.spawn("t", ((broken_program,),))
        return kernel

    SCENARIOS["closed"] = breaks
    with pytest.raises(ValueError, match="the step 10. fails: AttributeError"):
        hunt("closed", runs=2)


# ------------------------------------------------------------------ a cell that is run again
def test_a_scenario_that_is_defined_again_has_its_new_parameters():
    def defined(policy, more: int = 5):
        return machine(policy, more)

    assert oomlab.explore("closed").params == {"tasks": 3}
    SCENARIOS["closed"] = defined
    assert oomlab.explore("closed", max_states=5).params == {"more": 5}


# ------------------------------------------------------------------ machines that share
HITS: list = []
LOCK = Mutex("LOCK")
NAMES = ["t0", "t1"]
made = [0]


def hit(current):
    yield "hit", ""
    HITS.append(current.pid)


def lock(current):
    yield from LOCK.lock(current)
    yield "locked", ""
    LOCK.unlock()


def default(current, seen={}):  # noqa: B006
    yield "see", ""
    seen[current.pid] = True


class Shared:
    steps = 0
    log: list = []

    def take(self, current):
        yield "take", ""
        self.log.append(current.pid)


def of(*program):
    def scenario(policy):
        kernel = Kernel(policy, 4096)
        for name in NAMES:
            kernel.spawn(name, program)
        return kernel

    return scenario


@pytest.mark.parametrize("call", [hit, lock, default, Shared().take])
def test_what_all_machines_share_is_not_changed_by_a_step(call):
    SCENARIOS["closed"] = of((call,))
    for _ in range(2):  # the second time as the first
        with pytest.raises(ValueError, match="share: make it in the scenario"):
            oomlab.explore("closed")
        assert not HITS and not Shared.log and not default.__defaults__[0]
        assert type(LOCK) is Mutex and LOCK.owner is None and not LOCK.waiters


def test_what_all_machines_share_may_be_looked_at():
    def gone(kernel):
        return not any(task.name in NAMES for task in kernel.tasks) and LOCK.owner is None

    SCENARIOS["closed"] = of((two_steps,))
    for _ in range(2):
        assert oomlab.explore("closed", property=gone).verdict == "violated"
        assert type(LOCK) is Mutex


def test_a_scenario_makes_the_same_machine_each_time():
    def another(policy):
        made[0] += 1
        kernel = Kernel(policy, 4096)
        kernel.spawn(f"t{made[0]}", ((two_steps,),))
        return kernel

    SCENARIOS["closed"] = another
    with pytest.raises(ValueError, match="another machine the second time"):
        oomlab.explore("closed")


# ------------------------------------------------------------------ what a search leaves behind
class Box:
    def __init__(self):
        self.items = []


def fills(current, box):
    yield "fill", "a box"
    box.items.append(Box())
    yield "fill", "it again"
    box.last = current


def test_nothing_of_a_machine_outlives_its_search():
    """A class that watches objects holds the whole machine: it was kept by a cache, once."""

    def asked(property="no-victim-lost", scenario="lost-victim", **how):
        with contextlib.suppress(ValueError):
            oomlab.explore(scenario, "rfc-2015-11-25", property, **how)

    questions = [
        dict(audit=1.0, vmas=1),
        dict(vmas=1, symmetry=True),
        dict(vmas=1, property="victims-settled"),
        dict(vmas=1, prefer="switches"),
        dict(vmas=1, property=kept_in_a_default),
        dict(vmas=1, property=lambda memory, step: step["task"]),
        dict(scenario="fork-bomb", bombs=2, max_states=100),
        dict(scenario="boxes", property=fails),
        dict(scenario="boxes", property=lambda kernel: None in kernel.tasks, audit=1.0),
    ]
    SCENARIOS["boxes"] = lambda policy: of((fills, Box()))(policy)
    for question in questions:
        asked(**question)
        gc.collect()
        classes = [c for c in gc.get_objects() if isinstance(c, type)]
        left = [c for c in classes if isinstance(vars(c).get("watched"), type)]
        assert not left, question


# ------------------------------------------------------------------ a claim of symmetry
@pytest.mark.parametrize(
    "claim",
    [None, "abc", [["a"], ["b"], ["c"]], [[(1,)], [(2,)], [(3,)]], [[Mutex("a")]] * 3],
)
def test_a_claim_of_symmetry_that_names_nothing_of_the_machine(claim):
    def claims(policy):
        kernel = machine(policy)
        kernel.symmetric = claim
        return kernel

    SCENARIOS["closed"] = claims
    with pytest.raises(ValueError, match="Kernel.symmetric"):
        oomlab.explore("closed")


# ------------------------------------------------------------------ state outside of the machine
class Flag(Enum):
    UP = 1


class Meta(type):
    log: list = []


class WithMeta(metaclass=Meta):
    pass


class Counted(int):
    pass


FILE = Path("nothing")
THREE = Counted(3)


def on_an_enum(current):
    yield "one", ""
    Flag.UP.steps = 1


def on_a_module(current):
    yield "one", ""
    math.steps = 1


def on_a_class(current):
    yield "one", ""
    Task.steps = 1


def on_a_function(current):
    yield "one", ""
    touch.steps = 1


def on_a_metaclass(current):
    yield "one", ""
    WithMeta.log.append(1)


def on_a_number(current):
    yield "one", ""
    THREE.steps = 1


def on_a_disk(current):
    yield "one", ""
    current.uid = FILE.exists()


def in_a_set_of_objects(current):
    friends = frozenset(current.kernel.tasks)
    yield "one", ""
    do_send_sigkill(next(iter(friends)))


def past_the_watch(current):
    yield "one", ""
    object.__setattr__(current, "uid", 3)


@pytest.mark.parametrize(
    "call",
    [
        on_an_enum,
        on_a_module,
        on_a_class,
        on_a_function,
        on_a_metaclass,
        on_a_number,
        on_a_disk,
        in_a_set_of_objects,
        past_the_watch,
    ],
)
def test_a_step_keeps_nothing_outside_of_the_machine(call, monkeypatch):
    for thing in (math, Task, touch):  # taken away again
        monkeypatch.setattr(thing, "steps", 0, raising=False)
        monkeypatch.delattr(thing, "steps")
    SCENARIOS["closed"] = of((call,))
    try:
        with pytest.raises(ValueError):
            oomlab.explore("closed")
    finally:
        for thing in (math, Task, touch):
            if "steps" in vars(thing):
                del thing.steps


def by_type(kernel):
    return any(type(task) is Task for task in kernel.tasks)


def by_slot(kernel):
    return any(Task.flags.__get__(task) for task in kernel.tasks)


def by_object(kernel):
    return any(object.__getattribute__(task, "flags") for task in kernel.tasks)


@pytest.mark.parametrize("asked", [by_type, by_slot, by_object])
def test_a_property_looks_only_where_it_is_seen(asked):
    with pytest.raises(ValueError, match=asked.__name__):
        oomlab.explore("closed", property=asked)


@pytest.mark.parametrize(
    "bad",
    [
        lambda kernel: not kernel.__slots__,
        lambda kernel: kernel.tasks[0].__doc__ is None,
        lambda kernel: hasattr(kernel.zone, "watched"),
        lambda kernel: kernel.__class__.__name__ != "Kernel",
    ],
)
def test_that_an_object_is_watched_does_not_show(bad):
    assert oomlab.explore("closed", property=bad).verdict == "holds"


def test_the_class_of_an_object_is_its_own():
    def exiting(kernel):
        return any(task.__class__ is Task and task.flags & PF_EXITING for task in kernel.tasks)

    def named(kernel):
        return any(type(task).__name__ == "Task" and task.flags & 4 for task in kernel.tasks)

    assert len(oomlab.explore("closed", property=exiting).pids) == 2
    assert oomlab.explore("closed", property=named).verdict == "holds"


# ------------------------------------------------------------------ a file that is edited
PROGRAM = """
def prog(current):
    yield "one", ""
    current.uid = 5
    yield "two", ""
"""


def test_a_function_whose_file_was_edited_since_is_refused(tmp_path, monkeypatch):
    file = tmp_path / "edited_since.py"
    file.write_text(PROGRAM, "utf-8")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    program = importlib.import_module("edited_since").prog
    SCENARIOS["closed"] = of((program,))

    def five(kernel):
        return any(task.uid == 5 for task in kernel.tasks)

    for text, right in ((PROGRAM.replace("5", "6"), False), (PROGRAM + "\nx = 1\n", True)):
        file.write_text(text, "utf-8")
        linecache.cache.pop(str(file), None)  # of this file alone: patches keep their text there
        resumable.cache_clear()
        if right:
            assert len(oomlab.explore("closed", property=five).pids) == 1
        else:
            with pytest.raises(ValueError, match="another text"):
                oomlab.explore("closed", property=five, audit=0.0)


# ------------------------------------------------------------------ a hunt
def test_a_hunt_is_not_of_machines_that_share_and_change():
    HITS.clear()
    SCENARIOS["closed"] = of((hit,))
    with pytest.raises(ValueError, match="another machine the second time"):
        hunt("closed", property=lambda kernel: len(HITS) > 30, runs=40)
    HITS.clear()


def test_what_a_hunt_found_is_asked_again_in_a_fresh_machine():
    asked = []

    def once(kernel):
        asked.append(1)
        return len(asked) in (30, 31)

    with pytest.raises(ValueError, match="answers otherwise the second time"):
        hunt("closed", property=once, runs=20)


def test_the_nearest_schedule_is_one_of_the_same_property():
    def gone(kernel):
        return len(kernel.tasks) < 4

    found = oomlab.explore("closed", property=gone)
    with pytest.raises(ValueError, match="one of gone, not of fails"):
        nearest_story(found, fails)


# ------------------------------------------------------------------ orders that are no state
def sleepers(policy):
    """Three, whose timers are due in the opposite order of their names."""
    kernel = Kernel(policy, 4096)
    for n in range(3):
        kernel.spawn(f"t{n}", ((sleep, 5 - n), (two_steps,)))
    return kernel


def beside_sleepers(call):
    def machine(policy):
        kernel = sleepers(policy)
        kernel.spawn("looks", ((call,),))
        return kernel

    return machine


def first_of_a_set(kernel):
    return next(iter({task for task in kernel.tasks})).pid == 101


def first_timer(kernel):
    return len(kernel.timers) > 1 and kernel.timers[0].argument.name == "t0"


def least_timer(kernel):
    return len(kernel.timers) > 1 and min(kernel.timers).argument.name == "t0"


def sorted_timers(kernel):
    return [timer.argument.name for timer in sorted(kernel.timers)] == ["t0", "t2", "t1"]


def compared_timers(kernel):
    return len(kernel.timers) > 1 and kernel.timers[1] < kernel.timers[0]


@pytest.mark.parametrize("asked", [least_timer, sorted_timers, compared_timers])
def test_who_compares_timers_reads_when_they_are_due(asked):
    SCENARIOS["closed"] = sleepers
    with pytest.raises(ValueError, match="reads Timer.expires, which is no part of a state"):
        oomlab.explore("closed", property=asked)


def runs_timers(current):
    yield "run", "timers"
    current.kernel.run_timers()


def takes_the_first(current):
    yield "look", "at timers"
    current.uid = min(current.kernel.timers).argument.pid


def looks_at_the_first(current):
    yield "look", "at timers"
    if current.kernel.timers:
        current.uid = current.kernel.timers[0].argument.pid


def goes_over_timers(current):
    yield "look", "at timers"
    for timer in current.kernel.timers:
        current.uid = timer.argument.pid


@pytest.mark.parametrize("clock", ["any", "ordered", "urgent"])
@pytest.mark.parametrize(
    "call", [runs_timers, takes_the_first, looks_at_the_first, goes_over_timers]
)
def test_no_step_of_a_user_looks_at_the_time_or_at_the_heap(call, clock):
    SCENARIOS["closed"] = beside_sleepers(call)
    with pytest.raises(ValueError, match="Kernel.timers, whose order is no part of a state"):
        oomlab.explore("closed", "linux-4.6", property=lambda kernel: False, clock=clock)


def size_of_a_set(kernel):
    return len({task.signal for task in kernel.tasks}) == 3


def two_timers(kernel):
    return len(kernel.timers) == 2 and {t.argument.name for t in kernel.timers} == {"t0", "t2"}


@pytest.mark.parametrize(
    "asked, right",
    [(first_of_a_set, None), (first_timer, None), (size_of_a_set, 5), (two_timers, 1)],
)
def test_a_property_does_not_depend_on_an_order_that_is_no_state(asked, right):
    SCENARIOS["closed"] = sleepers
    if right is None:
        with pytest.raises(ValueError, match="order that is no part of a state"):
            oomlab.explore("closed", property=asked)
    else:
        found = oomlab.explore("closed", property=asked)
        assert (found.verdict, len(found.pids)) == ("violated", right)


def test_a_hunt_is_not_deeper_than_it_is_long():
    with pytest.raises(ValueError, match="depth of at most steps, 400"):
        hunt("closed", depth=10_000_000)
    assert hunt("closed", depth=400, runs=1).bound["missed_with_chance"] == 1.0


def test_a_parameter_has_no_name_that_another_argument_has():
    def seeded(policy, seed: int = 3):
        return machine(policy)

    SCENARIOS["closed"] = seeded
    for function in (oomlab.run, oomlab.explore, hunt):
        with pytest.raises(ValueError, match="parameter seed of closed"):
            function("closed")


def test_searches_in_threads_leave_the_collector_as_it_was():
    before, found = gc.get_threshold(), []

    def search():
        found.append(oomlab.explore("lost-victim", "rfc-2015-11-25", vmas=1).states)

    threads = [threading.Thread(target=search) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == [368] * 3 and gc.get_threshold() == before


def test_a_dictionary_that_a_scenario_fills_with_processes():
    def takes_first(current, queue):
        yield "take", ""
        first = next(iter(queue), None)
        if first is not None:
            del queue[first]

    def filled(policy):
        kernel, queue = Kernel(policy, 4096), {}
        for n in range(3):
            queue[kernel.spawn(f"t{n}", ((takes_first, queue),))] = n
        kernel.spawn("keeper", ((hang, queue),))
        return kernel

    def two_left(kernel):
        queue = next(task.program[0][1] for task in kernel.tasks if task.name == "keeper")
        return len({task for task in queue}) == 1 and len(kernel.tasks) == 5

    SCENARIOS["closed"] = filled
    assert len(oomlab.explore("closed", property=two_left).pids) == 2
    assert oomlab.explore("closed").verdict == "holds"


class Shut:
    """A container that is only reached through what is kept of it: who uses that has all of it."""

    def __init__(self, held, change):
        self.held, self.change = held, change


Pair = namedtuple("Pair", "held word")
KEPT = {
    "its method": lambda held: held.append,
    "a partial": lambda held: partial(held.append, 1),
    "a partial of a function": lambda held: partial(push, held),
    "in a named tuple": lambda held: Pair(held, "one"),
}


def push(held, *numbers):
    held.append(1)


@pytest.mark.parametrize("kept", sorted(KEPT))
def test_who_has_what_leads_to_a_container_has_read_it(kept):
    def change(current, shut, own: bool):
        yield "look", ""
        if own:
            held = []
            shut = Shut(held, KEPT[kept](held))
        for _ in range(2):
            yield "change", ""
            if isinstance(shut.change, Pair):
                shut.change.held.append(1)
            else:
                shut.change(*(() if kept == "a partial" else (1,)))
        yield "tell", ""
        current.kernel.busy_workers += len(shut.held)

    def made(policy):
        kernel = Kernel(policy, 128, min_kbytes=32)
        held = deque()
        shut = Shut(held, KEPT[kept](held))
        for own in (False, True):
            kernel.spawn(f"t{own}", ((change, shut, own),))
        return kernel

    SCENARIOS["closed"] = made
    for told, steps in ((2, 4), (4, 8), (3, 0)):
        found = oomlab.explore("closed", property=lambda k, n=told: k.busy_workers == n)
        assert len(found.pids) == steps, (kept, told)


def test_a_change_that_nothing_noted_is_refused():
    """The look at all that never changed sees what a function of C did to a slot."""

    class Slot:
        __slots__ = ("number",)

    def change(current, slot):
        word = "set"
        yield "change", ""
        operator.methodcaller(f"__{word}__", slot, 1)(Slot.number)

    def made(policy):
        kernel, slot = Kernel(policy, 128, min_kbytes=32), Slot()
        slot.number = 0
        for number in (1, 2):
            kernel.spawn(f"t{number}", ((change, slot),))
        return kernel

    SCENARIOS["closed"] = made
    with pytest.raises(ValueError, match="a step changes .*Slot.number behind"):
        oomlab.explore("closed", property=lambda kernel: False)
