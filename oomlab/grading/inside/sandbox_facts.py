"""What the sandbox looks like from inside, found out by trying, before any student code runs.

The question holds no secret: it is a list of system call numbers. This process lists what it sees,
and the decider compares that with what it knows (sandbox/proof.py). So no name of the course comes
in here, and the student's code can find none in this process later.
"""

import ctypes
import errno
import os
import sys

LIMITS = {
    "RLIMIT_AS": 2 << 30,  # of one process; the group has a limit of its own
    "RLIMIT_CPU": 30,
    "RLIMIT_FSIZE": 8 << 20,
    "RLIMIT_NOFILE": 64,
    "RLIMIT_NPROC": 16,
    "RLIMIT_CORE": 0,
    "RLIMIT_MEMLOCK": 0,
    "RLIMIT_MSGQUEUE": 0,
}


def set_limits() -> None:
    import resource  # POSIX alone has it

    for name, most in LIMITS.items():
        resource.setrlimit(getattr(resource, name), (most, most))


def evidence(denied: dict[str, int]) -> dict:
    import resource  # POSIX alone has it

    with open("/proc/self/status") as lines:
        status = dict(line.split(":\t", 1) for line in lines)
    with open("/proc/net/dev") as lines:
        devices = [line.split(":")[0].strip() for line in lines if ":" in line]
    return {
        "namespaces": {n: os.readlink(f"/proc/self/ns/{n}") for n in os.listdir("/proc/self/ns")},
        "capabilities": [
            status[f"Cap{s}"].strip().strip("0") for s in ("Inh", "Prm", "Eff", "Bnd")
        ],
        "no_new_privs": status["NoNewPrivs"].strip(),
        "uid": os.getuid(),
        "devices": devices,
        "writable": [path for path in ("/", "/usr", "/dev", "/dev/shm") if writable(path)],
        "listings": listings(),
        "environments": {pid: words(pid, "environ") for pid in ("1", "self")},
        "command_lines": {
            "1": words("1", "cmdline"),
            "self": words("self", "cmdline"),
            "orig_argv": sys.orig_argv,
        },
        "keys": readable("/proc/keys"),
        "files": open_files(),
        "seccomp": status["Seccomp"].strip(),
        "allowed": allowed(denied),
        "limits": {name: resource.getrlimit(getattr(resource, name))[1] for name in LIMITS},
    }


def listings() -> dict[str, list[str]]:
    """{folder: names} of all that is neither the kernel's nor bound from the host."""
    with open("/proc/self/mountinfo") as lines:
        mounts = [line.split() for line in lines]
    own = [mount[4] for mount in mounts if mount[mount.index("-") + 1] == "tmpfs"]
    places = {mount[4] for mount in mounts}
    found = {}
    for top in own:
        for folder, folders, files in os.walk(top):
            found[folder] = sorted([*folders, *files])
            folders[:] = [n for n in folders if os.path.join(folder, n) not in places]
    return found


def words(pid: str, name: str) -> list[str]:
    with open(f"/proc/{pid}/{name}", "rb") as file:
        found = [os.fsdecode(word) for word in file.read().split(b"\0")[:-1]]
    return sorted(found) if name == "environ" else found


def readable(path: str) -> bool:
    try:
        with open(path, "rb") as file:
            return bool(file.read(1))
    except OSError:
        return False


def open_files() -> list[int]:
    """Without the one that was open to look."""
    return sorted(fd for fd in map(int, os.listdir("/proc/self/fd")) if is_open(fd))


def is_open(fd: int) -> bool:
    try:
        os.fstat(fd)
    except OSError:
        return False
    return True


def allowed(denied: dict[str, int]) -> list[str]:
    """The calls that no filter stops; it answers ENOSYS before it looks at arguments."""
    syscall, nothing = ctypes.CDLL(None, use_errno=True).syscall, [ctypes.c_long(-1)] * 6
    found = []
    for name, number in denied.items():
        if syscall(ctypes.c_long(number), *nothing) != -1 or ctypes.get_errno() != errno.ENOSYS:
            found.append(name)
    return found


def writable(path: str) -> bool:
    try:
        os.close(os.open(path, os.O_TMPFILE | os.O_RDWR))
    except OSError:
        try:
            os.mkdir(f"{path}/probe")
        except OSError:
            return False
        os.rmdir(f"{path}/probe")
    return True
