"""The oom-storm scenario as one would write it in SimPy: the yardstick of `make bench`.

The same machine, marks, tasks and number of page faults, one event for each fault. It models less:
no locks, no reaper, one kind of memory, and a killed process gives its pages back at once.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import simpy

from oomlab.model.memory import Zone


@dataclass
class Hog:
    """A process that only grows."""

    process: simpy.Process | None = None
    rss: int = 0


class Machine:
    """Free pages, the marks below which they get scarce, and who has the others."""

    def __init__(self, env: simpy.Environment, pages: int):
        zone = Zone(pages)  # for the kernel's own formula of the marks
        self.env = env
        self.free, self.min, self.low = pages, zone.min, zone.low
        self.hogs: list[Hog] = []
        self.allocations = self.kills = 0

    def get_page(self, mark: int) -> bool:
        """Take a page if more than `mark` stay free."""
        if self.free <= mark:
            return False
        self.free -= 1
        self.allocations += 1
        return True

    def out_of_memory(self, current: Hog) -> None:
        """Kill the biggest; in SimPy a process cannot interrupt itself."""
        self.kills += 1
        victim = max(self.hogs, key=lambda hog: hog.rss)
        if victim is current:
            raise simpy.Interrupt(None)
        victim.process.interrupt()

    def grow(self, hog: Hog, pages: int) -> Iterator[simpy.Event]:
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
        self.hogs.remove(hog)
        self.free += hog.rss

    def supervise(self, pages: int) -> Iterator[simpy.Event]:
        """Start a child that touches `pages` pages, and another one for what a killed one left."""
        while pages > 0:
            hog = Hog()
            hog.process = self.env.process(self.grow(hog, pages))
            self.hogs.append(hog)
            yield hog.process
            pages -= hog.rss


def storm(tasks: int = 20, allocations: int = 100_000) -> Machine:
    """Run until all children together did `allocations` page faults."""
    env = simpy.Environment()
    machine = Machine(env, 1024 * tasks)
    for _ in range(tasks):
        env.process(machine.supervise(allocations // tasks))
    env.run()
    return machine
