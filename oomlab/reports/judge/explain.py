"""Why this one? The choice of a report recomputed: every task's badness, the predicted victim, and
whether the kernel chose the same; if not, which known reason applies.

All points come from the model's own oom_badness on the machine of the report (report_machine.py).
"""

from collections.abc import Callable
from dataclasses import replace

from ...model.oom import oom_badness, select_bad_process
from ...model.tasks import OOM_SCORE_ADJ_MIN, Task
from ...policies.policy import Policy
from ...simulate.reported import oom_score
from ..read.report import Report, TaskRow
from .accounting import account
from .advice import advice_of
from .causes.first_match import cause_of
from .causes.kinds import facts_of
from .explanation import Explanation, Ranked
from .kernels import policy_for
from .owners import cgroups
from .report_machine import adj_of, is_invoker, machine, oom_control
from .totals import Total, row_of, total_pages
from .verdict import kills_allocating_task, verdict
from .zones import judged_zones


def explain(
    report: Report, policy: Policy | None = None, total: Total | None = None
) -> Explanation:
    """Judge a report by the rules of its own kernel, or by other ones to see what they change."""
    policy = policy or policy_for(report)
    total = total or total_pages(report)
    if policy is None or not report.tasks:
        return _judged(Explanation(report, policy, total))
    kernel = machine(report, policy, total.pages)
    control = oom_control(kernel, report, total.pages)
    tasks = {task.pid: task for task in kernel.tasks}
    rows = {row.pid: row for row in report.tasks}  # of a doubled row the later one counts

    def points(task: Task | None) -> int | None:
        return None if task is None else oom_badness(task, total.pages, policy, control.memcg)

    ranked = []
    for pid, row in rows.items():
        worth = None if row.rss is None else points(tasks.get(pid))
        score = None if worth is None else oom_score(worth, total.pages, policy)
        ranked.append(Ranked(row, worth, score, _why_not(report, row, worth)))
    if policy.ties == "last":
        ranked.reverse()
    ranked.sort(key=lambda r: (r.points is None, -(r.points or 0)))

    chosen = select_bad_process(kernel, control)
    allocating = kills_allocating_task(report, policy)
    if allocating:
        asked = next((pid for pid, row in rows.items() if is_invoker(report, row)), None)
        if asked is not None and points(tasks.get(asked)) is not None:
            chosen = tasks[asked]
    predicted = next((r for r in ranked if chosen and r.row.pid == chosen.pid), None)
    runner_up = next((r for r in ranked if r is not predicted and r.points is not None), None)
    spared = None
    if predicted and runner_up and not allocating:
        order = list(rows)
        earlier = order.index(predicted.row.pid) < order.index(runner_up.row.pid)
        most = runner_up.worth - (earlier == (policy.ties == "first"))
        spared = _spared_from(chosen, points, most)
    return _judged(
        Explanation(report, policy, total, tuple(ranked), predicted, runner_up, spared_from=spared)
    )


def _judged(explanation: Explanation) -> Explanation:
    report = explanation.report
    held, zones = account(report), judged_zones(report)
    facts = facts_of(report, held, zones)
    explanation = replace(
        explanation,
        recomputed_score=_score_of(explanation),
        zones=facts.zones,
        account=held,
        programs=facts.programs,
        cgroups=tuple(cgroups(report)),
        cause=cause_of(facts),
    )
    explanation = replace(explanation, verdict=verdict(explanation))
    return replace(explanation, advice=advice_of(explanation))


def _why_not(report: Report, row: TaskRow, points: int | None) -> str | None:
    if points is not None:
        return None
    if row.pid in report.earlier_victims:
        return "killed before"
    if row.rss is None:
        return "its row is cut off"
    return "oom_score_adj -1000" if adj_of(row) == OOM_SCORE_ADJ_MIN else "never killed"


def _spared_from(task: Task, points: Callable, most: int) -> int:
    """The highest oom_score_adj below its own that gives it `most` points or fewer."""
    low, high = OOM_SCORE_ADJ_MIN, task.signal.oom_score_adj
    own = high
    while high - low > 1:  # points fall with adj: `low` is spared, `high` is not
        task.signal.oom_score_adj = middle = (low + high) // 2
        if points(task) <= most:
            low = middle
        else:
            high = middle
    task.signal.oom_score_adj = own
    return low


def _score_of(explanation: Explanation) -> int | None:
    """`score N` recomputed, from the row of the scored task or of who was killed for it."""
    report, policy, total = explanation.report, explanation.policy, explanation.total
    scored = report.scored
    if policy is None or scored is None:
        return None
    if kills_allocating_task(report, policy):
        return 0
    pids = [scored.pid, *(kill.pid for kill in report.kills[:1])]
    for pid in pids:
        for r in explanation.ranked:
            if pid in (r.row.pid, r.row.tgid) and r.score is not None:
                return r.score
    if not report.kills or scored.name != report.kills[0].name or total.most != total.pages:
        return None
    if report.kills[0].oom_score_adj is None:  # then nothing tells how much of it is adj
        return None
    alone = Report(kernel=report.kernel, memcg=report.memcg, kills=report.kills, scored=scored)
    alone.tasks = [row_of(report.kills[0], report.page_kb)]
    kernel = machine(alone, policy, total.pages)
    points = oom_badness(kernel.tasks[-1], total.pages, policy)
    return None if points is None else oom_score(points, total.pages, policy)
