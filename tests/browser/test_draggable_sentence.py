"""A sentence whose numbers are dragged: by mouse and by keyboard, the figure follows."""

import pytest

pytestmark = pytest.mark.browser

CELL = """\
from oomlab.lab import Sentence
words = "Let {thieves} thieves ask for {pages} pages."
Sentence(words, "page-thieves", "linux-4.6", "pages", thieves=(0, 12), pages=(1, 60))"""


def test_a_number_is_dragged_and_the_figure_follows(open_notebook, write):
    notebook = open_notebook(write("sentence.ipynb", CELL))
    notebook.run_all()
    lab, press = notebook.page.locator(".oomlab"), notebook.page.keyboard.press
    thieves, end = lab.get_by_role("slider", name="thieves"), lab.locator(".outcome")
    picture = lab.locator("img.oomlab-figure")
    assert thieves.inner_text() == "8" and "panic" in end.inner_text()
    lab.get_by_role("slider", name="pages").press("End")
    notebook.rest()
    before = picture.get_attribute("src")
    thieves.focus()
    press("Home")
    end.filter(has_text="recovered").wait_for()
    assert thieves.get_attribute("aria-valuenow") == "0"
    assert picture.get_attribute("src") != before
    press("ArrowLeft")  # there is no less
    assert thieves.inner_text() == "0"
    box = thieves.bounding_box()
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    notebook.page.mouse.move(x, y)
    notebook.page.mouse.down()
    for dx in range(0, 161, 20):
        notebook.page.mouse.move(x + dx, y)
    notebook.page.mouse.up()
    end.filter(has_text="panic").wait_for()
    notebook.rest()
    assert picture.get_attribute("src") == before and thieves.inner_text() == "8"
    # What a page without a kernel shows is there, and hidden while the widget lives.
    plain = notebook.page.locator(".oomlab-static")
    assert not plain.is_visible()
    assert "Let 8 thieves ask for 4 pages. panic: " in plain.text_content()
    notebook.picture("sentence")
