"""What now: for each cause what an administrator can do, the surest first.

Nothing is advised about a choice that this program cannot follow: who should be spared is only said
where the kernel's victim and the computed one are the same, and a task was killed.
"""

from ..read.report import Report
from .accounting import limit_path
from .causes.kinds import Cause, size
from .explanation import Explanation
from .totals import GUESS

WHAT_TO_DO = {
    "processes": (
        "run fewer or smaller of them (limits on workers, heaps, connections), or add RAM",
        "give each service its own MemoryMax= so that it fails alone",
    ),
    "one process": (
        "find out why {largest} grew (a leak, a larger task, a missing limit) and bound it: "
        "MemoryMax= of its unit, its own heap or cache setting",
        "if it needs that much, add RAM or swap",
    ),
    "shared memory": (
        "delete what fills tmpfs (df -t tmpfs, /dev/shm, /tmp) and old segments (ipcs -m, ipcrm); "
        "bound it with size= in the mount options",
    ),
    "page cache": (
        "write earlier and slower: lower vm.dirty_bytes and vm.dirty_background_bytes; look for a "
        "disk or network file system that hangs",
    ),
    "slab": (
        "find the cache that grows (slabtop -sc) and who fills it: dentries of many files, network "
        "buffers, a leak of a driver; a newer kernel may have it mended",
    ),
    "page tables": ("use fewer threads, or huge pages for memory that many processes map",),
    "huge pages": ("set fewer huge pages aside: vm.nr_hugepages, hugepages= at boot",),
    "kernel, in no counter": (
        "on a virtual machine look at its balloon and raise its memory; bound ZFS's ARC "
        "(zfs_arc_max) or zram; else suspect a leak of a driver: try another kernel",
    ),
    "cgroup: anonymous": (
        "raise the limit of {cgroup} if its processes need that much, else find which of them grew",
    ),
    "cgroup: dirty file": (
        "let it write less at once (its own flushing, memory.high below the limit), raise the "
        "limit, or give it a faster disk",
    ),
    "cgroup: tmpfs": (
        "empty or bound the tmpfs it writes to (emptyDir with medium Memory, /dev/shm), or raise "
        "the limit",
    ),
    "cgroup: kernel": (
        "look for many files, sockets or tasks in it, or a leak of the kernel; raise the limit",
    ),
    "cgroup: limit": ("read memory.stat of {cgroup}, then raise the limit or find what fills it",),
    "fragmentation": (
        "keep more free: raise vm.min_free_kbytes or vm.watermark_scale_factor, leave "
        "vm.compaction_proactiveness above 0; once: echo 1 > /proc/sys/vm/compact_memory",
        "ask the driver's authors for smaller blocks (vmalloc, kvmalloc)",
    ),
    "low zone": (
        "ask why a driver is bound to low memory; a crash kernel needs some there "
        "(crashkernel=SIZE,low)",
    ),
    "CMA or Movable only": (
        "make CMA or ZONE_MOVABLE smaller (cma=, movablecore=, kernelcore= at boot)",
    ),
    "nodes": (
        "give the cpuset or the memory policy more nodes, among them one with a Normal zone, or "
        "the task a preferred policy",
    ),
    "swap": ("add RAM or run less; more swap only delays it",),
    "zram": (
        "if the swap is a zram (zramctl), make it smaller or add a real swap device: what it holds "
        "needs memory too; if it is none, look at vm.swappiness",
        "look in the log for errors of the swap device",
    ),
    "request": (
        "nothing if it is rare: a network card drops a packet, another caller tries again",
        "if it comes often keep more free: raise vm.min_free_kbytes or vm.watermark_scale_factor",
    ),
    "spurious page fault": (
        "find what failed the fault: a cgroup's kmem limit or a driver; before 5.16 a failed "
        "fault could start the OOM killer (60e2793d440a), so update an older kernel",
    ),
    "SysRq": ("nothing, if it was meant; else find who writes to /proc/sysrq-trigger",),
    "unclear": ("keep the whole kernel log of the next one",),
}


HIGHMEM = (
    "use a 64-bit kernel; on 32 bits see who fills the low zones: the kernel itself, or file pages "
    "that it does not drop",
)
BOOTING = (
    "give this kernel more memory (crashkernel= for a crash kernel, the guest's size for another), "
    "or let it start fewer processors and drivers (nr_cpus=1)",
)
CLEAN_CACHE = (
    "look whether these pages were read again and again (programs and libraries of running "
    "processes), pinned or on a file system that cannot drop them; add RAM or run less",
)


def advice_of(explanation: Explanation) -> tuple[str, ...]:
    """Sentences without their full stop; never empty."""
    report, cause = explanation.report, explanation.cause
    largest = max(report.tasks, key=lambda row: row.rss or 0, default=None)
    names = {
        "largest": f"{largest.name} ({largest.pid})" if largest else "it",
        "cgroup": limit_path(report) or "the cgroup",
    }
    todo = WHAT_TO_DO[cause.kind]
    if cause.kind == "page cache" and not _dirty(explanation):
        todo = CLEAN_CACHE
    elif cause.kind == "low zone" and any(zone.name == "HighMem" for zone in explanation.zones):
        todo = HIGHMEM
    elif cause.kind in ("slab", "kernel, in no counter") and _booting(report):
        todo = BOOTING
    found = [sentence.format_map(names) for sentence in todo]
    found += _swap(explanation, cause)
    if (
        cause.tell
        and todo is not BOOTING
        and not any(cause.tell.split(" of ")[0] in each for each in found)
    ):
        found.append(f"next time look at {cause.tell}")
    spared = sparing(explanation)
    return (*found, spared) if spared else tuple(found)


def _swap(explanation: Explanation, cause: Cause) -> list[str]:
    account = explanation.account
    if cause.kind not in ("processes", "one process") or not account:
        return []
    locked = account.of("unevictable (mlocked)")
    if locked > account.of("anonymous"):
        return [f"{size(locked)} are locked (mlock): swap cannot take them, so lock less"]
    if account.swap_total_kib == 0 and account.swap_used_kib:
        return ["turn swap off (swapoff) only while all that is in it fits into the memory"]
    return ["some swap lets idle pages leave the memory"] if account.swap_total_kib == 0 else []


def _booting(report: Report) -> bool:
    """Process 1 is still the kernel's own thread: no program ran yet."""
    invoker = report.invoker
    return bool(invoker and invoker.comm.startswith("swapper") and not report.tasks)


def _dirty(explanation: Explanation) -> bool:
    """A tenth of the file pages or more is still to be written."""
    account = explanation.account
    if not account:
        return False
    dirty = account.of("file cache, dirty or being written")
    return dirty >= 0.1 * (dirty + account.of("file cache, clean"))


def sparing(explanation: Explanation) -> str:
    """What would have spared the victim, if the model follows the kernel's choice."""
    agrees, reason = explanation.verdict.agrees, explanation.verdict.reason
    if not agrees or not explanation.report.kills or explanation.spared_from is None:
        return ""
    if reason in ("allocating task", "thread", "child sacrificed", "tie", "floored"):
        return ""
    if explanation.total.source == GUESS:  # then an adj is thousandths of what is not known
        return ""
    if explanation.report.group:  # whoever is chosen, its whole group dies with it
        return ""
    predicted, runner_up = explanation.predicted, explanation.runner_up
    if predicted is None or runner_up is None:
        return ""
    row, other = predicted.row, runner_up.row
    if explanation.spared_from == -1000:
        return f"only oom_score_adj -1000 would have spared {row.name}"
    gains = (other.rss or 0) * explanation.report.page_kb
    return (
        f"with oom_score_adj {explanation.spared_from} or lower for {row.name}, {other.name} "
        f"({other.pid}, {size(gains)}) would have been chosen"
    )
