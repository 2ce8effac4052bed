"""One style everywhere, notebook cells too: what `make format` would leave as it is."""

import subprocess
import sys
from pathlib import Path

import pytest


@pytest.mark.parametrize("command", [["check"], ["format", "--diff"]], ids=["lint", "format"])
def test_ruff(command):
    ruff = [sys.executable, "-m", "ruff", *command, Path(__file__).parents[1]]
    done = subprocess.run(ruff, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout
