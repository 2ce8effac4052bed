"""One machine: its memory, its tasks, its clock, and the variables that the OOM code shares."""

from collections import deque
from collections.abc import Callable
from contextvars import ContextVar
from dataclasses import dataclass
from heapq import heapify, heappop, heappush

from ..naming import calls, of_class, whole
from ..policies.policy import Policy
from .exit import user_mode
from .faults import charged_to
from .locks import TASK_INTERRUPTIBLE, TASK_RUNNING, Mutex, WaitQueue, schedule
from .memcg import Memcg
from .memory import Zone
from .mm import FILE, HUGETLB, MM, PFNMAP, VMA, ancestors
from .reaper import oom_reaper_list, oom_reaper_slot
from .tasks import PF_KTHREAD, Signal, Task
from .vmscan import kswapd

REAPERS: dict[str, tuple[str, Callable]] = {  # by knob; scenarios/unmerged.py has more
    "slot": ("oom_reaper", oom_reaper_slot),
    "slot-xchg": ("oom_reaper", oom_reaper_slot),
    "list": ("oom_reaper", oom_reaper_list),
}

# How a thread of control is made: None for a generator; the explorer makes one that it can copy.
threads: ContextVar[Callable | None] = ContextVar("threads", default=None)

LVL_START = 64  # ticks: the timer wheel is exact up to these


@dataclass(slots=True, eq=False, repr=False)
class Timer:
    """struct timer_list: at tick `expires`, call function(argument)."""

    expires: int
    number: int  # keeps the order of equals
    function: Callable
    argument: Task

    def __lt__(self, other: "Timer") -> bool:
        return (self.expires, self.number) < (other.expires, other.number)


class Kernel:
    """A booted machine. `managed` pages of memory, `cpus` processors, one policy."""

    __slots__ = (
        *("policy", "cpus", "timeslice", "turn", "asked", "zone", "unmanaged", "tasks"),
        *("next_pid", "mms", "shmems", "memcgs", "jiffies", "timers", "timers_made"),
        *("wheel", "runqueue", "freezing", "oom_killer_disabled", "oom_lock"),
        *("oom_victims", "oom_victims_wait", "oom_reaper_wait"),
        *("oom_reaper_list", "mm_to_reap", "busy_workers", "kswapd", "kswapd_wait"),
        *("overcommit_memory", "swap_free", "panicked", "bugs", "events", "progress"),
        *("reaped", "happened", "symmetric", "init"),
    )
    NOT_STATE = (
        *("jiffies", "timers_made"),  # time: a state holds which timers are pending, and when
        "runqueue",  # in which order the seeded scheduler goes; who is runnable says Task.state
        *("events", "progress", "reaped", "happened"),  # only told
        "symmetric",  # a claim about the start
    )

    def __new__(cls, policy: Policy, *args, **kwargs):
        return object.__new__(of_class("policy", Policy, policy).class_of(cls))

    def __init__(
        self,
        policy: Policy,
        managed: int,
        *,
        cpus: int = 2,
        reclaimable: int = 0,
        min_kbytes: int | None = None,
        timeslice: int = 1,
    ):
        self.policy = policy
        self.cpus = whole("cpus", cpus, 1)
        self.timeslice = whole("timeslice", timeslice, 1)  # of a turn, in units of the scheduler
        self.turn = 1  # steps that the current task is sure to take before any other does anything
        self.asked = 0  # how many these were when it last asked for a page in them; 0: it did not
        min_kbytes = None if min_kbytes is None else whole("min_kbytes", min_kbytes)
        self.zone = policy.class_of(Zone)(whole("pages", managed, 1), policy.watermarks, min_kbytes)
        self.zone.reclaimable = whole("reclaimable", reclaimable)
        self.zone.free -= reclaimable
        self.unmanaged = 0  # pages the zone has beyond what the OOM killer calls RAM
        self.tasks: list[Task] = []  # in order of creation, as for_each_process() goes
        self.next_pid = 1
        self.mms: list[MM] = []
        self.shmems: list = []
        self.memcgs: list[Memcg] = []
        # time and processors
        self.jiffies = 0
        self.timers: list[Timer] = []  # a heap
        self.timers_made = 0
        self.wheel = 8  # ticks in a bucket of the timer wheel, for timers of LVL_START and more
        self.runqueue: deque[Task] = deque()
        # kernel/power
        self.freezing = False
        self.oom_killer_disabled = False
        # mm/oom_kill.c
        self.oom_lock = Mutex("oom_lock")
        self.oom_victims = 0
        self.oom_victims_wait = WaitQueue("oom_victims_wait")
        self.oom_reaper_wait = WaitQueue("oom_reaper_wait")
        self.oom_reaper_list: Task | None = None
        self.mm_to_reap: MM | None = None
        self.busy_workers = 0
        self.kswapd_wait = WaitQueue("kswapd_wait")
        self.swap_free = 0  # pages of swap that are not in use
        self.overcommit_memory = 0  # sysctl: 0 guesses, 1 always says yes, 2 keeps its promises
        # what is to be told
        self.panicked: str | None = None
        self.bugs: dict[str, str] = {}  # what must never happen and did: text, and kind
        self.events: list[dict] | None = []  # None: none are kept
        self.progress = 0  # events that were not just another vain attempt
        # By name, of mms and of tasks; None where no answer may depend on a name.
        self.reaped: dict[str, int] | None = {}  # pages the reaper made free
        self.happened: dict[tuple[str, str], None] | None = {}  # (event, whose), each once
        self.symmetric: list[list] = []  # groups of objects that are alike, for the explorer

        sleeps = (schedule, TASK_INTERRUPTIBLE, "a signal")
        self.init = self.spawn("init", (sleeps,), uid=0, daemon=True)
        self.next_pid = 100
        self.kswapd: Task | None = None
        self.kswapd_run(reclaimable)
        self.oom_init()
        for name, function in self.policy.kthreads.items():
            self.kthread_run(name, function)

    def oom_init(self) -> None:
        """Start the reaper; whether a failure here matters is a question of M16."""
        if self.policy.reaper == "none":
            return
        name, function = REAPERS[self.policy.reaper]
        if self.policy.reaper_starts:
            self.kthread_run(name, function).fifo = self.policy.reaper_fifo
        elif self.policy.start_failure == "panic":
            self.panic("Unable to start OOM reaper")
        else:
            self.event("reaper_failed", None)

    def spawn(
        self,
        name: str,
        program: tuple = (),
        *,
        vmas=(),
        mm: MM | None = None,
        thread_of: Task | None = None,
        parent: Task | None = None,
        adj: int | None = None,
        uid: int | None = None,
        memcg: Memcg | None = None,
        at_exit: tuple = (),
        vfork_done=None,
        daemon: bool = False,
    ) -> Task:
        """Make a task; `mm` shares an address space (CLONE_VM), `thread_of` a process too.

        `uid`: by default that of the process or of the parent; 1000 of who has none. Simplified:
        memory of an `mm` is charged to the cgroup of the task that it was made for, even when that
        one has exited; in Linux then to another user (mm_update_next_owner). `vmas` know no limit.
        """
        calls("program", program)
        calls("at_exit", at_exit)
        mm, memcg = mm and of_class("mm", MM, mm), memcg and of_class("memcg", Memcg, memcg)
        uid = getattr(thread_of or parent, "uid", 1000) if uid is None else uid
        parent = parent or (self.init if self.tasks else None)
        if thread_of is not None:
            signal, mm, parent = thread_of.signal, thread_of.mm, thread_of.parent
            memcg = memcg or thread_of.memcg
        else:
            signal = self.policy.class_of(Signal)(whole("adj", adj or 0, -1000, 1000))
            if adj is None and parent is not None:  # copy_signal()
                signal.oom_score_adj = parent.signal.oom_score_adj
                signal.oom_score_adj_min = parent.signal.oom_score_adj_min
        if mm is None:
            mm = self.new_mm(name, vmas, memcg)
        else:
            mm.mm_users += 1
        task = self.policy.class_of(Task)(self, self.next_pid, name, signal, mm, memcg, uid)
        if parent is not None and thread_of is None:
            task.parent = parent
            parent.signal.children.append(task)
        bind = self.policy.bind  # a patch has functions of its own
        task.program, task.at_exit, task.vfork_done = bind(program), bind(at_exit), vfork_done
        task.daemon = daemon
        self.start(task, user_mode)
        return task

    def kthread_run(self, name: str, function, mm: MM | None = None) -> Task:
        """Start a kernel thread; with `mm` it borrows that address space (use_mm)."""
        of = self.policy.class_of
        task = of(Task)(self, self.next_pid, name, of(Signal)(), mm, uid=0)
        task.flags = PF_KTHREAD
        self.start(task, function)
        return task

    def kswapd_run(self, pages: int) -> None:
        """Start kswapd with the first `pages` that it could free: cache, swap, mapped files."""
        if pages and self.kswapd is None:
            self.kswapd = self.kthread_run("kswapd0", kswapd)

    def start(self, task: Task, function) -> None:
        """Put it on the task list and let it run `function(task)` up to its first step."""
        self.next_pid += 1
        self.tasks.append(task)
        task.signal.threads.append(task)
        for memcg in ancestors(task.memcg):
            memcg.tasks.append(task)
        function, make = self.policy.bind(function), threads.get()
        if make is None:
            task.thread = function(task)
            task.op = next(task.thread)
        else:
            task.op, task.thread = make(function, task)
        if task.state == TASK_RUNNING:
            self.runqueue.append(task)

    def new_mm(self, name: str, vmas, memcg: Memcg | None) -> MM:
        mm = self.policy.class_of(MM)(self, name, [of_class("vmas", VMA, v) for v in vmas], memcg)
        self.mms.append(mm)
        self.zone.free -= mm.nr_ptes + mm.nr_pmds
        for vma in mm.vmas:
            payer = charged_to(vma.shmem, memcg) if vma.kind != HUGETLB else None
            if vma.shmem is not None:
                taken = vma.shmem.pages if vma.shmem.mappings or vma.shmem in self.shmems else 0
                new = max(vma.pages, vma.shmem.pages) - taken
                vma.shmem.mappings += 1
                vma.shmem.pages = taken + new
                self.kswapd_run(vma.kind == FILE)
            else:
                new = 0 if vma.kind == PFNMAP else whole("pages", vma.pages)
            self.zone.free -= new
            if payer is not None:
                payer.charge(new)
        if self.zone.free < 0:
            raise ValueError(f"{name} needs {-self.zone.free} pages more than the machine has")
        return mm

    def swapon(self, pages: int) -> None:
        """Add swap: a device of `pages` that anonymous memory can be written to."""
        self.zone.total_swap += whole("pages", pages)
        self.swap_free += pages
        self.kswapd_run(pages)

    def new_memcg(self, name: str, limit: int, parent=None, oom_group=False, **more) -> Memcg:
        """A cgroup with memory.max `limit` in pages; `more`: high and low (4.4 on), swap_max.

        To 4.4 the last is memory.memsw less the limit. It binds kswapd, in Linux only a charge.
        `low` of children that want more than their parent has is shared in sum, as from 5.10 on.
        """
        files = {file: whole(file, pages) for file, pages in {"limit": limit, **more}.items()}
        if self.policy.memory_high == "none":
            files = {file: files[file] for file in ("limit", "swap_max") if file in files}
        memcg = self.policy.class_of(Memcg)(name, parent=parent, oom_group=oom_group, **files)
        self.memcgs.append(memcg)
        return memcg

    def add_timer(self, ticks: int, function, argument) -> Timer:
        """Call function(argument) in `ticks` ticks, or, if they are many, somewhat later.

        The timer wheel (4.8, 500462a9de65) keeps long timers in buckets of several ticks. A bucket
        fires at its end, and the newest timer in it first (enqueue_timer: hlist_add_head).
        Simplified: so it is before 4.8, too, where each was exact; and from 505 ticks on a bucket
        has 64 in Linux, not 8.
        """
        self.timers_made += 1
        expires, number = self.jiffies + max(ticks, 1), self.timers_made  # not in this tick
        if ticks >= LVL_START:
            expires, number = (expires // self.wheel + 1) * self.wheel, -number
        timer = Timer(expires, number, function, argument)
        heappush(self.timers, timer)
        return timer

    def del_timer(self, timer: Timer) -> None:
        if timer in self.timers:
            self.timers.remove(timer)
            heapify(self.timers)

    def run_timers(self) -> None:
        """Fire every timer that is due."""
        while self.timers and self.timers[0].expires <= self.jiffies:
            timer = heappop(self.timers)
            timer.function(timer.argument)

    def event(self, name: str, task: Task | None, vain: bool = False, **more) -> None:
        """A tracepoint or a log line, with the kernel's name if it has one; `vain`: no progress."""
        if not vain:
            self.progress += 1
        if task is not None and self.happened is not None:
            self.happened[name, task.name] = None
        if self.events is not None:
            self.events.append(dict(event=name, tick=self.jiffies, task=task, **more))

    def bug(self, kind: str, text: str) -> None:
        """Something that must never happen did; the run goes on.

        `kind`: "freed", what is used was freed or will be; "alive", who was reaped has no SIGKILL.
        """
        if text not in self.bugs:
            self.bugs[text] = kind
            self.event("bug", None, text=text)

    def init_dies(self, exitcode: int) -> None:
        """Panic as soon as init is killed; in Linux when it exits."""
        code = "" if self.policy.scan == "processes" else f" exitcode={exitcode:#010x}"  # K 2.6.38
        self.panic(f"Attempted to kill init!{code}")

    def panic(self, text: str) -> None:
        self.panicked = text
        self.event("panic", None, text=text)
