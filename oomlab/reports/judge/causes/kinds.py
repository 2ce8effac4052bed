"""The closed list of causes, what a cause consists of, and what the rules for it look at."""

from dataclasses import dataclass

from ...read.report import Report
from ..accounting import Account
from ..owners import Program, programs
from ..totals import ram_kb
from ..zones import Judged

CAUSES = {
    "processes": "programs hold the memory, several of them",
    "one process": "one process holds most of it",
    "shared memory": "shared memory and tmpfs, which stay after the process that filled them",
    "page cache": "file pages that could not be cleaned or dropped",
    "slab": "the kernel's slab caches",
    "page tables": "page tables and kernel stacks",
    "huge pages": "huge pages that were set aside",
    "kernel, in no counter": "pages the kernel took for itself: a leak, a balloon, ZFS, a GPU",
    "cgroup: anonymous": "a cgroup's limit, filled with memory of processes",
    "cgroup: dirty file": "a cgroup's limit, filled with file pages still to be written",
    "cgroup: tmpfs": "a cgroup's limit, filled with shared memory and tmpfs",
    "cgroup: kernel": "a cgroup's limit, filled with memory of the kernel",
    "cgroup: limit": "a cgroup's limit; what filled it is not printed, or file pages did",
    "fragmentation": "enough is free, but in pieces too small, or of a kind it may not use",
    "low zone": "the zones that this request may use are full, higher ones are not",
    "CMA or Movable only": "what is free lies in CMA or ZONE_MOVABLE, not for this request",
    "nodes": "the nodes that the request was bound to are full, others are not",
    "swap": "swap is full, and holds more than the memory",
    "zram": "swap has room but takes nothing: a zram without memory, or a broken device",
    "request": "a request that could not wait, or gave up early; its failure need not harm",
    "spurious page fault": "a page fault failed for another reason; memory is free",
    "SysRq": "asked for by SysRq-f, memory need not have been short",
    "unclear": "the text does not allow a cause",
}
MOST, MANY, TWICE = 0.4, 0.25, 1.5  # a share that decides alone, or if it is so much more


@dataclass(frozen=True)
class Cause:
    """`kind` is of CAUSES; `tell`: what to look at next time to be sure."""

    kind: str
    sentence: str
    evidence: tuple[str, ...] = ()
    tell: str = ""


@dataclass(frozen=True)
class Facts:
    """What the rules look at."""

    report: Report
    account: Account | None
    zones: tuple[Judged, ...]
    programs: tuple[Program, ...]

    @property
    def total_kib(self) -> int:
        return self.account.total_kib if self.account else ram_kb(self.report) or 0


def size(kib: float) -> str:
    """KiB as a person reads it."""
    if abs(kib) >= 1 << 20:
        return f"{kib / (1 << 20):.1f} GiB"
    return f"{kib / 1024:.0f} MiB" if abs(kib) >= 10240 else f"{kib:.0f} KiB"


def percent(part: float, whole: float) -> str:
    return f"{round(100 * part / whole)} %" if whole else "?"


def facts_of(report: Report, account: Account | None, zones: list[Judged]) -> Facts:
    return Facts(report, account, tuple(zones), tuple(programs(report)))


def top(facts: Facts) -> str:
    """The largest programs, with how much is resident; what they share counts for each."""
    told = []
    for program in facts.programs[:3]:
        many = f" ({program.processes} processes)" if program.processes > 1 else ""
        told.append(f"{program.name}{many} {size(program.rss_kib)}")
    summed = sum(program.rss_kib for program in facts.programs)
    shared = facts.account and summed > 1.05 * facts.account.total_kib
    return ", ".join(told) + " (what they share is counted for each)" * bool(shared)
