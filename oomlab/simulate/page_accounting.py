"""Does the model lose a page? Each one has an owner, after every step (model/memory.py)."""

from ..model.kernel import Kernel
from ..model.mm import PFNMAP


def unaccounted(kernel: Kernel) -> int:
    """Managed pages without an owner; anything but 0 is a fault of the model."""
    zone, vmas = kernel.zone, [vma for mm in kernel.mms for vma in mm.vmas]
    owned = sum(vma.pages for vma in vmas if vma.shmem is None and vma.kind != PFNMAP)
    tables = sum(mm.nr_ptes + mm.nr_pmds for mm in kernel.mms)
    shared = {vma.shmem for vma in vmas if vma.shmem is not None}.union(kernel.shmems)
    in_kernel = sum(task.kernel_pages for task in kernel.tasks)
    cache = zone.reclaimable + zone.stuck_lru
    in_use = owned + tables + sum(shmem.pages for shmem in shared) + in_kernel
    return zone.managed - (zone.free + cache + zone.reserved + in_use)
