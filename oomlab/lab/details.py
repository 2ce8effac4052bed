"""What each step of a part of a run changed in the machine's state, and in which function it stood.

    details(run, 0, 100)    # plain values, for the views beside the timeline

The run is repeated up to the part, and looked at step by step. The facts before the part are
written once, then only what changed; the browser's counterpart is details.js.
"""

from collections import defaultdict
from collections.abc import Hashable
from itertools import count

from ..model.tasks import Task
from ..simulate.run import Run
from .callstack import Frame, source, stack, timer_stack
from .kernel_source import in_linux
from .kernel_state import Facts, facts
from .machine_at import follow

GONE = -1  # a fact that is no more


class Numbered:
    """Things by number, in the order in which they were met."""

    def __init__(self) -> None:
        self.numbers: defaultdict = defaultdict(count().__next__)

    def __call__(self, thing: Hashable) -> int:
        return self.numbers[thing]

    def __iter__(self):
        return iter(self.numbers)


def details(run: Run, first: int, last: int) -> dict:
    """Steps `first` up to, not including, `last` of a run, counted from 0, as plain values.

    `start` are the facts before the part, `changes` for each step the facts that it changed, both
    as [key, value, ...]; `stacks` for each step the frames it went through, outermost first;
    `after` the same where its task stands then, none if it is gone.
    """
    first, last = max(0, first), min(last, len(run.trace))
    keys, values, frames, functions = Numbered(), Numbered(), Numbered(), Numbered()
    before: Facts = {}
    standing: dict[Task, tuple[Frame, ...]] = {}
    start: list[int] = []
    changes: list[list[int]] = []
    stacks: list[list[int]] = []
    after: list[list[int]] = []

    def numbers(frames_: tuple[Frame, ...]) -> list[int]:
        return [frames((functions(code), line - source(code)["first"])) for code, line in frames_]

    def begin(kernel) -> None:
        before.update(facts(kernel))
        start.extend(n for key, value in before.items() for n in (keys(key), values(value)))
        standing.update((task, stack(task.thread)) for task in kernel.tasks)

    def step(kernel, task: Task, op: tuple) -> None:
        now = facts(kernel)
        changed = [n for key in before.keys() - now.keys() for n in (keys(key), GONE)]
        for key, value in now.items():
            if before.get(key) != value:
                changed += [keys(key), values(value)]
        before.clear()
        before.update(now)
        changes.append(changed)
        stood = timer_stack(op[1]) if op[0] == "timer" else standing.get(task, ())
        stacks.append(numbers(stood))
        standing.update(
            (t, stack(t.thread)) for t in kernel.tasks if t is task or t not in standing
        )
        after.append(numbers(stack(task.thread)) if op[0] != "timer" else [])

    if first <= last:
        follow(run, first, last, begin, step)
    return {
        "from": first,
        "to": last,
        "keys": [list(key) for key in keys],
        "values": list(values),
        "start": start,
        "changes": changes,
        "stacks": stacks,
        "after": after,
        "frames": [list(frame) for frame in frames],
        "functions": [{**source(code), "linux": in_linux(code, run.policy)} for code in functions],
    }
