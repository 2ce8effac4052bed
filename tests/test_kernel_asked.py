"""What a maintainer asks of the model, once more: small questions, the source that answers each.

`K x.y function` names the release that was read. A test is called after its question.
"""

from dataclasses import replace

import pytest
from run_machine import RELEASES, names, run

from oomlab.model.fork import copy_on_write, fork, vfork, write_inherited
from oomlab.model.gfp import __GFP_IO, GFP_KERNEL, GFP_NOFS
from oomlab.model.kernel import Kernel
from oomlab.model.memory_high import mem_cgroup_handle_over_high
from oomlab.model.mm import FILE, SHMEM, VMA, Shmem
from oomlab.model.overcommit import vm_enough_memory
from oomlab.model.reaper import process_mrelease
from oomlab.model.syscalls import kill, set_adj, sysrq_f, write_tmpfs
from oomlab.model.tasks import do_send_sigkill
from oomlab.model.vmscan import shrink_zone
from oomlab.policies.presets import PRESETS
from oomlab.scenarios.programs import alloc, frozen, hang, pause, sleep, touch
from oomlab.scenarios.registry import heap, nearly_full
from oomlab.simulate.page_accounting import unaccounted
from oomlab.simulate.reported import dump_task, get_mm_counter, show_mem
from oomlab.simulate.scheduler import run_seeded

OLDEST = ("linux-2.6.38", "linux-3.10")
WITH_HIGH = [name for name in RELEASES if PRESETS[name].memory_high not in ("none", "reclaims")]
RELEASE = [name for name in RELEASES if PRESETS[name].mrelease != "none"]


@pytest.mark.parametrize("policy", RELEASES)
def test_how_often_is_a_mapped_file_in_the_page_cache(policy):
    """K __add_to_page_cache_locked: once (NR_FILE_PAGES), however many map it."""
    kernel = Kernel(PRESETS[policy], 1024)
    before = show_mem(kernel)["pagecache"]
    library = Shmem("library", 100)
    for name in ("one", "two"):
        kernel.spawn(name, ((pause,),), vmas=[VMA("lib", FILE, 100, shmem=library)])
    assert show_mem(kernel)["pagecache"] - before == 100 and unaccounted(kernel) == 0


@pytest.mark.parametrize("policy", RELEASES)
def test_how_far_may_a_child_lower_its_adj(policy):
    """K 2.6.38, 3.10, 4.4, 6.12 copy_signal: as far as its parent (oom_score_adj_min)."""
    kernel = Kernel(PRESETS[policy], 512)
    lowers = ((set_adj, -300), (pause,))
    service = kernel.spawn("service", ((set_adj, 200), (fork, "child", lowers), (pause,)), adj=-300)
    run_seeded(kernel, 1)
    child = next(task for task in kernel.tasks if task.name == "child")
    assert (service.signal.oom_score_adj, child.signal.oom_score_adj) == (200, -300)
    assert not names(kernel, "eacces")


@pytest.mark.parametrize("policy", RELEASES)
@pytest.mark.parametrize("mode, forks", [(1, True), (2, False)])
def test_is_a_fork_refused_that_promises_too_much(policy, mode, forks):
    """K 2.6.38, 6.12 dup_mmap: each private range of the child is asked for once more (ENOMEM)."""
    kernel = Kernel(PRESETS[policy], 1024)
    kernel.overcommit_memory = mode
    kernel.spawn("database", ((copy_on_write, "snapshot", ((pause,),)), (pause,)), vmas=heap(400))
    run_seeded(kernel, 1)
    assert any(task.name == "snapshot" for task in kernel.tasks) == forks
    assert bool(names(kernel, "enomem")) != forks and unaccounted(kernel) == 0


@pytest.mark.parametrize("policy", RELEASES)
def test_does_a_process_grow_when_it_forks_and_writes(policy):
    """K dup_mmap, wp_page_copy: no; total_vm is that of the mappings, in parent and child."""
    kernel = Kernel(PRESETS[policy], 1024)
    worker = ((write_inherited, 30), (pause,))
    server = kernel.spawn("server", ((copy_on_write, "worker", worker), (pause,)), vmas=heap(200))
    run_seeded(kernel, 1)
    child = next(task for task in kernel.tasks if task.name == "worker")
    assert [dump_task(task, task.mm)["total_vm"] for task in (server, child)] == [200, 200]
    assert [dump_task(task, task.mm)["rss"] for task in (server, child)] == [200, 200]


@pytest.mark.parametrize("policy", RELEASES)
def test_does_sysrq_f_kill_while_the_killer_is_off(policy):
    """K 2.6.38, 3.10 out_of_memory does not ask, the allocator does. K 4.4 on: no."""
    kernel = Kernel(PRESETS[policy], 512)
    kernel.spawn("hog", ((pause,),), vmas=heap(100))
    kernel.oom_killer_disabled = True
    kernel.spawn("admin", ((sysrq_f,),), adj=-1000)
    run_seeded(kernel, 1)
    assert names(kernel, "kill") == (["hog"] if policy in OLDEST else [])


@pytest.mark.parametrize("policy", RELEASES)
def test_is_a_charge_let_through_of_a_task_that_exits_by_itself(policy):
    """K 2.6.38, 3.10 __mem_cgroup_try_charge: once the killer has marked it. K 4.4 on: at once.

    (K 6.1: it gets ENOMEM; K 6.18: marked, too.) No neighbour dies: 2.6.38 chooses the caller.
    """
    kernel = Kernel(PRESETS[policy], 1024)
    pod = kernel.new_memcg("pod", 100)
    kernel.spawn("hog", ((pause,),), vmas=heap(80), memcg=pod)
    kernel.spawn("leaver", (), vmas=heap(20), memcg=pod, at_exit=((touch, "heap", 1),))
    run_seeded(kernel, 1, most_steps=2000)
    assert not names(kernel, "kill")
    marked = policy in (*OLDEST, "linux-6.18")
    assert names(kernel, "mark_victim") == (["leaver"] if marked else [])


@pytest.mark.parametrize("policy", WITH_HIGH)
def test_does_memory_high_slow_a_writer_to_tmpfs(policy):
    """K 5.4, 6.12 try_charge: each charge over it counts, of a write() as of a fault."""
    kernel = Kernel(PRESETS[policy], 2048)
    file = Shmem("log", linked=True)
    kernel.shmems.append(file)
    pod = kernel.new_memcg("pod", 2000, high=100)
    kernel.spawn("writer", ((write_tmpfs, file, 300),), vmas=heap(1), memcg=pod)
    run_seeded(kernel, 1)
    assert names(kernel, "throttled") and kernel.jiffies > 100 and not names(kernel, "kill")


@pytest.mark.parametrize("policy", RELEASES)
def test_does_a_request_that_must_not_touch_filesystems_panic(policy):
    """K 2.6.38 to 4.6 __alloc_pages_may_oom, K 4.10 on out_of_memory: it returns before it asks."""
    kernel = Kernel(replace(PRESETS[policy], panic_on_oom=2), 256, min_kbytes=32)
    kernel.spawn("hog", ((pause,),), vmas=heap(60))
    nearly_full(kernel)
    kernel.spawn("writer", ((alloc, 4, GFP_NOFS),), adj=-1000)
    run_seeded(kernel, 1, most_steps=1500)
    assert kernel.panicked is None and not names(kernel, "kill")


@pytest.mark.parametrize("policy", [name for name in RELEASES if PRESETS[name].oom_group])
@pytest.mark.parametrize("where", ["pod", "above"])
def test_how_far_up_is_an_oom_group_looked_for(policy, where):
    """K 4.19, 6.12 mem_cgroup_get_oom_group: up to the cgroup that is out of memory."""
    kernel = Kernel(PRESETS[policy], 2048)
    above = kernel.new_memcg("above", 2000, oom_group=where == "above")
    pod = kernel.new_memcg("above/pod", 150, above, where == "pod")
    kernel.spawn("hog", ((pause,),), vmas=heap(100), memcg=pod)
    kernel.spawn("small", ((touch, "heap", 100), (pause,)), vmas=heap(30), memcg=pod)
    kernel.spawn("beside", ((pause,),), vmas=heap(30), memcg=above)
    run(kernel)
    assert names(kernel, "kill")[0] == "hog" and "beside" not in names(kernel, "kill")
    assert bool(names(kernel, "oom_group")) == (where == "pod")


@pytest.mark.parametrize("policy", [name for name in RELEASES if PRESETS[name].oom_group])
def test_does_the_group_of_an_allocating_task_die_with_it(policy):
    """K 4.19, 6.12 oom_kill_process: mem_cgroup_get_oom_group(), whoever was chosen and why."""
    kernel = Kernel(replace(PRESETS[policy], oom_kill_allocating_task=True), 256, min_kbytes=32)
    pod = kernel.new_memcg("pod", 2000, oom_group=True)
    kernel.spawn("mate", ((pause,),), vmas=heap(10), memcg=pod)
    kernel.spawn("hog", ((pause,),), vmas=heap(60))
    nearly_full(kernel, leave=0)
    kernel.spawn("asker", ((touch, "heap", 8),), vmas=heap(1), memcg=pod)
    run(kernel)
    assert {"asker", "mate"} <= set(names(kernel, "kill")) and "hog" not in names(kernel, "kill")


@pytest.mark.parametrize("policy", RELEASE)
def test_what_does_process_mrelease_say_of_others(policy):
    """K 6.1 process_mrelease: ESRCH without an mm, EINVAL for a living one; "" for a dying one.

    And of one whose leader has exited it takes the thread that still has the mm.
    """

    def asks(current, task):
        error = yield from process_mrelease(current, task)
        answers.append(error)

    kernel, answers = Kernel(PRESETS[policy], 512), []
    leader = kernel.spawn("leader", (), vmas=heap(40))
    kernel.spawn("thread", ((hang,),), thread_of=leader)
    kthread = kernel.kthread_run("kworker", hang)
    lives = ((sleep, 5), (asks, kthread), (asks, leader), (kill, leader), (asks, leader))
    kernel.spawn("oomd", lives, adj=-1000)
    run_seeded(kernel, 1, most_steps=300)
    assert answers == ["ESRCH", "EINVAL", ""]
    assert get_mm_counter(leader.signal.threads[-1].mm, "anon") == 0


@pytest.mark.parametrize("policy", RELEASES)
def test_does_a_memcg_oom_see_swap_that_its_limit_forbids(policy):
    """K 5.10 mem_cgroup_get_max: no; memory.swap.max 0 leaves only memory.max to be shares of."""
    kernel = Kernel(PRESETS[policy], 2048)
    kernel.swapon(1000)
    pod = kernel.new_memcg("pod", 100, swap_max=0)
    kernel.spawn("hog", ((pause,),), vmas=heap(80), memcg=pod)
    kernel.spawn("asker", ((touch, "heap", 40),), vmas=heap(1), memcg=pod, adj=-1000)
    run_seeded(kernel, 1, most_steps=2000)
    report = next(e for e in kernel.events if e["event"] == "oom_report")
    assert report["oc"].totalpages == 100 and kernel.swap_free == 1000


@pytest.mark.parametrize("low_above, protected", [(0, 0), (50, 50), (200, 90)])
def test_does_memory_low_hold_below_a_cgroup_without_it(low_above, protected):
    """K 4.4, 4.14 mem_cgroup_low, K 5.10 effective_protection: not more than all above protect."""
    kernel = Kernel(PRESETS["linux-6.12"], 1024)
    kernel.swapon(400)
    above = kernel.new_memcg("above", limit=500, low=low_above)
    safe = kernel.new_memcg("above/safe", 500, above, low=90)
    other = kernel.new_memcg("other", limit=500)
    kernel.spawn("a", ((pause,),), vmas=heap(100), memcg=safe)
    kernel.spawn("b", ((pause,),), vmas=heap(100), memcg=other)
    while other.usage:
        assert shrink_zone(kernel, __GFP_IO)
    assert safe.usage == protected


@pytest.mark.parametrize("policy", RELEASES)
@pytest.mark.parametrize("file, given", [(0, True), (200, False)])
def test_does_tmpfs_count_in_overcommit_mode_2(policy, file, given):
    """K 2.6.38, 6.12 shmem_acct_block: each page of a file in tmpfs is a promise, too."""
    kernel = Kernel(PRESETS[policy], 2048)
    kernel.overcommit_memory = 2
    kernel.shmems.append(Shmem("file", file, linked=True))
    kernel.zone.free -= file
    task = kernel.spawn("task", ((pause,),), uid=0)
    assert vm_enough_memory(task, 900) == given


@pytest.mark.parametrize("policy", RELEASES)
def test_what_is_promised_when_less_is_left_than_root_keeps(policy):
    """K 2.6.38, 3.10 __vm_enough_memory: unsigned, so that what falls below 0 promises all.

    K 3.10.108, 4.4 on: signed. In mode 0 only 3.10 takes more off than is left; in mode 2 only
    2.6.38 does, if a process maps more than sixteen times the memory.
    """
    for uid, left, given in [(1000, 0, ""), (1000, 1, "linux-3.10"), (1000, 127, "linux-3.10")]:
        kernel = Kernel(PRESETS[policy], 4096, min_kbytes=400)
        task = kernel.spawn("task", ((pause,),), uid=uid)
        zone = kernel.zone
        taken = zone.free - zone.high - left
        zone.reserved, zone.free = zone.reserved + taken, zone.free - taken
        always = policy not in RELEASES[: RELEASES.index("linux-5.4")]
        assert vm_enough_memory(task, 200) == (policy == given or always), (uid, left)
    kernel = Kernel(PRESETS[policy], 4096)
    kernel.overcommit_memory = 2
    file = VMA("file", FILE, size=20 * 4096, shared=True)
    task = kernel.spawn("task", ((pause,),), vmas=[file])
    assert vm_enough_memory(task, 3000) == (policy == "linux-2.6.38")


@pytest.mark.parametrize("policy", RELEASES)
@pytest.mark.parametrize("killed", ["parent", "child"])
def test_who_goes_on_when_one_of_a_vfork_is_killed(policy, killed):
    """K 3.10 to 6.12 wait_for_vfork_done: the child's end wakes the parent; SIGKILL ends its wait.

    K 2.6.38 do_fork: wait_for_completion(), SIGKILL does not. A child that borrows the mm lives on
    when a user kills the parent: it is another process.
    """
    kernel = Kernel(PRESETS[policy], 512)
    parent = kernel.spawn("parent", ((vfork, "child", ((pause,),)), (hang,)), vmas=heap(20))
    run_seeded(kernel, 1, most_steps=30)
    child = next(task for task in kernel.tasks if task.name == "child")
    do_send_sigkill(parent if killed == "parent" else child)
    run_seeded(kernel, 1, most_steps=60)
    waits = killed == "parent" and policy == "linux-2.6.38"
    assert ("parent" in names(kernel, "exit")) == (killed == "parent" and not waits)
    assert ("child" in names(kernel, "exit")) == (killed == "child")
    assert waits or (killed == "parent") == (child.mm is not None and child.mm.mm_users == 1)
    assert killed == "parent" or parent.waits_for == "a disk that never answers"


@pytest.mark.parametrize("policy", RELEASES)
def test_does_the_least_adj_follow_the_memory_too(policy):
    """K 4.10, 6.12 __set_oom_adj: what root writes is the least of each process with this mm."""
    kernel = Kernel(PRESETS[policy], 512)
    kernel.spawn("other", ((sleep, 9), (set_adj, 100), (set_adj, -200), (pause,)), vmas=heap(9))
    root = kernel.spawn("root", ((set_adj, -300), (pause,)), mm=kernel.tasks[-1].mm, uid=0)
    run_seeded(kernel, 1)
    follows = PRESETS[policy].adj_follows_mm
    assert root.signal.oom_score_adj == (-200 if follows else -300)
    assert names(kernel, "eacces") == ([] if follows else ["other"])


@pytest.mark.parametrize("policy", WITH_HIGH[:2])
def test_does_memory_high_make_a_task_sleep_that_exits(policy):
    """K 5.4, 5.10 try_charge: no, it sets TIF_NOTIFY_RESUME, for the way back to user mode."""
    kernel = Kernel(PRESETS[policy], 2048)
    pod = kernel.new_memcg("pod", 2000, high=20)
    kernel.spawn("leaver", (), vmas=heap(20), memcg=pod, at_exit=((touch, "heap", 200),))
    run_seeded(kernel, 1)
    assert names(kernel, "exit") == ["leaver"] and not names(kernel, "throttled")


@pytest.mark.parametrize("policy", RELEASES)
def test_is_a_write_to_tmpfs_refused_in_overcommit_mode_2(policy):
    """K 2.6.38, 6.12 shmem_acct_block: yes (ENOSPC), and no process dies."""
    kernel = Kernel(PRESETS[policy], 1024)
    kernel.overcommit_memory = 2
    file = Shmem("file", linked=True)
    kernel.shmems.append(file)
    kernel.spawn("hog", ((pause,),), vmas=heap(300))
    kernel.spawn("writer", ((write_tmpfs, file, 900),), vmas=heap(1))
    run_seeded(kernel, 1)
    assert 100 < file.pages < 220 and names(kernel, "enomem") == ["writer"]
    assert not names(kernel, "kill")


@pytest.mark.parametrize("policy", RELEASES)
@pytest.mark.parametrize("stands, exits", [(frozen, False), (pause, True)])
def test_does_kill_end_a_frozen_task(policy, stands, exits):
    """K 4.4, 6.12 __refrigerator (cgroup v1): no, TASK_UNINTERRUPTIBLE, or TASK_FROZEN from 6.1 on.

    K 6.12 do_freezer_trap (v2): yes, TASK_INTERRUPTIBLE.
    """
    kernel = Kernel(PRESETS[policy], 512)
    task = kernel.spawn("task", ((stands,), (pause,)), vmas=heap(9))
    kernel.spawn("admin", ((sleep, 2), (kill, task)))
    run_seeded(kernel, 1)
    assert ("task" in names(kernel, "exit")) == exits


@pytest.mark.parametrize("policy", [p for p in RELEASES if PRESETS[p].memory_high != "none"])
def test_is_a_cgroup_protected_that_uses_all_of_its_low(policy):
    """K 4.4, 4.14 mem_cgroup_low: `usage >= low` is not. K 4.19 mem_cgroup_protected: `<=` is."""
    kernel = Kernel(PRESETS[policy], 1024)
    kernel.swapon(400)
    pod = kernel.new_memcg("pod", limit=500, low=100)
    kernel.spawn("a", ((pause,),), vmas=heap(100), memcg=pod)
    while shrink_zone(kernel, __GFP_IO):
        pass
    assert pod.usage == (99 if PRESETS[policy].memcg_oom == "fault-end" else 100)


@pytest.mark.parametrize("policy", [p for p in RELEASES if PRESETS[p].memory_high != "none"])
def test_which_child_has_what_its_parent_protects(policy):
    """K 4.14 mem_cgroup_low: none, while the parent uses as much. K 4.19, 6.18: who asked for it.

    Where the children ask for more than the parent has, no more than that is protected in all.
    """
    for lows, expected in {(90, 0): [90, 0], (40, 30): [40, 30], (100, 100): None}.items():
        kernel = Kernel(PRESETS[policy], 2048)
        kernel.swapon(800)
        above = kernel.new_memcg("above", 1000, low=100)
        pods = [kernel.new_memcg(f"above/{n}", 1000, above, low=low) for n, low in enumerate(lows)]
        for pod, pages in zip(pods, (max(lows[0], 90), max(lows[1], 60)), strict=True):
            kernel.spawn("inside", ((pause,),), vmas=heap(pages), memcg=pod)
        while shrink_zone(kernel, __GFP_IO):
            pass
        if PRESETS[policy].memcg_oom == "fault-end":
            assert above.usage < 100, lows
        else:
            assert expected in ([pod.usage for pod in pods], None) and above.usage <= 100, lows
            assert expected or above.usage > 90


@pytest.mark.parametrize("policy", [p for p in RELEASES if PRESETS[p].memory_low != "none"])
def test_does_memory_low_hold_against_the_limit_of_its_parent(policy):
    """K 4.4, 4.9 mem_cgroup_low: the cgroup at its limit is asked, too, and has none. K 4.14: no.

    K 4.19, 6.18: a child of the cgroup that is reclaimed has all of its own.
    """
    kernel = Kernel(PRESETS[policy], 1024)
    kernel.swapon(500)
    pod = kernel.new_memcg("pod", limit=150)
    safe = kernel.new_memcg("pod/safe", 1000, pod, low=120)
    other = kernel.new_memcg("pod/other", 1000, pod)
    kernel.spawn("safe", ((pause,),), vmas=heap(80), memcg=safe)
    kernel.spawn("other", ((pause,),), vmas=heap(60), memcg=other)
    kernel.spawn("writer", ((touch, "heap", 40),), vmas=heap(9), memcg=pod)
    assert run(kernel).victims == []
    assert (safe.usage < 80) == (policy in ("linux-4.4", "linux-4.6", "linux-4.10"))


@pytest.mark.parametrize("policy", [p for p in RELEASES if PRESETS[p].memory_low != "none"])
def test_is_memory_low_broken_while_page_cache_is_freed(policy):
    """K 4.4, 6.18 do_try_to_free_pages: only a reclaim that freed nothing tries once more."""
    kernel = Kernel(PRESETS[policy], 1024, reclaimable=10)
    kernel.swapon(500)
    pod = kernel.new_memcg("pod", limit=1000, low=200)
    kernel.spawn("a", ((pause,),), vmas=heap(100), memcg=pod)
    assert shrink_zone(kernel, GFP_KERNEL) == 10 and pod.usage == 100
    assert shrink_zone(kernel, GFP_KERNEL) == 32 and pod.usage == 68


@pytest.mark.parametrize("policy", [p for p in RELEASES if PRESETS[p].memory_high != "none"])
def test_is_a_parent_reclaimed_whose_child_has_brought_it_below_its_high(policy):
    """K 4.4, 6.18 reclaim_high: each is looked at when its turn comes; from 6.1 on, 64 pages."""
    kernel = Kernel(PRESETS[policy], 4096)
    kernel.swapon(1000)
    above = kernel.new_memcg("above", 4000, high=1000)
    pod = kernel.new_memcg("above/pod", 4000, above, high=900)
    other = kernel.new_memcg("above/other", 4000, above)
    kernel.spawn("other", ((pause,),), vmas=heap(50), memcg=other)
    task = kernel.spawn("task", ((pause,),), vmas=heap(960), memcg=pod)
    task.memcg_nr_pages_over_high = batch = PRESETS[policy].charge_batch
    next(steps := mem_cgroup_handle_over_high(task))
    next(steps, None)
    assert (pod.usage, other.usage) == (960 - batch, 50)


@pytest.mark.parametrize("policy", [p for p in RELEASES if PRESETS[p].memory_high != "none"])
def test_is_the_cgroup_of_the_memory_slowed_or_that_of_the_task(policy):
    """K 4.4, 6.18 mem_cgroup_handle_over_high: get_mem_cgroup_from_mm(current->mm), its owner's."""
    kernel = Kernel(PRESETS[policy], 2048)
    pod, other = kernel.new_memcg("pod", 2000, high=100), kernel.new_memcg("other", 2000)
    owner = kernel.spawn("owner", ((pause,),), vmas=heap(90), memcg=pod)
    kernel.swapon(900)
    kernel.spawn("sharer", ((touch, "heap", 200),), mm=owner.mm, memcg=other)
    run(kernel)
    assert pod.usage < 200 and not other.usage and kernel.swap_free < 900


@pytest.mark.parametrize("policy", [p for p in RELEASES if PRESETS[p].memory_high != "none"])
def test_does_a_killed_task_reclaim_for_memory_high_before_it_dies(policy):
    """K 4.4, 6.12 exit_to_user_mode_loop: the signal is looked at first, and do_exit() is final."""
    kernel = Kernel(PRESETS[policy], 2048)
    kernel.swapon(900)
    pod = kernel.new_memcg("pod", 2000, high=100)
    task = kernel.spawn("task", ((pause,),), vmas=heap(300), memcg=pod)
    task.memcg_nr_pages_over_high = 64
    do_send_sigkill(task)
    assert list(mem_cgroup_handle_over_high(task)) == [] and kernel.swap_free == 900


@pytest.mark.parametrize("policy", RELEASES)
def test_is_a_writer_stuck_whose_write_to_tmpfs_has_failed(policy):
    """K 4.4, 6.1 shmem_write_begin: ENOMEM, and its program goes on. K 2.6.38, 3.10: it loops.

    In 4.19 to 5.10 the page goes over the limit.
    """
    kernel = Kernel(PRESETS[policy], 1024)
    pod, file = kernel.new_memcg("pod", limit=100), Shmem("log", linked=True)
    kernel.shmems.append(file)
    kernel.spawn("writer", ((write_tmpfs, file, 200), (pause,)), vmas=heap(5), memcg=pod, adj=-1000)
    outcome = run(kernel)
    assert (outcome.verdict == "livelock") == (policy in OLDEST)
    assert (names(kernel, "enomem") == []) == (policy in OLDEST or pod.forced > 0)


@pytest.mark.parametrize("policy", RELEASES)
def test_how_much_does_shared_anonymous_memory_promise(policy):
    """K 2.6.38, 6.18 shmem_acct_size: all of it when it is made. A tmpfs file: each page."""
    for linked, promised in {False: 600, True: 10}.items():
        kernel = Kernel(PRESETS[policy], 2048)
        kernel.overcommit_memory = 2
        shared = Shmem("shm", pages=10, linked=linked, mappings=1)
        task = kernel.spawn("task", (), vmas=[VMA("shm", SHMEM, 10, shmem=shared, size=600)], uid=0)
        room = 1024 - 600 // 32 - promised
        assert vm_enough_memory(task, room - 1) and not vm_enough_memory(task, room), linked


@pytest.mark.parametrize("policy", RELEASES)
def test_is_a_task_stuck_whose_fault_in_the_kernel_has_failed(policy):
    """K 6.1, 6.18: -EFAULT, and it goes on with its exit; here to a disk that never answers."""
    kernel = Kernel(PRESETS[policy], 1024)
    pod = kernel.new_memcg("pod", limit=50)
    leaves = ((touch, "heap", 20), (sleep, 50), (hang,))
    kernel.spawn("leaver", (), vmas=heap(45), memcg=pod, adj=-1000, at_exit=leaves)
    assert run(kernel).verdict == ("lost-victim" if policy in OLDEST else "recovered")


@pytest.mark.parametrize("policy", RELEASES)
def test_was_there_no_task_to_kill_when_one_goes_over_the_limit(policy):
    """K 4.4, 5.10: an exiting one may, and none is looked for. K 4.19 to 5.10: none is found."""
    for who, program in {"leaver": (), "exempt": ((touch, "heap", 20),)}.items():
        kernel = Kernel(PRESETS[policy], 1024)
        pod = kernel.new_memcg("pod", limit=60)
        leaves = ((touch, "heap", 20),) if who == "leaver" else ()
        kernel.spawn("task", program, vmas=heap(55), memcg=pod, adj=-1000, at_exit=leaves)
        why = run(kernel).why
        none = who == "exempt" and pod.forced > 0
        assert ("no task could be killed, and none was stopped" in why) == none, who
