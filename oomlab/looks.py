"""What all figures have in common: colours, patterns, and two themes that the page chooses.

A figure follows the page around it: `data-theme` (books, sites), `data-jp-theme-light` (Jupyter),
else what the reader's system prefers; on paper it is light. A program that knows no style sheets
draws the light theme, which stands in the attributes, too.
"""

# Okabe and Ito, "Color Universal Design" (2008).
ORANGE, SKY, GREEN = "#E69F00", "#56B4E9", "#009E73"
YELLOW, BLUE, VERMILLION, PURPLE = "#F0E442", "#0072B2", "#D55E00", "#CC79A7"

Look = tuple[str, str]  # a colour, of the above or a name of a theme; and a pattern

STATE_LOOKS: dict[str, Look] = {  # asleep is drawn in the theme's faint grey
    "running": (GREEN, ""),
    "allocating": (ORANGE, "/"),
    "locked": (PURPLE, "x"),
    "waiting": ("faint", ""),
    "frozen": (SKY, "."),
    "exiting": (YELLOW, "\\"),
}
FATE_LOOKS: dict[str, Look] = {"killed": (VERMILLION, ""), "reaped": (BLUE, "")}

VERDICTS = {  # thinned when they are drawn, so that ink stays legible
    "recovered": GREEN,
    "holds": GREEN,
    "deadlock": VERMILLION,
    "violated": VERMILLION,
    "stops": VERMILLION,
    "livelock": ORANGE,
    "lost-victim": PURPLE,
    "panic": BLUE,
}

PATTERNS = {"/": "M0 8 8 0", "x": "M0 8 8 0M0 0 8 8", ".": "M3 4h2", "\\": "M0 0 8 8"}  # 8 by 8

LIGHT = {
    "paper": "#ffffff",
    "ink": "#1a1a1a",
    "quiet": "#555555",
    "faint": "#d9d9d9",
    "water": "#9cc7e0",
    "alarm": "#a63c00",
}
DARK = {
    "paper": "#111418",
    "ink": "#f2f2f2",
    "quiet": "#b5b5b5",
    "faint": "#454b52",
    "water": "#1c4f70",
    "alarm": "#ff9d66",
}

FIGURE = ".oomlab-figure"

# As an image, a figure hears of the page around it by one property alone.
ON_LIGHT = ("[data-theme=light] ", "[data-jp-theme-light=true] ", ".vscode-light ")
ON_DARK = ("[data-theme=dark] ", "[data-jp-theme-light=false] ", ".vscode-dark ")
IN_A_PAGE = "".join(
    ",".join(f"{place}img{FIGURE}" for place in places) + f"{{color-scheme:{scheme}}}"
    for places, scheme in ((ON_LIGHT, "light"), (ON_DARK, "dark"))
)


def style_sheet() -> str:
    """The themes as CSS, and a class for each of their colours: .ink fills, .ink-line strokes."""

    def theme(colours: dict[str, str], *where: str) -> str:
        chosen = ",".join(f"{place}{FIGURE}" for place in where)
        return chosen + "{" + ";".join(f"--oom-{n}:{c}" for n, c in colours.items()) + "}"

    colours = "".join(
        f"{FIGURE} .{n}{{fill:var(--oom-{n})}}{FIGURE} .{n}-line{{stroke:var(--oom-{n})}}"
        for n in LIGHT
    )
    return (
        theme(LIGHT, "")
        + f"@media (prefers-color-scheme:dark){{{theme(DARK, '')}}}"
        + theme(LIGHT, *ON_LIGHT, f"{FIGURE}[data-theme=light]")
        + theme(DARK, *ON_DARK, f"{FIGURE}[data-theme=dark]")
        + f"@media print{{{theme(LIGHT, 3 * FIGURE)}}}"
        + colours
    )
