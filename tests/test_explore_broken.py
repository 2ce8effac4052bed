"""Break the explorer on purpose, and see that it notices: no answer, but ExplorerFault."""

from random import Random

import pytest

import oomlab
from oomlab import explore
from oomlab.explorer import audit, met, plain
from oomlab.explorer.errors import ExplorerFault
from oomlab.explorer.relation import Interned, Tree
from oomlab.explorer.symmetry import Symmetric
from oomlab.model.kernel import Kernel, Task
from oomlab.scenarios import SCENARIOS
from oomlab.simulate.scheduler import run_schedule

SAID = r"please report it: lost-victim under \S+, .*'victims': 2.*clock any, oomlab \d"


def never(kernel) -> bool:
    return False


@pytest.mark.parametrize("kind, name", [(Task, "state"), (Kernel, "mm_to_reap"), (Task, "op")])
def test_a_variable_left_out_of_the_declaration_is_seen(monkeypatch, kind, name):
    monkeypatch.setattr(kind, "NOT_STATE", (*vars(kind).get("NOT_STATE", ()), name), raising=False)
    with pytest.raises((ExplorerFault, ValueError)):
        explore("lost-victim", "rfc-2015-11-25", never, audit=1.0)


@pytest.mark.parametrize("number", (0, 5, 11, 18, 26, 39))
def test_a_step_remembered_wrongly_is_seen(monkeypatch, number):
    """One number that one remembered step writes is another, from the start."""
    learned = []
    learn = Interned.learn

    def poisoned(self, state, entry):
        answer = learn(self, state, entry)
        learned.append(answer)
        if len(learned) == number + 1 and answer.value:
            (index, value), *rest = answer.value
            answer.value = ((index, (value + 1) % len(self.variable[index].values)), *rest)
        return answer

    monkeypatch.setattr(Interned, "learn", poisoned)
    with pytest.raises((ExplorerFault, ValueError), match=SAID):
        explore("lost-victim", "rfc-2015-11-25", never, audit=1.0)
    assert len(learned) > number


def test_a_read_that_is_not_noted_is_seen(monkeypatch):
    """Then two different states count as one for a step, and its answer is remembered for both."""
    learn = Tree.learn

    def forgetful(self, state, cells, leaf):
        learn(self, state, [cell for cell in cells if cell.name != "free"], leaf)

    monkeypatch.setattr(Tree, "learn", forgetful)
    with pytest.raises(ExplorerFault, match="please report it"):
        explore("page-thieves", "linux-4.6", never, audit=1.0, thieves=1, pages=2)


def test_a_property_answered_wrongly_is_replayed_and_seen(monkeypatch):
    monkeypatch.setattr(Interned, "broken", lambda self, state: state != self.start)
    with pytest.raises(ExplorerFault, match=SAID):
        explore("lost-victim", "rfc-2015-11-25", "no-victim-lost")


def test_a_property_never_found_broken_is_seen(monkeypatch):
    monkeypatch.setattr(Interned, "broken", lambda self, state: False)
    with pytest.raises(ExplorerFault, match=SAID):
        explore("lost-victim", "rfc-2015-11-25", "no-victim-lost", audit=1.0)


def test_a_transition_left_out_is_seen(monkeypatch):
    enabled = Interned.enabled
    monkeypatch.setattr(Interned, "enabled", lambda self, state: enabled(self, state)[:1])
    with pytest.raises(ExplorerFault, match=SAID):
        explore("lost-victim", "rfc-2015-11-25", never, audit=1.0)


def test_a_counterexample_that_cannot_happen_is_seen(monkeypatch):
    monkeypatch.setattr(met.Met, "path", lambda self, number: [101] * 99)
    with pytest.raises(ExplorerFault, match=r"cannot happen|does not do it"):
        explore("lost-victim", "rfc-2015-11-25", "no-victim-lost", symmetry=False)
    monkeypatch.setattr(Symmetric, "real", lambda self, path: ([101] * 99, ()))
    with pytest.raises(ExplorerFault, match=r"cannot happen|does not do it"):
        explore("lost-victim", "rfc-2015-11-25", "no-victim-lost", symmetry=True)


def test_the_part_that_is_audited_is_told_and_seeded():
    found = explore("lost-victim", "handa", never, victims=3)
    assert found.bound["audited"] == 200 < found.states
    assert "200 of the states checked" in found.sentence()
    assert audit.sample(1000, 0.5) == audit.sample(1000, 0.5)
    assert explore("lost-victim", "handa", never, victims=1, audit=1.0).bound["audited"] > 10


def writes_what_is_not_declared(task):
    yield "run", None
    task.kernel.my_flag = True
    yield "run", None


def test_an_undeclared_write_is_refused_by_name(monkeypatch):
    def scenario(policy):
        kernel = Kernel(policy, 256)
        kernel.spawn("writer", ((writes_what_is_not_declared,),))
        return kernel

    monkeypatch.setitem(SCENARIOS, "odd", scenario)
    with pytest.raises(ValueError, match="my_flag"):
        explore("odd", "linux-4.4", never)


@pytest.mark.parametrize("clock", ["any", "urgent"])
@pytest.mark.parametrize("name", sorted(SCENARIOS))
def test_frames_go_in_lockstep_with_generators(name, clock):
    """A random walk: after each step the state of numbers is laid beside the running model."""

    def build():
        kernel = SCENARIOS[name](oomlab.PRESETS["linux-4.10"])
        kernel.events = None  # as everywhere in the explorer: it need not tell
        return kernel

    draw, kernel, relation = Random(name), build(), Interned(build, clock, never)
    state, taken, beside = relation.start, [], audit.Audit(relation, build)
    for _ in range(40):
        beside.compare(state, kernel, taken)
        entries = plain.enabled(kernel, clock)
        assert sorted(entries, key=repr) == sorted(relation.enabled(state), key=repr)
        if not entries:
            break
        taken.append(draw.choice(entries))
        run_schedule(kernel, taken[-1:])
        state = relation.successor(state, taken[-1])
