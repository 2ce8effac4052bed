"""The self-check in a notebook: the same properties as in grading, on public inputs.

It runs in the student's own kernel, where the student can change everything. It is no grade.
"""

from collections.abc import Callable, Sequence
from html import escape
from traceback import walk_tb

from ..naming import nearest
from .asking import AskHere
from .checks import EXERCISES
from .exercise import Finding
from .handoff.picture import text_lanes


class Practice:
    """What a self-check found; shown as text, and in a notebook as it is in the feedback."""

    def __init__(self, name: str, findings: list[Finding]):
        self.name, self.findings = name, findings

    @property
    def passed(self) -> int:
        return sum(finding.points == finding.of for finding in self.findings)

    def parts(self) -> tuple[list[str], str, list[str]]:
        """Lines, the lanes of one schedule, more lines: the first example is shown in full."""
        before = [f"{self.name}: visible checks passed: {self.passed} of {len(self.findings)}"]
        after: list[str] = []
        story, shown = "", False
        for f in self.findings:
            lines = after if shown else before
            lines.append(f"  {'✓' if f.points == f.of else '✗'} {f.says}")
            lines += [f"      {f.message}"] if f.message else []
            if not shown and (f.example or f.schedule):
                lines += ["      " + line for line in f.example.split("\n") if line]
                lanes = text_lanes(f.schedule).split("\n") if f.schedule else []
                lanes = ["      " + line for line in lanes if line]
                told = [lanes.pop()] if lanes and "=>" in lanes[-1] else []  # a sentence: wrapped
                story, shown = "\n".join(lanes), True
                after.extend(told)
        return before, story, after

    def __repr__(self) -> str:
        """Each property on a line, what is wrong below."""
        before, story, after = self.parts()
        return "\n".join([*before, *filter(None, [story]), *after])

    def _repr_html_(self) -> str:
        """The same; sentences are wrapped on a narrow page, lanes keep their columns."""
        before, story, after = self.parts()
        style = "margin:0;overflow-x:auto;word-break:normal;white-space:"
        scrolled = ' tabindex="0"'  # by the keyboard, too
        wrapped = [(before, "pre-wrap", ""), ([story], "pre", scrolled), (after, "pre-wrap", "")]
        return "".join(
            f'<pre style="{style}{how}"{focus}>{escape(chr(10).join(lines))}</pre>'
            for lines, how, focus in wrapped
            if any(lines)
        )


def check(name: str, *functions: Callable) -> Practice:
    """Try your functions on practice inputs: check("hand-off", wake_oom_reaper, oom_reaper)."""
    if name not in EXERCISES:
        raise ValueError(f"no exercise {name!r}: {nearest(name, EXERCISES)}")
    exercise = EXERCISES[name]
    if len(functions) != len(exercise.functions):
        names = ", ".join(exercise.functions)
        raise ValueError(f'call it as check("{name}", {names})')
    ask = AskHere(dict(zip(exercise.functions, functions, strict=True)))
    try:
        return Practice(name, exercise.practise(ask))
    except KeyboardInterrupt as stop:
        raise Interrupted(last_line(stop, functions)) from None


class Interrupted(KeyboardInterrupt):
    """Stop, or Ctrl-C, ended a check: one sentence in a notebook, in place of a traceback.

    It goes on as an interrupt, so that the cells that wait do not run, either.
    """

    def __init__(self, where: str):
        super().__init__(
            f"Stopped before there was an answer{where}. Does a loop of yours never end?"
        )

    def _render_traceback_(self) -> list[str]:
        return [str(self)]


def last_line(stop: BaseException, functions: Sequence[Callable]) -> str:
    """Where in the student's own functions it was stopped; nothing if it was in none of them."""
    own = {getattr(function, "__code__", None) for function in functions}
    where = ""
    for frame, line in walk_tb(stop.__traceback__):
        if frame.f_code in own:
            first = frame.f_code.co_firstlineno
            where = f", in line {line - first + 1} of {frame.f_code.co_name}()"
    return where


def points(name: str, *functions: Callable) -> int:
    """For the hidden tests of nbgrader, which run in the student's kernel: points on fresh inputs.

    The student's code could change this very function. Grades that must not be forged come from
    `oomlab grade`.
    """
    from secrets import token_hex

    exercise = EXERCISES[name]
    ask = AskHere(dict(zip(exercise.functions, functions, strict=True)))
    return sum(finding.points for finding in exercise.grade(ask, token_hex(16)))
