"""How far down each right reaches: which of the last pages a request may have, and which not."""

from matplotlib.figure import Figure

from ...model.gfp import ALLOC_HARDER, ALLOC_HIGH, ALLOC_NO_WATERMARKS, ALLOC_OOM
from ...model.memory import Zone, wmark
from .style import GREEN, PURPLE, legend, picture, themed, words

RIGHTS = {
    "an ordinary request": 0,
    "one of high priority": ALLOC_HIGH,
    "high priority, must not wait": ALLOC_HIGH | ALLOC_HARDER,
    "a victim's thread, since 4.14": ALLOC_OOM,
    "the marked thread, up to 4.13": ALLOC_NO_WATERMARKS,
}


@themed
def figure(zone: Zone, *, dark: bool = False) -> Figure:
    """One bar for each right, with the marks across: what it may have, what is kept from it."""
    drawn, (axes,), theme = picture(alt_text(zone), 9.5, 3.2, dark)
    for y, (right, flags) in enumerate(RIGHTS.items()):
        kept = max(wmark(zone, flags), 0)
        most = zone.high * 1.1
        axes.barh(y, most - kept, 0.6, kept, color=GREEN, label="" if y else "may be taken")
        axes.barh(
            y,
            kept,
            0.6,
            color=PURPLE,
            hatch="xxxx",
            edgecolor=theme["paper"],
            label="" if y else "kept from it",
        )
        words(axes, most, y, f" stops at {kept}", clip_on=False)
    for mark, dashes in (("min", "-"), ("low", "--"), ("high", ":")):
        level = getattr(zone, mark)
        axes.axvline(level, color=theme["ink"], linestyle=dashes, linewidth=1)
        words(axes, level, -0.75, f" {mark} {level}")
    axes.set_yticks(range(len(RIGHTS)), RIGHTS)
    axes.set_ylim(len(RIGHTS) - 0.5, -1)
    axes.set_xlim(0, zone.high * 1.3)
    axes.set_xlabel("pages that are free")
    legend(axes, theme)
    return drawn


def alt_text(zone: Zone) -> str:
    """Where each right stops, as a sentence."""
    stops = ", ".join(f"{right} at {max(wmark(zone, f), 0)}" for right, f in RIGHTS.items())
    return f"With min {zone.min}, low {zone.low} and high {zone.high}, requests stop here: {stops}."
