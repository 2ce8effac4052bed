"""Sweeps: many runs as one table, on one processor or on many machines."""

from .sweep import Sweep, sweep
from .wilson import Rate

__all__ = ["Rate", "Sweep", "sweep"]
