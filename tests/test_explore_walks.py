"""A scan tells equals apart by their place on the task list; symmetry allows for it."""

from itertools import permutations

import pytest

import oomlab
from oomlab import explore
from oomlab.explorer import PROPERTIES, walks
from oomlab.explorer.rules import Relayout, Rules
from oomlab.explorer.search import Search
from oomlab.model.kernel import Kernel
from oomlab.model.syscalls import touch
from oomlab.scenarios import heap, nearly_full
from oomlab.simulate.scheduler import run_schedule

ONLY_SCANS = {"scan_panic": 0, "scan_next_victim": 0}


def every_state(symmetry: bool, **settings) -> tuple[Rules, list[tuple]]:
    """All states of lost-victim under a scan, and the rules they were found with."""
    rules = Rules(lambda: oomlab.build("lost-victim", "kmallocwd", **settings)[0], symmetry)
    search = Search(PROPERTIES["no-victim-lost"], 100_000, None, None, partial_order=False)
    while True:
        try:
            return rules, [state for _, state in search.breadth_first(rules)]
        except Relayout:
            rules.relayout()


def up_to_renaming(rules: Rules, states: list[tuple]) -> int:
    """How many there are if the victims have no names."""
    layout = rules.layout
    orders = [(0, *order) for order in permutations(range(1, layout.groups + 1))]
    return len(
        {min((layout.renamed(state, order) for order in orders), key=repr) for state in states}
    )


@pytest.mark.parametrize("victims, vmas", [(2, 2), (3, 1)])
def test_a_scan_reaches_the_same_states_with_symmetry_and_without(victims, vmas):
    """Whoever is found first is not found again: some order of the list always does it."""
    with_symmetry = every_state(True, victims=victims, vmas=vmas, **ONLY_SCANS)[1]
    assert len(with_symmetry) == up_to_renaming(
        *every_state(False, victims=victims, vmas=vmas, **ONLY_SCANS)
    )


def test_a_scan_that_goes_on_reaches_at_least_these_states():
    """The list is walked twice with different orders, which no machine does; so a few more."""
    real = up_to_renaming(*every_state(False, victims=3, vmas=1))
    assert real <= len(every_state(True, victims=3, vmas=1)[1]) < 1.1 * real


def reaped(kernel) -> list:
    return [task for task in kernel.tasks if task.memdie and task.mm and task.mm.reaped is not None]


def waiting(kernel) -> list:
    return [task for task in kernel.tasks if task.memdie and task.mm and task.mm.reaped is None]


def test_a_counterexample_is_one_of_the_real_list():
    """Two are reaped while a third waits; found among all orders, replayed with the real one."""

    def third_waits(kernel) -> bool:
        return len(reaped(kernel)) == 2 and len(waiting(kernel)) == 1

    with_it, without = (
        explore("lost-victim", "kmallocwd", third_waits, victims=3, vmas=1, symmetry=symmetry)
        for symmetry in (True, False)
    )
    assert with_it.bound["reductions"] == ["symmetry", "partial order"]
    assert with_it.verdict == without.verdict == "violated"
    assert len(with_it.pids) == len(without.pids)
    kernel = oomlab.build("lost-victim", "kmallocwd", victims=3, vmas=1)[0]
    run_schedule(kernel, with_it.pids)
    assert third_waits(kernel)


def test_what_no_list_does_is_searched_again_without_symmetry(monkeypatch):
    monkeypatch.setattr(walks, "ENOUGH", 0)  # no order of the list is tried

    def both_reaped(kernel) -> bool:
        return len(reaped(kernel)) == 2

    found = explore("lost-victim", "kmallocwd", both_reaped, symmetry=True)
    assert found.verdict == "violated" and found.bound["reductions"] == ["partial order"]


def test_equals_that_choose_among_themselves_are_not_equal(monkeypatch):
    """A global OOM: whoever runs into it looks through all processes, the others' too."""

    def everybody_for_himself(policy, processes: int = 2):
        kernel = Kernel(policy, 64, cpus=2, min_kbytes=32)
        for i in range(1, processes + 1):
            touches = ((touch, "heap", 1),)
            task = kernel.spawn(f"task{i}", touches, vmas=heap(2))
            kernel.symmetric.append([task])
        nearly_full(kernel, leave=-4)
        return kernel

    monkeypatch.setitem(oomlab.SCENARIOS, "for-himself", everybody_for_himself)
    with_it, without = (
        explore("for-himself", "linux-4.6", symmetry=symmetry) for symmetry in (True, False)
    )
    assert with_it.bound["reductions"] == without.bound["reductions"] == ["partial order"]
    assert (with_it.verdict, with_it.states) == (without.verdict, without.states)


def test_a_scan_of_six_victims_is_exhausted():
    found = explore("lost-victim", "kmallocwd", victims=6, vmas=6, **ONLY_SCANS)
    assert found.verdict == "holds" and "symmetry" in found.bound["reductions"]
