"""The commands of the teacher: oomlab release, oomlab grade."""

import argparse
import io
import json
import os
import sys
from pathlib import Path

from ..sandbox.bubblewrap import ROOT_UNLIMITED, NoSandbox, require_bubblewrap
from ..sandbox.group import DEGRADED, Group
from .batch import all_results, grade_all, write
from .collect import Collected, collect
from .exercise_sheets import ExerciseSheet, asked_of_the_class, assign, load_sheets
from .exports import as_csv, as_json, table, write_exports
from .feedback import write_feedback
from .identity import Roster
from .places import teachers_folders
from .release import student_version
from .result import Result, without_points
from .submissions import Submission
from .summary import html_summary, in_letters, written_line

TRUSTED = (
    "--trusted: the code in these notebooks runs with your rights, on your files and your network, "
    "and could change any result. Use it only for code that you wrote yourself."
)


def add_release_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "names", nargs="*", metavar="SHEET", help="sheets to release (default: all)"
    )
    parser.add_argument(
        "--exercises", default="exercises", metavar="DIR", help="the teacher's sheets"
    )
    parser.add_argument(
        "--out", default="release", metavar="DIR", help="where students' versions go"
    )


def release(args: argparse.Namespace) -> int:
    """Write the students' version of each sheet."""
    try:
        sheets = load_sheets(Path(args.exercises))
        unknown = set(args.names) - {sheet.name for sheet in sheets}
        if unknown:
            names = ", ".join(sheet.name for sheet in sheets)
            raise ValueError(f"there is no sheet {min(unknown)}: there are {names}")
        for sheet in sheets:
            if not args.names or sheet.name in args.names:
                path = Path(args.out) / f"{sheet.name}.ipynb"
                write(path, json.dumps(student_version(sheet.notebook), indent=1) + "\n")
                names = ", ".join(exercise.name for exercise in sheet.exercises)
                print(f"{path}: {sheet.points} points for {names}")
    except (ValueError, OSError) as error:
        print(f"oomlab release: {error}", file=sys.stderr)
        return 2
    return 0


def add_grade_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "notebooks", nargs="+", metavar="NOTEBOOK", help="notebooks, folders or zips"
    )
    parser.add_argument(
        "--sheet",
        action="append",
        default=[],
        metavar="NAME",
        help="the sheet that the class has; give it again for each further one",
    )
    parser.add_argument(
        "--roster", metavar="FILE", help="the students, as CSV: only they exist, under these names"
    )
    parser.add_argument(
        "--exercises", default="exercises", metavar="DIR", help="the teacher's sheets"
    )
    parser.add_argument("--out", default="graded", metavar="DIR", help="results and feedback pages")
    parser.add_argument(
        "--jobs",
        type=int,
        default=os.cpu_count() or 1,
        metavar="N",
        help="how many at a time (default: one a processor)",
    )
    form = parser.add_mutually_exclusive_group()
    form.add_argument("--json", action="store_true", help="print the results as JSON")
    form.add_argument("--csv", action="store_true", help="print a table as CSV")
    parser.add_argument(
        "--fail-under",
        type=percentage,
        metavar="N",
        help="exit with 1 if a student has less than N percent of the points",
    )
    parser.add_argument("--trusted", action="store_true", help=TRUSTED.partition(": ")[2])


def percentage(text: str) -> float:
    number = float(text.removesuffix("%"))
    if not 0 <= number <= 100:
        raise argparse.ArgumentTypeError("a percentage lies between 0 and 100")
    return number


def grade(args: argparse.Namespace) -> int:
    """Grade notebooks; write results, a feedback page for each student, and a summary.

    Exit status: 0, or 1 if a student is below --fail-under or could not be graded, or 2 if nothing
    was graded at all.
    """
    out = Path(args.out)
    say(TRUSTED) if args.trusted else None
    try:
        if not args.trusted:
            require_bubblewrap()
            require_limits()
        roster = Roster.read(Path(args.roster)) if args.roster else None
        sheets = load_sheets(Path(args.exercises))
        found = collect(args.notebooks, [sheet.name for sheet in sheets], roster)
        handed = {one.student.id for one in found.handed}
        if not handed:
            tell_left_out(found)
            raise ValueError("there is no notebook to grade")
        told = {one.told for one in found.handed if one.told}
        class_sheets = asked_of_the_class(sheets, args.sheet, told)
        work = assign(found, class_sheets)
        say("The class has " + " and ".join(f"{s.name} ({s.points} points)" for s in class_sheets))
        tell_left_out(found)
        out.mkdir(parents=True, exist_ok=True)
        results = grade_all(
            work,
            out,
            max(1, args.jobs),
            hidden=teachers_folders(args.notebooks, args.exercises, out, args.roster or out),
            trusted=args.trusted,
            progress=say,
        )
        there = {(r.student, r.sheet) for r in [*all_results(out), *results]}
        results += nothing_from(roster, found, class_sheets, there)
    except (NoSandbox, ValueError, OSError) as error:
        say(f"oomlab grade: {error}")
        return 2
    write_pages(results, found.left_out, out, roster)
    if args.json or args.csv:
        if isinstance(sys.stdout, io.TextIOWrapper):
            sys.stdout.reconfigure(
                errors="backslashreplace"
            )  # not every terminal knows every script
        print((as_json if args.json else as_csv)(results), end="")
    say(in_letters(results))
    say(f"Results and feedback pages are in {out}; begin with {out / 'summary.html'}")
    lost = handed - {submission.student for submission, _ in work}
    if lost:
        say(f"NOT GRADED: {', '.join(sorted(lost))}; the reasons are above")
    low = [r for r in results if args.fail_under and 100 * r.points < args.fail_under * r.of]
    if low:
        names = ", ".join(sorted({r.student for r in low}))
        say(f"Below {args.fail_under:g} %: {names}")
    return 1 if low or lost else 0


def tell_left_out(found: Collected) -> None:
    for source, why in found.left_out:
        say(f"not graded: {source}: {why}")


def nothing_from(
    roster: Roster | None,
    found: Collected,
    sheets: list[ExerciseSheet],
    there: set[tuple[str, str]],
) -> list[Result]:
    """A line for each student and sheet without a result, now or from before."""
    people = {person.id: person for person in (roster.students if roster else [])}
    people |= {one.student.id: one.student for one in found.handed}
    handed_in = {one.student.id for one in found.handed}
    graded = {student for student, _ in there}
    return [
        without_points(
            Submission(
                person.id, "", Path(), (), person.name, person.folder, person.number, person.system
            ),
            sheet,
            "Nothing was handed in for this sheet."
            if person.id not in handed_in or person.id in graded
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


def say(text: str) -> None:
    """To the teacher, not into a table that is being piped away; and no escape codes."""
    print("\n".join(map(written_line, text.split("\n"))), file=sys.stderr, flush=True)


def require_limits() -> None:
    """A cgroup, or at least a kernel that limits processes: for root it does not."""
    group = Group()
    enforced = group.enforced
    group.close()
    if not enforced and os.geteuid() == 0:
        raise NoSandbox(ROOT_UNLIMITED)
    if not enforced:
        say(DEGRADED)
