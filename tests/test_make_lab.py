"""`make lab` without a screen serves on this machine only and prints where the first lesson is."""

import os
import re
import signal
import subprocess
from contextlib import suppress
from pathlib import Path
from threading import Timer

ROOT = Path(__file__).parents[1]


def printed(environment: dict, address: str) -> str:
    """What `make lab` prints up to the address, or within fifty seconds."""
    make = subprocess.Popen(
        ["make", "--old-file=.venv/lab.stamp", "lab"],  # these tests run in what set-up made
        cwd=ROOT,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )
    watchdog = Timer(50, lambda: os.killpg(make.pid, signal.SIGKILL))
    watchdog.start()
    try:
        lines = ""
        while not re.search(address, lines):
            line = make.stdout.readline()
            if not line:
                break
            lines += line
        return lines
    finally:
        watchdog.cancel()
        with suppress(ProcessLookupError):
            os.killpg(make.pid, signal.SIGTERM)
        make.wait()


def test_make_lab_prints_the_address_of_the_first_notebook(tmp_path):
    first = next(ROOT.glob("notebooks/01-*.ipynb")).name
    own = ("JUPYTER_CONFIG_DIR", "JUPYTER_DATA_DIR", "JUPYTER_RUNTIME_DIR")
    environment = os.environ | {"DISPLAY": "", "WAYLAND_DISPLAY": ""} | dict.fromkeys(own, tmp_path)
    address = rf"http://127\.0\.0\.1:\d+/lab/tree/notebooks/{re.escape(first)}\?token=\w+"
    # Once, on a machine with load 5, no address came for two minutes: so it is asked twice.
    said = printed(environment, address)
    if not re.search(address, said):
        said = printed(environment, address)
    assert re.search(address, said), said
