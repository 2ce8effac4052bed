"""The dated designs: releases of Linux, and what was proposed in between.

A preset is a value, made from its predecessor by naming only what changed. Reading from top to
bottom is therefore the history of the debate, and two policies can be compared knob by knob.
Sources: `K x.y` is that kernel release, `M..` a mail of the bibliography, hex a commit.
"""

from dataclasses import replace

from ..naming import Named, short
from .policy import HZ, Policy, presets

# March 2011: per mille points; mm->oom_disable_count protects whoever shares with adj -1000.
# As in the stable 2.6.38.2, which was recorded, a child that shares its parent's mm does not die
# for it; in 2.6.38 itself it could (K 2.6.38, 3.0 oom_kill_process). Left out: how zone reclaim
# decides what to scan, the victim's real-time priority, `(1 << order) + 1` in the marks, the nap of
# pagefault_out_of_memory(), that a victim which is dead keeps TIF_MEMDIE, and so the killer waits,
# until its parent wait()s (select_bad_process), and that mm->oom_disable_count goes down with each
# thread that exits, but went up once when -1000 was written (K 2.6.38 exit_mm).
LINUX_2_6_38 = replace(
    Policy(),
    name="linux-2.6.38",
    about="March 2011: per mille points; a sharer with adj -1000 protects the mm (left out: "
    "zone reclaim, real-time victims, two pages more in each mark, a nap of one tick after a fault "
    "that got no page; that oom_disable_count goes wrong with threads; that the killer waits for a "
    "dead victim until its parent has called wait(); and as in 2.6.38.2 a child that shares its "
    "parent's memory does not die for it)",
    kernel="2.6.38",
    points="permille",
    page_tables="none",
    root_bonus="total",
    unkillable_sharer="protects",
    init_sharer="killed",
    scan="processes",
    free_mem="exiting-alone",
    marked_first=True,
    memcg_oom="charge-waits",
    memory_high="none",
    memory_low="none",
    sysrq_panics=True,
    alloc_harder="no-wait",
    nofail="loops",
    nofs="loop-blind",
    overcommit="thirty-second",
    suspend="flag",
    thaws="nothing",
)

# Left out: a task that a tracer holds at its exit does not stop the search (PT_TRACE_EXIT). And
# do_try_to_free_pages() says "no progress" while the killer is off, where it would hope else.
LINUX_3_10 = replace(
    Policy(),
    name="linux-3.10",
    about="June 2013: points in pages, 3 % of all memory off for root (left out: tracers; that "
    "reclaim hopes for nothing in a suspend)",
    kernel="3.10",
    page_tables="ptes",
    root_bonus="total",
    init_sharer="killed",
    scan="each-thread",
    marked_first=True,
    memcg_oom="charge-waits",
    memory_high="none",
    memory_low="none",
    free_mem="exiting-dumps",
    sysrq_panics=True,
    alloc_harder="no-wait",
    nofail="loops",
    overcommit="free-unsigned",
    suspend="flag",
    thaws="nothing",
)

LINUX_4_4 = Policy()  # January 2016: no reaper, one unfinished victim blocks the next

# Michal Hocko's first RFC (M10), with the order of its steps and its three later-found races.
RFC_V1 = replace(
    LINUX_4_4,
    name="rfc-2015-11-25",
    about="Hocko's first RFC: one slot, filled by cmpxchg, woken when the victim is marked",
    reaper="slot",
    pin="after-publish",
    wake="mark_oom_victim",
    reaper_fifo=True,
    reaper_naps=False,
    reap_locked=True,
)

# RFC v2 (M18): woken after the last SIGKILL. The shortcuts for dying tasks no longer wake it.
RFC_V2 = replace(
    RFC_V1,
    name="rfc-2015-11-27",
    about="RFC v2: woken after the last SIGKILL, still pinned after it is published",
    wake="oom_kill_process",
    reap_dying=False,
)

# What Handa asked about (M13, as in M01's sketch): emptied by xchg before the work begins.
RFC_XCHG = replace(
    RFC_V2,
    name="rfc-xchg",
    about="the slot as Handa asked about it: emptied by xchg before the work begins",
    pin="before-publish",
    reaper="slot-xchg",
)

# Tetsuo Handa's side of the argument: a list of victims (M16) and priority allocation (M02).
HANDA = replace(
    RFC_V2,
    name="handa",
    about="Handa's side: a list of victims, and priority for the dying in the allocator",
    pin="before-publish",
    reaper="list",
    reserves="favour-dying",
    reap_locked=False,
    reaper_naps=True,
)

# The periodic scan of M09 and M16 at its best: reap any victim found, choose another, at last
# panic. It tries all victims every tenth of a second (M33), leaves an mm alone that a living task
# uses, gives a victim one second (M23), and the dying have priority (M02, M16).
KMALLOCWD = replace(
    HANDA,
    name="kmallocwd",
    about="the periodic scan: reap any victim found, go on to the next, at last panic",
    reaper="scan",
    scan_period=HZ // 10,
    scan_next_victim=HZ,
    scan_panic=10 * HZ,
)

# What the RFC rejects: work items, whose worker may first have to be made (M10).
WORKQUEUE = replace(
    RFC_V2,
    name="workqueue",
    about="what the RFC rejects: reaping from a work item, whose worker needs memory",
    reaper="workqueue",
    reaper_fifo=False,
    reaper_naps=True,
)

# The first patch of the reaper as it was merged (aac453635549): still one slot, but pinned first
# (M24). In -mm since December; there it first ran SCHED_FIFO (M32), and reaped init's mm (M27).
MM_2015_12 = replace(
    RFC_V2,
    name="mm-2015-12",
    about="the first patch of the reaper, in Andrew Morton's tree since December: still one slot",
    pin="before-publish",
    reaper_fifo=False,
    reaper_naps=True,
    reap_locked=False,
)

# The queue as first posted (03049269de43): no test whether the victim is already on it.
QUEUE_2016_02 = replace(
    MM_2015_12,
    name="queue-2016-02",
    about="the queue as first posted: a victim may be put on it twice",
    reaper="list",
    reaped="hide",
    queue_guard="none",
)

# May 2016, the first release with a reaper. A victim it cannot reap still blocks the next.
LINUX_4_6 = replace(
    QUEUE_2016_02,
    name="linux-4.6",
    about="May 2016, the first release with a reaper; one it cannot reap blocks the next",
    kernel="4.6",
    queue_guard="linked",
    queue_link="kept",
    watermarks="scaled",
    nofail="kills-and-dips",
    nofs="loop-till-suspend",
    exiting_aborts=False,
    reap_dying=False,
)

# February 2017. MMF_OOM_SKIP ends every victim's hold on the killer, reaped or not.
LINUX_4_10 = replace(
    LINUX_4_6,
    name="linux-4.10",
    about="February 2017: MMF_OOM_SKIP ends every victim's hold on the killer",
    kernel="4.10",
    retry="backs-off",
    nofail="costly-fails",
    nofs="mark-dying",
    vfork_skipped=True,
    adj_follows_mm=True,
    unkillable_sharer="killed",
    kthread_blocks_reaping=False,
    mmap_sem_killable="writers",
    reap_dying=True,
    reaper_oom_lock=True,
    victim_mark="process",
    free_mem="group-exit",
    queue_link="cleared",
    unstable="kthreads",
    suspend="gives-up",
    reaped="skip",
    gave_up="skip",
)

# What one release leaves out, those after it leave out, too: each `about` says all of it.
NOTIFIERS = "mmu notifiers"  # for which the reaper gives up (K 4.14) or tries again (K 4.19)
BOOST = f"{NOTIFIERS}, watermark boost"  # since 5.0
VMA_LOCKS = f"{BOOST}, per-VMA locks: a fault waits only for changes of its own range"  # since 6.4

LINUX_4_14 = replace(
    LINUX_4_10,
    name="linux-4.14",
    about="November 2017: half the reserve, for every thread of the victim (left out: "
    f"{NOTIFIERS})",
    kernel="4.14",
    reserves="oom-half",
    retry="no-progress-loops",
    nofail="dips",
    retry_mayfail=True,
    memory_low="below",
    reap_pfnmap=False,
    unstable="all",
    reaper_pins="mm_count",
    exit_mmap="empty-lock",
)

LINUX_4_19 = replace(
    LINUX_4_14,
    name="linux-4.19",
    about=f"October 2018: memory.oom.group; a memcg kills in the charge (left out: {NOTIFIERS})",
    kernel="4.19",
    root_bonus="none",
    oom_group=True,
    group_takes_init=True,
    memcg_oom="charge",
    memory_low="shared",
    sleep_after_kill=False,
    reaper_oom_lock=False,
    exit_mmap="reaps-itself",
)

# March 2019. The double entry of 9bcdeb51bd7d is fixed in 5.0, child sacrifice goes in 5.1.
LINUX_5_1 = replace(
    LINUX_4_19,
    name="linux-5.1",
    about=f"May 2019: children are not sacrificed any more (left out: {BOOST})",
    kernel="5.1",
    queue_guard="flag",
    child_sacrifice=False,
    group_takes_init=False,
    memcg_recheck="dying",
)

# K 5.4 css_task_iter_advance: not if signal->live is 0; K 6.1: only of those that are gone.
LINUX_5_4 = replace(
    LINUX_5_1,
    name="linux-5.4",
    about="November 2019: on equal points the last task of the list is chosen (left out: "
    f"{BOOST}; and that a memcg passes over a process in do_exit())",
    kernel="5.4",
    overcommit="machine",
    scan="leaders",
    ties="last",
    mmap_sem_killable="writers+proc",
    memory_high="throttles",
    pressure_triggers=True,
)
LINUX_5_10 = replace(
    LINUX_5_4,
    name="linux-5.10",
    about=f"December 2020: signed points, tasks far below zero stay apart (left out: {BOOST})",
    kernel="5.10",
    signed_points=True,
    memory_high="retries",
    memcg_recheck="margin",
)

LINUX_6_1 = replace(
    LINUX_5_10,
    name="linux-6.1",
    about=f"December 2022: reaped two seconds after the kill, mlocked too (left out: {BOOST})",
    kernel="6.1",
    charge_batch=64,
    free_mem="dump-first",
    reap_locked=True,
    reap_delay=2 * HZ,
    memcg_limit="kept",
    fault_asks_again=False,
    exit_mmap="read-then-write",
    mrelease="mm_count",
)

LINUX_6_12 = replace(
    LINUX_6_1,
    name="linux-6.12",
    about="November 2024: __GFP_HIGH without __GFP_ATOMIC; new columns in the task table (left "
    f"out: {VMA_LOCKS})",
    kernel="6.12",
    mmap_sem_killable="writers+proc+faults",
    memory_high="spares-dying",
    alloc_harder="non-block",
)

# November 2025. The reaper and exit_mmap() start at different ends, and meet later.
LINUX_6_18 = replace(
    LINUX_6_12,
    name="linux-6.18",
    about="November 2025: the reaper walks from the top down, and a whole process is thawed (left "
    f"out: {VMA_LOCKS})",
    kernel="6.18",
    memcg_recheck="margin-alone",
    reap_order="descending",
    thaws="process",
)


# All of the above, in this order: a new one is in the list once it stands here.
PRESETS: Named[Policy] = Named(
    "policy", ((p.name, p) for p in tuple(globals().values()) if isinstance(p, Policy))
)
presets.update(PRESETS)


def difference(a: str | Policy, b: str | Policy) -> dict[str, tuple]:
    """The knobs in which two policies differ: {knob: (value in a, value in b)}.

    An empty dictionary: no knob differs. What a patch replaces is no knob.
    ValueError for a name that is no preset's.
    """
    for policy in (a, b):
        if not isinstance(policy, str | Policy):
            raise ValueError(f"a policy is a Policy or the name of one, not {short(policy)}")
    first, second = (PRESETS[p] if isinstance(p, str) else p for p in (a, b))
    return first.difference(second)
