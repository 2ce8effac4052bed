"""Which kernel wrote a report, and so by which rules it chose.

The release is read from the stack dump. Where that is lost, the formats narrow it down: captions
and kill lines changed often enough. Distribution kernels carry parts of later releases; what the
text itself proves comes before what the number says. Sources: kernel releases named below.
"""

import re
from dataclasses import replace

from ...policies import presets
from ...policies.policy import Policy
from ..read.report import Report

GENERATIONS = (
    ((2, 6, 31), "before 2.6.31"),
    ((2, 6, 40), "2.6.32-2.6.39"),
    ((4, 0), "3.x"),
    ((4, 6), "4.0-4.5"),
    ((4, 19), "4.6-4.18"),
    ((6, 0), "4.19-5.x"),
    ((1000, 0), "6.x+"),
)

SINCE_2_6_39 = replace(presets.LINUX_2_6_38, page_tables="ptes", scan="each-thread")

# From each release on, the rules of this preset. In 3.2 a sharer with -1000 does not protect any
# more; 3.5 counts pages for the first time; 3.12 kills in a memcg when the fault ends; 3.14 takes
# root's 3 % off its own points; 4.4 sends SIGKILL before it marks; 4.17 has no bonus any more.
RULES = (
    ((2, 6, 36), presets.LINUX_2_6_38),
    ((2, 6, 39), SINCE_2_6_39),
    ((3, 2), replace(SINCE_2_6_39, unkillable_sharer="spared")),
    ((3, 5), presets.LINUX_3_10),
    ((3, 12), replace(presets.LINUX_3_10, memcg_oom="fault-end")),
    ((3, 14), replace(presets.LINUX_4_4, marked_first=True)),
    ((4, 4), presets.LINUX_4_4),
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

CAPTIONS = {"uid", "tgid", "total_vm", "rss", "rss_anon", "rss_file", "rss_shmem", "nr_ptes"}
CAPTIONS |= {"nr_pmds", "pgtables_bytes", "swapents", "cpu", "oom_adj", "oom_score_adj", "name"}
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
    by_mask = _version_by_mask(report)
    if "rss_anon" in columns:
        return 6, 8
    listed = [report.memory.counts] if report.memory else []
    listed += report.memcg.stats.values() if report.memcg else []
    if any("sec_pagetables" in counts for counts in listed):  # 6.0
        return 6, 1
    if kill and kill.oom_score_adj is not None:
        return max((5, 10), by_mask or (5, 10))  # 5.4 or later; points below 1 from 5.9 on
    if report.summary:
        return (5, 0) if report.scored else max((5, 1), by_mask or (5, 1))
    if "pgtables_bytes" in columns:
        return (4, 15) if by_mask == (4, 14) else max((4, 19), by_mask or (4, 19))
    invoker = report.invoker
    if invoker and invoker.oomkilladj:
        return 2, 6, 30
    flags, nodes = bool(invoker and invoker.gfp_flags), bool(invoker and invoker.nodemask)
    if "nr_pmds" in columns:
        return (4, 10) if flags and nodes else (4, 6) if flags else by_mask or (4, 1)
    if "nr_ptes" in columns:
        return 3, 10
    if "oom_adj" in columns or (report.invoker and report.invoker.oom_adj is not None):
        scores = report.invoker is None or report.invoker.oom_score_adj is not None
        scores = scores and "oom_score_adj" in (columns or {"oom_score_adj"})
        return (2, 6, 39) if scores else (2, 6, 32)
    if kill and kill.message and "total-vm" in kill.sizes_kb and not report.scored:
        return max((5, 1), by_mask or (5, 1))  # one line says why and who
    return by_mask or ((4, 6) if report.reaps else None)


def _version_by_mask(report: Report) -> tuple[int, ...] | None:
    """By the bits of the flags for reclaim, which moved in 4.4, 4.13, 4.19 and 4.20.

    Before, there was one bit, and the header tells: oom_adj is in it until 3.6. Since 5.18 a page
    for a process is a folio, whose flags include __GFP_COMP.
    """
    invoker = report.invoker
    if invoker is None or invoker.gfp_mask is None:
        return None
    mask = invoker.gfp_mask
    if mask & 0xC00 == 0xC00:
        return (6, 1) if mask & 0x1400CA == 0x1400CA else (5, 0)
    if mask & 0x2400000 == 0x2400000:
        return (4, 6) if invoker.gfp_flags else (4, 4)
    if mask & 0x1400000 == 0x1400000:
        return 4, 14
    if mask & 0x600000 == 0x600000:
        return 4, 19
    numbers_only = mask & 0x10 and mask < 0x400000 and not invoker.gfp_flags
    return (3, 10) if numbers_only and invoker.oom_score_adj is not None else None


def generation(report: Report) -> str:
    """The family of releases with its log format, or `unknown`."""
    release = version(report)
    if release is None:
        return "unknown"
    return next(name for below, name in GENERATIONS if release < below)


def lineage(report: Report) -> str:
    """`the family 4.6-4.18`, or `4.19 or later` where only the formats tell, which stay."""
    release, family = version(report), generation(report)
    if release is None:
        return "a kernel that the text does not name"
    if release[:2] < (3, 0) and family.startswith("before"):
        return f"a kernel {family}"
    if not (report.kernel or report.columns) and release == (3, 10):  # by its mask alone
        return "a kernel of 3.6 to 4.3"
    bounded = report.kernel or (report.columns and "pgtables_bytes" not in report.columns)
    if bounded or release < (4, 6):
        return f"a kernel of the family {family}"
    return f"a kernel of {'.'.join(map(str, release[:2]))} or later"


def policy_for(report: Report) -> Policy | None:
    """The rules this kernel chose by; None for the heuristics before 2.6.36.

    Those need run times, which no report prints. RHEL 6 (2.6.32) has the rules of 2.6.39, as its
    oom_score_adj and its scores show; RHEL 7 (3.10) has the root bonus of 3.14; RHEL 8 (4.18) has
    what came with the kill line of 5.4.
    """
    release = version(report) or (4, 19)
    if release < (2, 6, 36):
        if "oom_score_adj" not in report.columns and not _has_score_adj(report):
            return None
        release = 2, 6, 39
    if any(kill.oom_score_adj is not None for kill in report.kills):
        release = max(release, (5, 4))  # RHEL 8, whose number is 4.18
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
    if release < (5, 18) and rules.queue_guard == "flag" and has_reap_delay(report):
        rules = replace(rules, reap_delay=presets.LINUX_6_1.reap_delay)
    allocating = any("oom_kill_allocating_task" in message for message in messages)
    return replace(rules, oom_kill_allocating_task=allocating)


def has_reap_delay(report: Report) -> bool | None:
    """The reaper's two seconds (e4a38402c36e, 5.18, and stable kernels from 5.10.113, 5.15.36 on),
    by the times: its first line 1.99 s or more after the kill; None if no time tells."""
    killed = {kill.pid: kill.stamp for kill in report.kills}
    waits = [
        reap.stamp - kill
        for reap in report.reaps
        if reap.stamp is not None and (kill := killed.get(reap.pid)) is not None
    ]
    return min(waits) >= 1.99 if waits else None


def _is_rhel7(report: Report, release: tuple[int, ...]) -> bool:
    """By its name, or by lines of a later kernel under captions of 3.7 to 4.0."""
    if report.kernel:
        return ".el7" in report.kernel
    shmem = any("shmem-rss" in kill.sizes_kb for kill in report.kills)
    return release == (3, 10) and shmem


def is_unreleased(report: Report) -> bool:
    """A release candidate, linux-next or -mm, or a table with captions of no release: its rules may
    never have come into one."""
    patched = not set(report.columns) <= CAPTIONS
    return patched or bool(report.kernel and re.search(r"-rc\d|-next|-mm\d", report.kernel))


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
