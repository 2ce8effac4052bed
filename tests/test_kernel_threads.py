"""What a maintainer asks about threads: leaders that have exited, who is looked at, who may fork.

`K x.y function` names the release that was read. A test is called after its question.
"""

import pytest
from run_machine import RELEASES, names, run

import oomlab
from oomlab.model.fork import copy_on_write, fork, vfork
from oomlab.model.kernel import Kernel
from oomlab.model.locks import TASK_DEAD, TASK_FROZEN
from oomlab.model.oom import mark_oom_victim
from oomlab.model.reaper import process_mrelease
from oomlab.model.syscalls import set_adj, sysrq_f
from oomlab.model.tasks import PF_EXITING, PF_OOM_ORIGIN, Task, do_send_sigkill
from oomlab.policies.presets import PRESETS
from oomlab.scenarios.programs import hang, pause, touch
from oomlab.scenarios.registry import heap
from oomlab.simulate.kernel_log import PRINTK, version_of
from oomlab.simulate.page_accounting import unaccounted
from oomlab.simulate.scheduler import run_seeded

OLDEST = ("linux-2.6.38", "linux-3.10")
BY_THREAD = ("linux-3.10", "linux-4.4", "linux-4.6")
SINCE_5_3 = RELEASES[RELEASES.index("linux-5.4") :]


def left_by_its_leader(policy: str) -> tuple[Kernel, Task]:
    """A process whose leader has exited; two threads hold 100 pages."""
    kernel = Kernel(PRESETS[policy], 512, min_kbytes=64)
    leader = kernel.spawn("leader", (), vmas=heap(100))
    for i in (1, 2):
        kernel.spawn(f"thread{i}", ((pause,),), thread_of=leader)
    kernel.spawn("small", ((pause,),), vmas=heap(20))
    run_seeded(kernel, 1, most_steps=30)
    assert leader.mm is None and leader in kernel.tasks
    return kernel, leader


def asks(kernel: Kernel, pages: int = 500) -> None:
    kernel.spawn("asker", ((touch, "heap", pages),), vmas=heap(1), adj=-1000)


@pytest.mark.parametrize("policy", RELEASES)
def test_who_stands_in_the_table_for_a_leader_that_has_exited(policy):
    """K 2.6.38 to 6.18 dump_tasks: the first thread with an mm, its pid, and the leader's tgid."""
    kernel, leader = left_by_its_leader(policy)
    asks(kernel)
    run(kernel, most_steps=6000)
    report = next(e for e in kernel.events if e["event"] == "oom_report")
    row = next(row for row in report["tasks"] if row["name"].startswith("thread"))
    assert (row["name"], row["pid"], row["tgid"]) == ("thread1", leader.pid + 1, leader.pid)


@pytest.mark.parametrize("policy", RELEASES)
def test_whom_does_the_killer_take_when_the_leader_has_exited(policy):
    """K 2.6.38 oom_kill_process: no task; the zombie is marked, and every later search stops there.

    K 3.10 chooses the first thread. K 4.4, 4.6: the last, for no leader is among the equals. K 4.10
    on: the leader. The one that is killed and marked is the first with an mm (find_lock_task_mm).
    """
    kernel, leader = left_by_its_leader(policy)
    asks(kernel)
    outcome = run(kernel, most_steps=6000)
    if policy == "linux-2.6.38":
        assert leader.memdie and outcome.verdict != "recovered"
        assert not names(kernel, "kill") and names(kernel, "scan_aborted")
        return
    report = next(e for e in kernel.events if e["event"] == "oom_report")
    chosen = {"linux-3.10": "thread1", "linux-4.4": "thread2", "linux-4.6": "thread2"}
    assert report["chosen"].name == chosen.get(policy, "leader")
    assert names(kernel, "kill")[0] == names(kernel, "mark_victim")[0] == "thread1"


@pytest.mark.parametrize("policy", RELEASES)
def test_when_does_a_leader_that_has_exited_go(policy):
    """K exit_notify, release_task: with the last thread of its process."""
    kernel, leader = left_by_its_leader(policy)
    threads = [task for task in kernel.tasks if task.name.startswith("thread")]
    do_send_sigkill(threads[0])
    run_seeded(kernel, 1)
    assert leader not in kernel.tasks and not leader.signal.threads
    assert leader not in kernel.init.signal.children and unaccounted(kernel) == 0


@pytest.mark.parametrize("policy", RELEASES)
def test_is_a_sharer_killed_whose_leader_has_exited(policy):
    """K 2.6.38, 3.10: `p->mm == mm` looks at the leader alone. K 4.4 on: process_shares_mm()."""
    kernel = Kernel(PRESETS[policy], 512, min_kbytes=64)
    hog = kernel.spawn("hog", ((hang,),), vmas=heap(100))
    other = kernel.spawn("other", (), mm=hog.mm)
    worker = kernel.spawn("worker", ((hang,),), thread_of=other)
    run_seeded(kernel, 1, most_steps=30)
    asks(kernel)
    run_seeded(kernel, 1, most_steps=2000)
    assert hog.sigkill and worker.sigkill == (policy not in OLDEST)


@pytest.mark.parametrize("policy", OLDEST)
def test_does_init_die_that_shares_the_victims_mm(policy):
    """K 2.6.38 force_sig(), K 3.10 SEND_SIG_FORCED: no one asks whether it is init. Panic.

    K 2.6.38 find_new_reaper: the panic does not tell an exit code.
    """
    kernel = Kernel(PRESETS[policy], 512, min_kbytes=64)
    hog = kernel.spawn("hog", ((hang,),), vmas=heap(100))
    hog.mm.attach(kernel.init)
    asks(kernel)
    text = "Attempted to kill init!" + " exitcode=0x00000009" * (policy == "linux-3.10")
    outcome = run(kernel)
    assert outcome.verdict == "panic" and outcome.why == f"the kernel panics: {text}"
    (panic,) = [e for e in kernel.events if e["event"] == "panic"]
    (line,) = PRINTK["panic"](panic, version_of(kernel.policy.kernel))
    assert line.endswith(f"not syncing: {text}")


def test_who_dies_in_3_10_for_a_thread_of_init_with_as_many_points_as_the_hog():
    """K 3.10 select_bad_process: the thread comes first; a child of init with other memory dies.

    Only pid 1 is init (is_global_init), and for_each_process_thread() goes process by process.
    """
    found = oomlab.run("hidden-sharer", "linux-3.10", sharer="init").kernel
    report = next(e for e in found.events if e["event"] == "oom_report")
    assert report["chosen"].name == "init-thread" and names(found, "kill")[0] == "other"


@pytest.mark.parametrize("policy", RELEASES)
@pytest.mark.parametrize("call", [fork, copy_on_write, vfork])
def test_can_a_killed_process_still_fork(policy, call):
    """K 2.6.38 to 4.10 copy_process: signal_pending(), 6.12 fatal_signal_pending(): no child."""
    kernel = Kernel(PRESETS[policy], 512)
    parent = kernel.spawn("parent", ((call, "child", ((pause,),)), (pause,)), vmas=heap(20))
    do_send_sigkill(parent)  # it stands before the first step of the call
    run_seeded(kernel, 1)
    assert "child" not in [task.name for task in kernel.tasks]


@pytest.mark.parametrize("policy", RELEASES)
def test_may_a_user_exempt_his_process(policy):
    """K 2.6.38, 4.4, 6.1 oom_score_adj_write: not below oom_score_adj_min; root moves that."""
    kernel = Kernel(PRESETS[policy], 512)
    raises = kernel.spawn("raises", ((set_adj, 500), (set_adj, 0), (set_adj, -1), (pause,)))
    root = kernel.spawn("root", ((set_adj, -1000), (pause,)), uid=0)
    given = kernel.spawn("given", ((set_adj, 0), (set_adj, -300), (pause,)), adj=-300)
    run_seeded(kernel, 1)
    assert [t.signal.oom_score_adj for t in (raises, root, given)] == [0, -1000, -300]
    assert names(kernel, "eacces") == ["raises"]


@pytest.mark.parametrize("policy", RELEASES)
def test_who_dies_of_equals_in_a_cgroup_and_in_one_below_it(policy):
    """K 3.10 to 6.18 for_each_mem_cgroup_tree: its own tasks come first. K 2.6.38: as created."""
    kernel = Kernel(PRESETS[policy], 2048)
    pod = kernel.new_memcg("pod", 220)
    below = kernel.new_memcg("pod/sub", 10_000, pod)
    kernel.spawn("below", ((pause,),), vmas=heap(100), memcg=below)
    kernel.spawn("above", ((pause,),), vmas=heap(100), memcg=pod)
    kernel.spawn("asker", ((touch, "heap", 60),), vmas=heap(1), memcg=pod, adj=-1000)
    run(kernel)
    first_wins = policy not in SINCE_5_3
    expected = "above" if first_wins and policy != "linux-2.6.38" else "below"
    assert names(kernel, "kill")[0] == expected


@pytest.mark.parametrize("policy", [p for p in RELEASES if PRESETS[p].oom_group])
def test_how_often_is_a_process_of_an_oom_group_killed(policy):
    """K 4.19, 5.2 mem_cgroup_scan_tasks: once for each thread, too. K 5.4 CSS_TASK_ITER_PROCS."""
    kernel = Kernel(PRESETS[policy], 2048)
    pod = kernel.new_memcg("pod", 200, oom_group=True)
    leader = kernel.spawn("leader", ((hang,),), vmas=heap(100), memcg=pod)
    for i in range(3):
        kernel.spawn(f"thread{i}", ((hang,),), thread_of=leader, memcg=pod)
    kernel.spawn("asker", ((touch, "heap", 200),), vmas=heap(1), memcg=pod, adj=-1000)
    run_seeded(kernel, 1, most_steps=4000)
    assert names(kernel, "kill") == ["leader"] * (2 if policy in SINCE_5_3 else 5)


@pytest.mark.parametrize("policy", RELEASES)
def test_does_a_core_dump_stop_the_search(policy):
    """K 3.10 oom_scan_process_thread: PF_EXITING is enough. K 4.4, 4.10 on: it is no exit."""
    kernel = Kernel(PRESETS[policy], 512, min_kbytes=64)
    dumper = kernel.spawn("dumper", ((hang,),), vmas=heap(20))
    thread = kernel.spawn("thread", ((hang,),), thread_of=dumper)
    for task in (dumper, thread):
        task.flags |= PF_EXITING
    dumper.signal.coredump = True
    kernel.spawn("hog", ((pause,),), vmas=heap(100))
    asks(kernel)
    run_seeded(kernel, 1, most_steps=3000)
    assert bool(names(kernel, "kill")) == (policy != "linux-3.10")


@pytest.mark.parametrize("policy", RELEASES)
def test_is_a_swapoff_that_exits_waited_for_or_chosen(policy):
    """K 3.10, 4.4 oom_scan_process_thread: OOM_SCAN_SELECT comes before PF_EXITING."""
    kernel = Kernel(PRESETS[policy], 512, min_kbytes=64)
    swapoff = kernel.spawn("swapoff", ((hang,),), vmas=heap(20))
    swapoff.flags |= PF_OOM_ORIGIN | PF_EXITING
    kernel.spawn("hog", ((pause,),), vmas=heap(100))
    asks(kernel)
    run_seeded(kernel, 1, most_steps=3000)
    assert names(kernel, "mark_victim")[:1] == ([] if policy == "linux-2.6.38" else ["swapoff"])


@pytest.mark.parametrize("policy", RELEASES)
def test_whom_does_a_second_sysrq_f_take(policy):
    """K 3.10, 4.4: the same stuck victim again, its mark is not asked for. K 2.6.38: waits for it.

    K 4.10 on, oom_kill_process: its process exits, so it is only marked; once MMF_OOM_SKIP is set
    it is passed over, and the next is killed.
    """
    kernel = Kernel(PRESETS[policy], 1024)
    kernel.spawn("hog", ((hang,),), vmas=heap(400))
    kernel.spawn("next", ((pause,),), vmas=heap(100))
    kernel.spawn("admin", ((sysrq_f,), (sysrq_f,)), adj=-1000)
    run_seeded(kernel, 1)
    kills = names(kernel, "kill")
    if policy in ("linux-3.10", "linux-4.4"):
        assert kills == ["hog", "hog"]
    elif policy == "linux-4.6":  # reaped it has -1000
        assert kills in (["hog", "hog"], ["hog", "next"])
    else:
        assert kills in (["hog"], ["hog", "next"])
        assert policy != "linux-2.6.38" or kills == ["hog"]


@pytest.mark.parametrize("policy", RELEASES)
def test_does_a_memcg_kill_while_the_killer_is_off(policy):
    """K 2.6.38, 3.10 mem_cgroup_out_of_memory does not ask, and it does.

    K 4.4, 4.6 mem_cgroup_oom_synchronize and K 4.10 on out_of_memory do: no.
    """
    kernel = Kernel(PRESETS[policy], 1024)
    pod = kernel.new_memcg("pod", 100)
    kernel.spawn("hog", ((pause,),), vmas=heap(80), memcg=pod)
    kernel.spawn("asker", ((touch, "heap", 40),), vmas=heap(1), memcg=pod, adj=-1000)
    kernel.oom_killer_disabled = True
    run_seeded(kernel, 1, most_steps=2000)
    assert bool(names(kernel, "kill")) == (policy in OLDEST)


@pytest.mark.parametrize("policy", [p for p in RELEASES if PRESETS[p].mrelease != "none"])
def test_does_a_kill_end_process_mrelease(policy):
    """K 6.1 process_mrelease: mmap_read_lock_killable(), EINTR."""

    def holds(current, mm):
        yield from mm.mmap_sem.down_write(current)
        yield from hang(current)

    def releases(current, task):
        error = yield from process_mrelease(current, task)
        answers.append(error)

    kernel, answers = Kernel(PRESETS[policy], 512), []
    victim = kernel.spawn("victim", ((hang,),), vmas=heap(20))
    do_send_sigkill(victim)
    kernel.spawn("holder", ((holds, victim.mm),))
    run_seeded(kernel, 1, most_steps=20)
    killer = kernel.spawn("killer", ((releases, victim),))
    run_seeded(kernel, 1, most_steps=20)
    do_send_sigkill(killer)
    run_seeded(kernel, 1, most_steps=40)
    assert answers == ["EINTR"]


@pytest.mark.parametrize("policy", RELEASES)
def test_does_a_frozen_victim_exit_before_the_thaw(policy):
    """To 3.10 nothing lets it through; later the freezer lets who is marked pass.

    K 3.10, 4.4 freezing_slow_path.
    """
    kernel = Kernel(PRESETS[policy], 512, min_kbytes=64)
    victim = kernel.spawn("victim", ((pause,), (touch, "heap", 1)), vmas=heap(100))
    kernel.freezing = True
    for _ in mark_oom_victim(victim, victim, victim.mm):
        pass
    do_send_sigkill(victim)
    run_seeded(kernel, 1, most_steps=200)
    assert (victim.state == TASK_FROZEN) == (policy in OLDEST)


@pytest.mark.parametrize("policy", ["linux-6.12", "linux-6.18"])
def test_does_a_frozen_thread_of_a_victim_exit_that_is_not_marked_itself(policy):
    """From 6.18 on (K 6.18 freezing_slow_path: tsk_is_oom_victim)."""
    kernel = Kernel(PRESETS[policy], 512, min_kbytes=64)
    victim = kernel.spawn("victim", ((pause,), (touch, "heap", 1)), vmas=heap(100))
    other = kernel.spawn("other", ((pause,), (touch, "heap", 1)), thread_of=victim)
    kernel.freezing = True
    for _ in mark_oom_victim(victim, victim, victim.mm):
        pass
    do_send_sigkill(victim)
    run_seeded(kernel, 1, most_steps=200)
    assert victim.state == TASK_DEAD
    assert (other.state == TASK_FROZEN) == (policy == "linux-6.12")
