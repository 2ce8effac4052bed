"""A run to step through: its sentences and the text above it move the cursor, kernel or not."""

import pytest

pytestmark = pytest.mark.browser

CELL = """\
from IPython.display import Markdown, display
from oomlab.lab import TimelineView
display(Markdown("The hog is killed at step [4](#step-4)."))
TimelineView("hidden-sharer", "rfc-2015-11-25", sharer="init")"""


def test_sentences_and_text_move_the_cursor(open_notebook, write):
    notebook = open_notebook(write("timeline.ipynb", CELL))
    notebook.run_all()
    view = notebook.page.locator(".oomlab")
    says, lit = view.locator("p.now"), view.locator(".events .lit")
    view.get_by_role("button", name="step 12").first.click()
    assert says.inner_text().startswith("Step 12 of 14") and lit.count() == 3
    address = notebook.page.url
    notebook.page.get_by_role("link", name="4", exact=True).click()
    assert says.inner_text().startswith("Step 4 of 14")
    assert lit.all_inner_texts() == ["step 4 hog is killed"] and notebook.page.url == address
    static = notebook.page.locator(".oomlab-static")
    assert static.count() == 1 and not static.is_visible()  # it is there for where no widget lives
    notebook.picture("timeline_view")
