"""The lessons, run when the site is built, two at a time, each in a kernel of its own."""

import os
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import bake
import nbformat
from nbclient import NotebookClient

HERE = Path(__file__).parent


def run_one(path: Path) -> None:
    """Run a notebook in place. CellExecutionError, with the cell and what it raised."""
    notebook = nbformat.read(path, as_version=4)
    # Its widgets are to be drawn by the page, not by Jupyter.
    path_of_modules = os.pathsep.join([str(HERE / "standin"), os.environ.get("PYTHONPATH", "")])
    client = NotebookClient(
        notebook, timeout=120, resources={"metadata": {"path": path.parent}}, kernel_name="python3"
    )
    client.execute(env=os.environ | {"PYTHONPATH": path_of_modules})
    bake.in_outputs(notebook)
    nbformat.write(notebook, path)


def run(paths: list[Path]) -> None:
    """Run them all; the first that fails ends the build."""
    os.environ.setdefault("JUPYTER_PLATFORM_DIRS", "1")
    with ThreadPoolExecutor(2) as pool:
        for path, _ in zip(paths, pool.map(run_one, paths), strict=True):
            print("ran", path.stem, file=sys.stderr)
