"""The sandbox that bubblewrap makes: it shows Python and its libraries, and nothing else.

No network, no capabilities, own process ids, a read-only view of the interpreter and the science
libraries, a small private /tmp, a filter of system calls. The package itself, the exercises and
other submissions are not in it. Student code can read bubblewrap's environment and command line, so
both say nothing: the arguments come through a file that bubblewrap reads and closes. Which folders
are hidden depends on the teacher's folders only, never on a submission.
"""

import os
import shutil
import subprocess
import sys
import sysconfig
from collections.abc import Callable, Sequence
from compileall import compile_dir
from contextlib import contextmanager
from functools import cache
from glob import escape, glob
from pathlib import Path
from typing import Any

from . import seccomp
from .group import Group

PACKAGE = Path(__file__).resolve().parents[2]
INSIDE = PACKAGE / "grading" / "inside"
TMP_BYTES = 16 << 20
MASKED = ("cmdline", "kcore", "key-users", "keys", "sched_debug", "timer_list")  # in /proc
ENVIRONMENT = {  # all of it
    "HOME": "/tmp",
    "LANG": "C.UTF-8",
    "MPLBACKEND": "agg",
    "MPLCONFIGDIR": "/tmp",
    "OMP_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
    "PATH": "/usr/bin:/bin",
    "PWD": "/tmp",
}

NO_SANDBOX = (
    "oomlab grade runs code of strangers only in a sandbox, and there is none here: {}. "
    "Install bubblewrap 0.8 or newer and libseccomp (Debian: apt install bubblewrap libseccomp2). "
    "For code that you wrote yourself there is --trusted, which runs it with all your rights and "
    "without any protection."
)
ROOT_UNLIMITED = (
    "no cgroup can be made, and root may start any number of processes; run it as an ordinary user"
)
BROKEN = "The sandbox is not tight, so nothing more was graded: {}."
IN_THE_WAY = (
    "The folder {} lies where Python itself lies, in sight of student code: "
    "move the course to a folder of its own"
)


class NoSandbox(RuntimeError):
    """Untrusted work is refused, in one sentence."""

    def __init__(self, reason: str, sentence: str = NO_SANDBOX):
        super().__init__(sentence.format(reason))


@cache
def interpreter() -> str:
    """The interpreter itself, of which a venv's may be a copy."""
    return os.path.realpath(getattr(sys, "_base_executable", sys.executable))


def python(script: Path | str, *arguments: str) -> list[str]:
    """A Python without any start-up file: -S reads no .pth, -I no environment."""
    return [interpreter(), "-I", "-S", "-B", str(script), *arguments]


@cache
def libraries() -> tuple[str, ...]:
    """The directories of installed packages."""
    paths = {sysconfig.get_path("purelib"), sysconfig.get_path("platlib"), *sys.path}
    names = ("site-packages", "dist-packages")
    found = (os.path.realpath(p) for p in paths if Path(p).name in names)
    return tuple(sorted({path for path in found if os.path.isdir(path)}))


@cache
def trees() -> tuple[str, ...]:
    """What is shown, read-only: the system's programs, the interpreter and the libraries."""
    roots = [path for path in ("/usr", "/bin", "/lib", "/lib32", "/lib64") if os.path.isdir(path)]
    shown = [path for path in roots if not os.path.islink(path)]
    for path in sorted({os.path.realpath(sys.base_prefix), *libraries()}):
        if not any(within(path, tree) for tree in shown):
            shown.append(path)
    return tuple(shown)


@cache
def copies() -> tuple[str, ...]:
    """This package wherever it is installed in what is shown: each copy knows all answers."""
    places = [f"{lib}/python*/*-packages/" for lib in ("lib", "lib64", "local/lib", "envs/*/lib")]
    names = [f"{escape(tree)}/{place}oomlab" for tree in trees() for place in ["", *places]]
    found = [path for name in names for path in glob(name) if os.path.isdir(path)]
    return tuple(sorted({str(PACKAGE), *map(os.path.realpath, found)}))


def within(path: str, folder: str) -> bool:
    return path == folder or path.startswith(folder.rstrip("/") + "/")


def options(hidden: Sequence[str] = (), more: Sequence[str] = ()) -> list[str]:
    """bubblewrap's options; `hidden` folders are empty inside, `more` come after the system's."""
    binds: list[str] = []
    for tree in trees():
        binds += ["--ro-bind", tree, tree]
    for path in ("/bin", "/lib", "/lib32", "/lib64"):
        if os.path.islink(path):
            binds += ["--symlink", os.readlink(path), path]
    for path in ("/etc/ld.so.cache", "/etc/alternatives"):
        binds += ["--ro-bind-try", path, path]
    for name in MASKED:
        if os.path.exists(f"/proc/{name}"):
            binds += ["--ro-bind", "/dev/null", f"/proc/{name}"]
    for folder in covered(hidden):
        binds += ["--tmpfs", folder, "--remount-ro", folder]
    environment = [word for item in ENVIRONMENT.items() for word in ("--setenv", *item)]
    return [
        *("--unshare-all", "--unshare-user", "--disable-userns", "--hostname", "sandbox"),
        *("--uid", "65534", "--gid", "65534", "--cap-drop", "ALL"),
        *("--die-with-parent", "--new-session", "--clearenv", *environment),
        *("--proc", "/proc", "--dev", "/dev", "--size", str(TMP_BYTES), "--tmpfs", "/tmp"),
        *(*binds, *more, "--remount-ro", "/dev", "--remount-ro", "/", "--chdir", "/tmp"),
    ]


def covered(hidden: Sequence[str]) -> list[str]:
    """Those of the folders that would be in sight, outermost first."""
    covers: list[str] = []
    for folder in sorted({*copies(), *hidden}):
        seen = any(within(folder, tree) for tree in trees())
        if seen and any(within(path, folder) for path in (interpreter(), *trees(), *libraries())):
            raise NoSandbox(IN_THE_WAY.format(folder), "{}.")
        if seen and not any(within(folder, cover) for cover in covers):
            covers.append(folder)
    return covers


def mounted(options: Sequence[str]) -> list[str]:
    """Every place inside that these options make."""
    operands = {"--tmpfs": 1, "--proc": 1, "--dev": 1, "--dir": 1, "--symlink": 2}
    operands |= {"--ro-bind": 2, "--ro-bind-try": 2, "--ro-bind-data": 2}
    return [options[i + operands[word]] for i, word in enumerate(options) if word in operands]


@contextmanager
def wrapped(options: Sequence[str], command: Sequence[str]):
    """(the command line that runs `command` in the sandbox, the open files that it needs)."""
    files = []
    try:
        for data in (seccomp.program(), "\0".join(options).encode() + b"\0"):
            files.append(os.memfd_create("bwrap"))
            os.write(files[-1], data)
            os.lseek(files[-1], 0, os.SEEK_SET)
        program, arguments = map(str, files)
        yield [found(), "--seccomp", program, "--args", arguments, "--", *command], files
    finally:
        for fd in files:
            os.close(fd)


def before_exec(group: Group | None) -> Callable[[], None]:
    """What happens between fork and exec: into the group, out of the teacher's keyring."""
    join = seccomp.fresh_keyring()

    def enter() -> None:
        if group is not None and group.enforced:
            group.enter()
        join()

    return enter


def child_options(hidden: Sequence[str], more: Sequence[str] = ()) -> list[str]:
    """The sandbox of a child, which needs our few lines that answer questions."""
    return options(hidden, ("--ro-bind", str(INSIDE), "/inside", *more))


def child_command(inside: Path | str = "/inside") -> list[str]:
    return python(inside, *libraries())


def start_child(options: Sequence[str] | None, group: Group | None) -> subprocess.Popen:
    """A child with pipes to ask and answer, in the sandbox or, without options, in none."""
    pipes: Any = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.DEVNULL}
    if options is None:
        return subprocess.Popen(child_command(INSIDE), **pipes)
    with wrapped(options, child_command()) as (line, files):
        return subprocess.Popen(
            line, env={}, cwd="/", pass_fds=files, preexec_fn=before_exec(group), **pipes
        )


@cache
def found() -> str:
    path = shutil.which("bwrap")
    if path is None:
        raise NoSandbox("bubblewrap is not installed")
    return path


def require_bubblewrap() -> None:
    """NoSandbox, with the reason, unless bwrap and the filter are there and start something."""
    found.cache_clear()
    compile_dir(INSIDE, quiet=2)  # inside nothing can be written: each child would compile it again
    try:
        with wrapped(options(), ["/usr/bin/env", "true"]) as (line, files):
            done = subprocess.run(line, capture_output=True, text=True, env={}, pass_fds=files)
    except seccomp.NoFilter as reason:
        raise NoSandbox(str(reason)) from None
    if done.returncode:
        raise NoSandbox(f"bwrap says {done.stderr.strip()[:200]!r}")
