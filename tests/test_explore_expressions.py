"""What a program keeps over a yield, and where its yields stand: as plain.py says, or refused.

Each program takes kernel.busy_workers to 2 and no further, by a way of its own. A refusal is one
sentence that names what is refused.
"""

import random
import textwrap
import time
from collections import Counter, deque
from enum import Enum
from fractions import Fraction
from functools import partial
from typing import NamedTuple

import pytest
from test_explore_kinds import agree, machine

import oomlab


def asks(answer):
    """A call that takes a step, and says what it was told to say."""
    yield "ask", str(answer)
    return answer


def first_of_a_sum(current):
    current.kernel.busy_workers = (yield from asks(1)) + 1


def second_of_a_sum(current):
    current.kernel.busy_workers = 1 + (yield from asks(1))


def negated(current):
    current.kernel.busy_workers = -(yield from asks(-2))


def either(current):
    current.kernel.busy_workers = (yield from asks(0)) or 2


def an_element(current):
    current.kernel.busy_workers = (yield from asks((9, 2)))[1]


def an_attribute(current):
    current.kernel.busy_workers = (yield from asks(2)).real


def named(current):
    if (told := (yield from asks(2))) == 2:
        current.kernel.busy_workers = told


def typed(current):
    told: int = yield from asks(2)
    current.kernel.busy_workers = told


def adds(current):
    more = 1
    more += yield from asks(1)
    current.kernel.busy_workers = more


def into_a_tuple(current):
    one, other = yield from asks((9, 2))
    current.kernel.busy_workers = other


def of_a_partial(current):
    yield from partial(asks, answer="two")()
    current.kernel.busy_workers = yield from partial(partial(asks), 2)()


class Colour(Enum):
    RED = 1
    BLUE = 2


class Point(NamedTuple):
    x: int
    y: int


MARK = object()


def keeps(make, then=lambda kept: kept == 2):
    """A program that keeps a value over a yield, and asks afterwards what it is."""

    def program(current):
        kept = make()
        yield "keep", "it"
        current.kernel.busy_workers = 2 if then(kept) else 9

    return program


def test_nothing_else_than_two_is_reached(monkeypatch):
    """The question of the others can be wrong: a program of a wrong value is seen."""
    assert agree(monkeypatch, machine(((keeps(lambda: 3),),)), two)[0] == "holds"


def two(kernel):
    return kernel.busy_workers == 2


def nine(kernel):
    return kernel.busy_workers == 9


EXPRESSIONS = [first_of_a_sum, second_of_a_sum, negated, either, an_element, an_attribute]
EXPRESSIONS += [named, typed, adds, into_a_tuple, of_a_partial]
KEPT = {
    "a partial": keeps(lambda: partial(int, "2"), lambda kept: kept() == 2),
    "a partial with a word": keeps(lambda: partial(int, "10", base=2), lambda kept: kept() == 2),
    "a method": keeps(lambda: [1, 2].index, lambda kept: kept(2) == 1),
    "a deque": keeps(lambda: deque([1, 2], maxlen=2), lambda kept: kept[1] == kept.maxlen),
    "a frozenset": keeps(lambda: frozenset([1, 2]), lambda kept: sum(kept) == 3),
    "a record": keeps(lambda: Point(1, 2), lambda kept: kept.y == 2),
    "a range": keeps(lambda: range(3), lambda kept: kept[2] == 2),
    "bytes": keeps(lambda: b"\x02", lambda kept: kept[0] == 2),
    "a float": keeps(lambda: 2.0),
    "an enum": keeps(lambda: Colour.BLUE, lambda kept: kept is Colour.BLUE),
    "a mark": keeps(lambda: MARK, lambda kept: kept is MARK),
    "an ellipsis": keeps(lambda: ..., lambda kept: kept is ...),
    "a class": keeps(lambda: Colour, lambda kept: kept(2) is kept.BLUE),
    "a nested list": keeps(lambda: [[2]], lambda kept: kept[0][0] == 2),
}


@pytest.mark.parametrize("program", EXPRESSIONS, ids=lambda program: program.__name__)
def test_a_yield_in_an_expression(monkeypatch, program):
    build = machine(((program,),))
    assert agree(monkeypatch, build, two)[0] == "violated"
    assert agree(monkeypatch, build, nine)[0] == "holds"


@pytest.mark.parametrize("what", KEPT)
def test_a_value_over_a_yield(monkeypatch, what):
    build = machine(((KEPT[what],),), ((KEPT[what],),))
    assert agree(monkeypatch, build, two)[0] == "violated"
    assert agree(monkeypatch, build, nine)[0] == "holds"


def of_a_condition(current):
    current.kernel.busy_workers = 2 if (yield from asks(3)) > 2 else 9


def a_yield_of_a_yield(current):
    yield "told", (yield from asks("two"))
    current.kernel.busy_workers = 2


def of_a_function_made_here(current):
    def inner():
        return (yield from asks(2))

    current.kernel.busy_workers = yield from inner()


def last_of_a_call(current):
    current.kernel.busy_workers = max(1, (yield from asks(2)))


def two_in_a_sum(current):
    current.kernel.busy_workers = (yield from asks(1)) + (yield from asks(1))


def in_an_assertion(current):
    assert (yield from asks(2))


def in_a_deletion(current):
    del [current][(yield from asks(0))]


COUNT = 0


def of_a_global(current):
    global COUNT
    yield "count", "up"
    COUNT += 1


def reads_the_clock(current):
    yield "read", "the clock"
    current.uid = int(time.time()) % 2


def draws(current):
    yield "draw", "a number"
    current.uid = random.randint(0, 1)


def imports(current):
    import os

    yield "ask", "the machine"
    current.uid = os.getpid()


def asks_for_its_address(current):
    yield "ask", "for an address"
    current.uid = id(current) % 2


def wraps(current):
    yield "wrap", "a text"
    current.comm = textwrap.fill("two words", 4)


def an_iterator(current):
    kept = iter((1, 2))
    next(kept)
    yield "keep", "an iterator"
    current.kernel.busy_workers = next(kept)


def two_loops_of_one(current):
    both = iter((1, 2))
    for _ in both:
        yield "outer", "loop"
        for _ in both:
            yield "inner", "loop"


def of_a_generator_made_before(current):
    made = asks(2)
    yield from made


def a_set(current):
    kept = {1, 2}
    yield "keep", "a set"
    current.kernel.busy_workers = len(kept)


def a_counter(current):
    kept = Counter("ab")
    yield "keep", "a counter"
    current.kernel.busy_workers = len(kept)


class Sly:
    def __init__(self):
        self.kept = 2

    def __getattribute__(self, name):
        return object.__getattribute__(self, name)


def one_that_hides(current):
    kept = Sly()
    yield "keep", "it"
    current.kernel.busy_workers = kept.kept


REFUSED = {
    of_a_condition: "a yield inside an expression",
    a_yield_of_a_yield: "a yield inside an expression",
    of_a_function_made_here: "the function inner is made by a step",
    last_of_a_call: "a yield inside an expression",
    two_in_a_sum: "two yields inside one expression",
    in_an_assertion: "a yield inside an expression",
    in_a_deletion: "a yield inside an expression",
    of_a_global: "a global variable",
    reads_the_clock: "time",
    draws: "random",
    imports: "os",
    asks_for_its_address: r"id\(\)",
    wraps: "textwrap",
    an_iterator: "keeps a tuple_iterator over a yield",
    two_loops_of_one: "keeps a tuple_iterator",
    of_a_generator_made_before: "generator",
    a_set: "cannot hold a set",
    a_counter: "cannot hold a Counter",
    one_that_hides: "cannot hold a Sly: it has __getattribute__",
}


@pytest.mark.parametrize("program", REFUSED, ids=lambda program: program.__name__)
def test_what_is_refused_is_named(monkeypatch, program):
    monkeypatch.setitem(oomlab.SCENARIOS, "refused", machine(((program,),)))
    with pytest.raises(ValueError, match=REFUSED[program]) as refused:
        oomlab.explore("refused", property=nine)
    assert "\n" not in str(refused.value)


def a_fraction(current):
    kept = Fraction(1, 2)
    yield "keep", "a fraction"
    current.kernel.busy_workers = int(4 * kept)


def test_an_object_of_a_module_that_keeps_nothing(monkeypatch):
    assert agree(monkeypatch, machine(((a_fraction,),)), two)[0] == "violated"
