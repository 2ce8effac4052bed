"""What a maintainer asks of the model, each question with the kernel source that answers it.

`K x.y function` names the release that was read. A test is called after its question.
"""

import pytest
from run_machine import RELEASES, names, run

import oomlab
from oomlab.model.fork import copy_on_write, wait4, write_inherited
from oomlab.model.gfp import GFP_NOFS, GFP_NOIO
from oomlab.model.kernel import Kernel
from oomlab.model.locks import TASK_UNINTERRUPTIBLE
from oomlab.model.memcg import try_charge
from oomlab.model.mm import ANON, FILE, MMF_UNSTABLE, VMA, Shmem, get_mm_rss
from oomlab.model.oom import mark_oom_victim, oom_badness
from oomlab.model.overcommit import vm_commit_limit, vm_enough_memory
from oomlab.model.reaper import already_queued, enqueue, process_mrelease
from oomlab.model.suspend import FREEZE_TIMEOUT, suspend
from oomlab.model.syscalls import sysrq_f
from oomlab.model.tasks import PF_EXITING, PF_KTHREAD, do_send_sigkill, task_will_free_mem
from oomlab.model.vmscan import reclaimable_pages
from oomlab.policies.presets import PRESETS
from oomlab.scenarios.programs import alloc, hang, look, pause, sleep, touch
from oomlab.scenarios.registry import heap, nearly_full
from oomlab.simulate.page_accounting import unaccounted
from oomlab.simulate.reported import get_mm_counter
from oomlab.simulate.scheduler import run_seeded

SINCE_4_7 = [name for name in RELEASES if name not in RELEASES[:4]]


# 1. task_will_free_mem()


@pytest.mark.parametrize("policy", RELEASES)
def test_is_a_process_dying_when_one_of_its_threads_exits(policy):
    """K 4.4, 4.6 task_will_free_mem: yes. K 4.7 to 6.18: only if the whole process goes.

    K 2.6.38 select_bad_process: thread_group_empty(), so not if there are others. K 3.10 does not
    ask for a core dump, K 4.4 does.
    """
    kernel = Kernel(PRESETS[policy], 256, min_kbytes=32)
    leader = kernel.spawn("leader", ((pause,),), vmas=heap(4))
    thread = kernel.spawn("thread", ((pause,),), thread_of=leader)
    thread.flags |= PF_EXITING
    old = policy == "linux-2.6.38"
    assert task_will_free_mem(thread, kernel.policy) == (policy not in SINCE_4_7 and not old)
    do_send_sigkill(leader)
    assert task_will_free_mem(thread, kernel.policy) != old
    leader.signal.coredump = True  # a core dump takes its time
    assert task_will_free_mem(thread, kernel.policy) == (policy == "linux-3.10")


@pytest.mark.parametrize("policy", SINCE_4_7)
def test_does_the_only_thread_that_exits_free_memory(policy):
    """K 4.10, 6.12 __task_will_free_mem: thread_group_empty() and PF_EXITING."""
    kernel = Kernel(PRESETS[policy], 256, min_kbytes=32)
    alone = kernel.spawn("alone", ((pause,),), vmas=heap(4))
    alone.flags |= PF_EXITING
    assert task_will_free_mem(alone, kernel.policy)
    kernel.spawn("sharer", ((pause,),), mm=alone.mm)
    assert not task_will_free_mem(alone, kernel.policy)  # K 4.8 on: all sharers must go


@pytest.mark.parametrize("policy", [*SINCE_4_7, "linux-4.6"])
def test_is_a_living_process_reaped_when_a_thread_exits_and_allocates(policy):
    """The exiting thread needs pages; its process lives on and looks at its memory later."""
    kernel = Kernel(PRESETS[policy], 256, min_kbytes=32)
    process = kernel.spawn("process", ((sleep, 900), (look, "heap")), vmas=heap(20))
    kernel.spawn("thread", (), thread_of=process, at_exit=((alloc, 12),))
    kernel.spawn("hog", ((pause,),), vmas=heap(60))
    nearly_full(kernel)
    outcome = run(kernel)
    assert "process" not in outcome.reaped and not outcome.bugs
    assert not names(kernel, "sigbus") and not names(kernel, "zero_page")


# 2. a memory cgroup in which no task can be killed


def full_memcg(policy: str) -> Kernel:
    kernel = Kernel(PRESETS[policy], 1024)
    pod = kernel.new_memcg("pod", limit=100)
    kernel.spawn("only", ((touch, "heap", 80),), vmas=heap(60), memcg=pod, adj=-1000)
    return kernel


@pytest.mark.parametrize("policy", RELEASES)
def test_what_becomes_of_a_memcg_whose_only_task_is_exempt(policy):
    """K 4.4, 4.10: the fault is retried for ever. K 4.19 to 5.14 try_charge: forced over the limit.

    K 5.17 to 6.12: -ENOMEM since a4ebf1b6ca1e, so that the fault is retried for ever again.
    """
    kernel = full_memcg(policy)
    outcome = run(kernel)
    forced = kernel.policy.memcg_oom == "charge" and not policy.startswith("linux-6")
    assert outcome.victims == []
    if forced:
        assert outcome.verdict == "recovered"
        assert "over its limit" in outcome.why and kernel.memcgs[0].forced == 40
    else:
        assert outcome.verdict == "livelock"
        assert "only charges pod, which is full, again and again" in outcome.why


@pytest.mark.parametrize("policy", ["linux-4.19", "linux-6.1", "linux-6.12"])
def test_does_a_memcg_without_a_victim_say_so(policy):
    """K 4.19 on, out_of_memory: the whole report and a line, every time; before, silence."""
    kernel = full_memcg(policy)
    run(kernel)
    assert names(kernel, "no_killable_processes")
    kernel = full_memcg("linux-4.14")
    run(kernel)
    assert not names(kernel, "no_killable_processes")


# 3. SysRq-f


@pytest.mark.parametrize("policy", RELEASES)
@pytest.mark.parametrize("sysctl", [1, 2])
def test_does_sysrq_f_panic_under_panic_on_oom(policy, sysctl):
    """K 4.4 to 6.12 check_panic_on_oom: no. K 2.6.38, 3.10: it is asked like any other."""
    policy = oomlab.PRESETS[policy]
    kernel = Kernel(oomlab.build("decoys", policy, panic_on_oom=sysctl)[0].policy, 256)
    kernel.spawn("hog", ((pause,),), vmas=heap(60))
    kernel.spawn("admin", ((sysrq_f,),), adj=-1000)
    outcome = run(kernel)
    if policy.kernel in ("2.6.38", "3.10"):
        assert outcome.verdict == "panic"
    else:
        assert (outcome.verdict, outcome.victims) == ("recovered", ["hog"])


def test_does_sysrq_f_panic_when_nobody_can_be_killed():
    """K 4.4, 6.12 out_of_memory: never for order -1. K 2.6.38, 3.10 know no such order: panic."""
    for policy in RELEASES:
        kernel = Kernel(PRESETS[policy], 256)
        kernel.spawn("admin", ((sysrq_f,),), adj=-1000)
        expected = "panic" if policy in RELEASES[:2] else "recovered"
        assert run(kernel).verdict == expected, policy


# 4. a victim's own charge


@pytest.mark.parametrize("policy", RELEASES)
def test_may_a_victim_charge_past_its_limit(policy):
    """K 4.4 to 5.14 try_charge: forced. K 5.17 to 6.12 (a4ebf1b6ca1e): -ENOMEM."""
    kernel = Kernel(PRESETS[policy], 1024)
    pod = kernel.new_memcg("pod", limit=100)
    task = kernel.spawn("task", ((pause,),), vmas=heap(100), memcg=pod)
    do_send_sigkill(task)
    steps, charged = try_charge(task, pod), None
    while charged is None:
        try:
            next(steps)
        except StopIteration as end:
            charged = end.value
    assert charged == (not policy.startswith("linux-6"))
    assert pod.usage == (101 if charged else 100)
    assert not names(kernel, "kill")


# 6. file pages of a private mapping


@pytest.mark.parametrize("policy", ["linux-4.6", "linux-4.10", "linux-4.14", "linux-6.12"])
def test_are_clean_pages_of_a_private_file_mapping_unmapped(policy):
    """K 4.6, 6.12: !VM_SHARED is enough. A page that was written to is anonymous (do_cow_fault)."""
    kernel = oomlab.run("mlocked-and-shared", policy).kernel
    victim = next(task for task in kernel.tasks if task.name == "victim")
    assert get_mm_counter(victim.mm, FILE) == 0


# 7. suspend


def suspending(policy: str, hold: int) -> Kernel:
    """A victim that needs `hold` ticks to die, and a suspend that starts meanwhile."""
    kernel = Kernel(PRESETS[policy], 1024)
    last_words = (sleep, hold, TASK_UNINTERRUPTIBLE)
    victim = kernel.spawn("victim", ((pause,),), vmas=heap(100), at_exit=(last_words,))
    for _ in mark_oom_victim(victim, victim, victim.mm):
        pass
    do_send_sigkill(victim)
    pm = kernel.spawn("pm", ((suspend, 50), (pause,)), adj=-1000)
    pm.flags |= PF_KTHREAD  # it freezes the others, not itself
    kernel.spawn("bystander", ((pause,),))
    return kernel


@pytest.mark.parametrize("policy", RELEASES[2:])
def test_does_suspend_give_up_waiting_for_a_victim(policy):
    """K 4.4, 4.6 try_to_freeze_tasks: after 20 s. K 4.9 on oom_killer_disable: the same."""
    kernel = suspending(policy, FREEZE_TIMEOUT + 200)
    run_seeded(kernel, 1)
    assert names(kernel, "suspend_failed") and not names(kernel, "suspended")
    assert not kernel.oom_killer_disabled and not kernel.freezing
    kernel = suspending(policy, 10)
    run_seeded(kernel, 1)
    assert names(kernel, "suspended") and not names(kernel, "suspend_failed")


@pytest.mark.parametrize("policy", RELEASES[2:])
def test_is_the_killer_off_before_the_victims_are_gone(policy):
    """K 4.4 to 6.12: the flag is set first, under oom_lock; out_of_memory() then returns false.

    In K 4.4, 4.6 the freezer has waited for them, which from 4.8 on looks past a victim.
    """
    kernel = suspending(policy, 30)
    seen = []
    run_seeded(
        kernel, 1, lambda *step: seen.append((kernel.oom_killer_disabled, kernel.oom_victims))
    )
    assert ((True, 1) in seen) == (policy not in ("linux-4.4", "linux-4.6"))
    assert (True, 0) in seen


@pytest.mark.parametrize("policy", RELEASES[2:])
def test_does_an_allocation_fail_while_the_killer_is_off(policy):
    """K out_of_memory. NOFS loops on in 4.4 and fails from 4.6 on (__alloc_pages_may_oom)."""
    for gfp in (None, GFP_NOFS):
        kernel = Kernel(PRESETS[policy], 256, min_kbytes=32)
        kernel.spawn("hog", ((pause,),), vmas=heap(60))
        request = (alloc, 99) if gfp is None else (alloc, 99, gfp)
        nearly_full(kernel, leave=10)
        kernel.oom_killer_disabled = True
        asker = kernel.spawn("asker", (request, (pause,)), adj=-1000)
        run_seeded(kernel, 1, most_steps=3000)
        assert not names(kernel, "kill")
        loops = gfp is GFP_NOFS and policy == "linux-4.4"
        assert bool(asker.allocating) == loops, (policy, gfp)


# 8. two that run into one limit


@pytest.mark.parametrize("policy", [p for p in RELEASES if PRESETS[p].memcg_oom == "charge"])
def test_can_one_limit_kill_twice(policy):
    """1378b37d03e8 (5.9) looks at the margin once oom_lock is held; K 4.19, 5.4 do not."""
    victims = set()
    for seed in range(60):
        kernel = Kernel(PRESETS[policy], 1024, cpus=3)
        pod = kernel.new_memcg("pod", limit=60)
        kernel.spawn("big", ((pause,),), vmas=heap(40), memcg=pod)
        for i in (1, 2):
            kernel.spawn(f"task{i}", ((touch, "heap", 2), (pause,)), vmas=heap(10), memcg=pod)
        victims.add(tuple(run(kernel, seed).victims))
    twice = [v for v in victims if len(v) > 1]
    fixed = policy not in ("linux-4.19", "linux-5.1", "linux-5.4")
    assert bool(twice) != fixed, victims


# 9. MMF_UNSTABLE, and the link of the list


@pytest.mark.parametrize(
    "policy, event",
    [("linux-4.6", "zero_page"), ("linux-4.10", "zero_page"), ("linux-4.14", "sigbus")],
)
def test_what_does_a_task_find_that_looks_at_a_reaped_page(policy, event):
    """K 4.6: zeros. K 4.10 handle_mm_fault: refused to kthreads only. K 4.14 on: SIGBUS."""
    kernel = Kernel(PRESETS[policy], 256)
    task = kernel.spawn("task", ((look, "heap"),), vmas=heap(4))
    task.mm.flags |= MMF_UNSTABLE
    run_seeded(kernel, 1)
    assert names(kernel, event) == ["task"]
    assert names(kernel, "zero_page" if event == "sigbus" else "sigbus") == []


def test_is_a_victim_said_to_miss_a_reaper_that_does_not_exist():
    why = oomlab.run("stuck-writer", "linux-4.4").outcome.why
    assert "never reached the reaper" not in why
    lost = oomlab.run("lost-victim", "linux-4.4").outcome
    assert lost.verdict == "lost-victim" and "there is no reaper" in lost.why


@pytest.mark.parametrize("policy, cleared", [("linux-4.6", False), ("linux-4.10", True)])
def test_is_the_link_cleared_when_a_victim_leaves_the_list(policy, cleared):
    """K 4.6 oom_reap_task: never. K 4.7 to 4.14: once it is reaped."""
    run = oomlab.run("lost-victim", policy, victims=3, seed=3)
    linked = [t for t in run.kernel.tasks if t.oom_reaper_list is not None]
    assert run.outcome.verdict == "recovered"
    assert cleared == (not linked) or not linked
    two = oomlab.build("lost-victim", policy, victims=2)[0]
    first, second = (t for t in two.tasks if t.name.startswith("victim"))
    enqueue(first)
    enqueue(second)
    run_seeded(two, 1, most_steps=400)
    assert bool(already_queued(second, second.mm, two.policy)) == (not cleared)


# the reaper beside exit_mmap(), and process_mrelease(2)


def races(policy: str, scenario: str, property: str = "no-use-after-free", **settings) -> str:
    """The explorer's verdict on all schedules of a small machine."""
    return oomlab.explore(scenario, policy, property, **settings).verdict


@pytest.mark.parametrize(
    "policy, settings, verdict",
    [
        ("linux-4.14", {}, "violated"),  # K 4.14.0 exit_mmap: nothing before munlock
        ("linux-4.14", {"exit_mmap": "reaps-itself"}, "holds"),  # K 4.14.74: 27ae357fa82b
        ("linux-4.19", {}, "holds"),
        ("linux-6.1", {"reap_delay": 0}, "holds"),
    ],
)
def test_does_the_reaper_unmap_what_munlock_walks(policy, settings, verdict):
    assert races(policy, "exit-race", **settings) == verdict


@pytest.mark.parametrize(
    "policy, settings, verdict",
    [
        ("linux-4.10", {}, "violated"),  # mm_users is 0: "done", MMF_OOM_SKIP, the next one dies
        ("linux-4.14", {}, "holds"),  # 212925802454
        ("linux-4.19", {}, "holds"),
    ],
)
def test_does_a_second_victim_die_while_the_first_is_in_exit_mmap(policy, settings, verdict):
    assert races(policy, "exit-race", "no-second-victim", locked=0, **settings) == verdict


@pytest.mark.parametrize(
    "settings, verdict",
    [
        ({"mrelease": "mm_count", "exit_mmap": "reaps-itself"}, "violated"),  # 884a7e5964e0
        ({"mrelease": "mm_users", "exit_mmap": "reaps-itself"}, "holds"),  # 337546e83fc7, v5.15
        ({"mrelease": "mm_count", "exit_mmap": "write-locked"}, "holds"),  # 64591e8605d6, v5.17
        ({"mrelease": "mm_count", "exit_mmap": "read-then-write"}, "holds"),  # K 6.1
    ],
)
def test_does_process_mrelease_walk_freed_page_tables(settings, verdict):
    assert races("linux-5.10", "mrelease-race", **settings) == verdict


@pytest.mark.parametrize("policy", RELEASES)
def test_what_does_process_mrelease_say(policy):
    """K 5.17, 6.1: EINVAL for who is not dying, ESRCH without an mm. Before 5.15: ENOSYS."""
    answers = []

    def asks(current, task):
        error = yield from process_mrelease(current, task)
        answers.append(error)

    kernel = Kernel(PRESETS[policy], 256)
    alive = kernel.spawn("alive", ((pause,),), vmas=heap(4))
    dying = kernel.spawn("dying", ((hang,),), vmas=heap(6))
    do_send_sigkill(dying)
    kernel.spawn("killer", ((asks, alive), (asks, dying)))
    run_seeded(kernel, 1)
    if policy.startswith("linux-6"):
        assert answers == ["EINVAL", ""]
        assert (get_mm_counter(alive.mm, ANON), get_mm_counter(dying.mm, ANON)) == (4, 0)
    else:
        assert answers == ["ENOSYS", "ENOSYS"] and get_mm_counter(dying.mm, ANON) == 6


def test_from_which_end_does_the_reaper_come():
    """K 6.1 for_each_vma: from the bottom. K 6.18 mas_for_each_rev: from the top."""
    for policy, first in (("linux-6.12", "heap"), ("linux-6.18", "library")):
        run = oomlab.run("mlocked-and-shared", policy)
        walk = [step.what for step in run.steps if step.verb == "reap"]
        assert walk[0] == first and len(walk) == 3


# scenes that real machines showed


@pytest.mark.parametrize("policy", RELEASES)
def test_who_dies_when_a_fork_bomb_meets_a_hog(policy):
    """The bombs stay small, so the hog is the worst process (oom_badness counts one process)."""
    assert oomlab.run("bomb-and-hog", policy).outcome.victims[0] == "hog"


@pytest.mark.parametrize("policy", RELEASES)
def test_what_does_killing_a_tmpfs_writer_free(policy):
    """Its own pages. The file is linked and stays, and the next process dies (mm/shmem.c)."""
    run = oomlab.run("tmpfs-writer", policy)
    assert run.outcome.victims[:2] == ["writer", "browser"]
    assert run.kernel.shmems[0].pages > 600 and unaccounted(run.kernel) == 0
    refused = oomlab.run("tmpfs-writer", policy, mode=0).outcome
    guesses = PRESETS[policy].overcommit in ("free", "free-unsigned")
    assert ("writer" not in refused.victims) == guesses
    assert ("writer asked for memory" in refused.why) == guesses
    small = oomlab.run("tmpfs-writer", policy, mapped=0)
    assert "writer" not in small.outcome.victims[:2] and small.outcome.victims[0] == "browser"


@pytest.mark.parametrize("policy", RELEASES)
def test_does_somebody_die_with_overcommit_mode_2(policy):
    """K 6.1 __vm_enough_memory: mmap() fails beyond CommitLimit, so that memory never runs out."""
    run = oomlab.run("overcommit", policy, mode=2)
    assert run.outcome.victims == []
    assert names(run.kernel, "enomem") == ["asker", "asker"]
    assert oomlab.run("overcommit", policy, mode=1).outcome.victims == ["asker"]
    assert names(oomlab.run("overcommit", policy, mode=0, want=1100).kernel, "enomem")


def test_commit_limit_and_its_reserves():
    """Half of 1024 pages, less 3 % for root, less the 32nd part of what the task has."""
    kernel = Kernel(PRESETS["linux-6.1"], 1024)
    kernel.overcommit_memory = 2
    task = kernel.spawn("task", ((pause,),), vmas=heap(64))
    assert vm_commit_limit(kernel) == 512
    assert not vm_enough_memory(task, 512 - 32 - 2 - 64)
    assert vm_enough_memory(task, 512 - 32 - 2 - 64 - 1)
    task.uid = 0
    assert vm_enough_memory(task, 512 - 2 - 64 - 1)


@pytest.mark.parametrize("policy", [p for p in RELEASES if PRESETS[p].oom_group])
def test_whom_does_oom_group_on_a_nested_leaf_take(policy):
    """K 4.19, 6.1 mem_cgroup_get_oom_group: the leaf, whole; the sibling above it lives.

    The victim's own line comes twice: it is killed first, and again with its group.
    """
    for limits in ((10_000, 300), (300, 10_000)):
        kernel = Kernel(PRESETS[policy], 2048)
        pod = kernel.new_memcg("pod", limits[0])
        leaf = kernel.new_memcg("pod/leaf", limits[1], pod, True)
        kernel.spawn("a", ((pause,),), vmas=heap(120), memcg=leaf)
        kernel.spawn("b", ((touch, "heap", 400),), vmas=heap(60), memcg=leaf)
        kernel.spawn("sibling", ((pause,),), vmas=heap(50), memcg=pod)
        outcome = run(kernel)
        assert sorted(outcome.victims) == ["a", "b"]
        kills = names(kernel, "kill")
        assert len(kills) == 3 and kills.count(kills[0]) == 2


# 10. what can be reclaimed before anybody dies


def libraries(policy: str, processes: int = 3) -> tuple[Kernel, Shmem]:
    """Some processes map one library of 100 pages."""
    kernel, libc = Kernel(PRESETS[policy], 1024), Shmem("libc", 100, linked=True)
    kernel.zone.free -= 100
    kernel.shmems.append(libc)
    for i in range(processes):
        vmas = [*heap(50), VMA("libc", FILE, 100, shmem=libc)]
        kernel.spawn(f"user{i}", ((pause,),), vmas=vmas)
    return kernel, libc


@pytest.mark.parametrize("policy", RELEASES)
def test_how_often_does_a_library_count_that_many_map(policy):
    """Once in memory; in the rss, and so in the badness, of each (get_mm_rss, K 2.6.38 to 6.18)."""
    kernel, _ = libraries(policy)
    assert unaccounted(kernel) == 0
    users = [task for task in kernel.tasks if task.name.startswith("user")]
    assert all(get_mm_rss(task.mm) == 150 for task in users)
    tables = sum(task.mm.nr_ptes + task.mm.nr_pmds for task in users)
    assert kernel.zone.free == 1024 - 100 - 3 * 50 - tables


@pytest.mark.parametrize("policy", RELEASES)
def test_does_somebody_die_while_a_library_could_be_read_again(policy):
    """shrink_page_list: mapped clean pages are unmapped and freed before the killer is called."""
    kernel, libc = libraries(policy)
    kernel.spawn("asker", ((touch, "heap", 740), (pause,)), vmas=heap(1), adj=-1000)
    outcome = run(kernel)
    assert outcome.victims == [] and libc.pages < 100
    assert all(vma.pages == libc.pages for mm in kernel.mms for vma in mm.vmas if vma.shmem is libc)
    assert unaccounted(kernel) == 0


@pytest.mark.parametrize("policy", RELEASES)
def test_does_anonymous_memory_go_to_swap_before_somebody_dies(policy):
    """shrink_page_list, add_to_swap: yes, while there is room; and it counts as before."""
    for pages, dies in ((300, False), (100, True)):
        kernel = Kernel(PRESETS[policy], 1024)
        kernel.swapon(pages)
        hog = kernel.spawn("hog", ((pause,),), vmas=heap(600))
        before = oom_badness(hog, 1000, kernel.policy)
        kernel.spawn("asker", ((touch, "heap", 600), (pause,)), vmas=heap(1), adj=-1000)
        outcome = run(kernel)
        assert outcome.victims == (["hog"] if dies else [])
        if not dies:
            assert hog.mm.swapents > 100
            assert oom_badness(hog, 1000, kernel.policy) == before
        assert kernel.swap_free + sum(mm.swapents for mm in kernel.mms) == pages
        assert unaccounted(kernel) == 0


def test_is_mlocked_memory_or_a_request_without_io_left_alone():
    """K may_enter_fs and page_evictable: no swap for GFP_NOIO, none of VM_LOCKED."""
    kernel = Kernel(PRESETS["linux-6.1"], 1024)
    kernel.swapon(500)
    kernel.spawn("a", ((pause,),), vmas=[VMA("locked", ANON, 300, locked=True)])
    kernel.spawn("b", ((pause,),), vmas=heap(40))
    assert reclaimable_pages(kernel, GFP_NOIO) == 0
    assert reclaimable_pages(kernel, GFP_NOFS) == 40


@pytest.mark.parametrize("policy", RELEASES)
def test_does_a_memcg_swap_before_it_kills(policy):
    """try_charge: try_to_free_mem_cgroup_pages() first, of this cgroup alone."""
    kernel = Kernel(PRESETS[policy], 2048)
    kernel.swapon(100)
    pod = kernel.new_memcg("pod", limit=200)
    kernel.spawn("inside", ((touch, "heap", 120), (pause,)), vmas=heap(150), memcg=pod)
    outside = kernel.spawn("outside", ((pause,),), vmas=heap(400))
    outcome = run(kernel)
    assert outcome.victims == [] and pod.usage <= 200
    assert outside.mm.swapents == 0 and kernel.swap_free < 100
    kernel.spawn("more", ((touch, "heap", 300),), vmas=heap(10), memcg=pod)
    assert run(kernel).victims
    assert unaccounted(kernel) == 0


# fork


@pytest.mark.parametrize("policy", RELEASES)
def test_what_does_a_forked_child_cost_before_it_writes(policy):
    """K 4.4, 6.12 copy_page_range: page tables. Its rss, and so its badness, is the parent's."""
    kernel = Kernel(PRESETS[policy], 2048)
    forks = (copy_on_write, "child", ((pause,),))
    parent = kernel.spawn("parent", (forks, (pause,)), vmas=heap(600))
    free = kernel.zone.free
    run_seeded(kernel, 1)
    child = next(task for task in kernel.tasks if task.name == "child")
    assert free - kernel.zone.free == child.mm.nr_ptes + child.mm.nr_pmds == 3
    scores = [oom_badness(task, 2048, kernel.policy) for task in (parent, child)]
    assert scores[0] == scores[1] and get_mm_rss(child.mm) == 600
    assert unaccounted(kernel) == 0


@pytest.mark.parametrize("policy", RELEASES)
def test_what_does_killing_a_forked_child_free(policy):
    """K 4.4, 6.12 zap_pte_range: only what the parent does not map, too."""
    kernel = Kernel(PRESETS[policy], 2048)
    writes = (write_inherited, 40), (pause,)
    parent = kernel.spawn("parent", ((copy_on_write, "child", writes), (pause,)), vmas=heap(300))
    run_seeded(kernel, 1)
    child = next(task for task in kernel.tasks if task.name == "child")
    assert get_mm_rss(child.mm) == get_mm_rss(parent.mm) == 300
    free, tables = kernel.zone.free, child.mm.nr_ptes + child.mm.nr_pmds
    do_send_sigkill(child)
    run_seeded(kernel, 1)
    assert kernel.zone.free - free == 40 + tables
    do_send_sigkill(parent)
    run_seeded(kernel, 1)
    assert unaccounted(kernel) == 0 and kernel.zone.free > free + 300


def test_does_the_last_one_copy_what_only_he_maps():
    """K 4.4, 6.12 do_wp_page: no, the page is used again."""
    kernel = Kernel(PRESETS["linux-6.12"], 2048)
    child = (copy_on_write, "child", ())
    kernel.spawn("parent", (child, (wait4,), (write_inherited, 100), (hang,)), vmas=heap(100))
    free = kernel.zone.free
    run_seeded(kernel, 1)
    assert kernel.zone.free == free and unaccounted(kernel) == 0


# the task that asks


@pytest.mark.parametrize("policy", RELEASES)
def test_which_thread_is_marked_under_oom_kill_allocating_task(policy):
    """K 2.6.38, 3.10 find_lock_task_mm: `current`. K 4.4 on: the leader, if it has an mm.

    for_each_thread() begins with the leader; do { } while_each_thread() began with the task.
    """
    version = policy
    policy = oomlab.build("decoys", PRESETS[policy], oom_kill_allocating_task=1)[0].policy
    kernel = Kernel(policy, 256, min_kbytes=32)
    leader = kernel.spawn("leader", ((hang,),), vmas=heap(20))
    kernel.spawn("asker", ((touch, "heap", 60),), thread_of=leader)
    nearly_full(kernel, leave=10)
    run(kernel)
    asked = version in ("linux-2.6.38", "linux-3.10")
    assert names(kernel, "mark_victim")[0] == ("asker" if asked else "leader")


@pytest.mark.parametrize("version", ["3.10", "4.4", "6.1", "6.12"])
def test_is_movable_memory_highmem_on_a_machine_that_has_highmem(version):
    """K is_highmem_idx, zone_movable_is_highmem: yes, so it takes no part in lowmem_pages."""
    zones = {"DMA": 15992, "Normal": 839680, "HighMem": 1048576}
    without = oomlab.watermarks(zones, kernel=version, khugepaged=False)
    marks = oomlab.watermarks({**zones, "Movable": 1048576}, kernel=version, khugepaged=False)
    assert marks.zones["Normal"] == without.zones["Normal"]
    assert marks.zones["Movable"][0] == 4 * 128


# programs without end


@pytest.mark.parametrize("scenario", ["tiny-child", "decoy-children"])
def test_does_a_machine_hang_that_has_its_memory_back(scenario):
    """K 5.1 oom_kill_process: the hog itself dies, and its children go on for ever, unharmed."""
    for policy in ("linux-5.1", "linux-6.18"):
        outcome = oomlab.run(scenario, policy, trace=False).outcome
        assert (outcome.verdict, outcome.victims) == ("recovered", ["hog"])
    assert oomlab.run(scenario, "linux-4.4", trace=False).outcome.verdict == "deadlock"
