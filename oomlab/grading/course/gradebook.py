"""Write the results of `oomlab grade` into a gradebook of nbgrader.

    python -m oomlab.grading.course.gradebook graded/results.json gradebook.db

Each exercise is a grade cell with the id that it has on its sheet; `nbgrader formgrader` and
`nbgrader export` then show these points.
"""

import json
import os
import sys
from contextlib import suppress
from pathlib import Path


def to_gradebook(results: list[dict], database: str) -> int:
    """Add or replace one submission for each result; how many were written."""
    from nbgrader.api import Gradebook, MissingEntry

    # nbgrader starts alembic by its bare name: also where this Python's venv is not activated
    os.environ["PATH"] = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    with Gradebook(f"sqlite:///{Path(database).resolve()}") as gradebook:
        for result in results:
            sheet, student = result["sheet"], result["student"]
            gradebook.update_or_create_assignment(sheet)
            gradebook.update_or_create_notebook(sheet, sheet)
            gradebook.update_or_create_student(student)
            for exercise in result["exercises"]:
                gradebook.update_or_create_grade_cell(
                    f"{exercise['name']}-check",
                    sheet,
                    sheet,
                    max_score=exercise["of"],
                    cell_type="code",
                )
            # Grades are made with the submission, so it must come after the cells.
            with suppress(MissingEntry):
                gradebook.remove_submission(sheet, student)
            gradebook.add_submission(sheet, student)
            for exercise in result["exercises"]:
                cell = f"{exercise['name']}-check"
                grade = gradebook.find_grade(cell, sheet, sheet, student)
                grade.auto_score, grade.needs_manual_grade = exercise["points"], False
            gradebook.db.commit()
    return len(results)


if __name__ == "__main__":
    number = to_gradebook(json.loads(Path(sys.argv[1]).read_text("utf-8")), sys.argv[2])
    print(f"{number} submissions are in {sys.argv[2]}")
