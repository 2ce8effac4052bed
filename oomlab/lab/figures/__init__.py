"""Figures of a run: each file has one, as a function of a run, and says it in a sentence too.

    from oomlab.lab import figures
    figures.lanes.figure(run)            # a Drawing, which shows itself in a notebook
    figures.lanes.figure(run).save("lanes.svg")
    figures.lanes.figure(run, dark=True) # not in the theme of the page around it, but dark
    figures.lanes.alt_text(run)          # the same for those who cannot see it

They are SVG, made with the standard library alone.

`ranking` is of a real OOM report, as a function of its explanation, `rights` of a zone and its
marks, `bars` and `heat_map` of a small table, and `reaper_timelines` of several stories: what the
reaper did in a recording, in the model, and in a schedule of the explorer.

Colours are Okabe and Ito's, told apart by the colour-blind, and never the only sign.
"""

from . import (
    badness,
    bars,
    free_memory,
    heat_map,
    lanes,
    pages,
    ranking,
    reaper_timelines,
    rights,
    sequence,
    two_policies,
    vmas,
    waits,
    whole_run,
)

FIGURES = {
    "task lanes": lanes,
    "free memory": free_memory,
    "who got the reclaimed pages": pages,
    "the victim's memory": vmas,
    "who waits for whom": waits,
    "badness": badness,
    "sequence": sequence,
}

__all__ = [
    "FIGURES",
    "badness",
    "bars",
    "free_memory",
    "heat_map",
    "lanes",
    "pages",
    "ranking",
    "reaper_timelines",
    "rights",
    "sequence",
    "two_policies",
    "vmas",
    "waits",
    "whole_run",
]
