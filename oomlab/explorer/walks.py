"""The task list, when those on it are equal: whoever looks through it may find any of them first.

Equals may change places in a state (symmetry), but not on the task list, and a step that looks for
"the first victim" tells them apart. So a step that chooses one of the equals is taken once with
each of them at the head of the list (Rules.outcomes), as if the list had another order each time.
That is more than a machine can do, whose list stays as it is: what holds then, holds. A
counterexample is given only if it happens with one list all the time; if not, the search begins
again without symmetry.
"""

from collections.abc import Callable
from itertools import islice, permutations

from ..model.kernel import Kernel
from .layout import Layout
from .refs import Ref, run_moves

ENOUGH = 720  # orders of the list that are tried


class Unequal(Exception):
    """The groups of a scenario are not equal after all."""


def put_in_order(tasks: list, layout: Layout, order: tuple) -> None:
    """Let the task list of a machine begin with its group order[1], then order[2], ..."""
    places = {layout.pids[Ref(order[of], n)]: place for (of, n), place in layout.order.items()}
    tasks.sort(key=lambda task: places.get(task.pid, len(places)))


def run_walks(kernel: Kernel, layout: Layout, schedule: list) -> None:
    """Replay a schedule in which a tuple says in what order the next step finds the tasks."""
    ahead = 0
    for number, entry in enumerate(schedule):
        if type(entry) is tuple:
            run_moves(kernel, schedule[ahead:number])
            put_in_order(kernel.tasks, layout, entry)
            ahead = number + 1
    run_moves(kernel, schedule[ahead:])


def with_one_list(layout: Layout, schedule: list, bad: Callable[[Kernel], object]) -> list[int]:
    """A schedule that does the same in a machine whose list stays as it is; or else Unequal."""
    if all(type(entry) is int for entry in schedule):
        return schedule
    guess = [*dict.fromkeys([*chosen(layout, schedule), *layout.same[1:]])]
    for order in islice(permutations(guess), ENOUGH):
        new = {of: number for number, of in enumerate((0, *order))}
        names = {pid: layout.pids[Ref(new[of], n)] for (of, n), pid in layout.pids.items()}
        renamed = [names[e] if e > 0 else -names[-e] for e in schedule if type(e) is int]
        kernel = layout.build()
        try:
            run_moves(kernel, renamed)
        except ValueError:  # somebody sleeps who does not in the other order
            continue
        if bad(kernel):
            return renamed
    raise Unequal


def chosen(layout: Layout, schedule: list) -> list[int]:
    """Which groups were found by those who looked through the list, one after another."""
    kernel = layout.build()
    refs = layout.refs(kernel, layout.same)
    tasks = {task.pid: task for task in kernel.tasks}
    found, looks = [], False
    for entry in schedule:
        run_walks(kernel, layout, [entry])
        if looks:
            found += [ref.group for ref in layout.position(tasks[entry], refs)[1:]]
        looks = type(entry) is tuple
    return found
