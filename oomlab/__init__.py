"""oomlab: see, change, prove and grade how Linux behaves when memory runs out.

>>> import oomlab
>>> oomlab.run("invisible-dependency", policy="linux-4.4").outcome.verdict
'deadlock'
"""

from .arithmetic import Badness, Watermarks, badness, lowmem_reserve, watermarks
from .explorer import PROPERTIES, explore, hunt
from .model.policy import HZ, KNOBS, PRESETS, Policy, difference
from .scenarios import SCENARIOS
from .simulate.outcome import Outcome
from .simulate.patches import patch
from .simulate.run import Run, build, run
from .version import VERSION

__version__ = VERSION
__all__ = [
    "Badness",
    "HZ",
    "KNOBS",
    "PRESETS",
    "PROPERTIES",
    "SCENARIOS",
    "Outcome",
    "Policy",
    "Run",
    "Watermarks",
    "badness",
    "build",
    "difference",
    "explore",
    "hunt",
    "lowmem_reserve",
    "patch",
    "run",
    "watermarks",
]
