"""A limit for a whole group of processes: a cgroup where we may make one, else a watchdog.

All processes of the group together have a limit of memory and of processes, and, where a cgroup is
possible, the time of one CPU: one submission does not slow down the others.

The kernel enforces a cgroup. The watchdog only looks, twenty times a second, at how much memory the
group's processes hold. Memory that grows fast may exceed the limit before the watchdog looks again,
so grading says in one sentence that it runs in this weaker mode. The watchdog is a thread of its
own, so it also looks while no question is being asked. It kills the group, too, when the machine as
a whole runs short of memory.
"""

import os
import subprocess
import threading
import time
from contextlib import suppress
from itertools import count
from pathlib import Path

MEMORY = 512 << 20
PROCESSES = 16  # and threads
LOOK_SECONDS = 0.05
DEGRADED = (
    "No cgroup with a memory limit can be made here: the memory and the processes of student code "
    "are watched and limited one by one instead, which a fast flood may overshoot for a moment."
)
ROOT = Path("/sys/fs/cgroup")
NUMBERS = count(1)


def own_cgroups(root: Path = ROOT) -> dict[str, Path]:
    """Our directories: {"": v2} or {"memory": v1, "pids": v1}, as far as they exist."""
    found = {}
    for line in Path("/proc/self/cgroup").read_text().splitlines():
        _, names, path = line.split(":", 2)
        for name in names.split(","):
            place = root / name / path.lstrip("/") if name else root / path.lstrip("/")
            if place.is_dir():
                found[name] = place
    return found


class Group:
    """Made once for a grading process, or a kernel; every child of it goes in."""

    def __init__(self, own: dict[str, Path] | None = None):
        self.directories: list[Path] = []
        self.number = next(NUMBERS)  # a server may have several kernels
        own = own_cgroups() if own is None else own
        try:
            if "memory" in own and "pids" in own:
                self.make(own["memory"], {"memory.limit_in_bytes": MEMORY})
                self.make(own["pids"], {"pids.max": PROCESSES})
                with suppress(OSError, KeyError):
                    self.make(own["cpu"], {"cpu.cfs_quota_us": 100_000})
            elif "" in own:
                self.make(own[""], {"memory.max": MEMORY, "pids.max": PROCESSES})
                for name, value in (("memory.swap.max", "0"), ("cpu.max", "100000 100000")):
                    with suppress(OSError):
                        (self.directories[0] / name).write_text(value)
        except OSError:  # half a limit is none
            self.close()

    def make(self, parent: Path, limits: dict[str, int]) -> None:
        for left in parent.glob("oomlab-*"):  # by a grading run that was killed
            if not Path("/proc", left.name.split("-")[1]).exists():
                with suppress(OSError):
                    left.rmdir()
        place = parent / f"oomlab-{os.getpid()}-{self.number}"
        place.mkdir(exist_ok=True)
        try:
            for name, value in limits.items():
                with open(place / name, "r+") as file:  # never create: it must be there
                    file.write(str(value))
        except OSError:
            place.rmdir()
            raise
        self.directories.append(place)

    @property
    def enforced(self) -> bool:
        return bool(self.directories)

    def enter(self) -> None:
        """Called between fork and exec: this process and all it starts are in the group."""
        for place in self.directories:
            with open(place / "cgroup.procs", "w") as file:
                file.write("0")

    def clear(self) -> None:
        """Kill whoever is still in the group."""
        for place in self.directories:
            for _ in range(100):
                pids = []
                with suppress(FileNotFoundError):
                    pids = (place / "cgroup.procs").read_text().split()
                for pid in pids:
                    with suppress(ProcessLookupError):
                        os.kill(int(pid), 9)
                if not pids:
                    break
                time.sleep(0.01)

    def close(self) -> None:
        self.clear()
        for place in self.directories:
            for _ in range(50):
                try:
                    place.rmdir()
                    break
                except OSError:
                    time.sleep(0.02)
        self.directories = []


class Watchdog(threading.Thread):
    """Kills a process, and with it its sandbox, when all in it have too much; says what of."""

    def __init__(self, process: subprocess.Popen):
        super().__init__(daemon=True)
        self.process, self.excess, self.ended = process, "", threading.Event()
        self.start()

    def run(self) -> None:
        while not self.ended.wait(LOOK_SECONDS):
            self.excess = excess(self.process.pid)
            if self.excess:
                self.process.kill()
                return

    def stop(self) -> None:
        self.ended.set()
        self.join()


def excess(pid: int) -> str:
    """What the processes under `pid` have too much of, or ""."""
    members = descendants(pid)
    if len(members) > PROCESSES:
        return f"it had more than {PROCESSES} processes"
    if sum(resident(member) for member in members) > MEMORY:
        return f"it used more than {MEMORY >> 20} MB of memory"
    if available() < 0.05:
        return "the machine ran short of memory"
    return ""


def descendants(pid: int) -> list[int]:
    """The process and everything started by it, in whatever pid namespace."""
    parents: dict[int, list[int]] = {}
    for entry in os.scandir("/proc"):
        if entry.name.isdigit():
            with suppress(OSError), open(f"/proc/{entry.name}/stat") as file:
                parent = int(file.read().rpartition(")")[2].split()[1])
                parents.setdefault(parent, []).append(int(entry.name))
    found = [pid]
    for member in found:  # grows while we walk
        found += parents.get(member, [])
    return found


def resident(pid: int) -> int:
    with suppress(OSError, IndexError), open(f"/proc/{pid}/statm") as file:
        return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    return 0


def available() -> float:
    """The share of the machine's memory that is still to be had."""
    with open("/proc/meminfo") as lines:
        kb = {
            name: int(rest.split()[0]) for name, _, rest in (line.partition(":") for line in lines)
        }
    return kb["MemAvailable"] / kb["MemTotal"]
