"""The recorder's script, followed in the model: a kernel thread does what PID 1 of the guest did.

It waits as long as the script says, by the model's clock. Growing is as fast as in the guests: a
page fault under software emulation takes some 50 microseconds.
"""

from ..model.kernel import Kernel
from ..model.locks import TASK_UNINTERRUPTIBLE, Steps, schedule_timeout
from ..model.memcg import mem_cgroup_out_of_memory
from ..model.reaper import process_mrelease
from ..model.syscalls import sysrq_f
from ..model.tasks import (
    do_send_sigkill,
    release_task,
    write_oom_score_adj,
)
from ..policies.policy import Policy
from ..simulate.scheduler import run_seeded
from .guest_programs import STARVED, Stage, ticks
from .recorded import limit_of, machine_of

FAULTS_PER_TICK = 200  # measured over the recordings: 14 to 66 page faults a millisecond
SIGKILL = 9


def replay(
    record: dict,
    seed: int = 0,
    faults_per_tick: int = FAULTS_PER_TICK,
    preset: Policy | None = None,
) -> tuple[Kernel, Stage]:
    """Run the recorded scene in the model: machine and stage when the script has ended.

    `preset` is another kernel's policy than the recorded one's.

    ValueError if the script has a step that cannot be understood.
    """
    kernel, stage = machine_of(record, preset)
    script = [parsed(step) for step in record["config"]["steps"]]
    recorder = kernel.kthread_run("recorder", lambda task: follow(task, stage, script))
    while not kernel.panicked and recorder in kernel.tasks:
        before = kernel.jiffies
        run_seeded(kernel, seed, steps_per_tick=faults_per_tick)
        if kernel.jiffies == before and not kernel.runqueue and not kernel.timers:
            raise ValueError("the script waits for ever")
    return kernel, stage


def parsed(step: str) -> tuple:
    """A line of the script: the verb's function and its arguments."""
    verb, *arguments = step.split()
    if verb not in VERBS:
        raise ValueError(f"the step {step!r} is not one that is known")
    return VERBS[verb], arguments


def follow(current, stage: Stage, script: list) -> Steps:
    for verb, arguments in script:
        yield from verb(current, stage, *arguments)
    release_task(current)


def go(current, stage: Stage, group: str = "0") -> Steps:
    """Let a group begin."""
    yield "go", group
    stage.open.add(int(group))
    stage.gate(int(group)).wake_up()


def watch(current, stage: Stage, ms: str) -> Steps:
    yield from schedule_timeout(current, TASK_UNINTERRUPTIBLE, ticks(int(ms)))


def kills(current, stage: Stage, wanted: str, timeout_ms: str, settle_ms: str = "300") -> Steps:
    """Wait until so many different tasks were killed since the beginning; then growing stops."""
    kernel = current.kernel
    until = kernel.jiffies + ticks(int(timeout_ms))
    while len(killed(kernel)) + stage.gone < int(wanted) and kernel.jiffies < until:
        yield from schedule_timeout(current, TASK_UNINTERRUPTIBLE, 1)
    stage.stop = True
    yield from watch(current, stage, settle_ms)


def killed(kernel) -> list:
    """The tasks killed, each once: a group kill names its first victim twice."""
    return list(dict.fromkeys(e["task"] for e in kernel.events if e["event"] == "kill"))


def resume(current, stage: Stage) -> Steps:
    yield "resume", "growing"
    stage.stop = False


def until(current, stage: Stage, name: str, wanted: str) -> Steps:
    """Wait until a task has come that far."""
    while stage.grown[name] < int(wanted) and stage.running[name] in current.kernel.tasks:
        yield from schedule_timeout(current, TASK_UNINTERRUPTIBLE, 1)


def cgset(current, stage: Stage, group: str, file: str, *value: str) -> Steps:
    """Write a file of a cgroup; memory.max below what is used kills, as in memory_max_write()."""
    yield "write", f"{group}/{file}"
    if file == "cpu.max":
        quota, period = (value + ("100000",))[:2]
        starved = quota != "max" and int(quota) * STARVED < int(period)
        (stage.throttled.add if starved else stage.throttled.discard)(group)
    elif file == "memory.oom.group":
        stage.memcgs[group].oom_group = bool(int(value[0]))
    elif file == "memory.max":
        memcg = stage.memcgs[group]
        memcg.limit = limit_of(value[0])
        while memcg.usage > memcg.limit:
            progress = yield from mem_cgroup_out_of_memory(current, memcg)
            if not progress:
                return
            yield from schedule_timeout(current, TASK_UNINTERRUPTIBLE, 1)


def sig(current, stage: Stage, name: str, number: str) -> Steps:
    """Send a signal; one that only stops a process does not hold up a SIGKILL later."""
    yield "send", f"signal {number}"
    if int(number) == SIGKILL:
        do_send_sigkill(stage.running[name])


def setadj(current, stage: Stage, name: str, adj: str) -> Steps:
    yield "write", "oom_score_adj"
    if stage.running.get(name) in current.kernel.tasks:
        write_oom_score_adj(stage.running[name], int(adj))


def mrelease(current, stage: Stage, name: str, kill: str = "0") -> Steps:
    """process_mrelease(2), with a SIGKILL before it if asked for."""
    if int(kill):
        do_send_sigkill(stage.running[name])
    yield from process_mrelease(current, stage.running[name])


def sysrqf(current, stage: Stage) -> Steps:
    """echo f > /proc/sysrq-trigger: a worker calls the OOM killer."""
    yield from sysrq_f(current)


def nothing(current, stage: Stage, *_: str) -> Steps:
    """A step that only looks."""
    yield "look", "at /proc"


VERBS = {
    "go": go,
    "watch": watch,
    "kills": kills,
    "resume": resume,
    "until": until,
    "cgset": cgset,
    "sig": sig,
    "setadj": setadj,
    "mrelease": mrelease,
    "sysrqf": sysrqf,
    "snapshot": nothing,
    "cputime": nothing,
}
