"""A schedule as a picture: a lane for each thread, time downwards. SVG, and the same in letters."""

from html import escape

ROW, TOP, LEFT = 26, 44, 46
MOST = 60  # letters of a label; names are short, and a lane is as wide as its longest label
LETTER = 7.4  # pixels, of a sans-serif font of 13
COLOURS = ("#2457a6", "#b3261e", "#7a3fa0", "#1b7f4b", "#8a5a00")


def threads(schedule: list[dict]) -> list[str]:
    """The lanes, in the order in which they first act."""
    return list(dict.fromkeys(row["thread"] for row in schedule if row["thread"]))


def label(row: dict) -> str:
    """operation -> result; what takes a while begins and ends."""
    result = row["result"]
    more = f" {result}" if result in ("begins", "ends") else f" → {result}"
    text = row["does"] + more * (result not in ("", "NULL"))
    text = "".join(c for c in text if c.isprintable())
    return text if len(text) <= MOST else text[: MOST - 1] + "…"


def letters(schedule: list[dict], name: str) -> int:
    """How long the longest text in a lane is."""
    return max(len(name), *(len(label(row)) for row in schedule if row["thread"] == name))


def lanes(schedule: list[dict]) -> str:
    """An SVG to stand in a page; all its words are escaped."""
    names = threads(schedule)
    steps = [row for row in schedule if row["thread"]]
    ending = [row["says"] for row in schedule if not row["thread"]]
    widths = [round(LETTER * letters(schedule, name)) + 36 for name in names]
    lefts = [LEFT + sum(widths[:i]) for i in range(len(names))]
    width = LEFT + sum(widths)
    height = TOP + ROW * (len(steps) + len(ending)) + 12
    out = [
        f'<svg viewBox="0 0 {width} {height}" width="{width}" height="{height}" role="img" '
        f'font-family="system-ui, sans-serif" font-size="13"><title>The schedule</title>'
    ]
    for i, name in enumerate(names):
        x, colour = lefts[i], COLOURS[i % len(COLOURS)]
        out.append(f'<text x="{x}" y="18" font-weight="bold" fill="{colour}">{escape(name)}</text>')
        out.append(
            f'<line x1="{x + 4}" y1="28" x2="{x + 4}" y2="{TOP + ROW * len(steps)}" '
            f'stroke="{colour}" stroke-opacity=".25" stroke-width="2"/>'
        )
    for n, row in enumerate(steps):
        i = names.index(row["thread"])
        x, y, colour = lefts[i], TOP + ROW * n, COLOURS[i % len(COLOURS)]
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
    widths = [letters(schedule, name) + 4 for name in names]
    head = "".join(name.ljust(width) for name, width in zip(names, widths, strict=True))
    lines = ["     " + head]
    for row in schedule:
        if not row["thread"]:
            lines.append(f"{row['mail']:4} => {row['says']}")
            continue
        cells = ["|".ljust(width) for width in widths]
        lane = names.index(row["thread"])
        cells[lane] = ("* " + label(row)).ljust(widths[lane])
        lines.append(f"{row['mail']:4} " + "".join(cells))
    return "\n".join(line.rstrip() for line in lines)
