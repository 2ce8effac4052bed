"""nbgrader's kernels in the same sandbox: a kernel provisioner for jupyter_client.

A kernel named "oomlab-sandbox" starts ipykernel inside bubblewrap: no network, no course files, a
private /tmp, the same limits, and the same proof before it starts. Server and kernel talk over Unix
sockets which the server opens and hands over, so that the kernel can write nowhere on the host.
nbgrader runs the tests in that kernel, beside the student's code: the sandbox protects the machine
and the other students, but the points are as good as the student's word.

    python -m oomlab.grading.sandbox.provisioner      installs the kernel for this Python
"""

import json
import os
import socket
import sysconfig
import tempfile
from contextlib import ExitStack
from pathlib import Path
from shutil import rmtree
from typing import Any

from jupyter_client.connect import KernelConnectionInfo
from jupyter_client.provisioning import LocalProvisioner

from .bubblewrap import (
    PACKAGE,
    ROOT_UNLIMITED,
    NoSandbox,
    before_exec,
    child_options,
    libraries,
    python,
    require_bubblewrap,
    wrapped,
)
from .child_pipe import Child
from .group import Group, Watchdog

NAME = "oomlab-sandbox"
PORTS = ("shell_port", "iopub_port", "stdin_port", "control_port", "hb_port")
LIMITS = {"RLIMIT_AS": 4 << 30, "RLIMIT_CPU": 300, "RLIMIT_FSIZE": 16 << 20, "RLIMIT_CORE": 0}
VISIBLE = ("--ro-bind", str(PACKAGE), "/oomlab/oomlab")  # nbgrader's hidden tests call points()


class SandboxProvisioner(LocalProvisioner):
    """Starts and stops one kernel in a sandbox."""

    group: Group | None = None
    watchdog: Watchdog | None = None
    folder: str | None = None
    opened: ExitStack = ExitStack()  # pre_launch() makes one for each start
    parent: Any  # the manager of the kernel

    async def pre_launch(self, **kwargs: Any) -> dict[str, Any]:
        """Unix sockets instead of ports, and the sandbox around the kernel's command."""
        require_bubblewrap()
        if self.group is None:
            self.group = Group()
            if not self.group.enforced and os.geteuid() == 0:
                raise NoSandbox(ROOT_UNLIMITED)
            self.folder = tempfile.mkdtemp(prefix="oomlab-kernel-")  # open to no other user
        self.parent.transport = "ipc"
        self.parent.ip = f"{self.folder}/kernel"
        self.parent.connection_file = f"{self.folder}/connection.json"
        kwargs = await super().pre_launch(**kwargs)
        Child([], [], group=self.group, more=VISIBLE).close()  # it has proved where it is
        self.opened = ExitStack()
        sockets = {f"ipc://{path}": self.listening(path) for path in self.addresses()}
        told = self.memory_file(
            {
                "limits": LIMITS,
                "libraries": [*libraries(), "/oomlab"],
                "connection": Path(self.parent.connection_file).read_text(),
                "sockets": sockets,
            }
        )
        command = python("/inside/start_ipykernel.py", str(told))
        line, files = self.opened.enter_context(wrapped(child_options([], VISIBLE), command))
        return {
            **kwargs,
            "cmd": line,
            "cwd": "/",
            "env": {},
            "independent": True,  # else its environment names our process
            "pass_fds": [*files, told, *sockets.values()],
            "preexec_fn": before_exec(self.group),
        }

    def addresses(self) -> list[str]:
        """The paths of the sockets, as jupyter_client and ipykernel both make them."""
        ports: Any = self.connection_info
        return [f"{self.parent.ip}-{ports[port]}" for port in PORTS]

    def listening(self, path: str) -> int:
        """An open socket that listens there."""
        Path(path).unlink(missing_ok=True)  # of the kernel before, when one is restarted
        listener = self.opened.enter_context(socket.socket(socket.AF_UNIX))
        listener.bind(path)
        listener.listen()
        return listener.fileno()

    def memory_file(self, data: dict) -> int:
        fd = os.memfd_create("kernel")
        self.opened.callback(os.close, fd)
        os.write(fd, json.dumps(data).encode())
        os.lseek(fd, 0, os.SEEK_SET)
        return fd

    async def launch_kernel(self, cmd: list[str], **kwargs: Any) -> KernelConnectionInfo:
        """Start it; what was opened for it is then its own."""
        with self.opened:
            info = await super().launch_kernel(cmd, **kwargs)
        assert self.group is not None and self.process is not None, "pre_launch() came before"
        if not self.group.enforced:
            self.watchdog = Watchdog(self.process)
        return info

    async def cleanup(self, restart: bool = False) -> None:
        """Nothing of it stays: no process, no socket."""
        await super().cleanup(restart)
        if self.watchdog is not None:
            self.watchdog.stop()
        if self.group is not None and not restart:
            self.group.close()
            rmtree(self.folder or "", ignore_errors=True)


def install() -> Path:
    """Write the kernel's description where this Python's Jupyter looks for kernels."""
    folder = Path(sysconfig.get_path("data"), "share/jupyter/kernels", NAME)
    folder.mkdir(parents=True, exist_ok=True)
    about = {
        "argv": ["python", "-m", "ipykernel_launcher", "-f", "{connection_file}"],
        "display_name": "Python 3 in a sandbox",
        "language": "python",
        "metadata": {"kernel_provisioner": {"provisioner_name": NAME}},
    }
    (folder / "kernel.json").write_text(json.dumps(about, indent=1))
    return folder


if __name__ == "__main__":
    print(install())
