"""Who waits for whom, and who gets the pages: locks that are held while memory is asked for."""

from typing import Literal

from ..model.gfp import GFP_ATOMIC, GFP_NOFS
from ..model.kernel import Kernel
from ..model.locks import TASK_UNINTERRUPTIBLE, Mutex
from ..model.syscalls import mmap, munmap, read_mm
from ..policies.policy import Policy
from .programs import alloc, churn, free, hang, locked, pause, repeat, sleep, touch
from .registry import Many, heap, scenario


@scenario
def invisible_dependency(policy: Policy, holders: Many = 1) -> Kernel:
    """A lock holder loops in the allocator; the victim waits for the lock (M04, M16).

    The kernel cannot see that killing the hog frees nothing until the lock is let go, and that
    the lock is not let go until something is freed. `holders` writers take it in turn.
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
    thieves: Many = 8,
    dying: Many = 2,
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
    may be the next victim: the best that can become of M17's luckier tasks. `reserve` is what a
    dying task may take below the min mark (0: as the machine computes it).
    """
    kernel = Kernel(policy, 256, cpus=4, min_kbytes=8 * reserve or None)
    victim = kernel.spawn("victim", ((hang, "the journal"),), vmas=heap(pages))
    for i in range(1, dying + 1):
        leaving = ((alloc, 1, GFP_NOFS), (sleep, 1, TASK_UNINTERRUPTIBLE)) * need
        kernel.spawn(f"dying{i}", ((pause,),), mm=victim.mm, at_exit=leaving)
    zone = kernel.zone
    if zone.free < zone.min + 4:
        raise ValueError(f"a reserve of {reserve} leaves no task of this small machine a page")
    fills = heap(zone.free - zone.min - 4)
    kernel.spawn("filler", ((hang,),), vmas=fills, adj=-1000, daemon=True)
    left = zone.free - zone.min
    share = max(left + pages, 2 * thieves) // max(thieves, 1)
    wants = (churn, share) if circulate else (alloc, want)
    adj = 0 if killable else -1000
    for i in range(1, thieves + 1):
        kernel.spawn(f"thief{i}", ((sleep, 1), wants), adj=adj, daemon=True)
    if not thieves:  # one task still runs out of memory
        kernel.spawn("asker", ((alloc, left + 1),), adj=adj, daemon=True)
    return kernel


@scenario
def small_child(policy: Policy, children: Many = 3, child_pages: int = 4) -> Kernel:
    """The hog's small children die for it, and little is freed (M08, M16).

    The hog has `children` of `child_pages` pages each. Since 5.1 it dies itself.
    """
    kernel = Kernel(policy, 1024)
    hog = kernel.spawn("hog", ((mmap, "heap"), (touch, "heap", 1100)), vmas=heap(500))
    for i in range(1, children + 1):
        kernel.spawn(f"child{i}", ((pause,),), parent=hog, vmas=heap(child_pages))
    return kernel


@scenario
def mmap_sem_writer(policy: Policy, readers: Many = 1) -> Kernel:
    """A writer holds or waits for mmap_sem, so the reaper's trylock fails (M04, M07; lesson 10b).

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
def no_reaper_thread(policy: Policy) -> Kernel:
    """kthread_run fails at boot: carry on without the reaper, or panic? (M13, M16)

    Turn the knob reaper_starts to 0, and start_failure to panic.
    """
    return invisible_dependency(policy)


@scenario
def workqueue_reaper(policy: Policy, busy: Many = 1) -> Kernel:
    """Reaping from a workqueue: a busy pool must make a worker first, which takes memory (M10).

    `busy` says whether the only worker is stuck in other work (0: it is idle).
    """
    kernel = invisible_dependency(policy)
    kernel.busy_workers = busy
    return kernel


@scenario
def inode_writers(policy: Policy, writers: Many = 10) -> Kernel:
    """Many threads append to one file, one more eats all memory; one thread is marked (M02).

    `writers` threads append; each needs the lock of the file, and a page while it has it.
    """
    kernel = Kernel(policy, 1024, cpus=4)
    inode = Mutex("i_mutex of the file")
    first = kernel.spawn("consumer", ((sleep, 3), (touch, "heap", 900)), vmas=heap(100))
    for i in range(1, writers + 1):
        append = (locked, inode, (alloc, 1, GFP_NOFS), (free,))
        kernel.spawn(f"writer{i}", ((sleep, 2), (repeat, None, append)), thread_of=first)
    return kernel


@scenario
def decoys(policy: Policy, decoys: Many = 5) -> Kernel:
    """Everything big is exempt, so only decoys can be killed (M04).

    `decoys` are processes of two pages; `service` holds nearly all, and its adj is -1000.
    """
    kernel = Kernel(policy, 1024)
    for i in range(1, decoys + 1):
        kernel.spawn(f"decoy{i}", ((pause,),), vmas=heap(2), adj=999)
    kernel.spawn("service", ((mmap, "heap"), (touch, "heap", 1200)), vmas=heap(400), adj=-1000)
    return kernel


@scenario
def decoy_children(policy: Policy, children: Many = 4) -> Kernel:
    """Children block each other on one file; killing them in turn ends nothing (M23).

    `children` of the hog append to the file in turn. M23 has ten.
    """
    kernel = Kernel(policy, 1024)
    inode = Mutex("i_mutex of the shared file")
    hog = kernel.spawn("hog", ((sleep, 4), (mmap, "heap"), (touch, "heap", 1100)), vmas=heap(300))
    for i in range(1, children + 1):
        append = (locked, inode, (sleep, 1, TASK_UNINTERRUPTIBLE), (alloc, 3))
        kernel.spawn(f"child{i}", ((repeat, None, append, (free,)),), parent=hog, vmas=heap(4))
    return kernel


@scenario
def tiny_child(policy: Policy, readers: Many = 1) -> Kernel:
    """One reader of /proc suffices to block a tiny victim's mmap_sem (M08).

    `readers` read the map of child1 again and again, as ps does; its threads change the map.
    """
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
def silent_hang(policy: Policy, stuck: int = 400) -> Kernel:
    """Reclaim pretends to progress, so the killer is never called (kernel-facts 4; so in M08).

    `stuck` pages are on the LRU lists but cannot be freed; whenever some page is freed, here by a
    network driver that takes and returns one, v4.4's reclaim takes new hope. Simplified: in Linux
    the page must leave the list of its CPU for that, as some thirty at a time do, and hope ends
    after two or three calls in vain, each of which scans all that is there several times.
    """
    kernel = Kernel(policy, 1024)
    kernel.zone.stuck_lru = stuck
    kernel.zone.free -= stuck
    kernel.spawn("softirq", ((churn, 1, GFP_ATOMIC),), adj=-1000, daemon=True)
    kernel.spawn("asker", ((mmap, "heap"), (touch, "heap", 1100)))
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
