"""The policy lab as a widget: change a policy, see what it did, step through why.

    from oomlab.lab import PolicyLab
    PolicyLab("invisible-dependency", "linux-4.4")

Python keeps the settings and runs the model (controller.py); policylab.js draws and listens. The
browser sends one message for each action of a person, and gets a new `view` back.
"""

import gc
import json
from collections.abc import Sequence
from pathlib import Path

from traitlets import Bytes, Dict, List, Unicode

from ..arguments import checked
from ..explorer import Exploration
from ..explorer.progress import in_words
from ..policies.policy import Policy
from ..simulate.recorder import uncollected
from ..simulate.run import Run
from ..simulate.scheduler import Entry
from .answering import Answering
from .controller import Controller
from .run_page import VIEWER, framed

# What is answered without a new view, and by which name.
ASIDE = {"look": "details", "answers": "schedules", "graph": "graph"}

HERE = Path(__file__).parent
CONTROLS = tuple(
    f"{name}.js"
    for name in ("no_answer", "knobs", "settings", "byhand", "stategraph", "steplinks", "policylab")
)


def scripts(*names: str) -> str:
    """JavaScript files as one module: a widget's module cannot import another file."""
    return "\n".join((HERE / name).read_text(encoding="utf-8") for name in names)


class PolicyLab(Answering):
    """The lab on a scenario; `policies` names the presets to choose from, by default all.

    It begins with the run of a seed, or, at its last step, of a `schedule`, as run() takes it. In
    place of a scenario and a policy it takes what explore() found: the schedule that breaks the
    property, with all its settings. A link to #step-15 in the text above it moves its cursor there
    (steplinks.js).
    """

    _esm = scripts(*VIEWER, *CONTROLS)
    _css = HERE / "policylab.css"

    catalogue = Dict().tag(sync=True)
    view = Unicode().tag(sync=True)  # JSON: as one string it is compared and sent in no time
    numbers = List(Bytes()).tag(sync=True)  # the columns of each picture

    @checked
    def __init__(
        self,
        scenario: str | Exploration = "invisible-dependency",
        policy: str | Policy = "linux-4.4",
        *,
        policies: Sequence[str | Policy] | None = None,
        schedule: Sequence[Entry] | None = None,
    ):
        params: dict = {}
        if isinstance(scenario, Exploration):
            found = scenario
            if found.verdict != "violated":
                raise ValueError(f"{found.sentence()}: there is no schedule to show")
            scenario, policy, params = found.scenario, found.policy, found.params
            schedule = found.pids
        gc.freeze()  # what is loaded by now stays: the collector need not look at it after each run
        self.controller = Controller(
            scenario, policy, policies=policies, schedule=schedule, params=params
        )
        super().__init__(catalogue=self.controller.catalogue())
        self.show()

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

    def do(self, message: dict) -> dict | None:
        """Do what the browser asks; what is beside the pictures comes back."""
        what, how = message["do"], message.get("with", {})
        if what == "nothing":
            # Jupyter's server leaves Nagle's algorithm on: what it sends after "the kernel is busy"
            # waits up to 40 ms for the browser's ACK, unless the browser has something to send.
            return None
        self.controller.at = message.get("at") or 0
        if what in ASIDE:
            return {ASIDE[what]: getattr(self.controller, what)(**how)}
        if what != "peek":  # what is done is done where one was before
            self.controller.peek(None)
        return getattr(self, f"do_{what}")(**how)

    def tell(self, message: dict, done: dict | None, error: str) -> None:
        """Send what stands beside the pictures by itself, and after all else a new view."""
        number = message.get("number")
        if done:
            self.send({**done, "answers": number})
        if error or message["do"] not in ("nothing", *ASIDE):
            self.show(error=error, answers=number)

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

    def do_export(self, form: str) -> dict:
        return {"form": form, "text": self.controller.export(form)}
