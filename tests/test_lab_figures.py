"""Figures are held to their data and structure, not to pixels."""

import subprocess
import sys

import pytest

import oomlab
from oomlab.lab import facts

figures = pytest.importorskip("oomlab.lab.figures")

THIEVES = oomlab.run("page-thieves", "handa")
SIX_KINDS = oomlab.run("mlocked-and-shared", "linux-4.6")
DEADLOCK = oomlab.run("decoy-children", "linux-4.4")
QUIET = oomlab.run("lost-victim", "linux-4.4", schedule=[])
ALL = [(name, run) for name in figures.FIGURES for run in (THIEVES, SIX_KINDS, DEADLOCK, QUIET)]


def texts(figure):
    return [text.get_text() for axes in figure.axes for text in axes.texts]


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize(("name", "run"), ALL)
def test_every_figure_of_every_run_in_both_themes(name, run):
    module = figures.FIGURES[name]
    light, dark = module.figure(run), module.figure(run, dark=True)
    assert light.get_facecolor() != dark.get_facecolor()
    assert light.axes[0].title.get_color() != dark.axes[0].title.get_color() or not texts(light)
    sentence = module.alt_text(run)
    assert light.alt_text == sentence and sentence.endswith(".")
    assert run.scenario in sentence
    bundle = light._repr_mimebundle_()
    assert f'alt="{sentence}"'.replace(">", "&gt;") in bundle["text/html"].replace("&#x27;", "'")


def test_lanes_are_labelled_and_the_lock_is_named():
    axes = figures.lanes.figure(DEADLOCK).axes[0]
    assert [label.get_text() for label in axes.get_yticklabels()][:2] == ["init", "hog"]
    assert "i_mutex of the shared file" in texts(axes.figure)


def test_memory_draws_the_free_pages_and_its_marks():
    axes = figures.free_memory.figure(THIEVES).axes[0]
    labels = {line.get_label(): line for line in axes.lines}
    assert list(labels["free pages"].get_ydata()) == [
        step.free for step in THIEVES.steps[: facts.shown_steps(THIEVES)]
    ]
    assert labels[f"min {THIEVES.kernel.zone.min}"].get_ydata()[0] == THIEVES.kernel.zone.min
    below = facts.below_min(THIEVES)
    assert below and all(name.startswith("dying") for name in below)  # only they may, with handa


def test_pages_of_the_reaper_add_up():
    got, to = facts.who_got_them(THIEVES), THIEVES.outcome.pages_to
    for kind, wanted in (("dying", "dying"), ("not dying", "normal"), ("kernel thread", "kernel")):
        assert sum(pages for how, pages in got.values() if how == kind) == to[wanted]
    bars = figures.pages.figure(THIEVES).axes[0].patches
    assert [bar.get_width() for bar in bars][: len(got)] == [pages for _, pages in got.values()]


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
    figure = figures.waits.figure(DEADLOCK)
    thick = [arrow for arrow in figure.axes[0].patches if arrow.get_linewidth() == 3]
    assert len(thick) == len(cycle)
    assert facts.graph_at(DEADLOCK, 0)[1] == []


@pytest.mark.parametrize("policy", ["linux-2.6.38", "linux-4.4", "linux-6.12"])
def test_badness_is_the_sum_of_its_parts_and_the_highest_is_chosen(policy):
    run = oomlab.run("invisible-dependency", policy)
    chosen, rows = facts.candidates(run)
    scored = [row for row in rows if row.points is not None]
    assert chosen == scored[0].name == run.outcome.victims[0]
    assert all(sum(row.parts.values()) == row.points for row in scored)
    bars = figures.badness.figure(run).axes[0].patches
    assert sum(bar.get_width() for bar in bars) == sum(sum(row.parts.values()) for row in rows)


def test_badness_stays_inside_a_cgroup():
    chosen, rows = facts.candidates(oomlab.run("oom-group", "linux-6.12"))
    assert {row.name for row in rows} == {"worker1", "worker2", "sidecar"}
    assert next(row for row in rows if row.name == "sidecar").points is None


def test_a_sequence_has_a_column_for_each_task_and_an_arrow_for_each_kill():
    run = oomlab.run("lost-victim", "rfc-2015-11-25")
    figure = figures.sequence.figure(run)
    assert {"oom_reaper", "victim1", "victim2"} <= {*texts(figure)}
    steps = [step for step in run.steps if step.verb in ("SIGKILL", "wake")]
    assert len([text for text in texts(figure) if text == ""]) == len(steps)


def test_two_policies_part_at_the_first_event_that_differs():
    other = oomlab.run("page-thieves", "linux-4.6")
    first, second = facts.divergence(THIEVES, other)
    assert first[1:] != second[1:]
    assert facts.divergence(THIEVES, THIEVES) is None
    figure = figures.two_policies.figure(THIEVES, other)
    assert first.sentence in texts(figure) and second.sentence in texts(figure)
    assert "go the same way" in figures.two_policies.alt_text(THIEVES, THIEVES)


@pytest.mark.parametrize("module", ["oomlab", "oomlab.lab.ask", "oomlab.lab.controller"])
def test_a_browser_needs_no_matplotlib_and_a_terminal_no_widget(module):
    code = (
        f"import sys, {module}; heavy = {{'matplotlib', 'numpy', 'ipywidgets', 'anywidget'}};"
        "sys.exit(bool(heavy & {*sys.modules}))"
    )
    assert subprocess.run([sys.executable, "-c", code]).returncode == 0


def test_stories_stand_side_by_side_and_are_told_in_words():
    steps = [(500, "mark", "a"), (2510, "wake", "a"), (2510, "skip", "a"), (3550, "give up", "a")]
    drawn = figures.alongside.figure({"model": steps, "recorded": [*steps, (3600, "mark", "b")]})
    (axes,) = drawn.axes
    labels = [label.get_text() for label in axes.get_yticklabels()]
    assert labels == ["a, model", "a, recorded", "b, recorded"]
    said = "a, model: marked at 0 ms, tried 1 time in vain, given up at 3050 ms"
    assert said in drawn.alt_text and "b, recorded: marked at 3100 ms" in drawn.alt_text
    assert figures.alongside.figure({"model": []}).alt_text == "No victim."
