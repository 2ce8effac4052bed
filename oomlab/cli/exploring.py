"""The commands that answer for every schedule: explore, and check for what was answered before."""

import json
import sys
from argparse import Namespace
from contextlib import nullcontext
from typing import Any

from ..explorer import Exploration, explore, hunt
from ..explorer.nearest_passing import nearest_story
from ..explorer.progress import Stopped, on_a_terminal
from ..sheets import check_all, property_of, sheet_of
from ..textfile import read_text, write_text
from .running import must_end, policy_in, scenario_in, settings
from .status import BOUND, OK, VIOLATED
from .ticker import ticking

STATUS = {"holds": OK, "violated": VIOLATED, "bound-reached": BOUND}
OF_ALL = ("prefer", "max_states", "seconds")  # options that random schedules have not


def explore_all(args: Namespace) -> int:
    """Tell the answer; the exit status says it, too."""
    if args.nearest and args.json:
        raise ValueError("--nearest goes with the table or --chart, not with --json")
    must_end(args.html, ".html")
    must_end(args.sheet, ".sheet")
    try:
        found = drawn(args) if args.random is not None else searched(args)
    except Stopped as stopped:
        tell_found(stopped.found, args)
        raise
    tell_found(found, args)
    return STATUS[found.verdict]


def searched(args: Namespace) -> Exploration:
    """Every schedule."""
    if args.seed is not None:
        raise ValueError("--seed goes with --random RUNS: every schedule needs none")
    if args.jobs != 1:
        raise ValueError("--jobs goes with --random RUNS: every schedule is one search")
    given: dict[str, Any] = {n: getattr(args, n) for n in OF_ALL if getattr(args, n) is not None}
    quiet = args.json or not sys.stderr.isatty()
    scenario = scenario_in(args)
    with nullcontext() if quiet else on_a_terminal() as tell:
        return explore(
            scenario,
            policy_in(args),
            property_of(args.property),
            clock=args.clock,
            progress=tell,
            **given,
            **settings(args.set, scenario),
        )


def drawn(args: Namespace) -> Exploration:
    """Random schedules."""
    for name in OF_ALL:
        if getattr(args, name) is not None:
            raise ValueError(f"--{name.replace('_', '-')} does not go with --random")
    if args.sheet is not None:
        raise ValueError("--sheet does not go with --random: a sheet claims what is found again")
    scenario = scenario_in(args)
    with ticking("drawing schedules"):
        return hunt(
            scenario,
            policy_in(args),
            property_of(args.property),
            runs=args.random,
            seed=args.seed or 0,
            clock=args.clock,
            jobs=args.jobs,
            **settings(args.set, scenario),
        )


def tell_found(found: Exploration, args: Namespace) -> None:
    """An exploration as JSON, as a chart with its answer, or as Markdown; then its files."""
    if args.json:
        print(json.dumps(found.to_dict()))
    elif args.chart:
        print(f"{found.sentence()}\n\n{found.chart() or found.origin_and_clock()}")
    else:
        print(found.markdown())
    if args.nearest and found.pids:
        print("\n" + nearest_story(found, property_of(args.property)))
    sys.stdout.flush()  # the answer may have taken hours: it is out before a file can fail
    if args.sheet is not None:
        write_sheet(found, args)
    if args.html is not None and found.pids:
        found.save(args.html)
    elif args.html is not None:
        print(f"oomlab: {args.html} is not written: there is no counterexample", file=sys.stderr)


def write_sheet(found: Exploration, args: Namespace) -> None:
    """The sheet of an exploration, with the text of its scenario and property if they have one."""
    specs = (args.scenario_file or args.scenario, args.property)
    files = {spec.rpartition(":")[0] for spec in specs if ":" in spec}
    code = "\n\n\n".join(read_text(file).strip() for file in sorted(files))
    write_text(args.sheet, sheet_of(found, code=code).text())


def check_sheets(args: Namespace) -> int:
    """A line a sheet; the exit status is 1 if one is not as claimed."""
    wrong = 0
    for checked in check_all(args.paths, jobs=args.jobs, trust=args.trust):
        wrong += not checked.ok
        print(checked.line(), flush=True)
    return VIOLATED if wrong else OK
