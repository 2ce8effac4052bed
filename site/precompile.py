"""In the browser's Python, when the site is built: an archive of Python files, compiled.

Python would compile what it imports each time a page starts, and that took two thirds of the start.
"""

import importlib.util
import marshal
import sys
import zipfile

# Bytecode that is never compared with its source: both come from one build (PEP 552).
HEADER = importlib.util.MAGIC_NUMBER + (1).to_bytes(4, "little") + bytes(8)


def compile_archive(read: str, made: str, start: str) -> None:
    """Compile a library, or what of an archive the modules named in `start` import.

    A library's files become bytecode without docstrings, and their sources are left out. An archive
    keeps its sources, which oomlab reads (explorer/compile.py), and has the bytecode beside them.
    Nothing is deflated, since the whole archive is packed as one when it is sent.
    """
    with zipfile.ZipFile(read) as source, zipfile.ZipFile(made, "w") as out:
        wanted = imported(source, start) if start else source.namelist()
        for name in source.namelist():
            data = source.read(name)
            if start or not name.endswith(".py"):
                out.writestr(name, data)
            if name.endswith(".py") and name in wanted:
                place = importlib.util.cache_from_source(name) if start else name + "c"
                code = compile(data, name, "exec", dont_inherit=True, optimize=0 if start else 2)
                out.writestr(place, HEADER + marshal.dumps(code))


def imported(source: zipfile.ZipFile, start: str) -> set[str]:
    """The files of an archive that are read when these modules are imported."""
    source.extractall("/source")
    sys.path.insert(0, "/source")
    for name in start.split():
        importlib.import_module(name)
    files = [getattr(module, "__file__", None) or "" for module in sys.modules.values()]
    return {file.removeprefix("/source/") for file in files}
