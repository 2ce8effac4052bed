"""One page about a class: who fails which property, how points are spread, whose answers match.

For the teacher alone: it names students. HTML without scripts, and the same in letters.
"""

from collections import Counter
from html import escape

from .grade_one import Result
from .identity import written
from .likeness import alike

BINS = 10
STYLE = """
body { font: 16px/1.5 system-ui, sans-serif; color: #1f2430; max-width: 60rem; margin: 2rem auto;
       padding: 0 1rem; }
table { border-collapse: collapse; font-size: .9rem; } caption { text-align: left; }
th, td { text-align: left; padding: .2rem .8rem .2rem 0; border-bottom: 1px solid #dfe1e8;
         vertical-align: top; }
.bar { background: #2457a6; height: .8rem; display: inline-block; }
"""


def called(result: Result) -> str:
    """Name and id; two students may have one name."""
    if result.name in result.student:
        return result.student
    return f"{result.name} ({result.student})"


def failures(results: list[Result]) -> list[tuple[str, str, str, list[str], int]]:
    """(sheet, exercise, property's sentence, who lacks it, of how many), in the sheet's order."""
    rows: dict[tuple[str, str, str], list[str]] = {}
    for r in results:
        for g in r.exercises:
            for f in g.findings:
                who = rows.setdefault((r.sheet, g.title, f.says), [])
                if f.points < f.of:
                    who.append(called(r))
    sizes = Counter(r.sheet for r in results)
    return [(*key, who, sizes[key[0]]) for key, who in rows.items()]


def by_sheet(results: list[Result]) -> list[tuple[str, list[Result]]]:
    """(sheet, results of those who handed something in)."""
    sheets = sorted({r.sheet for r in results if r.source})
    return [(sheet, [r for r in results if r.sheet == sheet and r.source]) for sheet in sheets]


def without_grade(results: list[Result], sheet: str) -> list[str]:
    return sorted(called(r) for r in results if r.sheet == sheet and not r.source)


def number_of(results: list[Result]) -> str:
    return f"{len(results)} student{'s' if len(results) != 1 else ''}"


def histogram(results: list[Result]) -> list[tuple[str, int]]:
    """Ten steps of points, and how many students are in each."""
    steps = Counter(min(BINS - 1, BINS * r.points // r.of) for r in results if r.of)
    return [(f"{100 * n // BINS} to {100 * (n + 1) // BINS} %", steps[n]) for n in range(BINS)]


def equal_answers(results: list[Result]) -> list[tuple[str, list[str]]]:
    """(exercise, students whose answer is the same text)."""
    groups = alike({called(r): r.answers for r in results})
    return [(name, sorted(group)) for name, found in groups.items() for group in found]


def in_letters(results: list[Result]) -> str:
    """For the terminal."""
    lines = []
    for sheet, of_sheet in by_sheet(results):
        points = sorted(r.points for r in of_sheet)
        middle = points[len(points) // 2]
        lines.append(
            f"{sheet}: {number_of(of_sheet)}, median {middle} of {max(r.of for r in of_sheet)}"
        )
        most = max(number for _, number in histogram(of_sheet)) or 1
        for step, number in histogram(of_sheet):
            lines.append(f"  {step:>11} {number:4} {'#' * round(30 * number / most)}")
        for _, title, says, who, of in failures(of_sheet):
            if who:
                names = ", ".join(who[:5]) + (" ..." if len(who) > 5 else "")
                lines.append(f"  {len(who)} of {of} lack: {title}: {says} ({names})")
        for exercise, group in equal_answers(of_sheet):
            lines.append(f"  {exercise}: {', '.join(group)} handed in the same text")
        if none := without_grade(results, sheet):
            lines.append(f"  no grade for {len(none)}: {', '.join(none)}")
    return "\n".join(map(written_line, lines))


def written_line(line: str) -> str:
    indent = line[: len(line) - len(line.lstrip())]
    return indent + written(line)


def html_summary(results: list[Result], left_out: list[tuple[str, str]]) -> str:
    """One page for the teacher."""
    parts = [
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">',
        '<meta http-equiv="Content-Security-Policy" '
        "content=\"default-src 'none'; style-src 'unsafe-inline'\">",
        f"<title>Summary</title><style>{STYLE}</style></head><body><h1>Summary</h1>",
    ]
    for sheet, of_sheet in by_sheet(results):
        parts.append(f"<h2>{cell(sheet)}: {number_of(of_sheet)}</h2>")
        most = max(number for _, number in histogram(of_sheet)) or 1
        parts.append("<table><caption>Points</caption>")
        for step, number in histogram(of_sheet):
            bar = f'<span class="bar" style="width:{round(20 * number / most, 1)}rem"></span>'
            parts.append(f"<tr><th>{step}</th><td>{number}</td><td>{bar}</td></tr>")
        parts.append("</table><h3>Which property fails for whom</h3><table>")
        parts.append("<tr><th>exercise</th><th>property</th><th>lacking</th><th>who</th></tr>")
        for _, title, says, who, of in failures(of_sheet):
            texts = "".join(f"<td>{cell(text)}</td>" for text in (title, says))
            parts.append(f"<tr>{texts}<td>{len(who)} of {of}</td><td>{names(who)}</td></tr>")
        parts.append("</table>")
        if groups := equal_answers(of_sheet):
            parts.append("<h3>Equal answers</h3><p>Only comments and blanks differ. ")
            parts.append("Who wrote it first the text does not say.</p><ul>")
            parts += [f"<li>{cell(exercise)}: {names(group)}</li>" for exercise, group in groups]
            parts.append("</ul>")
        parts.append("<h3>Students</h3><table><tr><th>student</th><th>points</th><th></th></tr>")
        for r in [r for r in results if r.sheet == sheet]:
            remark = "; ".join(filter(None, [r.problem, *r.changed[:1]]))
            points = f"{r.points} of {r.of}"
            parts.append(
                f"<tr><td>{names([called(r)])}</td><td>{points}</td><td>{cell(remark)}</td></tr>"
            )
        parts.append("</table>")
    if left_out:
        parts.append("<h2>Files that were not graded</h2><table>")
        for source, why in left_out:
            parts.append(f"<tr><td>{cell(source)}</td><td>{cell(why)}</td></tr>")
        parts.append("</table>")
    return "\n".join([*parts, "</body></html>\n"])


def cell(text: str) -> str:
    return escape(written(text))


def names(people: list[str]) -> str:
    """Each for itself: a name that is written from right to left must not turn its neighbours."""
    return ", ".join(f"<bdi>{cell(name)}</bdi>" for name in people)
