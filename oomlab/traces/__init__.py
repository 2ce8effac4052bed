"""Traces: a run in the formats that kernel developers look at, and theirs read in.

Out: Perfetto's, and ftrace's text. In: the OOM of a real machine, beside the model, and as a small
scenario of it.
"""

from .ftrace import ftrace_text
from .perfetto import trace_events
from .real import Trace, Victim, read_trace
from .small_machine import ScenarioFrom, scenario_from

__all__ = [
    "ScenarioFrom",
    "Trace",
    "Victim",
    "ftrace_text",
    "read_trace",
    "scenario_from",
    "trace_events",
]
