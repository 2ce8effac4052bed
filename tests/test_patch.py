"""A patch is a policy: functions of the model replaced for it alone."""

import json
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from types import FunctionType

import pytest

import oomlab
from oomlab.lab import PolicyLab
from oomlab.lab.discussion_sheet import discussion_sheet
from oomlab.lab.run_page import differs
from oomlab.model.mm import mmdrop, mmgrab
from oomlab.model.reaper import oom_reap_task
from oomlab.simulate.patch_text import (
    model_names,
    patch,
    patch_text,
    read_patch,
    whose_failure,
)


def fill_slot(current, task, mm):
    """A slot for each memcg instead of one for all."""
    mmgrab(mm)
    yield "cmpxchg", "memcg.oom_slot"
    if task.memcg.oom_slot is not None:
        mmdrop(mm)
        return
    task.memcg.oom_slot = mm
    yield "wake", "oom_reaper"
    current.kernel.oom_reaper_wait.wake_up()


def first_full(kernel):
    return next((memcg for memcg in kernel.memcgs if memcg.oom_slot is not None), None)


def oom_reaper_slot(current):
    while True:
        yield "read", "memcg.oom_slot"
        memcg = first_full(current.kernel)
        if memcg is None:
            yield from current.kernel.oom_reaper_wait.wait(current)
            continue
        yield from oom_reap_task(current, None, memcg.oom_slot)
        mmdrop(memcg.oom_slot)
        yield "clear", "memcg.oom_slot"
        memcg.oom_slot = None


SLOTS = patch(
    "mm-2015-12",
    fill_slot=fill_slot,
    oom_reaper_slot=oom_reaper_slot,
    state={"memcg.oom_slot": None},
    name="slot per memcg",
)


def nothing(current, task, mm):
    """A hand-off that hands nothing over."""
    if False:
        yield


def test_a_patch_changes_its_policy_and_no_other():
    assert oomlab.run("lost-victim", SLOTS, seed=1).outcome.verdict == "recovered"
    assert oomlab.run("lost-victim", "mm-2015-12", seed=1).outcome.verdict == "lost-victim"
    assert oomlab.run("lost-victim", SLOTS, seed=1).outcome.verdict == "recovered"


def test_a_patch_is_explored():
    assert oomlab.explore("lost-victim", SLOTS).verdict == "holds"
    assert oomlab.explore("lost-victim", "mm-2015-12").verdict == "violated"


def test_two_patches_live_in_two_threads():
    forgets = patch("linux-4.6", wake_oom_reaper=nothing, name="forgets")
    policies = [SLOTS, forgets, "mm-2015-12", "linux-4.6"] * 6
    alone = [oomlab.run("lost-victim", policy, seed=2).outcome for policy in policies]
    with ThreadPoolExecutor(4) as pool:
        together = pool.map(lambda p: oomlab.run("lost-victim", p, seed=2).outcome, policies)
    assert list(together) == alone


def test_a_plain_function_may_be_replaced_too():
    def oom_badness(task, totalpages, policy, memcg=None):
        return 1 if task.name == "chosen" and not task.sigkill else None

    mine = patch("linux-4.4", oom_badness=oom_badness, name="mine")
    run = oomlab.run("page-thieves", mine, seed=1)
    assert run.outcome.verdict == "panic"  # no task is killable


def test_a_kthread_of_its_own():
    def janitor(current):
        while True:
            yield "look through", "the task list"
            yield from current.kernel.oom_reaper_wait.wait(current)

    mine = patch("linux-4.6", name="with a janitor", kthreads={"janitor": janitor})
    run = oomlab.run("lost-victim", mine, seed=1)
    assert "janitor" in {step.task for step in run.steps}


def test_a_patch_may_use_every_constant_of_the_model():
    """And a mark of its own, compared by what it is. Modules' own tools are refused."""
    tools = {"inspect", "sys", "threads", "KNOBS"}
    values = model_names().items()
    names = [n for n, v in values if not isinstance(v, FunctionType) and n not in tools]
    assert "ABORT" in names and len(names) > 90
    body = "\n    ".join(
        [
            f"chosen = ABORT, MARK if ({', '.join(names)}) else None",
            "yield 'keep', 'a mark'",
            "if chosen[0] is not ABORT or chosen[1] is not MARK: raise AssertionError(chosen)",
        ]
    )
    head = "base = 'linux-4.6'\nMARK = object()\n"
    mine = read_patch(f"{head}def wake_oom_reaper(current, task, mm):\n    {body}\n", "mine.py")
    found = oomlab.explore("lost-victim", mine, victims=1)
    assert found.verdict == "violated" and found.run().outcome.lost


@pytest.mark.parametrize("name", ["inspect", "sys", "threads", "KNOBS"])
def test_what_a_patch_may_not_use_is_told_by_name(name):
    text = f"base = 'linux-4.6'\ndef wake_oom_reaper(current, task, mm):\n    yield {name}, 'x'\n"
    with pytest.raises(ValueError, match=name) as wrong:
        oomlab.explore("lost-victim", read_patch(text, "mine.py"))
    assert "\n" not in str(wrong.value)


def test_a_patch_becomes_text_and_comes_back():
    text = patch_text(SLOTS)
    again = read_patch(text, "slots.py")
    assert patch_text(again) == text and "first_full" in text
    for seed in range(5):
        a, b = (oomlab.run("lost-victim", policy, seed=seed) for policy in (SLOTS, again))
        assert a.steps == b.steps


def test_the_text_carries_the_knobs():
    text = patch_text(replace(SLOTS, reaper_naps=False))
    assert "'reaper_naps': False" in text and not read_patch(text, "x.py").reaper_naps


@pytest.mark.parametrize(
    "functions, sentence",
    [
        ({"no_such_function": nothing}, "no function no_such_function"),
        ({"schedule": nothing}, r"the method \w+\.\w+ calls it"),
        ({"oom_badness": nothing}, "must not have a yield"),
        ({"wake_oom_reaper": lambda current, task, mm: None}, "must have a yield"),
        ({"oom_reap_task": lambda: (yield)}, "must take the arguments"),
        ({"wake_oom_reaper": 3}, "is no Python function"),
    ],
)
def test_what_cannot_be_replaced_is_refused(functions, sentence):
    with pytest.raises(ValueError, match=sentence):
        patch("linux-4.6", name="wrong", **functions)


@pytest.mark.parametrize(
    "state, sentence",
    [
        ({"slot": None}, "write it as class.attribute"),
        ({"vma.slot": None}, "write it as class.attribute"),
        ({"memcg.charge": 3}, "has that already"),
        ({"memcg.a b": 3}, "write it as class.attribute"),
    ],
)
def test_state_that_cannot_be_declared_is_refused(state, sentence):
    with pytest.raises(ValueError, match=sentence):
        patch("linux-4.6", name="wrong", state=state)


@pytest.mark.parametrize(
    "text, sentence",
    [
        ("x = = 1", "line 1"),
        ("1/0", "ZeroDivisionError"),
        ("def enqueue(task): pass", "must say what it changes"),
        ("base = 'linux-4.6'", "replaces no function"),
        ("base = 'linux-9'\ndef enqueue(task): pass", "no policy 'linux-9'"),
        ("base = 3\ndef enqueue(task): pass", "base must be a str"),
    ],
)
def test_text_that_is_no_patch_is_refused(text, sentence):
    with pytest.raises(ValueError, match=sentence):
        read_patch(text)


def from_file(name):
    path = Path(__file__).parents[1] / "sheets" / "patches" / name
    return read_patch(path.read_text(encoding="utf-8"), name)


def test_a_patch_may_call_what_it_replaces():
    five = from_file("five-seconds.py")
    assert oomlab.run("invisible-dependency", "linux-4.4").outcome.verdict == "deadlock"
    run = oomlab.run("invisible-dependency", five)
    assert run.outcome.victims[:2] == ["hog", "writer1"]
    assert run.outcome.ticks >= 5 * 100  # not called stuck while its timer is pending
    again = read_patch(patch_text(five), "again.py")
    assert oomlab.run("invisible-dependency", again).steps == run.steps


def test_reading_and_clearing_is_not_an_exchange():
    two_steps = from_file("read-then-clear.py")
    assert oomlab.explore("lost-victim", two_steps).verdict == "violated"
    assert oomlab.explore("lost-victim", from_file("slot-per-memcg.py")).verdict == "holds"


def test_a_function_of_another_name_travels_under_the_one_it_replaces():
    mine = patch("linux-4.6", wake_oom_reaper=nothing, name="mine")
    text = patch_text(mine)
    assert "def wake_oom_reaper(" in text
    assert read_patch(text, "a.py").patch.functions.keys() == {"wake_oom_reaper"}
    first, second = read_patch(text, "p.py"), read_patch(patch_text(SLOTS), "p.py")
    assert patch_text(first) == text and "fill_slot" in patch_text(second)


WITHIN = """base = "linux-4.6"


def wake_oom_reaper(current, task, mm):
    {does}
    yield "wake", "oom_reaper"
"""


@pytest.mark.parametrize(
    "does, line",
    [
        ("task.no_such_thing += 1", 5),
        ("mmgrab(None)", 5),  # it is the model that raises, for what the patch gave it
        ("yield from oom_reap_task(current)", 5),
    ],
)
def test_a_failure_of_a_patch_is_not_called_oomlabs_own(does, line):
    policy = read_patch(WITHIN.format(does=does), "mine.py")
    with pytest.raises((AttributeError, TypeError)) as wrong:
        oomlab.run("lost-victim", policy)
    assert whose_failure(wrong.value).startswith(f"the patch failed in line {line}: ")
    lab = PolicyLab("lost-victim", policies=["linux-4.6", policy])
    lab.answer(lab, {"do": "change", "with": {"policy": policy.name}}, [])
    assert json.loads(lab.view)["error"].startswith(f"the patch failed in line {line}: ")
    assert whose_failure(KeyError("x")) == "oomlab itself failed: KeyError: 'x'."


def test_state_that_was_not_declared_is_one_sentence_that_says_how():
    """Read or written, of each kind of object, in a run, a sweep, a search and a hunt."""
    for owner, does in (
        ("task", "task.expired = True"),
        ("task", "assert not task.expired"),
        ("mm", "mm.expired = True"),
        ("kernel", "current.kernel.expired += 1"),
        ("signal", "task.signal.expired = 1"),
    ):
        mine = read_patch(WITHIN.format(does=does), "mine.py")
        for way in (
            lambda mine=mine: oomlab.run("lost-victim", mine),
            lambda mine=mine: oomlab.run("lost-victim", mine, trace=False),
            lambda mine=mine: oomlab.sweep("lost-victim", [mine], range(2)),
            lambda mine=mine: oomlab.explore("lost-victim", mine),
            lambda mine=mine: oomlab.hunt("lost-victim", mine, "no-victim-lost", runs=9),
        ):
            with pytest.raises((AttributeError, ValueError)) as wrong:
                way()
            said = str(wrong.value)
            assert f'declares it, with its first value: state={{"{owner}.expired": ...}}' in said
            assert "wake_oom_reaper" in said and "\n" not in said, does
            if isinstance(wrong.value, AttributeError):
                assert " ".join(wrong.value._render_traceback_()) == said


def test_stop_in_a_loop_of_a_patch_is_one_sentence_with_its_line(monkeypatch):
    def oom_evaluate_task(task, oc, policy):
        for _ in range(3):
            raise KeyboardInterrupt

    mine = patch("rfc-2015-11-27", oom_evaluate_task=oom_evaluate_task, name="mine")
    with pytest.raises(KeyboardInterrupt) as stopped:
        oomlab.run("page-thieves", mine)
    lines = stopped.value._render_traceback_()
    assert max(map(len, lines)) <= 84 and " ".join(lines) == (
        "Stopped: the run of page-thieves under mine was not over. It was at line 3 of "
        "oom_evaluate_task() of the patch: does a loop there never end?"
    )

    def stop(*given, **more):
        raise KeyboardInterrupt

    monkeypatch.setattr(sys.modules["oomlab.simulate.run"], "run_seeded", stop)
    with pytest.raises(KeyboardInterrupt, match="the run of marks under linux-4.4 was not over.$"):
        oomlab.run("marks")


@pytest.mark.parametrize(
    "ends",
    [
        "def do_exit(current):\n    yield from exit_mm(current)\n",
        "def janitor(current):\n    yield 'look at', 'the list'\nkthreads = {'janitor': janitor}\n",
    ],
)
def test_a_thread_that_is_over_and_whose_task_is_not_gone_is_one_sentence(ends):
    mine = read_patch(f"base = 'linux-4.6'\nname = 'ends'\n{ends}", "ends.py")
    said = set()
    for way in (
        lambda: oomlab.run("second-oom", mine),
        lambda: oomlab.run("second-oom", mine, trace=False),
        lambda: oomlab.sweep("second-oom", [mine], range(2)),
        lambda: oomlab.explore("second-oom", mine, "no-victim-lost"),
        lambda: oomlab.hunt("second-oom", mine, "no-victim-lost", runs=5),
    ):
        with pytest.raises(ValueError, match="is over, and release_task") as wrong:
            way()
        said.add(str(wrong.value))
    assert len(said) == 1 and "\n" not in said.pop()


def test_two_policies_that_differ_in_a_patch_alone_differ():
    """A patch is no knob: whoever compares policies says both."""
    bare = replace(SLOTS, patch=None)
    assert oomlab.difference(SLOTS, bare) == {}
    runs = [oomlab.run("lost-victim", policy, seed=0) for policy in (SLOTS, bare)]
    assert "differ in functions of a patch." in discussion_sheet(runs)
    assert "differ in functions of a patch." in differs(SLOTS, bare)
