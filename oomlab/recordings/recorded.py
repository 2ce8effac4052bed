"""A recorded run of a real kernel, as a machine of the model.

Built from what was known before the pressure began (`config` and `before`) and from nothing else:
what the kernel then did is for fidelity.py to compare. The format is `oomlab-kernel-run/1`.
"""

import gzip
import json
import zlib
from dataclasses import replace
from pathlib import Path

from ..model.kernel import Kernel
from ..model.locks import TASK_UNINTERRUPTIBLE
from ..model.memory import Zone
from ..model.mm import ANON, FILE, SHMEM, VMA, Shmem
from ..policies.policy import Policy
from ..scenarios.programs import pause, sleep
from ..simulate.reported import get_mm_counter
from ..textfile import reason
from .guest_programs import Stage, program_of, starve, ticks
from .kernel_release import version, with_backports

TIMER_BUCKET = 3  # ticks: the guests have HZ 250, where a long timer waits for a bucket of 32 ms

NR_PMDS = 3  # page-middle directories of a small process: not in /proc before 6.x, all alike
PERCPU_BATCH = 32  # pages a processor keeps to itself (percpu_counter_batch, to 16 processors)

# What fork gave a child of the recorder at once, in pages: all of init's anonymous memory but the
# end of it (its stack), and of its program file what counts as 17 in steps of 32. Read off the
# task tables of 6.12; another recorder's init has other remainders, and oom_score bounds the error.
STACK, PROGRAM = 8, 17


def read_record(path: Path) -> dict:
    """One recording. ValueError if the file is not one."""
    try:
        record = json.loads(gzip.decompress(path.read_bytes()))
        if not isinstance(record, dict) or record.get("schema") != "oomlab-kernel-run/1":
            raise ValueError("it has no such schema")
    except (OSError, EOFError, zlib.error, ValueError, RecursionError) as wrong:
        raise ValueError(
            f"{path} is not a recorded run (oomlab-kernel-run/1): {why(wrong)}"
        ) from wrong
    if record.get("before", 0) is None:
        raise ValueError(f"{path}: this run ended before its scene was set")
    parts = {"kernel": dict, "config": dict, "before": dict, "outcome": dict, "parsed": list}
    for part, kind in parts.items():
        if not isinstance(record.get(part), kind):
            raise ValueError(f"{path}: this run has no {part}")
    for part, kind in {"trace": dict, "report": str}.items():
        if not isinstance(record.get(part), kind | None):
            raise ValueError(f"{path}: the {part} of this run is damaged")
    if not isinstance(record["kernel"].get("tag"), str):
        raise ValueError(f"{path}: this run does not name its kernel")
    return record


def why(wrong: Exception) -> str:
    """What is wrong with a file that should be gzipped JSON."""
    if isinstance(wrong, gzip.BadGzipFile | EOFError | zlib.error):
        return "it is not gzipped, or damaged"
    if isinstance(wrong, json.JSONDecodeError | RecursionError):
        return "it is no JSON"
    return reason(wrong)


def policy_of(record: dict, preset: Policy | None = None) -> Policy:
    """The preset of the recorded kernel, or another, with the sysctls that were set."""
    sysctl = record["config"].get("sysctl", {})
    return replace(
        preset or with_backports(record["kernel"]),
        panic_on_oom=int(sysctl.get("vm.panic_on_oom", 0)),
        oom_kill_allocating_task=bool(int(sysctl.get("vm.oom_kill_allocating_task", 0))),
    )


def machine_of(record: dict, preset: Policy | None = None) -> tuple[Kernel, Stage]:
    """The machine as it stood when all tasks were ready, and the stage its tasks stand on.

    With `preset` the same machine under the rules of another kernel.
    """
    before, config = record["before"], record["config"]
    pages = before["meminfo"]["MemTotal"] // 4
    kernel = Kernel(policy_of(record, preset), 4 * pages, cpus=max(config.get("smp", 1), 1))
    kernel.wheel = TIMER_BUCKET
    stage = stage_of(record)
    stage.memcgs = memcgs = cgroups_of(kernel, record)
    configured = stage.tasks
    ids = {task["pid"]: task["id"] for task in before["tasks"]}
    failed = {task["id"] for task in before["tasks"] if task.get("err")}
    held = {
        task["target"]: task["hold_ms"]
        for task in config["tasks"]
        if task.get("trace") == "exit" and task["id"] not in failed  # PTRACE_SEIZE is of 3.4
    }
    made, shared, count = stage.running, shared_objects(kernel, config), counters(record)
    for proc in sorted(before["procs"], key=lambda proc: proc["pid"]):
        if proc["pid"] == 1:
            kernel.mms.remove(kernel.init.mm)
            kernel.new_mm("init", vmas_of(proc, {}, shared, count), None).attach(kernel.init)
        task = configured.get(ids.get(proc["pid"], ""))
        if task is None:
            continue
        name = task["id"]
        if not proc["statm"][1]:
            if task.get("behaviour") != "leaderexit":
                continue  # it is dead
            proc = seen_through_its_threads(proc, task, before)
        parent = made.get(task.get("parent", ""), kernel.init)  # it may be dead already
        borrowed = parent.mm if task.get("mm") in ("vm", "vfork") else None
        kernel.next_pid = proc["pid"]
        group = (proc.get("cgroup") or "").removeprefix("0::/")
        made[name] = kernel.spawn(
            name,
            program_of(task, stage),
            vmas=() if borrowed else vmas_of(proc, task, shared, count),
            mm=borrowed,
            parent=parent,
            adj=proc["oom_score_adj"],
            uid=proc["status"].get("Uid", 0),
            memcg=memcgs.get(group),
            at_exit=last_words(stage, name, held.get(name)),
        )
        for _ in range(task.get("threads", 0)):
            kernel.spawn(name, ((pause,),), thread_of=made[name], memcg=memcgs.get(group))
        if not borrowed:
            set_page_tables(kernel, made[name].mm, proc["status"])
        if task.get("mm") == "vfork":
            made[name].vfork_done = kernel.kswapd_wait  # the parent waits for it, and for ever
    stage.gone = sum(task["id"] not in made for task in before["tasks"])
    set_memory(kernel, pages, before)
    set_usage(stage, before.get("cgroups") or {})
    return kernel, stage


def shared_objects(kernel: Kernel, config: dict) -> dict[int, Shmem]:
    """Objects that init maps too, by number: they are there from the start, and outlive others."""
    shared = {
        object["n"]: Shmem(f"object {object['n']}", object["kb"] // 4, linked=True)
        for object in config.get("shared_objects", ())
    }
    kernel.shmems += shared.values()
    kernel.zone.free -= sum(object.pages for object in shared.values())
    return shared


def kernel_of(record: dict) -> Kernel:
    """The machine as it stood when all tasks were ready."""
    return machine_of(record)[0]


def stage_of(record: dict) -> Stage:
    """What the tasks of the scene have in common, before any of them begins."""
    config, meminfo = record["config"], record["before"]["meminfo"]
    fair = version(record["kernel"]["tag"]) >= (6, 12)
    for path, value in config.get("write", {}).items():
        if "fair_server" in path and value == "0":
            fair = False
    return Stage(
        config,
        meminfo["CommitLimit"] if never_overcommits(config) else None,
        meminfo.get("Committed_AS", 0),
        fair,
    )


def never_overcommits(config: dict) -> bool:
    return int(config.get("sysctl", {}).get("vm.overcommit_memory", 1)) == 2


def last_words(stage: Stage, name: str, hold_ms: int | None) -> tuple:
    """What keeps a task from giving its memory back: no processor, or a tracer."""
    task = stage.tasks[name]
    waits = ((starve, stage, name),) if "cpu" in task or "cgroup" in task else ()
    return waits + (((sleep, ticks(hold_ms), TASK_UNINTERRUPTIBLE),) if hold_ms else ())


def seen_through_its_threads(proc: dict, task: dict, before: dict) -> dict:
    """A process whose leader has exited shows no memory in /proc, but its threads have it still.

    Made from what the scene says and from another process as small; oom_score corrects it.
    """
    small = min((p for p in before["procs"] if p["statm"][1]), key=lambda p: p["statm"][1])
    anon = task.get("anon_kb", 0) + task.get("threads", 0) * task.get("kb_per_thread", 0)
    status = small["status"] | {"Uid": proc["status"].get("Uid", 0)}
    status["VmRSS"] += anon
    if "RssAnon" in status:
        status["RssAnon"] += anon
    return proc | {"status": status, "statm": small["statm"]}


def set_usage(stage: Stage, cgroups: dict) -> None:
    """Charge each cgroup with what it was charged with, and no more.

    What a task had before it was moved in stays with its old cgroup, and so does memory of others
    that it maps: it must not be uncharged here when the task goes.
    """
    for name, memcg in stage.memcgs.items():
        if "memory.current" not in cgroups.get(name, {}):
            continue
        children = [other for other in stage.memcgs if other.rpartition("/")[0] == name]
        returned = goes_with_tasks(cgroups[name])
        returned -= sum(goes_with_tasks(cgroups.get(child, {})) for child in children)
        mms = {task.mm: task for task in memcg.tasks if task.mm.memcg is memcg}
        shown = sum(get_mm_counter(mm, ANON) + get_mm_counter(mm, FILE) for mm in mms)
        for task in mms.values():
            task.at_exit += ((keep_charged, max(0, shown - returned) // len(mms)),)
        memcg.usage = int(cgroups[name]["memory.current"]) // 4096


def goes_with_tasks(cgroup: dict) -> int:
    """Pages that are uncharged when the tasks of a cgroup exit: without its shared memory."""
    stat = cgroup.get("memory.stat", {})
    if "anon" in stat:
        return (stat["anon"] + stat.get("kernel", 0)) // 4096
    return int(cgroup.get("memory.current", 0)) // 4096


def keep_charged(current, pages: int):
    """Memory that is uncharged with the others of this mm, and was never charged here."""
    yield "leave", "what another cgroup was charged with"
    current.memcg.charge(pages)


def cgroups_of(kernel: Kernel, record: dict) -> dict:
    """The cgroups by name, nested as their names are."""
    memcgs: dict = {}
    for group in record["config"].get("cgroups", ()):
        limit = group.get("memory.max", "max")
        memcgs[group["name"]] = kernel.new_memcg(
            "/" + group["name"],
            limit_of(limit),
            memcgs.get(group["name"].rpartition("/")[0]),
            bool(int(group.get("memory.oom.group", 0))),
        )
    return memcgs


def limit_of(text: str | int) -> int:
    """A limit in pages from what memory.max says, in bytes or as "max"."""
    return 1 << 40 if text == "max" else int(text) // 4096


def vmas_of(proc: dict, task: dict, shared: dict, count) -> list[VMA]:
    """Resident memory by kind, as the killer counts it.

    The program is mapped privately, file_kb shared (MAP_SHARED), and so is shm_kb where it counts
    as a file: before 4.5, and without CONFIG_SHMEM. mlock locks everything, or what was asked for.
    """
    anon, file, shmem = count(proc)
    mapped = task.get("file_kb", 0) // 4
    if 4 * shmem < task.get("shm_kb", 0) // 2:
        mapped += task["shm_kb"] // 4
    mapped = min(mapped, file)
    everything = proc["status"].get("VmLck", 0) >= proc["status"]["VmRSS"]
    asked = min(task.get("anon_kb", 0) // 4, anon) if task.get("mlock") else 0
    locked = anon if everything else asked
    kind = SHMEM if task.get("grow_kind") in ("shm", "tmpfs") else ANON
    vmas = [
        VMA("locked", ANON, locked, locked=True),
        VMA("anon", ANON, anon - locked),
        VMA("program", FILE, file - mapped, locked=everything),
        VMA("file", FILE, mapped, shared=True),
        VMA("grown", kind, shmem=Shmem("grown") if kind == SHMEM else None),
    ]
    if shmem and task.get("shared_object") in shared:
        segment = shared[task["shared_object"]]
        object_pages = min(shmem, segment.pages)
        vmas.append(VMA("object", SHMEM, object_pages, shmem=segment))
        shmem -= object_pages
    if shmem:
        vmas.append(VMA("shm", SHMEM, shmem, shmem=Shmem("shm")))
    return vmas


def counters(record: dict):
    """How to read anonymous, file and shared pages off a process, as the OOM killer sees them.

    To 6.1 /proc shows the killer's own counters. From 6.2 on (f1a7941243c1) it adds up what the
    processors still keep to themselves, while get_mm_counter() goes without: up to 31 pages of
    each kind are missing. Before 4.5 shared memory is counted with files.
    """

    def shown(proc: dict) -> tuple[int, int, int]:
        status = proc["status"]
        file = status["RssFile"] // 4 if "RssFile" in status else proc["statm"][2]
        shmem = status.get("RssShmem", 0) // 4
        return status["VmRSS"] // 4 - file - shmem, file, shmem

    def counted(proc: dict) -> tuple[int, int, int]:
        anon, file, shmem = shown(proc)
        file -= (file - PROGRAM) % PERCPU_BATCH
        shmem -= shmem % PERCPU_BATCH
        anon -= (anon - inherited) % PERCPU_BATCH
        return anon + score_error(proc, anon + file + shmem, pages), file, shmem

    before = record["before"]
    pages = before["meminfo"]["MemTotal"] // 4
    inherited = next((shown(p)[0] for p in before["procs"] if p["pid"] == 1), 0) - STACK
    return counted if version(record["kernel"]["tag"]) >= (6, 2) else shown


def score_error(proc: dict, rss: int, pages: int) -> int:
    """Pages that `rss` lacks (or, negative, has too many) to give the oom_score that was read.

    proc_oom_score() (5.9) prints (1000 + points * 1000 / pages) * 2 / 3, from the killer's own
    counters: it tells them to some 1.5 thousandths of the machine.
    """
    if proc["oom_score"] <= 1000 * 2 // 3:  # negative points, which are rounded the other way
        return 0
    others = proc["status"]["VmPTE"] // 4 + proc["oom_score_adj"] * (pages // 1000)
    least = -(-3 * proc["oom_score"] // 2) - 1000  # thousandths, of this score and of the next
    above = -(-3 * (proc["oom_score"] + 1) // 2) - 1000
    lowest, highest = -(-least * pages // 1000), -(-above * pages // 1000) - 1
    return min(max(rss + others, lowest), highest) - rss - others


def set_page_tables(kernel: Kernel, mm, status: dict) -> None:
    """VmPTE holds all page tables from 4.15 on, and those of the lowest level before."""
    kernel.zone.free += mm.nr_ptes + mm.nr_pmds
    mm.nr_ptes = status["VmPTE"] // 4
    mm.nr_pmds = 0 if kernel.policy.signed_points else NR_PMDS
    kernel.zone.free -= mm.nr_ptes + mm.nr_pmds


def set_memory(kernel: Kernel, pages: int, before: dict) -> None:
    """As much free memory and the same marks as the real machine; the rest is the kernel's own."""
    zone, zones = kernel.zone, before["zones"]
    free = before["meminfo"]["MemFree"] // 4
    zone.reserved += zone.free - free
    zone.free = free
    kernel.unmanaged = zone.managed - pages
    if zones:
        zone.min = sum(z["min"] for z in zones)
        zone.low = sum(z["low"] for z in zones)
        zone.high = sum(z["high"] for z in zones)
    else:
        real = Zone(pages, kernel.policy.watermarks)
        zone.min, zone.low, zone.high = real.min, real.low, real.high
