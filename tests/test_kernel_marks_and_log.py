"""What a maintainer asks with the sources open: marks, counts, the reaper's tries, and the log.

`K x.y function` names the release that was read. A test is called after its question.
"""

from collections import Counter
from dataclasses import replace
from itertools import islice

import pytest
from run_machine import RELEASES, names

from oomlab.model.faults import handle_mm_fault
from oomlab.model.gfp import (
    __GFP_HIGH,
    __GFP_NOFAIL,
    __GFP_NORETRY,
    __GFP_REPEAT,
    __GFP_ZERO,
    GFP_HIGHUSER_MOVABLE,
    GFP_KERNEL,
    GFP_NOIO,
)
from oomlab.model.kernel import Kernel
from oomlab.model.locks import TASK_DEAD
from oomlab.model.memcg import mem_cgroup_out_of_memory
from oomlab.model.memory import alloc_pages
from oomlab.model.mm import ANON, FILE, MMF_OOM_SKIP, SHMEM, VMA, Shmem
from oomlab.model.oom import OomControl, mark_oom_victim, out_of_memory
from oomlab.model.reaper import oom_reap_task, process_mrelease
from oomlab.model.suspend import oom_killer_disable
from oomlab.model.syscalls import kill, sysrq_f
from oomlab.model.tasks import do_send_sigkill
from oomlab.policies.policy import KNOBS
from oomlab.policies.presets import PRESETS
from oomlab.scenarios.programs import alloc, hang, pause, sleep, touch
from oomlab.scenarios.registry import heap, nearly_full
from oomlab.simulate.kernel_log import PRINTK, version_of
from oomlab.simulate.printed_mask import gfp_mask
from oomlab.simulate.reported import get_mm_counter, keep_events
from oomlab.simulate.scheduler import run_seeded

OLDEST = ("linux-2.6.38", "linux-3.10")
BEFORE_2017 = (*OLDEST, "linux-4.4", "linux-4.6")
SKIPPING = [name for name in RELEASES if PRESETS[name].reaped == "skip"]


def asked():
    return OomControl(GFP_KERNEL)


def printed(kernel: Kernel, event: str) -> list[str]:
    """The lines of the log for the events of this name."""
    version = version_of(kernel.policy.kernel)
    found = [e for e in kernel.events if e["event"] == event]
    return [line for e in found for line in PRINTK[event](e | {"failcnt": Counter()}, version)]


def steps(generator) -> list[str]:
    """The verbs of a kernel function that is run to its end, or to 500 steps, without others."""
    return [verb for verb, _ in islice(generator, 500)]


def asks_once(current):
    yield "ask", "once"
    yield from out_of_memory(current, OomControl(GFP_KERNEL))


# marks and counts


@pytest.mark.parametrize("policy", ["linux-2.6.38", "linux-3.10", "linux-4.4"])
def test_does_the_mark_of_a_leader_that_has_exited_stop_the_killer(policy):
    """K 2.6.38 select_bad_process: yes, a zombie leader keeps TIF_MEMDIE until it is released.

    K 3.10 oom_scan_process_thread passes over who has exited, K 4.4 exit_mm() clears the mark: the
    same process is killed once more, and another thread of it marked.
    """
    kernel = Kernel(PRESETS[policy], 512)
    leader = kernel.spawn("leader", ((pause,),), vmas=heap(100))
    kernel.spawn("thread", ((hang,),), thread_of=leader)
    kernel.spawn("next", ((hang,),), vmas=heap(50))
    kernel.spawn("asker", ((asks_once,), (sleep, 20), (asks_once,)), adj=-1000)
    run_seeded(kernel, 1, until=lambda kernel: kernel.jiffies > 30)
    assert leader.state == TASK_DEAD
    assert names(kernel, "kill")[1:] == ([] if policy == "linux-2.6.38" else ["thread"])


@pytest.mark.parametrize("policy", RELEASES)
def test_how_many_hold_the_mm_of_a_victim(policy):
    """K 2.6.38 to 4.6 oom_kill_process: no more than before. K 4.10 on: signal->oom_mm does."""
    kernel = Kernel(PRESETS[policy], 512)
    victim = kernel.spawn("victim", ((hang,),), vmas=heap(100))
    steps(out_of_memory(kernel.spawn("asker", ((hang,),), adj=-1000), asked()))
    assert names(kernel, "kill") == ["victim"] and victim.mm.mm_users == 1
    assert victim.mm.mm_count == (1 if policy in BEFORE_2017 else 2)


@pytest.mark.parametrize("policy", RELEASES)
def test_how_many_victims_are_two_threads_of_one_process(policy):
    """K 4.4, 4.10, 6.12 mark_oom_victim: oom_victims counts threads with TIF_MEMDIE, each once."""
    kernel = Kernel(PRESETS[policy], 512)
    victim = kernel.spawn("victim", ((hang,),), vmas=heap(100))
    thread = kernel.spawn("thread", ((pause,),), thread_of=victim)
    for task in (victim, thread, thread):
        steps(mark_oom_victim(task, task, task.mm))
    assert kernel.oom_victims == 2
    assert victim.mm.mm_count == (1 if policy in BEFORE_2017 else 2)
    do_send_sigkill(thread)
    run_seeded(kernel, 1, most_steps=200)
    assert thread.state == TASK_DEAD and kernel.oom_victims == 1


@pytest.mark.parametrize("policy", [p for p in RELEASES if PRESETS[p].memcg_oom == "charge"])
def test_is_a_dying_caller_of_a_memcg_marked(policy):
    """K 4.19 and K 6.18 mem_cgroup_out_of_memory: yes, by out_of_memory(). K 5.4 to 6.12: no."""
    kernel = Kernel(PRESETS[policy], 512)
    pod = kernel.new_memcg("pod", 50)
    dying = kernel.spawn("dying", ((hang,),), vmas=heap(50), memcg=pod)
    do_send_sigkill(dying)
    steps(mem_cgroup_out_of_memory(dying, pod))
    assert dying.memdie == (policy in ("linux-4.19", "linux-6.18")) and not names(kernel, "kill")


@pytest.mark.parametrize("policy", RELEASES)
def test_is_a_page_table_charged_to_a_cgroup(policy):
    """K 4.10 PGALLOC_GFP, K 6.12 GFP_PGTABLE_USER: it is. The knob of the batch says: not here."""
    kernel = Kernel(PRESETS[policy], 512)
    pod = kernel.new_memcg("pod", 100)
    task = kernel.spawn("task", ((touch, "heap", 20), (pause,)), vmas=heap(0), memcg=pod)
    run_seeded(kernel, 1)
    assert task.mm.nr_ptes == 1 and pod.usage == 20
    assert "never page tables" in KNOBS["charge_batch"].metadata["meaning"]


# who is chosen


@pytest.mark.parametrize("policy", RELEASES)
def test_who_dies_of_two_that_want_to(policy):
    """K 2.6.38 oom_badness: 1000 is the most, so that size does not count. K 3.10 on: it does."""
    kernel = Kernel(PRESETS[policy], 1024)
    for name, pages in (("small", 5), ("big", 500)):
        kernel.spawn(name, ((hang,),), vmas=heap(pages), adj=1000)
    steps(out_of_memory(kernel.spawn("asker", ((hang,),), adj=-1000), asked()))
    assert names(kernel, "kill") == ["small" if policy == "linux-2.6.38" else "big"]


@pytest.mark.parametrize("policy", RELEASES)
def test_who_dies_of_two_that_would_rather_not(policy):
    """K 2.6.38 to 5.0: both have 1 point, the first. K 5.4: the last. K 5.10 on: signed points."""
    kernel = Kernel(PRESETS[policy], 1024)
    for name, pages, adj in (("less bad", 100, -500), ("least bad", 120, -900)):
        kernel.spawn(name, ((hang,),), vmas=heap(pages), adj=adj)
    steps(out_of_memory(kernel.spawn("asker", ((hang,),), adj=-1000), asked()))
    assert names(kernel, "kill") == ["least bad" if policy == "linux-5.4" else "less bad"]


@pytest.mark.parametrize("policy", RELEASES)
def test_does_panic_on_oom_come_before_the_allocating_task(policy):
    """K 2.6.38 to 6.18 out_of_memory: check_panic_on_oom() is called first."""
    knobs = replace(PRESETS[policy], panic_on_oom=1, oom_kill_allocating_task=True)
    kernel = Kernel(knobs, 512)
    asker = kernel.spawn("asker", ((hang,),), vmas=heap(100))
    steps(out_of_memory(asker, asked()))
    assert kernel.panicked and not names(kernel, "kill")


@pytest.mark.parametrize("policy", RELEASES)
def test_does_the_allocating_task_nap_after_its_own_kill(policy):
    """K 2.6.38 (`killed` stays 0) to 6.18 out_of_memory: no."""
    kernel = Kernel(replace(PRESETS[policy], oom_kill_allocating_task=True), 512)
    asker = kernel.spawn("asker", ((hang,),), vmas=heap(100))
    assert "wait for" not in steps(out_of_memory(asker, asked()))
    assert names(kernel, "kill") == ["asker"] and not kernel.jiffies


# requests


@pytest.mark.parametrize("policy", RELEASES)
def test_does_a_request_fail_that_must_neither_fail_nor_retry(policy):
    """K 2.6.38 to 4.10: NORETRY ends it. K 4.14 on, nopage: it goes round, and kills no task."""
    kernel, verbs = wants(policy, GFP_KERNEL | __GFP_NORETRY | __GFP_NOFAIL, 0, 0)
    assert (len(verbs) >= 500) == (PRESETS[policy].nofail == "dips")
    assert not names(kernel, "kill")


def wants(policy: str, gfp: int, order: int, reclaimable: int) -> tuple:
    """One request with a single page free, and so many that can be reclaimed: machine and verbs."""
    kernel = Kernel(PRESETS[policy], 4096, min_kbytes=400)
    kernel.spawn("hog", ((hang,),), vmas=heap(1000))
    task = kernel.spawn("task", ((hang,),), vmas=heap(8), adj=-1000)
    kernel.zone.reserved += kernel.zone.free - 1 - reclaimable
    kernel.zone.free, kernel.zone.reclaimable = 1, reclaimable
    return kernel, steps(alloc_pages(task, gfp, order))


@pytest.mark.parametrize("policy", RELEASES)
def test_how_long_does_a_large_request_insist(policy):
    """K 2.6.38 should_alloc_retry: until nothing is freed. K 4.4, 4.6: until enough is, for ever.

    K 4.10 on: __GFP_REPEAT, or __GFP_RETRY_MAYFAIL, fails when 16 rounds were in vain.
    """
    kernel, verbs = wants(policy, GFP_KERNEL | __GFP_REPEAT, 4, 0)
    assert (len(verbs) == 500) == (policy in ("linux-4.4", "linux-4.6"))
    kernel, verbs = wants(policy, GFP_KERNEL | __GFP_REPEAT, 7, 300)  # 128 pages above 100
    assert len(verbs) < 500 and not names(kernel, "kill") and verbs.count("reclaim from") > 3


@pytest.mark.parametrize("policy", [name for name in RELEASES if PRESETS[name].nofail != "dips"])
def test_does_a_large_request_that_must_not_fail_kill_while_pages_can_be_freed(policy):
    """K 2.6.38, 3.10 slow path: only without progress. K 4.4, 4.6: after one round. K 4.10: no."""
    kernel, _ = wants(policy, GFP_KERNEL | __GFP_NOFAIL, 4, 300)
    assert bool(names(kernel, "kill")) == (policy in ("linux-4.4", "linux-4.6"))


@pytest.mark.parametrize("policy", RELEASES)
def test_does_a_request_without_io_kill(policy):
    """K 2.6.38 to 4.6 __alloc_pages_may_oom, K 4.10 on out_of_memory: not without __GFP_FS."""
    kernel = Kernel(PRESETS[policy], 256, min_kbytes=32)
    kernel.spawn("hog", ((pause,),), vmas=heap(60))
    nearly_full(kernel)
    kernel.spawn("writer", ((alloc, 4, GFP_NOIO),), adj=-1000)
    run_seeded(kernel, 1, most_steps=1500)
    assert not names(kernel, "kill")


# the reaper, mrelease, suspend


def queued(policy: str) -> tuple:
    """A victim that hangs, marked and killed, and a task that reaps it."""
    kernel = Kernel(replace(PRESETS[policy], reap_delay=0), 512)
    victim = kernel.spawn("victim", ((hang,),), vmas=heap(100))
    reaper = kernel.spawn("reaper", ((hang,),), adj=-1000)
    steps(mark_oom_victim(victim, victim, victim.mm))
    do_send_sigkill(victim)
    return kernel, victim, reaper


@pytest.mark.parametrize("policy", SKIPPING)
def test_does_the_reaper_say_that_it_failed_when_the_victim_is_through(policy):
    """K 4.10, 4.14 oom_reap_task: "unable to reap", too. K 4.19 on: not with MMF_OOM_SKIP set."""
    for done in (False, True):
        kernel, victim, reaper = queued(policy)
        victim.mm.mmap_sem.writer = kernel.init
        victim.mm.flags |= MMF_OOM_SKIP * done
        steps(oom_reap_task(reaper, victim, None))
        said = names(kernel, "unable_to_reap") == ["victim"]
        assert said == (not done or policy in ("linux-4.10", "linux-4.14"))
        assert len(names(kernel, "skip_task_reaping")) == 10


@pytest.mark.parametrize("policy", SKIPPING)
def test_is_an_mm_reaped_once_more_that_is_done_with(policy):
    """K 4.10 __oom_reap_task_mm does not ask. K 4.14 on: MMF_OOM_SKIP, trace_skip_task_reaping."""
    kernel, victim, reaper = queued(policy)
    victim.mm.flags |= MMF_OOM_SKIP
    steps(oom_reap_task(reaper, victim, None))
    again = policy == "linux-4.10"
    assert bool(names(kernel, "start_task_reaping")) == again
    assert bool(names(kernel, "skip_task_reaping")) != again


@pytest.mark.parametrize("policy", SKIPPING)
def test_can_a_task_kill_while_the_reaper_is_at_work(policy):
    """K 4.10, 4.14 (e2fe14564d33): no, oom_lock is held. K 4.19 on (af5679fbc669): yes."""
    kernel, victim, reaper = queued(policy)
    work = oom_reap_task(reaper, victim, None)
    assert any(verb == "reap" for verb, _ in work)
    assert (kernel.oom_lock.owner is reaper) == (policy in ("linux-4.10", "linux-4.14"))


@pytest.mark.parametrize("policy", [name for name in RELEASES if PRESETS[name].mrelease != "none"])
def test_does_process_mrelease_let_the_killer_go_on(policy):
    """K 5.15, 6.1, 6.18 process_mrelease: it does not set MMF_OOM_SKIP."""
    kernel, victim, killer = queued(policy)
    steps(process_mrelease(killer, victim))
    assert get_mm_counter(victim.mm, "anon") == 0 and not victim.mm.flags & MMF_OOM_SKIP


@pytest.mark.parametrize("policy", [p for p in RELEASES if PRESETS[p].suspend != "flag"])
def test_does_sigkill_end_a_suspend_that_waits_for_victims(policy):
    """K 4.4, 4.6 oom_killer_disable: wait_event(), no. K 4.10 on: ..._interruptible_timeout()."""

    def suspends(current):
        answers.append((yield from oom_killer_disable(current)))

    kernel, victim, _ = queued(policy)
    answers = []
    pm = kernel.spawn("pm", ((suspends,),), adj=-1000)
    kernel.spawn("admin", ((sleep, 5), (kill, pm)), adj=-1000)
    run_seeded(kernel, 1, until=lambda kernel: kernel.jiffies > 50)
    assert answers == ([] if policy in BEFORE_2017 else [False])
    assert kernel.oom_killer_disabled == (policy in BEFORE_2017)


# the log


@pytest.mark.parametrize("policy", RELEASES)
def test_does_the_log_name_who_dies_for_sharing_the_memory(policy):
    """K 2.6.38 oom_kill_task, K 3.10 oom_kill_process: yes. K 4.4 on: no."""
    kernel = Kernel(PRESETS[policy], 512)
    victim = kernel.spawn("victim", ((pause,),), vmas=heap(100))
    sharer = kernel.spawn("sharer", ((pause,),), mm=victim.mm)
    steps(out_of_memory(kernel.spawn("asker", ((hang,),), adj=-1000), asked()))
    line = f"Kill process {sharer.pid} (sharer) sharing same memory"
    assert printed(kernel, "kill_sharer") == ([line] if policy in OLDEST else []) and sharer.sigkill


@pytest.mark.parametrize("policy", RELEASES)
def test_how_does_the_log_show_sysrq_f(policy):
    """K 2.6.38, 3.10 moom_callback asks for order 0, K 4.4 on for order -1."""
    kernel = Kernel(PRESETS[policy], 512)
    keep_events(kernel)
    kernel.spawn("victim", ((pause,),), vmas=heap(100))
    kernel.spawn("admin", ((sysrq_f,),), adj=-1000)
    run_seeded(kernel, 1)
    order = 0 if policy in OLDEST else -1
    assert f" order={order}, " in printed(kernel, "oom_report")[0]


@pytest.mark.parametrize("policy", RELEASES)
def test_what_does_the_log_say_of_a_fault_that_got_nothing(policy):
    """K 5.17, 6.1, 6.18 pagefault_out_of_memory: "Huh", and the fault is tried again."""
    kernel = Kernel(PRESETS[policy], 512)
    pod = kernel.new_memcg("pod", 20)
    kernel.spawn("only", ((touch, "heap", 40),), vmas=heap(1), memcg=pod, adj=-1000)
    run_seeded(kernel, 1, most_steps=300)
    lines = set(printed(kernel, "fault_got_nothing"))
    leaked = {"Huh VM_FAULT_OOM leaked out to the #PF handler. Retrying PF"}
    assert lines == (set() if PRESETS[policy].fault_asks_again else leaked)


@pytest.mark.parametrize("policy", RELEASES)
def test_what_does_a_memcg_show_that_panics(policy):
    """K 2.6.38, 3.10 check_panic_on_oom: the whole machine. K 4.4 on: the limit, and its tasks."""
    kernel = Kernel(replace(PRESETS[policy], panic_on_oom=2), 512)
    keep_events(kernel)
    pod = kernel.new_memcg("pod", 100)
    kernel.spawn("beside", ((hang,),), vmas=heap(10))
    task = kernel.spawn("task", ((hang,),), vmas=heap(100), memcg=pod)
    steps(mem_cgroup_out_of_memory(task, pod))
    lines = printed(kernel, "oom_report")
    assert kernel.panicked and any(line.endswith(" task") for line in lines)
    whole = policy in OLDEST
    assert any(line.endswith(" beside") for line in lines) == whole == ("Mem-Info:" in lines)
    assert any(line.startswith("memory: usage") for line in lines) != whole


@pytest.mark.parametrize("version", ["4.19", "5.0", "5.1", "5.2"])
def test_which_lines_name_the_choice(version):
    """K 4.19, 5.0: "Kill process", 5.0 beside "oom-kill:". K 5.2: and what constrained it."""
    kernel = Kernel(replace(PRESETS["linux-4.19"], kernel=version), 512)
    keep_events(kernel)
    pod = kernel.new_memcg("pod", 100)
    victim = kernel.spawn("victim", ((pause,),), vmas=heap(100), memcg=pod)
    steps(mem_cgroup_out_of_memory(victim, pod))
    lines = printed(kernel, "oom_report")
    assert any(line.endswith("or sacrifice child") for line in lines) == (version < "5.1")
    told = [line for line in lines if line.startswith("oom-kill:constraint=")]
    assert bool(told) == (version > "5")
    assert not told or ("CONSTRAINT_MEMCG" in told[0]) == (version > "5.1")


@pytest.mark.parametrize("policy", RELEASES)
def test_does_the_line_of_the_zone_show_page_tables(policy):
    """K 2.6.38 to 5.10 show_free_areas, recordings of 5.10: yes. K 5.15, 6.12: the node's does."""
    kernel = Kernel(PRESETS[policy], 256, min_kbytes=32)
    keep_events(kernel)
    kernel.spawn("hog", ((pause,),), vmas=heap(100))
    nearly_full(kernel)
    kernel.spawn("asker", ((touch, "heap", 8),), vmas=heap(1))
    run_seeded(kernel, 1, most_steps=2000)
    zone = next(line for line in printed(kernel, "oom_report") if line.startswith("Node 0 Normal"))
    assert ("pagetables:" in zone) == (version_of(PRESETS[policy].kernel) < (5, 11))


def test_in_which_order_are_the_flags_of_a_mask_printed():
    """K 6.14 __def_gfpflag_names: a list of its own. K 6.18: by their bits, behind the sets."""
    fault = GFP_HIGHUSER_MOVABLE | __GFP_ZERO
    stubborn = GFP_KERNEL | __GFP_NOFAIL | __GFP_HIGH | __GFP_ZERO
    for version, first, second in (
        ((4, 6), "ZERO", "HIGH NOFAIL ZERO"),
        ((6, 1), "COMP ZERO", "HIGH NOFAIL ZERO"),
        ((6, 12), "COMP ZERO", "HIGH NOFAIL ZERO"),
        ((6, 14), "COMP ZERO", "HIGH NOFAIL ZERO"),
        ((6, 18), "ZERO COMP", "HIGH ZERO NOFAIL"),
    ):
        for mask, name, flags in (
            (fault, "GFP_HIGHUSER_MOVABLE", first),
            (stubborn, "GFP_KERNEL", second),
        ):
            names = "|".join([name, *(f"__GFP_{flag}" for flag in flags.split())])
            assert gfp_mask(mask, version).endswith(f"({names})"), version


@pytest.mark.parametrize("policy", RELEASES)
def test_is_the_page_that_a_fault_asks_for_to_be_zeroed(policy):
    """K 2.6.38 to 6.12 memory.c: an anonymous page, by its flag. A copy, a file, shared memory: no.

    K 2.6.38, 4.4 shmem_alloc_page: it has the mapping's mask, GFP_HIGHUSER_MOVABLE.
    """
    for kind, zeroed in {ANON: True, FILE: False, SHMEM: False}.items():
        kernel = Kernel(PRESETS[policy], 256, min_kbytes=32)
        vma = VMA("range", kind, 10, shmem=Shmem("range") if kind == SHMEM else None)
        kernel.spawn("asker", ((touch, "range", 60),), vmas=[vma], adj=-1000)
        kernel.spawn("hog", ((pause,),), vmas=heap(100))
        nearly_full(kernel, leave=10)
        run_seeded(kernel, 1)
        oc = next(event["oc"] for event in kernel.events if event["event"] == "oom_report")
        assert oc.gfp_mask == GFP_HIGHUSER_MOVABLE | (__GFP_ZERO if zeroed else 0), kind
    task = Kernel(PRESETS[policy], 256).spawn("task", vmas=heap(8))
    cow = handle_mm_fault(task, task.mm, task.mm.vmas[0], copy=True)
    task.kernel.zone.free = 0
    next(cow)
    assert task.allocating == GFP_HIGHUSER_MOVABLE
