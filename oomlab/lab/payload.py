"""What the browser needs of a run to draw it: names and sentences once, the many numbers packed.

Its counterpart is decode() in unpacked_run.js.
"""

from array import array
from collections import defaultdict
from itertools import count
from sys import byteorder
from typing import Any

from ..simulate.kernel_log import kernel_log
from ..simulate.run import Run, name_of
from ..simulate.story import drawn
from .facts import heading
from .machine_at import machine_at
from .timeline import STATES, lanes, moments, shown_steps

STATE_NUMBER = {state: number for number, state in enumerate(STATES)}


def numbering() -> defaultdict[Any, int]:
    """Gives each thing that is looked up the next free number, from 0."""
    return defaultdict(count().__next__)


def payload(run: Run, until: int | None = None) -> dict:
    """One run as plain values; `columns` are unsigned 32-bit numbers, little-endian.

    First five columns of steps (task, what it does, function, tick, free pages), then, row by row,
    the segments (lane, start, end, state, waits for). `until` hides what comes later. A lane's
    `boot` is how it stood before the first step (state, waits for); None: its task came later.
    """
    shown = shown_steps(run)
    until = shown if until is None else min(until, shown)
    tasks, deeds, functions, waits = (numbering() for _ in range(4))
    numbers = array("I")
    if until:
        ticks, who, ops, places, _, free, _, _ = zip(*run.trace[:until], strict=True)
        did = zip(ops, run.told[:until], strict=True)
        for names, column in ((tasks, who), (deeds, did), (functions, places)):
            numbers.extend(map(names.__getitem__, column))
        numbers.extend(ticks)
        numbers.extend(free)
    rows = lanes(run)
    boots = [lane.boot and (STATE_NUMBER[lane.boot[0]], waits[lane.boot[1]]) for lane in rows]
    for y, lane in enumerate(rows):
        for start, end, state, on in lane.segments:
            if start < until:
                numbers.extend((y, start, min(end, until), STATE_NUMBER[state], waits[on]))
    if byteorder == "big":
        numbers.byteswap()
    zone = run.kernel.zone
    return {
        "scenario": run.scenario,
        "title": heading(run),
        "policy": run.origin.policy_words(),
        "verdict": run.outcome.verdict,
        "outcome": run.outcome.why,
        "steps": until,
        "more": len(run.trace) - until,
        "zone": {
            **{mark: getattr(zone, mark) for mark in ("managed", "min", "low", "high")},
            "free": machine_at(run, 0).zone.free,
        },
        "tasks": [task.name for task in tasks],
        "deeds": [
            f"{verb} {name_of(what)}" + (f" \u2192 {drawn(effect)}" if effect else "")
            for (verb, what), effect in deeds
        ],
        "functions": list(functions),
        "waits": list(waits),
        "lanes": [
            {
                "name": lane.name,
                "kind": lane.kind,
                "boot": boot,
                "fates": [
                    [f.start, min(f.end, until), f.kind] for f in lane.fates if f.start < until
                ],
            }
            for lane, boot in zip(rows, boots, strict=True)
        ],
        "moments": [list(moment) for moment in moments(run, rows) if moment.step < until],
        "log": [[step - 1, line] for step, line in kernel_log(run) if step <= until],
        "columns": numbers.tobytes(),
    }
