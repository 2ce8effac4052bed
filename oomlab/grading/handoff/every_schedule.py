"""Walk through every schedule of an AtomicsMachine, and keep the cheapest one that breaks it.

The cheapest schedule is the shortest one; among equally short ones, the one nearest to the story of
the mail, in which the next victim is chosen while the reaper is at work on the last. "Every
schedule" is meant within the bounds of the machine: so many victims, and one reaper.

Every branch is walked to its end. A branch that stops early, because of a violation, has not shown
that no victim is lost: so it counts against every property, not only the one that was violated.

Why not the explorer? It runs the model's kernel threads in this process. A student's code may never
run here, and asking the student's process again for each replay would cost a question a step. What
is explored here are trees of answers. Their states are tuples, which can be copied and compared, so
no replay, no fingerprint and no reduction is needed.
"""

from collections.abc import Sequence
from heapq import heappop, heappush
from itertools import count
from typing import NamedTuple

from ..asking import NoAnswer
from .handoff_machine import REAPER, AtomicsMachine, State, Violation

MOST_STATES = 50_000


def preferred(machine: AtomicsMachine, s: State) -> int:
    """The mail's order: a killer ends what it began; the reaper runs until it reaps; the next."""
    able = machine.threads(s)
    begun = [i for i in able if 0 <= i < s.begun]
    if begun:
        return begun[0]
    reaper = REAPER in able and s.begun > 0
    fresh = s.begun in able and s.begun < len(machine.mms)
    if reaper and not (s.reaping and fresh):
        return REAPER
    return s.begun if fresh else able[0]


class Explored(NamedTuple):
    """How many states; and the shortest schedule that breaks a property, if there is one."""

    states: int
    broken: Violation | None = None
    steps: Sequence[tuple] = ()


def explore(machine: AtomicsMachine, kinds: set[str]) -> Explored:
    """Every schedule, cheapest first, until one ends in one of `kinds` or one breaks off.

    `kinds` are of the verdicts at the end of a schedule; before its end nothing may go wrong.
    """
    start, number = machine.boot(), count()
    queue = [((0, 0), next(number), start)]
    came_from: dict[State, tuple | None] = {start: None}
    costs = {start: (0, 0)}
    done: set[State] = set()
    while queue:
        cost, _, s = heappop(queue)
        if s in done:
            continue
        done.add(s)
        if len(done) > MOST_STATES:
            raise NoAnswer(f"More than {MOST_STATES} states: use fewer operations.")
        able = machine.threads(s)
        if not able:
            for verdict in final(machine, s):
                if verdict.kind in kinds:
                    return Explored(len(done), verdict, path(came_from, s))
            continue
        story = preferred(machine, s)
        for thread in able:
            try:
                after, did = machine.step(s, thread)
            except Violation as broken:
                steps = [*path(came_from, s), (thread, machine.next_of(s, thread), "!", s)]
                return Explored(len(done), broken, steps)
            price = (cost[0] + 1, cost[1] + (thread != story))
            if after not in done and (after not in costs or price < costs[after]):
                costs[after] = price
                came_from[after] = (s, thread, *did)
                heappush(queue, (price, next(number), after))
    return Explored(len(done))


def final(machine: AtomicsMachine, s: State) -> list[Violation]:
    """No thread can go on: what is not as it should be?"""
    wrong = []
    if any(position is not None for position in s.positions[:-1]):
        text = "a killer waits for a lock for ever, with oom_lock held"
        wrong.append(Violation("sleeps", text))
    missing = [i for i, mm in enumerate(machine.mms) if mm not in s.reaped and i not in s.exited]
    if missing:
        text = f"victim {missing[0] + 1} is never reaped: its mm is not offered again"
        wrong.append(Violation("lost", text))
    if s.asleep is None:
        text = "oom_reaper() has ended, or hangs, and will not reap the next victim"
        wrong.append(Violation("ends", text))
    held = [i for i, count in enumerate(s.counts) if count]
    if machine.exits and held:
        text = f"victim {held[0] + 1}'s mm is never freed: a reference is left over"
        wrong.append(Violation("leak", text))
    return wrong


def path(came_from: dict, s: State) -> list[tuple]:
    """The steps to a state: (thread, operation, result, state before)."""
    steps = []
    while came_from[s] is not None:
        before, thread, op, result = came_from[s]
        steps.append((thread, op, result, before))
        s = before
    return steps[::-1]
