"""How long a sleep is: the argument of 2018, that half a second is another answer than two.

A writer naps with mmap_sem held, and the reaper of 4.10 gives its process up after ten attempts, a
second in all. If another task then runs out of memory, an innocent is killed.
"""

import pytest

import oomlab
from oomlab.explorer import plain

HALF, LONG = 50, 150  # ticks of 10 ms


def innocent_killed(kernel) -> bool:
    return any(task.name == "innocent" and task.marked for task in kernel.tasks)


@pytest.mark.parametrize("policy", ["linux-4.10", "linux-4.14"])
@pytest.mark.parametrize("nap, verdict", [(HALF, "holds"), (LONG, "violated")])
def test_when_every_task_goes_on_at_once_only_a_long_nap_loses(policy, nap, verdict):
    found = plain.explore(
        lambda: oomlab.build("given-up", policy, nap=nap)[0], innocent_killed, "urgent"
    )
    assert found[0] == verdict


def test_when_a_task_may_be_slow_half_a_second_suffices():
    """Timers fire in their order, and the writer is slow after its nap: that is a schedule."""
    kernel = oomlab.build("given-up", "linux-4.10", nap=HALF)[0]
    writer = next(task for task in kernel.tasks if task.name == "writer")
    for turn in range(2000):
        entries = plain.enabled(kernel, "ordered")
        slow = kernel.jiffies >= HALF - 10  # from shortly before it wakes up
        others = [entry for entry in entries if not (slow and entry == writer.pid)]
        plain.run_schedule(kernel, [others[turn % len(others)]])
        if innocent_killed(kernel):
            return
    raise AssertionError("no innocent was killed")
