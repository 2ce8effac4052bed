"""A slot for each memory cgroup: two memcg OOMs no longer meet in one variable."""

base = "mm-2015-12"
name = "slot per memcg"
state = {"memcg.oom_slot": None}


def fill_slot(current, task, mm):
    mmgrab(mm)
    yield "cmpxchg", "memcg.oom_slot"
    if task.memcg.oom_slot is not None:
        mmdrop(mm)
        return
    task.memcg.oom_slot = mm
    yield "wake", "oom_reaper"
    current.kernel.oom_reaper_wait.wake_up()


def oom_reaper_slot(current):
    while True:
        yield "read", "memcg.oom_slot"
        memcg = next((m for m in current.kernel.memcgs if m.oom_slot is not None), None)
        if memcg is None:
            yield from current.kernel.oom_reaper_wait.wait(current)
            continue
        yield from oom_reap_task(current, None, memcg.oom_slot)
        mmdrop(memcg.oom_slot)
        yield "clear", "memcg.oom_slot"
        memcg.oom_slot = None
