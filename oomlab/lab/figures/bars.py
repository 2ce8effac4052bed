"""Numbers side by side: one group of bars for each row of a small table."""

from collections.abc import Mapping

from matplotlib.figure import Figure

from .style import BLUE, GREEN, ORANGE, SKY, legend, picture, themed, words

COLOURS = (SKY, BLUE, ORANGE, GREEN)


@themed
def figure(title: str, table: Mapping[str, Mapping[str, float]], *, dark: bool = False) -> Figure:
    """{row: {series: value}} as bars from left to right, each with its value."""
    series = list(dict.fromkeys(name for row in table.values() for name in row))
    height = 1.2 + 0.3 * len(table) * len(series)
    drawn, (axes,), theme = picture(alt_text(title, table), 9.5, height, dark)
    thick = 0.8 / len(series)
    for n, name in enumerate(series):
        ys = [y + thick * (n - (len(series) - 1) / 2) for y in range(len(table))]
        values = [row[name] for row in table.values()]
        axes.barh(ys, values, thick * 0.9, color=COLOURS[n % len(COLOURS)], label=name)
        for y, value in zip(ys, values, strict=True):
            words(axes, value, y, f" {value:g}", clip_on=False)
    axes.set_yticks(range(len(table)), list(table))
    axes.set_ylim(len(table) - 0.5, -0.5)
    axes.set_xlim(0, 1.1 * max((v for row in table.values() for v in row.values()), default=1))
    axes.set_title(title, loc="left")
    if len(series) > 1:
        legend(axes, theme)
    return drawn


def alt_text(title: str, table: Mapping[str, Mapping[str, float]]) -> str:
    """All the numbers, as a sentence."""
    rows = (
        f"{row}: {', '.join(f'{name} {value:g}' for name, value in values.items())}"
        for row, values in table.items()
    )
    return f"{title}: {'; '.join(rows)}."
