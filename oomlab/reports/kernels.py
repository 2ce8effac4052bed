"""Which kernel wrote a report, and so by which rules it chose.

The release is read from the stack dump. Where that is lost, the formats narrow it down: captions
and kill lines changed often enough. Distribution kernels carry parts of later releases; what the
text itself proves comes before what the number says. Sources: kernel releases named below.
"""

import re
from dataclasses import replace

from ..model import policy as presets
from ..model.policy import Policy
from .report import Report

GENERATIONS = (
    ((2, 6, 40), "2.6.32-2.6.39"),
    ((4, 0), "3.x"),
    ((4, 6), "4.0-4.5"),
    ((4, 19), "4.6-4.18"),
    ((6, 0), "4.19-5.x"),
    ((1000, 0), "6.x+"),
)

# From each release on, the rules of this preset. 3.5 counts pages for the first time; 3.14 takes
# root's 3 % off its own points; 4.17 has no such bonus any more.
RULES = (
    ((2, 6, 36), presets.LINUX_2_6_38),
    ((2, 6, 39), replace(presets.LINUX_2_6_38, page_tables="ptes")),
    ((3, 5), presets.LINUX_3_10),
    ((3, 14), presets.LINUX_4_4),
    ((4, 6), presets.LINUX_4_6),
    ((4, 8), presets.LINUX_4_10),
    ((4, 14), presets.LINUX_4_14),
    ((4, 17), replace(presets.LINUX_4_14, root_bonus="none")),
    ((4, 19), presets.LINUX_4_19),
    ((5, 1), presets.LINUX_5_1),
    ((5, 3), presets.LINUX_5_4),
    ((5, 9), presets.LINUX_5_10),
    ((5, 18), presets.LINUX_6_1),
    ((6, 8), presets.LINUX_6_12),
)

CONTAINER = re.compile(
    r"docker|kubepods|containerd|cri-|crio|libpod|/lxc|lxc\.|/machine|/ecs/|garden"
)


def version_of(kernel: str | None) -> tuple[int, ...] | None:
    """`3.10.0-957.el7.x86_64` as (3, 10, 0)."""
    found = re.match(r"(\d{1,4})\.(\d{1,4})(?:\.(\d{1,4}))?", kernel or "")
    return tuple(int(part) for part in found.groups() if part is not None) if found else None


def version(report: Report) -> tuple[int, ...] | None:
    """The release that wrote the report, or the oldest whose formats these are."""
    return version_of(report.kernel) or _version_by_format(report)


def _version_by_format(report: Report) -> tuple[int, ...] | None:
    columns = set(report.columns)
    kill = report.kills[0] if report.kills else None
    if "rss_anon" in columns:
        return 6, 8
    if kill and kill.oom_score_adj is not None:
        return 5, 10  # 5.4 or later; points below 1 exist from 5.9 on
    if report.summary:
        return (5, 0) if report.scored else (5, 1)
    if "pgtables_bytes" in columns:
        return 4, 19
    flags = bool(report.invoker and report.invoker.gfp_flags)
    if "nr_pmds" in columns:
        return (4, 10) if flags and report.invoker.nodemask else (4, 6) if flags else (4, 1)
    if "nr_ptes" in columns:
        return 3, 10
    if "oom_adj" in columns or (report.invoker and report.invoker.oom_adj is not None):
        scores = report.invoker is None or report.invoker.oom_score_adj is not None
        scores = scores and "oom_score_adj" in (columns or {"oom_score_adj"})
        return (2, 6, 39) if scores else (2, 6, 32)
    if report.reaps or flags:
        return 4, 6
    return None


def generation(report: Report) -> str:
    """The family of releases with its log format, or `unknown`."""
    release = version(report)
    if release is None:
        return "unknown"
    return next(name for below, name in GENERATIONS if release < below)


def policy_for(report: Report) -> Policy | None:
    """The rules this kernel chose by; None for the heuristics before 2.6.36.

    Those need run times, which no report prints. RHEL 6 (2.6.32) has the rules of 2.6.39, as its
    oom_score_adj and its scores show; RHEL 7 (3.10) has the root bonus of 3.14.
    """
    release = version(report) or (4, 19)
    if release < (2, 6, 36):
        if "oom_score_adj" not in report.columns and not _has_score_adj(report):
            return None
        release = 2, 6, 39
    rules = [policy for since, policy in RULES if since <= release][-1]
    if _is_rhel7(report, release):
        rules = replace(rules, root_bonus="own")
    if report.scored:
        rules = replace(rules, child_sacrifice=True)
    elif any(kill.message for kill in report.kills):
        rules = replace(rules, child_sacrifice=False)
    messages = [kill.message for kill in report.kills]
    if report.scored:
        messages.append(report.scored.message)
    allocating = any("oom_kill_allocating_task" in message for message in messages)
    return replace(rules, oom_kill_allocating_task=allocating)


def _is_rhel7(report: Report, release: tuple[int, ...]) -> bool:
    """By its name, or by lines of a later kernel under captions of 3.7 to 4.0."""
    if report.kernel:
        return ".el7" in report.kernel
    shmem = any("shmem-rss" in kill.sizes_kb for kill in report.kills)
    return release == (3, 10) and shmem


def _has_score_adj(report: Report) -> bool:
    return bool(report.invoker and report.invoker.oom_score_adj is not None)


def in_container(report: Report) -> bool:
    """Root in a container lacks CAP_SYS_ADMIN, and so the bonus; the cgroup's name tells."""
    paths = []
    if report.memcg:
        paths += [report.memcg.limit_path, report.memcg.task_path]
    if report.summary:
        paths += [report.summary.oom_memcg, report.summary.task_memcg]
    return any(CONTAINER.search(path) for path in paths if path)
