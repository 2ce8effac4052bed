"""Each error that a public docstring names is raised, and no other one is.

To add a function: one call in RAISES for each error that its docstring names.
"""

import inspect
import json
import re
from dataclasses import replace
from functools import cached_property
from pathlib import Path

import pytest
from test_docstrings import FUNCTIONS

import oomlab

TESTS = Path(__file__).parent
REPORT = (TESTS / "data/reports/4.10.7-reaped.txt").read_text()
NAMED = re.compile(r"\b(?:\w+Error|ExplorerFault|NotText|NoSandbox|Stopped)\b")
RAISED_ELSEWHERE = {"ExplorerFault", "NoSandbox", "RuntimeError", "Stopped"}

RUN = oomlab.run("lost-victim", "rfc-2015-11-25")
UNTRACED = oomlab.run("lost-victim", "rfc-2015-11-25", trace=False)
FOUND = oomlab.explore("lost-victim", "rfc-2015-11-25", audit=0)
HOLDS = oomlab.explore("lost-victim", "handa", vmas=1)
ENDED = oomlab.explore("lost-victim", "handa", max_states=5)
COMPARED = oomlab.compare("lost-victim", ("handa", "linux-4.4"), seeds=1)
SWEPT = oomlab.sweep(
    "lost-victim", ["handa"], range(1), {"vmas": [1, 2], "victims": [*range(1, 10)]}
)
MADE = oomlab.scenario_from(REPORT)
TRACE = oomlab.read_trace(" a-1 [000] .... 1.5: mark_victim: pid=1\n", kernel="6.1")
SCHEDULE = oomlab.read_schedule(json.dumps(FOUND.to_dict()))


def made_of(closed):
    """A function that no text can carry: part of it is in the function around it."""

    def exit_oom_victim(task):
        return closed

    return exit_oom_victim


CARRIED = oomlab.patch("linux-4.6", name="not-a-text", exit_oom_victim=made_of(3))
RAISES = {
    "Comparison.save": [lambda: COMPARED.save("a.pdf")],
    "Exploration.run": [HOLDS.run],
    "Exploration.save": [lambda: HOLDS.save("a.html")],
    "Origin.from_dict": [lambda: oomlab.Origin.from_dict([])],
    "Origin.made_policy": [replace(RUN.origin, knobs={"none": 1}).made_policy],
    "Policy.difference": [lambda: oomlab.PRESETS["handa"].difference("linux-4.4")],
    "Run.must_be_traced": [UNTRACED.must_be_traced],
    "Run.steps": [lambda: UNTRACED.steps],
    "Run.told": [lambda: UNTRACED.told],
    "Run.events": [lambda: UNTRACED.events],
    "Run.to_dict": [UNTRACED.to_dict],
    "Run.to_json": [UNTRACED.to_json],
    "Run.from_json": [lambda: oomlab.Run.from_json("{}")],
    "Run.load": [lambda: oomlab.Run.load("no-such.json")],
    "Run.frame": [UNTRACED.frame],
    "Run.events_frame": [UNTRACED.events_frame],
    "Run.save": [lambda: RUN.save("a.pdf")],
    "ScenarioFrom.save": [lambda: MADE.save("/no/such/folder/a.py")],
    "Schedule.check_machine": [lambda: SCHEDULE.check_machine(oomlab.run("lost-victim").origin)],
    "Schedule.check_steps": [lambda: SCHEDULE.check_steps(RUN.steps[:1])],
    "Sweep.rates": [lambda: SWEPT.rates("lost_victim")],
    "Sweep.figure": [lambda: SWEPT.figure("lost_victim"), SWEPT.figure],
    "Sweep.frame": [SWEPT.frame],
    "Trace.save": [lambda: TRACE.save("a.pdf"), lambda: TRACE.save("/no/such/folder/a.svg")],
    "badness": [
        lambda: oomlab.badness(rss=1, totalpages=1, kernel="9.9"),
        lambda: oomlab.badness(rss=-1, totalpages=1, kernel="4.4"),
    ],
    "build": [lambda: oomlab.build("lost"), lambda: oomlab.build("lost-victim", victims=-1)],
    "check_all": [
        lambda: [*oomlab.check_all([str(TESTS / "grading")])],
        lambda: [*oomlab.check_all([str(TESTS.parent / "sheets")], jobs=0)],
    ],
    "cite": [lambda: oomlab.cite("M99")],
    "compare": [
        lambda: oomlab.compare("lost", ("handa", "linux-4.4")),
        lambda: oomlab.compare("lost-victim", ("handa",)),
    ],
    "difference": [lambda: oomlab.difference("linux-4.5", "handa")],
    "explain": [lambda: oomlab.explain(b"\x1f\x8b"), lambda: oomlab.explain(__file__)],
    "explain_logs": [lambda: [*oomlab.explain_logs([__file__], jobs=0)]],
    "explore": [
        lambda: oomlab.explore("lost"),
        lambda: oomlab.explore("lost-victim", property=len),
    ],
    "grade": [lambda: oomlab.grade([])],
    "hunt": [
        lambda: oomlab.hunt("lost-victim", runs=0),
        lambda: oomlab.hunt("lost-victim", property="victims-settled"),
    ],
    "kernel_log": [lambda: oomlab.kernel_log(UNTRACED)],
    "lowmem_reserve": [
        lambda: oomlab.lowmem_reserve({"Low": 1}, kernel="4.4"),
        lambda: oomlab.lowmem_reserve({"Normal": 1}, kernel="9.9"),
    ],
    "nearest_story": [
        lambda: oomlab.nearest_story(HOLDS, "no-victim-lost"),
        lambda: oomlab.nearest_story(FOUND, "victims-settled"),
    ],
    "patch": [
        lambda: oomlab.patch("linux-4.6", name="a", no_such=made_of),
        lambda: oomlab.patch("linux-4.6", name="a", state={"no.such": 1}),
    ],
    "patch_text": [lambda: oomlab.patch_text(CARRIED)],
    "read_patch": [lambda: oomlab.read_patch("x = 1")],
    "read_schedule": [lambda: oomlab.read_schedule("{}")],
    "read_sheet": [lambda: oomlab.read_sheet("oomlab sheet 1\nno: 1")],
    "read_trace": [
        lambda: oomlab.read_trace("no\nevent"),
        lambda: oomlab.read_trace(" a-1 [000] .... 1500: mark_victim: pid=1\n"),
    ],
    "run": [lambda: oomlab.run("lost"), lambda: oomlab.run("lost-victim", schedule=[1])],
    "scenario_from": [lambda: oomlab.scenario_from("no\nreport")],
    "sheet_of": [lambda: oomlab.sheet_of(ENDED)],
    "sweep": [lambda: oomlab.sweep("lost", seeds=[0])],
    "watermarks": [
        lambda: oomlab.watermarks({"Low": 1}, kernel="4.4"),
        lambda: oomlab.watermarks({"Normal": -1}, kernel="4.4"),
        lambda: oomlab.watermarks({"Normal": 1}, kernel="9.9"),
    ],
}


def named(name: str) -> set[str]:
    """The errors that a docstring names; "no error is raised" names none."""
    return set(NAMED.findall(inspect.getdoc(FUNCTIONS[name]) or ""))


def test_each_docstring_that_names_an_error_is_tried():
    assert {name for name in FUNCTIONS if named(name)} == {*RAISES}


@pytest.mark.parametrize("name", RAISES)
def test_the_named_errors_are_those_that_are_raised(name, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    for library in ("pandas", "polars"):
        monkeypatch.setitem(__import__("sys").modules, library, None)
    seen = set()
    for call in RAISES[name]:
        with pytest.raises(Exception, match=r"\w+ \w+") as wrong:
            call()
        kinds = {kind.__name__ for kind in wrong.type.__mro__}
        assert kinds & named(name), f"{name} raises {wrong.type.__name__}, and does not say so"
        assert wrong.type is ValueError or wrong.type.__name__ in named(name)
        seen |= kinds
    assert named(name) <= seen | RAISED_ELSEWHERE


def test_what_is_raised_elsewhere_is():
    text = "".join(path.read_text("utf-8") for path in TESTS.rglob("test_*.py"))
    for error in RAISED_ELSEWHERE - {"RuntimeError"}:
        assert re.search(rf"(?:raises\([^)]*|except .*)\b{error}\b", text), error


def interrupt(*_):
    """Ctrl-C, or the button Stop."""
    raise KeyboardInterrupt


def test_what_is_stopped_holds_what_is_known():
    large = {"victims": 6, "vmas": 6, "symmetry": False}
    with pytest.raises(oomlab.Stopped) as stopped:
        oomlab.explore("lost-victim", "handa", **large, progress=interrupt)
    assert stopped.value.found.verdict == "bound-reached" and stopped.value.found.states > 100
    with pytest.raises(oomlab.Stopped) as stopped:
        oomlab.hunt("lost-victim", "handa", interrupted)
    assert stopped.value.found.verdict == "bound-reached"


def interrupted(kernel):
    """A property during which Ctrl-C is pressed."""
    return interrupt()


VALUES = (RUN, UNTRACED, FOUND, HOLDS, ENDED, COMPARED, SWEPT, MADE, TRACE, RUN.origin, RUN.policy)


@pytest.mark.parametrize("value", VALUES, ids=lambda value: type(value).__name__)
def test_a_value_that_refuses_to_tell_has_said_so(value):
    """Every method and property that needs no argument, of values that have much and little."""
    kind = type(value)
    for key, held in vars(kind).items():
        name = f"{kind.__name__}.{key}"
        if name not in FUNCTIONS or held is None:
            continue
        attribute = isinstance(held, property | cached_property)
        if not attribute and len(inspect.signature(FUNCTIONS[name]).parameters) > 1:
            continue
        try:
            getattr(value, key) if attribute else getattr(value, key)()
        except Exception as wrong:
            assert type(wrong).__name__ in named(name), f"{name}: {wrong!r}"
