"""The lab's picture: the state before the first step, one scale for two runs, a zoom that stays,
choices that light their lanes, and all that is used most on one screen."""

import re

import pytest

from oomlab.explorer import explore

pytestmark = pytest.mark.browser

LINES = """lab => [...lab.querySelectorAll(".cursor")]
    .map(({ style }) => Number(style.transform.match(/\\(([0-9.]+)px/)[1]))"""


def seen(lab):
    """The steps that a zoom shows: (first, last)."""
    words = lab.get_by_role("status").filter(has_text=re.compile("^steps ")).inner_text().split()
    return int(words[1]), int(words[3])


def test_the_cursor_can_stand_before_the_first_step(open_stage):
    lab = open_stage("lost-victim", "rfc-2015-11-25").lab
    lab.locator("canvas").focus()
    lab.page.keyboard.press("Home")
    assert lab.locator(".now").first.inner_text().startswith("Step 0 of 20: nothing has happened")
    assert lab.locator("canvas").get_attribute("aria-valuenow") == "0"
    lab.get_by_text("Code, state and waits before the first step:").wait_for()
    assert lab.locator(".code").inner_text() == "Nothing has run yet."
    assert lab.locator(".state td.changed").count() == 0
    assert "4058" in lab.locator(".state").inner_text()
    lab.page.keyboard.press("ArrowDown")
    assert lab.locator(".lane").inner_text() == "init: asleep, waiting for a signal since step 0."
    back = lab.get_by_role("button", name="step back")
    assert back.get_attribute("aria-disabled") == "true"
    lab.get_by_role("button", name="step forward").click()
    assert lab.locator(".now").first.inner_text().startswith("Step 1 of 20")
    back.click()
    lab.get_by_role("button", name="play by hand from here").click()  # which is from the start
    lab.locator(".outcome").filter(has_text="After 0 steps").wait_for()
    assert lab.locator(".now").first.inner_text().startswith("Step 0 of 0")
    lab.get_by_text("Code, state and waits before the first step:").wait_for()


def test_two_runs_have_one_scale_also_when_zoomed(open_stage):
    lab = open_stage("page-thieves", "linux-4.6").lab
    lab.locator('[data-control="other"]').select_option("handa")
    lab.locator(".parted").filter(has_text="a step stands below the same step").wait_for()
    lab.locator("canvas").first.focus()
    ends = [int(c.get_attribute("aria-valuemax")) for c in lab.locator("canvas").all()]
    assert ends[0] != ends[1]
    for key in ("Home", "ArrowRight", "Shift+ArrowRight", "+", "Shift+ArrowRight", "+", "PageDown"):
        lab.page.keyboard.press(key)
        first, second = lab.evaluate(LINES)
        assert first == second, key
    lab.page.keyboard.press("End")  # the shorter one stands at its own end, out of sight
    assert sum(lab.locator(".cursor").nth(i).is_visible() for i in (0, 1)) == 1


def test_a_zoom_stays_and_the_new_step_is_in_sight(open_stage):
    lab = open_stage("invisible-dependency", "linux-4.4").lab
    for _ in range(4):
        lab.get_by_role("button", name="zoom in").click()
    first, last = seen(lab)
    lab.locator("canvas").focus()
    lab.page.keyboard.press("End")
    lab.get_by_role("button", name="play by hand from here").click()
    lab.locator(".outcome").filter(has_text="After 1161 steps").wait_for()
    turns = lab.get_by_role("group", name="which task moves next")
    for step in (1162, 1163):
        turns.get_by_role("button").first.click()
        lab.locator(".outcome").filter(has_text=f"After {step} steps").wait_for()
        now = seen(lab)
        assert now[1] - now[0] == last - first and now[0] <= step <= now[1]
    lab.locator('[data-control="scenario"]').select_option("lost-victim")  # it is seen as a whole
    lab.locator(".now").filter(has_text=re.compile("of [0-9]{2},")).wait_for()
    assert lab.get_by_role("status").filter(has_text="steps 0").count() == 0


def test_a_choice_lights_its_lane_and_a_lane_its_choice(open_stage):
    lab = open_stage("lost-victim", "rfc-2015-11-25").lab
    lab.get_by_role("button", name="play by hand from the start").click()
    turns, lane = lab.get_by_role("group", name="which task moves next"), lab.locator(".lane")
    seen = lab.locator("canvas").bounding_box()["y"], turns.bounding_box()
    assert seen[1]["y"] + seen[1]["height"] - seen[0] < 500  # both on one screen, or it lights none
    turns.get_by_role("button", name="thread1").hover()
    assert lane.inner_text().startswith("thread1:") and lab.locator(".frame").is_visible()
    turns.get_by_role("button", name="thread2").focus()
    assert lane.inner_text().startswith("thread2:")
    lit = turns.locator(".lit")
    assert lit.count() == 1 and "thread2" in lit.inner_text()
    lab.page.keyboard.press("Enter")
    lab.locator(".outcome").filter(has_text="After 1 step ").wait_for()
    focused = "document.activeElement.dataset.task"
    assert lab.page.evaluate(focused) == "thread2"  # the same task again, not the first choice
    lab.locator("canvas").focus()
    for task in ("init", "oom_reaper"):
        while not lane.inner_text().startswith(f"{task}:"):
            lab.page.keyboard.press("ArrowDown")
        assert [words.split()[0] for words in lit.all_inner_texts()] == [task] * (task != "init")


@pytest.mark.parametrize("width", [1024, 700])
def test_the_picture_comes_first_and_what_is_used_most_is_on_its_screen(open_stage, width):
    for scenario in ("lost-victim", "invisible-dependency"):
        stage = open_stage(scenario, "linux-4.4", width=width)
        lab = stage.lab
        picture = lab.locator("canvas").bounding_box()
        used = [lab.locator(f'[data-control="{name}"]') for name in ("scenario", "policy", "seed")]
        used += [lab.get_by_role("button", name="step forward")]
        for box in [control.bounding_box() for control in used]:
            beside = box["x"] >= picture["x"] + picture["width"]
            assert beside or box["y"] >= picture["y"] + picture["height"]
            assert box["y"] + box["height"] <= 668  # of 768, where Jupyter's bars take 100
        assert stage.page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_what_is_pointed_at_in_the_graph_does_not_move_away(open_stage):
    lab = open_stage("lost-victim", "rfc-2015-11-25").lab
    lab.get_by_role("button", name="draw all states").click()
    states = lab.locator(".states circle[data-state]")
    lab.locator(".states").scroll_into_view_if_needed()
    before = states.first.bounding_box()
    for number in (0, 5, states.count() - 1):
        states.nth(number).hover()  # which may scroll, before anything is looked at
        lab.locator(".outcome").filter(has_text="Only looked at").wait_for()
        lab.page.wait_for_timeout(150)
        assert states.first.bounding_box() == before, number


def test_what_breaks_a_property_opens_at_its_last_step(open_stage):
    found = explore("lost-victim", "rfc-2015-11-27", reaper="slot-xchg")
    lab = open_stage(found).lab
    steps = len(found.pids)
    assert lab.locator(".now").first.inner_text().startswith(f"Step {steps} of {steps}")
    lab.get_by_text(f"Code, state and waits at step {steps}:").wait_for()
    assert lab.locator("summary").first.inner_text().endswith("turned: reaper")


def test_the_first_event_of_each_kind_has_its_letter(open_stage):
    """Also beside another: what the legend explains is in the picture."""
    stage = open_stage("memcg-vs-global", "linux-4.4")
    stage.page.evaluate("""() => {
        window.written = [];
        const write = CanvasRenderingContext2D.prototype.fillText;
        CanvasRenderingContext2D.prototype.fillText = function (text, ...where) {
            window.written.push(text);
            write.call(this, text, ...where);
        };
    }""")
    for scenario in ("mlocked-and-shared", "user-space-killer", "page-thieves", "memcg-vs-global"):
        stage.page.evaluate("window.written.length = 0")
        stage.lab.locator('[data-control="scenario"]').select_option(scenario)
        stage.lab.get_by_text(f"kernel log of {scenario}").wait_for()
        letters = set(stage.lab.locator(".legend b").all_inner_texts())
        assert letters and letters <= set(stage.page.evaluate("window.written")), scenario


def test_a_number_of_the_axis_stands_under_its_tick(open_stage):
    """The middle of it, but at the edge, where it must not be cut."""
    stage = open_stage("lost-victim", "linux-4.6")
    stage.page.evaluate("""() => {
        [window.numbers, window.ticks] = [[], []];
        const paper = CanvasRenderingContext2D.prototype, { fillText, fillRect } = paper;
        paper.fillText = function (text, x, ...more) {
            if (/^[0-9]+$/.test(text)) window.numbers.push(x + this.measureText(text).width / 2);
            fillText.call(this, text, x, ...more);
        };
        paper.fillRect = function (x, y, wide, tall) {
            if (wide === 1 && tall === 6) window.ticks.push(x);
            fillRect.call(this, x, y, wide, tall);
        };
    }""")
    for scenario in ("memcg-vs-global", "user-space-killer"):
        stage.page.evaluate("window.numbers.length = window.ticks.length = 0")
        stage.lab.locator('[data-control="scenario"]').select_option(scenario)
        stage.lab.get_by_text(f"kernel log of {scenario}").wait_for()
        numbers, ticks = stage.page.evaluate("[numbers, ticks]")
        assert len(numbers) == len(ticks) > 3, scenario
        assert numbers[:-1] == pytest.approx(ticks[:-1]) and numbers[-1] <= ticks[-1], scenario


def test_the_buttons_of_the_steps_stand_in_one_row_on_a_page_of_the_site(open_stage):
    for scenario in ("lost-victim", "oom-storm"):  # the second has a field for names of tasks, too
        lab = open_stage(scenario, "linux-4.4", width=711).lab
        tops = lab.locator(".steps button").evaluate_all(
            "all => all.map((each) => each.getBoundingClientRect().top)"
        )
        assert len(tops) > 7 and len({round(top) for top in tops}) == 1, scenario


def test_both_zooms_go_down_together_where_the_row_is_too_short(open_stage):
    lab, seen = open_stage("lost-victim", "linux-4.4").lab, set()
    for width in range(520, 721, 40):
        lab.page.set_viewport_size({"width": width, "height": 800})
        first, *_, closer, wider = lab.locator(".steps button").evaluate_all(
            "all => all.map((each) => Math.round(each.getBoundingClientRect().top))"
        )
        assert closer == wider, width
        seen.add(first == closer)
    assert seen == {True, False}  # both below, and both in the row


def test_no_choice_is_cut(open_stage):
    cut = """selects => selects.flatMap((select) => {
        const style = getComputedStyle(select), { paddingLeft } = style;
        const paper = document.createElement("canvas").getContext("2d");
        paper.font = style.font;
        const room = select.clientWidth - 2 * parseFloat(paddingLeft) - 16;  // and the arrow
        const texts = [...select.options].map((option) => option.text);
        return texts.filter((text) => paper.measureText(text).width > room);
    })"""
    for width in (640, 1024, 1280):
        for scenario in ("invisible-dependency", "hidden-sharer"):
            lab = open_stage(scenario, "rfc-2015-11-25", width=width).lab
            choices = lab.locator(".settings select")
            assert choices.count() > 2 and choices.evaluate_all(cut) == [], (width, scenario)


def test_the_log_says_what_its_italics_are_or_that_it_is_empty(open_stage):
    italics = "still to come is in italics"
    for scenario, words in (("marks", italics), ("user-space-killer", "prints nothing")):
        lab = open_stage(scenario, "linux-6.12").lab
        lab.get_by_text(words).wait_for()
        box = lab.get_by_role("region", name="kernel log")
        assert box.is_visible() == (words == italics)


def test_a_name_in_backticks_stands_in_quotes(open_stage):
    lab = open_stage("memcg-vs-global", "linux-4.4").lab
    lab.get_by_text("Write to \u2018pages\u2019 new pages of the VMA \u2018name\u2019").wait_for()


def test_a_mail_or_commit_that_is_named_says_what_it_is_and_leads_there(open_stage):
    lab = open_stage("page-thieves", "linux-4.4").lab
    mail = lab.locator(".settings a", has_text="M16").first
    assert mail.get_attribute("title").startswith("Tetsuo Handa, 2015-11-27: Re: [RFC PATCH]")
    assert mail.get_attribute("href").startswith("https://lore.kernel.org/r/201511272029.")
    lab.locator('[data-control="scenario"]').select_option("stuck-writer")
    lab.get_by_text("the reaper must give up (lesson 10b)").wait_for()
    lab.locator(".policyknobs > summary").click()
    lab.get_by_label("find a knob").fill("reap_delay")
    commit = lab.locator(".knob a:visible")
    assert "two seconds" in commit.get_attribute("title")
    assert commit.get_attribute("href").endswith("/torvalds/c/e4a38402c36e")


def test_a_button_for_the_rest_stands_only_where_there_is_a_rest(open_stage):
    for width, cut in ((720, False), (1280, True)):
        lab = open_stage("hidden-sharer", "linux-4.6", width=width).lab
        story = lab.locator(".settings .long").first
        story.get_by_text("it must have its SIGKILL before it is reaped").wait_for(state="attached")
        button = story.get_by_role("button", name="all of it")
        assert button.is_visible() == cut
        if cut:
            button.click()
            story.get_by_role("button", name="less of it").click()
            assert button.is_visible()
