"""Results for other programs: JSON, CSV, Moodle, Canvas, Gradescope, nbgrader."""

import csv
import io
import json
from collections.abc import Callable
from pathlib import Path

from ..handoff.picture import text_lanes
from .grade_one import Result
from .identity import Roster, sheet_named, written

Write = Callable[[Path, str], None]
CANVAS = ("Student", "ID", "SIS User ID", "SIS Login ID", "Section")


def write_exports(results: list[Result], out: Path, write: Write, roster: Roster | None) -> None:
    """The tables of a course; for Moodle and Canvas if that is where the students are from."""
    write(out / "results.json", as_json(results))
    write(out / "results.csv", as_csv(results))
    write(out / "nbgrader.csv", as_nbgrader_csv(results))
    systems = {result.system for result in results}
    if "Moodle" in systems:
        for sheet in sorted({result.sheet for result in results}):
            write(out / f"moodle-{sheet}.csv", as_moodle_csv(results, sheet, roster))
    if "Canvas" in systems:
        write(out / "canvas.csv", as_canvas_csv(results, roster))


def as_json(results: list[Result]) -> str:
    return json.dumps([result.to_dict() for result in results], indent=1) + "\n"


def as_csv(results: list[Result]) -> str:
    """One line for each student and sheet, one column for each exercise."""
    names = list(dict.fromkeys(graded.name for result in results for graded in result.exercises))
    rows: list[list] = [["student", "name", "number", "sheet", "points", "of", *names, "problem"]]
    for r in results:
        points = {graded.name: graded.points for graded in r.exercises}
        by_name = [points.get(name, "") for name in names]
        rows.append([r.student, r.name, r.number, r.sheet, r.points, r.of, *by_name, r.problem])
    return table(rows)


def as_nbgrader_csv(results: list[Result]) -> str:
    """The columns that `nbgrader export` writes, as far as they mean something here."""
    rows: list[list] = [["assignment", "student_id", "raw_score", "score", "max_score"]]
    rows += [[r.sheet, r.student, r.points, r.points, r.of] for r in results]
    return table(rows)


def row_of(result: Result, roster: Roster | None) -> dict[str, str]:
    """The student's line in the roster, if there is one."""
    person = roster.by_id.get(result.student) if roster else None
    return person.row if person else {}


def as_moodle_csv(results: list[Result], sheet: str, roster: Roster | None) -> str:
    """A grading worksheet, as "Upload grading worksheet" takes it back."""
    head = ["Identifier", "Full name", "Email address", "Grade", "Maximum Grade"]
    rows: list[list] = [head]
    for r in results:
        if r.sheet == sheet and r.system == "Moodle" and r.number:
            mail = row_of(r, roster).get("Email address", "")
            grade = r.points if r.notebook else ""
            rows.append([f"Participant {r.number}", r.name, mail, grade, r.of])
    return table(rows)


def as_canvas_csv(results: list[Result], roster: Roster | None) -> str:
    """A gradebook, as Canvas imports it: a column for each sheet, and the points possible."""
    sheets = sorted({r.sheet for r in results if r.system == "Canvas"})
    columns = roster.columns if roster else []
    titles = [next((c for c in columns if sheet_named(c, [s])), s) for s in sheets]
    possible = {r.sheet: r.of for r in results}
    blanks = [""] * (len(CANVAS) - 1)
    rows: list[list] = [
        [*CANVAS, *titles],
        ["    Points Possible", *blanks, *[possible[s] for s in sheets]],
    ]
    people: dict[str, dict[str, Result]] = {}
    for r in results:
        if r.system == "Canvas":
            people.setdefault(r.student, {})[r.sheet] = r
    for theirs in people.values():
        one = next(iter(theirs.values()))
        line = {"Student": one.name, "ID": one.number, **row_of(one, roster)}
        graded = [theirs[s].points if s in theirs and theirs[s].notebook else "" for s in sheets]
        rows.append([*[line.get(column, "") for column in CANVAS], *graded])
    return table(rows)


def table(rows: list[list]) -> str:
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows([[harmless(v) for v in row] for row in rows])
    return text.getvalue()


def harmless(value):
    """A spreadsheet must not take a file name for a formula, nor a terminal for an order."""
    if not isinstance(value, str):
        return value
    value = value if value.startswith("    ") else written(value)
    return f"'{value}" if value[:1] in ("=", "+", "-", "@") else value


def gradescope(result: Result) -> dict:
    """results.json as a Gradescope autograder leaves it: one test for each property."""
    tests = []
    for graded in result.exercises:
        shown: list[list[dict]] = []  # one schedule may break several properties
        for f in graded.findings:
            words = [f.message, f.example]
            if f.schedule:
                again = "It is the same schedule as above."
                words.append(again if f.schedule in shown else text_lanes(f.schedule))
                shown.append(f.schedule)
            tests.append(
                {
                    "name": f"{graded.title}: {f.says}",
                    "score": f.points,
                    "max_score": f.of,
                    "output": "\n\n".join(filter(None, words)),
                    "output_format": "text",
                    "visibility": "visible",
                }
            )
    return {
        "score": result.points,
        "output": result.problem,
        "output_format": "text",
        "tests": tests,
    }
