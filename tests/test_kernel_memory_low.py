"""memory.low: whose pages are protected, and against whom.

`K x.y function` names the release that was read. A test is called after its question.
"""

import pytest
from run_machine import RELEASES, run

from oomlab.model.gfp import __GFP_IO, GFP_KERNEL
from oomlab.model.kernel import Kernel
from oomlab.model.vmscan import shrink_zone
from oomlab.policies.presets import PRESETS
from oomlab.scenarios.programs import pause, touch
from oomlab.scenarios.registry import heap


@pytest.mark.parametrize("low_above, protected", [(0, 0), (50, 50), (200, 90)])
def test_does_memory_low_hold_below_a_cgroup_without_it(low_above, protected):
    """K 4.4, 4.14 mem_cgroup_low, K 5.10 effective_protection: not more than all above protect."""
    kernel = Kernel(PRESETS["linux-6.12"], 1024)
    kernel.swapon(400)
    above = kernel.new_memcg("above", limit=500, low=low_above)
    safe = kernel.new_memcg("above/safe", 500, above, low=90)
    other = kernel.new_memcg("other", limit=500)
    kernel.spawn("a", ((pause,),), vmas=heap(100), memcg=safe)
    kernel.spawn("b", ((pause,),), vmas=heap(100), memcg=other)
    while other.usage:
        assert shrink_zone(kernel, __GFP_IO)
    assert safe.usage == protected


@pytest.mark.parametrize("policy", [p for p in RELEASES if PRESETS[p].memory_high != "none"])
def test_is_a_cgroup_protected_that_uses_all_of_its_low(policy):
    """K 4.4, 4.14 mem_cgroup_low: `usage >= low` is not. K 4.19 mem_cgroup_protected: `<=` is."""
    kernel = Kernel(PRESETS[policy], 1024)
    kernel.swapon(400)
    pod = kernel.new_memcg("pod", limit=500, low=100)
    kernel.spawn("a", ((pause,),), vmas=heap(100), memcg=pod)
    while shrink_zone(kernel, __GFP_IO):
        pass
    assert pod.usage == (99 if PRESETS[policy].memcg_oom == "fault-end" else 100)


@pytest.mark.parametrize("policy", [p for p in RELEASES if PRESETS[p].memory_high != "none"])
def test_which_child_has_what_its_parent_protects(policy):
    """K 4.14 mem_cgroup_low: none, while the parent uses as much. K 4.19, 6.18: who asked for it.

    Where the children ask for more than the parent has, no more than that is protected in all.
    """
    for lows, expected in {(90, 0): [90, 0], (40, 30): [40, 30], (100, 100): None}.items():
        kernel = Kernel(PRESETS[policy], 2048)
        kernel.swapon(800)
        above = kernel.new_memcg("above", 1000, low=100)
        pods = [kernel.new_memcg(f"above/{n}", 1000, above, low=low) for n, low in enumerate(lows)]
        for pod, pages in zip(pods, (max(lows[0], 90), max(lows[1], 60)), strict=True):
            kernel.spawn("inside", ((pause,),), vmas=heap(pages), memcg=pod)
        while shrink_zone(kernel, __GFP_IO):
            pass
        if PRESETS[policy].memcg_oom == "fault-end":
            assert above.usage < 100, lows
        else:
            assert expected in ([pod.usage for pod in pods], None) and above.usage <= 100, lows
            assert expected or above.usage > 90


@pytest.mark.parametrize("policy", [p for p in RELEASES if PRESETS[p].memory_low != "none"])
def test_does_memory_low_hold_against_the_limit_of_its_parent(policy):
    """K 4.4, 4.9 mem_cgroup_low: the cgroup at its limit is asked, too, and has none. K 4.14: no.

    K 4.19, 6.18: a child of the cgroup that is reclaimed has all of its own.
    """
    kernel = Kernel(PRESETS[policy], 1024)
    kernel.swapon(500)
    pod = kernel.new_memcg("pod", limit=150)
    safe = kernel.new_memcg("pod/safe", 1000, pod, low=120)
    other = kernel.new_memcg("pod/other", 1000, pod)
    kernel.spawn("safe", ((pause,),), vmas=heap(80), memcg=safe)
    kernel.spawn("other", ((pause,),), vmas=heap(60), memcg=other)
    kernel.spawn("writer", ((touch, "heap", 40),), vmas=heap(9), memcg=pod)
    assert run(kernel).victims == []
    assert (safe.usage < 80) == (policy in ("linux-4.4", "linux-4.6", "linux-4.10"))


@pytest.mark.parametrize("policy", [p for p in RELEASES if PRESETS[p].memory_low != "none"])
def test_is_memory_low_broken_while_page_cache_is_freed(policy):
    """K 4.4, 6.18 do_try_to_free_pages: only a reclaim that freed nothing tries once more."""
    kernel = Kernel(PRESETS[policy], 1024, reclaimable=10)
    kernel.swapon(500)
    pod = kernel.new_memcg("pod", limit=1000, low=200)
    kernel.spawn("a", ((pause,),), vmas=heap(100), memcg=pod)
    assert shrink_zone(kernel, GFP_KERNEL) == 10 and pod.usage == 100
    assert shrink_zone(kernel, GFP_KERNEL) == 32 and pod.usage == 68
