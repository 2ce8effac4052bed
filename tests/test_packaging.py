"""What is promised to whoever installs oomlab: nothing else needed, nothing missing, all pinned."""

import re
import subprocess
import sys
import zipfile
from importlib import metadata
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[1]
PINS = [line for line in (ROOT / "constraints.txt").read_text().splitlines() if line[0] != "#"]


def run(*command):
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_all_but_pictures_and_algebra_needs_only_the_standard_library():
    modules = [
        ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")
        for path in (ROOT / "oomlab").rglob("*.py")
        if path.stem not in ("__main__", "provisioner")  # the latter is loaded by Jupyter
        and not {"lab", "theory", "theory.py", "inside"} & {*path.parts}
    ]
    imports = "".join(f"import {module}\n" for module in modules)
    # -S leaves site-packages out, -I everything that the environment might add.
    run(sys.executable, "-I", "-S", "-c", f"import sys; sys.path.append({str(ROOT)!r})\n{imports}")


def test_what_runs_in_the_sandbox_stands_alone():
    """There is no oomlab in there: each file finds the others beside it, as __main__ does."""
    inside = ROOT / "oomlab" / "grading" / "inside"
    names = [path.stem for path in inside.glob("*.py") if path.stem != "__main__"]
    imports = "".join(f"import {name}\n" for name in names)
    check = "assert not [name for name in sys.modules if name.startswith('oomlab')]"
    path = f"import sys; sys.path.append({str(inside)!r})"
    run(sys.executable, "-I", "-S", "-c", f"{path}\n{imports}{check}")


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    folder = tmp_path_factory.mktemp("wheel")
    pip = [sys.executable, "-m", "pip", "wheel", "--no-deps", "--no-build-isolation"]
    run(*pip, "-w", folder, ROOT)
    return zipfile.ZipFile(next(folder.glob("oomlab-*.whl")))


def test_wheel_holds_every_file_of_the_package(wheel):
    tracked = run("git", "ls-files", "oomlab").split()
    assert tracked
    assert not {*tracked} - {*wheel.namelist()}


def test_wheel_needs_nothing_unless_an_extra_is_asked_for(wheel):
    about = next(name for name in wheel.namelist() if name.endswith("/METADATA"))
    needs = re.findall(r"^Requires-Dist: (.*)", wheel.read(about).decode(), re.M)
    assert needs
    assert not [need for need in needs if "extra ==" not in need]


def test_constraints_are_plain_pins():
    plain = re.compile(r"[a-z0-9-]+==[0-9][0-9a-z.+]*( ; [^:/@]+)?")
    assert not [line for line in PINS if not plain.fullmatch(line)]


def test_everything_an_extra_brings_is_pinned():
    pinned = {Requirement(line).name for line in PINS}
    needed, todo = set(), [("oomlab", extra) for extra in ("lab", "test", "bench")]
    while todo:
        name, extra = todo.pop()
        for need in map(Requirement, metadata.requires(name) or []):
            if need.marker is None or need.marker.evaluate({"extra": extra}):
                found = {(canonicalize_name(need.name), extra) for extra in need.extras or {""}}
                todo += found - needed
                needed |= found
    assert needed
    assert not {name for name, _ in needed} - pinned


def test_the_command_lists_what_can_be_run():
    listed = run(sys.executable, "-m", "oomlab", "list")
    assert listed and listed == run(f"{sys.prefix}/bin/oomlab", "list")
