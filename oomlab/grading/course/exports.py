"""Results for other programs: JSON, CSV, Gradescope, and the gradebook of nbgrader."""

import csv
import io
import json
from collections.abc import Callable
from pathlib import Path

from .result import Result


def write_exports(results: list[Result], out: Path, write: Callable[[Path, str], None]) -> None:
    """results.json, results.csv and nbgrader.csv of the batch; gradescope.json of each student."""
    write(out / "results.json", as_json(results))
    write(out / "results.csv", as_csv(results))
    write(out / "nbgrader.csv", as_nbgrader_csv(results))
    for result in results:
        write(out / result.student / "gradescope.json", json.dumps(gradescope(result), indent=1))


def as_json(results: list[Result]) -> str:
    return json.dumps([result.to_dict() for result in results], indent=1) + "\n"


def as_csv(results: list[Result]) -> str:
    """One line a student, one column an exercise."""
    names = list(dict.fromkeys(graded.name for result in results for graded in result.exercises))
    rows = [["student", "sheet", "points", "of", *names, "problem"]]
    for r in results:
        points = {graded.name: graded.points for graded in r.exercises}
        by_name = [points.get(name, "") for name in names]
        rows.append([r.student, r.sheet, r.points, r.of, *by_name, r.problem])
    return table(rows)


def as_nbgrader_csv(results: list[Result]) -> str:
    """The columns that `nbgrader export` writes, as far as they mean something here."""
    rows = [["assignment", "student_id", "raw_score", "score", "max_score"]]
    rows += [[r.sheet, r.student, r.points, r.points, r.of] for r in results]
    return table(rows)


def table(rows: list[list]) -> str:
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows([[harmless(v) for v in row] for row in rows])
    return text.getvalue()


def harmless(value):
    """A spreadsheet must not take a student's file name for a formula."""
    return (
        f"'{value}" if isinstance(value, str) and value[:1] in ("=", "+", "-", "@", "\t") else value
    )


def gradescope(result: Result) -> dict:
    """results.json as a Gradescope autograder leaves it: one test for each property."""
    tests = [
        {
            "name": f"{graded.title}: {f.says}",
            "score": f.points,
            "max_score": f.of,
            "output": " ".join(filter(None, [f.message, f.example])),
            "output_format": "text",
            "visibility": "visible",
        }
        for graded in result.exercises
        for f in graded.findings
    ]
    return {
        "score": result.points,
        "output": result.problem,
        "output_format": "text",
        "tests": tests,
    }
