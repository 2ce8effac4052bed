"""The command line: thin. Every command calls one function and prints what it returns.

A wrong name or value ends with status 2 and one sentence; there is never a traceback.
"""

import argparse
import json
import sys
from contextlib import nullcontext
from dataclasses import asdict
from pathlib import Path
from typing import Any

from .explorer import PROPERTIES, explore, hunt
from .explorer.nearest import nearest_story
from .explorer.progress import Stopped, on_a_terminal
from .model.policy import KNOBS, Policy
from .naming import nearest
from .presets import PRESETS
from .scenarios import SCENARIOS, parameters, title
from .sheets import check_all, property_of, scenario_of, sheet_of
from .simulate.comparison import compare
from .simulate.patches import read_patch
from .simulate.run import run
from .simulate.schedule import Schedule, read_schedule
from .sweeps import sweep

SCHEMA = "oomlab-run/1"


def main(arguments: list[str] | None = None) -> int:
    """Run one command; the exit status."""
    words = sys.argv[1:] if arguments is None else arguments
    parser = command_line(words)
    try:
        args = parser.parse_args(words)
        if getattr(args, "scenario_file", None):
            args.scenario = args.scenario_file
        return args.command(args) or 0
    except ValueError as wrong:
        print(f"oomlab: {wrong}", file=sys.stderr)
        return 2
    except ModuleNotFoundError as missing:
        print(
            f"oomlab: this needs {missing.name}: pip install 'oomlab[lab]' (make lab does)",
            file=sys.stderr,
        )
        return 2
    except BrokenPipeError:
        return 0
    except KeyboardInterrupt:
        return 130


class Parser(argparse.ArgumentParser):
    """argparse, but it says what is near when a word is unknown."""

    def error(self, message: str):
        words = {action.dest: action for action in self._actions}
        if "invalid choice" in message and "command" in words:
            word = message.split("'")[1]
            message = f"no command {word!r}: {nearest(word, words['command'].choices or ())}"
        print(f"oomlab: {message}", file=sys.stderr)
        raise SystemExit(2)


def command_line(words: list[str]) -> argparse.ArgumentParser:
    parser = Parser(prog="oomlab", description="How Linux behaves when memory runs out.")
    commands = parser.add_subparsers(dest="command", required=True, parser_class=Parser)

    def command(name: str, function, text: str) -> argparse.ArgumentParser:
        sub = commands.add_parser(name, help=text, description=text)
        sub.set_defaults(command=function)
        return sub

    sub = command("list", list_all, "scenarios, policies, knobs and properties, a line each")
    sub.add_argument("what", nargs="?", choices=["scenarios", "policies", "knobs", "properties"])

    sub = command("run", run_one, "run a scenario under a policy")
    scenario_arguments(sub)
    order = sub.add_mutually_exclusive_group()
    order.add_argument("--seed", type=int, help="who goes next is drawn from it (default 0)")
    order.add_argument("--schedule", type=Path, help="take the steps of this file (explore --json)")
    how = sub.add_mutually_exclusive_group()
    how.add_argument("--log", action="store_true", help="print the kernel log")
    how.add_argument("--steps", action="store_true", help="print every step")
    how.add_argument("--json", action="store_true", help="print the outcome as JSON")
    how.add_argument("--trace", action="store_true", help="print the whole trace as JSON")
    how.add_argument("--html", metavar="FILE", help="write a page of its own to step through")
    how.add_argument("--ftrace", action="store_true", help="print the OOM tracepoints as ftrace")
    how.add_argument("--perfetto", metavar="FILE", help="write a JSON that ui.perfetto.dev opens")
    how.add_argument("--ask", action="store_true", help="print questions, the answers hidden")
    how.add_argument("--answers", action="store_true", help="print the questions with answers")

    sub = command("compare", compare_two, "two policies side by side, as a sheet for a mail")
    sub.add_argument("scenario")
    sub.add_argument("--policy", action="append", required=True, help="give it twice")
    sub.add_argument("--seeds", type=int, default=10, help="how many (default 10)")
    sub.add_argument("--set", action="append", default=[], metavar="NAME=VALUE")
    sub.add_argument("--markdown", action="store_true", help="the sheet as Markdown (the default)")

    sub = command("explore", explore_all, "every schedule: is there one that breaks a property?")
    scenario_arguments(sub)
    sub.add_argument(
        "--property",
        default="no-victim-lost",
        help="a name from: oomlab list properties, or FILE.py:function",
    )
    sub.add_argument(
        "--clock",
        choices=["any", "ordered", "urgent"],
        default="any",
        help="when timers fire: at any time; in their order; when no task can run",
    )
    sub.add_argument(
        "--prefer",
        choices=["steps", "switches", "decisions"],
        default="steps",
        help="the counterexample with the fewest of these",
    )
    sub.add_argument("--nearest", action="store_true", help="and the nearest one that ends well")
    sub.add_argument("--max-states", type=int, default=400_000)
    sub.add_argument("--seconds", type=float)
    sub.add_argument(
        "--random", type=int, metavar="RUNS", help="that many random schedules instead"
    )
    sub.add_argument("--seed", type=int, default=0, help="of the random schedules")
    how = sub.add_mutually_exclusive_group()
    how.add_argument("--json", action="store_true")
    how.add_argument("--chart", action="store_true", help="a sequence chart for a mail")
    sub.add_argument("--sheet", type=Path, metavar="FILE", help="write a sheet that runs again")

    sub = command("sweep", sweep_all, "many runs as a table, with 95 % intervals")
    sub.add_argument("scenario", help="a name from: oomlab list scenarios")
    sub.add_argument("--policy", action="append", help="a name, or several, each with --policy")
    sub.add_argument("--seeds", default="0:100", metavar="FROM:TO", help="default 0:100")
    sub.add_argument(
        "--set", action="append", default=[], metavar="NAME=V1,V2", help="values to try, each"
    )
    sub.add_argument("--jobs", type=int, default=1, help="worker processes (default 1)")
    sub.add_argument(
        "--out", metavar="FILE", help=".jsonl, .csv or .parquet; goes on where it ends"
    )

    sub = command("check", check_sheets, "run sheets again: is each still as claimed?")
    sub.add_argument("paths", nargs="+", type=Path, help="sheets, or folders of them (*.sheet)")
    sub.add_argument("--jobs", type=int, default=2, help="how many at a time (default 2)")
    sub.add_argument("--trust", action="store_true", help="run the Python text in them too")

    sub = command("explain", explain, "OOM reports in logs: who ate it, why that process, what now")
    if words[:1] == ["explain"]:  # the others need not load the reports
        from .reports.tell.console import add_arguments

        add_arguments(sub)

    sub = command("fidelity", fidelity, "the model against recorded runs of real kernels")
    sub.add_argument("folder", type=Path)
    sub.add_argument("--json", action="store_true")

    course = command("course", None, "write the course into a folder: lessons, exercises, guides")
    lab = command("lab", None, "open the course in JupyterLab")
    serve = command("serve", None, "serve the site that `make site` built, on this machine only")
    if words[:1] in (["course"], ["lab"], ["serve"]):
        from .doors import jupyterlab, materials, site

        materials.add_arguments(course)
        jupyterlab.add_arguments(lab)
        site.add_arguments(serve)

    release = command("release", None, "make the student version of exercises")
    grade = command("grade", None, "grade notebooks of people you do not trust")
    if words[:1] in (["release"], ["grade"]):  # the others need not load the grader
        from .grading.course import teacher as grading

        release.set_defaults(command=grading.release)
        grading.add_release_arguments(release)
        grade.set_defaults(command=grading.grade)
        grading.add_grade_arguments(grade)
    return parser


def scenario_arguments(sub: argparse.ArgumentParser) -> None:
    where = sub.add_mutually_exclusive_group(required=True)
    where.add_argument(
        "scenario", nargs="?", help="a name from: oomlab list scenarios, or FILE.py:function"
    )
    where.add_argument(
        "--scenario", dest="scenario_file", metavar="FILE.py:function", help="the same"
    )
    sub.add_argument("--policy", default="linux-4.4", help="a name from: oomlab list policies")
    sub.add_argument("--patch", type=Path, metavar="FILE.py", help="a patched policy instead")
    sub.add_argument(
        "--set",
        action="append",
        default=[],
        metavar="NAME=VALUE",
        help="a knob of the policy or a parameter of the scenario",
    )


def settings(pairs: list[str]) -> dict[str, Any]:
    """NAME=VALUE words as a dictionary."""
    out = {}
    for pair in pairs:
        name, equals, value = pair.partition("=")
        if not equals:
            raise ValueError(f"--set takes NAME=VALUE, not {pair!r}")
        out[name] = value
    return out


def list_all(args) -> None:
    if args.what in (None, "scenarios"):
        print("scenarios")
        for name in SCENARIOS:
            given = ", ".join(f"{n}={v}" for n, v in parameters(name).items())
            print(f"  {name:22}{title(name)}" + (f" [{given}]" if given else ""))
    if args.what in (None, "policies"):
        print("policies")
        for name, policy in PRESETS.items():
            print(f"  {name:22}{policy.about}")
    if args.what in (None, "knobs"):
        print("knobs")
        for name, knob in KNOBS.items():
            options = "/".join(map(str, knob.metadata["choices"])) or type(knob.default).__name__
            print(f"  {name:22}{knob.metadata['meaning']} [{options}] ({knob.metadata['source']})")
    if args.what in (None, "properties"):
        print("properties")
        for name, prop in PROPERTIES.items():
            print(f"  {name:22}{prop.meaning}")


def run_one(args) -> None:
    schedule = schedule_in(args.schedule) if args.schedule else None
    done = run(
        scenario_of(args.scenario),
        policy_of(args),
        seed=args.seed,
        schedule=schedule,
        **settings(args.set),
    )
    if args.json:
        outcome = asdict(done.outcome)
        head = {
            "schema": SCHEMA,
            "scenario": done.scenario,
            "policy": done.policy.name,
            "seed": done.seed,
            "origin": done.origin.to_dict(),
        }
        print(json.dumps(head | outcome))
    elif args.html:
        done.save(Path(args.html).with_suffix(".html"))
    elif args.perfetto:
        done.save(Path(args.perfetto).with_suffix(".json"))
    elif args.ftrace:
        from .traces import ftrace_text

        print(ftrace_text(done))
    elif args.trace:
        print(done.to_json())
    elif args.log:
        from .simulate.kernel_log import log_text

        print(log_text(done))
    elif args.ask or args.answers:
        from .lab.ask import ask

        print(ask(done, answers=args.answers))
    elif args.steps:
        print(f"# {done.origin}")
        for s in done.steps:
            done_ = f"{s.verb} {s.what}" + (f" -> {s.effect}" if s.effect else "")
            print(f"{s.number:6} {s.tick:6} {s.task:16} {s.function:28} {done_}")
    else:
        print(f"{done.outcome.verdict}: {done.outcome.why}.\n{done.origin}.")


def schedule_in(path: Path) -> Schedule:
    """The schedule that `explore --json` wrote to this file."""
    try:
        return read_schedule(path.read_text(encoding="utf-8"), str(path))
    except (OSError, UnicodeDecodeError) as wrong:
        raise ValueError(f"the schedule {path} cannot be read: {wrong}") from None


def compare_two(args) -> None:
    if len(args.policy) != 2:
        raise ValueError("compare takes --policy twice")
    if not 1 <= args.seeds <= 10_000:
        raise ValueError(f"--seeds takes 1 to 10000, not {args.seeds}")
    print(compare(args.scenario, tuple(args.policy), args.seeds, **settings(args.set)).markdown())


def explore_all(args) -> None:
    if args.random is not None:
        found = hunt(
            scenario_of(args.scenario),
            policy_of(args),
            property_of(args.property),
            runs=args.random,
            seed=args.seed,
            **settings(args.set),
        )
        tell_found(found, args)
        return
    quiet = args.json or not sys.stderr.isatty()
    try:
        with nullcontext() if quiet else on_a_terminal() as tell:
            found = explore(
                scenario_of(args.scenario),
                policy_of(args),
                property_of(args.property),
                clock=args.clock,
                prefer=args.prefer,
                max_states=args.max_states,
                seconds=args.seconds,
                progress=tell,
                **settings(args.set),
            )
    except Stopped as stopped:
        tell_found(stopped.found, args)
        raise
    tell_found(found, args)


def policy_of(args) -> str | Policy:
    """The preset that --policy names, or the patched policy of --patch."""
    if args.patch is None:
        return args.policy
    try:
        return read_patch(args.patch.read_text(encoding="utf-8"), args.patch.name)
    except (OSError, UnicodeDecodeError) as wrong:
        raise ValueError(f"{args.patch} cannot be read: {wrong}") from None


def sweep_all(args) -> None:
    """The table of a sweep; what is done and what is left goes to the terminal."""
    first, colon, last = args.seeds.partition(":")
    if not (colon and first.isdecimal() and last.isdecimal() and int(first) < int(last)):
        raise ValueError(f"--seeds takes FROM:TO, as 0:1000, not {args.seeds!r}")
    found = sweep(
        args.scenario,
        args.policy or ["linux-4.4"],
        range(int(first), int(last)),
        {name: values.split(",") for name, values in settings(args.set).items()},
        jobs=args.jobs,
        out=args.out,
        progress=runs_left if sys.stderr.isatty() else None,
    )
    print(found.markdown())


def runs_left(done: int, total: int, seconds: float) -> None:
    """One line that is written over, and goes when all is done."""
    left = seconds / done * (total - done)
    line = f"{done} of {total} runs, {left:.0f} s left" if done < total else ""
    print(f"\r{line:60}", end="" if line else "\r", file=sys.stderr, flush=True)


def check_sheets(args) -> int:
    """A line a sheet; the exit status is 1 if one is not as claimed."""
    wrong = 0
    for checked in check_all(args.paths, jobs=args.jobs, trust=args.trust):
        wrong += not checked.ok
        print(checked.line(), flush=True)
    return 1 if wrong else 0


def write_sheet(found, args) -> None:
    """The sheet of an exploration, with the text of its scenario and property if they have one."""
    files = {spec.rpartition(":")[0] for spec in (args.scenario, args.property) if ":" in spec}
    code = "\n\n\n".join(Path(file).read_text(encoding="utf-8").strip() for file in sorted(files))
    args.sheet.write_text(sheet_of(found, code=code).text(), encoding="utf-8")


def tell_found(found, args) -> None:
    """An exploration as JSON, as a chart with its answer, or as Markdown."""
    if args.sheet is not None:
        write_sheet(found, args)
    if args.json:
        print(json.dumps(found.to_dict()))
    elif args.chart:
        print("\n\n".join(filter(None, (str(found.origin), found.sentence(), found.chart()))))
    else:
        print(found.markdown())
    if args.nearest and found.pids and not args.json:
        print("\n" + nearest_story(found, property_of(args.property)))


def explain(args) -> int:
    from .reports.tell.console import explain

    return explain(args)


def fidelity(args) -> int:
    from .recordings.fidelity import report

    return report(args.folder, args.json)
