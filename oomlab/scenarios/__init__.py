"""The debates as small set-ups: who runs, what they hold, what they ask for.

A scenario is a function (policy, parameters) -> Kernel, ready to run. Its docstring's first line
is its title, its parameters are whole numbers or names with defaults. Sizes are in pages of 4 kB,
times in ticks (HZ = 100).
"""

from ..model.kernel import REAPERS
from . import cgroups, dependencies, machines, unmerged, victims
from .registry import SCENARIOS, choices, heap, most, parameters, story, title

REAPERS |= unmerged.DESIGNS
FILES = (victims, dependencies, machines, cgroups)  # each adds its own to SCENARIOS

__all__ = ["FILES", "SCENARIOS", "choices", "heap", "most", "parameters", "story", "title"]
