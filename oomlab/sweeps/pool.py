"""One function over many tasks, on any executor, with the results in the order of the tasks.

An executor is what `concurrent.futures` calls so: an object with submit(function, task), whose
futures have result(). Process pools, dask's `Client.get_executor()` and MPI's are such. Here only
so many tasks are under way at once that a long list needs no memory, and a worker that dies costs
time and nothing else: its tasks are given out again.
"""

import signal
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager
from itertools import islice
from multiprocessing import active_children
from typing import TYPE_CHECKING, Protocol, TypeVar

from ..arguments import short

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
        pools.enter_context(killed_by_an_interrupt())
        with deaf():
            given.extend(
                (task, pool.submit(function, task)) for task in islice(tasks, jobs * AHEAD)
            )
        while given:
            task, future = given[0]
            try:
                result = future.result()
            except BrokenExecutor:
                broken += 1
                if broken > TRIES:
                    raise RuntimeError(
                        f"the worker dies each time it is given {short(task)}"
                    ) from None
                pool = pools.enter_context(new_pool(jobs))
                with deaf():
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


@contextmanager
def deaf() -> Iterator[None]:
    """Processes that are started in here never see Ctrl-C: whoever started them ends them."""
    if not hasattr(signal, "pthread_sigmask"):  # Windows
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGINT])
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


@contextmanager
def killed_by_an_interrupt() -> Iterator[None]:
    """Ctrl-C ends the processes that are started in here, too: their results are not waited for."""
    before = {*active_children()}
    try:
        yield
    except KeyboardInterrupt:
        for child in {*active_children()} - before:
            child.kill()
        raise
