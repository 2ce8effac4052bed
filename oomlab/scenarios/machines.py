"""Whole machines that fill up: fork bombs, tmpfs, overcommit, sysctls, and the benchmark."""

from typing import Literal

from ..model.fork import copy_on_write, fork, wait4, write_inherited
from ..model.kernel import Kernel
from ..model.locks import TASK_UNINTERRUPTIBLE
from ..model.mm import ANON, FILE, HUGETLB, PFNMAP, SHMEM, VMA, Shmem
from ..model.syscalls import mmap, write_tmpfs
from ..policies.policy import Policy
from .programs import alloc, fill, free, hang, pause, sleep, touch
from .registry import Many, heap, scenario


@scenario
def mlocked_and_shared(policy: Policy) -> Kernel:
    """Six kinds of memory in one stuck victim: what may the reaper take? (M10, M35)

    The pages of its library that it wrote to are its own: they count with the heap.
    """
    kernel = Kernel(policy, 2048)
    tmpfs = Shmem("tmpfs file", linked=True)
    kernel.shmems.append(tmpfs)
    vmas = [
        VMA("heap", ANON, 300),
        VMA("locked", ANON, 150, locked=True),
        VMA("library", FILE, 60),
        VMA("segment", SHMEM, 200, shmem=tmpfs),
        VMA("huge", HUGETLB, 512),
        VMA("device", PFNMAP, 64),
    ]
    kernel.spawn("victim", ((sleep, 2, TASK_UNINTERRUPTIBLE), (hang,)), vmas=vmas)
    kernel.spawn("asker", ((mmap, "heap"), (touch, "heap", 860)), adj=-1000)
    return kernel


@scenario
def fork_bomb(policy: Policy, bombs: Many = 12, pages: int = 60) -> Kernel:
    """Many small processes: the worst task is small, and recovery takes many kills (M42).

    bash starts `bombs` processes, and each takes `pages` pages.
    """
    kernel = Kernel(policy, 1024)
    bomb = tuple(
        (fork, f"bomb{i}", ((mmap, "heap"), (touch, "heap", pages), (sleep, 30)))
        for i in range(1, bombs + 1)
    )
    kernel.spawn("bash", (*bomb, (sleep, 60)), vmas=heap(30))
    kernel.spawn("database", ((pause,),), vmas=heap(300), adj=-1000, daemon=True)
    return kernel


@scenario
def bomb_and_hog(policy: Policy, bombs: Many = 20, hog: int = 300) -> Kernel:
    """A fork bomb fills memory, and the biggest process dies for it.

    The bombs never grow: each is a shell of a few pages, and what they cost is page tables and
    kernel memory. No single one is worth killing, so the hog goes, and then the next biggest.
    There are `bombs` of them, and the hog has `hog` pages.
    """
    kernel = Kernel(policy, 1024)
    kernel.spawn("hog", ((pause,),), vmas=heap(hog))
    shell = ((mmap, "heap"), (touch, "heap", 6), (alloc, 10), (sleep, 40), (free,))
    bomb = tuple((fork, f"bomb{i}", shell) for i in range(1, bombs + 1))
    kernel.spawn("bash", (*bomb, (sleep, 60)), vmas=heap(6))
    kernel.spawn("filler", ((hang,),), vmas=heap(450), adj=-1000, daemon=True)
    return kernel


@scenario
def tmpfs_writer(policy: Policy, mapped: Literal[0, 1] = 1, mode: Literal[0, 1, 2] = 1) -> Kernel:
    """A writer fills tmpfs and is killed; its file stays, so the next process dies, too.

    With `mapped` the file counts as the writer's memory; with 0 it used write(), and the killer
    sees a process of twelve pages: every bigger one dies first. The file may fill all memory, as
    with the mount option size=100%; without it Linux stops it at half. `mode` is
    vm.overcommit_memory. With 0, Linux 3.10 to 5.1 refuses the writer a page before memory runs
    out: a process dies only when `late` wants some, too.
    """
    kernel = Kernel(policy, 1024)
    kernel.overcommit_memory = mode
    file = Shmem("/dev/shm/log", linked=True)
    kernel.shmems.append(file)
    kernel.spawn("browser", ((pause,),), vmas=heap(200))
    kernel.spawn("editor", ((pause,),), vmas=heap(60))
    fills = (touch, "log", 900) if mapped else (write_tmpfs, file, 900)
    vmas = [*heap(12), VMA("log", SHMEM, shmem=file)]
    kernel.spawn("writer", (fills,), vmas=vmas if mapped else heap(12))
    kernel.spawn("late", ((sleep, 200), (mmap, "heap"), (touch, "heap", 100)), adj=-1000)
    return kernel


@scenario
def overcommit(policy: Policy, mode: Literal[0, 1, 2] = 2, want: int = 500) -> Kernel:
    """vm.overcommit_memory: with mode 2 malloc() says no, with mode 1 a process dies.

    The hog has 400 pages of 1024 and sleeps; another program maps and fills `want` and 200 more.
    `mode` is the sysctl. Mode 0 says no, too, up to 5.1: that is more than is free. From 5.2 on it
    says yes.
    """
    kernel = Kernel(policy, 1024)
    kernel.overcommit_memory = mode
    kernel.spawn("hog", ((fill, "heap", 400), (pause,)))
    kernel.spawn("asker", ((sleep, 20), (fill, "first", want), (fill, "second", 200), (pause,)))
    return kernel


@scenario
def panic_knobs(policy: Policy) -> Kernel:
    """panic_on_oom and oom_kill_allocating_task: the sysctls that answer for you.

    Try the knobs panic_on_oom and oom_kill_allocating_task at 1.
    """
    kernel = Kernel(policy, 1024)
    kernel.spawn("hog", ((pause,),), vmas=heap(600))
    kernel.spawn("asker", ((mmap, "heap"), (touch, "heap", 400)), vmas=heap(10))
    return kernel


@scenario
def oom_storm(policy: Policy, tasks: Many = 20, allocations: int = 100_000) -> Kernel:
    """Tasks grow page by page, are killed, and are started again: the benchmark.

    Each of `tasks` supervisors restarts its child until all children together did `allocations`
    page faults; the machine has 4 MB for each of them.
    """
    kernel = Kernel(policy, 1024 * tasks, timeslice=8)
    for i in range(1, tasks + 1):
        kernel.spawn(f"supervisor{i}", ((supervise, f"hog{i}", allocations // tasks),), adj=-1000)
    return kernel


def supervise(current, name: str, pages: int):
    """Start a child that touches `pages` pages, and another one for what a killed one left."""
    while pages > 0:
        heap = VMA("heap", ANON)
        yield from fork(current, name, ((touch, "heap", pages),), vmas=(heap,), adj=0)
        yield from wait4(current)
        pages -= heap.size


@scenario
def forked_workers(policy: Policy, workers: Many = 3, writes: int = 20) -> Kernel:
    """A server forks workers that share its memory: each looks as big as the server, and is not.

    A fork copies page tables only; each of the `workers` has pages of its own where it `writes`.
    All count the same for the killer, so a worker dies, and next to nothing is free.
    """
    kernel = Kernel(policy, 1024)
    worker = ((write_inherited, writes), (pause,))
    forks = tuple((copy_on_write, f"worker{i}", worker) for i in range(1, workers + 1))
    kernel.spawn("server", (*forks, (pause,)), vmas=heap(400))
    kernel.spawn("asker", ((sleep, 10), (mmap, "heap"), (touch, "heap", 520)), adj=-1000)
    return kernel
