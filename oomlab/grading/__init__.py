"""Exercises with autograding: checks are properties, and who decides never runs student code.

from oomlab.grading import check
check("hand-off", wake_oom_reaper, oom_reaper)      # practice, never a grade
"""

from .practice import check, points

__all__ = ["check", "points"]
