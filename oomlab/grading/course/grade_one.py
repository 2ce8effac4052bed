"""Grading one submission: every exercise of its sheet, each in a child of its own."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cache, partial
from hashlib import sha256
from pathlib import Path

from ..asking import AskChild
from ..exercise import Finding
from ..sandbox.child_pipe import Child
from ..sandbox.group import Group
from .exercise_sheets import ExerciseSheet
from .likeness import fingerprints
from .submissions import NotANotebook, Submission, code_cells

SCHEMA = "oomlab-result/2"
DEFINED = re.compile(r"^[ \t]*(?:async[ \t]+)?def[ \t]+([A-Za-z_]\w{0,60})", re.MULTILINE)
MORE = ("name", "folder", "number", "system", "checks", "notebook", "answers", "changed")


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
    digest: str  # of the notebook, sheet, seed and checks: the same work need not be done twice
    exercises: list[Graded] = field(default_factory=list)
    problem: str = ""  # why nothing could be graded
    name: str = ""  # of the student, as it is written
    folder: str = ""  # of the student's pages
    number: str = ""  # in the course system
    system: str = ""  # whose number it is: "Moodle" or "Canvas"
    checks: str = ""  # the version of the checks that gave the points
    notebook: str = ""  # sha256 of what was handed in
    answers: dict[str, str] = field(default_factory=dict)  # exercise: fingerprint of its text
    changed: list[str] = field(default_factory=list)  # against the grade before

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
            **{key: getattr(self, key) for key in MORE},
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
        first = [data[key] for key in ("student", "source", "sheet", "digest")]
        more = {key: data[key] for key in MORE}
        student, source, sheet, digest = first
        return cls(student, source, sheet, digest, exercises, data["problem"], **more)


@cache
def checks_version() -> str:
    """A digest of the whole package: whatever file decides about points, it is among these."""
    package = Path(__file__).parents[2]
    seen = sha256()
    for file in sorted(package.rglob("*.py")):
        seen.update(f"{file.relative_to(package)}\0".encode() + file.read_bytes())
    return seen.hexdigest()[:12]


def digest(data: bytes, sheet: ExerciseSheet, secret: str) -> str:
    words = f"{sheet.digest()}/{secret}/{checks_version()}".encode()
    return sha256(sha256(data).digest() + words).hexdigest()


def changes(before: Result, after: Result) -> list[str]:
    """What a grade again says otherwise than the grade before, and why that may be."""
    points = {(g.name, f.property): f.points for g in before.exercises for f in g.findings}
    rows = [
        f"{g.name}: {f.property} {points.get((g.name, f.property), 'not asked')} -> {f.points}"
        for g in after.exercises
        for f in g.findings
        if points.get((g.name, f.property)) != f.points
    ]
    if not rows:
        return []
    causes = {
        "the notebook": before.notebook != after.notebook,
        "the checks": before.checks != after.checks,
    }
    why = " and ".join(name for name, differ in causes.items() if differ) or "the seed or the sheet"
    total = f"{before.points} -> {after.points} points, because {why} changed"
    return [total, *rows]


def defined_names(cells: list[str]) -> list[str]:
    """The functions that the text of some cells defines, read without parsing it."""
    return [name for cell in cells for name in DEFINED.findall(cell)]


def nothing_yet(submission: Submission, sheet: ExerciseSheet) -> Result:
    """A result with the student's names, before anything is graded."""
    who = (submission.name, submission.folder, submission.number, submission.system)
    result = Result(submission.student, submission.source, sheet.name, "", [], "", *who)
    result.checks = checks_version()
    return result


def without_points(submission: Submission, sheet: ExerciseSheet, problem: str) -> Result:
    """0 points for everything, and why."""
    result = nothing_yet(submission, sheet)
    result.problem = problem
    for e in sheet.exercises:
        findings = [Finding(p.name, p.says, 0, p.points) for p in e.properties]
        result.exercises.append(Graded(e.name, e.title, e.level, findings))
    return result


def grade(
    submission: Submission,
    sheet: ExerciseSheet,
    secret: str,
    *,
    hidden: Sequence[str] = (),
    group: Group | None = None,
    trusted: bool = False,
) -> Result:
    """Grade one notebook. Raises NoSandbox, and nothing that a submission could cause."""
    result = nothing_yet(submission, sheet)
    cells: list[str] | None = None
    try:
        data = submission.read()
        result.digest = digest(data, sheet, secret)
        result.notebook = sha256(data).hexdigest()
        cells = code_cells(data)
        result.answers = fingerprints(cells, sheet)
    except NotANotebook as wrong:
        result.problem = f"The notebook could not be read: {wrong}."
    for exercise in sheet.exercises:
        if cells is None:
            findings = [Finding(p.name, p.says, 0, p.points) for p in exercise.properties]
        else:
            others = [f for e in sheet.exercises if e is not exercise for f in e.functions]
            start = partial(Child, cells, exercise.functions, exercise.name, others)
            start = partial(start, hidden=hidden, group=group, trusted=trusted)
            ask = AskChild(start)
            ask.defined = defined_names(cells)
            try:
                findings = exercise.grade(ask, secret)
            finally:
                ask.close()
        result.exercises.append(Graded(exercise.name, exercise.title, exercise.level, findings))
    return result
