"""Finds the submissions on the disk: notebooks, folders, zip archives of Moodle, Canvas or macOS.

Nothing is unpacked and no link is followed. Files that macOS and Jupyter leave behind are skipped
in silence. Any other file that is not graded is named, with the reason; the rest is graded all the
same.
"""

import io
import os
import re
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import takewhile
from pathlib import Path
from typing import BinaryIO, Protocol

from .identity import (
    AGAIN,
    CANVAS,
    CANVAS_BLIND,
    EXCHANGE,
    MOODLE,
    Student,
    Unclear,
    can_be_a_student,
    owner,
    same,
    sheet_named,
    written,
)
from .submissions import DAMAGED, NotANotebook, Submission, open_file, read_entry
from .teacher_folders import common_folder, link_below

ARCHIVE_FILES = 5000
LEFT_BEHIND = re.compile(
    r"__MACOSX|\.ipynb_checkpoints|\..*|Thumbs\.db|desktop\.ini", re.IGNORECASE
)
STRAY = re.compile(r"untitled\d*", re.IGNORECASE)


@dataclass
class FilePlace:
    """A notebook or an archive: the names on the way to it, from the outside in."""

    source: str
    path: Path
    above: list[str]  # the folders and the archive that the teacher named
    parts: list[str]  # from there, the last one is the file
    inside: tuple[int, ...] = ()
    claimed: bool = False  # whose it is says only an archive that a student may have made

    @property
    def stem(self) -> str:
        return written(self.parts[-1].rpartition(".")[0])


@dataclass
class Handed:
    """A notebook of a known student, and the sheet that its name speaks of, if any."""

    student: Student
    submission: Submission
    place: FilePlace
    says: str | None
    told: str | None  # the sheet that the teacher's own part of the path speaks of
    stamp: str  # when it was handed in, from the exchange of nbgrader


@dataclass
class Collected:
    """All that was found, and what is not graded: (source, why)."""

    handed: list[Handed] = field(default_factory=list)
    left_out: list[tuple[str, str]] = field(default_factory=list)


class Owners(Protocol):
    """What says whose a file is: a Roster, or the one student of a submission."""

    def owner(self, above: list[str], parts: list[str], sheets: list[str]) -> Student: ...


class Collection:
    """Walks what was given, and asks of every notebook whose it is."""

    def __init__(self, words: list[str], sheets: list[str], roster: Owners | None):
        self.sheets, self.roster, self.found = sheets, roster, Collected()
        self.common = common_folder(words)

    def leave(self, source: str, why: str) -> None:
        self.found.left_out.append((source, why))

    def owner(self, place: FilePlace) -> Student:
        rule = self.roster.owner if self.roster else owner
        return rule(place.above, place.parts, self.sheets)

    def given(self, given: str) -> None:
        """One word of the command line."""
        path = Path(given)
        above = [part for part in path.parts if part not in ("..", ".", "/")]
        if not os.path.lexists(path):
            self.leave(given, "there is no such file or folder")
        elif path.is_symlink():
            self.leave(given, "it is a symbolic link")
        elif link := link_below(path, self.common):
            self.leave(given, f"{link} is a symbolic link")
        elif path.is_dir():
            self.all(list(self.folder(path, above)))
        elif path.suffix.lower() == ".zip":
            place = FilePlace(given, path, [*above[:-1], archive_name(path.name)], [path.name])
            self.all(self.members(place, place.above))
        else:
            self.all([FilePlace(given, path, above[:-1], [path.name])])

    def folder(self, top: Path, above: list[str]) -> Iterator[FilePlace]:
        def unreadable(error: OSError) -> None:
            self.leave(str(error.filename), f"the folder cannot be read: {error.strerror}")

        for folder, folders, files in os.walk(top, onerror=unreadable):
            folders.sort()
            for name in [name for name in folders if os.path.islink(os.path.join(folder, name))]:
                self.leave(os.path.join(folder, name), "it is a symbolic link")
            folders[:] = [name for name in folders if not LEFT_BEHIND.fullmatch(name)]
            for name in sorted(files):
                path = Path(folder, name)
                parts = list(path.relative_to(top).parts)
                yield FilePlace(str(path), path, above, parts)

    def members(self, archive: FilePlace, above: list[str]) -> list[FilePlace]:
        """The files in an archive; none, with a reason, if it cannot be read."""
        try:
            names = list(entries(archive))
        except NotANotebook as wrong:
            self.leave(archive.source, str(wrong))
            return []
        wrapper = same(archive_name(archive.parts[-1]))
        places = []
        for number, name in names:
            name = name if "/" in name else name.replace("\\", "/")  # as old Windows tools write
            parts = [part for part in name.split("/") if part not in ("", ".", "..")]
            if len(parts) > 1 and same(archive_name(parts[0])) == wrapper:
                del parts[0]  # a Mac puts the folder itself into the archive
            source = f"{archive.source}: {name}"
            inside = (*archive.inside, number)
            places.append(FilePlace(source, archive.path, above, parts, inside, archive.claimed))
        return places

    def all(self, places: list[FilePlace]) -> None:
        places = [p for p in places if not any(map(LEFT_BEHIND.fullmatch, p.parts))]
        places = without_common_folder(places, self.sheets)
        holding = holding_folders(places, self.sheets)
        for place in places:
            if not self.roster and STRAY.fullmatch(place.stem) and place.parts[0] in holding:
                self.leave(place.source, "its folder holds the folders of students")
            else:
                self.one(place)

    def one(self, place: FilePlace) -> None:
        ending = place.parts[-1].rpartition(".")[2].lower()
        if ending == "zip":
            self.archive(place)
        elif ending != "ipynb":
            self.leave(place.source, "it is neither a notebook nor a zip archive")
        elif STRAY.fullmatch(place.stem) and len(place.parts) == 1:
            self.leave(place.source, "neither its name nor its folder says whose it is")
        else:
            try:
                self.hand(place, self.owner(place))
            except Unclear as why:
                self.leave(place.source, str(why))

    def archive(self, place: FilePlace) -> None:
        """An archive among notebooks: all of it is one student's, or it is a whole class.

        One in a student's folder is that student's, whatever it says inside.
        """
        members = self.members(place, [*place.above, *place.parts[:-1], place.stem])
        members = [m for m in members if not any(map(LEFT_BEHIND.fullmatch, m.parts))]
        course = any(marked(m.parts) for m in members) and len(place.parts) == 1
        try:
            person = None if course else self.owner(place)
        except Unclear as why:
            if len(place.inside) > 0:
                return self.leave(place.source, str(why))
            person = None
        if person is None:
            for member in members:
                member.claimed = True
            return self.all(members)
        for member in members:
            if member.parts[-1].lower().endswith(".ipynb"):
                self.hand(member, person)
            else:
                self.leave(member.source, "it is not a notebook")

    def hand(self, place: FilePlace, person: Student) -> None:
        stamps = [m[2] for part in [*place.above, *place.parts] if (m := EXCHANGE.match(part))]
        submission = Submission(
            person.id,
            written(place.source),
            place.path,
            place.inside,
            person.name,
            person.folder,
            person.number,
            person.system,
        )
        on_the_way = [*place.above, *([] if place.inside else place.parts)]
        told = list(takewhile(lambda part: not named_by_a_system(part), on_the_way))
        self.found.handed.append(
            Handed(
                person,
                submission,
                place,
                sheet_named(place.parts[-1], self.sheets),
                next(filter(None, (sheet_named(t, self.sheets) for t in reversed(told))), None),
                max(stamps, default=""),
            )
        )


def collect(words: list[str], sheets: list[str], roster: Owners | None = None) -> Collected:
    """All notebooks in what was given, each with its student; and what is left out, and why."""
    collection = Collection(words, sheets, roster)
    for word in words:
        collection.given(word)
    return collection.found


def archive_name(name: str) -> str:
    """class.zip, class (1).zip, class 2.zip: class."""
    stem = name[:-4] if name.lower().endswith(".zip") else name
    return AGAIN.sub("", stem)


def named_by_a_system(part: str) -> bool:
    """From here on the names are the student's own."""
    canvas = CANVAS.fullmatch(part) or CANVAS_BLIND.fullmatch(part)
    return bool(MOODLE.match(part) or EXCHANGE.match(part) or canvas)


def marked(parts: list[str]) -> bool:
    """Does a part say who it is in the way of a course system?"""
    return any(MOODLE.match(part) or EXCHANGE.match(part) for part in parts)


def without_common_folder(places: list[FilePlace], sheets: list[str]) -> list[FilePlace]:
    """class/alice/x.ipynb, class/bob/x.ipynb: alice/x.ipynb, bob/x.ipynb."""
    books = [p for p in places if p.parts[-1].lower().endswith((".ipynb", ".zip"))]
    books = [p for p in books if not STRAY.fullmatch(p.stem) or len(p.parts) > 2]
    tops = {p.parts[0] for p in books}
    if len(tops) == 1 and all(len(p.parts) > 2 for p in books):
        if len({p.parts[1] for p in books if can_be_a_student(p.parts[1], sheets)}) > 1:
            for place in places:
                place.parts = place.parts[1:] if place.parts[0] in tops else place.parts
    return places


def holding_folders(places: list[FilePlace], sheets: list[str]) -> set[str]:
    """Outermost folders that hold folders of students: a stray notebook there is no student's."""
    found = set()
    for parts in [place.parts for place in places]:
        folders = list(takewhile(lambda part: not named_by_a_system(part), parts[:-1]))
        inner = [f for f in folders if can_be_a_student(f, sheets)]
        if len(inner) > 1 or folders and len(folders) < len(parts) - 1:
            found.add(parts[0])
    return found


def entries(archive: FilePlace) -> Iterator[tuple[int, str]]:
    """(number, name) of each file in a zip archive; NotANotebook if it is damaged."""
    try:
        file: BinaryIO
        if archive.inside:
            file = io.BytesIO(read_entry(archive.path, archive.inside))
        else:
            file = open_file(archive.path)
        with file, zipfile.ZipFile(file) as opened:
            for number, info in enumerate(opened.infolist()[:ARCHIVE_FILES]):
                if not info.is_dir():
                    yield number, real_name(info)
    except NotANotebook:
        raise
    except DAMAGED as error:
        raise NotANotebook(f"the archive is damaged ({type(error).__name__})") from None


def real_name(info: zipfile.ZipInfo) -> str:
    """A Mac writes names in UTF-8 without saying so; what is no UTF-8 becomes U+FFFD."""
    if info.flag_bits & 0x800:  # the archive says that its names are UTF-8
        return info.filename
    try:
        return info.filename.encode("cp437").decode("utf-8", "replace")
    except UnicodeEncodeError:  # from the extra field of Info-ZIP: decoded already
        return info.filename
