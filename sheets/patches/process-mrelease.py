"""process_mrelease(2), as first merged: a user-space killer takes the memory of what it killed."""

base = "linux-5.10"
name = "process_mrelease"


def process_mrelease(current, task):
    yield "process_mrelease", task
    thread = find_lock_task_mm(task)
    if thread is None:
        return "ESRCH"
    mm = thread.mm
    mmgrab(mm)
    yield from mm.mmap_sem.down_read(current)
    yield from reap_vmas(current, mm)
    mm.mmap_sem.up_read(current)
    mmdrop(mm)
    return ""
