"""A lesson asks, waits for the answer, and keeps it: in JupyterLab, saved and opened again."""

import pytest
from drive_jupyterlab import SESSION

pytestmark = pytest.mark.browser

ASKS, REST = 'from oomlab.lab import Prediction\nPrediction("marks")', 'print("the rest")'


def rest_is(notebook):
    """How the cell below the questions is shown."""
    cell = notebook.page.locator(".jp-Notebook .jp-Cell").nth(1)
    return cell.evaluate("cell => getComputedStyle(cell).visibility")


def test_the_trace_keeps_its_width_in_another_theme(open_notebook, write):
    """While JupyterLab changes its theme nothing has a width; a picture of that is a smear."""
    asks = 'from oomlab.lab import Prediction\nPrediction("memory-runs-out")'
    notebook = open_notebook(write("themes.ipynb", asks))
    notebook.run_all()
    canvas = notebook.page.locator(".oomlab canvas")
    for look in ("Dark", "Light"):
        notebook.theme(f"JupyterLab {look}")
        drawn, shown = canvas.evaluate("c => [c.width / devicePixelRatio, c.clientWidth]")
        assert drawn == shown > 500


def test_the_rest_waits_for_an_answer_and_the_answer_is_kept(open_notebook, write):
    name = write("asks.ipynb", ASKS, REST)
    first = open_notebook(name)
    first.run_all()
    assert rest_is(first) == "hidden"
    for number in range(3):
        field = first.page.locator("fieldset").nth(number)
        field.get_by_role("radio").first.check()
        field.get_by_role("button", name="lock my answer").click()
    first.rest()
    assert rest_is(first) == "visible"
    told = first.page.locator("fieldset").first.locator("[role=status]").inner_text()
    assert told.startswith("Not that: no, at min no") and "It is: yes, from the pages" in told
    first.page.evaluate("jupyterapp.commands.execute('docmanager:save')")
    first.page.wait_for_timeout(500)
    first.picture("prediction")
    first.page.evaluate(f"{SESSION}.shutdown()")  # what the kernel knew is gone
    first.page.goto("about:blank")

    again = open_notebook(name)
    again.page.locator("fieldset [role=status]").first.wait_for()  # the widgets that were saved
    again.run_all()
    assert rest_is(again) == "visible"
    assert again.page.locator("fieldset").first.locator("[role=status]").inner_text() == told
    assert again.page.get_by_role("button", name="lock my answer").count() == 0
