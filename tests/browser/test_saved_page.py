"""A saved run opens from a file, without a server, and steps."""

import pytest
from axe_playwright_python.sync_playwright import Axe
from drive_jupyterlab import ARTIFACTS

import oomlab

pytestmark = pytest.mark.browser
FOUND = oomlab.explore("lost-victim", "rfc-2015-11-25")


def test_it_scrubs_from_a_file(tmp_path, browser):
    page = browser.new_page()
    asked, wrong = [], []
    page.on("request", lambda request: asked.append(request.url))
    page.on("pageerror", lambda error: wrong.append(str(error)))
    page.goto(FOUND.save(tmp_path / "story.html").as_uri())
    page.wait_for_selector("body.alive")
    failed = next(s for s in FOUND.steps if s.effect.startswith("busy"))
    page.locator("canvas").focus()
    for _ in range(failed.number - 1):
        page.keyboard.press("ArrowRight")
    assert page.locator(".now").first.inner_text().startswith(f"Step {failed.number} of")
    assert "busy with" in page.locator(".now").first.inner_text()
    assert not wrong and all(url.startswith(("file:", "data:", "blob:")) for url in asked)


@pytest.mark.parametrize("look", ["light", "dark"])
def test_both_policies_step_together_in_any_theme_at_any_width(tmp_path, browser, look):
    both = oomlab.compare("page-thieves", ("linux-4.6", "handa"), seeds=2)
    page = browser.new_page(color_scheme=look, viewport={"width": 360, "height": 740})
    page.goto(both.save(tmp_path / "both.html").as_uri())
    page.wait_for_selector("body.alive")
    assert page.locator("canvas").count() == 2
    page.get_by_role("button", name="step forward").click()
    said = page.locator(".now").first.inner_text()
    assert said.count("Step 2 of") == 2 and "linux-4.6" in said and "handa" in said
    assert page.evaluate("document.documentElement.scrollWidth") <= 360
    broken = Axe().run(page).response["violations"]
    assert not [v["id"] for v in broken if v["impact"] in ("serious", "critical")]
    page.screenshot(path=ARTIFACTS / f"saved-both-{look}.png", full_page=True)


def test_on_paper_and_without_scripts_all_is_told(tmp_path, browser):
    """What is folded away on a screen is open on paper."""
    saved = FOUND.save(tmp_path / "story.html").as_uri()
    page = browser.new_page(color_scheme="dark")
    page.goto(saved)
    page.wait_for_selector("body.alive")
    wide = page.locator("canvas").bounding_box()["width"]
    page.emulate_media(media="print")
    page.evaluate("dispatchEvent(new Event('beforeprint'))")
    # Paper is white, and not as wide as the screen: it is drawn for that, not shrunk.
    assert page.evaluate("getComputedStyle(document.querySelector('h1')).color") == "rgb(0, 0, 0)"
    assert page.locator("canvas").bounding_box()["width"] == 680
    assert not page.locator(".oomlab.dark").count()
    told = page.locator("main").inner_text()
    for part in (FOUND.sentence(), "Kill process", "The claim, as a sheet", "To discuss"):
        assert part in told
    assert not page.locator("button").first.is_visible()
    page.emulate_media(media="screen")
    page.evaluate("dispatchEvent(new Event('afterprint'))")
    assert page.locator("canvas").bounding_box()["width"] == wide
    assert page.locator(".oomlab.dark").count()
    dumb = browser.new_context(java_script_enabled=False).new_page()
    dumb.goto(saved)
    dumb.get_by_text("as a table").click()
    assert dumb.get_by_text("mm_to_reap is busy with victim1").first.is_visible()
