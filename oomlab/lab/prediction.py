"""Predict, then check, as a widget: a trace that stops before the kill, and questions.

    from oomlab.lab import Prediction
    Prediction(oomlab.run("page-thieves", "handa"))

An answer is locked before the rest of the trace is shown. Without a kernel or without scripts the
same questions are there as text, with folded answers (ask.py).
"""

from dataclasses import asdict
from pathlib import Path

import anywidget
from traitlets import Dict, List

from ..simulate.run import Run
from .ask import folded
from .payload import payload
from .policylab import HERE, scripts
from .questions import freeze_step, questions


class Prediction(anywidget.AnyWidget):
    """Questions about one run; `given` holds the locked answers, None where none is locked yet."""

    _esm = scripts("dom.js", "picture.js", "timeline.js", "prediction.js")
    _css: Path = HERE / "policylab.css"

    frozen = Dict().tag(sync=True)
    whole = Dict().tag(sync=True)
    questions: List = List().tag(sync=True)
    given: List = List().tag(sync=True)

    def __init__(self, run: Run):
        asked = [asdict(question) for question in questions(run)]
        super().__init__(
            frozen=payload(run, freeze_step(run) + 1),
            whole=payload(run),
            questions=asked,
            given=[None] * len(asked),
        )
        self._static = folded(run)

    def _repr_mimebundle_(self, **how) -> tuple[dict, dict] | None:
        bundle = super()._repr_mimebundle_(**how)
        if bundle is not None:
            bundle[0]["text/html"] = self._static
        return bundle
