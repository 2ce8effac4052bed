"""One function over many tasks, on any executor, with the results in the order of the tasks.

An executor is what `concurrent.futures` calls so: an object with submit(function, task), whose
futures have result(). Process pools, dask's `Client.get_executor()` and MPI's are such. Here only
so many tasks are under way at once that a long list needs no memory, and a worker that dies costs
time and nothing else: its tasks are given out again.
"""

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack
from itertools import islice
from typing import TYPE_CHECKING, Protocol, TypeVar

if TYPE_CHECKING:
    from concurrent.futures import Executor

T = TypeVar("T")
R = TypeVar("R")

TRIES = 3  # how often a pool of ours that broke is made anew for the same task
AHEAD = 4  # tasks under way for each worker


class Submits(Protocol):
    """What is needed of an executor."""

    def submit(self, function: Callable, /, *args, **kwargs): ...


def in_order(
    function: Callable[[T], R],
    tasks: Iterable[T],
    *,
    jobs: int = 1,
    executor: Submits | None = None,
) -> Iterator[R]:
    """function(task) for each task, in order.

    With an `executor` the calls go there, `AHEAD` times `jobs` at once. Without one, `jobs` worker
    processes do them, or this process alone if `jobs` is 1. RuntimeError if a task kills its worker
    each time. ValueError for fewer than 1 job.
    """
    if jobs < 1:
        raise ValueError(f"jobs is at least 1, not {jobs}")
    if executor is not None:
        yield from submitted(function, iter(tasks), executor, jobs)
    elif jobs == 1:
        yield from map(function, tasks)
    else:
        yield from in_processes(function, iter(tasks), jobs)


def submitted(function, tasks: Iterator, executor: Submits, jobs: int) -> Iterator:
    """On an executor of the caller's, which sees itself to workers that die."""
    waiting = deque(executor.submit(function, task) for task in islice(tasks, jobs * AHEAD))
    while waiting:
        result = waiting.popleft().result()
        waiting.extend(executor.submit(function, task) for task in islice(tasks, 1))
        yield result


def in_processes(function, tasks: Iterator, jobs: int) -> Iterator:
    """In processes of our own. A pool whose worker was killed is broken as a whole: a new one."""
    from concurrent.futures import BrokenExecutor  # not before it is used: it costs 15 ms

    given: deque = deque()  # (task, future), oldest first
    broken = 0
    with ExitStack() as pools:
        pool = pools.enter_context(new_pool(jobs))
        given.extend((task, pool.submit(function, task)) for task in islice(tasks, jobs * AHEAD))
        while given:
            task, future = given[0]
            try:
                result = future.result()
            except BrokenExecutor:
                broken += 1
                if broken > TRIES:
                    raise RuntimeError(f"the worker dies each time it is given {task!r}") from None
                pool = pools.enter_context(new_pool(jobs))
                given = deque((old, pool.submit(function, old)) for old, _ in given)
                continue
            broken = 0
            given.popleft()
            given.extend((new, pool.submit(function, new)) for new in islice(tasks, 1))
            yield result


def new_pool(jobs: int) -> "Executor":
    """Processes that begin afresh: a fork of a process with threads, as a notebook's, may hang."""
    from concurrent.futures import ProcessPoolExecutor
    from multiprocessing import get_context

    return ProcessPoolExecutor(jobs, mp_context=get_context("spawn"))
