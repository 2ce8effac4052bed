"""What Gradescope runs for each submission: grade what lies there, leave results.json.

    python -m oomlab.grading.course.gradescope SHEET [FOLDER]

FOLDER is /autograder: submission/ and submission_metadata.json are Gradescope's, source/exercises
the teacher's. If nothing can be graded, no results.json is left: Gradescope then says that the
autograder failed, which is true, and no student gets a 0 that means nothing.
"""

import json
import sys
from pathlib import Path

from ..sandbox.bubblewrap import NoSandbox, require_bubblewrap
from .batch import grade_all
from .collect import collect
from .exercise_sheets import asked_of_the_class, assign, load_sheets
from .exports import gradescope
from .grading_process import require_limits, write
from .identity import Student, student, written
from .teacher import say
from .teacher_folders import teachers_folders


class OnlyOne:
    """A roster of the one student, or the one group, whose submission this is."""

    def __init__(self, metadata: dict):
        users = metadata.get("users") or [{}]
        name = ", ".join(str(user.get("name", "")) for user in users) or "student"
        self.student = student(name, str(metadata.get("id", "")))

    def owner(self, above: list[str], parts: list[str], sheets: list[str]) -> Student:
        return self.student


def main(sheet: str, root: Path) -> int:
    try:
        require_bubblewrap()
        if watched := require_limits():
            say(watched)
        metadata = json.loads((root / "submission_metadata.json").read_text("utf-8"))
        sheets = load_sheets(root / "source" / "exercises")
        handed_in = root / "submission"
        found = collect([str(handed_in)], [one.name for one in sheets], OnlyOne(metadata))
        work = assign(found, asked_of_the_class(sheets, [sheet], set()))
        if not work:
            raise ValueError(
                "no notebook could be graded"
                + "".join(f"; {Path(source).name}: {why}" for source, why in found.left_out)
            )
        out = root / "graded"
        out.mkdir(exist_ok=True)
        hidden = teachers_folders([handed_in], root / "source", out)
        (result,) = grade_all(work, out, 1, hidden=hidden, trusted=False, progress=say)
    except (NoSandbox, ValueError, OSError) as error:
        print(f"This submission could not be graded: {written(str(error))}.")
        return 2
    shown = gradescope(result)
    left = [f"{Path(source).name} was not graded: {why}." for source, why in found.left_out]
    shown["output"] = "\n".join(filter(None, [shown["output"], *map(written, left)]))
    write(root / "results" / "results.json", json.dumps(shown, indent=1))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], Path(sys.argv[2] if len(sys.argv) > 2 else "/autograder")))
