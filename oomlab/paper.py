"""A drawing as SVG text, made from the top down with the standard library alone.

    drawing = Drawing("What it shows, as a sentence.")
    drawing.heading("title", "verdict")
    drawing.rect(10, drawing.y, 100, 13, (GREEN, ""))
    drawing.save("picture.svg")

It shows itself in a notebook, once, with its sentence for those who cannot see it.
"""

import re
from base64 import b64encode
from collections.abc import Iterable, Mapping
from html import escape
from pathlib import Path
from textwrap import wrap
from zlib import crc32

from .arguments import checked
from .looks import IN_A_PAGE, LIGHT, PATTERNS, Look, style_sheet
from .textfile import named, write_text

WIDTH, PAD = 760, 10
SMALLEST = 0.7  # of their size, letters are drawn on a page that is narrower than the picture
LETTER, BOLD = 0.6, 0.67  # a letter is on average so wide, in units of its size
NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


class Drawing:
    """Shapes on a paper `width` wide; `y` is where the next thing goes. `dark` forces a theme."""

    def __init__(self, alt_text: str, dark: bool | None = None, width: int = WIDTH):
        self.alt_text, self.dark, self.width, self.y = alt_text, dark, width, float(PAD)
        self.shapes: list[str] = []
        self.patterns: dict[Look, str] = {}

    # ---------------------------------------------------------------- shapes
    def fill(self, look: Look) -> str:
        """The attributes that fill a shape with a colour and a pattern."""
        colour, pattern = look
        if colour == "ink paper-line":  # letters with a line around them
            return f'class="{colour}" fill="{LIGHT["ink"]}" stroke="{LIGHT["paper"]}"'
        if not pattern:
            theme = f'class="{colour}" ' if colour in LIGHT else ""
            return f'{theme}fill="{LIGHT.get(colour, colour)}"'
        mark = f"o{crc32(self.alt_text.encode()):x}-{len(self.patterns)}"
        return f'fill="url(#{self.patterns.setdefault(look, mark)})"'

    def stroke(self, colour: str) -> str:
        """The attribute that draws a line in a colour, of a theme or not."""
        if colour not in LIGHT:
            return f'stroke="{colour}"'
        return f'class="{colour}-line" stroke="{LIGHT[colour]}"'

    def rect(self, x: float, y: float, width: float, height: float, look: Look, more="") -> None:
        size = f'width="{width:.1f}" height="{height:.1f}"'
        self.shapes.append(f'<rect x="{x:.1f}" y="{y:.1f}" {size} {self.fill(look)}{more}/>')

    def bars(
        self, spans: Iterable[tuple[float, float]], y: float, height: float, look: Look
    ) -> None:
        """Many bars of one look in a row: (left, right), in order; those that touch are one."""
        merged: list[list[float]] = []
        for left, right in spans:
            right = max(right, left + 0.7)
            if merged and left <= merged[-1][1] + 0.1:
                merged[-1][1] = max(merged[-1][1], right)
            else:
                merged.append([left, right])
        if merged:
            each = (f"M{a:.1f} {y:.1f}h{b - a:.1f}v{height}h{a - b:.1f}z" for a, b in merged)
            self.shapes.append(f'<path d="{"".join(each)}" {self.fill(look)}/>')

    def line(self, x1, y1, x2, y2, colour: str, width: float = 1, dash: str = "") -> None:
        how = f' stroke-width="{width}"' + (f' stroke-dasharray="{dash}"' if dash else "")
        ends = f'x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}"'
        self.shapes.append(f"<line {ends} {self.stroke(colour)}{how}/>")

    def arrow(self, x1, y1, x2, y2, colour: str, width: float = 1.4, dash: str = "") -> None:
        """A line with a head at its second end."""
        long = max(((x2 - x1) ** 2 + (y2 - y1) ** 2) ** 0.5, 0.1)
        along, across = ((x2 - x1) / long, (y2 - y1) / long), (-(y2 - y1) / long, (x2 - x1) / long)
        head, wide = 6 + 2 * width, 2.5 + width
        x, y = x2 - head * along[0], y2 - head * along[1]
        self.line(x1, y1, x, y, colour, width, dash)
        sides = [(x + side * wide * across[0], y + side * wide * across[1]) for side in (1, -1)]
        points = " ".join(f"{a:.1f},{b:.1f}" for a, b in [(x2, y2), *sides])
        self.shapes.append(f'<polygon points="{points}" {self.fill((colour, ""))}/>')

    def text(self, x, y, words: str, colour="ink", *, size=13.0, anchor="start", more="") -> None:
        """Words whose baseline begins, or has its middle or end, at a place."""
        more += f' font-size="{size}"' * (size != 13) + f' text-anchor="{anchor}"' * (
            anchor != "start"
        )
        self.shapes.append(
            f'<text x="{x:.1f}" y="{y:.1f}" {self.fill((colour, ""))}{more}>{clean(words)}</text>'
        )

    def haloed(self, x, y, words: str, **how) -> None:
        """Words on a pattern: a line around each letter keeps them legible."""
        how["more"] = ' paint-order="stroke" stroke-width="4" stroke-linejoin="round"'
        self.text(x, y, words, "ink paper-line", **how)

    # ---------------------------------------------------------------- what stands around
    def heading(self, title: str, *sentences: str) -> None:
        """The title, in as many lines as it needs, and under it sentences in the same width."""
        self.say(title, "ink", 14, ' font-weight="600"')
        for sentence in filter(None, sentences):
            self.say(sentence, "ink")
        self.y += 6

    def say(self, words: str, colour: str = "quiet", size: float = 12.5, more: str = "") -> None:
        """A paragraph, wrapped."""
        letter = BOLD if "font-weight" in more else LETTER
        most = int((self.width - 2 * PAD) / (letter * size))
        for row in wrap(words, most, break_on_hyphens=False) or [""]:
            self.y += round(size * 1.4)
            self.text(PAD, self.y - 4, row, colour, size=size, more=more)

    def key(self, marks: Mapping[str, object]) -> None:
        """What each mark means, as {words: is it drawn?}: of those that are drawn, and no other."""
        if shown := " · ".join(words for words, drawn in marks.items() if drawn):
            self.say(shown)

    def legend(
        self,
        entries: Iterable[tuple[str, Look]],
        x: float = PAD,
        lines: Iterable[tuple[str, Look]] = (),
    ) -> None:
        """What each look means, side by side as far as they fit; `lines` are drawn as thin ones."""
        place, self.y = x, self.y + 20
        bars, thin = [(*entry, 11) for entry in entries], [(*entry, 4) for entry in lines]
        for words, look, high in [*bars, *thin]:
            wide = 30 + wide_as(words, 12.5)
            if place > x and place + wide > self.width - PAD:
                place, self.y = x, self.y + 19
            self.rect(place, self.y - 4.5 - high / 2, 20, high, look)
            self.text(place + 25, self.y, words, "quiet", size=12.5)
            place += wide + 14
        self.y += 6

    # ---------------------------------------------------------------- as text, file, and output
    @property
    def least(self) -> int:
        """How wide it is shown at least: a narrower page scrolls, so that letters can be read."""
        return max(560, round(SMALLEST * self.width))

    @property
    def svg(self) -> str:
        """The whole drawing; the same for the same run."""
        height = round(self.y + PAD)
        tiles = [
            f'<pattern id="{mark}" width="8" height="8" patternUnits="userSpaceOnUse">'
            f'<rect width="8" height="8" {self.fill((colour, ""))}/>'
            f'<path d="{PATTERNS[pattern]}" {self.stroke("paper")} stroke-width="2"/></pattern>'
            for (colour, pattern), mark in self.patterns.items()
        ]
        forced = "" if self.dark is None else f' data-theme="{"dark" if self.dark else "light"}"'
        return (
            f'<svg xmlns="http://www.w3.org/2000/svg" class="oomlab-figure"{forced} role="img" '
            f'aria-label="{clean(self.alt_text)}" viewBox="0 0 {self.width} {height}" '
            f'width="{self.width}" height="{height}" '
            f'style="max-width:100%;min-width:{self.least}px;height:auto" '
            f'font-family="system-ui,sans-serif" font-size="13">'
            f"<style>{style_sheet()}</style><defs>{''.join(tiles)}</defs>"
            f'<rect width="100%" height="100%" {self.fill(("paper", ""))}/>'
            + "".join(self.shapes)
            + "</svg>"
        )

    @checked
    def save(self, path: str | Path) -> Path:
        """Write the drawing as an SVG file. ValueError for another ending."""
        path = Path(path)
        if path.suffix != ".svg":
            raise ValueError(f"a figure is saved as .svg, not as {named(path.name)}")
        return write_text(path, self.svg + "\n")

    @property
    def img(self) -> str:
        """The drawing as an element of HTML that a notebook shows even before it is trusted."""
        data = b64encode(self.svg.encode()).decode()
        return (
            f'<img class="oomlab-figure" alt="{clean(self.alt_text)}" width="{self.width}" '
            f'style="max-width:100%;min-width:{self.least}px" '
            f'src="data:image/svg+xml;base64,{data}">'
        )

    def _repr_mimebundle_(self, include=None, exclude=None) -> dict[str, str]:
        # On a narrow page it is scrolled, by the keyboard, too.
        region = 'style="overflow-x:auto" tabindex="0" role="group" aria-label="figure"'
        shown = f"<div {region}>{self.img}</div><style>{IN_A_PAGE}</style>"
        return {"text/html": shown, "text/plain": self.alt_text}


def clean(words: str) -> str:
    """Words as XML can hold them."""
    return escape(NOT_XML.sub("\ufffd", words))


def wide_as(words: str, size: float = 13) -> float:
    """About how wide words are drawn."""
    return LETTER * size * len(words)


def nice(least: float) -> int:
    """The next of 1, 2, 5, 10, 20 ... that is not less."""
    ten = 1
    while True:
        for times in (1, 2, 5):
            if times * ten >= least:
                return times * ten
        ten *= 10
