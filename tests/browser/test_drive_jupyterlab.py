"""The harness on trial: it moves a widget as a hand would, and it sees each kind of trouble."""

import pytest

pytestmark = pytest.mark.browser

SLIDER = """\
import ipywidgets
slider = ipywidgets.IntSlider(10, 0, 100)
label = ipywidgets.Label("at 10")
slider.observe(lambda change: setattr(label, "value", f"at {change.new}"), "value")
ipywidgets.VBox([slider, label])"""

BUTTON = """\
import ipywidgets
button = ipywidgets.Button(description="press")
button.on_click(lambda _: {}["lost"])
button"""

JAVASCRIPT = """\
from IPython.display import Javascript
Javascript('''
    console.error("spilt");
    setTimeout(() => nothing());
    fetch("http://example.org/").catch(() => 0);
    new WebSocket("ws://example.org/");
''')"""


def test_mouse_and_keyboard_reach_the_kernel(open_notebook, write):
    notebook = open_notebook(write("slider.ipynb", SLIDER))
    notebook.run_all()
    handle = notebook.page.locator(".noUi-handle")
    handle.press("ArrowRight")
    notebook.page.get_by_text("at 11", exact=True).wait_for()
    box = handle.bounding_box()
    notebook.page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    notebook.page.mouse.down()
    notebook.page.mouse.move(box["x"] + 1000, box["y"], steps=5)
    notebook.page.mouse.up()
    notebook.page.get_by_text("at 100", exact=True).wait_for()
    notebook.picture("slider")


def test_every_kind_of_trouble_is_seen(open_notebook, write):
    notebook = open_notebook(write("trouble.ipynb", BUTTON, JAVASCRIPT, "1 / 0"))
    with pytest.raises(AssertionError):
        notebook.run_all()
    notebook.page.get_by_role("button", name="press").click()
    notebook.rest()
    seen = "\n".join(notebook.complaints)
    notebook.complaints.clear()
    assert "ZeroDivisionError: division by zero" in seen
    assert "KeyError: 'lost'" in seen
    assert "spilt" in seen
    assert "nothing is not defined" in seen
    assert "request to http://example.org/" in seen
    assert "request to ws://example.org/" in seen
