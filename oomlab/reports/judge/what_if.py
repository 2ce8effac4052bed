"""What if an adj, a size, the limit, the kernel or the rules had been different: who dies then?

A question is a report in which something is changed; the answer is its explanation, compared with
nothing.
"""

import re
from dataclasses import replace

from ...model.policy import PRESETS, Policy
from ...naming import nearest
from ..read.report import Report
from .explain import explain
from .explanation import Explanation, Verdict
from .kernels import policy_for, version_of
from .totals import Total, total_pages

CHANGE = re.compile(r"(?:(\d{1,10}):)?(adj|rss|swap|limit|kernel|policy)=(.+)")


def what_if(
    report: Report,
    *,
    adj: dict[int, int] | None = None,
    rss: dict[int, int] | None = None,
    swap: dict[int, int] | None = None,
    limit_kb: int | None = None,
    kernel: str | None = None,
    policy: Policy | None = None,
) -> Explanation:
    """Judge the report again with these changes: {pid: value} in pages, the memory in kB."""
    columns = {"oom_score_adj": adj or {}, "rss": rss or {}, "swapents": swap or {}}
    pids = {row.pid for row in report.tasks}
    for values in columns.values():
        for pid in values.keys() - pids:
            raise ValueError(f"there is no task {pid} in the table of this report")
    for value in columns["oom_score_adj"].values():
        if not -1000 <= value <= 1000:
            raise ValueError(f"oom_score_adj {value} is not between -1000 and 1000")
    rows = []
    for row in report.tasks:
        changed = {name: values[row.pid] for name, values in columns.items() if row.pid in values}
        if "rss" in changed:
            changed |= {"rss_anon": None, "rss_file": None, "rss_shmem": None}
        rows.append(row._replace(**changed) if changed else row)
    total = total_pages(report)
    if limit_kb is not None:
        pages = max(limit_kb // report.page_kb, 1)
        total = Total(pages, pages, "as asked")
    rules = policy or policy_for(report)
    if kernel is not None:
        if version_of(kernel) is None:
            raise ValueError(f"{kernel!r} is not a kernel release such as 4.19")
        rules = policy_for(replace(report, kernel=kernel, scored=None, kills=[]))
    answer = explain(replace(report, tasks=rows), rules, total)
    return replace(answer, verdict=Verdict(), recomputed_score=None)  # nothing to compare with


def changes(questions: list[str]) -> dict:
    """Arguments for `what_if` out of `PID:adj=N`, `limit=KB`, `kernel=5.10` and the like."""
    wanted: dict = {}
    for question in questions:
        found = CHANGE.fullmatch(question.strip())
        if not found or (found[1] is None) == (found[2] in ("adj", "rss", "swap")):
            raise ValueError(
                f"{question!r} is not one of PID:adj=N, PID:rss=PAGES, PID:swap=PAGES, limit=KB, "
                "kernel=RELEASE, policy=NAME"
            )
        pid, what, value = found.groups()
        if what == "kernel":
            wanted["kernel"] = value
        elif what == "policy":
            if value not in PRESETS:
                raise ValueError(f"there is no policy {value!r}; {nearest(value, PRESETS)}")
            wanted["policy"] = PRESETS[value]
        elif not re.fullmatch(r"-?\d{1,18}", value) or (what != "adj" and value[0] == "-"):
            raise ValueError(f"{value!r} in {question!r} is not a whole number that fits")
        elif what == "limit":
            wanted["limit_kb"] = int(value)
        else:
            wanted.setdefault(what, {})[int(pid)] = int(value)
    return wanted
