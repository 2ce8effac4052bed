"""The student as the scheduler: what is taken happens, and what is said of it is so."""

from random import Random

import pytest

import oomlab
from oomlab.explorer.plain import explore as plain_explore
from oomlab.explorer.properties import choose_property
from oomlab.lab.by_hand import ByHand, counts
from oomlab.lab.controller import Controller
from oomlab.scenarios import SCENARIOS
from oomlab.simulate.scheduler import run_schedule

LOST = "no-victim-lost"


@pytest.fixture
def hand():
    return ByHand("lost-victim", "rfc-2015-11-25", {})


def test_a_step_is_taken_only_if_its_task_can_move(hand):
    assert {choice["task"] for choice in hand.choices()} == {"oom_reaper", "thread1", "thread2"}
    pids = {choice["task"]: choice["entry"] for choice in hand.choices()}
    hand.take([pids["thread1"], pids["thread2"]])
    before = list(hand.entries)
    for wrong in ([999], [[102, "wake_up_process"]], [102, 1], ["102"], [None], [-102]):
        with pytest.raises(ValueError):
            hand.take(wrong)
        assert hand.entries == before
    assert [step.task for step in hand.run().steps] == ["thread1", "thread2"]
    hand.undo()
    assert hand.entries == before[:1]


@pytest.mark.parametrize("steps", [4, 8])
def test_as_bad_as_possible_is_the_nearest_violation_from_here(hand, steps):
    hand.go_on(seed=steps)
    hand.entries = hand.entries[:steps]
    bad = choose_property(LOST).question
    said = hand.worst(LOST)
    assert "is broken after" in said and hand.broken(LOST)

    def from_here():
        kernel = hand.build()
        taken(kernel, hand.entries[:steps])
        return kernel

    verdict, way, *_ = plain_explore(from_here, bad)
    assert verdict == "violated" and len(way) == len(hand.entries) - steps
    assert not any(bad(reached(hand, n)) for n in range(steps, len(hand.entries)))


def taken(kernel, entries):
    kernel.events = None
    run_schedule(kernel, entries)


def reached(hand, steps):
    kernel = hand.build()
    taken(kernel, hand.entries[:steps])
    return kernel


def test_where_nothing_is_bad_it_says_in_how_many_states():
    hand = ByHand("lost-victim", "linux-4.6", {})
    assert "holds in all" in hand.worst(LOST) and hand.entries == []


def test_a_seed_goes_on_as_the_seeded_scheduler_would():
    for scenario, policy in (("suspend-race", "linux-4.6"), ("given-up", "linux-4.14")):
        hand = ByHand(scenario, policy, {})
        hand.go_on(seed=2)
        seeded = oomlab.run(scenario, policy, seed=2)
        assert [s[2:7] for s in hand.run().steps] == [s[2:7] for s in seeded.steps]


def test_a_decision_is_a_turn_that_was_not_forced(hand):
    for prefer in ("decisions", "steps"):
        found = oomlab.explore("lost-victim", "rfc-2015-11-25", prefer=prefer)
        words = counts(hand.build, list(found.pids))
        assert words.startswith(f"{len(found.pids)} steps with ")
        if prefer == "decisions":
            assert words.endswith(f" {found.bound['decisions']} decisions")


def test_a_run_that_is_not_over_has_no_outcome():
    lab = Controller("lost-victim", "rfc-2015-11-25")
    lab.play(step=4)
    view = lab.view()
    assert view["pictures"][0]["verdict"] == "not over" and view["hand"]["choices"]
    assert "After 4 steps" in view["sentence"] and "recovered" not in view["sentence"]
    lab.move("go_on", seed=1)
    assert lab.view()["pictures"][0]["verdict"] in ("recovered", "lost-victim")
    entries = list(lab.hand.entries)
    for wrong in ({"what": "take", "entries": [1]}, {"what": "leap"}):
        with pytest.raises(ValueError):
            lab.move(**wrong)
        assert lab.hand.entries == entries
    lab.move("replay", entries=entries[:3])
    assert lab.view()["hand"]["entries"] == entries[:3]
    lab.change(seed=2)
    assert "hand" not in lab.view()


def test_the_explorers_schedules_stand_beside_ones_own():
    lab = Controller("lost-victim", "rfc-2015-11-25")
    lab.play()
    lab.move("go_on", seed=5)
    mine, shortest, fewest = lab.answers(LOST)
    assert mine[2] == lab.hand.entries and len(shortest[2]) <= len(fewest[2])
    lab.change(policy="linux-4.6")
    assert len(lab.answers(LOST)) == 1 and "holds" in lab.answers(LOST)[0][1]


def test_the_timer_of_a_task_that_is_gone_can_still_be_chosen():
    hand = ByHand("self-marked", "linux-6.1", {})
    hand.go_on(seed=1)
    kernel = hand.here()
    gone = [timer.argument for timer in kernel.timers if timer.argument not in kernel.tasks]
    assert [c["task"] for c in hand.choices()] == [task.name for task in gone] == ["leaver"]
    assert hand.choices()[0]["does"] == "timer wake_oom_reaper_timer"

    def reaper_is_armed(memory, step):
        return step["does"] == "timer wake_oom_reaper_timer"

    found = oomlab.explore("self-marked", "linux-6.1", reaper_is_armed)
    assert found.verdict == "violated" and found.pids[-1][1] == "wake_oom_reaper_timer"


@pytest.mark.parametrize("scenario", sorted(SCENARIOS)[::4])
def test_each_scenario_can_be_taken_over(scenario):
    """Somewhere in its run, by hand for some steps, then by a seed; whatever the policy."""
    draw = Random(scenario)
    lab = Controller(scenario, draw.choice(sorted(oomlab.PRESETS)))
    lab.play(step=draw.randrange(min(60, len(lab.runs[0].trace))))
    for _ in range(4):
        choices = lab.view()["hand"]["choices"]
        lab.move("take", entries=[draw.choice(choices)["entry"]] if choices else [])
    lab.move("go_on", seed=1)
    assert lab.view()["hand"]["entries"] == lab.runs[0].schedule


def test_a_state_that_is_looked_at_leaves_everything_where_it_was():
    lab = Controller("lost-victim", "rfc-2015-11-25")
    lab.change(other="handa")
    shown = [run.steps for run in lab.runs]
    for entries in ([102], [104, 104]):
        lab.peek(entries)
        assert [step.number for step in lab.runs[0].steps] == [*range(1, len(entries) + 1)]
        assert lab.view()["sentence"].startswith("Only looked at: After") and lab.hand is None
    with pytest.raises(ValueError, match="pid 7"):
        lab.peek([7])
    assert len(lab.runs) == 1 and lab.view()["looks"]
    lab.peek(None)
    assert [run.steps for run in lab.runs] == shown and "looks" not in lab.view()
    lab.peek(None)
    assert [run.steps for run in lab.runs] == shown
