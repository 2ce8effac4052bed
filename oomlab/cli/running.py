"""The commands that run scenarios: list, run, compare, sweep; and the doors to other rooms."""

import json
import sys
from argparse import Namespace
from dataclasses import asdict
from pathlib import Path
from typing import Any

from ..explorer import PROPERTIES
from ..policies.policy import KNOBS, Policy
from ..policies.presets import PRESETS
from ..scenarios import SCENARIOS, parameters, title
from ..sheets import scenario_of
from ..simulate.comparison import compare
from ..simulate.patch_text import read_patch
from ..simulate.run import Run, run
from ..simulate.schedule import Schedule, read_schedule
from ..simulate.setup import takes
from ..sweeps import sweep
from ..textfile import must_be_writable, read_text

SCHEMA = "oomlab-run/1"


def settings(pairs: list[str], scenario: str) -> dict[str, Any]:
    """NAME=VALUE words as a dictionary. ValueError for what is no knob and no parameter."""
    out: dict[str, Any] = {}
    for pair in pairs:
        name, equals, value = pair.partition("=")
        if not equals:
            raise ValueError(f"--set takes NAME=VALUE, not {pair!r}")
        if name in out:
            raise ValueError(f"--set gives {name} twice")
        out[name] = value
    takes(scenario, out)  # or "seed=3" would be an argument of the function that is called
    return out


def scenario_in(args: Namespace) -> str:
    """The scenario's name; that of a file's function, once the file was read."""
    file = getattr(args, "scenario_file", None)
    return scenario_of(args.scenario if file is None else file)


def policy_in(args: Namespace) -> str | Policy:
    """The preset that --policy names, or the patched policy of --patch."""
    if args.patch is None:
        return args.policy
    return read_patch(read_text(args.patch), args.patch.name)


def schedule_in(path: Path | None) -> Schedule | None:
    """The schedule that `explore --json` wrote to this file."""
    return None if path is None else read_schedule(read_text(path), str(path))


def must_end(path: Path | None, ending: str) -> None:
    """ValueError for a file that cannot be written, before the work is done and not after it."""
    if path is None:
        return
    if path.suffix != ending:
        raise ValueError(f"{path} is no name for it: it must end in {ending}")
    must_be_writable(path)


def list_all(args: Namespace) -> None:
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


def run_one(args: Namespace) -> None:
    must_end(args.html, ".html")
    must_end(args.perfetto, ".json")
    schedule = schedule_in(args.schedule)
    scenario = scenario_in(args)
    done = run(
        scenario,
        policy_in(args),
        seed=args.seed,
        schedule=schedule,
        **settings(args.set, scenario),
    )
    if args.html or args.perfetto:
        print(f"{done.save(args.html or args.perfetto)}: {done.origin}")
    else:
        print(as_asked(done, args))


def as_asked(done: Run, args: Namespace) -> str:
    """What is printed of a run."""
    if args.json:
        head = {"schema": SCHEMA, "scenario": done.scenario, "policy": done.policy.name}
        origin = {"seed": done.seed, "origin": done.origin.to_dict()}
        return json.dumps(head | origin | asdict(done.outcome))
    if args.ftrace:
        from ..traces import ftrace_text

        return ftrace_text(done)
    if args.trace:
        return done.to_json()
    if args.log:
        from ..simulate.kernel_log import log_text

        return log_text(done)
    if args.ask or args.answers:
        from ..lab.question_text import ask

        return ask(done, answers=args.answers)
    if args.steps:
        rows = [f"# {done.origin}"]
        for step in done.steps:
            did = f"{step.verb} {step.what}" + (f" -> {step.effect}" if step.effect else "")
            rows.append(f"{step.number:6} {step.tick:6} {step.task:16} {step.function:28} {did}")
        return "\n".join(rows)
    return f"{done.outcome.verdict}: {done.outcome.why.rstrip('.')}.\n{done.origin}."


def compare_two(args: Namespace) -> None:
    if len(args.policy) != 2:
        raise ValueError("compare takes --policy twice")
    must_end(args.html, ".html")
    scenario = scenario_in(args)
    both = compare(scenario, tuple(args.policy), args.seeds, **settings(args.set, scenario))
    print(both.markdown(), flush=True)
    if args.html is not None:
        both.save(args.html)


def sweep_all(args: Namespace) -> None:
    """The table of a sweep; what is done and what is left goes to the terminal."""
    first, colon, last = args.seeds.partition(":")
    right = colon and all(n.isdecimal() and n.isascii() and len(n) < 16 for n in (first, last))
    if not (right and int(first) < int(last)):
        raise ValueError(f"--seeds takes FROM:TO, as 0:1000, not {args.seeds!r}")
    scenario = scenario_in(args)
    found = sweep(
        scenario,
        args.policy or ["linux-4.4"],
        range(int(first), int(last)),
        {name: values.split(",") for name, values in settings(args.set, scenario).items()},
        jobs=args.jobs,
        out=args.out,
        progress=runs_left if sys.stderr.isatty() else None,
    )
    print(found.markdown())


def runs_left(done: int, total: int, seconds: float) -> None:
    """One line that is written over, and goes when all is done."""
    line = f"{done} of {total} runs, {seconds:.0f} s left" if done < total else ""
    print(f"\r{line:60}", end="" if line else "\r", file=sys.stderr, flush=True)


def explain(args: Namespace) -> int:
    from ..reports.tell.explain_command import explain

    return explain(args)


def fidelity(args: Namespace) -> int:
    from ..recordings.folder import report

    return report(args.folder, args.json, args.jobs)
