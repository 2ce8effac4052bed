"""Suspend and the freezer: when the killer is off, and whom they let go.

`K x.y function` names the release that was read. A test is called after its question.
"""

import pytest
from run_machine import RELEASES, names

from oomlab.model.gfp import GFP_NOFS
from oomlab.model.kernel import Kernel
from oomlab.model.locks import TASK_UNINTERRUPTIBLE
from oomlab.model.oom import mark_oom_victim
from oomlab.model.suspend import FREEZE_TIMEOUT, suspend
from oomlab.model.syscalls import kill, sysrq_f
from oomlab.model.tasks import PF_KTHREAD, do_send_sigkill
from oomlab.policies.presets import PRESETS
from oomlab.scenarios.programs import alloc, frozen, pause, sleep
from oomlab.scenarios.registry import heap, nearly_full
from oomlab.simulate.scheduler import run_seeded

OLDEST = ("linux-2.6.38", "linux-3.10")


@pytest.mark.parametrize("policy", RELEASES)
def test_does_sysrq_f_kill_while_the_killer_is_off(policy):
    """K 2.6.38, 3.10 out_of_memory does not ask, the allocator does. K 4.4 on: no."""
    kernel = Kernel(PRESETS[policy], 512)
    kernel.spawn("hog", ((pause,),), vmas=heap(100))
    kernel.oom_killer_disabled = True
    kernel.spawn("admin", ((sysrq_f,),), adj=-1000)
    run_seeded(kernel, 1)
    assert names(kernel, "kill") == (["hog"] if policy in OLDEST else [])


@pytest.mark.parametrize("policy", RELEASES)
@pytest.mark.parametrize("stands, exits", [(frozen, False), (pause, True)])
def test_does_kill_end_a_frozen_task(policy, stands, exits):
    """K 4.4, 6.12 __refrigerator (cgroup v1): no, TASK_UNINTERRUPTIBLE, or TASK_FROZEN from 6.1 on.

    K 6.12 do_freezer_trap (v2): yes, TASK_INTERRUPTIBLE.
    """
    kernel = Kernel(PRESETS[policy], 512)
    task = kernel.spawn("task", ((stands,), (pause,)), vmas=heap(9))
    kernel.spawn("admin", ((sleep, 2), (kill, task)))
    run_seeded(kernel, 1)
    assert ("task" in names(kernel, "exit")) == exits


def suspending(policy: str, hold: int) -> Kernel:
    """A victim that needs `hold` ticks to die, and a suspend that starts meanwhile."""
    kernel = Kernel(PRESETS[policy], 1024)
    last_words = (sleep, hold, TASK_UNINTERRUPTIBLE)
    victim = kernel.spawn("victim", ((pause,),), vmas=heap(100), at_exit=(last_words,))
    for _ in mark_oom_victim(victim, victim, victim.mm):
        pass
    do_send_sigkill(victim)
    pm = kernel.spawn("pm", ((suspend, 50), (pause,)), adj=-1000)
    pm.flags |= PF_KTHREAD  # it freezes the others, not itself
    kernel.spawn("bystander", ((pause,),))
    return kernel


@pytest.mark.parametrize("policy", RELEASES[2:])
def test_does_suspend_give_up_waiting_for_a_victim(policy):
    """K 4.4, 4.6 try_to_freeze_tasks: after 20 s. K 4.9 on oom_killer_disable: the same."""
    kernel = suspending(policy, FREEZE_TIMEOUT + 200)
    run_seeded(kernel, 1)
    assert names(kernel, "suspend_failed") and not names(kernel, "suspended")
    assert not kernel.oom_killer_disabled and not kernel.freezing
    kernel = suspending(policy, 10)
    run_seeded(kernel, 1)
    assert names(kernel, "suspended") and not names(kernel, "suspend_failed")


@pytest.mark.parametrize("policy", RELEASES[2:])
def test_is_the_killer_off_before_the_victims_are_gone(policy):
    """K 4.4 to 6.12: the flag is set first, under oom_lock; out_of_memory() then returns false.

    In K 4.4, 4.6 the freezer has waited for them, which from 4.8 on looks past a victim.
    """
    kernel = suspending(policy, 30)
    seen = []
    run_seeded(
        kernel, 1, lambda *step: seen.append((kernel.oom_killer_disabled, kernel.oom_victims))
    )
    assert ((True, 1) in seen) == (policy not in ("linux-4.4", "linux-4.6"))
    assert (True, 0) in seen


@pytest.mark.parametrize("policy", RELEASES[2:])
def test_does_an_allocation_fail_while_the_killer_is_off(policy):
    """K out_of_memory. NOFS loops on in 4.4 and fails from 4.6 on (__alloc_pages_may_oom)."""
    for gfp in (None, GFP_NOFS):
        kernel = Kernel(PRESETS[policy], 256, min_kbytes=32)
        kernel.spawn("hog", ((pause,),), vmas=heap(60))
        request = (alloc, 99) if gfp is None else (alloc, 99, gfp)
        nearly_full(kernel, leave=10)
        kernel.oom_killer_disabled = True
        asker = kernel.spawn("asker", (request, (pause,)), adj=-1000)
        run_seeded(kernel, 1, most_steps=3000)
        assert not names(kernel, "kill")
        loops = gfp is GFP_NOFS and policy == "linux-4.4"
        assert bool(asker.allocating) == loops, (policy, gfp)
