"""OOM reports as a widget: paste one, see who was chosen and why, ask what else would have been.

    from oomlab.lab import ReportView
    ReportView(open("kern.log").read())

Python reads, ranks and draws (report_controller.py, reports/tell/report_picture.py); reportview.js
shows and listens. Nothing of the text leaves the machine.
"""

import sys
import traceback

import anywidget
from traitlets import Bool, Dict, Unicode

from ..arguments import as_sentence, checked
from ..paper import Drawing, clean
from ..reports.judge.explanation import Explanation
from ..reports.tell.report_picture import picture
from ..reports.tell.words import text_of
from .figures import ranking
from .policylab import PolicyLab, scripts
from .report_controller import Reading


class ReportView(anywidget.AnyWidget):
    """A place to paste the text of a log; `text` is there from the start."""

    _esm = scripts("dom.js", "reportview.js")
    _css = scripts("policylab.css", "reportview.css")

    text = Unicode().tag(sync=True)  # as it is given at first; what is typed stays in the browser
    dark = Bool(False).tag(sync=True)  # the browser says which theme it shows
    view = Dict().tag(sync=True)

    @checked
    def __init__(self, text: str = ""):
        super().__init__(text=text)
        self.reading = Reading()
        self.answer(self, {"do": "read", "with": {"text": text}} if text else {"do": "nothing"}, [])
        self.on_msg(self.answer)

    @property
    def explanation(self) -> Explanation | None:
        """What is on the screen, changes and all, for cells that look at it further."""
        return self.reading.answer

    def figure(self, dark: bool | None = None) -> Drawing:
        """The ranking on the screen. ValueError if no report was found yet."""
        if self.explanation is None:
            raise ValueError("there is no report yet to draw")
        return ranking.figure(self.explanation, dark=dark)

    def lab(self, policy: str | None = None) -> PolicyLab:
        """The report as a scenario in a policy lab, by default by the rules of its own kernel."""
        name, own = self.reading.scenario()
        return PolicyLab(name, policy or own)

    def _repr_mimebundle_(self, **how) -> tuple[dict, dict] | None:
        """The widget, and for where no widget can live, the report as it was when it was shown."""
        bundle = super()._repr_mimebundle_(**how)
        if bundle is not None and self.explanation is not None:
            told = text_of(self.explanation)
            image = self.figure().img
            bundle[0].update({"text/html": f"{image}<pre>{clean(told)}</pre>", "text/plain": told})
        return bundle

    def answer(self, _, message: dict, buffers: list) -> None:
        """Do what the browser asks; whatever goes wrong is said in place."""
        error = said = ""
        try:
            said = getattr(self, "do_" + message["do"])(**message.get("with", {})) or ""
        except ValueError as wrong:
            error = as_sentence(wrong)
        except Exception as wrong:  # a student does not see a kernel's log: told in place, too
            error = f"oomlab itself failed: {type(wrong).__name__}: {wrong}."
            traceback.print_exc(file=sys.stderr)
        self.show(error=error, scenario=said)

    def show(self, **more) -> None:
        """Send what there is now; the picture as SVG, whose words are escaped."""
        drawn = picture(self.explanation).svg if self.explanation else ""
        self.view = {**self.reading.view(), **more, "picture": drawn}

    def do_nothing(self) -> None: ...

    def do_read(self, text: str) -> None:
        self.reading.read(text)

    def do_open(self, number: int) -> None:
        self.reading.open(number)

    def do_what_if(self, pid: int, adj: int) -> None:
        self.reading.what_if(pid, adj)

    def do_as_it_was(self) -> None:
        self.reading.as_it_was()

    def do_scenario(self) -> str:
        return "PolicyLab({!r}, {!r})".format(*self.reading.scenario()).replace("'", '"')
