"""The report widget without a screen: a log's text in; sentences, a ranking and a what-if out.

    reading = Reading(text)
    reading.what_if(87, 0)
    reading.view()["answer"]

Everything a person can do in the widget is a method here; the widget only carries it to a browser.
A mistake is a ValueError with a sentence, and leaves everything as it was.
"""

from ..reports.judge.explain import explain
from ..reports.judge.explanation import Explanation
from ..reports.judge.report_machine import adj_of
from ..reports.judge.what_if import what_if
from ..reports.read.parse import parse
from ..reports.read.report import Report
from ..reports.tell.scenario import register_report
from ..reports.tell.words import choice, headline, printable, text_of
from ..scenarios import SCENARIOS
from .facts import several


class Reading:
    """The reports of one text, one of them open, perhaps with other oom_score_adj."""

    def __init__(self, text: str = ""):
        self.reports: list[Report] = []
        self.adj: dict[int, int] = {}  # {pid: oom_score_adj} that is asked about
        self.names: dict[tuple, str] = {}  # what was made a scenario already
        self.explanation: Explanation | None = None
        self.answer: Explanation | None = None  # the explanation, with `adj` in place
        if text:
            self.read(text)

    def read(self, text: str) -> None:
        """Find the reports of a text, and open the first one."""
        if not text.strip():
            raise ValueError("there is nothing to read yet: paste the part of the log with the OOM")
        reports = list(parse(text))
        if not reports:
            raise ValueError(
                "no OOM report was found in this text: look for a line with 'invoked oom-killer', "
                "and paste from there to 'Killed process'"
            )
        self.reports, self.names = reports, {}
        self.open(0)

    def open(self, number: int) -> None:
        """Look at another report of the text; its tasks are as they were."""
        if not 0 <= number < len(self.reports):
            raise ValueError(f"there is no report {number + 1}: the text has {len(self.reports)}")
        self.number, self.adj = number, {}
        self.explanation = self.answer = explain(self.reports[number])

    def what_if(self, pid: int, adj: int) -> None:
        """Give one more task another oom_score_adj; its own again takes the change back."""
        if self.explanation is None:
            raise ValueError("there is no report yet to ask about")
        if not self.explanation.ranked:
            raise ValueError("nothing can be asked of this report: its tasks could not be ranked")
        changed: dict[int | str, int] = dict(self.adj.items())
        changed[pid] = adj  # what_if() takes names, too
        own = {row.pid: adj_of(row) for row in self.explanation.report.tasks}
        answer = what_if(self.explanation.report, adj=changed)
        self.adj = {p: a for p, a in {**self.adj, pid: adj}.items() if a != own[p]}
        self.answer = answer if self.adj else self.explanation

    def as_it_was(self) -> None:
        """Take all changes back."""
        self.adj, self.answer = {}, self.explanation

    def scenario(self) -> tuple[str, str]:
        """Make a scenario of what is on the screen: (its name, the policy of its kernel)."""
        if self.answer is None:
            raise ValueError("there is no report yet to make a scenario of")
        if self.answer.policy is None:
            raise ValueError("the rules of this report's kernel are not known")
        key = (self.number, *sorted(self.adj.items()))
        if key not in self.names:
            count = 1
            while f"report-{count}" in SCENARIOS:
                count += 1
            register_report(f"report-{count}", self.answer.report)
            self.names[key] = f"report-{count}"
        return self.names[key], self.answer.policy.name

    def view(self) -> dict:
        """Everything that is shown but the figure, as plain values."""
        if self.explanation is None or self.answer is None:
            return {
                "reports": [],
                "tasks": [],
                "sentence": "",
                "cause": "",
                "advice": [],
                "answer": "",
                "words": "",
            }
        return {
            "reports": [printable(headline(report)) for report in self.reports],
            "number": self.number,
            "cause": printable(self.explanation.cause.sentence),
            "advice": [printable(each) for each in self.explanation.advice],
            "sentence": printable(" ".join(line.strip() for line in choice(self.explanation))),
            "words": text_of(self.explanation),
            "tasks": [
                [r.row.pid, printable(f"{r.row.name} ({r.row.pid})"), adj_of(r.row)]
                for r in self.answer.ranked
            ],
            "answer": what_if_sentence(self.explanation, self.answer, self.adj),
        }


def what_if_sentence(before: Explanation, answer: Explanation, adj: dict[int, int]) -> str:
    """Who would have been chosen, and by how much."""
    if not adj:
        return ""
    names = {row.pid: row.name for row in answer.report.tasks}
    asked = several([f"{value} for {names[pid]} ({pid})" for pid, value in adj.items()])
    if answer.predicted is None:
        return printable(f"With oom_score_adj {asked}, no task could have been killed.")
    row, old = answer.predicted.row, before.predicted
    still = "still " * (old is not None and old.row.pid == row.pid)
    lead = ""
    if answer.runner_up:
        other, pages = answer.runner_up.row, answer.margin
        by = f"{pages} page{'s' * (pages != 1)} ahead of" if pages else "level with"
        lead = f", {by} {other.name} ({other.pid})"
    return printable(
        f"With oom_score_adj {asked}, {row.name} ({row.pid}) would {still}have been chosen{lead}."
    )
