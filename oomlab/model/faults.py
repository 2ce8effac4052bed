"""Page faults: how a process comes by its memory (arch/x86/mm/fault.c, mm/memory.c)."""

from .exit import try_to_freeze
from .gfp import __GFP_ZERO, GFP_HIGHUSER_MOVABLE, GFP_KERNEL
from .locks import Steps, killable
from .memcg import mem_cgroup_oom_synchronize, try_charge
from .memory import alloc_pages
from .memory_high import mem_cgroup_handle_over_high
from .mm import ANON, MMF_UNSTABLE, PFNMAP, PTRS_PER_PTE, SHMEM, VMA
from .oom import OomControl, out_of_memory
from .overcommit import vm_enough_memory
from .tasks import IN_KERNEL, PF_KTHREAD, do_send_sigkill, fatal_signal_pending, is_global_init

FAULT = ("fault", "a page")


def do_page_fault(current, mm, name: str, copy: bool = False) -> Steps:
    """Handle one fault under mmap_sem, again after an OOM. A `copy` on write has its page table."""
    while not fatal_signal_pending(current):
        if not mm.mmap_sem.down_read_trylock(current):
            if not (yield from mm.mmap_sem.down_read(current, killable(current, "faults"))):
                return
        vma = mm.find_vma(name)
        if vma is None:
            mm.mmap_sem.up_read(current)
            bad_area(current)
            return
        done = yield from handle_mm_fault(current, mm, vma, copy)
        mm.mmap_sem.up_read(current)
        if done or current.flags & IN_KERNEL:  # a fault in the kernel is -EFAULT, and is over
            current.memcg_in_oom = current.over_limit = None
            yield from mem_cgroup_handle_over_high(current)
            return
        yield from pagefault_out_of_memory(current)
        yield from try_to_freeze(current)  # it goes back to user mode for a moment
        if not fatal_signal_pending(current):
            yield FAULT


def pagefault_out_of_memory(current) -> Steps:
    """The fault got no page: handle the OOM of its cgroup, or, to v5.15, ask the killer once more.

    The allocator has asked it before. But a dying task whose mm is reaped already is of no interest
    to the killer, and so another one dies, or the machine panics (60e2793d440a).
    """
    kernel = current.kernel
    if current.memcg_in_oom is not None:
        yield from mem_cgroup_oom_synchronize(current)
    elif kernel.policy.fault_asks_again:
        yield "trylock", kernel.oom_lock
        if kernel.oom_lock.trylock(current):
            yield from out_of_memory(current, OomControl(0))
            kernel.oom_lock.unlock()
    elif not fatal_signal_pending(current):
        kernel.event("fault_got_nothing", current, vain=True)


def handle_mm_fault(current, mm, vma: VMA, copy: bool = False) -> Steps:
    """Find a page table, a page and a charge for it; false is VM_FAULT_OOM."""
    mapped = vma.pages + vma.swapped
    if mapped % PTRS_PER_PTE == 0 and vma.ptes * PTRS_PER_PTE <= mapped and not copy:
        if not (yield from alloc_pages(current, GFP_KERNEL)):
            return False
        mm.nr_ptes, vma.ptes = mm.nr_ptes + 1, vma.ptes + 1
    fresh = vma.kind != PFNMAP and (vma.shmem is None or vma.shmem.pages <= vma.pages)
    tmpfs = fresh and vma.kind == SHMEM and vma.shmem is not None and vma.shmem.linked
    if tmpfs and not vm_enough_memory(current, 1):  # shmem_acct_block(): SIGBUS, and no OOM
        current.kernel.event("enomem", current, pages=1)
        die_by_signal(current, 7)
        return True
    if fresh:
        zero = __GFP_ZERO if vma.kind == ANON and not copy else 0
        if not (yield from alloc_pages(current, GFP_HIGHUSER_MOVABLE | zero)):
            return False
    memcg = charged_to(vma.shmem, mm.memcg)
    if fresh and memcg is not None:
        current.kernel_pages += 1  # ours alone until it is charged and mapped
        charged = yield from try_charge(current, memcg)
        current.kernel_pages -= 1
        if not charged:
            current.kernel.zone.free_pages(1)
            return False
    if mm.flags & MMF_UNSTABLE and not check_stable_address_space(current, vma):
        if current.kernel.policy.unstable == "all":
            current.kernel.zone.free_pages(int(fresh))  # it was about to be mapped
            if fresh and memcg is not None:
                memcg.uncharge(1)
            return True
    if vma.shmem is not None and fresh:
        vma.shmem.pages += 1
    vma.pages += 1
    if not copy:
        vma.size = max(vma.size, vma.pages + vma.swapped)
    return True


def charged_to(shmem, memcg):
    """The cgroup that pays for a page: of a shared object the one that touched it first."""
    if shmem is None:
        return memcg
    if shmem.memcg is None and not (shmem.pages or shmem.swapped):
        shmem.memcg = memcg
    return shmem.memcg


def check_stable_address_space(current, vma: VMA) -> bool:
    """May it have this page of a reaped mm (MMF_UNSTABLE)? `policy.unstable` says who may not.

    K 4.10 handle_mm_fault: a kthread, whatever it asks for. K 4.14: not shared memory.
    """
    refused, kept = current.kernel.policy.unstable, vma.shared or vma.kind == SHMEM
    asks = not kept if refused == "all" else refused == "kthreads" and current.flags & PF_KTHREAD
    if not asks:
        return True
    current.kernel.event("sigbus", current)
    die_by_signal(current, 7)
    return False


def bad_area(current) -> None:
    """SIGSEGV: nothing is mapped there."""
    current.kernel.event("segfault", current)
    die_by_signal(current, 11)


def die_by_signal(current, signal: int) -> None:
    """The end of a process, and of the machine if it is init."""
    if is_global_init(current):
        current.kernel.init_dies(signal)
    do_send_sigkill(current)
