"""Address spaces: mm_struct, its VMAs and its two reference counts (include/linux/mm_types.h).

mm_users counts who uses the address space; at zero the memory goes (exit_mmap). mm_count counts
who holds the structure; all users together hold one of these. A count that falls below zero, or a
structure that is freed under somebody's feet, is written to kernel.bugs and the run goes on, so
that a schedule can show it.
"""

from .locks import RwSemaphore, Steps

ANON, FILE, SHMEM, HUGETLB, PFNMAP = "anon", "file", "shmem", "hugetlb", "pfnmap"

MMF_OOM_SKIP = 1  # of no interest to the OOM killer any more: reaped, unreapable or torn down
MMF_UNSTABLE = 2  # contents may have vanished (a flag of v4.9; before, only the model knows it)
MMF_OOM_REAP_QUEUED = 4

PTRS_PER_PTE = 512  # one page-table page maps 512 pages


class Shmem:
    """A shared-memory object: its pages outlive any one mapping (mm/shmem.c).

    `linked` objects (a file in tmpfs) live on when the last mapping goes.
    """

    __slots__ = (
        "name",
        "pages",
        "linked",
        "mappings",
    )

    def __init__(self, name: str, pages: int = 0, linked: bool = False):
        self.name = name
        self.pages = pages
        self.linked = linked
        self.mappings = 0


class VMA:
    """A mapped range: `pages` of it are resident.

    `shared` is VM_SHARED on a file; shared memory of its own kind says so by that.
    """

    __slots__ = ("name", "kind", "pages", "locked", "shmem", "size", "shared")

    def __init__(self, name, kind=ANON, pages=0, locked=False, shmem=None, size=0, shared=False):
        self.name = name
        self.kind = kind
        self.pages = pages
        self.locked = locked
        self.shmem = shmem
        self.size = max(size, pages)
        self.shared = shared


class MM:
    """struct mm_struct."""

    __slots__ = (
        "kernel",
        "name",
        "vmas",
        "memcg",
        "mmap_sem",
        "tasks",
        "mm_users",
        "mm_count",
        "flags",
        "swapents",
        "nr_ptes",
        "nr_pmds",
        "reaped",
    )

    def __init__(self, kernel, name: str, vmas=(), memcg=None):
        self.kernel = kernel
        self.name = name
        self.vmas: list[VMA] = list(vmas)
        self.memcg = memcg
        self.mmap_sem = RwSemaphore(f"mmap_sem of {name}")
        self.tasks: list = []  # who uses it; Linux finds them with for_each_process()
        self.mm_users = 1  # these, and whoever looks at it for a while
        self.mm_count = 1
        self.flags = 0
        self.swapents = 0
        self.nr_ptes = sum(-(-v.pages // PTRS_PER_PTE) for v in self.vmas)
        self.nr_pmds = 1 if self.vmas else 0
        self.reaped: int | None = None  # pages the reaper took, None before it came

    def attach(self, task) -> None:
        """Let a task use this address space. A reference of its own (mm_users) is not taken."""
        task.mm = self
        self.tasks.append(task)

    def find_vma(self, name: str) -> VMA | None:
        return next((vma for vma in self.vmas if vma.name == name), None)

    def counter(self, kind: str) -> int:
        """get_mm_counter(): resident pages of one kind."""
        return sum(vma.pages for vma in self.vmas if vma.kind == kind)


def get_mm_rss(mm: MM) -> int:
    """Resident pages; hugetlb and device memory do not count (include/linux/mm.h)."""
    return sum(vma.pages for vma in mm.vmas if vma.kind in (ANON, FILE, SHMEM))


def mmgrab(mm: MM) -> None:
    """Hold the structure (atomic_inc(&mm->mm_count) before 4.11)."""
    if mm.mm_count <= 0:
        mm.kernel.bug(f"{mm.name}: a reference is taken on an mm_struct already freed")
    mm.mm_count += 1


def mmdrop(mm: MM) -> None:
    mm.mm_count -= 1
    if mm.mm_count < 0:
        mm.kernel.bug(f"{mm.name}: mm_count falls below zero")
    elif mm.mm_count == 0 and mm.mm_users > 0:
        mm.kernel.bug(f"{mm.name}: the mm_struct is freed while {mm.mm_users} still use it")
    elif mm.mm_count == 0 and mm in mm.kernel.mms:  # it may be freed twice, which is a bug above
        mm.kernel.mms.remove(mm)


def mmget_not_zero(mm: MM) -> bool:
    """Use the address space unless its last user has gone (atomic_inc_not_zero)."""
    if mm.mm_users == 0:
        return False
    mm.mm_users += 1
    return True


def mmput(mm: MM) -> Steps:
    """Stop using the address space; the last user tears it down (kernel/fork.c)."""
    mm.mm_users -= 1
    if mm.mm_users == 0:
        yield from exit_mmap(mm)
        mmdrop(mm)


def exit_mmap(mm: MM) -> Steps:
    """Unmap everything and free the page tables (mm/mmap.c)."""
    for vma in mm.vmas:
        if vma.pages:
            yield "unmap", vma
            zap_vma(mm, vma)
        remove_vma(mm, vma)
    if mm.kernel.policy.reaped == "skip":
        mm.flags |= MMF_OOM_SKIP
    free_pgtables(mm)


def remove_vma(mm: MM, vma: VMA) -> None:
    """Let go of the object behind an unmapped range; the last mapping's end is the object's."""
    if vma.shmem is not None:
        vma.shmem.mappings -= 1
        if vma.shmem.mappings == 0 and not vma.shmem.linked:
            mm.kernel.zone.free_pages(vma.shmem.pages)
            vma.shmem.pages = 0


def free_pgtables(mm: MM) -> None:
    mm.kernel.zone.free_pages(mm.nr_ptes + mm.nr_pmds)
    mm.nr_ptes = mm.nr_pmds = 0
    mm.vmas.clear()


def zap_vma(mm: MM, vma: VMA) -> int:
    """Drop all resident pages (unmap_page_range); those that became free.

    File pages fall back to the page cache, where reclaim finds them. Shared memory stays with its
    object. Device memory was never RAM.
    """
    pages, vma.pages = vma.pages, 0
    zone = mm.kernel.zone
    if vma.kind in (SHMEM, PFNMAP):
        return 0
    if mm.memcg is not None:
        mm.memcg.uncharge(pages)
    if vma.kind == FILE:
        zone.reclaimable += pages
        return 0
    zone.free_pages(pages)
    return pages
