"""What a maintainer asks about memory that is not private: huge pages, tmpfs, forks, promises.

`K x.y function` names the release that was read. A test is called after its question.
"""

import pytest
from run_machine import RELEASES, names, run

import oomlab
from oomlab.model.faults import do_page_fault
from oomlab.model.fork import copy_on_write
from oomlab.model.gfp import GFP_KERNEL
from oomlab.model.kernel import Kernel
from oomlab.model.mm import ANON, FILE, HUGETLB, PFNMAP, SHMEM, VMA, Shmem, get_mm_rss
from oomlab.model.overcommit import vm_enough_memory
from oomlab.model.syscalls import mmap, munmap, write_tmpfs
from oomlab.model.tasks import do_send_sigkill
from oomlab.model.vmscan import reclaimable_pages, shrink_zone, zone_reclaimable_pages
from oomlab.policies.presets import PRESETS
from oomlab.scenarios.programs import alloc, pause, repeat, touch
from oomlab.scenarios.registry import heap
from oomlab.simulate.page_accounting import unaccounted
from oomlab.simulate.reported import dump_task, show_mem
from oomlab.simulate.scheduler import run_seeded

TO_5_1 = RELEASES[: RELEASES.index("linux-5.4")]
GUESSES = [name for name in RELEASES if PRESETS[name].overcommit[:4] == "free"]  # 3.10 to 5.1


@pytest.mark.parametrize("policy", RELEASES)
def test_what_does_killing_a_process_with_huge_pages_free(policy):
    """K free_huge_page, hugetlb_cgroup: they go back to their pool, and no memcg was charged."""
    kernel = Kernel(PRESETS[policy], 2048)
    pod = kernel.new_memcg("pod", 600)
    vmas = [VMA("huge", HUGETLB, 512), *heap(20)]
    task = kernel.spawn("database", ((pause,),), vmas=vmas, memcg=pod)
    assert pod.usage == 20
    run_seeded(kernel, 1)
    free = kernel.zone.free
    do_send_sigkill(task)
    run_seeded(kernel, 1)
    assert kernel.zone.free - free < 30 and pod.usage == 0 and unaccounted(kernel) == 0


@pytest.mark.parametrize("policy", RELEASES)
def test_does_tmpfs_go_to_swap_before_a_process_dies(policy):
    """K shmem_writepage: yes; it counts for no process then, and is the cgroup's swap."""
    kernel = Kernel(PRESETS[policy], 1024)
    kernel.swapon(400)
    pod = kernel.new_memcg("pod", 2000)
    file = Shmem("file", linked=True)
    kernel.shmems.append(file)
    writer = kernel.spawn("writer", ((write_tmpfs, file, 800), (pause,)), vmas=heap(5), memcg=pod)
    kernel.spawn("asker", ((alloc, 300), (pause,)), vmas=heap(1), adj=-1000)
    outcome = run(kernel)
    assert outcome.victims == [] and file.pages + file.swapped == 800
    assert file.swapped > 50 and writer.mm.swapents <= 5
    assert pod.swap == file.swapped + writer.mm.swapents
    assert show_mem(kernel)["free_swap"] == kernel.swap_free < 400
    assert unaccounted(kernel) == 0


@pytest.mark.parametrize("policy", RELEASES)
def test_is_shared_memory_in_swap_given_back_with_its_last_mapping(policy):
    """K shmem_evict_inode, shmem_free_swap: yes. An mlocked mapping keeps it in memory."""
    for locked in (False, True):
        kernel = Kernel(PRESETS[policy], 1024)
        kernel.swapon(400)
        vmas = [VMA("segment", SHMEM, 700, locked=locked, shmem=Shmem("segment"))]
        user = kernel.spawn("user", ((pause,),), vmas=vmas)
        kernel.spawn("asker", ((alloc, 400), (pause,)), vmas=heap(1), adj=-1000)
        outcome = run(kernel)
        if locked:
            assert outcome.victims == ["user"]
            continue
        assert outcome.victims == [] and kernel.swap_free < 350
        do_send_sigkill(user)
        run_seeded(kernel, 1)
        assert kernel.swap_free >= 399 and unaccounted(kernel) == 0


@pytest.mark.parametrize("policy", RELEASES)
def test_what_becomes_of_swap_that_a_fork_shares(policy):
    """K copy_one_pte, swap_free: MM_SWAPENTS of both counts it; it is free when both have gone."""
    kernel = Kernel(PRESETS[policy], 1024)
    kernel.swapon(400)
    kernel.overcommit_memory = 1  # to 5.1 mode 0 refuses this fork
    forks = (copy_on_write, "child", ((pause,),))
    parent = kernel.spawn("parent", (forks, (pause,)), vmas=heap(700))
    run_seeded(kernel, 1)
    kernel.spawn("asker", ((alloc, 400), (pause,)), adj=-1000)
    assert run(kernel).victims == []
    child = next(task for task in kernel.tasks if task.name == "child")
    used = 400 - kernel.swap_free
    assert child.mm.swapents == parent.mm.swapents == used > 50
    assert get_mm_rss(parent.mm) + used == 700
    for task, free in ((child, 400 - used), (parent, 400)):
        do_send_sigkill(task)
        run_seeded(kernel, 1)
        assert kernel.swap_free == free and unaccounted(kernel) == 0


@pytest.mark.parametrize("policy", RELEASES)
def test_how_much_does_overcommit_mode_0_promise(policy):
    """K 3.10, 4.4, 5.0 __vm_enough_memory: what is free or could be. K 5.2, 6.1: all there is."""
    kernel = Kernel(PRESETS[policy], 1024, reclaimable=50)
    kernel.spawn("hog", ((pause,),), vmas=heap(600))
    task = kernel.spawn("task", ((pause,),))
    zone, root = kernel.zone, policy not in TO_5_1
    if policy == "linux-2.6.38":  # 3 % of each part are root's
        most = 50 - 50 // 32 + (zone.free - zone.high) - (zone.free - zone.high) // 32
    else:
        most = zone.free + 50 - zone.high - 1024 // 32
    most = 1025 if root else most
    assert vm_enough_memory(task, most - 1) and not vm_enough_memory(task, most)
    task.uid = 0
    assert vm_enough_memory(task, most) == (policy in TO_5_1)


@pytest.mark.parametrize("policy", RELEASES)
def test_does_overcommit_mode_0_count_tmpfs_as_free(policy):
    """K 2.6.38: NR_FILE_PAGES has tmpfs in it. K 3.10 on: NR_SHMEM is taken off."""
    kernel = Kernel(PRESETS[policy], 1024)
    file = Shmem("file", 500, linked=True)
    kernel.shmems.append(file)
    kernel.zone.free -= 500
    task = kernel.spawn("task", ((pause,),))
    assert vm_enough_memory(task, 600) == (policy == "linux-2.6.38" or policy not in TO_5_1)


@pytest.mark.parametrize("policy", RELEASES)
def test_how_much_does_overcommit_mode_2_keep_back(policy):
    """K 2.6.38: a 32nd of the limit and of the process. K 3.10 on: reserves with an upper bound."""
    kernel = Kernel(PRESETS[policy], 300_000)
    kernel.overcommit_memory = 2
    task = kernel.spawn("task", ((pause,),), vmas=[VMA("heap", ANON, 10, size=64_000)])
    old = policy == "linux-2.6.38"
    allowed = 150_000 - (150_000 // 32 if old else 2048) - 2000 - 64_000
    assert vm_enough_memory(task, allowed - 1) and not vm_enough_memory(task, allowed)


@pytest.mark.parametrize("policy", RELEASES)
def test_does_the_scenario_overcommit_kill_in_mode_0(policy):
    """The asker wants 500 pages while some 600 are free, less the high mark and root's part."""
    run = oomlab.run("overcommit", policy, mode=0)
    assert run.outcome.victims == ([] if policy in TO_5_1 else ["asker"])
    assert names(run.kernel, "enomem") == (["asker"] if policy in TO_5_1 else [])


@pytest.mark.parametrize("policy", RELEASES)
@pytest.mark.parametrize("mode", [0, 1, 2])
@pytest.mark.parametrize("maps", [False, True])
def test_does_a_writer_to_tmpfs_run_out_of_memory(policy, mode, maps):
    """K 3.10, 4.19 shmem_acct_block: each page is asked for, in mode 0, too: ENOSPC before an OOM.

    Of a page fault on a mapping of the file it makes SIGBUS. K 2.6.38: in mode 0 tmpfs itself
    counts as free. K 5.2 on: one page is never more than the machine has.
    """
    kernel = Kernel(PRESETS[policy], 1024)
    kernel.overcommit_memory = mode
    file = Shmem("file", linked=True)
    kernel.shmems.append(file)
    vmas = [*heap(200), VMA("map", SHMEM, shmem=file)]
    fills = (touch, "map", 900) if maps else (write_tmpfs, file, 900)
    kernel.spawn("writer", (fills, (pause,)), vmas=vmas)
    run_seeded(kernel, 1, most_steps=20_000)
    refused = mode == 2 or mode == 0 and policy in GUESSES
    assert bool(names(kernel, "enomem")) == refused and bool(names(kernel, "kill")) != refused
    assert ("writer" in names(kernel, "exit")) == (maps or not refused)
    if refused and mode == 0 and not maps:  # what is kept for root above the high mark is left
        assert kernel.zone.free - kernel.zone.high - 1024 // 32 == 1


@pytest.mark.parametrize("policy", RELEASES)
@pytest.mark.parametrize("ranges", [1, 2])
def test_is_a_fork_refused_whose_ranges_are_too_much_together(policy, ranges):
    """K 2.6.38, 6.12 dup_mmap: each range is a promise by the time the next one is asked for."""
    kernel = Kernel(PRESETS[policy], 1024)
    kernel.overcommit_memory = 2
    vmas = [VMA(f"heap{i}", ANON, 10, size=150) for i in range(ranges)]
    kernel.spawn("database", ((copy_on_write, "snapshot", ((pause,),)), (pause,)), vmas=vmas)
    run_seeded(kernel, 1)
    assert any(task.name == "snapshot" for task in kernel.tasks) == (ranges == 1)
    assert bool(names(kernel, "enomem")) == (ranges == 2)


@pytest.mark.parametrize("policy", RELEASES)
def test_does_a_fork_share_what_lies_in_swap(policy):
    """K 2.6.38 copy_one_pte, 6.18 copy_nonpresent_pte: swap_duplicate(), the child counts it, too.

    The slots are free again when the last of the two has gone.
    """
    kernel = Kernel(PRESETS[policy], 1024)
    kernel.swapon(200)
    parent = kernel.spawn("parent", ((pause,),), vmas=heap(150))
    while kernel.swap_free > 150:
        shrink_zone(kernel, GFP_KERNEL)
    for _ in copy_on_write(parent, "child", ((pause,),)):
        pass
    child = kernel.tasks[-1]
    swapped = 200 - kernel.swap_free
    assert parent.mm.swapents == child.mm.swapents == swapped == 64
    rows = [dump_task(task, task.mm) for task in (parent, child)]
    assert [(row["rss"], row["total_vm"]) for row in rows] == [(86, 150)] * 2
    for task, free in ((child, 136), (parent, 200)):
        do_send_sigkill(task)
        run_seeded(kernel, 1, most_steps=200)
        assert kernel.swap_free == free and unaccounted(kernel) == 0


@pytest.mark.parametrize("policy", RELEASES)
def test_do_page_tables_go_with_the_range_that_they_map(policy):
    """K 2.6.38, 6.18 unmap_region: free_pgtables(), so that no mmap() and munmap() costs a page."""
    kernel = Kernel(PRESETS[policy], 1024)
    round = ((mmap, "buffer"), (touch, "buffer", 3), (munmap, "buffer"))
    task = kernel.spawn("task", ((repeat, 50, *round), (pause,)), vmas=heap(5))
    free = kernel.zone.free
    run(kernel)
    assert (task.mm.nr_ptes, kernel.zone.free) == (1, free) and not unaccounted(kernel)


@pytest.mark.parametrize("policy", RELEASES)
def test_does_a_range_need_new_page_tables_when_its_pages_were_reclaimed(policy):
    """K 2.6.38, 6.18 try_to_unmap_one: it clears entries, and leaves the table."""
    kernel = Kernel(PRESETS[policy], 1024)
    kernel.swapon(400)
    lib = VMA("lib", FILE, 30, shmem=Shmem("lib"))
    task = kernel.spawn("task", ((pause,),), vmas=[*heap(40), lib])
    while shrink_zone(kernel, GFP_KERNEL):
        pass
    assert (task.mm.nr_ptes, task.mm.vmas[0].swapped, lib.pages) == (2, 40, 0)
    for name in ("heap", "lib"):
        list(do_page_fault(task, task.mm, name))
    assert task.mm.nr_ptes == 2 and not unaccounted(kernel)
    assert [vma.pages for vma in task.mm.vmas] == [1, 1]


@pytest.mark.parametrize("policy", RELEASES)
@pytest.mark.parametrize("kind", [FILE, SHMEM, PFNMAP, HUGETLB])
@pytest.mark.parametrize("behind", [None, Shmem])
def test_what_has_a_child_of_a_range_that_is_not_private_memory(policy, kind, behind):
    """K 2.6.38, 6.18 copy_page_range: the range, of its kind, and none of the pages.

    A fault finds those that a shared object has; they live as long as one of the two maps them.
    """
    kernel = Kernel(PRESETS[policy], 1024)
    behind = behind and behind("object")
    vmas = [VMA("range", kind, 20, size=50, shmem=behind)]
    calls = (copy_on_write, "child", ((touch, "range", 20), (pause,)))
    parent = kernel.spawn("parent", (calls, (pause,)), vmas=vmas)
    used = kernel.zone.free
    run_seeded(kernel, 1)
    child = next(task for task in kernel.tasks if task.name == "child")
    [vma] = child.mm.vmas
    assert (vma.kind, vma.shmem, vma.pages, vma.size) == (kind, behind, 20, 50)
    assert not names(kernel, "segfault") and dump_task(child, child.mm)["total_vm"] == 50
    page_tables = parent.mm.nr_ptes + parent.mm.nr_pmds
    assert used - kernel.zone.free == page_tables + (0 if behind or kind == PFNMAP else 20)
    do_send_sigkill(parent)
    run_seeded(kernel, 1)
    assert behind is None or behind.pages == 20
    do_send_sigkill(child)
    run_seeded(kernel, 1)
    assert unaccounted(kernel) == 0 and (behind is None or behind.pages == 0)


@pytest.mark.parametrize("pages", [0, 10])
def test_is_there_something_to_reclaim_where_the_cache_is_mapped(pages):
    """Beside as many pages of the cache that no process maps; reclaim frees both kinds."""
    kernel = Kernel(PRESETS["linux-6.12"], 1024, reclaimable=10)
    vmas = [VMA("library", FILE, pages, shmem=Shmem("library", pages))] if pages else []
    kernel.spawn("reader", ((pause,),), vmas=vmas)
    assert reclaimable_pages(kernel, GFP_KERNEL) == 10 + pages == zone_reclaimable_pages(kernel)
