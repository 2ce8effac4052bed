"""Level 4: who runs the reaper, a kernel thread or a workqueue? (M01 sketched one, M10 the other)

    always_reaps(machine) -> bool         does the reaper run on every order of events?
    stuck_order(machine) -> [event, ...]  an order after which it never runs; [] if there is none

machine: {"runs": "kthread", "workqueue" or "rescuer", and the numbers "idle", "items", "own_items",
"free", "takers"}
Simplified: a pool makes a worker when it needs one, not one ahead, and an item that waits for
memory waits until the victim is reaped.
"""

from collections.abc import Callable
from typing import NamedTuple

from ..asking import CheckFailed, several, truth
from ..exercise import Exercise

exercise = Exercise(
    "kthread-or-workqueue", 4, "Kthread or workqueue", "always_reaps", "stuck_order"
)
WORKER_PAGES = 2  # a stack and a task_struct
EVENTS = ("item", "own_item", "take")


class Pool(NamedTuple):
    """What is left of the machine."""

    runs: str
    idle: int
    items: int
    own_items: int
    free: int
    takers: int
    rescuer_busy: bool = False

    def possible(self, event: str) -> bool:
        match event:
            case "item":
                return self.items > 0
            case "own_item":
                return self.own_items > 0
        return self.takers > 0 and self.free > 0

    def after(self, event: str) -> "Pool":
        if event == "take":
            return self._replace(free=self.free - 1, takers=self.takers - 1)
        own = event == "own_item"
        pool = self._replace(items=self.items - (not own), own_items=self.own_items - own)
        if pool.idle:
            return pool._replace(idle=pool.idle - 1)
        if pool.free >= WORKER_PAGES:
            return pool._replace(free=pool.free - WORKER_PAGES)
        if own and pool.runs == "rescuer":
            return pool._replace(rescuer_busy=True)
        return pool  # it waits for a worker

    def reaps(self) -> bool:
        """The reaper's work is queued now: does it run?"""
        if self.runs == "kthread" or self.idle or self.free >= WORKER_PAGES:
            return True
        return self.runs == "rescuer" and not self.rescuer_busy


def can_be_stuck(pool: Pool) -> bool:
    """Is there an order after which the reaper does not run? All are tried."""
    todo, seen = [pool], {pool}
    while todo:
        pool = todo.pop()
        if not pool.reaps():
            return True
        for event in EVENTS:
            if pool.possible(event) and (after := pool.after(event)) not in seen:
                seen.add(after)
                todo.append(after)
    return False


def drawn(draw, runs: str, wanted: Callable[[Pool], bool]) -> Pool:
    """A small machine that is wanted."""
    while True:
        sizes = [draw.randrange(most) for most in (4, 5, 3, 10, 8)]
        pool = Pool(runs, *sizes)
        if wanted(pool):
            return pool


def few_pages(pool: Pool) -> bool:
    """Stuck, and the takers alone would have left enough for a worker."""
    return can_be_stuck(pool) and pool.free - pool.takers >= WORKER_PAGES


def saved_by_pages(pool: Pool) -> bool:
    return not can_be_stuck(pool) and can_be_stuck(pool._replace(free=0))


def saved_by_workers(pool: Pool) -> bool:
    return not can_be_stuck(pool) and can_be_stuck(pool._replace(idle=0))


def saved_by_rescuer(pool: Pool) -> bool:
    return not can_be_stuck(pool) and can_be_stuck(pool._replace(runs="workqueue"))


def needed_twice(pool: Pool) -> bool:
    """The reaper's queue has an item, but it is needed to keep a worker busy."""
    return saved_by_rescuer(pool) and pool.own_items > 0


def machine(pool: Pool) -> dict:
    return {key: value for key, value in pool._asdict().items() if key != "rescuer_busy"}


def told(pool: Pool) -> str:
    """The machine in words: one needs no eye for dicts to read what is wrong."""
    return ", ".join(f"{key} {value}" for key, value in machine(pool).items())


def verdict(ask, pool: Pool, sentence: str) -> None:
    want, got = not can_be_stuck(pool), ask("always_reaps", machine(pool))
    example = f"always_reaps gave {got!r}, not {want}, for a machine with {told(pool)}"
    if truth(got, "What `always_reaps` returns", example) != want:
        raise CheckFailed(sentence, example)


def each(ask, draw, runs: str, kinds: tuple, sentence: str) -> None:
    for wanted in draw.sample(kinds, len(kinds)):
        verdict(ask, drawn(draw, runs, wanted), sentence)


@exercise.worth(3, "A work item needs a worker, and a new worker needs memory")
def workqueue(ask, draw):
    each(
        ask,
        draw,
        "workqueue",
        (can_be_stuck, few_pages, few_pages, saved_by_pages, saved_by_pages, saved_by_workers),
        "Wrong for an ordinary workqueue. Who can take the idle workers, and who the last pages?",
    )


@exercise.worth(2, "A rescuer (WQ_MEM_RECLAIM) helps, unless another item of its queue needs it")
def rescuer(ask, draw):
    each(
        ask,
        draw,
        "rescuer",
        (can_be_stuck, few_pages, few_pages, saved_by_rescuer, needed_twice, saved_by_pages),
        "Wrong for a queue with a rescuer: it serves one item after the other, and an item of the "
        "same queue that waits for memory keeps it.",
    )


@exercise.worth(2, "A thread of its own always runs, on the machines where the others do not")
def kthread(ask, draw):
    for _ in range(3):
        stuck = drawn(draw, draw.choice(("workqueue", "rescuer")), can_be_stuck)
        verdict(ask, stuck, "This machine can be stuck.")
        alone = stuck._replace(runs="kthread")
        verdict(ask, alone, "A kthread that was made at boot needs no worker and no memory.")
        if several(ask("stuck_order", machine(alone)), "The order"):
            raise CheckFailed("Nothing stops a kthread: the order is an empty list.")


@exercise.worth(3, "Your order of events stops the reaper, which proves it")
def witness(ask, draw):
    for runs in ("workqueue", "rescuer", "workqueue", "rescuer"):
        pool = drawn(draw, runs, few_pages)
        order = ask("stuck_order", machine(pool))
        example = f"stuck_order gave {order!r}, for a machine with {told(pool)}"
        for event in several(order, "The order", example=example, of=str)[:99]:
            if event not in EVENTS:
                raise CheckFailed(f"An event is one of {', '.join(EVENTS)}.", example)
            if not pool.possible(event):
                raise CheckFailed("An event happens more often than the machine has it.", example)
            pool = pool.after(event)
        if pool.reaps():
            raise CheckFailed("After your order the reaper still runs.", example)


@exercise.worth(1, "Where nothing can stop it there is no such order")
def no_order(ask, draw):
    stuck = drawn(draw, "workqueue", few_pages)
    if ask("stuck_order", machine(stuck)) == []:
        raise CheckFailed(
            "There is an order that stops this one.",
            f"stuck_order gave [], for a machine with {told(stuck)}",
        )
    for runs in ("workqueue", "rescuer"):
        pool = drawn(draw, runs, saved_by_pages)
        order = ask("stuck_order", machine(pool))
        example = f"stuck_order gave {order!r}, for a machine with {told(pool)}"
        if several(order, "The order", example=example):
            raise CheckFailed("Nothing stops this reaper: the order is an empty list.", example)
