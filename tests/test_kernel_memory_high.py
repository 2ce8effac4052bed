"""memory.high: who is slowed, who is not, and how long.

`K x.y function` names the release that was read. A test is called after its question.
"""

import pytest
from run_machine import RELEASES, names, run

from oomlab.model.kernel import Kernel
from oomlab.model.memory_high import mem_cgroup_handle_over_high
from oomlab.model.mm import Shmem
from oomlab.model.syscalls import write_tmpfs
from oomlab.model.tasks import do_send_sigkill
from oomlab.policies.presets import PRESETS
from oomlab.scenarios.programs import pause, touch
from oomlab.scenarios.registry import heap
from oomlab.simulate.scheduler import run_seeded

WITH_HIGH = [name for name in RELEASES if PRESETS[name].memory_high not in ("none", "reclaims")]


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


@pytest.mark.parametrize("policy", WITH_HIGH[:2])
def test_does_memory_high_make_a_task_sleep_that_exits(policy):
    """K 5.4, 5.10 try_charge: no, it sets TIF_NOTIFY_RESUME, for the way back to user mode."""
    kernel = Kernel(PRESETS[policy], 2048)
    pod = kernel.new_memcg("pod", 2000, high=20)
    kernel.spawn("leaver", (), vmas=heap(20), memcg=pod, at_exit=((touch, "heap", 200),))
    run_seeded(kernel, 1)
    assert names(kernel, "exit") == ["leaver"] and not names(kernel, "throttled")


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
