"""What a student sees: each notebook opens and runs to its end in JupyterLab, in a browser."""

from pathlib import Path

import pytest

NOTEBOOKS = sorted((Path(__file__).parents[2] / "notebooks").glob("*.ipynb"))


@pytest.mark.browser
@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_notebook_runs_to_the_end(open_notebook, path):
    notebook = open_notebook(path.name)
    notebook.run_all()
    notebook.picture(path.stem)
