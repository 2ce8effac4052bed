"""What if an adj, a size, the limit, the RAM, the kernel or the rules had been different: who dies
then, or would it have been enough?

A question is a report in which something is changed; the answer is its explanation, compared with
nothing, and for more memory a sentence about what was short at that moment. Nothing here knows how
much more the tasks would have asked for later.
"""

import re
from dataclasses import replace
from typing import Any

from ...naming import nearest
from ...policies.policy import Policy
from ...policies.presets import PRESETS
from ..read.report import Report, TaskRow
from .accounting import limit_path
from .causes.kinds import size
from .explain import explain
from .explanation import Explanation, Verdict
from .kernels import policy_for, version_of
from .totals import Total, total_pages, unlimited

CHANGE = re.compile(r"(?:(.+):)?(adj|rss|swap|limit|ram|kernel|policy)=(.+)")
SIZE = re.compile(r"([+-]?)(\d{1,15})([KMGT]?)(?:i?B)?", re.IGNORECASE)
KIB = {"K": 1, "M": 1 << 10, "G": 1 << 20, "T": 1 << 30}
COLUMNS = {"adj": "oom_score_adj", "rss": "rss", "swap": "swapents"}
Who = int | str  # a pid, the name of a program, the path of a cgroup
FORMS = (
    "WHO:adj=N, WHO:rss=SIZE, WHO:swap=SIZE (WHO is a pid, a program or a cgroup), limit=SIZE, "
    "/CGROUP:limit=SIZE, ram=+SIZE, swap=+SIZE, kernel=RELEASE, policy=NAME"
)


def what_if(
    report: Report,
    *,
    adj: dict[Who, int] | None = None,
    rss: dict[Who, int] | None = None,
    swap: dict[Who, int] | None = None,
    limit_kb: int | None = None,
    limit_of: str | None = None,
    more_limit_kb: int = 0,
    more_ram_kb: int = 0,
    more_swap_kb: int = 0,
    kernel: str | None = None,
    policy: Policy | None = None,
) -> Explanation:
    """Judge the report again with these changes: {who: value} in pages, the memory in kB.

    ValueError with a sentence for a task that is not listed, an adj out of range, a kernel that is
    no release.
    """
    if limit_of is not None and limit_of != limit_path(report):
        raise ValueError(f"it is not the limit of {limit_of} that was hit in this report")
    columns = {"oom_score_adj": adj or {}, "rss": rss or {}, "swapents": swap or {}}
    resolved = {
        name: {pid: value for who, value in values.items() for pid in pids_of(report, who)}
        for name, values in columns.items()
    }
    for value in resolved["oom_score_adj"].values():
        if not -1000 <= value <= 1000:
            raise ValueError(f"oom_score_adj {value} is not between -1000 and 1000")
    rows = []
    for row in report.tasks:
        changed: dict[str, Any] = {
            name: values[row.pid] for name, values in resolved.items() if row.pid in values
        }
        if "rss" in changed:
            changed |= {"rss_anon": None, "rss_file": None, "rss_shmem": None}
        rows.append(row._replace(**changed) if changed else row)
    total = _total(report, limit_kb, more_limit_kb, more_ram_kb, more_swap_kb)
    rules = policy or policy_for(report)
    if kernel is not None:
        if version_of(kernel) is None:
            raise ValueError(f"{kernel!r} is not a kernel release such as 4.19")
        rules = policy_for(replace(report, kernel=kernel, scored=None, kills=[]))
    answer = explain(replace(report, tasks=rows), rules, total)
    # Nothing to compare with: the kernel killed under the report as it was.
    return replace(answer, verdict=Verdict(), recomputed_score=None, supposed=True)


def _total(
    report: Report, limit_kb: int | None, more_limit: int, more_ram: int, more_swap: int
) -> Total:
    """totalpages as asked: a new limit counts alone, RAM and swap on top of what was there."""
    page, total = report.page_kb, total_pages(report)
    if limit_kb is None and more_limit:
        counter = report.memcg.counters.get("memory") if report.memcg else None
        if counter is None or unlimited(counter.limit_kb):
            raise ValueError("this report names no limit that could be raised")
        limit_kb = max(counter.limit_kb + more_limit, 0)
    if limit_kb is not None:
        pages = max(limit_kb // page, 1)
        return Total(pages, pages, "as asked")
    more = more_swap + (more_ram if report.kind != "memcg" else 0)
    if not more:
        return total
    pages = max(total.pages + more // page, 1)
    return Total(pages, max(pages, total.most + more // page), "as asked")


def pids_of(report: Report, who: Who) -> list[int]:
    """The tasks of the table that are meant; ValueError if there is none."""
    if isinstance(who, int) or who.isdecimal():
        if int(who) not in {row.pid for row in report.tasks}:
            raise ValueError(f"there is no task {who} in the table of this report")
        return [int(who)]
    if who.startswith("/"):
        limit = limit_path(report)
        if limit and (limit == who or limit.startswith(who.rstrip("/") + "/")):
            return [row.pid for row in report.tasks]
        raise ValueError(f"the table does not say which tasks are in {who}")
    pids = [row.pid for row in report.tasks if named(row, who)]
    if not pids:
        names = {row.name for row in report.tasks}
        near = f"; {nearest(who, names)}" if names else ""
        raise ValueError(f"there is no program {who!r} in the table of this report{near}")
    return pids


def named(row: TaskRow, who: str) -> bool:
    """The kernel cuts a name to 15 characters."""
    return row.name == who or (len(who) > 15 and row.name == who[:15])


def concerned(report: Report, wanted: dict) -> bool:
    """The report lists the tasks, and has the limit, that are asked about."""
    try:
        for what in COLUMNS:
            for who in wanted.get(what, {}):
                pids_of(report, who)
    except ValueError:
        return False
    if wanted.get("limit_of", limit_path(report)) != limit_path(report):
        return False
    return bool(report.tasks) or bool(wanted.keys() - COLUMNS.keys())


def answers_to(explanation: Explanation, wanted: dict) -> list[str]:
    """Would more memory have been enough at that moment? A sentence for each that was asked."""
    answers = []
    report = explanation.report
    counter = report.memcg.counters.get("memory") if report.memcg else None
    limit = wanted.get("limit_kb")
    if limit is None and wanted.get("more_limit_kb") and counter:
        limit = counter.limit_kb + wanted["more_limit_kb"]
    if limit is not None:
        answers.append(_of_limit(report, counter, limit))
    if wanted.get("more_ram_kb", 0) > 0:
        answers.append(_of_ram(explanation, wanted["more_ram_kb"]))
    if wanted.get("more_swap_kb", 0) > 0:
        answers.append(_of_swap(explanation, wanted["more_swap_kb"]))
    return answers


def _of_limit(report: Report, counter, limit: int) -> str:
    if counter is None or report.kind != "memcg":
        return "A limit was not what was short here: the whole machine had run out."
    room = limit - counter.usage_kb
    if room <= 0:
        return f"A limit of {size(limit)} is below what was used ({size(counter.usage_kb)})."
    return (
        f"With a limit of {size(limit)} this charge would have succeeded, with {size(room)} to "
        "spare; whether it then goes on growing is not in the log."
    )


def _of_ram(explanation: Explanation, more: int) -> str:
    cause = explanation.cause.kind
    if explanation.report.kind == "memcg":
        return "More RAM changes nothing: the limit of the cgroup was hit."
    if cause in ("fragmentation", "low zone", "CMA or Movable only", "nodes"):
        return f"More RAM need not help: the cause is {cause}."
    if cause in ("spurious page fault", "SysRq"):
        return "More RAM changes nothing: memory was not what was short."
    gaps = [
        zone.min_kib - zone.available_kib
        for zone in explanation.zones
        if zone.allowed and zone.available_kib is not None and zone.min_kib is not None
    ]
    if not gaps:
        return "Whether it would have been enough the text does not tell: its zones are missing."
    gap = min(gaps) + 4
    met = "would have been met" if more > gap else "would still have failed"
    return (
        f"With {size(more)} more RAM this request {met} ({size(max(gap, 0))} were short of the "
        "min mark); whether the tasks then go on growing is not in the log."
    )


def _of_swap(explanation: Explanation, more: int) -> str:
    account, report = explanation.account, explanation.report
    if explanation.cause.kind in ("fragmentation", "spurious page fault", "SysRq", "low zone"):
        return f"More swap need not help: the cause is {explanation.cause.kind}."
    own = report.memcg.counters.get("swap") if report.memcg else None
    if own and not unlimited(own.limit_kb) and own.usage_kb >= own.limit_kb:
        return f"More swap changes nothing: the cgroup may use {size(own.limit_kb)} of it only."
    if account is None:
        return "Whether it would have been enough the text does not tell: counters are missing."
    movable = account.of("anonymous", "shared memory and tmpfs")
    room = (account.swap_total_kib or 0) - (account.swap_used_kib or 0)
    if account.swap_total_kib and room > 0.1 * account.swap_total_kib:
        return f"More swap need not help: {size(room)} of it were free and were not used."
    gain = min(movable, more)
    if gain < 0.02 * account.total_kib:
        return f"More swap would not have helped: only {size(movable)} can be swapped out."
    return (
        f"With {size(more)} more swap {size(gain)} could have left the memory, so this request "
        "would have been met; whether the tasks then go on growing is not in the log."
    )


def changes(questions: list[str]) -> dict:
    """Arguments for `what_if` out of `postgres:adj=-500`, `limit=2G`, `swap=+4G` and the like."""
    wanted: dict = {}
    for question in questions:
        found = CHANGE.fullmatch(question.strip())
        if not found or (found[1] and found[2] not in (*COLUMNS, "limit")):
            raise ValueError(f"{question!r} is not one of {FORMS}")
        who, what, value = found.groups()
        if who and what == "limit":
            if not who.startswith("/"):
                raise ValueError(f"{question!r} is not one of {FORMS}")
            wanted["limit_of"] = who
        if who is None and what in ("adj", "rss"):
            raise ValueError(f"{question!r} is not one of {FORMS}")
        if what == "kernel":
            wanted["kernel"] = value
        elif what == "policy":
            if value not in PRESETS:
                raise ValueError(f"there is no policy {value!r}; {nearest(value, PRESETS)}")
            wanted["policy"] = PRESETS[value]
        elif what == "adj":
            if not re.fullmatch(r"-?\d{1,18}", value):
                raise ValueError(f"{value!r} in {question!r} is not a whole number that fits")
            wanted.setdefault("adj", {})[_who(who)] = int(value)
        else:
            _memory(wanted, question, who, what, value)
    return wanted


def _who(word: str) -> Who:
    return int(word) if word.isdecimal() and len(word) < 11 else word


def _memory(wanted: dict, question: str, who: str | None, what: str, value: str) -> None:
    """A size: of a task in pages, or in bytes with a letter; of the machine in kB or with one."""
    found = SIZE.fullmatch(value)
    if not found:
        raise ValueError(f"{value!r} in {question!r} is not a whole number that fits")
    sign, number, letter = found[1], int(found[2]), found[3].upper()
    kib = number * KIB.get(letter, 1)
    signed = -kib if sign == "-" else kib
    if what in ("rss", "swap") and who is not None:
        if sign:
            raise ValueError(f"{value!r} in {question!r} is not a size: a task's takes no sign")
        wanted.setdefault(what, {})[_who(who)] = kib // 4 if letter else number
    elif what == "limit":
        wanted["more_limit_kb" if sign else "limit_kb"] = signed
    elif not sign:
        raise ValueError(f"{question!r}: say how much more or less, as in {what}=+4G")
    else:
        wanted[f"more_{what}_kb"] = signed
