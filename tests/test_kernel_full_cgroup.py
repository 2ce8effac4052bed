"""A charge to a cgroup at its limit: who is let through, who waits, who is killed.

`K x.y function` names the release that was read. A test is called after its question.
"""

import pytest
from run_machine import RELEASES, finish, names, run

from oomlab.model.kernel import Kernel
from oomlab.model.memcg import try_charge
from oomlab.model.mm import Shmem
from oomlab.model.syscalls import write_tmpfs
from oomlab.model.tasks import do_send_sigkill
from oomlab.policies.presets import PRESETS
from oomlab.scenarios.programs import hang, pause, sleep, touch
from oomlab.scenarios.registry import heap
from oomlab.simulate.scheduler import run_seeded

OLDEST = ("linux-2.6.38", "linux-3.10")


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


@pytest.mark.parametrize("policy", RELEASES)
def test_may_a_victim_charge_past_its_limit(policy):
    """K 4.4 to 5.14 try_charge: forced. K 5.17 to 6.12 (a4ebf1b6ca1e): -ENOMEM."""
    kernel = Kernel(PRESETS[policy], 1024)
    pod = kernel.new_memcg("pod", limit=100)
    task = kernel.spawn("task", ((pause,),), vmas=heap(100), memcg=pod)
    do_send_sigkill(task)
    charged = finish(try_charge(task, pod))
    assert charged == (not policy.startswith("linux-6"))
    assert pod.usage == (101 if charged else 100)
    assert not names(kernel, "kill")


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
