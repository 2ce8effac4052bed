"""A report as a small scenario: it tells the same story, or is refused in a sentence."""

import re
from dataclasses import replace
from pathlib import Path

import pytest

import oomlab
from oomlab.cli import main
from oomlab.reports.judge.explain import explain as judge
from oomlab.reports.tell.scenario_text import text_of
from oomlab.sheets.code import add_scenario
from oomlab.traces.small_machine import differences, story_of

ROOT = Path(__file__).parents[1]
SHARED = ROOT.parent / "shared"
REPORTS = ROOT / "tests" / "data" / "reports"
RECORDINGS = sorted((ROOT / "notebooks" / "recordings").glob("*.json.gz"))
FIELD = sorted(SHARED.glob("oom-reports*/*.txt"))
GLOBAL = (REPORTS / "6.1-global.txt").read_text("utf-8")
REFUSED = (
    "no table of tasks|who was killed is not in it|another task is chosen"
    "|by order of panic_on_oom|no OOM report in it"
)


def without(*words):
    """The log, without the lines that have one of these words in them."""
    return "\n".join(x for x in GLOBAL.splitlines() if not any(word in x for word in words))


def again(source, **more):
    """The story, or the sentence that refuses it."""
    try:
        return oomlab.scenario_from(source, **more)
    except ValueError as sentence:
        assert re.search(REFUSED, str(sentence)), (source, sentence)
        assert "\n" not in str(sentence)
        return None


def killed(made, **more):
    return made.run(**more).outcome.victims


@pytest.mark.parametrize("path", sorted(REPORTS.glob("*.txt")), ids=lambda path: path.stem)
def test_the_same_victim_is_killed_with_any_seed(path):
    for number, told in enumerate(oomlab.explain(path.read_bytes()), 1):
        made = again(path, number=number)
        if made is not None and told.report.kills:
            for seed in (7, 8):
                assert killed(made, seed=seed)[0].startswith(told.report.victim.name)


def test_recordings_tell_their_story_again():
    told = [again(path) for path in RECORDINGS[::15]]
    assert sum(made is not None for made in told) > 0.8 * len(told)
    given_up = oomlab.scenario_from(next(p for p in RECORDINGS if "protect_schedidle" in p.name))
    assert "the reaper gives it up" in given_up.says
    events = [event["event"] for event in given_up.run().kernel.events]
    assert "unable_to_reap" in events and "finish_task_reaping" not in events
    reaped = oomlab.scenario_from(next(p for p in RECORDINGS if "r02_lifo.together" in p.name))
    assert "the reaper takes its memory" in reaped.says and reaped.run().outcome.reaped


@pytest.mark.skipif(not FIELD, reason="the reports of others are not part of the project")
def test_reports_of_the_field_tell_their_story_again():
    told = [
        again(path, number=number)
        for path in FIELD[::3]
        for number, _ in enumerate(oomlab.explain(path.read_bytes()), 1)
    ]
    assert sum(made is not None for made in told) > 0.7 * len(told) > 20


def test_the_text_says_what_it_kept_and_can_be_changed():
    made = oomlab.scenario_from(GLOBAL)
    for words in ("m3 (killed)", "m2 (would have been next)", "Left out:", "1 page stands for 30"):
        assert words in made.text
    assert killed(made) == ["m3"] and made.explore().verdict == "holds"
    spared = made.text.replace("adj=78", "adj=-1000")
    assert oomlab.run(add_scenario(spared, "reported", "test"), made.policy).outcome.victims == [
        "m2"
    ]


def test_a_name_from_a_log_is_only_a_name():
    """Quotes, backslashes, what ends a docstring, and two tasks that are then called the same."""
    for name in ('"""', "\\", "'); raise SystemExit('", "{policy}", "\x1b[2J", "m2"):
        log = GLOBAL.replace("m3", name)
        made = again(log)
        if made is not None:
            assert len(killed(made)) == 1 and "\x1b" not in made.text


@pytest.mark.parametrize(
    "source, more, sentence",
    [
        ("no report\nis in it\n", {}, "no OOM report in it; a trace needs"),
        (GLOBAL, {"number": 4}, "no OOM report 4 in it: it has 3 reports"),
        (GLOBAL, {"number": 0}, "no OOM report 0"),
        (GLOBAL, {"name": "a b"}, "a function's name"),
        ("no-such-file.log", {}, "cannot be read"),
        ("a.json.gz", {}, "is not a recorded run"),
        (without("oom-kill:", "Killed"), {}, "who was killed is not in it"),
        (without("0 m", "9 m", "8 m", "trigger", "swapents"), {}, "no table of tasks"),
        (
            GLOBAL.replace("task=m3,pid=87", "task=m2,pid=85").replace("87 (m3)", "85 (m2)"),
            {},
            "by the rules of linux-6.1 another task is chosen",
        ),
    ],
)
def test_what_cannot_be_told_is_refused_in_a_sentence(source, more, sentence):
    with pytest.raises(ValueError, match=sentence) as refused:
        oomlab.scenario_from(source, **more)
    assert "\n" not in str(refused.value)


def test_what_is_only_tried_does_not_stay_among_the_scenarios():
    """Neither the scales that were tried first, nor what was refused; what is used does."""
    before = dict(oomlab.SCENARIOS)
    log = (REPORTS / "6.12-memcg.txt").read_text("utf-8")
    made = oomlab.scenario_from(log)
    (told,) = oomlab.explain(GLOBAL)[:1]
    assert differences(replace(story_of(told, None), end="given up"), made.text, "reported")
    assert before == oomlab.SCENARIOS
    made.run()
    assert set(oomlab.SCENARIOS) - set(before) == {made.scenario}


def test_the_release_is_given_where_the_log_does_not_say_it():
    """But what a log's own format proves comes first: it is not of 2.6.38."""
    nameless = without("Not tainted")
    for kernel, name in (("6.12", "linux-6.12"), ("5.10", "linux-5.10"), ("2.6.38", "linux-5.4")):
        made = oomlab.scenario_from(nameless, kernel=kernel)
        assert made.policy.preset == name and killed(made) == ["m3"]
    with pytest.raises(ValueError, match="is not a kernel version"):
        oomlab.scenario_from(GLOBAL, kernel="new")


def test_the_sysctl_that_kills_who_asks_is_not_for_cgroups():
    """vm.oom_kill_allocating_task=1, and in the cgroup its biggest task was killed."""
    log = (REPORTS / "6.12-memcg.txt").read_text("utf-8")
    (told,) = oomlab.explain(log)[:1]
    policy = replace(told.policy, oom_kill_allocating_task=True)
    again = judge(told.report, policy)
    assert again.predicted == told.predicted and again.verdict == told.verdict
    assert again.spared_from == told.spared_from


def test_a_text_that_tells_another_story_is_seen():
    """What guards each text that is given out."""
    (told,) = oomlab.explain(GLOBAL)[:1]
    story = story_of(told, None)
    text = text_of(story, "reported", 1)
    assert differences(story, text, "reported") == []
    for old, new, sentence in (
        ("adj=78", "adj=-1000", "it kills m2, and the report m3"),
        ('(touch, "asked", 4)', "(sleep, 1)", "it kills no task, and the report m3"),
    ):
        assert differences(story, text.replace(old, new), "reported") == [sentence]
    given_up = replace(story, end="given up")
    assert differences(given_up, text, "reported") == ["its victim is not given up"]


def test_a_trace_with_its_log_says_how_the_victim_ended():
    pid = next(told.report.victim.pid for told in oomlab.explain(GLOBAL))
    rows = [
        ("trigger", 89, 1.0, f"mark_victim: pid={pid}"),
        ("<idle>", 0, 3.01, f"wake_reaper: pid={pid}"),
        ("oom_reaper", 31, 3.02, f"start_task_reaping: pid={pid}"),
        ("oom_reaper", 31, 3.03, f"finish_task_reaping: pid={pid}"),
    ]
    trace = "\n".join(f"{c}-{p} [000] ..... {t:.6f}: {what}" for c, p, t, what in rows) + "\n"
    made = oomlab.scenario_from(trace, report=GLOBAL, kernel="6.1")
    assert made.says.endswith("m3 is killed, and the reaper takes its memory.")
    assert "m3" in str(made.run().outcome.reaped)
    with pytest.raises(ValueError, match="a trace needs the kernel"):
        oomlab.scenario_from(trace)


def test_the_command_writes_what_the_others_run(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    Path("kern.log").write_text(GLOBAL, "utf-8")
    assert main(["scenario-from", "kern.log", "--out", "friday.py", "--name", "friday"]) == 0
    told = capsys.readouterr().err
    assert "m3 is killed. The run agrees with the report" in told
    words = told.splitlines()[-1].partition("oomlab ")[2].split()
    assert main(words) == 0 and "holds in every schedule" in capsys.readouterr().out
    assert main(["scenario-from", "kern.log"]) == 0
    assert capsys.readouterr().out.startswith("def reported(policy):")
    assert main(["scenario-from", "friday.py"]) == 2
    assert capsys.readouterr().err.count("\n") == 1
