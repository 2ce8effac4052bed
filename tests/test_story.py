"""Every step says what it did; loops are told once; a chart fits a mail."""

from html import unescape
from pathlib import Path
from typing import NamedTuple

import pytest

import oomlab
from oomlab.lab.figures import sequence
from oomlab.lab.payload import payload
from oomlab.simulate import story

DOCS = Path(__file__).parents[1] / "docs"
TWICE = {"oom_kill_allocating_task": True}


class Step(NamedTuple):
    number: int
    task: str
    verb: str
    what: str = "x"
    effect: str = ""
    function: str = "f"


def steps_of(words):
    """Steps of task `t`, one for each letter."""
    return [Step(n, "t", letter) for n, letter in enumerate(words, 1)]


def counterexample(scenario, policy, property="no-victim-lost", **settings):
    found = oomlab.explore(scenario, policy, property, **settings)
    assert found.verdict == "violated"
    return found


def effects(found, verb):
    return [step.effect for step in found.steps if step.verb == verb]


def test_the_failed_cmpxchg_is_told_apart():
    found = counterexample("lost-victim", "rfc-2015-11-25")
    worked, failed = effects(found, "cmpxchg")
    assert worked.startswith("was NULL, now victim")
    assert failed.startswith("busy with victim")
    assert worked.split()[-1] in failed


def test_references_are_counted():
    found = counterexample("self-marked", "rfc-2015-11-25", "no-use-after-free")
    told = " ".join(step.effect for step in found.steps)
    assert "mm_count of" in told and "freed" in told and "BUG" in told


def test_a_victim_queued_twice_is_told():
    found = counterexample("killed-twice", "queue-2016-02", "list-intact", **TWICE)
    assert any(effect.startswith("queued twice") for effect in effects(found, "queue"))


def test_a_failed_trylock_names_who_has_the_lock():
    run = oomlab.run("stuck-writer", "linux-4.10", seed=1)
    told = [step.effect for step in run.steps if step.verb == "read-trylock"]
    assert told and all(effect.startswith("not taken: hog has it") for effect in told)
    assert any("gives up hog" in step.effect for step in run.steps)


@pytest.mark.parametrize("scenario", ["page-thieves", "invisible-dependency"])
def test_ordinary_steps_tell_their_pages(scenario):
    run = oomlab.run(scenario, "linux-4.14", seed=2)
    free, got, none = None, 0, 0
    for step in run.steps:
        if step.verb == "allocate" and step.effect == "1 page":
            assert step.free == free - 1
            got += 1
        if step.effect == "no page above the mark":
            assert step.free == free
            none += 1
        free = step.free
    assert got and none


def test_a_timer_is_a_step_in_a_run_and_in_its_replay():
    found = counterexample("second-oom", "mm-2015-12")
    replayed = oomlab.run("second-oom", "mm-2015-12", schedule=found.pids)
    assert replayed.steps == found.steps and len(found.steps) == len(found.pids)
    assert [step.number for step in found.steps] == list(range(1, len(found.pids) + 1))
    assert [row["step"] for row in found.schedule] == [step.number for step in found.steps]
    assert any(step.verb == "timer" for step in oomlab.run("second-oom", "mm-2015-12").steps)


def test_events_carry_the_numbers_of_their_steps():
    run = oomlab.run("lost-victim", "rfc-2015-11-25", seed=3)
    kills = [run.steps[e["step"] - 1] for e in run.events if e["event"] == "kill"]
    assert kills and all(step.verb == "SIGKILL" for step in kills)


@pytest.mark.parametrize(
    "words, folds",
    [
        ("abc", [("a", 1), ("b", 1), ("c", 1)]),
        ("aaab", [("a", 3), ("b", 1)]),
        ("xababab", [("x", 1), ("ab", 3)]),
        ("ababa", [("ab", 2), ("a", 1)]),
        ("aabaab", [("aab", 2)]),
        ("", []),
    ],
)
def test_loops_are_told_once(words, folds):
    found = list(story.folded(steps_of(words)))
    assert [("".join(s.verb for s in fold.round), fold.times) for fold in found] == folds
    assert sum(len(fold.round) * fold.times for fold in found) == len(words)


def test_a_chart_fits_a_mail():
    for found in (
        counterexample("lost-victim", "rfc-2015-11-25"),
        counterexample("killed-twice", "queue-2016-02", "list-intact", **TWICE),
    ):
        chart = found.chart()
        assert " ".join(chart.split()).endswith(f"{found.origin}, clock any")
        assert chart.isascii() and max(map(len, chart.splitlines())) <= 72
        assert all(line == line.rstrip() for line in chart.splitlines())


def test_many_tasks_have_their_names_over_their_columns():
    steps = [Step(n, f"a_task_with_a_long_name{n}", "do") for n in range(1, 7)]
    lines = story.chart(steps).splitlines()
    for step in steps:
        head = next(line for line in lines if step.task in line)
        row = next(line for line in lines if line.startswith(f"{step.number} "))
        assert head.index(step.task) == row.index("do x")


def test_the_table_folds_and_numbers():
    table = story.table(steps_of("xaaa"))
    assert "| 2-4 **x3** | t | `f` | a x |  |" in table


def test_a_table_and_a_picture_have_arrows_and_a_chart_is_ascii():
    found = oomlab.explore("lost-victim", "rfc-2015-11-25")
    run = found.run()
    seen = [found.markdown(), found._repr_html_(), "".join(payload(run)["deeds"])]
    seen += sequence.figure(run).svg, (DOCS / "lost-victim.svg").read_text()
    for text in map(unescape, seen):
        assert "→" in text and "->" not in text, text
    assert "->" in story.chart(run.steps) and story.chart(run.steps).isascii()
