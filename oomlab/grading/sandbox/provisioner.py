"""nbgrader's kernels in the same sandbox: a kernel provisioner for jupyter_client.

A kernel named "oomlab-sandbox" starts ipykernel inside bubblewrap: no network, no course files, a
private /tmp, the same limits. Server and kernel talk over Unix sockets in one shared directory.
nbgrader runs the tests in that kernel, beside the student's code: the sandbox protects the machine
and the other students, but the points are as good as the student's word.

    python -m oomlab.grading.sandbox.provisioner      installs the kernel for this Python
"""

import json
import os
import sys
import sysconfig
import tempfile
from pathlib import Path
from shutil import rmtree
from typing import Any

from jupyter_client.provisioning import LocalProvisioner

from .bubblewrap import PACKAGE, bubblewrap, libraries, require_bubblewrap
from .group import Group

NAME = "oomlab-sandbox"
START = (
    "import resource, sys; "
    "[resource.setrlimit(getattr(resource, n), (m, m)) for n, m in {limits!r}.items()]; "
    "sys.path += {paths!r}; from ipykernel.kernelapp import launch_new_instance; "
    "launch_new_instance(argv=['-f', {connection!r}, '--HistoryManager.enabled=False'])"
)
LIMITS = {"RLIMIT_AS": 4 << 30, "RLIMIT_CPU": 300, "RLIMIT_FSIZE": 64 << 20, "RLIMIT_CORE": 0}


class SandboxProvisioner(LocalProvisioner):
    """Starts and stops one kernel in a sandbox."""

    group: Group | None = None
    sockets: str | None = None

    async def pre_launch(self, **kwargs: Any) -> dict[str, Any]:
        """Unix sockets instead of ports, and the sandbox around the kernel's command."""
        require_bubblewrap()
        self.group = Group()
        self.sockets = tempfile.mkdtemp(prefix="oomlab-kernel-")
        self.parent.transport = "ipc"
        self.parent.ip = f"{self.sockets}/kernel"
        self.parent.connection_file = f"{self.sockets}/connection.json"
        kwargs = await super().pre_launch(**kwargs)
        more = ("--bind", self.sockets, self.sockets, "--ro-bind", str(PACKAGE), "/oomlab/oomlab")
        start = START.format(
            limits=LIMITS, paths=[*libraries(), "/oomlab"], connection=self.parent.connection_file
        )
        python = os.path.realpath(sys.executable)
        kwargs["cmd"] = [*bubblewrap([], more), python, "-I", "-S", "-B", "-c", start]
        kwargs["cwd"] = "/"
        if self.group.enforced:
            kwargs["preexec_fn"] = self.group.enter
        return kwargs

    async def cleanup(self, restart: bool = False) -> None:
        await super().cleanup(restart)
        if self.group is not None and not restart:
            self.group.close()
            rmtree(self.sockets, ignore_errors=True)


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
