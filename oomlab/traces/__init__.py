"""Traces in the formats that kernel developers look at: Perfetto's, and ftrace's text."""

from .ftrace import ftrace_text
from .perfetto import trace_events

__all__ = ["ftrace_text", "trace_events"]
