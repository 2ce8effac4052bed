"""One style everywhere, notebook cells too: what `make format` would leave; and who is meant."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]


@pytest.mark.parametrize("command", [["check"], ["format", "--diff"]], ids=["lint", "format"])
def test_ruff(command):
    ruff = [sys.executable, "-m", "ruff", *command, ROOT]
    done = subprocess.run(ruff, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout


@pytest.mark.timeout(600)  # a quarter of a minute where nothing else runs and nothing is cached
def test_types():
    """mypy finds nothing; settings in pyproject.toml. Its cache makes the second run quick."""
    done = subprocess.run([sys.executable, "-m", "mypy"], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout


WRITTEN = ("oomlab", "docs", "notebooks", "exercises", "sheets", "site", "tests", "benchmarks")
KINDS = {".py", ".js", ".css", ".html", ".md", ".ipynb", ".sheet", ".txt", ".toml", ".json"}
QUOTED = re.compile(r'(?:^|")> .*')  # what a mail says stands behind "> "


def written():
    """Each file that a person wrote, but for what was recorded."""
    yield from ROOT.glob("*.md")
    for room in WRITTEN:
        for path in (ROOT / room).rglob("*"):
            if path.suffix in KINDS and "data" not in path.parts and path != Path(__file__):
                yield path


def lines_with(pattern, without=re.compile(r"$^")):
    return [
        f"{path.relative_to(ROOT)}:{number}: {line.strip()[:120]}"
        for path in written()
        for number, line in enumerate(path.read_text("utf-8").splitlines(), 1)
        if re.search(pattern, without.sub("", line), re.IGNORECASE)
    ]


def test_a_task_is_named_and_is_not_somebody():
    """ "A task", "no victim", "a person": a reader who learns English must not guess who it is."""
    assert len([*written()]) > 400
    assert not lines_with(r"\b(?:some|no)body\b", QUOTED)


def test_no_merge_is_left_half_done():
    assert not lines_with(r"^(?:<{7} |>{7} |={7}$)")
