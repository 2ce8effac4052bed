"""fork and vfork: what a child costs, and who goes on when one of them is killed.

`K x.y function` names the release that was read. A test is called after its question.
"""

import pytest
from run_machine import RELEASES, names

from oomlab.model.fork import copy_on_write, vfork, wait4, write_inherited
from oomlab.model.kernel import Kernel
from oomlab.model.mm import get_mm_rss
from oomlab.model.oom import oom_badness
from oomlab.model.tasks import do_send_sigkill
from oomlab.policies.presets import PRESETS
from oomlab.scenarios.programs import hang, pause
from oomlab.scenarios.registry import heap
from oomlab.simulate.page_accounting import unaccounted
from oomlab.simulate.reported import dump_task
from oomlab.simulate.scheduler import run_seeded


@pytest.mark.parametrize("policy", RELEASES)
def test_does_a_process_grow_when_it_forks_and_writes(policy):
    """K dup_mmap, wp_page_copy: no; total_vm is that of the mappings, in parent and child."""
    kernel = Kernel(PRESETS[policy], 1024)
    worker = ((write_inherited, 30), (pause,))
    server = kernel.spawn("server", ((copy_on_write, "worker", worker), (pause,)), vmas=heap(200))
    run_seeded(kernel, 1)
    child = next(task for task in kernel.tasks if task.name == "worker")
    assert [dump_task(task, task.mm)["total_vm"] for task in (server, child)] == [200, 200]
    assert [dump_task(task, task.mm)["rss"] for task in (server, child)] == [200, 200]


@pytest.mark.parametrize("policy", RELEASES)
@pytest.mark.parametrize("killed", ["parent", "child"])
def test_who_goes_on_when_one_of_a_vfork_is_killed(policy, killed):
    """K 3.10 to 6.12 wait_for_vfork_done: the child's end wakes the parent; SIGKILL ends its wait.

    K 2.6.38 do_fork: wait_for_completion(), SIGKILL does not. A child that borrows the mm lives on
    when a user kills the parent: it is another process.
    """
    kernel = Kernel(PRESETS[policy], 512)
    parent = kernel.spawn("parent", ((vfork, "child", ((pause,),)), (hang,)), vmas=heap(20))
    run_seeded(kernel, 1, most_steps=30)
    child = next(task for task in kernel.tasks if task.name == "child")
    do_send_sigkill(parent if killed == "parent" else child)
    run_seeded(kernel, 1, most_steps=60)
    waits = killed == "parent" and policy == "linux-2.6.38"
    assert ("parent" in names(kernel, "exit")) == (killed == "parent" and not waits)
    assert ("child" in names(kernel, "exit")) == (killed == "child")
    assert waits or (killed == "parent") == (child.mm is not None and child.mm.mm_users == 1)
    assert killed == "parent" or parent.waits_for == "a disk that never answers"


@pytest.mark.parametrize("policy", RELEASES)
def test_what_does_a_forked_child_cost_before_it_writes(policy):
    """K 4.4, 6.12 copy_page_range: page tables. Its rss, and so its badness, is the parent's."""
    kernel = Kernel(PRESETS[policy], 2048)
    forks = (copy_on_write, "child", ((pause,),))
    parent = kernel.spawn("parent", (forks, (pause,)), vmas=heap(600))
    free = kernel.zone.free
    run_seeded(kernel, 1)
    child = next(task for task in kernel.tasks if task.name == "child")
    assert free - kernel.zone.free == child.mm.nr_ptes + child.mm.nr_pmds == 3
    scores = [oom_badness(task, 2048, kernel.policy) for task in (parent, child)]
    assert scores[0] == scores[1] and get_mm_rss(child.mm) == 600
    assert unaccounted(kernel) == 0


@pytest.mark.parametrize("policy", RELEASES)
def test_what_does_killing_a_forked_child_free(policy):
    """K 4.4, 6.12 zap_pte_range: only what the parent does not map, too."""
    kernel = Kernel(PRESETS[policy], 2048)
    writes = (write_inherited, 40), (pause,)
    parent = kernel.spawn("parent", ((copy_on_write, "child", writes), (pause,)), vmas=heap(300))
    run_seeded(kernel, 1)
    child = next(task for task in kernel.tasks if task.name == "child")
    assert get_mm_rss(child.mm) == get_mm_rss(parent.mm) == 300
    free, tables = kernel.zone.free, child.mm.nr_ptes + child.mm.nr_pmds
    do_send_sigkill(child)
    run_seeded(kernel, 1)
    assert kernel.zone.free - free == 40 + tables
    do_send_sigkill(parent)
    run_seeded(kernel, 1)
    assert unaccounted(kernel) == 0 and kernel.zone.free > free + 300


def test_does_the_last_one_copy_what_only_he_maps():
    """K 4.4, 6.12 do_wp_page: no, the page is used again."""
    kernel = Kernel(PRESETS["linux-6.12"], 2048)
    child = (copy_on_write, "child", ())
    kernel.spawn("parent", (child, (wait4,), (write_inherited, 100), (hang,)), vmas=heap(100))
    free = kernel.zone.free
    run_seeded(kernel, 1)
    assert kernel.zone.free == free and unaccounted(kernel) == 0
