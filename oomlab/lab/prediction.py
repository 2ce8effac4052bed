"""Predict, then check, as a widget: questions, a trace that stops before the answer, and a lock.

    from oomlab.lab import Prediction
    Prediction("who-dies")                                  # what a lesson asks: predictions/
    Prediction(oomlab.run("page-thieves", "handa"))         # what any run can be asked

Until all answers are locked the rest of the notebook is not shown: a page that is run to its end
would otherwise tell them (policylab.css; the cells do run). Locked answers are kept in the output
(saved_answers.py). Without a kernel or without scripts the same questions are text, with folded
answers.
"""

from dataclasses import asdict
from pathlib import Path

import anywidget
from IPython.display import display, update_display
from traitlets import Bool, Dict, List

from ..arguments import checked
from ..simulate.run import Run
from .facts import heading
from .payload import payload
from .policylab import HERE, scripts
from .predictions import place
from .question_text import folded, unnamed
from .questions import questions
from .saved_answers import MIME, keep, kept


class Prediction(anywidget.AnyWidget):
    """`given` holds the locked answers, None where none is locked yet; `opened`: the rest of the
    notebook is shown all the same.
    """

    _esm = scripts("dom.js", "no_answer.js", "unpacked_run.js", "timeline.js", "prediction.js")
    _css: Path = HERE / "policylab.css"

    frozen = Dict().tag(sync=True)  # empty if there is no run to show
    whole = Dict().tag(sync=True)
    questions: List = List().tag(sync=True)
    given: List = List().tag(sync=True)
    opened = Bool(False).tag(sync=True)

    _run: Run | None

    @checked
    def __init__(self, asked: str | Run):
        """ValueError if a lesson's question has no entry, or the model disagrees with it."""
        if isinstance(asked, Run):
            self._run, self._name = asked, heading(asked)
            self._asked = questions(asked)
        else:
            entry = place(asked)
            self._name, self._run = asked, entry.shows() if entry.shows else None
            self._asked = entry.questions(self._run)
        given, opened = kept(self._name, [len(question.choices) for question in self._asked])
        pictures = {}
        if self._run:
            stop = min(question.step for question in self._asked) + 1
            before = {"title": unnamed(self._run)}
            pictures = dict(frozen=payload(self._run, stop) | before, whole=payload(self._run))
        super().__init__(
            questions=[asdict(question) for question in self._asked],
            given=given,
            opened=opened,
            **pictures,
        )
        self._display: str | None = None
        self.observe(self._keep, ["given", "opened"])

    def _static(self) -> dict:
        """The questions as text, and the answers as a value: what is saved, and shown without us.

        It is an output of its own, hidden while the widget lives (policylab.css): a notebook that
        is opened again, or read elsewhere, has no widget and leaves an empty place for it.
        """
        text = folded(self._asked, self._run, self.given)
        return {"text/html": text, MIME: keep(self._name, self.given, self.opened)}

    def _ipython_display_(self) -> None:
        bundle = self._repr_mimebundle_()
        if bundle is not None:
            # Where no widget lives, what follows says it all: not even a repr stands in its place.
            display(bundle[0] | {"text/html": "", "text/plain": ""}, raw=True)
            self._display = display(self._static(), raw=True, display_id=True).display_id

    def _keep(self, _) -> None:
        if self._display:
            update_display(self._static(), raw=True, display_id=self._display)
        self.send({"kept": self.given})
