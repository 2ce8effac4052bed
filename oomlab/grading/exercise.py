"""An exercise: functions to write, and properties that they must have, each worth points.

A check is a function (ask, draw): it draws inputs, asks the student's functions for answers, and
raises CheckFailed if an answer does not have the property. It never sees the student's code.
When an exercise is graded, the inputs are drawn from a secret seed. If the check fails, it runs
again on the practice inputs, whose values the feedback may show. In CheckFailed the sentence says
what is wrong in general, and the example says with which input; examples with secret inputs are
never shown.
"""

from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from random import Random

from .asking import Ask, CheckFailed, NoAnswer
from .sandbox.bubblewrap import NoSandbox

PRACTICE = "practice"  # the seed that is no secret


@dataclass
class GradedProperty:
    """One thing that must be true of the answers."""

    name: str
    points: int
    says: str
    check: Callable[[Ask, Random], None]


@dataclass
class Finding:
    """What became of one property of one submission."""

    property: str
    says: str
    points: int
    of: int
    message: str = ""
    example: str = ""
    schedule: list[dict] = field(default_factory=list)

    def to_dict(self) -> dict:
        return asdict(self)


class Exercise:
    """A name, a level, the student's functions in the order in which check() takes them."""

    def __init__(self, name: str, level: int, title: str, *functions: str):
        self.name, self.level, self.title, self.functions = name, level, title, list(functions)
        self.properties: list[GradedProperty] = []

    def worth(self, points: int, says: str) -> Callable:
        """Make a check function a property worth some points; `says` is what students read."""

        def add(check: Callable[[Ask, Random], None]) -> Callable:
            self.properties.append(GradedProperty(check.__name__, points, says, check))
            return check

        return add

    @property
    def points(self) -> int:
        return sum(p.points for p in self.properties)

    def grade(self, ask: Ask, secret: str) -> list[Finding]:
        """Judge every property on secret inputs, then explain failures on practice ones.

        Between the two `ask` forgets: what explains a failure has never seen a secret input.
        """
        lost = [self.attempt(p, ask, secret) for p in self.properties]
        if any(lost):
            ask.forget()
        pairs = zip(self.properties, lost, strict=True)
        return [self.explain(p, failed, ask) for p, failed in pairs]

    def explain(self, p: GradedProperty, lost: CheckFailed | None, ask: Ask) -> Finding:
        """The points of one property, and after a failure what may be said of it."""
        if lost is None:
            return Finding(p.name, p.says, p.points, p.points)
        if isinstance(lost, NoAnswer):  # asking more would take as long again
            return Finding(p.name, p.says, 0, p.points, lost.sentence)
        shown = self.attempt(p, ask, PRACTICE)
        if shown is None:  # right on the practice inputs only: say no more than the sentence
            text = f"{lost.sentence} (On other inputs than the practice ones.)"
            return Finding(p.name, p.says, 0, p.points, text)
        if isinstance(shown, NoAnswer):
            return Finding(p.name, p.says, 0, p.points, lost.sentence)
        return Finding(p.name, p.says, 0, p.points, shown.sentence, shown.example, shown.schedule)

    def attempt(self, p: GradedProperty, ask: Ask, seed: str) -> CheckFailed | None:
        """Run one check. None, the only way to points, takes at least one answer, fresh."""
        ask.secret = seed != PRACTICE
        before = ask.answered
        try:
            p.check(ask, Random(f"{seed}/{self.name}"))
        except CheckFailed as lost:
            return lost
        except NoSandbox:
            raise
        except Exception as error:  # of an answer not foreseen: it must not end the grading
            text = "This answer made the check itself fail; please tell your teacher"
            return NoAnswer(f"{text} ({type(error).__name__}).")
        if ask.answered == before:
            raise AssertionError(f"{self.name}: {p.name} passed without asking anything")
        return None

    def practise(self, ask: Ask) -> list[Finding]:
        """The same checks on the practice inputs: for the self-check, never for a grade."""
        findings = []
        for p in self.properties:
            lost = self.attempt(p, ask, PRACTICE)
            if lost is None:
                findings.append(Finding(p.name, p.says, p.points, p.points))
            else:
                text, example, schedule = lost.sentence, lost.example, lost.schedule
                findings.append(Finding(p.name, p.says, 0, p.points, text, example, schedule))
        return findings
