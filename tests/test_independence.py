"""Sleep sets (independence.py): what they leave out, what stays, and who would see a fault."""

import pytest

import oomlab
from oomlab import explore
from oomlab.explorer import independence, plain
from oomlab.explorer.errors import ExplorerFault
from oomlab.explorer.independence import Footprint, SleepSets
from oomlab.explorer.relation import Interned
from oomlab.explorer.search import Search
from oomlab.model.fork import fork
from oomlab.model.kernel import Kernel
from oomlab.model.locks import TASK_UNINTERRUPTIBLE
from oomlab.model.syscalls import mmap
from oomlab.policies.presets import PRESETS
from oomlab.scenarios.programs import touch

POLICY = PRESETS["linux-4.4"]
QUESTIONS = [
    ("lost-victim", "handa", {}),
    ("lost-victim", "rfc-2015-11-25", {"vmas": 1}),
    ("lost-victim", "handa", {"victims": 3, "vmas": 1}),
    ("second-oom", "mm-2015-12", {}),
    ("self-marked", "rfc-2015-11-25", {}),
]


@pytest.fixture
def searches(monkeypatch):
    """The searches that are made, and how many steps they tried."""
    made, tried, run, after = [], [], Search.run, Interned.after

    def noted(search):
        made.append(search)
        tried.append(0)
        return run(search)

    def counted(relation, packed, entry):
        tried[-1] += 1
        return after(relation, packed, entry)

    monkeypatch.setattr(Search, "run", noted)
    monkeypatch.setattr(Interned, "after", counted)
    return made, tried


@pytest.fixture(autouse=True)
def everywhere(monkeypatch):
    """Steps sleep in searches without symmetry, too: these can be compared state by state."""
    monkeypatch.setattr(independence, "ONLY_WITH_SYMMETRY", False)


def dependent(monkeypatch) -> None:
    """No two steps are independent: all orders are tried."""
    monkeypatch.setattr(SleepSets, "independent", lambda *args: False)


@pytest.mark.parametrize("clock", plain.CLOCKS)
@pytest.mark.parametrize("scenario, policy, more", QUESTIONS)
def test_each_state_is_met_first_from_the_same_state(
    searches, monkeypatch, scenario, policy, more, clock
):
    how = dict(clock=clock, audit=0.0, max_states=3000, symmetry=False, **more)
    one = explore(scenario, policy, **how)
    dependent(monkeypatch)
    two = explore(scenario, policy, **how)
    for name in ("verdict", "states", "transitions", "schedule"):
        assert getattr(one, name) == getattr(two, name)
    (with_, without), tried = searches
    assert (with_.met.parents, with_.met.entries) == (without.met.parents, without.met.entries)
    assert tried[0] < tried[1]


def test_of_four_equals_many_steps_sleep(searches, monkeypatch):
    one = explore("lost-victim", "handa", victims=4, vmas=2, audit=0.0)
    dependent(monkeypatch)
    two = explore("lost-victim", "handa", victims=4, vmas=2, audit=0.0)
    assert one.bound["reductions"] == ["symmetry"]
    assert (one.states, one.transitions) == (two.states, two.transitions)
    _, tried = searches
    assert tried[0] < 0.7 * tried[1]


# --- steps that concern another one, each in another way


def counts(current, name: str):
    for _ in range(2):
        yield "count", name
        setattr(current.kernel, name, getattr(current.kernel, name) + 1)


def copies(current):
    yield "copy", "a number"
    current.kernel.swap_free = current.kernel.busy_workers


def takes_off(current, name: str):
    yield "take off", name
    current.kernel.tasks[:] = [task for task in current.kernel.tasks if task.name != name]


def another_list(current, name: str):
    yield "take off", name
    current.kernel.tasks = [task for task in current.kernel.tasks if task.name != name]


def puts_to_sleep(current, name: str):
    yield "put to sleep", name
    for task in current.kernel.tasks:
        if task.name == name:
            task.state = TASK_UNINTERRUPTIBLE


def panics(current):
    yield "panic", ""
    current.kernel.panic("for a test")


PROGRAMS = {
    "two counters": [(counts, "busy_workers"), (counts, "swap_free")],
    "one counter": [(counts, "busy_workers"), (counts, "busy_workers")],
    "written and read": [(counts, "busy_workers"), (copies,)],
    "taken off the task list": [(takes_off, "t1"), (counts, "busy_workers")],
    "another task list": [(another_list, "t1"), (counts, "busy_workers")],
    "put to sleep": [(puts_to_sleep, "t1"), (counts, "busy_workers")],
    "a panic": [(panics,), (counts, "busy_workers")],
    "new objects": [(mmap, "map"), (mmap, "map")],
    "new tasks": [(fork, "c", ((counts, "busy_workers"),)), (fork, "c", ((copies,),))],
    "faults": [(touch, "heap", 2), (touch, "heap", 2)],
}


def machine(policy, calls: list) -> Kernel:
    kernel = Kernel(policy, 128, cpus=2, min_kbytes=32)
    for number, call in enumerate(calls):
        kernel.spawn(f"t{number}", (call,))
    return kernel


def never(kernel: Kernel) -> bool:
    return kernel.cpus > 2


@pytest.mark.parametrize("name", PROGRAMS)
def test_as_many_states_as_plain_finds(monkeypatch, name):
    def build(policy=POLICY) -> Kernel:
        return machine(policy, PROGRAMS[name])

    monkeypatch.setitem(oomlab.SCENARIOS, "test", build)
    verdict, _, states, transitions = plain.explore(build, never, max_states=3000)
    found = explore("test", POLICY, never, audit=1.0)
    assert (found.verdict, found.states, found.transitions) == (verdict, states, transitions)


# --- a broken footprint


def forget(monkeypatch, change) -> None:
    made = Footprint.__init__

    def forgets(footprint, *about):
        made(footprint, *about)
        change(footprint)

    monkeypatch.setattr(Footprint, "__init__", forgets)


def one_write(footprint, name: str) -> None:
    footprint.writes = frozenset(cell for cell in footprint.writes if cell.name != name)


def the_task_list(footprint) -> None:
    footprint.tasks = None


def who_is_asked(footprint) -> None:
    footprint.touches -= {c for c in footprint.touches if c.name in ("state", "panicked")}


BROKEN = [
    ("written and read", lambda footprint: one_write(footprint, "busy_workers")),
    ("taken off the task list", the_task_list),
    ("put to sleep", who_is_asked),
    ("a panic", who_is_asked),
]


@pytest.mark.parametrize("name, change", BROKEN)
def test_a_footprint_that_forgets_something_is_found_out(monkeypatch, name, change):
    forget(monkeypatch, change)
    monkeypatch.setitem(oomlab.SCENARIOS, "test", lambda policy: machine(policy, PROGRAMS[name]))
    with pytest.raises(ExplorerFault, match="was left out"):
        explore("test", POLICY, never, audit=1.0)


def test_so_it_is_in_a_scenario_with_equals_and_by_the_usual_sample(monkeypatch):
    forget(monkeypatch, lambda footprint: setattr(footprint, "writes", frozenset()))
    with pytest.raises(ExplorerFault, match="was left out"):
        explore("lost-victim", "handa", victims=3, vmas=1)
