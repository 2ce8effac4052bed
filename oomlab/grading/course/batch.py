"""Grading many: one process for each submission, so that none can hurt another or the batch.

A grading process writes its student's results, atomically, and ends; the parent only counts. What
has been written is not done again: a run that was killed goes on where it was.
"""

import json
import os
import secrets
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from ..sandbox.bubblewrap import NoSandbox
from ..sandbox.group import Group
from .exercise_sheets import ExerciseSheet
from .exports import gradescope
from .feedback import write_feedback
from .identity import written
from .result import Result, changes, digest, grade, without_points
from .submissions import Submission

SUBMISSION_SECONDS = 600
DECIDER_BYTES = 2 << 30  # address space of a grading process: reading a notebook needs little
REFUSED = 3  # exit code: there is no sandbox


def write(path: Path, text: str) -> None:
    """All of the text, or what was there before."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    temporary.write_text(text, "utf-8", errors="replace")
    os.replace(temporary, path)


def secret_seed(out: Path) -> str:
    """Drawn once for a batch, so that all students get the same inputs, also when resumed."""
    path = out / ".seed"
    if not path.exists():
        write(path, secrets.token_hex(16))
        path.chmod(0o600)
    return path.read_text()


def place_of(out: Path, submission: Submission, sheet: ExerciseSheet) -> Path:
    """Where the results of a student's notebook for a sheet lie; of no other one."""
    return out / submission.folder / sheet.name


def earlier(out: Path, submission: Submission, sheet: ExerciseSheet) -> Result | None:
    """The result of an earlier run for this student and sheet, if there is one."""
    try:
        text = (place_of(out, submission, sheet) / "result.json").read_text("utf-8")
        result = Result.from_dict(json.loads(text))
    except (OSError, ValueError, KeyError, TypeError):
        return None
    if (result.student, result.sheet) != (submission.student, sheet.name):
        raise ValueError(
            f"{place_of(out, submission, sheet)} holds the results of {result.student}; "
            "give another folder with --out"
        )
    return result


def finished(
    before: Result | None, submission: Submission, sheet: ExerciseSheet, secret: str
) -> bool:
    """Was it for the same notebook, sheet, seed and checks?"""
    with suppress(ValueError):
        data = submission.read()
        return before is not None and before.digest == digest(data, sheet, secret)
    return False


def grade_all(
    work: list[tuple[Submission, ExerciseSheet]],
    out: Path,
    jobs: int,
    *,
    hidden: list[str],
    trusted: bool,
    progress: Callable[[str], None],
) -> list[Result]:
    """Grade each, `jobs` at a time; all results in the order given. May raise NoSandbox."""
    secret = secret_seed(out)
    results: dict[tuple[str, str], Result] = {}
    running: dict[int, tuple[Submission, ExerciseSheet, float]] = {}
    todo = []
    for submission, sheet in work:
        result = earlier(out, submission, sheet)
        if result is not None and finished(result, submission, sheet, secret):
            results[submission.student, sheet.name] = result
        else:
            todo.append((submission, sheet, result))
    if results:
        progress(f"{len(results)} of {len(work)} are graded already")
    clock = Clock(len(work), len(results))
    try:
        while todo or running:
            while todo and len(running) < jobs:
                submission, sheet, before = todo.pop(0)
                pid = os.fork()
                if pid == 0:
                    grade_and_exit(submission, sheet, before, out, secret, hidden, trusted)
                running[pid] = (submission, sheet, time.monotonic())
            for submission, sheet, code in ended(running):
                if code == REFUSED:
                    raise NoSandbox("the child could not prove that it is isolated")
                result = load(out, submission, sheet, code)
                results[submission.student, sheet.name] = result
                progress(f"{clock.done()} {submission.student}, {sheet.name}: {said(result)}")
    finally:
        for pid in running:
            with suppress(ProcessLookupError):
                os.kill(pid, 9)
                os.waitpid(pid, 0)
    return [results[submission.student, sheet.name] for submission, sheet in work]


def all_results(out: Path) -> list[Result]:
    """Every result that lies in the folder, of this run and of earlier ones, by student."""
    found = []
    for path in sorted(out.glob("*/*/result.json")):
        with suppress(OSError, ValueError, KeyError, TypeError):
            found.append(Result.from_dict(json.loads(path.read_text("utf-8"))))
    return sorted(found, key=lambda result: (result.student, result.sheet))


class Clock:
    """How many are done, and about how long the others will take."""

    def __init__(self, of: int, number: int):
        self.of, self.number, self.began, self.at_start = of, number, time.monotonic(), number

    def done(self) -> str:
        self.number += 1
        each = (time.monotonic() - self.began) / (self.number - self.at_start)
        left = round(each * (self.of - self.number))
        return f"{self.number}/{self.of}" + (f" (about {left} s left)" if left else "")


def said(result: Result) -> str:
    """One line about a result, with what a grade again has changed."""
    words = [f"{result.points} of {result.of}", result.problem, "; ".join(result.changed)]
    return " ".join(filter(None, words))


def ended(running: dict) -> list[tuple[Submission, ExerciseSheet, int]]:
    """Wait a moment for grading processes to end; kill one that hangs."""
    out = []
    for pid, (submission, sheet, began) in list(running.items()):
        if time.monotonic() - began > SUBMISSION_SECONDS:
            os.kill(pid, 9)
        done, status = os.waitpid(pid, os.WNOHANG)
        if done:
            del running[pid]
            out.append((submission, sheet, os.waitstatus_to_exitcode(status)))
    if not out:
        time.sleep(0.005)
    return out


def grade_and_exit(
    submission: Submission,
    sheet: ExerciseSheet,
    before: Result | None,
    out: Path,
    secret: str,
    hidden: list[str],
    trusted: bool,
) -> None:
    """The life of a grading process."""
    import resource  # POSIX alone has it

    code = 1
    try:
        resource.setrlimit(resource.RLIMIT_AS, (DECIDER_BYTES, DECIDER_BYTES))
        group = Group()
        try:
            result = grade(submission, sheet, secret, hidden=hidden, group=group, trusted=trusted)
        finally:
            group.close()
        if before is not None:
            result.changed = changes(before, result)
        folder = place_of(out, submission, sheet)
        write_feedback([result], folder, write)
        write(folder / "gradescope.json", json.dumps(gradescope(result), indent=1))
        write(folder / "result.json", json.dumps(result.to_dict(), indent=1))
        code = 0
    except NoSandbox:
        code = REFUSED
    except BaseException as error:
        name = written(submission.student)
        print(f"{name}: {type(error).__name__}: {written(str(error))}", file=sys.stderr)
    finally:
        os._exit(code)


def load(out: Path, submission: Submission, sheet: ExerciseSheet, code: int) -> Result:
    """What the grading process wrote, or a result that says that it could not."""
    if code == 0:
        text = (place_of(out, submission, sheet) / "result.json").read_text("utf-8")
        return Result.from_dict(json.loads(text))
    problem = f"Grading it failed ({code}); the teacher should look at this notebook."
    return without_points(submission, sheet, problem)
