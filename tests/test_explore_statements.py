"""A yield in each kind of statement: the explorer says what the plain search says, or refuses."""

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


@pytest.mark.parametrize("program", [tries, goes_well, matches, while_asked, for_else])
def test_it_is_entered_again_where_it_stood(monkeypatch, program):
    build = machine(((program,),))
    assert agree(monkeypatch, build, lambda k: k.busy_workers == 2)[0] == "violated"
    assert agree(monkeypatch, build, lambda k: k.busy_workers == 9)[0] == "holds"


def finally_(current):
    try:
        yield "try", "something"
    finally:
        current.kernel.busy_workers = 1


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


@pytest.mark.parametrize(
    "program, what",
    [
        (finally_, "a yield inside try ... finally"),
        (handles, "a yield where an exception is handled"),
        (with_, "a yield inside with"),
        (guard, "a yield in the guard of a case"),
        (while_else, "a yield in the condition of a loop with else"),
        (nonlocal_(), "a nonlocal variable"),
    ],
)
def test_what_cannot_be_entered_again_is_refused_with_its_line(monkeypatch, program, what):
    monkeypatch.setitem(oomlab.SCENARIOS, "kind", machine(((program,),)))
    with pytest.raises(ValueError, match=rf"has {what} in line \d+, and cannot be explored"):
        oomlab.explore("kind", property=lambda kernel: False)
