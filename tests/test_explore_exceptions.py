"""What a step raises, and who catches it: as in the generators of the model."""

import pytest

from oomlab import SCENARIOS, explore
from oomlab.explorer import plain
from oomlab.model.kernel import Kernel
from oomlab.policies.presets import PRESETS


class Unusual(BaseException):
    """No Exception, as KeyboardInterrupt is none."""


def ends_early(current, wrong):
    yield "ask", "an empty iterator"
    raise wrong


def ends_at_once(current, wrong):
    if wrong is not None:
        raise wrong
    yield "never", "here"


def catches(current, call, wrong, caught):
    yield "begin", "x"
    try:
        yield from call(current, wrong)
    except caught:
        current.uid = 7
    yield "end", "x"


CASES = [
    (StopIteration, RuntimeError),  # PEP 479
    (StopIteration, StopIteration),
    (Unusual, Unusual),
    (Unusual, Exception),
    (LookupError, LookupError),
    (KeyError, LookupError),
    (SystemExit, SystemExit),
]


@pytest.mark.parametrize("call", [ends_early, ends_at_once])
@pytest.mark.parametrize("wrong, caught", CASES)
def test_who_catches_it(monkeypatch, call, wrong, caught):
    def scenario(policy):
        kernel = Kernel(policy, 4096)
        for number in range(2):
            kernel.spawn(f"t{number}", ((catches, call, wrong, caught),))
        return kernel

    def both(kernel):
        return sum(task.uid == 7 for task in kernel.tasks) == 2

    monkeypatch.setitem(SCENARIOS, "catches", scenario)
    try:
        verdict, way, *_ = plain.explore(lambda: scenario(PRESETS["linux-4.4"]), both)
    except BaseException:  # in the model the step breaks: so there is no answer
        with pytest.raises(ValueError, match="fails|cannot happen") as refused:
            explore("catches", property=both)
        assert "\n" not in str(refused.value)
    else:
        found = explore("catches", property=both, audit=1.0)
        assert (found.verdict, len(found.pids)) == (verdict, len(way))


def guesses(current, seen: list):
    try:
        yield "guess", "x"
        if seen:
            raise LookupError(len(seen))
        seen.append(1)
    except LookupError:
        yield "miss", "x"
        seen.clear()
    yield "after", "x"


def test_an_exception_that_is_over_is_no_part_of_a_state(monkeypatch):
    """As many states as in the plain search, and no more: what was handled leaves nothing."""

    def scenario(policy):
        kernel, seen = Kernel(policy, 4096), []
        for number in range(2):
            kernel.spawn(f"t{number}", ((guesses, seen),))
        return kernel

    def never(kernel):
        return False

    monkeypatch.setitem(SCENARIOS, "guesses", scenario)
    plainly = plain.explore(lambda: scenario(PRESETS["linux-4.4"]), never)
    found = explore("guesses", property=never, audit=1.0)
    assert (found.states, found.transitions) == plainly[2:]
