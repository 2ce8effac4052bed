"""The recipes of CONTRIBUTING.md, each followed from its own text in a copy of the tree."""

import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
TEXT = (ROOT / "CONTRIBUTING.md").read_text("utf-8")
RECIPES = dict(re.findall(r"^## (\d\. [^\n]+)\n(.*?)(?=^## )", TEXT, re.M | re.S))
COPIED = ("oomlab", "notebooks", "docs", "tests", "README.md", "pyproject.toml", "exercises")


@pytest.fixture
def tree(tmp_path):
    """A copy of what the recipes change and run."""
    large = {str(ROOT / "notebooks" / "recordings"), str(ROOT / "tests" / "data")}

    def leave(folder, names):
        return {n for n in names if f"{folder}/{n}" in large}

    for name in COPIED:
        copy = shutil.copytree if (ROOT / name).is_dir() else shutil.copy
        copy(ROOT / name, tmp_path / name, **({"ignore": leave} if copy is shutil.copytree else {}))
    return tmp_path


def apply(tree, block):
    """One diff: a file's name, then its lines; those without a + must stand there in one piece."""
    head, *lines = block.rstrip("\n").split("\n")
    name, _, where = head.partition(", ")
    new = "\n".join(line[1:] for line in lines if line[0] in "+ ")
    path = tree / name
    if where == "a new file":
        assert not path.exists(), name
        path.write_text(new + "\n", "utf-8")
        return
    text = path.read_text("utf-8")
    if where == "at the end":
        path.write_text(text + new + "\n", "utf-8")
        return
    old = "\n".join(line[1:] for line in lines if line[0] in "- ")
    assert old and text.count(old) == 1, f"{name} has no longer, or not once:\n{old}"
    path.write_text(text.replace(old, new), "utf-8")


def commands(block):
    """(command, the lines that its output must hold, those with ! that it must not)."""
    for part in block.split("$ ")[1:]:
        command, *said = part.strip("\n").split("\n")
        yield command, said


def run(tree, command):
    words = shlex.split(command)
    first = {"oomlab": [sys.executable, "-m", "oomlab"], "python": [sys.executable]}[words[0]]
    env = {**os.environ, "PYTHONPATH": str(tree), "PYTHONDONTWRITEBYTECODE": "1"}
    done = subprocess.run(
        [*first, *words[1:]], cwd=tree, env=env, capture_output=True, text=True, timeout=60
    )
    assert "Traceback" not in done.stderr, done.stderr
    return done.stdout + done.stderr


@pytest.mark.parametrize("recipe", RECIPES)
def test_a_recipe_works_as_it_is_written(recipe, tree):
    for kind, block in blocks(recipe):
        if kind == "diff":
            apply(tree, block)
            continue
        for command, said in commands(block):
            got = run(tree, command)
            for line in said:
                if line.startswith("! "):
                    assert line[2:] not in got, (command, got)
                else:
                    assert line in got, (command, got)


def blocks(recipe):
    return re.findall(r"^```(diff|console)\n(.*?)^```$", RECIPES[recipe], re.M | re.S)


def test_there_are_six_and_their_code_keeps_the_style_and_the_length_of_a_file(tree):
    assert len(RECIPES) == 6
    changed = set()
    for recipe in RECIPES:
        for kind, block in blocks(recipe):
            if kind == "diff":
                apply(tree, block)
                changed.add(block.split("\n")[0].partition(",")[0])
    lines = {name: len((tree / name).read_text("utf-8").splitlines()) for name in changed}
    assert not {name: n for name, n in lines.items() if n > 350}  # tests/test_layers.py
    ruff = [sys.executable, "-m", "ruff"]
    for command in (["check", "--quiet"], ["format", "--check"]):
        line = [*ruff, *command, *sorted(changed)]
        done = subprocess.run(line, cwd=tree, text=True, capture_output=True)
        assert done.returncode == 0, done.stdout + done.stderr
