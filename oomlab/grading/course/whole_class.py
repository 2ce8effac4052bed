"""Grades a class: finds the notebooks and whose they are, grades each in a sandbox, writes pages.

    results = oomlab.grade(["submissions"], roster="students.csv", out="graded", jobs=8)

`oomlab grade` is this with a printed table. Nothing in a submission decides what is done here.
"""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

from ...arguments import checked
from ...workers import Submits
from ..sandbox.bubblewrap import require_bubblewrap
from .batch import all_results, grade_all
from .collect import Collected, collect
from .exercise_sheets import ExerciseSheet, asked_of_the_class, assign, load_sheets
from .exports import table, write_exports
from .feedback import write_feedback
from .grade_one import Result, without_points
from .grading_process import require_limits, write
from .identity import Roster
from .submissions import Submission
from .summary import html_summary
from .teacher_folders import teachers_folders


class GradedClass(NamedTuple):
    """All results, and the ids of those who handed in something that could not be graded."""

    results: list[Result]
    lost: set[str]


@checked
def grade(
    notebooks: Sequence[str],
    exercises: str = "exercises",
    out: str = "graded",
    *,
    sheets: Sequence[str] = (),
    roster: str | None = None,
    jobs: int = 1,
    executor: Submits | None = None,
    trusted: bool = False,
    progress: Callable[[str], None] = lambda text: None,
) -> list[Result]:
    """Grade the notebooks of a class, and write results and feedback pages into the folder `out`.

    `notebooks`: notebooks, folders or zips. `exercises`: the folder of the teacher's sheets;
    `sheets`: the names of those that the class has, if that is not plain. `roster`: a CSV file, the
    only students. `jobs`: how many at a time, or the number of workers that `executor` has; any
    executor with the interface of `concurrent.futures` will do, if its workers see all files under
    the same paths. Each worker makes its own sandbox and proves that it holds. `trusted`: no
    sandbox, for code of one's own. `progress(sentence)` is told what happens. What comes back is a
    Result for each student and sheet, by student. ValueError, in one sentence, if there is nothing
    to grade; NoSandbox (a RuntimeError) where strangers' code cannot be held.
    """
    return grade_class(
        list(notebooks),
        exercises,
        out,
        sheets=list(sheets),
        roster=roster,
        jobs=jobs,
        executor=executor,
        trusted=trusted,
        progress=progress,
    ).results


def grade_class(
    notebooks: list[str],
    exercises: str,
    out: str,
    *,
    sheets: list[str],
    roster: str | None,
    jobs: int,
    executor: Submits | None = None,
    trusted: bool,
    progress: Callable[[str], None],
) -> GradedClass:
    """As grade(), with those whose work was lost."""
    if jobs < 1:
        raise ValueError(f"jobs is 1 or more, not {jobs}")
    folder = Path(out)
    if not trusted:
        require_bubblewrap()
        if watched := require_limits():
            progress(watched)
    students = Roster.read(Path(roster)) if roster else None
    known = load_sheets(Path(exercises))
    found = collect(notebooks, [sheet.name for sheet in known], students)
    if not found.handed:
        tell_left_out(found, progress)
        raise ValueError("there is no notebook to grade")
    told = {one.told for one in found.handed if one.told}
    class_sheets = asked_of_the_class(known, sheets, told)
    work = assign(found, class_sheets)
    progress("The class has " + " and ".join(f"{s.name} ({s.points} points)" for s in class_sheets))
    tell_left_out(found, progress)
    folder.mkdir(parents=True, exist_ok=True)
    results = grade_all(
        work,
        folder,
        jobs,
        hidden=teachers_folders(notebooks, exercises, folder, roster or folder),
        trusted=trusted,
        progress=progress,
        executor=executor,
    )
    there = {(r.student, r.sheet) for r in [*all_results(folder), *results]}
    results += nothing_from(students, found, class_sheets, there)
    write_pages(results, found.left_out, folder, students)
    return GradedClass(results, set(found.people) - {submission.student for submission, _ in work})


def tell_left_out(found: Collected, progress: Callable[[str], None]) -> None:
    for source, why in found.left_out:
        progress(f"not graded: {source}: {why}")


def nothing_from(
    roster: Roster | None,
    found: Collected,
    sheets: list[ExerciseSheet],
    there: set[tuple[str, str]],
) -> list[Result]:
    """A line for each student and sheet without a result, now or from before."""
    people = {person.id: person for person in (roster.students if roster else [])}
    people |= found.people
    graded = {student for student, _ in there}
    return [
        without_points(
            Submission(
                person.id, "", Path(), (), person.name, person.folder, person.number, person.system
            ),
            sheet,
            "Nothing was handed in for this sheet."
            if person.id not in found.people or person.id in graded
            else "What was handed in could not be graded; the reason is in not-graded.csv.",
        )
        for person in people.values()
        for sheet in sheets
        if (person.id, sheet.name) not in there
    ]


def write_pages(
    results: list[Result], left_out: list[tuple[str, str]], out: Path, roster: Roster | None
) -> None:
    """Tables and pages, over what was graded now and what lay in the folder before."""
    everything = {(r.student, r.sheet): r for r in [*all_results(out), *results]}
    course = [everything[key] for key in sorted(everything)]
    write_exports(course, out, write, roster)
    write(out / "not-graded.csv", table([["file", "why"], *map(list, left_out)]))
    write(out / "summary.html", html_summary(course, left_out))
    for folder in dict.fromkeys(r.folder for r in results if r.source):
        write_feedback([r for r in course if r.folder == folder], out / folder, write)
