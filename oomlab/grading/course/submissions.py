"""Notebooks as they arrive: bytes from anybody. Only the source of code cells is ever used.

Files are opened without following links, and read up to a limit. Tags, ids, points, outputs and
metadata are not looked at. A zip archive is read in memory; nothing is ever unpacked.
"""

import io
import json
import os
import re
import stat
import zipfile
import zlib
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

NOTEBOOK_BYTES = 8 << 20
SOURCE_BYTES = 1 << 20
ARCHIVE_FILES = 5000
IDS = re.compile(r"[^A-Za-z0-9._-]+")


class NotANotebook(ValueError):
    """What was submitted cannot be read, in one sentence."""


@dataclass
class Submission:
    """A file somebody handed in: whose, from where, and its bytes or why there are none."""

    student: str  # unique in a batch, fit for a file name
    source: str  # as given on the command line, for people
    path: Path
    member: str = ""  # inside a zip archive

    def read(self) -> bytes:
        if self.member:
            return read_member(self.path, self.member)
        return read_file(self.path)


def read_file(path: Path) -> bytes:
    """The bytes of a regular file; NotANotebook for links, devices and what is too long."""
    try:
        fd = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError as error:
        why = "it is a symbolic link" if os.path.islink(path) else error.strerror
        raise NotANotebook(f"it cannot be opened: {why}") from None
    if not stat.S_ISREG(os.fstat(fd).st_mode):
        os.close(fd)
        raise NotANotebook("it is not a regular file")
    with os.fdopen(fd, "rb") as file:
        data = file.read(NOTEBOOK_BYTES + 1)
    if len(data) > NOTEBOOK_BYTES:
        raise NotANotebook(f"it is longer than {NOTEBOOK_BYTES >> 20} MB; clear its outputs")
    return data


def read_member(archive: Path, member: str) -> bytes:
    try:
        with zipfile.ZipFile(archive) as opened, opened.open(member) as file:
            data = file.read(NOTEBOOK_BYTES + 1)
    except (
        zipfile.BadZipFile,
        zlib.error,
        OSError,
        RuntimeError,
        NotImplementedError,
        KeyError,
        EOFError,
    ) as error:
        raise NotANotebook(f"the archive is damaged or locked ({type(error).__name__})") from None
    if len(data) > NOTEBOOK_BYTES:
        raise NotANotebook(f"it is longer than {NOTEBOOK_BYTES >> 20} MB; clear its outputs")
    return data


def code_cells(data: bytes) -> list[str]:
    """The sources of the code cells, in order."""
    try:
        notebook = json.loads(data.decode("utf-8-sig"))
    except (ValueError, RecursionError):
        raise NotANotebook("it is not JSON, so it is no notebook") from None
    cells = notebook.get("cells") if isinstance(notebook, dict) else None
    if (
        cells is None
        and isinstance(notebook, dict)
        and isinstance(notebook.get("worksheets"), list)
    ):
        raise NotANotebook("it has the old format 3; open and save it with a newer Jupyter")
    if not isinstance(cells, list):
        raise NotANotebook("it has no list of cells")
    sources = [source_of(cell) for cell in cells if isinstance(cell, dict)]
    found = [source for source in sources if source is not None]
    if sum(map(len, found)) > SOURCE_BYTES:
        raise NotANotebook(f"it has more than {SOURCE_BYTES >> 20} MB of code")
    return found


def source_of(cell: dict) -> str | None:
    source = cell.get("source")
    if isinstance(source, list) and all(isinstance(line, str) for line in source):
        source = "".join(source)
    return source if cell.get("cell_type") == "code" and isinstance(source, str) else None


def collect(paths: list[str]) -> list[Submission]:
    """Notebooks, archives of notebooks, and folders of both, as submissions with unique ids."""
    found: list[tuple[str, Path, str]] = []
    for given in paths:
        path = Path(given)
        if path.is_dir() and not path.is_symlink():
            for folder, folders, files in os.walk(path):
                folders[:] = sorted(name for name in folders if not name.startswith("."))
                found += [
                    (f"{folder}/{name}", Path(folder, name), "")
                    for name in sorted(files)
                    if name.endswith(".ipynb")
                ]
        elif path.suffix == ".zip" and not path.is_symlink():
            found += [(f"{given}: {name}", path, name) for name in members(path)]
        else:
            found.append((given, path, ""))
    stems = [Path(member or path).stem for _, path, member in found]
    taken = {"results.json", "results.csv", "nbgrader.csv"}  # what a batch writes itself
    submissions = []
    for (source, path, member), stem in zip(found, stems, strict=True):
        student = unique(student_of(Path(member) if member else path, stems.count(stem) > 1), taken)
        submissions.append(Submission(student, source, path, member))
    return submissions


def members(archive: Path) -> list[str]:
    """The notebooks in a zip archive; an archive that cannot be read counts as one submission."""
    try:
        with zipfile.ZipFile(io.BytesIO(archive.read_bytes())) as opened:
            names = [i.filename for i in opened.infolist()[:ARCHIVE_FILES] if not i.is_dir()]
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError):
        return ["archive.ipynb"]
    return [name for name in names if name.endswith(".ipynb")]


def student_of(path: Path, same_stem: bool) -> str:
    """alice.ipynb, or alice/level-1.ipynb, or submitted/alice/level-1/level-1.ipynb: alice.

    Where all notebooks have one name, the folder says whose it is; the folder of an assignment,
    named like the notebook in it, does not count.
    """
    parts = [part for part in path.parts[:-1] if part not in ("..", ".", "/", path.stem)]
    return parts[-1] if same_stem and parts else path.stem


def unique(name: str, taken: set[str]) -> str:
    """A file name of plain letters that nobody has yet."""
    plain = IDS.sub("_", name).strip("._")[:60] or "student"
    if plain != name or plain.lower() in taken:  # two names may look alike now
        plain = f"{plain}-{sha256(name.encode('utf-8', 'surrogatepass')).hexdigest()[:6]}"
    candidate, number = plain, 2
    while candidate.lower() in taken:
        candidate, number = f"{plain}-{number}", number + 1
    taken.add(candidate.lower())
    return candidate
