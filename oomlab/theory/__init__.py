"""The debate in formulas: short sympy derivations, each held against the model in the tests.

    from oomlab import theory
    theory.deadlock_free_reserve()                 # in a notebook: the derivation, step by step
    theory.deadlock_free_reserve()(M=3, r=4)       # 10: its result for these numbers

Needs the extra `lab` (sympy).
"""

from .derivation import Derivation, DerivationStep
from .oom_score import crossover, points
from .queueing import delay_behind_stuck
from .recovery import expected_recovery
from .reserve import deadlock_free_reserve
from .stealing import enough_pages, one_page_each, some_page
from .watermarks import marks, reserve_share

__all__ = [
    "Derivation",
    "DerivationStep",
    "crossover",
    "deadlock_free_reserve",
    "delay_behind_stuck",
    "enough_pages",
    "expected_recovery",
    "marks",
    "one_page_each",
    "points",
    "reserve_share",
    "some_page",
]
