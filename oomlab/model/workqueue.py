"""Reaping from a workqueue, which the RFC rejects (M01 sketched it, M10 says why not).

A work item runs in a worker. When all workers are busy a new one must be made, and that takes
memory, which has just run out. Only a WQ_MEM_RECLAIM queue keeps a rescuer for this case.
"""

from .gfp import GFP_KERNEL
from .locks import Steps
from .memory import alloc_pages
from .mm import mmdrop
from .reaper import oom_reap_task

WORKER_PAGES = 2  # a kernel stack and a task_struct


def worker(current) -> Steps:
    """A pool of one worker; `kernel.busy_workers` says that it is stuck in another work item."""
    kernel = current.kernel
    while True:
        if kernel.mm_to_reap is None:
            yield from kernel.oom_reaper_wait.wait(current)
            continue
        if kernel.busy_workers:
            yield from create_worker(current)
        mm = kernel.mm_to_reap
        yield from oom_reap_task(current, None, mm)
        mmdrop(mm)
        kernel.mm_to_reap = None


def create_worker(current) -> Steps:
    """kthread_create() on behalf of the pool: an allocation like any other."""
    for _ in range(WORKER_PAGES):
        page = yield from alloc_pages(current, GFP_KERNEL)
        if page:
            current.kernel_pages += 1
    current.kernel.busy_workers = 0
