"""Did the kernel choose as the model does? If not: the known reason that applies, by name.

The reasons are the ones that make a printed table say less than the kernel knew. Each has a name
for programs and a sentence for people.
"""

from dataclasses import dataclass

from .report import Report

REASONS = {
    "tie": "points are equal, and which of equals wins depends on an order that is not printed",
    "thread": "the choice fell on a thread; the kill line names its process",
    "child sacrificed": "the choice was right, but a child of it died in its place",
    "allocating task": "vm.oom_kill_allocating_task is set: who asked is killed, without a choice",
    "already dying": "tasks with more points were passed over: they were dying or reaped already",
    "shared mm": "tasks with more points share their memory with another one, as a vfork child "
    "does: the killer passes it over",
    "hidden swap": "this table does not print swap, and swap was in use",
    "close": "the lead is smaller than what the counters may be wrong by, or memory moved between "
    "the choice and the table",
    "unknown total": "how much memory oom_score_adj is thousandths of is not printed",
    "capability": "whether root has CAP_SYS_ADMIN, and so a bonus, is not printed",
    "torn table": "rows of two reports stand in one table, their middle is lost",
    "rows missing": "the row of the victim is not in the table",
    "no task table": "there is no task table to choose from",
    "old heuristics": "kernels before 2.6.36 chose by run times, which no report prints",
    "no kill line": "who was killed is not in the text",
    "panic": "the kernel panicked instead of killing",
    "nobody left": "no task could be killed: those listed were unkillable, dying or reaped already",
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


def verdict(explanation) -> Verdict:
    """Compare the predicted victim with the report's own lines."""
    report, predicted = explanation.report, explanation.predicted
    victim = report.victim
    if explanation.policy is None:
        return Verdict(None, "old heuristics")
    if report.nobody:
        return Verdict(predicted is None, "nobody left")
    if report.panic:
        return Verdict(None, "panic")
    if not report.tasks:
        return Verdict(None, "no task table")
    if victim is None:
        return Verdict(None, "no kill line")
    if predicted is None:
        return Verdict(False, "rows missing")
    if victim.pid in (predicted.row.pid, predicted.row.tgid):
        return Verdict(True, _remark(explanation))
    if report.scored and report.scored.pid in (predicted.row.pid, predicted.row.tgid):
        return Verdict(True, "child sacrificed")
    return Verdict(False, _why_another(explanation, victim))


def _remark(explanation) -> str | None:
    report, predicted = explanation.report, explanation.predicted
    if explanation.policy.oom_kill_allocating_task:
        return "allocating task"
    if report.scored and report.scored.pid != report.victim.pid:
        return "thread"
    if explanation.runner_up and explanation.runner_up.points == predicted.points:
        return "tie"
    return None


def _why_another(explanation, victim) -> str:
    report, predicted = explanation.report, explanation.predicted
    pids = {victim.pid, report.scored.pid if report.scored else victim.pid}
    actual = next((r for r in explanation.ranked if pids & {r.row.pid, r.row.tgid}), None)
    if report.torn_table:
        return "torn table"
    if actual is None:
        same = report.summary and report.summary.cut and report.summary.task == predicted.row.name
        return "thread" if same else "rows missing"
    if _allocating(report, actual.row):
        return "allocating task"
    if _swap_hidden(report):
        return "hidden swap"
    if actual.points is None:
        return "already dying" if actual.why_not == "killed before" else "unexplained"
    if actual.points == predicted.points:
        return "tie"
    ahead = [r for r in explanation.ranked if (r.points or 0) > actual.points]
    if any(r.row.name == actual.row.name and _alike(r.row, actual.row) for r in ahead):
        return "shared mm"
    if _within_error(explanation, predicted, actual):
        return "close"
    adjs = {r.row.oom_score_adj for r in (predicted, actual)}
    if explanation.total.most != explanation.total.pages and len(adjs) > 1:
        return "unknown total"
    root = explanation.policy.root_bonus != "none" and 0 in (predicted.row.uid, actual.row.uid)
    if root and predicted.points - actual.points <= predicted.points * 3 // 100 + 1:
        return "capability"
    if len(ahead) <= 8:
        return "already dying"
    return "unexplained"


def _allocating(report: Report, row) -> bool:
    """Who asked was killed although others are larger, and nothing was scored."""
    invoker = report.invoker
    asked = invoker and invoker.pid is not None and invoker.pid in (row.pid, row.tgid)
    return bool(asked and (report.scored is None or report.scored.score == 0))


def _swap_hidden(report: Report) -> bool:
    if "swapents" in report.columns:
        return False
    memory, memcg = report.memory, report.memcg
    if memory and memory.swap_total_kb is not None and memory.swap_free_kb is not None:
        return memory.swap_free_kb < memory.swap_total_kb
    both = memcg.counters.get("memory+swap") if memcg else None
    return bool(both and both.usage_kb > memcg.counters["memory"].usage_kb)


def _alike(one, other) -> bool:
    """Copies of one address space, or borrowers of it: sizes that do not happen by chance."""
    return one.total_vm == other.total_vm and abs((one.rss or 0) - (other.rss or 0)) < 64


def _within_error(explanation, predicted, actual) -> bool:
    """Counters lag by up to 64 pages a thread (6.x: by CPU), and the table is printed later."""
    lead = predicted.points - actual.points
    if explanation.policy.points == "permille":
        return lead <= 1
    return lead <= max(128, predicted.points // 200)
