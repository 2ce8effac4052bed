"""A scenario is built many times in a search: what it puts outside of its machine is refused.

The audit has two machines at once. The steps of the first then saw what the second had put into a
global, and the explorer was said to contradict the model.
"""

import copy

import pytest

import oomlab
from oomlab.model.kernel import Kernel
from oomlab.scenarios.programs import hang


class Box:
    def __init__(self):
        self.number = 0


class Settings:
    box = Box()


shared = Box()


def counts(current):
    yield "read", "the number"
    number = shared.number
    yield "write", "the number"
    shared.number = number + 1


def counts_by_a_class(current):
    yield "add", "one"
    Settings.box.number += 1


def rebinds(policy) -> Kernel:
    global shared
    shared = Box()
    return machine(policy, (counts,))


def rebinds_an_attribute(policy) -> Kernel:
    Settings.box = Box()
    return machine(policy, (counts_by_a_class,))


def machine(policy, call: tuple) -> Kernel:
    kernel = Kernel(policy, 64, min_kbytes=32)
    for number in range(2):
        kernel.spawn(f"t{number}", (call, (hang,)))
    return kernel


@pytest.mark.parametrize(
    "build, name", [(rebinds, "shared"), (rebinds_an_attribute, "Settings.box")]
)
@pytest.mark.parametrize("wanted", [1, 3])
def test_what_a_scenario_puts_into_a_global_is_refused(monkeypatch, build, name, wanted):
    monkeypatch.setitem(oomlab.SCENARIOS, "rebuilt", build)
    sentence = f"the scenario changes {name}, .*: give it to the programs as an argument"
    with pytest.raises(ValueError, match=sentence) as refused:
        oomlab.explore("rebuilt", property=lambda kernel: shared.number == wanted)
    assert "\n" not in str(refused.value)


class Slotted:
    __slots__ = ("number",)

    def __init__(self):
        self.number = 0


def copies(current, box):
    yield "copy", "it"
    new = copy.copy(box.number)
    yield "put", "the copy"
    new.number += 1
    box.number = new


@pytest.mark.parametrize("kind", [Slotted, Box])
def test_a_copy_of_an_object(monkeypatch, kind):
    """copy.copy() made one of a class that watches: it was said to be a class of the step's."""

    def build(policy) -> Kernel:
        box = Box()
        box.number = kind()
        return machine(policy, (copies, box))

    def lost(kernel):
        asleep = all(task.state for task in kernel.tasks)
        return asleep and kernel.tasks[-1].program[0][1].number.number == 1

    monkeypatch.setitem(oomlab.SCENARIOS, "rebuilt", build)
    if kind is Box:
        with pytest.raises(ValueError, match="copy reads Box.__dict__, .*: use its attributes"):
            oomlab.explore("rebuilt", property=lost)
        return
    found = oomlab.explore("rebuilt", property=lost)
    assert (found.verdict, len(found.pids)) == ("violated", 4)
    assert oomlab.explore("rebuilt", property=lambda k: False, audit=1.0).verdict == "holds"
