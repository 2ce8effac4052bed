"""oomlab: see, change, prove and grade how Linux behaves when memory runs out.

>>> import oomlab
>>> oomlab.run("invisible-dependency", policy="linux-4.4").outcome.verdict
'deadlock'
"""

from .explore import explore, hunt
from .model.policy import HZ, KNOBS, PRESETS, Policy, difference
from .outcome import Outcome
from .scenarios import SCENARIOS
from .trace import Run, build, run

__version__ = "0.1.0"
__all__ = [
    "HZ", "KNOBS", "PRESETS", "SCENARIOS", "Outcome", "Policy", "Run", "build", "difference",
    "explore", "hunt", "run",
]  # fmt: skip
