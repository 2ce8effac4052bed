"""A sheet: what is asked, what is claimed, and the schedule that shows it, as text.

    oomlab sheet 1, written by oomlab 0.1.0
    title: A second victim is lost while the slot is busy
    source: <201511272029.GGG73445.tOOLJQFHOMVFSF@I-love.SAKURA.ne.jp>
    scenario: lost-victim victims=2
    policy: rfc-2015-11-25 reaper_naps=yes
    property: no-victim-lost
    clock: any
    bound: 400000 states
    claim: violated in 18 steps
    schedule:
        1   thread1/102     fault a page -> no page at once
        ...

Lines of the form `key: value`, and blocks: a key alone on its line, and indented lines below it.
Lines that begin with # are comments. `patch` and `code` are blocks of Python: the functions of a
patched policy, and those of a scenario or property that is not in oomlab. A sheet that oomlab
writes ends with a digest of all that decides the answer; one that a person writes needs none.
"""

import builtins
import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass, fields

from ..arguments import checked
from ..explorer.exploration import Exploration
from ..naming import nearest
from ..simulate import story
from ..simulate.origin import preset_words, words_of
from ..simulate.patch_text import patch_text
from ..version import VERSION

FORMAT = 1
FIRST = re.compile(r"oomlab sheet (\d+)(?:, written by oomlab (\S+))?$")
CLAIM = re.compile(r"(holds|violated|violated in (\d+) steps|violated within (\d+) steps)$")
STEP = re.compile(r"(\d+)\s+(\S+?)/(\d+)\s+(.*)$")
TIMER = re.compile(r"timer (\w+)")
BLOCKS = ("patch", "code", "said", "schedule", "chart")
DECIDES = ("scenario", "policy", "property", "clock", "bound", "claim", "patch", "code", "schedule")


@dataclass(frozen=True)
class Sheet:
    """One claim. Texts as they stand in the file; "" or () where it says nothing."""

    scenario: str  # with parameters: "lost-victim victims=2"
    policy: str  # with knobs: "linux-4.6 reaper_naps=no"; of a patch, what it is made from
    property: str
    claim: str  # holds, violated, violated in N steps, violated within N steps
    title: str = ""
    source: str = ""  # message-ids or commits
    clock: str = "any"
    bound: str = "400000 states"
    patch: str = ""  # Python text, see simulate/patch_text.py
    code: str = ""  # Python text with the scenario's or the property's function
    said: str = ""  # what the maintainers said of it
    schedule: tuple[str, ...] = ()
    chart: str = ""
    digest: str = ""
    format: int = FORMAT
    version: str = VERSION  # of the oomlab that wrote it, "" by hand

    def __repr__(self) -> str:
        made = f", written by oomlab {self.version}" if self.version else ""
        patch = " with a patch" if self.patch else ""
        question = f"{self.property}, {self.claim}, clock {self.clock}"
        title = f"\n {self.title}" if self.title else ""
        return f"<Sheet of {self.scenario} under {self.policy}{patch}{made}\n {question}{title}>"

    @builtins.property  # `property` is a field here
    def steps(self) -> int | None:
        """The number in the claim: "violated in 18 steps" is 18."""
        found = CLAIM.match(self.claim)
        number = found and (found[2] or found[3])
        return int(number) if number else None

    @builtins.property  # `property` is a field here
    def entries(self) -> list[int | tuple[int, str]]:
        """The schedule for run(schedule=): a pid, or (pid, function) for a timer."""
        return [entry_of(line) for line in self.schedule]

    def computed_digest(self) -> str:
        """Of all that decides the answer; a changed knob, step or claim changes it."""
        parts = [f"{name}={getattr(self, name)!r}" for name in DECIDES]
        return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:16]

    def text(self) -> str:
        """The file."""
        lines = [f"oomlab sheet {self.format}, written by oomlab {self.version}"]
        for item in fields(self):
            value = getattr(self, item.name)
            if item.name in ("format", "version", "digest") or not value:
                continue
            if item.name in BLOCKS:
                rows = value if isinstance(value, tuple) else value.splitlines()
                lines += [f"{item.name}:", *(f"    {row}".rstrip() for row in rows)]
            else:
                lines.append(f"{item.name}: {value}")
        return "\n".join([*lines, f"digest: {self.computed_digest()}"]) + "\n"


@checked
def sheet_of(
    found: Exploration, *, title: str = "", source: str = "", said: str = "", code: str = ""
) -> Sheet:
    """The sheet of an exploration: what was asked, the answer as a claim, the schedule.

    `code` is the Python text with the functions of a scenario or property that is not in oomlab.

    ValueError for a search that ended at its bound or was interrupted: it claims nothing.
    `found`: what explore() gave. `title`, `source` (message-ids or commits) and `said` (by the
    maintainers) are written on the sheet.
    """
    if found.verdict == "bound-reached":
        raise ValueError(f"no sheet of a search without an answer: {found.sentence()}")
    if "runs" in found.bound:
        raise ValueError("no sheet of random schedules: a sheet claims what explore() finds again")
    claim = "holds" if found.verdict == "holds" else f"violated in {len(found.pids)} steps"
    return Sheet(
        title=title,
        source=source,
        scenario=words_of(found.scenario.partition("@")[0], found.params),
        policy=preset_words(found.policy),
        property=found.property,
        claim=claim,
        clock=found.bound["clock"],
        bound=f"{found.bound['max_states']} states",
        patch=patch_text(found.policy).rstrip() if found.policy.patch else "",
        code=code.rstrip(),
        said=said,
        schedule=step_lines(found.steps),
        chart=story.chart(found.steps),
    )


def entry_of(line: str) -> int | tuple[int, str]:
    """The entry of a schedule that a line of a sheet stands for."""
    found = STEP.match(line)
    if found is None:
        raise ValueError(f"no step of a schedule: {line!r} (number, task/pid, what it does)")
    timer = TIMER.match(found[4])
    return (int(found[3]), timer[1]) if timer else int(found[3])


def step_lines(steps: Sequence) -> tuple[str, ...]:
    """The lines of a schedule, from the steps of a run (simulate/run.py)."""
    who = [f"{step.task}/{step.pid}" for step in steps]
    wide = max(map(len, who), default=0)
    return tuple(
        f"{step.number:<3} {name:<{wide}} {step.verb} {step.what}"
        + (f" -> {step.effect}" if step.effect else "")
        for step, name in zip(steps, who, strict=True)
    )


@checked
def read_sheet(text: str, source: str = "sheet") -> Sheet:
    """The sheet that a text is. ValueError says, in one sentence, which line is wrong.

    `text`: all of it. `source` is what the sentence calls it.
    """
    lines = text.splitlines()
    first = FIRST.match(lines[0].strip()) if lines else None
    if first is None:
        raise ValueError(f"{source} is no sheet: its first line is not 'oomlab sheet {FORMAT}'")
    if int(first[1]) > FORMAT:
        raise ValueError(f"{source} has format {first[1]}; this oomlab reads up to {FORMAT}")
    known = {item.name for item in fields(Sheet)} - {"format", "version"}
    values: dict[str, str] = {}
    block: str | None = None
    rows: dict[str, list[str]] = {}
    for number, line in enumerate(lines[1:], 2):
        if block and (line.startswith("    ") or not line.strip()):
            rows[block].append(line[4:])
            continue
        block = None
        if not line.strip() or line.startswith("#"):
            continue
        key, colon, value = line.partition(":")
        key, value = key.strip(), value.strip()
        if not colon or key not in known:
            raise ValueError(f"{source}, line {number}: no key {key!r}; {nearest(key, known)}")
        if key in values or key in rows:
            raise ValueError(f"{source}, line {number}: {key} is there twice")
        if key in BLOCKS and not value:
            block = key
            rows[key] = []
        else:
            values[key] = value
    for key, found in rows.items():
        values[key] = "\n".join(found).strip("\n")
    missing = [key for key in ("scenario", "policy", "property", "claim") if not values.get(key)]
    if missing:
        raise ValueError(f"{source} does not say its {' and '.join(missing)}")
    if not CLAIM.match(values["claim"]):
        raise ValueError(
            f"{source}: the claim is holds, violated, violated in N steps or violated within N "
            f"steps, not {values['claim']!r}"
        )
    schedule = tuple(row.rstrip() for row in values.pop("schedule", "").splitlines() if row.strip())
    sheet = Sheet(**values, schedule=schedule, format=int(first[1]), version=first[2] or "")
    for line in schedule:
        entry_of(line)
    return sheet
