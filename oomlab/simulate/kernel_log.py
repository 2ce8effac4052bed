"""The kernel log of a run, in the words of the kernel that the policy models.

    kernel_log(run)[0]  # (18, '[    0.020000] asker invoked oom-killer: gfp_mask=0x24000c0, ...')

The formats are printk's (K 2.6.38 to 6.18); `policy.kernel` says which. What a format must have and
the model has not: the processor is 0, there is one node and one cpuset, and failcnt counts the
failures that led to a report. Left out are fields that stand for nothing in the model, stack traces
but for their first line, what the SysRq key, a suspend ("OOM killer disabled.", K 4.14) and a write
to oom_score_adj ("because it shares mm with", K 4.10) print, warnings of requests that failed or
took long (warn_alloc) and of promises refused (__vm_enough_memory, K 6.12), and a memcg's counter
of swap. Simplified: lines are never rate limited, SysRq-f is asked for by the task that pressed it
(in Linux by a kworker), a memcg's report always shows GFP_KERNEL (for a page of tmpfs 4.4 to 5.4
show its own mask), one of a page table GFP_KERNEL without its __GFP_ZERO, one of a file's page no
__GFP_COLD (to 4.14), and the designs of 2015, which did their work in silence, speak with the
reaper lines of v4.6.
"""

from collections import Counter
from collections.abc import Iterator

from ..arguments import checked
from ..model.oom import OomControl
from ..model.tasks import thread_group_leader
from ..policies.policy import HZ
from .printed_mask import gfp_mask
from .run import Run

Lines = Iterator[str]

OOM_DISABLE, OOM_ADJUST_MAX = -17, 15  # the scale of oom_adj, which oom_score_adj replaced
ENOMEM = 12


def log_text(run: Run) -> str:
    """The log as text, below a comment that says which run it is of."""
    return "\n".join([f"# {run.origin}", *(line for _, line in kernel_log(run))])


@checked
def kernel_log(run: Run) -> list[tuple[int, str]]:
    """(step, line) of all that the kernel printed in a traced run; steps from 1, 0 is the boot.

    Left out: stack traces, what SysRq, a suspend and a write to oom_score_adj print, and the
    warnings of warn_alloc().

    ValueError for a run without a trace. Source: dump_header, dump_tasks, oom_kill_process,
    oom_reap_task and mem_cgroup_print_oom_info of 2.6.38 to 6.12.
    """
    run.must_be_traced()
    version = version_of(run.policy.kernel)
    failcnt: Counter = Counter()
    owners: dict = {}  # mm -> the task that was marked; the first reapers know only the mm
    lines = []
    for event in run.kernel.events or ():
        if "step" not in event:
            continue  # what the judge saw when it ran a stuck machine on
        if event["event"] == "mark_victim":
            owners[event["mm"]] = event["task"]
        elif event["event"] == "oom_report":
            event = event | {"failcnt": failcnt}
        elif event["event"] in ("finish_task_reaping", "unable_to_reap"):
            event = event | {"task": owners.get(event["task"], event["task"])}
        printk = PRINTK.get(event["event"], silent)
        stamp = f"[{event['tick'] / HZ:12.6f}] "
        lines += [(event["step"] + 1, stamp + text) for text in printk(event, version)]
    return lines


def version_of(release: str) -> tuple[int, ...]:
    """`2.6.38` as (2, 6, 38, 0). A Policy has no other text there (valid_policy.py)."""
    return *map(int, release.split(".")), 0


def kb(pages: int) -> int:
    return 4 * pages


def message(oc: OomControl) -> str:
    """Why a process is killed, as its line begins."""
    of = "Memory cgroup out of memory" if oc.memcg else "Out of memory"
    return of + " (oom_kill_allocating_task)" * oc.allocating


def path(name: str | None) -> str:
    """A cgroup as the kernel names it: from the root."""
    return "/" + (name or "").lstrip("/")


def dump_header(event: dict, version: tuple[int, ...]) -> Lines:
    """The report: who asked, what memory looked like, the table, and who is chosen."""
    oc, chosen, comm = event["oc"], event["chosen"], event["task"].name
    nodemask = ""
    if (4, 9) <= version < (5, 0):
        nodemask = " nodemask=0," if version < (4, 11) else " nodemask=(null),"
        nodemask += " " if (4, 11) <= version < (4, 19) else ""  # two spaces, as it was printed
    adj = event["adj"]
    old_adj = f" oom_adj={oom_adj(adj)}," if version < (3, 0) else ""
    order = max(oc.order, 0) if version < (4, 4) else oc.order  # of SysRq-f 0, later -1
    yield (
        f"{comm} invoked oom-killer: gfp_mask={gfp_mask(oc.gfp_mask, version)},{nodemask} "
        f"order={order},{old_adj} oom_score_adj={adj}"
    )
    if version < (5, 0):
        yield f"{comm} cpuset=/ mems_allowed=0"
    yield dump_stack_print_info(event["task"], version)
    memcg = event["memcg"]
    if memcg is not None:
        yield from mem_cgroup_print_oom_info(memcg, event["failcnt"], version)
    if memcg is None or version < (3, 9):
        yield from show_mem(event["mem"], version)
    yield from dump_tasks(event["tasks"], version)
    if chosen is not None and version >= (5, 0):
        yield dump_oom_summary(memcg, chosen, version)
    if chosen is not None and version < (5, 1):
        who = f"{chosen.pid} ({chosen.name})"
        score = event["score"]
        if version < (4, 4) and score >> 31:  # "%d"
            score -= 1 << 32
        yield f"{message(oc)}: Kill process {who} score {score} or sacrifice child"


def dump_stack_print_info(task, version: tuple[int, ...]) -> str:
    """Who runs on which kernel: the head of the stack trace, and all of it that is printed here."""
    release = ".".join(map(str, version[:-1]))
    who = f"CPU: 0 PID: {task.pid} Comm: {task.name}"
    if version < (3, 10):
        who = f"Pid: {task.pid}, comm: {task.name}"
    elif version >= (6, 11):
        who = f"CPU: 0 UID: {task.uid} PID: {task.pid} Comm: {task.name}"
    return f"{who} Not tainted {release} #1"


def show_mem(mem: dict, version: tuple[int, ...]) -> Lines:
    """Mem-Info, as far as the model knows it."""
    yield "Mem-Info:"
    marks = " ".join(f"{mark}:{kb(mem[mark])}kB" for mark in ("free", "min", "low", "high"))
    managed = f" managed:{kb(mem['managed'])}kB" if version >= (3, 9) else ""
    tables = f" pagetables:{kb(mem['pagetables'])}kB" if version < (5, 11) else ""
    yield (
        f"Node 0 Normal {marks} present:{kb(mem['managed'])}kB{managed} "
        f"mlocked:{kb(mem['mlocked'])}kB{tables}"
    )
    yield f"{mem['pagecache']} total pagecache pages"
    yield f"Free swap  = {kb(mem['free_swap'])}kB"
    yield f"Total swap = {kb(mem['total_swap'])}kB"
    # A machine made from a report may count more as RAM than its zone has: none is reserved then.
    yield f"{mem['managed'] - min(mem['reserved'], 0)} pages RAM"
    yield f"{max(mem['reserved'], 0)} pages reserved"


def mem_cgroup_print_oom_info(memcg: dict, failcnt: Counter, version: tuple[int, ...]) -> Lines:
    """The limit that was hit."""
    name, task = path(memcg["name"]), memcg["task"]
    if version < (5, 0) and task is not None:
        yield f"Task in {path(task)} killed as a result of limit of {name}"
    elif (4, 1) <= version < (5, 0):
        yield f"Memory limit reached of cgroup {name}"
    failcnt[name] += 1
    usage, limit = kb(memcg["usage"]), kb(memcg["limit"])
    yield f"memory: usage {usage}kB, limit {limit}kB, failcnt {failcnt[name]}"


def dump_tasks(rows: list[dict], version: tuple[int, ...]) -> Lines:
    """The task table."""
    if version >= (4, 19):
        yield "Tasks state (memory values in pages):"
    kinds = "rss_anon rss_file rss_shmem " if version >= (6, 8) else ""
    if version >= (4, 19):
        columns = f"{kinds}pgtables_bytes swapents"
    elif version >= (4, 1):
        columns = "nr_ptes nr_pmds swapents"
    else:
        columns = "nr_ptes swapents" if version >= (3, 0) else "cpu oom_adj"
    pid = "[  pid  ]" if version >= (4, 19) else "[ pid ]"
    yield f"{pid}   uid  tgid total_vm      rss {columns} oom_score_adj name"
    for row in rows:
        yield task_row(row, version)


def task_row(row: dict, version: tuple[int, ...]) -> str:
    """One row of the table."""
    pid = f"{row['pid']:7}" if version >= (4, 19) else f"{row['pid']:5}"
    start = f"[{pid}] {row['uid']:5} {row['tgid']:5} {row['total_vm']:8} {row['rss']:8}"
    end = f"{row['swapents']:8}         {row['adj']:5} {row['name']}"
    ptes, pmds = row["nr_ptes"], row["nr_pmds"]
    if version >= (6, 8):
        kinds = f"{row['anon']:8} {row['file']:8} {row['shmem']:9}"
        return f"{start} {kinds} {4096 * (ptes + pmds):8} {end}"
    if version >= (4, 19):
        return f"{start} {4096 * (ptes + pmds):8} {end}"
    if version >= (4, 1):
        return f"{start} {ptes:7} {pmds:7} {end}"
    if version >= (3, 0):
        return f"{start} {ptes:7} {end}"
    return f"{start} {0:3}     {oom_adj(row['adj']):3}         {row['adj']:5} {row['name']}"


def oom_adj(adj: int) -> int:
    """oom_score_adj on the old scale of -17 to 15, rounded towards 0."""
    return OOM_DISABLE if adj == -1000 else int(adj * OOM_ADJUST_MAX / 1000)


def dump_oom_summary(memcg: dict | None, chosen, version: tuple[int, ...]) -> str:
    """The line that names the choice (5.0+); before 5.2 it forgot what constrained it."""
    limited = memcg is not None and version >= (5, 2)
    domain = f"oom_memcg={path(memcg['name'])}" if memcg else "global_oom"
    task_memcg = path(chosen.memcg.name if chosen.memcg else None)
    return (
        f"oom-kill:constraint=CONSTRAINT_{'MEMCG' if limited else 'NONE'},nodemask=(null),"
        f"cpuset=/,mems_allowed=0,{domain},task_memcg={task_memcg},"
        f"task={chosen.name},pid={chosen.pid},uid={chosen.uid}"
    )


def killed(event: dict, version: tuple[int, ...]) -> Lines:
    """Who got SIGKILL, and what it held: the row, in kB."""
    row, file = event["row"], event["row"]["file"]
    why = f"{message(event['oc'])}: " if version >= (5, 1) else ""
    sizes = f"total-vm:{kb(row['total_vm'])}kB, anon-rss:{kb(row['anon'])}kB"
    if version < (4, 5):
        sizes += f", file-rss:{kb(file + row['shmem'])}kB"
    else:
        sizes += f", file-rss:{kb(file)}kB, shmem-rss:{kb(row['shmem'])}kB"
    if version >= (5, 4):
        tables = kb(row["nr_ptes"] + row["nr_pmds"])
        if version < (5, 4, 2):  # a slip: bytes (K 5.4.0, 5.4.1; in 5.4.59 it is mended)
            tables *= 1024
        sizes += f", UID:{row['uid']} pgtables:{tables}kB oom_score_adj:{row['adj']}"
    yield f"{why}Killed process {row['pid']} ({row['name']}) {sizes}"


def already_exiting(event: dict, version: tuple[int, ...]) -> Lines:
    """A member of an oom.group that has no memory any more. K 5.4: silent; K 5.10 on."""
    if version >= (5, 10):
        who = f"{event['task'].pid} ({event['task'].name})"
        yield f"{message(event['oc'])}: OOM victim {who} is already exiting. Skip killing the task"


def mm_pinned(event: dict, version: tuple[int, ...]) -> Lines:
    """Told once for a process, though the model meets each of its threads."""
    task, by = event["task"], event["by"]
    if thread_group_leader(by):
        yield f"oom killer {task.pid} ({task.name}) has mm pinned by {by.pid} ({by.name})"


def oom_group(event: dict, version: tuple[int, ...]) -> Lines:
    group = path(event["memcg"].name)
    yield f"Tasks in {group} are going to be killed due to memory.oom.group set"


def reaped(event: dict, version: tuple[int, ...]) -> Lines:
    """What the victim still has after the reaper's visit; the event counts in kB already."""
    task = event["task"]
    left = ", ".join(f"{kind}-rss:{event[kind]}kB" for kind in ("anon", "file", "shmem"))
    yield f"oom_reaper: reaped process {task.pid} ({task.name}), now {left}"


def unable_to_reap(event: dict, version: tuple[int, ...]) -> Lines:
    yield f"oom_reaper: unable to reap pid:{event['task'].pid} ({event['task'].name})"


def sharing_same_memory(event: dict, version: tuple[int, ...]) -> Lines:
    """A process that dies with the victim, to 3.10."""
    yield f"Kill process {event['task'].pid} ({event['task'].name}) sharing same memory"


def fault_got_nothing(event: dict, version: tuple[int, ...]) -> Lines:
    """pagefault_out_of_memory() of 5.16, which kills no task any more."""
    yield "Huh VM_FAULT_OOM leaked out to the #PF handler. Retrying PF"


def reaper_failed(event: dict, version: tuple[int, ...]) -> Lines:
    """From 4.19 on nothing is asked and nothing said."""
    if version < (4, 19):
        yield f"Unable to start OOM reaper {-ENOMEM}. Continuing regardless"


def memalloc_info(event: dict, version: tuple[int, ...]) -> Lines:
    """kmallocwd v1 (M09). Simplified: it counts who is in the slow path now, not who stays."""
    stalling, dying, victims = event["stalling"], event["dying"], event["victims"]
    yield f"MemAlloc-Info: {stalling} stalling task, {dying} dying task, {victims} victim task."


def silent(event: dict, version: tuple[int, ...]) -> Lines:
    """A tracepoint, which the log does not show."""
    yield from ()


def no_killable_processes(event: dict, version: tuple[int, ...]) -> Lines:
    """From 4.19 on a warning; before, it was the panic itself."""
    if version >= (4, 19):
        yield "Out of memory and no killable processes..."


def panic(event: dict, version: tuple[int, ...]) -> Lines:
    yield f"Kernel panic - not syncing: {event['text']}"


PRINTK = {
    "oom_report": dump_header,
    "kill": killed,
    "already_exiting": already_exiting,
    "mm_pinned": mm_pinned,
    "oom_group": oom_group,
    "finish_task_reaping": reaped,
    "unable_to_reap": unable_to_reap,
    "kill_sharer": sharing_same_memory,
    "fault_got_nothing": fault_got_nothing,
    "reaper_failed": reaper_failed,
    "memalloc_info": memalloc_info,
    "no_killable_processes": no_killable_processes,
    "panic": panic,
}
