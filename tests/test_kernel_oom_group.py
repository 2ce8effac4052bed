"""memory.oom.group: whom the kill of one process takes with it.

`K x.y function` names the release that was read. A test is called after its question.
"""

from dataclasses import replace

import pytest
from run_machine import RELEASES, names, run

from oomlab.model.kernel import Kernel
from oomlab.policies.presets import PRESETS
from oomlab.scenarios.programs import pause, touch
from oomlab.scenarios.registry import heap, nearly_full


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
