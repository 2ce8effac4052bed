"""What a maintainer asks once more of the killer: dumps, freezers, threads, shared memory.

`K x.y function` names the release that was read. A test is called after its question.
"""

from dataclasses import replace

import pytest
from run_machine import RELEASES, each, finish, names

from oomlab.model.exit import exit_mm
from oomlab.model.fork import fork, vfork
from oomlab.model.gfp import GFP_KERNEL
from oomlab.model.kernel import Kernel
from oomlab.model.locks import TASK_FROZEN, TASK_INTERRUPTIBLE, TASK_RUNNING
from oomlab.model.memcg import mem_cgroup_handle_oom, mem_cgroup_out_of_memory
from oomlab.model.mm import SHMEM, VMA, Shmem
from oomlab.model.oom import OomControl, out_of_memory
from oomlab.model.reaper import process_mrelease
from oomlab.model.suspend import FREEZE_TIMEOUT, suspend
from oomlab.model.syscalls import sysrq_f
from oomlab.model.tasks import (
    PF_EXITING,
    PF_KTHREAD,
    PF_OOM_ORIGIN,
    do_send_sigkill,
    task_will_free_mem,
    write_oom_score_adj,
)
from oomlab.policies.presets import PRESETS
from oomlab.scenarios.programs import frozen, hang, pause, repeat, sleep, touch
from oomlab.scenarios.registry import heap
from oomlab.scenarios.victims import share_with_init
from oomlab.simulate.kernel_log import PRINTK, version_of
from oomlab.simulate.reported import get_mm_counter, keep_events
from oomlab.simulate.scheduler import run_seeded

OLDEST = ("linux-2.6.38", "linux-3.10")
BY_THREAD = (*OLDEST, "linux-4.4", "linux-4.6")
SINCE_6_1 = RELEASES[RELEASES.index("linux-6.1") :]
SINCE_5_3 = RELEASES[RELEASES.index("linux-5.4") :]


def machine(policy: str, pages: int = 512, **knobs) -> Kernel:
    """A machine with a log."""
    kernel = Kernel(replace(PRESETS[policy], **knobs), pages)
    keep_events(kernel)
    return kernel


def oom(kernel: Kernel, asker=None):
    """`asker`, or one that must not die, runs out of memory."""
    asker = asker or kernel.spawn("asker", ((hang,),), adj=-1000)
    return finish(out_of_memory(asker, OomControl(GFP_KERNEL)))


def memcg_oom(kernel: Kernel, memcg) -> None:
    """One that must not die fills the cgroup, and runs into its limit."""
    room = heap(max(memcg.limit - memcg.usage, 0))
    asker = kernel.spawn("asker", ((hang,),), vmas=room, memcg=memcg, adj=-1000)
    finish(mem_cgroup_out_of_memory(asker, memcg))


def printed(kernel: Kernel) -> list[str]:
    """All lines of the log."""
    version, lines = version_of(kernel.policy.kernel), []
    for event in kernel.events:
        printk = PRINTK.get(event["event"], lambda *_: [])
        lines += printk(event | {"failcnt": {"/pod": 0}}, version)
    return lines


def task_of(kernel: Kernel, name: str):
    return next(task for task in kernel.tasks if task.name == name)


# dumps


@each(RELEASES)
def test_is_a_killed_process_on_its_way_out_while_it_dumps_core(policy):
    """K 4.4, 4.10, 5.10 complete_signal: `flags = SIGNAL_GROUP_EXIT`, no SIGNAL_GROUP_COREDUMP.

    K 5.17, 6.1 __task_will_free_mem: sig->core_state is asked first. So 4.10 to 5.10 mark it
    without a report, and 4.4 waits for its thread in exit_mm(); from 5.17 on it is killed again.
    """
    kernel = machine(policy)
    dumper = kernel.spawn("dumper", ((hang,),), vmas=heap(100))
    kernel.spawn("waits", ((hang,),), thread_of=dumper).flags |= PF_EXITING
    dumper.signal.coredump = True
    assert not task_will_free_mem(dumper, kernel.policy)
    do_send_sigkill(dumper)
    new = policy not in BY_THREAD and policy not in SINCE_6_1
    assert task_will_free_mem(dumper, kernel.policy) == new
    oom(kernel)
    waits = policy in ("linux-3.10", "linux-4.4")
    assert names(kernel, "kill") == ([] if waits or new else ["dumper"])
    assert names(kernel, "mark_victim") == ([] if waits else ["dumper"])


# whom SIGKILL reaches


@each([p for p in RELEASES if PRESETS[p].child_sacrifice])
def test_does_a_child_die_whose_first_thread_exits_and_whose_other_does_not(policy):
    """K 2.6.38 oom_kill_task: force_sig() is for one thread, which wants no signal any more.

    K 3.10, 4.4 wait for a thread that exits. K 4.6, 4.10 do_send_sig_info(..., true): the process.
    """
    kernel = machine(policy)
    hog = kernel.spawn("hog", ((hang,),), vmas=heap(100))
    child = kernel.spawn("child", (), vmas=heap(20), parent=hog, at_exit=((hang,),))
    worker = kernel.spawn("worker", ((hang,),), thread_of=child)
    run_seeded(kernel, 1, most_steps=20)
    oom(kernel)
    waits = policy in ("linux-3.10", "linux-4.4")
    assert names(kernel, "mark_victim") == ([] if waits else ["child"])
    assert worker.sigkill == (not waits and policy != "linux-2.6.38")


@each(RELEASES)
def test_does_sigkill_wake_a_kthread_that_borrows_the_mm(policy):
    """K 2.6.38 force_sig_info: SIG_IGN becomes SIG_DFL. K 3.10 on: no signal is sent to it."""
    kernel = machine(policy)
    hog = kernel.spawn("hog", ((hang,),), vmas=heap(100))
    vhost = kernel.kthread_run("vhost", lambda task: repeat(task, None, (pause,)), mm=hog.mm)
    hog.mm.mm_users += 1
    assert vhost.state == TASK_INTERRUPTIBLE
    oom(kernel)
    assert (vhost.state == TASK_RUNNING) == vhost.sigkill == (policy == "linux-2.6.38")


@each(RELEASES)
def test_who_dies_when_a_vfork_child_is_the_allocating_task(policy):
    """K 2.6.38 to 6.18 out_of_memory: in_vfork() is not asked, and its parent shares the mm."""
    kernel = machine(policy, oom_kill_allocating_task=True)
    parent = kernel.spawn("parent", ((vfork, "child", ((hang,),)),), vmas=heap(100))
    run_seeded(kernel, 1, most_steps=10)
    oom(kernel, task_of(kernel, "child"))
    assert names(kernel, "kill") == ["child"] and parent.sigkill


@each([p for p in RELEASES if PRESETS[p].oom_group])
def test_does_an_oom_group_take_a_vfork_child(policy):
    """K 4.19 to 6.18 oom_kill_memcg_member asks for oom_score_adj alone."""
    kernel = machine(policy)
    pod = kernel.new_memcg("pod", 100, oom_group=True)
    kernel.spawn("parent", ((vfork, "child", ((hang,),)),), vmas=heap(60), memcg=pod)
    run_seeded(kernel, 1, most_steps=12)
    memcg_oom(kernel, pod)
    assert names(kernel, "kill") == ["parent", "parent", "child"]


# the freezers


@each(RELEASES)
def test_is_a_frozen_cgroup_thawed_when_a_suspend_ends(policy):
    """K 3.10, 4.4, 6.1 __refrigerator: woken, it asks freezing(), and that cgroup_freezing().

    K 2.6.38 thaw_tasks: `if (cgroup_freezing_or_frozen(p)) continue`.
    """
    kernel = machine(policy)
    task = kernel.spawn("task", ((frozen,), (pause,)), vmas=heap(20))
    kernel.spawn("sleep", ((sleep, 60),))
    kernel.spawn("pm", ((sleep, 1), (suspend, 10)), adj=-1000).flags |= PF_KTHREAD
    run_seeded(kernel, 1, most_steps=300)
    assert names(kernel, "suspended") == ["pm"] and names(kernel, "thawing") == ["pm"]
    assert task.state == TASK_FROZEN


@each(RELEASES)
def test_does_a_suspend_go_on_when_the_reaper_has_the_memory(policy):
    """K 4.6 __oom_reap_task: exit_oom_victim(), but it is not frozen (try_to_freeze_tasks): no.

    K 4.10 on: the mark goes in exit_mm() alone. Either way the suspend fails after 20 s.
    """
    kernel = machine(policy)
    kernel.spawn("hog", ((hang,),), vmas=heap(100))
    oom(kernel)
    kernel.spawn("pm", ((sleep, 400), (suspend, 10)), adj=-1000).flags |= PF_KTHREAD
    run_seeded(kernel, 1, until=lambda kernel: kernel.jiffies > FREEZE_TIMEOUT + 600)
    assert not names(kernel, "suspended") and names(kernel, "suspend_failed")
    assert bool(names(kernel, "finish_task_reaping")) == (policy not in (*OLDEST, "linux-4.4"))


@each(RELEASES)
def test_does_a_suspend_wait_for_who_is_in_vfork(policy):
    """K 2.6.38 do_fork, K 6.12 wait_for_vfork_done: no, but for who sleeps uninterruptibly, yes."""
    for call, ends in (((vfork, "child", ((pause,),)), True), ((hang,), False)):
        kernel = machine(policy)
        kernel.spawn("parent", (call,), vmas=heap(20))
        kernel.spawn("pm", ((sleep, 9), (suspend, 10)), adj=-1000).flags |= PF_KTHREAD
        run_seeded(kernel, 1, until=lambda kernel: kernel.jiffies > FREEZE_TIMEOUT + 200)
        assert bool(names(kernel, "suspended")) == ends == (not names(kernel, "suspend_failed"))


# what is searched for, and marked


@each(RELEASES)
def test_does_a_victim_that_closes_its_files_stop_the_killer(policy):
    """K 3.10 oom_scan_process_thread: TIF_MEMDIE, till exit_state. K 4.4 exit_mm clears it.

    K 4.10 on: oom_mm has MMF_OOM_SKIP by then.
    """
    kernel = machine(policy)
    kernel.spawn("hog", ((pause,),), vmas=heap(100), at_exit=((exit_mm,), (hang,)))
    kernel.spawn("small", ((hang,),), vmas=heap(10))
    oom(kernel)
    run_seeded(kernel, 1, most_steps=300)
    oom(kernel)
    assert names(kernel, "kill") == (["hog"] if policy in OLDEST else ["hog", "small"])


@each(["linux-3.10", "linux-4.4", "linux-4.10", "linux-5.10"])
def test_does_the_mark_go_with_the_thread_that_has_it(policy):
    """K 3.10, 4.4: TIF_MEMDIE does, and the other thread is killed. K 4.10 on: oom_mm stays."""
    kernel = machine(policy, reaper="none")
    hog = kernel.spawn("hog", ((pause,),), vmas=heap(100))
    kernel.spawn("stuck", ((hang,),), thread_of=hog)
    oom(kernel)
    run_seeded(kernel, 1, most_steps=60)
    oom(kernel)
    assert hog.mm is None
    assert names(kernel, "kill") == (["hog", "stuck"] if policy in BY_THREAD else ["hog"])


@each(RELEASES)
def test_may_a_killed_caller_go_whose_mm_a_kthread_uses(policy):
    """K 4.10 to 6.18 task_will_free_mem: for_each_process() meets the kthread, which does not die.

    So it is searched for, found, and killed. K 2.6.38 to 4.6: fatal_signal_pending() is enough.
    """
    kernel = machine(policy)
    caller = kernel.spawn("caller", ((hang,),), vmas=heap(100))
    kernel.kthread_run("vhost", hang, mm=caller.mm)
    do_send_sigkill(caller)
    # mm_users is 1: one that holds only the structure is not looked for
    assert task_will_free_mem(caller, kernel.policy) != (policy in BY_THREAD)
    caller.mm.mm_users += 1
    oom(kernel, caller)
    assert caller.memdie
    assert names(kernel, "kill") == ([] if policy in BY_THREAD else ["caller"])


@each([p for p in RELEASES if PRESETS[p].reaper != "none"])
def test_who_is_next_when_a_reaped_victim_and_its_sharer_are_stuck(policy):
    """K 4.6 __oom_reap_task: only the victim has -1000 then, and its sharer cannot be reaped.

    K 4.10 on: MMF_OOM_SKIP is the mm's.
    """
    kernel = machine(policy)
    shared = VMA("shared", SHMEM, 100, shmem=Shmem("shared"))
    hog = kernel.spawn("hog", ((hang,),), vmas=[shared, *heap(50)])
    kernel.spawn("sharer", ((hang,),), mm=hog.mm)
    kernel.spawn("small", ((hang,),), vmas=heap(10))
    for _ in range(2):
        oom(kernel)
        run_seeded(kernel, 1, most_steps=300)
    first = "sharer" if policy in SINCE_5_3 else "hog"
    old = policy == "linux-4.6"
    assert names(kernel, "kill") == [first, "sharer" if old else "small"]
    assert names(kernel, "finish_task_reaping") == [first, "small"][: 2 - old]


@each([p for p in RELEASES if p != "linux-2.6.38"])
def test_which_swapoff_dies_when_the_first_made_its_thread_last(policy):
    """K 3.10 for_each_process_thread: process by process, so the last one. (2.6.38 has no rule.)"""
    kernel = machine(policy)
    first, last = (kernel.spawn(name, ((hang,),), vmas=heap(20)) for name in ("first", "last"))
    kernel.spawn("late", ((hang,),), thread_of=first)
    for task in (first, last):
        task.flags |= PF_OOM_ORIGIN
    oom(kernel)
    assert names(kernel, "kill") == ["last"]


def test_does_2_6_38_see_a_swapoff_whose_thread_has_left_the_memory():
    """K 2.6.38 oom_badness: `p = find_lock_task_mm(p)`, and of that one PF_OOM_ORIGIN is asked."""
    kernel = machine("linux-2.6.38")
    leader = kernel.spawn("leader", (), vmas=heap(20))
    kernel.spawn("thread", ((hang,),), thread_of=leader)
    kernel.spawn("hog", ((hang,),), vmas=heap(100))
    run_seeded(kernel, 1, most_steps=20)
    leader.flags |= PF_OOM_ORIGIN
    oom(kernel)
    assert names(kernel, "kill") == ["hog"]


def test_does_a_caller_of_2_6_38_that_exits_come_before_one_of_1000_points():
    """K 2.6.38 select_bad_process: `chosen = p`, whoever was before; none has more than 1000."""
    kernel = machine("linux-2.6.38")
    kernel.spawn("offered", ((hang,),), vmas=heap(20), adj=1000)
    caller = kernel.spawn("caller", (), vmas=heap(20), at_exit=((hang,),))
    run_seeded(kernel, 1, most_steps=20)
    oom(kernel, caller)
    assert names(kernel, "mark_victim") == ["caller"] and not names(kernel, "kill")


@each(RELEASES)
def test_is_a_thread_of_a_vfork_child_chosen(policy):
    """K 4.10 to 6.18 oom_badness: in_vfork() is asked of the first thread with an mm. So no."""
    kernel = machine(policy)
    pod = kernel.new_memcg("pod", 200)
    kernel.spawn("parent", ((vfork, "child", ((hang,),)),), vmas=heap(60), adj=-1000, memcg=pod)
    run_seeded(kernel, 1, most_steps=12)
    child = task_of(kernel, "child")
    child.signal.oom_score_adj = 0
    kernel.spawn("thread", ((hang,),), thread_of=child)
    small = kernel.spawn("small", ((hang,),), vmas=heap(10), memcg=pod)
    memcg_oom(kernel, pod)
    old = policy in BY_THREAD and policy != "linux-2.6.38"  # which protects who shares with -1000
    assert (child.sigkill, small.sigkill) == (old, not old)


@each([p for p in RELEASES if PRESETS[p].child_sacrifice])
def test_which_of_equal_children_dies_that_two_threads_made(policy):
    """K 2.6.38 to 4.19 oom_kill_process: those of the leader come first, whenever made."""
    kernel = machine(policy)
    hog = kernel.spawn("hog", ((hang,),), vmas=heap(100))
    thread = kernel.spawn("thread", ((hang,),), thread_of=hog)
    for maker in (thread, hog):
        kernel.spawn(f"made by {maker.name}", ((hang,),), parent=maker, vmas=heap(20))
    oom(kernel)
    assert names(kernel, "kill") == ["made by hog"]


@each(RELEASES)
def test_whose_are_the_children_of_a_thread_that_has_exited(policy):
    """K 2.6.38 to 6.18 find_new_reaper: another thread's that lives, or else of init."""
    kernel = machine(policy)
    hog = kernel.spawn("hog", ((sleep, 20),), vmas=heap(100))
    kernel.spawn("maker", ((fork, "child", ((hang,),)),), thread_of=hog)
    run_seeded(kernel, 1, until=lambda kernel: "maker" in names(kernel, "exit"))
    child = task_of(kernel, "child")
    assert child.parent is hog and child in hog.signal.children
    run_seeded(kernel, 1, until=lambda kernel: "hog" in names(kernel, "exit"))
    assert child.parent is kernel.init and kernel.init.signal.children.count(child) == 1


def test_does_a_cgroup_s_search_of_2_6_38_choose_a_task_of_none():
    """K 2.6.38 task_in_mem_cgroup: its memory is of the cgroup; "Task in /" says where it is."""
    kernel = machine("linux-2.6.38")
    pod = kernel.new_memcg("pod", 100)
    owner = kernel.spawn("owner", ((hang,),), vmas=heap(90), memcg=pod)
    kernel.spawn("outside", ((hang,),), mm=owner.mm, adj=500)
    memcg_oom(kernel, pod)
    assert names(kernel, "kill") == ["outside"]
    assert "Task in / killed as a result of limit of /pod" in printed(kernel)


@each(RELEASES)
def test_does_sysrq_f_take_a_swapoff_that_was_reaped(policy):
    """K 4.10 to 6.18 oom_evaluate_task: no mark is asked for, and the origin comes before badness.

    K 4.6, too, though it has oom_score_adj -1000. K 2.6.38: its mark stops the search.
    """
    kernel = machine(policy)
    kernel.spawn("swapoff", ((hang,),), vmas=heap(50)).flags |= PF_OOM_ORIGIN
    kernel.spawn("big", ((hang,),), vmas=heap(100))
    oom(kernel)
    run_seeded(kernel, 1, most_steps=300)
    kernel.spawn("admin", ((sysrq_f,),), adj=-1000)
    run_seeded(kernel, 1, most_steps=300)
    assert names(kernel, "kill") == ["swapoff"] * (1 if policy == "linux-2.6.38" else 2)


@each(RELEASES)
def test_is_sysrq_f_a_request_of_the_allocating_task(policy):
    """K 2.6.38 to 6.18 out_of_memory: a kworker has no mm, so a victim is searched for."""
    kernel = machine(policy, oom_kill_allocating_task=True)
    kernel.spawn("big", ((hang,),), vmas=heap(50))
    kernel.spawn("admin", ((sysrq_f,),), vmas=heap(5))
    run_seeded(kernel, 1, most_steps=30)
    assert names(kernel, "kill") == ["big"]


@each(RELEASES)
def test_is_a_child_sacrificed_that_a_thread_made_which_has_exited(policy):
    """K 2.6.38 to 4.19: forget_original_parent() gives it to another thread, so yes. K 5.2: no."""
    kernel = machine(policy)
    hog = kernel.spawn("hog", ((hang,),), vmas=heap(100))
    kernel.spawn("maker", ((fork, "child", ((hang,),)),), thread_of=hog)
    run_seeded(kernel, 1, most_steps=30)
    child = task_of(kernel, "child")
    child.mm.vmas.extend(heap(20))
    kernel.zone.free -= 20
    oom(kernel)
    assert names(kernel, "kill") == ["child" if PRESETS[policy].child_sacrifice else "hog"]


@each(RELEASES)
def test_does_adj_count_in_a_cgroup_of_less_than_a_thousand_pages(policy):
    """K 3.10 to 6.18 oom_badness: `adj *= totalpages / 1000` is 0. K 2.6.38: per mille, it does."""
    kernel = machine(policy)
    pod = kernel.new_memcg("pod", 100)
    kernel.spawn("big", ((hang,),), vmas=heap(60), memcg=pod)
    kernel.spawn("offered", ((hang,),), vmas=heap(40), memcg=pod, adj=1000)
    memcg_oom(kernel, pod)
    assert names(kernel, "kill") == ["offered" if policy == "linux-2.6.38" else "big"]


@each(RELEASES)
def test_whom_does_the_adj_of_a_vfork_child_reach(policy):
    """K 4.10 to 6.18 __set_oom_adj: `!task->vfork_done`, so itself; and it is not reached."""
    kernel = machine(policy)
    parent = kernel.spawn("parent", ((vfork, "child", ((hang,),)),), vmas=heap(60))
    sharer = kernel.spawn("sharer", ((hang,),), mm=parent.mm)
    run_seeded(kernel, 1, most_steps=12)
    child = task_of(kernel, "child")
    write_oom_score_adj(child, 100)
    write_oom_score_adj(parent, 200)
    written = [task.signal.oom_score_adj for task in (parent, child, sharer)]
    assert written == [200, 100, 0 if policy in BY_THREAD else 200]


# process_mrelease


@each(SINCE_6_1)
def test_what_does_process_mrelease_say_of_an_mm_that_is_held(policy):
    """K 6.1 to 6.18 process_mrelease: a kthread that uses it, EINVAL. init: no error, no work."""
    kernel = machine(policy)
    borrowed = kernel.spawn("borrowed", ((hang,),), vmas=heap(10))
    vhost = kernel.kthread_run("vhost", hang, mm=borrowed.mm)
    borrowed.mm.mm_users += 1
    do_send_sigkill(borrowed)
    for task in (borrowed, vhost):
        assert finish(process_mrelease(kernel.init, task)) == "EINVAL", task
    hog = kernel.spawn("hog", ((hang,),), vmas=heap(100))
    share_with_init(kernel, hog)
    oom(kernel)
    assert (
        finish(process_mrelease(kernel.init, hog)) == "" and get_mm_counter(hog.mm, "anon") == 100
    )


# cgroups


@each(["linux-2.6.38", "linux-3.10"])
def test_how_long_does_one_wait_after_a_kill_in_its_cgroup(policy):
    """K 2.6.38 mem_cgroup_handle_oom: schedule_timeout(1) in TASK_RUNNING. K 3.10: one tick."""
    kernel = machine(policy)
    pod = kernel.new_memcg("pod", 100)
    kernel.spawn("hog", ((pause,),), vmas=heap(95), memcg=pod)
    asker = kernel.spawn("asker", ((hang,),), vmas=heap(5), memcg=pod, adj=-1000)
    waits = [what for verb, what in mem_cgroup_handle_oom(asker, pod) if verb == "wait for"]
    assert names(kernel, "kill") == ["hog"]
    assert waits == ["a timer"] * (policy == "linux-3.10")


def test_which_cgroup_pays_when_the_owner_of_an_mm_has_exited():
    """K 2.6.38 to 6.18 mm_update_next_owner: its next owner's. Here not, and spawn() says so."""
    kernel = machine("linux-6.12")
    first, second = kernel.new_memcg("first", 200), kernel.new_memcg("second", 200)
    owner = kernel.spawn("owner", (), vmas=heap(20), memcg=first)
    kernel.spawn("sharer", ((touch, "heap", 5), (hang,)), mm=owner.mm, memcg=second)
    run_seeded(kernel, 1, most_steps=60)
    assert owner not in kernel.tasks and (first.usage, second.usage) == (25, 0)
    assert "mm_update_next_owner" in Kernel.spawn.__doc__


@pytest.mark.parametrize("gone", [False, True])
def test_which_cgroup_does_2_6_38_name_when_it_marks_one_that_exits(gone):
    """K 2.6.38 oom_kill_process reports before it asks for PF_EXITING; a zombie is in the root."""
    kernel = machine("linux-2.6.38")
    pod = kernel.new_memcg("pod", 100)
    leader = kernel.spawn(
        "leader", (), vmas=heap(90), memcg=pod, at_exit=() if gone else ((hang,),)
    )
    kernel.spawn("thread", ((hang,),), thread_of=leader)
    run_seeded(kernel, 1, most_steps=20)
    memcg_oom(kernel, pod)
    assert names(kernel, "mark_victim") == ["leader"] and not names(kernel, "kill")
    where = "/" if gone else "/pod"
    lines = printed(kernel)
    assert f"Task in {where} killed as a result of limit of /pod" in lines
    assert not [line for line in lines if "Kill process" in line]


# the log, and names


@each(RELEASES)
def test_what_does_the_log_say_of_sysrq_f_with_no_one_to_kill(policy):
    """K 2.6.38, 3.10: the panic. K 4.4 to 4.14: no report. K 4.19 on: a report, and a warning."""
    kernel = machine(policy)
    kernel.spawn("admin", ((sysrq_f,),), adj=-1000)
    run_seeded(kernel, 1, most_steps=50)
    lines = printed(kernel)
    told = policy in OLDEST or policy not in (*BY_THREAD, "linux-4.10", "linux-4.14")
    assert any("invoked oom-killer" in line for line in lines) == told
    assert any("no killable processes" in line for line in lines) == told
    assert bool(kernel.panicked) == (policy in OLDEST)


def test_is_a_user_s_task_called_kswapd0_taken_for_the_kernel_s():
    """swapon() starts kswapd once, whatever else has its name."""
    kernel = machine("linux-6.12")
    kernel.spawn("kswapd0", ((hang,),))
    kernel.swapon(50)
    kernel.swapon(50)
    kernels = [task for task in kernel.tasks if task.name == "kswapd0" and task.flags & PF_KTHREAD]
    assert kernels == [kernel.kswapd]
