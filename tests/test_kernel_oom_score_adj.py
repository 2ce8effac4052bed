"""oom_score_adj and its least value: who inherits it, and whom it reaches.

`K x.y function` names the release that was read. A test is called after its question.
"""

import pytest
from run_machine import RELEASES, names

from oomlab.model.fork import fork
from oomlab.model.kernel import Kernel
from oomlab.model.syscalls import set_adj
from oomlab.policies.presets import PRESETS
from oomlab.scenarios.programs import pause, sleep
from oomlab.scenarios.registry import heap
from oomlab.simulate.scheduler import run_seeded


@pytest.mark.parametrize("policy", RELEASES)
def test_how_far_may_a_child_lower_its_adj(policy):
    """K 2.6.38, 3.10, 4.4, 6.12 copy_signal: as far as its parent (oom_score_adj_min)."""
    kernel = Kernel(PRESETS[policy], 512)
    lowers = ((set_adj, -300), (pause,))
    service = kernel.spawn("service", ((set_adj, 200), (fork, "child", lowers), (pause,)), adj=-300)
    run_seeded(kernel, 1)
    child = next(task for task in kernel.tasks if task.name == "child")
    assert (service.signal.oom_score_adj, child.signal.oom_score_adj) == (200, -300)
    assert not names(kernel, "eacces")


@pytest.mark.parametrize("policy", RELEASES)
def test_does_the_least_adj_follow_the_memory_too(policy):
    """K 4.10, 6.12 __set_oom_adj: what root writes is the least of each process with this mm."""
    kernel = Kernel(PRESETS[policy], 512)
    kernel.spawn("other", ((sleep, 9), (set_adj, 100), (set_adj, -200), (pause,)), vmas=heap(9))
    root = kernel.spawn("root", ((set_adj, -300), (pause,)), mm=kernel.tasks[-1].mm, uid=0)
    run_seeded(kernel, 1)
    follows = PRESETS[policy].adj_follows_mm
    assert root.signal.oom_score_adj == (-200 if follows else -300)
    assert names(kernel, "eacces") == ([] if follows else ["other"])
