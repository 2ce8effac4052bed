"""How scenarios end under versions, as a heat map: a coloured cell for each, its verdict in it."""

from collections.abc import Mapping

from ..grid import COLOURS
from .paper import PAD, Drawing, wide_as

ROW, SIZE = 30, 12.5


def figure(
    title: str, table: Mapping[tuple[str, str], str], *, dark: bool | None = None
) -> Drawing:
    """{(scenario, policy): verdict}, scenarios from the top down, policies from left to right."""
    scenarios = list(dict.fromkeys(scenario for scenario, _ in table))
    policies = list(dict.fromkeys(policy for _, policy in table))
    drawing = Drawing(alt_text(title, table), dark)
    drawing.heading(title)
    left = PAD + 10 + max(wide_as(name) for name in scenarios)
    wide = (drawing.width - PAD - left) / len(policies)
    for column, policy in enumerate(policies):
        x = left + (column + 0.5) * wide
        drawing.text(x, drawing.y + 14, policy, "quiet", size=SIZE, anchor="middle")
    for row, scenario in enumerate(scenarios):
        y = drawing.y + 22 + row * ROW
        drawing.text(left - 10, y + 18, scenario, anchor="end")
        for column, policy in enumerate(policies):
            x, verdict = left + column * wide, table[scenario, policy]
            look = (COLOURS.get(verdict, "faint"), "")
            drawing.rect(x + 2, y, wide - 4, ROW - 4, look, ' fill-opacity=".35" rx="3"')
            drawing.text(x + wide / 2, y + 17, verdict, size=SIZE, anchor="middle")
    drawing.y += 22 + len(scenarios) * ROW
    return drawing


def alt_text(title: str, table: Mapping[tuple[str, str], str]) -> str:
    """Every cell, as a sentence."""
    cells = (f"{scenario} under {policy}: {v}" for (scenario, policy), v in table.items())
    return f"{title}. {'; '.join(cells)}."
