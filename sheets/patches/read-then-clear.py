"""The slot is read and then cleared, before the work begins: two steps where an exchange is one."""

base = "mm-2015-12"
name = "read, then clear"


def oom_reaper_slot(current):
    kernel = current.kernel
    while True:
        yield "read", "mm_to_reap"
        mm = kernel.mm_to_reap
        if mm is None:
            yield from kernel.oom_reaper_wait.wait(current)
            continue
        yield "clear", "mm_to_reap"
        kernel.mm_to_reap = None
        yield from oom_reap_task(current, None, mm)
        mmdrop(mm)
