"""Every notebook runs from a clean kernel to its end in a minute, and is committed without output.

Where there is a browser, tests/browser runs some in JupyterLab, in a minute each, and `make fuzz`
all; here they run where there is none, and the code of the quick ones always. How long each took is
in pytest's list of slowest tests.
"""

import io
from contextlib import redirect_stdout
from pathlib import Path

import nbformat
import pytest
from chromium import CHROMIUM
from nbclient import NotebookClient

WIDEST = 110  # letters that stand in one line of JupyterLab, 1280 pixels wide
NOTEBOOKS = sorted((Path(__file__).parents[1] / "notebooks").glob("*.ipynb"))
each_notebook = pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)

if not CHROMIUM:

    @each_notebook
    @pytest.mark.timeout(60)
    def test_runs(path):
        notebook = nbformat.read(path, as_version=4)
        NotebookClient(notebook, resources={"metadata": {"path": path.parent}}).execute()


@pytest.mark.parametrize("number", ["02", "03", "05", "08", "10"])  # half a second each
def test_the_code_of_the_quick_lessons_runs(number, monkeypatch):
    """In this process: its last cells say whether what the lesson says is still true."""
    (path,) = (path for path in NOTEBOOKS if path.stem.startswith(f"{number}-"))
    monkeypatch.chdir(path.parent)
    names, printed = {"display": lambda *shown: None}, io.StringIO()
    with redirect_stdout(printed):
        for cell in nbformat.read(path, as_version=4).cells:
            if cell.cell_type == "code":
                exec(compile(cell.source, path.name, "exec"), names)
    for line in printed.getvalue().splitlines():  # a longer one is broken, in a number perhaps
        assert len(line) <= WIDEST, line


@each_notebook
def test_is_stored_clean(path):
    notebook = nbformat.read(path, as_version=4)
    nbformat.validate(notebook)
    # Another kernel's name would make JupyterLab ask before the first cell runs.
    assert notebook.metadata.kernelspec.name == "python3"
    for cell in notebook.cells:
        if cell.cell_type == "code":
            assert (cell.outputs, cell.execution_count) == ([], None), cell.source
