"""A run as a picture's data: lanes, moments, and who took the reclaimed pages. No drawing here.

    for lane in lanes(run): lane.name, lane.segments, lane.fates
    for moment in moments(run): moment.step, moment.kind, moment.sentence

A step is a column. A task is in the state its last step left it in until it takes another one.
"""

from bisect import bisect_right
from dataclasses import dataclass, field
from typing import NamedTuple

from ..model.locks import Mutex, RwSemaphore
from ..model.tasks import PF_KTHREAD, Task
from ..simulate.recorder import state_of
from ..simulate.run import Run, kind_of, name_of
from ..simulate.setup import build

# What a lane shows, in the words of a legend.
STATES = {
    "running": "running",
    "allocating": "looping in the slow path",
    "locked": "waiting for a lock",
    "waiting": "asleep",
    "frozen": "frozen",
    "exiting": "exiting",
}
FATES = {"killed": "SIGKILL pending", "reaped": "memory reaped"}

# Events that are attempts or reports: what comes of them is shown.
UNTOLD = {
    *("scan_aborted", "memalloc_info", "skip_task_reaping", "oom_report"),
    *("no_killable_processes", "zero_page", "page_allocation_failure"),
}


class Segment(NamedTuple):
    """From step `start` up to, not including, `end` the task is in `state`, waiting for `on`."""

    start: int
    end: int
    state: str
    on: str


class Fate(NamedTuple):
    """From `start` to `end` the task is "killed" and not yet gone, or "reaped"."""

    start: int
    end: int
    kind: str


@dataclass
class Lane:
    """All that a task, or several of one name in turn, did."""

    name: str
    kind: str  # user or kernel
    segments: list[Segment] = field(default_factory=list)
    fates: list[Fate] = field(default_factory=list)
    boot: tuple[str, str] | None = None  # its state before step 0, and what it waited for then

    def at(self, step: int) -> Segment | None:
        """What it is doing at a step; None before its birth and after its death."""
        found = bisect_right(self.segments, (step, float("inf"))) - 1
        segment = self.segments[found] if found >= 0 else None
        return segment if segment and step < segment.end else None


class Moment(NamedTuple):
    """A step worth jumping to."""

    step: int
    kind: str  # kill, wake, reap, steal, loss, exit, panic, bug
    task: str
    sentence: str


# Events that are moments: how they are called, and what they say.
TOLD = {
    "kill": ("kill", "{task} is killed"),
    "mark_victim": ("kill", "{task} is marked as OOM victim"),
    "wake_reaper": ("wake", "the reaper is woken for {task}"),
    "slot_busy": ("loss", "mm_to_reap is busy with {mm}: {task} is not handed over"),
    "start_task_reaping": ("reap", "the reaper begins with {task}"),
    "finish_task_reaping": ("reap", "the reaper is done with {task}"),
    "unable_to_reap": ("loss", "the reaper gives {task} up"),
    "mm_pinned": ("loss", "{task} shares its memory with {by}, and is not reaped"),
    "segfault": ("kill", "{task} loses its memory while alive: SIGSEGV"),
    "no_killable_processes": ("panic", "{task} finds no task to kill"),
    "exit": ("exit", "{task} has exited"),
    "panic": ("panic", "the kernel panics: {text}"),
    "bug": ("bug", "this must not happen: {text}"),
}


def shown_steps(run: Run) -> int:
    """How much of a trace is worth showing: to some way past the last thing that was new.

    New is an event that is told, a change in free pages, or a task that does what it never did.
    """
    run.must_be_traced()
    if "shown" not in vars(run):  # asked many times for one picture, and a run does not change
        vars(run)["shown"] = count_shown_steps(run)
    return vars(run)["shown"]


def count_shown_steps(run: Run) -> int:
    everything = panic_ends(run)
    last = max((event["step"] for event in run.kernel.events or () if told(event)), default=0)
    if everything > last + 2 * tail(last):  # else nothing can be cut, whatever is new after it
        done, before = set(), None
        for number, (_, task, op, function, _, free, _, _) in enumerate(run.trace):
            if free != before or (task, function, op[0]) not in done:
                last = max(last, number)
                before = free
                done.add((task, function, op[0]))
    return everything if everything <= last + 2 * tail(last) else last + tail(last)


def panic_ends(run: Run) -> int:
    """How many steps were taken up to a panic, after which no task lives; all if there is none."""
    events = run.kernel.events or ()
    panics = (e["step"] + 1 for e in events if e["event"] == "panic" and "step" in e)
    return min(panics, default=len(run.trace))


def tail(last: int) -> int:
    """How many steps after the last new one are shown."""
    return max(100, last // 5)


def told(event: dict) -> bool:
    return event["event"] not in UNTOLD and "step" in event


def lanes(run: Run) -> list[Lane]:
    """One lane for each name, in the order in which the tasks were born."""
    until = shown_steps(run)
    found: dict[str, Lane] = {}
    now: dict[str, tuple] = {}  # name -> (since, state, on)
    boot, _ = build(run.scenario, run.policy, **run.params)
    for task in boot.tasks:
        stood = looks(state_of(task), task.waits_for)
        found[task.name] = Lane(task.name, kind_of(task), boot=stood)
        now[task.name] = (0, *stood)

    def turn(name: str, number: int, after: tuple[str, str]) -> None:
        was = now.get(name)
        if was is not None and was[1:] == after:
            return
        if was is not None and was[0] < number:
            found[name].segments.append(Segment(was[0], number, *was[1:]))
        now[name] = (number, *after)

    cold = freezes(run)
    before: tuple = (None, "", None)  # most steps are like the one before
    for number, (_, task, _, _, state, _, on, _) in enumerate(run.trace[:until]):
        if task is before[0] and state == before[1] and on is before[2] and number not in cold:
            continue
        before, name = (task, state, on), task.name
        if name not in found:
            found[name] = Lane(name, kind_of(task))
        turn(name, number, looks(state, on))
        if state == "dead":
            now.pop(name, None)
        for sleeper, becomes in cold.get(number, {}).items():  # those that took no step
            if sleeper in now and sleeper != name:
                turn(sleeper, number, (becomes, now[sleeper][2]))

    for name, (since, state, on) in now.items():
        found[name].segments.append(Segment(since, until, state, on))
    for name, fates in fates_of(run, until).items():
        if name in found:
            found[name].fates = [fate for fate in fates if found[name].at(fate.start)]
    return list(found.values())


def freezes(run: Run) -> dict[int, dict[str, str]]:
    """Who is frozen, or asleep again, by a step that another task takes: {step: {name: state}}."""
    becomes = {"freezing": "frozen", "thawing": "waiting"}
    return {
        event["step"]: dict.fromkeys(event["sleepers"], becomes[event["event"]])
        for event in run.kernel.events or ()
        if event["event"] in becomes
    }


def looks(state: str, on) -> tuple[str, str]:
    """A state as a lane shows it: waiting for a lock is not the same as being asleep."""
    if state == "waiting" and isinstance(on, Mutex | RwSemaphore):
        state = "locked"
    return state, "" if on is None or state == "allocating" else name_of(on)


def fates_of(run: Run, until: int) -> dict[str, list[Fate]]:
    """Who is killed from when, and reaped from when, threads with their process: {name: [...]}."""
    deaths: dict[str, list[int]] = {}
    happened: list[tuple[int, str, str]] = []
    for number, (_, task, op, _, state, _, _, _) in enumerate(run.trace[:until]):
        if state == "dead":
            deaths.setdefault(task.name, []).append(number)
        if op[0] == "SIGKILL":
            happened.append((number, "killed", op[1].name))
    for event in run.kernel.events or ():
        if event["event"] == "finish_task_reaping" and event.get("step", until) < until:
            happened.append((event["step"], "reaped", name_of(event["task"])))  # or of the mm
    happened += [(last, "reaped", whose.name) for _, last, _, whose in released(run, until)]
    happened.sort(key=lambda each: each[0])

    threads: dict[int, set[str]] = {}  # of a process, by its signal_struct
    process: dict[str, set[str]] = {}
    for task in {row[1] for row in run.trace[:until]} | {*run.kernel.tasks}:
        process[task.name] = threads.setdefault(id(task.signal), set())
        process[task.name].add(task.name)

    fates: dict[str, list[Fate]] = {}
    for step, kind, name in happened:
        for thread in process.get(name, {name}):
            end = next((death for death in deaths.get(thread, ()) if death >= step), until)
            found = fates.setdefault(thread, [])
            if step < end and (kind, end) not in [(fate.kind, fate.end) for fate in found]:
                found.append(Fate(step, end, kind))
    return fates


def is_killed(fates: dict[str, list[Fate]], name: str, step: int) -> bool:
    """Had the task SIGKILL pending at that step?"""
    for start, end, kind in fates.get(name, ()):
        if start <= step <= end and kind == "killed":
            return True
    return False


def takers(run: Run) -> list[tuple[int, Task, int]]:
    """Each step at which a task took pages that the reaper had freed: (step, task, pages)."""
    taken, before = [], 0
    for number, (_, task, _, _, _, _, _, reaped) in enumerate(run.trace):
        if reaped < before:
            taken.append((number, task, before - reaped))
        before = reaped
    return taken


def moments(run: Run, rows: list[Lane] | None = None) -> list[Moment]:
    """What is worth jumping to, in order; `rows` are the lanes, if they were made already."""
    until = shown_steps(run)
    found: list[Moment] = []
    for event in run.kernel.events or ():
        kind, text = TOLD.get(event["event"], ("", ""))
        if not kind or not 0 <= event.get("step", -1) < until:
            continue
        if event["event"] == "mark_victim" and found and found[-1].task == name_of(event["task"]):
            continue  # of its own kill, a step ago
        said = {key: name_of(value) for key, value in event.items() if value is not None}
        said = {"task": "a process", **said}
        found.append(Moment(event["step"], kind, said["task"], text.format(**said)))
    found += [*signals(run, until), *steals(run, until, rows)]
    found += [
        Moment(first, "reap", whose.name, f"{by.name} takes the memory of {whose.name}")
        for first, _, by, whose in released(run, until)
    ]
    return sorted(found, key=lambda moment: moment.step)


def signals(run: Run, until: int) -> list[Moment]:
    """SIGKILLs that no event tells: to who shares the victim's memory, and from user space."""
    events = run.kernel.events or ()
    killed = [(e["step"], e["task"].signal) for e in events if e["event"] == "kill" and "step" in e]
    return [
        Moment(number, "kill", whom.name, f"{whom.name} gets SIGKILL from {task.name}")
        for number, (_, task, (verb, whom), *_) in enumerate(run.trace[:until])
        if verb == "SIGKILL"
        and not any(step <= number and signal is whom.signal for step, signal in killed)
    ]


def released(run: Run, until: int) -> list[tuple[int, int, Task, Task]]:
    """What process_mrelease() took: the first and the last step of it, who took it, and whose."""
    asked: dict[Task, Task] = {}
    found: list[tuple[int, int, Task, Task]] = []
    for number, (_, task, (verb, what), *_) in enumerate(run.trace[:until]):
        if verb == "process_mrelease":
            asked[task] = what
        elif verb == "reap" and task in asked:
            goes_on = found and found[-1][2:] == (task, asked[task])
            first = found.pop()[0] if goes_on else number
            found.append((first, number, task, asked[task]))
        elif verb != "read-lock":
            asked.pop(task, None)
    return found


def steals(run: Run, until: int, rows: list[Lane] | None) -> list[Moment]:
    """Reclaimed pages taken by tasks that are not dying, told once for each row of takes."""
    taken = takers(run)
    if not taken:
        return []
    fates = {lane.name: lane.fates for lane in rows or lanes(run) if lane.fates}
    thefts: list[list] = []
    for step, task, pages in taken:
        if step >= until or task.flags & PF_KTHREAD:
            continue
        if task.name in fates and is_killed(fates, task.name, step):
            continue
        if thefts and thefts[-1][1] == task.name:
            thefts[-1][2] += pages
        else:
            thefts.append([step, task.name, pages])
    return [
        Moment(step, "steal", name, f"{name}, not dying, takes {pages} of the reclaimed pages")
        for step, name, pages in thefts
    ]


def does(step: tuple) -> str:
    """A step of the trace as a sentence: who, in which function, does what."""
    _, task, (verb, what), function, *_ = step
    return f"{task.name} in {function}(): {verb} {name_of(what)}"
