"""What the documents tell a reader to type works: each command and each program, in this order.

The README has its own test, and so has docs/grading.md, whose commands are about a whole class.
"""

import io
import re
import shlex
from pathlib import Path

import pytest

import oomlab
from oomlab.cli import main
from oomlab.looks import BLUE, GREEN, ORANGE, PURPLE, SKY, VERMILLION, style_sheet

ROOT = Path(__file__).parents[1]
DOCS = {p.name: p.read_text("utf-8") for p in sorted((ROOT / "docs").glob("*.md"))}
COMMAND = re.compile(r"^(?: {4})?(?:journalctl [^|\n]*\| )?(oomlab (?!sheet 1).*)$", re.M)
COMMANDS = {n: COMMAND.findall(text) for n, text in DOCS.items() if n != "grading.md"}
PROGRAMS = {n: re.findall(r"^```python\n(.*?)^```", text, re.M | re.S) for n, text in DOCS.items()}
VIOLATED = ("--policy mm-2015-12", "--policy rfc-xchg", "read-then-clear", "nap=150")
BOTH = (BLUE, GREEN, ORANGE, PURPLE, SKY, VERMILLION)  # seen on light and on dark
NOTHING_THERE = ("--since 7d", "--what-if postgres")  # this log is not the reader's


@pytest.fixture
def desk(tmp_path, monkeypatch, capsys):
    """A folder with the files that the commands name."""
    log = (ROOT / "tests/data/reports/6.1-global.txt").read_text("utf-8")
    main(["run", "lost-victim", "--policy", "linux-6.1", "--ftrace"])
    files = {"trace.txt": capsys.readouterr().out, "kern.log": log, "log.txt": log}
    files["my.py"] = PROGRAMS["reviewers-guide.md"][0]
    for name, text in files.items():
        (tmp_path / name).write_text(text, "utf-8")
    (tmp_path / "sheets").symlink_to(ROOT / "sheets")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(log.encode()), "utf-8"))
    return tmp_path


@pytest.mark.parametrize("name", [name for name, commands in COMMANDS.items() if commands])
def test_each_command(name, desk, capsys):
    for command in COMMANDS[name]:
        words = shlex.split(command.replace("/var/log", str(desk)), comments=True)
        status = main(words[1:])
        told = capsys.readouterr()
        wanted = any(part in command for part in (*VIOLATED, *NOTHING_THERE))
        assert (status or 0) == wanted, f"{command}: {told.err}"
        assert told.out or told.err or "--html" in command, command


@pytest.mark.parametrize("name", [name for name, programs in PROGRAMS.items() if programs])
def test_each_program(name, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)  # what a program saves
    names: dict = {}
    for program in PROGRAMS[name]:
        exec(program, names)
    assert "None" not in capsys.readouterr().out


def test_what_the_documents_name_in_python_is_there():
    named = {n for text in DOCS.values() for n in re.findall(r"\b(oomlab(?:\.\w+)+)\(", text)}
    for path in named:
        value = oomlab
        for part in path.split(".")[1:]:
            value = getattr(value, part)
        assert callable(value), path
    assert len(named) > 5


@pytest.mark.parametrize("path", sorted((ROOT / "docs").rglob("*.svg")), ids=lambda p: p.name)
def test_each_picture_is_light_or_dark_as_its_page_and_says_itself(path):
    text = path.read_text("utf-8")
    assert style_sheet() in text and len(re.findall('aria-label="([^"]+)"', text)[0]) > 60
    for shape in re.findall("<(?:text|line)[^>]*>", text):  # a colour of each theme, or of both
        assert "class=" in shape or re.search(f'(?:fill|stroke)="({"|".join(BOTH)})"', shape)
