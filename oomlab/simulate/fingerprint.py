"""When are two states of a machine the same?

A state is what the shared objects hold, and where each thread of control stands: for a generator,
the code position, the locals and what its loops have left, of every frame down its `yield from`
chain. Time is left out; a timer is pending or not. Two states with equal fingerprints have the same
futures.
"""

import gc
from collections.abc import Generator, Iterator
from operator import length_hint

from ..model.kernel import Timer
from ..model.locks import Mutex, RwSemaphore, WaitQueue
from ..model.memcg import Memcg
from ..model.memory import Zone
from ..model.mm import MM, VMA, Shmem
from ..model.oom import ABORT, OomControl
from ..model.policy import Policy
from ..model.tasks import Signal, Task

PLAIN = (int, str, bool, float, type(None))


def frames(thread) -> tuple:
    """Function, position, loops and locals of each frame of a suspended thread, outermost first."""
    chain = []
    while thread is not None and thread.gi_frame is not None:
        frame = thread.gi_frame
        place = thread.gi_code.co_qualname, frame.f_lasti, loops(thread)
        chain.append((*place, tuple(frame.f_locals.values())))
        thread = thread.gi_yieldfrom
    return tuple(chain)


def loops(thread: Generator) -> tuple[int, ...]:
    """How many rounds each `for` of a suspended generator has left, inner loops too.

    An iterator is no local: it is found among all that the generator refers to.
    """
    found = [it for it in gc.get_referents(thread) if isinstance(it, Iterator)]
    found = [it.__reduce__()[1][0] if type(it) is enumerate else it for it in found]
    return tuple([length_hint(it, -1) for it in found if not isinstance(it, Generator)])


def fingerprint(kernel) -> tuple:
    """Everything that decides the future, as a hashable value."""
    number: dict[int, int] = {id(kernel): -1}
    todo: list = [*kernel.tasks]
    for thing in (*kernel.tasks, *kernel.mms, *kernel.memcgs):
        number[id(thing)] = len(number)

    def name(value):
        """A plain value as it is, a known object by its number, any other by a new one."""
        if isinstance(value, PLAIN):
            return value
        if isinstance(value, Timer):  # pending or not; when, is left out
            return value.function.__name__, name(value.argument)
        if isinstance(value, tuple | list):
            return tuple([name(item) for item in value])
        if id(value) not in number and isinstance(value, KEPT):
            number[id(value)] = len(number)
            todo.append(value)
        return number[id(value)] if id(value) in number else constant(value)

    zone = kernel.zone
    parts = [
        (
            zone.free,
            zone.reclaimable,
            zone.pages_scanned,
            kernel.panicked,
            tuple(kernel.bugs),
            kernel.freezing,
            kernel.oom_killer_disabled,
            kernel.oom_victims,
            kernel.busy_workers,
            name(kernel.mm_to_reap),
            name(kernel.oom_reaper_list),
            name(kernel.oom_lock),
        ),
        tuple(sorted(name(timer) for timer in kernel.timers)),
    ]
    todo.extend(kernel.mms)
    todo.extend(kernel.memcgs)
    for thing in todo:  # grows while we walk
        parts.append((type(thing).__name__, *[name(v) for v in contents(thing)]))
    return tuple(parts)


def contents(thing) -> tuple:
    """What of an object decides the future."""
    if isinstance(thing, Task):
        return (
            thing.pid,
            thing.state,
            thing.flags,
            thing.sigkill,
            thing.memdie,
            thing.allocating,
            thing.kernel_pages,
            thing.task_lock,
            thing.mm,
            thing.oom_reaper_list,
            thing.memcg_in_oom,
            thing.vfork_done,
            thing.waits_for,
            thing.signal,
            frames(thing.thread),
        )
    if isinstance(thing, MM):
        return (
            thing.mm_users,
            thing.mm_count,
            thing.flags,
            thing.nr_ptes,
            thing.swapents,
            thing.reaped is None,
            thing.mmap_sem,
            thing.vmas,
        )
    if isinstance(thing, VMA):
        return thing.pages, thing.dirty, thing.shmem
    if isinstance(thing, Signal):
        return thing.oom_score_adj, thing.oom_mm, thing.threads, thing.children
    if isinstance(thing, Memcg):
        return thing.usage, thing.under_oom, thing.oom_waitq
    if isinstance(thing, Mutex):
        return thing.owner, thing.waiters
    if isinstance(thing, RwSemaphore):
        return thing.readers, thing.writer, thing.waiters
    if isinstance(thing, WaitQueue):
        return (thing.sleepers,)
    if isinstance(thing, Shmem):
        return thing.pages, thing.mappings
    return thing.gfp_mask, thing.order, thing.memcg, thing.totalpages


KEPT = (Task, MM, VMA, Signal, Memcg, Mutex, RwSemaphore, WaitQueue, Shmem, OomControl)


def constant(value) -> str:
    """What is the same in every state: functions, the policy, the zone, a marker."""
    if callable(value):
        return value.__qualname__
    if isinstance(value, dict):
        return str(sorted(value))
    if isinstance(value, Policy | Zone) or value is ABORT:
        return type(value).__name__
    raise TypeError(f"a state cannot hold a {type(value).__name__}")
