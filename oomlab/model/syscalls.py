"""System calls that take locks and memory, or act on another process; and Alt-SysRq-f."""

from .exit import mmput, remove_vma, zap_vma
from .faults import charged_to
from .gfp import GFP_HIGHUSER_MOVABLE, GFP_KERNEL
from .locks import Steps, killable
from .memcg import try_charge
from .memory import alloc_pages
from .memory_high import mem_cgroup_handle_over_high
from .mm import ANON, VMA, mmget_not_zero
from .oom import OomControl, out_of_memory
from .overcommit import vm_enough_memory
from .tasks import do_send_sigkill, fatal_signal_pending, is_global_init, write_oom_score_adj


def mmap_lock(current) -> Steps:
    """Write-lock our own mmap_sem; killable from 4.7 on. True if we have it."""
    return (yield from current.mm.mmap_sem.down_write(current, killable(current, "writers")))


def mmap(current, name: str, gfp: int = GFP_KERNEL) -> Steps:
    """Map an empty anonymous range. The VMA itself is an allocation, under the write lock."""
    if not (yield from mmap_lock(current)):
        return
    if (yield from alloc_pages(current, gfp)):
        current.kernel.zone.free_pages(1)  # a slab object, smaller than a page: it is not kept
        current.mm.vmas.append(VMA(name, ANON))
    current.mm.mmap_sem.up_write()


def munmap(current, name: str) -> Steps:
    """Unmap a range. Simplified: from v5.0 on mmap_sem is held only for read while pages go."""
    if not (yield from mmap_lock(current)):
        return
    mm = current.mm
    vma = mm.find_vma(name)
    if vma is not None:
        yield "unmap", vma
        zap_vma(mm, vma)
        remove_vma(mm, vma)
        mm.vmas.remove(vma)
    mm.mmap_sem.up_write()


def read_mm(current, mm) -> Steps:
    """Read another's /proc/PID/cmdline: its mmap_sem for read, and a page while holding it."""
    yield "look up", mm
    if not mmget_not_zero(mm):  # get_task_mm(): it is being torn down
        return
    if (yield from mm.mmap_sem.down_read(current, killable(current, "proc"))):
        if (yield from alloc_pages(current, GFP_KERNEL)):
            current.kernel.zone.free_pages(1)
        mm.mmap_sem.up_read(current)
    yield from mmput(current, mm)


def write_tmpfs(current, file, pages: int) -> Steps:
    """Write to a file in tmpfs. Its pages belong to no task: they stay when the writer dies.

    Each page is a write() of its own, after which one may sleep for memory.high; a charge just
    fails where an OOM is dealt with at a fault's end. Mounted with size=100% (Linux: 50%, ENOSPC).
    """
    kernel, memcg = current.kernel, charged_to(file, current.mm and current.mm.memcg)
    for _ in range(pages):
        if not vm_enough_memory(current, 1):
            kernel.event("enomem", current, pages=1)  # ENOSPC (shmem_acct_block)
            return
        if not (yield from alloc_pages(current, GFP_HIGHUSER_MOVABLE)):
            return
        if memcg is not None:
            current.kernel_pages += 1  # ours until it is charged
            charged = yield from try_charge(current, memcg)
            current.kernel_pages -= 1
            current.memcg_in_oom = current.over_limit = None  # the write() is over
            if not charged:
                kernel.zone.free_pages(1)
                kernel.event("enomem", current, pages=1)
                return
        file.pages += 1
        yield from mem_cgroup_handle_over_high(current)
        if fatal_signal_pending(current):
            return


def set_adj(current, adj: int) -> Steps:
    """Write one's own oom_score_adj. Lower than its least only as root; that is the new least.

    Simplified: to 4.6 it is an error once the first thread has exited (K 4.4 oom_score_adj_write).
    """
    yield "write oom_score_adj", current
    if adj < current.signal.oom_score_adj_min and current.uid != 0:
        current.kernel.event("eacces", current)
        return
    write_oom_score_adj(current, adj, least=current.uid == 0)


def kill(current, task) -> Steps:
    """SIGKILL a process by its pidfd, whoever it is of, as root may; no task is marked."""
    yield "SIGKILL", task
    current.kernel.event("kill_by_user", task, by=current)
    if not is_global_init(task):  # SIGNAL_UNKILLABLE
        do_send_sigkill(task)


def sysrq_f(current) -> Steps:
    """Alt-SysRq-f: a kill by hand, whatever is under way; to 3.10 no lock is asked for.

    Simplified: Linux has a kworker do it, which no signal reaches, and which the log names.
    """
    kernel = current.kernel
    locks = not kernel.policy.marked_first
    if locks:
        yield from kernel.oom_lock.lock(current)
    else:
        yield "press", "SysRq-f"
    yield from out_of_memory(current, OomControl(GFP_KERNEL, -1))
    if locks:
        kernel.oom_lock.unlock()
