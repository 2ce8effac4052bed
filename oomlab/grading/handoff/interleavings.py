"""All orders of the steps of a few short threads, for exercises other than the hand-off.

A thread is a student's generator, known only by its answers: after this history it yields that. So
a state is (world, histories). Each state is visited once, and the first wrong one is reached in as
few steps as possible. every_schedule.py does the same for the larger machine of the hand-off.
"""

from collections import deque
from collections.abc import Callable
from typing import NamedTuple

from ..asking import Ask, CheckFailed, operands

MOST_OPERATIONS = 40  # of one thread
MOST_STATES = 20_000


class Wrong(Exception):
    """What must not happen did; the kind says which property it belongs to."""

    def __init__(self, kind: str, sentence: str):
        super().__init__(sentence)
        self.kind, self.sentence = kind, sentence


class Thread:
    """A generator of the student's, with its operations and how many operands each takes."""

    def __init__(self, ask: Ask, name: str, function: str, args: list, operations: dict[str, int]):
        self.ask, self.name, self.function = ask, name, function
        self.args, self.operations = args, operations

    def operation(self, history: tuple) -> tuple | None:
        """What it does next, or None if it has ended. CheckFailed if that is no operation."""
        if len(history) >= MOST_OPERATIONS:
            raise CheckFailed(
                f"`{self.function}` made {MOST_OPERATIONS} operations and is not done."
            )
        answer = self.ask.step(self.function, self.args, list(history))
        if "op" not in answer:
            return None
        op = [answer["op"]] if type(answer["op"]) is str else answer["op"]
        known = ", ".join(self.operations)
        if type(op) is not list or not op or str(op[0]) not in self.operations:
            raise CheckFailed(
                f"`{self.function}` yielded something that is no operation. There are: {known}."
            )
        if len(op) - 1 != self.operations[op[0]]:
            raise CheckFailed(operands(op[0], self.operations[op[0]]))
        if op[1:] != self.args[: len(op) - 1]:
            raise CheckFailed(
                f"The operand of `{op[0]}` is the mm that `{self.function}` was given."
            )
        return tuple(op)


class Event(NamedTuple):
    """A thread that is not the student's: it takes one step, at any time when the world allows."""

    name: str
    operation_of: tuple

    def operation(self, history: tuple) -> tuple | None:
        return None if history else self.operation_of


class FoundOrder(NamedTuple):
    """A schedule that is wrong: the kind, a sentence, and rows to show."""

    kind: str
    sentence: str
    rows: list[dict]


def first_wrong(
    world, threads: list[Thread | Event], kinds: Callable[[str], bool]
) -> FoundOrder | None:
    """The shortest schedule that breaks off or ends in one of these kinds; None if there is none.

    The world is a value with may(thread, op), step(thread, op) -> (world, result), and over(), what
    is wrong when no thread can go on. `kinds` are of what is wrong then; a Wrong on the way is of
    any kind, for a branch that breaks off has shown nothing.
    """
    start = (world, ((),) * len(threads))
    came_from: dict = {start: None}
    todo = deque([start])
    while todo:
        state = todo.popleft()
        if len(came_from) > MOST_STATES:
            raise CheckFailed(f"More than {MOST_STATES} states: use fewer operations.")
        world, histories = state
        able = [
            (i, thread, op)
            for i, thread in enumerate(threads)
            if (op := thread.operation(histories[i])) is not None and world.may(thread.name, op)
        ]
        if not able and (wrong := world.over()) is not None and kinds(wrong.kind):
            return FoundOrder(
                wrong.kind, wrong.sentence, rows(came_from, state, [], wrong.sentence)
            )
        for i, thread, op in able:
            try:
                after, result = world.step(thread.name, op)
            except Wrong as wrong:
                last = row(thread.name, op, None, f"this must not be: {wrong.sentence}")
                told = rows(came_from, state, [last], wrong.sentence)
                return FoundOrder(wrong.kind, wrong.sentence, told)
            further = (*histories[:i], (*histories[i], result), *histories[i + 1 :])
            if (after, further) not in came_from:
                came_from[after, further] = (state, row(thread.name, op, result, ""))
                todo.append((after, further))
    return None


def rows(came_from: dict, state, last: list[dict], sentence: str) -> list[dict]:
    """The steps to a state, and a last line."""
    table = []
    while came_from[state] is not None:
        state, step = came_from[state]
        table.append(step)
    end = {"thread": "", "does": "", "result": "", "says": sentence, "mail": ""}
    return [*table[::-1], *last, end]


def row(thread: str, op: tuple, result, says: str) -> dict:
    """The operand is always the one mm, so it is called mm."""
    does = f"{op[0]}({', '.join('mm' for _ in op[1:])})"
    shown = "" if result is None else str(result)
    return {"thread": thread, "does": does, "result": shown, "says": says, "mail": ""}
