"""The course on the site: lessons, exercises and reports, from a server and from the one file."""

import csv
import re
import shutil
from pathlib import Path

import nbformat
import pytest
from visits import ALIVE, LESSON, PHONE, ROOT, alive, fits, pictured

from oomlab.cli import main
from oomlab.doors.materials import handed_out

pytestmark = [pytest.mark.browser, pytest.mark.timeout(300)]
REPORT = (ROOT / "tests" / "data" / "reports" / "6.1-global.txt").read_text()
FIND_CYCLE = """\
def find_cycle(graph):
    def walk(way):
        for node in graph.get(way[-1], []):
            if node in way:
                return way[way.index(node) :]
            if node not in done and (found := walk([*way, node])):
                return found
        done.add(way[-1])
        return []
    done = set()
    __import__("sys").setrecursionlimit(10**5)
    return next(filter(None, (walk([node]) for node in graph if node not in done)), [])
"""
PICTURE_IS_ANOTHER = """(before) =>
    document.querySelector(".oomlab:has(.dragged) img.oomlab-figure").src !== before"""


def test_the_widgets_of_a_lesson_live_and_keep_their_answers(visit, home):
    page = visit(f"{home}{LESSON}.html")
    below = page.locator("h2", has_text="The marks at work")
    page.locator(".oomlab.asks").wait_for()
    assert not below.is_visible()
    for question in page.locator(".oomlab fieldset").all():
        question.get_by_role("radio").first.check()
        question.get_by_role("button").click()
    below.wait_for()
    assert not page.locator(".oomlab-static").first.is_visible()
    number = page.get_by_role("slider", name="cache", exact=True)
    figure = page.locator(".oomlab:has(.dragged) img.oomlab-figure")
    before = figure.get_attribute("src")
    number.press("Home")
    page.wait_for_function(PICTURE_IS_ANOTHER, arg=before, timeout=ALIVE)
    page.reload()
    locked = page.get_by_role("button", name="locked")
    locked.nth(2).wait_for()  # before the widgets live, the rest of the lesson is there to read
    assert locked.count() == 3 and below.is_visible()

    # A link to a place of a lesson shows that place; a cell of the heat map opens its run below.
    page.goto(f"{home}course/12-what-linux-did.html#scenarios-against-versions")
    page.get_by_role("button", name="stuck-writer under linux-4.6: livelock").click()
    end = page.locator(".oomlab .outcome", has_text="linux-4.6: livelock; asker loops")
    end.wait_for(timeout=ALIVE)
    assert page.locator("text=model not found").count() == 0


def test_a_lesson_is_offered_as_the_notebook_that_students_get(visit, home):
    page = visit(f"{home}{LESSON}.html")
    with page.expect_download() as saved:
        page.get_by_role("link", name="Open as a notebook").click()
    name = saved.value.suggested_filename
    content = Path(saved.value.path()).read_bytes()
    assert content == handed_out(ROOT / "notebooks" / name)
    nbformat.validate(nbformat.reads(content.decode(), as_version=4))


def test_an_exercise_that_was_written_in_the_page_is_graded(visit, home, tmp_path):
    page = visit(f"{home}exercises/level-1.html")
    box = page.locator(".oomlab-exercise[data-exercise=find-cycle]")
    box.get_by_label("your code for find-cycle").fill(FIND_CYCLE)
    box.get_by_role("button", name="check").press("Enter")
    box.locator("pre", has_text="visible checks passed: 5 of 5").wait_for(timeout=ALIVE)
    page.reload()  # this browser has kept it
    with page.expect_download() as saved:
        page.get_by_role("button", name="save as a notebook").press("Enter")
    saved.value.save_as(tmp_path / "ann" / saved.value.suggested_filename)
    graded = tmp_path / "graded"
    grade = ["grade", str(tmp_path / "ann"), "--exercises", str(ROOT / "exercises")]
    assert main([*grade, "--out", str(graded)]) == 0
    (line,) = csv.DictReader((graded / "results.csv").open())
    assert (line["student"], line["find-cycle"], line["badness"]) == ("ann", "8", "0")


def test_one_file_from_a_disk_has_lab_report_and_exercises(visit, built, tmp_path):
    """Away from the site that it was made of."""
    file = Path(shutil.copy(built / "oomlab.html", tmp_path)).as_uri()
    page = visit(file, viewport=PHONE)
    lab = page.locator(".oomlab")
    lab.locator("canvas").wait_for()
    alive(page)
    lab.locator('[data-control="policy"]').select_option("handa")
    page.wait_for_url(re.compile("policy=handa"))

    page.goto(f"{file}#page=explain.html")
    page.locator(".oomlab textarea").fill(REPORT)
    page.get_by_role("button", name="explain").click()
    page.get_by_role("status").filter(has_text="The kernel killed m3 (87)").wait_for()
    page.locator(".oomlab .picture svg").wait_for()
    page.get_by_role("button", name="summary of all reports").click()
    page.locator("#report-summary", has_text="m3 (87)").wait_for()
    assert fits(page)
    pictured(page, "why-in-one-file")

    page.goto(f"{file}#page={LESSON}.html")
    page.locator("h1", has_text="Pages, watermarks").wait_for()
    with page.expect_download() as saved:
        page.get_by_role("link", name="Open as a notebook").click()
    assert nbformat.read(saved.value.path(), as_version=4).cells
    page.locator("article a[href*='glossary.html']").first.click()
    page.locator("h1", has_text="Glossary").wait_for()
    page.go_back()
    page.locator("h1", has_text="Pages, watermarks").wait_for()
    page.goto(f"{file}#page={LESSON}.html#the-marks-at-work")  # what stands behind a question
    page.locator("h2", has_text="The marks at work").wait_for()
    page.locator(".skip-to-content").press("Enter")  # on this page, not on the frame's
    page.locator("h1", has_text="Pages, watermarks").wait_for()
    page.goto(f"{file}#page=toString")
    page.locator("article", has_text="This file has no page toString; here is the lab.").wait_for()

    page.goto(f"{file}#page=exercises/level-1.html")
    box = page.locator(".oomlab-exercise[data-exercise]:has(.check)").first
    box.locator("button.check").click()
    box.locator("pre", has_text="visible checks").wait_for()
    with page.expect_download() as saved:
        page.get_by_role("button", name="save as a notebook").click()
    assert saved.value.suggested_filename == "level-1.ipynb"
    assert fits(page)
    pictured(page, "exercise-in-one-file")
