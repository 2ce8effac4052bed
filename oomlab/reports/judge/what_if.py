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
from .asked import asked_of
from .causes.kinds import size
from .explain import explain
from .explanation import Explanation, Verdict
from .kernels import policy_for, version_of
from .totals import Total, total_pages, unlimited

CHANGE = re.compile(r"(?:(.+):)?(adj|rss|swap|limit|ram|kernel|policy)=(.+)")
SIZE = re.compile(r"([+-]?)(\d{1,15})([KMGT]?)(?:i?B)?", re.IGNORECASE)
KIB = {"K": 1, "M": 1 << 10, "G": 1 << 20, "T": 1 << 30}
GROWS = "whether the tasks then go on growing is not in the log."
COLUMNS = {"adj": "oom_score_adj", "rss": "rss", "swap": "swapents"}
Who = int | str  # a pid, the name of a program, the path of a cgroup


class Kib(int):
    """A size in KiB: how many pages it is depends on the report."""


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
        name: {
            pid: _pages(value, report)
            for who, value in values.items()
            for pid in pids_of(report, who)
        }
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
    """totalpages as asked: of a cgroup its limit, and the swap it may use (mem_cgroup_get_max),
    which a limit of memory+swap or of swap bounds; else RAM and swap, whatever a limit is."""
    page, total = report.page_kb, total_pages(report)
    if report.kind != "memcg":
        more = (more_ram + more_swap) // page
        return _more(total, more) if more else total
    counters = report.memcg.counters if report.memcg else {}
    counter, both, own = (counters.get(name) for name in ("memory", "memory+swap", "swap"))
    if counter is None or unlimited(counter.limit_kb):
        if more_limit:
            raise ValueError("this report names no limit that could be raised")
        pages = max((limit_kb or 0) // page, 1)
        return total if limit_kb is None else Total(pages, pages, "as asked")
    now = counter.limit_kb
    asked = max(now + more_limit, 0) if limit_kb is None else limit_kb
    more_swap = 0 if own and not unlimited(own.limit_kb) else more_swap
    if asked == now and not more_swap:
        return total
    most = None if both is None or unlimited(both.limit_kb) else max(both.limit_kb, asked) // page
    return _more(total, (asked - now + more_swap) // page, most)


def _more(total: Total, more: int, most: int | None = None) -> Total:
    pages = max(total.pages + more, 1)
    pages = pages if most is None else min(pages, most)
    return Total(pages, max(pages, total.most + more if most is None else pages), "as asked")


def _pages(value: int, report: Report) -> int:
    return value // report.page_kb if isinstance(value, Kib) else value


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
    if less := _less(report, wanted.get("rss", {})):
        answers.append(_of_sizes(explanation, counter, less))
    return answers


def _less(report: Report, sizes: dict[Who, int]) -> int:
    """KiB that the tasks would hold less."""
    asked = {pid: value for who, value in sizes.items() for pid in pids_of(report, who)}
    rows = [row for row in report.tasks if row.pid in asked and row.rss is not None]
    return sum((row.rss or 0) - _pages(asked[row.pid], report) for row in rows) * report.page_kb


def _of_limit(report: Report, counter, limit: int) -> str:
    if counter is None or report.kind != "memcg":
        return "A limit was not what was short here: the whole machine had run out."
    charge = report.page_kb << max(report.invoker.order or 0 if report.invoker else 0, 0)
    room = limit - counter.usage_kb
    if room < charge:
        return f"A limit of {size(limit)} is below what was used ({size(counter.usage_kb)})."
    both = report.memcg.counters.get("memory+swap") if report.memcg else None
    if both and not unlimited(both.limit_kb) and both.usage_kb + charge > both.limit_kb:
        return (
            f"A limit of {size(limit)} alone changes nothing: memory+swap is full "
            f"({size(both.limit_kb)}), so that its limit must be raised, too."
        )
    return (
        f"With a limit of {size(limit)} this charge would have succeeded, with {size(room)} to "
        f"spare; {GROWS}"
    )


def _of_ram(explanation: Explanation, more: int) -> str:
    if explanation.report.kind == "memcg":
        return "More RAM changes nothing: the limit of the cgroup was hit."
    if refused := _no_help("RAM", explanation):
        return refused
    asked = asked_of(explanation.report)
    if asked.nodes:
        nodes = ", ".join(map(str, sorted(asked.nodes)))
        return f"More RAM helps on the nodes that this request was bound to only: {nodes}."
    above = [zone.title for zone in explanation.zones if zone.allowed is False]
    if above:
        return f"More RAM need not help: it would lie in {above[-1]}, not for this request."
    gap = _gap(explanation)
    if gap is None:
        return "Whether it would have been enough the text does not tell: its zones are missing."
    met = "would have been met" if more > gap else "would still have failed"
    return (
        f"With {size(more)} more RAM this request {met} ({size(max(gap, 0))} were short of the "
        f"min mark); {GROWS}"
    )


def _of_sizes(explanation: Explanation, counter, less: int) -> str:
    """Tasks that hold less: would the request have been met?"""
    if less < 0:
        return f"{size(-less)} more would be in use."
    if explanation.report.kind == "memcg":
        return f"{size(less)} less would be in use: this charge would have succeeded; {GROWS}"
    if refused := _no_help("free memory", explanation):
        return refused
    gap = _gap(explanation)
    if gap is None:
        return f"{size(less)} less would be in use; what the request lacked is not in the text."
    met = "could have been met" if less > gap else "would still have failed"
    return f"{size(less)} less would be in use: this request {met}; {GROWS}"


def _no_help(what: str, explanation: Explanation) -> str:
    cause = explanation.cause.kind
    if cause in ("fragmentation", "low zone", "CMA or Movable only", "nodes"):
        return f"More {what} need not help: the cause is {cause}."
    if cause in ("spurious page fault", "SysRq"):
        return f"More {what} changes nothing: memory was not what was short."
    return ""


def _gap(explanation: Explanation) -> int | None:
    """KiB by which the nearest zone missed its mark, and a page."""
    gaps = [
        zone.min_kib - zone.available_kib
        for zone in explanation.zones
        if zone.allowed and zone.available_kib is not None and zone.min_kib is not None
    ]
    return min(gaps) + explanation.report.page_kb if gaps else None


def _of_swap(explanation: Explanation, more: int) -> str:
    account, report = explanation.account, explanation.report
    if explanation.cause.kind in ("fragmentation", "spurious page fault", "SysRq", "low zone"):
        return f"More swap need not help: the cause is {explanation.cause.kind}."
    counters = report.memcg.counters if report.memcg and report.kind == "memcg" else {}
    for name, counter in counters.items():  # of which `memory+swap` does not fall by swapping
        if name in ("swap", "memory+swap") and counter.limit_kb <= counter.usage_kb:
            may = f"the cgroup may use {size(counter.limit_kb)} of {name} only"
            return f"More swap changes nothing: {may}."
    if account is None:
        return "Whether it would have been enough the text does not tell: counters are missing."
    movable = account.of("anonymous", "shared memory and tmpfs")
    room = (account.swap_total_kib or 0) - (account.swap_used_kib or 0)
    if account.swap_total_kib and room > 0.1 * account.swap_total_kib:
        return f"More swap need not help: {size(room)} of it were free and were not used."
    gain = min(movable, more)
    if gain < 0.02 * account.total_kib:
        return f"More swap would not have helped: only {size(movable)} can be swapped out."
    if report.kind == "memcg" and account.swap_total_kib is None:
        return (
            f"{size(movable)} could be swapped out; how much swap the machine had, and if it was "
            "full, is not in this report."
        )
    return (
        f"With {size(more)} more swap {size(gain)} could have left the memory, so this request "
        f"would have been met; {GROWS}"
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
        wanted.setdefault(what, {})[_who(who)] = Kib(kib) if letter else number
    elif what == "limit":
        wanted["more_limit_kb" if sign else "limit_kb"] = signed
    elif not sign:
        raise ValueError(f"{question!r}: say how much more or less, as in {what}=+4G")
    else:
        wanted[f"more_{what}_kb"] = signed
