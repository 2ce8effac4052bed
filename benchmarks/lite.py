"""A JupyterLite that asks no other host, with oomlab and its widgets, for budget.py.

JupyterLite's own way offline wants Pyodide's whole distribution, which is no package of a registry.
Its kernel needs little of it: the core, which npm has, and pure Python wheels, which PyPI has. So
the lock file that comes with the core is cut down to the installer, and the wheels lie beside it.
"""

import hashlib
import json
import shutil
import subprocess
import sys
from pathlib import Path

from measure import ROOT

HOME = ROOT / ".venv" / "lite"
INSTALL = "%pip install oomlab ipywidgets anywidget"  # what a cell must run first
# What the kernel and the widgets import, each as a wheel that any Python takes.
WHEELS = """
    micropip packaging ipython ipython-pygments-lexers decorator jedi matplotlib-inline
    prompt-toolkit pygments stack-data traitlets asttokens executing pure-eval parso wcwidth comm
    ipywidgets jupyterlab-widgets anywidget psygnal typing-extensions six
"""
ANY = (
    *("--python-version", "3.14", "--platform", "any", "--implementation", "py", "--abi", "none"),
    *("--only-binary", ":all:", "--no-deps"),
)
KERNEL = "@jupyterlite/pyodide-kernel-extension:kernel"


def built(work: Path, pyodide: Path) -> Path:
    """The folder of its pages. `pyodide` is npm's package. ValueError if something is not had."""
    pip, source = [HOME / "bin" / "python", "-m", "pip", "--quiet"], work / "source"
    wheels, core = source / "pypi", source / "static" / "pyodide"
    steps = [
        [sys.executable, "-m", "venv", HOME],
        [*pip, "install", "jupyterlite-core", "jupyterlite-pyodide-kernel", "ipywidgets"],
        [*pip, "install", "anywidget", "jupyterlab"],
        [*pip, "download", "-d", wheels, *ANY, *WHEELS.split()],
        [*pip, "wheel", "--no-deps", "-w", wheels, ROOT],
    ]
    shutil.copytree(pyodide, core)
    for step in steps:
        if subprocess.run(step, check=False, stderr=subprocess.DEVNULL).returncode:
            raise ValueError("JupyterLite could not be installed")
    (installer,) = wheels.glob("micropip-*.whl")
    installer = installer.rename(core / installer.name)
    lock = json.loads((core / "pyodide-lock.json").read_text())
    digest = hashlib.sha256(installer.read_bytes()).hexdigest()
    own = {"file_name": installer.name, "sha256": digest}
    lock["packages"] = {"micropip": lock["packages"]["micropip"] | own}
    (core / "pyodide-lock.json").write_text(json.dumps(lock))
    settings = {"litePluginSettings": {KERNEL: {"disablePyPIFallback": True}}}
    (source / "jupyter-lite.json").write_text(
        json.dumps({"jupyter-lite-schema-version": 0, "jupyter-config-data": settings})
    )
    build = [HOME / "bin" / "jupyter", "lite", "build", "--output-dir", work / "pages"]
    if subprocess.run(build, cwd=source, check=False, capture_output=True).returncode:
        raise ValueError("JupyterLite could not be built")
    return work / "pages"
