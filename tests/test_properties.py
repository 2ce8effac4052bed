"""Which questions may be asked, and that a victim is lost in one sense only."""

from functools import partial

import pytest

import oomlab
from oomlab.explorer.properties import PROPERTIES, Property, choose_property
from oomlab.simulate.outcome import lost_victims


def state_with_default(kernel, name="x"):
    return False


def trace_with_default(memory, step, most=3):
    return memory


class Asks:
    def __call__(self, kernel):
        return False


@pytest.mark.parametrize(
    "function, kind",
    [
        (lambda kernel: False, "never"),
        (state_with_default, "never"),
        (lambda kernel, *, name="x", **more: False, "never"),
        (Asks(), "never"),
        (partial(trace_with_default, None), "never"),
        (lambda memory, step: memory, "trace"),
        (trace_with_default, "trace"),
        (lambda memory, step, *rest: memory, "trace"),
    ],
)
def test_required_arguments_say_what_a_function_is_asked(function, kind):
    assert choose_property(function).kind == kind


@pytest.mark.parametrize(
    "wanted, words",
    [
        (lambda: False, "it takes 0"),
        (lambda *all: False, "it takes 0"),
        (lambda kernel, *, name: False, "it takes name by name"),
        (lambda a, b, c: False, "it takes 3"),
        (type, "does not tell"),
        (["no-victim-lost"], "property"),
        (None, "property"),
        ("no-victims-lost", "did you mean 'no-victim-lost'"),
    ],
)
def test_other_shapes_are_refused_in_a_sentence(wanted, words):
    with pytest.raises(ValueError, match=words):
        choose_property(wanted)


@pytest.mark.parametrize(
    "given, words",
    [
        (("mine", "always", "", len), "never, eventually, trace"),
        (("mine", ["never"], "", len), "never, eventually, trace"),
        (("mine", "never", "", "len"), "needs a function"),
        ((None, "never", "", len), "name is one line of text, not None"),
        (("", "never", "", len), "name is one line of text"),
        (("two\nlines", "never", "", len), "name is one line of text"),
        (("mine", "never", 3, len), "meaning is one line of text, not 3"),
    ],
)
def test_what_is_no_property_cannot_be_made(given, words):
    with pytest.raises(ValueError, match=words):
        Property(*given)


def forgot(kernel):
    kernel.zone.free < 3  # noqa: B015


def raises(kernel):
    raise LookupError


def returns_early(kernel):
    if kernel.zone.free:
        return
    kernel.zone.free > 3  # noqa: B015


class Forgets:
    def __call__(self, kernel):
        len(kernel.tasks)

    def method(self, memory, step):
        step["does"] == "mark"  # noqa: B015


FORGOTTEN = [
    forgot,
    raises,
    returns_early,
    lambda kernel: None,
    lambda memory, step: None,
    Forgets(),
    Forgets().method,
    partial(forgot),
    Property("mine", "eventually", "", forgot),
]


@pytest.mark.parametrize("wanted", FORGOTTEN)
def test_a_question_that_returns_nothing_does_not_hold(wanted):
    """A forgotten `return` would be a proof of anything."""
    with pytest.raises(ValueError, match="returns no value: it must return True or False"):
        oomlab.explore("lost-victim", property=wanted)


def sometimes(kernel):
    if kernel.zone.free:
        return kernel.tasks


def loops(kernel):
    for task in kernel.tasks:
        if task.sigkill:
            return True


@pytest.mark.parametrize(
    "function",
    [
        sometimes,
        loops,
        len,
        lambda kernel: kernel.mm_to_reap or None,
        lambda kernel: None if kernel.tasks else 1,
        lambda kernel: 1 if kernel.tasks else None,
        lambda kernel: (yes := kernel.tasks) and None or yes,
        partial(lambda tasks, kernel: tasks and kernel.tasks, 3),
    ],
)
def test_one_that_may_return_something_is_asked(function):
    assert choose_property(function).question is function


@pytest.mark.parametrize("seed", range(6))
def test_a_victim_is_lost_in_one_sense_only(seed):
    """The outcome names who is lost; the properties speak of the same tasks."""
    run = oomlab.run("lost-victim", "rfc-2015-11-25", seed=seed, victims=3)
    lost = [task.name for task in lost_victims(run.kernel)]
    assert run.outcome.lost == lost
    assert PROPERTIES["victims-settled"].question(run.kernel) == (not lost)
    assert PROPERTIES["no-victim-lost"].question(run.kernel) == bool(lost)


@pytest.mark.parametrize("kind", ["freed", "alive"])
def test_a_name_in_the_text_of_a_bug_does_not_say_of_which_kind_it_is(kind):
    """A process may be called anything: 'freedom', or 'mm_count falls below zero'."""
    kernel = oomlab.build("lost-victim")[0]
    kernel.bug(kind, "freedom is reaped while 'below zero' has no SIGKILL")
    assert PROPERTIES["no-use-after-free"].question(kernel) == (kind == "freed")
    assert PROPERTIES["no-live-task-reaped"].question(kernel) == (kind == "alive")
