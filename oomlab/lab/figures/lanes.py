"""Task lanes over time: what each task is doing, from when it is killed, from when reaped."""

from collections.abc import Sequence

from ...arguments import checked
from ...looks import FATE_LOOKS, STATE_LOOKS, VERMILLION
from ...paper import PAD, Drawing, nice, wide_as
from ...plural import plural
from ...simulate.run import Run
from ..facts import heading, several
from ..timeline import FATES, STATES, Lane, Moment, lanes, moments, shown_steps

ROW, BAR = 24, 13
LEAST = 2  # pixels: ten failed attempts are ten slivers, however long the run
FEW = 3  # slivers in a row: to wait for a lock, to try, and to give it back
LETTERS = {  # a letter and a word for each kind of event, as the lab has them (unpacked_run.js)
    "kill": ("K", "killed or marked"),
    "wake": ("W", "reaper woken"),
    "reap": ("R", "reaping begins, or memory taken"),
    "steal": ("S", "reclaimed page taken"),
    "loss": ("L", "not handed over, or given up"),
    "exit": ("x", "exit"),
    "panic": ("P", "panic"),
    "bug": ("!", "must not happen"),
}
APART = 11  # pixels from one letter to the next
FIRST = ("panic", "bug", "loss")  # whose letter is written where there is room for one


class Steps:
    """Where a step is: `last` steps between the pixels `left` and `right`."""

    def __init__(self, left: float, right: float, last: int):
        self.left, self.right, self.last = left, right, max(last, 1)
        self.scale = (right - left) / self.last

    def x(self, step: float) -> float:
        return self.left + step * self.scale


@checked
def figure(run: Run, *, dark: bool | None = None) -> Drawing:
    """One lane for each task; a column is a step. Under a lane: SIGKILL pending, memory reaped."""
    drawing = Drawing(alt_text(run), dark)
    drawing.heading(heading(run), outcome_sentence(run))
    draw(drawing, run)
    explain(drawing, [run])
    return drawing


def outcome_sentence(run: Run) -> str:
    """How it ended, and why; a kernel's own message may bring its own full stops."""
    return f"{run.outcome.verdict}: {run.outcome.why.rstrip('.')}."


def draw(
    drawing: Drawing,
    run: Run,
    parted: Moment | None = None,
    room: float = PAD,
    beside: Sequence[Run] = (),
) -> Steps:
    """The lanes, with a letter for each event above them; a thick line where two runs part.

    `room` is left at the right end. Runs that stand `beside` it have the same scale: a step stands
    below the same step. Where the steps are comes back.
    """
    rows, until = lanes(run), shown_steps(run)
    # Under the names stand the pages that are free (free_memory.py): a word, and its numbers.
    pages = wide_as("pages 100000", 12)
    others = [other for other in beside if other is not run]
    all_rows = [*rows, *(lane for other in others for lane in lanes(other))]
    names = min(190, 14 + max(pages, *(wide_as(lane.name) for lane in all_rows)))
    longest = max(until, *map(shown_steps, beside)) if beside else until
    steps = Steps(names, drawing.width - room, longest)
    marks = moments(run, rows)
    letters(drawing, steps, marks)
    top = drawing.y = drawing.y + 8
    for number, lane in enumerate(rows):
        draw_lane(drawing, steps, lane, top + number * ROW)
    foot = top + len(rows) * ROW
    if run.outcome.verdict == "panic":  # here every lane ends
        drawing.line(steps.x(until), top, steps.x(until), foot, "ink", 3)
    if parted is not None:
        drawing.line(steps.x(parted.step), top - 4, steps.x(parted.step), foot, "alarm", 3)
    for number, lane in enumerate(rows):
        write_locks(drawing, steps, lane, top + number * ROW)
    failures(drawing, run, steps, rows, marks, top)
    drawing.y = foot
    left = len(run.trace) - until
    axis(drawing, steps, f"step (then {left} more in which nothing changes)" if left else "step")
    return steps


def letters(drawing: Drawing, steps: Steps, marks: list[Moment]) -> None:
    """A tick for each event, and its letter where there is room for it.

    The first of each kind has its letter in any case, so that what the key explains can be found;
    where several lie close together, they stand beside each other in their order.
    """
    drawing.y += 16
    named = list({moment.kind: moment for moment in reversed(marks)}.values())
    for moment in sorted(marks, key=lambda moment: moment.kind not in FIRST):
        x = steps.x(moment.step)
        quiet = moment.kind in ("exit", "wake")
        drawing.line(x, drawing.y + 3, x, drawing.y + 8, "quiet" if quiet else VERMILLION, 1.5)
        if all(abs(x - steps.x(other.step)) >= APART for other in named):
            named.append(moment)
    named.sort(key=lambda moment: moment.step)
    places, free = [], steps.left
    for moment in named:
        places.append(max(steps.x(moment.step), free))
        free = places[-1] + APART
    free = steps.right
    for place, moment in zip(reversed(places), reversed(named), strict=True):  # not over the edge
        x = min(place, free)
        drawing.text(x, drawing.y, LETTERS[moment.kind][0], anchor="middle", size=12)
        free = x - APART
    drawing.text(PAD, drawing.y, "events", "quiet", size=12)


def draw_lane(drawing: Drawing, steps: Steps, lane: Lane, y: float) -> None:
    """The states of one task, and its fates under them."""
    name = lane.name if wide_as(lane.name) < steps.left - PAD else f"{lane.name[:22]}…"
    drawing.text(PAD, y + 14, name)
    for state in STATES:
        spans = [(steps.x(s.start), steps.x(s.end)) for s in lane.segments if s.state == state]
        drawing.bars(spans, y + 3, BAR, STATE_LOOKS[state])
    slivers(drawing, steps, lane, y + 3)
    for kind, look in FATE_LOOKS.items():
        spans = [(steps.x(f.start), steps.x(f.end)) for f in lane.fates if f.kind == kind]
        drawing.bars(spans, y + 17, 4, look)


def write_locks(drawing: Drawing, steps: Steps, lane: Lane, y: float) -> None:
    """Which lock a task waits for, where it fits: over all lines, so that none crosses it."""
    for segment in lane.segments:
        left, right = steps.x(segment.start), steps.x(segment.end)
        if segment.state == "locked" and right - left > wide_as(segment.on, 12) + 14:
            drawing.haloed(left + 7, y + 14, segment.on, size=12)


def slivers(drawing: Drawing, steps: Steps, lane: Lane, y: float) -> None:
    """What is too short to be seen, and stands between long ones, is drawn two pixels wide."""
    before, few = 9e9, []  # the width of the long one before, and the short ones since
    for segment in [*lane.segments, None]:
        wide = (segment.end - segment.start) * steps.scale if segment else 9e9
        if segment and wide < LEAST:
            few.append(segment)
            continue
        if len(few) <= FEW and min(before, wide) > 3 * LEAST:
            for number, short in enumerate(few):
                left = steps.x(few[0].start) + number * LEAST
                drawing.rect(left, y, LEAST, BAR, STATE_LOOKS[short.state])
        before, few = wide, []


def failures(
    drawing: Drawing, run: Run, steps: Steps, rows: list[Lane], marks: list[Moment], top: float
) -> None:
    """What failed is what the eye must find first: a cross on the lane of whose step it was."""
    places = {lane.name: number for number, lane in enumerate(rows)}
    for moment in marks:
        place = places.get(run.trace[moment.step][1].name)
        if moment.kind in ("loss", "bug") and place is not None:
            x, y = steps.x(moment.step) + min(steps.scale, 14) / 2, top + place * ROW + 9
            drawing.rect(x - 8, y - 8, 16, 16, ("ink", ""))
            drawing.rect(x - 6.5, y - 6.5, 13, 13, ("paper", ""))
            drawing.line(x - 4, y - 4, x + 4, y + 4, VERMILLION, 2.5)
            drawing.line(x - 4, y + 4, x + 4, y - 4, VERMILLION, 2.5)


def axis(drawing: Drawing, steps: Steps, words: str) -> None:
    """Numbers of steps, counted from 1, each under its tick, which stands where its events do."""
    every = nice(60 / steps.scale)
    drawing.y += 16
    for step in range(every, steps.last + 1, every):
        x = steps.x(step - 1)
        drawing.line(x, drawing.y - 15, x, drawing.y - 11, "quiet")
        middle = min(x, drawing.width - PAD - wide_as(str(step), 12) / 2)  # not over the edge
        drawing.text(middle, drawing.y, str(step), "quiet", size=12, anchor="middle")
    drawing.text(PAD, drawing.y, "step", "quiet", size=12)
    if words != "step":
        drawing.y += 16
        drawing.text(steps.right, drawing.y, words, "quiet", size=12, anchor="end")


def explain(drawing: Drawing, runs: list[Run]) -> None:
    """The legend of what is drawn, and the key to the letters."""
    rows = [lane for run in runs for lane in lanes(run)]
    states = {segment.state for lane in rows for segment in lane.segments}
    fates = {fate.kind for lane in rows for fate in lane.fates}
    drawing.legend(
        [(STATES[state], STATE_LOOKS[state]) for state in STATES if state in states],
        lines=[(FATES[kind], FATE_LOOKS[kind]) for kind in FATES if kind in fates],
    )
    kinds = {moment.kind for run in runs for moment in moments(run)}
    marks = {f"{letter} {words}": kind in kinds for kind, (letter, words) in LETTERS.items()}
    drawing.key({**marks, "✖ on the lane whose step failed": kinds & {"loss", "bug"}})


@checked
def alt_text(run: Run) -> str:
    """What the lanes show, as a sentence."""
    rows = lanes(run)
    ends = {lane.name: lane.segments[-1] for lane in rows if lane.segments}
    until = shown_steps(run)
    last = [(name, s) for name, s in ends.items() if s.end == until]
    stuck = [f"{name} {STATES[s.state]}" for name, s in last if s.state in ("allocating", "locked")]
    killed = [lane.name for lane in rows if any(f.kind == "killed" for f in lane.fates)]
    reaped = [lane.name for lane in rows if any(f.kind == "reaped" for f in lane.fates)]
    rest = f"; at the end {several(stuck)}" if stuck else ""
    return (
        f"Lanes of {plural(len(rows), 'task')} over {plural(until, 'step')} of {heading(run)}: "
        f"{several(killed)} killed, {several(reaped)} reaped{rest}."
    )
