"""What a maintainer asks of memory cgroups and of the caller of the OOM killer.

`K x.y function` names the release that was read. A test is called after its question.
"""

import pytest
from run_machine import RELEASES, names, run

import oomlab
from oomlab.model.exit import exit_mm, mmput
from oomlab.model.gfp import __GFP_IO, GFP_KERNEL
from oomlab.model.kernel import Kernel
from oomlab.model.locks import Mutex
from oomlab.model.memcg import mem_cgroup_handle_oom
from oomlab.model.memory_high import high_delay, mem_cgroup_handle_over_high
from oomlab.model.mm import FILE, MMF_OOM_SKIP, SHMEM, VMA, Shmem
from oomlab.model.oom import OomControl, constrained_alloc
from oomlab.model.syscalls import sysrq_f, write_tmpfs
from oomlab.model.tasks import PF_EXITING
from oomlab.model.vmscan import shrink_zone
from oomlab.policies.presets import PRESETS
from oomlab.scenarios.programs import alloc, hang, locked, pause, sleep, touch
from oomlab.scenarios.registry import heap, nearly_full
from oomlab.simulate.outcome import whom
from oomlab.simulate.page_accounting import unaccounted
from oomlab.simulate.scheduler import run_seeded


def with_knobs(policy: str, **knobs):
    return oomlab.build("decoys", PRESETS[policy], **knobs)[0].policy


# the task that asks


@pytest.mark.parametrize("policy", RELEASES)
def test_does_a_reaped_mm_spare_the_allocating_task(policy):
    """K 4.10, 6.1 out_of_memory: it asks for an mm, unkillable and -1000, not for MMF_OOM_SKIP."""
    policy = with_knobs(policy, oom_kill_allocating_task=1)
    kernel = Kernel(policy, 256, min_kbytes=32)
    asker = kernel.spawn("asker", ((touch, "heap", 60),), vmas=heap(10))
    asker.mm.flags |= MMF_OOM_SKIP
    kernel.spawn("other", ((pause,),), vmas=heap(30))
    nearly_full(kernel, leave=10)
    run(kernel)
    assert whom(kernel, "kill")[0] == "asker"


@pytest.mark.parametrize("policy", RELEASES)
def test_is_an_allocating_thread_without_an_mm_killed(policy):
    """K 2.6.38 to 6.18 out_of_memory: `current->mm`, so the scan goes on and takes the worst.

    In 3.10 a caller that exits gets the reserves before that, with or without an mm.
    """
    policy = with_knobs(policy, oom_kill_allocating_task=1)
    kernel = Kernel(policy, 256, min_kbytes=32)
    leader = kernel.spawn("leader", ((pause,),), vmas=heap(10))
    leaves = ((alloc, 40),)  # a thread that allocates after exit_mm()
    worker = kernel.spawn("worker", (), thread_of=leader, at_exit=((exit_mm,), *leaves))
    assert worker.mm is leader.mm
    kernel.spawn("other", ((pause,),), vmas=heap(30))
    nearly_full(kernel, leave=10)
    run(kernel)
    assert whom(kernel, "kill") == ([] if policy.kernel == "3.10" else ["other"])


@pytest.mark.parametrize("policy", RELEASES)
def test_does_a_sharer_protect_the_allocating_task(policy):
    """K 2.6.38 out_of_memory: mm->oom_disable_count does. From 3.2 on only its own adj counts."""
    knobs = with_knobs(policy, oom_kill_allocating_task=1)
    kernel = Kernel(knobs, 256, min_kbytes=32)
    asker = kernel.spawn("asker", ((touch, "heap", 60),), vmas=heap(10))
    kernel.spawn("sharer", ((pause,),), mm=asker.mm, adj=-1000)
    kernel.spawn("other", ((pause,),), vmas=heap(30))
    nearly_full(kernel, leave=10)
    run(kernel)
    assert (whom(kernel, "kill")[0] == "other") == (policy == "linux-2.6.38")


# the scan and the mark


@pytest.mark.parametrize("policy", RELEASES)
def test_does_sysrq_f_wait_for_an_earlier_victim(policy):
    """K 2.6.38 select_bad_process: yes, it knows no force_kill. K 3.10 to 6.18: no."""
    kernel = Kernel(PRESETS[policy], 512)
    first = kernel.spawn("first", ((hang,),), vmas=heap(100))
    first.memdie = True
    if PRESETS[policy].victim_mark == "process":
        first.signal.oom_mm = first.mm
        first.mm.mm_count += 1
        first.signal.oom_score_adj = -999  # it would be chosen again
    kernel.spawn("second", ((pause,),), vmas=heap(90))
    if PRESETS[policy].victim_mark == "thread":
        first.signal.oom_score_adj = -999
    kernel.spawn("admin", ((sysrq_f,),), adj=-1000)
    run(kernel)
    assert (whom(kernel, "kill") == []) == (policy == "linux-2.6.38")


@pytest.mark.parametrize("policy", RELEASES[:4])
def test_does_the_mark_of_a_thread_stop_the_scan(policy):
    """K 2.6.38 select_bad_process: for_each_process(), leaders only. K 3.10, 4.4, 4.6: threads."""
    kernel = Kernel(PRESETS[policy], 256, min_kbytes=32)
    leader = kernel.spawn("leader", ((hang,),), vmas=heap(30))
    thread = kernel.spawn("thread", ((hang,),), thread_of=leader)
    thread.memdie, leader.signal.oom_score_adj = True, -999
    kernel.spawn("other", ((pause,),), vmas=heap(20))
    nearly_full(kernel, leave=0)
    kernel.spawn("asker", ((touch, "heap", 8),), vmas=heap(1), adj=-1000)
    run(kernel)
    assert (whom(kernel, "kill") == ["other"]) == (policy == "linux-2.6.38")


@pytest.mark.parametrize("policy", RELEASES)
def test_may_a_victim_use_the_reserves_before_it_knows(policy):
    """K 2.6.38, 3.10, 3.19 oom_kill_process: TIF_MEMDIE, then SIGKILL; 4.4 on the other way."""
    kernel = Kernel(PRESETS[policy], 256, min_kbytes=32)
    victim = kernel.spawn("victim", ((pause,),), vmas=heap(40))
    nearly_full(kernel, leave=0)
    kernel.spawn("asker", ((touch, "heap", 8),), vmas=heap(1), adj=-1000)
    order = []

    def record(task, op, function, was):
        if victim.memdie and not victim.sigkill:
            order.append("mark")

    run_seeded(kernel, 1, record)
    assert bool(order) == (policy in ("linux-2.6.38", "linux-3.10"))


@pytest.mark.parametrize("policy", RELEASES[:4])
def test_does_one_exiting_thread_stop_the_scan(policy):
    """K 2.6.38: only the last thread. K 3.10, 4.4: any. K 4.6 does not look (6a618957ad17)."""
    kernel = Kernel(PRESETS[policy], 256, min_kbytes=32)
    leader = kernel.spawn("leader", ((hang,),), vmas=heap(5))
    thread = kernel.spawn("thread", ((hang,),), thread_of=leader)
    thread.flags |= PF_EXITING
    kernel.spawn("other", ((pause,),), vmas=heap(40))
    nearly_full(kernel, leave=0)
    kernel.spawn("asker", ((touch, "heap", 8),), vmas=heap(1), adj=-1000)
    run(kernel)
    assert (whom(kernel, "kill") == []) == (policy in ("linux-3.10", "linux-4.4"))


# a memcg OOM with locks held


def locked_writer(policy: str) -> Kernel:
    """A write() fills its cgroup with the inode locked; the victim waits for that lock."""
    kernel = Kernel(PRESETS[policy], 1024)
    inode, file = Mutex("i_mutex"), Shmem("log", linked=True)
    kernel.shmems.append(file)
    pod = kernel.new_memcg("pod", limit=100)
    writes = (locked, inode, (sleep, 5), (write_tmpfs, file, 60))
    kernel.spawn("writer", (writes,), vmas=heap(1), memcg=pod, adj=-500)
    kernel.spawn("victim", ((sleep, 1), (locked, inode, (pause,))), vmas=heap(60), memcg=pod)
    return kernel


@pytest.mark.parametrize("policy", RELEASES)
def test_does_a_memcg_kill_with_locks_held(policy):
    """3812c8c8f395 (3.12): before, the hang of 2.6.38 and 3.10; then the write() fails.

    29ef680ae7c2 (4.19) kills in the charge path again, since the reaper frees what the victim,
    which waits for the lock, cannot.
    """
    kernel = locked_writer(policy)
    outcome = run(kernel)
    rule = PRESETS[policy].memcg_oom
    if rule == "charge-waits":
        assert (outcome.verdict, outcome.victims) == ("deadlock", ["victim"])
        assert set(outcome.cycle) >= {"writer", "victim"}
    elif rule == "fault-end":
        assert outcome.victims == [] and names(kernel, "enomem") == ["writer"]
    else:
        assert (outcome.verdict, outcome.victims) == ("recovered", ["victim"])
        assert kernel.reaped["victim"] == 60


@pytest.mark.parametrize("policy", [p for p in RELEASES if PRESETS[p].memcg_oom != "charge"])
def test_does_a_nested_memcg_wait_for_the_oom_above_it(policy):
    """K 2.6.38, 4.4 mem_cgroup_oom_lock: one OOM at a time in a subtree."""
    kernel = Kernel(PRESETS[policy], 1024)
    outer = kernel.new_memcg("outer", limit=100)
    inner = kernel.new_memcg("inner", limit=50, parent=outer)
    outer.under_oom = inner.under_oom = True  # a killer is at work in outer, and slow
    kernel.spawn("inside", ((touch, "heap", 40),), vmas=heap(30), memcg=inner)
    run(kernel)
    assert whom(kernel, "kill") == []


@pytest.mark.parametrize("policy", [p for p in RELEASES if PRESETS[p].memcg_oom != "charge"])
def test_does_the_end_of_an_oom_below_wake_who_waits_above(policy):
    """K 2.6.38, 4.4 memcg_oom_wake_function: relatives in both directions are woken."""
    kernel = Kernel(PRESETS[policy], 1024)
    outer = kernel.new_memcg("outer", limit=100)
    inner = kernel.new_memcg("inner", limit=50, parent=outer)
    killer = kernel.spawn("killer", ((pause,),), vmas=heap(45), memcg=inner, adj=-1000)
    waiter = kernel.spawn("waiter", ((pause,),), vmas=heap(50), memcg=outer, adj=-1000)
    outer.oom_waitq.sleepers.append(waiter)
    for _ in mem_cgroup_handle_oom(killer, inner):
        pass
    assert waiter not in outer.oom_waitq.sleepers


@pytest.mark.parametrize("above_too", [False, True])
def test_does_the_end_of_an_oom_above_wake_who_waits_below(above_too):
    """K 4.4, 4.14 memcg_oom_recover: only if under_oom, which each waiter sets for all below it.

    K 2.6.38, 3.10 mem_cgroup_handle_oom calls memcg_wakeup_oom() in any case.
    """
    for policy in (p for p in RELEASES if PRESETS[p].memcg_oom != "charge"):
        kernel = Kernel(PRESETS[policy], 1024)
        outer = kernel.new_memcg("outer", limit=100)
        inner = kernel.new_memcg("inner", limit=50, parent=outer)
        killer, waiter, other = (
            kernel.spawn(name, ((pause,),), vmas=heap(5), memcg=memcg, adj=-1000)
            for name, memcg in (("killer", outer), ("waiter", inner), ("other", outer))
        )
        inner.oom_waitq.sleepers.append(waiter)
        outer.oom_waitq.sleepers += [other] if above_too else []
        for _ in mem_cgroup_handle_oom(killer, outer):
            pass
        old = PRESETS[policy].memcg_oom == "charge-waits"
        assert (waiter not in inner.oom_waitq.sleepers) is (old or above_too), policy


@pytest.mark.parametrize("above_too", [False, True])
def test_does_a_page_that_is_uncharged_wake_who_waits_below(above_too):
    """K 2.6.38 to 4.14 memcg_oom_recover: if one waits above, too; each wakes its relatives."""
    for policy in (p for p in RELEASES if PRESETS[p].memcg_oom != "charge"):
        kernel = Kernel(PRESETS[policy], 1024)
        top = kernel.new_memcg("top", limit=200)
        outer = kernel.new_memcg("outer", limit=100, parent=top)
        inner = kernel.new_memcg("inner", limit=50, parent=outer)
        leaf = kernel.new_memcg("leaf", limit=50, parent=inner)
        waiter = kernel.spawn("waiter", ((pause,),), vmas=heap(5), memcg=leaf, adj=-1000)
        other = kernel.spawn("other", ((pause,),), vmas=heap(5), memcg=top, adj=-1000)
        inner.oom_waitq.sleepers.append(waiter)
        top.oom_waitq.sleepers += [other] if above_too else []
        outer.uncharge(1)
        assert (waiter not in inner.oom_waitq.sleepers) is above_too, policy
        assert other not in top.oom_waitq.sleepers, policy
        inner.uncharge(1)
        assert waiter not in inner.oom_waitq.sleepers, policy


def test_what_is_said_of_one_who_waits_below_an_oom_that_is_over():
    """K 4.14: the killer naps with the OOM of outer under way, and so the one of inner waits."""
    ends = set()
    for seed in range(12):
        kernel = Kernel(PRESETS["linux-4.14"], 2048)
        outer = kernel.new_memcg("outer", limit=100)
        inner = kernel.new_memcg("inner", limit=40, parent=outer)
        kernel.spawn("big", ((pause,),), vmas=heap(50), memcg=outer)
        kernel.spawn("asker", ((touch, "heap", 30),), vmas=heap(10), memcg=outer, adj=-1000)
        kernel.spawn("inside", ((touch, "heap", 20),), vmas=heap(30), memcg=inner)
        ends.add(run(kernel, seed).why)
    assert "inside sleeps until a page of inner is given back, and no task does that" in ends
    assert "big, inside were killed; no page was reaped" in ends


# what a cgroup is charged for


@pytest.mark.parametrize("policy", RELEASES)
def test_is_shared_memory_uncharged_when_its_last_mapping_goes(policy):
    """K 4.4 shmem_evict_inode, uncharge: memory.current is 0 when all is gone."""
    kernel = Kernel(PRESETS[policy], 1024)
    pod = kernel.new_memcg("pod", limit=500)
    segment = VMA("segment", SHMEM, 50, shmem=Shmem("segment"))
    kernel.spawn("user", ((touch, "segment", 20),), vmas=[segment], memcg=pod)
    assert pod.usage == 50
    run(kernel)
    assert pod.usage == 0 and unaccounted(kernel) == 0


@pytest.mark.parametrize("policy", RELEASES)
def test_does_a_write_to_tmpfs_count_and_stay(policy):
    """K 2.6.38, 6.12 shmem: the writer's cgroup is charged, and still is when he is gone."""
    kernel, file = Kernel(PRESETS[policy], 1024), Shmem("log", linked=True)
    kernel.shmems.append(file)
    pod = kernel.new_memcg("pod", limit=500)
    kernel.spawn("writer", ((write_tmpfs, file, 70),), vmas=heap(5), memcg=pod)
    run(kernel)
    assert pod.usage == file.pages == 70


# cgroup v2: reclaim below the limits


@pytest.mark.parametrize("policy", RELEASES)
def test_does_a_memcg_reclaim_mapped_files_before_it_kills(policy):
    kernel, libc = Kernel(PRESETS[policy], 1024), Shmem("libc", linked=True)
    pod = kernel.new_memcg("pod", limit=120)
    vmas = [VMA("text", FILE, 80, shmem=libc), *heap(10)]
    kernel.spawn("inside", ((touch, "heap", 90), (pause,)), vmas=vmas, memcg=pod)
    outcome = run(kernel)
    assert outcome.victims == [] and libc.pages < 80 and pod.usage <= 120
    assert unaccounted(kernel) == 0


@pytest.mark.parametrize("policy", ["linux-4.14", "linux-6.12"])
def test_does_memory_swap_max_fill(policy):
    """K 4.14, 6.12 mem_cgroup_try_charge_swap: no more than swap.max goes to swap; then a kill."""
    kernel = Kernel(PRESETS[policy], 1024)
    kernel.swapon(300)
    pod = kernel.new_memcg("pod", limit=100, swap_max=40)
    inside = kernel.spawn("inside", ((touch, "heap", 40), (pause,)), vmas=heap(90), memcg=pod)
    assert run(kernel).victims == [] and 30 <= pod.swap <= 40
    kernel.spawn("more", ((touch, "heap", 100),), vmas=heap(5), memcg=pod)
    assert run(kernel).victims and pod.swap <= 40
    assert kernel.swap_free == 300 - pod.swap and inside.mm is None
    assert pod.swap == sum(mm.swapents for mm in kernel.mms)


def test_is_memory_low_taken_last():
    """K 4.4, 6.12 shrink_node_memcgs: what is below memory.low only if nothing else is left."""
    kernel = Kernel(PRESETS["linux-6.12"], 1024)
    kernel.swapon(400)
    safe = kernel.new_memcg("safe", limit=500, low=90)
    plain = kernel.new_memcg("plain", limit=500)
    kernel.spawn("a", ((pause,),), vmas=heap(100), memcg=safe)
    kernel.spawn("b", ((pause,),), vmas=heap(100), memcg=plain)
    while plain.usage:
        assert shrink_zone(kernel, GFP_KERNEL)
        assert safe.usage >= 90
    assert shrink_zone(kernel, GFP_KERNEL) and safe.usage < 90


@pytest.mark.parametrize("policy", RELEASES)
def test_does_kswapd_take_what_memory_low_protects(policy):
    """K 4.4, 4.14, 6.18: only do_try_to_free_pages() comes a second time, so kswapd does not.

    K 2.6.38, 3.10: there is no memory.low.
    """
    kernel = Kernel(PRESETS[policy], 1024, min_kbytes=80)
    kernel.swapon(400)
    safe = kernel.new_memcg("safe", limit=500, low=90)
    kernel.spawn("a", ((pause,),), vmas=heap(100), memcg=safe)
    while shrink_zone(kernel, __GFP_IO):
        pass
    protects = PRESETS[policy].memory_high != "none"
    below = PRESETS[policy].memcg_oom == "fault-end"  # to 4.14 usage must be less than low
    assert safe.usage == (90 - below if protects else 0)
    assert bool(shrink_zone(kernel, GFP_KERNEL)) == protects


@pytest.mark.parametrize("policy", RELEASES)
@pytest.mark.parametrize("who", ["kthread", "leaver"])
def test_does_a_fault_in_the_kernel_end_with_a_kill(policy, who):
    """K 2.6.38 to 6.18 mm_fault_error: no, it is -EFAULT: of a kthread with a borrowed mm, say.

    So from 3.12 to 4.18 (K 4.4, 4.10: FAULT_FLAG_USER alone lets a memcg kill) no task dies for it;
    before and after, the charge itself kills. A task in do_exit() is let over its limit or gets
    nothing, and exits.
    """
    kernel = Kernel(PRESETS[policy], 1024)
    pod = kernel.new_memcg("pod", 100)
    kernel.spawn("hog", ((pause,),), vmas=heap(60), memcg=pod)
    at_exit = ((touch, "heap", 3),) if who == "leaver" else ()
    owner = kernel.spawn("owner", ((sleep, 9),), vmas=heap(40), memcg=pod, at_exit=at_exit)
    if who == "kthread":
        owner.mm.mm_users += 1
        kernel.kthread_run("vhost", vhost, mm=owner.mm)
    run_seeded(kernel, 1, most_steps=3000)
    assert "owner" in names(kernel, "exit")
    kills = who == "kthread" and PRESETS[policy].memcg_oom != "fault-end"
    assert bool(names(kernel, "kill")) == kills


def vhost(current):
    """It copies to the memory of a process, and gives up where it cannot."""
    yield from sleep(current, 2)
    yield from touch(current, "heap", 3)
    yield from mmput(current, current.mm)
    current.mm.tasks.remove(current)
    current.mm = None
    yield from hang(current, "work")


# memory.high


@pytest.mark.parametrize("policy", [p for p in RELEASES if PRESETS[p].memory_high != "none"])
def test_does_memory_high_kill(policy):
    """K 4.4 to 6.18: never. From 5.4 on (0e4b01df8659) who goes over it has to sleep."""
    kernel = Kernel(PRESETS[policy], 2048)
    pod = kernel.new_memcg("pod", limit=2000, high=100)
    kernel.spawn("inside", ((touch, "heap", 200),), vmas=heap(100), memcg=pod)
    outcome = run(kernel)
    assert outcome.victims == [] and outcome.verdict == "recovered"
    throttles = PRESETS[policy].memory_high != "reclaims"
    assert bool(names(kernel, "throttled")) == throttles
    assert (outcome.ticks > 300) == throttles
    assert ("inside had to sleep for memory.high" in outcome.why) == throttles


@pytest.mark.parametrize("policy", RELEASES)
def test_does_memory_high_slow_a_task_of_no_cgroup(policy):
    """K 4.4 to 6.18 mem_cgroup_handle_over_high: of the task's own cgroup, and the root has none.

    (Here a file is charged to who touched it first; in Linux each page to who wrote it.)
    """
    kernel = Kernel(PRESETS[policy], 2048)
    file = Shmem("log", linked=True)
    kernel.shmems.append(file)
    pod = kernel.new_memcg("pod", limit=2000, high=20)
    kernel.spawn("owner", ((write_tmpfs, file, 1), (pause,)), vmas=heap(1), memcg=pod)
    kernel.spawn("writer", ((sleep, 9), (write_tmpfs, file, 300)), vmas=heap(1))
    run_seeded(kernel, 1)
    assert pod.usage > 300 and not names(kernel, "throttled") and kernel.jiffies < 100


def test_how_long_does_memory_high_make_one_sleep():
    """K 5.4, 6.12 calculate_high_delay: 100 % over is 64 times HZ for a full batch, cut to 2 s."""
    kernel = Kernel(PRESETS["linux-6.12"], 4096)
    pod = kernel.new_memcg("pod", limit=3000, high=1000)
    pod.charge(1100)
    overage = (100 << 20) // 1000
    assert high_delay(pod, 64, 64) == (overage**2 * 100 >> 20 >> 14) == 63
    assert high_delay(pod, 32, 64) == 63 * 32 // 64
    pod.uncharge(100)
    assert high_delay(pod, 64, 64) == 0


@pytest.mark.parametrize("over, ticks", [(400, 1024000000), (2000, 903938048), (2048, 0)])
def test_how_long_does_one_sleep_whose_memory_high_is_0(over, ticks):
    """K 5.4 to 6.18 calculate_high_delay: the square is an u64, and wraps; at 2048 pages to 0.

    (400 << 20)**2 * 100 still fits; (2000 << 20)**2 * 100 is 23 times 1 << 64, and more.
    """
    pod = Kernel(PRESETS["linux-6.12"], 4096).new_memcg("pod", limit=3000, high=0)
    pod.charge(over)
    assert high_delay(pod, 1, 1) == ticks


def test_is_memory_high_of_a_parent_kept():
    kernel = Kernel(PRESETS["linux-6.12"], 2048)
    kernel.swapon(500)
    outer = kernel.new_memcg("outer", limit=2000, high=100)
    inner = kernel.new_memcg("inner", limit=2000, parent=outer)
    kernel.spawn("inside", ((touch, "heap", 300),), vmas=heap(90), memcg=inner)
    outcome = run(kernel)
    assert outcome.victims == [] and whom(kernel, "kill") == []
    assert names(kernel, "throttled") == []  # swap took what was over


@pytest.mark.parametrize("policy", [p for p in RELEASES if PRESETS[p].pressure_triggers])
def test_does_memory_high_of_a_parent_make_one_sleep(policy):
    """K 5.4 mem_cgroup_handle_over_high: its own cgroup alone. K 5.10 mem_find_max_overage: yes."""
    kernel = Kernel(PRESETS[policy], 2048)
    outer = kernel.new_memcg("outer", limit=2000, high=100)
    inner = kernel.new_memcg("inner", limit=2000, parent=outer)
    kernel.spawn("inside", ((touch, "heap", 300), (pause,)), vmas=heap(90), memcg=inner)
    run(kernel)
    assert bool(names(kernel, "throttled")) == (policy != "linux-5.4")


@pytest.mark.parametrize("policy", RELEASES)
def test_is_the_swap_of_a_memcg_part_of_what_adj_is_a_share_of(policy):
    """K 2.6.38 to 6.12 mem_cgroup_get_limit, mem_cgroup_get_max: limit + min(swap.max, swap)."""
    kernel = Kernel(PRESETS[policy], 4096)
    kernel.swapon(1000)
    whole = kernel.new_memcg("whole", limit=1000)
    half = kernel.new_memcg("half", limit=1000, swap_max=500)
    for memcg, pages in ((whole, 2000), (half, 1500), (None, 4096 + 1000)):
        assert constrained_alloc(kernel, OomControl(0, memcg=memcg)) == pages
    assert constrained_alloc(kernel, OomControl(0, memcg=kernel.new_memcg("x", 0))) == 1000


@pytest.mark.parametrize("policy", RELEASES)
def test_does_the_killer_of_a_memcg_nap_with_oom_lock(policy):
    """K 4.4, 4.6 mem_cgroup_out_of_memory: no. K 4.10, 4.14 out_of_memory: yes. K 4.19: no."""
    kernel = Kernel(PRESETS[policy], 1024)
    pod = kernel.new_memcg("pod", limit=50)
    victim = kernel.spawn("victim", ((hang,),), vmas=heap(45), memcg=pod)
    killer = kernel.spawn("killer", ((touch, "heap", 9),), vmas=heap(2), memcg=pod, adj=-900)
    naps = []

    def record(task, op, function, was):
        if kernel.oom_lock.owner is killer and killer.state and victim.sigkill:
            naps.append(task)

    run_seeded(kernel, 1, record, until=lambda kernel: kernel.jiffies > 50)
    assert bool(naps) == (policy in ("linux-4.10", "linux-4.14"))


def test_does_memory_high_hold_up_a_dying_task():
    """K 6.6 mem_cgroup_handle_over_high: it reclaims 17 times. K 6.8, 6.12: not once more."""
    tries = {}
    for policy in ("linux-6.1", "linux-6.12"):
        kernel = Kernel(PRESETS[policy], 2048)
        pod = kernel.new_memcg("pod", limit=2000, high=100)
        task = kernel.spawn("task", ((pause,),), vmas=heap(200), memcg=pod)
        task.memcg_nr_pages_over_high = 64
        tries[policy] = 0
        for verb, _ in mem_cgroup_handle_over_high(task):
            task.sigkill = True  # while it reclaims; before, it is dead before it comes there
            tries[policy] += verb == "reclaim_high"
    assert tries == {"linux-6.1": 17, "linux-6.12": 1}


# a killer in user space


@pytest.mark.parametrize("policy", RELEASES)
def test_when_can_a_user_space_killer_save_the_database(policy):
    """K 5.2 psi_trigger_create, K 5.4 memory.high, K 5.15 process_mrelease: it needs all three."""
    outcome = oomlab.run("user-space-killer", policy).outcome
    knobs = PRESETS[policy]
    saved = knobs.pressure_triggers and knobs.mrelease != "none"
    assert (outcome.victims == []) == saved
    without = oomlab.run("user-space-killer", policy, releases=0).outcome
    assert without.victims == ["database"]


def test_can_a_pressure_trigger_fire_at_once():
    """K 5.4, 6.12 psi_trigger_create: a threshold of 0 is EINVAL."""
    with pytest.raises(ValueError, match="threshold of 1 or more"):
        oomlab.build("user-space-killer", "linux-6.12", threshold=0)
    kernel = oomlab.build("user-space-killer", "linux-6.12", threshold=1)[0]
    assert run(kernel).victims == [] and names(kernel, "pressure")


def test_do_two_killers_take_two_victims():
    """A victim of user space is not marked (K 6.12 oom_evaluate_task): the search goes on."""

    def both(kernel):
        doomed = {task.name for task in kernel.tasks if task.sigkill}
        return doomed >= {"job", "database"}

    question = oomlab.Property("one-of-two", "never", "not both are killed", both)
    assert oomlab.explore("two-killers", "linux-5.10", property=question).schedule


# fork


@pytest.mark.parametrize("policy", RELEASES)
def test_who_dies_of_a_server_and_the_workers_that_it_forked(policy):
    """All have as many points. To 5.0 a child goes (bbbe48029720); from 5.3 the last wins."""
    victims = oomlab.run("forked-workers", policy).outcome.victims
    knobs = PRESETS[policy]
    if knobs.ties == "last":
        assert victims[0] == "worker3"
    else:
        assert (victims[0] == "server") != knobs.child_sacrifice


@pytest.mark.parametrize("policy", RELEASES[:7])
def test_does_a_child_that_shares_the_memory_die_for_its_parent(policy):
    """K 3.0 to 5.0 oom_kill_process: no (edd45544c6f0), as in the recordings of 2.6.38.2.

    In 2.6.38 itself it could, if it was the worst child; the preset has the stable release.
    """
    kernel = Kernel(PRESETS[policy], 256, min_kbytes=32)
    parent = kernel.spawn("parent", ((pause,),), vmas=heap(100))
    kernel.spawn("sharer", ((pause,),), mm=parent.mm, parent=parent)
    kernel.spawn("small", ((pause,),), vmas=heap(30), parent=parent)
    kernel.spawn("asker", ((touch, "heap", 20),), vmas=heap(1), adj=-1000)
    nearly_full(kernel)
    outcome = run(kernel)
    assert outcome.victims == ["small"] and not parent.sigkill


def test_the_throttled_job_in_every_schedule():
    found = oomlab.explore(
        "throttled-job", "linux-5.4", property="no-use-after-free", charge_batch=1
    )
    assert found.verdict == "holds", found.sentence()
