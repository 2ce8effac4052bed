"""OOM reports as a widget: paste one, see who was chosen and why, ask what else would have been.

    from oomlab.lab import ReportView
    ReportView(open("kern.log").read())

Python reads, ranks and draws (report_controller.py, reports/tell/report_picture.py); reportview.js
shows and listens. Nothing of the text leaves the machine.
"""

from traitlets import Bool, Dict, Unicode

from ..arguments import checked
from ..paper import Drawing, clean
from ..reports.judge.explanation import Explanation
from ..reports.tell.report_picture import picture
from ..reports.tell.words import text_of
from .answering import Answering
from .figures import ranking
from .policylab import PolicyLab, scripts
from .report_controller import Reading


class ReportView(Answering):
    """A place to paste the text of a log; `text` is there from the start."""

    _esm = scripts("dom.js", "no_answer.js", "reportview.js")
    _css = scripts("policylab.css", "reportview.css")

    text = Unicode().tag(sync=True)  # as it is given at first; what is typed stays in the browser
    dark = Bool(False).tag(sync=True)  # the browser says which theme it shows
    view = Dict().tag(sync=True)

    @checked
    def __init__(self, text: str = ""):
        super().__init__(text=text)
        self.reading = Reading()
        self.answer(self, {"do": "read", "with": {"text": text}} if text else {"do": "nothing"}, [])

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
        if bundle is not None and self.explanation is None:
            bundle[0]["text/plain"] = "A place to paste an OOM report: run this cell to have it."
        elif bundle is not None and self.explanation is not None:
            told = text_of(self.explanation)
            image = self.figure().img
            bundle[0].update({"text/html": f"{image}<pre>{clean(told)}</pre>", "text/plain": told})
        return bundle

    def do(self, message: dict) -> str | None:
        return getattr(self, "do_" + message["do"])(**message.get("with", {}))

    def tell(self, message: dict, done: str | None, error: str) -> None:
        self.show(error=error, scenario=done or "")
        self.send({"answers": message.get("number")})  # a view that is as before is not sent

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
