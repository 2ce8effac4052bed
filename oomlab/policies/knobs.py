"""The knobs of a policy for whoever turns them: in groups, and each option in a sentence.

What a knob means and where that is from stands beside it in policy.py; here stands what each of
the values it takes does, as the functions of the model do it.
"""

from .policy import KNOBS

GROUPS: dict[str, tuple[str, ...]] = {
    "page allocator": (
        *("watermarks", "retry", "reserves", "alloc_harder", "nofail", "retry_mayfail", "nofs"),
        "overcommit",
    ),
    "choosing the victim": (
        *("points", "page_tables", "root_bonus", "signed_points", "ties", "scan"),
        *("exiting_aborts",),
        *("vfork_skipped", "child_sacrifice", "oom_kill_allocating_task"),
    ),
    "killing and marking": (
        *(
            "victim_mark",
            "marked_first",
            "free_mem",
            "adj_follows_mm",
            "unkillable_sharer",
            "init_sharer",
        ),
        *("sleep_after_kill", "fault_asks_again", "mmap_sem_killable", "suspend", "thaws"),
    ),
    "memory cgroups": (
        *(
            "oom_group",
            "group_takes_init",
            "memcg_oom",
            "memcg_recheck",
            "memcg_limit",
            "memory_high",
        ),
        *("memory_low", "charge_batch", "pressure_triggers"),
    ),
    "hand-off to the reaper": (
        *("reaper", "pin", "wake", "reap_dying", "queue_guard", "queue_link", "reap_delay"),
        *("kthread_blocks_reaping",),
    ),
    "the reaper at work": (
        *("reaper_fifo", "reaper_naps", "reaper_oom_lock", "reap_locked", "reap_pfnmap"),
        *("unstable", "reap_order", "reaper_pins", "exit_mmap", "mrelease", "reaped", "gave_up"),
        *("reaper_starts", "start_failure", "scan_period", "scan_next_victim"),
    ),
    "panic": ("panic_on_oom", "sysrq_panics", "scan_panic"),
}

OPTIONS: dict[str, dict[object, str]] = {
    "watermarks": {
        "quarter": "low is min and a quarter of min, high is min and a half",
        "scaled": "the two steps are a quarter of min, or 0.1 % of the zone if that is more",
    },
    "retry": {
        "while-progress": "reclaim is tried again as long as it frees something",
        "backs-off": "as no-progress-loops, and each such round counts a sixteenth less of what "
        "could be reclaimed",
        "no-progress-loops": "after 16 rounds without progress, or when all that could be "
        "reclaimed would not be enough, the OOM killer is called",
    },
    "reserves": {
        "none": "no task is let below min for being a victim",
        "memdie": "a thread with TIF_MEMDIE may take the last page",
        "favour-dying": "as memdie; and a dying task or a kernel thread whose request may reclaim "
        "may take half of what lies below min",
        "oom-half": "every thread of a victim may take half of what lies below min",
    },
    "alloc_harder": {
        "no-wait": "a request that may not wait reaches a quarter deeper",
        "gfp-atomic": "a request with __GFP_ATOMIC reaches a quarter deeper",
        "non-block": "a request that may not wait reaches deeper only with __GFP_HIGH, too",
    },
    "nofail": {
        "loops": "such a request may not kill: it is tried again for ever; a victim's only looks "
        "for a page",
        "kills": "such a request may call the OOM killer; a victim's only looks for a page",
        "kills-and-dips": "it may kill, and then it is served from below the marks",
        "costly-fails": "as kills-and-dips, but above order 3 it fails",
        "dips": "it may not kill, but it is served from below the marks",
    },
    "nofs": {
        "loop-blind": "as loop, without a look at what became free; a core dump may kill, too",
        "loop": "such a request does not kill, and is tried again",
        "loop-till-suspend": "it is tried again until a suspend has switched the killer off",
        "mark-dying": "out_of_memory() is entered; it marks a dying caller and kills no other task",
    },
    "overcommit": {
        "thirty-second": "what is free, in the page cache or in tmpfs, less a 32nd part for root",
        "free-unsigned": "as free, but if less than the reserve is left, all that is asked for",
        "free": "what is free above the high mark or in the page cache, less a reserve for root",
        "machine": "as much as memory and swap have together",
    },
    "points": {
        "permille": "thousandths of memory, oom_score_adj added: from 1 to 1000",
        "pages": "pages, with oom_score_adj thousandths of memory added",
    },
    "page_tables": {
        "none": "page tables do not count",
        "ptes": "the lowest level of the page tables counts",
        "ptes+pmds": "two levels of the page tables count",
    },
    "root_bonus": {
        "none": "root is as bad as any other user",
        "own": "3 % of its own points are taken off",
        "total": "3 % of all memory are taken off",
    },
    "ties": {
        "first": "the first task of the list stays chosen",
        "last": "a later task with as many points is chosen instead",
    },
    "victim_mark": {
        "thread": "TIF_MEMDIE marks one thread",
        "process": "signal->oom_mm marks the whole process",
    },
    "scan": {
        "processes": "a mark counts only on the leader of a process, and SysRq-f waits for it, too",
        "each-thread": "each thread is looked at, and SysRq-f does not wait; of equals the first "
        "thread is chosen, and killed",
        "threads": "the same to 4.6, and in a memcg to 5.2; of equals the first leader is chosen, "
        "or the last thread; the first thread with an mm is killed",
        "leaders": "each process is looked at once; its first thread with an mm is killed",
    },
    "free_mem": {
        "exiting-alone": "a thread that exits will free memory if its process has no other",
        "exiting-dumps": "a thread that exits will, even one that waits for a core dump",
        "exiting": "a thread that exits will free memory, whatever its other threads do",
        "group-exit": "only a process that exits as a whole will, and all who share its mm",
        "dump-first": "the same, but not while it dumps core, even if it was killed",
    },
    "unkillable_sharer": {
        "protects": "no process that shares its mm is chosen",
        "spared": "it stays alive, and the mm is not reaped",
        "killed": "it is killed with the others, so that the mm can be reaped",
    },
    "init_sharer": {
        "spared": "init stays alive, and the mm is not reaped",
        "killed": "init is sent SIGKILL: the kernel panics",
    },
    "memcg_oom": {
        "charge-waits": "the kill comes in the charge itself, and others wait for it right there",
        "fault-end": "the charge fails; the kill comes when the page fault is left, without locks",
        "charge": "the kill comes in the charge itself, with the locks of the caller held",
    },
    "memcg_recheck": {
        "none": "the kill goes on",
        "dying": "not if the caller has been killed while it waited for oom_lock",
        "margin": "nor if there is room below the limit again",
        "margin-alone": "not if there is room again; a caller that dies is marked as a victim",
    },
    "memcg_limit": {
        "exceeded": "the charge is let through, above the limit",
        "kept": "the charge fails",
    },
    "memory_high": {
        "none": "there is no memory.high",
        "reclaims": "the task reclaims what it took over it, on its way back to user mode",
        "throttles": "the task reclaims once, and sleeps, the longer the farther it is over",
        "retries": "it reclaims while that frees something and 16 times more before it sleeps",
        "spares-dying": "as retries, but a task that was killed neither reclaims nor sleeps",
    },
    "memory_low": {
        "none": "there is no memory.low",
        "target-too": "its cgroup and all above it, up to the one at its limit and with it, must "
        "use less than their memory.low",
        "below": "the same, but the one at its limit is not asked",
        "shared": "children share what their parent protects, by what they ask for and use",
    },
    "panic_on_oom": {
        0: "a process is killed",
        1: "the kernel panics, unless only a memcg is out of memory",
        2: "the kernel panics for a memcg, too",
    },
    "mmap_sem_killable": {
        "none": "no task's: it waits until it has the lock, killed or not",
        "writers": "that of a system call that wants the lock for writing",
        "writers+proc": "also that of a task that reads another's /proc/PID/cmdline",
        "writers+proc+faults": "and that of a page fault",
    },
    "suspend": {
        "flag": "no kill from here on; a victim that is still exiting may be frozen",
        "waits": "and the suspend waits until the last victim has gone",
        "gives-up": "and after 20 s of that it fails",
    },
    "thaws": {
        "nothing": "no task: a frozen victim stays where it is",
        "thread": "the marked thread",
        "process": "each thread of the process",
    },
    "reaper": {
        "none": "there is no reaper",
        "slot": "one pointer, mm_to_reap, filled by cmpxchg and emptied when the work is done",
        "slot-xchg": "the same pointer, emptied by xchg before the work begins",
        "list": "a list of victims, linked through the tasks; the last in is the first out",
        "scan": "there is no hand-off: a thread looks for victims again and again (M16)",
        "workqueue": "a work item; its worker may have to be made first, which needs memory",
    },
    "pin": {
        "after-publish": "after the slot is filled: the reaper may come in between",
        "before-publish": "before the slot is filled",
    },
    "wake": {
        "mark_oom_victim": "when the victim is marked: its sharers have no SIGKILL yet",
        "oom_kill_process": "after the last SIGKILL",
    },
    "queue_guard": {
        "none": "it is not: a victim may be queued twice",
        "linked": "by its link and by the head of the list, which overlooks the tail",
        "flag": "by a bit of the mm, MMF_OOM_REAP_QUEUED, that is set once",
    },
    "queue_link": {
        "popped": "when the reaper takes the task from the list",
        "kept": "never: who was taken while others waited counts as queued for ever",
        "cleared": "when the reaper is done with the task",
    },
    "unstable": {
        "none": "each reader finds zeros there",
        "kthreads": "a kernel thread gets SIGBUS, others find zeros",
        "all": "each reader gets SIGBUS",
    },
    "reap_order": {
        "ascending": "from the lowest address up, as exit_mmap() does",
        "descending": "from the highest address down, towards exit_mmap()",
    },
    "reaper_pins": {
        "mm_users": "exit_mmap() cannot begin while the reaper works",
        "mm_count": "only the mm_struct stays: both may work at the same time",
    },
    "exit_mmap": {
        "alone": "it need not: the walk holds mm_users",
        "empty-lock": "it takes and drops mmap_sem once, to wait for a reaper that is inside",
        "reaps-itself": "it reaps a victim's mm first, then sets MMF_OOM_SKIP and takes the lock",
        "write-locked": "it reaps a victim's mm first, and frees with mmap_sem held for writing",
        "read-then-write": "it unmaps with the lock held for reading, frees tables for writing",
    },
    "mrelease": {
        "none": "there is no such system call",
        "mm_users": "it keeps exit_mmap() away, and may have to do its work",
        "mm_count": "exit_mmap() may run at the same time",
    },
    "reaped": {
        "nothing": "it stays a victim, and blocks the next kill until it is gone",
        "hide": "it loses its mark and gets oom_score_adj -1000: it is not chosen again",
        "skip": "MMF_OOM_SKIP: it is not chosen again, and blocks no kill",
    },
    "gave_up": {
        "nothing": "it stays a victim, and blocks the next kill for ever",
        "unmark": "it loses its mark: it may be chosen again",
        "skip": "MMF_OOM_SKIP: it is not chosen again, and blocks no kill",
    },
    "start_failure": {
        "continue": "the machine goes on without a reaper",
        "panic": "the kernel panics at boot",
    },
}


def group_of(name: str) -> str:
    """The group of a knob; ValueError for a knob in none."""
    for group, names in GROUPS.items():
        if name in names:
            return group
    raise ValueError(f"knob {name} is in no group")


def described(name: str) -> dict:
    """A knob as plain values: group, kind, meaning, source, and what each option does."""
    knob = KNOBS[name]
    return {
        "group": group_of(name),
        "kind": type(knob.default).__name__,
        "meaning": knob.metadata["meaning"],
        "source": knob.metadata["source"],
        "options": [[value, OPTIONS[name][value]] for value in knob.metadata["choices"]],
    }
