"""Who dies, and what that frees: small machines that end as real ones did.

`K x.y function` names the release that was read. A test is called after its question.
"""

import pytest
from run_machine import RELEASES, names, run

import oomlab
from oomlab.model.kernel import Kernel
from oomlab.policies.presets import PRESETS
from oomlab.scenarios.programs import hang, touch
from oomlab.scenarios.registry import heap, nearly_full
from oomlab.simulate.page_accounting import unaccounted


@pytest.mark.parametrize("policy", RELEASES)
def test_who_dies_when_a_fork_bomb_meets_a_hog(policy):
    """The bombs stay small, so the hog is the worst process (oom_badness counts one process)."""
    assert oomlab.run("bomb-and-hog", policy).outcome.victims[0] == "hog"


@pytest.mark.parametrize("policy", RELEASES)
def test_what_does_killing_a_tmpfs_writer_free(policy):
    """Its own pages. The file is linked and stays, and the next process dies (mm/shmem.c)."""
    run = oomlab.run("tmpfs-writer", policy)
    assert run.outcome.victims[:2] == ["writer", "browser"]
    assert run.kernel.shmems[0].pages > 600 and unaccounted(run.kernel) == 0
    refused = oomlab.run("tmpfs-writer", policy, mode=0).outcome
    guesses = PRESETS[policy].overcommit in ("free", "free-unsigned")
    assert ("writer" not in refused.victims) == guesses
    assert ("writer asked for memory" in refused.why) == guesses
    small = oomlab.run("tmpfs-writer", policy, mapped=0)
    assert "writer" not in small.outcome.victims[:2] and small.outcome.victims[0] == "browser"


@pytest.mark.parametrize("policy", RELEASES)
def test_which_thread_is_marked_under_oom_kill_allocating_task(policy):
    """K 2.6.38, 3.10 find_lock_task_mm: `current`. K 4.4 on: the leader, if it has an mm.

    for_each_thread() begins with the leader; do { } while_each_thread() began with the task.
    """
    version = policy
    policy = oomlab.build("decoys", PRESETS[policy], oom_kill_allocating_task=1)[0].policy
    kernel = Kernel(policy, 256, min_kbytes=32)
    leader = kernel.spawn("leader", ((hang,),), vmas=heap(20))
    kernel.spawn("asker", ((touch, "heap", 60),), thread_of=leader)
    nearly_full(kernel, leave=10)
    run(kernel)
    asked = version in ("linux-2.6.38", "linux-3.10")
    assert names(kernel, "mark_victim")[0] == ("asker" if asked else "leader")


@pytest.mark.parametrize("scenario", ["tiny-child", "decoy-children"])
def test_does_a_machine_hang_that_has_its_memory_back(scenario):
    """K 5.1 oom_kill_process: the hog itself dies, and its children go on for ever, unharmed."""
    for policy in ("linux-5.1", "linux-6.18"):
        outcome = oomlab.run(scenario, policy, trace=False).outcome
        assert (outcome.verdict, outcome.victims) == ("recovered", ["hog"])
    assert oomlab.run(scenario, "linux-4.4", trace=False).outcome.verdict == "deadlock"
