"""The browser's Python: Pyodide from the npm registry, and oomlab as one archive.

Pyodide's version and the hash of its package stand here; nothing of it is ever committed. What is
large travels packed as .gz, so that every host sends few bytes and needs to know no type; Python's
library and oomlab travel compiled (precompile.py).
"""

import base64
import gzip
import hashlib
import json
import shutil
import subprocess
import tarfile
import zipfile
from pathlib import Path, PurePosixPath

HERE = Path(__file__).parent
PACKAGE = HERE.parent / "oomlab"

PYODIDE = "314.0.7"
SHA512 = "0YvXxEhfEdpLfb/XkM2BFAeMROq0iMUX2bzzH9pOttyMcWkwq+HbE5uyuGD82LN7y2q+SNvi/6V5JEsOlD2R1A=="

# What no page needs of Python's library: networks, mail, other processes, databases, debuggers,
# old formats, and all but a few encodings. What a student's code may import stays; and the build
# fails if something that oomlab imports does not (precompile.mjs).
LEFT_OUT = """
    _markupbase _pydatetime _pyio _pyrepl _sysconfigdata__emscripten_wasm32-emscripten
    asyncio/__main__ asyncio/proactor_events asyncio/tools asyncio/windows_events
    asyncio/windows_utils bdb cProfile cmd code concurrent/futures/process configparser
    ctypes/macholib dbm doctest email ensurepip fileinput ftplib getpass html/parser http
    idlelib imaplib importlib/metadata ipaddress logging/config logging/handlers mailbox
    mimetypes modulefinder multiprocessing netrc nturl2path optparse pdb pickletools plistlib
    poplib profile pstats pty pyclbr pydoc pydoc_data rlcompleter sched shelve smtplib
    socketserver sqlite3 ssl stringprep symtable sysconfig/__main__ tabnanny tarfile test this trace
    tracemalloc tty turtle unittest urllib uuid venv wave webbrowser wsgiref xml xmlrpc zipapp
    zoneinfo
"""
ENCODINGS = ("__init__", "aliases", "ascii", "cp437", "latin_1", "utf_8", "utf_8_sig")
# What a page imports before it answers: compiled.
START = "bridge oomlab.lab.policylab oomlab.lab.reportview"
# What no page reads the source of: no machine of the explorer is made of these functions. Of the
# explorer's own it is made of one, each() in frames.py.
EXPLORER = [path.name for path in sorted((PACKAGE / "explorer").glob("*.py"))]
UNREAD = " ".join(
    ["oomlab/lab/", "oomlab/reports/"]
    + [f"oomlab/explorer/{name}" for name in EXPLORER if name != "frames.py"]
)
# Rooms of oomlab that a page cannot enter: its command line, the class's grades, servers, and the
# traces of real machines, which are files.
NOT_IN_A_PAGE = ("oomlab/cli/", "oomlab/doors/", "oomlab/grading/course/", "oomlab/traces/")


def fetch(work: Path) -> Path:
    """The package of Pyodide, from npm or as it was fetched before. ValueError if it is another."""
    package = work / f"pyodide-{PYODIDE}.tgz"
    if not package.exists():
        if shutil.which("npm") is None:
            raise ValueError("npm is not installed; it fetches Python for the browser (Pyodide)")
        asked = [
            *("npm", "pack", "--silent", "--prefer-offline", f"pyodide@{PYODIDE}"),
            *("--pack-destination", str(work)),
        ]
        subprocess.run(asked, check=True, stdout=subprocess.DEVNULL)
    found = base64.b64encode(hashlib.sha512(package.read_bytes()).digest()).decode()
    if found != SHA512:
        package.unlink()
        raise ValueError(f"pyodide {PYODIDE} from npm is not the package that was pinned")
    return package


def lay(work: Path, folder: Path) -> None:
    """Put the files of Pyodide, and oomlab's, below the site's static files."""
    into = folder / "pyodide"
    into.mkdir(parents=True, exist_ok=True)
    whole = work / "pyodide"
    with tarfile.open(fetch(work)) as package:
        package.extractall(whole, filter="data")
    whole /= "package"
    lock = json.loads((whole / "pyodide-lock.json").read_text())
    lock["packages"] = {}  # none is needed, so none can be asked for
    (into / "pyodide-lock.json").write_text(json.dumps(lock))
    shutil.copy(whole / "pyodide.mjs", into / "pyodide.js")  # every host knows what .js is
    for name in ("pyodide.asm.mjs", "pyodide.asm.wasm"):
        pack(whole / name, into)
    library(whole / "python_stdlib.zip", work / "library.zip")
    archive(work / "source.zip")
    compiled = [work / "python_stdlib.zip", work / "oomlab.zip"]
    subprocess.run(
        [
            *("node", str(HERE / "precompile.mjs"), str(whole)),
            *(str(work / "library.zip"), str(compiled[0]), "", ""),
            *(str(work / "source.zip"), str(compiled[1]), START, UNREAD),
        ],
        check=True,
    )
    pack(compiled[0], into)
    pack(compiled[1], folder)


def pack(path: Path, folder: Path) -> None:
    """A file as .gz, the same bytes for the same file."""
    (folder / f"{path.name}.gz").write_bytes(gzip.compress(path.read_bytes(), 9, mtime=0))


def library(whole: Path, made: Path) -> None:
    """Python's library without what is left out."""
    left_out = set(LEFT_OUT.split())
    with zipfile.ZipFile(whole) as source, zipfile.ZipFile(made, "w") as out:
        for name in source.namelist():
            path = PurePosixPath(name.removesuffix(".py"))
            out_of_it = {each.as_posix() for each in (path, *path.parents)} & left_out
            if not out_of_it and (path.parts[0] != "encodings" or path.name in ENCODINGS):
                out.writestr(name, source.read(name))


def archive(made: Path) -> None:
    """oomlab's package, the stand-ins for what Jupyter brings, and the bridge."""
    with zipfile.ZipFile(made, "w") as out:
        for path in sorted(PACKAGE.rglob("*")):
            inside = path.relative_to(PACKAGE.parent).as_posix()
            if (
                path.is_file()
                and "__pycache__" not in inside
                and not inside.startswith(NOT_IN_A_PAGE)
            ):
                out.write(path, inside)
        for folder in (HERE / "standin", HERE / "wasm"):
            for path in sorted(folder.rglob("*.py")):
                out.write(path, path.relative_to(folder).as_posix())
