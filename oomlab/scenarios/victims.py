"""What happens to a victim: is it lost, marked twice, reaped by two at once, or given up?"""

from typing import Literal

from ..model.fork import vfork
from ..model.kernel import Kernel
from ..model.locks import TASK_UNINTERRUPTIBLE
from ..model.mm import ANON, VMA
from ..model.reaper import process_mrelease
from ..model.suspend import suspend
from ..model.syscalls import kill, mmap
from ..model.tasks import PF_KTHREAD
from ..policies.policy import Policy
from .programs import alloc, frozen, hang, look, pause, repeat, sleep, touch
from .registry import Many, heap, nearly_full, scenario

Sharer = Literal["unkillable", "init", "kthread", "killable"]


@scenario
def lost_victim(policy: Policy, victims: Many = 2, vmas: Many = 2) -> Kernel:
    """The mail's seven steps: two memory cgroups run out at about the same time (M16).

    Each of `victims` memcgs is full of one process of `vmas` VMAs. Its first thread sleeps in D
    state, so only the reaper can free anything; its second faults, runs into the limit, and kills
    the process.
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
def second_oom(policy: Policy, victims: Many = 2) -> Kernel:
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
def killed_twice(policy: Policy, children: Many = 1) -> Kernel:
    """The same stuck child is sacrificed for its parent again and again (855b01832573).

    With the knob oom_kill_allocating_task nothing else is looked at: neither that a victim is under
    way, nor that it is queued for the reaper already. The hog has `children`.
    """
    kernel = Kernel(policy, 256, cpus=2, min_kbytes=32)
    hog = kernel.spawn("hog", ((touch, "heap", 8),), vmas=heap(1))
    for i in range(1, children + 1):
        kernel.spawn(f"child{i}", ((hang,),), parent=hog, vmas=heap(1 + i))
    nearly_full(kernel, leave=0)
    return kernel


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
    task.mm.tasks.sort(key=kernel.tasks.index)  # as for_each_process() goes: init is the first
    task.mm.mm_users += 1
    looks = (repeat, None, (sleep, 1), (look, "heap"))
    kernel.spawn("init-thread", (looks,), thread_of=init, daemon=True)


@scenario
def exit_race(policy: Policy, locked: Literal[0, 1] = 1) -> Kernel:
    """The victim exits while the reaper works: who keeps them apart? (Lesson 11.)

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
def stuck_writer(policy: Policy, hold: int = 0) -> Kernel:
    """The victim holds its own mmap_sem for write and hangs: the reaper must give up (lesson 10b).

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
    """A writer naps with mmap_sem held: is its process given up, and an innocent killed? (M49)

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
def frozen_victim(policy: Policy) -> Kernel:
    """The victim is frozen; the mark thaws it so that it can die.

    In a cgroup of v1, that is; out of a frozen one of v2 SIGKILL alone gets it (K 6.12
    do_freezer_trap).
    """
    kernel = Kernel(policy, 1024)
    kernel.spawn("frozen", ((frozen,), (pause,)), vmas=heap(600))
    kernel.spawn("asker", ((mmap, "heap"), (touch, "heap", 500)), adj=-1000)
    return kernel


@scenario
def suspend_race(policy: Policy) -> Kernel:
    """A suspend freezes user space while a victim is dying: it must wait for it (lesson 10)."""
    kernel = Kernel(policy, 1024)
    last_words = (sleep, 5, TASK_UNINTERRUPTIBLE)
    kernel.spawn("hog", ((pause,),), vmas=heap(600), at_exit=(last_words,))
    kernel.spawn("asker", ((mmap, "heap"), (touch, "heap", 500)), adj=-1000)
    pm = kernel.spawn("systemd-sleep", ((sleep, 1), (suspend, 50)), adj=-1000)
    pm.flags |= PF_KTHREAD  # it freezes the others, not itself
    return kernel


@scenario
def vfork_child(policy: Policy) -> Kernel:
    """A vfork child borrows the hog's mm: killing it frees nothing of its own (lesson 9)."""
    kernel = Kernel(policy, 1024)
    borrows = ((sleep, 60),)
    kernel.spawn("hog", ((vfork, "child", borrows), (pause,)), vmas=heap(600))
    kernel.spawn("asker", ((sleep, 2), (mmap, "heap"), (touch, "heap", 500)), adj=-1000)
    return kernel


@scenario
def kmallocwd(policy: Policy) -> Kernel:
    """Two stuck victims, the first unreapable: a scan warns, goes on, and may panic (M09, M16)."""
    kernel = Kernel(policy, 1024)
    kernel.spawn("hog", ((map_and_hang,),), vmas=heap(600))
    kernel.spawn("other", ((hang,),), vmas=heap(150))
    kernel.spawn("asker", ((sleep, 1), (mmap, "heap"), (touch, "heap", 340)), adj=-1000)
    return kernel
