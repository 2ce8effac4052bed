"""Write the results of `oomlab grade` into a gradebook of nbgrader.

    python -m oomlab.grading.course.gradebook graded/results.json gradebook.db

Each exercise is a grade cell with the id that it has on its sheet; `nbgrader formgrader` and
`nbgrader export` then show these points. What a teacher wrote there stays: manual scores, extra
credit, comments, names and times. Only the automatic scores are set.
"""

import json
import os
import sys
from pathlib import Path

from .identity import written


def to_gradebook(results: list[dict], database: str) -> list[str]:
    """Set the automatic scores; a sentence for each manual score that hides a new one."""
    from nbgrader.api import Gradebook

    # nbgrader starts alembic by its bare name: also where this Python's venv is not activated
    os.environ["PATH"] = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    remarks = []
    with Gradebook(f"sqlite:///{Path(database).resolve()}") as gradebook:
        for sheet, exercises in all_exercises(results).items():
            gradebook.update_or_create_assignment(sheet)
            gradebook.update_or_create_notebook(sheet, sheet)
            for name, of in exercises.items():
                cell = f"{name}-check"
                gradebook.update_or_create_grade_cell(
                    cell, sheet, sheet, max_score=of, cell_type="code"
                )
        for result in results:
            if result["source"]:  # else nothing was handed in
                remarks += set_scores(gradebook, result)
                gradebook.db.commit()
    return remarks


def all_exercises(results: list[dict]) -> dict[str, dict[str, int]]:
    """{sheet: {exercise: points}}"""
    sheets: dict[str, dict[str, int]] = {}
    for result in results:
        for exercise in result["exercises"]:
            sheets.setdefault(result["sheet"], {})[exercise["name"]] = exercise["of"]
    return sheets


def set_scores(gradebook, result: dict) -> list[str]:
    """The automatic scores of one submission, which is made if it is not there."""
    from nbgrader.api import Grade, MissingEntry

    sheet, student = result["sheet"], result["student"]
    try:
        gradebook.find_student(student)
    except MissingEntry:
        name = result["name"] if result["name"] != student else None
        gradebook.add_student(student, last_name=name)
    gradebook.update_or_create_submission(sheet, student)
    notebook = gradebook.find_submission_notebook(sheet, sheet, student)
    remarks = []
    for exercise in result["exercises"]:
        cell = f"{exercise['name']}-check"
        try:
            grade = gradebook.find_grade(cell, sheet, sheet, student)
        except MissingEntry:  # the exercise came to the sheet after the submission
            grade = Grade(cell=gradebook.find_grade_cell(cell, sheet, sheet), notebook=notebook)
            gradebook.db.add(grade)
        before, points = grade.auto_score, exercise["points"]
        grade.auto_score = points
        if grade.manual_score is None:
            grade.needs_manual_grade = False
        elif before != points:
            remarks.append(
                f"{student}, {sheet}, {exercise['name']}: the manual score {grade.manual_score:g} "
                f"stays; the automatic one is {points} now"
            )
    return remarks


if __name__ == "__main__":
    everything = json.loads(Path(sys.argv[1]).read_text("utf-8"))
    for remark in to_gradebook(everything, sys.argv[2]):
        print(written(remark))
    handed_in = sum(bool(result["source"]) for result in everything)
    print(f"{handed_in} submissions are in {sys.argv[2]}")
