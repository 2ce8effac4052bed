"""Figures are held to their data and structure, not to pixels."""

import re
import subprocess
import sys
from base64 import b64decode
from html import unescape
from pathlib import Path
from xml.etree import ElementTree

import pytest

import oomlab
from oomlab.lab import facts, figures
from oomlab.lab.timeline import lanes, moments, shown_steps
from oomlab.looks import DARK, LIGHT, style_sheet
from oomlab.model.gfp import GFP_KERNEL
from oomlab.model.kernel import Kernel
from oomlab.model.oom import OomControl
from oomlab.paper import Drawing, wide_as
from oomlab.scenarios.programs import pause
from oomlab.scenarios.registry import heap

THIEVES = oomlab.run("page-thieves", "handa")
SIX_KINDS = oomlab.run("mlocked-and-shared", "linux-4.6")
DEADLOCK = oomlab.run("decoy-children", "linux-4.4")
QUIET = oomlab.run("lost-victim", "linux-4.4", schedule=[])
LOST = oomlab.explore("lost-victim", "rfc-2015-11-25")
EVERY = {**figures.FIGURES, "whole run": figures.whole_run}
ALL = [(name, run) for name in EVERY for run in (THIEVES, SIX_KINDS, DEADLOCK, QUIET)]
SVG = "{http://www.w3.org/2000/svg}"


def parsed(drawing):
    """The drawing as XML; whatever is drawn lies on the paper."""
    root = ElementTree.fromstring(drawing.svg)
    _, _, wide, tall = map(float, root.get("viewBox").split())
    for shape in root.iter():
        x, y = float(shape.get("x", 0)), float(shape.get("y", 0))
        assert 0 <= x <= wide and 0 <= y <= tall, ElementTree.tostring(shape)
        if shape.tag == f"{SVG}rect" and shape.get("width") != "100%":
            assert x + float(shape.get("width")) <= wide + 1, ElementTree.tostring(shape)
    return root


def texts(drawing):
    return [node.text for node in parsed(drawing).iter(f"{SVG}text")]


@pytest.mark.parametrize(("name", "run"), ALL)
def test_every_figure_of_every_run_in_both_themes(name, run):
    module = EVERY[name]
    drawing, sentence = module.figure(run), module.alt_text(run)
    assert sentence.endswith(".") and run.scenario in sentence
    root = parsed(drawing)
    assert root.get("role") == "img" and root.get("aria-label") == sentence
    assert facts.heading(run) in " ".join(texts(drawing))
    assert drawing.svg == module.figure(run).svg, "the same run gives the same text"
    colours = {value for node in root.iter() for value in (node.get("fill"), node.get("stroke"))}
    assert LIGHT["paper"] in colours and LIGHT["ink"] in colours  # for programs without CSS
    marks = {node.get("id") for node in root.iter(f"{SVG}pattern")}
    assert {colour[5:-1] for colour in colours if colour and colour[:4] == "url("} <= marks
    bundle = drawing._repr_mimebundle_()
    assert bundle["text/plain"] == sentence
    alt, data = re.search(r'<img .*alt="([^"]*)".*base64,([^"]*)">', bundle["text/html"]).groups()
    assert unescape(alt) == sentence and b64decode(data).decode() == drawing.svg
    assert 'data-theme="dark"' in module.figure(run, dark=True).svg
    assert "<image" not in drawing.svg and not re.search(
        r"https?://(?!www.w3.org/2000)", drawing.svg
    )


def luminance(colour):
    parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.03928 else ((c + 0.055) / 1.055) ** 2.4 for c in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


@pytest.mark.parametrize("theme", [LIGHT, DARK])
def test_words_can_be_read_in_both_themes(theme):
    assert theme.keys() == LIGHT.keys() and all(value in style_sheet() for value in theme.values())
    for colour in ("ink", "quiet", "alarm"):
        one, two = sorted([luminance(theme[colour]), luminance(theme["paper"])])
        assert (two + 0.05) / (one + 0.05) >= 4.5


def test_no_name_breaks_a_picture():
    drawing = Drawing('a "sentence" & <more>\x00.')
    drawing.heading("<b>$1 & \x1b[31m" + "long " * 60)
    root = parsed(drawing)
    assert root.get("aria-label") == 'a "sentence" & <more>\ufffd.'
    assert texts(drawing)[0].startswith("<b>$1 & \ufffd[31m") and len(texts(drawing)) > 2


def test_a_figure_is_a_file(tmp_path):
    drawing = figures.lanes.figure(THIEVES)
    assert drawing.save(tmp_path / "a.svg").read_text("utf-8") == drawing.svg + "\n"
    with pytest.raises(ValueError, match="saved as .svg, not as a.png"):
        drawing.save(tmp_path / "a.png")


def test_the_letters_are_those_of_the_lab():
    script = Path(figures.__file__).parents[1] / "unpacked_run.js"
    found = dict(re.findall(r'(\w+): \["(.)", "[^"]+"\]', script.read_text("utf-8")))
    assert found == {kind: letter for kind, (letter, _) in figures.lanes.LETTERS.items()}


def test_the_first_event_of_each_kind_has_its_letter():
    """Also beside another: what the key explains is in the picture."""
    runs = [oomlab.run("memcg-vs-global", "linux-4.4"), oomlab.run("user-space-killer")]
    for run in (*runs, oomlab.run("workqueue-reaper", "workqueue"), THIEVES, SIX_KINDS, DEADLOCK):
        letters = {figures.lanes.LETTERS[moment.kind][0] for moment in moments(run)}
        assert letters <= set(texts(figures.lanes.figure(run))), run.scenario


def test_letters_that_lie_close_together_stand_in_their_order():
    """At the right edge, too, where a kill is followed by an exit and nothing else."""
    run = oomlab.run("small-child", "linux-4.4", child_sacrifice=False)
    nodes = list(parsed(figures.lanes.figure(run)).iter(f"{SVG}text"))
    kill, leave = [float(node.get("x")) for letter in "Kx" for node in nodes if node.text == letter]
    assert leave - kill == pytest.approx(figures.lanes.APART, abs=0.2)


def test_a_lock_is_named_on_the_pattern_of_its_lane():
    """A sheet of paper under the name would say that the task does not wait there."""
    root = parsed(figures.lanes.figure(oomlab.run("invisible-dependency", "linux-4.4")))
    (name,) = [node for node in root.iter(f"{SVG}text") if node.text == "i_mutex of the log file"]
    sheets = [each for each in root.iter(f"{SVG}rect") if each.get("class") == "paper"]
    assert name.get("paint-order") == "stroke" and len(sheets) == 1  # of the whole picture


def test_a_picture_that_stands_alone_says_all(tmp_path):
    """Title, verdict, legend, the key to its letters, and both runs when two are compared."""
    run = oomlab.run("lost-victim", "rfc-2015-11-25", schedule=LOST.pids)
    other = oomlab.run("lost-victim", "handa", seed=1)
    root = ElementTree.parse(run.save(tmp_path / "story.svg")).getroot()
    alone = " ".join(node.text for node in root.iter(f"{SVG}text"))
    both = " ".join(texts(figures.whole_run.figure(run, other)))
    for text in (alone, both):
        for part in (facts.heading(run), run.outcome.why, "K killed or marked"):
            assert part in text
        assert "SIGKILL pending" in text and "free pages" in text and "L not handed over" in text
    assert facts.heading(other) in both and "Where they part" in both


def test_who_finds_the_machine_below_min_did_not_take_it_there():
    crowded = oomlab.run("marks", "linux-4.4", cache=250)  # 41 pages are free at boot, min is 64
    assert set(facts.below_min(crowded)) == {"network"}
    leaves = facts.below_min(oomlab.run("self-marked", "linux-6.12"))["leaver"]
    assert leaves == [(2, 5), (3, 4)]  # 6 were free at boot, and min is 8


def test_each_sign_of_a_task_below_min_is_in_a_key():
    """Of each run its own: what is round in one may be square in the other."""
    other = oomlab.run("page-thieves", "linux-4.6")
    whole, alone = figures.whole_run.figure, figures.free_memory.figure
    for drawing, runs in ((whole(THIEVES, other), (THIEVES, other)), (alone(other), (other,))):
        named = [text.removesuffix(" below min") for text in texts(drawing) if "below min" in text]
        assert named == [name for run in runs for name in list(facts.below_min(run))[:4]]
        assert named


def test_lanes_are_labelled_and_the_lock_is_named():
    found = texts(figures.lanes.figure(DEADLOCK))
    assert found.index("init") < found.index("hog")
    assert "i_mutex of the shared file" in found


def test_memory_draws_the_free_pages_and_its_marks():
    drawing = figures.free_memory.figure(THIEVES)
    zone, found = THIEVES.kernel.zone, texts(drawing)
    assert {f"min {zone.min}", f"low {zone.low}", f"high {zone.high}"} <= {*found}
    curve = next(p for p in parsed(drawing).iter(f"{SVG}path") if p.get("fill") == "none").get("d")
    heights = {float(y) for y in re.findall(r"V([\d.]+)", curve)}
    free = {row[5] for row in THIEVES.trace[: facts.shown_steps(THIEVES)]}
    marks = {float(n.get("y1")): n for n in parsed(drawing).iter(f"{SVG}line") if n.get("x2")}
    assert len(heights) == len(free)  # each number of pages is one height
    assert min(marks) < min(heights) and max(heights) < max(marks)
    below = facts.below_min(THIEVES)
    assert below and all(name.startswith("dying") for name in below)  # only they may, with handa


def test_pages_of_the_reaper_add_up():
    got, to = facts.who_got_them(THIEVES), THIEVES.outcome.pages_to
    for kind, wanted in (("dying", "dying"), ("not dying", "normal"), ("kernel thread", "kernel")):
        assert sum(pages for how, pages in got.values() if how == kind) == to[wanted]
    found = texts(figures.pages.figure(THIEVES))
    assert {*got, *(str(pages) for _, pages in got.values())} <= {*found}


def test_the_reaper_takes_what_it_is_said_to_take():
    name, rows = facts.mappings(SIX_KINDS)
    assert SIX_KINDS.outcome.reaped == {name: sum(row.freed for row in rows)}
    assert f"{SIX_KINDS.outcome.reaped[name]} come free" in figures.vmas.alt_text(SIX_KINDS)
    assert {row.name: row.why_not for row in rows if not row.reapable} == {
        "locked": "mlocked",
        "segment": "shared: others may need it",
        "huge": "huge pages are not reaped",
    }
    assert next(row for row in rows if row.name == "library").reapable == 60


def test_a_deadlock_is_a_cycle_through_memory():
    graph, cycle, tasks = facts.graph_at(DEADLOCK)
    assert cycle == DEADLOCK.outcome.cycle and "memory" in cycle
    root = parsed(figures.waits.figure(DEADLOCK))
    assert len([n for n in root.iter(f"{SVG}line") if n.get("stroke-width") == "3.0"]) == len(cycle)
    assert facts.graph_at(DEADLOCK, 0)[1] == []


@pytest.mark.parametrize("policy", ["linux-2.6.38", "linux-4.4", "linux-6.12"])
def test_badness_is_the_sum_of_its_parts_and_the_highest_is_chosen(policy):
    run = oomlab.run("invisible-dependency", policy)
    chosen, rows = facts.candidates(run)
    scored = [row for row in rows if row.points is not None]
    assert chosen == scored[0].name == run.outcome.victims[0]
    assert all(sum(row.parts.values()) == row.points for row in scored)
    found = texts(figures.badness.figure(run))
    assert f"{scored[0].points} points, chosen" in found and {row.name for row in rows} <= {*found}


def test_a_part_that_is_too_narrow_to_be_seen_is_said_to_be():
    """mmap-sem-writer has page tables of a few pages beside hundreds of resident ones."""
    said = texts(figures.badness.figure(oomlab.run("mmap-sem-writer", "linux-6.12")))
    assert "page tables (too few to be seen)" in said and "resident pages (rss)" in said


def test_badness_stays_inside_a_cgroup():
    chosen, rows = facts.candidates(oomlab.run("oom-group", "linux-6.12"))
    assert {row.name for row in rows} == {"worker1", "worker2", "sidecar"}
    assert next(row for row in rows if row.name == "sidecar").points is None


def test_a_sequence_has_a_column_for_each_task_and_an_arrow_for_each_kill():
    run = oomlab.run("lost-victim", "rfc-2015-11-25")
    figure = figures.sequence.figure(run)
    assert {"oom_reaper", "victim1", "victim2"} <= {*texts(figure)}
    names = {task.name for task in run.kernel.tasks}
    steps = [s for s in run.steps if s.verb in ("SIGKILL", "wake", "queue") and s.what in names]
    assert len([*parsed(figure).iter(f"{SVG}polygon")]) == len(steps)
    assert not any("…" in words for words in texts(figure)), "a name that is cut says nothing"


def test_a_legend_has_the_marks_of_its_picture_and_no_others():
    """Each swatch is a look of something else in the picture; each key of words has its mark."""
    runs = [THIEVES, SIX_KINDS, DEADLOCK, QUIET, oomlab.run("lost-victim", "rfc-2015-11-25")]
    for (name, module), run in [(each, run) for each in EVERY.items() for run in runs]:
        shapes = [e for e in parsed(module.figure(run)).iter() if e.get("fill")]
        swatch = [
            e for e in shapes if e.get("width") == "20.0" and e.get("height") in ("11.0", "4.0")
        ]
        drawn = {e.get("fill") for e in shapes if e not in swatch}
        assert {e.get("fill") for e in swatch} <= drawn, (name, run.scenario)
        said = texts(module.figure(run))[-1]
        if name == "waits" and "arrow" in said:
            places = {
                name
                for name, ends in facts.graph_at(run, None)[0].items()
                for name in [name, *ends]
            }
            assert ("blue: memory" in said) == ("memory" in places), run.scenario
            locks = places - {task.name for task in run.kernel.tasks} - {"memory"}
            assert ("square: lock" in said) == bool(locks), run.scenario


def test_the_letters_of_a_wide_sequence_can_be_read():
    """A column is as wide as what stands in it; a page too narrow for all of them is scrolled."""
    wide, narrow = figures.sequence.figure(THIEVES), figures.sequence.figure(LOST.run())
    assert wide.width > 1500 and f"min-width:{round(0.7 * wide.width)}px" in wide.img
    assert narrow.width < 900 and f"min-width:{round(0.7 * narrow.width)}px" in narrow.svg
    root = parsed(narrow)
    nodes = [n for n in root.iter(f"{SVG}text") if n.text in ("thread1", "oom_reaper", "thread2")]
    columns = [float(node.get("x")) for node in nodes]
    boxes = [
        (float(e.get("x")), float(e.get("x")) + float(e.get("width")))
        for e in root.iter(f"{SVG}rect")
        if e.get("rx") == "2"
    ]
    own = [[box for box in boxes if abs(sum(box) / 2 - x) < 1] for x in columns]
    assert len(columns) == 3 and sum(map(len, own)) == len(boxes)
    for left, right in zip(own, own[1:], strict=False):
        assert max(box[1] for box in left) < min(box[0] for box in right)


def test_what_is_blue_in_a_sequence_is_in_its_legend():
    """To wake the reaper is a part of the hand-off, as the cmpxchg before is; to reap is none."""
    run = LOST.run()
    part = {f"{s.verb} {s.what}": figures.sequence.part_of(s) for s in run.steps}
    for does in ("wake oom_reaper", "read mm_to_reap", "clear mm_to_reap", "pin victim1"):
        assert part[does] == "a part of the hand-off", does
    assert (part["reap vma1"], part["fault a page"]) == ("memory taken", "")
    for steps in (range(2), range(4), run.steps and range(len(run.steps))):
        figure = figures.sequence.figure(run, steps=steps)
        blue = [e for e in parsed(figure).iter(f"{SVG}rect") if e.get("stroke") == "#0072B2"]
        parts = {figures.sequence.part_of(step) for step in run.steps[: steps.stop]} - {""}
        said = texts(figure)[-1]
        assert all(words in said for words in parts) and ("blue" in said) == bool(blue)
        assert not any(p in said for p in {*figures.sequence.PARTS} - parts)


def test_a_number_of_an_axis_stands_under_its_tick_where_the_events_of_its_step_do():
    run = oomlab.run("lost-victim", "rfc-2015-11-25")
    root = parsed(figures.lanes.figure(run))
    kill = next(moment.step + 1 for moment in moments(run) if moment.kind == "kill")
    places = {node.text: float(node.get("x")) for node in root.iter(f"{SVG}text")}
    assert places["2"] < places["4"] and all(
        node.get("text-anchor") == "middle"
        for node in root.iter(f"{SVG}text")
        if node.text.isdigit()
    )
    step = (places["4"] - places["2"]) / 2
    assert places["K"] == pytest.approx(places["2"] + (kill - 2) * step, abs=0.3)


def test_reaping_that_is_over_at_once_has_the_sign_of_its_end_alone():
    both = [(0, "mark", "hog"), (900, "start", "hog"), (900, "finish", "hog")]
    late = [(0, "mark", "hog"), (500, "start", "hog"), (900, "finish", "hog")]
    for story, shown in ((both, False), (late, True)):
        assert ("reaping begins" in texts(figures.reaper_timelines.figure({"one": story}))) == shown


def test_the_sign_of_a_hand_off_is_not_under_that_of_the_first_try():
    story = {"one": [(0, "mark", "hog"), (5, "wake", "hog"), (5, "skip", "hog")]}
    paths = [path for path in parsed(figures.reaper_timelines.figure(story)).iter(f"{SVG}path")]
    places = [path.get("transform") for path in paths if path.get("transform")]
    assert len({*places}) == len(places)


def test_two_policies_part_at_the_first_event_that_differs():
    other = oomlab.run("page-thieves", "linux-4.6")
    first, second = facts.divergence(THIEVES, other)
    assert first[1:] != second[1:]
    assert facts.divergence(THIEVES, THIEVES) is None
    figure = figures.two_policies.figure(THIEVES, other)
    text = " ".join(texts(figure))
    assert first.sentence in text and second.sentence in text
    assert "go the same way" in figures.two_policies.alt_text(THIEVES, THIEVES)


def test_a_step_stands_below_the_same_step_of_the_run_beside_it():
    short = oomlab.run("lost-victim", "handa")
    for one, other in ((THIEVES, short), (short, THIEVES)):
        drawing = Drawing("")
        first, second = (figures.lanes.draw(drawing, r, beside=(one, other)) for r in (one, other))
        assert vars(first) == vars(second)
        assert first.last == max(shown_steps(one), shown_steps(other))
        alone = figures.lanes.draw(drawing, short)
        assert (alone.last, alone.left) != (first.last, first.left)
    for room in (figures.two_policies, figures.whole_run):  # what is drawn has it
        places = {}
        for words in parsed(room.figure(THIEVES, short)).iter(f"{SVG}text"):
            if words.text and words.text.isdecimal() and words.get("text-anchor") == "middle":
                places.setdefault(words.text, []).append(words.get("x"))
        assert max(map(len, places.values())) == 2
        assert all(len({*x}) == 1 for x in places.values()), places


@pytest.mark.parametrize(
    "module", ["oomlab", "oomlab.lab.question_text", "oomlab.lab.controller", "oomlab.lab.figures"]
)
def test_a_browser_needs_no_matplotlib_and_a_terminal_no_widget(module):
    heavy = {"matplotlib", "numpy", "ipywidgets", "anywidget", "multiprocessing"}
    code = f"import sys, {module}; sys.exit(bool({heavy} & {{*sys.modules}}))"
    assert subprocess.run([sys.executable, "-c", code]).returncode == 0


def test_stories_stand_side_by_side_and_are_told_in_words():
    steps = [(500, "mark", "a"), (2510, "wake", "a"), (2510, "skip", "a"), (3550, "give up", "a")]
    drawn = figures.reaper_timelines.figure(
        {"model": steps, "recorded": [*steps, (3600, "mark", "b")]}
    )
    labels = [text for text in texts(drawn) if ", " in text and "story" not in text]
    assert labels == ["a, model", "a, recorded", "b, recorded"]
    said = "a, model: marked at 0 ms, tried 1 time in vain, given up at 3050 ms"
    assert said in drawn.alt_text and "b, recorded: marked at 3100 ms" in drawn.alt_text
    assert figures.reaper_timelines.figure({"model": []}).alt_text == "No victim."


@pytest.mark.parametrize("policy", ["linux-4.6", "linux-4.10"])
def test_each_attempt_of_the_reaper_is_seen(policy):
    """However short. In 4.10 the first one waits for oom_lock before: slivers side by side."""
    run = oomlab.run("stuck-writer", policy)
    steps, svg = figures.lanes.draw(Drawing("a scale"), run), figures.lanes.figure(run).svg
    attempts = [e["step"] - 2 for e in run.events if e["event"] == "skip_task_reaping"]
    slivers = [float(x) for x in re.findall(r'<rect x="([\d.]+)" y="[\d.]+" width="2.0"', svg)]
    (lane,) = (lane for lane in lanes(run) if lane.name == "oom_reaper")
    short = 0
    for segment in map(lane.at, attempts):  # as it stood before that step
        assert segment.state == "running"
        wide = (segment.end - segment.start) * steps.scale
        beside = min(abs(x - steps.x(segment.start)) for x in slivers)
        assert wide >= 2 or beside < 6
        short += wide < 2
    assert len(attempts) == 10 and short > 6


@pytest.mark.parametrize("policy", ["linux-4.4", "linux-6.12"])
@pytest.mark.parametrize("scenario", ["lost-victim", "tiny-child", "marks", "two-memcgs"])
def test_the_word_pages_stands_beside_its_numbers(scenario, policy):
    """Where all tasks have short names it once stood under the greatest of them."""
    drawn = figures.whole_run.figure(oomlab.run(scenario, policy)).svg
    texts = re.findall(r'<text x="([\d.]+)" y="([\d.]+)"([^>]*)>([^<]*)<', drawn)
    (word,) = [(float(x), float(y)) for x, y, _, said in texts if said == "pages"]
    numbers = [(float(x), said) for x, _, how, said in texts if "end" in how and said.isdigit()]
    assert numbers
    for right, said in numbers:
        assert word[0] + wide_as("pages", 12) < right - wide_as(said, 12)


def test_a_figure_on_a_narrow_page_is_scrolled_with_the_keyboard_too():
    html = figures.lanes.figure(THIEVES)._repr_mimebundle_()["text/html"]
    assert html.startswith('<div style="overflow-x:auto" tabindex="0"')


def test_the_bonus_of_root_is_in_the_legend_where_it_is_in_the_picture():
    """Of three percent for a task of root, up to 4.16; else the same bar is oom_score_adj alone."""
    old, new = "linux-4.4", "linux-4.19"
    for uid, kernel, told in ((0, old, True), (0, new, False), (9, old, False)):
        machine = Kernel(oomlab.PRESETS[kernel], 1024)
        task = machine.spawn("a", ((pause,),), vmas=heap(100), uid=uid, adj=50)
        row = facts.parts(task, OomControl(GFP_KERNEL, 0, None, 1024), machine.policy)
        drawing = Drawing("")
        figures.badness.draw(drawing, [row], [""], set(), "pages")
        assert (", and the bonus of root" in drawing.svg) == told, (uid, kernel)
        assert ">oom_score_adj" in drawing.svg
