"""The browser's Python: Pyodide from the npm registry, and oomlab as one archive.

Pyodide's version and the hash of its package stand here; nothing of it is ever committed.
"""

import base64
import gzip
import hashlib
import json
import shutil
import subprocess
import tarfile
import zipfile
from pathlib import Path

HERE = Path(__file__).parent
PACKAGE = HERE.parent / "oomlab"

PYODIDE = "314.0.7"
SHA512 = "0YvXxEhfEdpLfb/XkM2BFAeMROq0iMUX2bzzH9pOttyMcWkwq+HbE5uyuGD82LN7y2q+SNvi/6V5JEsOlD2R1A=="
FILES = ("pyodide.mjs", "pyodide.asm.mjs", "pyodide.asm.wasm", "python_stdlib.zip")
PACKED = "pyodide.asm.wasm"  # travels as .gz: whatever the host, a third of the bytes


def fetch(work: Path) -> Path:
    """The package of Pyodide, from npm or as it was fetched before. ValueError if it is another."""
    package = work / f"pyodide-{PYODIDE}.tgz"
    if not package.exists():
        if shutil.which("npm") is None:
            raise ValueError("npm is not installed; it fetches Python for the browser (Pyodide)")
        asked = ["npm", "pack", "--silent", f"pyodide@{PYODIDE}", "--pack-destination", str(work)]
        subprocess.run(asked, check=True, stdout=subprocess.DEVNULL)
    found = base64.b64encode(hashlib.sha512(package.read_bytes()).digest()).decode()
    if found != SHA512:
        package.unlink()
        raise ValueError(f"pyodide {PYODIDE} from npm is not the package that was pinned")
    return package


def lay(work: Path, folder: Path) -> None:
    """Put the files of Pyodide, and oomlab.zip, below the site's static files."""
    into = folder / "pyodide"
    into.mkdir(parents=True, exist_ok=True)
    with tarfile.open(fetch(work)) as package:
        for name in FILES:
            data = package.extractfile(f"package/{name}").read()
            if name == PACKED:
                (into / f"{name}.gz").write_bytes(gzip.compress(data, 9, mtime=0))
            else:
                (into / name).write_bytes(data)
        lock = json.loads(package.extractfile("package/pyodide-lock.json").read())
        lock["packages"] = {}  # none is needed, so none can be asked for
        (into / "pyodide-lock.json").write_text(json.dumps(lock))
    (folder / "oomlab.zip").write_bytes(archive())


def archive() -> bytes:
    """oomlab's package, the stand-ins for what Jupyter brings, and the bridge."""
    from io import BytesIO

    stream = BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as made:
        for path in sorted(PACKAGE.rglob("*")):
            inside = path.relative_to(PACKAGE.parent).as_posix()
            if path.is_file() and "__pycache__" not in inside:
                made.write(path, inside)
        for path in [HERE / "standin" / "anywidget.py", *sorted((HERE / "wasm").glob("*.py"))]:
            made.write(path, path.name)
    return stream.getvalue()
