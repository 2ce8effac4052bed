"""Odd values as arguments: each public function takes one, or refuses it in one short line."""

import inspect
import re
from pathlib import Path

import pytest

import oomlab
from oomlab.lab.figures import lanes
from oomlab.model.kernel import Kernel
from oomlab.model.mm import VMA
from oomlab.scenarios.programs import pause, repeat, sleep, touch

HERE = Path(__file__).parent
RUN = oomlab.run("lost-victim", "rfc-2015-11-25")
FOUND = oomlab.explore("lost-victim", "rfc-2015-11-25", audit=0)
REPORT = (HERE / "data/reports/4.10.7-reaped.txt").read_text()


class Silent:
    """A value that cannot even be printed."""

    def __repr__(self):
        raise RuntimeError("no words")


def nothing(task):
    """Kernel code that does nothing."""


ODD = {
    "a long text": "x" * 5000,
    "a thing": object(),
    "two lines": "lost-victim\nhanda",
    "half a character": "\ud800",
    "no text": "",
    "a value without words": Silent(),
    "a value of three lines": RUN,
    "all policies": oomlab.PRESETS,
    "an endless number": 10**5000,
    "a list of it": [Silent()],
}
LOST = {"scenario": "lost-victim"}
FEW = {**LOST, "max_states": 20}
GOOD = {
    "badness": {"rss": 1, "totalpages": 10, "kernel": "4.4"},
    "build": LOST,
    "check": {"sheet": oomlab.sheet_of(FOUND)},
    "compare": {**LOST, "policies": ("handa", "linux-4.4"), "seeds": 1},
    "difference": {"a": "linux-4.4", "b": "handa"},
    "explain": {"text": REPORT},
    "explore": FEW,
    "hunt": {**LOST, "runs": 1},
    "kernel_log": {"run": RUN},
    "lowmem_reserve": {"zones": {"Normal": 1000}, "kernel": "4.4"},
    "nearest_story": {"found": FOUND, "property": "no-victim-lost"},
    "patch": {"base": "linux-4.6", "name": "mine", "exit_oom_victim": nothing},
    "patch_text": {"policy": "handa"},
    "read_patch": {"text": "none"},
    "read_schedule": {"text": "none"},
    "read_sheet": {"text": "none"},
    "read_trace": {"source": "none"},
    "run": {**LOST, "victims": 1, "reaper": "list"},
    "scenario_from": {"source": REPORT},
    "sheet_of": {"found": FOUND},
    "sweep": {**LOST, "seeds": range(1)},
    "watermarks": {"zones": {"Normal": 1000}, "kernel": "4.4"},
}
ELSEWHERE = {
    "cite",
    "check_all",
    "explain_logs",
    "grade",
}  # of any number: below, or the command line's tests


COMPARED = oomlab.compare("lost-victim", ("handa", "linux-4.4"), seeds=1)
MADE = oomlab.scenario_from(REPORT)
SAVES = (RUN.save, FOUND.save, COMPARED.save, MADE.save, lanes.figure(RUN).save)
TEXTS = {"read_patch", "read_schedule", "read_sheet"}  # their source is a word for the sentence


def functions():
    """The public ones."""
    return {name for name in oomlab.__all__ if inspect.isfunction(getattr(oomlab, name))}


def test_each_public_function_is_asked():
    assert functions() == {*GOOD, *ELSEWHERE}


def one_short_line(call):
    """What the call says, if it says anything."""
    try:
        call()
    except ValueError as wrong:
        said = str(wrong)
        assert len(said) < 500 and "\n" not in said and said.isprintable(), said[:300]
        assert not isinstance(wrong, UnicodeError), said


@pytest.mark.parametrize("odd", ODD)
@pytest.mark.parametrize("name", GOOD)
def test_an_odd_value_is_taken_or_refused_in_one_short_line(name, odd, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    function = getattr(oomlab, name)
    taken = inspect.signature(function).parameters.values()
    names = [p.name for p in taken if p.kind not in (p.VAR_KEYWORD, p.VAR_POSITIONAL)]
    for argument in dict.fromkeys([*names, *GOOD[name]]):
        if argument != "source" or name not in TEXTS:
            one_short_line(lambda a=argument: function(**{**GOOD[name], a: ODD[odd]}))


@pytest.mark.parametrize("odd", ODD)
@pytest.mark.parametrize("name", oomlab.KNOBS)
def test_an_odd_knob_is_refused_in_one_short_line(name, odd):
    one_short_line(lambda: oomlab.Policy(**{name: ODD[odd]}))


@pytest.mark.parametrize("odd", ODD)
def test_an_odd_file_is_refused_in_one_short_line(odd, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for call in (*SAVES, oomlab.Run.load, oomlab.Run.from_json, oomlab.cite):
        one_short_line(lambda call=call: call(ODD[odd]))


def never(current):
    """A program that may take a step, and does not."""
    if current.sigkill:
        yield "die", ""


def new_memcg(current, file, pages):
    """A cgroup with this in one of its files."""
    current.kernel.new_memcg("a", **{"limit": 9, file: pages})
    yield "mkdir", "a"


def machine_of(*program, pages=1024, adj=None, held=0, **machine):
    """A scenario of one task."""

    def own(policy):
        kernel = Kernel(policy, pages, **machine)
        kernel.spawn("one", program, vmas=(VMA("heap", pages=held),), adj=adj)
        return kernel

    return own


REFUSED = (
    (machine_of(pages=-3), "pages takes a whole number of at least 1, not -3"),
    (machine_of(pages=1.5), "pages takes a whole number of at least 1, not 1.5"),
    (machine_of(cpus=0), "cpus takes a whole number of at least 1, not 0"),
    (machine_of(timeslice=0), "timeslice takes a whole number of at least 1, not 0"),
    (machine_of(reclaimable="9"), "reclaimable takes a whole number of at least 0, not '9'"),
    (machine_of(min_kbytes=-1), "min_kbytes takes a whole number of at least 0, not -1"),
    (machine_of((sleep, -1)), "ticks takes a whole number of at least 0, not -1"),
    (machine_of((sleep, 1.5)), "ticks takes a whole number of at least 0, not 1.5"),
    (machine_of((new_memcg, "limit", -1)), "limit takes a whole number of at least 0, not -1"),
    (machine_of((new_memcg, "high", 0.5)), "high takes a whole number of at least 0, not 0.5"),
    (machine_of(adj=-1001), "adj takes a whole number from -1000 to 1000, not -1001"),
    (machine_of(held=-5), "pages takes a whole number of at least 0, not -5"),
    (machine_of((repeat, None)), "what a program repeats for ever takes no step"),
    (machine_of((repeat, None, (touch, "heap", 0))), "for ever takes no step"),
    (machine_of((sleep, 2), (repeat, None, (never,))), "for ever takes no step"),
    (
        machine_of((lambda current: (yield 3),)),
        "a step is a (verb, object), and a program yields 3",
    ),
)


@pytest.mark.parametrize("trace", [True, False])
def test_what_no_scenario_can_be_made_of_is_refused_in_a_sentence(trace):
    """For those who write one: numbers of a machine, and programs."""
    for own, words in REFUSED if trace else REFUSED[:-1]:  # only a trace looks into a step
        oomlab.SCENARIOS["own"] = own
        with pytest.raises(ValueError, match=re.escape(words)):
            oomlab.run("own", "linux-4.6", trace=trace)


def test_a_scenario_has_a_name():
    for name in (3, "", "two\nlines", None):
        with pytest.raises(ValueError, match="the name of a scenario is one line of text, not"):
            oomlab.SCENARIOS[name] = machine_of()


def test_a_part_of_a_machine_that_is_none_is_named():
    """A scenario of one's own: what is handed to Kernel and spawn() is looked at there."""
    kernel = Kernel(oomlab.PRESETS["linux-4.6"], 100)
    asked = {
        "policy takes an object of Policy": lambda: Kernel("linux-4.6", 100),
        "vmas takes an object of VMA": lambda: kernel.spawn("a", vmas="heap"),
        "mm takes an object of MM": lambda: kernel.spawn("a", mm=kernel.init),
        "memcg takes an object of Memcg": lambda: kernel.spawn("a", memcg="root"),
        "program is a tuple of calls": lambda: kernel.spawn("a", (pause,)),
        "at_exit is a tuple of calls": lambda: kernel.spawn("a", at_exit=((3, 4),)),
    }
    for sentence, ask in asked.items():
        with pytest.raises(ValueError, match=sentence):
            ask()
    assert [task.name for task in kernel.tasks] == ["init", "oom_reaper"], "nothing was made"
