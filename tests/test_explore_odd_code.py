"""What a user's classes and values may do to the explorer: it is right, or refuses by name.

Each case is two tasks that take the same two steps with one box: `first(box)`, `second(box)`.
"""

import abc
import enum
import math
import operator
import random
from collections import defaultdict
from dataclasses import dataclass
from fractions import Fraction
from functools import partial
from itertools import count
from typing import Generic, NamedTuple, TypeVar

import pytest

import oomlab
from oomlab.explorer import plain
from oomlab.explorer.audit import sample
from oomlab.model.kernel import Kernel
from oomlab.scenarios.programs import hang


class Box:
    """What all tasks have."""

    def __init__(self, held):
        self.held, self.told = held, 0


def two_steps(current, box, first, second):
    yield "do", "the first"
    first(box)
    yield "do", "the second"
    second(box)
    yield "do", "no more"


def asked(make, first, second, question):
    """What explore() says of such a machine, and what the plain search says."""

    def made(policy) -> Kernel:
        kernel, box = Kernel(policy, 64, min_kbytes=32), Box(make())
        for number in range(2):
            kernel.spawn(f"t{number}", ((two_steps, box, first, second), (hang,)))
        return kernel

    def bad(kernel):
        return question(kernel.tasks[1].program[0][1])

    oomlab.SCENARIOS["odd"] = made
    try:
        found = oomlab.explore("odd", property=bad, audit=1.0)
        policy = oomlab.build("odd")[0].policy
        truth = plain.explore(lambda: made(policy), bad)
        return (found.verdict, len(found.pids)), (truth[0], len(truth[1]))
    finally:
        del oomlab.SCENARIOS["odd"]


# --- refused: what a step would change is no part of a state, or what it sees is not


class Plain:
    word = "class"


class Other:
    pass


class Counted(type):
    def __call__(cls, *args):
        cls.made = getattr(cls, "made", 0) + 1
        return super().__call__(*args)


class CountedOne(metaclass=Counted):
    pass


class Abstract(abc.ABC):
    @abc.abstractmethod
    def whose(self): ...

    @classmethod
    def own(cls):
        return cls


class Color(enum.Enum):
    RED = "red"
    MANY = ("a", [])


class Rights(enum.Flag):
    R = 1
    W = 2


class Equal(type):
    def __eq__(cls, other):
        return True


class Compared(metaclass=Equal):
    pass


class Finalized:
    def __del__(self):
        pass


class Hooked:
    __slots__ = ("late", "missed")

    def __init__(self):
        self.missed = []

    def __getattr__(self, name):
        self.missed.append(name)
        return 3


class Registers:
    names: list = []

    def __init_subclass__(cls):
        Registers.names.append(cls.__name__)


class Valued:
    def __init__(self, value):
        self.value = value

    def __hash__(self):
        return self.value

    def __eq__(self, other):
        return self.value == other.value


class Sub(Abstract):
    def whose(self):
        return super().own()


class Owner:
    def __get__(self, held, owner):
        return owner is Described


class Described:
    owner = Owner()


class Kind(Generic[TypeVar("T")]):
    pass


class Touchy(NamedTuple):
    number: int

    def __eq__(self, other):
        return False


def function():
    """Some text."""


def put(name: str, value=1):
    """A step that gives what the box holds an attribute."""
    return lambda box: setattr(box.held, name, value)


def nothing(box):
    pass


def noted_partial():
    """A partial is an object, too, and takes any attribute."""
    made = partial(nothing, None)
    made.note = 1  # type: ignore[attr-defined]
    return made


def hold(make):
    def held(box):
        box.held = make()

    return held


def with_attribute(held):
    setattr(held, "__" + "foo__", 1)
    return held


def make_and_note(box):
    box.held = partial(max, 1)
    box.held.note = 1


def assign_class(box):
    box.held.__class__ = Other


REFUSED = [
    (lambda: Plain, put("added"), "a step changes an attribute of Plain"),
    (lambda: Plain, put("__name__", "Renamed"), "a step changes Plain.__name__"),
    (lambda: Plain, put("__len__", len), "a step changes an attribute of Plain"),
    (lambda: Color.RED, put("note"), "a step changes an attribute of"),
    (lambda: Rights.R, put("note"), "a step changes an attribute of"),
    (lambda: math, put("note"), "a step changes an attribute of math"),
    (lambda: function, put("note"), "a step changes what the function function holds"),
    (lambda: function, put("__doc__", ""), "a step changes what the function function holds"),
    (lambda: Color.MANY, lambda box: box.held.value[1].append(1), "make it in the scenario"),
    (lambda: CountedOne, lambda box: box.held(), "a step changes an attribute of CountedOne"),
    (Other, lambda box: Abstract.register(Other), "registered with Abstract"),
    (Plain, assign_class, "writes __class__"),
    (Plain, put("__class__", Other), "changes Plain.__class__"),
    (Plain, put("__dict__", {}), "changes Plain.__dict__"),
    (lambda: None, hold(lambda: math.nan), "nan, which is not equal to itself"),
    (dict, lambda box: box.held.update({Valued(1): 1}), "a Valued is a key by a hash of its own"),
    (dict, lambda box: box.held.update({(Fraction(1), 2): 1}), "a Fraction is a key by a hash"),
    (lambda: None, hold(lambda: frozenset([8, 0])), "order that comes from how it was made"),
    (Finalized, nothing, "it has __del__"),
    (Hooked, lambda box: box.held.late, "it has __getattr__"),
    (lambda: noted_partial(), nothing, "a state cannot hold a partial"),
    (Registers, nothing, "it has __init_subclass__"),
    (Sub, lambda box: box.held.whose(), "calls a method of a class by super"),
    (Described, nothing, "__get__ asks for owner"),
    (lambda: None, hold(lambda: Kind[int]()), "cannot hold a Kind: it has an attribute __orig"),
    (lambda: Touchy(1), nothing, "a state cannot hold a Touchy"),
    (lambda: Plain, lambda box: box.held.__subclasses__(), "uses __subclasses__"),
    # a name of Python's own: who asks whether it is there is not seen
    (Plain, put("__len__", 7), "a step gives a Plain __len__"),
    (lambda: with_attribute(Plain()), nothing, "cannot hold a Plain: it has an attribute __foo__"),
    # what a partial is given later stands nowhere in a state
    (lambda: partial(max, 1), put("note"), "a step changes an attribute of the partial"),
    (lambda: None, make_and_note, "a state cannot hold a partial"),
    (Compared, nothing, "cannot hold a Compared: its metaclass has __eq__"),
    (lambda: None, hold(lambda: Compared()), "cannot hold a Compared: its metaclass has __eq__"),
]


REFUSED += [  # and it says how to write it
    (set, nothing, "a state cannot hold a set: use a dict"),
    (lambda: defaultdict(list), nothing, "cannot hold a defaultdict: use a dict, and setdefault"),
    (count, nothing, "cannot hold a count: keep a number"),
    (lambda: random.random, nothing, "cannot hold a Random: which task goes next is what"),
    (lambda: None, hold(lambda: lambda: 1), "is made by a step and kept .*: make it outside"),
]


@pytest.mark.parametrize("number", range(len(REFUSED)))
def test_what_no_state_holds_is_refused_in_a_sentence(number):
    make, step, words = REFUSED[number]
    with pytest.raises(ValueError, match=words) as refused:
        asked(make, step, nothing, lambda box: False)
    assert "\n" not in str(refused.value)
    for held, name in ((Plain, "added"), (Plain, "__len__"), (math, "note"), (function, "note")):
        if name in vars(held):  # what the case did is undone
            delattr(held, name)
    Plain.__name__ = "Plain"


# --- right: what a step does is seen, whoever does it


class Both:
    """What is set or deleted is not all that changes."""

    def __init__(self):
        self.number = 0

    def __setattr__(self, name, value):
        super().__setattr__(name, value)
        super().__setattr__("last", name)

    def __delattr__(self, name):
        super().__delattr__(name)
        self.last = "last"


class Made:
    @classmethod
    def is_own(cls):
        return cls is Made

    @classmethod
    def another(cls):
        return cls()


@dataclass(frozen=True)
class Point:
    x: int = 0


class Answers(type):
    def __getattr__(cls, name):
        return 42


class Hidden(metaclass=Answers):
    """A private slot, whose name is not what `__slots__` says, and one that nothing says."""

    __slots__ = ("__list", *iter(("number",)), "watched")

    def __init__(self):
        self.__list, self.number, self.watched = [], 0, 0

    def add(self):
        self.__list.append(self.number)
        self.number += 1
        self.watched += 2

    def listed(self):
        return len(self.__list)


class Consumed:
    __slots__ = iter(("number",))

    def __init__(self):
        self.number = 0


def delete(box):
    try:
        del box.held.added
    except AttributeError:
        box.told += 1


def try_to_set(box):
    try:
        box.held.x = 1
    except AttributeError:
        box.told += 1


def own(box):
    box.told += box.held.is_own() and isinstance(box.held.another(), Made)


def told(number):
    return lambda box: box.told == number


RIGHT = {
    "to delete is to ask whether it is there": (Plain, put("added"), delete, told(1)),
    "a __setattr__ of the user": (
        Both,
        put("number", 3),
        put("other", 3),
        lambda box: box.held.last == "other" and box.held.number == 3,
    ),
    "a __delattr__ of the user": (
        Both,
        put("added"),
        lambda box: delattr(box.held, "added") if hasattr(box.held, "added") else None,
        lambda box: box.held.last == "last" and not hasattr(box.held, "added"),
    ),
    "a frozen object": (Point, try_to_set, hold(Point), told(2)),
    "a method of the class": (Made, own, nothing, told(2)),
    "a method that is kept": (
        lambda: [].append,
        lambda box: box.held(1),
        nothing,
        lambda box: len(box.held.__self__) == 2,
    ),
    "a key by what it is": (
        dict,
        lambda box: box.held.update({(1, "a"): 1, Color.RED: 2, Plain: 3}),
        lambda box: box.held.pop(Color.RED, 0),
        lambda box: len(box.held) == 2,
    ),
    "a set in its usual order": (
        frozenset,
        lambda box: setattr(box, "held", box.held | {len(box.held)}),
        nothing,
        lambda box: 1 in box.held,
    ),
    "slots that __slots__ does not name": (
        Hidden,
        lambda box: box.held.add(),
        lambda box: setattr(box, "told", box.held.listed()),
        lambda box: box.told == 2 and box.held.watched == 4,
    ),
    "slots from an iterator": (
        Consumed,
        lambda box: setattr(box, "told", box.held.number),
        lambda box: setattr(box.held, "number", box.told + 1),
        lambda box: box.held.number == 2,
    ),
    "the inverse of a flag, which Python keeps on it": (
        lambda: Rights.W,
        lambda box: setattr(box, "held", ~box.held),
        nothing,
        lambda box: box.held is Rights.R,
    ),
    "a part of C": (
        lambda: [3, 1],
        lambda box: operator.iadd(box.held, [2]),
        lambda box: box.held.sort(),
        lambda box: box.held == [1, 2, 2, 3],
    ),
}


@pytest.mark.parametrize("case", RIGHT)
def test_what_a_step_does_is_seen(case):
    found, truth = asked(*RIGHT[case])
    assert found == truth and truth[0] == "violated"
    found, truth = asked(*RIGHT[case][:3], lambda box: False)
    assert found == truth == ("holds", 0)


def test_a_loop_over_a_list_that_is_written_there():
    """Python makes it one tuple for all who loop over it; the audit took that for one list."""

    def loop(current, box):
        for word in ["a", "b"]:
            yield "do", word
            box.held.append(word)
        for held in [box.held, [1]]:
            yield "add", len(held)
            held.append(len(held))

    def made(policy) -> Kernel:
        kernel, box = Kernel(policy, 64, min_kbytes=32), Box([])
        for number in range(2):
            kernel.spawn(f"t{number}", ((loop, box), (hang,)))
        return kernel

    def bad(kernel):
        return kernel.tasks[1].program[0][1].held == ["a", "b", "a", 3, "b", 5]

    oomlab.SCENARIOS["odd"] = made
    try:
        found = oomlab.explore("odd", property=bad, audit=1.0)
        truth = plain.explore(lambda: made(oomlab.build("odd")[0].policy), bad)
        assert found.verdict == truth[0] == "violated" and len(found.pids) == len(truth[1])
        assert oomlab.explore("odd", property=lambda kernel: False, audit=1.0).verdict == "holds"
    finally:
        del oomlab.SCENARIOS["odd"]


def test_a_step_that_fails_in_the_model_is_refused():
    """The second of two tasks deletes what the first has deleted."""

    def remove(box):
        del box.held.number

    with pytest.raises(ValueError, match="the step .* fails: AttributeError"):
        asked(Both, nothing, remove, lambda box: False)


def test_a_fault_of_the_explorer_is_said_to_be_one(monkeypatch):
    """Whatever goes wrong inside of it is no traceback, and names what was asked."""
    monkeypatch.setattr("oomlab.explorer.canonical.Canonical.after", lambda *_: 1 / 0)
    with pytest.raises(oomlab.explorer.errors.ExplorerFault, match="please report it: lost-victim"):
        oomlab.explore("lost-victim")


SEEN: dict = {}


def changes_a_global(box):
    SEEN[1] = 1


def fails_in_two_lines(box):
    raise LookupError("one line\n  and another")


@pytest.mark.parametrize(
    "step, question, words",
    [
        (changes_a_global, told(9), "a step changes the dict SEEN .in changes_a_global., which"),
        (nothing, lambda box: box.held.append(1) or 0, "changes the list in Box.held: it may only"),
        (nothing, lambda box: SEEN.update(a=1) or 0, "changes the dict SEEN .in <lambda>.: it may"),
        (fails_in_two_lines, told(9), "LookupError: one line and another in fails_in_two_lines"),
    ],
)
def test_a_refusal_names_what_the_user_calls_it_in_one_line(step, question, words):
    with pytest.raises(ValueError, match=words) as refused:
        asked(lambda: [0], step, nothing, question)
    assert "\n" not in str(refused.value) and not SEEN


def test_a_refused_property_leaves_nothing_behind():
    """A list that was given machines held them, and the next search met its tasks."""
    kept: list = []
    for _ in range(2):
        with pytest.raises(ValueError, match="may only look"):
            oomlab.explore("lost-victim", property=kept.append)
        assert not kept


def test_the_memory_of_a_trace_has_one_order_too():
    """Two sets were one state, though a loop over the one begins with 8."""

    def bad(memory, step):
        if memory is None:
            return frozenset([8, 0])
        return memory == {0, 8} and next(iter(memory)) == 0 or frozenset([0, 8])

    def once(memory, step):
        return math.nan

    for monitor, words in (
        (bad, "order that comes from how it was made"),
        (once, "remembered nan"),
    ):
        with pytest.raises(ValueError, match=words):
            oomlab.explore("killed-twice", property=monitor)
    found = oomlab.explore("killed-twice", property=lambda m, step: (m or frozenset()) | {"a"})
    assert found.verdict == "holds"


def test_at_least_200_states_are_audited():
    assert [len(sample(1000, part)) for part in (None, 1e-9, 0.1, 0.5, 1.0)] == [
        *(200, 200, 200, 500, 1000)
    ]
    assert [len(sample(50_000, part)) for part in (None, 1e-9, 0)] == [500, 200, 0]
    assert sample(30, 1e-9) == sample(30, None) == [*range(30)]
