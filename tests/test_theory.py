"""The derivations hold step by step, and their results hold in the model, on random inputs."""

from itertools import count
from math import isclose, sqrt
from random import Random

import pytest
from sympy import Rational, S, simplify

from oomlab import run, theory
from oomlab.explorer import explore
from oomlab.model.gfp import GFP_KERNEL, GFP_NOFS
from oomlab.model.kernel import Kernel
from oomlab.model.memory import Zone, get_page_from_freelist, gfp_to_alloc_flags, wmark
from oomlab.model.mm import ANON, VMA
from oomlab.model.oom import OomControl, mark_oom_victim, oom_badness, select_bad_process
from oomlab.model.reaper import wake_oom_reaper
from oomlab.policies.policy import HZ
from oomlab.policies.presets import PRESETS
from oomlab.scenarios.programs import alloc, hang, pause, sleep
from oomlab.scenarios.victims import map_and_hang
from oomlab.simulate.scheduler import run_seeded
from oomlab.simulate.spin import burst

DERIVATIONS = [
    theory.marks("quarter"),
    theory.marks("scaled"),
    theory.reserve_share(),
    theory.points(),
    theory.crossover(),
    theory.one_page_each(),
    theory.some_page(),
    theory.enough_pages(5, 2),
    theory.deadlock_free_reserve(),
    theory.expected_recovery(),
    theory.delay_behind_stuck("serial"),
    theory.delay_behind_stuck("parallel"),
]
each_derivation = pytest.mark.parametrize("derivation", DERIVATIONS, ids=lambda d: d.title)


def drawn(derivation, random):
    return {name: random.randint(*bounds) for name, bounds in derivation.domain.items()}


@each_derivation
def test_every_step_holds_for_random_numbers(derivation):
    random = Random(derivation.title)
    for _ in range(20):
        numbers = drawn(derivation, random)
        for sentence, equation in derivation.steps:
            assert equation not in (S.true, S.false), sentence  # else it says nothing
            for name, meaning in derivation.names.items():
                equation = equation.subs(name, meaning)
            bound = {s: numbers[s.name] for s in equation.free_symbols if s.name in numbers}
            bound |= {s: 1 for s in equation.free_symbols - set(bound)}  # a running index
            assert simplify(equation.subs(bound).doit()) == S.true, (sentence, numbers)


@each_derivation
def test_the_last_step_is_the_result(derivation):
    """What is shown and what is computed are the same: the result stands on one side of a step."""
    sides = [side for _, equation in derivation.steps for side in equation.args]
    for name, meaning in derivation.names.items():
        sides = [side.subs(name, meaning) for side in sides]
    numbers = drawn(derivation, Random(1))
    values = [
        side.subs({s: numbers[s.name] for s in side.free_symbols if s.name in numbers}).doit()
        for side in sides
    ]
    assert derivation(**numbers) in values


def test_a_missing_number_is_named():
    with pytest.raises(TypeError, match="give numbers for M, r"):
        theory.deadlock_free_reserve()(M=3)


@pytest.mark.parametrize("watermarks", ["quarter", "scaled"])
def test_marks_are_those_of_the_model(watermarks):
    random, derivation = Random(2), theory.marks(watermarks)
    for _ in range(50):
        managed = random.randint(1_000, 50_000_000)
        zone = Zone(managed, watermarks)
        assert derivation(managed=managed) == (zone.min, zone.low, zone.high)


def test_the_reserve_share_is_that_of_the_model():
    random, derivation = Random(3), theory.reserve_share()
    for _ in range(50):
        managed = random.randint(50_000, 60_000_000)  # between the bounds
        share = Zone(managed).min / managed
        assert isclose(share, derivation(managed=managed), rel_tol=0.02)


def process(kernel, name, pages, swap=0, adj=0):
    task = kernel.spawn(name, ((pause,),), vmas=[VMA("heap", ANON, pages)], adj=adj)
    task.mm.swapents = swap
    return task


def test_points_are_those_of_the_model():
    random, derivation = Random(4), theory.points()
    for _ in range(50):
        kernel = Kernel(PRESETS["linux-5.10"], random.randint(10_000, 3_000_000))
        total = random.randint(1000, 10_000_000)
        rss, swap = random.randint(0, kernel.zone.free - 4000), random.randint(0, 100_000)
        task = process(kernel, "hog", rss, swap, random.randint(-999, 1000))
        tables = task.mm.nr_ptes + task.mm.nr_pmds
        adj = task.signal.oom_score_adj
        points = derivation(rss=rss, swap=swap, tables=tables, adj=adj, total=total)
        assert oom_badness(task, total, kernel.policy) == points


def test_the_crossover_is_where_the_model_changes_its_victim():
    random, derivation = Random(5), theory.crossover()
    tried = 0
    while tried < 50:
        total = random.randint(100_000, 2_000_000)
        kernel = Kernel(PRESETS["linux-5.1"], total)
        b = process(kernel, "b", random.randint(total // 8, total // 3), adj=random.randint(0, 99))
        a = process(kernel, "a", random.randint(total // 8, total // 3))
        pages = {t: oom_badness(t, total, kernel.policy) for t in (a, b)}
        pages[b] -= b.signal.oom_score_adj * (total // 1000)
        adj = derivation(a=pages[a], b=pages[b], adj_b=b.signal.oom_score_adj, total=total)
        if not -998 <= adj <= 1000:
            continue
        tried += 1
        chosen = {}
        for a.signal.oom_score_adj in (adj - 1, adj):
            oc = OomControl(GFP_KERNEL)
            oc.totalpages = total
            chosen[a.signal.oom_score_adj] = select_bad_process(kernel, oc)
        assert (chosen[adj - 1], chosen[adj]) == (b, a)  # on a tie the first in the list: b


def within(hits: int, draws: int, chance: float) -> bool:
    """Not more than five standard deviations off: fails by luck once in a million times."""
    return abs(hits / draws - chance) < 5 * sqrt(chance * (1 - chance) / draws) + 1e-9


def race(random, policy, thieves, pages, need, reserve=0, each=None) -> bool:
    """Did the dying task get `need` pages? Who asks next is drawn; the allocator decides."""
    kernel = Kernel(PRESETS[policy], 4096, min_kbytes=8 * reserve or None)
    dying = kernel.spawn("dying", ((pause,),))
    dying.sigkill = True
    got = {kernel.spawn(f"thief{i}", ((pause,),)): 0 for i in range(thieves)} | {dying: 0}
    kernel.zone.free = kernel.zone.min + pages
    contenders = list(got)
    while contenders and got[dying] < need:
        task = random.choice(contenders)
        mark = wmark(kernel.zone, gfp_to_alloc_flags(task, GFP_KERNEL))
        if get_page_from_freelist(task, mark):
            got[task] += 1
        if kernel.zone.free <= mark or got[task] == each:  # what one sees only falls
            contenders.remove(task)
    return got[dying] >= need


@pytest.mark.parametrize("thieves, pages", [(1, 1), (3, 2), (7, 5), (2, 9)])
def test_one_page_each_against_the_allocator(thieves, pages):
    random, draws = Random(thieves), 500
    hits = sum(race(random, "linux-4.4", thieves, pages, 1, each=1) for _ in range(draws))
    assert within(hits, draws, float(theory.one_page_each()(P=pages, N=thieves)))


@pytest.mark.parametrize("thieves, pages", [(1, 1), (3, 2), (7, 5), (12, 9)])
def test_some_page_against_the_allocator(thieves, pages):
    random, draws = Random(thieves), 500
    hits = sum(race(random, "linux-4.4", thieves, pages, 1) for _ in range(draws))
    assert within(hits, draws, float(theory.some_page()(P=pages, N=thieves)))


@pytest.mark.parametrize("need, reserve", [(3, 0), (3, 1), (3, 3), (6, 4), (2, 8)])
def test_enough_pages_against_the_allocator(need, reserve):
    """Without priority the reserve is there, but closed to the dying."""
    random, draws = Random(need), 500
    derivation = theory.enough_pages(need, reserve)
    for thieves, pages in ((1, 3), (4, 9)):
        policy = "handa" if reserve else "linux-4.4"
        hits = sum(
            race(random, policy, thieves, pages, need, reserve=reserve) for _ in range(draws)
        )
        assert within(hits, draws, float(derivation(P=pages, N=thieves)))
    shut = sum(race(random, "linux-4.4", 4, 3, need, reserve=reserve or 1) for _ in range(draws))
    assert within(shut, draws, float(theory.enough_pages(need)(P=3, N=4)))


def looping(thieves: int):
    """A machine at its min mark, whose tasks loop in the slow path behind a stuck victim."""
    kernel = Kernel(PRESETS["linux-4.4"], 4096, cpus=thieves + 3)
    victim = kernel.spawn("victim", ((hang,),))
    victim.memdie, victim.marked = True, 0  # it blocks the OOM killer, as long as it lives
    kernel.zone.reserved += kernel.zone.free - kernel.zone.min
    kernel.zone.free = kernel.zone.min
    tasks = [kernel.spawn("dying", ((alloc, 10**6, GFP_NOFS),))]
    return kernel, tasks + [
        kernel.spawn(f"thief{i}", ((alloc, 10**6, GFP_NOFS),)) for i in range(thieves)
    ]


def run_evenly(kernel, random, until):
    """Each step goes to any task that can run, equally likely; a tick passes every so often."""
    for step in count():
        if until():
            return
        if kernel.runqueue:
            task = random.choice(kernel.runqueue)
            burst(task, 1)
            if task.state:
                kernel.runqueue.remove(task)
        if not kernel.runqueue or not step % 20:
            kernel.jiffies += 1
            kernel.run_timers()


def ticks_later(kernel, ticks):
    end = kernel.jiffies + ticks
    return lambda: kernel.jiffies >= end


@pytest.mark.parametrize("thieves, pages", [(1, 1), (3, 2), (5, 4)])
def test_pages_are_shared_as_derived_when_tasks_loop(thieves, pages):
    """One after another, P pages become free; everybody in the slow path is after them."""
    random, draws = Random(thieves), 300
    kernel, (dying, *others) = looping(thieves)
    hits = 0
    for _ in range(draws):
        run_evenly(kernel, random, until=ticks_later(kernel, 4))
        before = dying.kernel_pages
        for _page in range(pages):
            kernel.zone.free_pages(1)
            run_evenly(kernel, random, until=lambda: kernel.zone.free == kernel.zone.min)
            run_evenly(kernel, random, until=ticks_later(kernel, 4))
        hits += dying.kernel_pages > before
    assert sum(task.kernel_pages for task in (dying, *others)) == draws * pages
    assert within(hits, draws, float(theory.some_page()(P=pages, N=thieves)))


@pytest.mark.parametrize("thieves, need, reap", [(0, 8, 1), (2, 12, 1), (4, 9, 2), (6, 5, 1)])
def test_recovery_takes_as_long_as_derived_when_tasks_loop(thieves, need, reap):
    random = Random(thieves)
    kernel, (dying, *_) = looping(thieves)
    run_evenly(kernel, random, until=lambda: kernel.jiffies > 20)
    took = []
    for _ in range(40):
        start, goal = kernel.jiffies, dying.kernel_pages + need
        while dying.kernel_pages < goal:  # the reaper: so many pages every ten ticks
            kernel.zone.free_pages(reap)
            run_evenly(
                kernel, random, until=(lambda end=kernel.jiffies + 10: kernel.jiffies >= end)
            )
        took.append(kernel.jiffies - start)
    derived = theory.expected_recovery()(need=need, reap=Rational(reap, 10), take=1, steal=thieves)
    assert isclose(sum(took) / len(took), derived, rel_tol=0.2)


@pytest.mark.parametrize("need, dying", [(2, 2), (3, 2), (4, 2)])
def test_the_reserve_is_the_smallest_that_no_schedule_can_exhaust(need, dying):
    """With one thief and one reclaimed page, every schedule is tried."""
    enough = int(theory.deadlock_free_reserve()(M=dying, r=need))
    for reserve, verdict in ((enough, "holds"), (enough - 1, "violated")):
        settings = dict(dying=dying, need=need, reserve=reserve, thieves=1, pages=1)
        assert explore("page-thieves", "handa", "dying-exit", **settings).verdict == verdict


def test_one_page_less_deadlocks_in_some_seeded_run():
    settings = dict(dying=2, need=3, thieves=8, pages=1, most_steps=3000, trace=False)
    for reserve, verdicts in ((5, {"recovered"}), (4, {"recovered", "deadlock"})):
        runs = [
            run("page-thieves", "handa", seed=s, reserve=reserve, **settings) for s in range(40)
        ]
        assert {r.outcome.verdict for r in runs} == verdicts


def hand_over(current, victims):
    """The killer, without the search: mark each and pass it to the reaper, all within one tick."""
    for victim in victims:
        yield from mark_oom_victim(current, victim, victim.mm)
        yield from wake_oom_reaper(current, victim, victim.mm)


@pytest.mark.parametrize("policy", ["linux-4.6", "linux-4.10", "linux-5.10", "linux-6.12"])
@pytest.mark.parametrize("stuck", [0, 1, 3])
def test_the_delay_behind_stuck_victims_is_that_of_the_model(policy, stuck):
    kernel = Kernel(PRESETS[policy], 4096, cpus=2)
    ours = kernel.spawn("ours", ((hang,),), vmas=[VMA("heap", ANON, 16)])
    others = [
        kernel.spawn(f"stuck{i}", ((map_and_hang,),), vmas=[VMA("heap", ANON, 16)])
        for i in range(stuck)
    ]
    # The list is last in, first out: to be behind, ours goes first. With the delay of 5.18 all four
    # timers share a bucket, which fires the newest first: then ours goes last.
    delayed = kernel.policy.reap_delay > 0
    order = [*others, ours] if delayed else [ours, *others]
    kernel.spawn("killer", ((sleep, 5), (hand_over, order)))
    run_seeded(kernel, seed=stuck)
    done = [e for e in kernel.events if e["event"] == "finish_task_reaping"]
    reaped = next(e["tick"] for e in done if e["task"] is ours)
    marked = min(e["tick"] for e in kernel.events if e["event"] == "mark_victim")
    derived = theory.delay_behind_stuck()(stuck=stuck, attempts=10, nap=HZ // 10)
    late = reaped - marked - kernel.policy.reap_delay - derived
    assert -2 <= late <= 2 + (kernel.wheel if delayed else 0)
