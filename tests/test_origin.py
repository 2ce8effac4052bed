"""Whatever leaves oomlab says where it comes from: each export is walked, each part looked for."""

import json
import re
from base64 import b64decode
from dataclasses import replace
from gzip import decompress
from xml.etree import ElementTree

import pytest

import oomlab
from oomlab.lab import figures
from oomlab.lab.controller import Controller
from oomlab.lab.discussion_sheet import discussion_sheet
from oomlab.lab.payload import payload
from oomlab.lab.question_text import ask
from oomlab.lab.run_page import html_of
from oomlab.policies.patch import model_functions
from oomlab.sheets import read_sheet, sheet_of
from oomlab.simulate.kernel_log import log_text
from oomlab.simulate.origin import Origin
from oomlab.simulate.schedule import read_schedule
from oomlab.traces import ftrace_text, trace_events

MACHINE = {"victims": 1, "pin": "before-publish"}  # a parameter and a knob, neither the default
FOUND = oomlab.explore("lost-victim", "rfc-2015-11-25", victims=2, pin="before-publish")
RUNS = {
    "schedule": oomlab.run(
        "lost-victim", "rfc-2015-11-25", schedule=FOUND.pids, victims=2, pin="before-publish"
    ),
    "seed": oomlab.run("lost-victim", "rfc-2015-11-25", seed=5, **MACHINE),
}


def page_data(page: str) -> str:
    """What the script of a saved page is given."""
    packed = re.search(r'id="data">([^<]*)<', page)
    return decompress(b64decode(packed[1])).decode()


EXPORTS = {
    "str": lambda run: str(run.origin),
    "json": lambda run: json.dumps(json.loads(run.to_json())["origin"]),
    "perfetto": lambda run: json.dumps(trace_events(run)["oomlab"]["origin"]),
    "perfetto's track": lambda run: trace_events(run)["traceEvents"][0]["args"]["name"],
    "ftrace": ftrace_text,
    "kernel log": log_text,
    "questions": ask,
    "discussion sheet": lambda run: discussion_sheet([run]),
    "page": lambda run: html_of([run]),
    "page's data": lambda run: page_data(html_of([run])),
    "widget": lambda run: payload(run)["title"],
}


def parts(run) -> list[str]:
    """What must be found, as words or as JSON."""
    order = ["seed"] if run.schedule is None else ["schedule"]
    return ["lost-victim", "victims", "vmas", "rfc-2015-11-25", "pin", "before-publish", *order]


@pytest.mark.parametrize("order", RUNS)
@pytest.mark.parametrize("name", EXPORTS)
def test_each_export_of_a_run_says_all(name, order):
    run = RUNS[order]
    text = EXPORTS[name](run)
    assert not [part for part in parts(run) if part not in text]
    assert oomlab.__version__ in text
    assert order == "seed" or "seed" not in text.split("\n")[0]
    assert order == "schedule" or re.search(r"seed\"?:? 5\b", text)


@pytest.mark.parametrize("order", RUNS)
def test_each_figure_says_all(order):
    run = RUNS[order]
    for name, room in {**figures.FIGURES, "whole run": figures.whole_run}.items():
        drawn = room.figure(run)
        assert str(run.origin) in printed(drawn), name
        assert str(run.origin) in drawn.alt_text, name
    for room in (figures.two_policies, figures.whole_run):
        both = room.figure(*RUNS.values())
        for run in RUNS.values():
            assert str(run.origin) in printed(both) and str(run.origin) in both.alt_text


def printed(drawing) -> str:
    """The words of a figure, those of a wrapped line put together again."""
    root = ElementTree.fromstring(drawing.svg)
    return " ".join(node.text for node in root.iter() if node.tag.endswith("text"))


def test_answers_comparisons_and_sweeps_say_all(tmp_path):
    words = "lost-victim victims=2 vmas=2 under rfc-2015-11-25 pin=before-publish"
    assert words in FOUND.markdown() and oomlab.__version__ in FOUND.markdown()
    assert FOUND.origin.schedule == tuple(FOUND.pids) and FOUND.origin.seed is None
    holds = oomlab.explore("lost-victim", "handa", vmas=1)
    assert "every schedule" in str(holds.origin)
    hunted = oomlab.hunt("lost-victim", "handa", runs=2, seed=7)
    assert "random schedules, seed 7" in hunted.sentence()
    assert "2 random schedules from seed 7" in str(hunted.origin)
    table = oomlab.compare(
        "lost-victim", ("rfc-2015-11-25", "handa"), seeds=2, vmas=1, pin="before-publish"
    ).markdown()
    heading = "victims=2 vmas=1: rfc-2015-11-25 pin=before-publish against handa\n"
    for part in (heading, "Seeds 0 to 1", f"oomlab {oomlab.__version__}"):
        assert part in table
    other = replace(oomlab.PRESETS["handa"], reaper_naps=False)
    out = tmp_path / "rows.jsonl"
    swept = oomlab.sweep("lost-victim", ["handa", other], range(2), {"vmas": [1]}, out=str(out))
    assert {row["policy"] for row in swept.rows} == {"handa", "handa reaper_naps=False"}
    head = json.loads(out.read_text().splitlines()[0])
    assert [origin["knobs"] for origin in head["origins"]] == [{}, {"reaper_naps": False}]
    for part in ("lost-victim victims=2", "seeds 0 to 1", f"oomlab {oomlab.__version__}"):
        assert part in swept.markdown()


def test_a_sheet_says_all_and_reads_back():
    sheet = read_sheet(sheet_of(FOUND).text())
    assert sheet.scenario == "lost-victim victims=2 vmas=2"
    assert sheet.policy == "rfc-2015-11-25 pin=before-publish"
    assert sheet.entries == list(FOUND.pids) and sheet.version == oomlab.__version__


def test_the_lab_shows_a_schedule_and_not_a_seed():
    lab = Controller("lost-victim", "rfc-2015-11-25")
    lab.explore()
    for form in ("html", "json", "markdown"):
        text = lab.export(form)
        assert "seed 0" not in text and '"seed":0' not in text and "schedule" in text


@pytest.mark.parametrize(
    "policy, settings, sentence",
    [
        ("rfc-2015-11-25", {"victims": 3}, "with victims=2, not with victims=3"),
        ("rfc-2015-11-25", {"vmas": 3}, "with vmas=2, not with vmas=3"),
        ("rfc-2015-11-25", {}, "pin is before-publish, not"),
        ("handa", {"pin": "before-publish"}, "it is of rfc-2015-11-25 pin=before-publish, not of"),
    ],
)
def test_a_schedule_is_refused_in_another_machine(policy, settings, sentence):
    with pytest.raises(ValueError, match=sentence):
        oomlab.run("lost-victim", policy, schedule=FOUND.pids, **settings)
    with pytest.raises(ValueError, match="it is of lost-victim, not of second-oom"):
        oomlab.run("second-oom", policy, schedule=FOUND.pids)
    same = replace(FOUND.policy, name="the same under another name")
    assert oomlab.run("lost-victim", same, schedule=FOUND.pids).steps == FOUND.steps


def changed(found: dict, **changes) -> str:
    return json.dumps({**found, **changes})


def test_a_file_whose_steps_mean_something_else_is_refused():
    found = FOUND.to_dict()
    told = [dict(row) for row in found["schedule"]]
    told[3]["does"] = "cmpxchg what_it_was_called_then"
    text = changed(found, schedule=told, origin={**found["origin"], "oomlab": "0.0.9"})
    schedule = read_schedule(text)
    how = {"victims": 2, "pin": "before-publish"}
    for trace in (True, False):
        with pytest.raises(ValueError, match="step 4 of this schedule was .* when oomlab 0.0.9"):
            oomlab.run("lost-victim", "rfc-2015-11-25", schedule=schedule, trace=trace, **how)
    longer = read_schedule(json.dumps(found))
    longer.append(longer[0])
    with pytest.raises(ValueError, match="was changed after it was recorded"):
        oomlab.run("lost-victim", "rfc-2015-11-25", schedule=longer, **how)


@pytest.mark.parametrize(
    "text, sentence",
    [
        ("", "no JSON"),
        ("[" * 100_000, "as explore --json writes it"),
        ("[]", "another form"),
        ('{"pids": [1]}', "it has no 'schedule'"),
        ('{"pids": [1], "schedule": []}', "does not say where it comes from"),
        ('{"pids": [-1], "schedule": []}', "a timer is named with its function"),
        ('{"pids": [1], "schedule": [], "origin": {"scenario": 3}}', "no scenario"),
        (changed(FOUND.to_dict(), pids=[], schedule=[]), "no counterexample"),
        (changed(FOUND.to_dict(), origin={**FOUND.origin.to_dict(), "more": 1}), "does not know"),
    ],
)
def test_a_file_that_is_no_schedule_gets_a_sentence(text, sentence):
    with pytest.raises(ValueError, match=sentence) as wrong:
        read_schedule(text, "this.json")
    assert "this.json" in str(wrong.value) and "\n" not in str(wrong.value)


def test_an_origin_makes_the_same_machine_again():
    for policy in oomlab.PRESETS.values():
        for made in (policy, replace(policy, name="mine"), replace(policy, ties="last")):
            origin = Origin.of("lost-victim", made, {"victims": 2, "vmas": 2}, seed=1)
            again = Origin.from_dict(json.loads(json.dumps(origin.to_dict())))
            assert again == origin and hash(again) == hash(origin)
            assert not oomlab.difference(again.made_policy(), made)
            assert again.made_policy().name == made.name


def patch_that(free):
    """A patch whose function closes over a number, so that no text can carry it."""

    def exit_oom_victim(task):
        task.kernel.zone.free += free

    return oomlab.patch("linux-4.6", name="closure", exit_oom_victim=exit_oom_victim)


def test_a_patch_is_in_the_origin_and_comes_back():
    functions = model_functions()

    def exit_oom_victim(task):
        functions["exit_oom_victim"](task)

    untold = oomlab.patch("linux-4.6", name="a closure", exit_oom_victim=exit_oom_victim)
    run = oomlab.run("lost-victim", untold, seed=1)
    assert "a closure (linux-4.6, patch " in str(run.origin)
    assert json.loads(run.to_json())["origin"]["patch"].startswith("# This patch cannot be written")
    others = [patch_that(free=n) for n in (1, 2)]
    assert len({oomlab.run("lost-victim", p).origin for p in [*others, patch_that(free=1)]}) == 2
    text = 'base = "linux-4.6"\nname = "told"\n\n\ndef exit_oom_victim(task):\n    pass\n'
    told = oomlab.read_patch(text)
    with pytest.raises(ValueError, match="linux-4.6 is a preset's name"):
        oomlab.read_patch(text.replace('"told"', '"linux-4.6"'))
    origin = oomlab.run("lost-victim", told, seed=1).origin
    again = Origin.from_dict(json.loads(json.dumps(origin.to_dict())))
    assert Origin.of("lost-victim", again.made_policy(), again.params, seed=1) == origin


def test_a_run_has_a_seed_or_a_schedule():
    with pytest.raises(ValueError, match="a seed or a schedule, not both"):
        oomlab.run("lost-victim", seed=0, schedule=[])
    assert RUNS["schedule"].seed is None and RUNS["seed"].schedule is None
    cut = oomlab.run("page-thieves", seed=1, most_steps=50)
    assert "cut off after 50 steps" in str(cut.origin) and cut.origin.to_dict()["most_steps"] == 50


def test_a_schedule_of_a_policy_with_a_knob_that_is_not_known_is_of_another_machine():
    mine = oomlab.run("lost-victim", seed=0).origin
    other = replace(mine, knobs={**mine.knobs, "reaper_speed": 2})
    words = "a knob reaper_speed, which this oomlab does not have"
    assert words in other.misfit(mine) and words in mine.misfit(other) and not mine.misfit(mine)
