"""The lessons have one shape, the index knows them all, and the guides' code runs."""

import re
from importlib import import_module
from pathlib import Path

import nbformat
import pytest
from markdown_it import MarkdownIt

from oomlab.bibliography import source as described
from oomlab.grading import check
from oomlab.grading.checks import EXERCISES
from oomlab.lab import kernel_source, predictions
from oomlab.policies.patch import model_functions
from oomlab.policies.presets import PRESETS

ROOT = Path(__file__).parents[1]
LESSONS = sorted(  # 10b comes after 10
    (ROOT / "notebooks").glob("[0-9][0-9]*-*.ipynb"),
    key=lambda path: (int(path.name[:2]), path.name[2] != "-"),
)[1:]
CORE = [path for path in LESSONS if path.name >= "02"]
GLOSSARY = ROOT / "docs" / "glossary.md"
INDEX = ROOT / "notebooks" / "00-index.ipynb"

each_lesson = pytest.mark.parametrize("path", CORE, ids=lambda path: path.stem)


def cells(path, kind):
    return [c.source for c in nbformat.read(path, as_version=4).cells if c.cell_type == kind]


@each_lesson
def test_a_lesson_says_what_it_asks_and_ends_with_checks(path):
    text = "\n".join(cells(path, "markdown"))
    assert re.search(r"^# \d+b?\. ", text) and "**The question.**" in text and " minutes. " in text
    assert "Check yourself" in text and text.count("<details>") >= 3


@pytest.mark.parametrize(
    "path", [*sorted(ROOT.glob("*/*.ipynb")), *sorted(ROOT.glob("docs/*.md"))], ids=lambda p: p.name
)
def test_no_link_or_code_is_shown_as_it_was_typed(path):
    """In a <details>, say, what follows at once is HTML, and no Markdown."""
    texts = cells(path, "markdown") if path.suffix == ".ipynb" else [path.read_text("utf-8")]
    for text in texts:
        page = MarkdownIt().enable("table").render(text)
        seen = re.sub(r"<code.*?</code>|<!--.*?-->|<[^>]*>", "", page, flags=re.S)
        assert not re.search(r"\]\(|`|\*\*", seen), seen


PLACES = {
    name: entry
    for chapter in predictions.CHAPTERS
    for name, entry in import_module(f"oomlab.lab.predictions.{chapter}").PLACES.items()
}


@pytest.mark.parametrize("name", PLACES)
def test_what_a_lesson_asks_the_model_answers_as_its_author(name):
    """Each choice has its sentence, none of them is the other's, and the right one is computed."""
    entry = PLACES[name]
    for ask in entry.asks:
        assert ask.model() == ask.right and ask.right in ask.choices
        assert len(ask.choices) >= 3 and len({*ask.choices.values()}) == len(ask.choices)
        assert all(says.endswith(".") and len(says) > 20 for says in ask.choices.values())
    lesson = next(path for path in LESSONS if path.name.split("-")[0].lstrip("0") == entry.lesson)
    assert f'Prediction("{name}")' in "\n".join(cells(lesson, "code"))
    shown = entry.shows() if entry.shows else None
    if shown:  # nothing that is asked may have been seen: neither a kill nor what comes of it
        assert all(0 < q.step < shown.step_count for q in entry.questions(shown))


def test_a_question_that_the_model_answers_otherwise_is_not_put():
    ask = predictions.LessonQuestion(
        "Does it?", {"yes": "It does.", "no": "It does not."}, "yes", lambda: "no"
    )
    with pytest.raises(ValueError, match="the model answers 'no'"):
        predictions.question(ask)
    with pytest.raises(ValueError, match="did you mean 'who-dies'"):
        predictions.place("who-die")


@each_lesson
def test_cells_are_short_and_statements_are_checked(path):
    code = cells(path, "code")
    assert max(len(source.splitlines()) for source in code) <= 16
    assert any(source.startswith("assert") for source in code)  # stops if a sentence went stale


def test_the_index_leads_to_every_lesson():
    text = "\n".join(cells(INDEX, "markdown"))
    assert not [path.name for path in LESSONS if f"({path.name})" not in text]


CHANGED = {  # what is written where a run, the explorer or the scoreboard is what answers
    "01": ("## Change it", 'reaper="none"'),
    "11": ("## Write it", "def second_victim(kernel):"),
    "13": ("## Write it", "def told_apart("),
    "14": ("## Write it", "oomlab.patch("),
}


@pytest.mark.parametrize("path", LESSONS, ids=lambda path: path.stem)
def test_a_lesson_has_something_to_write_that_is_wrong_as_it_stands(path):
    """It names its exercise's sheet, and the first feedback is a sentence and what breaks it."""
    text, code = "\n".join(cells(path, "markdown")), cells(path, "code")
    if path.name[:2] in CHANGED:
        heading, written = CHANGED[path.name[:2]]
        assert heading in text and any(written in source for source in code)
        return
    asked = re.findall(r'^check\("([\w-]+)"', "\n".join(code), re.MULTILINE)
    assert len(asked) == 1, f"{path.name} has {len(asked)} cells that ask check() about an exercise"
    name = asked[0]
    exercise = EXERCISES[name]
    assert "## Write it" in text and f"(../exercises/level-{exercise.level}.ipynb)" in text
    names: dict = {"check": lambda name, *functions: functions, "re": re}
    for source in code:
        if any(f"def {function}(" in source for function in exercise.functions):
            exec(source, names)
    found = check(name, *(names[function] for function in exercise.functions)).findings
    lost = [finding for finding in found if finding.points < finding.of]
    assert lost and all(finding.message for finding in lost)
    assert any(finding.example or finding.schedule for finding in lost)


LINK = re.compile(r'\[((?:[^\[\]]|\\.)+)\]\((\S+?)(?: "([^"]*)")?\)')
DEFINED = dict(re.findall(r"^\*\*([^*]+)\*\*[^:\n]*: (.+)$", GLOSSARY.read_text("utf-8"), re.M))


def links(path):
    """(words, where to, what is shown when the mouse rests on it) of every link in the text."""
    return LINK.findall("\n".join(cells(path, "markdown")))


@pytest.mark.parametrize("path", [INDEX, *LESSONS], ids=lambda path: path.stem)
def test_every_link_leads_somewhere(path):
    """To a file that is here, to the mail or commit that its words name, or to a definition."""
    meanings = {re.sub(r"[`*]", "", text).replace('"', "'") for text in DEFINED.values()}
    for words, to, title in links(path):
        if to.startswith("https://lore.kernel.org/r/"):
            assert to.removeprefix("https://lore.kernel.org/r/") in described(words)["id"], words
        elif to.startswith("https://git.kernel.org/torvalds/c/"):
            assert words == f"`{to.rpartition('/')[2]}`" and described(words.strip("`"))
        elif to.startswith("#step-"):  # it moves the cursor of what is below
            assert to == f"#step-{words}"
            assert re.search(r"(PolicyLab|TimelineView)\(", "".join(cells(path, "code")))
        else:
            assert (path.parent / to).resolve().exists(), to
            if to.endswith("glossary.md") and words != "glossary":
                assert title in meanings or title.startswith("read in the source: Linux "), title


@pytest.mark.parametrize("path", LESSONS, ids=lambda path: path.stem)
def test_a_lesson_leads_back_on_and_to_its_mails(path):
    place, found = LESSONS.index(path), {to for _, to, _ in links(path)}
    beside = LESSONS[max(place - 1, 0) : place + 2]
    assert {INDEX.name, *(other.name for other in beside if other != path)} <= found
    bare = LINK.sub("", "\n".join(cells(path, "markdown")))
    assert not re.findall(r"\bM\d\d\b|\[K \d", bare), "a citation that is no link"


def test_the_index_places_all_sixteen_questions():
    text = "\n".join(cells(INDEX, "markdown"))
    placed = dict(re.findall(r"^\| (Q\d+) \| [^|]+ \| ([\db, ]+) \|$", text, re.MULTILINE))
    assert set(placed) == {f"Q{n}" for n in range(1, 17)}
    numbers = {path.name.split("-")[0].lstrip("0") for path in LESSONS}
    assert {n.strip() for lessons in placed.values() for n in lessons.split(",")} <= numbers


def test_what_a_lesson_counts_is_so_many():
    """Numbers of the prose that no cell prints, each beside what it counts."""
    model = "\n".join(path.read_text("utf-8") for path in (ROOT / "oomlab/model").glob("*.py"))
    named = [
        n
        for n, place in kernel_source.PLACES.items()
        if isinstance(place, tuple) and f"def {n}(" in model
    ]
    batches = [PRESETS[name].charge_batch for name in ("linux-5.10", "linux-6.1")]
    text = {path.name[:2]: "\n".join(cells(path, "markdown")) for path in LESSONS}
    functions = [f for f in model_functions().values() if f.__module__.startswith("oomlab.model.")]
    assert "| some hundred and forty |" in text["01"] and 135 <= len(functions) < 145
    assert "of some fifty the lab says where" in text["01"] and 45 <= len(named) < 55
    assert "(32, and 64 since v6.1, " in text["16"] and batches == [32, 64]


def test_the_size_that_a_lesson_gives_the_model_is_its_size():
    size = sum(
        len(path.read_text("utf-8").splitlines())
        for part in ("model", "policies")
        for path in (ROOT / "oomlab" / part).rglob("*.py")
    )
    named = {4000: "some four thousand lines", 5000: "some five thousand lines"}
    text = "\n".join(cells(next(path for path in LESSONS if path.name[:2] == "13"), "markdown"))
    assert named[round(size, -3)] + ", its policies included" in text


TERMS = (  # what a reader who knows C and no kernel must be told
    r"reclaim\w*",
    "kswapd",
    "[Aa]nonymous memory",
    "VMAs?",
    r"[Cc]harged?",
    r"[Cc]groups?",
    "memcg",
    "reference count",
    "mmap_sem",
    "cmpxchg",
    "pfnmap",
    r"futex\w*",
    "big lock",
    "mm_struct",
    "page tables?",
    "deadlock",
    "SIGKILL",
    "swap",
    "resident",
    "reserve",
    r"panics?",
    "tasks?",
    "scenario",
    "kernel thread",
    "allocator",
    r"zones?",
    "page cache",
    "[Hh]uge pages?",
    "tmpfs",
    "address space",
    "livelock",
    "page fault",
    "ENOMEM",
    "inode",
    "sysctl",
    "explorer",
    "pressure",
    "daemon",
    "global",
    "hand-off",
    r"presets?",
    "user space",
)
GLOSSED = re.compile(r'\[([^\]]+)\]\(\.\./docs/glossary\.md "[^"]*"\)')
NO_PROSE = re.compile(
    r"^#[^\n]*$|```.*?```|^> .*?$|\]\(\S+( \"[^\"]*\")?\)", re.DOTALL | re.MULTILINE
)


def read_in_order(path):
    """What a student reads of a lesson, cell by cell: its prose, and what its cells ask."""
    for cell in nbformat.read(path, as_version=4).cells:
        if cell.cell_type == "markdown":
            yield NO_PROSE.sub("", GLOSSED.sub(r"{\1}", cell.source))
        for name in re.findall(r'^Prediction\("([\w-]+)"\)', cell.source, re.MULTILINE):
            for ask in PLACES[name].asks:
                yield "\n".join([ask.text, *ask.choices, *ask.choices.values()])


@pytest.mark.parametrize("term", TERMS)
def test_a_term_is_explained_where_the_course_uses_it_first(term):
    """There it is a link that tells what it means: before a question uses it, too. Words in a table
    count, in a heading or a quotation not.
    """
    for path in LESSONS:
        text = "\n".join(read_in_order(path))
        if first := re.search(rf"(?<![\w./-])({term})(?![\w-])", text):
            around = text[max(first.start() - 60, 0) : first.end() + 40]
            before = text[: first.start()]
            assert before.rfind("{") > before.rfind("}"), f"{path.stem}: ...{around}..."
            return
    raise AssertionError("no lesson uses it")
