"""What the tests of grading share: the sheets, and a way to hand something in."""

import json
from pathlib import Path

from oomlab.grading.course import grade_one
from oomlab.grading.course.exercise_sheets import load_sheets
from oomlab.grading.course.submissions import Submission
from oomlab.grading.sandbox import group

SHEETS = {sheet.name: sheet for sheet in load_sheets(Path(__file__).parents[2] / "exercises")}
SECRET = "a seed that only the tests know"


def solution(name: str) -> str:
    """The sheet's own solution of an exercise."""
    for sheet in SHEETS.values():
        for cell in sheet.notebook["cells"]:
            if cell["metadata"].get("nbgrader", {}).get("grade_id") == f"{name}-solution":
                return "".join(cell["source"])
    raise KeyError(name)


def notebook(*sources: str, **more) -> bytes:
    """A minimal notebook of code cells."""
    cells = [
        {
            "cell_type": "code",
            "id": f"c{i}",
            "metadata": {},
            "outputs": [],
            "execution_count": None,
            "source": source,
        }
        for i, source in enumerate(sources)
    ]
    book = {"cells": cells, "metadata": {}, "nbformat": 4, "nbformat_minor": 5, **more}
    return json.dumps(book).encode()


class OneExercise:
    """A sheet with some exercises only."""

    def __init__(self, *exercises):
        self.name, self.exercises = "sheet", list(exercises)

    def digest(self):
        return ",".join(exercise.name for exercise in self.exercises)


def hand_in(folder: Path, data: bytes, *exercises, trusted=False, hidden=()) -> grade_one.Result:
    """Grade some bytes as a submission for these exercises."""
    path = folder / "student.ipynb"
    path.write_bytes(data)
    members = group.Group()
    try:
        return grade_one.grade(
            Submission("student", "student", path),
            OneExercise(*exercises),
            SECRET,
            hidden=[str(folder), *hidden],
            group=members,
            trusted=trusted,
        )
    finally:
        members.close()
