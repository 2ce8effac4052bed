"""In the browser's Python, when the site is built: an archive of Python files, compiled.

Python would compile what it imports each time a page starts, and that took two thirds of the start.
"""

import ast
import importlib.util
import marshal
import sys
import zipfile

# Bytecode that is never compared with its source: both come from one build (PEP 552).
HEADER = importlib.util.MAGIC_NUMBER + (1).to_bytes(4, "little") + bytes(8)


def compile_archive(read: str, made: str, start: str, unread: str) -> None:
    """Compile a library, or what of an archive the modules named in `start` import.

    What becomes bytecode loses its source in a library, and in an archive's folders and files in
    `unread`; its docstrings go, too. Elsewhere the source stays beside it, which oomlab reads
    (explorer/compile.py). Nothing is deflated, since the whole archive is packed as one when it
    is sent.
    """
    folders = tuple(unread.split())
    with zipfile.ZipFile(read) as source, zipfile.ZipFile(made, "w") as out:
        wanted = imported(source, start) if start else source.namelist()
        for name in source.namelist():
            data = source.read(name)
            compiled = name.endswith(".py") and name in wanted
            alone = compiled and (not start or name.startswith(folders))
            if not alone:
                out.writestr(name, data)
            if compiled:
                place = name + "c" if alone else importlib.util.cache_from_source(name)
                code = compile(data, name, "exec", dont_inherit=True, optimize=2 if alone else 0)
                out.writestr(place, HEADER + marshal.dumps(code))


def imported(source: zipfile.ZipFile, start: str) -> set[str]:
    """The files of an archive that are read when these modules are imported."""
    source.extractall("/source")
    sys.path.insert(0, "/source")
    for name in start.split():
        importlib.import_module(name)
    files = [getattr(module, "__file__", None) or "" for module in sys.modules.values()]
    return {file.removeprefix("/source/") for file in files}


# No page has another process: what asks for this never runs there.
NEVER = {"multiprocessing"}


def asked_for(read: str) -> str:
    """Which of this Python's library the files of an archive import, wherever in them; as words."""
    found = set()
    with zipfile.ZipFile(read) as source:
        for name in source.namelist():
            for node in ast.walk(ast.parse(source.read(name))) if name.endswith(".py") else ():
                if isinstance(node, ast.Import):
                    found |= {alias.name for alias in node.names}
                elif isinstance(node, ast.ImportFrom) and not node.level:
                    found.add(node.module)
    top = {name: name.partition(".")[0] for name in found}
    library = {name for name in found if top[name] in sys.stdlib_module_names - NEVER}
    return " ".join(sorted(name for name in library if can_import(name)))


def can_import(name: str) -> bool:
    """Some modules are for other systems, and are in no browser's Python."""
    try:
        importlib.import_module(name)
    except ImportError:
        return False
    return True


def import_all(names: str) -> None:
    """Import them. ImportError if what is left out of the library is needed for one."""
    for name in names.split():
        importlib.import_module(name)
