"""What is no run is refused in one sentence, by each figure and each widget of the lab."""

import inspect
from importlib.util import find_spec

import pytest

from oomlab.lab import figures
from oomlab.lab.question_text import ask

FIGURES = {
    f"{name}.{kind}": getattr(getattr(figures, name), kind)
    for name in figures.__all__
    if name != "FIGURES"
    for kind in ("figure", "alt_text")
}
WRONG = (3, None, "lost-victim", object())


def calls():
    for name, function in FIGURES.items():
        taken = inspect.signature(function).parameters.values()
        needed = [p for p in taken if p.default is p.empty]
        for wrong in WRONG:
            given = [wrong] * len(needed)
            yield pytest.param(function, given, id=f"{name}-{wrong!r:.12}")
    for wrong in WRONG:
        yield pytest.param(ask, [wrong], id=f"ask-{wrong!r:.12}")


@pytest.mark.parametrize("function, given", [*calls()])
def test_a_figure_says_what_it_takes(function, given):
    with pytest.raises(ValueError, match=r"^\w+ takes \w+ as [\w ]+, not .+$"):
        function(*given)


if find_spec("anywidget"):
    from oomlab.lab import PolicyLab, Prediction, ReportView, Sentence, TimelineView, Verdicts

    LOST = ("lost-victim", "linux-4.4")

    @pytest.mark.parametrize(
        "make, words",
        [
            (lambda: Prediction(3), "Prediction takes asked as text or a Run, not 3"),
            (lambda: Prediction(None), "Prediction takes asked as"),
            (lambda: Prediction("who-die"), "did you mean 'who-dies'"),
            (lambda: ReportView(3), "ReportView takes text as text, not 3"),
            (lambda: PolicyLab(None), "PolicyLab takes scenario as text or an Exploration"),
            (lambda: PolicyLab("lost-victim", 3), "PolicyLab takes policy as"),
            (lambda: TimelineView(3), "run takes scenario as text, not 3"),
            (lambda: Verdicts("lost-victim"), "Verdicts takes scenarios as a sequence of text"),
            (lambda: Verdicts([None]), "Verdicts takes scenarios as a sequence of text"),
            (lambda: Verdicts(["lost"], ["linux-4.4"]), "did you mean 'lost-victim'"),
            (lambda: Sentence("{victims}", *LOST, "pages", victims=3), "victims takes its least"),
            (lambda: Sentence("{victims}", *LOST, "pages", victims=(3, 0)), "victims takes"),
            (lambda: Sentence("{victims}", *LOST, "pages", victims=(0, 3, 4)), "victims takes"),
            (lambda: Sentence("{victims}", *LOST, "pages", victims="ab"), "victims takes"),
            (lambda: Sentence("{victims}", *LOST, "pages", victims=(0, 1.5)), "victims takes"),
            (lambda: Sentence("{victims}", *LOST, "pages", victims=()), "victims takes"),
            (lambda: Sentence("{victims}", *LOST, "pagez", victims=(0, 3)), "'pages'"),
            (lambda: Sentence(3, *LOST, "pages", victims=(0, 3)), "Sentence takes text as text"),
            (lambda: Sentence("{x}", *LOST, "pages", x=(0, 3)), "no number of lost-victim"),
        ],
    )
    def test_a_widget_says_what_it_takes(make, words):
        with pytest.raises(ValueError, match=words) as wrong:
            make()
        assert "\n" not in str(wrong.value)

    def test_verdicts_of_one_scenario_are_those_under_every_version():
        shown = Verdicts(["lost-victim"])
        assert {s for s, _ in shown.table} == {"lost-victim"} and len(shown.columns) > 10
