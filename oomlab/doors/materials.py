"""The course as files: lessons, recordings, students' exercises, claim sheets and guides.

    oomlab course DIR            # on the command line
    write_course(Path("DIR"))    # the same

A wheel carries them under oomlab/course (hatch_build.py packs them with the functions of this
file); in a checkout they are the repository's own folders. Notebooks are handed out without
solutions and without outputs, wherever they come from.
"""

import argparse
import json
import re
from pathlib import Path
from shutil import copymode
from typing import NamedTuple

from ..grading.course.release import student_version
from ..textfile import reason

FOLDERS = ("notebooks", "exercises", "sheets", "docs")
HIDDEN = re.compile(r"(^|/)([.]|__pycache__)")  # what editors and kernels keep beside the files
PACKAGE = Path(__file__).parents[1]


class Written(NamedTuple):
    """What `write_course` did: file names in the course's folder."""

    new: list[str]
    kept: list[str]  # they were there, and differ from the course's


def course_root() -> Path:
    """The folder that holds the course. ValueError if it did not come along."""
    for root in (PACKAGE / "course", PACKAGE.parent):
        if (root / "notebooks" / "00-index.ipynb").is_file():
            return root
    raise ValueError("the course did not come along with this copy of oomlab; install its wheel")


def course_files(root: Path) -> dict[str, Path]:
    """{name in the course: file} of everything that is handed out."""
    found = {}
    for folder in FOLDERS:
        for path in sorted((root / folder).rglob("*")):
            name = path.relative_to(root).as_posix()
            if path.is_file() and not HIDDEN.search(name):
                found[name] = path
    return found


def handed_out(path: Path) -> bytes:
    """The content of one file as students get it."""
    if path.suffix != ".ipynb":
        return path.read_bytes()
    notebook = student_version(json.loads(path.read_text("utf-8")))
    return (json.dumps(notebook, indent=1, ensure_ascii=False) + "\n").encode()


def write_course(folder: Path) -> Written:
    """Write the course into `folder`, which is made if need be.

    A file that is there and differs is a student's work, and is kept. ValueError, in one sentence,
    if something cannot be written.
    """
    done = Written([], [])
    try:
        for name, path in course_files(course_root()).items():
            target, content = folder / name, handed_out(path)
            if target.exists() or target.is_symlink():
                if target.read_bytes() != content:
                    done.kept.append(name)
                continue
            target.parent.mkdir(parents=True, exist_ok=True)
            part = target.with_name(f".{target.name}.part")  # half a file would count as changed
            part.write_bytes(content)
            copymode(path, part)
            part.replace(target)
            done.new.append(name)
    except OSError as wrong:
        raise ValueError(f"the course cannot be written to {folder}: {reason(wrong)}") from None
    return done


def told(done: Written, folder: Path) -> str:
    """What was written and what was kept, a sentence each."""
    new, kept = len(done.new), len(done.kept)
    said = f"Wrote {new} file{'s' * (new != 1)} to {folder}." if new else ""
    if not new and not kept:
        said = f"The course is in {folder} already, unchanged."
    if kept:
        first = ", ".join(done.kept[:3]) + (", ..." if kept > 3 else "")
        said += f"\nKept {kept} that differ{'s' * (kept == 1)} from the course's: {first}."
        said += " Rename one, and run this again, to get it fresh."
    return said.strip()


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The arguments of `oomlab course`."""
    parser.add_argument("folder", type=Path, metavar="DIR", help="where; it is made if need be")
    parser.set_defaults(command=course)


def course(args: argparse.Namespace) -> int:
    """The command `oomlab course DIR`."""
    print(told(write_course(args.folder), args.folder))
    first = args.folder / "notebooks"
    print(f"Begin with 01 in {first}, or: oomlab lab {args.folder}")
    return 0
