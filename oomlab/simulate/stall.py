"""When is a run stuck? When for some time there was no progress, only the same attempts again.

Progress is an event that is not vain (model/kernel.py), memory that fills up further, or a timer
that will do more than wake a napping task. The policy says how long that time is. While all tasks
sleep nothing is tried in vain: who wakes then has that time, too, but not for ever.
"""

from ..model.kernel import Kernel
from ..model.suspend import FREEZE_TIMEOUT
from ..policies.policy import HZ, Policy

LONGEST = 60 * HZ  # ticks: a timer that sets itself again and again is no hope for ever
MOST_SLEEPS = 60  # in a row, nor is a program that only sleeps


def stall_ticks(policy: Policy) -> int:
    """How long nothing may happen before a run is called stuck; a scan may act late."""
    if policy.reaper == "scan":
        return 4 * HZ + max(policy.scan_period, policy.scan_next_victim, policy.scan_panic)
    return 4 * HZ


class StallDetector:
    """Watches one run; told of every tick."""

    def __init__(self, kernel: Kernel):
        self.kernel = kernel
        self.limit = stall_ticks(kernel.policy)
        self.progress, self.since = kernel.progress, kernel.jiffies
        self.last = kernel.jiffies  # of events alone
        self.least = available(kernel)  # pages, since the last progress
        self.naps_since = 0  # the last tick at which a longer sleep was under way
        self.sleeps = 0  # of all tasks, longer than a second, since the last progress

    def jumped(self, expires: int) -> None:
        """All tasks sleep, and the clock goes on to `expires` at once."""
        if expires > self.kernel.jiffies + 1:
            self.naps_since = expires
        if expires > self.kernel.jiffies + HZ:  # no attempt, and no nap between two
            self.sleeps += 1
            if self.sleeps <= MOST_SLEEPS:
                self.since = expires
        elif self.kernel.jiffies - self.last <= LONGEST and self.sleeps_on():
            self.since = self.naps_since = expires

    def ticked(self) -> None:
        """A tick has passed."""
        kernel = self.kernel
        if any(timer.expires > kernel.jiffies + 1 for timer in kernel.timers):
            self.naps_since = kernel.jiffies  # something new is yet to come
        if available(kernel) < self.least:  # memory is still filling up
            self.least, self.since = available(kernel), kernel.jiffies
        if kernel.jiffies - self.last <= LONGEST and (self.sleeps_on() or self.work_is_due()):
            self.since = kernel.jiffies

    def progressed(self) -> bool:
        """Has something happened since this was last asked?"""
        kernel = self.kernel
        if kernel.progress == self.progress:
            return False
        self.progress = kernel.progress
        self.since = self.last = kernel.jiffies
        self.sleeps = 0
        self.least = available(kernel)
        return True

    def stuck(self) -> bool:
        kernel = self.kernel
        idle = kernel.jiffies - self.since
        if idle <= HZ:
            return False
        patience = self.limit + (FREEZE_TIMEOUT if kernel.freezing else 0)
        return kernel.jiffies - self.naps_since > HZ or idle > patience

    def sleeps_on(self) -> bool:
        """Does a task sleep for another second and more? It will go on with its program."""
        soon = self.kernel.jiffies + HZ
        return any(timer.expires > soon for timer in self.kernel.timers)

    def work_is_due(self) -> bool:
        """Is a timer pending that a patch set, to do more than wake a task?"""
        patch = self.kernel.policy.patch
        return patch is not None and any(
            timer.function.__name__ != "wake_up_process" for timer in self.kernel.timers
        )


def available(kernel: Kernel) -> int:
    """Pages that are free, or would be after some reclaim."""
    return kernel.zone.free + kernel.zone.reclaimable
