"""How scenarios end under versions, as a heat map: a coloured cell for each.

A small table has the verdict in each cell; one of many columns has a letter, and a key to them. An
empty cell is one that recovered, so that no two kinds of cells differ by their colour alone.
"""

from collections.abc import Mapping
from itertools import groupby

from ...arguments import checked
from ...looks import VERDICTS, Look
from ...paper import PAD, Drawing, wide_as
from ..verdict_table import every_end

ROW, SIZE = 30, 12.5
MANY = 8  # columns; more of them have letters
LETTERS = {"recovered": "", "deadlock": "D", "livelock": "L", "lost-victim": "V", "panic": "P"}


@checked
def figure(
    title: str, table: Mapping[tuple[str, str], str], *, dark: bool | None = None
) -> Drawing:
    """{(scenario, policy): verdict}, scenarios from the top down, policies from left to right."""
    scenarios = list(dict.fromkeys(scenario for scenario, _ in table))
    policies = list(dict.fromkeys(policy for _, policy in table))
    many = len(policies) > MANY
    row, size = (17, 11.0) if many else (ROW, SIZE)
    drawing = Drawing(alt_text(title, table), dark)
    drawing.heading(title)
    if many:
        shown = [verdict for verdict in LETTERS if verdict in table.values()]
        drawing.legend((f"{LETTERS[v]} {v}".strip(), look(v)) for v in shown)
    left = PAD + 10 + max(wide_as(name, size) for name in scenarios)
    wide = (drawing.width - PAD - left) / len(policies)
    for column, policy in enumerate(policies):
        name = policy.removeprefix("linux-") if many else policy
        middle = left + (column + 0.5) * wide
        drawing.text(middle, drawing.y + 14, name, "quiet", size=size, anchor="middle")
    for number, scenario in enumerate(scenarios):
        y = drawing.y + 22 + number * row
        drawing.text(left - 10, y + row - 12 + 8 * many, scenario, size=size, anchor="end")
        for column, policy in enumerate(policies):
            x, verdict = left + column * wide, table[scenario, policy]
            drawing.rect(x + 1, y, wide - 2, row - 2 - 2 * (not many), look(verdict), THIN)
            said = LETTERS.get(verdict, verdict) if many else verdict
            if said:
                place = y + (12 if many else 17)
                drawing.text(x + wide / 2, place, said, size=size, anchor="middle")
    drawing.y += 22 + len(scenarios) * row
    return drawing


def of_all(*, dark: bool | None = None) -> Drawing:
    """Every scenario under every version of Linux, with seed 0."""
    table = every_end()
    scenarios, versions = (len({key[n] for key in table}) for n in (0, 1))
    title = f"How {scenarios} scenarios end under {versions} versions of Linux, with seed 0"
    return figure(title, table, dark=dark)


THIN = ' fill-opacity=".35" rx="3"'  # so that ink stays legible


def look(verdict: str) -> Look:
    return VERDICTS.get(verdict, "faint"), ""


@checked
def alt_text(title: str, table: Mapping[tuple[str, str], str]) -> str:
    """Every row as a sentence; neighbours that end alike are one part of it."""
    rows = []
    for scenario, cells in groupby(table.items(), key=lambda cell: cell[0][0]):
        parts = []
        for verdict, alike in groupby(cells, key=lambda cell: cell[1]):
            names = [policy for (_, policy), _ in alike]
            parts.append(f"{verdict} under {' to '.join(dict.fromkeys([names[0], names[-1]]))}")
        rows.append(f"{scenario}: {', '.join(parts)}")
    return f"{title}. {'; '.join(rows)}."
