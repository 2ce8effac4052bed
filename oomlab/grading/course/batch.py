"""Grading many: one process for each submission, so that none can hurt another or the batch.

A grading process writes its student's results, atomically, and ends; the parent only counts. What
has been written is not done again: a run that was killed goes on where it was.
"""

import json
import os
import resource
import secrets
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from ..exercise import Finding
from ..sandbox.bubblewrap import NoSandbox
from ..sandbox.group import Group
from .feedback import write_feedback
from .result import Graded, Result, digest, grade
from .sheets import Sheet
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


def finished(out: Path, submission: Submission, sheet: Sheet, secret: str) -> Result | None:
    """The result of an earlier run, if it was for the same notebook, sheet and seed."""
    with suppress(OSError, ValueError, KeyError, TypeError):
        result = Result.from_dict(
            json.loads((out / submission.student / "result.json").read_text())
        )
        if result.digest and result.digest == digest(submission.read(), sheet, secret):
            return result
    return None


def grade_all(
    work: list[tuple[Submission, Sheet]],
    out: Path,
    jobs: int,
    *,
    hidden: list[str],
    trusted: bool,
    progress: Callable[[str], None],
) -> list[Result]:
    """Grade each, `jobs` at a time; all results in the order given. May raise NoSandbox."""
    secret = secret_seed(out)
    results: dict[str, Result] = {}
    running: dict[int, tuple[Submission, Sheet, float]] = {}
    todo = []
    for submission, sheet in work:
        result = finished(out, submission, sheet, secret)
        if result is None:
            todo.append((submission, sheet))
        else:
            results[submission.student] = result
    if results:
        progress(f"{len(results)} of {len(work)} are graded already")
    try:
        while todo or running:
            while todo and len(running) < jobs:
                submission, sheet = todo.pop(0)
                pid = os.fork()
                if pid == 0:
                    grade_and_exit(submission, sheet, out, secret, hidden, trusted)
                running[pid] = (submission, sheet, time.monotonic())
            for submission, sheet, code in ended(running):
                if code == REFUSED:
                    raise NoSandbox("the child could not prove that it is isolated")
                result = load(out, submission, sheet, code)
                results[submission.student] = result
                done = f"{len(results)}/{len(work)} {submission.student}"
                progress(f"{done}: {result.points} of {result.of} {result.problem}")
    finally:
        for pid in running:
            with suppress(ProcessLookupError):
                os.kill(pid, 9)
                os.waitpid(pid, 0)
    return [results[submission.student] for submission, _ in work]


def ended(running: dict) -> list[tuple[Submission, Sheet, int]]:
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


def grade_and_exit(submission, sheet, out: Path, secret: str, hidden: list, trusted: bool) -> None:
    """The life of a grading process."""
    code = 1
    try:
        resource.setrlimit(resource.RLIMIT_AS, (DECIDER_BYTES, DECIDER_BYTES))
        group = Group()
        try:
            result = grade(submission, sheet, secret, hidden=hidden, group=group, trusted=trusted)
        finally:
            group.close()
        folder = out / submission.student
        write_feedback(result, folder, write)
        write(folder / "result.json", json.dumps(result.to_dict(), indent=1))
        code = 0
    except NoSandbox:
        code = REFUSED
    except BaseException as error:
        print(f"{submission.student}: {type(error).__name__}: {error}", file=sys.stderr)
    finally:
        os._exit(code)


def load(out: Path, submission: Submission, sheet: Sheet, code: int) -> Result:
    """What the grading process wrote, or a result that says that it could not."""
    if code == 0:
        text = (out / submission.student / "result.json").read_text("utf-8")
        return Result.from_dict(json.loads(text))
    problem = f"Grading it failed ({code}); the teacher should look at this notebook."
    nothing = [
        Graded(
            e.name, e.title, e.level, [Finding(p.name, p.says, 0, p.points) for p in e.properties]
        )
        for e in sheet.exercises
    ]
    return Result(submission.student, submission.source, sheet.name, "", nothing, problem)
