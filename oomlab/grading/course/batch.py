"""Grading many: one process for each submission, so that none can hurt another or the batch.

A grading process (grading_process.py) writes its student's results, atomically, and ends. Here
submissions are only handed to such processes, and counted. What has been written is not done again:
a run that was killed goes on where it was. A submission whose process was killed from outside is
graded again, TRIES times at most.
"""

import json
import os
import secrets
import sys
import time
from collections.abc import Callable, Generator
from contextlib import closing, suppress
from dataclasses import replace
from pathlib import Path

from ...workers import TRIES, Submits, in_order
from ..sandbox.bubblewrap import NoSandbox
from .exercise_sheets import ExerciseSheet
from .grade_one import Result, digest, without_points
from .grading_process import (
    LATE,
    REFUSED,
    SUBMISSION_SECONDS,
    ToGrade,
    grade_and_exit,
    grade_elsewhere,
    place_of,
    write,
)
from .identity import written
from .submissions import Submission

Ends = Generator[tuple[ToGrade, int], None, None]  # each task, with its exit code


def secret_seed(out: Path) -> str:
    """Drawn once for a batch, so that all students get the same inputs, also when resumed."""
    path = out / ".seed"
    if not path.exists():
        write(path, secrets.token_hex(16))
        path.chmod(0o600)
    return path.read_text()


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
    executor: Submits | None = None,
) -> list[Result]:
    """Grade each, `jobs` at a time; all results in the order given. May raise NoSandbox.

    With an `executor` its workers do it, each on its own machine in a sandbox of its own; they must
    see the notebooks and `out` under the same paths.
    """
    secret = secret_seed(out)
    results: dict[tuple[str, str], Result] = {}
    todo = []
    for submission, sheet in work:
        result = earlier(out, submission, sheet)
        if result is not None and finished(result, submission, sheet, secret):
            results[submission.student, sheet.name] = result
        else:
            here = replace(submission, path=submission.path.absolute())
            todo.append(ToGrade(here, sheet, result, out.absolute(), secret, hidden, trusted))
    if results:
        progress(f"{len(results)} of {len(work)} are graded already")
    clock = Clock(len(work), len(results))
    with closing(forked(todo, jobs) if executor is None else sent(todo, jobs, executor)) as ends:
        for task, code in ends:
            result = load(task, code)
            results[task.submission.student, task.sheet.name] = result
            progress(f"{clock.done()} {task.submission.student}, {task.sheet.name}: {said(result)}")
    return [results[submission.student, sheet.name] for submission, sheet in work]


def sent(
    todo: list[ToGrade], jobs: int, executor: Submits
) -> Generator[tuple[ToGrade, int], None, None]:
    """Each task with its exit code, by the workers of an executor."""
    answers = in_order(grade_elsewhere, todo, jobs=jobs, executor=executor)
    with closing(answers):
        for task, (code, said) in zip(todo, answers, strict=True):
            if code == REFUSED:
                raise NoSandbox(said, "{}")
            if said:
                print(written(said), file=sys.stderr, flush=True)
            yield task, code


def forked(todo: list[ToGrade], jobs: int) -> Ends:
    """Each task with its exit code, as it ends, by processes that are forked here."""
    running: dict[int, tuple[ToGrade, float]] = {}
    waiting, tries = todo[::-1], dict.fromkeys(map(id, todo), TRIES)
    try:
        while waiting or running:
            while waiting and len(running) < jobs:
                task = waiting.pop()
                pid = os.fork()
                if pid == 0:
                    grade_and_exit(task)
                running[pid] = (task, time.monotonic())
            for task, code in ended(running):
                if code == REFUSED:
                    raise NoSandbox("the child could not prove that it is isolated")
                tries[id(task)] -= 1
                if code < 0 and code != LATE and tries[id(task)]:
                    waiting.append(task)
                else:
                    yield task, code
    finally:
        for pid in running:
            with suppress(ProcessLookupError):
                os.kill(pid, 9)
                os.waitpid(pid, 0)


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


def ended(running: dict[int, tuple[ToGrade, float]]) -> list[tuple[ToGrade, int]]:
    """Wait a moment for grading processes to end; kill one that hangs, whose code is LATE."""
    out = []
    for pid, (task, began) in list(running.items()):
        late = time.monotonic() - began > SUBMISSION_SECONDS
        if late:
            os.kill(pid, 9)
        done, status = os.waitpid(pid, os.WNOHANG)
        if done:
            del running[pid]
            out.append((task, LATE if late else os.waitstatus_to_exitcode(status)))
    if not out:
        time.sleep(0.005)
    return out


def load(task: ToGrade, code: int) -> Result:
    """What the grading process wrote, or a result that says that it could not."""
    if code == 0:
        text = (place_of(task.out, task.submission, task.sheet) / "result.json").read_text("utf-8")
        return Result.from_dict(json.loads(text))
    why = f"took longer than {SUBMISSION_SECONDS} s" if code == LATE else f"failed ({code})"
    problem = f"Grading it {why}; the teacher should look at this notebook."
    return without_points(task.submission, task.sheet, problem)
