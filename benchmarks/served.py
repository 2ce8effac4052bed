"""A run shown to a reader: a page that oomlab saves, beside a notebook that Voila serves.

Voila is no dependency: it is installed into a virtual environment of its own, which takes a minute,
and thrown away again. Where that fails the table says so. A saved page is made once, needs no
server, and every further reader opens a file; Voila starts a kernel and runs the notebook for each.
Seconds on the clock, since Voila works in several processes: on a busy machine only the ratio
means something.
"""

import socket
import subprocess
import sys
import tempfile
from pathlib import Path
from statistics import median
from time import monotonic, sleep
from urllib.request import urlopen

import nbformat
from grading import seconds, shown
from measure import ROOT, table
from nbformat.v4 import new_code_cell, new_notebook

READERS = 5
SHOWN = ("lost-victim", "rfc-2015-11-25")


def oomlab() -> float | None:
    """Seconds of one whole process that runs the scenario and writes the page."""
    with tempfile.TemporaryDirectory() as folder:
        scenario, policy = SHOWN
        words = ["run", scenario, "--policy", policy, "--html", Path(folder) / "page.html"]
        return seconds([sys.executable, "-m", "oomlab", *words], ROOT)


def voila() -> float | None:
    """Seconds from a reader's request to the end of the page, as the median; None without Voila."""
    with tempfile.TemporaryDirectory() as folder:
        top, python = Path(folder), Path(folder) / "venv/bin/python"
        install = [python, "-m", "pip", "install", "--quiet", "--no-compile", "voila", "ipykernel"]
        if seconds([sys.executable, "-m", "venv", top / "venv"], top) is None:
            return None
        if seconds([*install, ROOT, "-c", ROOT / "constraints.txt"], top) is None:
            return None
        cells = [new_code_cell(f"import oomlab\n\noomlab.run{SHOWN}")]
        kernel = {"kernelspec": {"name": "python3", "display_name": "Python 3"}}
        nbformat.write(new_notebook(cells=cells, metadata=kernel), top / "page.ipynb")
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        command = [python, "-m", "voila", top / "page.ipynb", "--no-browser", f"--port={port}"]
        quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
        with subprocess.Popen(command, cwd=top, **quiet) as server:
            try:
                asked = [opened(f"http://127.0.0.1:{port}/") for _ in range(READERS + 1)]
            finally:
                server.terminate()
        return None if None in asked else median(asked[1:])  # the first waits for the server, too


def opened(address: str, within: float = 60) -> float | None:
    """Seconds until the whole page, with what the notebook shows in it, has come."""
    began = monotonic()
    while monotonic() - began < within:
        asked = monotonic()
        try:
            with urlopen(address, timeout=within) as page:
                if b"lost-victim" in page.read():
                    return monotonic() - asked
        except OSError:
            sleep(0.2)
    return None


def main() -> None:
    """Print seconds for the first reader, and for each further one."""
    ours, theirs = median([oomlab() or 0 for _ in range(READERS)]) or None, voila()
    rows = [
        ["oomlab run --html, once", shown(ours), "1 s"],
        ["  each further reader", "opens a file", ""],
        ["Voila, each reader", shown(theirs), ""],
    ]
    if ours and theirs:
        rows.append(["  so much longer is Voila, for one reader", f"{theirs / ours:.1f}", "2"])
    table("A run as a page, from nothing", ["", "on the clock", "goal"], rows)


if __name__ == "__main__":
    main()
