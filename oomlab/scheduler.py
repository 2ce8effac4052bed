"""Run one schedule: which task takes the next step is drawn from a seed, or read from a list.

The first `cpus` tasks of the runqueue are on a processor. One of them takes a few steps, then
another; a tick passes every STEPS_PER_TICK steps a processor, or at once when everybody sleeps.
"""

from itertools import islice
from random import Random

from .model.policy import HZ
from .model.tasks import PF_KTHREAD

STEPS_PER_TICK = 20
STALLED = 5 * HZ  # ticks without any event after which a run is called stuck
BURSTS = (1, 1, 2, 3, 5, 8, 13, 21)  # steps that a task takes before another may


def run_seeded(kernel, seed: int = 0, record=None, most_steps: int | None = None) -> int:
    """Run until all is done, quiet, stuck or panicked; the number of steps taken.

    `record(task, op)` is called after each step with what the task did.
    """
    draw = Random(seed).random
    runqueue, timers, cpus = kernel.runqueue, kernel.timers, kernel.cpus
    steps, next_tick, ticklength = 0, 0, STEPS_PER_TICK * cpus
    limit = stall_limit(kernel.policy)
    progress, last_progress = kernel.progress, kernel.jiffies
    while not kernel.panicked:
        if not runqueue:
            if not timers:
                break
            kernel.jiffies = timers[0][0]
            kernel.run_timers()
            next_tick = steps + ticklength
        else:
            on_cpu = min(cpus, len(runqueue))
            cpu = int(draw() * on_cpu) if on_cpu > 1 else 0
            current = runqueue[cpu]
            steps += burst(current, BURSTS[int(draw() * 8)], record)
            if current.state:
                runqueue.remove(current)
            elif len(runqueue) > cpus and not current.fifo:
                runqueue.remove(current)
                runqueue.append(current)
            if steps >= next_tick:
                next_tick = steps + ticklength
                kernel.jiffies += 1
                if timers:
                    kernel.run_timers()
        if kernel.progress != progress:
            progress, last_progress = kernel.progress, kernel.jiffies
            if all(task.daemon or task.flags & PF_KTHREAD for task in kernel.tasks):
                break  # all work is done
        if kernel.jiffies - last_progress > limit or most_steps and steps >= most_steps:
            break
    return steps


def burst(current, length: int, record) -> int:
    """Let one task take up to `length` steps, fewer if it falls asleep; how many it took."""
    step = 0
    if record is None:
        for current.op in islice(current.thread, length):
            step += 1
            if current.state:
                break
        return step or 1
    while step < length and not current.state:
        op = current.op
        current.op = next(current.thread, None)
        record(current, op)
        step += 1
    return step


def stall_limit(policy) -> int:
    """How long nothing may happen before we call it stuck; a scan may act late."""
    if policy.reaper == "scan":
        return STALLED + max(policy.scan_period, policy.scan_next_victim, policy.scan_panic)
    return STALLED
