"""The OOM tracepoints of a run as `trace-cmd report` prints them, to stand beside a real trace.

Names and fields are those of include/trace/events/oom.h (v6.1): mark_victim, wake_reaper,
start_task_reaping, finish_task_reaping, skip_task_reaping, each with pid; and sched_process_exit.
Time is ticks of 1/HZ s. The model has no processor numbers: all lines say [000].
"""

from ..policies.policy import HZ
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
    lines = [f"# {run.origin}"]
    for event in run.kernel.events or ():
        kind, step = event["event"], event.get("step", -1)
        if step < 0 or kind not in (*TRACEPOINTS, "exit"):
            continue
        actor, target = run.trace[step][1], name_of(event["task"])
        time = f"{event['tick'] / HZ:.6f}"
        pid = getattr(event["task"], "pid", pids.get(target, 0))  # early reapers know only the mm
        if kind == "exit":
            told = f"sched_process_exit: comm={target} pid={pid} prio=120"
        else:
            told = f"{kind}: pid={pid}"
        lines.append(f"{actor.name[:15]:>16}-{actor.pid:<6} [000] ..... {time:>14}: {told}")
    return "\n".join(lines)
