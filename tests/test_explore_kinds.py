"""Answers that once were false, kind by kind: each is held against the plain search.

Every question is asked with each reduction, alone and together. The right value of those that were
reported stands beside them; for all, plain.py says it.
"""

from collections import deque
from dataclasses import replace

import pytest

import oomlab
from oomlab import explore
from oomlab.explorer import plain
from oomlab.model.fork import fork, wait4
from oomlab.model.kernel import Kernel
from oomlab.model.locks import TASK_INTERRUPTIBLE, TASK_RUNNING, schedule_timeout, wake_up_process
from oomlab.model.mm import VMA
from oomlab.model.syscalls import munmap, sysrq_f
from oomlab.policies.presets import PRESETS
from oomlab.scenarios import heap
from oomlab.scenarios.programs import pause, sleep, touch
from oomlab.simulate.page_accounting import unaccounted
from oomlab.simulate.scheduler import run_schedule

REDUCTIONS = [{}, {"symmetry": False}]


def agree(monkeypatch, build, question, policy="linux-4.4", clock="any", symmetric=False) -> tuple:
    """The verdict and the length, the same from the plain search and with every reduction."""
    monkeypatch.setitem(oomlab.SCENARIOS, "kind", build)
    policy = oomlab.build("kind", policy)[0].policy
    verdict, schedule, *_ = plain.explore(lambda: build(policy), question, clock)
    more = [{"symmetry": True}] if symmetric else []
    for reductions in REDUCTIONS + more:
        found = explore("kind", policy, question, clock=clock, **reductions)
        assert (found.verdict, len(found.pids)) == (verdict, len(schedule)), reductions
        if verdict == "violated":
            kernel = build(policy)
            run_schedule(kernel, found.pids)
            assert question(kernel)
    return verdict, len(schedule)


def machine(*programs, pages: int = 0, **settings):
    """A scenario with a task t0, t1, ... of `pages` for each program; settings are attributes."""

    def build(policy) -> Kernel:
        kernel = Kernel(policy, 256, min_kbytes=32, reclaimable=settings.get("reclaimable", 0))
        for number, program in enumerate(programs):
            kernel.spawn(f"t{number}", program, vmas=heap(pages))
        if "free" in settings:
            kernel.zone.reserved += kernel.zone.free - settings["free"]
            kernel.zone.free = settings["free"]
        return kernel

    return build


# --- direct reclaim: a counter that a step overwrites and then changes


def test_direct_reclaim(monkeypatch):
    build = machine(((touch, "heap", 1),), pages=1, reclaimable=2, free=9)
    assert agree(monkeypatch, build, lambda k: k.zone.free == 8) == ("violated", 2)


@pytest.mark.parametrize("free", range(6, 12))
@pytest.mark.parametrize("scanned", [0, 32, 64])
def test_reclaim_counts_what_it_scans(monkeypatch, free, scanned):
    build = machine(((touch, "heap", 2),), pages=1, reclaimable=40, free=10)
    agree(monkeypatch, build, lambda k: (k.zone.free, k.zone.pages_scanned) == (free, scanned))


# --- equals that choose themselves


def equals(number: int, program: tuple, pages: int = 2):
    def build(policy) -> Kernel:
        kernel = Kernel(policy, 256, min_kbytes=32)
        for i in range(number):
            task = kernel.spawn(f"t{i}", program, vmas=heap(pages))
            kernel.symmetric.append([task])
        return kernel

    return build


def marked(kernel) -> list:
    return [task for task in kernel.tasks if task.marked is not None]


def by_himself(kernel) -> bool:
    return any(task is kernel.oom_lock.owner for task in marked(kernel))


def by_another(kernel) -> bool:
    owner = kernel.oom_lock.owner
    return owner is not None and any(task is not owner for task in marked(kernel))


@pytest.mark.parametrize(
    "question, length",
    [(by_himself, 6), (by_another, 3), (lambda k: len(marked(k)) >= 2, 7)],
)
def test_equals_that_choose_themselves(monkeypatch, question, length):
    build = equals(2, ((sysrq_f,),))
    assert agree(monkeypatch, build, question, symmetric=True) == ("violated", length)
    last = replace(PRESETS["linux-4.4"], ties="last")
    assert agree(monkeypatch, build, question, last, symmetric=True)[0] == "violated"


@pytest.mark.parametrize(
    "policy, prop",
    [
        ("linux-4.6", "no-victim-lost"),
        ("linux-4.6", "no-second-victim"),
        ("linux-4.10", "no-victim-lost"),
        ("linux-4.10", "no-deadlock"),
        ("rfc-2015-11-25", "no-victim-lost"),
    ],
)
def test_equals_under_the_named_properties(monkeypatch, policy, prop):
    question = oomlab.PROPERTIES[prop].question
    agree(monkeypatch, equals(2, ((sysrq_f,), (pause,))), question, policy, symmetric=True)


# --- two timers of one task: its own nap, and the delayed hand-off of 5.18


@pytest.mark.parametrize("policy", ["linux-6.1", "linux-6.12"])
@pytest.mark.parametrize("clock", ["any", "ordered", "urgent"])
@pytest.mark.parametrize(
    "question",
    [
        lambda k: k.oom_reaper_list is not None and k.oom_reaper_list.state != TASK_RUNNING,
        lambda k: any(t.marked and t.state == TASK_RUNNING and len(k.timers) == 1 for t in k.tasks),
        lambda k: any(m.flags for m in k.mms) and any(t.waits_for == "a timer" for t in k.tasks),
    ],
)
def test_two_timers_of_one_task(monkeypatch, policy, clock, question):
    build = machine(((sleep, 100, 3), (sleep, 200, 3)), ((sysrq_f,), (pause,)), pages=2)
    agree(monkeypatch, build, question, policy, clock)


# --- properties that look at lists in ways of their own


@pytest.mark.parametrize(
    "question",
    [
        lambda k: len(k.mms) == 3,
        lambda k: unaccounted(k) != 0,
        lambda k: next(reversed(k.tasks)).name == "t0",
        lambda k: k.tasks.copy()[-1].name == "t0",
        lambda k: (k.tasks + [])[-1].name == "t0",
        lambda k: [t for t in k.tasks if t.name == "t1" and k.tasks.index(t) == 2],
        lambda k: {t.name for t in k.tasks} == {"init", "t1"},
        lambda k: sorted(t.pid for t in k.tasks)[1:] == [101],
        lambda k: max(k.tasks, key=lambda t: t.pid).name == "t0",
        lambda k: any(t.name == "t0" for t in k.tasks[2:]),
        lambda k: sum(v.pages for mm in k.mms for v in mm.vmas) == 3,
        lambda k: [t.pid for t in deque(k.tasks)] == [*map(lambda t: t.pid, k.tasks[:2])],
        lambda k: not [c for c in k.init.signal.children if c.name == "t1"],
    ],
)
def test_properties_may_look_at_anything(monkeypatch, question):
    build = machine(((touch, "heap", 1),), ((touch, "heap", 1),), ((pause,),), pages=1)
    verdict, _ = agree(monkeypatch, build, question)
    assert verdict in ("violated", "holds")


# --- steps that read or write what was not watched; a refusal in a sentence is right, too


def raise_limit(current):
    yield "raise", "the limit"
    current.memcg.limit += 1


def set_flag(current):
    yield "set", "a flag"
    current.kernel.my_flag = True


def ask_flag(current):
    yield "ask for", "the flag"
    if getattr(current.kernel, "my_flag", False):
        current.kernel.busy_workers = 1


def asks_time(current):
    yield "ask", "the time"
    if current.kernel.jiffies >= 5:
        current.kernel.busy_workers = 1


def naps(current):
    yield "nap", "5 ticks"
    yield from schedule_timeout(current, TASK_INTERRUPTIBLE, 5)


def mlock(current):
    yield "mlock", "heap"
    current.mm.vmas[0].locked = True


def ask_locked(current):
    yield "ask for", "the lock bit"
    if any(vma.locked for mm in current.kernel.mms for vma in mm.vmas):
        current.kernel.busy_workers = 1


def numbers():
    yield 1
    yield 2


ITERATORS = {
    "generator": lambda: numbers(),
    "expression": lambda: (n for n in (1, 2)),
    "map": lambda: map(abs, (-1, -2)),
    "zip": lambda: zip((1, 2), (3, 4), strict=True),
    "enumerate": lambda: enumerate((5, 6)),
    "reversed": lambda: reversed([1, 2]),
    "dict": lambda: {1: 2, 2: 3},
    "filter": lambda: filter(None, (0, 1, 0, 2)),
    "items": lambda: {1: 2, 3: 4}.items(),
}


def loop(current, kind: str):
    for _ in ITERATORS[kind]():
        yield "count", kind
        current.kernel.busy_workers += 1


def local_containers(current):
    seen, waiting = set(), deque([1, 2])
    while waiting:
        yield "take", "one"
        seen.add(waiting.popleft())
    current.kernel.busy_workers = len(seen)


def yields_a_list(current):
    yield from [("first", "step"), ("second", "step")]
    current.kernel.busy_workers += 1


def busy(number: int):
    return lambda kernel: kernel.busy_workers == number


def in_a_memcg(*programs):
    def build(policy) -> Kernel:
        kernel = Kernel(policy, 256, min_kbytes=32)
        memcg = kernel.new_memcg("memcg1", limit=2)
        for number, program in enumerate(programs):
            kernel.spawn(f"t{number}", program, vmas=heap(1), memcg=memcg if number < 2 else None)
        return kernel

    return build


def right_or_refused(monkeypatch, build, question, words=".", **more):
    """The same as the plain search, or a sentence that says why not; never a wrong answer."""
    try:
        return agree(monkeypatch, build, question, **more)
    except ValueError as refusal:
        assert "\n" not in str(refusal)
        return "refused", str(refusal)


def test_a_limit_that_a_program_raises(monkeypatch):
    build = in_a_memcg(((raise_limit,),), ((touch, "heap", 2),))
    for pages in range(2, 7):
        agree(monkeypatch, build, lambda k, n=pages: k.memcgs[0].usage == n, policy="linux-5.4")
    agree(monkeypatch, build, lambda k: k.memcgs[0].limit == 3)


def test_an_attribute_that_no_class_declares(monkeypatch):
    """Refused by its name where it is written."""
    build = machine(((set_flag,),), ((ask_flag,),))
    monkeypatch.setitem(oomlab.SCENARIOS, "kind", build)
    for reductions in REDUCTIONS:
        with pytest.raises(ValueError, match="my_flag"):
            explore("kind", "linux-4.4", busy(1), **reductions)


@pytest.mark.parametrize("clock", ["any", "ordered", "urgent"])
def test_a_program_that_asks_the_time(monkeypatch, clock):
    build = machine(((asks_time,),), ((naps,),))
    verdict, what = right_or_refused(monkeypatch, build, busy(1), clock=clock)
    truth = "holds" if clock == "urgent" else "violated"  # it could run before any time passed
    assert verdict == truth or verdict == "refused" and "jiffies" in what


def test_a_vma_that_a_program_locks(monkeypatch):
    build = machine(((mlock,),), ((ask_locked,),), pages=1)
    assert agree(monkeypatch, build, busy(1)) == ("violated", 2)


@pytest.mark.parametrize(
    "kind",
    ["generator", "expression", "map", "zip", "enumerate", "reversed", "dict", "filter", "items"],
)
def test_any_iterator_in_a_loop(monkeypatch, kind):
    build = machine(((loop, kind),), ((loop, kind),))
    verdict, what = right_or_refused(monkeypatch, build, busy(3))
    assert (verdict, what) == ("violated", 3) or verdict == "refused"
    verdict, _ = right_or_refused(monkeypatch, build, busy(5))
    assert verdict in ("holds", "refused")


@pytest.mark.parametrize(
    "program, most",
    [
        (local_containers, 2),
        (yields_a_list, 2),
    ],
)
def test_containers_and_delegation(monkeypatch, program, most):
    build = machine(((program,),), ((program,),))
    verdict, what = right_or_refused(monkeypatch, build, busy(most))
    assert verdict in ("violated", "refused"), what
    assert right_or_refused(monkeypatch, build, busy(3))[0] in ("holds", "refused")


def test_unmapped_then_touched(monkeypatch):
    build = machine(((munmap, "heap"), (touch, "heap", 1)), ((touch, "heap", 1),), pages=1)
    gone = agree(monkeypatch, build, lambda k: [t.name for t in k.tasks][1:] == ["t1"])
    assert gone[0] == "violated"


# --- forks: who is born when, and what a new task is like


def parents(current, name: str):
    yield from fork(current, name, ((sleep, 1),), vmas=(VMA("heap", "anon", 1),))


def two_parents(policy) -> Kernel:
    kernel = Kernel(policy, 256, min_kbytes=32)
    for name in ("c1", "c2"):
        kernel.spawn(f"parent of {name}", ((parents, name), (pause,)))
    return kernel


@pytest.mark.parametrize(
    "question",
    [
        lambda k: [t.name for t in k.tasks if t.name[0] == "c"] == ["c2", "c1"],
        lambda k: [t.name for t in k.tasks if t.name[0] == "c"] == ["c1"],
        lambda k: any(t.name == "c2" and t.pid == 102 for t in k.tasks),
        lambda k: any(t.name == "c1" and t.parent is k.init for t in k.tasks),
        lambda k: len(k.mms) == 5 and k.mms[-1].name == "c1",
        lambda k: [len(t.program) for t in k.tasks][1:] == [2, 2, 1],
    ],
)
def test_forks(monkeypatch, question):
    agree(monkeypatch, two_parents, question)


def born_and_gone(policy) -> Kernel:
    kernel = Kernel(policy, 256, min_kbytes=32)
    for name in ("c1", "c2"):
        kernel.spawn(f"parent of {name}", ((parents, name),))
    return kernel


def test_children_in_the_other_order_when_their_parents_are_gone(monkeypatch):
    def orphans(kernel) -> bool:
        return [t.name for t in kernel.tasks] == ["init", "c2", "c1"]

    assert agree(monkeypatch, born_and_gone, orphans)[0] == "violated"


@pytest.mark.parametrize("program", [((parents, "c"), (wait4,), (parents, "c"), (wait4,))])
def test_a_child_after_a_child(monkeypatch, program):
    build = machine(program, ((touch, "heap", 1),))
    agree(monkeypatch, build, lambda k: any(t.pid == 103 and k.zone.free < 230 for t in k.tasks))
    agree(monkeypatch, build, lambda k: len(k.tasks) == 2 and k.next_pid == 104)


# --- the bound, and the order of preference


def waits_in_front(kernel) -> bool:
    return [task.name for task in kernel.oom_lock.waiters[:2]] == ["thread2", "thread1"]


def test_what_is_near_is_found_within_the_bound():
    """Six steps away, behind 100,000 states that a search depth first would see before."""
    found = explore("lost-victim", "handa", waits_in_front, victims=6, max_states=5000)
    assert found.verdict == "violated" and len(found.pids) == 6


@pytest.mark.parametrize("most", [5, 50, 100, 209, 210, 211])
def test_no_bound_hides_what_the_plain_search_finds_within_it(most):
    """Whatever it says, it says no less than the plain search with the same bound."""
    for question in (lambda k: len(marked(k)) == 2, lambda k: False):
        verdict, schedule, *_ = plain.explore(
            lambda: oomlab.build("lost-victim", "handa", vmas=1)[0], question, max_states=most
        )
        found = explore("lost-victim", "handa", question, vmas=1, max_states=most)
        assert found.verdict == verdict or verdict == "bound-reached"
        if verdict == "violated":
            assert len(found.pids) == len(schedule)


def fewest_switches(build, question) -> int:
    """By looking at every state with every task that may have moved last."""
    switches, seen, todo = 0, set(), [((), None)]
    while todo:
        later = []
        while todo:
            schedule, last = todo.pop()
            kernel = plain.reach(build, list(schedule))
            key = plain.fingerprint(kernel), last
            if key in seen:
                continue
            seen.add(key)
            if question(kernel):
                return switches
            for entry in plain.enabled(kernel):
                pid = entry if isinstance(entry, int) else entry[0]
                near = todo if last in (None, pid) else later
                near.append(((*schedule, entry), pid))
        todo, switches = later, switches + 1
    raise AssertionError("never violated")


@pytest.mark.parametrize(
    "scenario, policy, prop, settings",
    [
        ("second-oom", "mm-2015-12", "no-victim-lost", {}),
        ("self-marked", "rfc-2015-11-25", "no-use-after-free", {}),
        ("lost-victim", "rfc-2015-11-25", "no-victim-lost", {"vmas": 1}),
    ],
)
def test_fewest_context_switches(scenario, policy, prop, settings):
    found = explore(scenario, policy, prop, prefer="switches", **settings)
    truth = fewest_switches(
        lambda: oomlab.build(scenario, policy, **settings)[0], oomlab.PROPERTIES[prop].question
    )
    assert found.switches() == truth
    if scenario == "second-oom":
        assert truth == 3


# --- what a monitor is told


def words_of_free(memory, step):
    return memory or (step["does"] == "free 2 pages" and step["task"] == "t1") or None


def grabs(current, pages: int):
    yield "grab", "pages"
    current.kernel.zone.free -= pages
    current.kernel.tasks[-1].kernel_pages += pages


def gives(current):
    yield "think of", "freeing"
    yield "free", f"{current.kernel_pages} pages"
    current.kernel.zone.free_pages(current.kernel_pages)
    current.kernel_pages = 0


def test_words_that_depend_on_the_state(monkeypatch):
    monkeypatch.setitem(oomlab.SCENARIOS, "kind", machine(((grabs, 2),), ((gives,),)))
    found = explore("kind", "linux-4.4", words_of_free)
    assert found.verdict == "violated" and found.schedule[-1]["does"] == "free 2 pages"
    assert len(found.pids) == 3


def test_a_default_argument_makes_no_monitor(monkeypatch):
    def bad(kernel, name="x"):
        return len(kernel.tasks) == 2

    monkeypatch.setitem(oomlab.SCENARIOS, "kind", machine(((touch, "heap", 1),), ((pause,),)))
    assert explore("kind", "linux-4.4", bad).verdict == "violated"


def wakes_all(current):
    yield "wake", "all"
    for task in list(current.kernel.tasks):
        if task is not current and task.name != "init":
            wake_up_process(task)


def test_a_task_that_is_woken_before_its_timer(monkeypatch):
    build = machine(((naps,), (naps,)), ((wakes_all,),))
    agree(monkeypatch, build, lambda k: len(k.tasks) == 2 and len(k.timers) == 1)
    agree(monkeypatch, build, lambda k: len(k.tasks) == 2 and not k.timers)


def closes_over(current):
    total = [0]

    def add(n):
        total[0] += n
        return total[0]

    yield "add", "1"
    add(1)


def starts_another(current):
    yield "before", ""
    current.kernel.spawn("late", ((closes_over,),))
    yield "after", ""


def test_a_function_made_by_a_step_for_a_new_task_is_refused(monkeypatch):
    """It was found by the look at what the new task holds, and taken for one of the start."""

    def scenario(policy):
        kernel = Kernel(policy, 64)
        kernel.spawn("t", ((starts_another,),))
        return kernel

    monkeypatch.setitem(oomlab.SCENARIOS, "odd", scenario)
    with pytest.raises(ValueError, match="add is made by a step and kept over a yield"):
        oomlab.explore("odd", "linux-4.4", lambda kernel: False)
