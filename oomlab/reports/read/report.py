"""What one OOM report says, and nothing that it does not say.

A Report is filled by `parse` with what was found. What was not found stays None or empty, and
`missing` names it. Sizes keep the unit they were printed in: pages without suffix, `_kb` in kB.
Captions of the task table are the kernel's own (mm/oom_kill.c, dump_tasks).
"""

import re
from dataclasses import dataclass, field
from typing import NamedTuple

PAGE_SIZES_KB = (4, 8, 16, 64)
# Words of a release that say what its pages are: a flavour first, then the machine. RHEL 7 and 8
# have pages of 64 kB on arm64, RHEL 9 only in its flavour +64k.
PAGES_OF_RELEASE = (
    (64, r"[-+.]64k\b|\.el[78][\w.]*\.aarch64|ppc64|powerpc64"),
    (16, r"[-+.]16k\b|rpi-2712|\basahi|ia64|loongarch64"),
    (8, r"\balpha|sparc64"),
)


class TaskRow(NamedTuple):
    """One row of the task table. A column that this layout lacks, or that was cut off, is None."""

    pid: int  # of the first thread that still has an mm, which need not be the leader
    uid: int | None = None
    tgid: int | None = None
    total_vm: int | None = None
    rss: int | None = None
    cpu: int | None = None
    nr_ptes: int | None = None
    nr_pmds: int | None = None
    nr_puds: int | None = None
    pgtables_bytes: int | None = None
    swapents: int | None = None
    rss_anon: int | None = None
    rss_file: int | None = None
    rss_shmem: int | None = None
    oom_adj: int | None = None
    oom_score_adj: int | None = None
    name: str = ""


@dataclass(slots=True)
class Invoker:
    """The task that asked for memory when there was none: the header and its stack dump."""

    comm: str
    pid: int | None = None
    gfp_mask: int | None = None
    gfp_flags: tuple[str, ...] = ()  # as printed since 4.6; older masks are numbers only
    order: int | None = None  # -1: asked for by SysRq
    nodemask: str | None = None
    oom_score_adj: int | None = None
    oom_adj: int | None = None
    oomkilladj: bool = False  # so oom_adj is called, to 2.6.30
    cpuset: str | None = None
    mems_allowed: str | None = None


@dataclass(slots=True)
class PrintedZone:
    """One zone of Mem-Info. min, low and high include the boost (5.0+)."""

    name: str
    node: int | None = None
    sizes_kb: dict[str, int] = field(default_factory=dict)  # free, min, low, high, managed, ...
    lowmem_reserve: tuple[int, ...] = ()  # pages
    blocks: dict[int, int] = field(default_factory=dict)  # free blocks by size in kB
    types: dict[int, str] = field(default_factory=dict)  # letters of their migrate types
    all_unreclaimable: bool | None = None


@dataclass(slots=True)
class Memory:
    """Mem-Info: the machine's totals. `counts` are the pages by kind, as named by show_mem."""

    ram_pages: int | None = None
    reserved_pages: int | None = None
    swap_total_kb: int | None = None
    swap_free_kb: int | None = None
    pagecache_pages: int | None = None
    cma_pages: int | None = None
    swapcache_pages: int | None = None
    counts: dict[str, int] = field(default_factory=dict)
    zones: list[PrintedZone] = field(default_factory=list)
    hugepages: list[tuple[int, int, int]] = field(default_factory=list)  # total, free, kB of one
    nodes_kb: dict[str, int] = field(default_factory=dict)  # lines of whole nodes (4.8+), added up
    slabs_kb: dict[str, int] = field(default_factory=dict)  # "Unreclaimable slab info", by cache


@dataclass(slots=True)
class Counter:
    """A memcg counter: what was used of what was allowed, and how often that failed."""

    usage_kb: int
    limit_kb: int
    failcnt: int | None = None


@dataclass(slots=True)
class PrintedMemcg:
    """The memory cgroup whose limit was hit. Counters: memory, memory+swap (v1), swap (v2)."""

    limit_path: str | None = None
    task_path: str | None = None
    counters: dict[str, Counter] = field(default_factory=dict)
    stats: dict[str, dict[str, int]] = field(default_factory=dict)  # path: {counter: as printed}
    stats_in_kb: bool = False  # `cache:4KB` of v1; otherwise they are bytes


@dataclass(slots=True)
class Summary:
    """The line `oom-kill:constraint=...` (5.0+). Its pid may be cut off at the end of the line."""

    constraint: str | None = None
    nodemask: str | None = None
    cpuset: str | None = None
    mems_allowed: str | None = None
    oom_memcg: str | None = None
    task_memcg: str | None = None
    task: str | None = None
    pid: int | None = None
    uid: int | None = None
    is_global: bool = False
    cut: bool = False


@dataclass(slots=True)
class Scored:
    """`Kill process ... score N` (up to 5.0): the choice, before a child was sacrificed for it."""

    pid: int
    name: str
    score: int
    message: str = ""


@dataclass(slots=True)
class Kill:
    """`Killed process ...`: who got SIGKILL."""

    pid: int
    name: str
    message: str = ""
    uid: int | None = None
    sizes_kb: dict[str, int] = field(default_factory=dict)  # total-vm, anon-rss, file-rss, ...
    oom_score_adj: int | None = None
    stamp: float | None = None  # s since boot


@dataclass(slots=True)
class Reap:
    """An oom_reaper line; the sizes are what the victim still held afterwards."""

    pid: int
    name: str
    reaped: bool
    sizes_kb: dict[str, int] = field(default_factory=dict)
    stamp: float | None = None  # s since boot


@dataclass(slots=True)
class Report:
    """One run of the OOM killer, as far as the text tells."""

    lines: tuple[int, int] = (0, 0)  # first and last line of the input, from 1
    host: str | None = None
    time: str | None = None  # as the log has it, ISO 8601 where it names the year
    uptime_s: float | None = None  # printk's stamp
    kernel: str | None = None
    invoker: Invoker | None = None
    memory: Memory | None = None
    memcg: PrintedMemcg | None = None
    columns: tuple[str, ...] = ()  # captions of the task table after the pid
    captions_lost: bool = False  # the columns were inferred
    torn_table: float | None = None  # s between two rows: the middle of two reports is lost
    tasks: list[TaskRow] = field(default_factory=list)
    summary: Summary | None = None
    scored: Scored | None = None
    kills: list[Kill] = field(default_factory=list)
    reaps: list[Reap] = field(default_factory=list)
    exiting: list[tuple[int, str]] = field(default_factory=list)  # "is already exiting"
    pinned: list[str] = field(default_factory=list)  # "has mm pinned by"
    group: str | None = None  # memcg killed as a whole (memory.oom.group)
    no_killable: bool = False  # "no killable processes"
    panic: str | None = None
    via: set[str] = field(default_factory=set)  # telling functions of the stack dump
    trace: list[str] = field(default_factory=list)  # all its sure functions, the innermost first
    hardware: str | None = None
    damaged_rows: int = 0
    late_header: bool = False  # the header stood after the kill line
    earlier_victims: tuple[int, ...] = ()  # killed earlier in the same log
    given_up: tuple[str, ...] = ()  # of those, whom the reaper could not reap
    failure: bool = False  # a page allocation failure: no OOM, no task dies of it
    stall: bool = False  # one that goes on trying (4.10 to 4.14)

    @property
    def victim(self) -> Kill | None:
        """Who was killed: by the kill line, else by what announced it."""
        if self.kills:
            return self.kills[0]
        told = self.summary
        if told and told.pid is not None and not self.panic:
            return Kill(self._summary_pid(told, told.pid), told.task or "", uid=told.uid)
        if self.scored:
            return Kill(self.scored.pid, self.scored.name, self.scored.message)
        return None

    def _summary_pid(self, told: Summary, pid: int) -> int:
        """The pid of the summary line; one that lost digits at the line's end, by the table."""
        named = (row.pid for row in self.tasks if row.name == told.task)
        fitting = [its for its in named if str(its).startswith(str(pid))]
        return fitting[0] if told.cut and len(fitting) == 1 else pid

    @property
    def kind(self) -> str:
        """global, memcg, cpuset, mempolicy, sysrq, or two of them if undecided."""
        if self.failure:
            return "allocation failure"
        if "moom_callback" in self.via or (self.invoker and self.invoker.order == -1):
            return "sysrq"
        constraint = self.summary.constraint if self.summary else None
        if constraint == "CONSTRAINT_CPUSET":
            return "cpuset"
        if constraint == "CONSTRAINT_MEMORY_POLICY":
            return "mempolicy"
        messages = [k.message for k in self.kills] + [self.scored.message if self.scored else ""]
        if (
            constraint == "CONSTRAINT_MEMCG"
            or (self.summary and self.summary.oom_memcg)  # 5.0-5.2 say CONSTRAINT_NONE with it
            or self.memcg
            or "mem_cgroup_out_of_memory" in self.via
            or any("cgroup" in message for message in messages)
        ):
            return "memcg"
        if self._nodes_excluded():
            return "mempolicy or cpuset"
        # from 4.19 on a line of its own, which a panic follows if the OOM was global
        alone = not (self.invoker or self.memory or self.tasks or self.panic)
        return "memcg or sysrq" if self.no_killable and alone else "global"

    @property
    def allowed_nodes(self) -> set[int]:
        """Nodes of the request's mask, else of the task's cpuset; none if neither is printed."""
        masks = []
        if self.invoker:
            masks += [self.invoker.nodemask, self.invoker.mems_allowed]
        if self.summary:
            masks = [self.summary.nodemask, *masks, self.summary.mems_allowed]
        return next((node_list(mask) for mask in masks if mask), set())

    def _nodes_excluded(self) -> bool:
        """The request's nodemask leaves out node 0 or a node that Mem-Info lists."""
        if not self.invoker or not self.invoker.nodemask:
            return False
        zones = self.memory.zones if self.memory else []
        seen = {zone.node for zone in zones if zone.node is not None} or {0}
        return not seen <= node_list(self.invoker.nodemask)

    @property
    def cgroup_version(self) -> int | None:
        """1 or 2, by the counters and statistics printed; None if they do not tell."""
        memcg = self.memcg
        if memcg is None:
            return None
        if memcg.counters.keys() & {"memory+swap", "kmem"}:
            return 1
        if "swap" in memcg.counters:
            return 2
        names = set().union(*memcg.stats.values())
        return 1 if names & {"rss", "cache"} else 2 if "anon" in names else None

    @property
    def page_kb(self) -> int:
        """Size of a page in kB; 4 where nothing tells."""
        return self.known_page_kb or 4

    @property
    def known_page_kb(self) -> int | None:
        """By a victim's row and kill line, the buddy lists, the free memory, or the release."""
        for kill in self.kills:
            row = next((t for t in self.tasks if kill.pid in (t.pid, t.tgid)), None)
            total_vm = kill.sizes_kb.get("total-vm")
            if row and row.total_vm and total_vm in [row.total_vm * kb for kb in PAGE_SIZES_KB]:
                return total_vm // row.total_vm
        zones = self.memory.zones if self.memory else []
        blocks = [min(z.blocks) for z in zones if z.blocks]
        if blocks and min(blocks) in PAGE_SIZES_KB:
            return min(blocks)
        free, pages = sum(z.sizes_kb.get("free", 0) for z in zones), 0
        if self.memory and zones:
            pages = self.memory.counts.get("free", 0)
        if pages > 1000:  # the two are read at different times
            near = min(PAGE_SIZES_KB, key=lambda kb: abs(free - kb * pages))
            if abs(free - near * pages) < free / 8:
                return near
        by_release = (kb for kb, words in PAGES_OF_RELEASE if re.search(words, self.kernel or ""))
        return next(by_release, 4 if self.kernel else None)

    @property
    def missing(self) -> list[str]:
        """What a complete report has and this text has not, in words."""
        absent = []
        if self.invoker is None:
            absent.append("header line")
        elif self.late_header:
            absent.append("header line before the kill line")
        if self.kernel is None:
            absent.append("kernel version")
        if self.kind == "memcg":
            if self.memcg is None or "memory" not in self.memcg.counters:
                absent.append("memory limit")
        elif self.memory is None or None in (self.memory.ram_pages, self.memory.reserved_pages):
            absent.append("memory totals")
        if not self.tasks and not (self.no_killable and self.columns):  # else it has no rows
            absent.append("task table")
        elif self.captions_lost:
            absent.append("start of the task table")
        if self.damaged_rows:
            absent.append(f"parts of {self.damaged_rows} rows")
        victim = self.victim
        if victim and self.tasks and not any(victim.pid in (t.pid, t.tgid) for t in self.tasks):
            absent.append("the victim's row")
        if not self.kills and not self.no_killable and not self.panic:
            absent.append("kill line")
        return absent

    @property
    def complete(self) -> bool:
        """Header, task table and kill line are there; the rest only makes the answer better."""
        needed = {
            "header line",
            "task table",
            "start of the task table",
            "the victim's row",
            "kill line",
        }
        return bool(self.kills) and not needed & set(self.missing)


def node_list(text: str) -> set[int]:
    """The nodes of a `%*pbl` list such as `0-2,7`; what is not a number is left out."""
    nodes: set[int] = set()
    for part in text.split(","):
        first, _, last = part.partition("-")
        if first.isdecimal() and (not last or last.isdecimal()):
            nodes.update(range(int(first), min(int(last or first), int(first) + 1024) + 1))
    return nodes
