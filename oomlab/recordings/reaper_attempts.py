"""What the reaper did to each victim, when, and what it left: recorded, and in the model.

Both sides are read from the same tracepoints (oom:mark_victim, wake_reaper, start_, finish_ and
skip_task_reaping) and from "oom_reaper: unable to reap". Times are milliseconds after the mark.
"""

import re
from collections.abc import Iterable
from typing import NamedTuple

from ..policies.policy import HZ

SLACK_MS = 250  # by which ten tries and what comes after may be late in an emulated guest

CLOSE_MS = 100  # one nap of the reaper

UNABLE = re.compile(r"^\[\s*(\d+)\.(\d{6})\] oom_reaper: unable to reap pid:(\d+)", re.M)
STEPS = {
    "mark_victim": "mark",
    "wake_reaper": "wake",
    "start_task_reaping": "start",
    "skip_task_reaping": "skip",
    "finish_task_reaping": "finish",
    "unable_to_reap": "give up",
}


class Attempt(NamedTuple):
    """The reaper and one victim."""

    victim: str
    tries: int
    end: str  # "reaped", "given up" or "", when the reaper found nothing to do or was not done
    woken: int | None  # ms after the mark
    ended: int | None


def recorded_steps(record: dict) -> list[tuple[int, str, str]]:
    """(ms since boot, step, victim) of a recording, in order of time; empty without tracepoints."""
    trace = record.get("trace")
    if not isinstance(trace, dict) or not trace.get("events"):
        return []
    names = {task["pid"]: task["id"] for task in record["before"]["tasks"]}
    steps = []
    for when, _, _, event, args in trace["events"]:
        pid = re.search(r"pid=(\d+)", args)
        if event in STEPS and pid and int(pid[1]) in names:
            steps.append((when // 1000, STEPS[event], names[int(pid[1])]))
    ahead = (record.get("clock") or {}).get("report_minus_monotonic_us") or [0]
    for seconds, us, pid in UNABLE.findall(record.get("report", "")):
        if int(pid) in names:
            when = int(seconds + us) - ahead[-1]
            steps.append((when // 1000, "give up", names[int(pid)]))
    return sorted(steps, key=lambda step: step[0])


def model_steps(kernel) -> list[tuple[int, str, str]]:
    """The same of a machine of the model: its ticks as milliseconds."""
    return [
        (e["tick"] * 1000 // HZ, STEPS[e["event"]], e["task"].name)
        for e in kernel.events
        if e["event"] in STEPS and e["task"] is not None
    ]


def attempts(steps: Iterable[tuple[int, str, str]], victims: Iterable[str]) -> list[Attempt]:
    """What became of each of these victims that the reaper came to, in the order it first did."""
    steps, victims = list(steps), set(victims)
    order = [who for _, what, who in steps if what in ("start", "skip") and who in victims]
    return [attempt(steps, victim) for victim in dict.fromkeys(order)]


def attempt(steps: list[tuple[int, str, str]], victim: str) -> Attempt:
    mine = [(when, what) for when, what, who in steps if who == victim]
    first = {what: when for when, what in reversed(mine)}
    ends = {"reaped": first.get("finish"), "given up": first.get("give up")}
    end = next((how for how, when in ends.items() if when is not None), "")
    tries = sum(what in ("start", "skip") for _, what in mine)
    mark = first.get("mark")

    def after(when: int | None) -> int | None:
        return None if when is None or mark is None else when - mark

    return Attempt(victim, tries, end, after(first.get("wake")), after(ends.get(end)))


def close_calls(steps: Iterable[tuple[int, str, str]]) -> list[str]:
    """Victims handed over just when the reaper gave another up: milliseconds decide the order.

    Whether such a one is on the list already when the reaper takes the next from it depends on how
    late the guest was, by some milliseconds in a second.
    """
    steps = list(steps)
    free = [when for when, what, _ in steps if what == "give up"]
    wakes = [(when, who) for when, what, who in steps if what == "wake"]
    return [who for woken, who in wakes if any(abs(woken - when) < CLOSE_MS for when in free)]


def newest_first(steps: Iterable[tuple[int, str, str]]) -> bool:
    """Did the reaper always take the newest of those on its list? (oom_reaper_list)"""
    on_list: list[str] = []
    for _, what, who in steps:
        if what == "wake":
            on_list.append(who)
        elif what in ("start", "skip") and who in on_list:
            if on_list.pop() != who:
                return False
    return True


def same_attempts(one: list[Attempt], other: list[Attempt], close: Iterable[str] = ()) -> bool:
    """The same attempts in the same order; of `close` victims the order is not asked for."""
    ordered = [[a.victim for a in attempts if a.victim not in close] for attempts in (one, other)]
    found = {a.victim: a for a in other}
    return (
        len(one) == len(other)
        and ordered[0] == ordered[1]
        and all(a.victim in found and same_attempt(a, found[a.victim]) for a in one)
    )


def same_attempt(one: Attempt, other: Attempt) -> bool:
    """The same victim, tries and end, at the same time as far as an emulated guest keeps time."""

    def near(a: int | None, b: int | None) -> bool:
        return a == b if a is None or b is None else abs(a - b) <= SLACK_MS

    return one[:3] == other[:3] and near(one.woken, other.woken) and near(one.ended, other.ended)


# ---- how much it took ----


def resident_kb(record: dict, name: str) -> int:
    """What a victim had when it was killed, by the line that says so (its pid is in `before`)."""
    pids = [task["pid"] for task in record["before"]["tasks"] if task["id"] == name]
    kills = [kill for one in record["parsed"] for kill in one["kills"] if kill["pid"] in pids]
    kinds = ("anon_rss_kb", "file_rss_kb", "shmem_rss_kb")
    return sum(kills[0].get(kind, 0) for kind in kinds) if kills else 0


def reaped_by_model(kernel) -> Iterable[tuple]:
    """Name, kB when it was killed, and kB of each kind that its reaper left.

    A grower that the recorder ends may mark itself and be reaped without having been chosen.
    """
    had = {e["task"].name: 4 * e["row"]["rss"] for e in kernel.events if e["event"] == "kill"}
    for e in kernel.events:
        if e["event"] == "finish_task_reaping" and e["task"].name in had:
            name = e["task"].name
            yield name, had[name], e["anon"], e["file"], e["shmem"]


def leftovers(reaped: Iterable[tuple]) -> dict:
    """Pages reaped by victim, and whether more was left than the few shared pages of any process.

    Sizes are in kB. A process shares its program's file and a page or two of its parent's memory.
    """
    rows = list(reaped)
    return {
        "reaped": {name: (had - sum(kb)) // 4 for name, had, *kb in rows},
        "left": {
            name: {"anon": anon > 64, "file": file > 1024, "shmem": shmem > 64}
            for name, _, anon, file, shmem in rows
        },
    }
