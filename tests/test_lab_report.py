"""A report view without a browser: the figure on its data, what is said, and what is asked."""

import re
from importlib.util import find_spec
from pathlib import Path
from xml.etree import ElementTree

import pytest

import oomlab
from oomlab.lab.report_controller import Reading
from oomlab.reports.judge.explain import explain
from oomlab.reports.read.parse import parse
from oomlab.reports.tell.scenario import register_report
from oomlab.scenarios import SCENARIOS, title

if not find_spec("anywidget"):
    pytest.skip("needs the extra lab", allow_module_level=True)

from oomlab.lab import PolicyLab, ReportView, figures

REPORTS = Path(__file__).parent / "data" / "reports"
LOG = (REPORTS / "6.1-global.txt").read_text()
EXPLAINED = [
    explain(report) for path in sorted(REPORTS.glob("*.txt")) for report in parse(path.read_text())
]


@pytest.fixture
def reading():
    return Reading(LOG)


@pytest.fixture
def view():
    return ReportView(LOG)


@pytest.fixture(autouse=True)
def scenarios_as_they_were():
    before = dict(SCENARIOS)
    yield
    for name in SCENARIOS.keys() - before.keys():
        del SCENARIOS[name]


def drawn_words(drawing):
    """The words of a figure, and those of them that are bold."""
    nodes = [node for node in ElementTree.fromstring(drawing.svg).iter() if node.text]
    return [n.text for n in nodes], {n.text for n in nodes if n.get("font-weight") == "600"}


@pytest.mark.parametrize("explained", EXPLAINED)
def test_the_rows_are_the_points_and_the_dead_are_marked(explained):
    figure = figures.ranking.figure(explained)
    rows = figures.ranking.points_of(explained, list(explained.ranked))
    assert all(sum(row.parts.values()) == row.points for row in rows if row.points is not None)
    words, bold = drawn_words(figure)
    for each in explained.ranked:
        assert f"{each.row.name} ({each.row.pid})" in words
        assert any(word.startswith(each.why_not or f"{each.points} point") for word in words)
    assert f"{explained.predicted.row.name} ({explained.predicted.row.pid})" in bold
    victim = explained.report.victim
    assert victim is None or f"{victim.name} ({victim.pid})" in bold
    assert ElementTree.fromstring(figure.svg).get("aria-label") == figure.alt_text


def test_a_long_table_is_cut_but_not_above_the_victim():
    report = next(parse(LOG))
    more = [
        report.tasks[0]._replace(pid=1000 + n, rss=9000 + n, name=f"$w_{n}$") for n in range(30)
    ]
    report.tasks += [row._replace(oom_score_adj=0) for row in more]
    figure = figures.ranking.figure(explain(report))
    words, _ = drawn_words(figure)
    names = [word for word in words if re.fullmatch(r"\S+ \(\d+\)", word)]
    assert len(names) == 13 and names[0] == "$w_29$ (1029)" and names[-1] == "m3 (87)"
    assert "13 of 35 tasks" in " ".join(words)


def test_a_report_without_a_table_says_so():
    text = "\n".join(line for line in LOG.split("\n") if "Killed process" in line)
    reading = Reading(text)
    assert "no task table" in reading.view()["sentence"]
    figure = figures.ranking.figure(reading.explanation)
    words, _ = drawn_words(figure)
    assert "no task table" in figure.alt_text and "no task table" in " ".join(words)
    with pytest.raises(ValueError, match="could not be ranked"):
        reading.what_if(87, 0)
    with pytest.raises(ValueError, match="no task table"):
        reading.scenario()


def test_what_if_moves_the_choice_and_back(reading):
    assert "The kernel killed m3 (87): the same choice." in reading.view()["sentence"]
    reading.what_if(87, 2)
    assert "2 for m3 (87), m2 (85) would have been chosen" in reading.view()["answer"]
    ranked = figures.ranking.figure(reading.answer)
    words = " ".join(drawn_words(ranked)[0])
    for part in ("something changed", "points, would be chosen", "points, killed in fact"):
        assert part in words  # the picture is of no report
    assert "would be chosen" in ranked.alt_text
    reading.what_if(87, 3)
    assert "m3 (87) would still have been chosen" in reading.view()["answer"]
    reading.what_if(85, 900)
    assert "3 for m3 (87) and 900 for m2 (85), m2 (85) would" in reading.view()["answer"]
    for pid in (87, 85, 79):
        reading.what_if(pid, -1000)
    assert "no task could have been killed" in reading.view()["answer"]
    for pid, own in ((87, 78), (85, 0), (79, 0)):
        reading.what_if(pid, own)
    assert reading.adj == {} and reading.answer is reading.explanation


@pytest.mark.parametrize(
    ("ask", "sentence"),
    [
        (lambda r: r.read("  \n"), "nothing to read yet"),
        (lambda r: r.read("all is well\n" * 9), "no OOM report was found"),
        (lambda r: r.open(3), "the text has 3"),
        (lambda r: r.what_if(4711, 0), "no task 4711"),
        (lambda r: r.what_if(85, 1001), "not between -1000 and 1000"),
    ],
)
def test_a_mistake_is_a_sentence_and_changes_nothing(reading, ask, sentence):
    reading.open(1)
    before = reading.view()
    with pytest.raises(ValueError, match=sentence):
        ask(reading)
    assert reading.view() == before


def test_nothing_pasted_yet():
    for ask in (Reading().scenario, lambda: Reading().what_if(1, 1), ReportView().figure):
        with pytest.raises(ValueError, match="no report yet"):
            ask()


@pytest.mark.parametrize("explained", EXPLAINED)
def test_a_report_runs_as_a_scenario(explained):
    register_report("friday", explained.report)
    assert title("friday").startswith("OOM report (")
    run = oomlab.run("friday", explained.policy)
    assert run.outcome.victims[0] == explained.predicted.row.name
    with pytest.raises(ValueError, match="'friday' already"):
        register_report("friday", explained.report)


def test_the_lab_opens_on_what_is_asked(view):
    view.do_what_if(87, 0)
    lab = view.lab()
    assert isinstance(lab, PolicyLab) and lab.run.outcome.victims == ["m2"]
    assert view.lab().run.scenario == lab.run.scenario  # once is enough
    view.do_as_it_was()
    assert view.lab("linux-5.1").run.outcome.victims == ["m3"]


def test_a_message_is_answered_in_place(view, capsys):
    def ask(what, **how):
        view.answer(view, {"do": what, "with": how}, [])
        return view.view

    before = view.view["picture"]
    assert "<svg" in before and "m3 (87) is chosen. m3 (87) was killed." in before
    assert "m2 (85) would" in ask("what_if", pid=87, adj=0)["answer"]
    assert view.view["picture"] != before and view.view["tasks"][0] == [85, "m2 (85)", 0]
    assert ask("what_if", pid=87, adj=5000)["error"].startswith("oom_score_adj 5000 is not between")
    assert ask("scenario")["scenario"].startswith('PolicyLab("report-')
    assert view.view["cause"] and view.view["advice"]
    assert ask("open", number=2)["number"] == 2 and view.explanation.predicted.row.name == "m1"
    assert capsys.readouterr().err == ""
    assert "oomlab itself failed: TypeError" in ask("open", number="2")["error"]
    assert "Traceback" in capsys.readouterr().err


def test_names_from_a_log_are_only_text():
    named = LOG.replace("m3", "<b>\x1b[1m")
    html = ReportView(named).view["picture"]
    assert "<b>" not in html and "&lt;b&gt;" in html
