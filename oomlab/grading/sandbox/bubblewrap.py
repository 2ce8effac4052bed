"""Where student code runs: a bubblewrap sandbox that sees Python, and nothing else.

No network, no capabilities, own process ids, a read-only view of the interpreter and the science
libraries, and a small private /tmp. The package itself, the exercises and other submissions are
not in it. The child in the sandbox says what it finds; `doubts` compares that with what the
decider knows about itself, before the child is given anything.
"""

import os
import shutil
import subprocess
import sys
import sysconfig
from collections.abc import Sequence
from functools import cache
from pathlib import Path

PACKAGE = Path(__file__).resolve().parents[2]
INSIDE = PACKAGE / "grading" / "inside"
TMP_BYTES = 16 << 20

NO_SANDBOX = (
    "oomlab grade runs code of strangers only in a sandbox, and there is none here: {}. "
    "Install bubblewrap 0.8 or newer (Debian: apt install bubblewrap). For code that you wrote "
    "yourself there is --trusted, which runs it with all your rights and without any protection."
)


class NoSandbox(RuntimeError):
    """Untrusted work is refused, in one sentence."""

    def __init__(self, reason: str):
        super().__init__(NO_SANDBOX.format(reason))


def python(libraries: list[str], hidden: list[str], inside: Path | str) -> list[str]:
    """The interpreter, with no start-up files of anybody: -S reads no .pth, -I no environment."""
    return [
        os.path.realpath(sys._base_executable),  # of which a venv's may be a copy
        "-I",
        "-S",
        "-B",
        str(inside),
        *libraries,
        "--",
        *hidden,
    ]


@cache
def libraries() -> tuple[str, ...]:
    """The directories of installed packages."""
    paths = {sysconfig.get_path("purelib"), sysconfig.get_path("platlib"), *sys.path}
    names = ("site-packages", "dist-packages")
    found = (os.path.realpath(p) for p in paths if Path(p).name in names)
    return tuple(sorted({path for path in found if os.path.isdir(path)}))


@cache
def system() -> tuple[str, ...]:
    """bubblewrap's arguments for the interpreter and what it is linked with."""
    arguments: list[str] = ["--ro-bind", "/usr", "/usr"]
    for path in ("/bin", "/lib", "/lib32", "/lib64"):
        if os.path.islink(path):
            arguments += ["--symlink", os.readlink(path), path]
        elif os.path.isdir(path):
            arguments += ["--ro-bind", path, path]
    for path in ("/etc/ld.so.cache", "/etc/alternatives"):
        arguments += ["--ro-bind-try", path, path]
    for path in {os.path.realpath(sys.base_prefix), *libraries()}:
        if not path.startswith("/usr/"):
            arguments += ["--ro-bind", path, path]
    return tuple(arguments)


def bubblewrap(hidden: list[str], more: tuple[str, ...] = ()) -> list[str]:
    """bwrap and its arguments, up to the command.

    Directories of the `hidden` files are empty inside, if they would be in view at all. `more`
    binds come after the system's, before everything is made read-only.
    """
    binds = system() + more
    shown = [binds[i + 2] for i, word in enumerate(binds) if word == "--ro-bind"]
    covers: list[str] = []
    for folder in sorted({os.path.dirname(os.path.realpath(path)) for path in hidden}):
        if any(f"{folder}/".startswith(tree + "/") for tree in shown):
            covers += ["--tmpfs", folder, "--remount-ro", folder]
    return [
        "bwrap",
        "--unshare-all",
        "--unshare-user",
        "--disable-userns",
        "--uid",
        "65534",
        "--gid",
        "65534",
        "--hostname",
        "sandbox",
        "--cap-drop",
        "ALL",
        "--die-with-parent",
        "--new-session",
        "--clearenv",
        "--setenv",
        "LANG",
        "C.UTF-8",
        "--setenv",
        "HOME",
        "/tmp",
        "--setenv",
        "MPLCONFIGDIR",
        "/tmp",
        "--setenv",
        "PATH",
        "/usr/bin:/bin",
        "--setenv",
        "OPENBLAS_NUM_THREADS",
        "1",
        "--setenv",
        "OMP_NUM_THREADS",
        "1",
        "--proc",
        "/proc",
        "--dev",
        "/dev",
        "--size",
        str(TMP_BYTES),
        "--tmpfs",
        "/tmp",
        *binds,
        *covers,
        "--remount-ro",
        "/dev",
        "--remount-ro",
        "/",
        "--chdir",
        "/tmp",
    ]


def command(hidden: Sequence[str]) -> list[str]:
    """The command that starts the child in the sandbox."""
    inside = ("--dir", "/inside", "--ro-bind", str(INSIDE), "/inside")
    hidden = [str(PACKAGE / "__init__.py"), *hidden]
    return bubblewrap(hidden, inside) + python(list(libraries()), hidden, "/inside")


def trusted_command() -> list[str]:
    """The command that starts the child without any sandbox."""
    return python(list(libraries()), [], INSIDE)


def doubts(found: dict) -> list[str]:
    """What does not fit the claim to be inside; an empty list if all is well."""
    doubt = []
    for name in ("net", "pid", "mnt", "user", "ipc", "uts"):
        theirs = found["namespaces"].get(name)
        if not theirs or theirs == os.readlink(f"/proc/self/ns/{name}"):
            doubt.append(f"it shares our {name} namespace")
    if any(found["capabilities"]) or found["no_new_privs"] != "1" or found["uid"] == 0:
        doubt.append("it has privileges")
    if found["devices"] != ["lo"]:
        doubt.append("it has a network")
    if found["writable"]:
        doubt.append(f"it can write to {', '.join(found['writable'])}")
    if found["visible"]:
        doubt.append(f"it can see {', '.join(found['visible'])}")
    return doubt


def require_bubblewrap() -> None:
    """NoSandbox, with the reason, unless bwrap is there and starts something."""
    if shutil.which("bwrap") is None:
        raise NoSandbox("bubblewrap is not installed")
    done = subprocess.run([*bubblewrap([]), "/usr/bin/env", "true"], capture_output=True, text=True)
    if done.returncode:
        raise NoSandbox(f"bwrap says {done.stderr.strip()[:200]!r}")
