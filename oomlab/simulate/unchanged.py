"""Is the machine unchanged since an earlier look? Asked after every step, so it must cost little.

fingerprint.py makes a state a value, whatever objects it is made of. Here the same objects are
looked at again: if each still holds the same things, the state is the same. That finds fewer equal
states, never a wrong one. What is no state is left out, as there; frames are asked for one by one,
since a thread that takes no step stands where it stood.
"""

import gc
from collections import deque
from collections.abc import Iterable
from functools import cache
from operator import attrgetter
from types import GeneratorType
from typing import Any

from ..model.kernel import Kernel
from ..model.tasks import Task
from .fingerprint import ATOMS, is_constant, is_ours, on_the_frame

CONTAINERS = (list, tuple, dict, set, frozenset, deque)
EMPTY: tuple[Any, ...] = ([], (), {}, range(0), range(1 << 70, 1 << 70))
ITERATORS = tuple(type(iter(some)) for some in EMPTY)
PLAIN, FOLLOWED, OTHER = "plain", "followed", "other"
MOSTLY = frozenset(ATOMS)  # of these most things are; nature() knows their subclasses, too
ITERATOR = "iterator"  # of a frame: it goes on only when that thread does
SLOTS_OF_TASK = [name for name in Task.__slots__ if name not in ("op", "thread", "__weakref__")]
NO_STATE = (*Kernel.NOT_STATE, "turn", "asked")
SLOTS_OF_KERNEL = [name for name in Kernel.__slots__ if name not in NO_STATE]


class Unknown(Exception):
    """The machine holds something that is not of the model: it may change without being seen."""


class Standstill:
    """All that a step can change in a machine, as it is now. Unknown if some of it is hidden."""

    def __init__(self, kernel: Kernel):
        if kernel.policy.patch is not None or type(kernel) is not Kernel:
            raise Unknown("code that is not the model's may keep something in its module")
        self.kernel = kernel
        things, constants = reachable(kernel)
        own = (GeneratorType, *ITERATORS)  # go on with their thread, which place() asks
        # What is the same while it is there, by its id: kept, so that no id is used twice.
        self.known = {id(thing): thing for thing in things + constants if type(thing) not in own}
        self.tasks = [thing for thing in things if type(thing) is Task]
        apart = (Kernel, Task, *own)
        self.others = [thing for thing in things if type(thing) not in apart]
        self.sized = [thing for thing in self.others if type(thing) in CONTAINERS]
        self.was = self.all_held()

    def all_held(self) -> tuple:
        """What every object holds. Sizes tell where one container ends in the list of all."""
        return (
            of_kernel(self.kernel),
            list(map(of_task, self.tasks)),
            list(map(len, self.sized)),
            gc.get_referents(*self.others),
        )

    def same(self) -> bool:
        """Does everything still hold what it held? Frames are not asked, see place()."""
        return self.was == self.all_held()

    def place(self, task: Task) -> tuple:
        """Where a suspended task stands: its frames from the outermost, and what they hold."""
        new: dict[int, tuple[int, object]] = {}
        frames: list = []
        known, tell = self.known, self.value
        thread: Any = task.thread
        while type(thread) is GeneratorType and thread.gi_frame is not None:
            names, held = on_the_frame(thread)
            inner = thread.gi_yieldfrom
            apart = inner if type(inner) is GeneratorType else self  # has a frame of its own
            values = [
                n if (n := id(t)) in known else (k, t) if (k := type(t)) in MOSTLY else tell(t, new)
                for t in held
                if t is not apart
            ]
            frames.append((thread.gi_code, thread.gi_frame.f_lasti, names, values))
            thread = inner
        return frames, thread is None

    def value(self, thing, new: dict[int, tuple[int, object]]):
        """An object that was there by its identity, one that the task has made by its contents."""
        kind: Any = type(thing)
        if kind in MOSTLY:
            return kind, thing
        if id(thing) in self.known:
            return id(thing)
        seen = nature(kind)
        if seen is PLAIN or seen is OTHER and is_constant(thing):
            return kind, thing
        if id(thing) in new:
            return "new", new[id(thing)][0]
        new[id(thing)] = len(new), thing  # kept, so that no id is used twice
        if seen is ITERATOR:
            held = thing.__reduce__()[1:]  # of what, and how far; the first is iter()
        elif kind is tuple or kind is list:
            held = thing
        elif seen is FOLLOWED and kind not in CONTAINERS and kind is not GeneratorType:
            held = gc.get_referents(thing)
        else:
            return object()  # equal to nothing: it is not looked into
        return kind, [self.value(item, new) for item in held]


of_task = attrgetter(*SLOTS_OF_TASK)
of_kernel = attrgetter(*SLOTS_OF_KERNEL)


@cache
def nature(kind: type) -> str:
    """How objects of a class are seen."""
    if issubclass(kind, ATOMS):
        return PLAIN
    if kind in ITERATORS:
        return ITERATOR
    model = is_ours(kind) and kind.__module__.startswith("oomlab.model.")
    return FOLLOWED if model or kind in CONTAINERS or kind is GeneratorType else OTHER


def reachable(kernel: Kernel) -> tuple[list, list]:
    """Every object that one can come to from the kernel, and apart from them what never changes."""
    found: list[Any] = [kernel]
    constants: list[Any] = []
    met = {id(kernel)}
    for thing in found:  # grows while we walk
        for item in held_by(thing):
            kind: Any = type(item)
            if kind in MOSTLY or id(item) in met or (seen := nature(kind)) is PLAIN:
                continue
            met.add(id(item))
            if seen is OTHER and is_constant(item):
                constants.append(item)
                continue
            if seen is OTHER or seen is ITERATOR and type(thing) is not GeneratorType:
                raise Unknown(f"a {kind.__qualname__} may change without being seen")
            found.append(item)
    return found, constants


def held_by(thing: Any) -> Iterable:
    """What an object holds: the kernel its state, a thread what is on its frame."""
    if type(thing) is Kernel:
        return of_kernel(thing)
    if type(thing) is GeneratorType:
        return on_the_frame(thing)[1] if thing.gi_frame is not None else ()
    return gc.get_referents(thing)
