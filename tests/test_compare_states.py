"""The audit sees every kind of difference between a state of the search and a machine."""

from collections import deque
from functools import partial
from itertools import product

import pytest
from test_explore_expressions import Colour, Point

from oomlab import PRESETS
from oomlab.explorer.compare_states import Beside
from oomlab.explorer.relation import Interned
from oomlab.model.kernel import Kernel
from oomlab.simulate.scheduler import run_schedule


class Holder:
    def __init__(self, it):
        self.it = it

    def method(self):
        return self.it

    def other(self):
        return self.it


def holds(current, holder):
    yield "hold", "it"


def one(x=1):
    return x


def two(x=2):
    return x


ONE, OTHER = Holder(1), Holder(2)
NOTHING = object()
DIFFERENT = [
    (1, 2),
    (1, True),
    (1, 1.0),
    ("", b""),
    (None, 0),
    (1, NOTHING),
    ((1, 2), (1, 3)),
    ((1, 2), (1, 2, 3)),
    ((1, 2), [1, 2]),
    (Point(1, 2), Point(1, 3)),
    (Point(1, 2), (1, 2)),
    ([1], [2]),
    ([1], [1, 1]),
    ([1], deque([1])),
    (deque([1], maxlen=2), deque([1], maxlen=3)),
    ({1: 2}, {1: 3}),
    ({1: 2}, {2: 2}),
    (frozenset([1]), frozenset([2])),
    (range(2), range(3)),
    (Colour.RED, Colour.BLUE),
    (Colour.RED, 1),
    (Colour, Point),
    (partial(int, "2"), partial(int, "3")),
    (partial(int, "10", base=2), partial(int, "10", base=3)),
    (partial(int, "10", base=2), partial(int, "10")),
    (partial(int, "2"), partial(float, "2")),
    (partial(int, "2"), int),
    (ONE.method, ONE.other),
    (ONE.method, 1),
    ([1].index, [1].count),
    ([1].index, [2].index),
    (one, two),
    (one, lambda x=1: x),
    (one, 1),
]


def machine(it):
    holder = Holder(it)
    if it is NOTHING:
        del holder.it
    kernel = Kernel(PRESETS["linux-4.4"], 4096)
    kernel.spawn("t", ((holds, holder),))
    return kernel


@pytest.mark.parametrize("it, other", DIFFERENT, ids=range(len(DIFFERENT)))
def test_a_difference_of_values(it, other):
    for first, second in ((it, other), (other, it)):
        relation = Interned(lambda first=first: machine(first), "any")
        try:
            assert Beside(relation, relation.start, machine(first), {}).difference() is None
            assert Beside(relation, relation.start, machine(second), {}).difference() is not None
        finally:
            relation.machine.release()


class Default:
    number, text, nothing, many, method = 1, "a", None, (1, 2), one


def test_what_only_the_class_has_is_not_the_object_s():
    """A step that deletes the object's own shows the difference."""

    def build(own, name):
        holder = Holder(Default())
        if own:
            setattr(holder.it, name, getattr(Default, name))
        kernel = Kernel(PRESETS["linux-4.4"], 4096)
        kernel.spawn("t", ((holds, holder),))
        return kernel

    for own, name in product((True, False), ("number", "text", "nothing", "many", "method")):
        relation = Interned(lambda own=own, name=name: build(own, name), "any")
        try:
            for other in (True, False):
                kernel = build(other, name)
                difference = Beside(relation, relation.start, kernel, {}).difference()
                assert (difference is None) == (own == other), (own, name, other, difference)
        finally:
            relation.machine.release()


def loops(current):
    for _ in (1, 1):
        yield "go", "round"
    for _ in [1, 1]:
        yield from (("of", "a list"), ("of", "a list"))


def calls(current):
    yield from inner(1)
    yield from inner(1)


def inner(number):
    yield "call", "inner"
    yield "end", "inner"


@pytest.mark.parametrize("program", [loops, calls])
def test_where_a_task_stands(program):
    """A machine that has gone one step further, or one less, is another, to the end of the task."""

    def build():
        kernel = Kernel(PRESETS["linux-4.4"], 4096)
        kernel.spawn("t", ((program,),))
        return kernel

    relation, entry = Interned(build, "any"), 100
    states, kernels = [relation.start], [build()]
    try:
        while entry in relation.enabled(states[-1]):
            states.append(relation.successor(states[-1], entry))
            kernels.append(build())
            run_schedule(kernels[-1], [entry] * (len(states) - 1))
        assert len(states) > 4
        for n, state in enumerate(states):
            for m, kernel in enumerate(kernels):
                difference = Beside(relation, state, kernel, {}).difference()
                assert (difference is None) == (n == m), (n, m, difference)
    finally:
        relation.machine.release()
