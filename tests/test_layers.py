"""Imports point one way: to the model and its policies, and never in a circle.

The model imports only which kernel it is; the scheduler, the explorer and the trace import the
model; what people look at, read and grade with imports those; the command line imports all.
"""

import ast
import re
import subprocess
import sys
import tokenize
from graphlib import TopologicalSorter
from pathlib import Path

PACKAGE = Path(__file__).parents[1] / "oomlab"
HEIGHT = {
    "policies": 0,
    "model": 0,
    "naming": 0,
    "plural": 0,
    "recordings": 2,
    "reports": 2,
    "lab": 2,
    "theory": 2,
    "grading": 2,
    "sheets": 2,
    "sweeps": 2,
    "traces": 2,
    "version": 0,
    "doors": 2,
    "cli": 3,
    "__main__": 3,
}

FILES = {
    ".".join(path.relative_to(PACKAGE.parent).with_suffix("").parts).removesuffix(".__init__"): path
    for path in PACKAGE.rglob("*.py")
}


def height(module):
    return HEIGHT.get(module.split(".")[1], 1) if "." in module else 2


def imported(module):
    """The modules of oomlab that this one names in an import, wherever in the file that stands."""
    package = module if FILES[module].stem == "__init__" else module.rpartition(".")[0]
    for node in ast.walk(ast.parse(FILES[module].read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names if alias.name in FILES)
        elif isinstance(node, ast.ImportFrom):
            up = package.split(".")[: len(package.split(".")) + 1 - node.level]
            base = ".".join([*(up if node.level else []), *filter(None, [node.module])])
            names = [f"{base}.{alias.name}" for alias in node.names]
            yield from (name if name in FILES else base for name in names)


GRAPH = {module: {name for name in imported(module) if name in FILES} for module in FILES}


def test_no_import_points_up():
    arrows = [(module, name) for module, names in GRAPH.items() for name in names]
    assert arrows
    assert not [(a, b) for a, b in arrows if height(a) < height(b)]


def test_no_two_rooms_have_one_name():
    """Neither two files nor a file and a folder; only __init__ and __main__ are Python's own."""
    files = [path.stem for path in PACKAGE.rglob("*.py") if not path.stem.startswith("__")]
    folders = {path.parent for path in PACKAGE.rglob("*.py")} - {PACKAGE}
    names = [*files, *(folder.name for folder in folders)]
    assert not sorted({name for name in names if names.count(name) > 1})


def on_the_way(module, name):
    """The packages whose __init__ Python runs first to import `name`, unless it has run already."""
    parts = name.split(".")
    packages = {".".join(parts[:n]) for n in range(1, len(parts))}
    return {p for p in packages if module != p and not module.startswith(f"{p}.")}


def test_no_import_runs_in_a_circle():
    runs = {
        module: names.union(*(on_the_way(module, name) for name in names))
        for module, names in GRAPH.items()
    }
    TopologicalSorter(runs).prepare()  # raises CycleError, which names the circle


def test_no_two_classes_have_one_name():
    """A Zone is the model's; what a report prints of one is a PrintedZone."""
    names = [
        node.name
        for path in PACKAGE.rglob("*.py")
        for node in ast.parse(path.read_text("utf-8")).body
        if isinstance(node, ast.ClassDef)
    ]
    assert not sorted({name for name in names if names.count(name) > 1})


def test_the_picture_of_the_rooms_is_the_house():
    """docs/architecture.md: each room and file once, and no import from a line further down."""
    text = (PACKAGE.parent / "docs/architecture.md").read_text("utf-8")
    table = re.findall(r"^\| (`.*?) \|", text.split("## The rooms")[1].split("\n## ")[0], re.M)
    lines = {
        name.removesuffix(".py").removesuffix("/"): number
        for number, row in enumerate(table)
        for name in re.findall(r"`([^`]+)`", row)
    }
    there = {module.split(".")[1] for module in FILES if "." in module} - {"__main__"}
    assert set(lines) == there and sum(row.count("`") for row in table) == 2 * len(lines)
    arrows = [
        (module, name)
        for module, names in GRAPH.items()
        for name in names
        if module.count(".") and name.count(".") and not module.endswith("__main__")
    ]
    below = [(a, b) for a, b in arrows if lines[a.split(".")[1]] < lines[b.split(".")[1]]]
    assert len(arrows) > 300 and not below
    assert sum((PACKAGE / room).is_dir() for room in lines) <= 15


def test_no_room_needs_what_windows_lacks_to_be_imported():
    """Only what runs in the sandbox (grading/inside) may; the rest asks for it where it is used."""
    posix = ("fcntl", "grp", "pwd", "resource", "syslog", "termios")
    rooms = [m for m in FILES if "__main__" not in m and ".inside" not in m]
    code = (
        f"import sys; sys.modules |= dict.fromkeys({posix})\nfrom importlib import import_module\n"
    )
    code += f"for room in {rooms}: import_module(room)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


BLANK = {"COMMENT", "NL", "NEWLINE", "INDENT", "DEDENT", "ENCODING", "ENDMARKER"}


def lines_of_code(path: Path) -> int:
    """Lines with something else than a comment or a docstring."""
    documented = (ast.Module, ast.ClassDef, ast.FunctionDef)
    nodes = [node for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, documented)]
    docs = [node.body[0] for node in nodes if ast.get_docstring(node) is not None]
    told = {line for doc in docs for line in range(doc.lineno, (doc.end_lineno or 0) + 1)}
    with path.open("rb") as file:
        tokens = [
            t for t in tokenize.tokenize(file.readline) if tokenize.tok_name[t.type] not in BLANK
        ]
    return len({n for t in tokens for n in range(t.start[0], t.end[0] + 1)} - told)


def test_the_model_is_no_larger_than_the_page_says():
    page = (PACKAGE.parent / "docs" / "architecture.md").read_text("utf-8")
    said = re.search(r"At most ([\d,]+) lines in [\w-]+ files, at most ([\d,]+) of them code", page)
    most, most_code = (int(number.replace(",", "")) for number in said.groups())
    files = list((PACKAGE / "model").glob("*.py"))
    lines, code = (
        sum(len(p.read_text().splitlines()) for p in files),
        sum(map(lines_of_code, files)),
    )
    assert most - 300 < lines <= most and most_code - 200 < code <= most_code, (lines, code)


def test_a_file_is_read_in_one_sitting():
    lines = {path.name: len(path.read_text("utf-8").splitlines()) for path in FILES.values()}
    assert not {name: n for name, n in lines.items() if n > 350}
