"""A report as a machine of the model: its tasks, its memory, its rules, about to run out.

The badness of a row is then the model's own, the choice is its own select_bad_process, and the
machine can be run. What the table does not print is not there: swap and page tables in old
layouts, threads, parents, who shares an mm.
"""

from dataclasses import replace

from ...model.gfp import GFP_KERNEL
from ...model.kernel import Kernel
from ...model.mm import ANON, FILE, PTRS_PER_PTE, SHMEM, VMA, Shmem
from ...model.oom import OomControl
from ...model.syscalls import sysrq_f
from ...model.tasks import Task
from ...policies.policy import Policy
from ...scenarios.programs import pause, touch
from ..read.report import Report, TaskRow
from .kernels import in_container, policy_for
from .totals import page_tables, total_pages

MARGIN = 4096  # pages of the model's machine beyond what the report accounts for
ASKED = 64  # pages the invoker still wants


def scenario_from_report(report: Report, policy: Policy | None = None) -> Kernel:
    """The machine of a report at the moment of its OOM, ready to run.

    `policy` defaults to that of the report's kernel. ValueError where no task table is left, or
    where the kernel is older than the badness of the model.
    """
    if not report.tasks:
        raise ValueError("this report has no task table")
    rules = policy_for(report)
    if rules is None:
        raise ValueError("kernels before 2.6.36 chose by run times, which no report prints")
    kernel = machine(report, policy or rules, total_pages(report).pages, running=True)
    zone = kernel.zone
    spare = zone.free - zone.min
    zone.free, zone.reserved = zone.min, zone.reserved + spare
    for memcg in kernel.memcgs:
        memcg.usage = max(memcg.usage, memcg.limit)
    return kernel


def machine(report: Report, policy: Policy, total: int, *, running: bool = False) -> Kernel:
    """All rows that can still be judged, as processes, in the order of the table.

    `total` is totalpages. With `running` the invoker goes on asking for memory.
    """
    rows = eligible_rows(report)
    tables = [page_tables(row, report.page_kb) for row in rows]
    held = sum(map(sum, tables)) + sum(vma.pages for row in rows for vma in vmas_of(row))
    policy = replace(policy, unkillable_sharer="spared")  # who shares an mm is not printed
    spare = held // PTRS_PER_PTE + 4 * len(rows) + MARGIN
    kernel = Kernel(policy, held + spare + 2 * total // 100)
    kernel.zone.total_swap = sum(swap_of(row) for row in rows)
    kernel.unmanaged = kernel.zone.managed + kernel.zone.total_swap - total
    memcg = None
    if report.kind == "memcg":
        path = report.memcg.limit_path if report.memcg else None
        if path is None and report.summary:
            path = report.summary.oom_memcg
        memcg = kernel.new_memcg(path or "memcg", total)
    plain_root = not in_container(report)
    for row, (ptes, pmds) in zip(rows, tables, strict=True):
        kernel.next_pid = row.pid
        vmas = vmas_of(row)
        program: tuple = ((pause,),)
        if running and is_invoker(report, row):
            vmas.append(VMA("asked", ANON))
            program = ((touch, "asked", ASKED), (pause,))
        capable = row.uid == 0 and plain_root
        task = kernel.spawn(
            row.name,
            program,
            vmas=vmas,
            adj=adj_of(row),
            memcg=memcg,
            uid=0 if capable else row.uid or 1000,
        )
        kernel.zone.free += task.mm.nr_ptes + task.mm.nr_pmds - ptes - pmds
        task.mm.nr_ptes, task.mm.nr_pmds = ptes, pmds
        task.mm.swapents = swap_of(row)
    if running and not any(is_invoker(report, row) for row in rows):
        outsider(kernel, report, memcg)
    return kernel


def outsider(kernel: Kernel, report: Report, memcg) -> Task:
    """An invoker that the table does not list: a kernel thread, SysRq, or a row that is lost."""
    name = report.invoker.comm if report.invoker else "invoker"
    kernel.next_pid = 1 + max(task.pid for task in kernel.tasks)
    if report.kind == "sysrq":
        return kernel.spawn(name, ((sysrq_f,),), adj=-1000)
    asks = ((touch, "asked", ASKED), (pause,))
    return kernel.spawn(name, asks, vmas=[VMA("asked", ANON)], adj=-1000, memcg=memcg)


def oom_control(kernel: Kernel, report: Report, total: int) -> OomControl:
    """The OOM situation of the report, on its machine."""
    memcg = kernel.memcgs[0] if kernel.memcgs else None
    oc = OomControl(GFP_KERNEL, -1 if report.kind == "sysrq" else 0, memcg)
    oc.totalpages = total
    return oc


def eligible_rows(report: Report) -> list[TaskRow]:
    """Rows that name a size and no earlier victim; of a doubled row the later one counts."""
    rows = {row.pid: row for row in report.tasks}
    gone = set(report.earlier_victims)
    named = (row for row in rows.values() if row.rss is not None and row.rss >= 0)
    return [row for row in named if row.pid not in gone]


def is_invoker(report: Report, row: TaskRow) -> bool:
    invoker = report.invoker
    if invoker is None or report.kind == "sysrq":
        return False
    if invoker.pid is not None:
        return invoker.pid in (row.pid, row.tgid)
    return invoker.comm == row.name


def vmas_of(row: TaskRow) -> list[VMA]:
    """Resident memory by kind; a layout that prints only the sum has it as anonymous."""
    if row.rss_anon is None:
        return [VMA("rss", ANON, row.rss or 0)]
    shmem = max(row.rss_shmem or 0, 0)
    return [
        VMA("anon", ANON, max(row.rss_anon, 0)),
        VMA("file", FILE, max(row.rss_file or 0, 0)),
        VMA("shmem", SHMEM, shmem, shmem=Shmem("shmem")),
    ]


def swap_of(row: TaskRow) -> int:
    return max(row.swapents or 0, 0)


def adj_of(row: TaskRow) -> int:
    """oom_score_adj; from oom_adj where that is all there is; 0 if it was cut off."""
    if row.oom_score_adj is not None:
        return row.oom_score_adj
    if row.oom_adj is None:
        return 0
    return -1000 if row.oom_adj == -17 else row.oom_adj * 1000 // 17
