"""The policy lab in JupyterLab: by mouse and by keyboard, its looks and its manners."""

import pytest
from axe_playwright_python.sync_playwright import Axe
from drive_jupyterlab import ARTIFACTS

pytestmark = pytest.mark.browser


def pixels(lab):
    return lab.locator("canvas").first.evaluate("canvas => canvas.toDataURL()")


def seen(lab):
    """What a change must change: the picture, the log, and the sentence."""
    return pixels(lab), lab.locator(".log").inner_text(), lab.locator(".outcome").inner_text()


PANIC = '[data-control="knob panic_on_oom"]'


def test_a_knob_by_mouse_and_by_keyboard(open_lab):
    notebook, lab = open_lab("invisible-dependency", "linux-4.4")
    before = seen(lab)
    lab.locator("summary").first.click()
    lab.get_by_label("find a knob").fill("panic_on_oom sysctl")  # its group opens
    assert lab.locator(".knob:visible").count() == 1
    lab.locator(PANIC).select_option("1")
    lab.locator(".outcome").filter(has_text="panic").wait_for()
    by_mouse = seen(lab)
    assert all(a != b for a, b in zip(before, by_mouse, strict=True))
    assert "turned: panic_on_oom" in lab.locator("summary").first.inner_text()

    knob = lab.locator(PANIC)
    knob.focus()
    notebook.page.keyboard.press("ArrowUp")
    lab.locator(".outcome").filter(has_not_text="panic").wait_for()
    assert seen(lab) == before
    notebook.rest()
    focused = "document.activeElement.dataset.control"
    assert notebook.page.evaluate(focused) == "knob panic_on_oom"


def test_step_scrub_and_jump_by_keyboard(open_lab):
    notebook, lab = open_lab("lost-victim", "rfc-2015-11-25")
    canvas, now, press = lab.locator("canvas"), lab.locator(".now"), notebook.page.keyboard.press
    canvas.focus()
    keys = {"ArrowRight": 2, "Shift+ArrowRight": 12, "ArrowLeft": 11, "Home": 0, "PageDown": 3}
    for key, step in keys.items():
        press(key)
        assert now.first.inner_text().startswith(f"Step {step} ")
        assert canvas.get_attribute("aria-valuenow") == str(step)
        assert canvas.get_attribute("aria-valuetext") == now.first.inner_text()
    assert "SIGKILL victim" in now.first.inner_text()
    for _ in range(5):
        press("ArrowDown")
    assert "victim2: asleep, waiting for a disk that never answers" in (
        lab.locator(".lane").inner_text()
    )
    assert "SIGKILL pending" in lab.locator(".lane").inner_text()
    press("End")
    assert lab.locator(".log div.now").inner_text() == lab.locator(".log div").last.inner_text()


def test_a_fault_of_ours_is_said_in_place_and_fails_the_test(open_lab):
    notebook, lab = open_lab("lost-victim", "linux-4.4")
    run = 'lab.controller.export = lambda form: {}["lost"]'
    notebook.page.evaluate(
        "code => jupyterapp.shell.currentWidget.sessionContext.session.kernel"
        ".requestExecute({code}).done",
        run,
    )
    lab.get_by_role("button", name="save JSON").click()
    lab.get_by_role("alert").filter(has_text="oomlab itself failed: KeyError").wait_for()
    notebook.rest()
    assert "KeyError: 'lost'" in "\n".join(notebook.complaints)
    notebook.complaints.clear()


def test_nothing_bars_anybody(open_lab):
    notebook, lab = open_lab("mmap-sem-writer", "linux-4.6")
    lab.locator("summary").first.click()
    lab.locator("summary").nth(1).click()
    lab.get_by_label("compare with").select_option("linux-4.4")
    lab.locator("canvas").nth(1).wait_for()
    lab.locator("canvas").first.focus()
    notebook.page.keyboard.press("PageDown")
    notebook.page.keyboard.press("ArrowDown")
    for look in ("Light", "Dark"):
        notebook.theme(f"JupyterLab {look}")
        notebook.picture(f"lab-{look.lower()}")
        assert not barred(notebook.page)


def barred(page):
    """What axe finds in the widget that keeps a person out."""
    found = Axe().run(page, context=".oomlab").response["violations"]
    grave = [v for v in found if v["impact"] in ("serious", "critical")]
    return [(v["id"], [n["html"] for n in v["nodes"]]) for v in grave]


def test_everything_fits_at_200_percent(open_lab):
    notebook, lab = open_lab("mmap-sem-writer", "linux-4.6")
    notebook.page.set_viewport_size({"width": 640, "height": 500})  # as a zoom of 200 % leaves
    notebook.page.evaluate("jupyterapp.commands.execute('application:toggle-left-area')")
    notebook.page.wait_for_timeout(500)
    lab.scroll_into_view_if_needed()
    notebook.picture("lab-zoomed")
    wide = lab.evaluate("box => [box.scrollWidth, box.clientWidth]")
    assert wide[0] <= wide[1]
    for control in lab.locator("button:visible, select:visible, input:visible, canvas").all():
        box, around = control.bounding_box(), lab.bounding_box()
        assert box["x"] + box["width"] <= around["x"] + around["width"] + 1
    lab.locator("summary").first.click()
    for look in ("Dark", "Light"):
        notebook.theme(f"JupyterLab {look}")
        assert not barred(notebook.page)


def test_predict_lock_reveal(open_notebook, write):
    cell = """\
import oomlab
from oomlab.lab import Prediction
asked = Prediction(oomlab.run("page-thieves", "handa"))
asked"""
    notebook = open_notebook(write("predict.ipynb", cell))
    notebook.run_all()
    lab = notebook.page.locator(".oomlab")
    stopped = lab.locator("canvas").evaluate("canvas => canvas.toDataURL()")
    assert "What happens next?" in lab.locator(".outcome").inner_text()
    notebook.picture("predict-before")
    for question in lab.locator("fieldset").all():
        assert question.get_by_role("button").is_disabled()
        question.get_by_role("radio").first.focus()
        notebook.page.keyboard.press("Space")
        question.get_by_role("button").press("Enter")
        assert question.get_by_role("radio").first.is_disabled()
        question.get_by_role("status").filter(has_text=": ").wait_for()
    assert "recovered" in lab.locator(".outcome").inner_text()
    assert lab.locator("canvas").evaluate("canvas => canvas.toDataURL()") != stopped
    found = Axe().run(notebook.page, context=".oomlab").response["violations"]
    assert not [v["id"] for v in found if v["impact"] in ("serious", "critical")]
    notebook.picture("predict-after")


FIGURES = """\
import oomlab
from IPython.display import display
from oomlab.lab import figures
deadlock = oomlab.run("decoy-children", "linux-4.4")
thieves = oomlab.run("page-thieves", "handa")
six_kinds = oomlab.run("mlocked-and-shared", "linux-4.6")
lost = oomlab.run("lost-victim", "rfc-2015-11-25")
shown = {
    "lanes": deadlock, "free_memory": thieves, "pages": thieves, "vmas": six_kinds,
    "waits": deadlock, "badness": deadlock, "sequence": lost,
}
for name, run in shown.items():
    display(getattr(figures, name).figure(run))
figures.two_policies.figure(oomlab.run("page-thieves", "linux-4.6"), thieves)"""


NAMES = ["lanes", "free_memory", "pages", "vmas", "waits", "badness", "sequence", "two_policies"]
PAPER = {"Light": [255, 255, 255], "Dark": [17, 20, 24]}
CORNER = """image => {
    const paper = new OffscreenCanvas(4, 4).getContext("2d");
    paper.drawImage(image, 0, 0, 4, 4, 0, 0, 4, 4);
    return [...paper.getImageData(1, 1, 1, 1).data].slice(0, 3);
}"""


def test_figures_are_shown_once_and_say_what_they_show(open_notebook, write):
    notebook = open_notebook(write("figures.ipynb", FIGURES))
    notebook.theme("JupyterLab Dark")  # the theme in which they are made
    notebook.run_all()
    shown = notebook.page.locator(".jp-OutputArea-output img.oomlab-figure")
    shown.nth(7).wait_for()
    assert shown.count() == 8
    for look in ("Dark", "Light", "Dark"):
        notebook.theme(f"JupyterLab {look}")
        for picture in shown.all():  # the theme of JupyterLab, not of the system
            assert picture.evaluate(CORNER) == PAPER[look]
        for number, figure in enumerate(NAMES):
            shown.nth(number).screenshot(path=ARTIFACTS / f"figure-{figure}-{look.lower()}.png")
    for picture in shown.all():
        sentence = picture.get_attribute("alt")
        assert sentence.endswith(".") and len(sentence) > 40
