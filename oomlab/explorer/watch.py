"""Watching the model: which attributes a piece of it reads, compares and changes.

While `watching`, every read of a watched attribute is noted in order. Numbers that are only moved
and compared (how many pages are free) are handed out as Tracked: then not the value is noted but
the comparison and its answer, and a change is noted as a difference.
"""

import operator
from contextlib import contextmanager

from ..model.kernel import Kernel
from ..model.locks import TASK_DEAD
from ..model.memcg import Memcg
from ..model.memory import Zone
from ..model.tasks import Task
from .layout import HISTORY, ONLY_WHETHER, WATCHED

COUNTERS = {(Zone, "free"), (Zone, "reclaimable"), (Kernel, "oom_victims"), (Memcg, "usage")}

NO_HISTORY = (
    "a property cannot look at {}: a state holds what is, not what has been. A function of two "
    "arguments, (memory, step), is told of every step and can remember it."
)


class Tracked(int):
    """A counter's value plus `offset`, that reports what is asked of it."""

    def __new__(cls, value: int, source: tuple, offset: int, note):
        self = super().__new__(cls, value)
        self.source, self.offset, self.note = source, offset, note
        return self

    def __add__(self, other):
        if type(other) is int:
            return Tracked(int(self) + other, self.source, self.offset + other, self.note)
        return self.told() + int(other)

    __radd__ = __add__

    def __sub__(self, other):
        if type(other) is int:
            return Tracked(int(self) - other, self.source, self.offset - other, self.note)
        return self.told() - int(other)

    def told(self) -> int:
        """The plain value, which is thereby read."""
        self.note((self.source, None, None), int(self) - self.offset)
        return int(self)


def compared(name: str):
    compare = getattr(operator, name)

    def method(self, other):
        if isinstance(other, Tracked):
            other = other.told()
        answer = compare(int(self), other)
        self.note((self.source, compare, other - self.offset), answer)
        return answer

    return method


def demoted(name: str):
    plain = getattr(int, name)

    def method(self, *others):
        return plain(self.told(), *others)

    return method


for _name in ("lt", "le", "gt", "ge", "eq", "ne"):
    setattr(Tracked, f"__{_name}__", compared(f"__{_name}__"))
for _name in (
    "mul",
    "rmul",
    "floordiv",
    "rfloordiv",
    "mod",
    "rsub",
    "neg",
    "str",
    "repr",
    "format",
    "hash",
    "index",
    "and",
    "or",
    "lshift",
    "rshift",
):
    setattr(Tracked, f"__{_name}__", demoted(f"__{_name}__"))
Tracked.__bool__ = lambda self: self != 0


class TaskList(list):
    """kernel.tasks: who looks through it asks of each task that he comes to if it is there."""

    def __init__(self, tasks: list, seen: "Observed"):
        super().__init__(tasks)
        self.real, self.seen = tasks, seen

    def __iter__(self):
        for task in dict.fromkeys([*self.seen.everybody, *self.real]):
            alive = task in self.real
            self.seen.note(((id(task), "state"), operator.ne, TASK_DEAD), alive)
            if alive:
                yield task
        self.seen.to_the_end = True

    def __getitem__(self, index):
        return [*self][index]

    def __contains__(self, task) -> bool:
        return any(other is task for other in self)

    def __len__(self) -> int:
        return sum(1 for _ in self)

    def remove(self, task) -> None:
        self.real.remove(task)

    def append(self, task) -> None:
        self.real.append(task)


class Whether(int):
    """A value of which a state knows only that it is there, as a property sees it."""

    def told(self, *_) -> None:
        raise ValueError(NO_HISTORY.format("how many pages were reaped, or when a task was marked"))


for _name in (
    "bool",
    "lt",
    "le",
    "gt",
    "ge",
    "eq",
    "ne",
    "add",
    "radd",
    "sub",
    "rsub",
    "mul",
    "rmul",
    "floordiv",
    "truediv",
    "mod",
    "str",
    "repr",
    "hash",
    "index",
):
    setattr(Whether, f"__{_name}__", Whether.told)


class Observed:
    """What was seen: `noted` questions and answers in order, `touched` what may have changed,
    `written` what was set to a value, perhaps the one that it had.

    A question is ((id, attribute), None, None) for a value, or ((id, attribute), comparison, with)
    for a comparison of a counter; its answer is the value or the truth.
    """

    def __init__(self, everybody: list[Task], asks: bool):
        self.everybody = everybody
        self.asks = asks  # a property asks, which may not look at more than a state holds
        self.to_the_end = False  # somebody went through the whole task list
        self.noted: dict[tuple, object] = {}
        self.touched: dict[tuple, None] = {}
        self.written: set[tuple] = set()

    def note(self, question: tuple, answer) -> None:
        self.noted.setdefault(question, answer)


NOBODY = Observed([], False)
seeing = NOBODY  # who watches now


def spy(kind: type, attributes: frozenset) -> type:
    """A class whose objects tell what is read and written of them; the layout is the same."""
    history = HISTORY.get(kind, ())

    def getattribute(self, name, get=object.__getattribute__):
        value = get(self, name)
        if name in attributes:
            source = (id(self), name)
            if (kind, name) in COUNTERS:
                if type(value) is int:
                    value = Tracked(value, source, 0, seeing.note)
            elif source not in seeing.touched:
                seeing.note((source, None, None), snapshot(value))
            seeing.touched[source] = None
            if seeing.asks and name in ONLY_WHETHER and value is not None:
                return Whether()
        elif kind is Kernel and name == "tasks":
            return TaskList(value, seeing)
        elif seeing.asks and name in history:
            raise ValueError(NO_HISTORY.format(f"{kind.__name__}.{name}"))
        return value

    def setattribute(self, name, value, put=object.__setattr__):
        if name in attributes:
            seeing.touched[id(self), name] = None
            seeing.written.add((id(self), name))
        put(self, name, value)

    methods = {"__getattribute__": getattribute, "__setattr__": setattribute, "__slots__": ()}
    return type(kind.__name__, (kind,), methods)


SPIES = {kind: spy(kind, attributes) for kind, attributes in WATCHED.items()}


@contextmanager
def watching(known: dict[int, tuple], order: dict, asks: bool = False):
    """Watch the objects in `known` (by id) while inside; `order`: how tasks come on the list.

    ValueError for a property that `asks` for what is no part of a state.
    Each changes its class for that time. To change the classes themselves would cost more: Python
    then forgets all that it has learned about the model's code.
    """
    global seeing
    tasks = [(order[ref], thing) for thing, ref in known.values() if ref in order]
    seeing = seen = Observed([task for _, task in sorted(tasks)], asks)
    things = [(thing, type(thing)) for thing, _ in known.values()]
    for thing, kind in things:
        thing.__class__ = SPIES[kind]
    try:
        yield seen
    finally:
        seeing = NOBODY
        for thing, kind in things:
            object.__setattr__(thing, "__class__", kind)


def snapshot(value):
    """A list as it is now: it may change before the step is over."""
    return tuple(value) if isinstance(value, list) else value
