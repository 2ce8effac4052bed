"""Finds answers that are the same text. The text does not tell who wrote it first.

Two answers are alike if they differ only in comments, blanks and lines. Short answers are often
alike by themselves, so only longer ones are compared. The text is never parsed or run here.
"""

import re
from hashlib import sha256

from .exercise_sheets import ExerciseSheet

SHORT = 120  # characters without blanks: what two students may well write alike
NOISE = re.compile(r"#[^\n]*|\s+")


def fingerprints(cells: list[str], sheet: ExerciseSheet) -> dict[str, str]:
    """For each exercise: a hash of the cells that define its functions, if they are long enough."""
    prints = {}
    for exercise in sheet.exercises:
        names = "|".join(map(re.escape, exercise.functions))
        wanted = re.compile(rf"^[ \t]*(?:async[ \t]+)?def[ \t]+(?:{names})\b", re.MULTILINE)
        text = "".join(NOISE.sub("", cell) for cell in cells if wanted.search(cell))
        if len(text) > SHORT and "raiseNotImplementedError" not in text:
            prints[exercise.name] = sha256(text.encode("utf-8", "replace")).hexdigest()[:16]
    return prints


def alike(answers: dict[str, dict[str, str]]) -> dict[str, list[list[str]]]:
    """{exercise: groups of students whose text is the same}, of {student: fingerprints}."""
    groups: dict[str, dict[str, list[str]]] = {}
    for student, prints in answers.items():
        for exercise, mark in prints.items():
            groups.setdefault(exercise, {}).setdefault(mark, []).append(student)
    found = {name: [g for g in marks.values() if len(g) > 1] for name, marks in groups.items()}
    return {name: same for name, same in found.items() if same}
