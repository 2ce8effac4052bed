"""Symmetric processes: as few states as there are kinds of states, and nothing that is not so."""

import functools
import itertools
import os

import pytest
import random_machines

import oomlab
from oomlab import explore
from oomlab.explorer import plain
from oomlab.explorer.errors import ExplorerFault
from oomlab.explorer.groups import Groups, NotSymmetric
from oomlab.explorer.relation import Interned
from oomlab.explorer.state_vector import CONTENT
from oomlab.explorer.symmetry import Symmetric
from oomlab.model.fork import fork
from oomlab.model.kernel import Kernel
from oomlab.model.mm import ANON, VMA
from oomlab.scenarios.programs import sleep, touch
from oomlab.simulate.scheduler import run_schedule


def never(kernel) -> bool:
    return False


def test_the_states_are_those_of_all_schedules_up_to_exchanges():
    """All states, and of each all images: there are as many kinds as the reduced search visits."""
    policy, sizes = "handa", {"victims": 3, "vmas": 1}

    def build():
        return oomlab.build("lost-victim", policy, **sizes)[0]

    symmetric = Symmetric(Interned(build, "any", never), declared=True)
    relation = symmetric.relation
    seen, todo = {relation.start}, [relation.start]
    for state in todo:  # grows
        for entry in relation.enabled(state):
            new = relation.successor(state, entry)
            if new not in seen:
                seen.add(new)
                todo.append(new)
    symmetric.look()
    orders = list(itertools.permutations(range(3)))
    kinds = {
        min(symmetric.images.of(relation.unpack(state), p).tobytes().rstrip(b"\0") for p in orders)
        for state in seen
    }
    found = explore("lost-victim", policy, never, **sizes)
    assert found.bound["reductions"] == ["symmetry"]
    assert len(seen) > 3 * found.states
    assert len(kinds) == found.states


@pytest.mark.parametrize("policy, victims", [("rfc-2015-11-25", 3), ("linux-6.1", 2)])
def test_verdict_and_length_are_those_of_all_states(policy, victims):
    sizes = {"victims": victims, "vmas": 1, "max_states": 3_000, "audit": 0}
    every = explore("lost-victim", policy, symmetry=False, **sizes)
    found = explore("lost-victim", policy, symmetry=True, **sizes)
    if every.verdict != "bound-reached":
        assert (found.verdict, len(found.pids)) == (every.verdict, len(every.pids))
        assert found.states <= every.states


QUESTIONS = {
    "the first": lambda k: any(t.marked is not None for t in k.tasks if t.name == "victim1"),
    "the last": lambda k: any(t.marked is not None for t in k.tasks if t.pid == 103),
    "on the list": lambda k: k.tasks[4].memdie,
    "two": lambda k: sum(t.marked is not None for t in k.tasks) > 1,
    "in order": lambda k: [t.sigkill for t in k.tasks[-4:]] == [False, False, True, True],
}


@pytest.mark.parametrize("asks", QUESTIONS)
def test_a_question_may_tell_equals_apart(asks):
    every = explore("lost-victim", "handa", QUESTIONS[asks], vmas=1, symmetry=False)
    found = explore("lost-victim", "handa", QUESTIONS[asks], vmas=1, symmetry=True, audit=1.0)
    assert (found.verdict, len(found.pids)) == (every.verdict, len(every.pids))
    assert bool(found.bound["reductions"]) == (asks == "two")


def test_a_walk_over_the_task_list_tells_equals_apart():
    """kmallocwd takes the first victim of the list: then the victims are not symmetric."""
    assert (
        explore("lost-victim", "kmallocwd", never, vmas=1, symmetry=True).bound["reductions"] == []
    )


def test_believing_in_symmetry_where_there_is_none_is_seen(monkeypatch):
    monkeypatch.setattr(Symmetric, "fit", lambda self, *step: self.fitting.update({step[-1]: None}))
    monkeypatch.setattr(Symmetric, "finish", lambda self: None)
    with pytest.raises(ExplorerFault):
        explore("lost-victim", "kmallocwd", never, vmas=1, audit=1.0, symmetry=True)


def two_that_fork(policy):
    """Each of two equals naps, and starts a child: timers, made tasks, and lists that grow."""
    kernel = Kernel(policy, 128, min_kbytes=32)
    program = ((sleep, 2), (fork, "child", ((touch, "heap", 1),)))
    for number in (1, 2, 3):
        task = kernel.spawn(f"t{number}", program, vmas=[VMA("heap", ANON, 1)])
        kernel.symmetric.append([task])
    return kernel


@pytest.mark.parametrize("clock", ["any", "ordered", "urgent"])
def test_a_counterexample_has_the_names_that_it_really_has(monkeypatch, clock):
    """What leads where changes while steps are learned, and so does which state stands for all."""
    monkeypatch.setitem(oomlab.SCENARIOS, "forks", two_that_fork)
    sizes = {"clock": clock, "max_states": 300}
    for bad in (
        lambda k: sum(t.name == "child" for t in k.tasks) == 2,
        lambda k: [t.parent.pid for t in k.tasks if t.name == "child"] == [103, 101],
        lambda k: len(k.timers) == 2 and any(t.name == "child" for t in k.tasks),
    ):
        every = explore("forks", "linux-4.4", bad, symmetry=False, audit=0, **sizes)
        found = explore("forks", "linux-4.4", bad, audit=1.0, **sizes)
        if every.verdict != "bound-reached":
            assert (found.verdict, len(found.pids)) == (every.verdict, len(every.pids))


FOUND = (100114, 100471, 100588, 100612, 100632)  # by these, faults were found
SEEDS = range(110_000, 110_025) if "OOMLAB_FUZZ" not in os.environ else range(110_000, 130_000)


def test_random_machines_with_equals_are_answered_as_without_symmetry(monkeypatch):
    """Larger ones than the plain search can do, all audited."""
    reduced = 0
    for seed in (*FOUND, *SEEDS):
        try:
            case = random_machines.case(seed, plain.enabled, lambda k, e: run_schedule(k, [e]))
        except Exception:  # no such machine, or a program that breaks on the way
            continue
        if len(case.build(case.policy).symmetric) < 2:
            continue
        monkeypatch.setitem(oomlab.SCENARIOS, "fuzz", case.build)
        ask = functools.partial(explore, "fuzz", case.policy, case.question, clock=case.clock)
        try:
            every = ask(symmetry=False, audit=0, max_states=300)
        except ValueError:
            continue
        try:
            found = ask(audit=1.0, max_states=300, symmetry=True)
        except ValueError:  # 300 that stand for more come further, to a line that is refused
            assert every.verdict == "bound-reached", f"case {seed} is refused with symmetry only"
            continue
        reduced += bool(found.bound["reductions"])
        if every.verdict != "bound-reached":
            same = (found.verdict, len(found.pids)) == (every.verdict, len(every.pids))
            assert same, f"case {seed}: {found.verdict}, without symmetry {every.verdict}"
    assert reduced > 5


def test_groups_that_are_not_alike_are_none(monkeypatch):
    """One victim's thread sleeps first: what it is about to do differs from the start."""
    lost_victim = oomlab.SCENARIOS["lost-victim"]

    def unequal(policy):
        kernel = lost_victim(policy, victims=2, vmas=1)
        memcg = kernel.symmetric[0][0]
        memcg.limit += 1
        return kernel

    monkeypatch.setitem(oomlab.SCENARIOS, "unequal", unequal)
    every = explore("unequal", "handa", never, symmetry=False)
    found = explore("unequal", "handa", never, audit=1.0, symmetry=True)
    assert (found.verdict, found.states) == (every.verdict, every.states)
    assert found.bound["reductions"] == []

    def mixed(policy):
        kernel = lost_victim(policy, victims=2, vmas=1)
        kernel.symmetric[1].reverse()
        return kernel

    monkeypatch.setitem(oomlab.SCENARIOS, "mixed", mixed)
    assert explore("mixed", "handa", never, symmetry=True).bound["reductions"] == []
    with pytest.raises(NotSymmetric):
        Groups(Interned(lambda: mixed(oomlab.PRESETS["handa"]), "any").machine)


def test_timers_without_times_tell_no_equals_apart(monkeypatch):
    """A heap compares a new timer with some of the others; under "any" that reads nothing."""

    def naps(policy):
        kernel = Kernel(policy, 128, min_kbytes=32)
        for number in (1, 2, 3):
            kernel.symmetric.append([kernel.spawn(f"t{number}", ((sleep, 2), (sleep, 3)))])
        return kernel

    monkeypatch.setitem(oomlab.SCENARIOS, "naps", naps)
    every = explore("naps", "linux-4.4", never, symmetry=False)
    found = explore("naps", "linux-4.4", never, audit=1.0)
    assert (found.verdict, found.bound["reductions"]) == (every.verdict, ["symmetry"])
    assert found.states < every.states / 2


NAMES = {"Task.name", "MM.name", "Memcg.name"}


@pytest.mark.parametrize("policy", ["rfc-2015-11-25", "handa", "linux-6.1"])
def test_no_step_of_the_model_reads_what_tells_equals_apart_without_need(policy):
    """One that did would have to be taken in every image.

    A name would only be noted down. The list of all tasks is for those who leave it.
    """
    build = functools.partial(oomlab.build, "lost-victim", policy, victims=2, vmas=1)
    relation = Interned(lambda: build()[0], "any", never)
    machine = relation.machine
    tasks = machine.values.things[id(machine.kernel.tasks)].cells[CONTENT]
    seen, todo = {relation.start}, [relation.start]
    for state in todo:  # grows
        for entry in relation.enabled(state):
            new = relation.successor(state, entry)
            answer = relation.answer
            assert not NAMES & {repr(cell) for cell in answer.reads}, entry
            if tasks in answer.reads:
                assert tasks.index in [index for index, _ in answer.value], entry
            if new not in seen and len(todo) < 400:
                seen.add(new)
                todo.append(new)
    assert len(seen) > 100


class Thing:
    """An object of a user's, which each group has one of."""

    def __init__(self, **held):
        for name, value in held.items():
            setattr(self, name, value)


class Other(Thing):
    pass


def three(*held):
    """Groups of a thread and an object, which the thread has as its argument."""

    def looks(current, thing):
        yield "look", "at it"
        current.uid = 1 if hasattr(thing, "x") and str(thing.x) == "1" else 2

    def scenario(policy):
        kernel = Kernel(policy, 4096)
        things = [thing() if callable(thing) else thing for thing in held]
        tasks = [kernel.spawn(f"t{n}", ((looks, thing),)) for n, thing in enumerate(things)]
        kernel.symmetric = [[task, thing] for task, thing in zip(tasks, things, strict=True)]
        return kernel

    return scenario


def as_many(kernel):
    return sum(task.uid == 1 for task in kernel.tasks) == 2


UNLIKE = {
    "a class": three(lambda: Thing(x=1), lambda: Thing(x=1), lambda: Other(x=1)),
    "a name": three(lambda: Thing(x=1), lambda: Thing(x=1), lambda: Thing(y=1)),
    "more": three(lambda: Thing(x=1), lambda: Thing(x=1), lambda: Thing(x=1, y=1)),
    "a value": three(lambda: Thing(x=1), lambda: Thing(x=1), lambda: Thing(x=2)),
    "a type": three(lambda: Thing(x=1), lambda: Thing(x=1), lambda: Thing(x=True)),
    "a length": three(lambda: Thing(x=(1,)), lambda: Thing(x=(1,)), lambda: Thing(x=(1, 1))),
    "a list": three(lambda: Thing(x=[1]), lambda: Thing(x=[1]), lambda: Thing(x=[2])),
    "a list or tuple": three(lambda: Thing(x=[1]), lambda: Thing(x=[1]), lambda: Thing(x=(1,))),
}
ALIKE = {
    "nothing": three(*[lambda: Thing(x=1)] * 3),
    "a tuple": three(*[lambda: Thing(x=(1,))] * 3),
    "an unread list": three(*[lambda: Thing(x=1, y=[1])] * 3),
    "one of its own kind": three(*[lambda: Thing(x=1, y=Thing(z=1))] * 3),
}


@pytest.mark.parametrize("groups", [*UNLIKE.items(), *ALIKE.items()], ids=lambda item: item[0])
def test_groups_that_differ_in_one_thing(monkeypatch, groups):
    """Answered as without symmetry; where all are alike, with fewer states."""
    name, scenario = groups
    monkeypatch.setitem(oomlab.SCENARIOS, "three", scenario)
    every = explore("three", property=as_many, symmetry=False, audit=1.0)
    found = explore("three", property=as_many, symmetry=True, audit=1.0)
    assert (found.verdict, len(found.pids)) == (every.verdict, len(every.pids))
    if groups in ALIKE.items():
        assert found.states < every.states
    elif "list" not in name and "length" not in name:  # those make no difference to the program
        assert not found.bound["reductions"]


def one_in_two_groups(kernel):
    kernel.symmetric[1][1] = kernel.symmetric[0][1]


def of_several_sizes(kernel):
    kernel.symmetric[1].append(kernel.tasks[0])


def of_what_all_share(kernel):
    for group in kernel.symmetric:
        group[1] = kernel


def of_each_other(kernel):
    first, second, third = kernel.symmetric
    first[1], second[1], third[1] = second[0], third[0], first[0]


@pytest.mark.parametrize(
    "change", [one_in_two_groups, of_several_sizes, of_what_all_share, of_each_other]
)
def test_groups_that_are_named_wrongly(monkeypatch, change):
    def scenario(policy):
        kernel = ALIKE["nothing"](policy)
        change(kernel)
        return kernel

    monkeypatch.setitem(oomlab.SCENARIOS, "three", scenario)
    every = explore("three", property=as_many, symmetry=False, audit=1.0)
    found = explore("three", property=as_many, symmetry=True, audit=1.0)
    assert (found.verdict, len(found.pids)) == (every.verdict, len(every.pids))
