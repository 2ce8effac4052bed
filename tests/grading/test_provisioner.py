"""nbgrader's way: a kernel in the sandbox, which runs notebooks and sees nothing else."""

import json
import tempfile
from importlib.metadata import entry_points
from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient

from oomlab.grading.sandbox import provisioner

LOOK = """
import os, resource
print(sorted(os.listdir("/proc/self/ns")) and open("/proc/net/dev").read().count(":"))
print(os.getuid(), os.path.exists(HERE), os.access("/usr", os.W_OK))
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


def test_a_notebook_runs_in_the_sandbox(kernel, tmp_path):
    (tmp_path / "hidden").write_text("x")
    left = set(Path(tempfile.gettempdir()).glob("oomlab-kernel-*"))
    look = LOOK.replace("HERE", repr(str(tmp_path / "hidden")))
    connect = "import socket; socket.create_connection(('1.1.1.1', 53), 1)"
    graded = (
        "from oomlab.grading import points\npoints('watermarks', lambda managed, kernel: (1, 2, 3))"
    )
    looked, connected, points = run(kernel, look, connect, graded)
    assert looked[0].text.split() == ["1", "65534", "False", "False"]
    assert connected[0].ename == "OSError"
    assert points[0].data["text/plain"] == "0"
    assert set(Path(tempfile.gettempdir()).glob("oomlab-kernel-*")) <= left
