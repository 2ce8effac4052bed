"""The killer once more, line by line from mm/oom_kill.c, against the model on random machines.

Written from the C of K 2.6.38, 3.10.4, 4.4.1, 4.6.2, 4.10.17, 4.14, 4.19, 5.2.1, 5.4, 5.10, 6.1,
6.12 and 6.18. A machine has processes of several threads, some of which exit or have left their
memory; vfork children, sharers of one mm, a kernel thread that borrows it, init that uses it;
marks, core dumps, swapoffs, cgroups; and one task asks. Compared is who is chosen, killed, marked
and queued for the reaper, which mm is done with, and whether the machine panics.
"""

from dataclasses import replace
from random import Random

import pytest
from run_machine import RELEASES, names
from wide import examples

from oomlab.model.gfp import __GFP_FS as FS
from oomlab.model.gfp import __GFP_NOFAIL as NOFAIL
from oomlab.model.gfp import GFP_KERNEL
from oomlab.model.kernel import Kernel
from oomlab.model.locks import TASK_DEAD, WaitQueue
from oomlab.model.memcg import mem_cgroup_out_of_memory
from oomlab.model.mm import MMF_OOM_SKIP, MMF_OOM_VICTIM, ancestors, mmgrab
from oomlab.model.oom import OomControl, out_of_memory
from oomlab.model.reaper import wake_oom_reaper_timer
from oomlab.model.tasks import PF_EXITING, PF_KTHREAD, PF_OOM_ORIGIN
from oomlab.policies.presets import PRESETS
from oomlab.scenarios.programs import hang
from oomlab.scenarios.registry import heap
from oomlab.scenarios.victims import share_with_init

OOM_SCORE_ADJ_MIN = -1000
ABORT, LARGEST = "ERR_PTR(-1UL)", 2**63


class Panic(Exception):
    """panic()"""


def leads(task) -> bool:
    return task.signal.threads[0] is task


# the machine


def random_machine(draw: Random, policy: str, v: tuple) -> tuple:
    """A machine, what is asked for, and who asks."""
    sysctls = {"panic_on_oom": draw.choice((0, 0, 0, 1, 2))}
    sysctls["oom_kill_allocating_task"] = draw.random() < 0.2
    kernel = Kernel(replace(PRESETS[policy], **sysctls), 4096)
    above = kernel.new_memcg("a", 300)
    below = kernel.new_memcg("a/b", 200, above)
    made: list = []
    for i in range(draw.randint(2, 6)):
        mate = draw.choice(made) if made and draw.random() < 0.35 else None
        maker = draw.choice([*made, None]) if made else None
        parent = draw.choice(maker.signal.threads) if maker else None
        how = dict(parent=parent, memcg=draw.choice((None, above, below)))
        how |= dict(adj=draw.choice((0, 0, 0, -1000, 300, 1000, -500)))
        how |= dict(uid=draw.choice((1000, 1000, 0)))
        how |= dict(mm=mate.mm) if mate else dict(vmas=heap(draw.choice((10, 20, 20, 60))))
        task = kernel.spawn(f"p{i}", ((hang,),), **how)
        made.append(task)
        if mate and parent and parent.mm is task.mm and draw.random() < 0.5:
            task.vfork_done = WaitQueue("vfork_done")
        while draw.random() < 0.4:
            kernel.spawn(f"t{len(kernel.tasks)}", ((hang,),), thread_of=draw.choice(made))
    if draw.random() < 0.3:
        mm = draw.choice(made).mm
        kernel.kthread_run("vhost", hang, mm=mm)
        mm.mm_users += 1
    if draw.random() < 0.2:
        share_with_init(kernel, draw.choice(made))
    kworker = kernel.kthread_run("kworker", hang)
    for task in made:
        befall(draw, task, v)
    if v >= (4, 10):
        for mm in kernel.mms:
            mm.flags |= MMF_OOM_SKIP * (draw.random() < 0.12)
    kernel.oom_killer_disabled = draw.random() < 0.05
    if draw.random() < 0.2:
        return kernel, OomControl(GFP_KERNEL, -1), kworker  # SysRq-f
    alive = [task for task in kernel.tasks if task.state != TASK_DEAD]
    inside = [task for task in alive if task.memcg and task.mm]
    if inside and draw.random() < 0.5:
        oc = OomControl(GFP_KERNEL, 0, draw.choice((above, below)))
        return kernel, oc, draw.choice(inside)
    gfp = draw.choice((GFP_KERNEL, GFP_KERNEL, GFP_KERNEL & ~FS | NOFAIL, 0))
    if v >= (4, 7) and draw.random() < 0.2:  # before, the allocator does not come with these
        gfp = GFP_KERNEL & ~FS
    return kernel, OomControl(gfp or (GFP_KERNEL if v >= (5, 16) else 0)), draw.choice(alive)


def befall(draw: Random, leader, v: tuple) -> None:
    """What may be the matter with a process and its threads."""
    signal, kernel = leader.signal, leader.kernel
    signal.coredump = draw.random() < 0.12
    if draw.random() < 0.15:
        signal.group_exit, signal.coredump = True, signal.coredump and v >= (5, 17)
        for task in signal.threads:
            task.sigkill = True
    if draw.random() < 0.1:
        draw.choice(signal.threads).flags |= PF_OOM_ORIGIN
    for task in signal.threads:
        chance = draw.random()
        task.flags |= PF_EXITING * (chance < 0.27)
        if chance < 0.12:  # it is through exit_mm()
            task.mm.tasks.remove(task)
            task.mm.mm_users -= 1
            task.mm = task.vfork_done = None
        if chance < 0.07 and leads(task) and len(signal.threads) > 1:
            task.state = TASK_DEAD
        elif draw.random() < 0.06 and (task.mm is not None or v < (4, 4)):
            task.memdie = True
            kernel.oom_victims += 1
            if v >= (4, 10) and signal.oom_mm is None:
                signal.oom_mm = task.mm
                task.mm.flags |= MMF_OOM_VICTIM
                mmgrab(task.mm)


# the killer


class Killer:
    """What the C of one release makes of a machine, which it does not change."""

    def __init__(self, kernel: Kernel, oc: OomControl, current, v: tuple):
        self.kernel, self.oc, self.current, self.v = kernel, oc, current, v
        tasks = kernel.tasks
        self.processes = [task for task in tasks if leads(task)]  # for_each_process()
        self.total = oc.memcg.limit if oc.memcg else kernel.zone.managed
        self.memdie = [task for task in tasks if task.memdie]
        self.sigkill = {task: task.sigkill for task in tasks}
        self.oom_mm = {task.signal: task.signal.oom_mm for task in tasks}
        self.coredump = {task.signal: task.signal.coredump for task in tasks}
        self.group_exit = {task.signal: task.signal.group_exit for task in tasks}
        self.skip = [mm for mm in kernel.mms if mm.flags & MMF_OOM_SKIP]
        self.chosen, self.killed, self.sharing, self.queue = [], [], [], []

    def is_init(self, task) -> bool:
        """K 3.10: `pid == 1`. K 4.4: task_tgid_nr()."""
        init = self.kernel.init
        return task is init if self.v < (4, 0) else task.signal is init.signal

    def find_lock_task_mm(self, task):
        threads, at = task.signal.threads, 0
        if self.v < (3, 14):
            at = threads.index(task)
        return next((t for t in threads[at:] + threads[:at] if t.mm is not None), None)

    def process_shares_mm(self, task, mm) -> bool:
        return next((t.mm is mm for t in task.signal.threads if t.mm is not None), False)

    def task_in_mem_cgroup(self, task, memcg) -> bool:
        thread = self.find_lock_task_mm(task)
        return thread is not None and thread.mm.memcg and memcg in ancestors(thread.mm.memcg)

    def oom_unkillable_task(self, task, memcg) -> bool:
        if self.is_init(task) or task.flags & PF_KTHREAD:
            return True
        return memcg is not None and not self.task_in_mem_cgroup(task, memcg)

    def oom_badness(self, task, memcg) -> int:
        """0 to 5.8, LONG_MIN from 5.9 on: not to be killed."""
        v, none = self.v, 0 if self.v < (5, 9) else -LARGEST
        if self.oom_unkillable_task(task, None if v >= (5, 3) else memcg):
            return none
        thread = self.find_lock_task_mm(task)
        if thread is None:
            return none
        mm, adj = thread.mm, task.signal.oom_score_adj
        points = sum(vma.pages for vma in mm.vmas)
        if v < (3, 0):
            if any(t.signal.oom_score_adj == OOM_SCORE_ADJ_MIN for t in mm.tasks):
                return 0  # oom_disable_count
            if thread.flags & PF_OOM_ORIGIN:
                return 1000
            points = points * 1000 // self.total - 30 * (task.uid == 0) + adj
            return 1 if points <= 0 else min(points, 1000)
        if adj == OOM_SCORE_ADJ_MIN:
            return none
        if v >= (4, 10) and (mm in self.skip or thread.vfork_done and thread.parent.mm is mm):
            return none
        points += mm.nr_ptes + (mm.nr_pmds if v >= (4, 0) else 0)
        if task.uid == 0 and v < (3, 14):
            adj -= 30
        elif task.uid == 0 and v < (4, 17):
            points -= points * 3 // 100
        points += adj * (self.total // 1000)
        return points if v >= (5, 9) else max(points, 1)

    def __task_will_free_mem(self, task) -> bool:
        exiting = bool(task.flags & PF_EXITING)
        if self.coredump[task.signal]:
            return False
        if self.v < (4, 7):
            return exiting
        return self.group_exit[task.signal] or len(task.signal.threads) == 1 and exiting

    def task_will_free_mem(self, task) -> bool:
        if self.v < (4, 7):
            return self.__task_will_free_mem(task)
        mm = task.mm
        if mm is None or not self.__task_will_free_mem(task) or mm in self.skip:
            return False
        others = [p for p in self.processes if p.signal is not task.signal]
        sharers = [p for p in others if self.process_shares_mm(p, mm)]
        return mm.mm_users <= 1 or all(map(self.__task_will_free_mem, sharers))

    def mark_oom_victim(self, task) -> None:
        if task not in self.memdie:
            self.memdie.append(task)
            if self.v >= (4, 10) and self.oom_mm[task.signal] is None:
                self.oom_mm[task.signal] = task.mm

    def wake_oom_reaper(self, task) -> None:
        """To 4.20 by the task's link, later by a bit of the mm."""
        queued = [t if self.v < (5, 0) else self.oom_mm[t.signal] for t in self.queue]
        this = task if self.v < (5, 0) else self.oom_mm[task.signal]
        if self.v >= (4, 6) and this not in queued:
            self.queue.append(task)

    def send_sigkill(self, task) -> None:
        """K 2.6.38: force_sig(), for one thread."""
        signal, alone = task.signal, self.v < (3, 0)
        asked = [task] if alone else signal.threads
        if not all(t.flags & PF_EXITING for t in asked) and (alone or not task.flags & PF_KTHREAD):
            self.group_exit[signal] = True
            self.coredump[signal] &= self.v >= (5, 17)
            self.sigkill |= dict.fromkeys(signal.threads, True)

    def searched(self) -> list:
        """for_each_process(), for_each_process_thread(), or the iterator of a cgroup."""
        memcg, v = self.oc.memcg, self.v
        if v < (3, 0) or memcg is None and v >= (4, 7):
            return self.processes
        if memcg is None:
            return [thread for task in self.processes for thread in task.signal.threads]
        found = []
        for each in [m for m in self.kernel.memcgs if memcg in ancestors(m)]:
            tasks = [task for task in self.kernel.tasks if task.memcg is each]
            tasks = [t for t in tasks if (leads(t) if v >= (5, 3) else t.state != TASK_DEAD)]
            found += tasks if v >= (3, 14) else tasks[::-1]
        return found

    def select_bad_process(self):
        v, oc, chosen = self.v, self.oc, None
        sysrq, most = oc.order == -1 and v >= (3, 0), 0 if v < (5, 9) else -LARGEST
        for task in self.searched():
            exiting, signal = task.flags & PF_EXITING, task.signal
            if self.oom_unkillable_task(task, oc.memcg if v < (3, 0) else None):
                continue
            if (3, 0) <= v < (4, 0) and task.state == TASK_DEAD:
                continue
            if v >= (4, 10) and self.oom_mm[signal] is not None and not sysrq:
                if self.oom_mm[signal] in self.skip:
                    continue
                return ABORT
            if v < (4, 10) and task in self.memdie and not sysrq:
                return ABORT
            if v < (3, 0) and len(signal.threads) == 1 and exiting and task.mm is not None:
                if task is not self.current:
                    return ABORT
                chosen, most = task, 1000
            elif (3, 0) <= v < (4, 10) and task.mm is None:
                continue
            if v >= (3, 0) and any(t.flags & PF_OOM_ORIGIN for t in signal.threads):
                chosen, most = task, LARGEST
                continue
            if (3, 0) <= v < (4, 0) and exiting and not sysrq:
                return ABORT
            if (4, 0) <= v < (4, 5) and self.task_will_free_mem(task) and not sysrq:
                return ABORT
            points = self.oom_badness(task, oc.memcg if v < (4, 7) else None)
            if points == (0 if v < (5, 9) else -LARGEST) or points < most:
                continue
            if points == most and (v < (4, 0) or v < (5, 3) and chosen and leads(chosen)):
                continue
            chosen, most = task, points
        return chosen

    def children(self, task) -> list:
        """for_each_thread(), and the list of each."""
        threads = task.signal.threads
        at = threads.index(task) if self.v < (3, 14) else 0
        threads = threads[at:] + threads[:at]
        return [child for t in threads for child in self.processes if child.parent is t]

    def oom_kill_process(self, task) -> None:
        v, exiting = self.v, task.flags & PF_EXITING
        if v < (4, 0) and exiting:
            self.memdie.append(task)
            return
        if v >= (4, 0) and task.mm is not None and self.task_will_free_mem(task):
            self.mark_oom_victim(task)
            if v >= (4, 7):
                self.wake_oom_reaper(task)
            return
        self.chosen.append(task.name)
        victim, most = task, 0
        for child in self.children(task) if v < (5, 1) else ():
            shares = child.mm is task.mm if v < (4, 0) else self.process_shares_mm(child, task.mm)
            points = 0 if shares else self.oom_badness(child, self.oc.memcg)
            if points > most:
                victim, most = child, points
        victim = self.find_lock_task_mm(victim)
        if victim is not None:
            self.killed.append(victim.name)
            self.kill_all_of(victim, victim.mm)

    def kill_all_of(self, victim, mm) -> None:
        v, can_oom_reap = self.v, True
        if v >= (4, 0):
            self.send_sigkill(victim)
            self.mark_oom_victim(victim)
        for task in [p for p in self.processes if p.signal is not victim.signal]:
            exempt = task.signal.oom_score_adj == OOM_SCORE_ADJ_MIN
            kthread = task.flags & PF_KTHREAD
            if v < (4, 0):
                if task.mm is mm and (v < (3, 0) or not kthread and not exempt):
                    self.sharing.append(task.name)
                    self.send_sigkill(task)
            elif self.process_shares_mm(task, mm):
                if self.is_init(task) or v < (4, 7) and (kthread or exempt):
                    can_oom_reap = False
                    self.skip += [mm] * (v >= (4, 7))
                elif not kthread:
                    self.send_sigkill(task)
        if v < (4, 0):
            self.memdie += [victim] * (victim not in self.memdie)
            self.send_sigkill(victim)
        elif can_oom_reap:
            self.wake_oom_reaper(victim)

    def out_of_memory(self) -> None:
        """In a cgroup mem_cgroup_out_of_memory(), which to 4.6 has a search of its own."""
        v, oc, task, gfp = self.v, self.oc, self.current, self.oc.gfp_mask
        sysrq, exits = oc.order == -1, bool(task.flags & PF_EXITING)
        killed = self.sigkill[task] and not exits  # fatal_signal_pending()
        asks = v >= (4, 7) or oc.memcg is None and (v >= (4, 0) or gfp and not sysrq)
        if self.kernel.oom_killer_disabled and asks:
            return
        dies = v >= (4, 7) and self.task_will_free_mem(task)
        if (4, 0) <= v < (4, 7) and task.mm is not None:
            dies = killed or self.task_will_free_mem(task)
        elif v < (4, 0):
            dies = killed and (v >= (3, 0) or not oc.memcg) or v >= (3, 0) and exits
        if dies:
            self.mark_oom_victim(task)
            if v >= (4, 7):
                self.wake_oom_reaper(task)
            return
        needed = FS | NOFAIL if v < (4, 14) else FS
        if v >= (4, 7) and gfp and not gfp & needed:
            return
        sysctl, exempt = self.kernel.policy.panic_on_oom, sysrq and v >= (4, 0)
        if (sysctl == 2 or sysctl == 1 and oc.memcg is None) and not exempt:
            raise Panic
        chosen = task if self.kill_allocating_task() else self.select_bad_process()
        if chosen is None and oc.memcg is None and not exempt:
            raise Panic
        if chosen not in (None, ABORT):
            self.oom_kill_process(chosen)

    def kill_allocating_task(self) -> bool:
        task = self.current
        if self.oc.memcg or not self.kernel.policy.oom_kill_allocating_task or task.mm is None:
            return False
        adjs = [task.signal] if self.v >= (3, 0) else [t.signal for t in task.mm.tasks]
        exempt = any(signal.oom_score_adj == OOM_SCORE_ADJ_MIN for signal in adjs)
        return not exempt and not self.oom_unkillable_task(task, None)


def expected(killer: Killer) -> dict:
    try:
        killer.out_of_memory()
        panic = killer.sigkill[killer.kernel.init]
    except Panic:
        panic = True
    marked = {task.name for task in killer.memdie}
    return {
        "chosen": killer.chosen,
        "killed": killer.killed,
        "sharing same memory": killer.sharing,
        "queue": sorted(task.name for task in killer.queue),
        "SIGKILL": {task.name for task, pending in killer.sigkill.items() if pending},
        "TIF_MEMDIE": marked,
        "MMF_OOM_SKIP": {mm.name for mm in killer.skip},
        "panic": panic,
    }


def found(kernel: Kernel) -> dict:
    queue, task = [], kernel.oom_reaper_list
    while task is not None:
        queue, task = [*queue, task.name], task.oom_reaper_list
    if kernel.policy.reap_delay:
        timers = [t for t in kernel.timers if t.function is wake_oom_reaper_timer]
        queue = [timer.argument.name for timer in timers]
    reports = [e for e in kernel.events if e["event"] == "oom_report"]
    return {
        "chosen": [report["chosen"].name for report in reports if report["chosen"]],
        "killed": names(kernel, "kill"),
        "sharing same memory": names(kernel, "kill_sharer"),
        "queue": sorted(queue),
        "SIGKILL": {task.name for task in kernel.tasks if task.sigkill},
        "TIF_MEMDIE": {task.name for task in kernel.tasks if task.memdie},
        "MMF_OOM_SKIP": {mm.name for mm in kernel.mms if mm.flags & MMF_OOM_SKIP},
        "panic": bool(kernel.panicked),
    }


@pytest.mark.parametrize("policy", RELEASES)
def test_the_killer_of_random_machines(policy):
    v = tuple(map(int, policy.removeprefix("linux-").split(".")))
    for seed in range(examples(200)):
        kernel, oc, current = random_machine(Random(f"{policy} {seed}"), policy, v)
        wanted = expected(Killer(kernel, oc, current, v))
        old = oc.memcg is not None and v < (4, 7)
        asks = mem_cgroup_out_of_memory(current, oc.memcg) if old else out_of_memory(current, oc)
        for _ in asks:
            pass
        assert found(kernel) == wanted, f"{policy}, seed {seed}"
