"""The site as one file: opened from a disk, alone, it has all its pages and its own Python."""

import re
import shutil
from pathlib import Path

import pytest
from laboratory import ARTIFACTS

pytestmark = pytest.mark.browser
REPORT = Path(__file__).parents[1] / "data" / "reports" / "6.1-global.txt"
ALIVE = 90_000  # Python starts in a few seconds, on a busy machine in many


@pytest.fixture(scope="module")
def single(site, tmp_path_factory):
    """The file, away from the site that it was made of."""
    return shutil.copy(site / "oomlab.html", tmp_path_factory.mktemp("single"))


@pytest.fixture
def opened(single, browser):
    """Call it with a fragment: a page of the file; a request or a complaint fails the test."""
    asked, wrong, pages = [], [], []

    def open_one(fragment="", **how):
        page = browser.new_page(**how)
        page.on("request", lambda request: asked.append(request.url))
        page.on("pageerror", lambda error: wrong.append(str(error)))
        page.on("console", lambda m: m.type == "error" and wrong.append(m.text))
        page.goto(Path(single).as_uri() + fragment)
        pages.append(page)
        return page

    yield open_one
    for page in pages:
        page.close()
    assert not wrong
    assert {url.split(":")[0] for url in asked} <= {"file", "data", "blob"}
    assert sum(url.startswith("file:") for url in asked) == len(pages)


def test_the_lab_is_alive_and_its_address_opens_the_same_step(opened):
    page = opened()
    lab = page.locator(".oomlab")
    lab.locator("canvas").wait_for()  # before Python is there
    lab.locator('[data-control="policy"]').select_option("handa")
    page.wait_for_url(re.compile("policy=handa"), timeout=ALIVE)
    lab.locator("canvas").focus()
    for _ in range(4):
        page.keyboard.press("ArrowRight")
    page.wait_for_url(re.compile("step=5"))
    lab.get_by_role("button", name="every schedule").click()
    lab.locator(".explored", has_text="no-victim-lost").wait_for(timeout=ALIVE)
    ARTIFACTS.mkdir(exist_ok=True)
    page.screenshot(path=ARTIFACTS / "single-lab.png", full_page=True)

    again = opened("#" + page.url.partition("#")[2])
    said = again.locator(".oomlab .now", has_text="Step 5 of").first
    said.wait_for(timeout=ALIVE)
    assert said.inner_text() == lab.locator(".now").first.inner_text()


def test_a_report_is_read_and_other_pages_open_in_its_place(opened):
    page = opened("#page=why.html")
    page.locator(".oomlab textarea").fill(REPORT.read_text())
    page.get_by_role("button", name="explain").click()
    page.locator(".oomlab .picture svg").wait_for(timeout=ALIVE)
    ARTIFACTS.mkdir(exist_ok=True)
    page.screenshot(path=ARTIFACTS / "single-why.png", full_page=True)
    page.locator(".sidebar-tree").get_by_role("link", name="1. Memory runs out").click()
    page.locator("h1", has_text="Memory runs out").wait_for()
    assert page.title().startswith("1. Memory runs out")
    page.locator("article a[href*='glossary.html']").first.click()
    page.wait_for_url(re.compile("#page=docs/glossary.html"))
    page.locator("h1", has_text="Glossary").wait_for()
    page.go_back()
    page.locator("h1", has_text="Memory runs out").wait_for()
    page.screenshot(path=ARTIFACTS / "single-lesson.png")


def test_an_exercise_is_checked_and_saved(opened):
    page = opened("#page=exercises/level-1.html", viewport={"width": 360, "height": 740})
    box = page.locator(".oomlab-exercise[data-exercise]:has(.check)").first
    box.locator("button.check").click()
    box.locator("pre", has_text="visible checks").wait_for(timeout=ALIVE)
    with page.expect_download() as saved:
        page.get_by_role("button", name="save as a notebook").click()
    assert saved.value.suggested_filename == "level-1.ipynb"
    assert page.evaluate("document.documentElement.scrollWidth") <= 360
