"""The command line, as a person types it."""

import argparse
import gzip
import json
import os
import shlex
import signal
import subprocess
import sys
import time
from pathlib import Path

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


@pytest.fixture
def place(tmp_path, monkeypatch):
    """A folder to stand in, with files that are none of what they are called."""
    for name, data in (
        ("empty.py", b""),
        ("binary.py", bytes(range(256)) * 9),
        ("null.py", b"x = 1\0\n"),
        ("digits.json", b'{"pids": [' + b"1" * 5000 + b"]}"),
        ("nested.json", b"[" * 100_000),
    ):
        (tmp_path / name).write_bytes(data)
    (tmp_path / "folder").mkdir()
    (tmp_path / "books").mkdir()
    (tmp_path / "books" / "a.ipynb").write_text("{}")
    monkeypatch.chdir(tmp_path)


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
        (["fidelity", "no-such-folder"], "no-such-folder is no folder"),
        (["run"], "scenario"),
        (["run", "lost-victim", "--seed", "x"], "whole number, not 'x'"),
        (["run", "lost-victim", "--seed", "-1"], "not negative"),
        (["run", "lost-victim", "--seed", "1", "--schedule", "a"], "not allowed with"),
        (["run", "lost-victim", "--log=5"], "argument --log: takes no value, and has '5'"),
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
        (["run", ""], "a word is empty"),
        (["run", "lost-victim", "--html="], "--html is empty"),
        (["course", ""], "is empty"),
        (["run", "LOST-VICTIM"], "'lost-victim'"),
        (["run", "lost-victim", "--policy", "handa", "--policy", "linux-4.4"], "given twice"),
        (["compare", "lost-victim", *["--policy", "handa"] * 2, "--seed", "3"], "unrecognized"),
        (["run", "lost-victim", "--seed", "1_0"], "whole number"),
        (["run", "lost-victim", "--seed", "\u0663"], "whole number"),
        (["run", "lost-victim", "--seed", "9" * 30], "at most 18 digits"),
        (["run", "lost-victim", "--seed", "9" * 5000], "at most 4096"),
        (["run", "lost-victim", "--set", "victims=" + "9" * 99], "whole number from 0"),
        (["run", "lost-victim", "--set", "reaper_naps=" + "9" * 99], "yes or no"),
        *[
            (["run", "lost-victim", "--set", f"{argument}=3"], f"no knob or parameter '{argument}'")
            for argument in ("seed", "schedule", "trace", "most_steps", "scenario", "policy")
        ],
        (["explore", "lost-victim", "--set", "clock=any"], "no knob or parameter 'clock'"),
        (["explore", "lost-victim", "--random", "3", "--set", "runs=3"], "no knob or parameter"),
        (["explore", "lost-victim", "--random", "2", "--jobs", "0"], "jobs of 1 or more"),
        (["explore", "lost-victim", "--seconds", "1_0"], "takes a number"),
        (["explore", "lost-victim", "--sheet", "/no/such/folder/a.sheet"], "no such folder"),
        (["explore", "lost-victim", "--sheet", "."], "must end in .sheet"),
        (["explore", "lost-victim", "--sheet", "kern.log"], "must end in .sheet"),
        (["explore", "lost-victim", "--random", "5", "--sheet", "a.sheet"], "not go with --random"),
        (["run", "lost-victim", "--set", "polcy=handa"], "did you mean 'policy'"),
        (["run", "lost-victim", "--set", "=3"], "there are adj_follows_mm, alloc_harder, charge"),
        (["run", "empty.py:f"], "there is none"),
        (["run", "binary.py:f"], "no text in UTF-8"),
        (["run", "lost-victim", "--patch", "null.py"], "null.py: "),
        (["run", "lost-victim", "--schedule", "digits.json"], "is not a schedule"),
        (["run", "lost-victim", "--schedule", "nested.json"], "is not a schedule"),
        (["run", "--scenario", "no.py:f"], "cannot be read"),
        (["sweep", "lost-victim", "--set", "victims=1,01"], "each value once"),
        (["sweep", "lost-victim", "--seeds", "0:2", "--out", "."], "rows go to"),
        (["check", "folder"], "no sheet in folder"),
        (["explain", "no-such.log"], "cannot be read"),
        (["explain", "binary.py", "--jobs", "0"], "1 or more"),
        (["explain", "binary.py", "--since", "yesterday"], "--since takes"),
        (["explain", "binary.py", "--what-if", "x"], "is not one of"),
        (["explain", "binary.py", "--json", "--html", "page.html"], "not allowed with"),
        (["explain", "binary.py", "--summary", "--html", "page.html"], "--summary goes with"),
        (["explain", "binary.py", "--html", "page.txt"], "must end in .html"),
        (["fidelity", "folder"], "no recordings"),
        (["trace", "empty.py"], "no line of"),
        (["trace", "folder"], "folder cannot be read: "),
        (["trace", "empty.py", "--report", "no-such.log"], "no-such.log"),
        (["course", "empty.py"], "cannot be written"),
        (["lab", "empty.py"], "cannot be written"),
        (["serve", "folder"], "no site"),
        (["serve", "--port", "x"], "whole number"),
        (["release", "--exercises", "books"], "a.ipynb is no Jupyter notebook"),
        (["release", "--exercises", "no-such-folder"], "there is no folder no-such-folder"),
        (["grade", "folder", "--roster", "binary.py"], "UTF-8"),
        (["grade", "folder", "--jobs", "0"], "jobs is 1 or more"),
        (["grade", "folder", "--jobs", "x"], "whole number"),
        (["grade", "folder", "--fail-under", "nan"], "percentage from 0 to 100"),
    ],
    ids=lambda words: " ".join(words)[:60] if isinstance(words, list) else "",
)
def test_a_wrong_word_is_one_sentence(capsys, place, words, hint):
    if words[0] in ("grade", "release") and sys.platform != "linux":
        pytest.skip("needs the sandbox of Linux")
    status, out, said = run(capsys, *words)  # a traceback would end this test
    assert (status, out) == (2, "")
    assert hint in said and len(said.splitlines()) == 1 and len(said) < 400
    assert said.startswith(("oomlab: ", f"oomlab {words[0]}: "))
    assert "Errno" not in said and "codec" not in said


def test_the_answer_is_out_before_a_file_can_fail(capsys, monkeypatch, tmp_path):
    """A search may take hours: a full disk must not cost its answer."""
    words = ("explore", "lost-victim", "--policy", "linux-4.4")
    answer = run(capsys, *words, "--json")[1]
    monkeypatch.setattr("oomlab.textfile.Path.write_text", full_disk)
    status, out, said = run(capsys, *words, "--json", "--sheet", str(tmp_path / "a.sheet"))
    assert status == 2 and said == f"oomlab: {tmp_path / 'a.sheet'} cannot be written: disk full\n"
    assert {**json.loads(out), "seconds": 0} == {**json.loads(answer), "seconds": 0}


def full_disk(*_, **__):
    raise OSError(28, "disk full")


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="needs /dev/full")
def test_streams_that_are_closed_or_full():
    """As `>&-` and a full disk leave them: one sentence, or none where no stream is left for it."""
    command = f"{shlex.quote(sys.executable)} -m oomlab list knobs"
    for ending, status, said in (
        (">&-", 0, ""),
        ("2>&- >/dev/null", 0, ""),
        (">/dev/full", 2, "oomlab: No space left on device\n"),
    ):
        done = subprocess.run(f"{command} {ending}", shell=True, capture_output=True, text=True)
        assert (done.returncode, done.stdout, done.stderr) == (status, "", said), ending


def test_nothing_is_in_two_forms_at_once(capsys):
    """A report as JSON holds the reports, and nothing else is printed with it."""
    log = str(Path(__file__).parent / "data/reports/6.12-memcg.txt")
    assert len(json.loads(run(capsys, "explain", log, "--json")[1])["reports"]) == 2
    status, _, said = run(capsys, "explain", log, "--json", "--jsonl")
    assert status == 2 and "not allowed with" in said


def test_a_recording_is_of_the_kernel_that_it_names(capsys):
    folder = Path(__file__).parents[1] / "notebooks/recordings"
    file = str(folder / "s01_two_hogs.bigfirst.k6.1.r0.json.gz")
    assert run(capsys, "trace", file, "--kernel", "6.1")[0] == 0
    status, out, said = run(capsys, "trace", file, "--kernel", "4.10")
    assert (status, out) == (2, "") and "it is of Linux 6.1" in said


def test_recordings_that_cannot_be_compared_are_an_error(capsys, tmp_path):
    for name, data in (("a", b"no"), ("b", b""), ("c", gzip.compress(b"{}"))):
        (tmp_path / f"{name}.json.gz").write_bytes(data)
    status, out, said = run(capsys, "fidelity", str(tmp_path))
    assert (status, out) == (2, "") and len(said.splitlines()) == 3
    assert all("is not a recorded run" in line for line in said.splitlines())


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
    assert status == 0 and all(f"\n    {name}" in out for name in EXAMPLES)
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


@pytest.mark.parametrize("spec", ["my.py", "my.py:", ":writes"])
@pytest.mark.parametrize("option", ["--scenario", "--property"])
def test_a_function_of_a_file_is_named_with_its_file(option, spec, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "my.py").write_text("def writes(kernel):\n    return False\n")
    words = ["explore", option, spec, *(["lost-victim"] if option == "--property" else [])]
    assert main(words) == 2
    assert f"is written FILE.py:function, not '{spec}'" in capsys.readouterr().err
