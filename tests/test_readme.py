"""The README is true: its commands work, its program runs, and what it points at is there."""

import re
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree

import pytest

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text()
COMMANDS = re.findall(r"^    (make \w+|\.venv/bin/oomlab .*)", README, re.M)
PROGRAMS = re.findall(r"^```python\n(.*?)^```", README, re.M | re.S)
PATHS = re.findall(r"`(\w[\w/]*(?:/|\.py))`", README) + re.findall(r"\]\(([^:)]+)\)", README)
PATHS += re.findall(r'(?:src|srcset)="([^"]+)"', README)


def run(*command):
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    found = "explore" in command and re.search(r"is violated after \d+ steps", done.stdout)
    assert done.returncode == (1 if found else 0), done.stdout + done.stderr
    assert done.stdout


@pytest.mark.parametrize("command", COMMANDS)
def test_command(command, tmp_path):
    for record in sorted(ROOT.glob("notebooks/recordings/*.json.gz"))[::20]:  # all take minutes
        (tmp_path / record.name).symlink_to(record)
    words = command.replace("make ", "make --dry-run ").split()
    words = [word.replace(".venv/bin", f"{sys.prefix}/bin") for word in words]
    stand_ins = {
        "/var/log/kern.log": ROOT / "tests/data/reports/6.1-global.txt",
        "notebooks/recordings": tmp_path,
    }
    run(*(stand_ins.get(word, word) for word in words))


@pytest.mark.parametrize("program", PROGRAMS)
def test_program(program):
    run(sys.executable, "-c", program)


@pytest.mark.parametrize("path", PATHS)
def test_what_it_points_at_is_there(path):
    assert [*ROOT.glob(path), *(ROOT / "oomlab").glob(path)]


def test_the_moving_picture_is_what_the_explorer_finds_today():
    """`make pictures` writes it again."""
    sys.path.insert(0, str(ROOT / "docs"))
    from pictures import pictures

    for name, svg in pictures().items():
        assert (ROOT / "docs" / name).read_text("utf-8") == svg
        ElementTree.fromstring(svg)
