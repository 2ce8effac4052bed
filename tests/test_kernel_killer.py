"""What a maintainer asks of the OOM killer, the reaper and the way out, in each release.

`K x.y function` names the release that was read. A test is called after its question.
"""

import pytest
from run_machine import RELEASES, finish, names, run

import oomlab
from oomlab.model.exit import exit_mm
from oomlab.model.faults import pagefault_out_of_memory
from oomlab.model.kernel import Kernel
from oomlab.model.mm import ANON, MMF_OOM_SKIP, VMA
from oomlab.model.oom import OomControl, mark_oom_victim, out_of_memory, select_bad_process
from oomlab.model.reaper import MAX_OOM_REAP_RETRIES, oom_reap_task, process_mrelease
from oomlab.model.suspend import FREEZE_TIMEOUT, suspend
from oomlab.model.syscalls import read_mm
from oomlab.model.tasks import (
    PF_EXITING,
    PF_KTHREAD,
    PF_OOM_ORIGIN,
    do_send_sigkill,
    is_global_init,
    write_oom_score_adj,
)
from oomlab.policies.policy import Policy
from oomlab.policies.presets import PRESETS
from oomlab.scenarios.programs import hang, pause, sleep, touch
from oomlab.scenarios.registry import SCENARIOS, heap, nearly_full
from oomlab.scenarios.victims import map_and_hang, share_with_init
from oomlab.simulate.outcome import whom
from oomlab.simulate.page_accounting import unaccounted
from oomlab.simulate.reported import get_mm_counter
from oomlab.simulate.scheduler import run_seeded

OLD = ("linux-2.6.38", "linux-3.10")
WITH_REAPER = [name for name in RELEASES if PRESETS[name].reaper == "list"]
SKIPPING = [name for name in RELEASES if PRESETS[name].reaped == "skip"]


def with_knobs(policy: str, **knobs):
    return oomlab.build("decoys", PRESETS[policy], **knobs)[0].policy


def small(policy) -> Kernel:
    """A machine of 1 MB under a preset or a policy."""
    return Kernel(PRESETS[policy] if isinstance(policy, str) else policy, 256, min_kbytes=32)


def ask(current, gfp: int = 0x14200CA, order: int = 0, memcg=None):
    """Call out_of_memory() for `current`, to its end; what it returned."""
    return finish(out_of_memory(current, OomControl(gfp, order, memcg)))


# who asks


@pytest.mark.parametrize("policy", RELEASES)
def test_does_a_caller_that_was_killed_by_its_user_cost_another_life(policy):
    """K 2.6.38 out_of_memory: fatal_signal_pending(current) is enough. K 4.10: the same."""
    kernel = small(policy)
    caller = kernel.spawn("caller", ((hang,),), vmas=heap(4))
    kernel.spawn("big", ((pause,),), vmas=heap(60))
    do_send_sigkill(caller)
    assert ask(caller) and caller.memdie and not names(kernel, "kill")


@pytest.mark.parametrize("policy", RELEASES)
def test_does_a_caller_that_exits_find_panic_on_oom(policy):
    """K 2.6.38 select_bad_process takes it after check_panic_on_oom(). K 3.10 to 6.18: before."""
    kernel = small(with_knobs(policy, panic_on_oom=1))
    caller = kernel.spawn("caller", ((hang,),), vmas=heap(4))
    kernel.spawn("big", ((pause,),), vmas=heap(60))
    caller.flags |= PF_EXITING
    ask(caller)
    assert bool(kernel.panicked) == (policy == "linux-2.6.38")
    assert caller.memdie != bool(kernel.panicked)


def test_whom_does_2_6_38_choose_when_the_caller_exits():
    """K 2.6.38 select_bad_process: `chosen = p; *ppoints = 1000`, without a kill. Others: wait."""
    kernel = small("linux-2.6.38")
    caller = kernel.spawn("caller", ((hang,),), vmas=heap(4))
    kernel.spawn("big", ((pause,),), vmas=heap(60))
    caller.flags |= PF_EXITING
    oc = OomControl(0)
    oc.totalpages, oc.caller = 256, caller
    assert select_bad_process(kernel, oc) is caller
    assert ask(caller) and caller.memdie and not names(kernel, "kill")


@pytest.mark.parametrize("policy", RELEASES)
def test_is_a_caller_marked_that_has_no_mm_any_more(policy):
    """K 3.10 out_of_memory: PF_EXITING is enough. K 4.4 asks for current->mm, K 4.10 task->mm."""
    kernel = small(policy)
    leader = kernel.spawn("leader", ((hang,),), vmas=heap(40))
    worker = kernel.spawn("worker", (), thread_of=leader, at_exit=((exit_mm,), (hang,)))
    run_seeded(kernel, 1)
    assert worker.mm is None and worker.flags & PF_EXITING
    ask(worker)
    assert worker.memdie == (policy == "linux-3.10")
    assert (names(kernel, "kill") == ["leader"]) != worker.memdie


@pytest.mark.parametrize("policy", RELEASES)
@pytest.mark.parametrize("sysctl", [1, 2])
def test_does_a_memcg_panic(policy, sysctl):
    """K 2.6.38 to 6.18 check_panic_on_oom: 1 is for the whole system, 2 for a memcg, too."""
    kernel = Kernel(with_knobs(policy, panic_on_oom=sysctl), 1024)
    pod = kernel.new_memcg("pod", limit=60)
    kernel.spawn("inside", ((touch, "heap", 40), (pause,)), vmas=heap(40), memcg=pod)
    assert (run(kernel).verdict == "panic") == (sysctl == 2)


@pytest.mark.parametrize("policy", RELEASES)
def test_does_a_memcg_kill_the_allocating_task(policy):
    """K 4.4 mem_cgroup_out_of_memory never asks; K 4.10 to 6.18: `!is_memcg_oom(oc)`."""
    kernel = Kernel(with_knobs(policy, oom_kill_allocating_task=1), 1024)
    pod = kernel.new_memcg("pod", limit=100)
    kernel.spawn("worst", ((pause,),), vmas=heap(80), memcg=pod)
    kernel.spawn("asker", ((touch, "heap", 30), (pause,)), vmas=heap(10), memcg=pod)
    assert run(kernel).victims[0] == "worst"


@pytest.mark.parametrize("policy", RELEASES)
def test_does_a_fault_that_got_no_page_call_the_killer_again(policy):
    """K 2.6.38 to 5.14 pagefault_out_of_memory: yes, with gfp_mask 0. K 5.16 on: no (60e2793d440a).

    From 4.10 on a victim that is reaped already has no way out there: another process is killed.
    """
    kernel = small(policy)
    victim = kernel.spawn("victim", ((hang,),), vmas=heap(60))
    kernel.spawn("other", ((hang,),), vmas=heap(20))
    do_send_sigkill(victim)
    victim.memdie, kernel.oom_victims = True, 1
    if PRESETS[policy].victim_mark == "process":
        victim.signal.oom_mm = victim.mm
        victim.mm.flags |= MMF_OOM_SKIP
    kernel.zone.reserved += kernel.zone.free
    kernel.zone.free = 0
    for _ in pagefault_out_of_memory(victim):
        pass
    asks = not policy.startswith("linux-6")
    assert names(kernel, "kill") == (["other"] if asks and policy in SKIPPING else [])


# who is chosen


@pytest.mark.parametrize("policy", RELEASES)
def test_does_oom_score_adj_save_a_swapoff(policy):
    """K 3.10, 4.4 oom_scan_process_thread, K 4.10 oom_evaluate_task: PF_OOM_ORIGIN comes first.

    K 2.6.38 oom_badness: mm->oom_disable_count comes before it.
    """
    kernel = small(policy)
    swapoff = kernel.spawn("swapoff", ((pause,),), vmas=heap(2), adj=-1000)
    swapoff.flags |= PF_OOM_ORIGIN
    big = kernel.spawn("big", ((pause,),), vmas=heap(60))
    oc = OomControl(0)
    oc.totalpages = 256
    chosen = select_bad_process(kernel, oc)
    assert chosen is (big if policy == "linux-2.6.38" else swapoff)


@pytest.mark.parametrize("policy", RELEASES)
def test_which_of_two_swapoffs_dies(policy):
    """K 3.10 OOM_SCAN_SELECT, K 4.10 `goto select`: the last. K 2.6.38: 1000 points, the first."""
    kernel = small(policy)
    kernel.spawn("big", ((pause,),), vmas=heap(60))
    swapoffs = [kernel.spawn(f"swapoff{i}", ((pause,),), vmas=heap(2)) for i in (1, 2)]
    for task in swapoffs:
        task.flags |= PF_OOM_ORIGIN
    oc = OomControl(0)
    oc.totalpages = 256
    assert select_bad_process(kernel, oc) is swapoffs[policy != "linux-2.6.38"]


@pytest.mark.parametrize("policy", RELEASES[:7])
def test_is_a_child_outside_the_memcg_sacrificed(policy):
    """K 2.6.38 to 5.0 oom_badness(child, memcg): no, it is unkillable in this OOM."""
    kernel = Kernel(PRESETS[policy], 1024)
    pod = kernel.new_memcg("pod", limit=100)
    parent = kernel.spawn("parent", ((touch, "heap", 30),), vmas=heap(90), memcg=pod)
    kernel.spawn("outside", ((pause,),), vmas=heap(200), parent=parent)
    assert run(kernel).victims == ["parent"]


@pytest.mark.parametrize("policy", RELEASES[:7])
def test_is_a_child_of_another_thread_or_an_exempt_one_sacrificed(policy):
    """K 2.6.38, 4.4 oom_kill_process: the children of all threads; not one with -1000."""
    for adj, expected in ((0, "small"), (-1000, "parent")):
        kernel = small(policy)
        parent = kernel.spawn("parent", ((pause,),), vmas=heap(100))
        thread = kernel.spawn("thread", ((pause,),), thread_of=parent)
        kernel.spawn("small", ((pause,),), vmas=heap(20), parent=thread, adj=adj)
        nearly_full(kernel)
        kernel.spawn("asker", ((touch, "heap", 12),), vmas=heap(1), adj=-1000)
        assert run(kernel).victims[0] == expected


@pytest.mark.parametrize("policy", RELEASES)
def test_whom_does_a_written_oom_score_adj_reach(policy):
    """K 4.4 oom_score_adj_write: one process. K 4.8 on (44a70adec910): all of the mm, no vfork."""
    kernel = small(policy)
    parent = kernel.spawn("parent", ((pause,),), vmas=heap(10))
    sharer = kernel.spawn("sharer", ((pause,),), mm=parent.mm)
    lent = kernel.spawn("lent", ((pause,),), mm=parent.mm, parent=parent, vfork_done=object())
    share_with_init(kernel, parent)
    write_oom_score_adj(parent, -1000)
    reached = {t.name for t in kernel.tasks if t.signal.oom_score_adj == -1000}
    assert reached == ({"parent", "sharer"} if policy in SKIPPING else {"parent"})
    write_oom_score_adj(lent, 500)
    assert (lent.signal.oom_score_adj, sharer.signal.oom_score_adj) != (500, 500)


@pytest.mark.parametrize("policy", RELEASES)
def test_is_a_process_killed_whose_leader_exits_and_whose_threads_do_not(policy):
    """K 2.6.38, 4.6 oom_kill_process: PF_EXITING is enough, it is only marked. K 3.10, 4.4: waits.

    K 4.10 on: it is killed, since the process does not go as a whole.
    """
    kernel = small(policy)
    leader = kernel.spawn("leader", ((hang,),), vmas=heap(100))
    kernel.spawn("thread", ((hang,),), thread_of=leader)
    leader.flags |= PF_EXITING
    asker = kernel.spawn("asker", ((hang,),), vmas=heap(1), adj=-1000)
    ask(asker)
    assert bool(names(kernel, "kill")) == (policy in SKIPPING)
    assert leader.memdie == (policy not in ("linux-3.10", "linux-4.4"))
    assert bool(names(kernel, "scan_aborted")) == (not leader.memdie)


# what the kill does


@pytest.mark.parametrize("policy", [p for p in RELEASES if PRESETS[p].oom_group])
def test_does_oom_group_take_global_init(policy):
    """K 4.19, 5.0 oom_kill_memcg_member: yes, and that is a panic. K 5.2 on: no."""
    kernel = Kernel(PRESETS[policy], 1024)
    pod = kernel.new_memcg("pod", limit=100, oom_group=True)
    kernel.init.memcg = pod
    pod.tasks.append(kernel.init)
    kernel.spawn("inside", ((touch, "heap", 60),), vmas=heap(60), memcg=pod)
    outcome = run(kernel)
    assert (outcome.verdict == "panic") == (policy == "linux-4.19")
    if policy == "linux-4.19":
        assert "Attempted to kill init!" in kernel.panicked


@pytest.mark.parametrize("policy", [p for p in RELEASES if PRESETS[p].oom_group])
def test_does_an_oom_of_the_whole_machine_take_an_oom_group(policy):
    """K 4.19, 6.12 mem_cgroup_get_oom_group: up to the root; a member with -1000 lives."""
    kernel = small(policy)
    pod = kernel.new_memcg("pod", limit=200, oom_group=True)
    kernel.spawn("a", ((pause,),), vmas=heap(60), memcg=pod)
    kernel.spawn("b", ((pause,),), vmas=heap(10), memcg=pod)
    kernel.spawn("exempt", ((pause,),), vmas=heap(5), memcg=pod, adj=-1000)
    kernel.spawn("outside", ((pause,),), vmas=heap(20))
    nearly_full(kernel)
    kernel.spawn("asker", ((touch, "heap", 12),), vmas=heap(1), adj=-1000)
    assert sorted(run(kernel).victims) == ["a", "b"]


@pytest.mark.parametrize("policy", RELEASES)
def test_is_a_kthread_that_borrows_the_mm_killed(policy):
    """K 3.10 to 6.18 oom_kill_process: PF_KTHREAD is left out; the others with the mm are not.

    K 2.6.38 oom_kill_task: force_sig(), which a kernel thread cannot ignore; it never gets to die.
    """
    kernel = small(policy)
    hog = kernel.spawn("hog", ((pause,),), vmas=heap(80))
    sharer = kernel.spawn("sharer", ((pause,),), mm=hog.mm)
    vhost = kernel.kthread_run("vhost", hang, mm=hog.mm)
    hog.mm.mm_users += 1
    nearly_full(kernel)
    kernel.spawn("asker", ((touch, "heap", 12),), vmas=heap(1), adj=-1000)
    run_seeded(kernel, 1, until=lambda kernel: kernel.jiffies > 20)
    assert hog.sigkill and sharer.sigkill and vhost.sigkill == (policy == "linux-2.6.38")
    assert vhost.flags & PF_KTHREAD and vhost in kernel.tasks


@pytest.mark.parametrize("policy", WITH_REAPER)
def test_who_dies_next_when_init_shares_the_victims_mm(policy):
    """K 4.6: the victim blocks the killer. K 4.10 on: MMF_OOM_SKIP at the kill: the next dies."""
    kernel = small(policy)
    hog = kernel.spawn("hog", ((hang,),), vmas=heap(80))
    share_with_init(kernel, hog)
    kernel.spawn("next", ((pause,),), vmas=heap(20))
    nearly_full(kernel)
    kernel.spawn("asker", ((touch, "heap", 12),), vmas=heap(1), adj=-1000)
    run_seeded(kernel, 1, until=lambda kernel: kernel.jiffies > 60)
    assert whom(kernel, "kill") == (["hog"] if policy == "linux-4.6" else ["hog", "next"])
    assert bool(hog.mm.flags & MMF_OOM_SKIP) == (policy != "linux-4.6")
    assert not any(is_global_init(task) and task.sigkill for task in kernel.tasks)


@pytest.mark.parametrize("policy", RELEASES)
def test_can_a_frozen_victim_die(policy):
    """K 2.6.38 refrigerator: TASK_UNINTERRUPTIBLE until it is thawed, and no kill thaws it.

    K 3.10 oom_scan_process_thread: __thaw_task(), but __refrigerator() asks freezing(), which does
    not know TIF_MEMDIE, and sleeps again. K 4.4 on: mark_oom_victim() and freezing_slow_path() do.
    """
    outcome = oomlab.run("frozen-victim", policy).outcome
    assert (outcome.verdict == "recovered") == (policy not in OLD)


@pytest.mark.parametrize("policy", RELEASES)
def test_does_suspend_wait_for_a_victim(policy):
    """K 2.6.38 to 6.18 try_to_freeze_tasks: 20 s for whoever is not frozen; then it fails.

    From K 4.10 on not for a marked victim, but oom_killer_disable() waits for that, 20 s, too.
    """
    kernel = Kernel(PRESETS[policy], 1024)
    victim = kernel.spawn("victim", ((hang,),), vmas=heap(100))
    for _ in mark_oom_victim(victim, victim, victim.mm):
        pass
    do_send_sigkill(victim)
    pm = kernel.spawn("pm", ((suspend, 50), (pause,)), adj=-1000)
    pm.flags |= PF_KTHREAD
    run_seeded(kernel, 1, until=lambda kernel: kernel.jiffies > FREEZE_TIMEOUT + 100)
    assert names(kernel, "suspend_failed") and not names(kernel, "suspended")


# the reaper, and exit_mmap() beside it


@pytest.mark.parametrize("policy", WITH_REAPER)
def test_how_long_does_the_reaper_try(policy):
    """K 4.6 to 6.18 oom_reap_task: ten times, HZ/10 apart, and one more nap before it gives up."""
    kernel = small(policy)
    kernel.spawn("hog", ((map_and_hang,),), vmas=heap(80))
    nearly_full(kernel)
    kernel.spawn("asker", ((sleep, 1), (touch, "heap", 12)), vmas=heap(1), adj=-1000)
    run_seeded(kernel, 1, until=lambda kernel: bool(names(kernel, "unable_to_reap")))
    ticks = [e["tick"] for e in kernel.events if e["event"] == "skip_task_reaping"]
    end = next(e["tick"] for e in kernel.events if e["event"] == "unable_to_reap")
    assert len(ticks) == MAX_OOM_REAP_RETRIES
    assert [b - a for a, b in zip(ticks, [*ticks[1:], end], strict=True)] == [10] * 10


@pytest.mark.parametrize("policy", ["linux-4.6", "linux-4.10", "linux-4.14"])
def test_does_the_reaper_let_go_of_a_victim_that_is_in_exit_mmap(policy):
    """K 4.6 __oom_reap_task returns before exit_oom_victim(). K 4.10 sets MMF_OOM_SKIP then."""
    kernel = small(policy)
    victim = kernel.spawn("victim", ((hang,),), vmas=heap(10))
    victim.memdie, kernel.oom_victims = True, 1
    victim.signal.oom_mm = victim.mm if PRESETS[policy].victim_mark == "process" else None
    victim.mm.mm_users = 0  # exit_mmap() has begun
    reaper = next(task for task in kernel.tasks if task.name == "oom_reaper")
    mm = victim.mm
    if policy == "linux-4.6":
        victim.mm = None
    for _ in oom_reap_task(reaper, victim, None):
        pass
    assert victim.memdie and victim.signal.oom_score_adj == 0
    assert bool(mm.flags & MMF_OOM_SKIP) == (policy != "linux-4.6")


def torn_down_by_another(policy: Policy) -> Kernel:
    """The last to let go of a victim's mm is a reader of /proc, which is no victim."""
    kernel = Kernel(policy, 256, cpus=2, min_kbytes=32)
    victim = kernel.spawn("victim", ((pause,),), vmas=[*heap(3), VMA("stack", ANON, 3)])
    nearly_full(kernel, leave=0)
    kernel.zone.free = kernel.zone.min
    kernel.zone.reserved += unaccounted(kernel)
    kernel.spawn("reader", ((read_mm, victim.mm),), adj=-1000)
    return kernel


@pytest.mark.parametrize(
    "policy, verdict",
    [("linux-4.14", "violated"), ("linux-4.19", "holds")],
)
def test_does_exit_mmap_wait_for_the_reaper_whoever_calls_it(policy, verdict, monkeypatch):
    """K 4.14.0 exit_mmap: tsk_is_oom_victim(current). K 4.19: mm_is_oom_victim(mm)."""
    monkeypatch.setitem(SCENARIOS, "torn-down-by-another", torn_down_by_another)
    found = oomlab.explore("torn-down-by-another", policy, "no-use-after-free")
    assert found.verdict == verdict


@pytest.mark.parametrize("policy", SKIPPING)
def test_when_is_mmf_oom_skip_set_on_the_way_out(policy):
    """K 4.10 __mmput: after the page tables are free. K 4.14 on, exit_mmap: before.

    K 4.19 to 5.17: of a victim only. K 6.1 on: of each mm, as in 4.10 and 4.14.0.
    """
    kernel = small(policy)
    mm = kernel.spawn("other", vmas=heap(10)).mm
    run_seeded(kernel, 1)
    victims_only = policy in ("linux-4.19", "linux-5.1", "linux-5.4", "linux-5.10")
    assert bool(mm.flags & MMF_OOM_SKIP) != victims_only
    task = kernel.spawn("task", vmas=heap(10))
    mm = task.mm
    for _ in mark_oom_victim(task, task, mm):
        pass
    seen = []

    def record(current, op, function, was):
        seen.append((bool(mm.flags & MMF_OOM_SKIP), bool(mm.nr_ptes)))

    run_seeded(kernel, 1, record)
    assert mm.flags & MMF_OOM_SKIP and mm not in kernel.mms
    # with the lock of 6.1 there is a step between the two
    assert (True, True) not in seen or PRESETS[policy].exit_mmap != "alone"


@pytest.mark.parametrize("policy", [p for p in RELEASES if PRESETS[p].mrelease != "none"])
def test_is_memory_released_that_a_living_process_shares(policy):
    """K 6.1 process_mrelease, task_will_free_mem: EINVAL, all who share the mm must be dying."""
    answers = []

    def asks(current, task):
        error = yield from process_mrelease(current, task)
        answers.append(error)

    kernel = small(policy)
    dying = kernel.spawn("dying", ((hang,),), vmas=heap(6))
    kernel.spawn("alive", ((pause,),), mm=dying.mm)
    do_send_sigkill(dying)
    kernel.spawn("killer", ((asks, dying),))
    run_seeded(kernel, 1)
    assert answers == ["EINVAL"] and get_mm_counter(dying.mm, ANON) == 6


# what is said of it


def test_who_is_said_to_loop_and_who_to_wait():
    """A task that waits for a lock takes no step; one in the slow path takes the same again."""
    why = oomlab.run("inode-writers", "linux-4.4", writers=3, trace=False).outcome.why
    assert "loops in the allocator" in why
    assert "wait for i_mutex of the file" in why and "should die and gets no page" in why
