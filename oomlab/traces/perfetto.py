"""A run in the trace event format, which ui.perfetto.dev and chrome://tracing open.

A track for each task with the states of its lane, an instant for each event, a counter for the free
pages. The format is "Trace Event Format" (JSON object form). A step of the model has no duration;
each is drawn 1 ms long, so positions are steps and not time. The tick stands in the arguments.
"""

from ..lab.timeline import lanes, moments, shown_steps
from ..simulate.run import Run

STEP = 1000  # microseconds that a step is drawn long


def trace_events(run: Run) -> dict:
    """The run as a JSON object: `traceEvents`, and under `oomlab` where it comes from.

    In this order: an older trace processor reads no further than to a key that it does not know
    (json_trace_tokenizer.cc of google/perfetto; since August 2026 it passes over such a key).
    """
    until = shown_steps(run)
    rows = lanes(run)
    tracks = {lane.name: number for number, lane in enumerate(rows, 1)}
    pids = {row[1].name: row[1].pid for row in run.trace}
    events = [named("process_name", 0, str(run.origin))]
    for lane in rows:
        track = tracks[lane.name]
        events.append(named("thread_name", track, f"{lane.name} ({pids.get(lane.name, 'asleep')})"))
        for start, end, state, on in lane.segments:
            last = min(end, until)
            if start < last:
                name = f"{state}: {on}" if on else state
                events.append(span(track, start, last, name, state))
        for fate in lane.fates:
            if fate.start < min(fate.end, until):
                what = {"killed": "SIGKILL pending", "reaped": "memory reaped"}[fate.kind]
                events += nested(track, fate.start, min(fate.end, until), what)
    for moment in moments(run, rows):
        events.append(
            {
                "ph": "i",
                "s": "t",
                "pid": 1,
                "tid": tracks.get(moment.task, 1),
                "ts": moment.step * STEP,
                "name": moment.sentence,
                "cat": moment.kind,
                "args": {"step": moment.step + 1, "tick": run.trace[moment.step][0]},
            }
        )
    free = None
    for number, row in enumerate(run.trace[:until]):
        if row[5] != free:
            free = row[5]
            counter = {"ph": "C", "pid": 1, "ts": number * STEP, "name": "free"}
            events.append(counter | {"args": {"pages": free}})  # told as "free pages"
    return {"traceEvents": events, "displayTimeUnit": "ms", "oomlab": run.to_dict()}


def named(what: str, track: int, name: str) -> dict:
    return {"ph": "M", "pid": 1, "tid": track, "name": what, "args": {"name": name}}


def span(track: int, start: int, end: int, name: str, kind: str) -> dict:
    """A complete event: from step `start` up to, not including, `end`."""
    where = {"pid": 1, "tid": track, "ts": start * STEP, "dur": (end - start) * STEP}
    return {"ph": "X", **where, "name": name, "cat": kind, "args": {"from": start + 1, "to": end}}


def nested(track: int, start: int, end: int, name: str) -> list[dict]:
    """An asynchronous pair, which may overlap the states of its track."""
    one = {"pid": 1, "tid": track, "cat": "fate", "name": name, "id": f"{track}.{start}.{name}"}
    return [{"ph": "b", "ts": start * STEP, **one}, {"ph": "e", "ts": end * STEP, **one}]
