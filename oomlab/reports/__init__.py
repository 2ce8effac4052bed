"""Real OOM reports: read them, recompute the choice, say who ate the memory and what now.

>>> from oomlab.reports import explain
>>> [told.cause.kind for told in explain("no report is in this text")]
[]
"""

from collections.abc import Iterable, Iterator
from os.path import isfile
from pathlib import Path
from typing import NamedTuple

from ..arguments import checked
from ..textfile import named
from ..workers import Submits, in_order
from .judge.explain import explain as _judge
from .judge.explanation import Explanation
from .read.logs import UNREADABLE, log_files, open_log, unreadable
from .read.parse import NotText, parse

__all__ = ["ExplainedLog", "Explanation", "NotText", "explain", "explain_logs"]

LOGS = 8  # that a worker is given at once


@checked
def explain(text: str | bytes) -> list[Explanation]:
    """Every OOM report of a log, judged by the rules of the kernel that wrote it.

    `text` is any part of a kernel log, with whatever syslog, journald, a container or a mail put
    around it. Each Explanation says why memory was out (`cause`), what to do (`advice`), who holds
    it (`account`, in KiB), whether each zone could have served the request (`zones`), whom the
    killer would take in which order (`ranked`, in pages) and whether the kernel did (`verdict`).
    Reports are in the order of the text; the list is empty if there are none. NotText, a
    ValueError, if it is no text; ValueError for the name of a file. Sources: see docs/reports.md.
    """
    if isinstance(text, str) and "\n" not in text and isfile(text):
        raise ValueError(f"{named(text)} is a file: explain takes its text, explain_logs its name")
    return [_judge(report) for report in parse(text)]


class ExplainedLog(NamedTuple):
    """One of many logs."""

    name: str  # of the file
    reports: list[Explanation]
    problem: str  # why it gave nothing, or no more; "" if all was read

    def __repr__(self) -> str:
        problem = f"; {self.problem}" if self.problem else ""
        return f"<ExplainedLog {self.name}: reports {len(self.reports)}{problem}>"


@checked
def explain_logs(
    names: Iterable[str | Path], *, jobs: int = 1, executor: Submits | None = None
) -> Iterator[ExplainedLog]:
    """The OOM reports of many logs, file by file in the order of `names`.

    A folder stands for all files in it; compressed ones are opened. `jobs`: worker processes, or
    the number of workers of `executor`, which has the interface of `concurrent.futures` and whose
    workers see the same files. A log that cannot be read says so in `problem`. ValueError for
    fewer than 1 job.
    """
    files = log_files(map(str, names))
    return in_order(explain_log, files, jobs=jobs, executor=executor, chunk=LOGS)


def explain_log(name: str) -> ExplainedLog:
    """One log, read to its end or as far as possible."""
    told: list[Explanation] = []
    try:
        for report in parse(open_log(name)):
            told.append(_judge(report))
    except UNREADABLE as error:
        return ExplainedLog(name, told, unreadable(name, error))
    return ExplainedLog(name, told, "")
