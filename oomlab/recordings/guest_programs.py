"""What the tasks of a recorded scene do: the guest's program, in the words of the model.

The tasks share a Stage: which of them may begin, which get no processor, how much each has grown.
The replayed script (replay.py) changes it; the programs below only read it. Sizes are in kB and
times in milliseconds, as the scenes have them.
"""

from collections import Counter

from ..model.fork import fork
from ..model.gfp import GFP_KERNEL
from ..model.locks import TASK_UNINTERRUPTIBLE, Steps, WaitQueue, schedule_timeout
from ..model.memcg import Memcg, try_charge
from ..model.memory import alloc_pages
from ..model.mm import ANON, VMA, Shmem
from ..model.syscalls import mmap_lock
from ..model.tasks import Task, fatal_signal_pending
from ..policies.policy import HZ
from ..scenarios.programs import alloc, pause, touch

STARVED = 50  # a task that gets less than one fiftieth of a processor: it stands still, for us
WALK = 3  # ticks that a walk through megabytes of page tables takes with a processor of its own
KERNEL_PAGES = 16  # of a small process: kernel stack, task_struct, mm_struct, page tables
THREAD_SIZE, PAGE_SIZE = 16384, 4096


def ticks(ms: int) -> int:
    """Milliseconds as ticks of the model, rounded up."""
    return -(-ms * HZ // 1000)


class Stage:
    """What the tasks of a scene share, and what the recorder does to them."""

    def __init__(self, config: dict, commit_limit: int | None, committed: int, fair_server: bool):
        """`commit_limit` in kB is None unless overcommitting is off; `committed` is used of it.

        `fair_server`: do ordinary tasks get a twentieth of a processor beside real-time ones?
        """
        self.tasks = {task["id"]: task for task in config["tasks"]}
        self.running: dict[str, Task] = {}
        self.gates: dict[int, WaitQueue] = {}
        self.open: set[int] = set()
        self.stop = False
        self.grown: Counter[str] = Counter()  # kB; of other behaviours, that they have begun
        self.throttled: set[str] = set()  # cgroups
        self.hogs: dict[str, str] = {}  # who keeps a processor busy -> its scheduling class
        self.commit_limit, self.committed = commit_limit, committed
        self.fair_server = fair_server
        self.memcgs: dict[str, Memcg] = {}  # the cgroups of the recording, by path
        self.gone = 0  # tasks that had ended before the pressure began

    def gate(self, group: int) -> WaitQueue:
        return self.gates.setdefault(group, WaitQueue(f"go {group}"))

    def starved(self, name: str) -> bool:
        """Is it runnable, and gets no processor?"""
        task = self.tasks[name]
        group = task.get("cgroup", "")
        if any(group == slow or group.startswith(slow + "/") for slow in self.throttled):
            return True
        for hog, how in self.hogs.items():
            if hog == name or self.tasks[hog].get("cpu") != task.get("cpu"):
                continue
            if how == "fifo" and task.get("sched") != "fifo" and not self.fair_server:
                return True
            if how != "fifo" and task.get("sched") == "idle":
                return True
        return False

    def commit(self, kb: int) -> bool:
        """__vm_enough_memory() with vm.overcommit_memory = 2: may it be promised so much more?"""
        if self.commit_limit is not None and self.committed + kb >= self.commit_limit:
            return False
        self.committed += kb
        return True


def starve(current, stage: Stage, name: str) -> Steps:
    """Wait for a processor: runnable, but no signal makes it run."""
    while stage.starved(name):
        yield from schedule_timeout(current, TASK_UNINTERRUPTIBLE, 1)


def wait_for_go(current, stage: Stage, group: int) -> Steps:
    if group not in stage.open:
        yield from stage.gate(group).wait(current)


def nap(current) -> Steps:
    """Some hundred microseconds: less than a tick, but time for the others to run."""
    yield "nap", "less than a tick"


def grow(current, stage: Stage, task: dict) -> Steps:
    """Take memory in steps with naps between, until the recorder says stop."""
    name, step, most = task["id"], task.get("step_kb", 256), task.get("max_kb")
    file = Shmem(f"file of {name}", linked=True)
    owed = 0  # microseconds of naps that do not yet make a tick
    while not stage.stop and (most is None or stage.grown[name] + step <= most):
        if not stage.commit(step):
            return
        if task.get("grow_kind") == "tmpfs":
            yield from write_tmpfs(current, file, step // 4)
        else:
            yield from touch(current, "grown", step // 4)
        if fatal_signal_pending(current):
            return
        stage.grown[name] += step
        yield from nap(current)
        owed += task.get("delay_us", 0)
        if owed >= 1_000_000 // HZ:
            owed -= 1_000_000 // HZ
            yield from schedule_timeout(current, TASK_UNINTERRUPTIBLE, 1)


def write_tmpfs(current, file: Shmem, pages: int) -> Steps:
    """write() to a file in tmpfs: its pages are in no process, and stay when the writer goes."""
    memcg = current.mm.memcg
    if file not in current.kernel.shmems:
        current.kernel.shmems.append(file)
    for _ in range(pages):
        page = yield from alloc_pages(current, GFP_KERNEL)
        if not page:
            return
        if memcg is not None:
            charged = yield from try_charge(current, memcg)
            if not charged:
                current.kernel.zone.free_pages(1)
                return
        file.pages += 1


def forkbomb(current, stage: Stage, task: dict) -> Steps:
    """Fork until stopped, or until the kernel's limit: an eighth of memory for kernel stacks.

    Each child has the memory of its parent copy-on-write, which costs nothing, and touches some
    of its own. What its kernel stack and its page tables take is in kernel pages.
    """
    kernel, step = current.kernel, task.get("step_kb", 0) // 4
    limit = kernel.zone.managed * PAGE_SIZE // (8 * THREAD_SIZE)
    while not stage.stop:
        if len(kernel.tasks) < limit:
            program = ((alloc, KERNEL_PAGES), (touch, "heap", step), (pause,))
            heap = (VMA("heap", ANON),)
            yield from fork(current, task["id"], program, vmas=heap, uid=current.uid)
            stage.grown[task["id"]] += 1
        if fatal_signal_pending(current):
            return
        yield from schedule_timeout(current, TASK_UNINTERRUPTIBLE, 1)


def protect(current, stage: Stage, name: str) -> Steps:
    """mprotect() over a large range, again and again: mmap_lock for write, and a long walk."""
    while not fatal_signal_pending(current):
        yield from fork_once(current, stage, name)
        yield from nap(current)


def fork_once(current, stage: Stage, name: str) -> Steps:
    """fork() of a large process: its mmap_lock is held for write while page tables are copied."""
    locked = yield from mmap_lock(current)
    if locked:
        stage.grown[name] = 1
        yield from walk(current, stage, name)
        current.mm.mmap_sem.up_write()


def clear_refs(current, stage: Stage, name: str) -> Steps:
    """Write /proc/PID/clear_refs, again and again: the mmap_lock of another, for write."""
    mm = stage.running[stage.tasks[name]["target"]].mm
    while mm is not None and mm.tasks:
        yield from mm.mmap_sem.down_write(current)
        stage.grown[name] = 1
        yield from walk(current, stage, name)
        mm.mmap_sem.up_write()
        yield from nap(current)


def walk(current, stage: Stage, name: str) -> Steps:
    """Work on page tables: no signal ends it, and without a processor it does not go on."""
    yield from schedule_timeout(current, TASK_UNINTERRUPTIBLE, WALK)
    yield from starve(current, stage, name)


def hog_processor(current, stage: Stage, name: str) -> Steps:
    """Run on its processor without a pause for `hold_ms`, once the target has begun."""
    task = stage.tasks[name]
    while task["target"] in stage.running and not stage.grown[task["target"]]:
        yield from schedule_timeout(current, TASK_UNINTERRUPTIBLE, 1)
    stage.hogs[name] = task.get("sched", "other")
    yield from schedule_timeout(current, TASK_UNINTERRUPTIBLE, ticks(task["hold_ms"]))
    del stage.hogs[name]


def come_and_go(current, stage: Stage, task: dict) -> Steps:
    """Threads of a living process exit one after the other, and each needs memory for that."""
    name, step = task["id"], task.get("step_kb", 256)
    while not stage.stop and stage.grown[name] + step <= task["max_kb"]:
        before = len(current.signal.threads)
        needs = ((touch, "grown", step // 4),)
        current.kernel.spawn(name, (), thread_of=current, memcg=current.memcg, at_exit=needs)
        while len(current.signal.threads) > before:
            yield from schedule_timeout(current, TASK_UNINTERRUPTIBLE, 1)
        if fatal_signal_pending(current):
            return
        stage.grown[name] += step


def program_of(task: dict, stage: Stage) -> tuple:
    """What the task does once the recorder lets it go; most only rest."""
    name, group = task["id"], task.get("go_group", 0)
    does = {
        "grow": (grow, stage, task),
        "forkbomb": (forkbomb, stage, task),
        "protect": (protect, stage, name),
        "fork1": (fork_once, stage, name),
        "clearrefs": (clear_refs, stage, name),
        "rthog": (hog_processor, stage, name),
        "texit": (come_and_go, stage, task),
    }.get(task.get("behaviour", "pause"))
    return ((wait_for_go, stage, group), does, (pause,)) if does else ((pause,),)
