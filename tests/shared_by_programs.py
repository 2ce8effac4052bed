"""What the tasks of a random program (random_programs.py) share, and how a test looks at it."""

import enum
from collections import deque
from dataclasses import dataclass
from typing import NamedTuple

from oomlab.model.locks import Mutex, WaitQueue


class Color(enum.Enum):
    RED, GREEN = 0, 1


class Point(NamedTuple):
    x: int
    y: int


@dataclass
class Message:
    kind: str
    number: int = 0


class Slotted:
    __slots__ = ("a",)

    def __init__(self, a):
        self.a = a


class Wrong(Exception):
    pass


class Shared:
    def __init__(self):
        self.n, self.m, self.on, self.word = 1, 0, False, "a"
        self.items, self.queue, self.fixed = [1, 2], deque([3, 1]), (1, 2)
        self.lists = [self.items, [0]]
        self.table, self.other = {"a": 1}, self.lists[1]
        self.point, self.message, self.slots = Point(1, 2), None, Slotted(1)
        self.color, self.read = Color.RED, lambda v: (v + self.m + len(self.items)) % 5
        self.mutex, self.wait = Mutex("mutex"), WaitQueue("wait")


def of(kernel):
    """The object that all share: what the task "shared" waits for."""
    return next(task for task in kernel.tasks if task.name == "shared").waits_for


def look(kernel):
    """What it holds, and who is there, as a text."""
    s = of(kernel)
    held = [s.n, s.m, s.on, s.word, s.items, list(s.queue), s.fixed, s.lists, s.table, s.other]
    held += [s.items is s.other, s.items is s.lists[0], s.point, s.slots.a, s.color.name, s.read(0)]
    if s.message is not None:
        held += [s.message.kind, s.message.number]
    tasks = [f"{task.name} {task.state} {task.sigkill}" for task in kernel.tasks]
    return f"{held} {getattr(s, 'late', None)} {tasks}"


def twice(v):
    return 2 * v % 5


def pair(current, s):
    yield "see", s.n
    return s.m, s.n


def child(current, s):
    yield "begin", s.n
    s.items.append(s.n)
