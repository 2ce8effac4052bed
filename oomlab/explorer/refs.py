"""How objects are named in a state, and what an actor in one of several equal groups calls them.

A task of a group has the rules of its role, whichever group it is in; so these rules must speak of
"my own group" and "the first other group", not of group 3.
"""

import gc
from collections.abc import Callable, Generator, Iterator
from operator import length_hint
from typing import NamedTuple

from ..simulate.scheduler import Entry, run_schedule, timer_key

UNORDERED = {"tasks", "children", "timers"}  # lists whose order no equal should depend on
OWN, HIDDEN = -1, -2  # in place of a group's number: the referrer's own; not to be told


class Ref(NamedTuple):
    """An object: its group of equals (0: none, OWN: the group of who refers to it), its place."""

    group: int
    place: int


HOLDERS = {Ref, tuple}  # what may hold a Ref


def seen_group(group: int, actor: int) -> int:
    """What an actor in a group calls a group: OWN, or its number among the others."""
    if not actor or group <= 0:
        return group
    return OWN if group == actor else group - (group > actor)


def meant_group(group: int, actor: int) -> int:
    """The reverse of seen_group()."""
    if not actor or group == 0:
        return group
    return actor if group == OWN else group + (group >= actor)


def hide(ref: Ref) -> Ref:
    return Ref(HIDDEN, ref.place)


def rename(value, how: Callable[[Ref], Ref]):
    """The same value, with every Ref into a group of equals replaced."""
    if type(value) is Ref:
        return how(value) if value.group > 0 else value
    if type(value) is tuple:
        return tuple([rename(item, how) if type(item) in HOLDERS else item for item in value])
    return value


def own_to(value, actor: int):
    """The same value with OWN replaced by the actor's group."""
    if type(value) is Ref:
        return Ref(actor, value.place) if value.group == OWN else value
    return tuple([own_to(v, actor) if type(v) in HOLDERS else v for v in value])


class Views:
    """Values as somebody sees them, worked out once."""

    def __init__(self):
        self.seen: dict = {}
        self.meant: dict = {}

    def relative(self, value, actor: int, holder: int = 0, name: str = ""):
        """A value kept by group `holder` (0: shared) as an actor in a group sees it.

        Refs into the actor's group say OWN, and the other groups are counted without it.
        """
        if type(value) not in HOLDERS:
            return value
        key = value, actor, holder, name in UNORDERED
        if key not in self.seen:
            seen = own_to(value, holder) if holder else value
            seen = rename(seen, lambda ref: Ref(seen_group(ref.group, actor), ref.place))
            self.seen[key] = tuple(sorted(seen)) if name in UNORDERED else seen
        return self.seen[key]

    def absolute(self, value, actor: int, holder: int = 0, name: str = ""):
        """The reverse of relative()."""
        if type(value) not in HOLDERS:
            return value
        key = value, actor, holder, name in UNORDERED
        if key not in self.meant:
            meant = rename(value, lambda ref: Ref(meant_group(ref.group, actor), ref.place))
            meant = own_to(meant, actor)
            if holder:
                meant = rename(
                    meant, lambda ref: Ref(OWN, ref.place) if ref.group == holder else ref
                )
            self.meant[key] = tuple(sorted(meant)) if name in UNORDERED else meant
        return self.meant[key]


def entry(kernel, move) -> Entry:
    """A move of this search as an entry of a schedule: a negative one is a timer's, any timer's."""
    if type(move) is int and move < 0:
        pending = [timer for timer in kernel.timers if timer.argument.pid == -move]
        return timer_key(min(pending)) if pending else (-move, "wake_up_process")
    return move


def run_moves(kernel, moves) -> None:
    """Replay the moves of a search."""
    for move in moves:
        run_schedule(kernel, [entry(kernel, move)])


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
