"""What a maintainer asks of reclaim, and of machines that are made by hand.

`K x.y function` names the release that was read. A test is called after its question.
"""

from pathlib import Path

import pytest
from run_machine import RELEASES, each, names, run

from oomlab.model.fork import copy_on_write
from oomlab.model.gfp import GFP_KERNEL, GFP_NOFS, GFP_NOIO, GFP_NOWAIT
from oomlab.model.kernel import Kernel
from oomlab.model.memory import alloc_pages
from oomlab.model.mm import FILE, SHMEM, VMA, Shmem
from oomlab.model.syscalls import mmap, write_tmpfs
from oomlab.model.vmscan import reclaimable_pages, try_to_free_pages
from oomlab.policies.presets import PRESETS
from oomlab.scenarios.dependencies import silent_hang
from oomlab.scenarios.machines import tmpfs_writer
from oomlab.scenarios.programs import pause, sleep, touch
from oomlab.scenarios.registry import heap
from oomlab.simulate.page_accounting import unaccounted
from oomlab.simulate.scheduler import run_seeded


@each(RELEASES)
def test_which_requests_write_tmpfs_to_swap(policy):
    """K 2.6.38 to 6.18 shrink_page_list, may_enter_fs: with __GFP_FS; anonymous memory without."""
    kernel, file = Kernel(PRESETS[policy], 1024), Shmem("log", linked=True)
    kernel.swapon(500)
    kernel.shmems.append(file)
    shared = [VMA("log", SHMEM, 200, shmem=file), VMA("shm", SHMEM, 100, shmem=Shmem("shm"))]
    kernel.spawn("writer", ((pause,),), vmas=[*heap(30), *shared])
    for gfp, pages in ((GFP_KERNEL, 330), (GFP_NOFS, 30), (GFP_NOIO, 0)):
        assert reclaimable_pages(kernel, gfp) == pages, hex(gfp)


@each(RELEASES)
def test_does_kswapd_take_mapped_files_where_there_is_nothing_else(policy):
    """K 2.6.38 to 6.18 kswapd: each node has one, and mapped files are on the LRU lists."""

    def driver(current):
        for _ in range(60):
            page = yield from alloc_pages(current, GFP_NOWAIT)
            current.kernel_pages += page
            yield from sleep(current, 2)

    kernel, library = Kernel(PRESETS[policy], 1024), Shmem("library")
    kernel.spawn("user", ((pause,),), vmas=[VMA("library", FILE, 940, shmem=library)])
    kernel.spawn("driver", ((driver,), (pause,)))
    run_seeded(kernel, 1, most_steps=4000)
    assert kernel.tasks[-1].kernel_pages == 60 and 0 < library.pages < 940


@each(RELEASES)
def test_whose_are_the_pages_of_an_object_that_is_made_with_some(policy):
    """Once the machine's: of the first that maps it, or of the list of files that are there."""
    kernel, library = Kernel(PRESETS[policy], 1024), Shmem("library", 100)
    for name in ("one", "two"):
        kernel.spawn(name, ((pause,),), vmas=[VMA("library", FILE, 60, shmem=library)])
    assert library.pages == 100 and unaccounted(kernel) == 0


@pytest.mark.parametrize("policy", RELEASES)
def test_which_marks_has_a_machine_with_min_free_kbytes_0(policy):
    """K 4.4 sysctl.c (extra1 = &zero), __setup_per_zone_wmarks: 0, and the steps of the scale."""
    zone = Kernel(PRESETS[policy], 4096, min_kbytes=0).zone
    step = 4 if PRESETS[policy].watermarks == "scaled" else 0
    assert (zone.min, zone.low, zone.high) == (0, step, 2 * step)
    hog = Kernel(PRESETS[policy], 256, min_kbytes=0)
    hog.spawn("hog", ((pause,),), vmas=heap(200))
    assert run(hog).verdict == "recovered" and not names(hog, "kill")


def test_is_it_said_what_is_left_out_of_tmpfs_of_children_and_of_page_tables():
    """K 2.6.38 to 6.12 shmem_default_max_blocks: half. K 4.19, 5.4 propagate_protected_usage."""
    left_out = (Path(__file__).parents[1] / "docs" / "architecture.md").read_text("utf-8")
    assert "half of memory" in left_out and "in 4.19 to 5.4 a child that uses more" in left_out
    assert "at half" in tmpfs_writer.__doc__ and "50%" in write_tmpfs.__doc__
    assert "as from 5.10 on" in Kernel.new_memcg.__doc__
    assert "up to 32 pages at a time, and so may take some from below" in left_out
    assert "a freed page waits in the list of its CPU" in left_out
    assert "after two or three calls in vain" in silent_hang.__doc__
    assert "two or three calls in vain are enough" in try_to_free_pages.__doc__
    assert "second level of a process that starts without" in left_out
    assert "in Linux they fill the last one first" in copy_on_write.__doc__


@each(
    [p for p in RELEASES if PRESETS[p].memcg_oom == "charge" and PRESETS[p].memcg_limit != "kept"]
)
def test_whose_limit_is_exceeded_when_the_parent_is_full(policy):
    """K 4.19 to 5.10 try_charge: page_counter_charge() goes up to the root; the child has room."""
    kernel = Kernel(PRESETS[policy], 1024)
    pod = kernel.new_memcg("pod", 60)
    child = kernel.new_memcg("pod/child", 200, pod)
    kernel.spawn("t", ((mmap, "heap"), (touch, "heap", 80)), memcg=child, adj=-1000)
    why = run(kernel, most_steps=3000).why
    assert "pod was let 20 pages over its limit" in why and "pod/child" not in why


@each(RELEASES)
def test_who_pays_for_a_file_that_lies_in_swap(policy):
    """As the docstring of Shmem says: who touched it first, here a task of no cgroup."""
    kernel, file = Kernel(PRESETS[policy], 1024), Shmem("log", 0, True, swapped=3)
    pod = kernel.new_memcg("pod", 60)
    kernel.shmems.append(file)
    kernel.spawn("writer", ((write_tmpfs, file, 5),), memcg=pod)
    run(kernel)
    assert file.pages == 5 and (file.memcg, pod.usage) == (None, 0)


@each(RELEASES)
def test_how_large_is_a_process_part_of_which_is_in_swap(policy):
    """K dump_tasks: total_vm is what is mapped, wherever its pages are."""
    kernel = Kernel(PRESETS[policy], 1024)
    kernel.swapon(60)
    kernel.spawn("hog", ((mmap, "heap"), (touch, "heap", 1300)))
    run(kernel)
    row = next(e["row"] for e in kernel.events if e["event"] == "kill")
    assert row["total_vm"] == row["rss"] + row["swapents"] and row["swapents"] == 60
