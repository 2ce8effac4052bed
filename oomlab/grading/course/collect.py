"""Finds the submissions on the disk: notebooks, folders, zip archives of Moodle, Canvas or macOS.

Nothing is unpacked and no link is followed. Files that macOS and Jupyter leave behind are skipped
in silence. Any other file that is not graded is named, with the reason; the rest is graded all the
same.
"""

import os
import re
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import takewhile
from pathlib import Path
from typing import Protocol

from .archives import archive_name, entries
from .identity import (
    CANVAS,
    EXCHANGE,
    Student,
    Unclear,
    can_be_a_student,
    marked,
    named_by_a_system,
    owner,
    same,
    sheet_named,
    written,
)
from .submissions import NotANotebook, Submission
from .teacher_folders import common_folder, link_below

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
    def marks(self) -> list[int]:
        """Which of the parts say who it is in the way of a course system."""
        return [place for place, part in enumerate(self.parts) if marked(part)]

    @property
    def left_behind(self) -> bool:
        return any(map(LEFT_BEHIND.fullmatch, self.parts))

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
    nameless: bool  # whose it is says only the word that the teacher gave


@dataclass
class Collected:
    """All that was found, and what is not graded: (source, why)."""

    handed: list[Handed] = field(default_factory=list)
    left_out: list[tuple[str, str]] = field(default_factory=list)
    others: list[Student] = field(default_factory=list)  # of whom something was left out

    @property
    def people(self) -> dict[str, Student]:
        """All who handed in something, by id."""
        return {one.id: one for one in [*(one.student for one in self.handed), *self.others]}


class Owners(Protocol):
    """What says whose a file is: a Roster, or the one student of a submission."""

    def owner(self, above: list[str], parts: list[str], sheets: list[str]) -> Student: ...


class Collection:
    """Walks what was given, and asks of every notebook whose it is."""

    def __init__(self, words: list[str], sheets: list[str], roster: Owners | None):
        self.sheets, self.roster, self.found = sheets, roster, Collected()
        self.common = common_folder(words)
        self.in_folders = False  # do notebooks lie in folders in this word?

    def leave(self, source: str, why: str) -> None:
        self.found.left_out.append((source, why))

    def leave_one(self, place: FilePlace, why: str) -> None:
        """A file that is not graded: a student's by its folder, if others lie so, or if a zip."""
        self.leave(place.source, why)
        *folders, name = place.parts
        known = (
            self.roster or name.lower().endswith(".zip") or any(map(named_by_a_system, place.parts))
        )
        if (known or folders and self.in_folders) and not place.claimed:
            with suppress(Unclear):
                self.found.others.append(self.owner(place, given=False))

    def owner(self, place: FilePlace, given: bool = True) -> Student:
        """Whose it is; without `given` not if only the word that the teacher gave says so."""
        rule = self.roster.owner if self.roster else owner
        return rule(place.above if given else [], place.parts, self.sheets)

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
            try:
                self.all(self.members(place, place.above))
            except NotANotebook as wrong:
                self.leave(given, str(wrong))
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
        """The files in an archive; NotANotebook if it cannot be read or has none."""
        names = list(entries(archive.path, archive.inside))
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
        places = [place for place in places if not place.left_behind]
        if not places:
            raise NotANotebook("there is nothing in it")
        return places

    def all(self, places: list[FilePlace]) -> None:
        places = [place for place in places if not place.left_behind]
        places = without_common_folder(places, self.sheets)
        holding = holding_folders(places, self.sheets)
        books = [p.parts for p in places if p.parts[-1].lower().endswith(".ipynb")]
        self.in_folders = any(len(parts) > 1 for parts in books)
        before = len(self.found.handed)
        for place in places:
            if not self.roster and STRAY.fullmatch(place.stem) and place.parts[0] in holding:
                self.leave(place.source, "its folder holds the folders of students")
            else:
                self.one(place)
        self.nameless_among_others(before)

    def nameless_among_others(self, before: int) -> None:
        """Where several students are, a notebook without a name is not that of the whole folder."""
        handed = self.found.handed[before:]
        nameless = [one for one in handed if one.nameless]
        if len({one.student.id for one in handed if one not in nameless}) > 1:
            for one in nameless:
                self.found.handed.remove(one)
                self.leave(
                    one.submission.source, "neither its name nor its folder says whose it is"
                )

    def marks_in_students_folders(self) -> None:
        """Where a folder is a student's, what looks like Moodle's in it may be the student's own.

        Folders are students if other notebooks have no such names, or if it is but one student's.
        """
        plain = [one for one in self.found.handed if not one.place.marks]
        in_folders = any(len(one.place.parts) > 1 for one in plain)
        in_words = any(one.nameless for one in plain)
        single = len({one.student.id for one in self.found.handed}) == 1
        for one in [one for one in self.found.handed if one.place.marks and not one.place.claimed]:
            parts, mark = one.place.parts, one.place.marks[0]
            alone = single and (self.roster or EXCHANGE.match(parts[mark]) and not one.place.inside)
            outside = one.place.above[-1:] * bool(in_words or alone) + parts[:mark] * in_folders
            for part in outside if not any(map(marked, one.place.above)) else []:
                if self.folder_of(part) not in (None, one.student.id):
                    both = f"{written(part)} and {written(parts[mark])}"
                    self.found.handed.remove(one)
                    self.leave(one.submission.source, f"{both} could both be the student")
                    break

    def folder_of(self, name: str) -> str | None:
        """The id of the student whose folder has this name, if it can be one's."""
        with suppress(Unclear):
            return self.owner(FilePlace("", Path(), [], [name, "-.ipynb"])).id
        return None

    def only_given(self, place: FilePlace) -> bool:
        """Does only the word that the teacher gave say whose it is?"""
        try:
            return not self.owner(place, given=False)
        except Unclear:
            return not any(map(marked, place.above))

    def one(self, place: FilePlace) -> None:
        ending = place.parts[-1].rpartition(".")[2].lower()
        if ending == "zip":
            self.archive(place)
        elif ending != "ipynb":
            self.leave_one(place, "it is neither a notebook nor a zip archive")
        elif STRAY.fullmatch(place.stem) and len(place.parts) == 1:
            self.leave(place.source, "neither its name nor its folder says whose it is")
        else:
            try:
                self.hand(place, self.owner(place), self.only_given(place))
            except Unclear as why:
                self.leave(place.source, str(why))

    def archive(self, place: FilePlace) -> None:
        """An archive among notebooks: all of it is one student's, or it is a whole class.

        One in a student's folder is that student's, whatever it says inside.
        """
        try:
            members = self.members(place, [*place.above, *place.parts[:-1], place.stem])
        except NotANotebook as wrong:
            return self.leave_one(place, str(wrong))
        course = len(place.parts) == 1 and (
            any(any(map(marked, m.parts)) for m in members) or from_canvas(place, members)
        )
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
                self.found.others.append(person)

    def hand(self, place: FilePlace, person: Student, nameless: bool = False) -> None:
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
                nameless,
            )
        )


def collect(words: list[str], sheets: list[str], roster: Owners | None = None) -> Collected:
    """All notebooks in what was given, each with its student; and what is left out, and why."""
    collection = Collection(words, sheets, roster)
    for word in words:
        collection.given(word)
    collection.marks_in_students_folders()
    return collection.found


def from_canvas(place: FilePlace, members: list[FilePlace]) -> bool:
    """Is it Canvas's archive of a class? All in it are named by Canvas, and it is not itself."""
    names = [member.parts[-1] for member in members]
    students = {match[2] for name in names if (match := CANVAS.fullmatch(name))}
    return (
        len(students) > 1
        and not place.inside
        and not named_by_a_system(place.parts[-1])
        and all(map(named_by_a_system, names))
    )


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
