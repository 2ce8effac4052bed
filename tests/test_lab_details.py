"""What stands beside the timeline agrees with the machine, and each function has its place."""

import inspect
import re
from pathlib import Path

import pytest

import oomlab
from oomlab.lab.callstack import stack
from oomlab.lab.details import details
from oomlab.lab.kernel_source import PLACES, READ, Proposed, SourcePlace, in_linux, located, number
from oomlab.lab.kernel_state import facts
from oomlab.lab.machine_at import machine_at
from oomlab.lab.payload import payload
from oomlab.lab.timeline import STATES
from oomlab.policies.patch import model_classes, model_functions
from oomlab.simulate.patch_text import patch

RUNS = [
    ("lost-victim", "rfc-2015-11-25", {}),
    ("invisible-dependency", "linux-4.4", {}),
    ("page-thieves", "linux-6.18", {}),
    ("fork-bomb", "linux-4.10", {"bombs": 4}),
    ("mrelease-race", "linux-6.12", {}),
    ("suspend-race", "linux-4.6", {}),
]


def walked(part):
    """The facts after each step of a part, as the browser puts them together."""
    now = dict(zip(part["start"][::2], part["start"][1::2], strict=True))
    for changes in part["changes"]:
        for key, value in zip(changes[::2], changes[1::2], strict=True):
            if value < 0:
                del now[key]
            else:
                now[key] = value
        yield {tuple(part["keys"][k]): part["values"][v] for k, v in now.items()}


def test_what_stood_before_the_first_step_is_the_machine_as_it_was_set_up():
    """In the details and in the picture, also of a run in which no step was taken."""
    for scenario, policy, more in RUNS:
        for schedule in (None, []):
            run = oomlab.run(scenario, policy, schedule=schedule, **more)
            boot, part, picture = machine_at(run, 0), details(run, 0, 2), payload(run)
            keys, values = part["start"][::2], part["start"][1::2]
            pairs = zip(keys, values, strict=True)
            told = {tuple(part["keys"][k]): part["values"][v] for k, v in pairs}
            assert told == facts(boot), (scenario, schedule)
            assert picture["zone"]["free"] == boot.zone.free, (scenario, schedule)
            stood = {lane["name"]: lane["boot"] for lane in picture["lanes"] if lane["boot"]}
            assert {*stood} == {task.name for task in boot.tasks}, (scenario, schedule)
            for task in boot.tasks:
                state, on = stood[task.name]
                seen = [*STATES.values()][state], picture["waits"][on]
                words = told["tasks", task.name, "state"], told["tasks", task.name, "waits for"]
                assert seen == words, (scenario, schedule, task.name)


@pytest.mark.parametrize(("scenario", "policy", "more"), RUNS)
def test_the_facts_are_those_of_the_machine_at_that_step(scenario, policy, more):
    run = oomlab.run(scenario, policy, **more)
    for first in (0, len(run.trace) // 2):
        part = details(run, first, first + 40)
        seen = list(walked(part))
        assert len(seen) == part["to"] - part["from"] == len(part["stacks"])
        for n in range(0, len(seen), 7):
            assert seen[n] == facts(machine_at(run, first + n + 1))


@pytest.mark.parametrize(("scenario", "policy", "more"), RUNS)
def test_the_lit_line_is_the_yield_that_the_step_is(scenario, policy, more):
    run = oomlab.run(scenario, policy, **more)
    part = details(run, 0, 300)
    for step, frames in zip(run.steps, part["stacks"], strict=False):
        function, line = part["frames"][frames[-1]]
        told = part["functions"][function]
        if step.function == "run_timers":
            assert told["name"] == step.what
        else:
            assert told["name"] == step.function
            assert "yield" in told["lines"][line]
        outer = [part["frames"][frame] for frame in frames[:-1]]
        assert all("yield" in part["functions"][f]["lines"][n] for f, n in outer)


def test_the_source_is_what_the_student_wrote():
    mine = patch("linux-4.6", wake_oom_reaper=forgets, name="forgets")
    part = details(oomlab.run("lost-victim", mine), 0, 30)
    told = next(f for f in part["functions"] if f["name"] == "forgets")
    assert told["lines"] == [line.rstrip() for line in inspect.getsource(forgets).splitlines()]
    assert told["file"] == "test_lab_details.py" and told["linux"]["where"] == ""
    assert told["linux"]["words"] == "A hand-off that thinks, and hands nothing over."


def forgets(current, task, mm):
    """A hand-off that thinks, and hands nothing over."""
    yield "think about", task


def where_a_step_can_stand():
    """Each generator of the model that takes the current task: functions, and methods of locks."""
    methods = [pair for cls in model_classes().values() for pair in vars(cls).items()]
    for name, function in [*methods, *model_functions().items()]:
        if inspect.isgeneratorfunction(function):
            if "current" in inspect.signature(function).parameters:
                yield name, function


def test_each_function_a_step_can_stand_in_has_its_place_in_linux():
    standing = dict(where_a_step_can_stand())
    assert len(standing) > 50
    assert {*standing} - {*PLACES} == set(), "these have no place in kernel_source.py"
    known = {*standing, *model_functions()}
    assert not {*PLACES} - known
    for policy in oomlab.PRESETS.values():
        for function in standing.values():
            told = in_linux(function.__code__, policy)
            assert told["where"]
            pattern = rf"https://(lore.kernel.org/r/\S+|elixir.bootlin.com/linux/v{READ}/\S+|"
            pattern += r"elixir.bootlin.com/linux/v[\d.]+/source/[\w/.-]+)|"
            assert re.fullmatch(pattern, told["link"])


def test_a_file_of_ones_own_is_not_the_models(tmp_path):
    """Whatever it is called: its down_write() stands nowhere in Linux."""
    for name in ("programs.py", "unmerged.py", "model/faults.py"):
        own: dict = {}
        exec(compile("def down_write(): pass", str(tmp_path / name), "exec"), own)
        told = in_linux(own["down_write"].__code__, oomlab.PRESETS["linux-4.4"])
        assert (told["where"], told["link"]) == ("", "")


FACTS = (Path(__file__).parents[1] / "docs" / "kernel-facts.md").read_text("utf-8")
TABLE = FACTS.partition("\n## 8. ")[2].partition("\n# ")[0]


def releases_with() -> dict[tuple[str, str], list[str]]:
    """(function, file) -> the releases of the table of kernel-facts 8 that have it there."""
    read = re.findall(r"\d\.\d+", TABLE.partition(";")[0])
    assert len(read) > 25 and read == sorted(read, key=number)
    rows = re.findall(r"^\| (`.*`) \| (\S+) \| ([\d.]+) \| ([\d.]+) \|$", TABLE, re.M)
    return {
        (name, file): read[read.index(first) : read.index(last) + 1]
        for names, file, first, last in rows
        for name in re.findall(r"`(\w+)\(\)`", names)
    }


def test_a_place_in_linux_is_in_every_release_that_was_read():
    """The function stands in that file in each read release from `since` to the next place."""
    having = releases_with()
    assert set(re.findall(r"`(\w+)\(\)`", FACTS.partition("## 8.")[0])) <= {f for f, _ in having}
    read = sorted(set().union(*having.values()), key=number)
    checked = 0
    for name, places in PLACES.items():
        if not isinstance(places, tuple) or isinstance(places, Proposed):
            continue
        ends = [place.since for place in places[1:]] + ["99"]
        for place, end in zip(places, ends, strict=True):
            between = [k for k in read if number(place.since) <= number(k) < number(end)]
            if place.name:
                assert between and set(between) <= set(having[place.name, place.file]), name
                checked += len(between)
    assert checked > 1000


def test_a_version_is_never_guessed():
    places = (SourcePlace(READ, "mm/a.c", "old"), SourcePlace("4.10", "mm/a.c", "new"))
    assert "was not looked up" in located(places, "3.10")["where"]
    assert located(places, "4.9")["where"] == "old() in mm/a.c, Linux 4.9"
    assert located(places, "4.10")["link"].endswith("/linux/v4.10/source/mm/a.c")
    assert "does not have it" in located(places[1:], "4.6")["where"]
    assert "lore" in located(Proposed("M10"), "4.4")["link"]
    for name, entry in PLACES.items():
        if isinstance(entry, tuple) and not isinstance(entry, Proposed):
            assert [number(p.since) for p in entry] == sorted(number(p.since) for p in entry), name


def test_a_suspended_thread_is_read_from_the_outside_in():
    kernel = machine_at(oomlab.run("invisible-dependency", "linux-4.4"), 900)
    hog = next(task for task in kernel.tasks if task.name == "hog")
    names = [code.co_name for code, _ in stack(hog.thread)]
    assert names[0] == "user_mode" and names[-2:] == ["lock", "schedule"]
