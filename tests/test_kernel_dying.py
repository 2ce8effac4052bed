"""task_will_free_mem(): who is on the way out.

`K x.y function` names the release that was read. A test is called after its question.
"""

import pytest
from run_machine import RELEASES, names, run

from oomlab.model.kernel import Kernel
from oomlab.model.tasks import PF_EXITING, do_send_sigkill, task_will_free_mem
from oomlab.policies.presets import PRESETS
from oomlab.scenarios.programs import alloc, look, pause, sleep
from oomlab.scenarios.registry import heap, nearly_full

SINCE_4_7 = [name for name in RELEASES if name not in RELEASES[:4]]


@pytest.mark.parametrize("policy", RELEASES)
def test_is_a_process_dying_when_one_of_its_threads_exits(policy):
    """K 4.4, 4.6 task_will_free_mem: yes. K 4.7 to 6.18: only if the whole process goes.

    K 2.6.38 select_bad_process: thread_group_empty(), so not if there are others. K 3.10 does not
    ask for a core dump, K 4.4 does.
    """
    kernel = Kernel(PRESETS[policy], 256, min_kbytes=32)
    leader = kernel.spawn("leader", ((pause,),), vmas=heap(4))
    thread = kernel.spawn("thread", ((pause,),), thread_of=leader)
    thread.flags |= PF_EXITING
    old = policy == "linux-2.6.38"
    assert task_will_free_mem(thread, kernel.policy) == (policy not in SINCE_4_7 and not old)
    do_send_sigkill(leader)
    assert task_will_free_mem(thread, kernel.policy) != old
    leader.signal.coredump = True  # a core dump takes its time
    assert task_will_free_mem(thread, kernel.policy) == (policy == "linux-3.10")


@pytest.mark.parametrize("policy", SINCE_4_7)
def test_does_the_only_thread_that_exits_free_memory(policy):
    """K 4.10, 6.12 __task_will_free_mem: thread_group_empty() and PF_EXITING."""
    kernel = Kernel(PRESETS[policy], 256, min_kbytes=32)
    alone = kernel.spawn("alone", ((pause,),), vmas=heap(4))
    alone.flags |= PF_EXITING
    assert task_will_free_mem(alone, kernel.policy)
    kernel.spawn("sharer", ((pause,),), mm=alone.mm)
    assert not task_will_free_mem(alone, kernel.policy)  # K 4.8 on: all sharers must go


@pytest.mark.parametrize("policy", [*SINCE_4_7, "linux-4.6"])
def test_is_a_living_process_reaped_when_a_thread_exits_and_allocates(policy):
    """The exiting thread needs pages; its process lives on and looks at its memory later."""
    kernel = Kernel(PRESETS[policy], 256, min_kbytes=32)
    process = kernel.spawn("process", ((sleep, 900), (look, "heap")), vmas=heap(20))
    kernel.spawn("thread", (), thread_of=process, at_exit=((alloc, 12),))
    kernel.spawn("hog", ((pause,),), vmas=heap(60))
    nearly_full(kernel)
    outcome = run(kernel)
    assert "process" not in outcome.reaped and not outcome.bugs
    assert not names(kernel, "sigbus") and not names(kernel, "zero_page")
