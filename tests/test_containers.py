"""Container, devcontainer and Binder, as far as a machine without a network can try them.

What they name is there, and what they would run is understood; the images are not built here.
"""

import json
import os
import re
import shlex
import subprocess
import tomllib
from pathlib import Path

from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet

from oomlab.cli.parser import command_line

ROOT = Path(__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
PYTHONS = SpecifierSet(PROJECT["requires-python"])
TRACKED = {
    *subprocess.run(
        ["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout.splitlines()
}


def instructions():
    text = (ROOT / "Dockerfile").read_text()
    text = re.sub(r"\\\n\s*", "", re.sub(r"^#.*\n", "", text, flags=re.M))
    return [line.split(maxsplit=1) for line in text.splitlines() if line]


def test_the_container_copies_what_is_there_and_runs_what_oomlab_understands():
    steps = instructions()
    known = {"FROM", "WORKDIR", "COPY", "RUN", "USER", "EXPOSE", "CMD"}
    assert {name for name, _ in steps} == known and steps[0][0] == "FROM" and steps[-1][0] == "CMD"
    for image in (what for name, what in steps if name == "FROM"):
        assert re.match(r"python:(\d+\.\d+)-slim", image)[1] in PYTHONS
    for source in (what.split()[0] for name, what in steps if name == "COPY"):
        assert source in TRACKED | {".", "--from=wheel"}
    for shell in (what for name, what in steps if name == "RUN"):
        subprocess.run(["sh", "-n", "-c", shell], check=True)
    words = json.loads(steps[-1][1])
    args = command_line(words[1:]).parse_args(words[1:])
    assert words[0] in PROJECT["scripts"] and args.ip == "0.0.0.0" and args.no_browser
    port = next(what for name, what in steps if name == "EXPOSE")
    assert f":{port} " in (ROOT / "Dockerfile").read_text()  # the command above says the same


def test_no_solution_and_no_attack_gets_into_the_image():
    """The last stage has the wheel alone, which test_packaging looks into."""
    steps = instructions()
    last = max(n for n, (name, _) in enumerate(steps) if name == "FROM")
    copied = {what.split()[0] for name, what in steps[last:] if name == "COPY"}
    assert copied == {"constraints.txt", "--from=wheel"}
    assert "tests" in (ROOT / ".dockerignore").read_text().split()


def test_the_devcontainer_calls_make_for_what_make_can_do():
    container = json.loads((ROOT / ".devcontainer/devcontainer.json").read_text())
    assert container["image"].rpartition(":")[2] in PYTHONS
    command, target = shlex.split(container["postCreateCommand"])
    dry = [command, "--dry-run", target]
    subprocess.run(dry, cwd=ROOT, capture_output=True, check=True)
    ci = (ROOT / ".ci/run").read_text()
    wanted = shlex.split(container["onCreateCommand"].partition("recommends ")[2])
    assert len(wanted) > 2 and all(package in ci for package in wanted)


def test_binder_installs_the_extra_and_keeps_widgets(tmp_path):
    place = ROOT / "binder"
    version = (place / "runtime.txt").read_text().strip().removeprefix("python-")
    assert version in PYTHONS
    pins, package = (place / "requirements.txt").read_text().splitlines()
    assert (place / pins.removeprefix("-c ")).resolve() == ROOT / "constraints.txt"
    asked = Requirement(package.removeprefix("-e ").replace(".", PROJECT["name"], 1))
    assert asked.extras <= PROJECT["optional-dependencies"].keys() and asked.extras
    build = place / "postBuild"
    assert os.access(build, os.X_OK)
    own = {**os.environ, "NB_PYTHON_PREFIX": str(tmp_path)}
    subprocess.run([build], cwd=ROOT, env=own, check=True)
    kept = tmp_path / "etc/jupyter/labconfig/default_setting_overrides.json"
    assert json.loads(kept.read_text())["@jupyter-widgets/jupyterlab-manager:plugin"]["saveState"]
