"""Level 3: how large must a reserve be? A bound, and a proof that it is sharp.

Tasks take pages from the reserve one at a time, keep them until they have all they need, then exit
and give all back. needs[i] is what task i needs.

    smallest_reserve(needs) -> pages with which no schedule can block
    stuck_schedule(needs, pages) -> [task, task, ...]    who takes a page next; afterwards no
                                                         task is done, and no page is left
"""

from ..asking import Ask, CheckFailed, several, whole
from ..exercise import Exercise

exercise = Exercise(
    "reserve-proof", 3, "Prove the size of a reserve", "smallest_reserve", "stuck_schedule"
)


def bound(ask: Ask, needs: list[int]) -> tuple[int, str]:
    pages = ask("smallest_reserve", needs)
    example = f"smallest_reserve({needs}) gave {pages!r}"
    return whole(pages, "The reserve", example), example


GONE = -1


def can_block(needs: list[int], pages: int) -> bool:
    """Is there a schedule to a state where a task still needs pages and none is left?"""
    todo, seen = [(0,) * len(needs)], set()
    while todo:
        held = todo.pop()
        waiting = [i for i, h in enumerate(held) if h != GONE]
        free = pages - sum(held[i] for i in waiting)
        if waiting and not free:
            return True
        for i in waiting:
            now = held[i] + 1
            after = (*held[:i], GONE if now == needs[i] else now, *held[i + 1 :])
            if after not in seen:
                seen.add(after)
                todo.append(after)
    return False


@exercise.worth(
    3, "With this reserve no schedule blocks; it is no more than all tasks need together"
)
def enough(ask, draw):
    """All schedules are tried. Without the upper bound any large number would do."""
    small, large = [1, 2], [4, 4, 4, 3]
    some = [[draw.randrange(1, 5) for _ in range(draw.randrange(2, 5))] for _ in range(4)]
    for needs in draw.sample([small, large, *some], 6):
        pages, example = bound(ask, needs)
        if pages > sum(needs):
            raise CheckFailed("More is reserved than all tasks together can ever hold.", example)
        if pages < 1 or can_block(needs, pages):
            raise CheckFailed(
                "There is a schedule on which the tasks take all pages and none is done.", example
            )


@exercise.worth(2, "It is not larger than needed, for many tasks and large needs too")
def not_too_much(ask, draw):
    for number in (2, 5, 40, 200):
        needs = [draw.randrange(1, 1000) for _ in range(number)]
        pages, example = bound(ask, needs)
        if pages != sum(needs) - number + 1:
            size = "smaller" if pages > sum(needs) - number + 1 else "larger"
            raise CheckFailed(
                f"For {'few' if number < 9 else 'many'} tasks the smallest safe reserve is "
                f"{size}: where is the line between blocked and not? Try sizes of few tasks.",
                example,
            )


@exercise.worth(3, "One page less is too little: your schedule shows it")
def sharp(ask, draw):
    for number in (2, 3, 6):
        needs = [draw.randrange(1, 9) for _ in range(number - 1)] + [draw.randrange(2, 9)]
        pages = sum(needs) - number  # one less than the bound
        order = ask("stuck_schedule", needs, pages)
        example = f"stuck_schedule({needs}, {pages}) gave {order!r}"
        held = [0] * number
        for task in several(order, "The schedule", pages, example):
            if not 0 <= whole(task, "A task in the schedule", example) < number:
                raise CheckFailed("The schedule names a task that does not exist.", example)
            held[task] += 1
            if held[task] >= needs[task]:
                raise CheckFailed(
                    "On your schedule a task gets all it needs, exits, and gives it back.", example
                )


@exercise.worth(1, "One task alone, and tasks that need one page, are no special case")
def small_cases(ask, draw):
    n = draw.randrange(2, 400)
    for needs, want in (([n], n), ([1] * draw.randrange(2, 9), 1), ([1, n, 1], n)):
        pages, example = bound(ask, needs)
        if pages != want:
            raise CheckFailed(
                "A small case is wrong: one task alone needs just its own pages; tasks that "
                "need one page never block each other.",
                example,
            )
