"""Grading one submission: every exercise of its sheet, each in a child of its own."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import partial
from hashlib import sha256

from ..asking import AskChild
from ..exercise import Finding
from ..sandbox.child import Child
from ..sandbox.group import Group
from .sheets import Sheet
from .submissions import NotANotebook, Submission, code_cells

SCHEMA = "oomlab-result/1"


@dataclass
class Graded:
    """The findings for one exercise."""

    name: str
    title: str
    level: int
    findings: list[Finding]

    @property
    def points(self) -> int:
        return sum(finding.points for finding in self.findings)

    @property
    def of(self) -> int:
        return sum(finding.of for finding in self.findings)


@dataclass
class Result:
    """What one student gets back."""

    student: str
    source: str
    sheet: str
    digest: str  # of the notebook, the sheet and the seed: the same work need not be done twice
    exercises: list[Graded] = field(default_factory=list)
    problem: str = ""  # why nothing could be graded

    @property
    def points(self) -> int:
        return sum(graded.points for graded in self.exercises)

    @property
    def of(self) -> int:
        return sum(graded.of for graded in self.exercises)

    def to_dict(self) -> dict:
        return {
            "schema": SCHEMA,
            "student": self.student,
            "source": self.source,
            "sheet": self.sheet,
            "digest": self.digest,
            "points": self.points,
            "of": self.of,
            "problem": self.problem,
            "exercises": [
                {
                    "name": g.name,
                    "title": g.title,
                    "level": g.level,
                    "points": g.points,
                    "of": g.of,
                    "properties": [finding.to_dict() for finding in g.findings],
                }
                for g in self.exercises
            ],
        }

    @classmethod
    def from_dict(cls, data: dict) -> "Result":
        exercises = [
            Graded(e["name"], e["title"], e["level"], [Finding(**p) for p in e["properties"]])
            for e in data["exercises"]
        ]
        keys = ("student", "source", "sheet", "digest")
        return cls(*(data[key] for key in keys), exercises, data["problem"])


def digest(data: bytes, sheet: Sheet, secret: str) -> str:
    return sha256(sha256(data).digest() + f"{sheet.digest()}/{secret}".encode()).hexdigest()


def grade(
    submission: Submission,
    sheet: Sheet,
    secret: str,
    *,
    hidden: Sequence[str] = (),
    group: Group | None = None,
    trusted: bool = False,
) -> Result:
    """Grade one notebook. Raises NoSandbox, and nothing that a submission could cause."""
    result = Result(submission.student, submission.source, sheet.name, "")
    cells: list[str] | None = None
    try:
        data = submission.read()
        result.digest = digest(data, sheet, secret)
        cells = code_cells(data)
    except NotANotebook as wrong:
        result.problem = f"The notebook could not be read: {wrong}."
    for exercise in sheet.exercises:
        if cells is None:
            findings = [Finding(p.name, p.says, 0, p.points) for p in exercise.properties]
        else:
            start = partial(
                Child, cells, exercise.functions, hidden=hidden, group=group, trusted=trusted
            )
            ask = AskChild(start)
            try:
                findings = exercise.grade(ask, secret)
            finally:
                ask.close()
        result.exercises.append(Graded(exercise.name, exercise.title, exercise.level, findings))
    return result
