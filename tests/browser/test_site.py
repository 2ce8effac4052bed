"""The site as its visitors meet it: from a server, and as the one file that opens from a disk."""

import fcntl
import re
import shutil
import subprocess
import sys
import threading
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from laboratory import ARTIFACTS

from oomlab.doors.site import server

pytestmark = [pytest.mark.browser, pytest.mark.timeout(300)]
ROOT = Path(__file__).parents[2]
REPORT = (ROOT / "tests" / "data" / "reports" / "6.1-global.txt").read_text()
ALIVE = 90_000  # Python starts in a few seconds, on a busy machine in many
PHONE = {"width": 360, "height": 740}


@pytest.fixture(scope="session")
def built(tmp_path_factory, worker_id):
    """The folder of a site with one lesson, built once however many workers run the tests."""
    if shutil.which("npm") is None:
        pytest.skip("npm is not installed; it fetches Python for the browser")
    home = tmp_path_factory.getbasetemp()
    home = home if worker_id == "master" else home.parent
    site = home / "site"
    with (home / "site.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (site / "oomlab.html").exists():
            build = [sys.executable, ROOT / "site" / "build.py", "--out", site, "--lessons", "01"]
            subprocess.run(build, check=True, cwd=home)
    return site


@pytest.fixture(scope="module")
def home(built):
    """The address of the site."""
    with server(built, 0) as serving:
        threading.Thread(target=serving.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{serving.server_port}/"
        serving.shutdown()


@pytest.fixture
def visit(browser):
    """Call it with an address: a page in a new profile; complaints and strange requests fail."""
    asked, wrong, pages = [], [], []

    def open_one(address, **how):
        page = browser.new_page(**how)
        page.on("request", lambda request: asked.append(request.url))
        page.on("pageerror", lambda error: wrong.append(str(error)))
        page.on("console", lambda m: m.type == "error" and wrong.append(m.text))
        page.goto(address)
        pages.append(page)
        return page

    yield open_one
    for page in pages:
        page.close()
    assert not wrong
    assert {urlsplit(url).hostname for url in asked} <= {None, "", "127.0.0.1"}
    if asked[0].startswith("file:"):  # all is in it: nothing else is asked for
        assert {url for url in asked if not url.startswith(("data:", "blob:"))} == {asked[0]}


def alive(page):
    page.locator("body[data-python=ready]").wait_for(timeout=ALIVE)


def fits(page):
    return page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def pictured(page, name):
    ARTIFACTS.mkdir(exist_ok=True)
    page.screenshot(path=ARTIFACTS / f"site-{name}.png", full_page=True)


def test_the_lab_runs_a_typed_patch_and_a_link_from_it_opens_the_same_step(visit, home):
    page = visit(f"{home}lab.html")
    lab = page.locator(".oomlab")
    lab.locator("canvas").wait_for()  # before Python is there
    alive(page)
    lab.get_by_role("button", name="every schedule").click()
    lab.locator(".explored", has_text="no-victim-lost is violated").wait_for()
    lab.locator("canvas").focus()
    page.keyboard.press("End")
    page.wait_for_url(re.compile("schedule=[0-9,]+&step=18"))
    said = lab.locator(".now").first.inner_text()
    copied = page.url
    pictured(page, "lab")

    page.locator("summary", has_text="A patch of your own").click()
    text = page.get_by_label("the patch, as Python text")
    example = text.input_value()
    text.fill(f"{example}\nnonsense")
    page.locator("#run-patch").click()
    says = page.locator("#patch-says")
    says.filter(has_text="nonsense").wait_for()
    text.fill(example.replace("slot per memcg", "my own slots"))
    page.locator("#run-patch").click()
    says.filter(has_text="The lab now runs your patch").wait_for()
    lab.locator("canvas").wait_for()
    assert lab.locator('[data-control="policy"]').input_value() == "my own slots"
    page.wait_for_url(re.compile("patch=.*my.own.slots"))
    pictured(page, "patch")

    again = visit(copied, viewport=PHONE)
    now = again.locator(".oomlab .now", has_text="Step 18 of").first
    now.wait_for(timeout=ALIVE)
    assert now.inner_text() == said
    assert fits(again)
    pictured(again, "link-on-a-phone")


def test_every_kind_of_page_fits_a_phone(visit, home):
    page = visit(home, viewport=PHONE)
    kinds = ("course/01-memory-runs-out", "reference/presets", "docs/glossary", "exercises/level-2")
    for kind in kinds:
        page.goto(f"{home}{kind}.html")
        assert page.locator("h1").count() == 1
        assert fits(page), kind


def test_one_file_from_a_disk_has_lab_report_and_exercises(visit, built, tmp_path):
    """Away from the site that it was made of; Python starts once."""
    file = Path(shutil.copy(built / "oomlab.html", tmp_path)).as_uri()
    page = visit(file, viewport=PHONE)
    lab = page.locator(".oomlab")
    lab.locator("canvas").wait_for()
    alive(page)
    lab.locator('[data-control="policy"]').select_option("handa")
    page.wait_for_url(re.compile("policy=handa"))

    page.goto(f"{file}#page=why.html")
    page.locator(".oomlab textarea").fill(REPORT)
    page.get_by_role("button", name="explain").click()
    page.get_by_role("status").filter(has_text="The kernel killed m3 (87)").wait_for()
    page.locator(".oomlab .picture svg").wait_for()
    page.get_by_role("button", name="summary of all reports").click()
    page.locator("#report-summary", has_text="m3 (87)").wait_for()
    assert fits(page)
    pictured(page, "why-in-one-file")

    page.goto(f"{file}#page=course/01-memory-runs-out.html")
    page.locator("h1", has_text="Memory runs out").wait_for()
    page.locator("article a[href*='glossary.html']").first.click()
    page.locator("h1", has_text="Glossary").wait_for()
    page.go_back()
    page.locator("h1", has_text="Memory runs out").wait_for()

    page.goto(f"{file}#page=exercises/level-1.html")
    box = page.locator(".oomlab-exercise[data-exercise]:has(.check)").first
    box.locator("button.check").click()
    box.locator("pre", has_text="visible checks").wait_for()
    with page.expect_download() as saved:
        page.get_by_role("button", name="save as a notebook").click()
    assert saved.value.suggested_filename == "level-1.ipynb"
    assert fits(page)
    pictured(page, "exercise-in-one-file")
