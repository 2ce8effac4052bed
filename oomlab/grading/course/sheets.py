"""A sheet: one of the teacher's notebooks, and the exercises that it asks for.

What a sheet asks for is read from its check("NAME", ...) cells. The sheet is the teacher's; the
student's copy of these cells is never consulted.
"""

import ast
import json
import re
from hashlib import sha256
from pathlib import Path

from ..checks import EXERCISES
from ..exercise import Exercise
from .submissions import Submission

MAGIC_LINES = re.compile(r"^\s*[%!].*$", re.MULTILINE)


class Sheet:
    """The exercises of one notebook of the teacher's."""

    def __init__(self, path: Path):
        self.path, self.name = path, path.stem
        self.notebook = json.loads(path.read_text("utf-8"))
        self.exercises: list[Exercise] = []
        for cell in self.notebook["cells"]:
            if cell["cell_type"] == "code":
                self.exercises += exercises_checked("".join(cell["source"]))
        if not self.exercises:
            raise ValueError(f"{path} asks for no exercise: it has no cell with check(NAME, ...)")

    @property
    def points(self) -> int:
        return sum(exercise.points for exercise in self.exercises)

    def digest(self) -> str:
        """Changes when what is asked for changes."""
        asked = [(e.name, [(p.name, p.points) for p in e.properties]) for e in self.exercises]
        return sha256(repr(asked).encode()).hexdigest()


def exercises_checked(source: str) -> list[Exercise]:
    """The exercises named by calls of check() in a cell."""
    names = []
    for node in ast.walk(ast.parse(MAGIC_LINES.sub("", source))):
        if (
            isinstance(node, ast.Call)
            and isinstance(node.func, ast.Name)
            and node.func.id == "check"
        ):
            names.append(ast.literal_eval(node.args[0]))
    unknown = [name for name in names if name not in EXERCISES]
    if unknown:
        raise ValueError(f"no exercise {unknown[0]!r}: there are {', '.join(EXERCISES)}")
    return [EXERCISES[name] for name in names]


def load_sheets(place: Path) -> list[Sheet]:
    """The sheets of a folder, or the one sheet of a file."""
    if not place.exists():
        raise ValueError(f"there is no {place}; give the sheets with --exercises")
    paths = sorted(place.glob("*.ipynb")) if place.is_dir() else [place]
    if not paths:
        raise ValueError(f"there is no notebook in {place}")
    return [Sheet(path) for path in paths]


def choose(sheets: list[Sheet], submission: Submission) -> Sheet:
    """The sheet that a submission answers: by its name, or because there is only one."""
    if len(sheets) == 1:
        return sheets[0]
    place = submission.member or str(submission.path)
    fitting = [sheet for sheet in sheets if sheet.name in place]
    if not fitting:
        names = ", ".join(sheet.name for sheet in sheets)
        raise ValueError(
            f"cannot tell which sheet {submission.source} answers ({names}): "
            "name one with --exercises FILE"
        )
    return max(fitting, key=lambda sheet: (place.rfind(sheet.name), len(sheet.name)))
