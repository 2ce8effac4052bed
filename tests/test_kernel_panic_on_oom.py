"""vm.panic_on_oom: which request that finds no memory is a panic.

`K x.y function` names the release that was read. A test is called after its question.
"""

from dataclasses import replace

import pytest
from run_machine import RELEASES, names, run

import oomlab
from oomlab.model.gfp import GFP_NOFS
from oomlab.model.kernel import Kernel
from oomlab.model.syscalls import sysrq_f
from oomlab.policies.presets import PRESETS
from oomlab.scenarios.programs import alloc, pause
from oomlab.scenarios.registry import heap, nearly_full
from oomlab.simulate.scheduler import run_seeded


@pytest.mark.parametrize("policy", RELEASES)
def test_does_a_request_that_must_not_touch_filesystems_panic(policy):
    """K 2.6.38 to 4.6 __alloc_pages_may_oom, K 4.10 on out_of_memory: it returns before it asks."""
    kernel = Kernel(replace(PRESETS[policy], panic_on_oom=2), 256, min_kbytes=32)
    kernel.spawn("hog", ((pause,),), vmas=heap(60))
    nearly_full(kernel)
    kernel.spawn("writer", ((alloc, 4, GFP_NOFS),), adj=-1000)
    run_seeded(kernel, 1, most_steps=1500)
    assert kernel.panicked is None and not names(kernel, "kill")


@pytest.mark.parametrize("policy", RELEASES)
@pytest.mark.parametrize("sysctl", [1, 2])
def test_does_sysrq_f_panic_under_panic_on_oom(policy, sysctl):
    """K 4.4 to 6.12 check_panic_on_oom: no. K 2.6.38, 3.10: it is asked like any other."""
    policy = oomlab.PRESETS[policy]
    kernel = Kernel(oomlab.build("decoys", policy, panic_on_oom=sysctl)[0].policy, 256)
    kernel.spawn("hog", ((pause,),), vmas=heap(60))
    kernel.spawn("admin", ((sysrq_f,),), adj=-1000)
    outcome = run(kernel)
    if policy.kernel in ("2.6.38", "3.10"):
        assert outcome.verdict == "panic"
    else:
        assert (outcome.verdict, outcome.victims) == ("recovered", ["hog"])


def test_does_sysrq_f_panic_when_nobody_can_be_killed():
    """K 4.4, 6.12 out_of_memory: never for order -1. K 2.6.38, 3.10 know no such order: panic."""
    for policy in RELEASES:
        kernel = Kernel(PRESETS[policy], 256)
        kernel.spawn("admin", ((sysrq_f,),), adj=-1000)
        expected = "panic" if policy in RELEASES[:2] else "recovered"
        assert run(kernel).verdict == expected, policy
