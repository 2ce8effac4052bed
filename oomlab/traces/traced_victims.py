"""The victims of a real OOM, each with the times of its tracepoints.

A failed attempt of the reaper is skip_task_reaping (mm/oom_kill.c, oom_reap_task_mm(), v4.14 on).
"""

import re
from collections.abc import Iterable
from math import inf
from typing import NamedTuple

from ..model.reaper import MAX_OOM_REAP_RETRIES
from ..reports import Explanation
from .trace_formats import TraceEvent

LEFT = re.compile(r"now anon-rss:(\d+)kB, file-rss:(\d+)kB, shmem-rss:(\d+)kB")
KILLS = ("mark_victim", "oom_kill_process")
NOT_KNOWN = "<...>"  # what ftrace prints of a process whose name it did not keep


class Victim(NamedTuple):
    """One victim. Times are seconds of the trace's clock; None: the trace does not show it."""

    pid: int
    comm: str | None
    marked: float
    woken: float | None  # handed to the reaper (wake_reaper)
    tries: tuple[float, ...]  # skip_task_reaping: attempts in vain
    started: float | None
    finished: float | None
    exited: float | None
    wakes: int  # how often it was handed over: twice is a race of the kernel
    left_kb: int | None  # what the kernel's log says was left in it after reaping

    @property
    def who(self) -> str:
        """As it is called in a sentence: by its pid alone where nothing names it."""
        return f"pid {self.pid}" if self.comm is None else f"{self.comm} ({self.pid})"

    @property
    def end(self) -> str:
        """ "reaped", "given up", "exited", or "" if the trace does not show how it ended."""
        if self.finished is not None:
            return "reaped"
        if len(self.tries) >= MAX_OOM_REAP_RETRIES:
            return "given up"
        return "exited" if self.exited is not None else ""


def victims(
    events: list[TraceEvent], log: str = "", reports: Iterable[Explanation] = ()
) -> list[Victim]:
    """Each victim once, in the order of the marks. A pid that is used again is another victim.

    Kernels before 6.9 mark a pid: its name is that of its own lines, or what the log's reports say.
    """
    kills = [told.report.victim for told in reports]
    names = {kill.pid: kill.name for kill in kills if kill is not None}
    begins: dict[int, list[float]] = {}
    for event in events:
        if event.name in KILLS:
            begins.setdefault(event.target, []).append(event.seconds)
    found = []
    for pid, marks in begins.items():
        exits = [e.seconds for e in events if e.name == "sched_process_exit" and e.target == pid]
        lives = [(marks[0], first_from(exits, marks[0]))]
        while (end := lives[-1][1]) is not None and (later := [m for m in marks if m > end]):
            lives.append((later[0], first_from(exits, later[0])))
        since, ends = -inf, [*(begin for begin, _ in lives[1:]), inf]
        for (begin, exited), until in zip(lives, ends, strict=True):
            mine = [e for e in events if e.target == pid and begin <= e.seconds < until]
            life = [e for e in events if since < e.seconds <= (inf if exited is None else exited)]
            name = name_in(life, pid)
            comm = names.get(pid) if name is None else name
            found.append(victim(mine, pid, comm, begin, exited, log if len(lives) == 1 else ""))
            since = until if exited is None else exited
    return sorted(found, key=lambda one: one.marked)


def name_in(life: list[TraceEvent], pid: int) -> str | None:
    """What a process is called at the end: by what is said of it, or by a line of its own."""
    said = [e.fields["comm"] for e in life if e.target == pid and "comm" in e.fields]
    own = [e.comm for e in life if e.pid == pid and e.comm != NOT_KNOWN]
    return next(iter([*said[-1:], *own[-1:]]), None)


def first_from(times: list[float], begin: float) -> float | None:
    return next((when for when in times if when >= begin), None)


def victim(
    mine: list[TraceEvent],
    pid: int,
    comm: str | None,
    marked: float,
    exited: float | None,
    log: str,
) -> Victim:
    """What the trace has of one victim, from its mark on. The reaper may come after its exit.

    `mine` are the events about it; the `log` does not say of which of two with one pid it speaks.
    """

    def first(name: str) -> float | None:
        return next((e.seconds for e in mine if e.name == name), None)

    begun = first("start_task_reaping")
    tries = [e.seconds for e in mine if e.name == "skip_task_reaping"]
    left = None
    for said in re.finditer(rf"oom_reaper: reaped process:? ?{pid} \(.*", log):
        if numbers := LEFT.search(said[0]):
            left = sum(map(int, numbers.groups()))
    return Victim(
        pid,
        comm,
        marked,
        first("wake_reaper"),
        tuple(when for when in tries if begun is None or when < begun),
        begun,
        first("finish_task_reaping"),
        exited,
        sum(e.name == "wake_reaper" for e in mine),
        left,
    )
