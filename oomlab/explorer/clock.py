"""Time as a part of a state: what is left of it under each clock (see plain.py).

Time counts from the last timer that fired, so that states which differ only in how long ago the
machine was started are one. Under "any" it does not count at all. Pending timers stand in the order
in which they fire.
"""

from ..model.kernel import Kernel
from ..simulate.fingerprint import timer_key


def settle(kernel: Kernel, clock: str) -> None:
    """Time counts from the last timer that fired; pending timers stand in firing order.

    ValueError under "any" for two timers of one task with the same function: no schedule could say
    which of them fires.
    """
    if clock == "any":
        kernel.jiffies = 0
        kernel.timers.sort(key=timer_key)
        keys = [timer_key(timer) for timer in kernel.timers]
        if len(set(keys)) < len(keys):
            raise ValueError(f"two timers {keys} of one task call the same function")
        for timer in kernel.timers:
            timer.expires = timer.number = 0
        return
    past = kernel.jiffies - kernel.jiffies % kernel.wheel
    kernel.jiffies -= past
    kernel.timers.sort()
    for rank, timer in enumerate(kernel.timers):
        timer.expires, timer.number = timer.expires - past, rank
