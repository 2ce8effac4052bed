"""JupyterLab on the course: `oomlab lab [DIR]`, which `make lab` calls, too.

The settings that oomlab needs lie beside this file and hold for this start only, where the user has
set nothing else: widgets are saved with a notebook, what they ask for is done in the kernel's main
thread, the only one that Stop reaches, and no news is asked for (labconfig/); an exported notebook
shows its runs even where no other host can be reached (jupyter_*_config.json).
"""

import argparse
import os
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

from .materials import told, write_course

HERE = Path(__file__).parent
FIRST = "notebooks/01-memory-runs-out.ipynb"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The arguments of `oomlab lab`."""
    parser.add_argument(
        "folder",
        type=Path,
        nargs="?",
        metavar="DIR",
        help="a course; it is written there if need be (default: here, else ./oomlab-course)",
    )
    parser.add_argument("--no-browser", action="store_true", help="only print the address")
    parser.add_argument(
        "--ip",
        default="127.0.0.1",
        metavar="ADDRESS",
        help="who may connect (default: this machine)",
    )
    parser.set_defaults(command=lab)


def lab(args: argparse.Namespace) -> int:
    """Become JupyterLab, on this machine only, with the first lesson open."""
    for needed in ("jupyterlab", "anywidget"):
        if find_spec(needed) is None:
            raise ModuleNotFoundError(f"oomlab lab needs {needed}", name=needed)
    folder = args.folder or (Path() if Path(FIRST).is_file() else Path("oomlab-course"))
    if not (folder / FIRST).is_file():
        print(told(write_course(folder), folder), flush=True)
    command = [sys.executable, "-m", "jupyterlab", *options(folder), f"--ip={args.ip}"]
    if args.no_browser or not has_screen():
        command.append("--no-browser")
    environment = os.environ | {"JUPYTER_CONFIG_PATH": with_ours("JUPYTER_CONFIG_PATH")}
    if sys.platform == "win32":  # which cannot become another program
        return subprocess.call(command, env=environment)
    os.execve(sys.executable, command, environment)


def options(folder: Path) -> list[str]:
    """What JupyterLab is told. It refuses root unless allowed; allowed always is one case less."""
    return [
        "--allow-root",
        f"--ServerApp.root_dir={folder.resolve()}",
        f"--LabApp.default_url=/lab/tree/{FIRST}",
    ]


def has_screen() -> bool:
    """Is there a screen for a browser? Without one a text browser would take over the terminal."""
    shown = os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")
    return bool(shown) or sys.platform in ("darwin", "win32")


def with_ours(variable: str) -> str:
    """A search path with this folder, in which labconfig/ lies, at its end."""
    return os.pathsep.join(filter(None, [os.environ.get(variable), str(HERE)]))
