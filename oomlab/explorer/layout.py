"""States as tuples: which values make up a state, and when two states are the same.

Every object of a scenario gets a Ref, its place in a walk from the kernel, the same in every
machine that the scenario builds. A state is then the tuple of all attributes that any step was
ever seen to change, with Refs for objects, and each task's position: the code and the locals down
its chain of generators. Time is left out; a timer is pending or not.

Symmetry: groups of equals (Kernel.symmetric: a victim, its memcg, its threads) may change places.
Refs within a group are relative, so groups in the same condition hold the same values, which are
kept once, in `parts`. A state is (shared values..., number of group 1's part, of group 2's, ...),
and its canonical form has the groups sorted.
"""

from collections import Counter
from collections.abc import Callable

from ..model.kernel import Kernel, Timer
from ..model.locks import Mutex, RwSemaphore, WaitQueue
from ..model.memcg import Memcg
from ..model.memory import Zone
from ..model.mm import MM, VMA, Shmem
from ..model.oom import ABORT, OomControl
from ..model.policy import Policy
from ..model.tasks import Signal, Task
from .refs import HOLDERS, OWN, UNORDERED, Ref, Views, frames, hide, rename

# What of each kind of object decides the future; who is on the task list follows from the tasks'
# states.
WATCHED: dict[type, frozenset] = {
    kind: frozenset(attributes.split())
    for kind, attributes in (
        (
            Kernel,
            "timers freezing oom_killer_disabled oom_victims mm_to_reap oom_reaper_list "
            "oom_reaper_started busy_workers panicked bugs swap_free",
        ),
        (Zone, "free reclaimable pages_scanned"),
        (
            Task,
            "mm flags state waits_for sigkill memdie allocating kernel_pages vfork_done "
            "oom_reaper_list memcg_in_oom over_limit task_lock parent marked",
        ),
        (Signal, "threads children oom_score_adj oom_mm group_exit coredump"),
        (MM, "vmas tasks mm_users mm_count flags swapents nr_ptes nr_pmds reaped munlocking"),
        (VMA, "pages locked swapped"),
        (Memcg, "usage under_oom tasks"),
        (Mutex, "owner waiters"),
        (RwSemaphore, "readers writer waiters"),
        (WaitQueue, "sleepers"),
        (Shmem, "pages mappings"),
    )
}

# What changes and is left out. A property that looks at it would not be one of states.
HISTORY: dict[type, frozenset] = {
    kind: frozenset(attributes.split())
    for kind, attributes in (
        (Kernel, "jiffies timers_made next_pid runqueue events progress reaped victims"),
        (Zone, "reaped pages_to"),
        (Memcg, "forced"),
        (Task, "op thread"),
        (VMA, "size"),
    )
}
ONLY_WHETHER = ("marked", "reaped")  # when and how much do not matter

POSITION = "position"  # where a task's generator stands: a value of the state like the others
PLAIN = (int, str, float, type(None))


class Unlearnable(Exception):
    """A state holds an object that was not there at the start, or of an unknown kind."""


class Layout:
    """The places of a state, and its canonical form."""

    def __init__(self, build: Callable[[], Kernel], symmetry: bool):
        self.build = build
        self.symmetry = symmetry
        kernel = build()
        self.groups = len(kernel.symmetric)
        self.same = tuple(range(self.groups + 1))  # no group has changed places
        others = self.same[1:]
        self.turns = [(0, *others[n:], *others[:n]) for n in range(self.groups)]
        self.leads = [(0, n, *[g for g in others if g != n]) for n in others]
        self.meeting = bool(met_twice(kernel))  # do groups refer to the same objects?
        refs = self.refs(kernel, self.same)
        self.skeletons: dict[tuple, int] = {}
        self.spots: list[tuple] = []  # of each, only where in the code it is
        self.tasks = {t.pid: refs[id(t)][1] for t in kernel.tasks}
        self.pids = {ref: pid for pid, ref in self.tasks.items()}
        self.order = {ref: number for number, ref in enumerate(self.tasks.values())}  # on the list
        self.initial = {
            (ref, name): self.token(getattr(thing, name), ref.group, refs, name)
            for thing, ref in refs.values()
            for name in WATCHED[type(thing)]
        }
        for task in kernel.tasks:
            ref = self.tasks[task.pid]
            self.initial[ref, POSITION] = self.position(task, refs)
        self.changing: set[tuple] = set()
        self.walked: set[tuple] = set()  # (place, name): what is asked of one group after another

    def refs(self, kernel: Kernel, names: tuple) -> dict[int, tuple]:
        """id -> (object, Ref) in a machine just built; group g is called names[g]."""
        found: dict[int, tuple] = {}
        stop = around(kernel)
        common = met_twice(kernel) if self.meeting else []
        stop.update(id(thing) for thing in common)
        for group, members in enumerate(kernel.symmetric, start=1):
            walk(members, names[group], found, stop)
        walk([kernel, *common], 0, found, set())
        return found

    def token(self, value, group: int, refs: dict, name: str = ""):
        """A value as it is kept in a state: plain, or with Refs for objects."""
        if name in ONLY_WHETHER:
            return value is not None
        if isinstance(value, PLAIN):
            return value.told() if hasattr(value, "told") else value  # a Tracked number is read
        if id(value) in refs:
            ref = refs[id(value)][1]
            return Ref(OWN, ref.place) if group and ref.group == group else ref
        if isinstance(value, Timer):
            return ("timer", value.function.__name__, self.token(value.argument, group, refs))
        if isinstance(value, list | tuple):
            items = [self.token(item, group, refs) for item in value]
            return tuple(sorted(items)) if name in UNORDERED else tuple(items)
        if isinstance(value, dict):
            return tuple((k, self.token(v, group, refs)) for k, v in sorted(value.items()))
        if isinstance(value, OomControl):
            memcg = self.token(value.memcg, group, refs)
            return ("oom_control", value.gfp_mask, value.order, memcg, value.totalpages)
        if isinstance(value, Policy) or value is ABORT:
            return "constant"
        if callable(value):
            return value.__qualname__
        raise Unlearnable(f"{type(value).__name__} {value!r}")

    def position(self, task: Task, refs: dict) -> tuple:
        """(number of the kind of position, Refs into other groups...)."""
        group, chain = refs[id(task)][1].group, []
        for *place, values in frames(task.thread):
            chain.append((*place, *[self.token(value, group, refs) for value in values]))
        foreign: list[Ref] = []
        skeleton = rename(tuple(chain), lambda ref: (foreign.append(ref), hide(ref))[1])
        if skeleton not in self.skeletons:
            self.skeletons[skeleton] = len(self.skeletons)
            self.spots.append(tuple([frame[:2] for frame in skeleton]))
        return self.skeletons[skeleton], *foreign

    def add(self, ref: Ref, name: str) -> None:
        """Make room for an attribute that changes, in every group of equals alike."""
        for group in range(1, self.groups + 1) if ref.group else (0,):
            self.changing.add((Ref(group, ref.place), name))

    def arrange(self) -> tuple:
        """Give every changing attribute its place; the state at the start.

        `places` maps (Ref, attribute) to (0, index) or (group, index in the group's part).
        """
        order = sorted(self.changing)
        self.places: dict[tuple, tuple] = {}
        self.names = [name for ref, name in order if ref.group == 0]
        self.shared = len(self.names)
        self.ordered = [i for i, name in enumerate(self.names) if name not in UNORDERED]
        for ref, name in order:
            before = sum(r.group == ref.group and (r, n) < (ref, name) for r, n in order)
            self.places[ref, name] = (ref.group, before)
        self.states = {
            (group > 0, index)
            for (_, name), (group, index) in self.places.items()
            if name == "state"
        }
        self.numbers: dict[tuple, int] = {}
        self.parts: list[tuple] = []
        self.masked: list[tuple[int, tuple]] = []  # where to sort a part, its Refs to others
        self.alike: dict[tuple, int] = {}  # what walkers see of a part: in order of appearance
        self.seen = [
            index
            for (ref, name), (group, index) in self.places.items()
            if group == 1 and (ref.place, name) in self.walked
        ]
        self.moves: dict = {}  # what was renamed before, here and below
        views = Views()
        self.relative, self.absolute = views.relative, views.absolute
        self.mentions: dict = {}
        head = [self.initial[place] for place in order if place[0].group == 0]
        tail = [
            self.number(tuple([self.initial[place] for place in order if place[0].group == g]))
            for g in range(1, self.groups + 1)
        ]
        return self.canonical((*head, *tail))[0]

    def is_state(self, of: int, index: int) -> bool:
        """Is this place the state of a task?"""
        return (of != 0, index) in self.states

    def number(self, part: tuple) -> int:
        """The number of a group's values, which are kept once."""
        number = self.numbers.get(part)
        if number is None:
            number = self.numbers[part] = len(self.parts)
            foreign: list[Ref] = []
            hidden = rename(part, lambda ref: (foreign.append(ref), hide(ref))[1])
            seen = tuple([hidden[index] for index in self.seen])
            self.parts.append(part)
            # parts that walkers take for the same stand together: then fewer rules do
            self.masked.append(((self.alike.setdefault(seen, len(self.alike)), number), ()))
            if foreign:
                self.masked[number] = (self.masked[self.number(hidden)][0], tuple(foreign))
        return number

    def canonical(self, state: tuple) -> tuple[tuple, tuple]:
        """The state with its groups sorted, and for each new group number the old one.

        First those that others refer to, as one comes to them; so the head of a queue is always 1.
        """
        if not self.symmetry or self.groups < 2:
            return state, self.same
        masked = [self.masked[number] for number in state[self.shared :]]
        rank, last = self.rank(state, masked), len(masked) + 1
        order = sorted(self.same[1:], key=lambda g: (rank.get(g, last), masked[g - 1][0]))
        old = (0, *order)
        if old == self.same:
            return state, self.same
        return self.renamed(state, old), old

    def renamed(self, state: tuple, old: tuple) -> tuple:
        """The state with its groups in another order: new group n was old[n]."""
        numbers = state[self.shared :]
        head = [
            self.moved(value, old, name) if type(value) in HOLDERS else value
            for value, name in zip(state, self.names, strict=False)
        ]
        tail = [
            self.number(self.moved(self.parts[numbers[g - 1]], old))
            if self.masked[numbers[g - 1]][1]
            else numbers[g - 1]
            for g in old[1:]
        ]
        return (*head, *tail)

    def moved(self, value, old: tuple, name: str = ""):
        """A value after the groups have changed places: new group n was old[n]."""
        known = self.moves.setdefault(old, {})
        key = (value, name) if name in UNORDERED else value
        if key not in known:
            new = {before: after for after, before in enumerate(old)}
            known[key] = rename(value, lambda ref: Ref(new[ref.group], ref.place))
            if name in UNORDERED:
                known[key] = tuple(sorted(known[key]))
        return known[key]

    def rank(self, state: tuple, masked: list) -> dict[int, int]:
        """In which order the groups are met when following references from the shared values."""
        met: dict[int, int] = {}
        for index in self.ordered:
            value = state[index]
            if type(value) in HOLDERS:
                for group in self.groups_in(value):
                    met.setdefault(group, len(met) + 1)
        queue = list(met)
        for group in queue:  # grows while we follow
            for ref in masked[group - 1][1]:
                if ref.group not in met:
                    met[ref.group] = len(met) + 1
                    queue.append(ref.group)
        return met

    def twins(self, state: tuple) -> set[int]:
        """Groups that are as an earlier one is, and that nothing refers to."""
        numbers = state[self.shared :]
        if not self.symmetry or len(set(numbers)) == len(numbers):
            return set()
        named = {ref.group for number in numbers for ref in self.masked[number][1]}
        for value in state[: self.shared]:
            if type(value) in HOLDERS:
                named.update(self.groups_in(value))
        alike: dict[int, int] = {}
        return {
            group
            for group, number in enumerate(numbers, start=1)
            if group not in named and alike.setdefault(number, group) != group
        }

    def groups_in(self, value) -> list[int]:
        """The groups that a value refers to, in order; worked out once."""
        groups = self.mentions.get(value)
        if groups is None:
            groups = self.mentions[value] = []
            rename(value, lambda ref: (groups.append(ref.group), ref)[1])
        return groups


def walk(roots: list, group: int, found: dict[int, tuple], stop: set[int]) -> None:
    """Number the watched objects reachable from `roots`, breadth first, around ids in `stop`."""
    todo, place = list(roots), 0
    for thing in todo:  # grows while we walk
        if type(thing) not in WATCHED or id(thing) in found or id(thing) in stop:
            continue
        found[id(thing)] = (thing, Ref(group, place))
        place += 1
        todo.extend(referred(thing))


def around(kernel: Kernel) -> set[int]:
    """The ids of what is nobody's own, wherever one comes to it from."""
    shared = (kernel, kernel.zone, kernel.init, kernel.init.signal, kernel.oom_lock)
    return {id(thing) for thing in shared}


def met_twice(kernel: Kernel) -> list:
    """Other objects that one comes to from more than one of the groups of equals."""
    met: dict[int, tuple] = {}
    times: Counter = Counter()
    stop = around(kernel)
    for members in kernel.symmetric:
        found: dict[int, tuple] = {}
        walk(members, 0, found, stop)
        times.update(found.keys())
        met.update(found)
    return [thing for number, (thing, _) in met.items() if times[number] > 1]


def referred(thing) -> list:
    """The objects that one refers to at the start."""
    if isinstance(thing, Kernel):
        queues = [thing.oom_lock, thing.oom_reaper_wait, thing.oom_victims_wait, thing.kswapd_wait]
        return [thing.zone, *thing.tasks, *thing.mms, *thing.memcgs, *queues]
    if isinstance(thing, Task):
        words = [*mentioned(thing.program), *mentioned(thing.at_exit)]
        return [thing.signal, thing.mm, thing.memcg, thing.vfork_done, *words]
    if isinstance(thing, Signal):
        return [*thing.threads, thing.wait_chldexit]
    if isinstance(thing, MM):
        return [thing.mmap_sem, *thing.vmas, thing.memcg]
    if isinstance(thing, VMA):
        return [thing.shmem]
    if isinstance(thing, Memcg):
        return [thing.parent, thing.oom_waitq]
    return []


def mentioned(program: tuple) -> list:
    """Objects that a program names: its locks, the mms it reads."""
    found: list = []
    for word in program:
        found += mentioned(word) if isinstance(word, tuple) else [word]
    return found
