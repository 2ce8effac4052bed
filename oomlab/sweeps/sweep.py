"""Many runs of one scenario, over policies, settings and seeds: how often does each verdict come?

    found = oomlab.sweep("page-thieves", policies=["linux-4.4", "handa"], seeds=range(1000),
                         settings={"thieves": [1, 2, 4]}, jobs=2)
    print(found.markdown())      # the share of each verdict, with its 95 % interval
    found.figure("livelock")     # the same as curves
    found.frame()                # pandas or polars, a row a run

The points of a sweep have one order: policies, then settings, then seeds. Rows are written in this
order whatever the number of workers, so equal sweeps give equal files, and one that was interrupted
goes on where its file ends.
"""

import sys
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice, pairwise, product
from pathlib import Path
from time import monotonic
from typing import Any

from ..arguments import checked
from ..naming import nearest, short
from ..paper import Drawing
from ..plural import plural
from ..policies.policy import Policy
from ..scenarios import parameters
from ..simulate.dataframe import frame_of
from ..simulate.origin import Origin, policy_words, words_of
from ..simulate.outcome import VERDICTS
from ..simulate.run import run
from ..simulate.sent_functions import received_scenario, sent_scenario
from ..simulate.setup import build, choose_policy, knob_value, parameter_value, takes
from ..workers import Submits, in_order
from .curves import Curve, draw
from .rowfile import CHECK, open_rows
from .wilson import Rate

CHUNK = 32  # seeds that a worker is given at once
SCHEMA = "oomlab-sweep/3"
Progress = Callable[[int, int, float], None]  # runs done, runs in all, seconds that are left
# The columns of what came of a run, each with what makes its value of a word. No knob is called so,
# and a parameter that is cannot be swept: its column tells what was asked.
FOUND: dict[str, Callable[[Any], object]] = {
    "verdict": {verdict: verdict for verdict in VERDICTS}.__getitem__,
    **dict.fromkeys(("ticks", "steps", "killed", "lost", "bugs", "pages_reaped"), int),
    **{f"pages_to_{who}": int for who in ("dying", "normal", "kernel")},
}


@dataclass
class Sweep:
    """The rows of a sweep, a dict a run, and what was swept.

    A row has what was asked, then the columns of FOUND.
    """

    scenario: str
    policies: list[Policy]
    settings: Mapping[str, Sequence]
    seeds: Sequence[int]
    rows: list[dict]

    @property
    def origins(self) -> list[Origin]:
        """Of each policy; their parameters are those that were not swept."""
        fixed = {n: v for n, v in parameters(self.scenario).items() if n not in self.settings}
        return [Origin.of(self.scenario, policy, fixed) for policy in self.policies]

    @property
    def groups(self) -> list[str]:
        """The columns that tell the points apart, but for the seed."""
        return ["policy", *self.settings]

    def rates(self, hit: str | Callable[[dict], bool] = "recovered") -> list[Rate]:
        """For each policy and setting, the share of runs with this verdict, or with hit(row).

        ValueError for a verdict that there is not.
        """
        if not callable(hit) and hit not in VERDICTS:
            raise ValueError(f"no verdict {short(hit)}: {nearest(str(hit), VERDICTS)}")
        asked = hit if callable(hit) else lambda row: row["verdict"] == hit
        runs: Counter = Counter()
        hits: Counter = Counter()
        for row in self.rows:
            key = tuple(row[name] for name in self.groups)
            runs[key] += 1
            hits[key] += bool(asked(row))
        return [
            Rate(dict(zip(self.groups, key, strict=True)), hits[key], number)
            for key, number in runs.items()
        ]

    @checked
    def figure(self, verdict: str = "recovered", *, dark: bool | None = None) -> Drawing:
        """The share of runs that end with this verdict, as curves with 95 % intervals.

        From left to right go the values of the first setting that has several, else the policies;
        each combination of the others is a line. `dark`: not in the theme of the page around it.
        ValueError for a verdict that there is not, and for more than eight lines.
        """
        rates, swept = self.rates(verdict), self.settings
        along = next((name for name, values in swept.items() if len(values) > 1), "policy")
        single = {name for name, values in swept.items() if len(values) == 1}
        lines: dict[str, list[Rate]] = {}
        for rate in rates:
            others = {n: v for n, v in rate.group.items() if n != along and n not in single}
            words = (str(v) if n == "policy" else f"{n} {v}" for n, v in others.items())
            lines.setdefault(", ".join(words), []).append(rate)
        title = f"{self.scenario}: share of runs that end with {verdict}"
        about = f"{self.set_up()}. Whiskers are 95 % intervals."
        return draw(title, about, along, [Curve(*line) for line in lines.items()], dark)

    def markdown(self) -> str:
        """A table: a line for each policy and setting, a column for each verdict that came out."""
        verdicts = sorted({row["verdict"] for row in self.rows})
        tables = {verdict: self.rates(verdict) for verdict in verdicts}
        head = [*self.groups, "runs", *verdicts]
        rule = ["---"] * len(self.groups) + ["---:"] * (1 + len(verdicts))
        lines = [f"| {' | '.join(head)} |", f"| {' | '.join(rule)} |"]
        for number, rate in enumerate(next(iter(tables.values()), [])):
            cells = [*map(str, rate.group.values()), str(rate.runs)]
            cells += [str(tables[verdict][number]) for verdict in verdicts]
            lines.append(f"| {' | '.join(cells)} |")
        return "\n".join([*lines, "", f"{self.set_up()}."])

    def set_up(self) -> str:
        """What was the same in all runs."""
        origin = self.origins[0]
        setup = words_of(origin.scenario, origin.params)
        return f"{setup}, {self.order_words()}, oomlab {origin.version}"

    def order_words(self) -> str:
        """Which seeds were run."""
        first, last = self.seeds[0], self.seeds[-1]
        if first == last:
            return f"seed {first}"
        if all(after == before + 1 for before, after in pairwise(self.seeds)):
            return f"seeds {first} to {last}"
        return f"{len(self.seeds)} seeds from {first} to {last}"

    def _repr_markdown_(self) -> str:
        return self.markdown()

    def __repr__(self) -> str:
        names = [origin.policy_words() for origin in self.origins]
        more = f" and {len(names) - 3} more" if len(names) > 3 else ""
        origin = self.origins[0]
        setup = words_of(origin.scenario, origin.params)
        each = [f"{name}={short(values)}" for name, values in self.settings.items()]
        with_each = f"\n with each of {'; '.join(each)}" if each else ""
        made = f"{self.order_words()}, oomlab {origin.version}"
        return (
            f"<Sweep of {setup} under {', '.join(names[:3])}{more}{with_each}"
            f"\n {plural(len(self.rows), 'run')}, {made}>"
        )

    def frame(self) -> Any:
        """The rows as a pandas DataFrame, or a polars one; ValueError if neither is installed."""
        return frame_of(self.rows)


@checked
def sweep(
    scenario: str,
    policies: Sequence[str | Policy] = ("linux-4.4",),
    seeds: Sequence[int] = range(100),
    settings: Mapping[str, Sequence] | None = None,
    *,
    jobs: int = 1,
    executor: Submits | None = None,
    out: str | Path | None = None,
    progress: Progress | None = None,
) -> Sweep:
    """Run a scenario under each policy, each combination of settings and each seed.

    `settings`: parameters of the scenario and knobs, each with the values to try. `jobs`: worker
    processes, or the number of workers that `executor` has; any executor with the interface of
    `concurrent.futures` will do. `out`: a file that keeps the rows, .jsonl, .csv or .parquet; if it
    holds the beginning of this sweep, the rest is run. ValueError, in one sentence, for a name or
    value that does not exist.
    `policies`: names or values. `seeds`: whole numbers. `progress(rows, all, seconds)` is called as
    rows come in; so many seconds are left if the pace stays that of this call.
    """
    for name, values in (settings or {}).items():
        if isinstance(values, str) or not isinstance(values, Sequence):
            raise ValueError(f"setting {name} takes a list of values to try, not {short(values)}")
    takes(scenario, settings or {})
    for name in {*FOUND, CHECK} & (settings or {}).keys():
        raise ValueError(
            f"parameter {name} of {scenario} has the name of a column that a sweep fills: "
            "give it another"
        )
    settings = {name: list(values) for name, values in (settings or {}).items()}
    chosen = [choose_policy(policy, {}) for policy in policies]
    if not chosen or not seeds or not all(settings.values()):
        raise ValueError("a sweep needs at least one policy, one seed and one value a setting")
    seeds_once(seeds)
    if len(set(map(policy_words, chosen))) < len(chosen):
        raise ValueError("a sweep takes each policy once, and one is there twice")
    for policy, values in product(chosen, points(settings)):
        build(scenario, policy, **values)  # says what is wrong, before the first run
    settings = {name: once(scenario, name, values) for name, values in settings.items()}
    total = len(chosen) * len(list(points(settings))) * len(seeds)
    found = Sweep(scenario, chosen, settings, seeds, [])
    head = {
        "schema": SCHEMA,
        "scenario": scenario,
        "origins": [origin.to_dict() for origin in found.origins],
        "settings": settings,
        "seeds": repr(seeds) if isinstance(seeds, range) else list(seeds),
        "columns": [*point_of(scenario, chosen[0], settings, 0), *FOUND, CHECK],
    }
    with open_rows(out, head, every_point(scenario, chosen, settings, seeds), FOUND) as file:
        began, there = monotonic(), len(file.rows)
        tasks = chunks(scenario, chosen, settings, seeds, skip=there)
        for rows in in_order(run_chunk, tasks, jobs=jobs, executor=executor):
            file.write(rows)
            if progress is not None:
                done = len(file.rows)
                pace = (monotonic() - began) / (done - there)
                progress(done, total, pace * (total - done))
    found.rows = file.rows
    return found


def seeds_once(seeds: Sequence[int]) -> None:
    """ValueError for a seed that is negative or there twice, and for more than can be counted."""
    in_range = isinstance(seeds, range)  # its ends tell: it may be long
    least = min((seeds[0], seeds[-1]) if in_range else seeds)
    if least < 0:
        raise ValueError(f"a seed is a whole number, not negative, and not {short(least)}")
    if in_range and max(seeds[0], seeds[-1]) > sys.maxsize:
        raise ValueError(f"a range of seeds goes up to {sys.maxsize}")
    if not in_range and len(set(seeds)) < len(seeds):
        raise ValueError("a sweep takes each seed once, and one is there twice")


def points(settings: Mapping[str, Sequence]) -> Iterator[dict]:
    """Every combination of the values, the last setting changing fastest."""
    for values in product(*settings.values()):
        yield dict(zip(settings, values, strict=True))


def once(scenario: str, name: str, values: Sequence) -> list:
    """The values of a setting, text as what it stands for. ValueError if one is there twice."""
    takes_it = parameters(scenario)
    typed = [
        parameter_value(scenario, name, value) if name in takes_it else knob_value(name, value)
        for value in values
    ]
    if len(set(map(str, typed))) < len(typed):
        raise ValueError(f"setting {name} takes each value once, and one is there twice")
    return typed


def every_point(scenario, policies, settings, seeds) -> Iterator[dict]:
    """The first columns of each row, in order: what was asked."""
    for policy, values, seed in product(policies, points(settings), seeds):
        yield point_of(scenario, policy, values, seed)


def point_of(scenario: str, policy: Policy, values: dict, seed: int) -> dict:
    """What was asked of one run."""
    return {"scenario": scenario, "policy": policy_words(policy), **values, "seed": seed}


def chunks(scenario, policies, settings, seeds, skip: int) -> Iterator[tuple]:
    """The tasks: (scenario, policy, settings, some seeds), without the first `skip` runs."""
    scenario = sent_scenario(scenario)
    for policy, values in product(policies, points(settings)):
        left = iter(seeds[skip:] if skip < len(seeds) else ())
        skip = max(0, skip - len(seeds))
        while some := tuple(islice(left, CHUNK)):
            yield scenario, policy, values, some


def run_chunk(task: tuple) -> list[dict]:
    """The rows of some seeds; what a worker does."""
    scenario, policy, values, seeds = task
    scenario = received_scenario(*scenario)
    return [row_of(scenario, policy, values, seed) for seed in seeds]


def row_of(scenario: str, policy: Policy, values: dict, seed: int) -> dict:
    """One run as a row: what was asked, then what came of it."""
    outcome = run(scenario, policy, seed=seed, trace=False, **values).outcome
    came = {
        "verdict": outcome.verdict,
        "ticks": outcome.ticks,
        "steps": outcome.steps,
        "killed": len(outcome.victims),
        "lost": len(outcome.lost),
        "bugs": len(outcome.bugs),
        "pages_reaped": sum(outcome.reaped.values()),
        **{f"pages_to_{who}": pages for who, pages in outcome.pages_to.items()},
    }
    return point_of(scenario, policy, values, seed) | {name: came[name] for name in FOUND}
