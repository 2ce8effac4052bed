"""Sweeps: many runs as one table, on one processor or on many machines."""

from .sweep import Rate, Sweep, sweep

__all__ = ["Rate", "Sweep", "sweep"]
