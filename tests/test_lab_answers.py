"""Each message of a browser is answered: where none came, its buttons would do nothing any more."""

import json
from importlib.util import find_spec
from pathlib import Path
from types import SimpleNamespace

import pytest

if not find_spec("anywidget"):
    pytest.skip("needs the extra lab", allow_module_level=True)

import oomlab.lab
from oomlab.explorer.progress import Stopped
from oomlab.lab import PolicyLab, ReportView, Sentence, Verdicts
from oomlab.lab.answering import Answering
from oomlab.lab.controller import Controller

LAB = Path(oomlab.lab.__file__).parent
MADE = {
    "PolicyLab": lambda: PolicyLab("lost-victim", "rfc-2015-11-25", policies=["linux-4.4"]),
    "Sentence": lambda: Sentence(
        "{cache} pages.", "marks", "linux-4.4", "free_memory", cache=(0, 300)
    ),
    "ReportView": ReportView,
    "Verdicts": lambda: Verdicts(["lost-victim"], ["linux-4.4"]),
}
DEEDS = ["change", "explore", "play", "move", "peek", "export", "look", "answers", "graph"]
ASKED = [("PolicyLab", {"do": deed, "with": {}, "number": 7}) for deed in DEEDS]
ASKED += [
    ("Sentence", {"values": {"cache": 5}, "number": 7}),
    ("ReportView", {"do": "read", "with": {"text": "no report"}, "number": 7}),
    ("Verdicts", {"scenario": "lost-victim", "policy": "linux-4.4"}),
]
FOUND = SimpleNamespace(sentence=lambda: "nothing was found")
ENDS = [
    (KeyboardInterrupt(), "Stopped before there was an answer"),
    (Stopped(FOUND), "Stopped: nothing was found"),
    (ValueError("it is too large"), "it is too large"),
    (KeyError("lost"), "oomlab itself failed: KeyError"),
]


@pytest.mark.parametrize(("end", "said"), ENDS, ids=lambda end: type(end).__name__)
@pytest.mark.parametrize(("name", "message"), ASKED)
def test_whatever_ends_it_there_is_an_answer(name, message, end, said, monkeypatch, capsys):
    """Stop, too: an interrupt is no Exception, and once left the lab waiting for ever."""
    widget, sent = MADE[name](), []
    monkeypatch.setattr(widget, "send", lambda content, buffers=None: sent.append(content))

    def ends(*_, **__):
        raise end

    monkeypatch.setattr(widget, "do", ends)
    widget.answer(widget, message, [])
    if name == "PolicyLab":
        view = json.loads(widget.view)
        assert view["answers"] == 7 and said in view["error"]
    else:
        assert sent  # the answer; and the sentence in what is shown
        shown = {"Sentence": "error", "ReportView": "view"}.get(name)
        assert said in str(getattr(widget, shown) if shown else sent)


def test_stop_while_the_answer_is_told_still_tells_it(monkeypatch):
    lab, stops = MADE["PolicyLab"](), [KeyboardInterrupt()]
    show = lab.show

    def stopped_once(**more):
        if stops:
            raise stops.pop()
        show(**more)

    monkeypatch.setattr(lab, "show", stopped_once)
    lab.answer(lab, {"do": "change", "with": {"seed": 3}, "number": 8}, [])
    view = json.loads(lab.view)
    assert (view["answers"], view["settings"]["seed"]) == (8, 3)


def test_only_one_class_hears_messages_and_each_script_that_sends_has_a_line():
    """So a new widget cannot forget to answer, nor to say that no answer came (no_answer.js)."""
    hearers = {path.stem for path in LAB.glob("*.py") if "on_msg(" in path.read_text()}
    assert hearers == {"answering"}
    assert {*MADE} == {each.__name__ for each in Answering.__subclasses__()}
    for path in LAB.glob("*.js"):
        code = path.read_text()
        if "model.send(" in code or "save_changes(" in code:
            assert "new Line(" in code, path.name


def test_exploring_takes_nothing_from_who_plays_by_hand():
    """It once left a run that was cut, and no way to go on with it."""
    lab = Controller("lost-victim", "linux-4.6")
    lab.play(0)
    lab.move("take", entries=[lab.hand_view["choices"][0]["entry"]])
    lab.explore()
    view = lab.view()
    assert "holds in every schedule" in view["explored"] and len(view["hand"]["entries"]) == 1
    assert view["pictures"][0]["verdict"] == "not over"
    lab.move("undo")
    assert lab.view()["hand"]["entries"] == [] and not lab.view()["explored"]


def test_of_two_policies_the_one_that_was_explored_is_named():
    lab = Controller("lost-victim", "linux-4.6")
    lab.change(other="linux-4.4")
    lab.explore()
    assert lab.view()["explored"].startswith("linux-4.6: no-victim-lost holds")
