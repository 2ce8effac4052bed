"""What else goes on in an address space while the reaper comes: forks, faults, looks, locks.

`K x.y function` names the release that was read. A test is called after its question.
"""

from run_machine import RELEASES, each, finish, names

from oomlab.gfp_contract import page
from oomlab.model.exit import exit_mm, reap_vmas
from oomlab.model.faults import do_page_fault, handle_mm_fault
from oomlab.model.fork import copy_on_write, fork, vfork
from oomlab.model.gfp import __GFP_HIGH, GFP_KERNEL
from oomlab.model.kernel import Kernel
from oomlab.model.locks import TASK_FROZEN, TASK_KILLABLE, TASK_RUNNING, TASK_UNINTERRUPTIBLE
from oomlab.model.memcg import mem_cgroup_out_of_memory
from oomlab.model.memory import gfp_to_alloc_flags, wmark
from oomlab.model.mm import ANON, FILE, MMF_UNSTABLE, SHMEM, VMA, Shmem
from oomlab.model.oom import OomControl, oom_kill_process, out_of_memory
from oomlab.model.syscalls import read_mm
from oomlab.model.tasks import do_send_sigkill
from oomlab.policies.presets import PRESETS
from oomlab.scenarios.programs import hang, look, pause, sleep, touch
from oomlab.scenarios.registry import heap
from oomlab.simulate.page_accounting import unaccounted
from oomlab.simulate.reported import get_mm_counter
from oomlab.simulate.scheduler import run_seeded

BEFORE_4_7 = RELEASES[: RELEASES.index("linux-4.10")]
SINCE_4_13 = RELEASES[RELEASES.index("linux-4.14") :]
SINCE_5_3 = RELEASES[RELEASES.index("linux-5.4") :]
SINCE_6_5 = RELEASES[RELEASES.index("linux-6.12") :]


def machine(policy: str, pages: int = 256) -> Kernel:
    return Kernel(PRESETS[policy], pages, min_kbytes=32)


def exhausted(kernel: Kernel) -> int:
    """Take every free page out of the machine; how many they were."""
    zone = kernel.zone
    free, zone.free = zone.free, 0
    zone.reserved += free
    return free


def given_back(kernel: Kernel, pages: int) -> None:
    kernel.zone.free += pages
    kernel.zone.reserved -= pages


def reaper_of(kernel: Kernel):
    return kernel.kthread_run("oom_reaper", lambda task: (yield "sleep", task))


# fork


@each(RELEASES)
def test_does_the_reaper_get_at_a_process_that_forks(policy):
    """K 3.10, 4.10, 6.12 dup_mmap: mmap_sem is held for write while page tables are asked for."""
    kernel = machine(policy)
    kernel.overcommit_memory = 1
    parent = kernel.spawn("parent", ((hang,),), vmas=heap(20))
    pages = exhausted(kernel)
    fork = copy_on_write(parent, "child", ((pause,),))
    while parent.mm.mmap_sem.writer is not parent:
        next(fork)
    assert not parent.mm.mmap_sem.down_read_trylock(kernel.init)
    given_back(kernel, pages)
    finish(fork)
    assert parent.mm.mmap_sem.down_read_trylock(kernel.init)
    assert kernel.tasks[-1].name == "child"
    assert unaccounted(kernel) == 0


@each(RELEASES)
def test_does_sigkill_end_the_wait_of_a_fork_for_its_mmap_sem(policy):
    """K 4.6 dup_mmap: down_write(). K 4.10: down_write_killable()."""
    kernel = machine(policy)
    parent = kernel.spawn("parent", ((copy_on_write, "child"), (pause,)), vmas=heap(20))
    parent.mm.mmap_sem.down_read_trylock(kernel.init)
    run_seeded(kernel, 1)
    assert parent.waits_for is parent.mm.mmap_sem
    assert parent.state == (TASK_UNINTERRUPTIBLE if policy in BEFORE_4_7 else TASK_KILLABLE)


@each(RELEASES)
def test_is_a_process_killed_that_a_sharer_makes_while_sharers_are_killed(policy):
    """K 2.6.38, 4.10, 6.12 for_each_process(): a new process is the last of the list.

    And copy_process() makes none for one who has his SIGKILL. So the reaper meets no living task.
    """
    kernel = machine(policy)
    hog = kernel.spawn("hog", ((hang,),), vmas=heap(60))
    sharer = kernel.spawn("sharer", ((hang,),), mm=hog.mm)
    child = None
    asker = kernel.spawn("asker", ((hang,),), adj=-1000)
    for op in oom_kill_process(asker, OomControl(GFP_KERNEL, totalpages=256), hog):
        if op == ("SIGKILL", sharer):
            assert child is None and not sharer.sigkill
            finish(vfork(sharer, "child", ((hang,),)))
            child = kernel.tasks[-1]
    assert child.sigkill and sharer.sigkill
    run_seeded(kernel, 1)
    assert not kernel.bugs


@each([p for p in RELEASES if PRESETS[p].oom_group])
def test_is_a_process_killed_that_a_member_makes_while_its_group_is_killed(policy):
    """K 4.19, 6.12 css_set_move_task(): list_add_tail(), and the iterator comes to it."""
    kernel = machine(policy)
    pod = kernel.new_memcg("pod", limit=60, oom_group=True)
    first = kernel.spawn("first", ((hang,),), vmas=heap(30), memcg=pod)
    second = kernel.spawn("second", ((hang,),), vmas=heap(20), memcg=pod)
    asker = kernel.spawn("asker", ((hang,),), vmas=heap(10), memcg=pod, adj=-1000)
    for op in mem_cgroup_out_of_memory(asker, pod):
        if op == ("SIGKILL", second):
            finish(fork(second, "child", ((hang,),)))
    assert first.sigkill and second.sigkill and not asker.sigkill
    assert kernel.tasks[-1].name == "child" and kernel.tasks[-1].sigkill


# a fault


@each(RELEASES)
def test_is_a_page_mapped_whose_fault_began_before_the_reaper_came(policy):
    """K 4.14 do_anonymous_page: check_stable_address_space() once the page is there, then SIGBUS.

    K 4.6 asks nothing, K 4.10 handle_mm_fault whether it is a kthread.
    """
    kernel = machine(policy)
    pod = kernel.new_memcg("pod", limit=100)
    victim = kernel.spawn("victim", ((hang,),), vmas=heap(20), memcg=pod)
    do_send_sigkill(victim)
    pages = exhausted(kernel)
    fault = handle_mm_fault(victim, victim.mm, victim.mm.find_vma("heap"))
    next(fault)  # it waits for a page
    finish(reap_vmas(reaper_of(kernel), victim.mm))
    given_back(kernel, pages)
    assert finish(fault)
    refused = policy in SINCE_4_13
    assert get_mm_counter(victim.mm, ANON) == pod.usage == (0 if refused else 1)
    assert names(kernel, "sigbus") == ["victim"] * refused
    assert unaccounted(kernel) == 0


@each(RELEASES)
def test_does_sigkill_end_the_wait_of_a_page_fault_for_mmap_sem(policy):
    """K 6.1 do_user_addr_fault: mmap_read_lock(). K 6.12 lock_mm_and_find_vma: a killable one."""
    kernel = machine(policy)
    task = kernel.spawn("task", ((sleep, 1), (do_page_fault_of, "heap")), vmas=heap(20))
    task.mm.mmap_sem.writer = kernel.init
    run_seeded(kernel, 1)
    assert task.waits_for is task.mm.mmap_sem
    do_send_sigkill(task)
    assert (task.state == TASK_RUNNING) == (policy in SINCE_6_5)


def do_page_fault_of(current, name):
    yield from do_page_fault(current, current.mm, name)


# a look


@each(RELEASES)
def test_is_memory_lost_that_the_reaper_leaves_alone(policy):
    """K 4.14 finish_fault: nothing is asked of VM_SHARED; a page that is mapped causes no fault.

    K 5.10 __oom_reap_task_mm: an mlocked range is left as it is, and a shared one.
    """
    kernel = machine(policy)
    shared = Shmem("shm", pages=3)
    ranges = [VMA("shm", SHMEM, 3, shmem=shared), VMA("locked", ANON, 3, locked=True), *heap(4)]
    task = kernel.spawn("task", ((hang,),), vmas=ranges)
    reaper = reaper_of(kernel)
    finish(reap_vmas(reaper, task.mm))
    locked_reaped = PRESETS[policy].reap_locked
    for name, lost in (("shm", False), ("locked", locked_reaped), ("heap", True)):
        before = len(names(kernel, "sigbus") + names(kernel, "zero_page"))
        task.sigkill = False
        finish(look(task, name))
        after = len(names(kernel, "sigbus") + names(kernel, "zero_page"))
        assert after - before == lost, name


@each([p for p in RELEASES if PRESETS[p].unstable == "all"])
def test_may_a_victim_still_have_a_page_of_shared_memory(policy):
    """K 4.14, 6.12 finish_fault: `if (!(vma->vm_flags & VM_SHARED))`."""
    kernel = machine(policy)
    shared = Shmem("shm", pages=3)
    task = kernel.spawn("task", ((hang,),), vmas=[VMA("shm", SHMEM, 2, shmem=shared), *heap(4)])
    task.mm.flags |= MMF_UNSTABLE
    assert finish(handle_mm_fault(task, task.mm, task.mm.find_vma("shm")))
    assert task.mm.find_vma("shm").pages == 3 and not names(kernel, "sigbus")


# a reader of /proc


@each(RELEASES)
def test_does_sigkill_end_the_wait_of_a_reader_of_proc(policy):
    """K 4.19, 5.0 __access_remote_vm: down_read(). K 5.4: down_read_killable()."""
    kernel = machine(policy)
    hog = kernel.spawn("hog", ((hang,),), vmas=heap(20))
    hog.mm.mmap_sem.writer = hog
    reader = kernel.spawn("reader", ((read_mm, hog.mm),), vmas=heap(1))
    run_seeded(kernel, 1)
    do_send_sigkill(reader)
    assert (reader.state == TASK_RUNNING) == (policy in SINCE_5_3)


# the killer's own nap


def test_who_sleeps_in_2_6_38_after_a_kill():
    """K 2.6.38 out_of_memory: `if (killed && !test_thread_flag(TIF_MEMDIE))`, uninterruptible."""
    for marked in (True, False):
        kernel = machine("linux-2.6.38")
        hog = kernel.spawn("hog", ((hang,),), vmas=heap(60))
        # a sharer dies with the hog, and is not marked
        caller = hog if marked else kernel.spawn("sharer", ((hang,),), mm=hog.mm)
        caller.state = TASK_RUNNING
        states = {caller.state for _ in out_of_memory(caller, OomControl(GFP_KERNEL))}
        assert names(kernel, "kill") == ["hog"] and caller.sigkill
        assert (TASK_UNINTERRUPTIBLE in states) == (not marked), marked


# a suspend


@each(RELEASES)
def test_does_a_killed_sharer_stand_still_while_a_suspend_freezes(policy):
    """K 2.6.38 get_signal_to_deliver, K 6.12 get_signal: try_to_freeze() comes before SIGKILL.

    Only who is marked passes (K 4.4, 6.12 freezing_slow_path), whatever he would have done next.
    """
    kernel = machine(policy)
    hog = kernel.spawn("hog", ((pause,),), vmas=heap(60))
    sharer = kernel.spawn("sharer", ((pause,),), mm=hog.mm)
    kernel.freezing = True
    asker = kernel.spawn("asker", ((hang,),), adj=-1000)
    finish(oom_kill_process(asker, OomControl(GFP_KERNEL, totalpages=256), hog))
    run_seeded(kernel, 1, most_steps=200)
    assert sharer.state == TASK_FROZEN
    assert (hog.state == TASK_FROZEN) == (policy in ("linux-2.6.38", "linux-3.10"))


# what a fork leaves


@each(RELEASES)
def test_is_shared_memory_still_there_for_the_child_when_its_parent_is_killed(policy):
    """K 3.10, 6.12 dup_mmap: each range is mapped again; copy_page_range leaves a shared one."""
    kernel = machine(policy)
    shared = Shmem("shm", pages=0)
    ranges = [VMA("shm", SHMEM, 5, shmem=shared), VMA("lib", FILE, 3), *heap(4)]
    parent = kernel.spawn("parent", ((hang,),), vmas=ranges)
    finish(copy_on_write(parent, "child", ((touch, "shm", 2), (pause,))))
    child = kernel.tasks[-1]
    mapped = [(v.name, v.kind, v.size) for v in child.mm.vmas]
    assert mapped[:2] == [("shm", SHMEM, 5), ("lib", FILE, 3)]
    assert shared.mappings == 2
    do_send_sigkill(parent)
    parent.state = TASK_RUNNING
    finish(exit_mm(parent))
    run_seeded(kernel, 1)
    assert not child.sigkill and child.mm.find_vma("shm").pages == 2 and shared.pages == 5
    assert unaccounted(kernel) == 0


@each(RELEASES)
def test_is_memory_still_mlocked_that_a_fork_shares(policy):
    """K 4.10, 5.10 dup_mmap: VM_LOCKED goes in the child's range (`tmp->vm_flags &=`) alone."""
    kernel = machine(policy)
    parent = kernel.spawn("parent", ((hang,),), vmas=[VMA("locked", ANON, 6, locked=True)])
    finish(copy_on_write(parent, "child", ((pause,),)))
    child = kernel.tasks[-1]
    reaper = reaper_of(kernel)
    finish(reap_vmas(reaper, child.mm))
    finish(reap_vmas(reaper, parent.mm))
    assert get_mm_counter(child.mm, ANON) == 0
    assert get_mm_counter(parent.mm, ANON) == (0 if PRESETS[policy].reap_locked else 6)


# what is left out


@each(RELEASES)
def test_does_each_release_say_what_it_leaves_out_as_those_before_it_did(policy):
    """K 4.14, 4.19 mm_has_notifiers(), K 5.10 boost_watermark(), K 6.12 lock_vma_under_rcu()."""
    about, since = PRESETS[policy].about, RELEASES[: RELEASES.index(policy) + 1]
    for left, first in (
        ("mmu notifiers", "linux-4.14"),
        ("watermark boost", "linux-5.1"),
        ("per-VMA locks", "linux-6.12"),
    ):
        assert (left in about) == (first in since), left


@each([p for p in RELEASES if PRESETS[p].reserves == "oom-half"])
def test_how_far_does_a_real_time_victim_reach(policy):
    """K 4.14, 6.1 __alloc_pages_slowpath: gfp_to_alloc_flags() first, then ALLOC_OOM instead of it.

    The first look is left out, and the contract's page says so.
    """
    kernel = machine(policy)
    victim = kernel.spawn("victim", ((hang,),), vmas=heap(20))
    victim.fifo, kernel.zone.min = True, 100
    asks = GFP_KERNEL | __GFP_HIGH
    own = wmark(kernel.zone, gfp_to_alloc_flags(victim, asks))
    victim.signal.oom_mm = victim.mm
    assert wmark(kernel.zone, gfp_to_alloc_flags(victim, asks)) == 50
    assert own == (50 if policy in SINCE_6_5 else 38)
    assert "above 38; here it begins with a victim's,\nabove 50" in page()
