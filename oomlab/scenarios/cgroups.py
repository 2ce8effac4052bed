"""Memory cgroups: limits, nested and side by side, and what an OOM in one is to the others."""

from typing import Literal

from ..model.kernel import Kernel
from ..model.locks import TASK_UNINTERRUPTIBLE, Mutex, Steps
from ..model.memory_high import poll_pressure
from ..model.mm import Shmem
from ..model.reaper import process_mrelease
from ..model.syscalls import kill, mmap, write_tmpfs
from ..model.tasks import thread_group_leader
from ..policies.policy import Policy
from .programs import alloc, hang, locked, pause, sleep, touch
from .registry import heap, nearly_full, scenario


@scenario
def memcg_vs_global(policy: Policy, global_first: Literal[0, 1] = 0) -> Kernel:
    """A memcg OOM and a global OOM at the same time: who waits for whom? (M16)

    While the memcg's victim is stuck, the global scan meets it and kills no task; the other way
    round the memcg looks only at its own tasks and goes on. With `global_first` the machine runs
    out first.
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
def locked_charge(policy: Policy) -> Kernel:
    """A write() fills its cgroup with the inode locked; the victim waits for that lock (2013).

    Up to 3.11 the writer kills and waits inside its charge, and no task can go on (3812c8c8f395).
    From 3.12 to 4.18 the write() fails. From 4.19 on the kill is in the charge again, and the
    reaper is what makes that possible (29ef680ae7c2).
    """
    kernel = Kernel(policy, 1024)
    inode, file = Mutex("i_mutex of the log file"), Shmem("log", linked=True)
    kernel.shmems.append(file)
    pod = kernel.new_memcg("pod", limit=100)
    writes = (locked, inode, (sleep, 5), (write_tmpfs, file, 60))
    kernel.spawn("writer", (writes,), vmas=heap(1), memcg=pod, adj=-500)
    kernel.spawn("hog", ((sleep, 1), (locked, inode, (pause,))), vmas=heap(60), memcg=pod)
    return kernel


@scenario
def user_space_killer(
    policy: Policy,
    killer: Literal[0, 1] = 1,
    threshold: int = 50,
    releases: Literal[0, 1] = 1,
    stuck: int = 200,
    swap: int = 0,
) -> Kernel:
    """A batch job grows beyond its memory.high: who stops it, and who dies for it?

    `batch` has memory.high 200 and no memory.max; `swap` pages may take what is over. The database
    is big, and quiet; after 80 ticks the web server needs as much. With `killer` a daemon polls the
    pressure of `batch`: when it has stalled for `threshold` ticks it kills all of the cgroup. To
    die takes the job `stuck` ticks; with `releases` the daemon does not wait for that
    (process_mrelease).
    """
    if not threshold:
        raise ValueError("user-space-killer takes a threshold of 1 or more (Linux: EINVAL), not 0")
    kernel = Kernel(policy, 2048)
    kernel.swapon(swap)
    batch = kernel.new_memcg("batch", limit=2048, high=200)
    last_words = ((sleep, stuck, TASK_UNINTERRUPTIBLE),) if stuck else ()
    grows = ((sleep, 5), (touch, "heap", 600), (pause,))
    kernel.spawn("job", grows, vmas=heap(150), memcg=batch, at_exit=last_words)
    kernel.spawn("database", ((pause,),), vmas=heap(900), daemon=True)
    kernel.spawn("web", ((sleep, 80), (mmap, "heap"), (touch, "heap", 880)))
    if killer:
        polls = (oomd, batch, threshold, bool(releases))
        kernel.spawn("oomd", (polls,), adj=-1000, daemon=True)
    return kernel


def oomd(current, memcg, threshold: int, releases: bool) -> Steps:
    """A user-space killer: sleep until the cgroup stalls too much, then kill all that is in it."""
    while current.kernel.policy.pressure_triggers:
        yield from poll_pressure(current, memcg, threshold)
        victims = [task for task in memcg.tasks if thread_group_leader(task) and task.mm]
        for victim in victims:
            yield from kill(current, victim)
        for victim in victims if releases else ():
            yield from process_mrelease(current, victim)
    current.kernel.event("enosys", current)


@scenario
def two_killers(policy: Policy, releases: Literal[0, 1] = 1) -> Kernel:
    """A user-space killer and the kernel's at the same time: do two die where one was enough?

    Each chooses for itself. The daemon kills the small job, and with `releases` takes its memory at
    once; the kernel, when it comes to that, takes the biggest.
    """
    kernel = Kernel(policy, 256, cpus=2, min_kbytes=32)
    job = kernel.spawn("job", ((pause,),), vmas=heap(12))
    kernel.spawn("database", ((pause,),), vmas=heap(20), daemon=True)
    nearly_full(kernel, leave=0)
    acts = (kill, job), *(((process_mrelease, job),) if releases else ())
    kernel.spawn("oomd", acts, adj=-1000)
    kernel.spawn("asker", ((alloc, 6),), adj=-1000)
    return kernel


@scenario
def throttled_job(policy: Policy, releases: Literal[0, 1] = 1) -> Kernel:
    """A killer in user space and a job that memory.high slows down, small enough for all schedules.

    Try the knob charge_batch at 1, so that each page counts. The job may also run into its
    memory.max, and then the kernel's killer is there, too. With `releases` the daemon calls
    process_mrelease() after its kill.
    """
    kernel = Kernel(policy, 256, cpus=2, min_kbytes=32)
    batch = kernel.new_memcg("batch", limit=9, high=4)
    kernel.spawn("job", ((touch, "heap", 6),), vmas=heap(4), memcg=batch)
    polls = (oomd, batch, 50, bool(releases))
    kernel.spawn("oomd", (polls,), adj=-1000, daemon=True)
    return kernel
