"""What is promised to whoever installs oomlab: nothing else needed, nothing missing, all pinned."""

import json
import re
import subprocess
import sys
import tarfile
import zipfile
from importlib import metadata
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))
from hatch_build import at_the_index  # noqa: E402

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
def dist(tmp_path_factory):
    """The wheel and the source archive, built from what is here."""
    folder = tmp_path_factory.mktemp("dist")
    run(sys.executable, "-m", "hatchling", "build", "-d", folder)
    return folder


@pytest.fixture(scope="module")
def wheel(dist):
    return zipfile.ZipFile(next(dist.glob("oomlab-*.whl")))


@pytest.fixture(scope="module")
def clean(dist, tmp_path_factory):
    """A fresh environment with the wheel in it and nothing else: call it with a command."""
    folder = tmp_path_factory.mktemp("clean")
    run(sys.executable, "-m", "venv", "--without-pip", folder / "venv")
    pip = [sys.executable, "-m", "pip", "--python", folder / "venv/bin/python", "install"]
    run(*pip, "--no-index", "--no-deps", "--no-compile", next(dist.glob("*.whl")))

    def call(*command, status=0):
        command = [folder / "venv/bin" / command[0], *command[1:]]
        done = subprocess.run(command, cwd=folder, capture_output=True, text=True)
        assert done.returncode == status, done.stdout + done.stderr
        return done.stdout + done.stderr

    return call


def test_the_index_will_show_them(dist):
    assert (
        run(sys.executable, "-m", "twine", "check", "--strict", *dist.iterdir()).count("PASS") == 2
    )


def test_every_link_of_the_index_page_leads_somewhere(wheel):
    about = wheel.read(
        next(name for name in wheel.namelist() if name.endswith("/METADATA"))
    ).decode()
    heads, text = about.split("\n\n", 1)
    assert "Author: The oomlab authors" in heads and heads.count("Project-URL: ") >= 2
    assert "License-Expression: MIT AND CC-BY-4.0" in heads
    assert "<picture>" not in text
    links = re.findall(r"\]\((\S+)\)|^\[\w+\]: (\S+)", text, re.M)
    assert links and all("".join(link).startswith("https://") for link in links)
    source = "https://example.org/oomlab"
    picture = '<picture>\n<source srcset="docs/a.svg"><img src="docs/b.svg"></picture>\n\nend'
    assert at_the_index(picture, "") == "end"
    assert at_the_index(picture, source).count(f'="{source}/raw/HEAD/docs/') == 2
    assert at_the_index("see [the [x] docs](docs/a.md) ![p\nq](b.png) [w](https://w)", source) == (
        f"see [the [x] docs]({source}/blob/HEAD/docs/a.md) ![p\nq]({source}/raw/HEAD/b.png) "
        "[w](https://w)"
    )


def test_wheel_holds_every_file_of_the_package_and_the_course(wheel):
    held = {*wheel.namelist()}
    assert not {*run("git", "ls-files", "oomlab").split()} - held
    course = {*run("git", "ls-files", "notebooks", "exercises", "sheets", "docs").split()}
    assert course and not {f"oomlab/course/{name}" for name in course} - held
    assert {name.split("/")[0] for name in held} == {"oomlab", "oomlab-0.1.0.dist-info"}


def test_nothing_that_only_a_teacher_may_see_is_packed(dist, wheel):
    """No line of a solution, no attack on the grader, no mistaken answer; in the sdist neither."""
    notebooks = [json.loads(path.read_text()) for path in ROOT.glob("exercises/*.ipynb")]
    cells = ["".join(cell["source"]) for notebook in notebooks for cell in notebook["cells"]]
    cut = re.findall(r"### BEGIN (?:SOLUTION|HIDDEN TESTS)(.*?)### END", "\n".join(cells), re.S)
    secret = {line.strip() for text in cut for line in text.splitlines() if len(line.strip()) > 30}
    assert len(secret) > 20
    with tarfile.open(next(dist.glob("*.tar.gz"))) as sdist:
        files = {m.name: sdist.extractfile(m).read() for m in sdist.getmembers() if m.isfile()}
    files |= {name: wheel.read(name) for name in wheel.namelist()}
    students = [name for name in files if re.search(r"exercises/level-\d.ipynb$", name)]
    assert len(students) == 2 * len(notebooks)
    for name in students:
        lines = "".join(
            "".join(cell["source"]) + "\n" for cell in json.loads(files[name])["cells"]
        ).splitlines()
        assert "# YOUR CODE HERE" in {line.strip() for line in lines}
        assert not secret & {line.strip() for line in lines}
    for name, content in files.items():
        assert not re.search(r"(^|/)(tests|attacks|mistakes)[/.]|/\.(?!gitignore)", name), name
        if not name.endswith("release.py"):  # which knows the markers
            assert b"### BEGIN SOLUTION" not in content, name


def test_the_wheel_alone_does_what_needs_no_extra(clean):
    first = "import oomlab; print(oomlab.run('invisible-dependency').outcome.verdict)"
    assert clean("python", "-I", "-c", first) == "deadlock\n"
    assert clean("oomlab", "run", "lost-victim", "--policy", "rfc-2015-11-25", "--seed", "3")
    two = ("--policy", "linux-4.4", "--policy", "handa", "--seeds", "1")
    assert "### lost-victim" in clean("oomlab", "compare", "lost-victim", *two)
    assert "no-victim-lost" in clean(
        "oomlab", "explore", "lost-victim", "--set", "vmas=1", status=1
    )
    report = ROOT / "tests/data/reports/6.1-global.txt"
    assert clean("oomlab", "explain", report)


def test_the_wheel_alone_hands_out_the_course(clean):
    course = run("git", "ls-files", "notebooks", "exercises", "sheets", "docs").split()
    assert f"Wrote {len(course)} files" in clean("oomlab", "course", "mine")
    assert "holds" in clean("oomlab", "check", "mine/sheets/a3-lost-victim-list.sheet")
    said = clean("oomlab", "lab", "mine", status=2)
    assert said.startswith("oomlab: this needs jupyterlab: pip install") and said.count("\n") == 1
    said = clean("oomlab", "serve", status=2)
    assert said.startswith("oomlab: there is no site in _site") and said.count("\n") == 1


@pytest.mark.parametrize("name", ["PolicyLab", "Prediction", "ReportView"])
def test_what_an_extra_is_missing_for_is_one_sentence(clean, name):
    said = clean("python", "-c", f"from oomlab.lab import {name}", status=1)
    assert said.strip().endswith("pip install 'oomlab[lab]'") and said.count("Traceback") == 1


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


def test_practice_and_release_need_nothing_that_posix_alone_has():
    """On Windows a notebook checks itself, and a teacher makes the students' version."""
    code = (
        "import sys; sys.modules |= dict.fromkeys(('resource', 'fcntl', 'pwd', 'grp'))\n"
        "from oomlab.grading import check; import oomlab.grading.course.release\n"
        "print(check('watermarks', lambda *a: None, lambda *a: None).passed)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert "ModuleNotFoundError" not in done.stderr, done.stderr
