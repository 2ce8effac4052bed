"""The data behind every picture agrees with the run it comes from."""

from collections import Counter

import pytest

import oomlab
from oomlab.lab.machine_at import follow, machine_at
from oomlab.lab.timeline import STATES, lanes, moments, shown_steps, takers
from oomlab.simulate.page_accounting import unaccounted
from oomlab.simulate.reported import stands_frozen

RUNS = [
    ("lost-victim", "rfc-2015-11-25"),
    ("page-thieves", "handa"),
    ("page-thieves", "rfc-2015-11-27"),
    ("mlocked-and-shared", "linux-4.6"),
    ("decoy-children", "linux-4.4"),
    ("oom-group", "linux-6.12"),
    ("suspend-race", "linux-4.6"),
    ("fork-bomb", "linux-4.6"),
]
each_run = pytest.mark.parametrize("run", [oomlab.run(*r) for r in RUNS], ids=map(str, RUNS))


@each_run
def test_the_machine_can_be_had_at_any_step(run):
    for step in run.steps[:900:53]:
        kernel = machine_at(run, step.number)
        assert (kernel.zone.free, kernel.jiffies) == (step.free, step.tick)
        assert unaccounted(kernel) == 0
    assert machine_at(run, 0).jiffies == 0


def test_the_machine_of_a_schedule_too():
    pids = [step.pid for step in oomlab.run("lost-victim", "linux-4.4").steps]
    run = oomlab.run("lost-victim", "linux-4.4", schedule=pids[:6])
    assert [machine_at(run, n).zone.free for n in range(1, 7)] == [step.free for step in run.steps]


@each_run
def test_a_lane_has_no_gap_and_no_overlap(run):
    for lane in lanes(run):
        assert {segment.state for segment in lane.segments} <= {*STATES}
        for before, after in zip(lane.segments, lane.segments[1:], strict=False):
            assert before.start < before.end <= after.start
            assert before[2:] != after[2:] or before.end < after.start


@each_run
def test_a_lane_says_what_its_task_did_last(run):
    rows = {lane.name: lane for lane in lanes(run)}
    for step in run.steps[: shown_steps(run)]:
        segment = rows[step.task].at(step.number - 1)
        if step.state == "dead":
            assert segment is None
        else:
            assert step.state == {"locked": "waiting"}.get(segment.state, segment.state)
            lock = "mutex" in segment.on or "mmap_sem" in segment.on
            assert lock == (segment.state == "locked")


SUSPENDS = [("suspend-race", name) for name in oomlab.PRESETS if name.startswith("linux-")]


@pytest.mark.parametrize("run", [*RUNS, *SUSPENDS], ids=map(str, [*RUNS, *SUSPENDS]))
@pytest.mark.parametrize("seed", [0, 3])
def test_a_lane_is_frozen_as_long_as_its_task_is(run, seed):
    """Also of a task that took no step, and slept when the freeze came; one that was woken has
    what its last step left it in, until its next.
    """
    run = oomlab.run(*run, seed=seed)
    rows = lanes(run)
    froze = False

    def compare(kernel, *_):
        nonlocal step, froze
        asleep = {task.name: stands_frozen(task) for task in kernel.tasks if task.state}
        for lane in rows:
            if lane.name in asleep:
                segment = lane.at(step)
                assert segment and (segment.state == "frozen") == asleep[lane.name], (step, lane)
                froze |= asleep[lane.name]
        step += 1

    step = 0
    follow(run, 0, shown_steps(run), lambda _: None, compare)
    assert froze == (run.scenario == "suspend-race")


@each_run
def test_every_victim_is_killed_in_its_lane_and_told_once(run):
    killed = {lane.name for lane in lanes(run) if any(f.kind == "killed" for f in lane.fates)}
    told = [moment.task for moment in moments(run) if moment.sentence.endswith("is killed")]
    assert {*run.outcome.victims} <= killed
    assert {*told} == {*run.outcome.victims}
    assert [m.step for m in moments(run)] == sorted(m.step for m in moments(run))


@each_run
def test_takers_take_what_the_outcome_counts(run):
    assert sum(pages for *_, pages in takers(run)) == sum(run.outcome.pages_to.values())


def test_a_steal_is_a_moment_and_a_dying_task_does_not_steal():
    kinds = Counter(m.kind for m in moments(oomlab.run("page-thieves", "rfc-2015-11-27")))
    assert kinds["steal"] >= 1
    run = oomlab.run("page-thieves", "handa")
    assert not [m for m in moments(run) if m.kind == "steal" and m.task.startswith("dying")]


def test_a_busy_slot_is_a_loss():
    for seed in range(50):
        run = oomlab.run("lost-victim", "rfc-2015-11-25", seed=seed)
        losses = {moment.task for moment in moments(run) if moment.kind == "loss"}
        assert {*run.outcome.lost} == losses
        if losses:
            return
    pytest.fail("in 50 seeds no victim was lost")


def test_an_endless_loop_is_cut_and_a_short_run_is_not():
    stuck, short = oomlab.run("page-thieves", "linux-4.4"), oomlab.run("lost-victim", "linux-4.4")
    assert shown_steps(stuck) < 1000 < len(stuck.steps)
    assert shown_steps(short) == len(short.steps)


def test_the_frozen_and_the_slow_path_have_states_of_their_own():
    frozen = oomlab.run("frozen-victim", "linux-4.6")
    assert lanes(frozen)[2].segments[0].state == "frozen"
    rows = {lane.name: lane for lane in lanes(oomlab.run("page-thieves", "linux-4.4"))}
    assert rows["dying1"].segments[-1].state == "allocating"


def test_every_lane_ends_when_the_machine_panics():
    run = oomlab.run("hidden-sharer", "linux-2.6.38", sharer="init")
    panic = next(event["step"] for event in run.events if event["event"] == "panic")
    assert run.outcome.verdict == "panic" and panic < len(run.trace)
    assert shown_steps(run) == panic
    assert {lane.segments[-1].end for lane in lanes(run)} == {panic}


def test_every_sigkill_is_told_and_memory_taken_by_user_space_too():
    """What the list of events leaves out has not happened for a reader."""
    for name in oomlab.SCENARIOS:
        run = oomlab.run(name, "linux-6.12")
        until, told = shown_steps(run), {m.task for m in moments(run) if m.kind == "kill"}
        hit = [op[1] for _, _, op, *_ in run.trace[:until] if op[0] == "SIGKILL"]
        named = {id(task.signal) for task in hit if task.name in told}
        assert not [task.name for task in hit if id(task.signal) not in named], name
    run = oomlab.run("user-space-killer", "linux-6.12")
    (taken,) = (moment for moment in moments(run) if moment.kind == "reap")
    assert taken.sentence == "oomd takes the memory of job"
    (job,) = (lane for lane in lanes(run) if lane.name == "job")
    assert [fate.kind for fate in job.fates] == ["killed", "reaped"]
    assert not any(m.kind == "reap" for m in moments(oomlab.run("user-space-killer", "linux-5.10")))
