"""Every schedule: races are found, fixed versions are clean, reductions change nothing."""

import ast
from pathlib import Path

import pytest

import oomlab
from oomlab import explore, hunt
from oomlab.explorer.compile import resumable

THIEF = {"thieves": 1, "dying": 1, "need": 2, "pages": 2, "reserve": 2}
TIGHT = {"reaper": "none", "thieves": 0, "dying": 2, "need": 2, "pages": 2}
TWICE = {"oom_kill_allocating_task": True}


@pytest.mark.parametrize(
    "scenario, policy, prop, settings",
    [
        ("lost-victim", "rfc-2015-11-25", "no-victim-lost", {}),  # (a) M16
        ("lost-victim", "mm-2015-12", "no-victim-lost", {}),
        ("self-marked", "rfc-2015-11-25", "no-use-after-free", {}),  # (b) M23
        ("second-oom", "rfc-2015-11-27", "no-use-after-free", {}),
        (
            "hidden-sharer",
            "rfc-2015-11-25",
            "no-live-task-reaped",
            {"sharer": "killable"},
        ),  # (c) M13
        ("second-oom", "mm-2015-12", "no-victim-lost", {}),  # (d) 03049269de43, M29
        ("killed-twice", "queue-2016-02", "list-intact", TWICE),  # (e) 855b01832573
        ("page-thieves", "handa", "dying-exit", TIGHT | {"reserve": 2}),  # (f) M(r-1)
        ("page-thieves", "rfc-2015-11-25", "dying-exit", THIEF),  # (g) starved
        ("page-thieves", "rfc-2015-11-25", "dying-exit", THIEF | {"circulate": 1}),
        ("lost-victim", "rfc-xchg", "no-victim-lost", {"victims": 3}),  # (h)
    ],
)
def test_race_is_found(scenario, policy, prop, settings):
    found = explore(scenario, policy, prop, **settings)
    assert found.verdict == "violated"
    assert len(found.schedule) == len(found.pids)


@pytest.mark.parametrize(
    "scenario, policy, prop, settings",
    [
        ("lost-victim", "handa", "no-victim-lost", {"victims": 3}),
        ("lost-victim", "kmallocwd", "no-victim-lost", {}),
        ("lost-victim", "linux-4.6", "no-victim-lost", {"victims": 3}),
        ("lost-victim", "linux-6.12", "no-victim-lost", {"victims": 3}),
        ("self-marked", "mm-2015-12", "no-use-after-free", {}),
        ("second-oom", "mm-2015-12", "no-use-after-free", {}),
        ("hidden-sharer", "rfc-2015-11-27", "no-live-task-reaped", {"sharer": "killable"}),
        ("hidden-sharer", "linux-4.6", "no-live-task-reaped", {"sharer": "killable"}),
        ("second-oom", "linux-4.6", "no-victim-lost", {}),
        ("killed-twice", "linux-4.6", "list-intact", TWICE),
        ("page-thieves", "handa", "dying-exit", TIGHT | {"reserve": 3}),
        ("page-thieves", "handa", "dying-exit", THIEF),
        ("page-thieves", "handa", "dying-exit", THIEF | {"circulate": 1}),
    ],
)
def test_fixed_version_is_clean(scenario, policy, prop, settings):
    found = explore(scenario, policy, prop, **settings)
    assert found.verdict == "holds", found.markdown()


def does(found, text: str) -> list[int]:
    return [step["step"] for step in found.schedule if text in step["does"]]


def test_the_counterexample_is_the_mail():
    """The seven steps of M16, each found in the schedule, in the mail's order."""
    found = explore("lost-victim", "rfc-2015-11-25", prefer="switches")
    first, second = [s["does"].split()[1] for s in found.schedule if "SIGKILL" in s["does"]]
    assert first != second
    published, refused = does(found, "cmpxchg mm_to_reap")
    steps = [
        does(found, f"SIGKILL {first}")[0],  # (1) memcg1 OOM: the first victim is chosen
        published,  # (2) its mm is passed to the reaper
        does(found, f"read-trylock mmap_sem of {first}")[0],  # (3) the reaper starts on it
        does(found, f"SIGKILL {second}")[0],  # (4) memcg2 OOM: the second victim
        refused,  # (5) it is not passed on
        does(found, "clear mm_to_reap")[0],  # (6) the reaper finishes
        does(found, "read mm_to_reap")[-1],  # (7) and finds nothing more to do
    ]
    assert steps[:2] == sorted(steps[:2])
    assert steps[3:] == sorted(steps[3:])
    assert steps[1] < steps[2] < steps[5] and steps[1] < steps[4] < steps[5]
    assert not does(found, f"trylock mmap_sem of {second}")


def test_lost_even_after_the_last_vma():
    """The window stays open until the slot is cleared."""

    def lost_late(kernel) -> bool:
        slot = kernel.mm_to_reap
        refused = [t for t in kernel.tasks if t.marked is not None and t.mm is not slot]
        done = slot is not None and not any(vma.pages for vma in slot.vmas)
        return bool(done and refused and kernel.oom_lock.owner is None)

    found = explore("lost-victim", "rfc-2015-11-25", lost_late)
    assert found.verdict == "violated"
    assert does(found, "cmpxchg mm_to_reap")[-1] > does(found, "reap vma2")[0]


def test_a_slot_emptied_first_loses_the_third_not_the_second():
    """(h): once the reaper has taken the first victim, the slot has room for one more."""

    def lost_while_reaping(kernel) -> bool:
        reaping = any(t.mm is not None and t.mm.reaped is not None for t in kernel.tasks)
        waiting = [
            t
            for t in kernel.tasks
            if t.marked is not None and t.mm.reaped is None and t.mm is not kernel.mm_to_reap
        ]
        return reaping and bool(waiting) and kernel.oom_lock.owner is None

    def victims(kernel) -> int:
        return sum(t.marked is not None for t in kernel.tasks)

    def third_lost(kernel) -> bool:
        return victims(kernel) == 3 and lost_while_reaping(kernel)

    assert explore("lost-victim", "rfc-xchg", third_lost, victims=3).verdict == "violated"


def test_the_schedule_replays_to_the_same_end():
    found = explore("lost-victim", "rfc-2015-11-25")
    run = oomlab.run("lost-victim", "rfc-2015-11-25", schedule=found.pids)
    assert run.outcome.verdict == "lost-victim"
    assert [s.task for s in run.steps] == [s["task"] for s in found.schedule]


def test_fewest_switches_is_no_more_than_the_shortest_has():
    steps = explore("lost-victim", "rfc-2015-11-25")
    switches = explore("lost-victim", "rfc-2015-11-25", prefer="switches")
    assert switches.switches() < steps.switches()
    assert len(switches.pids) >= len(steps.pids)


def test_what_a_property_looks_at_is_not_passed_over():
    """Reaping between two VMAs is local, unless a property asks for just that."""

    def half_reaped(kernel) -> bool:
        mms = [task.mm for task in kernel.tasks if task.mm is not None]
        return any(0 < sum(vma.pages > 0 for vma in mm.vmas) < len(mm.vmas) for mm in mms)

    found = explore("lost-victim", "handa", half_reaped, victims=3)
    assert found.verdict == "violated" and found.schedule[-1]["does"].startswith("reap vma")


@pytest.mark.parametrize("policy, slot", [("handa", False), ("rfc-2015-11-27", True)])
@pytest.mark.parametrize("victims, vmas", [(1, 1), (2, 1), (2, 2), (3, 1)])
def test_an_independent_search_counts_the_same_states(policy, slot, victims, vmas):
    """An oracle without kernel and explorer: killers, a reaper and a hand-off, as plain tuples."""
    found = explore(
        "lost-victim",
        policy,
        lambda kernel: False,
        victims=victims,
        vmas=vmas,
        symmetry=False,
    )
    assert (found.states, found.transitions) == on_paper(slot, victims, vmas)


def on_paper(slot: bool, victims: int, vmas: int) -> tuple[int, int]:
    """All states and transitions of lost-victim with a slot (pinned late) or a list."""
    start = (("fault",) * victims, (), (), "read" if slot else "asleep", None, frozenset())
    seen, todo, transitions = {start}, [start], 0
    for state in todo:  # grows
        for new in [after(state, who, slot, vmas) for who in range(victims + 1)]:
            if new is not None:
                transitions += 1
                if new not in seen:
                    seen.add(new)
                    todo.append(new)
    return len(seen), transitions


KILLER = {"fault": "lock", "woken": "kill", "kill": "mark", "pin": "wake", "exit": "dead"}
HOLDS_OOM_LOCK = {"woken", "kill", "mark", "queue", "publish", "pin", "wake"}


def after(state: tuple, who: int, slot: bool, vmas: int) -> tuple | None:
    """The state after a step of killer number `who`, or of the reaper; None if it sleeps."""
    killers, waiters, handed, reaper, victim, done = state
    if who == len(killers):
        return after_reaper(state, slot, vmas)
    now, then, at = killers[who], list(killers), who
    then[at] = KILLER.get(now, "exit")
    if now in ("blocked", "dead"):
        return None
    if now == "lock":
        then[at] = "blocked" if HOLDS_OOM_LOCK & set(killers) else "kill"
        waiters += (who,) if then[at] == "blocked" else ()
    elif now == "mark":
        then[at] = "publish" if slot else "queue"
    elif now == "publish" and not handed:
        handed, then[at] = (who,), "pin"
    elif now == "queue":
        handed = (who, *handed)
    if now in ("queue", "wake") and reaper == "asleep":
        reaper = "roused"
    if then[at] == "exit" and waiters:  # the lock is handed over
        then[waiters[0]], waiters = "woken", waiters[1:]
    return tuple(then), waiters, handed, reaper, victim, done


def after_reaper(state: tuple, slot: bool, vmas: int) -> tuple | None:
    killers, waiters, handed, reaper, victim, done = state
    if reaper == "asleep":
        return None
    if reaper == "clear":
        handed, reaper = (), "read"
    elif reaper == "roused":
        reaper = "read"
    elif reaper == "read" and not handed:
        reaper = "asleep"
    elif reaper == "read":
        victim, reaper, handed = handed[0], "trylock", handed if slot else handed[1:]
    elif reaper == "trylock":
        reaper = 1
    elif reaper < vmas:
        reaper += 1
    else:
        done, victim = done | {victim}, None
        reaper = "clear" if slot else "read" if handed else "asleep"
    return killers, waiters, handed, reaper, victim, done


def test_a_hunt_finds_what_is_too_large_to_exhaust():
    found = hunt("lost-victim", "rfc-2015-11-25", victims=6, vmas=6, runs=300, seed=1)
    assert found.verdict == "violated"
    run = oomlab.run("lost-victim", "rfc-2015-11-25", schedule=found.pids, victims=6, vmas=6)
    assert run.outcome.verdict == "lost-victim"


def test_a_hunt_without_a_find_names_its_chance():
    found = hunt("lost-victim", "handa", runs=20, seed=1)
    assert found.verdict == "bound-reached"
    assert 0 < found.bound["missed_with_chance"] < 1 and "chance" in found.sentence()
    again = hunt("lost-victim", "handa", runs=20, seed=1)
    assert (again.states, again.bound) == (found.states, found.bound)
    with pytest.raises(ValueError, match="for ever"):
        hunt("page-thieves", property="dying-exit")


def test_bounds_are_named():
    found = explore("lost-victim", "handa", victims=4, max_states=100)
    assert found.verdict == "bound-reached" and found.bound["max_states"] == 100
    assert "before the search was ended" in found.sentence()
    assert f"{found.states} states" in found.sentence()


def test_an_interrupt_keeps_what_is_known():
    def stop(states, waiting, seconds):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt) as stopped:
        explore("lost-victim", "kmallocwd", victims=3, progress=stop)
    found = stopped.value.found
    assert found.verdict == "bound-reached" and found.bound["interrupted"] and found.states > 0
    assert found.sentence() in str(stopped.value)


@pytest.mark.parametrize(
    "call, word",
    [
        (lambda: explore("lost-victm"), "lost-victim"),
        (lambda: explore("lost-victim", property="no-victims-lost"), "no-victim-lost"),
        (lambda: explore("lost-victim", prefer="luck"), "steps"),
    ],
)
def test_wrong_names(call, word):
    with pytest.raises(ValueError, match=word):
        call()


def test_a_slow_answer_says_why():
    """Pages that many tasks count down: one step in four reads a number that none did before."""
    slow = explore("page-thieves", "linux-4.4", lambda kernel: False, max_states=3_500, audit=0)
    assert "it was slow: " in slow.sentence() and "had to be run" in slow.sentence()
    sizes = {"victims": 3, "vmas": 3, "symmetry": False}
    quick = explore("lost-victim", "handa", lambda kernel: False, audit=0, **sizes)
    assert quick.transitions > 10_000 and "slow" not in quick.sentence()


def test_trees_on_which_another_program_wrote_are_copied():
    """IPython hangs a parent on each node of a file when it shows a traceback: also on those that
    are one object for all trees, such as ast.Load(). After any error in a notebook a first
    exploration ended in a RecursionError.
    """
    tree = ast.parse(Path(oomlab.__file__).read_text())
    for node in ast.walk(tree):
        for child in ast.iter_child_nodes(node):
            vars(child)["parent"] = node
    try:
        resumable.cache_clear()
        assert "parent" in vars(ast.parse("a").body[0].value.ctx)
        assert explore("lost-victim", "handa", vmas=1).verdict == "holds"
    finally:
        for node in ast.walk(tree):
            vars(node).pop("parent", None)


def test_each_scenario_can_be_explored():
    """None is refused for how the model is written; the releases take turns."""
    releases = [name for name in oomlab.PRESETS if name.startswith("linux-")]
    for number, scenario in enumerate(oomlab.SCENARIOS):
        policy = releases[number % len(releases)]
        try:
            explore(scenario, policy, max_states=60)
        except Exception as wrong:
            raise AssertionError(f"{scenario} under {policy}: {wrong}") from wrong
