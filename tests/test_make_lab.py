"""`make lab` without a screen serves on this machine only and prints where the first lesson is."""

import os
import re
import signal
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]


@pytest.mark.timeout(400)  # it sets up an environment, and others may be busy
def test_make_lab_prints_the_address_of_the_first_notebook(tmp_path):
    first = next(ROOT.glob("notebooks/01-*.ipynb")).name
    own = ("JUPYTER_CONFIG_DIR", "JUPYTER_DATA_DIR", "JUPYTER_RUNTIME_DIR")
    environment = os.environ | {"DISPLAY": "", "WAYLAND_DISPLAY": ""} | dict.fromkeys(own, tmp_path)
    make = subprocess.Popen(
        ["make", "--old-file=.venv/lab.stamp", "lab"],  # these tests run in what set-up made
        cwd=ROOT,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )
    try:
        address = rf"http://127\.0\.0\.1:\d+/lab/tree/notebooks/{re.escape(first)}\?token=\w+"
        printed = ""
        while not re.search(address, printed):
            line = make.stdout.readline()
            assert line, printed
            printed += line
    finally:
        os.killpg(make.pid, signal.SIGTERM)
        make.wait()
