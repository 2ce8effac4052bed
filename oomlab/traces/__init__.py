"""Traces: a run in the formats that kernel developers look at, and theirs read in.

Out: Perfetto's, and ftrace's text. In: the OOM of a real machine, beside the model.
"""

from .ftrace import ftrace_text
from .perfetto import trace_events
from .real import Trace, Victim, read_trace

__all__ = ["Trace", "Victim", "ftrace_text", "read_trace", "trace_events"]
