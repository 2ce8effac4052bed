"""The page cache and swap: what is reclaimed before a process dies, and how often it counts.

`K x.y function` names the release that was read. A test is called after its question.
"""

import pytest
from run_machine import RELEASES, run

from oomlab.model.gfp import GFP_NOFS, GFP_NOIO
from oomlab.model.kernel import Kernel
from oomlab.model.mm import ANON, FILE, VMA, Shmem, get_mm_rss
from oomlab.model.oom import oom_badness
from oomlab.model.vmscan import reclaimable_pages
from oomlab.policies.presets import PRESETS
from oomlab.scenarios.programs import pause, touch
from oomlab.scenarios.registry import heap
from oomlab.simulate.page_accounting import unaccounted
from oomlab.simulate.reported import show_mem


@pytest.mark.parametrize("policy", RELEASES)
def test_how_often_is_a_mapped_file_in_the_page_cache(policy):
    """K __add_to_page_cache_locked: once (NR_FILE_PAGES), however many map it."""
    kernel = Kernel(PRESETS[policy], 1024)
    before = show_mem(kernel)["pagecache"]
    library = Shmem("library", 100)
    for name in ("one", "two"):
        kernel.spawn(name, ((pause,),), vmas=[VMA("lib", FILE, 100, shmem=library)])
    assert show_mem(kernel)["pagecache"] - before == 100 and unaccounted(kernel) == 0


def libraries(policy: str, processes: int = 3) -> tuple[Kernel, Shmem]:
    """Some processes map one library of 100 pages."""
    kernel, libc = Kernel(PRESETS[policy], 1024), Shmem("libc", 100, linked=True)
    kernel.zone.free -= 100
    kernel.shmems.append(libc)
    for i in range(processes):
        vmas = [*heap(50), VMA("libc", FILE, 100, shmem=libc)]
        kernel.spawn(f"user{i}", ((pause,),), vmas=vmas)
    return kernel, libc


@pytest.mark.parametrize("policy", RELEASES)
def test_how_often_does_a_library_count_that_many_map(policy):
    """Once in memory; in the rss, and so in the badness, of each (get_mm_rss, K 2.6.38 to 6.18)."""
    kernel, _ = libraries(policy)
    assert unaccounted(kernel) == 0
    users = [task for task in kernel.tasks if task.name.startswith("user")]
    assert all(get_mm_rss(task.mm) == 150 for task in users)
    tables = sum(task.mm.nr_ptes + task.mm.nr_pmds for task in users)
    assert kernel.zone.free == 1024 - 100 - 3 * 50 - tables


@pytest.mark.parametrize("policy", RELEASES)
def test_does_somebody_die_while_a_library_could_be_read_again(policy):
    """shrink_page_list: mapped clean pages are unmapped and freed before the killer is called."""
    kernel, libc = libraries(policy)
    kernel.spawn("asker", ((touch, "heap", 740), (pause,)), vmas=heap(1), adj=-1000)
    outcome = run(kernel)
    assert outcome.victims == [] and libc.pages < 100
    assert all(vma.pages == libc.pages for mm in kernel.mms for vma in mm.vmas if vma.shmem is libc)
    assert unaccounted(kernel) == 0


@pytest.mark.parametrize("policy", RELEASES)
def test_does_anonymous_memory_go_to_swap_before_somebody_dies(policy):
    """shrink_page_list, add_to_swap: yes, while there is room; and it counts as before."""
    for pages, dies in ((300, False), (100, True)):
        kernel = Kernel(PRESETS[policy], 1024)
        kernel.swapon(pages)
        hog = kernel.spawn("hog", ((pause,),), vmas=heap(600))
        before = oom_badness(hog, 1000, kernel.policy)
        kernel.spawn("asker", ((touch, "heap", 600), (pause,)), vmas=heap(1), adj=-1000)
        outcome = run(kernel)
        assert outcome.victims == (["hog"] if dies else [])
        if not dies:
            assert hog.mm.swapents > 100
            assert oom_badness(hog, 1000, kernel.policy) == before
        assert kernel.swap_free + sum(mm.swapents for mm in kernel.mms) == pages
        assert unaccounted(kernel) == 0


def test_is_mlocked_memory_or_a_request_without_io_left_alone():
    """K may_enter_fs and page_evictable: no swap for GFP_NOIO, none of VM_LOCKED."""
    kernel = Kernel(PRESETS["linux-6.1"], 1024)
    kernel.swapon(500)
    kernel.spawn("a", ((pause,),), vmas=[VMA("locked", ANON, 300, locked=True)])
    kernel.spawn("b", ((pause,),), vmas=heap(40))
    assert reclaimable_pages(kernel, GFP_NOIO) == 0
    assert reclaimable_pages(kernel, GFP_NOFS) == 40


@pytest.mark.parametrize("policy", RELEASES)
def test_does_a_memcg_swap_before_it_kills(policy):
    """try_charge: try_to_free_mem_cgroup_pages() first, of this cgroup alone."""
    kernel = Kernel(PRESETS[policy], 2048)
    kernel.swapon(100)
    pod = kernel.new_memcg("pod", limit=200)
    kernel.spawn("inside", ((touch, "heap", 120), (pause,)), vmas=heap(150), memcg=pod)
    outside = kernel.spawn("outside", ((pause,),), vmas=heap(400))
    outcome = run(kernel)
    assert outcome.victims == [] and pod.usage <= 200
    assert outside.mm.swapents == 0 and kernel.swap_free < 100
    kernel.spawn("more", ((touch, "heap", 300),), vmas=heap(10), memcg=pod)
    assert run(kernel).victims
    assert unaccounted(kernel) == 0
