"""Runs, answers, comparisons and policies as values: printed, compared, pickled, loaded."""

import copy
import json
import pickle
import re
import subprocess
import sys
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import pytest
from hypothesis import given, reject, settings
from hypothesis import strategies as st
from wide import examples

import oomlab
from oomlab.policies.patch import model_functions
from oomlab.reports.tell.words import text_of
from oomlab.traces import ftrace_text

TEXT = 'base = "linux-4.6"\nname = "kept"\n\n\ndef exit_oom_victim(task):\n    pass\n'
PATCHED = oomlab.read_patch(TEXT)
VIOLATED = oomlab.explore("lost-victim", "rfc-2015-11-25")
VALUES = {
    "seed": oomlab.run("lost-victim", "rfc-2015-11-25", reaper="list", seed=3),
    "schedule": VIOLATED.run(),
    "cut": oomlab.run("page-thieves", seed=2, most_steps=40),
    "own name": oomlab.run(
        "lost-victim", replace(oomlab.PRESETS["handa"], name="mine", about="my own"), seed=1
    ),
    "deadlock": oomlab.run("invisible-dependency", "linux-4.4", seed=1),
    "untraced": oomlab.run("lost-victim", trace=False),
    "patched": oomlab.run("lost-victim", PATCHED, seed=1),
    "violated": VIOLATED,
    "holds": oomlab.explore("lost-victim", "handa", vmas=1),
    "patched answer": oomlab.explore("lost-victim", PATCHED, vmas=1, max_states=50),
    "hunted": oomlab.hunt("lost-victim", "handa", runs=2, seed=4),
    "comparison": oomlab.compare("lost-victim", ("rfc-2015-11-25", "handa"), seeds=2),
    "knobs": replace(oomlab.PRESETS["handa"], reaper_naps=False, ties="last"),
    "patched policy": PATCHED,
    "preset": oomlab.PRESETS["linux-6.1"],
}
REPORT = (Path(__file__).parent / "data/reports/2.6.38-sacrifice.txt").read_text()
PRESETS = list(oomlab.PRESETS)
SHOWN = VALUES | {
    "report": oomlab.explain(REPORT)[0],
    "log": oomlab.ExplainedLog("kern.log", oomlab.explain(REPORT) * 9, "it is cut off"),
    "sheet": oomlab.sheet_of(VIOLATED, title="The slot loses one"),
    "sweep": oomlab.sweep("lost-victim", PRESETS, range(2)),
    "small machine": oomlab.scenario_from(REPORT),
    "trace": oomlab.read_trace(ftrace_text(oomlab.run("lost-victim", "linux-4.6")), report=REPORT),
}
RUNS = [name for name, value in VALUES.items() if isinstance(value, oomlab.Run)]
each = pytest.mark.parametrize("name", VALUES)


def test_each_public_value_is_among_them():
    public = [getattr(oomlab, name) for name in oomlab.__all__]
    parts = {oomlab.Outcome, oomlab.Origin, oomlab.Step, oomlab.Property, oomlab.Schedule}
    numbers = {oomlab.Badness, oomlab.Watermarks, oomlab.Stopped}  # a pair, an exception
    kinds = {kind for kind in public if isinstance(kind, type)} - parts - numbers
    assert kinds == {type(value) for value in SHOWN.values()}


@pytest.mark.parametrize("name", SHOWN)
def test_a_value_prints_in_three_lines(name):
    text = repr(SHOWN[name])
    assert text.startswith(f"<{type(SHOWN[name]).__name__} ") and text.endswith(">")
    assert len(text.splitlines()) <= 3 and len(text) < 600


@each
def test_a_value_is_pickled_and_copied_whole(name):
    value = VALUES[name]
    for again in (pickle.loads(pickle.dumps(value)), copy.deepcopy(value)):
        assert type(again) is type(value) and repr(again) == repr(value)
        assert again == value and hash(again) == hash(value)


def test_what_differs_is_not_equal():
    values = list(VALUES.values())
    for number, value in enumerate(values):
        assert value == value and value != 3 and value != "text"
        assert not any(value == other for other in values[number + 1 :])
    assert len(set(values)) == len(values)
    assert oomlab.explore("lost-victim", "rfc-2015-11-25") == VIOLATED  # though it took longer


@pytest.mark.parametrize("name", [name for name in RUNS if name not in ("untraced", "patched")])
def test_a_run_is_saved_and_loaded(name, tmp_path):
    run = VALUES[name]
    assert oomlab.Run.from_json(run.to_json()) == run
    assert oomlab.Run.load(run.save(tmp_path / "run.json")) == run
    (tmp_path / "trace.json").write_text(run.to_json())
    assert oomlab.Run.load(str(tmp_path / "trace.json")).to_json() == run.to_json()


def test_a_saved_patch_is_run_only_if_trusted():
    run = VALUES["patched"]
    with pytest.raises(ValueError, match="holds a patch; read it"):
        oomlab.Run.from_json(run.to_json())
    assert oomlab.Run.from_json(run.to_json(), trust=True) == run

    functions = model_functions()

    def exit_oom_victim(task):
        functions["exit_oom_victim"](task)

    closure = oomlab.patch("linux-4.6", name="closure", exit_oom_victim=exit_oom_victim)
    for asked in (closure, oomlab.run("lost-victim", closure)):
        with pytest.raises(ValueError, match="write it as a function of its own"):
            pickle.dumps(asked)


def changed(**changes) -> str:
    return json.dumps({**json.loads(VALUES["seed"].to_json()), **changes})


def with_origin(**changes) -> str:
    return changed(origin={**VALUES["seed"].origin.to_dict(), **changes})


@pytest.mark.parametrize("key", json.loads(VALUES["seed"].to_json()))
def test_nothing_that_a_saved_run_says_of_itself_is_taken_unseen(key):
    for other in ({key: "another"}, {key: None}):
        with pytest.raises(ValueError, match=r"\bit\b") as wrong:
            oomlab.Run.from_json(changed(**other), "it")
        assert "\n" not in str(wrong.value)


@pytest.mark.parametrize(
    "text, sentence",
    [
        ("", "no JSON"),
        ("3", "another form"),
        ("[" * 10**5, "not a run that oomlab saved"),
        ("{}", "schema"),
        (changed(origin=None), "does not say where it comes from"),
        (changed(outcome={}), "the outcome in it and in its run differ"),
        (changed(steps=[]), "holds 0 steps, and its run has 22"),
        (changed(steps=[[0]] * 22), "step 1 of it was another when oomlab"),
        (changed(policy={}), "the policy in it"),
        (with_origin(seed=4), "of it was another"),
        (with_origin(seed=-1), "a seed is a whole number"),
        (with_origin(seed=True), "no seed that could be one"),
        (with_origin(schedule=[1]), "a seed or a schedule, not both"),
        (with_origin(params={"victims": 2, "vmas": []}), "takes a whole number"),
        (with_origin(params={"victms": 2}), "did you mean 'victims'"),
        (with_origin(params={"seed": 1}), "has an argument of that name"),
        (with_origin(params={"schedule": [1]}), "has an argument of that name"),
        (with_origin(knobs={"raeper": "list"}), "no knob 'raeper'"),
        (with_origin(knobs={"reaper": ["list"]}), "takes text"),
        (with_origin(preset="linux-4.5"), "no policy 'linux-4.5'"),
        (with_origin(scenario="lost"), "no scenario 'lost'"),
    ],
)
def test_a_text_that_is_not_the_run_is_refused_in_a_sentence(text, sentence):
    with pytest.raises(ValueError, match=sentence) as wrong:
        oomlab.Run.from_json(text, "it")
    assert "\n" not in str(wrong.value) and len(str(wrong.value)) < 300


def test_a_file_that_is_not_there_is_a_sentence(tmp_path):
    for path in (tmp_path / "no.json", tmp_path):
        with pytest.raises(ValueError, match="cannot be read"):
            oomlab.Run.load(path)


class Page(HTMLParser):
    """The words of a page, and the sentences of its pictures."""

    def __init__(self, text):
        super().__init__()
        self.words, self.pictures = "", []
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        if tag in ("img", "svg"):
            self.pictures.append(dict(attributes).get("alt") or dict(attributes)["aria-label"])

    def handle_data(self, data):
        self.words += data


@each
def test_html_says_all_and_can_be_heard(name):
    value = VALUES[name]
    page = Page(value._repr_html_())
    assert all(sentence.startswith("Lanes of ") for sentence in page.pictures)
    if isinstance(value, oomlab.Run):
        assert len(page.pictures) == (name != "untraced")
        assert value.outcome.verdict in page.words and str(value.origin) in page.words
        assert all(task in page.words for task in value.outcome.cycle)


def test_html_of_a_report_says_what_the_command_prints():
    for report in oomlab.explain(REPORT):
        page = Page(report._repr_html_())
        assert report.cause.sentence in page.words and text_of(report) in page.words
        assert all(advice in page.words for advice in report.advice)
        (heard,) = page.pictures
        assert report.cause.sentence in heard
    hostile = oomlab.explain(re.sub(r"\btrigger\b", "<script>", REPORT))
    assert "<script>" in hostile[0].report.invoker.comm
    assert not any("<script" in report._repr_html_() for report in hostile)


def test_html_needs_no_plots():
    code = (
        "import oomlab, sys; oomlab.run('lost-victim')._repr_html_();"
        f"oomlab.explain({REPORT!r})[0]._repr_html_();"
        "assert not {'matplotlib', 'IPython', 'ipywidgets', 'numpy'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_a_hostile_name_is_text():
    policy = replace(oomlab.PRESETS["handa"], name="<script>alert(1)</script>")
    both = oomlab.compare("lost-victim", [policy, "handa"], seeds=1)
    for value in (policy, both, both.pairs[0][0], oomlab.explore("lost-victim", policy, vmas=1)):
        assert "<script" not in value._repr_html_()


def test_a_deadlock_shows_its_cycle():
    assert "circle: hog → i_mutex of the log file" in VALUES["deadlock"]._repr_html_()
    assert re.search(r"hog → i_mutex", repr(VALUES["deadlock"]))


def test_frames_of_steps_and_events(monkeypatch):
    class Frames:
        DataFrame = staticmethod(list)

    run = VALUES["seed"]
    monkeypatch.setitem(sys.modules, "pandas", Frames)
    assert run.frame() == [step._asdict() for step in run.steps]
    events = run.events_frame()
    assert len(events) == len(run.events) and len({tuple(row) for row in events}) == 1
    monkeypatch.setitem(sys.modules, "pandas", None)
    monkeypatch.setitem(sys.modules, "polars", None)
    for frame in (run.frame, run.events_frame):
        with pytest.raises(ValueError, match="pandas or polars"):
            frame()


def test_events_carry_pids():
    pids = {task.pid for run in map(VALUES.get, RUNS) for task in run.kernel.tasks}
    run = VALUES["seed"]
    kills = [event for event in run.events if event["event"] == "kill"]
    assert [kill["pid"] for kill in kills] and all(kill["pid"] in pids for kill in kills)
    named = {task.name: task.pid for task in run.kernel.tasks}
    for event in run.events:
        if event.get("task") in named:
            assert event.get("pid", named[event["task"]]) == named[event["task"]]


@settings(max_examples=examples(8), deadline=None)
@given(st.data())
def test_any_machine_comes_back_whole_from_json_and_pickle(data):
    """Whatever scenario, preset and knobs: each knob is named, and the same run is made again."""
    slow = ("oom-storm", "fork-bomb", "bomb-and-hog")
    scenario = data.draw(st.sampled_from([n for n in oomlab.SCENARIOS if n not in slow]))
    preset = data.draw(st.sampled_from(list(oomlab.PRESETS)))
    knobs = {}
    for name in data.draw(st.lists(st.sampled_from(list(oomlab.KNOBS)), max_size=3)):
        options = oomlab.KNOBS[name].metadata["choices"]
        if options or isinstance(oomlab.KNOBS[name].default, bool):
            knobs[name] = data.draw(st.sampled_from(options or (True, False)))
    seed = data.draw(st.integers(0, 99))
    try:
        run = oomlab.run(scenario, preset, seed=seed, most_steps=400, **knobs)
    except ValueError:  # knobs that do not go together
        reject()
    assert oomlab.Run.from_json(run.to_json()) == run == pickle.loads(pickle.dumps(run))
    for name, value in knobs.items():
        if getattr(oomlab.PRESETS[preset], name) != value:
            assert f"{name}={value}" in str(run.origin)
