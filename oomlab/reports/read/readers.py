"""What each kind of kernel line says, and about which part of the report of its machine.

`read` looks at the first word of a message; what does not begin with a known word, or has a prefix
that is not known, is looked at once more by what it contains.
"""

from . import messages
from .host import CHOICE, HEADER, MEMORY, MOST_LISTED, TABLE, Host
from .mem_info import (
    limit_or_stats,
    read_counter,
    read_counts,
    read_mem_info,
    read_pages,
    read_reserve,
    read_slab,
    read_stats,
    read_swap,
    read_task_in,
    read_zone,
)
from .report import Kill
from .text import Line
from .wrapped import ROW

ZONES = ("DMA", "DMA32", "Normal", "HighMem", "Movable")
COUNTS = (
    "Active:",
    "Active_anon:",  # 2.6.28 to 2.6.30
    "inactive_file:",
    "active_anon:",
    "active_file:",
    "unevictable:",
    "slab_reclaimable:",
    "mapped:",
    "sec_pagetables:",
    "kernel_misc_reclaimable:",
    "free:",
)
CHOOSING = ("oom", "illed", "Kill", "ut of memory")
TELLING = ("moom_callback", "mem_cgroup_out_of_memory", "pagefault_out_of_memory")


def read(host: Host, line: Line, text: str) -> None:
    """One whole message of this machine."""
    if text[0] == "[" and ROW.match(text):
        host.row(line, text)
        return
    word = text.split(None, 1)[0]
    reader = None if "invoked oom-killer" in text else READERS.get(word)
    if reader is None:
        reader = next((found for is_its, found in BY_CONTENT if is_its(host, text, word)), None)
    if reader:
        reader(host, line, text)


# who asked


def read_header(host: Host, line: Line, text: str) -> None:
    invoker = messages.header(text)
    old = host.report
    if invoker is None:
        return
    if old and old.invoker == invoker and host.near(line):
        if host.part == HEADER or line.stamp == old.uptime_s:
            return  # the same line twice
    adopt = old and old.invoker is None and host.part < CHOICE and host.near(line)
    host.open(line, HEADER, anew=not adopt).invoker = invoker


def read_failure(host: Host, line: Line, text: str) -> None:
    """A request failed and no OOM killer came: what it lists is its own, never the next OOM's."""
    invoker = messages.failure(text)
    if invoker:
        report = host.open(line, HEADER, anew=True)
        report.invoker, report.failure = invoker, True
        report.stall = "page allocation stalls" in text


def read_cpuset(host: Host, line: Line, text: str) -> None:
    found = messages.CPUSET.match(text)
    if found and host.report and host.report.invoker:
        host.report.invoker.cpuset, host.report.invoker.mems_allowed = found[2], found[3]


def read_cpu(host: Host, line: Line, text: str) -> None:
    """`CPU: 1 PID: 3206 Comm: leaker Not tainted 5.3.0 #1`: the invoker, and the kernel."""
    report = host.report
    if report is None or (host.part == CHOICE and not report.panic):
        return
    report.kernel = report.kernel or messages.kernel_version(text)
    task = messages.TASK_OF_CPU.search(text)
    if task and report.invoker and report.invoker.pid is None:
        report.invoker.pid = int(task[1])
        comm = report.invoker.comm
        if comm in ("", "a task") or comm.endswith(task[2]) or task[2].endswith(comm):
            report.invoker.comm = task[2]  # what stood before it was an unknown prefix


def read_trace(host: Host, line: Line, text: str) -> None:
    """A line of the stack dump; a `?` before a function says that it need not be part of it."""
    report = host.report
    if report is None or host.part >= CHOICE:
        return
    report.via.update(name for name in TELLING if name in text)
    if report.invoker and host.part == HEADER and len(report.trace) < 64:  # later ones are others'
        found = messages.FUNCTION.search(text)
        if found:
            report.trace.append(found[1])


def read_hardware(host: Host, line: Line, text: str) -> None:
    if host.report and not host.report.hardware:
        host.report.hardware = text.partition(":")[2].strip()[:120] or None


def read_boot(host: Host, line: Line, text: str) -> None:
    host.booted(messages.kernel_version(text))


# the task table


def read_captions(host: Host, line: Line, text: str) -> None:
    captions = messages.captions(text)
    if len(captions) > 3 and captions[-1] == "name":
        host.captions(line, captions)


# the choice, and what came of it


def read_memory(host: Host, line: Line, text: str) -> None:
    """What is told of a cgroup at its limit, or `Memory cgroup out of memory: Killed process`."""
    if not limit_or_stats(host, line, text):
        read_choice(host, line, text)


def read_choice(host: Host, line: Line, text: str) -> None:
    """A line that talks about killing or OOM."""
    if "oom-kill:" in text:
        summary = messages.summary(text)
        if summary:
            again = host.report and host.report.summary and host.report.summary != summary
            host.open(line, CHOICE, anew=bool(again)).summary = summary
        return
    reap = messages.reap(text)
    if reap:
        reap.stamp = line.stamp
        host.reaped(reap)
        return
    if messages.SYSRQ.search(text):
        host.sysrq(line)
        return
    scored = messages.scored(text)
    if scored:
        report = host.report
        other = bool(report and report.kills and report.scored != scored)
        host.open(line, CHOICE, anew=other).scored = scored
        return
    kill = messages.killed(text)
    if kill:
        read_kill(host, line, kill)
        return
    exiting = messages.EXITING.search(text)
    if exiting and len((told := host.open(line, CHOICE)).exiting) < MOST_LISTED:
        told.exiting.append((int(exiting[1]), exiting[2]))
    elif "Kernel panic" in text:
        read_panic(host, line, text)
    elif "no killable processes" in text:
        host.open(line, CHOICE).no_killable = True
    elif host.report and messages.PINNED.search(text) and len(host.report.pinned) < MOST_LISTED:
        host.report.pinned.append(text)
    elif host.report and host.part < CHOICE:
        host.report.via.update(name for name in TELLING if name in text)


def read_kill(host: Host, line: Line, kill: Kill) -> None:
    """Dumps are rate limited, kill lines are not: a second victim is another OOM's."""
    old = host.report
    if old and any(kill.pid == other.pid for other in old.kills):
        return
    alone = old and old.kills and not (old.group or host.in_a_group(line, kill))
    report = host.open(line, CHOICE, anew=bool(alone))
    if len(report.kills) < MOST_LISTED:
        kill.stamp = line.stamp
        report.kills.append(kill)


def read_panic(host: Host, line: Line, text: str) -> None:
    if "ut of memory" in text or (host.report and "System is deadlocked" in text):
        report = host.open(line, CHOICE)
        report.panic = text.partition(": ")[2]
        report.no_killable = report.no_killable or "no killable" in text


def read_torn(host: Host, line: Line, text: str) -> None:
    """A row of the table behind the end of another message."""
    torn = text.index("] [") + 2
    if ROW.match(text, torn):
        host.row(line, text[torn:])


# By the first word; what has none of these, or an unknown prefix, by what it contains.
READERS = {
    **dict.fromkeys(("CPU:", "Pid:", "PID:"), read_cpu),
    **dict.fromkeys(("Node", *ZONES, *(f"{zone}:" for zone in ZONES)), read_zone),
    **dict.fromkeys(("memory:", "memory+swap:", "swap:", "kmem:"), read_counter),
    **dict.fromkeys(("Free", "Total"), read_swap),
    **dict.fromkeys(("Task", "Tasks"), read_task_in),
    **dict.fromkeys(("Out", "Killed", "sysrq:", "SysRq", "SysRq:"), read_choice),
    "Linux": read_boot,
    "Hardware": read_hardware,
    **dict.fromkeys(("Mem-Info:", "Mem-info:"), read_mem_info),
    "lowmem_reserve[]:": read_reserve,
    "Memory": read_memory,
    "Kernel": read_panic,
}

BY_CONTENT = (
    (lambda _, text, __: "invoked oom-killer" in text, read_header),
    (lambda _, text, __: text.startswith("oom-killer: gfp_mask="), read_header),  # to 2.6.18
    (lambda _, text, __: "page allocation " in text or "vmemmap alloc " in text, read_failure),
    (lambda _, text, __: "+0x" in text, read_trace),
    (lambda _, __, word: word.isdecimal(), read_pages),
    (lambda host, text, _: host.stats is not None and messages.STAT.match(text), read_stats),
    (lambda _, text, __: text[0] == "[" and "pid" in text[:12], read_captions),
    (lambda _, text, __: "mems_allowed=" in text and "oom-kill:" not in text, read_cpuset),
    (lambda _, __, word: word.startswith(COUNTS), read_counts),
    (lambda host, text, _: host.part == MEMORY and text.endswith("KB"), read_slab),
    (lambda host, text, _: host.part == TABLE and "] [" in text, read_torn),
    (lambda _, text, __: any(word in text for word in CHOOSING), read_choice),
)
