"""A yield in each kind of statement: the explorer says what the plain search says, or refuses."""

from collections import deque

import pytest
from test_explore_kinds import agree, machine

import oomlab


def tries(current):
    try:
        yield "try", "something"
        raise LookupError
    except LookupError:
        current.kernel.busy_workers = 1
    else:
        current.kernel.busy_workers = 9
    yield "go on", "after it"
    current.kernel.busy_workers += 1


def goes_well(current):
    try:
        yield "try", "something"
    except LookupError:
        current.kernel.busy_workers = 9
    else:
        yield "else", "something"
        current.kernel.busy_workers = 2


def matches(current):
    yield "look", "at it"
    match current.kernel.busy_workers:
        case 0:
            yield "case", "zero"
            current.kernel.busy_workers = 2
        case _:
            current.kernel.busy_workers = 9


def asks():
    yield "ask", "whether"
    return True


def while_asked(current):
    while (yield from asks()):
        current.kernel.busy_workers += 1
        if current.kernel.busy_workers == 2:
            break


def for_else(current):
    for number in [1, 1]:
        yield "take", number
        current.kernel.busy_workers += number
    else:
        yield "else", "of the loop"


def finally_(current):
    try:
        yield "try", "something"
        if current.kernel.busy_workers:
            return
        yield "try", "again"
    finally:
        current.kernel.busy_workers += 2


def finally_after_all(current):
    for number in (1, 2):
        try:
            try:
                yield "try", number
                if number == 2:
                    raise LookupError
            except LookupError:
                yield "handle", number
                raise RuntimeError from None
            else:
                yield "else", number
            finally:
                current.kernel.busy_workers += 1
            continue
        except RuntimeError:
            break
        finally:
            current.kernel.busy_workers %= 4


def else_after_a_loop(current):
    """Where `else` stands, the loop over the first is over; the model holds no iterator of it."""
    for _ in reversed((1, 2)):
        yield "take", "one"
    else:
        for number in range(2):
            locals = number  # a name of Python's that is one of the author's
            yield "else", locals
            current.kernel.busy_workers += 1


RIGHT = [tries, goes_well, matches, while_asked, for_else]
RIGHT += [finally_, finally_after_all, else_after_a_loop]


@pytest.mark.parametrize("program", RIGHT)
def test_it_is_entered_again_where_it_stood(monkeypatch, program):
    build = machine(((program,),))
    assert agree(monkeypatch, build, lambda k: k.busy_workers == 2)[0] == "violated"
    assert agree(monkeypatch, build, lambda k: k.busy_workers == 9)[0] == "holds"


def yields_in_finally(current):
    try:
        yield "try", "something"
    finally:
        if current.sigkill:
            yield "give", "it back"


def handles(current):
    try:
        raise LookupError
    except LookupError as wrong:
        yield "handle", str(wrong)


def with_(current):
    with pytest.raises(LookupError):
        yield "raise", "nothing"


def guard(current):
    match current.pid:
        case n if (yield "guard", n):
            pass


def while_else(current):
    while (yield from asks()):
        current.kernel.busy_workers = 1
    else:
        current.kernel.busy_workers = 2


def nonlocal_():
    count = 0

    def program(current):
        nonlocal count
        yield "count", count
        count += 1

    return program


def in_a_target(current, numbers=(1, 2)):
    numbers = [*numbers]
    numbers[(yield "take", "a place") or 0], numbers[1] = 3, 4


def in_the_target_of_a_loop(current):
    numbers = [1]
    for numbers[(yield "take", "a place") or 0] in (1, 2):
        yield "go on", numbers[0]


def in_a_default(current):
    current.kernel.busy_workers = (lambda number=(yield "take", "it"): number or 1)()


def in_a_decorator(current):
    @((yield "take", "it") or staticmethod)
    def inner():
        pass

    del inner


INSIDE = "a yield inside an expression .*: give its value a name before"


@pytest.mark.parametrize(
    "program, what",
    [
        (in_a_target, INSIDE),
        (in_the_target_of_a_loop, INSIDE),
        (in_a_default, INSIDE),
        (in_a_decorator, INSIDE),
        (yields_in_finally, "a yield inside finally .*: yield after it, or before"),
        (handles, "a yield where an exception is handled .*: note what it was, and yield after"),
        (with_, "a yield inside with .*: write try ... finally"),
        (guard, "a yield in the guard of a case .*: yield before match"),
        (
            while_else,
            "a yield in the condition of a loop with else .*: write while True, and break",
        ),
        (nonlocal_(), "a nonlocal variable .*: use an attribute"),
    ],
)
def test_what_cannot_be_entered_again_is_refused_with_its_line(monkeypatch, program, what):
    monkeypatch.setitem(oomlab.SCENARIOS, "kind", machine(((program,),)))
    with pytest.raises(ValueError, match=rf"has {what}") as refused:
        oomlab.explore("kind", property=lambda kernel: False)
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize("walk, last", [(iter, 58), (reversed, 65)])
def test_a_loop_over_a_list_that_others_cut_and_fill(monkeypatch, walk, last):
    """It stands past the end of the list, and goes on if that grows again; backwards it is over."""

    def loop(current, numbers: list):
        for number in walk(numbers):
            yield "see", number
            current.kernel.busy_workers = current.kernel.busy_workers % 10 * 10 + number
            yield "saw", number

    def cuts(current, numbers: list):
        yield "cut", "it"
        del numbers[1:]
        yield "fill", "it"
        numbers += [7, 8, 9]

    def build(policy):
        numbers = [4, 5, 6]
        return machine(((loop, numbers),), ((cuts, numbers),))(policy)

    for seen in (45, 57, 58, 64, 65):
        verdict, _ = agree(monkeypatch, build, lambda k, seen=seen: k.busy_workers == seen)
        assert seen != last or verdict == "violated"


def test_a_loop_over_a_deque_is_refused(monkeypatch):
    """It fails in the model when another changes the deque; that it was changed no state says."""

    def loop(current, waiting: deque):
        for number in waiting:
            yield "see", number

    def build(policy):
        return machine(((loop, deque((1, 2))),))(policy)

    monkeypatch.setitem(oomlab.SCENARIOS, "kind", build)
    with pytest.raises(ValueError, match="runs over a _?deque_iterator: make it a tuple"):
        oomlab.explore("kind", property=lambda kernel: False)
