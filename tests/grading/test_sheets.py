"""The sheets: what they show is what the model does, and their cells run."""

import io
import json
import re
from contextlib import redirect_stdout
from random import Random

import pytest
from handing_in import SHEETS

from oomlab import run
from oomlab.grading.checks import oom_badness, oom_reap_vmas, read_report, zone_watermarks
from oomlab.grading.course.exercise_sheets import ExerciseSheet
from oomlab.simulate.kernel_log import kernel_log

LOOKS = [
    (name, cell["id"], "".join(cell["source"]))
    for name, sheet in SHEETS.items()
    for cell in sheet.notebook["cells"]
    if cell["id"].endswith("-look")
]


@pytest.mark.parametrize(("sheet", "cell", "source"), LOOKS)
def test_what_students_look_at_runs(sheet, cell, source):
    with redirect_stdout(io.StringIO()):
        exec(source, {})


def test_what_a_sheet_quotes_the_model_prints():
    text = "".join("".join(cell["source"]) for cell in SHEETS["level-1"].notebook["cells"])
    printed = [line for _, line in kernel_log(run("small-child", "linux-4.4", children=1))]
    quoted = re.findall(r"^(?:\[ *\d+\]|\[ pid|Out of memory).*$", text, re.MULTILINE)
    assert len(quoted) == 4
    assert all(any(line.endswith(quote) for line in printed) for quote in quoted)
    zone = next(line for line in text.splitlines() if "free:512kB" in line).strip("`")
    pages = [int(kb) // 4 for kb in re.findall(r"(?:min|low|high):(\d+)kB", zone)]
    assert zone_watermarks.probe(4096, "4.6") == tuple(pages)


@pytest.mark.parametrize("name", SHEETS)
def test_a_sheet_says_what_its_checks_say(name):
    texts = {cell["id"]: "".join(cell["source"]) for cell in SHEETS[name].notebook["cells"]}
    for exercise in SHEETS[name].exercises:
        text = texts[f"{exercise.name}-text"]
        assert f"Worth {exercise.points} points:" in text
        listed = "\n".join(f"- {p.says} ({p.points})" for p in exercise.properties)
        assert text.endswith(listed)


def test_no_sheet_gives_the_rule_away():
    text = "".join("".join(cell["source"]) for cell in SHEETS["level-1"].notebook["cells"])
    visible = re.sub(r"### BEGIN SOLUTION.*?### END SOLUTION", "", text, flags=re.DOTALL)
    for formula in ("sqrt", "isqrt", "10/10000", "min/4", "3 / 100", "3 %", "OR not", "min_free"):
        assert formula not in visible


def test_the_reaper_that_students_watch_is_the_one_that_judges():
    draw = Random(5)
    kinds = [((), False), (("VM_SHARED",), False), (("VM_LOCKED",), True), (("VM_LOCKED",), False)]
    kinds += [(("VM_HUGETLB",), False), (("VM_PFNMAP",), False)]
    vmas = oom_reap_vmas.space(draw, *kinds)
    # Also where the victim is small: memory must run out then, too, or no reaper comes.
    sizes = [[vma["pages"] for vma in vmas], *([pages] * len(vmas) for pages in (1, 7, 60, 400))]
    for pages in sizes:
        all_of_them = [{**v, "pages": n} for v, n in zip(vmas, pages, strict=True)]
        for asked in (all_of_them, *([one] for one in all_of_them)):
            left = oom_reap_vmas.probe(asked)
            judged = {v["name"]: 0 if oom_reap_vmas.can_reap(v) else v["pages"] for v in asked}
            assert left == judged, asked
    with pytest.raises(ValueError, match="never anonymous"):
        oom_reap_vmas.probe([oom_reap_vmas.vma(draw, "x", "VM_SHARED")])


def test_the_badness_that_students_measure_is_the_kernels():
    """Points of K 4.4, worked out by hand."""
    assert oom_badness.probe(1_999_999, rss=1000, swapents=5, nr_ptes=3, nr_pmds=1) == 1009
    assert oom_badness.probe(rss=1005, root=True, swapents=5) == 1010 - 30
    assert oom_badness.probe(1999, rss=10, oom_score_adj=7) == 17
    assert oom_badness.probe(rss=10, oom_score_adj=-999) == 1
    for unkillable in ({"pid": 1}, {"kthread": True}, {"mm": False}, {"oom_score_adj": -1000}):
        assert oom_badness.probe(rss=10, **unkillable) == 0
    with pytest.raises(ValueError, match="a task has"):
        oom_badness.probe(size=3)


@pytest.mark.parametrize("wrong", read_report.WRONG)
def test_a_log_says_what_is_wrong_with_it_once(wrong):
    """The kinds exclude each other, whatever was drawn."""
    for seed in range(6):
        log = read_report.log_of(Random(seed), wrong)
        chosen = re.search(r"Kill process (\d+)", log.text)
        seen = {
            "limit": "Memory cgroup out of memory" in log.text,
            "child": bool(chosen) and int(chosen[1]) != log.killed[0],
            "stuck": len(re.findall(rf"\[ *{log.killed[0]}\] ", log.text)) > 1,
        }
        assert [kind for kind, true in seen.items() if true] == ([wrong] if wrong in seen else [])
        assert log.text == read_report.log_of(Random(seed), wrong).text
    with pytest.raises(ValueError, match="there are nothing"):
        read_report.practice_log("fire")


def test_no_two_exercises_of_a_sheet_ask_for_one_function(tmp_path):
    """A notebook has one function of a name, so a sheet that asks for two is refused."""
    asked = ["kill-sharers", "users-or-count"]
    cells = [{"cell_type": "code", "source": f'check("{name}")'} for name in asked]
    path = tmp_path / "mine.ipynb"
    path.write_text(json.dumps({"cells": cells}))
    with pytest.raises(ValueError, match="both ask for oom_kill_process; use two sheets"):
        ExerciseSheet(path)


def test_what_the_guide_says_of_the_tournaments_bad_schedules():
    """Seed 96 is one of them: the sheet's own policy, in the game that is played once more."""
    knobs = dict(reaper="list", victim_mark="process", reaped="skip", gave_up="skip")
    game = run("memcg-vs-global", "linux-4.4", seed=96, child_sacrifice=False, **knobs)
    assert game.outcome.verdict == "panic"
    (done,) = (event for event in game.events if event["event"] == "exit" if event["tick"] > 30)
    assert done["task"] == "outside" and "outside" not in game.outcome.reaped
