"""Numbers side by side: one group of bars for each row of a small table."""

from collections.abc import Mapping

from ... import stacked
from ...arguments import checked
from ...looks import BLUE, GREEN, ORANGE, SKY, Look
from ...paper import Drawing

LOOKS: tuple[Look, ...] = ((SKY, ""), (BLUE, "/"), (ORANGE, "x"), (GREEN, "."))


@checked
def figure(
    title: str, table: Mapping[str, Mapping[str, float]], *, dark: bool | None = None
) -> Drawing:
    """{row: {series: value}} as bars from left to right, each with its value."""
    series = list(dict.fromkeys(name for row in table.values() for name in row))
    looks = {name: LOOKS[n % len(LOOKS)] for n, name in enumerate(series)}
    drawing = Drawing(alt_text(title, table), dark)
    drawing.heading(title)
    rows = [
        stacked.Row(name if first else "", [(values[each], looks[each])], f"{values[each]:g}")
        for name, values in table.items()
        for first, each in ((not n, each) for n, each in enumerate(values))
    ]
    stacked.draw(drawing, rows, "")
    if len(series) > 1:
        drawing.legend(looks.items())
    return drawing


@checked
def alt_text(title: str, table: Mapping[str, Mapping[str, float]]) -> str:
    """All the numbers, as a sentence."""
    rows = (
        f"{row}: {', '.join(f'{name} {value:g}' for name, value in values.items())}"
        for row, values in table.items()
    )
    return f"{title}: {'; '.join(rows)}."
