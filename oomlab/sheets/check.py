"""Run sheets again: is each still as claimed?

A sheet is checked in three parts: its schedule is replayed, step by step, and each effect compared;
its property is asked where the schedule ends; every schedule is explored again and the verdict
compared with the claim. The first part that differs is the answer, in one sentence.

    for checked in check_all([Path("sheets")], jobs=2):
        print(checked.line())
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache, partial
from pathlib import Path
from time import monotonic
from typing import Any

from ..arguments import checked
from ..explorer import explore
from ..explorer.properties import PROPERTIES, choose_property
from ..naming import nearest, short
from ..policies.policy import Policy
from ..scenarios import SCENARIOS
from ..scenarios import parameters as scenario_parameters
from ..simulate.origin import preset_words
from ..simulate.patch_text import read_patch
from ..simulate.run import run
from ..simulate.scheduler import run_schedule
from ..simulate.sent_functions import function_in
from ..simulate.setup import build, choose_policy
from ..simulate.story import chart
from ..textfile import read_text
from ..version import VERSION
from ..workers import Submits, in_order
from .code import add_scenario
from .sheet import Sheet, read_sheet, step_lines


@dataclass(frozen=True)
class Checked:
    """What became of one sheet. `wrong` is empty if it is as claimed."""

    path: str
    claim: str
    wrong: str
    seconds: float

    @property
    def ok(self) -> bool:
        return not self.wrong

    def line(self) -> str:
        """The one line that `oomlab check` prints."""
        answer = f"ok     {self.claim}" if self.ok else f"WRONG  {self.wrong}"
        return f"{self.path}: {answer} ({self.seconds:.1f} s)"


@checked
def check(sheet: Sheet, path: str = "sheet", *, trust: bool = False) -> Checked:
    """Run one sheet again. Python text in it runs only with `trust`, or if it came with oomlab.

    `path` is what the answer calls it. What comes back says in `wrong` what differs, "" if nothing
    does. No error is raised for a sheet that fails.
    """
    began = monotonic()
    try:
        wrong = difference_from(sheet, path, trust)
    except ValueError as refused:
        wrong = str(refused)
    except Exception as fault:  # the other sheets are still checked
        wrong = f"it cannot be checked: {type(fault).__name__}: {fault}"
    if wrong and sheet.version and sheet.version != VERSION:
        wrong += f"; it was written by oomlab {sheet.version}, this is {VERSION}"
    return Checked(path, sheet.claim, wrong, monotonic() - began)


def difference_from(sheet: Sheet, path: str, trust: bool) -> str:
    """The first way in which the sheet is not as claimed, "" if it is."""
    if sheet.version and not sheet.digest:
        return "oomlab wrote it, and its digest is gone"
    if sheet.digest and sheet.digest != sheet.computed_digest():
        return "it was changed after oomlab wrote it (its digest is another)"
    if (sheet.patch or sheet.code) and not (trust or sheet.computed_digest() in known()):
        return "it holds Python text; read it, then run it with --trust"
    asked = SheetQuestion.of(sheet, path)
    if sheet.schedule:
        wrong = schedule_differs(sheet, asked)
        if wrong:
            return wrong
    found = asked.explore()
    return claim_differs(sheet, found)


@cache
def known() -> frozenset[str]:
    """Digests of the sheets that come with this oomlab: their text was read by its authors."""
    text = (Path(__file__).parent / "known.txt").read_text(encoding="utf-8")
    return frozenset(line for line in text.split() if line)


@dataclass(frozen=True)
class SheetQuestion:
    """What a sheet asks, as values."""

    scenario: str
    policy: Policy
    settings: dict[str, Any]  # parameters of the scenario, as texts
    property: str | Callable
    clock: str
    states: int

    @classmethod
    def of(cls, sheet: Sheet, path: str) -> "SheetQuestion":
        scenario, *parameters = sheet.scenario.split()
        base, *knobs = sheet.policy.split()
        policy = choose_policy(base, pairs(knobs))
        if sheet.patch:
            policy = read_patch(sheet.patch, f"{path}: patch")
            if preset_words(policy) != sheet.policy:
                raise ValueError(
                    f"its policy is {short(sheet.policy)}, "
                    f"and its patch is of {preset_words(policy)!r}"
                )
        if sheet.code and scenario not in SCENARIOS:
            scenario = add_scenario(sheet.code, scenario, f"{path}: code")
        asked: str | Callable = sheet.property
        if sheet.code and asked not in PROPERTIES:
            asked = function_in(sheet.code, sheet.property, f"{path}: code")
        states, _, unit = sheet.bound.partition(" ")
        if not states.isdigit() or unit not in ("states", ""):
            raise ValueError(f"the bound is a number of states, not {short(sheet.bound)}")
        given = pairs(parameters)
        takes = scenario_parameters(scenario) if scenario in SCENARIOS else given
        for name in given:
            if name not in takes:
                raise ValueError(
                    f"{scenario} has no parameter {short(name)}: {nearest(name, takes)}"
                )
        return cls(
            scenario,
            policy,
            given,
            asked,
            sheet.clock,
            int(states),
        )

    def explore(self):
        return explore(
            self.scenario,
            self.policy,
            self.property,
            clock=self.clock,
            max_states=self.states,
            **self.settings,
        )


def pairs(words: Iterable[str]) -> dict[str, str]:
    """{"victims": "2"} from ["victims=2"]."""
    found = {}
    for word in words:
        name, equals, value = word.partition("=")
        if not equals or name in found:
            raise ValueError(f"write {short(word)} as name=value, and each name once")
        found[name] = value
    return found


def schedule_differs(sheet: Sheet, asked: SheetQuestion) -> str:
    """Replay the schedule: the first line that is not what happens, "" if there is none."""
    done = run(asked.scenario, asked.policy, schedule=sheet.entries, **asked.settings)
    for line, real in zip(sheet.schedule, step_lines(done.steps), strict=True):
        if line.split() != real.split():
            return f"the sheet says {line.strip()!r} where {real.strip()!r} happens"
    if sheet.chart and sheet.chart.split() != chart(done.steps).split():
        return "its chart is of another schedule"
    wanted = choose_property(asked.property)
    if sheet.claim == "holds" or wanted.kind != "never":
        return ""
    if sheet.claim.startswith("violated in") and len(sheet.schedule) != sheet.steps:
        return f"it claims {sheet.claim!r}, and its schedule has {len(sheet.schedule)} steps"
    kernel, _ = build(asked.scenario, asked.policy, **asked.settings)
    run_schedule(kernel, sheet.entries)
    return "" if wanted.question(kernel) else f"its schedule does not violate {wanted.name}"


def claim_differs(sheet: Sheet, found) -> str:
    """Compare the claim with what was found, "" if it is right."""
    steps = len(found.pids)
    says = f"it claims {sheet.claim!r}, but {found.sentence()}"
    if sheet.claim == "holds" or found.verdict != "violated":
        return "" if found.verdict == sheet.claim else says
    if sheet.claim.startswith("violated in") and steps != sheet.steps:
        return says
    if sheet.claim.startswith("violated within") and steps > (sheet.steps or 0):
        return says
    return ""


def sheets_in(paths: Iterable[str | Path]) -> Iterator[Path]:
    """Files as they are; of folders, every *.sheet in them, by name."""
    for path in map(Path, paths):
        if path.is_dir():
            yield from sorted(path.rglob("*.sheet"))
        elif path.exists():
            yield path
        else:
            raise ValueError(f"there is no {path}")


def check_file(path: Path, trust: bool) -> Checked:
    try:
        sheet = read_sheet(read_text(path), path.name)
    except ValueError as wrong:
        return Checked(str(path), "", str(wrong), 0.0)
    return check(sheet, str(path), trust=trust)


@checked
def check_all(
    paths: Sequence[str | Path],
    *,
    jobs: int = 2,
    trust: bool = False,
    executor: Submits | None = None,
) -> Iterator[Checked]:
    """Check files and folders, `jobs` at a time; the answers in the order of the files.

    `paths`: files and folders. `trust` as for check(). `executor`: any with the interface of
    `concurrent.futures`, whose workers read the same files; it has `jobs` workers. ValueError if
    there is no sheet, or `jobs` is below 1.
    """
    if jobs < 1:
        raise ValueError(f"jobs is 1 or more, not {jobs}")
    files = list(sheets_in(paths))
    if not files:
        raise ValueError(f"no sheet in {', '.join(map(str, paths))}")
    checking = partial(check_file, trust=trust)
    yield from in_order(checking, files, jobs=min(jobs, len(files)), executor=executor)
