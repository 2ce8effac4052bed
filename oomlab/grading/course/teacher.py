"""The commands of the teacher: oomlab release, oomlab grade."""

import argparse
import json
import os
import sys
from pathlib import Path

from ..sandbox.bubblewrap import NoSandbox, require_bubblewrap
from ..sandbox.group import DEGRADED, Group
from .batch import grade_all, write
from .exports import as_csv, as_json, write_exports
from .release import student_version
from .sheets import choose, load_sheets
from .submissions import collect

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
        "--exercises", default="exercises", metavar="DIR", help="the teacher's sheets"
    )
    parser.add_argument("--out", default="graded", metavar="DIR", help="results and feedback pages")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1, metavar="N")
    form = parser.add_mutually_exclusive_group()
    form.add_argument("--json", action="store_true", help="print all results as JSON")
    form.add_argument("--csv", action="store_true", help="print a table as CSV")
    parser.add_argument("--trusted", action="store_true", help=TRUSTED.partition(": ")[2])


def grade(args: argparse.Namespace) -> int:
    """Grade notebooks; write results and a feedback page for each student."""
    out = Path(args.out)
    say(TRUSTED) if args.trusted else None
    try:
        if not args.trusted:
            require_bubblewrap()
            require_limits()
        sheets = load_sheets(Path(args.exercises))
        submissions = collect(args.notebooks)
        work = [(submission, choose(sheets, submission)) for submission in submissions]
        if not work:
            raise ValueError("there is no notebook to grade")
        out.mkdir(parents=True, exist_ok=True)
        hidden = [str(sheet.path.resolve()) for sheet in sheets]
        hidden += [str(submission.path.resolve()) for submission in submissions]
        hidden.append(str((out / ".seed").resolve()))
        results = grade_all(
            work,
            out,
            max(1, args.jobs),
            hidden=sorted(set(hidden)),
            trusted=args.trusted,
            progress=say,
        )
    except (NoSandbox, ValueError, OSError) as error:
        say(f"oomlab grade: {error}")
        return 2
    write_exports(results, out, write)
    if args.json or args.csv:
        print((as_json if args.json else as_csv)(results), end="")
    say(f"Results and feedback pages are in {out}")
    return 0


def say(text: str) -> None:
    """To the teacher, not into a table that is being piped away."""
    print(text, file=sys.stderr, flush=True)


def require_limits() -> None:
    """A cgroup, or at least a kernel that limits processes: for root it does not."""
    group = Group()
    enforced = group.enforced
    group.close()
    if not enforced and os.geteuid() == 0:
        raise NoSandbox(
            "no cgroup can be made, and root may start any number of processes; run "
            "it as an ordinary user"
        )
    if not enforced:
        say(DEGRADED)
