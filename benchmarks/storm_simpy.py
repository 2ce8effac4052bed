"""The oom-storm scenario as one would write it in SimPy: the yardstick of `make bench`.

The same machine, marks, tasks and number of page faults, one event for each fault. It models less:
no locks, no reaper, one kind of memory. A killed process gives its pages back after `dying` units
of time; until then each that finds no page looks through the processes, meets it, and asks again
in the next unit, as select_bad_process() does. So the number of looks can be that of a run.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import simpy

from oomlab.model.memory import Zone


@dataclass
class Task:
    """A process: one that only grows, or a supervisor, which is never killed."""

    process: simpy.Process | None = None
    rss: int = 0
    killed: bool = False
    spared: bool = False


class Machine:
    """Free pages, the marks below which they get scarce, and who has the others."""

    def __init__(self, env: simpy.Environment, pages: int, dying: int):
        zone = Zone(pages)  # for the kernel's own formula of the marks
        self.env, self.dying = env, dying
        self.free, self.min, self.low = pages, zone.min, zone.low
        self.tasks: list[Task] = []
        self.allocations = self.kills = self.looks = 0

    def get_page(self, mark: int) -> bool:
        """Take a page if more than `mark` stay free."""
        if self.free <= mark:
            return False
        self.free -= 1
        self.allocations += 1
        return True

    def out_of_memory(self, current: Task) -> None:
        """Kill the biggest, unless one that was killed is still there."""
        self.looks += 1
        victim = current
        for task in self.tasks:
            if task.spared:
                continue
            if task.killed:
                return
            if task.rss > victim.rss:
                victim = task
        self.kills += 1
        if self.dying:
            victim.killed = True
            self.env.process(self.end(victim))
        elif victim is current:  # in SimPy a process cannot interrupt itself
            raise simpy.Interrupt(None)
        else:
            victim.process.interrupt()

    def end(self, victim: Task) -> Iterator[simpy.Event]:
        """Let it die later, unless it is done by then."""
        yield self.env.timeout(self.dying)
        if victim.process.is_alive:
            victim.process.interrupt()

    def grow(self, hog: Task, pages: int) -> Iterator[simpy.Event]:
        """Touch page by page until done or killed, then give all back."""
        env = self.env
        try:
            while hog.rss < pages:
                yield env.timeout(1)
                if self.get_page(self.low):
                    hog.rss += 1
                    continue
                while not self.get_page(self.min):
                    self.out_of_memory(hog)
                    yield env.timeout(1)
                hog.rss += 1
        except simpy.Interrupt:
            pass
        self.tasks.remove(hog)
        self.free += hog.rss

    def supervise(self, pages: int) -> Iterator[simpy.Event]:
        """Start a child that touches `pages` pages, and another one for what a killed one left."""
        while pages > 0:
            hog = Task()
            hog.process = self.env.process(self.grow(hog, pages))
            self.tasks.append(hog)
            yield hog.process
            pages -= hog.rss


def storm(tasks: int = 20, allocations: int = 100_000, dying: int = 0) -> Machine:
    """Run until all children together did `allocations` page faults."""
    env = simpy.Environment()
    machine = Machine(env, 1024 * tasks, dying)
    machine.tasks = [Task(spared=True) for _ in range(tasks)]
    for _ in range(tasks):
        env.process(machine.supervise(allocations // tasks))
    env.run()
    return machine
