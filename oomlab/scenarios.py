"""The debates as small set-ups: who runs, what they hold, what they ask for.

A scenario is a function (policy, parameters) -> Kernel, ready to run. Its docstring's first line
is its title, its parameters are whole numbers or names with defaults. Sizes are in pages of 4 kB,
times in ticks (HZ = 100).
"""

from collections.abc import Callable
from functools import cache
from inspect import signature
from typing import Literal, get_args, get_origin

from .model.commit import fill
from .model.fork import fork, vfork, wait4
from .model.gfp import GFP_ATOMIC, GFP_NOFS
from .model.kernel import Kernel
from .model.locks import TASK_UNINTERRUPTIBLE, Mutex
from .model.mm import ANON, FILE, HUGETLB, PFNMAP, SHMEM, VMA, Shmem
from .model.policy import Policy
from .model.reaper import process_mrelease
from .model.suspend import suspend
from .model.syscalls import (
    alloc,
    churn,
    free,
    frozen,
    hang,
    kill,
    locked,
    look,
    mmap,
    munmap,
    pause,
    read_mm,
    repeat,
    sleep,
    touch,
    write_tmpfs,
)
from .model.tasks import PF_KTHREAD

SCENARIOS: dict[str, Callable[..., Kernel]] = {}


def scenario(function: Callable[..., Kernel]) -> Callable[..., Kernel]:
    """Register a scenario under its name, with dashes."""
    SCENARIOS[function.__name__.replace("_", "-")] = function
    return function


@cache
def parameters(name: str) -> dict[str, object]:
    """The parameters of a scenario and their defaults."""
    found = signature(SCENARIOS[name]).parameters.values()
    return {p.name: p.default for p in found if p.name != "policy"}


@cache
def choices(name: str) -> dict[str, tuple]:
    """The values that a parameter of a scenario takes, where they are few: {parameter: values}."""
    found = signature(SCENARIOS[name]).parameters.values()
    return {p.name: get_args(p.annotation) for p in found if get_origin(p.annotation) is Literal}


def title(name: str) -> str:
    return (SCENARIOS[name].__doc__ or "").strip().split("\n")[0]


def heap(pages: int, **more) -> list[VMA]:
    return [VMA("heap", ANON, pages, **more)]


@scenario
def lost_victim(policy: Policy, victims: int = 2, vmas: int = 2) -> Kernel:
    """The mail's seven steps: two memory cgroups run out at about the same time (M16).

    Each memcg is full of one process of `vmas` VMAs. Its first thread sleeps in D state, so only
    the reaper can free anything; its second faults, runs into the limit, and kills the process.
    """
    kernel = Kernel(policy, 4096, cpus=4)
    for i in range(1, victims + 1):
        memcg = kernel.new_memcg(f"memcg{i}", limit=8 * vmas)
        full = [VMA(f"vma{j}", ANON, 8) for j in range(1, vmas + 1)]
        victim = kernel.spawn(f"victim{i}", ((hang,),), vmas=full, memcg=memcg)
        thread = kernel.spawn(f"thread{i}", ((touch, "vma1", 1),), thread_of=victim, memcg=memcg)
        kernel.symmetric.append([memcg, victim, thread])
    return kernel


@scenario
def second_oom(policy: Policy, victims: int = 2) -> Kernel:
    """The first victim exits while the reaper looks at it; the next one is lost (M29).

    Memory runs out for the whole machine, once for each of `victims`. The first exits by itself
    when it is killed, the others sleep in D state.
    """
    if not 1 <= victims <= 5:
        raise ValueError(f"second-oom takes 1 to 5 victims, not {victims}")
    kernel = Kernel(policy, 256, cpus=4, min_kbytes=32)
    for i in range(1, victims + 1):
        kernel.spawn(f"victim{i}", ((pause if i == 1 else hang,),), vmas=heap(8 - i))
    nearly_full(kernel, leave=1)
    pages = sum(8 - i for i in range(1, victims + 1)) + 1  # somewhat more than all but one had
    kernel.spawn("asker", ((touch, "heap", pages),), vmas=heap(1), adj=-1000)
    return kernel


def nearly_full(kernel: Kernel, leave: int) -> None:
    """Somebody who cannot be killed holds all but `leave` of the pages above the min mark."""
    zone = kernel.zone
    pages = zone.free - zone.min - leave - 4  # the others' page tables and first pages
    kernel.spawn("filler", ((hang,),), vmas=heap(pages), adj=-1000, daemon=True)


@scenario
def self_marked(policy: Policy) -> Kernel:
    """An exiting task needs a page, marks itself, and the reaper is quick (M23).

    Its own reference on the mm may be all there is when the hand-off pins the mm too late.
    """
    kernel = Kernel(policy, 256, cpus=2, min_kbytes=32)
    nearly_full(kernel, leave=0)
    kernel.spawn("leaver", (), vmas=heap(2), at_exit=((alloc, 8),))
    return kernel


@scenario
def killed_twice(policy: Policy, children: int = 1) -> Kernel:
    """The same stuck child is sacrificed for its parent again and again (855b01832573).

    With --set oom_kill_allocating_task=1 nothing else is looked at: neither that a victim is
    under way, nor that it is queued for the reaper already.
    """
    kernel = Kernel(policy, 256, cpus=2, min_kbytes=32)
    hog = kernel.spawn("hog", ((touch, "heap", 8),), vmas=heap(1))
    for i in range(1, children + 1):
        kernel.spawn(f"child{i}", ((hang,),), parent=hog, vmas=heap(1 + i))
    nearly_full(kernel, leave=0)
    return kernel


@scenario
def invisible_dependency(policy: Policy, holders: int = 1) -> Kernel:
    """A lock holder loops in the allocator; the victim waits for the lock (M04, M16).

    The kernel cannot see that killing the hog frees nothing until the lock is let go, and that
    the lock is not let go until something is freed.
    """
    kernel = Kernel(policy, 1024, cpus=2)
    inode = Mutex("i_mutex of the log file")
    for i in range(1, holders + 1):
        writes = (locked, inode, (sleep, 20, TASK_UNINTERRUPTIBLE), (alloc, 4))
        kernel.spawn(f"writer{i}", (writes,), adj=-500)
    kernel.spawn("hog", ((sleep, 5), (locked, inode, (pause,))), vmas=heap(600))
    kernel.spawn("filler", ((mmap, "heap"), (touch, "heap", 500)), adj=-900)
    return kernel


@scenario
def page_thieves(
    policy: Policy,
    thieves: int = 8,
    dying: int = 2,
    need: int = 6,
    pages: int = 4,
    reserve: int = 0,
    circulate: Literal[0, 1] = 0,
    want: int = 256,
    killable: Literal[0, 1] = 0,
) -> Kernel:
    """Who gets the reclaimed pages? Allocators that are not dying steal them (M02, M13, M16).

    The victim is stuck; `dying` processes that share its mm were killed with it, but never marked.
    Each needs `need` pages to get out and may not wait for the filesystem. The reaper frees
    `pages`; `thieves` want `want` pages each, for good or, with `circulate`, to give them back
    again. The defaults are the worst case of M16: the thieves never have enough, and cannot be
    killed. With a small `want` a thief finishes and gives its pages back, and with `killable` it
    may be the next victim: that freed memory helps somebody is M17's case. `reserve` is what a
    dying task may take below the min mark (0: as the machine computes it).
    """
    kernel = Kernel(policy, 256, cpus=4, min_kbytes=8 * reserve or None)
    victim = kernel.spawn("victim", ((hang, "the journal"),), vmas=heap(pages))
    for i in range(1, dying + 1):
        leaving = ((alloc, 1, GFP_NOFS), (sleep, 1, TASK_UNINTERRUPTIBLE)) * need
        kernel.spawn(f"dying{i}", ((pause,),), mm=victim.mm, at_exit=leaving)
    zone = kernel.zone
    fills = heap(zone.free - zone.min - 4)
    kernel.spawn("filler", ((hang,),), vmas=fills, adj=-1000, daemon=True)
    left = zone.free - zone.min
    wants = (churn, max(left + pages, 2 * thieves) // thieves) if circulate else (alloc, want)
    for i in range(1, max(thieves, 1) + 1):  # without thieves, somebody still runs out of memory
        program = ((sleep, 1), wants) if i <= thieves else ((alloc, left + 1),)
        kernel.spawn(f"thief{i}", program, adj=0 if killable else -1000, daemon=True)
    return kernel


@scenario
def small_child(policy: Policy, children: int = 3, child_pages: int = 4) -> Kernel:
    """The hog's small children die for it, and little is freed (M08, M16)."""
    kernel = Kernel(policy, 1024)
    hog = kernel.spawn("hog", ((mmap, "heap"), (touch, "heap", 1100)), vmas=heap(500))
    for i in range(1, children + 1):
        kernel.spawn(f"child{i}", ((pause,),), parent=hog, vmas=heap(child_pages))
    return kernel


Sharer = Literal["unkillable", "init", "kthread", "killable"]


@scenario
def hidden_sharer(policy: Policy, sharer: Sharer = "unkillable") -> Kernel:
    """The victim's memory is shared with one that must not be killed (M14, M15, M27).

    `sharer`: "unkillable" (oom_score_adj -1000), "init" (global init), "kthread" (one that borrowed
    the mm), or "killable" (an ordinary process: it must have its SIGKILL before it is reaped).
    """
    kernel = Kernel(policy, 256, min_kbytes=32)
    hog = kernel.spawn("hog", ((hang,),), vmas=heap(60))
    if sharer in ("unkillable", "killable"):
        kernel.spawn("sharer", ((pause,),), mm=hog.mm, adj=-1000 if sharer == "unkillable" else 0)
    elif sharer == "kthread":
        kernel.kthread_run("vhost", borrower, mm=hog.mm)
        hog.mm.mm_users += 1
    else:
        share_with_init(kernel, hog)
    kernel.spawn("other", ((pause,),), vmas=heap(12))
    nearly_full(kernel, leave=1)
    kernel.spawn("asker", ((touch, "heap", 8),), vmas=heap(1), adj=-1000)
    return kernel


def borrower(current):
    """A kthread in use_mm(): it sleeps, and goes on holding the mm."""
    yield from hang(current, "work to do")


def share_with_init(kernel: Kernel, task) -> None:
    """Let init use the task's mm, and look at it every tick (M27)."""
    init = kernel.init
    kernel.mms.remove(init.mm)
    task.mm.attach(init)
    task.mm.mm_users += 1
    looks = (repeat, None, (sleep, 1), (look, "heap"))
    kernel.spawn("init-thread", (looks,), thread_of=init, daemon=True)


@scenario
def exit_race(policy: Policy, locked: Literal[0, 1] = 1) -> Kernel:
    """The victim exits while the reaper works: who keeps them apart? (Q15)

    In 4.10 the reaper takes an mm without users for done. In 4.14 both may walk it, and `locked`
    pages are unlocked on the way out (212925802454, 27ae357fa82b).
    """
    kernel = Kernel(policy, 256, cpus=2, min_kbytes=32)
    vmas = heap(12) + [VMA("locked", ANON, 4, locked=True)] * bool(locked)
    kernel.spawn("victim", ((pause,),), vmas=vmas)
    kernel.spawn("other", ((pause,),), vmas=heap(6))
    nearly_full(kernel, leave=0)
    kernel.spawn("asker", ((alloc, 6),), adj=-1000)
    return kernel


@scenario
def mrelease_race(policy: Policy) -> Kernel:
    """A user-space killer kills a process and takes its memory while it exits (337546e83fc7)."""
    kernel = Kernel(policy, 256, cpus=2)
    victim = kernel.spawn("victim", ((pause,),), vmas=heap(8))
    kernel.spawn("killer", ((kill, victim), (process_mrelease, victim)), adj=-1000)
    return kernel


@scenario
def memcg_vs_global(policy: Policy, global_first: Literal[0, 1] = 0) -> Kernel:
    """A memcg OOM and a global OOM at the same time: who waits for whom? (M16)

    While the memcg's victim is stuck, the global scan meets it and kills nobody; the other way
    round the memcg looks only at its own tasks and goes on.
    """
    kernel = Kernel(policy, 1024, cpus=4)
    memcg = kernel.new_memcg("memcg1", limit=100)
    inside = kernel.spawn("inside", ((hang,),), vmas=heap(96), memcg=memcg)
    late = ((sleep, 30),)
    kernel.spawn(
        "charger",
        (late if global_first else ()) + ((touch, "heap", 8),),
        thread_of=inside,
        memcg=memcg,
    )
    kernel.spawn("outside", ((pause,),), vmas=heap(300))
    kernel.spawn(
        "asker", (() if global_first else late) + ((mmap, "heap"), (touch, "heap", 700)), adj=-1000
    )
    return kernel


@scenario
def two_memcgs(policy: Policy) -> Kernel:
    """Nested limits: the inner cgroup's OOM kills inside, the outer's anywhere below it."""
    kernel = Kernel(policy, 2048)
    outer = kernel.new_memcg("outer", limit=400)
    inner = kernel.new_memcg("outer/inner", limit=200, parent=outer)
    kernel.spawn("inner-hog", ((touch, "heap", 300),), vmas=heap(60), memcg=inner)
    kernel.spawn("outer-hog", ((sleep, 20), (touch, "heap", 500)), vmas=heap(80), memcg=outer)
    kernel.spawn("bystander", ((pause,),), vmas=heap(700), daemon=True)
    return kernel


@scenario
def oom_group(policy: Policy) -> Kernel:
    """memory.oom.group: the workload dies as a unit, the exempt member lives."""
    kernel = Kernel(policy, 2048)
    pod = kernel.new_memcg("pod", limit=300, oom_group=True)
    kernel.spawn("worker1", ((pause,),), vmas=heap(100), memcg=pod)
    kernel.spawn("worker2", ((touch, "heap", 400),), vmas=heap(60), memcg=pod)
    kernel.spawn("sidecar", ((pause,),), vmas=heap(20), memcg=pod, adj=-1000, daemon=True)
    return kernel


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
def frozen_victim(policy: Policy) -> Kernel:
    """The victim is frozen; the mark thaws it so that it can die."""
    kernel = Kernel(policy, 1024)
    kernel.spawn("frozen", ((frozen,), (pause,)), vmas=heap(600))
    kernel.spawn("asker", ((mmap, "heap"), (touch, "heap", 500)), adj=-1000)
    return kernel


@scenario
def suspend_race(policy: Policy) -> Kernel:
    """A suspend freezes user space while a victim is dying; it must wait for the victim (Q14)."""
    kernel = Kernel(policy, 1024)
    last_words = (sleep, 5, TASK_UNINTERRUPTIBLE)
    kernel.spawn("hog", ((pause,),), vmas=heap(600), at_exit=(last_words,))
    kernel.spawn("asker", ((mmap, "heap"), (touch, "heap", 500)), adj=-1000)
    pm = kernel.spawn("systemd-sleep", ((sleep, 1), (suspend, 50)), adj=-1000)
    pm.flags |= PF_KTHREAD  # it freezes the others, not itself
    return kernel


@scenario
def vfork_child(policy: Policy) -> Kernel:
    """A vfork child borrows the hog's mm: killing it frees nothing of its own (Q4)."""
    kernel = Kernel(policy, 1024)
    borrows = ((sleep, 60),)
    kernel.spawn("hog", ((vfork, "child", borrows), (pause,)), vmas=heap(600))
    kernel.spawn("asker", ((sleep, 2), (mmap, "heap"), (touch, "heap", 500)), adj=-1000)
    return kernel


@scenario
def mmap_sem_writer(policy: Policy, readers: int = 1) -> Kernel:
    """A writer holds or waits for mmap_sem, so the reaper's trylock fails (M04, M07, Q11).

    One thread of the victim maps files: it needs a page while it holds the write lock, and may not
    wait for the filesystem. `readers` others read its /proc entry.
    """
    kernel = Kernel(policy, 1024, cpus=4)
    hog = kernel.spawn("hog", ((pause,),), vmas=heap(700))
    maps = (repeat, None, (mmap, "page", GFP_NOFS), (munmap, "page"))
    kernel.spawn("mapper", (maps,), thread_of=hog)
    for i in range(1, readers + 1):
        reads = (repeat, None, (sleep, 1), (read_mm, hog.mm))
        kernel.spawn(f"reader{i}", (reads,), adj=-900, daemon=True)
    kernel.spawn("asker", ((sleep, 2), (mmap, "heap"), (touch, "heap", 400)), adj=-900)
    return kernel


@scenario
def stuck_writer(policy: Policy, hold: int = 0) -> Kernel:
    """The victim holds its own mmap_sem for write and hangs: the reaper must give up (Q11).

    With `hold` it goes on after so many ticks: so does one that a CPU limit keeps from running.
    """
    kernel = Kernel(policy, 1024)
    kernel.spawn("hog", ((map_and_hang, hold), (pause,)), vmas=heap(600))
    kernel.spawn("other", ((pause,),), vmas=heap(150))
    kernel.spawn("asker", ((sleep, 1), (mmap, "heap"), (touch, "heap", 340)), adj=-1000)
    return kernel


def map_and_hang(current, hold: int = 0):
    """An mmap() of a file on a server that does not answer, or not for `hold` ticks."""
    yield from current.mm.mmap_sem.down_write(current)
    if not hold:
        yield from hang(current, "an NFS server")
    yield from sleep(current, hold, TASK_UNINTERRUPTIBLE)
    current.mm.mmap_sem.up_write()


@scenario
def throttled_victim(policy: Policy, hold: int = 400) -> Kernel:
    """A CPU limit keeps the victim inside mprotect(): it is given up, and an innocent may die.

    Recorded on real kernels (lesson 13). The server needs only a processor for a moment, and does
    not get one for `hold` ticks; its mmap_sem is held for write all the while.
    """
    kernel = Kernel(policy, 256, min_kbytes=32)
    kernel.spawn("server", ((map_and_hang, max(hold, 1)), (pause,)), vmas=heap(60))
    kernel.spawn("innocent", ((pause,),), vmas=heap(20))
    nearly_full(kernel, leave=1)
    kernel.spawn("trigger", ((sleep, 1), (touch, "heap", 12)), vmas=heap(1), adj=-1000)
    return kernel


@scenario
def given_up(policy: Policy, nap: int = 150) -> Kernel:
    """A writer naps with mmap_sem held: is its process given up, and an innocent killed? (2018)

    The victim marks itself; its other thread holds mmap_sem for `nap` ticks, so that the reaper's
    trylock fails. Later another task runs out of memory, while the victim's is still there.
    """
    kernel = Kernel(policy, 256, cpus=2, min_kbytes=32)
    victim = kernel.spawn("victim", ((sleep, 1), (alloc, 8)), vmas=heap(20))
    kernel.spawn("writer", ((map_for, nap),), thread_of=victim)
    kernel.spawn("innocent", ((pause,),), vmas=heap(10))
    nearly_full(kernel, leave=2)
    kernel.spawn("asker", ((sleep, 120), (alloc, 4)), adj=-1000)
    return kernel


def map_for(current, ticks: int):
    """An mmap() that takes its time."""
    mmap_sem = current.mm.mmap_sem
    yield from mmap_sem.down_write(current)
    yield from sleep(current, ticks, TASK_UNINTERRUPTIBLE)
    mmap_sem.up_write()


@scenario
def no_reaper_thread(policy: Policy) -> Kernel:
    """kthread_run fails at boot: carry on without the reaper, or panic? (M13, M16)

    Run it with --set reaper_starts=0, and --set start_failure=panic.
    """
    return invisible_dependency(policy)


@scenario
def workqueue_reaper(policy: Policy, busy: int = 1) -> Kernel:
    """Reaping from a workqueue: a busy pool must make a worker first, which takes memory (M10)."""
    kernel = invisible_dependency(policy)
    kernel.busy_workers = busy
    return kernel


@scenario
def kmallocwd(policy: Policy) -> Kernel:
    """Two stuck victims, the second unreapable: a scan warns, goes on, and may panic (M09, M16)."""
    kernel = Kernel(policy, 1024)
    kernel.spawn("hog", ((map_and_hang,),), vmas=heap(600))
    kernel.spawn("other", ((hang,),), vmas=heap(150))
    kernel.spawn("asker", ((sleep, 1), (mmap, "heap"), (touch, "heap", 340)), adj=-1000)
    return kernel


@scenario
def fork_bomb(policy: Policy, bombs: int = 12, pages: int = 60) -> Kernel:
    """Many small processes: the worst task is small, and recovery takes many kills (M42)."""
    kernel = Kernel(policy, 1024)
    bomb = tuple(
        (fork, f"bomb{i}", ((mmap, "heap"), (touch, "heap", pages), (sleep, 30)))
        for i in range(1, bombs + 1)
    )
    kernel.spawn("bash", (*bomb, (sleep, 60)), vmas=heap(30))
    kernel.spawn("database", ((pause,),), vmas=heap(300), adj=-1000, daemon=True)
    return kernel


@scenario
def bomb_and_hog(policy: Policy, bombs: int = 20, hog: int = 300) -> Kernel:
    """A fork bomb fills memory, and the biggest process dies for it.

    The bombs never grow: each is a shell of a few pages, and what they cost is page tables and
    kernel memory. No single one is worth killing, so the hog goes, and then the next biggest.
    """
    kernel = Kernel(policy, 1024)
    kernel.spawn("hog", ((pause,),), vmas=heap(hog))
    shell = ((mmap, "heap"), (touch, "heap", 6), (alloc, 10), (sleep, 40), (free,))
    bomb = tuple((fork, f"bomb{i}", shell) for i in range(1, bombs + 1))
    kernel.spawn("bash", (*bomb, (sleep, 60)), vmas=heap(6))
    kernel.spawn("filler", ((hang,),), vmas=heap(450), adj=-1000, daemon=True)
    return kernel


@scenario
def tmpfs_writer(policy: Policy, mapped: Literal[0, 1] = 1) -> Kernel:
    """A writer fills tmpfs and is killed; its file stays, so the next process dies, too.

    With `mapped` the file counts as the writer's memory; with 0 it used write(), and the killer
    sees a process of twelve pages: everybody bigger dies first.
    """
    kernel = Kernel(policy, 1024)
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
    """vm.overcommit_memory: with mode 2 malloc() says no, with 0 and 1 somebody dies.

    The hog has 400 pages of 1024 and sleeps; another program maps and fills `want` and 200 more.
    """
    kernel = Kernel(policy, 1024)
    kernel.overcommit_memory = mode
    kernel.spawn("hog", ((fill, "heap", 400), (pause,)))
    kernel.spawn("asker", ((sleep, 20), (fill, "first", want), (fill, "second", 200), (pause,)))
    return kernel


@scenario
def panic_knobs(policy: Policy) -> Kernel:
    """panic_on_oom and oom_kill_allocating_task: the sysctls that answer for you.

    Try --set panic_on_oom=1, or --set oom_kill_allocating_task=1.
    """
    kernel = Kernel(policy, 1024)
    kernel.spawn("hog", ((pause,),), vmas=heap(600))
    kernel.spawn("asker", ((mmap, "heap"), (touch, "heap", 400)), vmas=heap(10))
    return kernel


@scenario
def inode_writers(policy: Policy, writers: int = 10) -> Kernel:
    """Many threads append to one file, one more eats all memory; one thread is marked (M02)."""
    kernel = Kernel(policy, 1024, cpus=4)
    inode = Mutex("i_mutex of the file")
    first = kernel.spawn("consumer", ((sleep, 3), (touch, "heap", 900)), vmas=heap(100))
    for i in range(1, writers + 1):
        append = (locked, inode, (alloc, 1, GFP_NOFS), (free,))
        kernel.spawn(f"writer{i}", ((sleep, 2), (repeat, None, append)), thread_of=first)
    return kernel


@scenario
def decoys(policy: Policy, decoys: int = 5) -> Kernel:
    """Everything big is exempt, so only decoys can be killed (M04)."""
    kernel = Kernel(policy, 1024)
    for i in range(1, decoys + 1):
        kernel.spawn(f"decoy{i}", ((pause,),), vmas=heap(2), adj=999)
    kernel.spawn("service", ((mmap, "heap"), (touch, "heap", 1200)), vmas=heap(400), adj=-1000)
    return kernel


@scenario
def decoy_children(policy: Policy, children: int = 4) -> Kernel:
    """Ten children block each other on one file; killing them in turn ends nothing (M23)."""
    kernel = Kernel(policy, 1024)
    inode = Mutex("i_mutex of the shared file")
    hog = kernel.spawn("hog", ((sleep, 4), (mmap, "heap"), (touch, "heap", 1100)), vmas=heap(300))
    for i in range(1, children + 1):
        append = (locked, inode, (sleep, 1, TASK_UNINTERRUPTIBLE), (alloc, 3))
        kernel.spawn(f"child{i}", ((repeat, None, append, (free,)),), parent=hog, vmas=heap(4))
    return kernel


@scenario
def tiny_child(policy: Policy, readers: int = 1) -> Kernel:
    """One reader of /proc suffices to block a tiny victim's mmap_sem (M08)."""
    kernel = Kernel(policy, 1024, cpus=4)
    hog = kernel.spawn("hog", ((sleep, 3), (mmap, "heap"), (touch, "heap", 1100)), vmas=heap(400))
    child = kernel.spawn("child1", ((pause,),), parent=hog, vmas=heap(20))
    maps = (repeat, None, (mmap, "page"), (munmap, "page"))
    for i in range(1, 4):
        kernel.spawn(f"child1/{i}", (maps,), thread_of=child)
    for i in range(1, readers + 1):
        kernel.spawn(f"child2/{i}", ((repeat, None, (read_mm, child.mm)),), parent=hog)
    return kernel


@scenario
def marks(policy: Policy, cache: int = 100) -> Kernel:
    """Each mark at work: kswapd wakes at low and rests at high, at min only the urgent go on.

    `cache` pages are clean copies of files, which reclaim can drop. A writer fills the rest, and
    somewhat more: `spare` is killed for it. A network card, whose driver must not wait, takes
    twelve pages now and then, and gives them back.
    """
    kernel = Kernel(policy, 1024)
    kernel.zone.reclaimable = cache
    kernel.zone.free -= cache
    writes = ((mmap, "heap"), (touch, "heap", 250), (pause,))
    kernel.spawn("writer", writes, vmas=heap(688), adj=-1000)
    kernel.spawn("spare", ((pause,),), vmas=heap(40))
    packet = ((sleep, 1), (alloc, 12, GFP_ATOMIC), (free,))
    kernel.spawn("network", packet * 40, adj=-1000, daemon=True)
    return kernel


@scenario
def silent_hang(policy: Policy, stuck: int = 400) -> Kernel:
    """Reclaim pretends to progress, so the killer is never called (M08, kernel-facts 3.6).

    `stuck` pages are on the LRU lists but cannot be freed; whenever some page is freed, here by a
    network driver that takes and returns one, v4.4's reclaim takes new hope.
    """
    kernel = Kernel(policy, 1024)
    kernel.zone.stuck_lru = stuck
    kernel.zone.free -= stuck
    kernel.spawn("softirq", ((churn, 1, GFP_ATOMIC),), adj=-1000, daemon=True)
    kernel.spawn("asker", ((mmap, "heap"), (touch, "heap", 1100)))
    return kernel


@scenario
def oom_storm(policy: Policy, tasks: int = 20, allocations: int = 100_000) -> Kernel:
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
