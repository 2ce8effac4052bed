"""The pages of the site: everybody can use them, and an address names what the lab shows."""

import re
from urllib.parse import unquote, urlsplit

import pytest
from axe_playwright_python.sync_playwright import Axe
from visits import ALIVE, LESSON, PHONE, alive, fits, pictured
from wide import TIMES

pytestmark = [pytest.mark.browser, pytest.mark.timeout(300)]
SERIOUS = ("serious", "critical")
CONTRAST = {"runOnly": ["color-contrast"]}
KINDS = (
    "lab",
    "explain",
    "search",
    "exercises/level-2",
    "reference/scenarios",
    "docs/scale",
    "docs/glossary",
)
PATCH = """base = "linux-4.6"
name = "mine"


def wake_oom_reaper(current, task, mm):
    pass
    yield "wake", "oom_reaper"
"""
# What has the focus: its name, whether it is on the screen, and whether one sees that it has it.
STOP = """() => {
    const at = document.activeElement, look = getComputedStyle(at);
    const box = at.getBoundingClientRect();
    const name = at.ariaLabel || at.labels?.[0]?.innerText || at.innerText || at.placeholder;
    if (at === document.body) return null;
    return {
        name: (name || "").trim(), marked: look.outlineStyle !== "none" || at.type === "checkbox",
        seen: box.width > 0 && box.right > 0 && box.left < innerWidth,
    };
}"""
HOSTILE = {
    "scenario=<script>alert(1)</script>": "no scenario '<script>alert(1)</script>'",
    "scenario=lost-victims": "did you mean 'lost-victim'?",
    "policy=%E0%A4%A": "no policy",
    "seed=1e400": "run takes seed as a whole number",
    "knobs=seed:3": "no knob or parameter 'seed'",
    "params=victims:99999999999": "a whole number from 0 to 100000",
    f"schedule={'101,' * 20_000}": "step 1: victim1(101) sleeps",
    "hand=102,zzz": "a schedule holds pids",
}


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


def test_the_picture_of_the_lab_needs_no_script_and_a_link_shows_no_other_run(visit, home):
    page = visit(f"{home}explain.html")
    page.route("**/start.js*", lambda route: route.fulfill(body="", content_type="text/javascript"))
    picture = page.get_by_role("img", name="Lanes of 6 tasks")
    for asked, shown in (("", True), ("#seed=4", False), ("#the-policy-lab", True)):
        page.goto("about:blank")
        page.goto(f"{home}lab.html{asked}")
        assert picture.count() == (1 if shown else 0)  # what is hidden has no role
    assert fits(page)


def test_the_lab_is_alive_after_seven_megabytes(visit, home, built):
    page, asked = visit("about:blank"), set()
    page.on("request", lambda request: asked.add(urlsplit(request.url).path.lstrip("/")))
    page.goto(f"{home}lab.html")
    alive(page)
    sizes = {name: (built / name).stat().st_size for name in asked if (built / name).is_file()}
    assert "_static/pyodide/pyodide.asm.wasm.gz" in sizes  # the worker's are counted, too
    assert 5e6 < sum(sizes.values()) < 7e6, sizes


def test_every_setting_is_in_the_address(visit, home):
    asked = 'scenario=lost-victim&policy=handa&other=linux-4.6&knobs=reaper:"slot"&params=victims:3'
    page = visit(f"{home}lab.html#{asked}&seed=4&step=7")
    now = page.locator(".oomlab .now").first
    now.filter(has_text="Step 7 of").wait_for(timeout=ALIVE)
    for said in ("other=linux-4.6", 'reaper:"slot"', "victims:3", "seed=4", "step=7"):
        assert said in unquote(page.url)
    page.get_by_role("button", name="play by hand from here").click()
    page.locator(".hand").get_by_role("button").first.click()
    page.wait_for_url(re.compile("hand=.*&step=8$"))
    said, copied = now.inner_text(), page.url
    again = visit(copied)
    again.get_by_role("region", name="you are the scheduler").wait_for(timeout=ALIVE)
    assert again.locator(".oomlab .now").first.inner_text() == said


def test_an_address_that_asks_for_nonsense_is_one_sentence(visit, home):
    page = visit(f"{home}lab.html")
    alive(page)
    error = page.locator(".oomlab .error")
    for asked, sentence in HOSTILE.items():
        page.goto(f"{home}lab.html#{asked}")  # in the same tab
        error.filter(has_text=sentence).wait_for(timeout=ALIVE)
        assert page.locator(".oomlab canvas").is_visible()


@pytest.mark.parametrize(
    ("theme", "width", "rules", "kinds"),
    [
        ("light", PHONE, {}, (*KINDS, LESSON)),
        ("dark", None, CONTRAST, (*KINDS, LESSON) if TIMES > 1 else ("lab", LESSON)),
    ],
)
def test_every_kind_of_page_fits_and_is_for_everybody(visit, home, theme, width, rules, kinds):
    """In the dark `make test` looks at the two pages with widgets, `make fuzz` at all."""
    page = visit(home, viewport=width, color_scheme=theme)
    for kind in kinds:
        page.goto(f"{home}{kind}.html")
        if kind == LESSON:
            page.get_by_role("button", name="show the rest without answering").click()
        assert page.locator("h1").count() == 1
        assert fits(page), kind
        assert not page.locator("dd", has_text=re.compile(r"^:|^Alias for field")).count(), kind
        found = Axe().run(page, options=rules).response["violations"]
        told = [(v["id"], v["nodes"][0]["html"]) for v in found if v["impact"] in SERIOUS]
        assert not told, (kind, theme, told)


def stops(page, most=120):
    """What Tab reaches, from the top of the page to its end: each is seen, named, and marked."""
    page.evaluate("scrollTo(0, 0); document.activeElement.blur()")
    found = []
    for _ in range(most):
        page.keyboard.press("Tab")
        stop = page.evaluate(STOP)
        if stop is None:
            return found
        found.append(stop["name"])
        assert stop["name"] and stop["marked"] and stop["seen"], stop
    raise AssertionError(f"a trap: {found[-5:]}")


def test_no_page_holds_the_keyboard_or_hides_where_it_is(visit, home):
    page = visit(home)
    for kind in (*KINDS, LESSON):
        page.goto(f"{home}{kind}.html")
        assert len(stops(page, 300)) > 20, kind


def test_everything_is_reached_with_the_keyboard(visit, home):
    page = visit(f"{home}lab.html")
    alive(page)
    reached = stops(page)
    for name in (
        "scenario",
        "policy",
        "seed",
        "every schedule",
        "timeline",
        "save HTML",
    ):
        assert any(each.startswith(name) for each in reached), (name, reached)
    assert any(re.match(r"\d+ knobs", each) for each in reached), reached
    lab = page.locator(".oomlab")
    lab.locator('[data-control="policy"]').focus()
    page.keyboard.type("linux-4.4")
    page.wait_for_url(re.compile("policy=linux-4.4"))
    lab.locator('[data-control="scenario"]').focus()
    page.keyboard.type("decoy-children")
    page.wait_for_url(re.compile("scenario=decoy-children"))
    lab.get_by_role("button", name="every schedule").press("Enter")
    lab.get_by_role("button", name="stop").press("Enter")
    lab.locator(".explored", has_text="Stopped before there was an answer").wait_for()

    page.set_viewport_size(PHONE)
    assert "2. Pages, watermarks and reserves" not in (folded := stops(page))
    page.get_by_label("Toggle site navigation").press("Space")
    page.wait_for_timeout(400)  # the drawer comes in
    assert len(stops(page)) > len(folded) + 10
    search = page.get_by_role("textbox", name="Search").or_(page.get_by_placeholder("Search"))
    search.fill("mmap_sem")
    search.press("Enter")
    page.locator("#search-results li a").first.wait_for()
    assert "words to look for" in stops(page)


def test_a_link_carries_patch_knobs_timers_and_hand_steps(visit, home):
    page = visit(f"{home}lab.html#scenario=invisible-dependency&policy=linux-4.6")
    alive(page)
    page.locator("summary", has_text="A patch of your own").click()
    text = page.get_by_label("the patch, as Python text")
    text.fill(PATCH.replace("pass", "task.nothing"))
    page.locator("#run-patch").click()
    says = page.locator("#patch-says")
    told = "the patch failed in line 6: Undeclared: task.nothing does not exist"
    says.filter(has_text=told).wait_for(timeout=ALIVE)
    text.fill(PATCH)
    page.locator("#run-patch").click()
    says.filter(has_text="The lab now runs your patch").wait_for(timeout=ALIVE)
    page.evaluate("document.querySelector('[data-control=\"knob reaper_naps\"]').click()")
    page.wait_for_url(re.compile("knobs=reaper_naps"))
    page.get_by_role("button", name="play by hand from the start").click()
    choices = page.get_by_role("group", name="which task moves next")
    choices.get_by_role("button", name="⏱").first.click()
    page.wait_for_url(re.compile(r"hand=\d+:\w+&step=1&"))
    choices.get_by_role("button").first.click()
    page.wait_for_url(re.compile(r"hand=\d+:\w+,[\d:\w]+&step=2&"))
    now = page.locator(".oomlab .now").first
    said, copied = now.inner_text(), page.url
    again = visit(copied)
    alive(again)
    again.locator("#patch-says", has_text="This link carries a patch").wait_for()
    again.locator("#run-patch").click()
    again.locator(".oomlab .now", has_text="Step 2 of").first.wait_for(timeout=ALIVE)
    assert again.locator(".oomlab .now").first.inner_text() == said
    again.wait_for_url(copied)
