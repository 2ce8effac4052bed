"""A policy is checked where it is made: a typing error is not another policy."""

from dataclasses import replace

import pytest

import oomlab
from oomlab.policies.policy import KNOBS, Policy
from oomlab.policies.presets import PRESETS, difference


@pytest.mark.parametrize(
    "knobs, sentence",
    [
        ({"reserves": "favor-dying"}, "takes one of none, memdie, favour-dying, oom-half, not"),
        ({"watermarks": 3}, "knob watermarks takes text, not 3"),
        ({"reaper": "lst"}, "knob reaper takes one of"),
        ({"reap_delay": -1}, "whole number, not negative"),
        ({"reap_delay": True}, "whole number"),
        ({"reaper_naps": 1}, "yes or no"),
        ({"reaper_naps": "yes"}, "yes or no"),
        ({"panic_on_oom": 3}, "takes one of 0, 1, 2"),
        ({"kernel": "newest"}, "a release like"),
        ({"kernel": ""}, "a release like"),
        ({"name": None}, "takes text"),
        ({"reaper": "slot", "reaped": "hide"}, "a slot holds only its mm"),
        ({"reaper": "workqueue", "gave_up": "unmark"}, "a slot holds only its mm"),
        ({"reaper": "scan", "reap_delay": 5}, "goes with reaper=list"),
        ({"reaper": "list", "reap_delay": 5}, "needs victim_mark=process"),
        (
            {"reaper": "list", "reap_delay": 5, "victim_mark": "process", "queue_guard": "linked"},
            "needs queue_guard=flag",
        ),
    ],
)
def test_what_no_kernel_has_is_refused(knobs, sentence):
    with pytest.raises(ValueError, match=sentence) as refused:
        Policy(**knobs)
    assert "\n" not in str(refused.value)
    with pytest.raises(ValueError, match=sentence):
        replace(PRESETS["linux-4.4"], **knobs)


def test_every_preset_is_checked_and_every_choice_is_one():
    for policy in PRESETS.values():
        assert replace(policy) == policy
    for knob in KNOBS.values():
        choices = knob.metadata["choices"]
        assert not choices or knob.default in choices
        assert len({type(choice) for choice in choices}) <= 1


def test_names_are_natural():
    assert difference("linux-4.4", "handa") == difference(PRESETS["linux-4.4"], PRESETS["handa"])
    with pytest.raises(ValueError, match="did you mean"):
        PRESETS["linux-4.5"]
    assert PRESETS.get("linux-4.5") is None and "linux-4.5" not in PRESETS


@pytest.mark.parametrize(
    "arguments",
    [
        {"scenario": 3},
        {"scenario": None},
        {"policy": None},
        {"policy": 4.4},
        {"policy": "linux-4.5"},
        {"seed": 1.5},
        {"seed": "x"},
        {"seed": -1},
        {"seed": True},
        {"most_steps": -1},
        {"most_steps": 0},
        {"schedule": "abc"},
        {"schedule": 3},
        {"schedule": [-1]},
        {"victims": "²"},
        {"victims": -2},
        {"reaper": None},
        {"reaper_naps": "perhaps"},
        {"no_such_knob": 1},
    ],
)
def test_a_wrong_argument_of_a_run_gets_one_sentence(arguments):
    with pytest.raises(ValueError) as refused:
        oomlab.run(**{"scenario": "lost-victim", "policy": "rfc-2015-11-25", **arguments})
    assert "\n" not in str(refused.value)
