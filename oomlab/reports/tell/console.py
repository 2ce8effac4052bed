"""`oomlab explain FILE|- [--json] [--what-if PID:adj=N]...`: the reports of a log, explained.

Reports are answered one by one, so that a log of any size needs little memory. JSON is one object
{"schema": "oomlab-explain/1", "reports": [...]}.
"""

import json
import sys
from argparse import Namespace
from collections.abc import Iterator
from itertools import chain, islice

from ..judge.explain import explain as explain_report
from ..judge.explanation import Explanation, Ranked
from ..judge.kernels import generation, version
from ..judge.request import decode
from ..judge.what_if import changes, what_if
from ..read.parse import NotText, parse
from ..read.report import Report
from .words import prediction, printable, spared, text_of

SCHEMA = "oomlab-explain/1"


def explain(args: Namespace) -> int:
    """Explain every OOM report of `args.file`; status 1 and one sentence if there is none."""
    name = "standard input" if args.file == "-" else args.file
    try:
        wanted = changes(args.what_if or [])
        if args.file == "-":
            return tell(parse(sys.stdin.buffer), wanted, args.json, name)
        with open(args.file, "rb") as log:
            return tell(parse(log), wanted, args.json, name)
    except OSError as error:
        return refuse(f"{name} cannot be read: {error.strerror or error}.")
    except NotText as error:
        return refuse(f"{name} cannot be read as text: {error}.")
    except ValueError as error:
        return refuse(f"{error}.")


def tell(reports: Iterator[Report], wanted: dict, as_json: bool, name: str) -> int:
    """Print what there is to say of each report, as soon as it is read."""
    count = asked = 0
    first = list(islice(reports, 1))  # what is no text is refused before anything is printed
    if as_json:
        print(f'{{"schema": "{SCHEMA}", "reports": [', end="")
    for count, report in enumerate(chain(first, reports), 1):
        explanation, other = explain_report(report), None
        pids = {row.pid for row in report.tasks}
        if wanted and pids and pids_of(wanted) <= pids:
            other = what_if(report, **wanted)
            asked += 1
        if as_json:
            record = as_dict(explanation) | ({"what_if": as_dict(other)} if other else {})
            print(",\n" if count > 1 else "\n", json.dumps(record), sep="", end="")
        else:
            print("\n" if count > 1 else "", text_of(explanation), sep="")
            if other:
                lines = ["  What if?", *prediction(other), *spared(other)]
                print("\n".join(printable(line) for line in lines))
    if as_json:
        print("\n]}")
    if not count:
        return refuse(f"{name} holds no OOM report.")
    if wanted and not asked:
        return refuse("None of these reports lists the tasks of the question.")
    return 0


def pids_of(wanted: dict) -> set[int]:
    return {pid for what in ("adj", "rss", "swap") for pid in wanted.get(what, {})}


def refuse(sentence: str) -> int:
    print(printable(sentence), file=sys.stderr)
    return 1


def as_dict(explanation: Explanation) -> dict:
    """One report and its explanation, for programs; sizes in pages unless named `_kb`."""
    report, policy = explanation.report, explanation.policy
    victim, predicted = report.victim, explanation.predicted
    return {
        "lines": report.lines,
        "host": report.host,
        "kernel": report.kernel,
        "generation": generation(report),
        "kind": report.kind,
        "complete": report.complete,
        "missing": report.missing,
        "invoker": report.invoker.comm if report.invoker else None,
        "request": request(report),
        "limit": limit(report),
        "victim": victim and {"pid": victim.pid, "name": victim.name},
        "predicted": predicted and {"pid": predicted.row.pid, "name": predicted.row.name},
        "agrees": explanation.verdict.agrees,
        "reason": explanation.verdict.reason,
        "because": explanation.verdict.because,
        "margin_pages": explanation.margin,
        "spared_from_adj": explanation.spared_from,
        "score": score(explanation),
        "policy": policy and policy.name,
        "points_are": policy and policy.points,
        "page_kb": report.page_kb,
        "total_pages": explanation.total.pages,
        "total_is": explanation.total.source,
        "panic": report.panic,
        "killed": [{"pid": kill.pid, "name": kill.name} for kill in report.kills],
        "reaped": [
            {"pid": reap.pid, "name": reap.name, "reaped": reap.reaped, "left_kb": reap.sizes_kb}
            for reap in report.reaps
        ],
        "tasks": [task(ranked) for ranked in explanation.ranked or unranked(report)],
    }


def request(report: Report) -> dict | None:
    invoker = report.invoker
    if invoker is None:
        return None
    mask = invoker.gfp_mask
    flags = invoker.gfp_flags or (decode(mask, version(report)) if mask is not None else ())
    return {
        "pid": invoker.pid,
        "gfp_mask": mask,
        "gfp_flags": flags,
        "order": invoker.order,
        "oom_score_adj": invoker.oom_score_adj,
    }


def limit(report: Report) -> dict | None:
    memcg, summary = report.memcg, report.summary
    path = memcg and memcg.limit_path or summary and summary.oom_memcg
    counter = memcg and memcg.counters.get("memory")
    if not path and not counter:
        return None
    return {
        "path": path,
        "usage_kb": counter.usage_kb if counter else None,
        "limit_kb": counter.limit_kb if counter else None,
    }


def score(explanation: Explanation) -> dict | None:
    scored = explanation.report.scored
    return scored and {
        "pid": scored.pid,
        "name": scored.name,
        "printed": scored.score,
        "recomputed": explanation.recomputed_score,
    }


def unranked(report: Report) -> list[Ranked]:
    return [Ranked(row, None, None, "not judged") for row in report.tasks]


def task(ranked: Ranked) -> dict:
    row = ranked.row
    return {
        "pid": row.pid,
        "tgid": row.tgid,
        "name": row.name,
        "uid": row.uid,
        "points": ranked.points,
        "score": ranked.score,
        "rss": row.rss,
        "swapents": row.swapents,
        "oom_score_adj": row.oom_score_adj,
        "why_not": ranked.why_not,
    }
