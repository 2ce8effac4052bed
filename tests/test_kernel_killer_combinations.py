"""What a maintainer asks where one rule of the killer meets another: who dies, what is said.

`K x.y function` names the release that was read. A test is called after its question.
"""

from dataclasses import replace

import pytest
from run_machine import RELEASES, finish, names, run

from oomlab.model.fork import copy_on_write, fork, vfork
from oomlab.model.gfp import GFP_KERNEL
from oomlab.model.kernel import Kernel
from oomlab.model.memcg import mem_cgroup_out_of_memory
from oomlab.model.oom import OomControl, oom_badness, out_of_memory
from oomlab.model.reaper import process_mrelease
from oomlab.model.syscalls import kill, sysrq_f
from oomlab.model.tasks import PF_OOM_ORIGIN, do_send_sigkill, write_oom_score_adj
from oomlab.policies.presets import PRESETS
from oomlab.scenarios.programs import hang, pause, sleep
from oomlab.scenarios.registry import heap
from oomlab.simulate.kernel_log import PRINTK, version_of
from oomlab.simulate.reported import get_mm_counter, keep_events
from oomlab.simulate.scheduler import run_seeded

OLDEST = ("linux-2.6.38", "linux-3.10")
BY_THREAD = (*OLDEST, "linux-4.4", "linux-4.6")
NEW = RELEASES[len(BY_THREAD) :]
SINCE_5_3 = RELEASES[RELEASES.index("linux-5.4") :]


def machine(policy: str, **knobs) -> Kernel:
    """512 pages, and a log."""
    kernel = Kernel(replace(PRESETS[policy], **knobs), 512)
    keep_events(kernel)
    return kernel


def printed(kernel: Kernel, event: str) -> list[str]:
    """The lines of the log for the events of this name."""
    version = version_of(kernel.policy.kernel)
    found = [e for e in kernel.events if e["event"] == event]
    return [line for e in found for line in PRINTK[event](e, version)]


def oom(kernel: Kernel) -> None:
    """One task that must not die runs out of memory."""
    asker = kernel.spawn("asker", ((hang,),), adj=-1000)
    finish(out_of_memory(asker, OomControl(GFP_KERNEL)))


def exits(kernel: Kernel) -> dict[str, int]:
    """Who has exited, and when."""
    return {e["task"].name: e["tick"] for e in kernel.events if e["event"] == "exit"}


# who is chosen


@pytest.mark.parametrize("policy", RELEASES)
def test_as_whom_do_a_child_and_a_thread_of_root_run(policy):
    """K 2.6.38 to 6.18 copy_creds: as the same user; so root's 3 % are theirs (to 4.14)."""
    kernel = machine(policy)
    calls = ((fork, "forked", ((pause,),)), (copy_on_write, "copied", ((pause,),)))
    root = kernel.spawn("root", (*calls, (vfork, "lent", ((pause,),))), uid=0, vmas=heap(4))
    thread = kernel.spawn("thread", ((pause,),), thread_of=root)
    user = kernel.spawn("user", ((fork, "own", ((pause,),)),))
    run_seeded(kernel, 1, most_steps=200)
    uids = {task.name: task.uid for task in kernel.tasks}
    assert [uids[name] for name in ("forked", "copied", "lent")] == [0, 0, 0]
    assert thread.uid == 0 and user.uid == uids["own"] == 1000


@pytest.mark.parametrize("policy", NEW)
def test_is_a_vfork_child_passed_over_whose_parent_was_killed(policy):
    """K 4.10 to 6.18 wait_for_vfork_done: a kill ends the wait, and vfork_done is NULL: chosen."""
    kernel = machine(policy)
    calls = ((vfork, "child", ((hang,),)),)
    parent = kernel.spawn("parent", calls, vmas=heap(100), at_exit=((hang,),))
    run_seeded(kernel, 1, most_steps=30)
    child = next(task for task in kernel.tasks if task.name == "child")
    assert oom_badness(child, 512, kernel.policy) is None
    do_send_sigkill(parent)
    run_seeded(kernel, 1, most_steps=30)
    assert parent.mm is child.mm and oom_badness(child, 512, kernel.policy) > 0


@pytest.mark.parametrize("policy", RELEASES)
@pytest.mark.parametrize("adj", [0, -1000])
def test_is_a_thread_of_init_killed_that_is_not_pid_1(policy, adj):
    """K 3.10 is_global_init: `pid == 1`, and each thread is looked at; a child may die for it.

    K 2.6.38 looks at leaders, from K 4.4 on is_global_init() means the process.
    """
    kernel = machine(policy)
    kernel.spawn("of init", ((hang,),), thread_of=kernel.init)
    kernel.init.mm.vmas.extend(heap(200))
    kernel.zone.free -= 200
    kernel.spawn("hog", ((hang,),), vmas=heap(50), adj=adj)
    oom(kernel)
    report = next(e for e in kernel.events if e["event"] == "oom_report")
    if policy == "linux-3.10":
        assert report["chosen"].name == "of init"
        assert names(kernel, "kill") == ["of init" if adj else "hog"]
        assert (kernel.panicked == "Attempted to kill init! exitcode=0x00000009") == bool(adj)
    else:
        assert names(kernel, "kill") == ([] if adj else ["hog"])
        assert not kernel.panicked or "init" not in kernel.panicked


@pytest.mark.parametrize("policy", [p for p in RELEASES if PRESETS[p].child_sacrifice])
def test_is_a_child_sacrificed_that_shares_the_memory_and_whose_leader_has_exited(policy):
    """K 2.6.38.2, 3.10 oom_kill_process: `child->mm == p->mm`, so yes. K 4.4: it shares the mm."""
    kernel = machine(policy)
    hog = kernel.spawn("hog", ((hang,),), vmas=heap(100))
    child = kernel.spawn("child", (), mm=hog.mm, parent=hog)
    kernel.spawn("worker", ((hang,),), thread_of=child)
    run_seeded(kernel, 1, most_steps=20)
    oom(kernel)
    assert names(kernel, "kill") == ["worker" if policy in OLDEST else "hog"]


@pytest.mark.parametrize("policy", RELEASES)
def test_which_of_equals_in_a_cgroup_and_which_of_its_threads_is_taken(policy):
    """K 3.10 cgroup_post_fork: list_add(), so the newest comes first. K 4.4 on: list_add_tail().

    K 2.6.38 goes through all processes. K 5.4 on: of equals the last wins.
    """
    kernel = machine(policy)
    pod = kernel.new_memcg("pod", 200)
    for name in ("old", "young"):
        leader = kernel.spawn(name, ((hang,),), vmas=heap(100), memcg=pod)
        kernel.spawn(f"thread of {name}", ((hang,),), thread_of=leader)
    asker = kernel.spawn("asker", ((hang,),), vmas=heap(0), memcg=pod, adj=-1000)
    finish(mem_cgroup_out_of_memory(asker, pod))
    taken = {"linux-3.10": "thread of young"} | dict.fromkeys(SINCE_5_3, "young")
    assert names(kernel, "kill") == [taken.get(policy, "old")]


@pytest.mark.parametrize("policy", RELEASES)
def test_whose_is_an_mm_that_tasks_of_two_cgroups_share(policy):
    """K 2.6.38 to 4.6 task_in_mem_cgroup: its owner's, in a search. K 4.10 on: any task's.

    K 2.6.38 to 5.2 dump_tasks asks that, too. K 5.4 on: the table has the tasks of the cgroup.
    """
    kernel = machine(policy)
    near, far = kernel.new_memcg("near", 60), kernel.new_memcg("far", 200)
    owner = kernel.spawn("owner", ((hang,),), vmas=heap(90), memcg=far)
    kernel.spawn("sharer", ((hang,),), mm=owner.mm, memcg=near)
    small = kernel.spawn("small", ((hang,),), vmas=heap(60), memcg=near)
    finish(mem_cgroup_out_of_memory(small, near))
    assert names(kernel, "kill") == ["small" if policy in BY_THREAD else "sharer"]
    report = next(e for e in kernel.events if e["event"] == "oom_report")
    table = ["sharer", "small"] if policy in SINCE_5_3 else ["small"]
    assert [row["name"] for row in report["tasks"]] == table and report["score"] > 0


@pytest.mark.parametrize("policy", [*BY_THREAD[1:], *NEW])
def test_is_a_sharer_of_another_cgroup_searched_for_where_its_memory_is(policy):
    """K 3.10 on: a search goes through the tasks of the cgroup. (K 2.6.38: through all.)"""
    kernel = machine(policy)
    far = kernel.new_memcg("far", 90)
    owner = kernel.spawn("owner", ((hang,),), vmas=heap(90), memcg=far)
    kernel.spawn("sharer", ((hang,),), mm=owner.mm)
    asker = kernel.spawn("asker", ((hang,),), vmas=heap(0), memcg=far, adj=-1000)
    owner.signal.oom_score_adj = -1000
    finish(mem_cgroup_out_of_memory(asker, far))
    assert not names(kernel, "kill")


# what is signalled, marked and held


@pytest.mark.parametrize("policy", RELEASES)
def test_does_sysrq_f_wait_for_a_killer_at_work(policy):
    """K 2.6.38, 3.10 moom_callback takes no lock. K 4.4 on: mutex_lock(&oom_lock)."""
    kernel = machine(policy)
    kernel.spawn("hog", ((hang,),), vmas=heap(100))
    kernel.oom_lock.owner = kernel.spawn("killer", ((hang,),))
    kernel.spawn("admin", ((sysrq_f,),), adj=-1000)
    assert not names(kernel, "kill")  # not before it runs
    run_seeded(kernel, 1, most_steps=100)
    assert names(kernel, "kill") == (["hog"] if policy in OLDEST else [])


@pytest.mark.parametrize("policy", RELEASES)
def test_does_sysrq_f_mark_who_pressed_it(policy):
    """K 2.6.38 to 6.18 moom_callback runs in a kworker: `current` is no dying task."""
    kernel = machine(policy)
    kernel.spawn("hog", ((hang,),), vmas=heap(100))
    admin = kernel.spawn("admin", ((pause,),), vmas=heap(5), adj=-1000)
    do_send_sigkill(admin)
    finish(sysrq_f(admin))
    assert names(kernel, "kill") == ["hog"] and not admin.memdie


@pytest.mark.parametrize("policy", RELEASES)
def test_does_a_user_end_init_with_sigkill(policy):
    """K 2.6.38, 4.19 sig_task_ignored: SIGNAL_UNKILLABLE. K 5.10, 6.12: is_global_init()."""
    kernel = machine(policy)
    kernel.spawn("root", ((kill, kernel.init),), uid=0)
    run_seeded(kernel, 1)
    assert kernel.init in kernel.tasks and not kernel.init.sigkill and not kernel.panicked


@pytest.mark.parametrize("policy", RELEASES)
def test_whom_does_a_written_adj_reach_when_the_leader_has_exited(policy):
    """K 4.10 to 6.18 __set_oom_adj: find_lock_task_mm(), so all who share the mm."""
    kernel = machine(policy)
    leader = kernel.spawn("leader", (), vmas=heap(50))
    kernel.spawn("thread", ((hang,),), thread_of=leader)
    sharer = kernel.spawn("sharer", ((hang,),), mm=leader.mm)
    run_seeded(kernel, 1, most_steps=20)
    assert leader.mm is None
    write_oom_score_adj(leader, 300)
    assert sharer.signal.oom_score_adj == (0 if policy in BY_THREAD else 300)


@pytest.mark.parametrize("policy", RELEASES)
def test_how_many_hold_the_mm_while_its_sharers_are_killed(policy):
    """K 2.6.38, 3.10: `mm cannot be safely dereferenced`, no one. K 4.4 on: oom_kill_process()."""
    kernel = machine(policy)
    hog = kernel.spawn("hog", ((hang,),), vmas=heap(100))
    kernel.spawn("sharer", ((hang,),), mm=hog.mm)
    asker = kernel.spawn("asker", ((hang,),), adj=-1000)
    killing = out_of_memory(asker, OomControl(GFP_KERNEL))
    held = {task.name: hog.mm.mm_count for verb, task in killing if verb == "SIGKILL"}
    sharer = {"hog": "sharer", "sharer": "hog"}[names(kernel, "kill")[0]]
    before = 1 if policy in BY_THREAD else 2  # signal->oom_mm
    assert held[sharer] == before + (policy not in OLDEST) and hog.mm.mm_count == before


@pytest.mark.parametrize("policy", NEW)
def test_who_took_the_pages_of_a_victim_that_is_through_before_the_reaper(policy):
    """K 4.19 to 5.17 exit_mmap calls __oom_reap_task_mm() itself: that was not the reaper."""
    kernel = machine(policy)
    kernel.spawn("hog", ((pause,),), vmas=heap(100))
    oom(kernel)
    for task in [task for task in kernel.runqueue if task.name == "oom_reaper"]:
        kernel.runqueue.remove(task)  # it gets no processor
    outcome = run(kernel, most_steps=200)
    assert outcome.reaped == {} and "no page was reaped" in outcome.why
    assert kernel.zone.reaped == 0


@pytest.mark.parametrize("policy", [p for p in RELEASES if PRESETS[p].mrelease != "none"])
def test_does_process_mrelease_count_as_the_reaper(policy):
    """K 6.1 process_mrelease: the caller walks, not the kthread."""
    kernel = machine(policy)
    victim = kernel.spawn("victim", ((hang,),), vmas=heap(8))
    do_send_sigkill(victim)
    finish(process_mrelease(kernel.init, victim))
    assert get_mm_counter(victim.mm, "anon") == 0 and not kernel.reaped


@pytest.mark.parametrize("policy", RELEASES)
def test_does_sigkill_wake_a_process_that_exits_already(policy):
    """K 2.6.38, 4.4, 5.10, 6.12 wants_signal: not one with PF_EXITING. Nor is it a group exit."""
    kernel = machine(policy)
    leaver = kernel.spawn("leaver", (), vmas=heap(20), at_exit=((sleep, 50),))
    kernel.spawn("killer", ((sleep, 10), (kill, leaver)), adj=-1000)
    run_seeded(kernel, 1)
    assert exits(kernel) == {"killer": 10, "leaver": 50} and not leaver.signal.group_exit


@pytest.mark.parametrize("policy", RELEASES)
def test_does_a_killed_task_sleep_on_its_way_out(policy):
    """K 2.6.38, 4.4, 5.10 get_signal takes SIGKILL off: in do_exit() no signal is pending."""
    kernel = machine(policy)
    victim = kernel.spawn("victim", ((pause,),), vmas=heap(20), at_exit=((sleep, 50),))
    do_send_sigkill(victim)
    run_seeded(kernel, 1)
    assert exits(kernel) == {"victim": 50}


@pytest.mark.parametrize("policy", RELEASES)
def test_is_a_caller_marked_that_was_killed_and_exits(policy):
    """K 2.6.38 out_of_memory: fatal_signal_pending() is over by then. K 3.10: PF_EXITING is asked.

    K 4.10 on: SIGNAL_GROUP_EXIT.
    """
    kernel = machine(policy)
    leader = kernel.spawn("leader", ((hang,),), vmas=heap(20))
    worker = kernel.spawn("worker", ((pause,),), thread_of=leader, at_exit=((hang,),))
    do_send_sigkill(leader)
    run_seeded(kernel, 1, most_steps=20)
    finish(out_of_memory(worker, OomControl(GFP_KERNEL)))
    assert worker.memdie == (policy != "linux-2.6.38")


@pytest.mark.parametrize("policy", RELEASES)
def test_in_which_cgroup_is_a_vfork_child(policy):
    """K 2.6.38 to 6.18 cgroup_fork: in its parent's."""
    kernel = machine(policy)
    pod = kernel.new_memcg("pod", 100)
    kernel.spawn("parent", ((vfork, "child", ((hang,),)),), vmas=heap(10), memcg=pod)
    run_seeded(kernel, 1, most_steps=20)
    assert [task.name for task in pod.tasks] == ["parent", "child"]


@pytest.mark.parametrize("policy", RELEASES)
def test_is_a_process_chosen_of_which_another_thread_is_in_swapoff(policy):
    """K 2.6.38: a flag of the task, and leaders are looked at. K 3.10 on: of the process."""
    kernel = machine(policy)
    small = kernel.spawn("small", ((hang,),), vmas=heap(20))
    kernel.spawn("swapoff", ((hang,),), thread_of=small).flags |= PF_OOM_ORIGIN
    kernel.spawn("hog", ((hang,),), vmas=heap(200))
    oom(kernel)
    old = policy == "linux-2.6.38"
    assert ("hog" in names(kernel, "kill")) == old
    assert small.sigkill != old


# the log


@pytest.mark.parametrize(
    "policy, score",
    [
        ("linux-2.6.38", "1000"),
        ("linux-3.10", str(-(2**32) + (2**64 - 1000) // 512 % 2**32)),
        ("linux-4.4", str((2**64 - 1000) // 512 % 2**32)),
        ("linux-4.10", str((2**64 - 1000) // 512 % 2**32)),
        ("linux-4.19", str((2**64 - 1000) // 512 % 2**32)),
    ],
)
def test_which_score_is_printed_of_a_swapoff(policy, score):
    """K 3.10, 4.4, 4.10, 4.19 select_bad_process: ULONG_MAX * 1000 / totalpages, an int of it.

    K 3.10 oom_kill_process prints it with %d, 4.4 with %u. K 2.6.38 oom_badness: 1000.
    """
    kernel = machine(policy)
    swapoff = kernel.spawn("swapoff", ((hang,),), vmas=heap(20))
    swapoff.flags |= PF_OOM_ORIGIN
    kernel.spawn("hog", ((hang,),), vmas=heap(200))
    oom(kernel)
    assert names(kernel, "kill") == ["swapoff"]
    line = next(line for line in printed(kernel, "oom_report") if "sacrifice" in line)
    assert f" score {score} or " in line


@pytest.mark.parametrize(
    "release, kb", [("5.4", "8192"), ("5.4.1", "8192"), ("5.4.59", "8"), ("5.10", "8")]
)
def test_in_which_unit_does_the_kill_line_count_page_tables(release, kb):
    """K 5.4.0, 5.4.1 __oom_kill_process: bytes, behind which it says kB. K 5.4.59, 5.10: kB."""
    kernel = machine("linux-5.4", kernel=release)
    kernel.spawn("hog", ((hang,),), vmas=heap(20))
    oom(kernel)
    assert f" pgtables:{kb}kB oom_score_adj:" in printed(kernel, "kill")[0]


@pytest.mark.parametrize("policy", [p for p in RELEASES if PRESETS[p].reaper != "none"])
def test_what_is_said_when_the_reaper_cannot_be_started(policy):
    """K 4.6, 4.10, 4.14 oom_init: "Continuing regardless". K 4.19 on: nothing."""
    said = printed(machine(policy, reaper_starts=False), "reaper_failed")
    spoke = policy in ("linux-4.6", "linux-4.10", "linux-4.14")
    assert said == ["Unable to start OOM reaper -12. Continuing regardless"] * spoke


@pytest.mark.parametrize("policy", RELEASES)
def test_is_a_kthread_named_that_borrows_the_mm(policy):
    """K 2.6.38 oom_kill_task: each with this mm is. K 3.10 oom_kill_process: not PF_KTHREAD."""
    kernel = machine(policy)
    hog = kernel.spawn("hog", ((hang,),), vmas=heap(100))
    vhost = kernel.kthread_run("vhost", hang, mm=hog.mm)
    hog.mm.mm_users += 1
    oom(kernel)
    line = f"Kill process {vhost.pid} (vhost) sharing same memory"
    assert printed(kernel, "kill_sharer") == [line] * (policy == "linux-2.6.38")


@pytest.mark.parametrize("policy", [p for p in RELEASES if PRESETS[p].oom_group])
def test_what_is_said_of_a_member_of_an_oom_group_that_has_no_memory_any_more(policy):
    """K 4.19, 5.4 __oom_kill_process: nothing. K 5.10 on: "is already exiting"."""
    kernel = machine(policy)
    pod = kernel.new_memcg("pod", 100, oom_group=True)
    task = kernel.spawn("task", ((hang,),), vmas=heap(100), memcg=pod)
    leaver = kernel.spawn("leaver", ((hang,),), vmas=heap(0), memcg=pod)
    leaver.mm.tasks.remove(leaver)
    leaver.mm = None  # in exit_mm()
    finish(mem_cgroup_out_of_memory(task, pod))
    line = (
        f"Memory cgroup out of memory: OOM victim {leaver.pid} (leaver) is already exiting. "
        "Skip killing the task"
    )
    old = policy in ("linux-4.19", "linux-5.1", "linux-5.4")
    assert printed(kernel, "already_exiting") == [line] * (not old)
