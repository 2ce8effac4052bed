"""The widgets without a browser: what they answer, and what they carry."""

import json
import re
from importlib.util import find_spec

import pytest

import oomlab
from oomlab import lab as home

if not find_spec("anywidget"):
    pytest.skip("needs the extra lab", allow_module_level=True)

from oomlab.lab import PolicyLab, Prediction, saved_answers


@pytest.fixture
def lab():
    return PolicyLab("lost-victim", "rfc-2015-11-25", policies=["linux-4.4", "rfc-2015-11-25"])


def ask(lab, number, what, **how):
    lab.answer(lab, {"do": what, "with": how, "number": number}, [])
    return json.loads(lab.view)


def test_a_message_is_answered_with_a_view(lab):
    view = ask(lab, 7, "change", policy="linux-4.4", other="rfc-2015-11-25")
    assert (view["answers"], view["error"]) == (7, "")
    assert len(view["pictures"]) == len(lab.numbers) == 2
    assert [*lab.catalogue["policies"]] == ["linux-4.4", "rfc-2015-11-25"]
    assert lab.run.policy.name == "linux-4.4"


def test_a_nudge_changes_nothing(lab):
    before = lab.view
    lab.answer(lab, {"do": "nothing"}, [])
    assert lab.view is before


def test_a_mistake_is_said_and_the_last_run_stays(lab, capsys):
    before = lab.run
    view = ask(lab, 1, "change", scenario="lost-victims")
    assert "did you mean 'lost-victim'" in view["error"] and lab.run is before
    assert capsys.readouterr().err == ""


def test_a_fault_of_ours_is_said_and_logged(lab, capsys, monkeypatch):
    monkeypatch.setattr(lab.controller, "change", lambda **changes: {}["lost"])
    view = ask(lab, 1, "change", seed=1)
    assert "oomlab itself failed: KeyError" in view["error"]
    assert "Traceback" in capsys.readouterr().err


def test_exploring_and_exporting(lab, monkeypatch):
    sent = []
    monkeypatch.setattr(lab, "send", lambda content, buffers=None: sent.append(content))
    assert "violated" in ask(lab, 1, "explore", property="no-victim-lost")["explored"]
    ask(lab, 2, "export", form="markdown")
    assert sent[-1]["form"] == "markdown" and sent[-1]["text"].startswith("# lost-victim")


def test_a_prediction_carries_questions_and_a_page_for_when_there_is_no_kernel():
    asked = Prediction(oomlab.run("page-thieves", "rfc-2015-11-27"))
    assert asked.given == [None, None, None]
    assert asked.frozen["steps"] < asked.whole["steps"]
    assert all(moment[0] < asked.frozen["steps"] for moment in asked.frozen["moments"])
    assert "<details>" in asked._static()["text/html"]


def test_locked_answers_stay_in_the_notebook(tmp_path, monkeypatch):
    """The output carries them, and a new kernel finds them in the file of its notebook."""
    first = Prediction("marks")
    first.given = [0, None, 1]
    output = {"output_type": "display_data", "data": first._static(), "metadata": {}}
    mine = first.questions[0]["choices"][0]
    assert f"<b>a) {mine}</b> (your answer)" in output["data"]["text/html"]
    path = tmp_path / "lesson.ipynb"
    path.write_text(json.dumps({"cells": [{"cell_type": "code", "outputs": [output]}]}))
    for said, found in ((str(path), [0, None, 1]), (str(tmp_path / "none.ipynb"), [None] * 3)):
        monkeypatch.setattr(saved_answers, "LOCKED", {})
        monkeypatch.setenv("JPY_SESSION_NAME", said)
        assert Prediction("marks").given == found


@pytest.mark.parametrize("given", [[0, 99, True], ["0", -1, None], [0], "012", None, {"0": 1}])
def test_what_a_notebook_says_was_answered_is_checked(tmp_path, monkeypatch, given):
    said = {"name": "marks", "given": given, "opened": "yes"}
    path = tmp_path / "lesson.ipynb"
    path.write_text(json.dumps({"cells": [{"outputs": [{"data": {saved_answers.MIME: said}}]}]}))
    monkeypatch.setattr(saved_answers, "LOCKED", {})
    monkeypatch.setenv("JPY_SESSION_NAME", str(path))
    asked = Prediction("marks")
    assert asked.given in ([None] * 3, [0, None, None]) and not asked.opened


@pytest.mark.parametrize("widget", [PolicyLab, Prediction])
def test_nothing_is_fetched_from_elsewhere(widget):
    code = str(widget._esm) + str(widget._css)
    assert {*re.findall(r"https?://[^\s\"'`]+", code)} <= {"http://www.w3.org/2000/svg"}


def test_only_what_exists_can_be_imported():
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        home.nothing  # noqa: B018


def test_a_sentence_takes_its_numbers_within_their_bounds():
    from oomlab.lab import Sentence

    said = Sentence("{cache} pages.", "marks", "linux-4.4", "free_memory", cache=(0, 300))
    assert said.plain().startswith("100 pages. recovered: ")
    before = said.shown["picture"]
    for given, taken in ((-5, 0), (250, 250)):
        said.answer(said, {"values": {"cache": given}, "number": 1}, [])
        assert said.shown["values"] == {"cache": taken} and said.shown["picture"] != before
    said.answer(said, {"values": {"cache": 10**9}, "number": 2}, [])  # 300 do not fit
    assert "more than the machine has" in said.error and said.shown["values"] == {"cache": 250}
    for text in ("{cache} pages of {cache}.", "No pages."):  # one of two would not follow
        with pytest.raises(ValueError, match="'cache' must stand in the sentence once"):
            Sentence(text, "marks", "linux-4.4", "free_memory", cache=(0, 300))
    with pytest.raises(ValueError, match="'nothing' is no number of page-thieves"):
        Sentence("{nothing}", "page-thieves", "linux-4.6", "pages", nothing=(0, 1))


def test_a_timeline_tells_what_happened_with_and_without_a_widget():
    from oomlab.lab import TimelineView

    shown = TimelineView("hidden-sharer", "rfc-2015-11-25", sharer="init")
    assert shown.plain().endswith("Attempted to kill init! exitcode=0x0000000b")
    assert "step 4  hog is killed" in shown.plain() and shown.run.outcome.verdict == "panic"
    with pytest.raises(ValueError, match="trace"):
        TimelineView("hidden-sharer", "linux-4.6", trace=False)


def test_what_the_explorer_found_opens_at_its_last_step():
    """With all its settings: parameters, and knobs that are turned in a preset."""
    turned = dict(reaper="slot-xchg", victims=3)
    for policy, more in (("rfc-2015-11-25", {}), ("rfc-2015-11-27", turned)):
        found = oomlab.explore("lost-victim", policy, **more)
        opened = PolicyLab(found)
        settings, view = opened.controller.settings, json.loads(opened.view)
        assert opened.run.policy == found.policy and opened.run.trace
        assert settings["schedule"] == found.pids and view["settings"] == settings
        assert settings["params"] == found.params
        assert settings["knobs"] == {k: v for k, v in more.items() if k in oomlab.KNOBS}
        assert view["preset"] == {k: oomlab.PRESETS[policy].reaper for k in settings["knobs"]}
        part = view["details"][0]
        assert part["from"] < len(found.pids) == part["to"]
    holds = oomlab.explore("lost-victim", "handa")
    with pytest.raises(ValueError, match="holds in every schedule.*: there is no schedule to show"):
        PolicyLab(holds)


def test_a_policy_that_is_not_the_preset_is_never_called_as_if_it_were():
    turned = oomlab.run("lost-victim", "linux-4.6", reserves="none").policy
    assert json.loads(PolicyLab("lost-victim", turned).view)["preset"] == {"reserves": "memdie"}
    with pytest.raises(ValueError, match="is not linux-4.6 needs a name of its own"):
        PolicyLab("lost-victim", policies=[turned])
