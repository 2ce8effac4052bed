"""What is explored is a translation of what the author wrote, and means the same.

Names that Python itself changes or looks up: private names of a class, super(), the name of an
exception. What a step makes and keeps must be the same in every state: no function, class or mark.
"""

from collections import namedtuple

import pytest

from oomlab import SCENARIOS, explore
from oomlab.explorer import plain
from oomlab.model.kernel import Kernel
from oomlab.policies.presets import PRESETS


class Counter:
    def __init__(self):
        self.__count = 0

    def up(self, current):
        yield "count", "up"
        self.__count += 1
        yield "count", "down"
        self.__count -= 1

    def count(self):
        return self.__count


class _Under(Counter):
    def __init__(self):
        super().__init__()
        self.__more = 1

    def up(self, current):
        yield "more", "x"
        __own = self.__more
        yield from super().up(current)
        self.__more = __own + super().count()


class Nested:
    class Inner(Counter):
        def up(self, current):
            self.__mine = 1
            yield from Counter.up(self, current)
            self.__mine = 2
            yield "done", "x"


def counts(current, counter):
    yield from counter.up(current)


def loses_its_argument(current, counter):
    try:
        yield "try", "x"
        raise LookupError
    except LookupError as counter:
        counter.args = ()
    yield "lost", "it"
    try:
        counter.count()
    except UnboundLocalError:
        current.uid = 7
    yield "end", "x"


def two_up(kernel):
    users = [task for task in kernel.tasks if task is not kernel.init]
    counters = [c for task in users for call in task.program for c in call[1:]]
    return any(counter.count() == 2 for counter in counters)


def two_sevens(kernel):
    return sum(task.uid == 7 for task in kernel.tasks) == 2


def scenario_of(monkeypatch, program, make):
    def scenario(policy):
        kernel, counter = Kernel(policy, 4096), make()
        for number in range(2):
            kernel.spawn(f"t{number}", ((program, counter),))
        return kernel

    monkeypatch.setitem(SCENARIOS, "translated", scenario)
    return lambda: scenario(PRESETS["linux-4.4"])


@pytest.mark.parametrize("bad", [two_up, two_sevens])
@pytest.mark.parametrize(
    "program, make",
    [(counts, Counter), (counts, _Under), (counts, Nested.Inner), (loses_its_argument, Counter)],
)
def test_names_are_those_of_the_author(monkeypatch, program, make, bad):
    verdict, way, *_ = plain.explore(scenario_of(monkeypatch, program, make), bad)
    found = explore("translated", property=bad, audit=1.0)
    assert (found.verdict, len(found.pids)) == (verdict, len(way))


def keeps_a_class(current, counter):
    class Mine:
        seen = 0

    counter.kept = Mine
    yield "made", "a class"
    Mine.seen += 1
    yield "changed", "it"


def keeps_an_instance(current, counter):
    class Mine:
        seen = 0

    mine = Mine()
    yield "made", "one"
    Mine.seen += mine.seen + 1
    yield "changed", "its class"


def keeps_a_record(current, counter):
    made = namedtuple("Made", "x")(1)
    yield "made", "a record"
    counter.kept = made.x


def keeps_a_mark(current, counter):
    while not current.sigkill:
        yield "make", "a mark"
        counter.kept = object()


def keeps_a_function(current, counter):
    one = lambda: 1  # noqa: E731
    yield "made", "a function"
    counter.kept = one()


@pytest.mark.parametrize(
    "program", [keeps_a_class, keeps_an_instance, keeps_a_record, keeps_a_mark, keeps_a_function]
)
def test_what_a_step_makes_and_keeps_is_no_definition(monkeypatch, program):
    scenario_of(monkeypatch, program, Counter)
    with pytest.raises(ValueError, match="made by a step and kept over a yield") as refused:
        explore("translated", property=lambda kernel: False)
    assert "\n" not in str(refused.value)


MARK = object()


def keeps_what_was_there(current, counter):
    counter.kept = Nested.Inner
    yield "keep", "a class"
    counter.kept = MARK
    yield "keep", "a mark"
    counter.kept = two_up
    yield "keep", "a function"
    counter.kept = Nested.Inner()
    yield "keep", "a new object"
    counter.kept = None


def test_definitions_of_a_module_may_be_kept(monkeypatch):
    def marked(kernel):
        counters = [c for task in kernel.tasks for call in task.program for c in call[1:]]
        return [counter.kept is MARK for counter in counters if hasattr(counter, "kept")] == [True]

    verdict, way, *_ = plain.explore(
        scenario_of(monkeypatch, keeps_what_was_there, Counter), marked
    )
    found = explore("translated", property=marked, audit=1.0)
    assert (found.verdict, len(found.pids)) == (verdict, len(way))
    assert explore("translated", property=lambda kernel: False, audit=1.0).verdict == "holds"
