"""Address spaces: mm_struct, its VMAs and its two reference counts (include/linux/mm_types.h).

mm_users counts who uses the address space; at zero the memory goes (exit_mmap). mm_count counts
who holds the structure; all users together hold one of these. A count below zero, or a structure
that is freed in use, is written to kernel.bugs, and the run goes on: a schedule can show it.
"""

from dataclasses import dataclass, field
from typing import Any

from .locks import RwSemaphore

ANON, FILE, SHMEM, HUGETLB, PFNMAP = "anon", "file", "shmem", "hugetlb", "pfnmap"

MMF_OOM_SKIP = 1  # of no interest to the OOM killer any more: reaped, unreapable or torn down
MMF_UNSTABLE = 2  # contents may have vanished (a flag of v4.9; before, only the model knows it)
MMF_OOM_REAP_QUEUED = 4
MMF_OOM_VICTIM = 8  # the mm of a victim: exit_mmap() takes care of the reaper

PAGE_COUNTER_MAX = 1 << 50  # no limit: "max"
PTRS_PER_PTE = 512  # one page-table page maps 512 pages


def ancestors(memcg) -> list:
    """A cgroup, then its parents up to below the root; none of no cgroup (parent_mem_cgroup)."""
    found = []
    while memcg is not None:
        found.append(memcg)
        memcg = memcg.parent
    return found


@dataclass(slots=True, eq=False, repr=False)
class Shmem:
    """A shared-memory object: its pages outlive any one mapping (mm/shmem.c).

    The anonymous pages that a fork left to parent and child are kept as one, too (fork.py).
    """

    name: str
    pages: int = 0
    linked: bool = False  # a file in tmpfs, which lives on when the last mapping goes
    mappings: int = 0
    memcg: Any = None  # that pays for all of it
    swapped: int = 0  # pages of it that are in swap

    def drop(self, pages: int) -> None:
        """So many of its pages are gone."""
        self.pages -= pages
        if self.memcg is not None and pages:
            self.memcg.uncharge(pages)


@dataclass(slots=True, eq=False, repr=False)
class VMA:
    """A mapped range: `pages` of it are resident.

    `shmem` is the object behind it: shared memory, or a file of which the page cache holds pages
    that several may map and reclaim may take. A file mapping without one is in constant use, and
    reclaim sees none of it (Linux hopes for it: up to 16 more rounds before a kill).
    """

    name: str
    kind: str = ANON
    pages: int = 0
    locked: bool = False
    shmem: Any = None  # a Shmem
    size: int = 0  # pages, resident or not; it grows with them, if shared without those in swap
    shared: bool = False  # VM_SHARED on a file; shared memory of its own kind says so by that
    swapped: int = 0  # pages of it that are in swap
    ptes: int = field(init=False)  # its page tables: they stay when reclaim takes its pages

    def __post_init__(self) -> None:
        self.size = max(self.size, self.pages + self.swapped)
        self.ptes = -(-(self.pages + self.swapped) // PTRS_PER_PTE)


@dataclass(slots=True, eq=False, repr=False)
class MM:
    """struct mm_struct."""

    kernel: Any
    name: str
    vmas: list[VMA]
    memcg: Any = None
    mmap_sem: RwSemaphore = field(init=False)
    tasks: list = field(default_factory=list)  # who uses it; for Linux, for_each_process() does
    mm_users: int = 1  # these, and whoever looks at it for a while
    mm_count: int = 1
    flags: int = 0
    swapents: int = field(init=False)
    nr_ptes: int = field(init=False)
    nr_pmds: int = field(init=False)
    reaped: int | None = None  # pages the reaper took, None before it came
    munlocking: VMA | None = None  # whose pages munlock_vma_pages_all() walks just now

    def __post_init__(self) -> None:
        self.mmap_sem = RwSemaphore(f"mmap_sem of {self.name}")
        self.nr_ptes = sum(vma.ptes for vma in self.vmas)
        self.nr_pmds = 1 if self.vmas else 0  # simplified: who starts without memory has none later
        self.swapents = sum(vma.swapped for vma in self.vmas)

    def attach(self, task) -> None:
        """Let a task use this address space. A reference of its own (mm_users) is not taken."""
        task.mm = self
        self.tasks.append(task)

    def find_vma(self, name: str) -> VMA | None:
        for vma in self.vmas:  # asked at each fault: six times as quick as next()
            if vma.name == name:
                return vma
        return None


def get_mm_rss(mm: MM) -> int:
    """Resident pages, but not those of hugetlb and of devices (include/linux/mm.h)."""
    return sum([vma.pages for vma in mm.vmas if vma.kind in (ANON, FILE, SHMEM)])


def mmgrab(mm: MM) -> None:
    """Hold the structure (atomic_inc(&mm->mm_count) before 4.11)."""
    if mm.mm_count <= 0:
        mm.kernel.bug("freed", f"{mm.name}: a reference is taken on an mm_struct already freed")
    mm.mm_count += 1


def mmdrop(mm: MM) -> None:
    mm.mm_count -= 1
    if mm.mm_count < 0:
        mm.kernel.bug("freed", f"{mm.name}: mm_count falls below zero")
    elif mm.mm_count == 0 and mm.mm_users > 0:
        text = f"{mm.name}: the mm_struct is freed while {mm.mm_users} still use it"
        mm.kernel.bug("freed", text)
    elif mm.mm_count == 0 and mm in mm.kernel.mms:  # it may be freed twice, which is a bug above
        mm.kernel.mms.remove(mm)


def mmget_not_zero(mm: MM) -> bool:
    """Use the address space unless its last user has gone (atomic_inc_not_zero)."""
    if mm.mm_users == 0:
        return False
    mm.mm_users += 1
    return True
