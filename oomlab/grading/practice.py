"""The self-check in a notebook: the same properties as in grading, on public inputs.

It runs in the student's own kernel, where the student can change everything. It is no grade.
"""

from collections.abc import Callable
from html import escape

from ..naming import nearest
from ..simulate.ended_early import in_lines, line_in
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
        """Lines, the lanes of one schedule, more lines: the first example is shown in full.

        Of each other error it is said what and where, not what was asked.
        """
        before = [f"{self.name}: visible checks passed: {self.passed} of {len(self.findings)}"]
        after: list[str] = []
        story, shown = "", False  # what has columns: a table of what was asked, lanes
        told: set[str] = set()
        for f in self.findings:
            lines = after if shown else before
            lines.append(f"  {'✓' if f.points == f.of else '✗'} {f.says}")
            if f.message:
                lines.append(f"      {'as above' if f.message in told else f.message}")
                if shown and f.message not in told and f.example.startswith("it raised"):
                    lines.append(f"      {f.example.partition('; asked ')[0]}")
                told.add(f.message)
            if not shown and (f.example or f.schedule):
                sentence, _, columns = f.example.partition("\n")
                lines += [f"      {sentence}"] if sentence else []
                lanes = text_lanes(f.schedule).split("\n") if f.schedule else []
                lanes = ["      " + line for line in [*columns.split("\n"), *lanes] if line]
                end = [lanes.pop()] if lanes and "=>" in lanes[-1] else []  # a sentence: wrapped
                story, shown = "\n".join(lanes), True
                after.extend(end)
        return before, story, after

    def __repr__(self) -> str:
        """Each property on a line, what is wrong below."""
        before, story, after = self.parts()
        return "\n".join([*before, *filter(None, [story]), *after])

    def _repr_html_(self) -> str:
        """The same; sentences are wrapped below their beginning, what has columns is scrolled."""
        before, story, after = self.parts()
        style = "margin:0;overflow-x:auto;word-break:normal;white-space:"
        scrolled = f'<pre style="{style}pre" tabindex="0">{escape(story)}</pre>' if story else ""
        told = [
            f'<pre style="{style}pre-wrap">{"".join(map(indented, lines))}</pre>' * bool(lines)
            for lines in (before, after)
        ]
        return scrolled.join(told)


def indented(line: str) -> str:
    """A line whose second row, where the page is narrow, begins below its first."""
    text = line.lstrip()
    return (
        f'<span style="display:block;padding-left:{len(line) - len(text)}ch">{escape(text)}</span>'
    )


def check(name: str, *functions: Callable) -> Practice:
    """Try your functions on practice inputs: check("hand-off", wake_oom_reaper, oom_reaper)."""
    if not isinstance(name, str):
        raise CannotCheck('call it as check("NAME", function), with the name of the exercise')
    if name not in EXERCISES:
        raise CannotCheck(f"no exercise {name!r}: {nearest(name, EXERCISES)}")
    exercise = EXERCISES[name]
    names = ", ".join(exercise.functions)
    if len(functions) != len(exercise.functions):
        raise CannotCheck(f'call it as check("{name}", {names})')
    if not all(map(callable, functions)):
        raise CannotCheck(f'check takes the functions, and calls them: check("{name}", {names})')
    ask = AskHere(dict(zip(exercise.functions, functions, strict=True)))
    try:
        return Practice(name, exercise.practise(ask))
    except KeyboardInterrupt as stop:
        raise Interrupted(line_in(stop, functions)) from None


class CannotCheck(ValueError):
    """check() was called with what it cannot ask."""

    _render_traceback_ = in_lines


class Interrupted(KeyboardInterrupt):
    """Stop, or Ctrl-C, ended a check: one sentence in a notebook, in place of a traceback.

    It goes on as an interrupt, so that the cells that wait do not run, either.
    """

    def __init__(self, where: str):
        super().__init__(
            f"Stopped before there was an answer{f', in {where}' * bool(where)}. "
            "Does a loop of yours never end?"
        )

    _render_traceback_ = in_lines


def points(name: str, *functions: Callable) -> int:
    """For the hidden tests of nbgrader, which run in the student's kernel: points on fresh inputs.

    The student's code could change this very function. Grades that must not be forged come from
    `oomlab grade`.
    """
    from secrets import token_hex

    exercise = EXERCISES[name]
    ask = AskHere(dict(zip(exercise.functions, functions, strict=True)))
    return sum(finding.points for finding in exercise.grade(ask, token_hex(16)))
