"""How did it end? A verdict on the final state of a machine, with its reason in a sentence.

A run whose schedule ends has not ended itself: its verdict is "unfinished", unless no later step
can change it. One that was cut by a number of steps may be called stuck, but not recovered.
"""

from collections import deque
from dataclasses import dataclass, field

from ..model.kernel import Kernel
from ..model.locks import TASK_RUNNING, wake_up_process
from ..model.mm import MM, MMF_OOM_SKIP
from ..model.tasks import PF_KTHREAD, Task, find_lock_task_mm
from ..plural import plural
from ..policies.policy import HZ
from .fingerprint import fingerprint
from .scheduler import function_of, take_one
from .stall import MOST_SLEEPS
from .wait_graph import LOCKS, find_cycle, wait_for_graph

VERDICTS = ("recovered", "lost-victim", "deadlock", "livelock", "panic", "unfinished")


@dataclass(frozen=True)
class Outcome:
    """What became of a run. Pages of 4 kB, ticks of 1/HZ s, names in the order of the kills."""

    verdict: str
    why: str
    victims: list[str]
    lost: list[str]  # marked, and neither reaped nor gone
    reaped: dict[str, int]  # mm -> pages made free by the reaper
    pages_to: dict[str, int]  # who took reclaimed pages: dying, normal, kernel
    ticks: int
    steps: int
    bugs: list[str] = field(default_factory=list)
    cycle: list[str] = field(default_factory=list)  # of a deadlock
    loop: list[str] = field(default_factory=list)  # the repeating part of a livelock


def judge(
    kernel: Kernel, steps: int, cut: bool = False, patience: int | None = None, comes_back: int = 0
) -> Outcome:
    """The verdict. A stuck machine is run on, in a fair order, until its state repeats.

    `cut`: the run may have been ended before its time, see still_open(). `patience`: so many steps
    were given to it, and what is stuck after them is called stuck. `comes_back`: after how many
    steps of each task the state repeats, where the run has found that out (spin.py).
    """
    victims, reaped = whom(kernel, "kill"), dict(kernel.reaped or {})
    lost = [task.name for task in lost_victims(kernel)]
    pages_to, ticks = dict(kernel.zone.pages_to), kernel.jiffies
    cycle: list[str] = []
    loop: list[str] = []
    bugs = list(kernel.bugs)
    verdict, why = "recovered", recovered_sentence(victims, reaped, kernel)
    awake = still_open(kernel) if cut and not kernel.panicked else []
    if kernel.panicked:
        verdict, why = "panic", f"the kernel panics: {kernel.panicked}"
    elif awake and patience is None:
        verdict = "unfinished"
    elif stuck_tasks(kernel):
        stuck, reason, cycle, loop = judge_stuck(kernel, comes_back)  # runs on; the rest was read
        if stuck != "recovered":
            verdict, why = stuck, reason
    elif lost:
        verdict, why = "lost-victim", lost_sentence(lost, kernel.policy)
    if awake and verdict in ("recovered", "unfinished"):
        verdict, why = "unfinished", unfinished_sentence(awake, steps)
    return Outcome(verdict, why, victims, lost, reaped, pages_to, ticks, steps, bugs, cycle, loop)


def lost_victims(kernel: Kernel) -> list[Task]:
    """Marked tasks whose memory is still there, that the reaper never came to nor gave up."""
    return [
        task
        for task in kernel.tasks
        if task.marked is not None
        and (thread := find_lock_task_mm(task)) is not None
        and thread.mm.reaped is None
        and not thread.mm.flags & MMF_OOM_SKIP
    ]


def has_lost(kernel: Kernel) -> bool:
    """A victim sleeps, its memory is still there, and no hand-off is under way (M16, step 7)."""
    if kernel.oom_lock.owner is not None:
        return False  # the owner may be handing it over right now
    if kernel.mm_to_reap is not None or kernel.oom_reaper_list is not None or kernel.timers:
        return False
    starts = kernel.policy.reaper != "none" and kernel.policy.reaper_starts
    if starts and not kernel.oom_reaper_wait.sleepers:
        return False
    threads = (task for task in kernel.tasks if task.flags & PF_KTHREAD)  # another may be so called
    if any(task.name in kernel.policy.kthreads and not task.state for task in threads):
        return False
    if queued_by_patch(kernel):
        return False
    return any(task.state != TASK_RUNNING for task in lost_victims(kernel))


def queued_by_patch(kernel: Kernel) -> bool:
    """Does a victim, or its mm, stand in state that the policy's patch declares?"""
    patch = kernel.policy.patch
    owners = {
        "kernel": [kernel],
        "zone": [kernel.zone],
        "memcg": kernel.memcgs,
        "mm": kernel.mms,
        "task": kernel.tasks,
        "signal": [task.signal for task in kernel.tasks],
    }
    for where in patch.state if patch is not None else ():
        owner, _, name = where.partition(".")
        for value in (getattr(thing, name) for thing in owners[owner]):
            held = value if isinstance(value, list | tuple | set | deque) else [value]
            if any(isinstance(thing, Task | MM) for thing in held):
                return True
    return False


def still_open(kernel: Kernel) -> list[str]:
    """Who may yet change how a run ends that was cut: programs that are not over, and timers.

    None once its reaper has lost a victim for good. Daemons go on for ever.
    """
    if kernel.policy.reaper != "none" and has_lost(kernel):
        return []
    waiting = {timer.argument for timer in kernel.timers}
    return [
        task.name
        for task in kernel.tasks
        if task in waiting or not (task.state or task.daemon or task.flags & PF_KTHREAD)
    ]


def stuck_tasks(kernel: Kernel) -> list[Task]:
    """Who cannot go on for want of memory, or of a lock: daemons aside."""
    return [
        task
        for task in kernel.tasks
        if not task.daemon
        and not task.flags & PF_KTHREAD
        and (task.allocating or charges_in_vain(task) or isinstance(task.waits_for, LOCKS))
    ]


def charges_in_vain(task: Task) -> bool:
    """Did its last charge run into a limit, and it is not dying? Then its fault is retried."""
    return task.over_limit is not None and not task.sigkill


def judge_stuck(kernel: Kernel, comes_back: int) -> tuple[str, str, list[str], list[str]]:
    """Deadlock or livelock? A deadlock is a cycle of waits while no page changes hands.

    Neither, if tasks only hand a lock round in programs without end, and get their pages at once.
    """
    cycle = find_cycle(wait_for_graph(kernel))
    stuck = [task.name for task in stuck_tasks(kernel)]
    lost = [task.name for task in lost_victims(kernel)]
    full, why = full_sentence(kernel), stuck_sentence(stuck_tasks(kernel))
    vain = any(task.allocating for task in kernel.tasks)
    events, kernel.events = kernel.events, None  # what comes now is not part of the run
    loop, still = repeating_part(kernel, comes_back)
    kernel.events = events
    if cycle and (still or len(cycle) > 2):
        path = " → ".join([*cycle, cycle[0]])
        return "deadlock", f"these tasks can never go on: {path}", cycle, loop
    if lost and kernel.policy.reaper != "none":
        return "lost-victim", lost_sentence(lost, kernel.policy), [], loop
    if full:
        return "livelock", full, [], loop
    moving = {step.split(":")[0] for step in loop}
    vain = vain or any(": __alloc_pages" in step or "charge" in step for step in loop)
    if not lost and not vain and moving.issuperset(stuck):
        return "recovered", "", [], []
    dying = [t.name for t in kernel.tasks if t.sigkill and t.allocating]
    gets = "gets" if len(dying) == 1 else "get"
    who = f"; {', '.join(dying)} should die and {gets} no page" if dying else ""
    return "livelock", f"{why}, and nothing changes{who}", [], loop


def stuck_sentence(tasks: list[Task]) -> str:
    """Who loops in the allocator, and who waits for which lock."""
    waiting: dict[str, list[str]] = {}
    looping = []
    for task in tasks:
        if isinstance(task.waits_for, LOCKS):
            waiting.setdefault(task.waits_for.name, []).append(task.name)
        else:
            looping.append(task.name)
    parts = [f"{', '.join(looping)} {'loops' if len(looping) == 1 else 'loop'} in the allocator"]
    for lock, names in waiting.items():
        parts.append(f"{', '.join(names)} {'waits' if len(names) == 1 else 'wait'} for {lock}")
    return "; ".join(parts if looping else parts[1:])


def repeating_part(
    kernel: Kernel, comes_back: int, most_rounds: int = 120
) -> tuple[list[str], bool]:
    """Run on in turns until a state comes back: the steps between, and whether `free` stood still.

    The machine is used up by this; its outcome must have been read before.
    """
    steps: list[str] = []
    if 0 < comes_back < most_rounds:  # and nothing but the tasks' places changes until then
        for _ in range(comes_back):
            one_round(kernel, steps)
        return steps, True
    seen: list[tuple] = []
    marks: list[tuple[int, int]] = []
    for _ in range(most_rounds):
        state = fingerprint(kernel)
        if state in seen:
            first = seen.index(state)
            start = marks[first][0]
            return steps[start:], len({free for _, free in marks[first:]}) == 1
        seen.append(state)
        marks.append((len(steps), kernel.zone.free))
        one_round(kernel, steps)
    return [], len({free for _, free in marks}) == 1


def one_round(kernel: Kernel, steps: list[str]) -> None:
    """One step for every runnable task, then a tick."""
    for task in list(kernel.runqueue):
        verb, what = task.op
        steps.append(
            f"{task.name}: {function_of(task.thread)}: {verb} {getattr(what, 'name', what)}"
        )
        if task.thread is not None:
            take_one(task)
        if task.state:
            kernel.runqueue.remove(task)
    kernel.jiffies = kernel.jiffies + 1
    if not kernel.runqueue and kernel.timers:
        kernel.jiffies = max(kernel.jiffies, kernel.timers[0].expires)
    kernel.run_timers()


def full_sentence(kernel: Kernel) -> str:
    """Who charges a full memory cgroup again and again, or nothing if no task does."""
    tasks = [task for task in stuck_tasks(kernel) if charges_in_vain(task)]
    if not tasks:
        return ""
    names, memcgs = (", ".join(dict.fromkeys(n)) for n in zip(*map(loop_of, tasks), strict=True))
    if all(task.state for task in tasks):  # in memcg_oom_waitq
        sleeps = "sleeps" if len(tasks) == 1 else "sleep"
        return f"{names} {sleeps} until a page of {memcgs} is given back, and no task does that"
    verb = "charges" if len(tasks) == 1 else "charge"
    return f"{names} {verb} {memcgs}, which is full, again and again; no kill in it makes room"


def loop_of(task: Task) -> tuple[str, str]:
    return task.name, task.over_limit.name


def unfinished_sentence(awake: list[str], steps: int) -> str:
    return f"the run was cut after step {steps}, when {' and '.join(awake)} could go on"


def lost_sentence(lost: list[str], policy) -> str:
    names = " and ".join(lost)
    verb = "was" if len(lost) == 1 else "were"
    if policy.reaper == "none":
        return f"{names} {verb} killed and cannot exit alone, and there is no reaper"
    return f"{names} {verb} killed, but never reached the reaper, and cannot exit alone"


def recovered_sentence(victims: list[str], reaped: dict[str, int], kernel: Kernel) -> str:
    memcgs = kernel.memcgs
    beyond = "".join(
        f"; {m.name} was let {plural(m.forced, 'page')} over its limit" for m in memcgs if m.forced
    )
    refused, chosen = whom(kernel, "enomem"), whom(kernel, "kill_by_user")
    failed = [] if victims else whom(kernel, "page_allocation_failure")
    failed = [name for name in failed if name not in refused]
    if refused:
        beyond += f"; {' and '.join(refused)} asked for memory and got an error"
    if failed:
        beyond += f"; {' and '.join(failed)} asked for a page and got none"
    if chosen:
        beyond += f"; {were_killed(' and '.join(chosen), chosen)} by a task's signal"
    if slowed := whom(kernel, "throttled"):
        beyond += f"; {' and '.join(slowed)} had to sleep for memory.high"
    if asleep := sleepers(kernel):
        beyond += f"; the run was ended while {' and '.join(asleep)} slept again and again"
    none = whom(kernel, "no_killable_processes")  # the dying go over a limit without a search
    if none and not victims and any(m.forced for m in memcgs):
        return f"no task could be killed, and none was stopped{beyond}"
    if not victims and beyond:
        return f"the OOM killer killed no process{beyond}"
    if not victims:
        return "there was memory enough, no task had to die"
    killed = were_killed(", ".join(victims), victims)
    if not reaped:
        return f"{killed}; no page was reaped{beyond}"
    pages = ", ".join(f"{plural(pages, 'page')} of {mm}" for mm, pages in reaped.items())
    return f"{killed}; the reaper freed {pages}{beyond}"


def sleepers(kernel: Kernel) -> list[str]:
    """Whoever sleeps on when the run is ended because no task does anything else."""
    last = kernel.events[-1]["tick"] if kernel.events else 0
    if kernel.jiffies - last <= MOST_SLEEPS * HZ:
        return []
    waiting = {timer.argument for timer in kernel.timers if timer.function is wake_up_process}
    return [
        task.name
        for task in kernel.tasks
        if (task in waiting or task.state == TASK_RUNNING)
        and not (task.daemon or task.flags & PF_KTHREAD)
    ]


def were_killed(names: str, tasks: list[str]) -> str:
    """Not "died": a victim that was given up, or reaped, may be there to the end."""
    return f"{names} {'was' if len(tasks) == 1 else 'were'} killed"


def whom(kernel: Kernel, event: str) -> list[str]:
    """Whom an event happened to, each once, in order; known whether or not events are kept."""
    return [name for happened, name in kernel.happened or () if happened == event]
