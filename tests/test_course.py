"""The lessons have one shape, the index knows them all, and the guides' code runs."""

import re
from pathlib import Path

import nbformat
import pytest

ROOT = Path(__file__).parents[1]
LESSONS = sorted((ROOT / "notebooks").glob("[0-9][0-9]-*.ipynb"))[1:]
CORE = [path for path in LESSONS if path.name >= "02"]
GUIDES = sorted((ROOT / "docs").glob("*-guide.md"))
INDEX = ROOT / "notebooks" / "00-index.ipynb"
WIDGET = re.compile(r"(PolicyLab|Prediction|ReportView)\(")

each_lesson = pytest.mark.parametrize("path", CORE, ids=lambda path: path.stem)


def cells(path, kind):
    return [c.source for c in nbformat.read(path, as_version=4).cells if c.cell_type == kind]


@each_lesson
def test_a_lesson_has_the_parts_that_every_lesson_has(path):
    text = "\n".join(cells(path, "markdown"))
    assert re.search(r"^# \d+\. ", text) and "**The question.**" in text and " minutes. " in text
    headings = re.findall(r"^## (.*)$", text, re.MULTILINE)
    for part in (
        "Who said what",
        "Predict",
        "Explain",
        "view",
        "What Linux did",
        "and why",
        "Check yourself",
        "Where to read on",
    ):
        assert any(part in heading for heading in headings), part
    assert any("hange the policy" in heading for heading in headings)
    assert text.count("<details>") >= 3


@each_lesson
def test_cells_are_short_and_statements_are_checked(path):
    code = cells(path, "code")
    assert max(len(source.splitlines()) for source in code) <= 16
    assert any(source.startswith("assert") for source in code)  # stops if a sentence went stale


@each_lesson
def test_a_widget_leaves_a_picture_and_a_sentence(path):
    """The lab in its own cell; a prediction in the next one, or it would tell the answer."""
    code = cells(path, "code")
    widgets = [n for n, source in enumerate(code) if WIDGET.search(source)]
    assert widgets
    for n in widgets:
        shown = code[n + 1] if "Prediction(" in code[n] else code[n]
        assert "figures." in shown and "print(" in shown, code[n]


def test_the_index_leads_to_every_lesson():
    text = "\n".join(cells(INDEX, "markdown"))
    for path in LESSONS:
        assert f"({path.name})" in text
    for link in re.findall(r"\]\(([^)#]+)\)", text):
        assert (INDEX.parent / link).resolve().exists(), link


def test_the_index_places_all_sixteen_questions():
    text = "\n".join(cells(INDEX, "markdown"))
    placed = dict(re.findall(r"^\| (Q\d+) \| [^|]+ \| ([\d, ]+) \|", text, re.MULTILINE))
    assert set(placed) == {f"Q{n}" for n in range(1, 17)}
    numbers = {int(path.name[:2]) for path in LESSONS} | {1}
    assert {int(n) for lessons in placed.values() for n in lessons.split(",")} <= numbers


@pytest.mark.parametrize("path", GUIDES, ids=lambda path: path.stem)
def test_the_code_of_a_guide_runs(path, capsys):
    namespace = {}
    for source in re.findall(r"^```python\n(.*?)^```", path.read_text("utf-8"), re.M | re.DOTALL):
        exec(source, namespace)
    assert "None" not in capsys.readouterr().out
