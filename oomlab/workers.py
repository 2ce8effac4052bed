"""One function over many tasks, on any executor, with the results in the order of the tasks.

An executor is what `concurrent.futures` calls so: an object with submit(function, task), whose
futures have result() and cancel(). Process pools, dask's `Client.get_executor()` and MPI's are
such. Only so many tasks are under way at once that a long list needs no memory, and a worker that
dies costs time and nothing else: its tasks are given out again.
"""

import os
import pickle
import signal
import sys
from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator
from contextlib import ExitStack, closing, contextmanager
from functools import partial
from itertools import chain, islice
from pathlib import Path
from typing import TYPE_CHECKING, Protocol, TypeVar

from .naming import short

if TYPE_CHECKING:
    from concurrent.futures import Executor, Future

T = TypeVar("T")
R = TypeVar("R")

TRIES = 3  # how often a pool of ours that broke is made anew for the same task
AHEAD = 4  # tasks under way for each worker
MOST = 1000  # processes of ours on one machine: a slip of the finger must not fill it


class Submits(Protocol):
    """What is needed of an executor."""

    def submit(self, function: Callable, /, *args, **kwargs): ...


def in_order(
    function: Callable[[T], R],
    tasks: Iterable[T],
    *,
    jobs: int = 1,
    executor: Submits | None = None,
    chunk: int = 1,
) -> Generator[R, None, None]:
    """function(task) for each task, in order.

    With an `executor` the calls go there, `AHEAD` times `jobs` at once. Without one, `jobs` worker
    processes do them, or this process alone if `jobs` is 1. Small tasks are sent `chunk` at once.
    Who has seen enough closes the iterator: tasks that have not begun are not done. RuntimeError
    if a task kills its worker each time, or if an `executor` breaks. ValueError for fewer than 1
    job, for more than `MOST` without an executor, or a task that cannot be sent to another process.
    """
    if jobs < 1:
        raise ValueError(f"jobs is 1 or more, not {jobs}")
    if executor is None and jobs > MOST:
        raise ValueError(f"jobs is {MOST} at most on one machine, not {jobs}")
    if executor is None and jobs == 1:
        yield from map(function, tasks)
        return
    each, left = partial(several, function), iter(tasks)
    chunks = iter(lambda: tuple(islice(left, chunk)), ())
    if executor is not None:
        results = submitted(each, chunks, executor, jobs)
    else:
        results = in_processes(each, chunks, jobs)
    with closing(results):
        yield from chain.from_iterable(results)


def several(function: Callable[[T], R], tasks: tuple[T, ...]) -> list[R]:
    """What a worker does at once."""
    return [function(task) for task in tasks]


def submitted(function, tasks: Iterator, executor: Submits, jobs: int) -> Generator:
    """On an executor of the caller's, which sees itself to workers that die."""
    from concurrent.futures import BrokenExecutor, CancelledError

    closed = "this executor was closed, or its tasks cancelled: call again with a new one"

    def given(task):
        try:
            return executor.submit(function, task)
        except BrokenExecutor:
            raise
        except RuntimeError:  # of the executor: the task has not begun
            raise RuntimeError(closed) from None

    waiting: deque = deque()
    try:
        waiting.extend(map(given, islice(tasks, jobs * AHEAD)))
        while waiting:
            result = waiting.popleft().result()
            waiting.extend(map(given, islice(tasks, 1)))
            yield result
    except BrokenExecutor:
        raise RuntimeError(
            "a worker of this executor died, and the executor with it: call again with a new one"
        ) from None
    except CancelledError:
        raise RuntimeError(closed) from None
    finally:
        for future in waiting:
            future.cancel()


def in_processes(function, tasks: Iterator, jobs: int) -> Generator:
    """In processes of our own. A pool whose worker was killed is broken as a whole: a new one."""
    from concurrent.futures import BrokenExecutor  # not before it is used: it costs 15 ms

    first = list(islice(tasks, jobs * AHEAD))
    jobs = min(jobs, max(len(first), 1))
    for task in first[:1]:
        must_be_sent(function, task)
    given: deque = deque()  # (task, future), oldest first
    broken = 0
    with ExitStack() as pools:
        pool = pools.enter_context(new_pool(jobs))
        pools.enter_context(killed_by_an_interrupt())

        @pools.push
        def give_up(interrupt: type[BaseException] | None, *_) -> None:
            """After Ctrl-C the workers are killed, and a broken pool of 3.11 trips over these."""
            if interrupt is not KeyboardInterrupt:
                for _, future in given:
                    future.cancel()

        with deaf():
            given.extend((task, offered(pool, function, task)) for task in first)
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
                    given = deque((old, offered(pool, function, old)) for old, _ in given)
                continue
            broken = 0
            given.popleft()
            given.extend((new, offered(pool, function, new)) for new in islice(tasks, 1))
            yield result


def offered(pool: "Executor", function, task) -> "Future":
    """The future of function(task); one that says so if the pool has broken meanwhile."""
    from concurrent.futures import BrokenExecutor, Future

    try:
        return pool.submit(function, task)
    except BrokenExecutor as broken:
        future: Future = Future()
        future.set_exception(broken)
        return future


def must_be_sent(function, task) -> None:
    """ValueError for what another process cannot be given: it would be a broken pool, or hang."""
    try:
        text = pickle.dumps((function, task))
    except Exception as wrong:  # pickle's own error, or that of any class in it
        raise ValueError(f"this cannot be sent to a worker process: {wrong}") from None
    alone = start_method() == "spawn" and not hasattr(sys.modules["__main__"], "__file__")
    if alone and b"__main__" in text:
        raise ValueError(
            "worker processes cannot be given what a notebook defines: write it in a file and "
            "import it, or use dask's executor"
        )


def start_method() -> str:
    """A fork is soonest there, but one of a process with threads, as a notebook's, may hang."""
    threads = Path("/proc/self/task")
    return "fork" if threads.exists() and len(list(threads.iterdir())) == 1 else "spawn"


def new_pool(jobs: int) -> "Executor":
    """Worker processes, which end when this one does, even if it was killed."""
    from concurrent.futures import ProcessPoolExecutor
    from multiprocessing import get_context

    context = get_context(start_method())
    return ProcessPoolExecutor(jobs, mp_context=context, initializer=end_with_parent)


def end_with_parent() -> None:
    """A worker whose parent was killed would wait for its next task for ever."""
    from threading import Thread

    Thread(target=end_after_parent, daemon=True).start()


def end_after_parent() -> None:
    """Wait for the parent's end."""
    from multiprocessing import parent_process

    parent = parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)


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
    from multiprocessing import active_children

    before = {*active_children()}
    try:
        yield
    except KeyboardInterrupt:
        for child in {*active_children()} - before:
            child.kill()
        raise
