"""What a student gets back: one page of HTML, and the same as markdown.

The page has no script, no link and no image from elsewhere, and all text from a submission is
escaped. It says what was asked for and what was wrong, shows the schedule that breaks a hand-off,
and contains neither hidden inputs nor the checks.
"""

import re
from collections.abc import Callable
from html import escape
from pathlib import Path

from ..exercise import Finding
from ..handoff.picture import lanes, text_lanes
from .grade_one import Graded, Result
from .identity import JOINERS

STYLE = """
body { font: 16px/1.5 system-ui, sans-serif; color: #1f2430; max-width: 56rem; margin: 2rem auto;
       padding: 0 1rem; }
h1 { font-size: 1.6rem; margin-bottom: 0; } h2 { font-size: 1.2rem; margin-top: 2.2rem; }
.sum { color: #4a5060; margin-top: .2rem; }
.p { border-left: .3rem solid #b3261e; padding: .1rem .9rem; margin: .9rem 0; }
.p.ok { border-color: #1b7f4b; } .p b { float: right; }
.p p { margin: .3rem 0; } code, pre { background: #f2f3f7; font-size: .9em; }
pre { padding: .5rem; white-space: pre-wrap; overflow-wrap: anywhere; }
table { border-collapse: collapse; font-size: .9rem; margin: .6rem 0; }
th, td { text-align: left; padding: .15rem .7rem .15rem 0; border-bottom: 1px solid #dfe1e8;
         vertical-align: top; }
td:nth-child(-n+2) { white-space: nowrap; }
svg { max-width: 100%; height: auto; }
"""
HEADER = """<!doctype html>
<html lang="en"><head><meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<meta name="viewport" content="width=device-width">
<title>{title}</title><style>{style}</style></head><body>
"""
ZERO_WIDTH = "\u200b"  # stops a reader of markdown from making a link of a bare address
SAME = "It is the schedule above."
COLUMNS = {
    "mail": "step of the mail",
    "thread": "thread",
    "does": "operation",
    "result": "result",
    "says": "what happens",
}


def write_feedback(results: list[Result], folder: Path, write: Callable[[Path, str], None]) -> None:
    """feedback.html and feedback.md for the sheets of one student."""
    write(folder / "feedback.html", html_page(results))
    write(folder / "feedback.md", "\n\n".join(markdown_page(result) for result in results))


def code(text: str) -> str:
    """Escaped, with `names` in code type."""
    return re.sub(r"`([^`]*)`", r"<code>\1</code>", escape(clean(text)))


def clean(text: str) -> str:
    """Without control characters, and characters that turn the direction of writing."""
    return "".join(c for c in text if c.isprintable() or c in "\n" + JOINERS)


def html_page(results: list[Result]) -> str:
    title = ", ".join(result.sheet for result in results) + f": {results[0].name}"
    parts = [HEADER.format(title=escape(clean(title)), style=STYLE)]
    return "\n".join([*parts, *map(html_sheet, results), "</body></html>\n"])


def html_sheet(result: Result) -> str:
    parts = [f'<h1 dir="auto">{escape(clean(f"{result.sheet}: {result.name}"))}</h1>']
    parts.append(f'<p class="sum">{result.points} of {result.of} points</p>')
    if result.problem:
        parts.append(f'<div class="p"><p>{code(result.problem)}</p></div>')
    for graded in result.exercises:
        parts.append(f"<h2>{escape(graded.title)}: {graded.points} of {graded.of}</h2>")
        parts += [html_finding(f, shown_above(graded, f)) for f in graded.findings]
    return "\n".join(parts)


def shown_above(graded: Graded, f: Finding) -> bool:
    """Has an earlier property of this exercise been broken by the same schedule?"""
    earlier = graded.findings[: graded.findings.index(f)]
    return bool(f.schedule) and any(other.schedule == f.schedule for other in earlier)


def html_finding(f: Finding, above: bool) -> str:
    ok = f.points == f.of
    mark = "✓" if ok else "✗"
    parts = [f'<div class="p{" ok" if ok else ""}"><b>{f.points} of {f.of}</b>']
    parts.append(f"<p>{mark} {code(f.says)}</p>")
    if f.message:
        parts.append(f"<p>{code(f.message)}</p>")
    if f.example:
        parts.append(f"<pre>{escape(clean(f.example))}</pre>")
    if above:
        parts.append(f"<p>{SAME}</p>")
    elif f.schedule:
        parts.append(html_table(f.schedule))
        parts.append(lanes(f.schedule))
    return "\n".join([*parts, "</div>"])


def columns(schedule: list[dict]) -> list[str]:
    """The columns that have something in them."""
    return [key for key in COLUMNS if any(row[key] for row in schedule)]


def html_table(schedule: list[dict]) -> str:
    keys = columns(schedule)
    head = "".join(f"<th>{COLUMNS[key]}</th>" for key in keys)
    body = "\n".join(
        "<tr>" + "".join(f"<td>{escape(clean(row[key]))}</td>" for key in keys) + "</tr>"
        for row in schedule
    )
    return f"<table><thead><tr>{head}</tr></thead><tbody>\n{body}\n</tbody></table>"


def plain_text(text: str, names: bool = True) -> str:
    """Text that markdown leaves as it is: no HTML, no links, no headings, no tables.

    With `names`, what stands between two backticks is set as code; else a backtick is a character.
    """
    text = escape(clean(text).replace("\n", " "), quote=False)
    pieces = re.split(r"(`[^`]+`)", text) if names else [text]
    return "".join(piece if n % 2 else unlinked(piece) for n, piece in enumerate(pieces))


def unlinked(text: str) -> str:
    """Every sign of markdown escaped; addresses are interrupted by a space of no width."""
    text = re.sub(r"(?<=:)(?=//)|(?<=www)(?=\.)|(?<=@)", ZERO_WIDTH, text, flags=re.IGNORECASE)
    return re.sub(r"([\\`*_\[\]#|!~<>])", r"\\\1", text)


def in_fence(text: str) -> str:
    return "```text\n" + clean(text).replace("```", "'''") + "\n```"


def markdown_page(result: Result) -> str:
    parts = [f"# {plain_text(result.sheet)}: {plain_text(result.name)}", ""]
    parts += [f"{result.points} of {result.of} points", ""]
    if result.problem:
        parts += [plain_text(result.problem), ""]
    for graded in result.exercises:
        parts += [f"## {graded.title}: {graded.points} of {graded.of}", ""]
        for f in graded.findings:
            parts += markdown_finding(f, shown_above(graded, f))
    return "\n".join(parts)


def markdown_finding(f: Finding, above: bool) -> list[str]:
    mark = "✓" if f.points == f.of else "✗"
    parts = [f"- {mark} **{f.points} of {f.of}** {plain_text(f.says)}", ""]
    if f.message:
        parts += [plain_text(f.message), ""]
    if f.example:
        parts += [in_fence(f.example), ""]
    if above:
        parts += [SAME, ""]
    elif f.schedule:
        keys = columns(f.schedule)
        parts.append("| " + " | ".join(COLUMNS[key] for key in keys) + " |")
        parts.append("|" + " --- |" * len(keys))
        for row in f.schedule:
            parts.append(
                "| " + " | ".join(plain_text(row[key], names=False) for key in keys) + " |"
            )
        parts += ["", in_fence(text_lanes(f.schedule)), ""]
    return parts
