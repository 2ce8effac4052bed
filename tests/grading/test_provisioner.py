"""nbgrader's way: a kernel in the sandbox, which runs notebooks and sees nothing else."""

import json
import shutil
import tempfile
from importlib.metadata import entry_points
from pathlib import Path

import nbformat
import pytest
from jupyter_client import KernelManager
from nbclient import NotebookClient

from oomlab.grading.sandbox import provisioner, seccomp

LOOK = """
import os, resource
print(sorted(os.listdir("/proc/self/ns")) and open("/proc/net/dev").read().count(":"))
print(os.getuid(), os.path.exists(HERE), os.access("/usr", os.W_OK))
"""


ASK = """
import errno, os, sys
names = ("1/environ", "1/cmdline", "self/environ", "self/cmdline")
said = [open(f"/proc/{name}").read() for name in names]
print("environment of 1:", repr(said[0]))
said = " ".join(said) + str(os.environ) + str(sys.orig_argv)
print("told:", "TOKEN" in said, HERE in said)
mounts = [line.split() for line in open("/proc/self/mountinfo")]
kinds = {m[m.index("-") + 1] for m in mounts if "rw" in m[5].split(",")}
print("written to:", sorted(kinds - {"proc", "devpts", "devtmpfs"}))
try:
    for n in range(64):
        with open(f"/tmp/{n}", "wb") as file:
            file.write(bytes(1 << 20))
except OSError as error:
    print("full:", errno.errorcode[error.errno])
"""
CALLS = """
import ctypes, errno
L = ctypes.CDLL(None, use_errno=True)
print({errno.errorcode[ctypes.get_errno()] for n in NUMBERS if L.syscall(n, -1, -1, -1, -1) == -1})
"""


@pytest.fixture
def kernel(tmp_path, monkeypatch, sandboxed):
    """The kernel's description, as install() writes it, in a folder of our own."""
    monkeypatch.setattr(provisioner.sysconfig, "get_path", lambda name: str(tmp_path))
    folder = provisioner.install()
    monkeypatch.setenv("JUPYTER_PATH", str(tmp_path / "share/jupyter"))
    about = json.loads((folder / "kernel.json").read_text())
    assert about["metadata"]["kernel_provisioner"]["provisioner_name"] == provisioner.NAME
    return provisioner.NAME


def run(kernel, *sources):
    cells = [nbformat.v4.new_code_cell(source) for source in sources]
    book = nbformat.v4.new_notebook(cells=cells)
    NotebookClient(book, kernel_name=kernel, timeout=60, allow_errors=True).execute()
    return [cell.outputs for cell in book.cells]


def test_jupyter_finds_it():
    found = entry_points(group="jupyter_client.kernel_provisioners")
    assert found[provisioner.NAME].load() is provisioner.SandboxProvisioner


def test_a_notebook_runs_in_the_sandbox(kernel, tmp_path, monkeypatch):
    (tmp_path / "hidden").write_text("x")
    folder = tempfile.TemporaryDirectory()  # tmp_path is too long for the name of a socket
    monkeypatch.setattr(tempfile, "tempdir", folder.name)
    look = LOOK.replace("HERE", repr(str(tmp_path / "hidden")))
    connect = "import socket; socket.create_connection(('1.1.1.1', 53), 1)"
    graded = (
        "from oomlab.grading import points\npoints('watermarks', lambda managed, kernel: (1, 2, 3))"
    )
    looked, connected, points = run(kernel, look, connect, graded)
    assert looked[0].text.split() == ["1", "65534", "False", "False"]
    assert connected[0].ename == "OSError"
    assert points[0].data["text/plain"] == "0"
    assert not list(Path(folder.name).glob("oomlab-kernel-*"))
    folder.cleanup()


def test_a_kernel_knows_nothing_and_writes_nowhere_on_the_host(kernel, tmp_path, monkeypatch):
    monkeypatch.setenv("OOMLAB_TEST", "TOKEN")
    before = available(tempfile.gettempdir())
    calls = CALLS.replace("NUMBERS", repr(sorted(seccomp.numbers().values())))
    asked, called = run(kernel, ASK.replace("HERE", repr(str(tmp_path))), calls)
    lines = asked[0].text.splitlines()
    assert lines == [
        "environment of 1: ''",
        "told: False False",
        "written to: ['tmpfs']",
        "full: ENOSPC",
    ]
    assert called[0].text.strip() == "{'ENOSYS'}"
    assert before - available(tempfile.gettempdir()) < 32 << 20


def available(folder):
    return shutil.disk_usage(folder).free


def test_a_kernel_is_started_again(kernel):
    manager = KernelManager(kernel_name=kernel)
    manager.start_kernel()
    try:
        for _ in range(2):
            client = manager.blocking_client()
            client.start_channels()
            client.wait_for_ready(timeout=60)
            reply = client.execute_interactive("6 * 7", timeout=60)
            assert reply["content"]["status"] == "ok"
            client.stop_channels()
            manager.restart_kernel(now=True)
    finally:
        manager.shutdown_kernel(now=True)
