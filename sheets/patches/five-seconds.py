"""A victim that is older than five seconds no longer holds the OOM killer back."""

from oomlab.model.oom import mark_oom_victim as linux_mark_oom_victim
from oomlab.model.oom import oom_evaluate_task as linux_oom_evaluate_task

base = "linux-4.4"
name = "five seconds"
state = {"task.expired": False}


def expire(victim):
    victim.expired = True


def mark_oom_victim(current, task, mm):
    if not task.memdie:
        current.kernel.add_timer(5 * HZ, expire, task)
    yield from linux_mark_oom_victim(current, task, mm)


def oom_evaluate_task(task, oc, policy):
    return None if task.expired else linux_oom_evaluate_task(task, oc, policy)
