"""What a notebook does to widgets: it shows one twice, it is stopped, its kernel is restarted."""

import pytest
from drive_jupyterlab import SESSION

pytestmark = pytest.mark.browser

MAKE = """\
from oomlab.lab import PolicyLab, Prediction, Sentence
lab = PolicyLab("oom-storm", "linux-4.6", policies=["linux-4.6"])
asks = Prediction("marks")
said = Sentence("Let {thieves} ask.", "page-thieves", "linux-4.6", "pages", thieves=(0, 12))"""


def test_a_widget_that_is_shown_twice_says_the_same_twice(open_notebook, write):
    """An answer that was locked in one view was once lost by locking the next in the other."""
    notebook = open_notebook(write("twice.ipynb", MAKE, *["lab", "asks", "said"] * 2))
    notebook.run_all()
    page, saved = notebook.page, []
    page.get_by_role("button", name="show the rest").first.click()
    questions = page.locator("fieldset")
    for n in (0, 4):  # the first question in one view, the second in the other
        questions.nth(n).get_by_role("radio").first.check()
        questions.nth(n).get_by_role("button", name="lock").click()
    notebook.rest()
    told = questions.locator("[role=status]").all_text_contents()
    assert told[:3] == told[3:] and told[0].startswith("Not that") and told[1] and not told[2]

    sliders = page.get_by_role("slider", name="thieves")
    for n, key, value in ((0, "Home", "0"), (1, "End", "12")):
        sliders.nth(n).press(key)
        notebook.rest()
        ends = page.locator(".oomlab:has(.says) .outcome").all_text_contents()
        assert sliders.all_text_contents() == [value] * 2 and ends[0] == ends[1]

    page.on("download", lambda download: saved.append(download.suggested_filename))
    page.get_by_role("button", name="save JSON").first.click()
    notebook.rest()
    assert saved == ["oomlab-oom-storm.json"]


def test_stop_ends_what_a_lab_does_and_a_lost_kernel_is_told(open_notebook, write):
    notebook = open_notebook(write("stopped.ipynb", MAKE, "lab", "asks"))
    notebook.run_all()
    lab = notebook.page.locator(".oomlab").first
    error, seed = lab.locator(".error").first, lab.locator('[data-control="seed"]')
    for button in ("every schedule", "draw all states"):
        lab.get_by_role("button", name=button).click()
        notebook.page.wait_for_timeout(600)
        notebook.page.evaluate(f"{SESSION}.kernel.interrupt()")
        error.filter(has_text="Stopped").wait_for()
        seed.press("ArrowUp")
        seed.press("Enter")
        error.filter(has_not_text="Stopped").wait_for(state="attached")
    notebook.rest()
    notebook.page.evaluate(f"{SESSION}.kernel.restart()")
    notebook.rest()
    seed.press("ArrowUp")
    seed.press("Enter")
    question = notebook.page.locator("fieldset").first
    question.get_by_role("radio").first.check()
    question.get_by_role("button", name="lock").click()
    for widget in notebook.page.locator(".oomlab").all():
        widget.locator(".error").first.filter(has_text="run this cell again").wait_for()
    assert any("No such comm" in line for line in notebook.complaints)
    notebook.complaints.clear()
