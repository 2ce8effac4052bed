"""What a student sees: each notebook opens and runs to its end in JupyterLab, in a browser."""

from pathlib import Path

import pytest
from wide import TIMES

ALL = sorted((Path(__file__).parents[2] / "notebooks").glob("*.ipynb"))
# These have each kind of widget between them, and `make fuzz` takes all. The code of the quick ones
# among the others is run by tests/test_notebooks.py.
SOME = ("03", "05", "12", "15")
NOTEBOOKS = [p for p in ALL if TIMES > 1 or p.stem.partition("-")[0] in SOME]


@pytest.mark.browser
@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_notebook_runs_to_the_end(open_notebook, path):
    notebook = open_notebook(path.name)
    notebook.run_all()
    notebook.picture(path.stem)
