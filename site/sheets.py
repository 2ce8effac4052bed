"""The exercise sheets as pages, from what students get: no solution is in them."""

import html
import json
import re
from pathlib import Path

from oomlab.grading.course.release import student_version

ROOT = Path(__file__).parents[1]
CHECK = re.compile(r'^check\("([\w-]+)"', re.MULTILINE)
NOT_HERE = re.compile(r"^\s*(?:import|from) (sympy|numpy)\b", re.MULTILINE)

HEAD = """

Write in the boxes and press *check*: Python runs in this page, and nothing you write leaves it. It
is kept in this browser. Practice is no grade: **save as a notebook** gives the file that
your teacher grades.

<div class="oomlab-sheet oomlab-box" data-sheet="{sheet}">
<button type="button" class="save">save as a notebook</button>
<button type="button" class="stop">stop what runs</button>
<p role="status" class="python-note"></p>
</div>
"""


def page(notebook: dict, sheet: str) -> str:
    """One sheet as Markdown, its code cells as boxes to write in."""
    parts, headed = [], False
    cells = notebook["cells"]
    for number, cell in enumerate(cells):
        source = "".join(cell["source"])
        if cell["cell_type"] == "markdown":
            parts.append(source)
            if not headed:
                parts.append(HEAD.format(sheet=sheet))
                headed = True
        elif not CHECK.search(source) and source.strip() != "from oomlab.grading import check":
            following = "".join(cells[number + 1]["source"]) if number + 1 < len(cells) else ""
            asked = CHECK.search(following)
            parts.append(box(source, sheet, number, asked[1] if asked else ""))
    return "\n\n".join(parts) + "\n"


def box(source: str, sheet: str, number: int, exercise: str) -> str:
    """A code cell that can be changed and run; with the name of an exercise, checked.

    Until the page's script is there it can only be read: what is written would not be kept.
    """
    elsewhere = NOT_HERE.search(source)
    note = (
        f"It needs {elsewhere[1]}, which is not in the page: write it here, check it in Jupyter."
        if elsewhere
        else ""
    )
    text = html.escape(source).replace("\n", "&#10;")
    label = f"your code for {exercise}" if exercise else "code to try"
    rows = max(3, source.count("\n") + 2)
    identity = f"cell-{number}"
    return (
        f'<div class="oomlab-exercise" data-sheet="{sheet}" data-cell="{number}"'
        f' data-exercise="{exercise}"><label for="{identity}">{label}</label>'
        f'<textarea id="{identity}" rows="{rows}" spellcheck="false" readonly>{text}</textarea>'
        + ('<button type="button" class="check">check</button>' if exercise and not note else "")
        + ("" if exercise or note else '<button type="button" class="run">run</button>')
        + '<button type="button" class="reset">as it was</button>'
        f'<pre tabindex="0" role="status" aria-label="what came of it">{note}</pre></div>'
    )


def write(pages: Path, data: Path) -> None:
    """Every sheet as a page, and as the notebook that the page saves."""
    pages.mkdir(exist_ok=True)
    data.mkdir(parents=True, exist_ok=True)
    for path in sorted((ROOT / "exercises").glob("level-*.ipynb")):
        notebook = student_version(json.loads(path.read_text("utf-8")))
        (pages / f"{path.stem}.md").write_text(page(notebook, path.stem))
        (data / f"{path.stem}.json").write_text(json.dumps(notebook))
