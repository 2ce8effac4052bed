"""Record what a real kernel does when memory runs out: python record.py KERNEL SCENARIO...

Boots the kernel image in qemu (software emulation: no rights needed, and every machine the same)
with an initramfs that holds nothing but init.c and the scenario, and writes one
`SCENARIO.VARIANT.kTAG.rN.json.gz` of the schema `oomlab-kernel-run/1`, which `oomlab fidelity`
reads. A scenario is a JSON file `SCENARIO.VARIANT.json` in the format of a recording's `config`;
README.md says which keys are known here. An unknown one is refused (ValueError): a scene that was
only half set must not be recorded.
"""

import argparse
import gzip
import json
import re
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from guest_output import (
    CGROUP_ROOT,
    clock_of,
    outcome_of,
    parse_reports,
    read_guest,
    report_in,
    snapshot_of,
    trace_of,
)

HERE = Path(__file__).parent

CONFIG_KEYS = {"mem_mb", "smp", "cmdline", "sysctl", "cgroups", "tasks", "steps", "why"}
GROUP_KEYS = {"name", "memory.max", "memory.oom.group", "cpu.max"}
TASK_WORDS = {  # key of a scenario -> word of init.c
    "parent": "parent",
    "cgroup": "cgroup",
    "anon_kb": "anon",
    "shm_kb": "shm",
    "file_kb": "file",
    "zero_kb": "zero",
    "mlock": "mlock",
    "threads": "threads",
    "oom_score_adj": "adj",
    "behaviour": "behaviour",
    "grow_kind": "grow",
    "step_kb": "step",
    "delay_us": "delay",
    "max_kb": "max",
    "trace": "trace",
    "target": "target",
    "hold_ms": "hold",
    "go_group": "group",
}
TASK_KEYS = {"id", *TASK_WORDS}
BEHAVIOURS = {
    "pause": {},
    "grow": {"grow_kind": "anon", "step_kb": 256, "delay_us": 400},
    "forkbomb": {"step_kb": 64, "delay_us": 2000},
    "trace": {"trace": "exit"},
    "leaderexit": {},
    "protect": {},
}
TRACEPOINTS = [
    "mark_victim",
    "wake_reaper",
    "start_task_reaping",
    "skip_task_reaping",
    "finish_task_reaping",
]
TRACING = "/sys/kernel/tracing"
CMDLINE = (
    "console=ttyS0 quiet panic=-1 rootfstype=ramfs log_buf_len=512K printk.devkmsg=on "
    "printk.time=1 no_timer_check"  # on a busy host the emulated timer is late: no cause to panic
)
SETTLE_MS = 300
FILES = (
    "/proc/version",
    "/proc/meminfo",
    "/proc/zoneinfo",
    "/proc/buddyinfo",
    "/proc/vmstat",
    "/proc/pressure/memory",
)
GROUP_FILES = ("memory.max", "memory.current", "memory.events", "memory.stat")


def only(known: set, given: dict, what: str) -> None:
    """ValueError if a key is given that this recorder does not know."""
    if unknown := sorted(set(given) - known):
        raise ValueError(
            f"{what} has {', '.join(unknown)}, which this recorder does not know; "
            f"it knows {', '.join(sorted(known))}."
        )


def script_of(config: dict) -> str:
    """The scenario as commands for init.c. ValueError, with a sentence, if it asks for too much."""
    only(CONFIG_KEYS, config, "The scenario")
    steps = " ".join(config.get("steps", []))
    if not config.get("tasks") or not ("kills" in steps or "sysrqf" in steps):
        raise ValueError("A scenario needs tasks and steps, and among those a kills or sysrqf.")
    lines = [
        f"write /proc/sys/{name.replace('.', '/')} {value}"
        for name, value in config.get("sysctl", {}).items()
    ]
    lines.append("loglevel 8")  # a kernel that panics can report through its console alone
    groups = config.get("cgroups", [])
    controllers = "+memory +cpu" if any("cpu.max" in group for group in groups) else "+memory"
    for group in groups:
        only(GROUP_KEYS, group, f"Cgroup {group.get('name')}")
        path = f"{CGROUP_ROOT}/{group['name']}"
        lines += [
            f"write {path.rpartition('/')[0]}/cgroup.subtree_control {controllers}",
            f"mkdir {path}",
        ]
        lines += [f"write {path}/{file} {value}" for file, value in group.items() if file != "name"]
    ids: list[str] = []
    for task in config["tasks"]:
        lines.append(task_line(task, ids, {group["name"] for group in groups}))
        ids.append(task["id"])
    lines += [*tracing(), "start", "watch 100", *snapshot("before", groups)]
    for step in config["steps"]:
        lines.append(step_line(step, ids))
    return (
        "\n".join([*lines, "stop", *snapshot("after", groups), f"cat after {TRACING}/trace"]) + "\n"
    )


def tracing() -> list[str]:
    """Tracepoints by the clock of the steps, and a line of the log that ties both clocks."""
    events = [f"write {TRACING}/events/oom/{name}/enable 1" for name in TRACEPOINTS]
    return [f"write {TRACING}/trace_clock mono", *events, "clock"]


def step_line(step: str, ids: list[str]) -> str:
    """One step as init.c takes it. ValueError, with a sentence, if it is not known."""
    match step.split():
        case ["go", *group] if len(group) < 2:
            return f"go {int((group or [0])[0])}"
        case ["watch", ms]:
            return f"watch {int(ms)}"
        case ["resume"]:
            return "resume"
        case ["sysrqf"]:
            return "write /proc/sysrq-trigger f"
        case ["kills", n, timeout, *settle] if len(settle) < 2:
            return f"kills {int(n)} {int(timeout)} {int((settle or [SETTLE_MS])[0])}"
        case ["until", name, n] if name in ids:
            return f"until {name} {int(n)} 20000"
        case ["sig" | "setadj" | "mrelease" as verb, name, n] if name in ids:
            return f"{verb} {name} {int(n)}"
        case ["cgset", group, file, *value] if file in GROUP_KEYS:
            return f"write {CGROUP_ROOT}/{group}/{file} {' '.join(value)}"
    raise ValueError(
        f"Step {step!r}: this recorder knows go, watch, kills, until, resume, sig, setadj, cgset, "
        "mrelease and sysrqf."
    )


def snapshot(name: str, groups: list[dict]) -> list[str]:
    paths = [f"{CGROUP_ROOT}/{group['name']}/{file}" for group in groups for file in GROUP_FILES]
    return [f"procs {name}", *(f"cat {name} {path}" for path in (*FILES, *paths))]


def task_line(task: dict, before: list[str], groups: set[str]) -> str:
    """One task; those before it may be its parent."""
    name = task.get("id", "")
    only(TASK_KEYS, task, f"Task {name}")
    if not re.fullmatch(r"[\w.+-]{1,15}", name) or name in before:
        raise ValueError(f"Task {name!r}: an id is 1 to 15 letters or digits, and its own.")
    if task.get("parent", name) not in (name, *before) or task.get("parent") == name:
        raise ValueError(f"Task {name}: its parent {task['parent']} is no task before it.")
    if task.get("cgroup") and task["cgroup"] not in groups:
        raise ValueError(f"Task {name}: the scenario has no cgroup {task['cgroup']}.")
    behaviour, kind = task.get("behaviour", "pause"), task.get("grow_kind", "anon")
    if behaviour not in BEHAVIOURS or kind not in ("anon", "shm", "tmpfs"):
        raise ValueError(
            f"Task {name}: this recorder knows {', '.join(BEHAVIOURS)}, and grow of anon, shm or "
            "tmpfs."
        )
    if behaviour == "trace" and task.get("target") not in before:
        raise ValueError(f"Task {name}: its target {task.get('target')} is no task before it.")
    words = BEHAVIOURS[behaviour] | task
    given = [f"{word}={words[key]}" for key, word in TASK_WORDS.items() if words.get(key)]
    return " ".join([f"task {name}", *given])


# ---- the guest ----


def initramfs(files: dict[str, bytes]) -> bytes:
    """A cpio archive (newc) of these files, all executable, and of the mount points."""
    archive = b""
    entries = [(name, 0o040755, b"") for name in ("dev", "proc", "sys", "tmp")]
    entries += [(name, 0o100755, content) for name, content in files.items()]
    for inode, (name, mode, content) in enumerate([*entries, ("TRAILER!!!", 0, b"")], 1):
        numbers = (inode, mode, 0, 0, 1, 0, len(content), 0, 0, 0, 0, len(name) + 1, 0)
        head = b"070701" + b"".join(b"%08X" % n for n in numbers) + name.encode() + b"\0"
        archive += head + b"\0" * (-len(head) % 4) + content + b"\0" * (-len(content) % 4)
    return archive


def boot(kernel: Path, config: dict, script: str, timeout: float) -> tuple[str, str, float, bool]:
    """What came out of the console and of the second serial line, the seconds, and if it hung."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        sources = [HERE / "init.c", HERE / "tasks.c"]
        compiled = ["gcc", "-O2", "-static", "-pthread", "-o", folder / "init", *sources]
        subprocess.run(compiled, check=True)
        files = {"init": (folder / "init").read_bytes(), "script": script.encode()}
        (folder / "initrd").write_bytes(initramfs(files))
        command = [
            "qemu-system-x86_64",
            "-accel",
            "tcg",
            "-m",
            str(config.get("mem_mb", 128)),
            "-smp",
            str(config.get("smp", 1)),
            "-nodefaults",
            "-display",
            "none",
            "-no-reboot",
            "-serial",
            f"file:{folder / 'console'}",
            "-serial",
            f"file:{folder / 'data'}",
            "-kernel",
            kernel,
            "-initrd",
            folder / "initrd",
            "-append",
            cmdline_of(config),
        ]
        began, hung = time.monotonic(), False
        try:
            subprocess.run(command, check=True, timeout=timeout)
        except subprocess.TimeoutExpired:
            hung = True
        seconds = round(time.monotonic() - began, 2)
        console, data = (
            (folder / out).read_text(errors="replace").replace("\r", "")
            for out in ("console", "data")
        )
    return console, data, seconds, hung


def cmdline_of(config: dict) -> str:
    return f"{CMDLINE} {config.get('cmdline', '')}".strip()


def record(kernel: Path, scenario: Path, tag: str | None, repeat: int, timeout: float) -> dict:
    """Boot once. ValueError if the scene could not be set or the guest said nothing of use."""
    name, _, variant = scenario.stem.partition(".")
    config = json.loads(scenario.read_text())
    script = script_of(config)
    console, data, seconds, hung = boot(kernel, config, script, timeout)
    guest = read_guest(data)
    before, after = (snapshot_of(guest, section) for section in ("before", "after"))
    if before is None:
        raise ValueError(f"{scenario}: the guest never got ready. Its console:\n{console[-2000:]}")
    refused = guest["refused"] + [
        f"task {task['id']}: errno {task['err']}" for task in before["tasks"] if task["err"] > 0
    ]
    if refused:
        raise ValueError(f"{scenario}: the kernel refused {'; '.join(refused)}.")
    source = "kmsg" if guest["end"] else "console"
    log = report_in(guest["log"] if guest["end"] else console)
    parsed = parse_reports(log)
    version = guest["files"]["before"]["/proc/version"].strip()
    return {
        "schema": "oomlab-kernel-run/1",
        "kernel": {
            "tag": tag or re.search(r"version (\d+\.\d+)", version)[1],
            "version": version,
            "cmdline": cmdline_of(config),
        },
        "scenario": name,
        "variant": variant or "plain",
        "repeat": repeat,
        "config": config,
        "machine": {
            "accel": "tcg",
            "mem_mb": config.get("mem_mb", 128),
            "smp": config.get("smp", 1),
            "swap": "none",
            "qemu_wall_s": seconds,
        },
        "script": script,
        "before": before,
        "report": log,
        "report_source": source,
        "parsed": parsed,
        "trace": trace_of(guest["files"].get("after", {}).get(f"{TRACING}/trace", "")),
        "clock": {"report_minus_monotonic_us": clock_of(guest["log"])},
        "events": guest["events"],
        "after": after,
        "outcome": outcome_of(guest, console, parsed, hung),
    }


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("kernel", type=Path, help="a bzImage, as in /boot/vmlinuz-*")
    parser.add_argument("scenario", type=Path, nargs="+", help="SCENARIO.VARIANT.json")
    parser.add_argument("--out", type=Path, default=Path("recordings"), help="folder to write to")
    parser.add_argument("--tag", help="the kernel's tag; default: its major.minor version")
    parser.add_argument("--repeat", type=int, default=1, help="how often to run each")
    parser.add_argument("--timeout", type=float, default=120, help="seconds a guest may take")
    given = parser.parse_args()
    given.out.mkdir(parents=True, exist_ok=True)
    for scenario in given.scenario:
        for repeat in range(given.repeat):
            try:
                run = record(given.kernel, scenario, given.tag, repeat, given.timeout)
            except (OSError, ValueError, subprocess.CalledProcessError) as wrong:
                print(f"record: {wrong}", file=sys.stderr)
                return 1
            name = f"{run['scenario']}.{run['variant']}.k{run['kernel']['tag']}.r{repeat}.json.gz"
            text = json.dumps(run, separators=(",", ":"))
            (given.out / name).write_bytes(gzip.compress(text.encode(), 9, mtime=0))
            print(
                f"{name}: killed {run['outcome']['kill_order']}, "
                f"panic: {run['outcome']['panic'] or 'none'}"
            )
    return 0


if __name__ == "__main__":
    sys.exit(main())
