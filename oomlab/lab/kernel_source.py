"""Where a function of the model stands in Linux: file, function, version, and a link to read it.

The model's functions keep their kernel names where they have one; what differs by version is in
PLACES, which docs/kernel-facts.md holds against the releases that were read. A version older than
those is not guessed at: the sentence says so, and the link leads to the first that was read. No
kernel code is copied; our own docstring says what a function does.
"""

from types import CodeType
from typing import NamedTuple

from ..bibliography import source as mail
from ..policies.patch import MODEL
from ..policies.policy import Policy
from .callstack import words

BROWSER = "https://elixir.bootlin.com/linux/v{version}/source/{file}"
READ = "4.4"  # older versions were not looked up for this table


class SourcePlace(NamedTuple):
    """From Linux `since` on the function `name` of `file` does it; name "" if it is gone then."""

    since: str
    file: str
    name: str


class Proposed(NamedTuple):
    """In no release; `mail` proposed it."""

    mail: str


OOM, ALLOC, MEMCG = "mm/oom_kill.c", "mm/page_alloc.c", "mm/memcontrol.c"
RWSEM, MMAP, FORK, PROC = "kernel/locking/rwsem.c", "mm/mmap.c", "kernel/fork.c", "fs/proc/base.c"


def same(file: str, name: str) -> tuple[SourcePlace, ...]:
    """One place since the oldest version that was read."""
    return (SourcePlace(READ, file, name),)


Where = tuple[SourcePlace, ...] | Proposed | None  # None: a word of a scenario's program

PLACES: dict[str, Where] = {
    # sleeping and locks
    "schedule": same("kernel/sched/core.c", "schedule"),
    "schedule_timeout": (
        SourcePlace(READ, "kernel/time/timer.c", "schedule_timeout"),
        SourcePlace("6.13", "kernel/time/sleep_timeout.c", "schedule_timeout"),
    ),
    "wake_up_process": same("kernel/sched/core.c", "wake_up_process"),
    "wait": same("include/linux/wait.h", "wait_event"),
    "lock": same("kernel/locking/mutex.c", "mutex_lock"),
    "down_read": same(RWSEM, "down_read"),
    "down_write": same(RWSEM, "down_write"),
    "_wait": (
        SourcePlace(READ, "kernel/locking/rwsem-xadd.c", "rwsem_down_read_failed"),
        SourcePlace("5.4", RWSEM, "rwsem_down_read_slowpath"),
    ),
    # the killer and the reaper
    "out_of_memory": same(OOM, "out_of_memory"),
    "pagefault_out_of_memory": same(OOM, "pagefault_out_of_memory"),
    "oom_kill_process": same(OOM, "oom_kill_process"),
    "__oom_kill_process": (
        SourcePlace(READ, OOM, "oom_kill_process"),
        SourcePlace("4.19", OOM, "__oom_kill_process"),
    ),
    "kill_sharers": (
        SourcePlace(READ, OOM, "oom_kill_process"),
        SourcePlace("4.19", OOM, "__oom_kill_process"),
    ),
    "mark_oom_victim": same(OOM, "mark_oom_victim"),
    "oom_killer_disable": same(OOM, "oom_killer_disable"),
    "wake_oom_reaper": (
        SourcePlace("4.6", OOM, "wake_oom_reaper"),
        SourcePlace("5.18", OOM, "queue_oom_reaper"),
    ),
    "wake_oom_reaper_timer": (SourcePlace("5.18", OOM, "wake_oom_reaper"),),
    "fill_slot": Proposed("M10"),
    "oom_reaper_slot": Proposed("M10"),
    "oom_reaper_list": (SourcePlace("4.6", OOM, "oom_reaper"),),
    "oom_reap_task": (SourcePlace("4.6", OOM, "oom_reap_task"),),
    "__oom_reap_task_mm": (
        SourcePlace("4.6", OOM, "__oom_reap_task"),
        SourcePlace("4.9", OOM, "__oom_reap_task_mm"),
        SourcePlace("4.17", OOM, "oom_reap_task_mm"),
    ),
    "reap_vmas": (
        SourcePlace("4.6", OOM, "__oom_reap_task"),
        SourcePlace("4.9", OOM, "__oom_reap_task_mm"),
    ),
    "process_mrelease": (SourcePlace("5.15", OOM, "process_mrelease"),),
    "kmallocwd": Proposed("M16"),
    "next_victim": Proposed("M16"),
    "worker": same("kernel/workqueue.c", "worker_thread"),
    "create_worker": same("kernel/workqueue.c", "create_worker"),
    # allocation, reclaim, cgroups
    "alloc_pages": (
        SourcePlace(READ, ALLOC, "__alloc_pages_nodemask"),
        SourcePlace("5.13", ALLOC, "__alloc_pages"),
        SourcePlace("6.10", ALLOC, "__alloc_pages_noprof"),
    ),
    "__alloc_pages_slowpath": same(ALLOC, "__alloc_pages_slowpath"),
    "__alloc_pages_may_oom": same(ALLOC, "__alloc_pages_may_oom"),
    "try_to_free_pages": same("mm/vmscan.c", "try_to_free_pages"),
    "kswapd": same("mm/vmscan.c", "kswapd"),
    "try_charge": (
        SourcePlace(READ, MEMCG, "try_charge"),
        SourcePlace("5.14", MEMCG, "try_charge_memcg"),
    ),
    "mem_cgroup_out_of_memory": same(MEMCG, "mem_cgroup_out_of_memory"),
    "mem_cgroup_oom_synchronize": (
        SourcePlace(READ, MEMCG, "mem_cgroup_oom_synchronize"),
        SourcePlace("4.19", "", ""),  # still there, for what the model has no knob for
    ),
    "mem_cgroup_handle_oom": (
        SourcePlace(READ, MEMCG, "mem_cgroup_oom_synchronize"),
        SourcePlace("6.11", "mm/memcontrol-v1.c", "mem_cgroup_oom_synchronize"),
    ),
    "mem_cgroup_handle_over_high": (
        SourcePlace(READ, MEMCG, "mem_cgroup_handle_over_high"),
        SourcePlace("6.18", MEMCG, "__mem_cgroup_handle_over_high"),
    ),
    # faults, address spaces, exit, suspend
    "do_page_fault": (
        SourcePlace(READ, "arch/x86/mm/fault.c", "__do_page_fault"),
        SourcePlace("4.20", "arch/x86/mm/fault.c", "do_user_addr_fault"),
    ),
    "handle_mm_fault": same("mm/memory.c", "handle_mm_fault"),
    "exit_mmap": same(MMAP, "exit_mmap"),
    "munlock_vma_pages_all": (
        SourcePlace(READ, "mm/mlock.c", "munlock_vma_pages_range"),
        SourcePlace("5.18", "", ""),
    ),
    "mmput": same(FORK, "mmput"),
    "do_exit": same("kernel/exit.c", "do_exit"),
    "exit_mm": same("kernel/exit.c", "exit_mm"),
    "try_to_freeze": same("include/linux/freezer.h", "try_to_freeze"),
    "frozen": same("kernel/freezer.c", "__refrigerator"),
    "suspend": same("kernel/power/process.c", "freeze_processes"),
    "try_to_freeze_tasks": same("kernel/power/process.c", "try_to_freeze_tasks"),
    # system calls and files
    "mmap": same("mm/util.c", "vm_mmap_pgoff"),
    "mmap_lock": (
        SourcePlace(READ, RWSEM, "down_write"),
        SourcePlace("4.7", RWSEM, "down_write_killable"),
    ),
    "munmap": same(MMAP, "munmap"),
    "fill": (
        SourcePlace(READ, MMAP, "__vm_enough_memory"),
        SourcePlace("4.6", "mm/util.c", "__vm_enough_memory"),
    ),
    "fork": same(FORK, "fork"),
    "vfork": same(FORK, "vfork"),
    "wait4": same("kernel/exit.c", "wait4"),
    "kill": same("kernel/signal.c", "kill"),
    "set_adj": same(PROC, "oom_score_adj_write"),
    "read_mm": same(PROC, "proc_pid_cmdline_read"),
    "sysrq_f": same("drivers/tty/sysrq.c", "moom_callback"),
    **dict.fromkeys(
        ("touch", "look", "alloc", "free", "churn", "locked", "repeat", "pause", "hang", "sleep")
    ),
    **dict.fromkeys(
        ("user_mode", "write_tmpfs", "write_inherited", "copy_on_write", "poll_pressure")
    ),
}


def in_linux(code: CodeType, policy: Policy) -> dict[str, str]:
    """Where this code of the model stands in the policy's kernel: `where`, `link`, `words`.

    `link` is "" where there is nothing to read. For code that is not the model's both are "".
    """
    told = {"where": "", "link": "", "words": words(code)}
    file = code.co_filename.replace("\\", "/")
    ours = any(room.replace(".", "/") in file for room in MODEL)
    if not ours or code.co_name not in PLACES:
        return told
    return told | located(PLACES[code.co_name], policy.kernel)


def located(places: Where, kernel: str) -> dict[str, str]:
    """The sentence and the link for a version."""
    if places is None:
        return {"where": "no kernel function: a word of a scenario's program"}
    if isinstance(places, Proposed):
        link = f"https://lore.kernel.org/r/{mail(places.mail)['id'][0]}"
        return {"where": f"in no release; proposed in {places.mail}", "link": link}
    reached = [place for place in places if number(place.since) <= number(kernel)]
    if not reached:
        first = places[0]
        why = "was not looked up for this" if first.since == READ else "does not have it"
        link = BROWSER.format(version=first.since, file=first.file)
        return {
            "where": f"Linux {kernel} {why}; {first.name}() in {first.file} of {first.since}",
            "link": link,
        }
    place = reached[-1]
    if not place.name:
        return {"where": f"not on this way in Linux {kernel}"}
    link = BROWSER.format(version=kernel, file=place.file)
    return {"where": f"{place.name}() in {place.file}, Linux {kernel}", "link": link}


def number(version: str) -> tuple[int, ...]:
    """A release in the order of releases: 4.10 comes after 4.9."""
    return tuple(map(int, version.split(".")))
