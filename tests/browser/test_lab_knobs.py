"""Knobs of the lab are turned and put back: picture, sentence and control agree with run().

Every sixth, and with `make fuzz` every one.
"""

import json

import pytest
from wide import TIMES

import oomlab
from oomlab.lab.timeline import shown_steps
from oomlab.policies.knobs import GROUPS, described

pytestmark = pytest.mark.browser

ALL = [name for names in GROUPS.values() for name in names]
SCENARIO, POLICY = "lost-victim", "linux-6.12"
FIELDS = (  # what is typed, and what is said of it
    ("", "takes a whole number from 0 on, and the field is empty."),
    ("-1", "takes a whole number from 0 on, and -1 is none."),
    ("1.5", "takes a whole number from 0 on, and 1.5 is none."),
    ("99999999999", "takes a whole number, not negative and at most"),
)


def other_value(name):
    """A value that the preset has not."""
    knob, now = described(name), getattr(oomlab.PRESETS[POLICY], name)
    if knob["kind"] == "bool":
        return not now
    return next(v for v in [each[0] for each in knob["options"]] or [7, 8] if v != now)


def turn(control, value):
    if isinstance(value, bool):
        control.set_checked(value)
    elif control.evaluate("node => node.tagName") == "SELECT":
        control.select_option(str(value))
    else:
        control.fill(str(value))
        control.press("Enter")


def test_a_knob_is_turned_and_put_back(open_stage):
    stage = open_stage(SCENARIO, POLICY)
    lab, before = stage.lab, json.loads(stage.widget.view)
    error, turned = lab.locator(".error").first, lab.locator(".turned")
    lab.evaluate("lab => lab.querySelectorAll('details').forEach((each) => { each.open = true; })")
    for name in ALL if TIMES > 1 else ALL[::6]:
        control, value = lab.locator(f'[data-control="knob {name}"]'), other_value(name)
        turn(control, value)
        try:
            run = oomlab.run(SCENARIO, POLICY, **{name: value})
        except ValueError as wrong:  # what does not go with the preset's other knobs
            error.filter(has_text=str(wrong)).wait_for()
            assert json.loads(stage.widget.view)["preset"] == {}, name
            continue
        turned.filter(has_text=f"{name} = {value},").wait_for()
        view = json.loads(stage.widget.view)
        assert view["knobs"][name] == value and view["preset"].keys() == {name}
        assert view["pictures"][0]["steps"] == shown_steps(run), name
        said = lab.locator(".outcome").first.inner_text()
        assert said.startswith(f"{POLICY} {name}={value}: {run.outcome.verdict}; "), name
        assert said.endswith(f"{run.outcome.why.rstrip('.')}."), name
        chosen = lab.locator(f'.knob:has([data-control="knob {name}"]) li.chosen').count()
        assert chosen == bool(described(name)["options"]), name
        lab.get_by_role("button", name=f"put {name} back").click()
        turned.filter(has_text=name).wait_for(state="detached")
        back = json.loads(stage.widget.view)
        assert (back["preset"], back["sentence"]) == ({}, before["sentence"]), name
        assert back["pictures"] == before["pictures"], name
        own = str(getattr(oomlab.PRESETS[POLICY], name))
        shown = control.is_checked() if isinstance(value, bool) else control.input_value()
        assert str(shown) == own, name


def test_a_bad_number_is_one_sentence_and_changes_nothing(open_stage):
    stage = open_stage(SCENARIO, POLICY)
    lab = stage.lab
    lab.evaluate("lab => lab.querySelectorAll('details').forEach((each) => { each.open = true; })")
    for name in ("reap_delay", "scan_panic", "charge_batch"):
        control = lab.locator(f'[data-control="knob {name}"]')
        for typed, said in FIELDS:
            turn(control, typed)
            lab.locator(".error").first.filter(has_text=f"{name} {said}").wait_for()
            assert json.loads(stage.widget.view)["preset"] == {}, (name, typed)
        turn(control, 9)
        lab.locator(".turned").filter(has_text=f"{name} = 9,").wait_for()
        assert lab.locator(".error").first.inner_text() == ""
        lab.get_by_role("button", name=f"put {name} back").click()
        lab.locator(".turned").filter(has_text=name).wait_for(state="detached")
