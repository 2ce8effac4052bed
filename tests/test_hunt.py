"""The chance that a hunt names is one that holds: many hunts miss no more often than it says."""

import sys

import pytest

import oomlab
from oomlab import hunt
from oomlab.model.fork import fork
from oomlab.model.kernel import Kernel

HUNTS = 300


def missed_and_claimed(scenario, policy, prop, **settings) -> tuple[float, float]:
    """How many of 300 hunts found nothing, and the least that one of them claims at most."""
    answers = [hunt(scenario, policy, prop, seed=seed, **settings) for seed in range(HUNTS)]
    missed = [a for a in answers if a.verdict == "bound-reached"]
    claimed = min((a.bound["missed_with_chance"] for a in missed), default=1.0)
    return len(missed) / HUNTS, claimed


def walk(current, what: str, steps: int):
    for _ in range(steps):
        yield what, "a step"
        current.kernel.busy_workers += what == "walk"


def cross(current):
    """Only between the walker's second and third step is there anything to see."""
    yield "cross", "over"
    current.kernel.oom_victims += current.kernel.busy_workers == 2


def crossing(policy, forked: int = 0) -> Kernel:
    """A bug of depth 2, and no schedule but one shows it: the bound is nearly what happens."""
    kernel = Kernel(policy, 64, min_kbytes=32)
    kernel.spawn("walker", ((walk, "walk", 6),))
    crosses = ((cross,),)
    kernel.spawn("other", ((fork, "born", crosses),) if forked else crosses)
    return kernel


def crossed(kernel) -> bool:
    return kernel.oom_victims > 0


@pytest.mark.parametrize("forked, runs", [(0, 15), (1, 20)])
def test_a_hunt_misses_no_more_often_than_it_says(monkeypatch, forked, runs):
    monkeypatch.setitem(oomlab.SCENARIOS, "crossing", crossing)
    missed, claimed = missed_and_claimed(
        "crossing", "linux-4.4", crossed, depth=2, runs=runs, forked=forked
    )
    assert 0.2 < missed < claimed < 0.95


def test_the_hunt_that_claimed_too_much():
    missed, claimed = missed_and_claimed(
        "self-marked", "rfc-2015-11-25", "no-use-after-free", depth=2, runs=50
    )
    assert missed < claimed < 0.6


def test_the_bound_is_what_was_drawn():
    bound = hunt("lost-victim", "handa", depth=2, runs=20, seed=1).bound
    n, k = bound["tasks"], bound["steps"]
    chance = (1 - 1 / (n * k)) ** 20
    assert n == 6 and 20 < k < 80  # init, the reaper, two victims of two threads
    assert chance <= bound["missed_with_chance"] < chance + 1e-5


def test_an_interrupt_counts_the_runs_that_were_made():
    calls = 0

    def stop(kernel) -> bool:
        nonlocal calls
        calls += 1
        if calls == 1500:
            raise KeyboardInterrupt
        return False

    with pytest.raises(KeyboardInterrupt) as stopped:
        hunt("lost-victim", "handa", stop, depth=2, runs=1000)
    bound = stopped.value.found.bound
    chance = (1 - 1 / (bound["tasks"] * bound["steps"])) ** bound["runs"]
    assert bound["interrupted"] and 0 < bound["runs"] < 1000
    assert chance <= bound["missed_with_chance"] < chance + 1e-5


def test_an_interrupt_before_the_first_run_counts_one_of_each(monkeypatch):
    def none(*args):
        raise KeyboardInterrupt
        yield

    monkeypatch.setattr(sys.modules[hunt.__module__], "drawn_so_far", none)
    with pytest.raises(KeyboardInterrupt) as stopped:
        hunt("lost-victim", "handa")
    assert "within 1 step of 1 task or timer may be missed" in stopped.value.found.sentence()


def test_a_counterexample_of_a_hunt_replays():
    found = hunt("second-oom", "mm-2015-12", depth=3, runs=400, seed=3, clock="ordered")
    assert found.verdict == "violated" and found.bound["clock"] == "ordered"
    run = oomlab.run("second-oom", "mm-2015-12", schedule=found.pids)
    assert run.outcome.lost


@pytest.mark.parametrize(
    "settings, words",
    [
        ({"runs": 0}, "runs of 1 or more, not 0"),
        ({"runs": True}, "not True"),
        ({"depth": 0}, "depth of 1 or more"),
        ({"steps": -5}, "steps of 1 or more"),
        ({"steps": 2.5}, "steps as a whole number"),
        ({"clock": "wall"}, "any, ordered, urgent"),
    ],
)
def test_numbers_that_make_no_sense_are_refused(settings, words):
    with pytest.raises(ValueError, match=words):
        hunt("lost-victim", "handa", **settings)
