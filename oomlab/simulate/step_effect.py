"""What a step did, in words: `cmpxchg mm_to_reap` -> "busy with victim2".

A step says before it runs what it is about to do, as (verb, object). Whether that worked is seen
by looking at the machine just before and just after. The two looks are kept as plain facts; the
words are made when they are read. Nothing here changes the machine.

    was = look(kernel, op)          # op is task.op; then the step is taken
    words(kernel, task, op, was)

Steps that happen by the thousand are not looked at: what they did is seen in the free pages.
"""

from collections.abc import Callable, Iterator, Sequence
from functools import cache
from operator import attrgetter
from typing import Any, NamedTuple

from ..model.kernel import Kernel
from ..model.locks import TASK_DEAD, TASK_RUNNING, Mutex, RwSemaphore, WaitQueue
from ..model.mm import MM, VMA
from ..model.tasks import Task
from ..naming import short
from ..plural import plural

NULL = "NULL"

# Steps that concern no other task: the free pages tell their effect.
ORDINARY = frozenset({"fault", "allocate", "charge", "free", "spin on task_lock of"})


class Look(NamedTuple):
    """What the words need of the machine at one moment."""

    free: int  # pages
    fact: Any  # what this verb asks of its object, see FACTS
    mms: list[MM]
    refs: list[int]  # mm_users of each, then mm_count of each
    awake: list[Task]  # tasks that are not asleep


users_of, count_of = attrgetter("mm_users"), attrgetter("mm_count")


def look(kernel: Kernel, op: tuple) -> Look | None:
    """The machine as the words for `op` need it, before or after its step; None if ordinary."""
    try:
        verb, what = op
    except (TypeError, ValueError):
        raise ValueError(f"a step is a (verb, object), and a program yields {short(op)}") from None
    if verb in ORDINARY:
        return None
    try:
        fact = FACTS[verb](kernel, what) if verb in FACTS else None
    except AttributeError:  # a program of the user's own does something else by this word
        fact = None
    mms = kernel.mms
    refs = [*map(users_of, mms), *map(count_of, mms)]
    return Look(kernel.zone.free, fact, mms.copy(), refs, list(kernel.runqueue))


def variable(kernel: Kernel, what: object) -> str:
    """What a shared variable holds, by name: a field of the kernel, or of each memcg."""
    owner, _, name = str(what).rpartition(".")
    holders = kernel.memcgs if owner == "memcg" else [kernel]
    held = (getattr(holder, name, None) for holder in holders)
    return (
        ", ".join(getattr(value, "name", str(value)) for value in held if value is not None) or NULL
    )


def queue(kernel: Kernel, what: object = None) -> list[str]:
    """oom_reaper_list by name, from its head; "..." at the end of a list that runs in a circle."""
    chain: list[Task] = []
    link = kernel.oom_reaper_list
    while link is not None and link not in chain:
        chain.append(link)
        link = link.oom_reaper_list
    return [task.name for task in chain] + (["..."] if link is not None else [])


def to_read(kernel: Kernel, lock: RwSemaphore) -> str:
    """Who keeps a reader out: the writer, or the first that waits; "" if none does."""
    if lock.writer is not None:
        return f"{lock.writer.name} has it"
    return f"{lock.waiters[0][0].name} waits for it" if lock.waiters else ""


def to_write(kernel: Kernel, lock: RwSemaphore) -> str:
    readers = ", ".join(task.name for task in lock.readers)
    return to_read(kernel, lock) or (f"{readers} has it" if readers else "")


def to_lock(kernel: Kernel, lock: Mutex) -> str:
    return f"{lock.owner.name} has it" if lock.owner is not None else ""


def resident(kernel: Kernel, vma: object) -> int:
    return vma.pages if isinstance(vma, VMA) else 0


FACTS: dict[str, Callable] = {
    "cmpxchg": variable,
    "xchg": variable,
    "read": variable,
    "write": variable,
    "clear": variable,
    "queue": queue,
    "pop": queue,
    "lock": to_lock,
    "trylock": to_lock,
    "read-lock": to_read,
    "read-trylock": to_read,
    "write-lock": to_write,
    "SIGKILL": lambda kernel, task: task.sigkill,
    "mark": lambda kernel, task: task.memdie,
    "reap": resident,
    "unmap": resident,
}


COUNTED = ("reclaim from", "reap", "unmap")  # own_words() says how many pages these free


def words(
    kernel: Kernel, task: Task, op: tuple, was: Look | None, free: int, events: Sequence[dict]
) -> str:
    """The effect of a step of `task` that did `op`, just after it; "" if there is none to tell.

    `was` is the look before the step, `free` the free pages then, `events` what the step reported.
    """
    now = None if was is None else look(kernel, op)
    if was is None or now is None:
        told = [pages_words(op[0], free - kernel.zone.free)]
    else:
        # A step goes on behind what it waited for, and may take pages there.
        pages = 0 if op[0] in COUNTED else free - kernel.zone.free
        told = [own_words(op, was, now), pages_words("", pages)]
        told += [*changed_refs(was, now), *woken(op, was, now)]
    told += map(event_words, events)
    if task.state == TASK_DEAD:
        told.append("gone")
    elif task.state != TASK_RUNNING:
        told.append(falls_asleep(task, op))
    return "; ".join(filter(None, told))


def falls_asleep(task: Task, op: tuple) -> str:
    """What it sleeps on, unless the step has said so: a lock that is taken, a queue of its own."""
    if task.waits_for == "a timer":
        return "naps"
    if task.waits_for is op[1]:
        return ""  # "has to wait" says it
    if isinstance(task.waits_for, WaitQueue):
        return "sleeps"
    return f"sleeps on {task_name(task.waits_for)}"


def own_words(op: tuple, was: Look, now: Look) -> str:
    """What became of what the step set out to do."""
    verb, what = op
    before, after = was.fact, now.fact
    if verb == "reclaim from":
        return plural(now.free - was.free, "page") if now.free > was.free else "nothing to reclaim"
    if verb == "cmpxchg" and before == after != NULL:
        return f"busy with {before}"
    if verb in ("cmpxchg", "xchg", "read", "write", "clear"):
        return f"was {before}, now {after}" if before != after else f"finds {before}"
    if verb == "queue":
        again = "queued twice: " if task_name(what) in before else ""
        return f"{again}the list is {', '.join(after)}"
    if verb == "pop":
        left = f", {', '.join(after)} left" if after else ", none left"
        return f"takes {before[0]}{left}" if before else "finds no victim"
    if verb in ("trylock", "read-trylock"):
        return f"not taken: {before}" if before else "taken"
    if verb in ("lock", "read-lock", "write-lock"):
        return f"has to wait: {before}" if before else "taken"
    if verb in ("reap", "unmap"):
        return plural(before - after, "page")
    if verb in ("SIGKILL", "mark") and before:
        return "had it already"
    return ""


@cache
def pages_words(verb: str, pages: int) -> str:
    """The effect of an ordinary step, from how many pages it took."""
    if pages > 0:
        return plural(pages, "page")
    if pages < 0:
        return f"{plural(-pages, 'page')} given back"
    return {"allocate": "no page above the mark", "fault": "no page at once"}.get(verb, "")


def task_name(what: object) -> str:
    return getattr(what, "name", str(what))


def changed_refs(was: Look, now: Look) -> Iterator[str]:
    """References taken and dropped: `mm_users of victim1 1 -> 0`."""
    if was.refs == now.refs and was.mms == now.mms:
        return
    after = {
        mm: refs for mm, *refs in zip(now.mms, now.refs, now.refs[len(now.mms) :], strict=False)
    }
    for mm, users, count in zip(was.mms, was.refs, was.refs[len(was.mms) :], strict=False):
        if mm not in after:
            yield f"mm_count of {mm.name} {count} -> 0, freed"
            continue
        new_users, new_count = after[mm]
        if users != new_users:
            yield f"mm_users of {mm.name} {users} -> {new_users}"
        if count != new_count:
            yield f"mm_count of {mm.name} {count} -> {new_count}"


def woken(op: tuple, was: Look, now: Look) -> Iterator[str]:
    """Whom the step woke up."""
    names = []
    if was.awake != now.awake:
        woke = {*now.awake} - {*was.awake}
        names = [task.name for task in sorted(woke, key=lambda task: task.pid)]
    if names:
        yield f"wakes {', '.join(names)}"
    elif op[0] == "wake":
        yield f"{task_name(op[1])} was awake"


def event_words(event: dict) -> str:
    """What the model itself reports, as far as the other words do not say it."""
    return EVENTS.get(event["event"], "").format_map(Names(event))


class Names(dict):
    """What an event holds, by name."""

    def __getitem__(self, key: str) -> str:
        return task_name(super().__getitem__(key))


# Events in words. Those whose step says the same by itself are left out.
EVENTS = {
    "scan_aborted": "waits for an unfinished victim",
    "oom_report": "chooses {chosen}",
    "unable_to_reap": "gives up {task}",
    "finish_task_reaping": "{task} is reaped",
    "no_killable_processes": "no killable process",
    "mm_pinned": "{by} keeps the memory of {task}",
    "oom_group": "the whole of {memcg} is to die",
    "segfault": "SIGSEGV for {task}",
    "reaper_failed": "there is no reaper",
    "bug": "BUG: {text}",
    "panic": "panic: {text}",
    "exit": "{task} has exited",
}
