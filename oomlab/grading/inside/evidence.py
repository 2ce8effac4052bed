"""The first process in the sandbox: where am I? Found out by trying, while only our code has run.

    python -I -S -B evidence.py

It reads one line (libraries, hidden folders, denied system calls), sets the limits, writes what it
found, and becomes the process that runs student code. The new program image keeps nothing of it.
Where the teacher trusts the code there is no sandbox, and nothing is tried out.
"""

import ctypes
import errno
import json
import os
import resource
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


def main() -> None:
    told = json.loads(first_line())
    for name, most in LIMITS.items():
        resource.setrlimit(getattr(resource, name), (most, most))
    found = None if told["trusted"] else evidence(told["hidden"], told["denied"])
    sys.stdout.write(json.dumps({"inside": found}) + "\n")
    sys.stdout.flush()
    here = os.path.dirname(os.path.abspath(__file__))
    os.execv(sys.executable, [sys.executable, "-I", "-S", "-B", here, *told["libraries"]])


def first_line() -> bytes:
    """Up to the end of the line, and no byte more: the rest is for the next program."""
    line = b""
    while not line.endswith(b"\n"):
        byte = os.read(0, 1)
        if not byte:
            raise SystemExit
        line += byte
    return line


def evidence(hidden: list[str], denied: dict[str, int]) -> dict:
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
        "hidden": {folder: names_in(folder) for folder in hidden},
        "environments": {pid: words(pid, "environ") for pid in ("1", "self")},
        "command_lines": {
            "1": words("1", "cmdline"),
            "self": words("self", "cmdline"),
            "orig_argv": sys.orig_argv,
        },
        "keys": readable("/proc/keys"),
        "files": open_files(),
        "seccomp": status["Seccomp"].strip(),
        "allowed": [name for name, number in denied.items() if not is_denied(number)],
        "limits": {name: resource.getrlimit(getattr(resource, name))[1] for name in LIMITS},
    }


def names_in(folder: str) -> list[str]:
    try:
        return os.listdir(folder)
    except OSError:
        return []


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


def is_denied(number: int) -> bool:
    """The filter answers ENOSYS before it looks at arguments, which mean nothing here."""
    libc = ctypes.CDLL(None, use_errno=True)
    nothing = [ctypes.c_long(-1)] * 6
    return libc.syscall(ctypes.c_long(number), *nothing) == -1 and (
        ctypes.get_errno() == errno.ENOSYS
    )


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


if __name__ == "__main__":
    main()
