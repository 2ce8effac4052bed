"""A real trace beside the model under its kernel's preset: each delay, and whether it is as there.

What the preset says comes from its knobs and from model/reaper.py: how long after the kill a victim
is handed over, how often and how soon the reaper tries again, and which of several it takes first.
A timer of two seconds sits in a coarse level of the timer wheel and may be late by one of its
buckets; a busy machine is later still. So a delay is "as the model" within LATE seconds above it.
"""

from collections.abc import Iterator
from statistics import median

from ..model.reaper import MAX_OOM_REAP_RETRIES
from ..policies.policy import HZ, Policy
from .traced_victims import Victim

EARLY, LATE = 0.02, 0.15  # seconds: a tick or two early, a bucket and a busy processor late
NAP = 1 / 10  # seconds: HZ/10 after each attempt in vain, also after the last (oom_reap_task())
LONGEST = 2.0  # seconds: OOM_REAPER_DELAY, the most that any kernel waits before the hand-over


def differences(victims: list[Victim], policy: Policy) -> Iterator[str]:
    """A sentence for each thing that the preset and the trace both speak of."""
    wait = policy.reap_delay / HZ
    seen = any(v.woken is not None or v.tries or v.started is not None for v in victims)
    if policy.reaper == "none":
        if seen:
            yield f"Not as {policy.name}: it has no reaper, and here one is at work."
        return
    for victim in victims:
        who = victim.who
        yield from handed_over(victim, who, wait, policy.name)
        yield from tried(victim, who, policy.name)
        yield from served(victim, who, victims, policy.name)
        if victim.left_kb:
            left = f"{victim.left_kb} kB were left in it after it was reaped"
            yield f"{who}: {left}; what is shared or mlocked stays."
    yield from order(victims, policy)


def unseen_reaper(victims: list[Victim], policy: Policy | None) -> list[str]:
    """A sentence if the reaper had work and no tracepoint of it is there.

    A victim that exits before it is handed over leaves none: it needs no reaper. How long that
    takes is known if the kernel is; if not, a victim that lived `LONGEST` was due in any kernel.
    """
    if any(work(v) or v.woken is not None for v in victims):
        return []
    if policy is not None and policy.reaper == "none":
        return []
    wait = LONGEST if policy is None else policy.reap_delay / HZ
    due = [v for v in victims if v.exited is None or v.exited - v.marked >= wait]
    if due:
        names = ", ".join(v.who for v in due[:3])
        more = f" and {len(due) - 3} more" if len(due) > 3 else ""
        return [
            f"No tracepoint of the reaper is in it, and {names}{more} did not exit before the"
            " reaper's turn: record oom:* for its work."
        ]
    if victims and policy is None:
        return [
            "No tracepoint of the reaper is in it. A kernel that waits two seconds before it wakes"
            " the reaper had no work for it, since every victim exited sooner; for another kernel,"
            " record oom:*."
        ]
    return []


def handed_over(victim: Victim, who: str, wait: float, name: str) -> Iterator[str]:
    """From the mark to wake_reaper."""
    if victim.woken is None:
        if victim.exited is not None and wait and victim.exited - victim.marked < wait:
            after = victim.exited - victim.marked
            before = f"before {name} hands it to the reaper ({wait:g} s)"
            yield f"{who} exited {after:.3f} s after its mark, {before}."
        return
    if victim.wakes > 1:
        yield f"{who} was handed to the reaper {victim.wakes} times: it stood on its list twice."
    late = victim.woken - victim.marked
    words = f"{who} was handed to the reaper {late:.3f} s after its mark"
    if -EARLY <= late - wait <= LATE:
        yield f"{words}, as {name} does it ({wait:g} s)."
    else:
        yield f"{words}. Not as {name}: there it is {wait:g} s."


def tried(victim: Victim, who: str, name: str) -> Iterator[str]:
    """How often the reaper tried in vain, and how soon again."""
    tries = victim.tries
    if not tries:
        return
    gaps = [b - a for a, b in zip(tries, tries[1:], strict=False)]
    apart = f", {median(gaps):.3f} s apart (the model: {NAP:g} s)" if gaps else ""
    end = ""
    if len(tries) == MAX_OOM_REAP_RETRIES and victim.started is None:
        end = ", and then gave up, as the model does: the next OOM may kill another process"
    elif len(tries) > MAX_OOM_REAP_RETRIES:
        end = f". Not as {name}: it gives up after {MAX_OOM_REAP_RETRIES}"
    times = "once" if len(tries) == 1 else f"{len(tries)} times"
    yield f"The reaper tried {who} {times} in vain{apart}{end}."


def served(victim: Victim, who: str, victims: list[Victim], name: str) -> Iterator[str]:
    """From wake_reaper to the first attempt: at once, if the reaper is idle."""
    begins = [*victim.tries[:1], *([victim.started] if victim.started is not None else [])]
    if victim.woken is None or not begins:
        return
    waited = min(begins) - victim.woken
    if waited <= EARLY:
        return
    busy = [
        other
        for other in victims
        if other is not victim and any(victim.woken - NAP <= t <= min(begins) for t in work(other))
    ]
    if busy:
        names = ", ".join(other.who for other in busy)
        yield f"{who} waited {waited:.3f} s, since the reaper was at {names}, as in the model."
    else:
        words = f"{who} waited {waited:.3f} s for an idle reaper. Not as {name}: there it is"
        yield f"{words} taken at once; was the reaper's processor busy?"


def work(victim: Victim) -> list[float]:
    """When the reaper had to do with a victim."""
    return [t for t in (*victim.tries, victim.started, victim.finished) if t is not None]


def order(victims: list[Victim], policy: Policy) -> Iterator[str]:
    """Of several that wait, the one handed over last is taken first."""
    if policy.reaper != "list":
        return
    first = {v.pid: min(work(v)) for v in victims if v.woken is not None and work(v)}
    known = [v for v in victims if v.pid in first]
    for taken in known:
        begun = first[taken.pid]
        waiting = [v for v in known if v.woken is not None and v.woken <= begun <= first[v.pid]]
        newest = max(waiting, key=lambda v: v.woken or 0.0)
        if len(waiting) < 2:
            continue
        if newest is taken:
            first_of = f"Of {len(waiting)} victims on the list, {taken.who} was taken first"
            yield f"{first_of}: the newest, as in the model."
        elif (newest.woken or 0.0) < begun - EARLY:
            pair = f"{taken.who} was taken before {newest.who}"
            rule = f"Not as {policy.name}: its list is last in, first out"
            yield f"{pair}, which came later. {rule}."
