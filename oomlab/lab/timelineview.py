"""A run to step through, and its events as sentences: each of them moves the cursor.

    from oomlab.lab import TimelineView
    TimelineView("hidden-sharer", "rfc-2015-11-25", sharer="init")

A link to #step-14 in the text above it moves the cursor, too (steplinks.js). Where no widget lives
it is the lanes as a picture, and the sentences as a list.
"""

import json
from html import escape
from typing import Any

import anywidget
from IPython.display import display
from traitlets import Bytes, List, Unicode

from ..policies.policy import Policy
from ..simulate.run import Run, run
from .figures import lanes
from .policylab import HERE, scripts
from .run_page import VIEWER, view_of
from .timeline import moments


class TimelineView(anywidget.AnyWidget):
    """What it takes is what oomlab.run() takes; `run` is the run, for cells that look further."""

    _esm = scripts(*VIEWER, "steplinks.js", "event_list.js")
    _css = HERE / "policylab.css"

    view = Unicode().tag(sync=True)  # JSON, as view_of() has it
    numbers = List(Bytes()).tag(sync=True)  # the columns of its picture

    run: Run

    def __init__(self, scenario: str, policy: str | Policy = "linux-4.4", **how: Any):
        """ValueError, as from oomlab.run(), for a wrong name or value, or without a trace."""
        self.run = run(scenario, policy, **how)
        view = view_of([self.run])
        numbers = [picture.pop("columns") for picture in view["pictures"]]
        super().__init__(view=json.dumps(view), numbers=numbers)

    def plain(self) -> str:
        """What happened, a line for each event."""
        return "\n".join(
            f"step {moment.step + 1}  {moment.sentence}" for moment in moments(self.run)
        )

    def _ipython_display_(self) -> None:
        bundle = self._repr_mimebundle_()
        if bundle is not None:
            # Where no widget lives, what follows says it all: not even a repr stands in its place.
            display(bundle[0] | {"text/html": "", "text/plain": ""}, raw=True)
            events = (
                f"<li>step {m.step + 1}: {escape(m.sentence)}</li>" for m in moments(self.run)
            )
            picture = lanes.figure(self.run)._repr_mimebundle_()["text/html"]
            static = f"<section class='oomlab-static'>{picture}<ul>{''.join(events)}</ul></section>"
            display({"text/html": static, "text/plain": self.plain()}, raw=True)
