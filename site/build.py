"""Make the site: `make site`, or python site/build.py --out _site [--lessons 01,15].

Puts the sources together (the course, docs/, exercises without solutions, a reference written from
the code), bakes the first pictures, lets Sphinx make the pages, and lays the browser's Python
beside them. What comes out is a folder of files that any static host can serve, and all of it once
more in one file, oomlab.html (single.py).
"""

import argparse
import html
import shutil
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).parent
ROOT = HERE.parent
sys.path.insert(0, str(HERE))

import bake  # noqa: E402
import lessons  # noqa: E402
import links  # noqa: E402
import policy  # noqa: E402
import reference  # noqa: E402
import runtime  # noqa: E402
import single  # noqa: E402

import sheets  # noqa: E402
from oomlab.lab import PolicyLab, ReportView  # noqa: E402


def stage(sources: Path, wanted: list[str]) -> None:
    """Everything that Sphinx reads, in one folder."""
    shutil.rmtree(sources, ignore_errors=True)
    shutil.copytree(HERE / "pages", sources)
    course = sources / "course"
    course.mkdir()
    for notebook in sorted((ROOT / "notebooks").glob("*.ipynb")):
        if not wanted or notebook.name[:2] in wanted:
            shutil.copy(notebook, course)
    (course / "recordings").symlink_to(ROOT / "notebooks" / "recordings")
    lessons.run(sorted(course.glob("*.ipynb")), sources.parent / "notebooks")
    for page, widget in (
        ("lab", PolicyLab("lost-victim", "rfc-2015-11-25")),
        ("explain", ReportView()),
    ):
        path = sources / f"{page}.md"
        patch = html.escape((ROOT / "sheets" / "patches" / "slot-per-memcg.py").read_text())
        text = path.read_text().replace("{{ widget }}", bake.baked(widget, page))
        path.write_text(text.replace("{{ patch }}", patch.replace("\n", "&#10;")))
    shutil.copytree(ROOT / "sheets", sources / "sheets")
    docs = sources / "docs"
    docs.mkdir()
    for page in sorted((ROOT / "docs").glob("*.*")):
        shutil.copy(page, docs)
    (docs / "glossary.md").write_text(glossary((ROOT / "docs" / "glossary.md").read_text()))
    sheets.write(sources / "exercises", sources.parent / "exercises")
    for name, text in reference.pages().items():
        path = sources / "reference" / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(text)


def glossary(text: str) -> str:
    """`**term**: meaning` as entries of a glossary, which the search of the site knows as terms."""
    out: list[str] = []
    for block in text.split("\n\n"):
        if block.startswith("**") and "**: " in block:
            terms, meaning = block.removeprefix("**").split("**: ", 1)
            if not (out and out[-1].startswith("```{glossary}")):
                out.append("```{glossary}")
            names = "\n".join(term.strip() for term in terms.split(", "))
            out[-1] += f"\n{names}\n  {' '.join(meaning.split())}\n"
        else:
            out.append(block)
    return "\n\n".join(part + "```" * part.startswith("```{glossary}") for part in out) + "\n"


def sphinx(sources: Path, out: Path) -> None:
    """The pages; a lesson that fails to run fails the build."""
    subprocess.run(
        [
            *(sys.executable, "-m", "sphinx", "-b", "html", "-q", "-j", "2"),
            *("-c", str(HERE), "-d", str(sources.parent / "doctrees"), str(sources), str(out)),
        ],
        check=True,
    )


def main() -> None:
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("--out", type=Path, default=ROOT / "_site")
    asked.add_argument("--lessons", default="", help="numbers, as 01,15; all if left out")
    how = asked.parse_args()
    out = how.out.resolve()
    work = out.with_name(out.name + ".work")
    stage(work / "sources", [name for name in how.lessons.split(",") if name])
    sphinx(work / "sources", out)
    bake.scripts(out / "_static" / "widgets")
    for name in ("exercises", "notebooks"):
        shutil.copytree(work / name, out / "_static" / name, dirs_exist_ok=True)
    runtime.lay(work, out / "_static")
    for page in out.rglob("*.html"):
        if page.name != "oomlab.html":
            page.write_text(policy.sealed(page.read_text("utf-8")), "utf-8")
    (out / ".nojekyll").touch()  # else GitHub's pages leave out what begins with _
    single.write(out)
    dead = [] if how.lessons else links.dead(out)  # with all lessons: each links to others
    if dead:
        sys.exit("Links that lead nowhere:\n" + "\n".join(dead))


if __name__ == "__main__":
    main()
