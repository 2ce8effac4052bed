"""What a maintainer asks of the page allocator's slow path, in each release.

`K x.y function` names the release that was read. A test is called after its question.
"""

import re
from pathlib import Path

import pytest
from run_machine import RELEASES, each, names, run

from oomlab.gfp_contract import page
from oomlab.model.faults import pagefault_out_of_memory
from oomlab.model.gfp import (
    __GFP_DIRECT_RECLAIM,
    __GFP_HIGH,
    __GFP_KSWAPD_RECLAIM,
    __GFP_MEMALLOC,
    __GFP_NOFAIL,
    __GFP_NOMEMALLOC,
    __GFP_NORETRY,
    __GFP_REPEAT,
    GFP_ATOMIC,
    GFP_KERNEL,
    GFP_NOFS,
    GFP_NOIO,
    GFP_NOWAIT,
)
from oomlab.model.kernel import Kernel
from oomlab.model.memory import (
    __alloc_pages_slowpath,
    alloc_pages,
    gfp_to_alloc_flags,
    may_reclaim,
    should_reclaim_retry,
    wmark,
)
from oomlab.model.mm import FILE, VMA, Shmem
from oomlab.model.tasks import PF_DUMPCORE, do_send_sigkill
from oomlab.policies.presets import PRESETS
from oomlab.recordings.recorded import read_record
from oomlab.scenarios.programs import alloc, hang, pause
from oomlab.scenarios.registry import heap
from oomlab.simulate.scheduler import run_seeded

RECORDINGS = Path(__file__).parents[1] / "notebooks" / "recordings"
OLDEST = ("linux-2.6.38", "linux-3.10")
NOFAIL_DUMP = GFP_KERNEL | __GFP_NOFAIL
HOPEFUL = [name for name in RELEASES if PRESETS[name].retry == "while-progress"]
COUNTING = [name for name in RELEASES if name not in HOPEFUL]


def machine(policy: str) -> tuple:
    """4096 pages, min is 100, and a task that cannot be killed; the hog can, but does not die."""
    kernel = Kernel(PRESETS[policy], 4096, min_kbytes=400)
    kernel.spawn("hog", ((hang,),), vmas=heap(1000))
    task = kernel.spawn("task", ((hang,),), vmas=heap(8), adj=-1000)
    return kernel, task


def left(kernel: Kernel, free: int, stuck: int = 0) -> None:
    """So many pages free, so many on the LRU lists that reclaim cannot free; the rest reserved."""
    zone = kernel.zone
    zone.reserved += zone.free - free - stuck
    zone.free, zone.stuck_lru = free, stuck


def asks(task, gfp: int = GFP_KERNEL, order: int = 0) -> list[str]:
    """The verbs of one request, until it ends or a task is killed for it; 2000 if it loops."""
    verbs = []
    for verb, _ in alloc_pages(task, gfp, order):
        verbs.append(verb)
        if names(task.kernel, "kill") or len(verbs) > 2000:
            break
    return verbs


def mark_as_victim(task) -> None:
    do_send_sigkill(task)
    task.memdie, task.kernel.oom_victims = True, 1
    if task.kernel.policy.victim_mark == "process":
        task.signal.oom_mm = task.mm


# how often reclaim is tried in vain


@pytest.mark.parametrize("policy", COUNTING)
def test_how_often_is_reclaim_tried_in_vain_before_a_kill(policy):
    """K 4.14 to 6.12 should_reclaim_retry: 16 times more, while the LRU lists would be enough.

    K 4.9, 4.10: each round counts a sixteenth less of them, so that 320 pages are enough for 11
    rounds: 320 - 220 + 1 > 100, and with 12 it is not.
    """
    kernel, task = machine(policy)
    left(kernel, free=1, stuck=320)
    assert asks(task).count("reclaim from") == (12 if policy == "linux-4.10" else 17)
    kernel, task = machine(policy)
    left(kernel, free=1, stuck=99)  # not enough, were all of it freed
    assert asks(task).count("reclaim from") == 1


@pytest.mark.parametrize("policy", HOPEFUL)
def test_how_long_does_4_4_hope(policy):
    """K 4.4 zone_reclaimable: until six times the pages of the LRU lists were scanned in vain."""
    kernel, task = machine(policy)
    left(kernel, free=1, stuck=320)
    assert asks(task).count("reclaim from") == 6 * 320 / 32


@pytest.mark.parametrize("policy", COUNTING)
def test_does_a_request_without_io_count_on_swap(policy):
    """K 4.10, 6.12 zone_reclaimable_pages: anonymous pages count while there is swap.

    Whoever asks: this one can write none of them, and tries in vain. In 4.10 a sixteenth of 1008
    pages is not enough any more.
    """
    kernel, task = machine(policy)
    kernel.swapon(50)
    left(kernel, free=1)
    verbs = asks(task, GFP_NOIO)
    tries = verbs.index("trylock")  # nothing else is done meanwhile
    assert tries == (15 if policy == "linux-4.10" else 17) and set(verbs[:tries]) == {"allocate"}
    assert kernel.swap_free == 50


@pytest.mark.parametrize("policy", RELEASES)
def test_is_a_mapped_file_lru_that_can_be_freed(policy):
    """K 2.6.38 to 6.12 shrink_page_list: its pages are unmapped, which is progress: no kill."""
    kernel = Kernel(PRESETS[policy], 4096, min_kbytes=400)
    libc = Shmem("libc", linked=True)
    kernel.spawn("user", ((hang,),), vmas=[VMA("text", FILE, 300, shmem=libc)])
    task = kernel.spawn("task", ((hang,),), vmas=heap(8), adj=-1000)
    left(kernel, free=90)
    verbs = asks(task)
    assert verbs.count("reclaim from") == 1 and libc.pages == 300 - 32 and not names(kernel, "kill")


@pytest.mark.parametrize("policy", [p for p in RELEASES if PRESETS[p].reserves == "oom-half"])
def test_by_which_mark_does_a_victim_retry(policy):
    """K 4.14 should_reclaim_retry: by its own, half of min; an ordinary task with as much kills."""
    for victim, tries in ((True, 17), (False, 1)):
        kernel, task = machine(policy)
        if victim:
            mark_as_victim(task)
        left(kernel, free=1, stuck=70)
        assert asks(task).count("reclaim from") == tries


# the last look before a kill


@pytest.mark.parametrize("policy", RELEASES)
@pytest.mark.parametrize("above", [0, 1])
def test_which_mark_calls_a_kill_off_at_the_last_moment(policy, above):
    """K 2.6.38 to 6.18 __alloc_pages_may_oom: ALLOC_WMARK_HIGH: a free page is not enough."""
    kernel, task = machine(policy)
    left(kernel, free=1)
    for verb, _ in alloc_pages(task, GFP_KERNEL):
        if verb == "trylock":
            kernel.zone.free = kernel.zone.high + above  # a victim's pages come back just now
        if names(kernel, "kill"):
            break
    assert bool(names(kernel, "kill")) == (not above)


@pytest.mark.parametrize("policy", RELEASES)
def test_what_does_one_do_who_finds_the_killer_at_work(policy):
    """K 2.6.38 to 6.18 __alloc_pages_may_oom: it sleeps one tick, and goes round without a kill."""
    kernel, task = machine(policy)
    left(kernel, free=1)
    kernel.oom_lock.owner = kernel.init
    verbs = []
    for verb, _ in alloc_pages(task, GFP_KERNEL):
        verbs.append(verb)
        if verb == "wait for":
            assert kernel.timers[0].expires == kernel.jiffies + 1
            break
    assert verbs[-2:] == ["trylock", "wait for"] and not names(kernel, "oom_report")


@pytest.mark.parametrize("policy", RELEASES)
def test_does_a_core_dump_cause_a_kill(policy):
    """K 3.10 to 6.18, PF_DUMPCORE: no, the request fails. K 2.6.38 does not ask, and kills.

    And with GFP_NOFS: 2.6.38 and 3.10 do not come to the question, and try again for ever. In 4.4
    and 4.6 it comes first, and the request fails.
    """
    kernel, task = machine(policy)
    task.flags |= PF_DUMPCORE
    left(kernel, free=1)
    assert len(asks(task)) < 2000
    assert names(kernel, "kill") == (["hog"] if policy == "linux-2.6.38" else [])
    kernel, task = machine(policy)
    task.flags |= PF_DUMPCORE
    left(kernel, free=1)
    assert (len(asks(task, GFP_NOFS)) > 2000) == (policy in OLDEST)


# who reaches how deep


@pytest.mark.parametrize("policy", RELEASES)
def test_how_deep_does_a_real_time_task_reach(policy):
    """K 2.6.38 to 6.1 rt_task(): ALLOC_HARDER, a quarter. K 6.3, 6.12: __GFP_HIGH's half."""
    kernel, task = machine(policy)
    task.fifo = True
    deep = PRESETS[policy].alloc_harder == "non-block"
    assert wmark(kernel.zone, gfp_to_alloc_flags(task, GFP_KERNEL)) == (50 if deep else 75)


@pytest.mark.parametrize("policy", RELEASES)
@pytest.mark.parametrize("fifo", [False, True])
def test_does_an_atomic_request_that_may_wait_reach_deeper(policy, fifo):
    """K 4.4 to 6.1 __alloc_pages_slowpath: it warns, and takes __GFP_ATOMIC off: half, no quarter.

    K 2.6.38, 3.10, 6.12: there is no such flag. A real-time task has its quarter all the same, to
    6.1; then the half is one and the same.
    """
    kernel, task = machine(policy)
    task.fifo = fifo
    quarter = fifo and PRESETS[policy].alloc_harder != "non-block"
    flags = gfp_to_alloc_flags(task, GFP_ATOMIC | __GFP_DIRECT_RECLAIM)
    assert wmark(kernel.zone, flags) == (38 if quarter else 50)


@pytest.mark.parametrize("policy", RELEASES)
def test_may_each_thread_of_a_victim_use_the_reserves(policy):
    """K 2.6.38 to 4.10: TIF_MEMDIE is one thread's. K 4.14 on (cd04ae1e2dc8): all, half of it."""
    kernel, task = machine(policy)
    thread = kernel.spawn("thread", ((pause,),), thread_of=task)
    mark_as_victim(task)
    marks = [wmark(kernel.zone, gfp_to_alloc_flags(t, GFP_KERNEL)) for t in (task, thread)]
    assert marks == ([50, 50] if PRESETS[policy].reserves == "oom-half" else [-1, 100])


@pytest.mark.parametrize("policy", RELEASES)
def test_does_another_thread_of_a_victim_get_out(policy):
    """K 2.6.38 to 4.10 out_of_memory: it has its SIGKILL, and is marked when it asks. Later: so."""
    kernel, task = machine(policy)
    thread = kernel.spawn("thread", ((pause,),), thread_of=task)
    mark_as_victim(task)
    left(kernel, free=20)
    asks(thread)
    assert thread.memdie == (PRESETS[policy].reserves != "oom-half" or kernel.zone.free == 20)
    assert not names(kernel, "kill")


@pytest.mark.parametrize("policy", RELEASES)
def test_does_a_dying_task_that_must_not_touch_filesystems_get_out(policy):
    """K 2.6.38 to 4.6: it loops. K 4.7 on (3da88fb3bacf): out_of_memory() marks it."""
    kernel, task = machine(policy)
    do_send_sigkill(task)
    left(kernel, free=90)
    asks(task, GFP_NOFS)
    assert task.memdie == (PRESETS[policy].nofs == "mark-dying") and not names(kernel, "kill")


@pytest.mark.parametrize("policy", RELEASES)
def test_may_a_victim_that_does_not_wait_reclaim(policy):
    """K 2.6.38 to 4.10: TIF_MEMDIE fails when the reserves are empty. K 4.14 on: it reclaims."""
    kernel, task = machine(policy)
    mark_as_victim(task)
    assert may_reclaim(task, GFP_KERNEL, 0) == (PRESETS[policy].reserves == "oom-half")
    assert not may_reclaim(task, GFP_ATOMIC, 0)


# what is too large


@pytest.mark.parametrize("policy", RELEASES)
@pytest.mark.parametrize("order", [3, 4])
def test_from_which_order_on_does_a_request_fail_instead_of_killing(policy, order):
    """K 2.6.38 to 6.18: PAGE_ALLOC_COSTLY_ORDER is 3, and that is still too small to fail."""
    kernel, task = machine(policy)
    left(kernel, free=20)
    asks(task, order=order)
    assert bool(names(kernel, "kill")) == (order == 3)


def test_what_did_recorded_kernels_answer_when_a_retry_was_weighed():
    """The tracepoint reclaim_retry_zone of 5.10, 6.1 and 6.12, just before each kill.

    `reclaimable` there are the pages of the LRU lists, tried up to 16 times without progress.
    """
    asked, most = 0, 0
    for path in sorted(RECORDINGS.glob("*.json.gz")):
        trace = read_record(path).get("trace") or {}
        for *_, event, words in trace.get("events", ()):
            if event != "reclaim_retry_zone":
                continue
            seen = {name: int(n) for name, n in re.findall(r"(\w+)=(\d+)", words)}
            kernel, task = machine("linux-6.12")
            zone, loops = kernel.zone, seen["no_progress_loops"]
            zone.min, zone.stuck_lru = seen["min_wmark"], seen["reclaimable"]
            zone.free = seen["available"] - seen["reclaimable"]
            again = should_reclaim_retry(task, seen["order"], 0, loops)
            assert again == bool(seen["wmark_check"]), (path.name, words)
            asked, most = asked + 1, max(most, loops)
    assert asked > 1000 and most == 16


# what a retry is


@pytest.mark.parametrize("policy", RELEASES)
def test_does_a_request_without_filesystems_see_what_became_free(policy):
    """K 2.6.38 __alloc_pages_slowpath: no. `rebalance` stands behind the look at the free list.

    It reclaims in vain again and again, though a process has exited, until there is something to
    reclaim. K 3.10: the label stands before the look. A request that may kill goes to `restart`.
    """
    for gfp in (GFP_NOFS, GFP_KERNEL):
        kernel, task = machine(policy)
        left(kernel, free=1)
        rounds, ended = 0, False
        for verb, _ in alloc_pages(task, gfp):
            rounds += verb == "allocate"
            if rounds == 5:
                kernel.zone.free = 1000
            if rounds > 100:
                break
        else:
            ended = True
        assert ended == (gfp == GFP_KERNEL or policy != "linux-2.6.38")


@pytest.mark.parametrize("policy", OLDEST)
def test_does_a_request_without_filesystems_take_the_killers_lock(policy):
    """K 2.6.38, 3.10 __alloc_pages_slowpath: no, it does not come to __alloc_pages_may_oom()."""
    kernel, task = machine(policy)
    left(kernel, free=1)
    assert set(asks(task, GFP_NOFS)) == {"allocate"}


@pytest.mark.parametrize("policy", RELEASES)
def test_how_long_does_a_large_request_without_filesystems_insist(policy):
    """K 2.6.38, 3.10 should_alloc_retry, K 4.4, 4.6: for ever, nothing having been freed.

    K 4.10 on: it fails after 16 rounds, and one without __GFP_REPEAT in each release at once.
    """
    kernel, task = machine(policy)
    left(kernel, free=10)
    assert (len(asks(task, GFP_NOFS | __GFP_REPEAT, 4)) > 2000) == (policy in HOPEFUL)
    assert len(asks(task, GFP_NOFS, 4)) < 2000 and not names(kernel, "kill")


@pytest.mark.parametrize("policy", RELEASES)
def test_what_is_said_of_large_requests_and_of_2_6_38(policy):
    """K 5.10, 6.18 (COMPACT_SKIPPED), K 6.12 gfp_compaction_allowed, K 2.6.38 __zone_watermark_ok.

    The model has no compaction, and one rule for the marks; the page of the contract says so.
    """
    kernel, task = machine(policy)
    left(kernel, free=10, stuck=320)
    assert asks(task, GFP_KERNEL | __GFP_NORETRY, 4).count("reclaim from") == 1
    if policy not in HOPEFUL:
        assert asks(task, GFP_NOIO | __GFP_REPEAT, 4).count("reclaim from") > 10
    left(kernel, free=101)
    assert asks(task) == ["allocate"] and kernel.zone.free == 100
    said = page().replace("\n", " ")
    for words in ("before any reclaim", "without `__GFP_IO` after one round", "two pages more"):
        assert words in said


# what must not fail


@pytest.mark.parametrize("policy", RELEASES)
def test_does_a_victim_reclaim_that_must_not_fail(policy):
    """K 2.6.38, 4.4 __alloc_pages_high_priority: it looks for a page for ever. K 4.6 on: it does.

    K 4.14 on: and takes the last page in the end, but its half of the reserve comes first.
    """
    kernel, task = machine(policy)
    mark_as_victim(task)
    left(kernel, free=0, stuck=320)
    verbs = asks(task, GFP_KERNEL | __GFP_NOFAIL)
    spins = PRESETS[policy].nofail in ("loops", "kills")
    assert ("reclaim from" not in verbs) == spins and len(verbs) > 2000
    assert not names(kernel, "kill")


@pytest.mark.parametrize("policy", RELEASES[1:])
def test_does_a_request_that_must_not_fail_and_may_take_all_reclaim(policy):
    """K 3.10, 4.4 __alloc_pages_high_priority: with __GFP_MEMALLOC it only looks. K 4.6 on: yes.

    A victim that wants no reserve (__GFP_NOMEMALLOC) reclaims and kills in these two as well.
    """
    old = PRESETS[policy].nofail in ("loops", "kills")
    for flag, reclaims in {__GFP_MEMALLOC: not old, __GFP_NOMEMALLOC: True}.items():
        kernel, task = machine(policy)
        if flag == __GFP_NOMEMALLOC:
            mark_as_victim(task)
        left(kernel, free=0, stuck=320)
        verbs = asks(task, GFP_KERNEL | __GFP_NOFAIL | flag)
        assert ("reclaim from" in verbs) == reclaims, flag


@pytest.mark.parametrize("policy", RELEASES)
def test_is_kernel_memory_charged_to_a_cgroup(policy):
    """K 4.5 on, where __GFP_ACCOUNT asks for it. Here it is not, as docs/gfp-contract.md says."""
    kernel = Kernel(PRESETS[policy], 512)
    pod = kernel.new_memcg("pod", limit=20)
    kernel.spawn("inside", ((alloc, 50),), vmas=heap(10), memcg=pod)
    run_seeded(kernel, 1)
    assert pod.usage <= 20 and not names(kernel, "kill")
    assert "(the program `alloc`, page tables, stacks, slab) is charged to no" in page()


@pytest.mark.parametrize("policy", RELEASES)
def test_does_a_request_fail_that_must_not_while_the_killer_is_off(policy):
    """K 2.6.38, 3.10 __alloc_pages_slowpath: it does, `goto nopage`. K 4.4 on: no, and it warns.

    K 4.6 on: it takes a page from below the mark.
    """
    kernel, task = machine(policy)
    kernel.oom_killer_disabled = True
    left(kernel, free=3)
    verbs = asks(task, GFP_KERNEL | __GFP_NOFAIL)
    loops = policy == "linux-4.4"
    assert (len(verbs) > 2000) == loops
    assert kernel.zone.free == (3 if loops or policy in OLDEST else 2)


# kswapd


@pytest.mark.parametrize("policy", RELEASES)
@pytest.mark.parametrize("gfp", [GFP_NOWAIT, __GFP_DIRECT_RECLAIM])
def test_does_each_request_wake_kswapd(policy, gfp):
    """K 4.4, 6.18: with __GFP_KSWAPD_RECLAIM. (K 2.6.38, 3.10: without __GFP_NO_KSWAPD.)"""
    kernel = Kernel(PRESETS[policy], 4096, reclaimable=500, min_kbytes=400)
    task = kernel.spawn("task", ((hang,),), vmas=heap(8), adj=-1000)
    left(kernel, free=110)
    next(alloc_pages(task, gfp))
    assert (not kernel.kswapd_wait.sleepers) == bool(gfp & __GFP_KSWAPD_RECLAIM)


@pytest.mark.parametrize("policy", RELEASES)
@pytest.mark.parametrize("swap_max, stays", [(0, True), (1 << 50, False)])
def test_does_kswapd_write_to_swap(policy, swap_max, stays):
    """K 2.6.38 to 6.18 balance_pgdat: below low, up to above high; and not what no cgroup lets it.

    K 2.6.38, 3.10, 4.4: memory.memsw does not hold it back; new_memcg() says that it does here.
    A machine with swap and without a page cache has a kswapd as well. Where it frees nothing it
    sleeps until it is woken again.
    """
    kernel = Kernel(PRESETS[policy], 4096, min_kbytes=400)
    kernel.swapon(1000)
    pod = kernel.new_memcg("pod", 3000, swap_max=swap_max)
    kernel.spawn("hog", ((pause,),), vmas=heap(1000), memcg=pod)
    left(kernel, free=110)
    kernel.spawn("clock", ((alloc, 1, GFP_NOWAIT), (pause,)), adj=-1000)
    run_seeded(kernel, 1, most_steps=500)
    assert (kernel.zone.free < kernel.zone.high) == stays
    assert len(kernel.kswapd_wait.sleepers) == 1 and not names(kernel, "kill")
    assert "It binds kswapd, in Linux only a charge" in " ".join(Kernel.new_memcg.__doc__.split())


@pytest.mark.parametrize("policy", RELEASES)
@pytest.mark.parametrize("above", [0, 1])
def test_how_far_does_kswapd_go(policy, above):
    """K 2.6.38, 6.18 balance_pgdat: until more is free than high; high itself is not enough."""
    kernel = Kernel(PRESETS[policy], 4096, reclaimable=500, min_kbytes=400)
    left(kernel, free=kernel.zone.high + above)
    kernel.kswapd_wait.wake_up()
    run_seeded(kernel, 1, most_steps=100)
    assert kernel.zone.free == kernel.zone.high + (above or 32)


@pytest.mark.parametrize("policy", HOPEFUL)
def test_how_long_does_4_6_hope_for_what_no_cgroup_lets_it_write(policy):
    """K 4.4, 4.6 zone_reclaimable: anonymous pages lie on the LRU lists while there is swap.

    Whether a cgroup lets them go there is not asked: 1008 pages are scanned six times.
    """
    kernel = Kernel(PRESETS[policy], 4096, min_kbytes=400)
    pod = kernel.new_memcg("pod", 3000, swap_max=0)
    kernel.spawn("hog", ((hang,),), vmas=heap(1000), memcg=pod)
    task = kernel.spawn("task", ((hang,),), vmas=heap(8), adj=-1000, memcg=pod)
    kernel.swapon(50)
    left(kernel, free=1)
    assert asks(task).count("reclaim from") == 6 * 1008 / 32 and names(kernel, "kill") == ["hog"]


@pytest.mark.parametrize("policy", RELEASES)
def test_does_a_request_that_may_not_kill_wait_for_another_killer(policy):
    """K 2.6.38, 3.10 __alloc_pages_slowpath: no, `goto nopage` whoever has the lock.

    That is a core dump (3.10), a large request, any request while the killer is off. K 4.4 on:
    __alloc_pages_may_oom() asks after the trylock, so that each of them naps and goes round.
    """
    cases = (("dump", GFP_KERNEL, 0), ("large", GFP_KERNEL | __GFP_REPEAT, 4))
    for what, gfp, order in (*cases, ("suspend", GFP_KERNEL, 0), ("nofail", NOFAIL_DUMP, 0)):
        kernel, task = machine(policy)
        left(kernel, free=1)
        kernel.oom_lock.owner = kernel.init
        task.flags |= PF_DUMPCORE * (what in ("dump", "nofail"))
        kernel.oom_killer_disabled = what == "suspend"
        fails = len(asks(task, gfp, order)) < 100
        asked = what != "nofail" and not (what == "dump" and policy == "linux-2.6.38")
        assert fails == (asked and policy in OLDEST), what


@pytest.mark.parametrize("policy", RELEASES)
def test_does_a_real_time_victim_go_round_that_wants_the_reserve(policy):
    """K 4.14 to 6.18 __alloc_pages_slowpath: ALLOC_OOM, and its half is used up: it fails.

    To 4.10 it takes the last page. (Its first look, from 4.14 to 6.1, is by its own rights, a
    quarter deeper than half; here each look of who can wait is by ALLOC_OOM.)
    """
    kernel, task = machine(policy)
    mark_as_victim(task)
    task.fifo = True
    left(kernel, free=50)
    assert len(asks(task, GFP_KERNEL | __GFP_HIGH)) < 10 and not names(kernel, "kill")
    assert kernel.zone.free == (50 if PRESETS[policy].reserves == "oom-half" else 49)


@pytest.mark.parametrize("policy", RELEASES)
def test_does_reclaim_hope_for_a_file_in_constant_use(policy):
    """K 4.14 zone_reclaimable_pages: its pages are on the LRU lists. VMA says: not here."""
    kernel, task = machine(policy)
    kernel.spawn("lib", ((hang,),), vmas=[VMA("text", FILE, 500)], adj=-1000)
    left(kernel, free=1)
    assert "reclaim from" not in asks(task) and names(kernel, "kill") == ["hog"]
    assert "up to 16 more rounds before a kill" in " ".join(VMA.__doc__.split())


@pytest.mark.parametrize("policy", HOPEFUL)
def test_does_reclaim_hope_in_a_suspend(policy):
    """K 3.10 do_try_to_free_pages: 0 if oom_killer_disabled. The preset says: here it does.

    K 2.6.38, 4.4, 4.6: not asked. The request fails all the same, when there is no hope left.
    """
    kernel, task = machine(policy)
    left(kernel, free=1, stuck=500)
    kernel.oom_killer_disabled = True
    assert asks(task).count("reclaim from") > 80 and not names(kernel, "kill")
    said = "hopes for nothing in a suspend" in PRESETS[policy].about
    assert said == (policy == "linux-3.10")


@pytest.mark.parametrize("policy", RELEASES)
def test_does_a_task_nap_after_a_fault_that_got_no_page(policy):
    """K 2.6.38 pagefault_out_of_memory: one tick, unless it is marked. The preset says: not here.

    K 3.10 on: no. And K 2.6.38 __zone_watermark_ok keeps two pages more, which it says, too.
    """
    kernel, task = machine(policy)
    kernel.oom_lock.owner = kernel.init
    assert "wait for" not in [verb for verb, _ in pagefault_out_of_memory(task)]
    about = PRESETS[policy].about
    assert ("a nap of one tick" in about and "two pages more" in about) == (policy == RELEASES[0])


def test_the_look_after_reclaim_is_by_the_rights_from_before_it():
    """alloc_flags is handed to __alloc_pages_direct_reclaim(): a mark that comes while the task
    reclaims counts from the next round on. In 2.6.38 `goto rebalance` asks for no rights again, and
    a marked task fails there."""
    for policy, gets in (("linux-2.6.38", False), ("linux-4.4", True), ("linux-6.12", True)):
        kernel = Kernel(PRESETS[policy], 1024, reclaimable=300)
        task = kernel.spawn("asks", ((pause,),))
        kernel.zone.free = kernel.zone.min - 40  # 32 more suffice for a victim alone
        steps = __alloc_pages_slowpath(task, GFP_KERNEL, 0)
        while next(steps)[0] != "reclaim from":
            pass
        task.memdie, task.signal.oom_mm = True, task.mm
        assert next(steps)[0] == "allocate", policy  # it has got none, and looks again
        with pytest.raises(StopIteration) as done:
            next(steps)
        assert done.value.value is gets, policy


@each(RELEASES)
def test_is_it_said_that_a_request_has_failed(policy):
    """K 2.6.38 to 6.18 warn_alloc(): "page allocation failure". The outcome says so, too."""
    for gfp in (GFP_ATOMIC, GFP_NOWAIT, GFP_KERNEL | __GFP_NORETRY):
        kernel = Kernel(PRESETS[policy], 256, min_kbytes=32)
        kernel.spawn("driver", ((alloc, 300, gfp),), vmas=heap(5))
        why = run(kernel).why
        assert why == "the OOM killer killed no process; driver asked for a page and got none"


@each(RELEASES)
def test_may_one_that_is_marked_while_it_loops_take_the_last_page(policy):
    """K 2.6.38, 3.10 `goto rebalance`: alloc_flags are not made anew. GFP_NOFS, which comes to no
    killer, fails; with __GFP_NOFAIL it loops above min. K 4.4 on: `retry` asks again for them."""
    old = policy in ("linux-2.6.38", "linux-3.10")
    for flag, ends in ((0, False), (__GFP_NOFAIL, None)) if old else ((0, True),):
        kernel = Kernel(PRESETS[policy], 1024)
        task = kernel.spawn("writes", ((pause,),), vmas=heap(5), adj=-1000)
        kernel.zone.free = kernel.zone.min // 2 + 1
        steps = __alloc_pages_slowpath(task, GFP_NOFS | flag, 0)
        for step in range(400):
            if step == 200:
                task.memdie, task.signal.oom_mm = True, task.mm
            try:
                next(steps)
            except StopIteration as end:
                assert step >= 200 and end.value is ends, flag
                break
        else:
            assert ends is None, flag
