"""Whose memory it is: the rows of the task table by program, and what a cgroup's path names.

The table has no cgroup of each task: only the victim's (task_memcg, 5.0+), the limited one's, and
where a kernel prints the counters of every cgroup below the limit (v1, to 5.1), theirs.
"""

import re
from collections import defaultdict
from dataclasses import dataclass

from ..read.report import Report
from .accounting import limit_path

POD = re.compile(r"pod([0-9a-f]{8}[-_][0-9a-f_-]{27}|[0-9a-f]{32})")
CONTAINER = re.compile(
    r"(?:^|[/:-])(?:(docker|cri-containerd|crio|libpod|containerd|podman|nerdctl)[-/:])?"
    r"([0-9a-f]{64})(?:\.scope)?(?:/|$)"
)
ECS = re.compile(r"/ecs/([^/]{1,80})/([^/]{1,80})")
LXC = re.compile(
    r"/(?:lxc(?:\.payload)?[./]|machine\.slice/machine-)([^/]{1,80}?)(?:\.scope)?(?:/|$)"
)
UNIT = re.compile(r"([^/]{1,200}\.(?:service|scope|slice|socket|mount))(?:/|$)")


@dataclass(frozen=True)
class Program:
    """All tasks of one name. Shared pages count once for each task, so sums may exceed the RAM."""

    name: str
    processes: int
    rss_kib: int
    swap_kib: int


@dataclass(frozen=True)
class Cgroup:
    """A cgroup that the report names. `role`: limit, victim or member (of what hit the limit)."""

    path: str
    role: str
    unit: str | None = None
    pod: str | None = None
    container: str | None = None
    kib: int | None = None

    @property
    def title(self) -> str:
        """The name a person knows it by."""
        names = [f"pod {self.pod}" if self.pod else "", self.container and self.container[:12]]
        named = ", container ".join(filter(None, names))
        return named or self.unit or self.path


def programs(report: Report) -> list[Program]:
    """By name, the largest first."""
    page = report.page_kb
    sums: dict[str, list[int]] = defaultdict(lambda: [0, 0, 0])
    for row in {row.pid: row for row in report.tasks}.values():
        if row.rss is not None:
            of_name = sums[row.name]
            of_name[0] += 1
            of_name[1] += max(row.rss, 0) * page
            of_name[2] += max(row.swapents or 0, 0) * page
    found = [Program(name, *numbers) for name, numbers in sums.items()]
    return sorted(found, key=lambda p: -(p.rss_kib + p.swap_kib))


def cgroups(report: Report) -> list[Cgroup]:
    """What is limited, whose the victim was, and the members whose counters are printed."""
    summary, memcg = report.summary, report.memcg
    found: dict[tuple[str, str], Cgroup] = {}
    counter = memcg and memcg.counters.get("memory")
    limit = limit_path(report)
    if limit and report.kind == "memcg":
        found[limit, "limit"] = cgroup(limit, "limit", counter.usage_kb if counter else None)
    victims = (summary.task_memcg if summary else None, memcg.task_path if memcg else None)
    if of_victim := victims[0] or victims[1]:
        found[of_victim, "victim"] = cgroup(of_victim, "victim")
    if memcg and memcg.stats_in_kb and len(memcg.stats) > 1:
        for path, stats in memcg.stats.items():
            if path and path != limit:
                kib = stats.get("cache", 0) + stats.get("rss", 0)
                found[path, "member"] = cgroup(path, "member", kib)
    return list(found.values())


def cgroup(path: str, role: str, kib: int | None = None) -> Cgroup:
    """A path as systemd, Kubernetes, Docker, Podman, LXC and ECS build it."""
    pod = POD.search(path)
    container = CONTAINER.search(path)
    other = ECS.search(path) or LXC.search(path)
    units = UNIT.findall(path)
    name = container[2] if container else other[other.re.groups] if other else None
    return Cgroup(
        path,
        role,
        units[-1] if units else None,
        pod[1].replace("_", "-") if pod else None,
        name,
        kib,
    )
