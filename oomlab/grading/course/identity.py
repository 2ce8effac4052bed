"""Whose is it? One rule, for folders, archives, and a roster.

A path is read from the outside in, because what lies outside was named by the teacher or by the
course system, and what lies inside by the student:

1. `Name_123_assignsubmission_file_` (Moodle) and `name+sheet+time` (the exchange of nbgrader) say
   whose it is, wherever they stand first; but not in the folder of a student, who could write so;
2. else the folder in which the notebook lies, if it is the only one that can be a student's;
3. else `name_123_456_file.ipynb` (Canvas), or the notebook's own name: alice.ipynb.

With a roster only its students exist, and any cell of a student's line that is in no other line is
a name for that student. Where the rule says nothing, or two things, the file is refused.
"""

import csv
import io
import re
import unicodedata
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path

MOODLE = re.compile(r"((?:(?!_\d+_).)+?)_(\d+)_assignsubmission_[a-z]+(?:_|$)")
EXCHANGE = re.compile(r"((?:(?!_\d+_\d+_)[^+])+)\+[^+]+\+(\d{4}-\d\d-\d\d .+)")
CANVAS = re.compile(r"(.+?)(?:_LATE)?_(\d+)_\d+_.+")
CANVAS_BLIND = re.compile(r"(?:LATE_)?(anon_[^_]+)_\d+_.+")
JOINERS = "\u200c\u200d"  # a part of correct writing, from Persian to Malayalam
FOLDERS = (  # of teachers and systems: no student's
    *("submitted", "submissions", "submission", "inbound", "downloads", "download", "release"),
    *("archive", "students", "autograded", "source", "exercises", "home", "users", "tmp", "graded"),
)
NO_NAME = re.compile(  # what students call a notebook that has no name
    r"(?:(?:untitled|homework|hw|assignment|exercises?|solutions?|notebook|answers?|submission"
    r"|archive|final|draft|copy|test|lab|sheet|v)?[\W_]*\d{0,2}[\W_]*)(?:copy\W*\d*)?",
    re.IGNORECASE,
)
RESERVED = {"results.json", "results.csv", "nbgrader.csv", "moodle.csv", "canvas.csv"}
RESERVED |= {"summary.html", "not-graded.csv"}
AGAIN = re.compile(r"( \d+| ?\(\d+\)|-\d+)$")  # a file that was downloaded twice
IDS = ("id", "username", "sis login id", "identifier", "student")  # the first of these in a roster
NUMBERS = re.compile(r"\b(id|identifier|number|moodle|canvas|participant)\b", re.IGNORECASE)
NAMES = ("name", "full name", "student name", "student")
MOST_BYTES = 180  # of a folder's name; file systems stop at 255


class Unclear(ValueError):
    """It cannot be said whose a file is; the sentence says why."""


@dataclass(frozen=True)
class Student:
    """A person: the id that results are filed under, and the name as it is written."""

    id: str
    name: str
    number: str = ""  # in the course system
    system: str = ""  # "Moodle" or "Canvas", whose number it is
    row: dict = field(default_factory=dict, compare=False)  # the line of the roster

    @property
    def folder(self) -> str:
        """The id as the name of a folder; other ids have other folders."""
        kept = "".join(c if fit_for_a_folder(c) else "_" for c in self.id).strip(" .")
        while len(kept.encode()) > MOST_BYTES:
            kept = kept[:-1]
        if kept == self.id and same(kept) not in RESERVED:
            return kept
        return f"{kept or 'student'}-{sha256(self.id.encode()).hexdigest()[:8]}"


def fit_for_a_folder(c: str) -> bool:
    """A letter of any script, a mark on one, a digit, or a little punctuation."""
    return c.isalnum() or unicodedata.category(c)[0] == "M" or c in "-_.,'@ ()" + JOINERS


def written(text: str) -> str:
    """In composed form, as a Mac does not write it, without what a terminal or a page obeys.

    Gone are control and escape characters, and those that turn the direction of writing.
    """
    text = unicodedata.normalize("NFC", text)
    return "".join(c for c in text if c.isprintable() or c in JOINERS).strip()


def same(text: str) -> str:
    """Two names are one if this is equal: capitals and kinds of space do not count."""
    return " ".join(unicodedata.normalize("NFC", written(text).casefold()).split())


def student(name: str, number: str = "", system: str = "") -> Student:
    """The student of this name; a number is a part of the id, for names occur twice."""
    name = written(name)
    if not name or "\ufffd" in name:
        raise Unclear("the name cannot be read; unpack the archive, and grade the folder")
    return Student(f"{name}_{number}" if number else name, name, number, system)


def sheet_named(text: str, sheets: list[str]) -> str | None:
    """The sheet that a file name speaks of: Level 2.ipynb, level_2-alice.ipynb."""
    plain = re.sub(r"[\s_-]+", "-", same(text))
    places = [
        (match.start(), len(name), name)
        for name in sheets
        for match in re.finditer(rf"(?<!\w){re.escape(same(name))}(?!\d)", plain)
    ]
    return max(places)[2] if places else None


def marked(part: str) -> bool:
    """Does it say who it is in the way of Moodle or of nbgrader's exchange?"""
    return bool(MOODLE.match(part) or EXCHANGE.match(part))


def named_by_a_system(part: str) -> bool:
    """From here on the names are the student's own."""
    canvas = CANVAS.fullmatch(part) or CANVAS_BLIND.fullmatch(part)
    return marked(part) or bool(canvas)


def owner(above: list[str], parts: list[str], sheets: list[str]) -> Student:
    """Whose the file parts[-1] is, in the folders parts[:-1] of what was given as `above`."""
    for part in [*above, *parts]:
        if match := MOODLE.match(part):
            return student(match[1], match[2], "Moodle")
        if match := EXCHANGE.match(part):
            return student(match[1])
    *folders, file = parts
    folders = [f for f in folders if can_be_a_student(f, sheets)]
    if len(folders) > 1:
        raise Unclear(f"its folders {' and '.join(map(written, folders))} could both be a student")
    if folders:
        return student(folders[0])
    if match := CANVAS_BLIND.fullmatch(file):
        return student(match[1], "", "Canvas")
    if match := CANVAS.fullmatch(file):
        return student(match[1], match[2], "Canvas")
    stem = written(file.rpartition(".")[0] or file)
    if rest := without_sheet(stem, sheets):
        return student(rest)
    for folder in reversed(above):
        if not sheet_named(folder, sheets):
            if can_be_a_student(folder, sheets):
                return student(folder)
            break
    raise Unclear("neither its name nor its folder says whose it is")


def can_be_a_student(folder: str, sheets: list[str]) -> bool:
    plain = same(folder)
    return plain not in FOLDERS and bool(without_sheet(written(folder), sheets)) and plain != "/"


def without_sheet(stem: str, sheets: list[str]) -> str:
    """What a name says beside the sheet: alice of alice-level-2. Nothing, if it is no name."""
    name = sheet_named(stem, sheets)
    if name:
        words = r"[\s_-]+".join(map(re.escape, re.split(r"[\s_-]+", name)))
        stem = re.sub(rf"[\s_.-]*{words}[\s_.-]*", " ", stem, flags=re.IGNORECASE).strip()
    return "" if NO_NAME.fullmatch(stem) else stem


class Roster:
    """The students of a course, from a CSV file with a line for each."""

    def __init__(self, text: str):
        try:
            text = re.sub(r"\A\s*(sep=.\s*\n\s*)?", "", text.removeprefix("\ufeff"))  # Excel's mark
            head = text.partition("\n")[0]
            between = max(
                ",;\t", key=head.count
            )  # where a comma is for decimals, it is a semicolon
            rows = csv.reader(io.StringIO(text, newline=""), delimiter=between)
            lines = [line for line in rows if any(map(str.strip, line))]
        except csv.Error as error:
            raise ValueError(f"the roster is no CSV file: {error}") from None
        if len(lines) < 2:
            raise ValueError("the roster needs a line with the names of its columns, and students")
        self.columns = [written(column) for column in lines[0]]
        known = {same(column): i for i, column in reversed(list(enumerate(self.columns)))}
        key = next((known[name] for name in IDS if name in known), 0)
        name = next((known[name] for name in NAMES if name in known), key)
        first, last = known.get("first name"), known.get("last name", known.get("surname"))
        moodle = same(self.columns[key]) == "identifier"
        self.system = "Moodle" if moodle else "Canvas" if "sis login id" in known else ""
        self.students: list[Student] = []
        self.named: dict[str, set[str]] = {}
        self.numbered: dict[str, set[str]] = {}  # only from columns that are for numbers
        for line in lines[1:]:
            cells = [written(cell) for cell in line] + [""] * (len(self.columns) - len(line))
            if not cells[key]:
                continue  # Canvas: the line of points possible
            full = cells[name]
            if first is not None and last is not None and name == key:
                full = f"{cells[first]} {cells[last]}"
            number = cells[key].removeprefix("Participant ").strip()
            row = dict(zip(self.columns, cells, strict=False))
            number = number if number.isdigit() else ""
            person = Student(cells[key], full or cells[key], number, self.system, row)
            if any(same(other.id) == same(person.id) for other in self.students):
                raise ValueError(f"the roster has two students {person.id}")
            self.students.append(person)
            for column, cell in row.items():
                if cell and NUMBERS.search(column):
                    cell = cell.removeprefix("Participant ")
                    self.numbered.setdefault(cell, set()).add(person.id)
            for alias in {*cells, full, number, *turned(full)} - {""}:
                for form in {same(alias), letters(alias)} - {""}:
                    self.named.setdefault(form, set()).add(person.id)
        self.by_id = {person.id: person for person in self.students}

    @classmethod
    def read(cls, path: Path) -> "Roster":
        try:
            return cls(path.read_text("utf-8-sig"))
        except OSError as error:
            raise ValueError(f"the roster cannot be read: {error.strerror}") from None
        except UnicodeDecodeError:
            raise ValueError("the roster is not written in UTF-8; save it as CSV UTF-8") from None

    def find(self, name: str) -> Student | None:
        """The one student with this in the line; None if there is none, or more than one."""
        for form in (same(name), letters(name)):
            ids = self.named.get(form, set()) if form else set()
            if len(ids) == 1:
                return self.by_id[next(iter(ids))]
        return None

    def owner(self, above: list[str], parts: list[str], sheets: list[str]) -> Student:
        """The student of the roster whose the file is."""
        *folders, file = parts
        stem = file.rpartition(".")[0] or file
        for part in [*above, *parts]:
            if match := MOODLE.match(part):
                return self.agreed(match[1], match[2])
            if match := EXCHANGE.match(part):
                return self.agreed(match[1])
        for part in [*folders, stem, without_sheet(written(stem), sheets)]:
            if person := self.find(part):
                return person
        if match := CANVAS.fullmatch(file):
            return self.agreed(match[1], match[2])
        for part in reversed(above):
            if person := self.find(part):
                return person
        raise Unclear("the roster has no student of this name")

    def agreed(self, name: str, number: str | None = None) -> Student:
        """By number and by name; where both are in the roster they must be one person's."""
        ids = self.numbered.get(number or "", set())
        by_number = self.by_id[next(iter(ids))] if len(ids) == 1 else None
        by_name = self.find(name)
        if by_number and by_name and by_number.id != by_name.id:
            raise Unclear(
                f"number {number} and name {written(name)} are two students of the roster"
            )
        person = by_number or by_name
        if person is None:
            raise Unclear(f"the roster has no student {written(name)}")
        return person


def turned(name: str) -> list[str]:
    """Kovač, Ana is Ana Kovač; and Canvas writes last name and first name in one."""
    last, comma, first = name.partition(", ")
    if comma:
        return [f"{first} {last}", f"{last} {first}"]
    words = name.split()
    return [f"{words[-1]} {' '.join(words[:-1])}"] if len(words) > 1 else []


def letters(name: str) -> str:
    """Only what Canvas keeps of a name: letters, digits and marks, in small."""
    return "".join(c for c in same(name) if c.isalnum() or unicodedata.category(c)[0] == "M")
