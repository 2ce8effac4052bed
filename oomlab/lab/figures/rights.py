"""How far down each right reaches: which of the last pages a request may have, and which not."""

from ... import stacked
from ...arguments import checked
from ...looks import GREEN, PURPLE, Look
from ...model.gfp import ALLOC_HARDER, ALLOC_HIGH, ALLOC_NO_WATERMARKS, ALLOC_OOM
from ...model.memory import Zone, wmark
from ...paper import Drawing

RIGHTS = {
    "an ordinary request": 0,
    "one of high priority": ALLOC_HIGH,
    "high priority, must not wait": ALLOC_HIGH | ALLOC_HARDER,
    "a victim's thread, since 4.14": ALLOC_OOM,
    "the marked thread, up to 4.13": ALLOC_NO_WATERMARKS,
}


MAY: Look = (GREEN, "")
KEPT: Look = (PURPLE, "x")


@checked
def figure(zone: Zone, *, dark: bool | None = None) -> Drawing:
    """One bar for each right, with the marks across: what it may have, what is kept from it."""
    drawing = Drawing(alt_text(zone), dark)
    drawing.heading("Which of the last pages a request may have")
    rows = []
    for right, flags in RIGHTS.items():
        kept = max(wmark(zone, flags), 0)
        parts = [(kept, KEPT), (round(zone.high * 1.1) - kept, MAY)]
        rows.append(stacked.Row(right, parts, f"stops at {kept}"))
    drawing.y += 18
    top = drawing.y
    x = stacked.draw(drawing, rows, "pages that are free")
    for mark, dash in (("min", ""), ("low", "6 4"), ("high", "2 3")):
        place = x(getattr(zone, mark))
        drawing.line(place, top - 4, place, top + stacked.ROW * len(rows), "ink", 1.2, dash)
        drawing.text(place, top - 7, f"{mark} {getattr(zone, mark)}", size=12, anchor="middle")
    drawing.legend([("may be taken", MAY), ("kept from it", KEPT)])
    return drawing


@checked
def alt_text(zone: Zone) -> str:
    """Where each right stops, as a sentence."""
    stops = ", ".join(f"{right} at {max(wmark(zone, f), 0)}" for right, f in RIGHTS.items())
    return f"With min {zone.min}, low {zone.low} and high {zone.high}, requests stop here: {stops}."
