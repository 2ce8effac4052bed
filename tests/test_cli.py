"""The command line, as a person types it."""

import json
import subprocess
import sys

import pytest

from oomlab.cli import main


def oomlab(*words: str) -> subprocess.CompletedProcess:
    return subprocess.run(
        [sys.executable, "-m", "oomlab", *words], capture_output=True, text=True, timeout=60
    )


def run(capsys, *words: str) -> tuple[int, str, str]:
    try:
        status = main(list(words))
    except SystemExit as stop:
        status = stop.code
    return status, *capsys.readouterr()


def test_run_prints_one_object(capsys):
    status, out, _ = run(capsys, "run", "lost-victim", "--policy", "rfc-2015-11-25", "--json")
    record = json.loads(out)
    assert status == 0 and record["schema"] == "oomlab-run/1"
    keys = {"scenario", "policy", "seed", "verdict", "victims", "lost", "reaped", "pages_to"}
    assert keys | {"ticks", "steps", "why"} <= set(record)


def test_explore_prints_one_object(capsys):
    words = ("explore", "lost-victim", "--policy", "rfc-2015-11-25", "--json")
    record = json.loads(run(capsys, *words)[1])
    assert record["schema"] == "oomlab-explore/1" and record["verdict"] == "violated"
    assert set(record["schedule"][0]) == {"step", "task", "function", "does", "effect"}


def test_a_schedule_is_replayed_from_a_file(capsys, tmp_path):
    words = ("explore", "lost-victim", "--policy", "rfc-2015-11-25", "--json")
    file = tmp_path / "schedule.json"
    file.write_text(run(capsys, *words)[1])
    _, out, _ = run(
        capsys, "run", "lost-victim", "--policy", "rfc-2015-11-25", "--schedule", str(file)
    )
    assert out.startswith("lost-victim: ")


def test_compare_is_a_sheet(capsys):
    _, out, _ = run(
        capsys,
        "compare",
        "lost-victim",
        "--policy",
        "rfc-2015-11-25",
        "--policy",
        "handa",
        "--seeds",
        "6",
    )
    assert "| reaper | slot | list |" in out and "They part at step" in out


def test_list_names_everything(capsys):
    _, out, _ = run(capsys, "list")
    for word in ("lost-victim", "linux-6.12", "queue_guard", "no-victim-lost", "victims=2"):
        assert word in out


@pytest.mark.parametrize(
    "words, hint",
    [
        (["run", "lost-vicitm"], "lost-victim"),
        (["run", "lost-victim", "--policy", "linux-4.40"], "linux-4.4"),
        (["run", "lost-victim", "--set", "victms=3"], "victims"),
        (["run", "lost-victim", "--set", "victims"], "NAME=VALUE"),
        (["run", "lost-victim", "--set", "victims=-1"], "whole number"),
        (["run", "lost-victim", "--set", "reaper=slt"], "slot"),
        (["run", "lost-victim", "--schedule", "no-such-file"], "schedule"),
        (["runn"], "run"),
        (["explore", "lost-victim", "--property", "no-victim"], "no-victim-lost"),
        (["compare", "lost-victim", "--policy", "handa"], "twice"),
        (["fidelity", "no-such-folder"], "no recordings"),
    ],
)
def test_a_wrong_word_is_one_sentence(words, hint):
    done = oomlab(*words)
    assert done.returncode in (1, 2)
    assert hint in done.stderr and "Traceback" not in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1
