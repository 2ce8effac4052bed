"""The site's builder finds each link that leads nowhere, and offers with a lesson what it needs."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT / "site"))
from links import dead  # noqa: E402

PAGE = """<title>a page</title><div class="main"><article>{}</article><aside></aside></div>"""
WIDGET = '<div class="oomlab-widget"></div>'


@pytest.fixture
def site(tmp_path):
    """Call it with what stands in course/a.html: the dead links of a site with that page."""

    def made(text):
        for name, content in {
            "lab.html": f"{WIDGET}<a id='knobs' href='course/a.html#there'></a>",
            "course/a.html": f"<h2 id='there'></h2>{text}",
            "course/b c.html": "<h2 id='Ünder-score'></h2>",
            "search.html": "",
        }.items():
            path = tmp_path / name
            path.parent.mkdir(exist_ok=True)
            path.write_text(PAGE.format(content), "utf-8")
        (tmp_path / "_static" / "notebooks").mkdir(parents=True)
        (tmp_path / "_static" / "notebooks" / "a.ipynb").write_text("{}")
        (tmp_path / "_static" / "style.css").write_text("")
        return dead(tmp_path)

    return made


@pytest.mark.parametrize(
    "link",
    [
        "#there",
        "a.html",
        "../course/a.html#there",
        "b%20c.html#%C3%9Cnder-score",
        "../lab.html#scenario=lost-victim&step=3",
        "../lab.html#step-3",
        "../lab.html#knobs",
        "../search.html",
        "../_static/notebooks/a.ipynb",
        "https://lore.kernel.org/r/no-such-mail",
        "mailto:a@b",
        "//elsewhere/none.html",
        "data:,x",
    ],
)
def test_a_link_that_leads_somewhere_is_not_named(site, link):
    assert site(f"<a href='{link}'>x</a>") == []


@pytest.mark.parametrize(
    "link",
    [
        "#nowhere",
        "#../exercises/level-1.ipynb",  # what MyST makes of a file that it does not know
        "none.html",
        "lab.html",  # from another folder
        "../course/b%20c.html#under-score",
        "#step-3",  # without a figure
        "?search#nowhere",
        "../../outside.html",
    ],
)
def test_a_link_that_leads_nowhere_is_named_with_its_page(site, link):
    assert site(f"<p><a href='{link}'>x</a></p>") == [
        f"course/a.html: {link}",
        f"oomlab.html, course/a.html: {link}",
    ]


def test_a_file_that_the_one_file_does_not_carry_is_dead_in_it_alone(site):
    link = "../_static/style.css"
    assert site(f"<a href='{link}'>x</a>") == [f"oomlab.html, course/a.html: {link}"]


OFFERED = """
import json, sys
from pathlib import Path
sys.path.insert(0, "site")
import lessons, nbformat
offered = {}
for path in Path("notebooks").glob("*.ipynb"):
    notebook = nbformat.read(path, as_version=4)
    lessons.offer(path, notebook, Path(sys.argv[1]))
    offered[path.name] = notebook.cells[1].source
print(json.dumps(offered))
"""


def test_a_lesson_that_reads_recordings_is_offered_with_them(tmp_path):
    """Alone in a folder it would end with "no such file", or show no recording."""
    asked = [sys.executable, "-c", OFFERED, tmp_path]  # the site's stand-ins stay out of here
    done = subprocess.run(asked, cwd=ROOT, capture_output=True, text=True, check=True)
    offered = json.loads(done.stdout)
    assert len(offered) > 15
    for name, words in offered.items():
        text = (ROOT / "notebooks" / name).read_text("utf-8")
        assert ("recordings.zip" in words) == ('Path(\\"recordings' in text), name
        assert (tmp_path / name).exists() and name in words
