"""The words of the command line: commands, their options, and an example of each."""

import argparse
import re
from collections.abc import Callable
from pathlib import Path
from typing import NoReturn

from ..explorer.search import MAX_STATES
from ..naming import nearest, short
from ..version import VERSION
from .exploring import check_sheets, explore_all
from .running import compare_two, explain, fidelity, list_all, run_one, sweep_all

STATUS = """exit status: 0 done; 1 explore: violated, check: not as claimed, explain: no report;
2 a wrong word or file; 3 explore: ended by its bound, or random and nothing found"""

EXPLORE_STATUS = "exit status: 0 holds, 1 violated, 2 a wrong word or file, 3 ended by its bound"

EXAMPLES = {
    "list": "oomlab list policies",
    "run": "oomlab run lost-victim --policy rfc-2015-11-25 --seed 3 --log",
    "compare": "oomlab compare lost-victim --policy rfc-2015-11-25 --policy handa --seeds 20",
    "explore": "oomlab explore lost-victim --policy rfc-2015-11-25 --chart --nearest",
    "sweep": "oomlab sweep page-thieves --policy handa --seeds 0:20 --set thieves=1,4",
    "check": "oomlab check sheets --jobs 2",
    "explain": "journalctl -k | oomlab explain - --summary",
    "fidelity": "oomlab fidelity notebooks/recordings",
    "trace": "oomlab trace trace.txt --kernel 6.1 --report log.txt --html trace.html",
    "scenario-from": "oomlab scenario-from kern.log --out friday.py",
    "course": "oomlab course my-course",
    "lab": "oomlab lab my-course",
    "serve": "oomlab serve _site --port 8000",
    "release": "oomlab release 01-badness --out release",
    "grade": "oomlab grade submissions --roster students.csv --out graded",
}


class Once(argparse.Action):
    """An option's value is stored, and no second value silently replaces the first."""

    def __call__(self, parser, namespace, values, option_string=None) -> None:
        given = vars(namespace).setdefault("options_given", set())
        if option_string and self.dest in given:
            raise argparse.ArgumentError(self, "is given twice")
        given.add(self.dest)
        setattr(namespace, self.dest, values)


class Parser(argparse.ArgumentParser):
    """argparse, but stricter: each option is written out and given once, numbers are in ASCII.

    It says what is near when a command is unknown.
    """

    def __init__(self, *args, **kwargs):
        super().__init__(*args, allow_abbrev=False, **kwargs)  # --seed must not mean --seeds
        for name in (None, "store"):
            self.register("action", name, Once)
        self.register("type", int, whole)
        self.register("type", float, number)

    def error(self, message: str) -> NoReturn:
        commands = next((a.choices for a in self._actions if a.dest == "name"), None)
        if "invalid choice" in message and commands:
            word = message.split("'")[1]
            message = f"no command {word!r}: {nearest(word, commands)}"
        message = re.sub(r"ignored explicit argument (.*)", r"takes no value, and has \1", message)
        self.exit(2, f"oomlab: {message}\n")


def command_line(words: list[str]) -> argparse.ArgumentParser:
    """The parser. What some commands need is loaded only if they are the first of `words`."""
    shape = argparse.RawDescriptionHelpFormatter
    about = "See, change and prove how Linux behaves when memory runs out."
    parser = Parser(
        prog="oomlab",
        description=about,
        epilog=f"example: {EXAMPLES['run']}\n{STATUS}",
        formatter_class=shape,
    )
    parser.add_argument("--version", action="version", version=f"oomlab {VERSION}")
    parser.set_defaults(command=lambda args: parser.print_help(), ticks="")
    commands = parser.add_subparsers(dest="name", metavar="COMMAND", parser_class=Parser)

    def command(name: str, function: Callable | None, text: str, ticks: str = "") -> Parser:
        """`ticks` is what the terminal shows while it works; "" if it tells of itself."""
        status = f"\n{EXPLORE_STATUS}" if name == "explore" else ""
        example = f"example: {EXAMPLES[name]}{status}"
        sub = commands.add_parser(
            name,
            help=text.replace("%", "%%"),
            description=text,
            epilog=example,
            formatter_class=shape,
        )
        sub.set_defaults(command=function, ticks=ticks)
        return sub

    list_arguments(command("list", list_all, "scenarios, policies, knobs, properties, a line each"))
    run_arguments(command("run", run_one, "run a scenario under a policy", "running"))
    text = "two policies side by side, as a sheet for a mail"
    compare_arguments(command("compare", compare_two, text, "comparing"))
    text = "every schedule: is there one that breaks a property?"
    explore_arguments(command("explore", explore_all, text))
    sweep_arguments(command("sweep", sweep_all, "many runs as a table, with 95 % intervals"))
    text = "run sheets again: is each still as claimed?"
    check_arguments(command("check", check_sheets, text, "checking"))

    text = "OOM reports in logs: who ate it, why that process, what now"
    sub = command("explain", explain, text, "reading")
    if words[:1] == ["explain"]:
        from ..reports.tell.explain_command import add_arguments

        add_arguments(sub)

    text = "the model against recorded runs of real kernels"
    sub = command("fidelity", fidelity, text, "running what was recorded")
    sub.add_argument("folder", type=Path, help="where the recordings are, files *.json.gz")
    sub.add_argument("--json", action="store_true", help="print the agreement as JSON")
    jobs_argument(sub)

    sub = command("trace", None, "the OOM of a real machine, from its tracepoints", "reading")
    if words[:1] == ["trace"]:
        from ..traces import trace_command

        trace_command.add_arguments(sub)

    text = "a real OOM as the smallest scenario with the same story"
    sub = command("scenario-from", None, text, "reading")
    if words[:1] == ["scenario-from"]:
        from ..traces import scenario_command

        scenario_command.add_arguments(sub)

    course = command("course", None, "write the course into a folder: lessons, exercises, guides")
    lab = command("lab", None, "open the course in JupyterLab")
    serve = command("serve", None, "serve the site that `make site` built, on this machine only")
    if words[:1] in (["course"], ["lab"], ["serve"]):
        from ..doors import jupyterlab, materials, site

        materials.add_arguments(course)
        jupyterlab.add_arguments(lab)
        site.add_arguments(serve)

    release = command("release", None, "make the student version of exercises")
    grade = command("grade", None, "grade notebooks of people you do not trust", "grading")
    if words[:1] in (["release"], ["grade"]):
        from ..grading.course import teacher

        release.set_defaults(command=teacher.release)
        teacher.add_release_arguments(release)
        grade.set_defaults(command=teacher.grade)
        teacher.add_grade_arguments(grade)
    return parser


def whole(text: str) -> int:
    """A whole number; what argparse calls for each option of type int."""
    if not re.fullmatch(r"-?[0-9]{1,18}", text):
        most = " of at most 18 digits" if text.isdecimal() and text.isascii() else ""
        raise argparse.ArgumentTypeError(f"takes a whole number{most}, not {short(text)}")
    return int(text)


def number(text: str) -> float:
    """A number; what argparse calls for each option of type float."""
    try:
        if "_" not in text and text.isascii():
            return float(text)
    except ValueError:
        pass
    raise argparse.ArgumentTypeError(f"takes a number, not {short(text)}")


def list_arguments(sub: Parser) -> None:
    kinds = ["scenarios", "policies", "knobs", "properties"]
    sub.add_argument("what", nargs="?", choices=kinds, help="one of these alone (default: all)")


def scenario_arguments(sub: Parser) -> None:
    where = sub.add_mutually_exclusive_group(required=True)
    text = "a name from: oomlab list scenarios, or FILE.py:function"
    where.add_argument("scenario", nargs="?", help=text)
    where.add_argument(
        "--scenario", dest="scenario_file", metavar="FILE.py:function", help="the same"
    )
    policy = sub.add_mutually_exclusive_group()
    text = "a name from: oomlab list policies (default linux-4.4)"
    policy.add_argument("--policy", default="linux-4.4", help=text)
    policy.add_argument("--patch", type=Path, metavar="FILE.py", help="a patched policy instead")
    set_argument(sub, "NAME=VALUE", "a knob of the policy or a parameter of the scenario")


def set_argument(sub: Parser, form: str, text: str) -> None:
    sub.add_argument("--set", action="append", default=[], metavar=form, help=text)


def jobs_argument(sub: Parser, of: str = "") -> None:
    text = f"worker processes{of} (default 1)"
    sub.add_argument("--jobs", type=int, default=1, metavar="N", help=text)


def run_arguments(sub: Parser) -> None:
    scenario_arguments(sub)
    order = sub.add_mutually_exclusive_group()
    order.add_argument(
        "--seed", type=int, metavar="N", help="who goes next is drawn from it (default 0)"
    )
    text = "take the steps of this file, which explore --json wrote"
    order.add_argument("--schedule", type=Path, metavar="FILE", help=text)
    how = sub.add_mutually_exclusive_group()
    how.add_argument("--log", action="store_true", help="print the kernel log")
    how.add_argument("--steps", action="store_true", help="print every step")
    how.add_argument("--json", action="store_true", help="print the outcome as JSON")
    how.add_argument("--trace", action="store_true", help="print the whole trace as JSON")
    text = "write a page of its own to step through"
    how.add_argument("--html", type=Path, metavar="FILE.html", help=text)
    how.add_argument("--ftrace", action="store_true", help="print the OOM tracepoints as ftrace")
    text = "write a file that ui.perfetto.dev opens"
    how.add_argument("--perfetto", type=Path, metavar="FILE.json", help=text)
    how.add_argument("--ask", action="store_true", help="print questions, the answers hidden")
    how.add_argument("--answers", action="store_true", help="print the questions with answers")


def compare_arguments(sub: Parser) -> None:
    text = "a name from: oomlab list scenarios, or FILE.py:function"
    sub.add_argument("scenario", help=text)
    text = "a name from: oomlab list policies; give it twice"
    sub.add_argument("--policy", action="append", required=True, help=text)
    text = "how many, from 0 on (default 10)"
    sub.add_argument("--seeds", type=int, default=10, metavar="N", help=text)
    set_argument(sub, "NAME=VALUE", "a parameter of the scenario, or a knob that both policies get")
    sub.add_argument("--markdown", action="store_true", help="the sheet as Markdown (the default)")
    text = "write a page of both runs, to step through side by side"
    sub.add_argument("--html", type=Path, metavar="FILE.html", help=text)


def explore_arguments(sub: Parser) -> None:
    scenario_arguments(sub)
    sub.add_argument(
        "--property",
        default="no-victim-lost",
        help="a name from: oomlab list properties, or FILE.py:function (default no-victim-lost)",
    )
    sub.add_argument(
        "--clock",
        choices=["any", "ordered", "urgent"],
        default="any",
        help="when timers fire: at any time (default), in their order, when no task can run",
    )
    sub.add_argument(
        "--prefer",
        choices=["steps", "switches", "decisions"],
        help="the counterexample with the fewest of these (default steps)",
    )
    sub.add_argument("--nearest", action="store_true", help="and the nearest one that ends well")
    text = f"end the search after so many (default {MAX_STATES})"
    sub.add_argument("--max-states", type=int, metavar="N", help=text)
    sub.add_argument("--seconds", type=float, metavar="S", help="end the search after so long")
    text = "that many random schedules instead of every one"
    sub.add_argument("--random", type=int, metavar="RUNS", help=text)
    sub.add_argument("--seed", type=int, metavar="N", help="of the random schedules (default 0)")
    jobs_argument(sub, ", of random schedules")
    how = sub.add_mutually_exclusive_group()
    how.add_argument("--json", action="store_true", help="the answer as JSON, for run --schedule")
    how.add_argument("--chart", action="store_true", help="a sequence chart for a mail")
    sub.add_argument("--sheet", type=Path, metavar="FILE", help="write a .sheet that runs again")
    text = "write the counterexample as a page of its own to step through"
    sub.add_argument("--html", type=Path, metavar="FILE.html", help=text)


def sweep_arguments(sub: Parser) -> None:
    text = "a name from: oomlab list scenarios, or FILE.py:function"
    sub.add_argument("scenario", help=text)
    text = "a name, or several, each with --policy (default linux-4.4)"
    sub.add_argument("--policy", action="append", help=text)
    text = "which, TO not among them (default 0:100)"
    sub.add_argument("--seeds", default="0:100", metavar="FROM:TO", help=text)
    set_argument(sub, "NAME=V1,V2", "a parameter or a knob, and the values to try")
    jobs_argument(sub)
    text = ".jsonl, .csv or .parquet; goes on where it ends"
    sub.add_argument("--out", metavar="FILE", help=text)


def check_arguments(sub: Parser) -> None:
    text = "sheets, or folders of them (*.sheet)"
    sub.add_argument("paths", nargs="+", type=Path, help=text)
    text = "how many at a time (default 2)"
    sub.add_argument("--jobs", type=int, default=2, metavar="N", help=text)
    sub.add_argument("--trust", action="store_true", help="run the Python text in them too")
