"""The timer wheel: short timers are exact, long ones wait for their bucket, the newest first."""

import pytest

from oomlab import PRESETS
from oomlab.model.gfp import GFP_NOFS
from oomlab.model.kernel import LVL_START, Kernel
from oomlab.model.syscalls import sysrq_f
from oomlab.scenarios.programs import alloc, pause, repeat, sleep
from oomlab.scenarios.registry import heap
from oomlab.simulate.outcome import judge
from oomlab.simulate.scheduler import run_seeded


@pytest.fixture
def kernel():
    return Kernel(PRESETS["linux-4.4"], 1024)


def fired(kernel, until):
    """What fires, and when: [(tick, argument)]."""
    seen = []
    for timer in kernel.timers:
        timer.function = lambda argument: seen.append((kernel.jiffies, argument))
    while kernel.jiffies < until:
        kernel.jiffies += 1
        kernel.run_timers()
    return seen


def test_short_timers_fire_on_their_tick_in_the_order_they_were_made(kernel):
    for name in "ab":
        kernel.add_timer(LVL_START - 1, None, name)
    assert fired(kernel, 300) == [(63, "a"), (63, "b")]


@pytest.mark.parametrize("begun", range(0, 24, 5))
def test_long_timers_share_a_bucket_and_the_newest_fires_first(kernel, begun):
    kernel.jiffies = begun
    for name in "abc":
        kernel.add_timer(200, None, name)
    times, names = zip(*fired(kernel, 300), strict=True)
    assert names == ("c", "b", "a") and len(set(times)) == 1
    assert 0 < times[0] - begun - 200 <= kernel.wheel and times[0] % kernel.wheel == 0


def test_timers_of_different_buckets_fire_in_the_order_of_their_times(kernel):
    kernel.add_timer(200, None, "early")
    kernel.jiffies += kernel.wheel
    kernel.add_timer(200, None, "late")
    assert [name for _, name in fired(kernel, 300)] == ["early", "late"]


@pytest.mark.parametrize("ticks", [0, 1])
def test_a_timer_without_a_delay_fires_in_the_next_tick(kernel, ticks):
    """K 4.8 __mod_timer, forward_timer_base: the wheel has passed this jiffy already."""
    again = []

    def sets_itself_again(argument):
        again.append(kernel.jiffies)
        kernel.add_timer(ticks, sets_itself_again, argument)

    kernel.add_timer(ticks, sets_itself_again, "for ever")
    kernel.jiffies = 1
    kernel.run_timers()  # and it comes back
    assert again == [1]


def test_does_a_task_go_on_that_slept_longer_than_a_run_waits_for_progress():
    """What it does after its sleeps is done, under each release; a program of sleeps alone ends."""
    for policy in [name for name in PRESETS if name.startswith("linux-")]:
        for ticks, times in [(100, 5), (300, 3), (500, 1), (9000, 3)]:
            kernel = Kernel(PRESETS[policy], 1024, min_kbytes=64)
            kernel.spawn("small", ((pause,),), vmas=heap(200))
            kernel.spawn("op", (*[(sleep, ticks)] * times, (sysrq_f,)), adj=-1000)
            outcome = judge(kernel, run_seeded(kernel, 1))
            assert outcome.victims == ["small"], (policy, ticks, times)
        kernel = Kernel(PRESETS[policy], 256, min_kbytes=32)  # and beside one who loops
        kernel.spawn("big", ((pause,),), vmas=heap(100))
        kernel.spawn("asker", ((alloc, 200, GFP_NOFS),), adj=-1000)
        kernel.spawn("op", ((sleep, 700), (sysrq_f,)), adj=-1000)
        outcome = judge(kernel, run_seeded(kernel, 1))
        assert outcome.victims == ["big"], policy  # 2.6.38 does not look for what became free
    kernel = Kernel(PRESETS[policy], 1024)
    kernel.spawn("monitor", ((repeat, None, (sleep, 500)),))
    steps = run_seeded(kernel, 1)
    assert (
        steps < 10_000 and "ended while monitor slept again and again" in judge(kernel, steps).why
    )
