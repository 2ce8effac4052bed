"""Run one schedule: which task takes the next step is drawn from a seed, or read from a list.

The first `cpus` tasks of the runqueue are on a processor. One of them takes a few steps, then
another; a tick passes every STEPS_PER_TICK steps a processor, or at once when all tasks sleep.

A written schedule is a list of entries. An entry is a pid, whose task takes its next step, or
(pid, function): the timer of that task that calls this function fires, whatever the clock says.
If several are pending, the one that is due first.
"""

from collections.abc import Sequence
from heapq import heappop
from math import inf
from random import Random
from types import GeneratorType

from ..model.faults import FAULT
from ..model.tasks import PF_KTHREAD
from ..naming import short
from .fingerprint import timer_key
from .recorder import Recorder, state_of
from .reported import keep_events
from .spin import Spin, must_be_gone
from .stall import StallDetector
from .step_effect import look

STEPS_PER_TICK = 20
Entry = int | tuple[int, str]  # a task takes its next step, or its timer with that function fires

BURSTS = (1, 1, 2, 3, 5, 8, 13, 21)  # steps that a task takes before another may


def run_seeded(
    kernel,
    seed: int = 0,
    record=None,
    most_steps: float = inf,
    until=None,
    steps_per_tick: int = STEPS_PER_TICK,
    spin: Spin | None = None,
) -> int:
    """Run until all is done, quiet, stuck or panicked, or until(kernel); the steps taken.

    `record(task, op, function, was)` is called after each step: what the task did, where, and how
    the machine looked before (step_effect.py). A timer that fires is told as a step too. `spin`, of
    this machine, knows afterwards whether it goes round.
    """
    keep_events(kernel)
    draw, stall, spin = Random(seed).random, StallDetector(kernel), spin or Spin(kernel)
    runqueue, timers, cpus = kernel.runqueue, kernel.timers, kernel.cpus
    told, owed, lengths = record is not None, spin.owed, [n * kernel.timeslice for n in BURSTS]
    steps, next_tick, per_tick, choices = 0, 0, steps_per_tick * cpus, len(BURSTS)
    while not kernel.panicked:
        if not runqueue:
            if not timers:
                break
            stall.jumped(timers[0].expires)
            kernel.jiffies = timers[0].expires
            run_timers(kernel, record)
            next_tick = steps + per_tick
        else:
            ready, enough, counted = min(len(runqueue), cpus), min(next_tick, most_steps), True
            while counted:
                current = runqueue[int(draw() * ready)]
                length = lengths[int(draw() * choices)]
                if current in owed:  # its turn is not taken: nothing happens in it
                    owed[current] += length
                    steps += length
                    counted = steps < enough
                else:
                    steps += trace(current, length, record) if told else spin.turn(current, length)
                    counted = False
                if current.state:
                    runqueue.remove(current)
                elif len(runqueue) > cpus and not current.fifo:
                    runqueue.remove(current)
                    runqueue.append(current)
            if steps >= next_tick:
                next_tick = steps + per_tick
                kernel.jiffies += 1
                if timers and timers[0].expires <= kernel.jiffies:
                    spin.stop()
                    run_timers(kernel, record)
                stall.ticked()
        if stall.progressed():
            if all(task.daemon or task.flags & PF_KTHREAD for task in kernel.tasks):
                break  # all work is done
            if until is not None and until(kernel):
                break
        if stall.stuck() or steps >= most_steps:
            break
    spin.catch_up()
    return steps


def trace(current, length: int, record) -> int:
    """A task's turn, as Spin.turn(), and tell `record` about each of its steps.

    A Recorder is told at once of steps that the task takes at once: page faults in a row, but for
    the last, which the task goes on from; and a round of two steps, once it has taken one.
    """
    step, kernel = 0, current.kernel
    recorder = record if isinstance(record, Recorder) else None
    while step < length and not current.state and not kernel.panicked:
        op, where = current.op, function_of(current.thread)
        was = look(kernel, op)
        if op is FAULT:
            state, reaped = state_of(current), kernel.zone.reaped
        kernel.turn = left = length - step if recorder else 1
        take_one(current)
        more, kernel.turn = left - kernel.turn, 1
        if recorder and more and op is FAULT:
            recorder.faults(more, current, where, state, reaped)
        record(current, op, where, was)
        if recorder and more and op is not FAULT:
            recorder.again(more)
        step += 1 + more
    kernel.asked = 0
    return step


def function_of(thread) -> str:
    """The kernel function that a suspended thread of control is in."""
    while type(inner := thread.gi_yieldfrom) is GeneratorType:  # it may also go through a list
        thread = inner
    return thread.gi_code.co_name


def run_schedule(kernel, schedule: Sequence[Entry], record=None) -> int:
    """Replay a schedule, entry by entry; the number of entries.

    ValueError, in one sentence, for an entry that is none, or that cannot happen then.
    """
    keep_events(kernel)
    for number, entry in enumerate(schedule, start=1):
        pid, function = entry_of(entry)
        if kernel.panicked:
            raise ValueError(f"step {number}: the machine has panicked, nothing happens any more")
        current = next((task for task in kernel.tasks if task.pid == pid), None)
        if function is not None:
            fire_timer(kernel, pid, function, record)
        elif current is None:
            raise ValueError(f"the schedule names pid {pid}, which does not exist then")
        elif current.state:
            raise ValueError(f"step {number}: {current} sleeps and cannot take a step here")
        elif record is None:
            take_step(kernel, current)
        else:
            op, where, was = current.op, function_of(current.thread), look(kernel, current.op)
            take_step(kernel, current)
            record(current, op, where, was)
    return len(schedule)


def entry_of(entry) -> tuple[int, str | None]:
    """(pid, None) for a step, (pid, name of the function) for a timer; checked, it may be JSON."""
    pid, function = entry if isinstance(entry, list | tuple) and len(entry) == 2 else (entry, None)
    if type(pid) is int and pid > 0 and (function is None) == (pid is entry):
        if function is None or isinstance(function, str):
            return pid, function
    hint = ""
    if type(entry) is int and entry < 0:
        hint = f'; a timer is named with its function, as [{-entry}, "wake_up_process"]'
    raise ValueError(
        f"a schedule holds pids, and [pid, function] where a timer fires, not {short(entry)}{hint}"
    )


def take_one(current) -> None:
    """One step of a thread. ValueError if it is its last, and the task is not gone."""
    current.op = next(current.thread, None)
    if current.op is None:
        must_be_gone(current)


def take_step(kernel, current) -> None:
    """One step of a runnable task."""
    take_one(current)
    if current.state:
        kernel.runqueue.remove(current)


def fire_timer(kernel, pid: int, function: str, record=None) -> None:
    """Let the earliest timer of this task with this function expire now."""
    pending = [timer for timer in kernel.timers if timer_key(timer) == (pid, function)]
    if not pending:
        raise ValueError(f"the schedule fires {function} of pid {pid}, which is not pending then")
    timer = min(pending)
    kernel.jiffies = max(kernel.jiffies, timer.expires)
    kernel.del_timer(timer)
    expire(kernel, timer, record)


def run_timers(kernel, record=None) -> None:
    """Fire every timer that is due, and tell `record` about each."""
    if record is None:
        kernel.run_timers()
        return
    while kernel.timers and kernel.timers[0].expires <= kernel.jiffies:
        expire(kernel, heappop(kernel.timers), record)


def expire(kernel, timer, record=None) -> None:
    """A timer's function runs. For `record` that is a step of the task it was set for."""
    if record is None:
        timer.function(timer.argument)
        return
    op = "timer", timer.function.__name__
    was = look(kernel, op)
    timer.function(timer.argument)
    record(timer.argument, op, "run_timers", was)
