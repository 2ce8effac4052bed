"""The commands of the teacher: oomlab release, oomlab grade."""

import argparse
import io
import json
import os
import sys
from pathlib import Path

from ...textfile import reason
from ..sandbox.bubblewrap import NoSandbox
from .exercise_sheets import load_sheets
from .exports import as_csv, as_json
from .grading_process import write
from .release import student_version
from .summary import in_letters, written_line
from .whole_class import grade_class

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
        say(f"oomlab release: {sentence(error)}")
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
    """A number from 0 to 100, with or without %; what argparse calls for --fail-under."""
    try:
        number = float(text.removesuffix("%"))
    except ValueError:
        number = -1.0
    if not 0 <= number <= 100:
        raise argparse.ArgumentTypeError(f"takes a percentage from 0 to 100, not {text[:40]!r}")
    return number


def grade(args: argparse.Namespace) -> int:
    """Grade notebooks; write results, a feedback page for each student, and a summary.

    Exit status: 0, or 1 if a student is below --fail-under or could not be graded, or 2 if nothing
    was graded at all.
    """
    say(TRUSTED) if args.trusted else None
    try:
        results, lost = grade_class(
            args.notebooks,
            args.exercises,
            args.out,
            sheets=args.sheet,
            roster=args.roster,
            jobs=args.jobs,
            trusted=args.trusted,
            progress=say,
        )
    except (NoSandbox, ValueError, OSError) as error:
        say(f"oomlab grade: {sentence(error)}")
        return 2
    if args.json or args.csv:
        if isinstance(sys.stdout, io.TextIOWrapper):
            sys.stdout.reconfigure(
                errors="backslashreplace"
            )  # not every terminal knows every script
        print((as_json if args.json else as_csv)(results), end="")
    say(in_letters(results))
    begin = Path(args.out) / "summary.html"
    say(f"Results and feedback pages are in {args.out}; begin with {begin}")
    if lost:
        say(f"NOT GRADED: {', '.join(sorted(lost))}; the reasons are above")
    low = [r for r in results if args.fail_under and 100 * r.points < args.fail_under * r.of]
    if low:
        names = ", ".join(sorted({r.student for r in low}))
        say(f"Below {args.fail_under:g} %: {names}")
    return 1 if low or lost else 0


def sentence(error: Exception) -> str:
    """What is wrong, in words; of a file that cannot be used, its name and why."""
    name = getattr(error, "filename", None)
    return f"{name}: {reason(error)}" if name else str(error)


def say(text: str) -> None:
    """To the teacher, not into a table that is being piped away; and no escape codes."""
    print("\n".join(map(written_line, text.split("\n"))), file=sys.stderr, flush=True)
