"""What there is to say of a report once it was judged: the ranking, the choice, the verdict.

The reasons are the ones that make a printed table say less than the kernel knew. Each has a name
for programs and a sentence for people.
"""

from dataclasses import dataclass
from importlib import import_module

from ...policies.policy import Policy
from ..read.report import Report, TaskRow
from .accounting import Account
from .causes.kinds import Cause
from .owners import Cgroup, Program
from .totals import Total
from .zones import Judged

REASONS = {
    "tie": "points are equal in this table, and it is printed after the choice was made",
    "floored": "oom_score_adj takes all points of these tasks, and this kernel (before 5.9) counts "
    "1 for each, so that what they hold does not matter: one of them dies, even the smallest",
    "thread": "the choice fell on a thread; the kill line names its process",
    "child sacrificed": "the choice was right, but a child of it died in its place",
    "allocating task": "vm.oom_kill_allocating_task is set: who asked is killed, without a choice",
    "asked, and killed": "who asked was killed; the line that would say that "
    "vm.oom_kill_allocating_task is set is not in the text",
    "already dying": "tasks with more points were passed over: they were killed before",
    "passed over": "tasks with more points were passed over, as dying or reaped ones are; nothing "
    "in the text says that these were",
    "shared mm": "tasks with more points may share their memory with another one, unkillable or "
    "waiting in vfork, for which the killer passes them over",
    "hidden swap": "this table does not print swap, and swap was in use",
    "close": "the lead is smaller than what the counters may be wrong by, or memory moved between "
    "the choice and the table",
    "unknown total": "how much memory oom_score_adj is thousandths of is not printed",
    "capability": "whether root has CAP_SYS_ADMIN, and so a bonus, is not printed",
    "torn table": "rows of two reports stand in one table, their middle is lost",
    "rows missing": "the row of the victim is not in the table",
    "no task table": "there is no task table to choose from",
    "old heuristics": "kernels before 2.6.36 chose by run times, which no report prints",
    "unreleased kernel": "this kernel was in development or is patched; its rules may be those of "
    "no release",
    "no kill line": "who was killed is not in the text",
    "panic": "the kernel panicked instead of killing",
    "no task left": "no task could be killed: there was none with memory of its own, or each was "
    "unkillable, dying or reaped already",
    "unexplained": "none of the known reasons applies",
}


@dataclass(frozen=True)
class Verdict:
    """agrees None: there is nothing to compare. `reason` is a key of REASONS, or None."""

    agrees: bool | None = None
    reason: str | None = None

    @property
    def because(self) -> str:
        return REASONS[self.reason] if self.reason else ""


@dataclass(frozen=True)
class Ranked:
    """A row and what it is worth; points None: it cannot be killed, and `why_not` says why."""

    row: TaskRow
    points: int | None  # pages, or per mille before 3.5
    score: int | None  # thousandths of totalpages, as `score N` was printed to 5.0
    why_not: str | None = None

    @property
    def worth(self) -> int:
        """The points of a task that can be killed."""
        assert self.points is not None, f"{self.row.name} cannot be killed"
        return self.points


@dataclass(frozen=True)
class Explanation:
    """One report, judged. `ranked` is in the order in which the tasks would be chosen."""

    report: Report
    policy: Policy | None  # None: the rules are not known, see `verdict`
    total: Total
    ranked: tuple[Ranked, ...] = ()
    predicted: Ranked | None = None
    runner_up: Ranked | None = None  # who dies if the predicted one is spared
    spared_from: int | None = None  # the highest oom_score_adj with which the predicted one lives
    recomputed_score: int | None = None  # of the task in `Kill process ... score N`
    verdict: Verdict = Verdict()
    zones: tuple[Judged, ...] = ()  # each before the request
    account: Account | None = None  # who holds the memory
    programs: tuple[Program, ...] = ()
    cgroups: tuple[Cgroup, ...] = ()
    cause: Cause = Cause("unclear", "")
    advice: tuple[str, ...] = ()  # what to do, the surest first
    supposed: bool = False  # the report was changed: an answer of what_if()

    def __repr__(self) -> str:
        first, last = self.report.lines
        kernel, killed, found = self.report.kernel, self.report.victim, self.verdict
        who = f"killed: {killed.name} ({killed.pid})" if killed else "no task was killed"
        agrees = {True: "as the rules say", False: "not as the rules say", None: "not compared"}
        because = f": {found.because}" if found.reason else ""
        lines = [
            f"<Explanation of lines {first} to {last}, Linux {kernel or 'not said'}, {who}",
            f" {self.cause.sentence or self.cause.kind}",
            f" the choice: {agrees[found.agrees]}{because}",
        ]
        return (
            "\n".join(" " * line.startswith(" ") + " ".join(line.split()) for line in lines) + ">"
        )

    def _repr_html_(self) -> str:
        return import_module("oomlab.reports.tell.page").html_of(self)

    @property
    def margin(self) -> int | None:
        """Pages by which the predicted victim leads."""
        if self.predicted is None or self.runner_up is None or self.policy is None:
            return None
        lead = self.predicted.worth - self.runner_up.worth
        return lead * self.total.pages // 1000 if self.policy.points == "permille" else lead
