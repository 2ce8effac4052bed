"""What is public says what it means, takes and raises; and each example in a docstring is true."""

import ast
import doctest
import inspect
import re
from importlib import import_module
from pathlib import Path

import pytest

import oomlab

PACKAGE = Path(oomlab.__file__).parent
UNIT = re.compile(
    r"\b(?:pages?|kB|MB|bytes|ticks?|seconds|steps?|states?|runs?|thousandths|processes|workers"
    r"|times|pixels|events|numbers|tasks)\b"
)
WITHOUT_A_UNIT = ("seed", "uid", "number")
KERNEL = ("badness", "watermarks", "lowmem_reserve", "kernel_log")  # what they say is a kernel's


def public():
    """{name: function} of every public function, and of every public method of a public class."""
    found = {}
    for name in oomlab.__all__:
        value = getattr(oomlab, name)
        if not inspect.isclass(value):
            found |= {name: value} if callable(value) else {}
            continue
        found[name] = value
        for key, member in vars(value).items():
            inner = member.fget if isinstance(member, property) else member
            inner = getattr(inner, "__func__", getattr(inner, "func", inner))
            if not key.startswith("_") and inspect.isfunction(inner):
                found[f"{name}.{key}"] = inner
    return found


PUBLIC = public()
FUNCTIONS = {name: value for name, value in PUBLIC.items() if not inspect.isclass(value)}


def test_there_is_something_to_look_at():
    assert len(FUNCTIONS) > 60 and {"run", "Run.load", "Comparison.markdown"} <= {*FUNCTIONS}


@pytest.mark.parametrize("name", PUBLIC)
def test_it_says_what_it_means(name):
    text = inspect.getdoc(PUBLIC[name]) or ""
    assert text.split("\n")[0].rstrip().endswith((".", ":", "?", ";", ",")) or len(text) > 40, name
    assert not text.startswith(name.rpartition(".")[2] + "("), "a signature is no meaning"


@pytest.mark.parametrize("name", FUNCTIONS)
def test_it_names_each_argument_and_what_comes_back(name):
    signature = inspect.signature(FUNCTIONS[name])
    text = inspect.getdoc(FUNCTIONS[name])
    given = [each for each in signature.parameters if each not in ("self", "cls")]
    assert not [each for each in given if each not in text]
    assert signature.return_annotation is not signature.empty


@pytest.mark.parametrize("name", [name for name in FUNCTIONS if "." not in name])
def test_a_function_names_its_errors_and_a_kernels_arithmetic_its_source(name):
    text = inspect.getdoc(FUNCTIONS[name])
    assert "Error" in text or "no error" in text.lower()
    assert name not in KERNEL or "Source: " in text


@pytest.mark.parametrize("name", [name for name in FUNCTIONS if "." in name])
def test_a_method_that_raises_says_so(name):
    if "raise " in inspect.getsource(FUNCTIONS[name]):
        assert "Error" in inspect.getdoc(FUNCTIONS[name])


def numbers(function):
    """The arguments that are one number and count something: no seed, no id, no level."""
    for each in inspect.signature(function).parameters.values():
        kinds = set(re.findall(r"\w+", str(each.annotation))) - {"class", "None"}
        if kinds and kinds <= {"int", "float"} and each.name not in WITHOUT_A_UNIT:
            yield each.name


@pytest.mark.parametrize("name", [name for name in FUNCTIONS if [*numbers(FUNCTIONS[name])]])
def test_a_number_has_a_unit(name):
    text = " ".join(inspect.getdoc(FUNCTIONS[name]).split())
    for argument in numbers(FUNCTIONS[name]):
        told = [
            part for part in re.split(r"(?<=[.;])\s", text) if re.search(rf"\b{argument}\b", part)
        ]
        assert any(UNIT.search(part) for part in told), f"{name}({argument})"


def test_no_public_function_has_lost_a_type():
    untyped = [
        f"{name}({parameter.name})"
        for name, function in FUNCTIONS.items()
        for parameter in inspect.signature(function).parameters.values()
        if parameter.name not in ("self", "cls")
        and parameter.kind is not parameter.VAR_KEYWORD
        and parameter.annotation is parameter.empty
    ]
    assert not untyped


def with_examples():
    for path in sorted(PACKAGE.rglob("*.py")):
        text = path.read_text("utf-8")
        if ">>> " in text and "inside" not in path.parts:
            for node in ast.walk(ast.parse(text)):
                if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef):
                    if ">>> " in (ast.get_docstring(node) or ""):
                        yield path
                        break


@pytest.mark.parametrize("path", [*with_examples()], ids=lambda path: path.stem)
def test_the_examples_are_true(path):
    parts = path.relative_to(PACKAGE.parent).with_suffix("").parts
    module = import_module(".".join(parts).removesuffix(".__init__"))
    done = doctest.testmod(module, optionflags=doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE)
    assert done.attempted and not done.failed


FILES = {path.relative_to(PACKAGE).as_posix() for path in PACKAGE.rglob("*.*")}
CONSTANTS = {
    (path.stem, name)
    for path in PACKAGE.rglob("*.py")
    for name in re.findall(r"^([A-Z]\w+)\b.* =", path.read_text("utf-8"), re.M)
}


def test_what_the_head_of_a_file_names_is_there():
    """Files, as `scheduler.py` or `lab/viewer.js`, and constants of files, as setup.MOST."""
    for path in PACKAGE.rglob("*.py"):
        text = ast.get_docstring(ast.parse(path.read_text("utf-8"))) or ""
        assert text, f"{path} has no contract"
        for name in re.findall(r"(?<![\w./-])([\w-]+(?:/[\w-]+)*\.(?:py|js|css))\b", text):
            ours = any(f"/{file}".endswith(f"/{name}") for file in FILES)
            assert ours or (PACKAGE.parent / name).exists() or name == "my.py", (path, name)
        for pair in re.findall(r"\b([a-z_]+)\.([A-Z][A-Z_]+)\b", re.sub(r"<\S+@\S+>", "", text)):
            assert pair in CONSTANTS, (path, pair)
