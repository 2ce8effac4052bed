"""The memory as one bar, swap as another, the ranking under them: SVG as text, from the standard
library only.

Colours are of Okabe and Ito's set, which people see apart who do not see all colours; every part is
named in words too. Text takes the colour of the page around it, so that it can be read in the dark.
"""

from html import escape

from ..judge.accounting import NO_COUNTER, Account
from ..judge.cause_kinds import percent, size
from ..judge.explanation import Explanation
from ..judge.holders import GROUPS
from .words import headline, printable, text_of

WIDTH, LEFT, BAR = 860, 190, 26
LOOKS = {
    "processes": "#0072b2",
    "unevictable": "#332288",
    "shared memory": "#56b4e9",
    "page cache": "#009e73",
    "slab": "#e69f00",
    "page tables": "#cc79a7",
    "huge pages": "#f0e442",
    NO_COUNTER: "#d55e00",
    "kernel": "#e69f00",
    "free": "#bbbbbb",
}
FREE = ("free", "free, CMA", "free, in per-CPU lists")
ROWS = 10


def parts(account: Account) -> list[tuple[str, int]]:
    """The rows of the table, gathered into what can be seen apart."""
    found = {
        (NO_COUNTER if NO_COUNTER in names else kind): account.of(*names)
        for kind, names in GROUPS.items()
    }
    listed = {name for names in GROUPS.values() for name in names} | set(FREE)
    found["kernel"] = sum(kib for what, kib in account.rows if what not in listed)
    found["free"] = account.of(*FREE)
    return [(kind, kib) for kind, kib in found.items() if kib > 0]


def svg(explanation: Explanation) -> str:
    """The picture of one report; its text alternative is in it."""
    drawn: list[str] = []
    y = 8
    held = explanation.account
    if held and held.total_kib:
        y = _bar(drawn, y, held.scope, parts(held), held.total_kib)
        if held.swap_total_kib:
            used = held.swap_used_kib or 0
            rest = held.swap_total_kib - used
            shown = [("swap used", used), ("swap free", rest)]
            y = _bar(drawn, y, "swap", [each for each in shown if each[1]], held.swap_total_kib)
    y = _ranking(drawn, y, explanation)
    title = printable(alt_text(explanation))
    return (
        f'<svg class="oom-picture" xmlns="http://www.w3.org/2000/svg" role="img" '
        f'viewBox="0 0 {WIDTH} {y + 4}" width="{WIDTH}" height="{y + 4}" '
        f'style="max-width:100%;height:auto" aria-label="{escape(title)}" '
        f'font-family="system-ui,sans-serif" font-size="13"><title>{escape(title)}</title>'
        f"{''.join(drawn)}</svg>"
    )


def _bar(drawn: list[str], y: int, name: str, rows: list[tuple[str, int]], total: int) -> int:
    """One bar of the whole width with its legend under it; where the next thing goes."""
    name = name if len(name) < 24 else f"…{name[-22:]}"
    drawn.append(_text(LEFT - 8, y + 17, f"{name}, {size(total)}", anchor="end"))
    x, whole = float(LEFT), sum(kib for _, kib in rows) or 1
    for kind, kib in rows:
        width = (WIDTH - LEFT - 4) * kib / whole
        look = LOOKS.get(kind, "#0072b2" if kind == "swap used" else "#bbbbbb")
        told = escape(f"{kind}: {size(kib)} ({percent(kib, total)})")
        drawn.append(
            f'<rect x="{x:.1f}" y="{y}" width="{width:.1f}" height="{BAR}" fill="{look}" '
            f'stroke="currentColor" stroke-width=".4"><title>{told}</title></rect>'
        )
        x += width
    y, x = y + BAR + 16, float(LEFT)
    for kind, kib in sorted(rows, key=lambda each: -each[1]):
        told = f"{kind} {size(kib)}"
        width = 30 + 7.7 * len(told)
        if x > LEFT and x + width > WIDTH:
            y, x = y + 18, float(LEFT)
        look = LOOKS.get(kind, "#0072b2" if kind == "swap used" else "#bbbbbb")
        drawn.append(f'<rect x="{x}" y="{y - 10}" width="11" height="11" fill="{look}"/>')
        drawn.append(_text(x + 16, y, told))
        x += width
    return y + 18


def _ranking(drawn: list[str], y: int, explanation: Explanation) -> int:
    """Badness of the first ones, and of who was killed however far down."""
    victim = explanation.report.victim
    ranked = [
        each
        for place, each in enumerate(explanation.ranked)
        if place < ROWS or (victim and victim.pid in (each.row.pid, each.row.tgid))
    ]
    most = max((each.points or 0 for each in ranked), default=0)
    if not most or explanation.policy is None:
        return y
    y += 6
    unit = "per mille" if explanation.policy.points == "permille" else "pages"
    drawn.append(_text(LEFT, y + 10, f"badness in {unit}; whom the killer takes first, on top"))
    y += 20
    for each in ranked:
        killed = victim is not None and victim.pid in (each.row.pid, each.row.tgid)
        chosen = each is explanation.predicted
        fate = " and ".join(["chosen"] * chosen + ["killed"] * killed)
        name = printable(f"{each.row.name} ({each.row.pid})")
        width = max((WIDTH - LEFT - 240) * (each.points or 0) / most, 1)
        look = "#d55e00" if killed else "#0072b2" if chosen else "#999999"
        drawn.append(_text(LEFT - 8, y + 12, name, anchor="end", bold=bool(fate)))
        drawn.append(
            f'<rect x="{LEFT}" y="{y}" width="{width:.1f}" height="15" fill="{look}" '
            'stroke="currentColor" stroke-width=".4"/>'
        )
        told = each.why_not or f"{each.points}"
        told += f", {fate}" if fate else ""
        drawn.append(_text(LEFT + width + 6, y + 12, told, bold=bool(fate)))
        y += 20
    return y


def _text(x: float, y: float, words: str, anchor: str = "start", bold: bool = False) -> str:
    weight = ' font-weight="bold"' if bold else ""
    return (
        f'<text x="{x:.1f}" y="{y:.1f}" fill="currentColor" text-anchor="{anchor}"{weight}>'
        f"{escape(printable(words))}</text>"
    )


def alt_text(explanation: Explanation) -> str:
    """What is to be seen, as sentences."""
    told = [explanation.cause.sentence]
    held = explanation.account
    if held and held.total_kib:
        rows = sorted(parts(held), key=lambda each: -each[1])
        shares = [f"{kind} {percent(kib, held.total_kib)}" for kind, kib in rows[:5]]
        told.append(f"Of {size(held.total_kib)}: {', '.join(shares)}.")
    if explanation.predicted:
        row = explanation.predicted.row
        told.append(f"{row.name} ({row.pid}) is chosen.")
    victim = explanation.report.victim
    if victim:
        told.append(f"{victim.name} ({victim.pid}) was killed.")
    return " ".join(told)


def section(explanation: Explanation) -> str:
    """One report as a part of a page: what to know, the picture, what to do, the whole text."""
    report = explanation.report
    advice = "".join(f"<li>{escape(printable(each))}</li>" for each in explanation.advice)
    return (
        f'<section id="r{report.lines[0]}"><h2>{escape(printable(headline(report)))}</h2>'
        f'<p class="cause">{escape(printable(explanation.cause.sentence))}</p>'
        f"{svg(explanation)}<h3>What to do</h3><ul>{advice}</ul>"
        f"<details><summary>The whole explanation</summary>"
        f'<pre tabindex="0">{escape(text_of(explanation))}</pre></details></section>'
    )
