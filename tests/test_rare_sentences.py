"""What is seldom said: where a bound cut the answer, where runs do not part, one's own set-up."""

import importlib
import re
from dataclasses import replace

import pytest

import oomlab
from oomlab import PRESETS, SCENARIOS, explore
from oomlab.model.kernel import Kernel
from oomlab.model.mm import Shmem
from oomlab.simulate.comparison import first_difference, parting_sentence
from oomlab.simulate.origin import Origin
from oomlab.simulate.run import run_again


@pytest.mark.parametrize("prefer", ["steps", "switches", "decisions"])
@pytest.mark.parametrize("bound", [{"max_states": 50}, {"seconds": 0}], ids=["states", "seconds"])
def test_a_bound_is_told_with_every_preference(prefer, bound):
    found = explore("lost-victim", "handa", prefer=prefer, **bound)
    assert found.verdict == "bound-reached" and "before the search was ended" in found.sentence()
    if prefer != "steps" and "seconds" not in bound:
        assert (
            f"among them every schedule with fewer than {found.bound[prefer]}" in found.sentence()
        )


@pytest.mark.parametrize("bound", [{"max_states": 50}, {"seconds": 0}], ids=["states", "seconds"])
def test_a_bound_is_told_of_for_ever(bound):
    found = explore("lost-victim", "handa", "dying-exit", **bound)
    assert found.verdict == "bound-reached"


def test_two_runs_that_are_the_same_part_nowhere():
    runs = [oomlab.run("marks", "linux-4.6") for _ in range(2)]
    step = first_difference(*[run.steps for run in runs])
    assert parting_sentence(*runs, step) == "The two runs are the same, step by step."


def test_one_that_is_over_first():
    runs = [oomlab.run("lost-victim", "handa", most_steps=n) for n in (9, 12)]
    step = first_difference(*[run.steps for run in runs])
    assert step == runs[0].step_count < runs[1].step_count
    assert f"part at step {step + 1}: " in (said := parting_sentence(*runs, step))
    assert said.count("is over") == 1


def fails(policy):
    return Kernel(policy, 4096, min_kbytes=1 / 0)


def returns_nothing(policy):
    Kernel(policy, 4096)


def with_pages_of_nobody(policy):
    kernel = Kernel(policy, 4096)
    kernel.zone.free -= 5
    return kernel


def with_a_file_out_of_nothing(policy):
    kernel = Kernel(policy, 4096)
    kernel.shmems.append(Shmem("file", 1, linked=True))
    return kernel


def with_a_list(policy, tasks=()):
    return Kernel(policy, 4096)


@pytest.mark.parametrize(
    "scenario, sentence",
    [
        (fails, "own with its set-up fails: ZeroDivisionError: division by zero"),
        (returns_nothing, "own is a function that returns a Kernel, not None"),
        (with_pages_of_nobody, "the pages of own do not add up: its owners have 5 pages too few"),
        (
            with_a_file_out_of_nothing,
            "the pages of own do not add up: its owners have 1 page too many",
        ),
        (with_a_list, "parameter tasks of own needs a number or name as default"),
    ],
)
def test_a_set_up_of_ones_own(monkeypatch, scenario, sentence):
    monkeypatch.setitem(SCENARIOS, "own", scenario)
    for use in (oomlab.run, oomlab.explore, oomlab.hunt):
        with pytest.raises(ValueError) as wrong:
            use("own")
        assert str(wrong.value) == sentence


def test_an_origin_of_every_schedule_is_no_run():
    kernel, params = oomlab.build("marks")
    with pytest.raises(ValueError, match="names no run: it is of every schedule"):
        run_again(Origin.of("marks", kernel.policy, params))


def oom_badness(p, totalpages, policy, memcg=None):
    return 1


@pytest.mark.parametrize(
    "base, sentence",
    [
        (lambda once: once, "mine is a patch already; patch the policy it is made from"),
        (
            lambda once: replace(PRESETS["linux-4.4"], name="home-made"),
            "a patch needs a preset to stand on, and home-made is none",
        ),
    ],
)
def test_a_patch_stands_on_a_preset(base, sentence):
    once = oomlab.patch("linux-4.4", name="mine", oom_badness=oom_badness)
    with pytest.raises(ValueError) as wrong:
        oomlab.patch(base(once), name="another", oom_badness=oom_badness)
    assert str(wrong.value) == sentence


def test_a_policy_without_a_patch_has_no_text():
    with pytest.raises(ValueError, match="linux-4.4 has no patch"):
        oomlab.patch_text(PRESETS["linux-4.4"])


def test_a_property_that_fails_is_named_by_its_own_line():
    """One stands in properties.py, where recipe 3 has it written; called by others there."""
    own = importlib.import_module("oomlab.explorer.properties").__file__
    names: dict = {}
    exec(compile("def mine(kernel):\n    return kernel.zones\n", own, "exec"), names)
    with pytest.raises(ValueError, match=rf"'zones' in mine \(line 2 of {re.escape(own)}\)"):
        explore("lost-victim", "linux-4.6", names["mine"])
