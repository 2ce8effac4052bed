"""`oomlab trace FILE`: the OOM of a real machine, from its tracepoints."""

import argparse
import json
import sys
from pathlib import Path

from ..textfile import must_be_writable
from .real import read_trace, text_of


def add_arguments(sub: argparse.ArgumentParser) -> None:
    """The arguments of `oomlab trace`; docs/traces.md says how to record one."""
    sub.add_argument(
        "file",
        type=Path,
        metavar="FILE",
        help="trace-cmd report, ftrace, perf script, oomkill, or a recording; - reads stdin",
    )
    sub.add_argument("--kernel", metavar="RELEASE", help="such as 6.1, where FILE does not say it")
    sub.add_argument("--report", type=Path, metavar="LOG", help="the kernel's log of the same time")
    form = sub.add_mutually_exclusive_group()
    form.add_argument("--json", action="store_true", help="print the victims as JSON")
    form.add_argument("--html", type=Path, metavar="PAGE", help="write a page with a picture")
    sub.set_defaults(command=trace)


def trace(args: argparse.Namespace) -> int:
    """Read the trace; print it as Markdown, or as JSON, or write a page."""
    if args.html is not None:
        must_be_writable(args.html)
    log = args.report and text_of(args.report)
    source = sys.stdin.read() + "\n" if str(args.file) == "-" else args.file
    read = read_trace(source, kernel=args.kernel, report=log)
    if args.html is not None:
        print(read.save(args.html))
    elif args.json:
        print(json.dumps(read.to_dict(), indent=2))
    else:
        print(read.markdown())
    return 0
