"""The model's invariants, for random machines, policies and seeds."""

from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from wide import examples

import oomlab
from oomlab.model.fork import fork, vfork
from oomlab.model.gfp import GFP_ATOMIC, GFP_KERNEL, GFP_NOFS
from oomlab.model.kernel import Kernel
from oomlab.model.locks import (
    TASK_RUNNING,
    TASK_UNINTERRUPTIBLE,
    Mutex,
    RwSemaphore,
    wake_up_process,
)
from oomlab.model.memory import Zone, min_free_kbytes, wmark
from oomlab.model.mm import ANON, FILE, HUGETLB, SHMEM, VMA, Shmem
from oomlab.model.oom import mark_oom_victim
from oomlab.model.syscalls import kill, mmap, munmap, read_mm, set_adj
from oomlab.model.tasks import release_task
from oomlab.policies.presets import PRESETS
from oomlab.scenarios.programs import alloc, churn, free, locked, look, pause, repeat, sleep, touch
from oomlab.simulate.fingerprint import fingerprint
from oomlab.simulate.outcome import whom
from oomlab.simulate.page_accounting import unaccounted
from oomlab.simulate.recorder import Recorder
from oomlab.simulate.run import name_of, plain
from oomlab.simulate.scheduler import run_seeded

policies = st.sampled_from(list(PRESETS.values()))


@st.composite
def machines(draw):
    """A function that boots a random small machine: the same one each time it is called."""
    policy = draw(policies)
    if draw(st.booleans()):
        policy = replace(policy, oom_kill_allocating_task=True)
    seed = draw(st.integers(0, 2**20))
    shapes = draw(
        st.lists(
            st.tuples(
                st.integers(0, 60),
                st.sampled_from([-1000, -500, 0, 0, 0, 300]),
                st.integers(0, 11),
                st.sampled_from([ANON, ANON, FILE, HUGETLB]),
                st.booleans(),
                st.sampled_from([0, 0, 1, 2]),
            ),
            min_size=1,
            max_size=6,
        )
    )
    left = 240  # of 400 pages: the rest is for page tables, the reserve and what is reclaimable
    left -= 40 * sum(what == 3 for _, _, what, *_ in shapes)  # these take 40 as they are spawned
    for number, (pages, *rest) in enumerate(shapes):
        shapes[number] = (min(pages, max(left, 0) * 4 // 5), *rest)
        left -= shapes[number][0] + min(shapes[number][0] // 4, 8)
    cpus, reclaimable = draw(st.integers(1, 4)), draw(st.sampled_from([0, 40]))

    def boot() -> Kernel:
        kernel = Kernel(policy, 400, cpus=cpus, reclaimable=reclaimable)
        group = kernel.new_memcg("group", 80)
        inner = kernel.new_memcg("group/inner", 40, group, oom_group=True)
        memcgs = [None, group, inner]
        lock = Mutex("a lock")
        first = None
        for number, (pages, adj, what, kind, mlocked, where) in enumerate(shapes):
            vmas = [
                VMA("heap", ANON, min(pages, 30) if where else pages, locked=mlocked),
                VMA("other", kind, min(pages // 4, 8)),
            ]
            programs = [
                ((touch, "heap", 300),),
                ((locked, lock, (alloc, 3), (sleep, 2, TASK_UNINTERRUPTIBLE)), (free,), (pause,)),
                ((repeat, 5, (mmap, "new"), (touch, "new", 9), (munmap, "new")),),
                ((alloc, 40, GFP_NOFS), (sleep, 3), (free,)),
                ((churn, 4, GFP_ATOMIC),),
                ((fork, "child", ((mmap, "heap"), (touch, "heap", 60))), (sleep, 9)),
                ((vfork, "borrower", ((sleep, 4),)), (touch, "heap", 50)),
                ((repeat, 8, (read_mm, first.mm if first else None), (sleep, 1)),)
                if first
                else ((pause,),),
                ((set_adj, 500), (touch, "heap", 200)),
                ((sleep, 5), (locked, lock, (touch, "heap", 100))),
                ((pause,),),
                ((alloc, 2, GFP_KERNEL), (sleep, 400)),
            ]
            task = kernel.spawn(
                f"task{number}",
                programs[what],
                vmas=vmas,
                adj=adj,
                memcg=memcgs[where],
                at_exit=((alloc, 2),) if number % 3 == 0 else (),
                daemon=what == 4,
            )
            if number % 3 == 1:
                kernel.spawn(
                    f"thread{number}", ((touch, "heap", 20),), thread_of=task, memcg=memcgs[where]
                )
            first = first or task
        return kernel

    return boot, seed


def check(kernel: Kernel) -> None:
    """What must be true between any two steps."""
    zone = kernel.zone
    assert unaccounted(kernel) == 0
    assert zone.free >= 0 and zone.reclaimable >= 0
    for mm in kernel.mms:
        assert mm.mm_users >= 0 and mm.mm_count >= 0
        assert all(vma.pages >= 0 for vma in mm.vmas)
        assert mm.tasks == [task for task in kernel.tasks if task.mm is mm]
        check_semaphore(mm.mmap_sem)
    for memcg in kernel.memcgs:
        assert memcg.usage >= 0
    for task in kernel.tasks:
        if task.state == TASK_RUNNING:
            assert task in kernel.runqueue
        lock = task.waits_for
        if isinstance(lock, Mutex):
            assert lock.owner is not None and lock.owner is not task and task in lock.waiters
    victims = sum(task.memdie for task in kernel.tasks)
    assert kernel.oom_victims == victims


def check_semaphore(sem: RwSemaphore) -> None:
    assert not (sem.writer and sem.readers), f"{sem.name} has a writer and readers"
    if sem.waiters:
        assert sem.writer or sem.readers, f"{sem.name} is free, and a task waits for it"


@settings(max_examples=examples(120), deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(machines())
def test_no_page_lost_no_lock_broken(machine):
    boot, seed = machine
    kernel = boot()
    run_seeded(kernel, seed, lambda task, op, where, was: check(kernel), most_steps=1500)
    check(kernel)


def test_a_victim_that_exited_before_its_mark_gets_none():
    """Up to 4.3 no lock is held at the mark, and a suspend waits until no victim is left."""
    kernel = Kernel(PRESETS["linux-2.6.38"], 400)
    task = kernel.spawn("gone", ((pause,),))
    release_task(task)
    assert not list(mark_oom_victim(kernel.init, task, task.mm))
    assert kernel.oom_victims == 0 and not task.memdie


@settings(max_examples=examples(25), deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(machines())
def test_the_same_seed_gives_the_same_run(machine):
    boot, seed = machine

    def history() -> list:
        kernel, steps = boot(), []
        run_seeded(
            kernel, seed, lambda t, op, f, was: steps.append((t.name, op[0], f)), most_steps=800
        )
        return [*steps, kernel.zone.free, kernel.jiffies, *whom(kernel, "kill")]

    assert history() == history()


@settings(max_examples=examples(40), deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(machines())
def test_a_run_that_is_told_and_one_that_is_not_are_the_same(machine):
    """Several steps are taken at once, or counted and not taken, only where nothing is told."""
    boot, seed = machine
    told, untold = boot(), boot()
    untold.events = None
    steps = run_seeded(told, seed, lambda *_: None, most_steps=4000)
    assert run_seeded(untold, seed, most_steps=4000) == steps
    assert untold.jiffies == told.jiffies and untold.happened == told.happened
    assert fingerprint(untold) == fingerprint(told)


@settings(max_examples=examples(25), deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(machines())
def test_faults_are_written_down_at_once_as_they_are_one_by_one(machine):
    boot, seed = machine

    def history(at_once: bool) -> list:
        kernel = boot()
        recorder = Recorder(kernel)
        record = recorder if at_once else lambda *step: recorder(*step)
        count = run_seeded(kernel, seed, record, most_steps=1500)
        rows = [
            (tick, task.pid, op[0], name_of(op[1]), where, state, free, name_of(on or ""), *more)
            for tick, task, op, where, state, free, on, *more in recorder.rows()
        ]
        return [count, rows, [plain(event) for event in kernel.events]]

    assert history(True) == history(False)


@given(
    scenario=st.sampled_from(["lost-victim", "small-child", "page-thieves"]),
    policy=policies,
    seed=st.integers(0, 1000),
)
@settings(max_examples=examples(15), deadline=None)
def test_traces_are_the_same_byte_for_byte(scenario, policy, seed):
    first, second = (
        oomlab.run(scenario, policy, seed=seed, most_steps=2500).to_json() for _ in range(2)
    )
    assert first == second


@pytest.mark.parametrize("gib, kbytes", [(1, 4096), (4, 8192), (16, 16384), (64, 32768)])
def test_min_free_kbytes(gib, kbytes):
    assert min_free_kbytes(gib << 20) == kbytes


def test_watermarks_of_the_worked_example():
    """kernel-facts 2: one zone of 262144 pages, min_free_kbytes 4096."""
    old, new = Zone(262144, "quarter", 4096), Zone(262144, "scaled", 4096)
    assert (old.min, old.low, old.high) == (1024, 1280, 1536)
    assert (new.min, new.low, new.high) == (1024, 1286, 1548)


def test_how_far_below_min_each_right_reaches():
    """GFP_ATOMIC sees 100 -> 50 -> 38 in all versions, ALLOC_OOM 50 (kernel-facts 3)."""
    zone = Zone(10_000, "quarter", 400)
    assert zone.min == 100
    assert wmark(zone, 0x20 | 0x10) == 38
    assert wmark(zone, 0x08) == 50
    assert wmark(zone, 0x04) == -1


def test_a_writer_that_waits_keeps_new_readers_out():
    sem, reader, writer = RwSemaphore("sem"), object(), object()
    assert sem.down_read_trylock(reader)
    sem.waiters.append((writer, True))
    assert not sem.down_read_trylock(object())


@pytest.mark.parametrize("kind", [ANON, SHMEM])
@pytest.mark.parametrize("call", [(touch, "heap", 2), (look, "heap")])
def test_memory_that_is_not_mapped_any_more_is_a_sigsegv(kind, call):
    """Unmapped by itself, or by a thread while it is between two faults; no page is lost."""
    for programs in ([((munmap, "heap"), call)], [((pause,), call), ((munmap, "heap"),)]):
        kernel = Kernel(PRESETS["linux-6.12"], 256)
        shmem = Shmem("segment") if kind == SHMEM else None
        first = kernel.spawn("first", programs[0], vmas=[VMA("heap", kind, 4, shmem=shmem)])
        for program in programs[1:]:
            kernel.spawn("second", program, thread_of=first)
        run_seeded(kernel, 1)
        if len(programs) > 1:
            wake_up_process(first)  # a signal that it handles
            run_seeded(kernel, 1)
        assert [e["event"] for e in kernel.events].count("segfault") == 1
        assert first not in kernel.tasks and unaccounted(kernel) == 0


@pytest.mark.parametrize("policy", ["linux-4.6", "rfc-2015-11-25"])
def test_a_kernel_thread_ignores_sigkill(policy):
    """The reaper sleeps on; it does not go round for ever in a sleep that a signal ends."""
    kernel = Kernel(PRESETS[policy], 256)
    reaper = next(task for task in kernel.tasks if task.name == "oom_reaper")
    kernel.spawn("killer", ((kill, reaper),))
    run_seeded(kernel, 1, most_steps=1000)
    assert not reaper.sigkill and reaper in kernel.tasks and reaper.state
