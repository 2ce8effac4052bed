"""The command line, as a person types it."""

import argparse
import json
import os
import shlex
import signal
import subprocess
import sys
import time

import pytest

import oomlab as front
from oomlab.cli import main
from oomlab.cli.parser import EXAMPLES, command_line


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


def test_a_comparison_and_an_answer_are_pages_too(capsys, tmp_path):
    page = tmp_path / "page.html"
    rfc = ("lost-victim", "--policy", "rfc-2015-11-25")
    more = ("--policy", "handa", "--seeds", "2")
    for words in (("compare", *rfc, *more), ("explore", *rfc)):
        _, said, _ = run(capsys, *words, "--html", str(page))
        assert said.strip() and said == run(capsys, *words)[1]
        assert "What happened under rfc-2015-11-25" in page.read_text("utf-8")
        page.unlink()
    words = ("explore", "lost-victim", "--policy", "handa", "--set", "vmas=1", "--html", str(page))
    status, said, wrong = run(capsys, *words)
    assert status == 0 and "holds" in said and not page.exists()
    assert wrong == f"oomlab: {page} is not written: there is no counterexample\n"


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
        (["run", "lost-victim", "--schedule", "no-such-file"], "no-such-file cannot be read"),
        (["runn"], "run"),
        (["explore", "lost-victim", "--property", "no-victim"], "no-victim-lost"),
        (["compare", "lost-victim", "--policy", "handa"], "twice"),
        (["fidelity", "no-such-folder"], "no recordings"),
        (["run"], "scenario"),
        (["run", "lost-victim", "--seed", "x"], "whole number, not 'x'"),
        (["run", "lost-victim", "--seed", "-1"], "not negative"),
        (["run", "lost-victim", "--seed", "1", "--schedule", "a"], "not allowed with"),
        (["run", "lost-victim", "--patch", "a.py", "--policy", "handa"], "not allowed with"),
        (["run", "lost-victim", "--patch", "no-such.py"], "cannot be read"),
        (["run", "lost-victim", "--set", "victims=1", "--set", "victims=2"], "twice"),
        (["run", "lost-victim", "--html", "page.txt"], "must end in .html"),
        (["run", "lost-victim", "--html", "/no/such/folder/page.html"], "cannot be written"),
        (["run", "no-such.py:scenario"], "cannot be read"),
        (["explore", "lost-victim", "--html", "page.txt"], "must end in .html"),
        (["compare", "lost-victim", *["--policy", "handa"] * 2, "--html", "a.md"], "end in .html"),
        (["explore", "lost-victim", "--seconds", "nan"], "a number"),
        (["explore", "lost-victim", "--max-states", "0"], "1 or more"),
        (["explore", "lost-victim", "--seed", "3"], "--random"),
        (["explore", "lost-victim", "--random", "5", "--prefer", "switches"], "not go with"),
        (["explore", "lost-victim", "--random", "0"], "runs of 1 or more"),
        (["explore", "lost-victim", "--json", "--nearest"], "not with --json"),
        (["compare", "lost-victim", "--policy", "handa", "--policy", "x", "--seeds", "0"], "seeds"),
        (["sweep", "lost-victim", "--seeds", "5"], "FROM:TO"),
        (["sweep", "lost-victim", "--out", "rows.txt"], ".jsonl"),
        (["check", "no-such.sheet"], "there is no"),
        (["check", "sheets", "--jobs", "0"], "1 or more"),
        (["list", "everything"], "scenarios"),
    ],
)
def test_a_wrong_word_is_one_sentence(capsys, words, hint):
    status, out, said = run(capsys, *words)  # a traceback would end this test
    assert (status, out) == (2, "")
    assert hint in said and said.startswith("oomlab: ") and len(said.splitlines()) == 1


def test_a_wrong_word_in_a_process_of_its_own():
    done = oomlab("run", "lost-vicitm")
    assert done.returncode == 2 and done.stdout == ""
    assert done.stderr == "oomlab: no scenario 'lost-vicitm': did you mean 'lost-victim'?\n"


def commands():
    """Every command with its own parser, as its help shows it."""
    for name in EXAMPLES:
        parser = command_line([name])
        action = next(a for a in parser._actions if isinstance(a, argparse._SubParsersAction))
        assert set(action.choices) == set(EXAMPLES)
        yield name, action.choices[name]


def test_every_help_has_an_example_and_every_option_a_help():
    for name, parser in commands():
        text = parser.format_help()
        assert f"example: {EXAMPLES[name]}" in text and f"oomlab {name}" in EXAMPLES[name]
        assert not [action.dest for action in parser._actions if not action.help], name
        words = shlex.split(EXAMPLES[name].rpartition("oomlab ")[2])
        assert command_line(words).parse_args(words).command, name


def test_bare_and_version(capsys):
    status, out, _ = run(capsys)
    assert status == 0 and all(f"  {name} " in out for name in EXAMPLES)
    assert run(capsys, "--version") == (0, f"oomlab {front.__version__}\n", "")


@pytest.mark.parametrize(
    "words, status",
    [
        (["--policy", "handa", "--set", "vmas=1", "--set", "victims=1"], 0),
        (["--policy", "rfc-2015-11-25"], 1),
        (["--policy", "handa", "--max-states", "9"], 3),
        (["--policy", "handa", "--random", "2"], 3),
        (["--policy", "rfc-2015-11-25", "--random", "90"], 1),
    ],
)
def test_the_exit_status_is_the_verdict(capsys, words, status):
    for form in ([], ["--json"], ["--chart"]):
        assert run(capsys, "explore", "lost-victim", *words, *form)[0] == status


def test_check_says_with_its_status_whether_all_is_as_claimed(capsys, tmp_path):
    sheet = tmp_path / "a.sheet"
    words = ("explore", "lost-victim", "--policy", "rfc-2015-11-25", "--sheet", str(sheet))
    run(capsys, *words)
    assert run(capsys, "check", str(sheet))[0] == 0
    sheet.write_text(sheet.read_text().replace("violated in 18", "violated in 17"))
    assert run(capsys, "check", str(sheet))[0] == 1


def test_a_schedule_is_refused_where_it_does_not_fit(capsys, tmp_path):
    file = tmp_path / "schedule.json"
    file.write_text(run(capsys, "explore", "lost-victim", "--policy", "handa", "--json")[1])
    words = ("run", "lost-victim", "--schedule", str(file), "--policy")
    assert "no counterexample" in run(capsys, *words, "handa")[2]
    found = run(capsys, "explore", "lost-victim", "--policy", "rfc-2015-11-25", "--json")[1]
    file.write_text(found)
    status, out, _ = run(capsys, *words, "rfc-2015-11-25", "--json")
    record = json.loads(out)
    assert status == 0 and record["seed"] is None and "seed" not in record["origin"]
    assert record["origin"]["schedule"] == json.loads(found)["pids"]
    for more in (["handa"], ["rfc-2015-11-25", "--set", "victims=3"]):
        status, _, said = run(capsys, *words, *more)
        assert status == 2 and "this schedule does not fit" in said


@pytest.mark.parametrize("words", [["list"], ["run", "page-thieves", "--steps"]])
def test_a_closed_pipe_is_quiet(words):
    command = [sys.executable, "-m", "oomlab", *words]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as done:
        done.stdout.close()  # as head does when it has read enough
        assert done.stderr.read() == b"" and done.wait(60) == 141


@pytest.mark.skipif(os.name == "nt", reason="needs process groups")
@pytest.mark.parametrize(
    "words",
    [
        [
            "compare",
            "page-thieves",
            "--policy",
            "handa",
            "--policy",
            "linux-4.4",
            "--seeds",
            "5000",
        ],
        ["sweep", "page-thieves", "--seeds", "0:90000", "--jobs", "2"],
        ["explore", "lost-victim", "--policy", "handa", "--random", "1000000"],
    ],
    ids=lambda words: words[0],
)
def test_ctrl_c_is_quiet(words):
    """As a terminal sends it: to the process and to its workers."""
    code = (
        "import sys; from oomlab.cli import main; print('ready', flush=True);"
        "sys.exit(main(sys.argv[1:]))"
    )
    command = [sys.executable, "-c", code, *words]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, start_new_session=True
    ) as done:
        assert done.stdout is not None and done.stdout.readline() == b"ready\n"
        time.sleep(1)  # it is at work
        os.killpg(done.pid, signal.SIGINT)
        _, said = done.communicate(timeout=60)
    assert done.returncode == 130 and said == b""


@pytest.mark.skipif(os.name == "nt", reason="needs a terminal of its own")
def test_whatever_takes_long_says_so_on_a_terminal_and_nowhere_else():
    import pty

    code = (
        "import sys, time; from oomlab.cli.ticker import ticking\n"
        "with ticking('running'): time.sleep(1.7); print('done'); time.sleep(0.1)\n"
    )
    main_end, terminal = pty.openpty()
    done = subprocess.run([sys.executable, "-c", code], stdout=subprocess.PIPE, stderr=terminal)
    os.close(terminal)
    said = os.read(main_end, 10_000).decode()
    assert "running, 1 s" in said and done.stdout == b"done\n"
    assert said.endswith("\r") and not said.split("\r")[-2].strip()  # and the line is gone
    quiet = subprocess.run([sys.executable, "-c", code], capture_output=True)
    assert quiet.stderr == b""
