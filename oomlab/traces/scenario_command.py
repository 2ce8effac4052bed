"""`oomlab scenario-from FILE`: a real OOM as the smallest scenario that tells the same story."""

import argparse
import sys
from pathlib import Path

from .real import text_of
from .small_machine import scenario_from


def add_arguments(sub: argparse.ArgumentParser) -> None:
    """The arguments of `oomlab scenario-from`; docs/traces.md says what is kept."""
    text = "a kernel log, a trace (with --report), or a recording; - reads stdin"
    sub.add_argument("file", metavar="FILE", help=text)
    text = "which of several reports, from 1 (default 1)"
    sub.add_argument("--number", type=int, default=1, metavar="N", help=text)
    text = "what the function is called (default reported)"
    sub.add_argument("--name", default="reported", metavar="NAME", help=text)
    text = "the kernel's log of the same time, where FILE is a trace"
    sub.add_argument("--report", type=Path, metavar="LOG", help=text)
    text = "such as 6.1, where neither file says it"
    sub.add_argument("--kernel", metavar="RELEASE", help=text)
    text = "write the function there; without it, it is printed"
    sub.add_argument("--out", type=Path, metavar="FILE.py", help=text)
    sub.set_defaults(command=tell_again)


def tell_again(args: argparse.Namespace) -> int:
    """Print or write the function; the sentence about it goes to the terminal."""
    log = args.report and text_of(args.report)
    source = sys.stdin.read() + "\n" if args.file == "-" else args.file
    made = scenario_from(source, number=args.number, name=args.name, report=log, kernel=args.kernel)
    if args.out is None:
        print(made.text, end="")
    else:
        made.save(args.out)
    knobs = "".join(f" --set {name}={value}" for name, value in made.policy.turned.items())
    words = f"{args.out or 'FILE.py'}:{made.function} --policy {made.policy.preset}{knobs}"
    print(f"{made.sentence()}\nEvery schedule of it: oomlab explore {words}", file=sys.stderr)
    return 0
