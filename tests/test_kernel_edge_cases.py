"""What seldom happens: a page that is not there, a count too low, a machine that cannot be made."""

import pytest
from run_machine import finish

import oomlab
from oomlab.model.fork import copy_on_write
from oomlab.model.gfp import __GFP_NOMEMALLOC, ALLOC_NO_WATERMARKS, GFP_KERNEL
from oomlab.model.kernel import Kernel
from oomlab.model.memory import gfp_to_alloc_flags
from oomlab.model.mm import ANON, FILE, VMA, Shmem, mmdrop
from oomlab.model.oom import oom_badness
from oomlab.model.syscalls import munmap
from oomlab.model.tasks import write_oom_score_adj
from oomlab.policies.knobs import GROUPS, group_of
from oomlab.policies.policy import KNOBS
from oomlab.policies.presets import PRESETS
from oomlab.scenarios import heap
from oomlab.scenarios.programs import pause, touch
from oomlab.scenarios.unmerged import WORKER_PAGES, create_worker
from oomlab.simulate.page_accounting import unaccounted
from oomlab.simulate.scheduler import run_schedule


def machine(*programs, policy="linux-4.4", pages=0, free=None) -> Kernel:
    kernel = Kernel(PRESETS[policy], 256, min_kbytes=32)
    for number, program in enumerate(programs):
        kernel.spawn(f"t{number}", program, vmas=heap(pages))
    if free is not None:
        kernel.zone.reserved += kernel.zone.free - free
        kernel.zone.free = free
    return kernel


def test_a_fork_without_memory_for_its_page_tables_fails_and_keeps_nothing():
    kernel = machine((), pages=4, free=1)
    kernel.oom_killer_disabled = True  # so that the request fails
    (parent,) = [t for t in kernel.tasks if t.name == "t0"]
    free, tasks = kernel.zone.free, len(kernel.tasks)
    finish(copy_on_write(parent, "child"))
    assert (kernel.zone.free, len(kernel.tasks)) == (free, tasks)
    assert unaccounted(kernel) == 0
    assert parent.mm.find_vma("heap").pages == 4  # still its own


def test_a_request_that_wants_no_reserve_gets_none_though_its_task_is_a_victim():
    kernel = machine(())
    victim = kernel.tasks[-1]
    victim.memdie = True
    assert gfp_to_alloc_flags(victim, GFP_KERNEL) == ALLOC_NO_WATERMARKS
    assert gfp_to_alloc_flags(victim, GFP_KERNEL | __GFP_NOMEMALLOC) == 0


@pytest.mark.parametrize(
    "policy, bonus",
    [("linux-2.6.38", 30), ("linux-3.10", 30), ("linux-4.4", 3 * 400 // 100), ("linux-6.12", 0)],
)
def test_what_root_is_spared(policy, bonus):
    """30 thousandths of all (to 3.10), 3 % of its own points (4.4), nothing (from 4.17 on)."""
    kernel = Kernel(PRESETS[policy], 2000, min_kbytes=32)
    tasks = [kernel.spawn(n, (), vmas=heap(399)) for n in ("user", "root")]
    tasks[1].uid = 0
    user, root = (oom_badness(task, 1000, kernel.policy) for task in tasks)
    assert user - root == bonus


def test_a_reference_too_many_is_dropped_and_the_run_goes_on():
    kernel = machine(())
    mm = kernel.tasks[-1].mm
    for _ in range(mm.mm_count + 1):
        mmdrop(mm)
    assert f"{mm.name}: mm_count falls below zero" in kernel.bugs


def test_the_last_mapping_of_a_file_leaves_it_in_the_page_cache_and_of_shared_memory_nothing():
    for kind, cached in ((FILE, 4), (ANON, 0)):
        kernel = Kernel(PRESETS["linux-6.1"], 256, min_kbytes=32)
        vma = VMA("lib", kind, 4, shmem=Shmem("lib", 0))
        task = kernel.spawn("reader", (), vmas=[vma])
        before = kernel.zone.reclaimable, kernel.zone.free
        finish(munmap(task, "lib"))
        assert kernel.zone.reclaimable - before[0] == cached, kind
        assert kernel.zone.free - before[1] == 4 - cached + 1  # and its page table
        assert unaccounted(kernel) == 0


def test_a_worker_more_costs_the_pool_its_pages():
    kernel = machine((), policy="linux-4.4")
    kernel.busy_workers, worker = 1, kernel.tasks[-1]
    free = kernel.zone.free
    finish(create_worker(worker))
    assert (kernel.busy_workers, worker.kernel_pages) == (0, WORKER_PAGES)
    assert free - kernel.zone.free == WORKER_PAGES and unaccounted(kernel) == 0


def test_a_fault_in_a_range_that_another_thread_unmaps_ends_the_task_or_takes_no_page():
    """Every schedule of a thread that touches and one that unmaps: no page is lost."""

    def build(policy):
        kernel = Kernel(policy, 128, min_kbytes=32)
        first = kernel.spawn("first", ((touch, "heap", 2),), vmas=heap(0))
        kernel.spawn("second", ((munmap, "heap"), (pause,)), thread_of=first)
        return kernel

    oomlab.SCENARIOS["unmapped"] = build
    found = oomlab.explore("unmapped", property=lambda kernel: unaccounted(kernel) != 0)
    assert found.verdict == "holds"
    gone = oomlab.explore("unmapped", property=lambda kernel: kernel.tasks[-2].sigkill)
    assert gone.verdict == "violated"  # SIGSEGV, where the range went first


@pytest.mark.parametrize("adj", [-1001, 1001])
def test_an_adj_off_the_scale_is_refused(adj):
    with pytest.raises(ValueError, match=f"oom_score_adj {adj} is not between -1000 and 1000"):
        write_oom_score_adj(machine(()).tasks[-1], adj)


def test_a_task_that_holds_more_than_there_is_cannot_be_made():
    with pytest.raises(ValueError, match="t0 needs .* pages more than the machine has"):
        machine((), pages=1000)


def test_every_knob_is_in_one_group():
    grouped = [name for names in GROUPS.values() for name in names]
    assert sorted(grouped) == sorted({*KNOBS} - {"kernel"})  # that one only words the log
    assert group_of("reaper") in GROUPS
    with pytest.raises(ValueError):
        group_of("no knob")


def test_a_panicked_machine_takes_no_step_and_a_range_is_no_schedule():
    kernel = machine(((pause,),))
    kernel.panicked = "Out of memory"
    with pytest.raises(ValueError, match="the machine has panicked, nothing happens any more"):
        run_schedule(kernel, [kernel.tasks[-1].pid])
    with pytest.raises(ValueError, match="a schedule is a list of entries, not range"):
        oomlab.run("lost-victim", schedule=range(100, 103))
