"""vm.overcommit_memory: what is promised, and to whom it is refused.

`K x.y function` names the release that was read. A test is called after its question.
"""

import pytest
from run_machine import RELEASES, names

import oomlab
from oomlab.model.fork import copy_on_write
from oomlab.model.kernel import Kernel
from oomlab.model.mm import FILE, SHMEM, VMA, Shmem
from oomlab.model.overcommit import vm_commit_limit, vm_enough_memory
from oomlab.model.syscalls import write_tmpfs
from oomlab.policies.presets import PRESETS
from oomlab.scenarios.programs import pause
from oomlab.scenarios.registry import heap
from oomlab.simulate.page_accounting import unaccounted
from oomlab.simulate.scheduler import run_seeded


@pytest.mark.parametrize("policy", RELEASES)
@pytest.mark.parametrize("mode, forks", [(1, True), (2, False)])
def test_is_a_fork_refused_that_promises_too_much(policy, mode, forks):
    """K 2.6.38, 6.12 dup_mmap: each private range of the child is asked for once more (ENOMEM)."""
    kernel = Kernel(PRESETS[policy], 1024)
    kernel.overcommit_memory = mode
    kernel.spawn("database", ((copy_on_write, "snapshot", ((pause,),)), (pause,)), vmas=heap(400))
    run_seeded(kernel, 1)
    assert any(task.name == "snapshot" for task in kernel.tasks) == forks
    assert bool(names(kernel, "enomem")) != forks and unaccounted(kernel) == 0


@pytest.mark.parametrize("policy", RELEASES)
@pytest.mark.parametrize("file, given", [(0, True), (200, False)])
def test_does_tmpfs_count_in_overcommit_mode_2(policy, file, given):
    """K 2.6.38, 6.12 shmem_acct_block: each page of a file in tmpfs is a promise, too."""
    kernel = Kernel(PRESETS[policy], 2048)
    kernel.overcommit_memory = 2
    kernel.shmems.append(Shmem("file", file, linked=True))
    kernel.zone.free -= file
    task = kernel.spawn("task", ((pause,),), uid=0)
    assert vm_enough_memory(task, 900) == given


@pytest.mark.parametrize("policy", RELEASES)
def test_what_is_promised_when_less_is_left_than_root_keeps(policy):
    """K 2.6.38, 3.10 __vm_enough_memory: unsigned, so that what falls below 0 promises all.

    K 3.10.108, 4.4 on: signed. In mode 0 only 3.10 takes more off than is left; in mode 2 only
    2.6.38 does, if a process maps more than sixteen times the memory.
    """
    for uid, left, given in [(1000, 0, ""), (1000, 1, "linux-3.10"), (1000, 127, "linux-3.10")]:
        kernel = Kernel(PRESETS[policy], 4096, min_kbytes=400)
        task = kernel.spawn("task", ((pause,),), uid=uid)
        zone = kernel.zone
        taken = zone.free - zone.high - left
        zone.reserved, zone.free = zone.reserved + taken, zone.free - taken
        always = policy not in RELEASES[: RELEASES.index("linux-5.4")]
        assert vm_enough_memory(task, 200) == (policy == given or always), (uid, left)
    kernel = Kernel(PRESETS[policy], 4096)
    kernel.overcommit_memory = 2
    file = VMA("file", FILE, size=20 * 4096, shared=True)
    task = kernel.spawn("task", ((pause,),), vmas=[file])
    assert vm_enough_memory(task, 3000) == (policy == "linux-2.6.38")


@pytest.mark.parametrize("policy", RELEASES)
def test_is_a_write_to_tmpfs_refused_in_overcommit_mode_2(policy):
    """K 2.6.38, 6.12 shmem_acct_block: yes (ENOSPC), and no process dies."""
    kernel = Kernel(PRESETS[policy], 1024)
    kernel.overcommit_memory = 2
    file = Shmem("file", linked=True)
    kernel.shmems.append(file)
    kernel.spawn("hog", ((pause,),), vmas=heap(300))
    kernel.spawn("writer", ((write_tmpfs, file, 900),), vmas=heap(1))
    run_seeded(kernel, 1)
    assert 100 < file.pages < 220 and names(kernel, "enomem") == ["writer"]
    assert not names(kernel, "kill")


@pytest.mark.parametrize("policy", RELEASES)
def test_how_much_does_shared_anonymous_memory_promise(policy):
    """K 2.6.38, 6.18 shmem_acct_size: all of it when it is made. A tmpfs file: each page."""
    for linked, promised in {False: 600, True: 10}.items():
        kernel = Kernel(PRESETS[policy], 2048)
        kernel.overcommit_memory = 2
        shared = Shmem("shm", pages=10, linked=linked, mappings=1)
        task = kernel.spawn("task", (), vmas=[VMA("shm", SHMEM, 10, shmem=shared, size=600)], uid=0)
        room = 1024 - 600 // 32 - promised
        assert vm_enough_memory(task, room - 1) and not vm_enough_memory(task, room), linked


@pytest.mark.parametrize("policy", RELEASES)
def test_does_somebody_die_with_overcommit_mode_2(policy):
    """K 6.1 __vm_enough_memory: mmap() fails beyond CommitLimit, so that memory never runs out."""
    run = oomlab.run("overcommit", policy, mode=2)
    assert run.outcome.victims == []
    assert names(run.kernel, "enomem") == ["asker", "asker"]
    assert oomlab.run("overcommit", policy, mode=1).outcome.victims == ["asker"]
    assert names(oomlab.run("overcommit", policy, mode=0, want=1100).kernel, "enomem")


def test_commit_limit_and_its_reserves():
    """Half of 1024 pages, less 3 % for root, less the 32nd part of what the task has."""
    kernel = Kernel(PRESETS["linux-6.1"], 1024)
    kernel.overcommit_memory = 2
    task = kernel.spawn("task", ((pause,),), vmas=heap(64))
    assert vm_commit_limit(kernel) == 512
    assert not vm_enough_memory(task, 512 - 32 - 2 - 64)
    assert vm_enough_memory(task, 512 - 32 - 2 - 64 - 1)
    task.uid = 0
    assert vm_enough_memory(task, 512 - 2 - 64 - 1)
