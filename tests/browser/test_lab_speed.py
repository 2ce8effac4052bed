"""The policy lab's speed in a browser: from a knob to the screen, and frames while scrubbing."""

from statistics import median, quantiles

import pytest

import oomlab
from oomlab.lab.timeline import lanes

pytestmark = [pytest.mark.browser, pytest.mark.timed]

# From the message that is sent to the picture that is on the screen.
PAINTED = """async (turns) => {
    const box = document.querySelector('[data-control="knob reaper_naps"]').closest(".oomlab");
    const shown = () => performance.getEntriesByName("oomlab-painted").length, took = [];
    for (let turn = 0; turn < turns; turn++) {
        await new Promise((rest) => setTimeout(rest, 80 + 40 * Math.random()));
        const before = shown(), start = performance.now();
        box.querySelector('[data-control="knob reaper_naps"]').click();
        // The first frame that begins after the drawing was done brings it to the screen.
        do await new Promise(requestAnimationFrame); while (shown() === before);
        await new Promise((painted) => setTimeout(painted));
        took.push(performance.now() - start);
    }
    return took;
}"""

# Frames while the cursor sweeps over the timeline, one move for each.
SWEPT = """async () => {
    const canvas = document.querySelector(".oomlab canvas");
    const { width, y } = canvas.getBoundingClientRect();
    const frame = () => new Promise(requestAnimationFrame), took = [];
    await frame();
    let last = performance.now();
    for (let i = 0; i < 90; i++) {
        const event = { bubbles: true, buttons: 1, pointerId: 1, clientY: y + 60,
            clientX: canvas.getBoundingClientRect().x + 160 + (i * (width - 180)) / 90 };
        canvas.dispatchEvent(new PointerEvent("pointermove", event));
        await frame();
        const now = performance.now();
        took.push(now - last);
        last = now;
    }
    return took;
}"""


def set_params(notebook, lab, params):
    for name, value in params.items():
        lab.get_by_label(name, exact=True).fill(str(value))
        lab.get_by_label(name, exact=True).press("Enter")
        notebook.rest()


@pytest.mark.parametrize(
    ("scenario", "params", "steps"),
    [
        ("fork-bomb", {"bombs": 18, "pages": 40}, 500),
        ("oom-storm", {"tasks": 10, "allocations": 11_000}, 10_000),
    ],
)
def test_a_knob_is_seen_to_work_in_a_blink(open_lab, scenario, params, steps):
    """20 lanes and 500 columns; then 20 tasks of 500 steps each. From the click to the screen."""
    notebook, lab = open_lab(scenario, "linux-4.6")
    set_params(notebook, lab, params)
    canvas = lab.locator("canvas")
    assert "22 tasks" in canvas.get_attribute("aria-label")  # init and the reaper are two of them
    assert int(canvas.get_attribute("aria-valuemax")) > steps
    for summary in lab.locator("summary").all():
        summary.click()
    tries = []
    for _ in range(8):  # another program only ever adds time: the quietest try counts
        took = notebook.page.evaluate(PAINTED, 35)[5:]
        tries.append((round(median(took)), round(quantiles(took, n=20)[-1])))
        if tries[-1][0] < 50 and tries[-1][1] < 100:
            break
    print(f"{scenario}, {steps} steps, knob to picture, (median, p95) in ms:", tries)
    assert min(tries)[0] < 50 and min(p95 for _, p95 in tries) < 100, tries


def test_ten_thousand_segments_scrub_at_30_frames(open_lab):
    params = {"allocations": 160_000}
    drawn = lanes(oomlab.run("oom-storm", "linux-4.6", **params))
    assert sum(len(lane.segments) for lane in drawn) > 10_000
    notebook, lab = open_lab("oom-storm", "linux-4.6")
    set_params(notebook, lab, params)
    tries = []
    for _ in range(4):
        took = notebook.page.evaluate(SWEPT)
        tries.append((round(median(took)), round(quantiles(took, n=20)[-1])))
        if tries[-1][1] < 1000 / 30:
            break
    print("scrub, (median, p95) in ms a frame:", tries)
    assert min(p95 for _, p95 in tries) < 1000 / 30, tries
