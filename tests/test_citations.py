"""Every citation in the course and in the code resolves, and what is cited is what is known."""

import re
import tomllib
from functools import cache
from pathlib import Path

import nbformat
import pytest

from oomlab import KNOBS
from oomlab.bibliography import DATA, KERNELS, cite, source

ROOT = Path(__file__).parents[1]
NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))
PROSE, CODE = sorted((ROOT / "docs").glob("*.md")), sorted((ROOT / "oomlab").rglob("*.py"))

TESTS = sorted((ROOT / "tests").rglob("*.py"))  # what a test cites is a source, too
SHEETS = sorted((ROOT / "sheets").rglob("*.sheet"))

MAIL = re.compile(r"\bM\d\d\b")
COMMIT = re.compile(r"\b(?=[0-9a-f]*[0-9])(?=[0-9a-f]*[a-f])[0-9a-f]{8,40}\b")
TREE = re.compile(r"\bK (\d\.\d+)\b(?!\.\d)")
POSTED = re.compile(r"[\w.+-]*\d{8}[\w.+-]*@[\w-]+(?:\.[\w-]+)+")  # a message-id: it has a date
IDS = {place for entry in DATA.values() for place in entry.get("id", ())}
DATED = re.compile(r"\bv(\d\.\d+),? \[?`([0-9a-f]{8,40})`")

# Ids that could not be confirmed while the facts were gathered: not to be taught.
UNCONFIRMED = [
    "a63d83f427fb",
    "bb8a4b7fd126",
    "11a410d516e8",
    "a373966d1f64",
    "af8e15cc85a2",
    "696453e66630",
    "3ef22dfff239",
    "f0c867d9588d",
    "426fb5e72d92",
]


@cache
def text_of(path):
    if path.suffix == ".ipynb":
        text = "\n".join(cell.source for cell in nbformat.read(path, as_version=4).cells)
        return re.sub(
            r"https://lore\.kernel\.org/r/\S+", "", text
        )  # a message-id may look like one
    return path.read_text("utf-8")


TEXTS = [*NOTEBOOKS, *PROSE, *CODE]


def known(label):
    try:
        return bool(source(label))
    except ValueError:
        return False


def found_in(paths, wrong):
    """What is wrong in which file: [(name of the file, what)]."""
    return [(str(path.relative_to(ROOT)), each) for path in paths for each in wrong(path)]


def test_every_citation_resolves():
    def unknown(path):
        labels = {*MAIL.findall(text_of(path)), *COMMIT.findall(text_of(path))}
        trees = {*TREE.findall(text_of(path))} - {*KERNELS}
        return [*(label for label in labels if not known(label)), *trees]

    assert not found_in(TEXTS, unknown)


def test_every_message_id_is_one_of_the_bibliography():
    assert not found_in(
        [*TEXTS, *SHEETS], lambda path: {*POSTED.findall(path.read_text("utf-8"))} - IDS
    )


def test_what_a_test_cites_is_a_source():
    cited = re.compile(r"\bK \d[^\n]*?\(([0-9a-f]{12})\)|\b([0-9a-f]{12}) \(\d\.\d+")

    def unknown(path):
        labels = map("".join, cited.findall(text_of(path)))
        return [label for label in labels if not known(label)]

    assert not found_in(TESTS, unknown)


def test_a_commit_is_dated_as_in_the_bibliography():
    def misdated(path):
        return [
            (release, commit)
            for release, commit in DATED.findall(text_of(path))
            if source(commit).get("release") != release
        ]

    assert not found_in(TEXTS, misdated)


def test_nothing_unconfirmed_is_taught():
    assert not found_in(
        TEXTS, lambda path: [commit for commit in UNCONFIRMED if commit[:8] in text_of(path)]
    )


FACTS = (ROOT / "docs" / "kernel-facts.md").read_text("utf-8")
NUMBERS = set(re.findall(r"^## (\d+)\. ", FACTS, re.M))
QUESTIONS = set(re.findall(r"^\| (Q\d+) \|", FACTS, re.M))


def test_facts_and_questions_that_are_cited_stand_in_the_documents():
    """ "kernel-facts 3" and "Q11" name a section and a row of docs/kernel-facts.md."""
    assert len(NUMBERS) == 10 and len(QUESTIONS) == 16
    cited = 0
    for path in [*NOTEBOOKS, *PROSE, *CODE, *TESTS]:
        text = text_of(path)
        facts = re.findall(r"kernel-facts (\d[\d.]*\d|\d)", text)
        questions = re.findall(r"\bQ\d{1,2}\b(?! \+)", text)  # "Q35 + ICH9" is a machine of QEMU
        assert set(facts) <= NUMBERS, path
        assert set(questions) <= QUESTIONS, path
        cited += len(facts) + len(questions)
    assert cited > 20


LESSONS = [path for path in NOTEBOOKS if path.name >= "02"]  # the first has none to list


def prose(cells):
    """What a student reads of a lesson, without where its links lead."""
    text = "\n".join(cell.source for cell in cells if cell.cell_type == "markdown")
    return re.sub(r"https://\S+", "", text)


@pytest.mark.parametrize("path", LESSONS, ids=lambda path: path.stem)
def test_every_lesson_names_its_sources(path):
    """What a lesson cites in its text, it lists in its cell of sources; and nothing else."""
    cells = nbformat.read(path, as_version=4).cells
    sources = [c.source for c in cells if c.cell_type == "code" and "cite(" in c.source]
    assert all(len(re.findall(r"^cite\(", cell, re.M)) == 1 for cell in sources), "one is shown"
    listed = " ".join(sources)
    asked, named = (
        {*MAIL.findall(text), *COMMIT.findall(text)} for text in (text_of(path), prose(cells))
    )
    assert not {label for label in asked if label not in listed}
    assert not {label for label in asked if label not in named}, "listed, and never spoken of"


def test_the_sources_of_the_knobs_resolve():
    for knob in KNOBS.values():
        for label in MAIL.findall(knob.metadata["source"]) + COMMIT.findall(
            knob.metadata["source"]
        ):
            source(label)


def test_the_bibliography_is_sound():
    for label, entry in DATA.items():
        if MAIL.fullmatch(label):
            assert re.fullmatch(r"\d{4}-\d\d-\d\d", entry["date"]), label
            assert all(re.fullmatch(r"[\w.+-]+@[\w.-]+", place) for place in entry["id"]), label
        else:
            assert re.fullmatch(r"[0-9a-f]{8,12}", label) and entry["change"], label
        assert label not in UNCONFIRMED


def test_an_unknown_source_is_an_error():
    with pytest.raises(ValueError, match="M99"):
        cite("M16", "M99")


QUOTED = re.compile(r'"([^"\n]*)"')
NO_WORDS = re.compile(r"\]\(\S+ \"[^\"]*\"\)|`(?![0-9a-f]{12}`)[^`\n]*`|^```.*?^```", re.M | re.S)
COMPARED = tomllib.loads((ROOT / "tests" / "data" / "quotes.toml").read_text("utf-8"))


def quotes(path):
    """(paragraph, words in quotation marks) of each that cites a mail; links and code left out."""
    text = text_of(path)
    if path.suffix == ".ipynb":
        cells = nbformat.read(path, as_version=4).cells
        text = "\n".join(cell.source for cell in cells if cell.cell_type == "markdown")
    for paragraph in NO_WORDS.sub("]", text).split("\n"):
        if MAIL.search(paragraph):
            long = (words for words in QUOTED.findall(paragraph) if words.count(" ") > 2)
            yield from ((paragraph, words.rstrip(".")) for words in long)


def test_a_quote_was_compared_with_its_mail():
    """It stands in tests/data/quotes.toml, and its paragraph names the mail it is from."""
    of = {words.rstrip("."): label for label, listed in COMPARED.items() for words in listed}
    found = [(path.name, *quote) for path in [*NOTEBOOKS, *PROSE] for quote in quotes(path)]
    assert not [(name, words) for name, _, words in found if words not in of]
    away = [(name, of[words]) for name, near, words in found if of[words] not in f"{near} ours"]
    assert not away and len(found) > 60
