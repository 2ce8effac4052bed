"""One report and its explanation as plain values: `oomlab-explain/1`, described by the JSON schema
`oomlab-explain-1.schema.json` beside this file."""

from ..judge.accounting import Account, limit_path
from ..judge.explanation import Explanation, Ranked
from ..judge.gfp_mask import decode
from ..judge.kernels import generation, version
from ..judge.zones import Judged
from ..read.report import Report

SCHEMA = "oomlab-explain/1"


def as_dict(explanation: Explanation) -> dict:
    """For programs; sizes in pages unless named `_kb` or `kib`."""
    report, policy = explanation.report, explanation.policy
    victim, predicted = report.victim, explanation.predicted
    cause, held = explanation.cause, explanation.account
    return {
        "lines": report.lines,
        "host": report.host,
        "time": report.time,
        "uptime_s": report.uptime_s,
        "kernel": report.kernel,
        "generation": generation(report),
        "kind": report.kind,
        "cgroup_version": report.cgroup_version,
        "cause": {
            "kind": cause.kind,
            "sentence": cause.sentence,
            "evidence": list(cause.evidence),
            "tell": cause.tell,
        },
        "advice": list(explanation.advice),
        "memory": memory(held) if held else [],
        "memory_of": held and held.scope,
        "memory_kib": held and held.total_kib,
        "memory_notes": list(held.notes) if held else [],
        "swap_kib": held and {"total": held.swap_total_kib, "used": held.swap_used_kib},
        "zones": [zone(each) for each in explanation.zones],
        "programs": [
            {
                "name": each.name,
                "processes": each.processes,
                "rss_kib": each.rss_kib,
                "swap_kib": each.swap_kib,
            }
            for each in explanation.programs
        ],
        "cgroups": [
            {
                "path": each.path,
                "role": each.role,
                "unit": each.unit,
                "pod": each.pod,
                "container": each.container,
                "kib": each.kib,
            }
            for each in explanation.cgroups
        ],
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
        "given_up_before": list(report.given_up),
        "tasks": [task(ranked) for ranked in explanation.ranked or unranked(report)],
    }


def memory(held: Account) -> list[dict]:
    """Rows that add up to `memory_kib`, the largest first."""
    return [
        {"what": what, "kib": kib, "percent": round(100 * kib / held.total_kib, 1)}
        for what, kib in sorted(held.rows, key=lambda row: -row[1])
        if held.total_kib
    ]


def zone(judged: Judged) -> dict:
    return {
        "node": judged.node,
        "name": judged.name,
        "allowed": judged.allowed,
        "usable": judged.usable,
        "why": judged.why,
        "free_kib": judged.free_kib,
        "available_kib": judged.available_kib,
        "min_kib": judged.min_kib,
        "blocks": judged.blocks,
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
    path = limit_path(report) if report.kind == "memcg" else None
    counter = report.memcg and report.memcg.counters.get("memory")
    if not path and not counter:
        return None
    return {
        "path": path,
        "usage_kb": counter.usage_kb if counter else None,
        "limit_kb": counter.limit_kb if counter else None,
    }


def score(explanation: Explanation) -> dict | None:
    scored = explanation.report.scored
    if scored is None:
        return None
    return {
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
