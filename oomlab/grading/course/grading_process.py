"""One submission, graded in a process of its own: forked here, or started beside a worker.

A worker of a cluster has threads, and may be a daemon: it cannot fork safely, and multiprocessing
starts nothing in it. So it starts a new Python, whose standard input says what to grade. Before
that Python touches a notebook it finds out whether this machine can hold it, and each child of it
proves where it is, as everywhere.
"""

import json
import os
import pickle
import socket
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple, NoReturn

from ...workers import TRIES
from ..sandbox.bubblewrap import ROOT_UNLIMITED, NoSandbox, require_bubblewrap
from ..sandbox.group import DEGRADED, Group
from .exercise_sheets import ExerciseSheet
from .exports import gradescope
from .feedback import write_feedback
from .grade_one import Result, changes, grade
from .identity import written
from .submissions import Submission

SUBMISSION_SECONDS = 600
DECIDER_BYTES = 2 << 30  # address space of a grading process: reading a notebook needs little
REFUSED = 3  # exit code: there is no sandbox
LATE = -1000  # in place of an exit code: it was ended after SUBMISSION_SECONDS


class ToGrade(NamedTuple):
    """What a grading process is given."""

    submission: Submission
    sheet: ExerciseSheet
    before: Result | None  # of an earlier run
    out: Path
    secret: str
    hidden: list[str]
    trusted: bool


def write(path: Path, text: str) -> None:
    """All of the text, or what was there before."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{socket.gethostname()}.{os.getpid()}")
    temporary.write_text(text, "utf-8", errors="replace")
    os.replace(temporary, path)


def place_of(out: Path, submission: Submission, sheet: ExerciseSheet) -> Path:
    """Where the results of a student's notebook for a sheet lie; of no other one."""
    return out / submission.folder / sheet.name


def graded(task: ToGrade) -> tuple[int, str]:
    """Grade it and write the results; an exit code, and a sentence about what went wrong."""
    import resource  # POSIX alone has it

    try:
        resource.setrlimit(resource.RLIMIT_AS, (DECIDER_BYTES, DECIDER_BYTES))
        group = Group()
        try:
            result = grade(
                task.submission,
                task.sheet,
                task.secret,
                hidden=task.hidden,
                group=group,
                trusted=task.trusted,
            )
        finally:
            group.close()
        if task.before is not None:
            result.changed = changes(task.before, result)
        folder = place_of(task.out, task.submission, task.sheet)
        write_feedback([result], folder, write)
        write(folder / "gradescope.json", json.dumps(gradescope(result), indent=1))
        write(folder / "result.json", json.dumps(result.to_dict(), indent=1))
    except NoSandbox as reason:
        return REFUSED, str(reason)
    except BaseException as error:
        name = written(task.submission.student)
        return 1, f"{name}: {type(error).__name__}: {written(str(error))}"
    return 0, ""


def grade_and_exit(task: ToGrade) -> NoReturn:
    """The life of a process that was forked to grade."""
    code = 1
    try:
        code, said = graded(task)
        if said and code != REFUSED:
            print(said, file=sys.stderr, flush=True)
    finally:
        os._exit(code)


def grade_elsewhere(task: ToGrade) -> tuple[int, str]:
    """What a worker does: the exit code of a grading process, and what it said."""
    command = [sys.executable, "-c", f"from {__name__} import main; main()"]
    given = pickle.dumps(task)
    for _ in range(TRIES):
        try:
            done = subprocess.run(
                command, input=given, capture_output=True, timeout=SUBMISSION_SECONDS
            )
        except subprocess.TimeoutExpired:
            return LATE, ""
        if done.returncode >= 0:
            break
    return done.returncode, done.stderr.decode("utf-8", "replace").strip()


def main() -> NoReturn:
    """Grade the task on standard input, which grade_elsewhere() wrote."""
    task: ToGrade = pickle.loads(sys.stdin.buffer.read())
    try:
        if not task.trusted:
            require_bubblewrap()
            require_limits()
        code, said = graded(task)
    except NoSandbox as reason:
        code, said = REFUSED, str(reason)
    where = f"{socket.gethostname()}: " if said else ""
    print(where + said, file=sys.stderr)
    sys.exit(code)


def require_limits() -> str:
    """NoSandbox for root without a cgroup; a sentence where limits are only watched, or ""."""
    group = Group()
    enforced = group.enforced
    group.close()
    if not enforced and os.geteuid() == 0:
        raise NoSandbox(ROOT_UNLIMITED)
    return "" if enforced else DEGRADED
