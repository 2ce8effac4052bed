"""The reaper beside exit_mmap(), and process_mrelease(2).

`K x.y function` names the release that was read. A test is called after its question.
"""

import pytest
from run_machine import RELEASES

import oomlab
from oomlab.model.kernel import Kernel
from oomlab.model.mm import ANON
from oomlab.model.reaper import process_mrelease
from oomlab.model.syscalls import kill
from oomlab.model.tasks import do_send_sigkill
from oomlab.policies.presets import PRESETS
from oomlab.scenarios.programs import hang, pause, sleep
from oomlab.scenarios.registry import heap
from oomlab.simulate.reported import get_mm_counter
from oomlab.simulate.scheduler import run_seeded

RELEASE = [name for name in RELEASES if PRESETS[name].mrelease != "none"]


@pytest.mark.parametrize("policy", RELEASE)
def test_what_does_process_mrelease_say_of_others(policy):
    """K 6.1 process_mrelease: ESRCH without an mm, EINVAL for a living one; "" for a dying one.

    And of one whose leader has exited it takes the thread that still has the mm.
    """

    def asks(current, task):
        error = yield from process_mrelease(current, task)
        answers.append(error)

    kernel, answers = Kernel(PRESETS[policy], 512), []
    leader = kernel.spawn("leader", (), vmas=heap(40))
    kernel.spawn("thread", ((hang,),), thread_of=leader)
    kthread = kernel.kthread_run("kworker", hang)
    lives = ((sleep, 5), (asks, kthread), (asks, leader), (kill, leader), (asks, leader))
    kernel.spawn("oomd", lives, adj=-1000)
    run_seeded(kernel, 1, most_steps=300)
    assert answers == ["ESRCH", "EINVAL", ""]
    assert get_mm_counter(leader.signal.threads[-1].mm, "anon") == 0


def races(policy: str, scenario: str, property: str = "no-use-after-free", **settings) -> str:
    """The explorer's verdict on all schedules of a small machine."""
    return oomlab.explore(scenario, policy, property, **settings).verdict


@pytest.mark.parametrize(
    "policy, settings, verdict",
    [
        ("linux-4.14", {}, "violated"),  # K 4.14.0 exit_mmap: nothing before munlock
        ("linux-4.14", {"exit_mmap": "reaps-itself"}, "holds"),  # K 4.14.74: 27ae357fa82b
        ("linux-4.19", {}, "holds"),
        ("linux-6.1", {"reap_delay": 0}, "holds"),
    ],
)
def test_does_the_reaper_unmap_what_munlock_walks(policy, settings, verdict):
    assert races(policy, "exit-race", **settings) == verdict


@pytest.mark.parametrize(
    "policy, settings, verdict",
    [
        ("linux-4.10", {}, "violated"),  # mm_users is 0: "done", MMF_OOM_SKIP, the next one dies
        ("linux-4.14", {}, "holds"),  # 212925802454
        ("linux-4.19", {}, "holds"),
    ],
)
def test_does_a_second_victim_die_while_the_first_is_in_exit_mmap(policy, settings, verdict):
    assert races(policy, "exit-race", "no-second-victim", locked=0, **settings) == verdict


@pytest.mark.parametrize(
    "settings, verdict",
    [
        ({"mrelease": "mm_count", "exit_mmap": "reaps-itself"}, "violated"),  # 884a7e5964e0
        ({"mrelease": "mm_users", "exit_mmap": "reaps-itself"}, "holds"),  # 337546e83fc7, v5.15
        ({"mrelease": "mm_count", "exit_mmap": "write-locked"}, "holds"),  # 64591e8605d6, v5.17
        ({"mrelease": "mm_count", "exit_mmap": "read-then-write"}, "holds"),  # K 6.1
    ],
)
def test_does_process_mrelease_walk_freed_page_tables(settings, verdict):
    assert races("linux-5.10", "mrelease-race", **settings) == verdict


@pytest.mark.parametrize("policy", RELEASES)
def test_what_does_process_mrelease_say(policy):
    """K 5.17, 6.1: EINVAL for who is not dying, ESRCH without an mm. Before 5.15: ENOSYS."""
    answers = []

    def asks(current, task):
        error = yield from process_mrelease(current, task)
        answers.append(error)

    kernel = Kernel(PRESETS[policy], 256)
    alive = kernel.spawn("alive", ((pause,),), vmas=heap(4))
    dying = kernel.spawn("dying", ((hang,),), vmas=heap(6))
    do_send_sigkill(dying)
    kernel.spawn("killer", ((asks, alive), (asks, dying)))
    run_seeded(kernel, 1)
    if policy.startswith("linux-6"):
        assert answers == ["EINVAL", ""]
        assert (get_mm_counter(alive.mm, ANON), get_mm_counter(dying.mm, ANON)) == (4, 0)
    else:
        assert answers == ["ENOSYS", "ENOSYS"] and get_mm_counter(dying.mm, ANON) == 6


def test_from_which_end_does_the_reaper_come():
    """K 6.1 for_each_vma: from the bottom. K 6.18 mas_for_each_rev: from the top."""
    for policy, first in (("linux-6.12", "heap"), ("linux-6.18", "library")):
        run = oomlab.run("mlocked-and-shared", policy)
        walk = [step.what for step in run.steps if step.verb == "reap"]
        assert walk[0] == first and len(walk) == 3
