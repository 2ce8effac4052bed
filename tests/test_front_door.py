"""What `import oomlab` offers: every name is there, documented, and costs nothing before use."""

import inspect
import json
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest

import oomlab
from oomlab.lab.figures import whole_run
from oomlab.scenarios.registry import scenario
from oomlab.simulate.setup import ARGUMENTS

COST = """
import time
began = time.process_time()
import oomlab
print(time.process_time() - began)
"""


@pytest.mark.parametrize("name", oomlab.__all__)
def test_a_public_name_is_there_and_says_what_it_is(name):
    value = getattr(oomlab, name)
    if inspect.isclass(value) or inspect.isfunction(value):
        text = value.__doc__ or ""
        assert text and not text.startswith(f"{name}("), "a dataclass's own signature says nothing"
        assert value.__module__.startswith("oomlab.")
    else:
        assert f"\n{name} " in oomlab.__doc__


def test_dir_holds_no_module():
    import oomlab.reports
    import oomlab.simulate.run  # noqa: F401

    names = dir(oomlab)
    assert set(oomlab.__all__) < set(names) and oomlab.__all__ == sorted(set(oomlab.__all__))
    assert not [name for name in names if isinstance(getattr(oomlab, name), ModuleType)]


def test_each_name_of_a_fresh_start_is_the_value_and_not_the_room():
    """In whatever order: a room with a public name's own name would hide it."""
    code = (
        "import oomlab, types\n"
        "for name in reversed(oomlab.__all__):\n"
        "    assert not isinstance(getattr(oomlab, name), types.ModuleType), name\n"
        "for name in oomlab.__all__:\n"
        "    assert not isinstance(getattr(oomlab, name), types.ModuleType), name\n"
        "assert oomlab.explorer.PROPERTIES is oomlab.PROPERTIES\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


@pytest.mark.parametrize("name, near", [("explroe", "explore"), ("PRESET", "PRESETS")])
def test_a_name_that_is_not_there_is_told_with_what_is_near(name, near):
    with pytest.raises(AttributeError, match=near):
        getattr(oomlab, name)


def test_the_import_costs_less_than_50_ms():
    """Of processor time; the least of three, for a machine that has other things to do."""
    costs = [
        float(subprocess.run([sys.executable, "-c", COST], capture_output=True, text=True).stdout)
        for _ in range(3)
    ]
    assert min(costs) < 0.05


WRONG = [None, 3, -1, 1.5, float("nan"), True, "", "no such thing", b"x", [], [[]], {}, object()]
SOUND = {
    "scenario": "lost-victim",
    "policies": ("linux-4.4", "handa"),
    "zones": {"Normal": 10**6},
    "kernel": "4.4",
    "rss": 5,
    "totalpages": 10**6,
    "base": "linux-4.6",
    "name": "mine",
    "a": "handa",
    "b": "linux-4.4",
    "found": oomlab.explore("lost-victim", "rfc-2015-11-25", vmas=1),
    "property": "no-victim-lost",
    "run": oomlab.run("lost-victim"),
    "text": "",
    "source": " a-1 [000] .... 1.5: mark_victim: pid=1\n",
    "seeds": 1,
    "runs": 1,
    "paths": ["sheets"],
    "names": [__file__],
    "notebooks": ["nothing.ipynb"],
    "sheet": None,
    "policy": "linux-4.4",
    "params": {},
    "path": "run.json",
}
FUNCTIONS = {
    name: getattr(oomlab, name)
    for name in oomlab.__all__
    if inspect.isfunction(getattr(oomlab, name))
}


@pytest.mark.parametrize("name", FUNCTIONS)
def test_a_value_of_a_wrong_kind_is_one_sentence_or_taken(name, monkeypatch, tmp_path):
    """Whatever is given for whichever argument of whichever public function."""
    monkeypatch.chdir(tmp_path)
    function = FUNCTIONS[name]
    arguments = inspect.signature(function).parameters.values()
    sound = {
        a.name: SOUND[a.name]
        for a in arguments
        if a.name in SOUND and (a.default is a.empty or a.name in ("seeds", "runs"))
        if a.kind not in (a.VAR_KEYWORD, a.VAR_POSITIONAL)
    }
    if name == "sweep":
        sound["seeds"] = [0]
    refused = 0
    for argument in arguments:
        for wrong in WRONG:
            given, more = {**sound}, ()
            if argument.kind is argument.VAR_POSITIONAL:
                more = (wrong,)
            elif argument.kind is argument.VAR_KEYWORD:
                given["victims"] = wrong
            else:
                given[argument.name] = wrong
            try:
                function(*more, **given)
            except ValueError as sentence:
                refused += 1
                assert "\n" not in str(sentence) and 10 < len(str(sentence)) < 400, sentence
    assert refused > 8


REPORT = (Path(__file__).parent / "data/reports/4.10.7-reaped.txt").read_text()
MADE = {  # a value of each public class whose methods take something
    "Run": SOUND["run"],
    "Exploration": SOUND["found"],
    "Policy": oomlab.PRESETS["handa"],
    "Comparison": oomlab.compare("lost-victim", ("handa", "linux-4.4"), 1),
    "Sweep": oomlab.sweep("lost-victim", ["handa"], range(1)),
    "Trace": oomlab.read_trace(SOUND["source"]),
    "ScenarioFrom": oomlab.scenario_from(REPORT),
    "Origin": SOUND["run"].origin,
    "Schedule": oomlab.read_schedule(json.dumps(SOUND["found"].to_dict())),
}
FOR_THE_MODEL = {"Policy.bind", "Policy.class_of", "Exploration.describe", "Exploration.of"}


def methods():
    """Every public method that takes an argument."""
    for name in oomlab.__all__:
        kind = getattr(oomlab, name)
        for key, held in vars(kind).items() if inspect.isclass(kind) else ():
            method = getattr(held, "__func__", held)
            if key.startswith("_") or not inspect.isfunction(method):
                continue
            if (
                len(inspect.signature(method).parameters) > 1
                and f"{name}.{key}" not in FOR_THE_MODEL
            ):
                yield name, key


@pytest.mark.parametrize("name, key", [*methods()], ids=str)
def test_a_value_of_a_wrong_kind_for_a_method_is_one_sentence_or_taken(
    name, key, monkeypatch, tmp_path
):
    monkeypatch.chdir(tmp_path)
    method, refused = getattr(MADE[name], key), 0
    arguments = inspect.signature(method).parameters.values()
    sound = {a.name: SOUND[a.name] for a in arguments if a.default is a.empty and a.name in SOUND}
    for argument in arguments:
        for wrong in WRONG:
            called = "victims" if argument.kind is argument.VAR_KEYWORD else argument.name
            try:
                method(**{**sound, called: wrong})
            except ValueError as sentence:
                refused += 1
                assert "\n" not in str(sentence) and 10 < len(str(sentence)) < 400, sentence
    assert refused > 8


def marks(policy):
    """A scenario of this name is oomlab's own."""


async def later(task):
    """What is called and not awaited does nothing."""


NONSENSE = [
    lambda: oomlab.hunt("lost-victim", runs=0),
    lambda: oomlab.hunt("lost-victim", seed=-1, runs=1),
    lambda: oomlab.explore("lost-victim", max_states=-1),
    lambda: oomlab.explore("lost-victim", seconds=-1),
    lambda: oomlab.explore("lost-victim", seconds=float("nan")),
    lambda: oomlab.run("lost-victim", most_steps=0),
    lambda: oomlab.run("lost-victim", seed=1.5),
    lambda: oomlab.run("lost-victim", schedule=[10**9]),
    lambda: oomlab.run("lost-victim", "kmallocwd", scan_period=0),
    lambda: oomlab.run("lost-victim", trace=False).steps,
    lambda: oomlab.run("lost-victim", trace=False).save("run.html"),
    lambda: oomlab.run("lost-victim").save("/no/such/folder/run.html"),
    lambda: oomlab.compare("lost-victim", ("handa", "linux-4.4"), 1).save("/no/such/folder/a.html"),
    lambda: oomlab.explore("lost-victim", "rfc-2015-11-25").save("/no/such/folder/a.html"),
    lambda: oomlab.read_trace(SOUND["source"]).save("/no/such/folder/a.svg"),
    lambda: whole_run.figure(oomlab.run("lost-victim")).save("/no/such/folder/a.svg"),
    lambda: oomlab.compare("lost-victim", ("handa", "linux-4.4"), seeds=0),
    lambda: oomlab.compare("lost-victim", ("handa", "linux-4.4"), seed=1),
    lambda: oomlab.compare("lost-victim", "handa"),
    lambda: oomlab.sweep("lost-victim", ["handa", "handa"], range(1)),
    lambda: oomlab.sweep("lost-victim", ["handa"], [1, 1]),
    lambda: oomlab.sweep("lost-victim", seeds=range(1), settings={"vmas": 2}),
    lambda: oomlab.sweep("lost-victim", seeds=range(1), settings={"policy": ["handa"]}),
    lambda: oomlab.sweep("lost-victim", seeds=range(1), out="/no/such/folder/rows.jsonl"),
    lambda: oomlab.Policy(name=""),
    lambda: oomlab.Policy(name="two\nlines"),
    lambda: oomlab.Policy(patch=3),
    lambda: oomlab.patch("linux-4.6", name="nothing"),
    lambda: oomlab.patch("linux-4.6", name="no generator", kthreads={"a": print}),
    lambda: oomlab.sheet_of(oomlab.hunt("lost-victim", "rfc-2015-11-25", runs=50)),
    lambda: oomlab.PRESETS["linux-4.5"],
    lambda: oomlab.SCENARIOS["lost"],
    lambda: oomlab.KNOBS["raeper"],
    lambda: oomlab.PROPERTIES["lost"],
    lambda: oomlab.difference("linux-4.5", "handa"),
    lambda: oomlab.PRESETS[["handa"]],
    lambda: scenario(marks),
    lambda: oomlab.SCENARIOS[{}],
    lambda: oomlab.explain(__file__),
    lambda: oomlab.patch("linux-4.6", name="later", exit_oom_victim=later),
    lambda: oomlab.scenario_from(REPORT, name="class"),
    lambda: oomlab.scenario_from(REPORT, name="touch"),
]


@pytest.mark.parametrize("asked", NONSENSE, ids=range(len(NONSENSE)))
def test_a_value_that_makes_no_sense_is_one_sentence(asked):
    with pytest.raises(ValueError, match=r"\w+ \w+") as wrong:
        asked()
    assert "\n" not in str(wrong.value) and len(str(wrong.value)) < 400


@pytest.mark.parametrize(
    "call, says",
    [
        (lambda: oomlab.run("lost-victim", seed=10**5000), "so many digits"),
        (lambda: oomlab.run("lost-victim", reap_delay=10**5000), "at most"),
        (lambda: oomlab.run("lost-victim", charge_batch=0), "at least 1 page"),
        (lambda: oomlab.run("user-space-killer", threshold=0), "1 or more"),
        (lambda: oomlab.Policy(kernel="4.10.3.4.5"), "a release like 4.10"),
        (lambda: oomlab.explore("lost-victim", property=yields), "no yield"),
        (lambda: oomlab.sweep("lost-victim", settings={"victims": [1, "1"]}), "value once"),
        (lambda: oomlab.sweep("lost-victim", settings={3: [1]}), "no knob or parameter 3"),
        (lambda: oomlab.hunt("lost-victim", jobs=0), "jobs of 1 or more"),
        (lambda: oomlab.run("lost-victim", polcy="handa"), "did you mean 'policy'"),
        (lambda: oomlab.run("lost-victim", seeds=3), "sweep.. has an argument of that name"),
        (lambda: oomlab.explore("lost-victim", propety="x"), "did you mean 'property'"),
        (lambda: oomlab.explore("lost-victim", max_state=9), "did you mean 'max_states'"),
        (lambda: oomlab.Run.load("x\0y"), "cannot be read: embedded null byte"),
        (lambda: oomlab.run("lost-victim").save("x\0.html"), "cannot be written"),
        (lambda: oomlab.read_trace("x\0y"), "cannot be read"),
    ],
)
def test_what_would_be_another_question_or_none_is_refused(call, says):
    with pytest.raises(ValueError, match=says):
        call()


def yields(kernel):
    """A generator is true whatever it would have said: each state would be bad."""
    yield kernel.panicked


def test_no_parameter_of_a_scenario_hides_an_argument(monkeypatch):
    """run("mine", seed=5) would set the one and not the other, and say nothing."""
    doors = (oomlab.run, oomlab.explore, oomlab.hunt, oomlab.compare, oomlab.sweep)
    taken = {
        parameter.name
        for door in doors
        for parameter in inspect.signature(door).parameters.values()
        if parameter.kind is not parameter.VAR_KEYWORD
    }
    assert taken - {"policy"} == ARGUMENTS - {"policy"}
    for name, source in (("seed", "seed=3"), ("reaper", "reaper=3")):
        mine = f"hides-{name}"
        monkeypatch.setitem(
            oomlab.SCENARIOS,
            mine,
            eval(f"lambda policy, {source}: None"),  # noqa: S307
        )
        with pytest.raises(ValueError, match=f"parameter {name} of {mine} has the name of"):
            oomlab.run(mine)
