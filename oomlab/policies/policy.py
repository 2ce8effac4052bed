"""What may differ between two kernels: one frozen dataclass of knobs, checked where it is made.

The dated designs, each a value of it, are in presets.py; what each option does stands in knobs.py.
Sources: `K x.y` is that kernel release, `M..` a mail of the bibliography, hex a commit.
"""

from dataclasses import dataclass, field, fields
from typing import Any

from ..naming import Named, short
from .patch import Patch
from .policy_words import as_html, in_words
from .valid_policy import check_knob, check_pairs

HZ = 100  # ticks a second


def knob(default, meaning: str, source: str, choices: str = ""):
    """A field of Policy: what it means, where that comes from, and the values that it takes."""
    values = tuple(type(default)(word) for word in choices.split())
    return field(default=default, metadata=dict(meaning=meaning, source=source, choices=values))


@dataclass(frozen=True, repr=False)
class Policy:
    """How one kernel behaves when memory runs out. Times are in ticks, HZ = 100 a second."""

    name: str = knob("linux-4.4", "what this policy is called", "us")
    about: str = knob(
        "January 2016: no reaper, and one unfinished victim blocks the next",
        "what it models, in a line",
        "us",
    )
    kernel: str = knob("4.4", "the version whose log format is printed", "K dump_header")

    # the page allocator
    watermarks: str = knob(
        "quarter",
        "steps to low and high: min/4, or at least 0.1 %",
        "795ae7a0de6b",
        "quarter scaled",
    )
    retry: str = knob(
        "while-progress",
        "when reclaim is tried again before the OOM killer",
        "0a0337e0d1d1, K 4.10, 4.14 should_reclaim_retry",
        "while-progress backs-off no-progress-loops",
    )
    reserves: str = knob(
        "memdie",
        "who may allocate below the min mark, and how far",
        "M02, cd04ae1e2dc8",
        "none memdie favour-dying oom-half",
    )
    alloc_harder: str = knob(
        "gfp-atomic",
        "who reaches a quarter deeper: who cannot wait, __GFP_ATOMIC, or GFP_ATOMIC alone",
        "K gfp_to_alloc_flags, 1ebbb21811b7",
        "no-wait gfp-atomic non-block",
    )
    nofail: str = knob(
        "kills",
        "__GFP_NOFAIL without __GFP_FS: loops, kills, and dips into the reserves",
        "K __alloc_pages_may_oom, K 4.10 slow path, 5020e285856c, 06ad276ac187",
        "loops kills kills-and-dips costly-fails dips",
    )
    retry_mayfail: bool = knob(
        False, "__GFP_RETRY_MAYFAIL fails and no task is killed for it", "dcda9b04713c"
    )
    nofs: str = knob(
        "loop",
        "a request without __GFP_FS: loops, or a dying caller marks itself",
        "K __alloc_pages_may_oom, 3da88fb3bacf",
        "loop-blind loop loop-till-suspend mark-dying",
    )
    overcommit: str = knob(
        "free",
        "what vm.overcommit_memory=0 promises at most: what is free or could be, or all there is",
        "K 2.6.38, 3.10, 4.4, 5.0, 5.2 __vm_enough_memory",
        "thirty-second free-unsigned free machine",
    )

    # choosing and killing
    points: str = knob(
        "pages", "badness counts pages, or per mille of memory", "K oom_badness", "permille pages"
    )
    page_tables: str = knob(
        "ptes+pmds", "page tables that count as badness", "af5b0f6a09e4", "none ptes ptes+pmds"
    )
    root_bonus: str = knob(
        "own",
        "3 % off for CAP_SYS_ADMIN: of its own points, of all memory",
        "d46078b28889",
        "none own total",
    )
    signed_points: bool = knob(False, "points may fall below 1", "9066e5cfb73c")
    ties: str = knob(
        "first", "on equal points the first or the last task of the list wins", "M43", "first last"
    )
    victim_mark: str = knob(
        "thread", "the mark: TIF_MEMDIE, or signal->oom_mm", "26db62f179d1", "thread process"
    )
    free_mem: str = knob(
        "exiting",
        "who is on the way out: a thread that exits, the only thread, a process as a whole",
        "1af8bb432695, K 2.6.38 select_bad_process, K task_will_free_mem, K 5.17 signal.c",
        "exiting-alone exiting-dumps exiting group-exit dump-first",
    )
    scan: str = knob(
        "threads",
        "who is looked at, and whose mark stops the scan: leaders, or every thread",
        "K 2.6.38, 3.10, 4.4, 4.10 select_bad_process, K 4.19, 5.4 mem_cgroup_scan_tasks",
        "processes each-thread threads leaders",
    )
    marked_first: bool = knob(
        False, "the victim is marked before it has its SIGKILL", "K 3.10, K 4.4 oom_kill_process"
    )
    exiting_aborts: bool = knob(True, "an exiting task stops the scan", "6a618957ad17")
    vfork_skipped: bool = knob(False, "a vfork child is never selected", "b18dc5f291c0")
    child_sacrifice: bool = knob(True, "kill a child of the chosen task", "M42, bbbe48029720")
    adj_follows_mm: bool = knob(
        False, "oom_score_adj goes to all that share the mm", "44a70adec910"
    )
    unkillable_sharer: str = knob(
        "spared", "a sharer of the mm with adj -1000", "97fd49c2355f", "protects spared killed"
    )
    group_takes_init: bool = knob(
        False, "memory.oom.group kills global init, too", "K 4.19 oom_kill_memcg_member"
    )
    init_sharer: str = knob(
        "spared",
        "global init, if it shares the mm",
        "K oom_kill_process, recordings",
        "spared killed",
    )
    kthread_blocks_reaping: bool = knob(
        True, "an mm that a kthread uses is not reaped", "1b51e65eab64"
    )
    oom_group: bool = knob(False, "memory.oom.group kills a whole cgroup", "3d8b38eb81ca")
    memcg_oom: str = knob(
        "fault-end",
        "where a memcg kills: in the charge path, also waiting there, or after the fault",
        "3812c8c8f395, 29ef680ae7c2",
        "charge-waits fault-end charge",
    )
    memcg_recheck: str = knob(
        "none",
        "what calls a memcg kill off once oom_lock is held: death of the caller, room in the memcg",
        "7775face2079, 1378b37d03e8, K 6.18 mem_cgroup_out_of_memory",
        "none dying margin margin-alone",
    )
    memcg_limit: str = knob(
        "exceeded",
        "a charge by the dying, or with no task to kill: exceeds the limit, or fails",
        "a4ebf1b6ca1e",
        "exceeded kept",
    )
    memory_high: str = knob(
        "reclaims",
        "over memory.high: reclaim, and sleep, after 16 tries in vain, unless dying",
        "0e4b01df8659, b3ff92916af3, K 6.12 mem_cgroup_handle_over_high",
        "none reclaims throttles retries spares-dying",
    )
    memory_low: str = knob(
        "target-too",
        "whose memory.low protects a page: of all above it, with or without the cgroup that is "
        "reclaimed, or shared out among the children",
        "K 4.4, 4.9, 4.14 mem_cgroup_low, K 4.19 mem_cgroup_protected",
        "none target-too below shared",
    )
    charge_batch: int = knob(32, "user pages charged at a time, never page tables", "1813e51eece0")
    pressure_triggers: bool = knob(
        False, "a process can poll for pressure (PSI triggers)", "0e94682b73bf"
    )
    sleep_after_kill: bool = knob(True, "nap one tick holding oom_lock", "9bfe5ded054b")
    panic_on_oom: int = knob(0, "sysctl: panic instead of killing", "K check_panic_on_oom", "0 1 2")
    sysrq_panics: bool = knob(
        False, "panic_on_oom holds for SysRq-f too", "K 3.10, 4.4 check_panic_on_oom"
    )
    oom_kill_allocating_task: bool = knob(
        False, "sysctl: kill who asked, do not search", "K out_of_memory"
    )
    fault_asks_again: bool = knob(
        True, "a fault that got no page calls the OOM killer once more", "60e2793d440a"
    )
    mmap_sem_killable: str = knob(
        "none",
        "whose wait for mmap_sem ends by SIGKILL: a writer's, a reader of /proc's, a page fault's",
        "dc0ef0df7b6a, K 5.4 access_remote_vm, K 6.12 lock_mm_and_find_vma",
        "none writers writers+proc writers+proc+faults",
    )
    suspend: str = knob(
        "waits",
        "oom_killer_disable(): a flag alone, a wait for the victims, or one of 20 s at most",
        "K 3.10, 4.4, 4.9 oom_killer_disable",
        "flag waits gives-up",
    )
    thaws: str = knob(
        "thread", "what a mark as victim thaws", "K mark_oom_victim", "nothing thread process"
    )

    # the reaper
    reaper: str = knob(
        "none",
        "how a victim reaches the reaper",
        "M10, 03049269de43, M16",
        "none slot slot-xchg list scan workqueue",
    )
    pin: str = knob(
        "before-publish",
        "when the hand-off takes its reference on the mm",
        "M23, M24",
        "after-publish before-publish",
    )
    wake: str = knob(
        "oom_kill_process", "who wakes the reaper", "M13, M14", "mark_oom_victim oom_kill_process"
    )
    reap_dying: bool = knob(True, "a task that marks itself is reaped too", "K 4.10 out_of_memory")
    queue_guard: str = knob(
        "linked",
        "how a victim already queued is recognised",
        "855b01832573, 9bcdeb51bd7d",
        "none linked flag",
    )
    queue_link: str = knob(
        "popped",
        "the task's link in the reaper's list is cleared: when popped, never, once reaped",
        "03049269de43, K 4.6, K 4.7 oom_reap_task",
        "popped kept cleared",
    )
    reaper_fifo: bool = knob(False, "the reaper runs SCHED_FIFO, above all others", "M10, M31")
    reaper_naps: bool = knob(True, "HZ/10 of sleep between two attempts", "69b27baf")
    reaper_oom_lock: bool = knob(False, "the reaper holds oom_lock", "e2fe14564d33, af5679fbc669")
    reap_locked: bool = knob(False, "mlocked VMAs are reaped", "a213e5cf71cb")
    reap_pfnmap: bool = knob(True, "VM_PFNMAP VMAs are reaped", "K 4.14")
    unstable: str = knob(
        "none",
        "who is refused a page of a reaped mm (MMF_UNSTABLE); others read zeros there",
        "3f70dc38cec2, 6b31d5955cb2",
        "none kthreads all",
    )
    reap_order: str = knob(
        "ascending", "from which end the reaper walks", "K 6.18", "ascending descending"
    )
    reaper_pins: str = knob(
        "mm_users",
        "what the reaper holds: mm_users keeps exit_mmap away, mm_count lets it come",
        "212925802454",
        "mm_users mm_count",
    )
    exit_mmap: str = knob(
        "alone",
        "how exit_mmap() keeps out of the way of a walk that does not hold mm_users",
        "212925802454, 27ae357fa82b, 64591e8605d6, bf3980c85212",
        "alone empty-lock reaps-itself write-locked read-then-write",
    )
    mrelease: str = knob(
        "none",
        "process_mrelease(2), and what it holds",
        "884a7e5964e0, then 337546e83fc7 (mm_users), 64591e8605d6 (mm_count again)",
        "none mm_users mm_count",
    )
    reaped: str = knob(
        "nothing",
        "what a reaped victim is to the killer",
        "36324a990cf5, K 4.10",
        "nothing hide skip",
    )
    gave_up: str = knob(
        "nothing",
        "what a victim that could not be reaped is to the killer",
        "449d777d7ad6, K 4.10",
        "nothing unmark skip",
    )
    reap_delay: int = knob(0, "ticks between kill and reap", "e4a38402c36e")
    reaper_starts: bool = knob(True, "kthread_run(oom_reaper) succeeds", "M13, M16")
    start_failure: str = knob(
        "continue", "what a failed kthread_run does", "M13, M16", "continue panic"
    )
    scan_period: int = knob(HZ // 10, "scan: ticks between two rounds", "M05, M33")
    scan_next_victim: int = knob(0, "scan: ticks to the next victim, 0 never", "M16, M23")
    scan_panic: int = knob(0, "scan: ticks to a panic, 0 never", "M16")

    # functions of its own (policies/patch.py), None for a policy made of knobs alone
    patch: Patch | None = field(default=None, repr=False)

    def __post_init__(self) -> None:
        """ValueError, in one sentence, for a value that no kernel could have."""
        if self.patch is not None and not isinstance(self.patch, Patch):
            raise ValueError(f"a policy's patch is made by oomlab.patch(), not {short(self.patch)}")
        for item in fields(self):
            if item.name != "patch":
                check_knob(item, getattr(self, item.name))
        check_pairs(self)

    @property
    def preset(self) -> str:
        """The preset it is, or is made from; of one with its own name, that with least to turn.

        Together with the knobs that differ it says all of a policy, whichever preset it is.
        """
        if self.patch is not None:
            return self.patch.base
        if self.name in presets:
            return self.name
        return min(presets, key=lambda n: len(presets[n].difference(self)), default=self.name)

    @property
    def turned(self) -> dict[str, int | str | bool]:
        """Every knob in which it differs from its preset, with its value here."""
        made_from = presets.get(self.preset, self)
        return {name: new for name, (_, new) in made_from.difference(self).items()}

    def difference(self, other: "Policy") -> dict[str, tuple]:
        """The knobs in which the two differ: {knob: (value here, value there)}.

        `other`: any Policy; ValueError for all else. An empty dictionary: no knob differs. What a
        patch replaces is no knob.
        """
        if not isinstance(other, Policy):
            raise ValueError(f"the difference is to another Policy, not to {short(other)}")
        pairs = {name: (getattr(self, name), getattr(other, name)) for name in KNOBS}
        return {name: pair for name, pair in pairs.items() if pair[0] != pair[1]}

    def __repr__(self) -> str:
        return in_words(self)

    def _repr_html_(self) -> str:
        return as_html(self, presets[self.preset])

    def bind(self, function: Any) -> Any:
        """A function or program of the model, as this policy's patch has it."""
        return function if self.patch is None else self.patch.bind(function)

    def class_of(self, cls: type) -> type:
        """The class to make objects of, with the state that the patch declares."""
        return cls if self.patch is None else self.patch.class_of(cls)

    @property
    def kthreads(self) -> dict:
        """Kernel threads that the patch adds: {name: function}."""
        return {} if self.patch is None else self.patch.kthreads


presets: dict[str, Policy] = {}  # by name; presets.py fills it
KNOBS = Named(
    "knob", ((f.name, f) for f in fields(Policy) if f.name not in ("name", "about", "patch"))
)
