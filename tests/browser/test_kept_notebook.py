"""A notebook that was saved shows its runs again: without a kernel, without trust, as a page."""

import json
from urllib.request import urlopen

import nbformat
import pytest
from nbclient import NotebookClient
from nbconvert import HTMLExporter

pytestmark = pytest.mark.browser
CELLS = [
    'from oomlab.lab import PolicyLab\nPolicyLab("lost-victim", "rfc-2015-11-25")',
    'import oomlab\noomlab.lab.figures.lanes.figure(oomlab.run("lost-victim"))',
]


def test_a_saved_notebook_opened_again_steps_without_a_kernel(open_notebook, write, lab):
    notebook = open_notebook(write("kept.ipynb", *CELLS))
    notebook.run_all()
    notebook.page.locator(".oomlab canvas").wait_for()
    notebook.page.evaluate("jupyterapp.commands.execute('docmanager:save')")
    notebook.rest()
    kept = lab.root / "kept.ipynb"
    notebook.page.wait_for_timeout(500)
    saved = json.loads(kept.read_text())
    assert saved["metadata"]["widgets"]
    # Exported from here, it is the page in a frame, which needs no script of another host.
    page = urlopen(f"{lab.url}nbconvert/html/kept.ipynb?token={lab.token}").read().decode()
    assert (
        page.count("srcdoc=") == 1
        and '<script type="application/vnd.jupyter.widget-view' not in page
    )

    (lab.root / "again.ipynb").write_text(kept.read_text())
    opened = open_notebook("again.ipynb")  # with a kernel that has run nothing
    again = opened.page
    again.locator(".oomlab canvas").focus()
    again.keyboard.press("ArrowRight")
    assert "Step 2 of" in again.locator(".oomlab .now").first.inner_text()
    assert "model not found" not in again.inner_text("body")
    opened.complaints[:] = [c for c in opened.complaints if not c.startswith("No such comm")]

    saved["cells"][0]["outputs"][0]["execution_count"] = 77  # as from another machine: no trust
    (lab.root / "strange.ipynb").write_text(json.dumps(saved))
    strange = open_notebook("strange.ipynb").page
    pictures = strange.locator(".jp-OutputArea-output img")
    pictures.nth(1).wait_for()
    for number in (0, 1):
        assert pictures.nth(number).get_attribute("alt").startswith("Lanes of ")
        assert pictures.nth(number).evaluate("image => image.naturalWidth") > 500


def test_a_page_made_of_a_notebook_scrubs_with_nothing_else(tmp_path, browser):
    cells = [nbformat.v4.new_code_cell(source) for source in CELLS[:1]]
    notebook = nbformat.v4.new_notebook(cells=cells)
    NotebookClient(notebook, store_widget_state=False).execute()
    (tmp_path / "kept.html").write_text(HTMLExporter().from_notebook_node(notebook)[0], "utf-8")
    page = browser.new_page()
    page.goto((tmp_path / "kept.html").as_uri())
    run = page.frame_locator("iframe")
    run.locator("canvas").focus()
    page.keyboard.press("ArrowRight")
    assert "Step 2 of" in run.locator(".now").first.inner_text()
    assert page.locator("iframe").get_attribute("title").startswith("lost-victim")
