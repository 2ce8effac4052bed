"""Run one schedule: which task takes the next step is drawn from a seed, or read from a list.

The first `cpus` tasks of the runqueue are on a processor. One of them takes a few steps, then
another; a tick passes every STEPS_PER_TICK steps a processor, or at once when everybody sleeps.
"""

from itertools import islice
from random import Random

from ..model.policy import HZ
from ..model.tasks import PF_KTHREAD

STEPS_PER_TICK = 20
STALLED = 4 * HZ  # ticks in which nothing happens and memory does not fill: the run is stuck
BURSTS = (1, 1, 2, 3, 5, 8, 13, 21)  # steps that a task takes before another may


def run_seeded(
    kernel, seed: int = 0, record=None, most_steps: int | None = None, until=None
) -> int:
    """Run until all is done, quiet, stuck or panicked, or until(kernel); the steps taken.

    `record(task, op, function)` is called after each step with what the task did, and where.
    """
    draw = Random(seed).random
    runqueue, timers, cpus = kernel.runqueue, kernel.timers, kernel.cpus
    steps, next_tick, per_tick, naps_since = 0, 0, STEPS_PER_TICK * cpus, 0
    limit = stall_limit(kernel.policy)
    progress, last_progress, lowest = kernel.progress, kernel.jiffies, available(kernel.zone)
    while not kernel.panicked:
        if not runqueue:
            if not timers:
                break
            if timers[0].expires > kernel.jiffies + 1:
                naps_since = timers[0].expires
            kernel.jiffies = timers[0].expires
            kernel.run_timers()
            next_tick = steps + per_tick
        else:
            ready = len(runqueue)
            current = runqueue[int(draw() * (ready if ready < cpus else cpus))]
            length = BURSTS[int(draw() * len(BURSTS))] * kernel.timeslice
            steps += burst(current, length) if record is None else trace(current, length, record)
            if current.state:
                runqueue.remove(current)
            elif len(runqueue) > cpus and not current.fifo:
                runqueue.remove(current)
                runqueue.append(current)
            if steps >= next_tick:
                next_tick = steps + per_tick
                kernel.jiffies += 1
                if timers:
                    kernel.run_timers()
                    if any(timer.expires > kernel.jiffies + 1 for timer in timers):
                        naps_since = kernel.jiffies  # something new is yet to come
                if available(kernel.zone) < lowest:  # memory is still filling up
                    lowest, last_progress = available(kernel.zone), kernel.jiffies
        if kernel.progress != progress:
            progress, last_progress = kernel.progress, kernel.jiffies
            lowest = available(kernel.zone)
            if all(task.daemon or task.flags & PF_KTHREAD for task in kernel.tasks):
                break  # all work is done
            if until is not None and until(kernel):
                break
        if kernel.jiffies - last_progress > HZ:
            if kernel.jiffies - naps_since > HZ or kernel.jiffies - last_progress > limit:
                break
        if most_steps and steps >= most_steps:
            break
    return steps


def burst(current, length: int) -> int:
    """Let one task take up to `length` steps, fewer if it falls asleep; how many it took."""
    step, op = 0, current.op
    for op in islice(current.thread, length):
        step += 1
        if current.state:
            break
    current.op = op
    return step or 1  # the step into the grave yields nothing


def trace(current, length: int, record) -> int:
    """The same, and tell `record` about each step."""
    step = 0
    while step < length and not current.state and not current.kernel.panicked:
        step += 1
        op, where = current.op, function_of(current.thread)
        current.op = next(current.thread, None)
        record(current, op, where)
    return step


def function_of(thread) -> str:
    """The kernel function that a suspended thread of control is in."""
    while (inner := thread.gi_yieldfrom) is not None:
        thread = inner
    return thread.gi_code.co_name


def run_schedule(kernel, schedule: list[int], record=None) -> int:
    """Replay: an entry is the pid that takes the next step, or minus the pid whose timer fires."""
    by_pid = {task.pid: task for task in kernel.tasks}
    for entry in schedule:
        if entry < 0:
            fire_timer(kernel, -entry)
            continue
        current = by_pid.get(entry) or next((t for t in kernel.tasks if t.pid == entry), None)
        if current is None:
            raise ValueError(f"the schedule names pid {entry}, which does not exist then")
        by_pid[entry] = current
        if current.state:
            raise ValueError(f"step {entry}: {current} sleeps and cannot take a step here")
        if record is None:
            take_step(kernel, current)
            continue
        op, where = current.op, function_of(current.thread)
        take_step(kernel, current)
        record(current, op, where)
    return len(schedule)


def take_step(kernel, current) -> None:
    """One step of a runnable task."""
    current.op = next(current.thread, None)
    if current.state:
        kernel.runqueue.remove(current)


def fire_timer(kernel, pid: int) -> None:
    """Let the first timer for this task expire now, whatever the clock says."""
    pending = [timer for timer in kernel.timers if timer.argument.pid == pid]
    if not pending:
        raise ValueError(f"the schedule fires a timer of pid {pid}, which has none then")
    timer = min(pending)
    kernel.jiffies = max(kernel.jiffies, timer.expires)
    kernel.del_timer(timer)
    timer.function(timer.argument)


def available(zone) -> int:
    """Pages that are free, or would be after some reclaim."""
    return zone.free + zone.reclaimable


def stall_limit(policy) -> int:
    """How long nothing may happen before we call it stuck; a scan may act late."""
    if policy.reaper == "scan":
        return STALLED + max(policy.scan_period, policy.scan_next_victim, policy.scan_panic)
    return STALLED
