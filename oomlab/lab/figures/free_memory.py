"""Free memory against the watermarks, and who takes pages below the min mark."""

from ...arguments import checked
from ...looks import BLUE, ORANGE, PURPLE, SKY, VERMILLION
from ...paper import PAD, Drawing, nice, wide_as
from ...simulate.run import Run
from ..facts import below_min, heading, several
from ..timeline import shown_steps
from .lanes import Steps, axis

SIGNS = {  # of the first four tasks below min
    "●": VERMILLION,
    "■": PURPLE,
    "▲": ORANGE,
    "◆": SKY,
}
LEFT, RIGHT = 74, 90  # room for the pages, and for the names of the marks


@checked
def figure(run: Run, *, dark: bool | None = None) -> Drawing:
    """Pages free after each step, with the marks low, min and high, and who went below min."""
    drawing = Drawing(alt_text(run), dark)
    drawing.heading(heading(run))
    steps = Steps(LEFT, drawing.width - RIGHT, shown_steps(run))
    draw(drawing, run, steps, 210)
    axis(drawing, steps, "step")
    if shown_steps(run):
        drawing.legend([("free pages", ("water", ""))])
    key_of_signs(drawing, list(below_min(run)))
    return drawing


def draw(drawing: Drawing, run: Run, steps: Steps, tall: float) -> None:
    """The curve, `tall` pixels high: for each pixel the least that was free, so no dip is lost."""
    zone, until = run.kernel.zone, shown_steps(run)
    free = [row[5] for row in run.trace[:until]]
    most = max(max(free, default=1), zone.high) * 1.05
    top = drawing.y + 18
    foot = top + tall

    def y(pages: float) -> float:
        return foot - tall * pages / most

    least: dict[int, int] = {}
    for step, pages in enumerate(free):
        pixel = int(steps.x(step))
        least[pixel] = min(pages, least.get(pixel, pages))
    outline = "".join(f"H{x}V{y(pages):.1f}" for x, pages in corners(least))
    if outline:
        first, end = min(least), steps.x(until)
        area = f"M{first} {foot:.1f}{outline}H{end:.1f}V{foot:.1f}z"
        drawing.shapes.append(f'<path d="{area}" {drawing.fill(("water", ""))}/>')
        start = f"M{first} {y(least[first]):.1f}"
        curve = f'<path d="{start}{outline}H{end:.1f}" fill="none" {drawing.stroke(BLUE)}'
        drawing.shapes.append(f'{curve} stroke-width="1.4"/>')
    every = nice(most * 24 / tall)
    for pages in range(0, int(most), every):
        drawing.text(steps.left - 6, y(pages) + 4, str(pages), "quiet", size=12, anchor="end")
        drawing.line(steps.left - 4, y(pages), steps.left, y(pages), "quiet")
    drawing.text(PAD, top - 8, "pages", "quiet", size=12)  # above all of its numbers
    marks(drawing, run, steps, y)
    for (sign, colour), points in zip(SIGNS.items(), below_min(run).values(), strict=False):
        taken = float("-inf")
        for step, pages in points:
            if steps.x(step) > taken + 3:  # those on the same spot are one sign
                taken = steps.x(step)
                dot = f' fill="{colour}" stroke="{colour}"'
                drawing.shapes.append(sign_at(sign, taken, y(pages), dot))
    if not any(free):
        drawing.text((steps.left + steps.right) / 2, y(zone.min / 2), "nothing is free")
    drawing.y = foot


def key_of_signs(drawing: Drawing, below: list[str]) -> None:
    """Who is which sign, in the colour that it has in the picture."""
    if not below:
        return
    drawing.y += 18
    x = PAD + 5.0
    for (sign, colour), name in zip(SIGNS.items(), below, strict=False):
        words = f"{name} below min"
        drawing.shapes.append(sign_at(sign, x, drawing.y - 4, f' fill="{colour}"'))
        drawing.text(x + 10, drawing.y, words, "quiet", size=12.5)
        x += wide_as(words, 12.5) + 30
    if len(below) > len(SIGNS):
        drawing.text(x, drawing.y, "and others", "quiet", size=12.5)
    drawing.y += 4


def corners(least: dict[int, int]) -> list[tuple[int, int]]:
    """The pixels at which the curve changes."""
    found: list[tuple[int, int]] = []
    for x in sorted(least):
        if not found or found[-1][1] != least[x]:
            found.append((x, least[x]))
    return found


def marks(drawing: Drawing, run: Run, steps: Steps, y) -> None:
    """The watermarks as lines, their names and pages at the right end, one above the other."""
    above = float("inf")
    for mark, dash in (("min", ""), ("low", "6 4"), ("high", "2 3")):
        pages = getattr(run.kernel.zone, mark)
        drawing.line(steps.left, y(pages), steps.right, y(pages), "ink", 1, dash)
        above = min(y(pages) + 4, above - 13)
        drawing.text(steps.right + 6, above, f"{mark} {pages}", size=12)


def sign_at(sign: str, x: float, y: float, look: str) -> str:
    """A small sign around a place."""
    if sign == "●":
        return f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3"{look}/>'
    forms = {"■": "-3,-3 3,-3 3,3 -3,3", "▲": "0,-4 4,3 -4,3", "◆": "0,-4 4,0 0,4 -4,0"}
    return f'<polygon transform="translate({x:.1f} {y:.1f})" points="{forms[sign]}"{look}/>'


@checked
def alt_text(run: Run) -> str:
    """How low memory fell and who went below min, as a sentence."""
    zone, free = run.kernel.zone, [row[5] for row in run.trace]
    below = below_min(run)
    if not free:
        return f"No step was taken in {heading(run)}."
    last = free[-1]
    return (
        f"Free pages of {heading(run)} fall to {min(free)} and end at {last}; min is {zone.min}, "
        f"low {zone.low}, high {zone.high}; {several(list(below))} took pages below min."
    )
