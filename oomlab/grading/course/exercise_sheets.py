"""A sheet: one of the teacher's notebooks, and the exercises that it asks for.

What a sheet asks for is read from its check("NAME", ...) cells. The sheet is the teacher's; the
student's copy of these cells is never consulted.
"""

import ast
import json
import re
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path

from ...textfile import read_text
from ..checks import EXERCISES
from ..exercise import Exercise
from .collect import STRAY, Collected, Handed
from .identity import same
from .submissions import Submission

MAGIC_LINES = re.compile(r"^\s*[%!].*$", re.MULTILINE)


UNFIT = 9


class ExerciseSheet:
    """The exercises of one notebook of the teacher's."""

    def __init__(self, path: Path):
        self.path, self.name = path, path.stem
        self.exercises: list[Exercise] = []
        try:
            self.notebook = json.loads(read_text(path))
            code = [
                "".join(cell["source"])
                for cell in self.notebook["cells"]
                if cell["cell_type"] == "code"
            ]
        except (KeyError, TypeError, json.JSONDecodeError, RecursionError):
            raise ValueError(f"{path} is no Jupyter notebook") from None
        for source in code:
            self.exercises += exercises_checked(source)
        if not self.exercises:
            raise ValueError(f"{path} asks for no exercise: it has no cell with check(NAME, ...)")
        asked: dict[str, str] = {}
        for exercise in self.exercises:
            for function in exercise.functions:
                first = asked.setdefault(function, exercise.name)
                if first != exercise.name:  # a notebook has one function of a name
                    both = f"{first} and {exercise.name}"
                    raise ValueError(f"{path}: {both} both ask for {function}; use two sheets")

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
    try:
        tree = ast.parse(MAGIC_LINES.sub("", source))
    except (SyntaxError, ValueError, RecursionError) as wrong:
        line = source.strip().partition("\n")[0]
        raise ValueError(f"the cell that begins {line[:60]!r} is no Python: {wrong}") from None
    for node in ast.walk(tree):
        if (
            isinstance(node, ast.Call)
            and isinstance(node.func, ast.Name)
            and node.func.id == "check"
        ):
            first = node.args[0] if node.args else None
            names.append(str(first.value) if isinstance(first, ast.Constant) else ast.unparse(node))
    unknown = [name for name in names if name not in EXERCISES]
    if unknown:
        raise ValueError(f"no exercise {unknown[0]!r}: there are {', '.join(EXERCISES)}")
    return [EXERCISES[name] for name in names]


def load_sheets(place: Path) -> list[ExerciseSheet]:
    """The sheets of a folder, or the one sheet of a file."""
    if not place.exists():
        raise ValueError(f"there is no folder {place}; give the sheets with --exercises")
    paths = sorted(place.glob("*.ipynb")) if place.is_dir() else [place]
    if not paths:
        raise ValueError(f"there is no notebook in {place}")
    return [ExerciseSheet(path) for path in paths]


def asked_of_the_class(
    sheets: list[ExerciseSheet], wanted: list[str], told: set[str]
) -> list[ExerciseSheet]:
    """The sheets that the class has: as the teacher says with --sheet, or by what is there.

    `told` are the sheets that the teacher's own names of files and folders speak of. What a student
    called a file decides nothing: a student must not choose an easier sheet.
    """
    names = [sheet.name for sheet in sheets]
    for name in wanted:
        if name not in names:
            raise ValueError(f"there is no sheet {name}: there are {', '.join(names)}")
    if not wanted and len(sheets) > 1:
        if len(told) != 1:
            seen = f"the files speak of {' and '.join(sorted(told))}; " if told else ""
            raise ValueError(
                f"{seen}say which sheet the class has with --sheet, once for each: "
                f"{', '.join(names)}"
            )
        wanted = list(told)
    return [sheet for sheet in sheets if not wanted or sheet.name in wanted]


def assign(found: Collected, sheets: list[ExerciseSheet]) -> list[tuple[Submission, ExerciseSheet]]:
    """One notebook for each student and sheet; what is not chosen is left, with the reason."""
    work = []

    def leave(source: str, why: str) -> None:
        found.left_out.append((source, why))

    for person, theirs in sorted(by_person(found.handed, leave).items()):
        last = max(one.stamp for one in theirs)
        for one in [one for one in theirs if one.stamp != last]:
            leave(one.submission.source, "the same student handed in a later one")
        todo = [one for one in theirs if one.stamp == last]
        for sheet in sheets:
            best = min((rank(one, sheet, sheets) for one in todo), default=None)
            if best is None or best == UNFIT:
                continue
            chosen = [one for one in todo if rank(one, sheet, sheets) == best]
            if len(chosen) > 1:
                which = " and ".join(sorted(one.submission.source for one in chosen))
                why = f"{person} has more than one notebook for {sheet.name}: {which}; keep one"
                for one in chosen:
                    leave(one.submission.source, why)
            else:
                work.append((chosen[0].submission, sheet))
            todo = [one for one in todo if one not in chosen]
        for one in todo:
            leave(one.submission.source, f"another notebook of {person} is graded")
    return work


def without_claims(handed: list[Handed], leave: Callable[[str, str], None]) -> list[Handed]:
    """What only an archive that was found says to be a student's never displaces the student's."""
    owners = {same(one.student.folder) for one in handed if not one.place.claimed}
    kept = []
    for one in handed:
        if one.place.claimed and same(one.student.folder) in owners:
            why = f"only the archive says that it is of {one.student.id}, whose own one is here"
            leave(one.submission.source, why)
        else:
            kept.append(one)
    return kept


def by_person(handed: list[Handed], leave: Callable[[str, str], None]) -> dict[str, list[Handed]]:
    """The notebooks of each student. Two whose ids look alike are both refused."""
    people: dict[str, list[Handed]] = {}
    alike: dict[str, set[str]] = {}
    for one in without_claims(handed, leave):
        people.setdefault(one.student.id, []).append(one)
        alike.setdefault(same(one.student.folder), set()).add(one.student.id)
    for ids in alike.values():
        if len(ids) > 1:
            for person in ids:
                for one in people.pop(person):
                    names = " and ".join(sorted(ids))
                    leave(one.submission.source, f"{names} look alike; give a --roster")
    return people


def rank(one: Handed, sheet: ExerciseSheet, sheets: list[ExerciseSheet]) -> int:
    """How well a notebook's name fits a sheet; of equals none is chosen."""
    stem = one.place.stem
    if one.says == sheet.name:
        return 0 if same(stem).endswith(same(sheet.name)) else 1
    if len(sheets) > 1:
        return UNFIT
    if one.says is None:
        return 3 if STRAY.fullmatch(stem) else 2
    return 4
