"""A schedule as a picture: a lane for each thread, time downwards. SVG, and the same in letters."""

from html import escape

LANE, ROW, TOP, LEFT = 250, 26, 44, 46
COLOURS = ("#2457a6", "#b3261e", "#7a3fa0", "#1b7f4b", "#8a5a00")


def threads(schedule: list[dict]) -> list[str]:
    """The lanes, in the order in which they first act."""
    return list(dict.fromkeys(row["thread"] for row in schedule if row["thread"]))


def label(row: dict, most: int = 34) -> str:
    """operation -> result, cut to the width of a lane."""
    arrow = f" → {row['result']}" if row["result"] not in ("", "NULL", "begins") else ""
    text = "".join(c for c in row["does"] + arrow if c.isprintable())
    return text if len(text) <= most else text[: most - 1] + "…"


def lanes(schedule: list[dict]) -> str:
    """An SVG to stand in a page; all its words are escaped."""
    names = threads(schedule)
    steps = [row for row in schedule if row["thread"]]
    ending = [row["says"] for row in schedule if not row["thread"]]
    width = LEFT + LANE * len(names)
    height = TOP + ROW * (len(steps) + len(ending)) + 12
    out = [
        f'<svg viewBox="0 0 {width} {height}" width="{width}" height="{height}" role="img" '
        f'font-family="system-ui, sans-serif" font-size="13"><title>The schedule</title>'
    ]
    for i, name in enumerate(names):
        x, colour = LEFT + LANE * i, COLOURS[i % len(COLOURS)]
        out.append(f'<text x="{x}" y="18" font-weight="bold" fill="{colour}">{escape(name)}</text>')
        out.append(
            f'<line x1="{x + 4}" y1="28" x2="{x + 4}" y2="{TOP + ROW * len(steps)}" '
            f'stroke="{colour}" stroke-opacity=".25" stroke-width="2"/>'
        )
    for n, row in enumerate(steps):
        i = names.index(row["thread"])
        x, y, colour = LEFT + LANE * i, TOP + ROW * n, COLOURS[i % len(COLOURS)]
        number = escape(row["mail"])
        out.append(f'<text x="4" y="{y + 5}" font-weight="bold">{number}</text>')
        out.append(f'<circle cx="{x + 4}" cy="{y}" r="5" fill="{colour}"/>')
        out.append(f'<text x="{x + 15}" y="{y + 5}">{escape(label(row))}</text>')
    for n, says in enumerate(ending, len(steps)):
        y = TOP + ROW * n + 8
        out.append(f'<text x="{LEFT}" y="{y}" font-weight="bold">{escape(says)}</text>')
    return "\n".join([*out, "</svg>"])


def text_lanes(schedule: list[dict]) -> str:
    """The same lanes in letters, for markdown."""
    names = threads(schedule)
    width = 32
    lines = ["     " + "".join(name.ljust(width) for name in names)]
    for row in schedule:
        if not row["thread"]:
            lines.append(f"{row['mail']:4} => {row['says']}")
            continue
        cells = ["|".ljust(width)] * len(names)
        cells[names.index(row["thread"])] = ("* " + label(row, width - 4)).ljust(width)
        lines.append(f"{row['mail']:4} " + "".join(cells))
    return "\n".join(line.rstrip() for line in lines)
