"""The lessons, run when the site is built, two at a time, each in a kernel of its own.

Each page offers its lesson as a notebook, as students get it.
"""

import os
import re
import shutil
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import bake
import nbformat
from nbclient import NotebookClient

from oomlab.doors.materials import handed_out

HERE = Path(__file__).parent
NOTEBOOKS = HERE.parent / "notebooks"
OFFER = """\
<p class="oomlab-offer"><a download href="../_static/notebooks/{name}">Open as a notebook</a>:
save the file, then <code>pip install 'oomlab[lab]'</code> and
<code>jupyter lab {name}</code>.{more}</p>
"""
RECORDINGS = (
    " It reads recordings of real kernels: unpack "
    '<a download href="../_static/notebooks/recordings.zip">these</a> beside it. Or '
    "<code>oomlab course DIR</code> writes the whole course, recordings and all."
)
SHEET = re.compile(r"(\]\(\.\./exercises/level-\d)\.ipynb")  # which is a page here
READS = re.compile(r"""["']recordings\b""")  # a path, and no module's name


def offer(path: Path, notebook: nbformat.NotebookNode, folder: Path) -> None:
    """Lay the notebook into `folder`, name it below the head of its page, and link to pages."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / path.name).write_bytes(handed_out(path))
    code = "".join(cell.source for cell in notebook.cells if cell.cell_type == "code")
    words = OFFER.format(name=path.name, more=RECORDINGS * bool(READS.search(code)))
    for cell in notebook.cells:
        if cell.cell_type == "markdown":
            cell.source = SHEET.sub(r"\1.md", cell.source)
    notebook.cells.insert(1, nbformat.v4.new_markdown_cell(words))


def run_one(path: Path, notebooks: Path) -> None:
    """Run a notebook in place. CellExecutionError, with the cell and what it raised."""
    notebook = nbformat.read(path, as_version=4)
    # Its widgets are to be drawn by the page, not by Jupyter.
    path_of_modules = os.pathsep.join([str(HERE / "standin"), os.environ.get("PYTHONPATH", "")])
    client = NotebookClient(
        notebook, timeout=120, resources={"metadata": {"path": path.parent}}, kernel_name="python3"
    )
    client.execute(env=os.environ | {"PYTHONPATH": path_of_modules})
    bake.in_outputs(notebook)
    offer(path, notebook, notebooks)
    nbformat.write(notebook, path)


def run(paths: list[Path], notebooks: Path) -> None:
    """Run them all, and lay each into `notebooks`; the first that fails ends the build."""
    shutil.make_archive(str(notebooks / "recordings"), "zip", NOTEBOOKS, "recordings")
    os.environ.setdefault("JUPYTER_PLATFORM_DIRS", "1")
    with ThreadPoolExecutor(2) as pool:
        done = pool.map(lambda path: run_one(path, notebooks), paths)
        for path, _ in zip(paths, done, strict=True):
            print("ran", path.stem, file=sys.stderr)
