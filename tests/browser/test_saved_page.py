"""A saved run opens from a file, without a server, and steps."""

import pytest

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
