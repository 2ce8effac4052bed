"""What the tests of the site do on its pages, and where these are."""

from pathlib import Path

from drive_jupyterlab import ARTIFACTS

ROOT = Path(__file__).parents[2]
ALIVE = 90_000  # Python starts in a few seconds, on a busy machine in many
PHONE = {"width": 360, "height": 740}
LESSON = "course/02-pages-and-reserves"


def alive(page):
    page.locator("body[data-python=ready]").wait_for(timeout=ALIVE)


def fits(page):
    return page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def pictured(page, name):
    ARTIFACTS.mkdir(exist_ok=True)
    page.screenshot(path=ARTIFACTS / f"site-{name}.png", full_page=True)
