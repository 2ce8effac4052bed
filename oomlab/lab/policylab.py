"""The policy lab as a widget: change a policy, see what it did, step through why.

    from oomlab.lab import PolicyLab
    PolicyLab("invisible-dependency", "linux-4.4")

Python keeps the settings and runs the model (controller.py); policylab.js draws and listens. The
browser sends one message for each action of a person, and gets a new `view` back.
"""

import gc
import json
import sys
import traceback
from collections.abc import Sequence
from pathlib import Path

import anywidget
from traitlets import Bytes, Dict, List, Unicode

from ..arguments import as_sentence, checked
from ..explorer.progress import in_words
from ..policies.policy import Policy
from ..simulate.patch_text import whose_failure
from ..simulate.recorder import uncollected
from ..simulate.run import Run
from ..simulate.scheduler import Entry
from .controller import Controller
from .run_page import VIEWER, framed

# What is answered without a new view, and by which name.
ASIDE = {"look": "details", "answers": "schedules", "graph": "graph"}

HERE = Path(__file__).parent
CONTROLS = tuple(
    f"{name}.js" for name in ("knobs", "settings", "byhand", "stategraph", "steplinks", "policylab")
)


def scripts(*names: str) -> str:
    """JavaScript files as one module: a widget's module cannot import another file."""
    return "\n".join((HERE / name).read_text(encoding="utf-8") for name in names)


class PolicyLab(anywidget.AnyWidget):
    """The lab on a scenario; `policies` names the presets to choose from, by default all.

    It begins with the run of a seed, or of a `schedule`, as run() takes it. A link to #step-15 in
    the text above it moves its cursor there (steplinks.js).
    """

    _esm = scripts(*VIEWER, *CONTROLS)
    _css = HERE / "policylab.css"

    catalogue = Dict().tag(sync=True)
    view = Unicode().tag(sync=True)  # JSON: as one string it is compared and sent in no time
    numbers = List(Bytes()).tag(sync=True)  # the columns of each picture

    @checked
    def __init__(
        self,
        scenario: str = "invisible-dependency",
        policy: str | Policy = "linux-4.4",
        *,
        policies: Sequence[str | Policy] | None = None,
        schedule: Sequence[Entry] | None = None,
    ):
        gc.freeze()  # what is loaded by now stays: the collector need not look at it after each run
        self.controller = Controller(scenario, policy, policies=policies, schedule=schedule)
        super().__init__(catalogue=self.controller.catalogue())
        self.show()
        self.on_msg(self.answer)

    @property
    def run(self) -> Run:
        """The run on the screen, for cells that look at it further."""
        return self.controller.runs[0]

    def _repr_mimebundle_(self, **how) -> tuple[dict, dict] | None:
        """The widget, and for where no widget can live, the run as it was when it was shown."""
        bundle = super()._repr_mimebundle_(**how)
        if bundle is not None:
            bundle[0].update(framed(self.controller.runs))
        return bundle

    def answer(self, _, message: dict, buffers: list) -> None:
        """Do what the browser asks; whatever goes wrong is said where it was asked."""
        if message["do"] == "nothing":
            # Jupyter's server leaves Nagle's algorithm on: what it sends after "the kernel is busy"
            # waits up to 40 ms for the browser's ACK, unless the browser has something to send.
            return
        error = ""
        self.controller.at = message.get("at") or 0
        try:
            if message["do"] not in ("peek", *ASIDE):  # what is done is done where one was before
                self.controller.peek(None)
            if message["do"] in ASIDE:  # answered by itself: the pictures stay as they are
                name = ASIDE[message["do"]]
                part = getattr(self.controller, message["do"])(**message["with"])
                self.send({name: part, "answers": message.get("number")})
                return
            getattr(self, "do_" + message["do"])(**message.get("with", {}))
        except ValueError as wrong:
            error = as_sentence(wrong)
        except Exception as wrong:  # a student does not see a kernel's log: told in place, too
            error = f"{whose_failure(wrong)} The last run stays."
            traceback.print_exc(file=sys.stderr)
        self.show(error=error, answers=message.get("number"))

    def show(self, **more) -> None:
        """Send what the controller has now, in one message."""
        with uncollected():  # what was made of a run is kept, and a picture must not wait
            view = {**self.controller.view(), **more}
            numbers = [picture.pop("columns") for picture in view["pictures"]]
            with self.hold_sync():
                self.numbers, self.view = numbers, json.dumps(view)

    def do_change(self, /, **changes) -> None:
        self.controller.change(**changes)

    def do_explore(self, **how) -> None:
        def told(states: int, waiting: int, seconds: float) -> None:
            self.send({"progress": in_words(states, waiting, seconds)})

        self.controller.explore(**how, progress=told)

    def do_play(self, **how) -> None:
        self.controller.play(**how)

    def do_move(self, **how) -> None:
        self.controller.move(**how)

    def do_peek(self, **how) -> None:
        self.controller.peek(**how)

    def do_export(self, form: str) -> None:
        self.send({"form": form, "text": self.controller.export(form)})
