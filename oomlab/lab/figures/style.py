"""What all figures have in common: colours, two themes, and a Figure that can speak."""

from base64 import b64encode
from functools import wraps
from html import escape
from io import BytesIO
from textwrap import wrap
from typing import Any

from matplotlib import rc_context
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.text import Text

# Okabe and Ito, "Color Universal Design" (2008).
BLACK, ORANGE, SKY, GREEN = "#000000", "#E69F00", "#56B4E9", "#009E73"
YELLOW, BLUE, VERMILLION, PURPLE = "#F0E442", "#0072B2", "#D55E00", "#CC79A7"

STATE_LOOKS = {  # colour and hatch of a lane's segments; asleep is drawn in the theme's faint grey
    "running": (GREEN, ""),
    "allocating": (ORANGE, "////"),
    "locked": (PURPLE, "xxxx"),
    "waiting": (None, ""),
    "frozen": (SKY, "...."),
    "exiting": (YELLOW, "\\\\\\\\"),
}
FATE_LOOKS = {"killed": VERMILLION, "reaped": BLUE}

LETTER = 0.085  # inches that a letter of a title is wide

LIGHT = {"paper": "#ffffff", "ink": "#1a1a1a", "quiet": "#555555", "faint": "#e4e4e4"}
DARK = {"paper": "#111418", "ink": "#f2f2f2", "quiet": "#b5b5b5", "faint": "#3a3f45"}


class Picture(Figure):
    """A Figure that a notebook shows once, without pyplot, and with its text for screen readers."""

    alt_text = ""

    def _repr_mimebundle_(self, include=None, exclude=None) -> dict[str, str]:
        file = BytesIO()
        self.savefig(file, format="png", dpi=144)
        png, alt = b64encode(file.getvalue()).decode(), escape(self.alt_text)
        width = round(self.get_figwidth() * 96)
        source = f'src="data:image/png;base64,{png}"'
        image = f'<img alt="{alt}" style="max-width:100%" width="{width}" {source}>'
        return {"text/html": image, "text/plain": self.alt_text}


def themed(draw):
    """Draw a figure in the light theme, or with dark=True in the dark one."""

    @wraps(draw)
    def drawn(*args, dark: bool = False, **how) -> Picture:
        theme = DARK if dark else LIGHT
        ink = ("text.color", "axes.labelcolor", "axes.titlecolor", "xtick.color", "ytick.color")
        rc: Any = dict.fromkeys(ink, theme["ink"]) | {
            "axes.facecolor": theme["paper"],
            "axes.edgecolor": theme["quiet"],
            "figure.facecolor": theme["paper"],
            "font.size": 10,
            "axes.titlesize": 11,
            "axes.spines.top": False,
            "axes.spines.right": False,
        }
        with rc_context(rc):
            return draw(*args, dark=dark, **how)

    return drawn


def picture(
    alt_text: str, width: float, height: float, dark: bool, columns: int = 1
) -> tuple[Picture, list[Axes], dict[str, str]]:
    """An empty figure with its text: (figure, its axes, the theme's colours)."""
    figure = Picture(figsize=(width, height), layout="constrained")
    figure.alt_text = alt_text
    axes = figure.subplots(1, columns, squeeze=False)[0]
    return figure, list(axes), DARK if dark else LIGHT


def headed(axes: Axes, text: str, **how) -> None:
    """The title above the axes, whole: in as many lines as it needs."""
    width = axes.get_window_extent().width / axes.figure.dpi  # inches
    lines = wrap(text, max(30, int(width / LETTER)), break_on_hyphens=False)
    axes.set_title("\n".join(lines), loc="left", parse_math=False, **how)


def legend(axes: Axes, theme: dict[str, str], handles: list | None = None) -> None:
    """The legend below the axes, in the theme's colours; nothing if there is nothing to explain."""
    handles = axes.get_legend_handles_labels()[0] if handles is None else handles
    if handles:
        axes.figure.legend(
            handles=handles,
            loc="outside lower left",
            ncols=4,
            frameon=False,
            fontsize=9,
            labelcolor=theme["ink"],
        )


def words(axes: Axes, x: float, y: float, text: str, **how) -> Text:
    """Text on the data, that stays inside the axes."""
    return axes.text(x, y, text, **{"fontsize": 9, "va": "center", "clip_on": True, **how})
