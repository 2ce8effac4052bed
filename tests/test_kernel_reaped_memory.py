"""Memory that was reaped: what is found there; the reaper's list and what it leaves alone.

`K x.y function` names the release that was read. A test is called after its question.
"""

import pytest
from run_machine import names

import oomlab
from oomlab.model.kernel import Kernel
from oomlab.model.mm import FILE, MMF_UNSTABLE
from oomlab.model.reaper import already_queued, enqueue
from oomlab.policies.presets import PRESETS
from oomlab.scenarios.programs import look
from oomlab.scenarios.registry import heap
from oomlab.simulate.reported import get_mm_counter
from oomlab.simulate.scheduler import run_seeded


@pytest.mark.parametrize("policy", ["linux-4.6", "linux-4.10", "linux-4.14", "linux-6.12"])
def test_are_clean_pages_of_a_private_file_mapping_unmapped(policy):
    """K 4.6, 6.12: !VM_SHARED is enough. A page that was written to is anonymous (do_cow_fault)."""
    kernel = oomlab.run("mlocked-and-shared", policy).kernel
    victim = next(task for task in kernel.tasks if task.name == "victim")
    assert get_mm_counter(victim.mm, FILE) == 0


@pytest.mark.parametrize(
    "policy, event",
    [("linux-4.6", "zero_page"), ("linux-4.10", "zero_page"), ("linux-4.14", "sigbus")],
)
def test_what_does_a_task_find_that_looks_at_a_reaped_page(policy, event):
    """K 4.6: zeros. K 4.10 handle_mm_fault: refused to kthreads only. K 4.14 on: SIGBUS."""
    kernel = Kernel(PRESETS[policy], 256)
    task = kernel.spawn("task", ((look, "heap"),), vmas=heap(4))
    task.mm.flags |= MMF_UNSTABLE
    run_seeded(kernel, 1)
    assert names(kernel, event) == ["task"]
    assert names(kernel, "zero_page" if event == "sigbus" else "sigbus") == []


def test_is_a_victim_said_to_miss_a_reaper_that_does_not_exist():
    why = oomlab.run("stuck-writer", "linux-4.4").outcome.why
    assert "never reached the reaper" not in why
    lost = oomlab.run("lost-victim", "linux-4.4").outcome
    assert lost.verdict == "lost-victim" and "there is no reaper" in lost.why


@pytest.mark.parametrize("policy, cleared", [("linux-4.6", False), ("linux-4.10", True)])
def test_is_the_link_cleared_when_a_victim_leaves_the_list(policy, cleared):
    """K 4.6 oom_reap_task: never. K 4.7 to 4.14: once it is reaped."""
    run = oomlab.run("lost-victim", policy, victims=3, seed=3)
    linked = [t for t in run.kernel.tasks if t.oom_reaper_list is not None]
    assert run.outcome.verdict == "recovered"
    assert cleared == (not linked) or not linked
    two = oomlab.build("lost-victim", policy, victims=2)[0]
    first, second = (t for t in two.tasks if t.name.startswith("victim"))
    enqueue(first)
    enqueue(second)
    run_seeded(two, 1, most_steps=400)
    assert bool(already_queued(second, second.mm, two.policy)) == (not cleared)
