"""The lab's manners, on a bare page: what is said stays true, and what can do nothing says so."""

import json

import pytest
from drive_jupyterlab import ARTIFACTS

from oomlab.explorer import explore

pytestmark = pytest.mark.browser


def pixels(lab):
    return lab.locator("canvas").first.evaluate("canvas => canvas.toDataURL()")


def control(lab, name):
    return lab.locator(f'[data-control="{name}"]')


def test_no_sentence_is_about_a_task_that_is_gone(open_stage):
    lab = open_stage("lost-victim", "rfc-2015-11-25").lab
    lab.locator("canvas").focus()
    for _ in range(3):
        lab.page.keyboard.press("ArrowDown")
    assert lab.locator(".lane").inner_text().startswith("victim1:")
    control(lab, "scenario").select_option("page-thieves")
    control(lab, "param thieves").wait_for()
    assert lab.locator(".lane").inner_text() == ""
    lab.locator("canvas").focus()
    lab.page.keyboard.press("ArrowDown")
    control(lab, "policy").select_option("linux-4.4")
    lab.locator(".outcome").filter(has_text="linux-4.4").wait_for()
    assert lab.locator(".lane").inner_text().startswith("init:")


def test_what_can_do_nothing_says_so_and_keeps_the_focus(open_stage):
    lab = open_stage("lost-victim", "rfc-2015-11-25").lab
    after = lab.get_by_role("button", name="next event")
    lab.get_by_role("button", name="event before").and_(
        lab.locator("[aria-disabled=true]")
    ).wait_for()
    lab.locator("canvas").focus()
    lab.page.keyboard.press("End")
    after.and_(lab.locator("[aria-disabled=true]")).wait_for()
    after.focus()
    lab.page.keyboard.press("Enter")
    assert after.evaluate("button => button === document.activeElement")


def test_a_step_in_the_text_moves_the_cursor_of_the_lab_below(open_stage):
    schedule = explore("lost-victim", "rfc-2015-11-27").pids
    stage = open_stage("lost-victim", "rfc-2015-11-27", schedule=schedule)
    stage.page.evaluate("""() => {
        const link = (n) => `<p><a href="#step-${n}">step ${n}</a></p>`;
        document.body.insertAdjacentHTML("afterbegin", link(16) + link(99));
        document.body.insertAdjacentHTML("beforeend", link(3));
    }""")
    for number, said in ((16, "Step 16 of 18"), (99, "Step 18 of 18"), (3, "Step 18 of 18")):
        stage.page.get_by_role("link", name=f"step {number}").click()
        assert stage.lab.locator("p.now").inner_text().startswith(said)
    stage.page.get_by_role("link", name="step 16").click()
    assert "busy with victim1" in stage.lab.locator("p.now").inner_text()
    control(stage.lab, "seed").fill("1")  # a setting that is changed forgets the schedule
    control(stage.lab, "seed").press("Enter")
    stage.lab.locator("p.now").filter(has_not_text="of 18").wait_for()


def test_zoom_is_seen(open_stage):
    lab = open_stage("invisible-dependency", "linux-4.4").lab
    wider = lab.get_by_role("button", name="zoom out")
    assert wider.get_attribute("aria-disabled") == "true"
    lab.get_by_role("button", name="zoom in").click()
    assert "of 1161" in lab.get_by_text("steps 0 to").inner_text()
    wider.click()
    assert lab.get_by_text("steps 0 to").count() == 0


def test_two_changes_while_python_is_busy_both_count(open_stage):
    stage = open_stage("lost-victim", "linux-4.6")
    stage.lab.evaluate("""lab => {
        const turned = { reaper_naps: false, reap_locked: true, panic_on_oom: "2" };
        for (const [name, value] of Object.entries(turned)) {
            const control = lab.querySelector(`[data-control="knob ${name}"]`);
            if (control.type === "checkbox") control.checked = value; else control.value = value;
            control.dispatchEvent(new Event("change"));
        }
    }""")
    stage.lab.locator("summary").first.filter(has_text="panic_on_oom").wait_for()
    assert {*stage.widget.controller.settings["knobs"]} == {
        "reaper_naps",
        "reap_locked",
        "panic_on_oom",
    }


def test_each_move_by_hand_counts_however_fast_they_come(open_stage):
    """Only the last of those that came while Python was at work was once taken."""
    stage = open_stage("lost-victim", "rfc-2015-11-25")
    looks, look = [], stage.widget.controller.look
    stage.widget.controller.look = lambda *how: looks.append(how) or look(*how)
    stage.lab.get_by_role("button", name="play by hand from the start").click()
    stage.lab.get_by_label("which task moves next").wait_for()
    stage.page.wait_for_timeout(400)
    assert len(looks) == 1  # of no step there is none: it was once asked for for ever
    stage.lab.evaluate("""lab => {
        const [reaper, first] = lab.querySelectorAll("[aria-label='which task moves next'] button");
        for (const button of [first, first, reaper, first]) button.click();
    }""")
    stage.lab.get_by_text("After 4 steps").first.wait_for()
    assert stage.widget.controller.hand.entries == [102, 102, 100, 102]
    stage.lab.get_by_label("the schedule, as JSON").fill("[102, 7]")
    stage.lab.get_by_role("button", name="replay it").click()
    stage.lab.get_by_text("which does not exist then").wait_for()
    assert stage.lab.get_by_label("the schedule, as JSON").input_value() == "[102, 7]"


def test_the_explorers_button_waits_for_the_explorer(open_stage):
    stage = open_stage("lost-victim", "linux-6.12", policies=["linux-6.12"])
    stage.widget.controller.explore = lambda property: None
    asked = stage.lab.evaluate("""async lab => {
        const buttons = [...lab.querySelectorAll("button")];
        const button = buttons.find(({ textContent }) => textContent === "every schedule");
        lab.querySelector('[data-control="knob reaper_naps"]').click();
        button.click();
        const seen = [button.disabled];
        while (button.disabled) await new Promise((later) => setTimeout(later, 5));
        return seen;
    }""")
    assert asked == [True]


def test_a_knob_is_found_by_a_word_and_put_back(open_stage):
    lab = open_stage("lost-victim", "linux-4.6").lab
    lab.locator("summary").first.click()
    lab.get_by_label("find a knob").fill("mm_count")
    assert 1 <= lab.locator(".knob:visible").count() < 8
    lab.get_by_label("find a knob").fill("TIF_MEMDIE reserve")
    control(lab, "knob reserves").select_option("none")
    lab.get_by_text("reserves = none").wait_for()
    lab.get_by_role("button", name="put reserves back").click()
    lab.locator("summary").first.filter(has_text="all as in the preset").wait_for()
    assert lab.locator(".chosen:visible").first.inner_text().startswith("memdie:")


def test_step_scrub_and_hover_by_mouse(open_stage):
    stage = open_stage("lost-victim", "rfc-2015-11-25")
    lab = stage.lab
    now, mouse = lab.locator(".now").first, stage.page.mouse
    lab.get_by_role("button", name="step forward").click()
    assert now.inner_text().startswith("Step 2 ")
    lab.get_by_label("jump to the next").select_option("kill")
    assert "SIGKILL" in now.inner_text()
    box = lab.locator("canvas").bounding_box()
    mouse.move(box["x"] + box["width"] / 2, box["y"] + 26 + 24 * 1.5)
    assert lab.locator(".lane").inner_text().startswith("oom_reaper:")
    assert "()" in lab.locator(".lane").inner_text()  # the kernel function it is in
    mouse.down()
    mouse.move(box["x"] + box["width"] - 12, box["y"] + 40, steps=4)
    mouse.up()
    assert int(now.inner_text().split()[1]) >= 19
    lab.locator(".log div").first.click()
    assert int(now.inner_text().split()[1]) <= 2
    lab.locator("canvas").focus()
    stage.page.keyboard.press("End")
    stage.page.keyboard.press("Shift+ArrowLeft")
    lab.get_by_role("button", name="play", exact=True).click()
    lab.get_by_role("button", name="stop").wait_for()
    lab.get_by_role("button", name="play", exact=True).wait_for(
        timeout=15000
    )  # it stops at the end
    assert int(now.inner_text().split()[1]) == int(now.inner_text().split()[3].strip(","))


def test_compare_marks_where_two_policies_part(open_stage):
    stage = open_stage("page-thieves", "linux-4.6")
    lab = stage.lab
    control(lab, "other").select_option("handa")
    lab.locator("canvas").nth(1).wait_for()
    assert "They part at the thick line" in lab.locator(".parted").inner_text()
    assert "reserves" in lab.locator(".parted").inner_text()
    outcome = lab.locator(".outcome").inner_text()
    assert "linux-4.6:" in outcome and "handa:" in outcome
    stage.picture("lab-compare")


def test_every_schedule_loads_the_counterexample(open_stage):
    stage = open_stage("lost-victim", "rfc-2015-11-25")
    lab = stage.lab
    lab.get_by_role("button", name="every schedule").click()
    lab.locator(".explored").filter(has_text="is violated").wait_for(timeout=20000)
    assert "states" in lab.locator(".explored").inner_text()
    assert "lost-victim" in lab.locator(".outcome").inner_text()
    assert "given up (1)" in lab.get_by_label("jump to the next").inner_text()
    stage.picture("lab-counterexample")


@pytest.mark.parametrize("form", ["HTML", "JSON", "SVG", "PNG", "Markdown"])
def test_exports_are_files_of_their_kind(open_stage, form, tmp_path, browser):
    """Of both runs, when two are compared."""
    stage = open_stage("lost-victim", "rfc-2015-11-25")
    lab = stage.lab
    lab.get_by_label("compare with").select_option("handa")
    lab.locator(".parted").filter(has_text="handa").wait_for()
    with stage.page.expect_download() as download:
        lab.get_by_role("button", name=f"save {form}").click()
    path = tmp_path / download.value.suggested_filename
    download.value.save_as(path)
    content = path.read_bytes()
    if form == "JSON":
        assert json.loads(content)["scenario"] == "lost-victim"
    elif form == "PNG":
        assert content.startswith(b"\x89PNG") and content[18:20] == (2 * 760).to_bytes(2)
        (ARTIFACTS / "lab-export-pixels.png").write_bytes(content)
    elif form == "SVG":
        drawing = browser.new_page()  # a browser can read it
        drawing.goto(path.as_uri())
        words = " ".join(drawing.locator("svg text").all_text_contents())
        for part in (
            "under rfc-2015-11-25",
            "under handa",
            "Where they part",
            "K killed or marked",
        ):
            assert part in words
        drawing.screenshot(path=ARTIFACTS / "lab-export.png")
        drawing.close()
    elif form == "HTML":
        assert len(content) < 100 * 1024 and b"What happened under handa" in content
    else:
        assert content.startswith(b"# lost-victim")


def test_a_mistake_is_said_in_place_and_the_picture_stays(open_stage):
    stage = open_stage("lost-victim", "linux-4.4")
    lab = stage.lab
    before = pixels(lab)
    seed = lab.get_by_label("seed", exact=True)
    for wrong, said in {"": "empty", "-1": "-1", "1.5": "1.5", "1e3": "1e3"}.items():
        seed.fill(wrong)
        seed.press("Enter")
        lab.get_by_role("alert").filter(has_text=said).wait_for()
    assert pixels(lab) == before


def test_code_state_and_waits_follow_the_cursor(open_stage):
    lab = open_stage("lost-victim", "rfc-2015-11-25").lab
    lab.get_by_role("button", name="every schedule").click()
    lab.locator(".explored").filter(has_text="is violated").wait_for()
    lab.get_by_label("jump to the next").select_option("loss")
    lab.locator(".code .lit").filter(has_text='yield "cmpxchg"').wait_for()
    assert lab.locator(".stack [aria-pressed=true]").inner_text() == "fill_slot()"
    assert "proposed in M10" in lab.locator(".linux").inner_text()
    assert "free" in lab.locator(".state td.changed").first.inner_text()  # oom_lock
    lab.get_by_role("button", name="out_of_memory()", exact=True).click()
    assert "yield from oom_kill_process" in lab.locator(".code .lit").inner_text()
    assert "/linux/v4.4/source/mm/oom_kill.c" in lab.locator(".linux a").get_attribute("href")


def test_the_cycle_is_drawn_where_the_run_ends(open_stage):
    lab = open_stage("invisible-dependency", "linux-4.4").lab
    lab.locator("canvas").focus()
    lab.page.keyboard.press("End")
    lab.get_by_text("A cycle, drawn thick: hog").wait_for()
    assert lab.locator(".waits .edge.cycle").count() == 4
    assert not lab.locator(".beside.stale").count()
    # No line of a box is cut at the edge of the drawing.
    boxes = """svg => { const [x, y, w, h] = svg.getAttribute("viewBox").split(" ").map(Number);
        return [...svg.querySelectorAll("rect")].map((r) => r.getBBox())
            .every((b) => b.x > x && b.y > y && b.x + b.width < x + w
                && b.y + b.height < y + h); }"""
    assert lab.locator(".waits").evaluate(boxes)


def test_you_are_the_scheduler(open_stage):
    lab = open_stage("lost-victim", "rfc-2015-11-25").lab
    lab.get_by_role("button", name="play by hand from the start").click()
    turns = lab.get_by_role("group", name="which task moves next")
    for number, task in enumerate(["thread1", "thread2", "thread1"], start=1):
        turns.get_by_role("button", name=task).click()
        lab.locator(".outcome").filter(has_text=f"After {number} step").wait_for()
    lab.get_by_role("button", name="undo").click()
    lab.locator(".outcome").filter(has_text="After 2 steps").wait_for()
    lab.get_by_role("button", name="as bad as possible").click()
    lab.locator(".outcome").filter(has_text="is broken here").wait_for()
    lab.get_by_role("button", name="what does the explorer say?").click()
    lab.get_by_role("button", name="show the fewest decisions").click()
    schedule = lab.get_by_label("the schedule, as JSON")
    schedule.fill("[102, 1]")
    lab.get_by_role("button", name="replay it").click()
    lab.get_by_role("alert").filter(has_text="sleeps").wait_for()


def test_the_state_graph_replays_and_goes_there(open_stage):
    lab = open_stage("lost-victim", "rfc-2015-11-25").lab
    lab.get_by_role("button", name="draw all states").click()
    bad = lab.locator(".states .bad")
    bad.first.wait_for()
    canvas, code, before = lab.locator("canvas"), lab.locator(".code"), lab.locator(".now").first
    canvas.focus()
    lab.page.keyboard.press("ArrowRight")
    shown = [pixels(lab), code.inner_text(), before.inner_text()]
    bad.first.hover()
    lab.get_by_text("no-victim-lost is broken. The way:").wait_for()
    lab.locator(".outcome").filter(has_text="Only looked at: After").wait_for()
    looked = [pixels(lab), code.inner_text(), before.inner_text()]
    assert all(a != b for a, b in zip(shown, looked, strict=True))  # all views follow
    assert lab.locator(".states .here[data-at]").count() == 0
    lab.locator(".outcome").hover()
    lab.locator(".outcome").filter(has_text="cannot exit alone").wait_for()
    assert [pixels(lab), code.inner_text(), before.inner_text()] == shown
    bad.first.click()
    lab.locator(".outcome").filter(has_text="is broken here").wait_for()
    here = lab.locator(".states .here[data-at]").get_attribute("data-at")
    assert here == bad.first.get_attribute("data-state")
    lab.get_by_role("application").focus()
    lab.page.keyboard.press("ArrowLeft")
    lab.page.keyboard.press("Enter")
    lab.locator(".outcome").filter(has_text="no-victim-lost holds here").wait_for()
    control(lab, "policy").select_option("handa")
    lab.locator(".states").wait_for(state="detached")


def test_only_some_tasks_are_seen_when_there_are_many(open_stage):
    stage = open_stage("fork-bomb", "linux-4.6")
    lab, canvas = stage.lab, stage.lab.locator("canvas")
    word = lab.get_by_label("only tasks called")
    tall, named = canvas.bounding_box()["height"], canvas.get_attribute("aria-label")
    tasks = int(named.rpartition(", ")[2].split()[0])
    canvas.focus()
    lab.page.keyboard.press("+")
    zoomed = lab.get_by_role("status").filter(has_text="steps ").inner_text()
    lab.page.keyboard.press("ArrowDown")  # init
    word.fill("reaper DATABASE")
    assert canvas.get_attribute("aria-label").endswith("shown: oom_reaper, database")
    assert canvas.bounding_box()["height"] == tall - 24 * (tasks - 2)
    assert lab.locator(".lane").inner_text() == ""  # init is not seen
    assert lab.get_by_role("status").filter(has_text="steps ").inner_text() == zoomed
    canvas.focus()
    lab.page.keyboard.press("ArrowDown")
    looked = lab.locator(".lane").inner_text().split(":")[0]
    assert looked == "oom_reaper"
    stage.picture("only-some-tasks")
    control(lab, "seed").fill("3")
    control(lab, "seed").press("Enter")
    lab.get_by_text("seed 3,").first.wait_for()
    assert "shown: oom_reaper, database" in canvas.get_attribute("aria-label")  # of another run
    word.fill("no task is called so")
    assert canvas.get_attribute("aria-label").endswith(" tasks")
    control(lab, "scenario").select_option("lost-victim")
    word.wait_for(state="hidden")  # few: all are seen


def test_the_lines_of_now_are_seen_when_a_lab_comes_back_to_the_page(open_stage):
    """JupyterLab takes a cell out of the page while it is far away, and puts it back."""
    lab = open_stage("second-oom", "mm-2015-12").lab
    for key, box, line in (("Tab", ".code", ".lit"), ("End", ".log", ".now")):
        lab.locator("canvas").focus()
        lab.page.keyboard.press(key)
        lab.locator(f"{box} {line}").wait_for()
        seen = lab.locator(box).evaluate(
            """async (box, line) => {
            const node = document.getElementById("lab"), { parentNode } = node;
            const frame = () => new Promise(requestAnimationFrame);
            await frame();
            node.remove();
            for (let n = 0; n < 2; n++) await frame();
            parentNode.append(node);
            for (let n = 0; n < 2; n++) await frame();
            const [own, lit] = [box, box.querySelector(line)].map((e) => e.getBoundingClientRect());
            return [box.scrollTop > 0, lit.top >= own.top && lit.bottom <= own.bottom];
        }""",
            line,
        )
        assert seen == [True, True], (box, seen)
