"""Did the kernel choose as the model does? If not: the known reason that applies."""

from collections import Counter

from ...policies.policy import Policy
from ..read.report import Kill, Report, TaskRow
from .explanation import Explanation, Ranked, Verdict
from .kernels import CAPTIONS, is_unreleased


def verdict(explanation: Explanation) -> Verdict:
    """Compare the predicted victim with the report's own lines."""
    report, predicted, policy = explanation.report, explanation.predicted, explanation.policy
    victim = report.victim
    if policy is None:
        return Verdict(None, "old heuristics")
    if report.no_killable:
        told = "unreleased kernel" if predicted and is_unreleased(report) else "no task left"
        return Verdict(predicted is None, told)
    if report.panic:
        return Verdict(None, "panic")
    if not report.tasks:
        return Verdict(None, "no task table")
    if victim is None:
        return Verdict(None, "no kill line")
    if predicted is None:
        return Verdict(False, "rows missing")
    if victim.pid in (predicted.row.pid, predicted.row.tgid):
        return Verdict(True, _remark(explanation, policy, predicted, victim))
    if report.scored and report.scored.pid in (predicted.row.pid, predicted.row.tgid):
        return Verdict(True, "child sacrificed")
    return Verdict(False, _why_another(explanation, policy, predicted, victim))


def kills_allocating_task(report: Report, policy: Policy) -> bool:
    """Does the sysctl decide? Not in a cgroup: the model's may_kill_allocating_task() says why."""
    return policy.oom_kill_allocating_task and report.kind not in ("memcg", "sysrq")


def _remark(
    explanation: Explanation, policy: Policy, predicted: Ranked, victim: Kill
) -> str | None:
    report, scored = explanation.report, explanation.report.scored
    if kills_allocating_task(report, policy):
        return "allocating task"
    if scored and scored.pid != victim.pid:
        return "thread"
    if explanation.runner_up and explanation.runner_up.points == predicted.points:
        return "floored" if _floored(policy, predicted) else "tie"
    return None


def _why_another(explanation: Explanation, policy: Policy, predicted: Ranked, victim: Kill) -> str:
    report = explanation.report
    pids = {victim.pid, report.scored.pid if report.scored else victim.pid}
    actual = next((r for r in explanation.ranked if pids & {r.row.pid, r.row.tgid}), None)
    if report.torn_table:
        return "torn table"
    if actual is None:
        same = report.summary and report.summary.cut and report.summary.task == predicted.row.name
        return "thread" if same else "rows missing"
    if _asked(report, actual.row):
        return "asked, and killed"
    if _swap_hidden(report):
        return "hidden swap"
    if actual.points is None:
        return "already dying" if actual.why_not == "killed before" else "unexplained"
    if actual.points == predicted.points:
        return "tie"
    ahead = [r for r in explanation.ranked if r.points is not None and r.points > actual.points]
    sizes = Counter((row.total_vm, row.rss) for row in report.tasks)
    if all(sizes[r.row.total_vm, r.row.rss] > 1 for r in ahead):  # no chance: the same memory
        return "shared mm"
    if _bonus_decides(explanation.total.pages, policy, predicted, actual):
        return "capability"
    if _within_error(policy, predicted, actual):
        return "close"
    matters = policy.points == "permille"  # then every task's points are shares of it
    matters |= predicted.row.oom_score_adj != actual.row.oom_score_adj
    if explanation.total.most != explanation.total.pages and matters:
        return "unknown total"
    if not set(report.columns) <= CAPTIONS:
        return "unreleased kernel"
    if len(ahead) <= 8:
        return "passed over"
    return "unreleased kernel" if is_unreleased(report) else "unexplained"


def _floored(policy: Policy, predicted: Ranked) -> bool:
    """Its adj takes more than it has: points that would be 0 or less, counted as 1."""
    below = (predicted.row.oom_score_adj or 0) < 0 and predicted.points == 1
    return below and not policy.signed_points


def _asked(report: Report, row: TaskRow) -> bool:
    """Who asked was killed, and the message that would name the sysctl is lost."""
    if report.scored or any(kill.message for kill in report.kills):
        return False  # `Out of memory (oom_kill_allocating_task)` would stand there
    invoker = report.invoker
    return bool(invoker and invoker.pid is not None and invoker.pid in (row.pid, row.tgid))


def _swap_hidden(report: Report) -> bool:
    if "swapents" in report.columns:
        return False
    memory, memcg = report.memory, report.memcg
    if memory and memory.swap_total_kb is not None and memory.swap_free_kb is not None:
        return memory.swap_free_kb < memory.swap_total_kb
    both = memcg.counters.get("memory+swap") if memcg else None
    return bool(memcg and both and both.usage_kb > memcg.counters["memory"].usage_kb)


def _bonus_decides(total: int, policy: Policy, predicted: Ranked, actual: Ranked) -> bool:
    """The other way about root's 3 %, the choice would have been another one."""
    bonus = policy.root_bonus
    if bonus == "none" or (predicted.row.uid == 0) == (actual.row.uid == 0):
        return False
    root = predicted if predicted.row.uid == 0 else actual
    whole = total if bonus == "total" else root.worth
    if policy.points == "permille":
        whole = 1000
    return predicted.worth - actual.worth <= whole * 3 // 97 + 1


def _within_error(policy: Policy, predicted: Ranked, actual: Ranked) -> bool:
    """Counters lag by up to 64 pages a thread (6.x: by CPU), and the table is printed later."""
    lead = predicted.worth - actual.worth
    if policy.points == "permille":
        return lead <= 1
    return lead <= max(128, predicted.worth // 200)
