"""The OOM tracepoints of a run as `trace-cmd report` prints them, to stand beside a real trace.

Names and fields are those of include/trace/events/oom.h: mark_victim, wake_reaper,
start_task_reaping, finish_task_reaping, skip_task_reaping, each with pid; and sched_process_exit.
Since 72ba14deb40a (March 2024, for 6.9) mark_victim also says whom it marked, and what the process
held; before, only a line of its own has the name of a victim. Kernels without these tracepoints
(4.10 and older) are shown as if they had them. Time is ticks of 1/HZ s. The model has no processor
numbers: all lines say [000].
"""

from ..policies.policy import HZ
from ..simulate.kernel_log import kb, version_of
from ..simulate.run import Run, name_of

TRACEPOINTS = (
    "mark_victim",
    "wake_reaper",
    "start_task_reaping",
    "finish_task_reaping",
    "skip_task_reaping",
)


def ftrace_text(run: Run) -> str:
    """A comment that says which run it is, and one line for each tracepoint that it hit."""
    run.must_be_traced()
    pids = {task.name: task.pid for task in (*run.kernel.tasks, *(row[1] for row in run.trace))}
    lines, version = [f"# {run.origin}"], version_of(run.policy.kernel)
    for event in run.kernel.events or ():
        kind, step = event["event"], event.get("step", -1)
        if step < 0 or kind not in (*TRACEPOINTS, "exit"):
            continue
        actor, target = run.trace[step][1], name_of(event["task"])
        time = f"{event['tick'] / HZ:.6f}"
        pid = getattr(event["task"], "pid", pids.get(target, 0))  # early reapers know only the mm
        if kind == "exit":
            told = f"sched_process_exit: comm={target[:15]} pid={pid} prio=120"
        else:
            told = f"{kind}: pid={pid}"
        if kind == "mark_victim" and version >= (6, 9):
            told += f" {held(event['row'])}"
        lines.append(f"{actor.name[:15]:>16}-{actor.pid:<6} [000] ..... {time:>14}: {told}")
    return "\n".join(lines)


def held(row: dict) -> str:
    """What mark_victim says of the victim beside its pid, with = and : as the kernel has them."""
    return (
        f"comm={row['name'][:15]} total-vm={kb(row['total_vm'])}kB anon-rss={kb(row['anon'])}kB "
        f"file-rss:{kb(row['file'])}kB shmem-rss:{kb(row['shmem'])}kB uid={row['uid']} "
        f"pgtables={kb(row['nr_ptes'] + row['nr_pmds'])}kB oom_score_adj={row['adj']}"
    )
