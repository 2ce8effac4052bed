"""A recorded schedule: its entries, the machine it is of, and what each of its steps did.

    found = oomlab.explore("lost-victim", "rfc-2015-11-25")
    oomlab.run("lost-victim", "rfc-2015-11-25", schedule=found.pids)  # the same steps
    oomlab.run("lost-victim", "rfc-2015-11-27", schedule=found.pids)  # ValueError

An entry means a step only in its own machine: another policy's third step of the same task does
another thing. So run() refuses a recorded schedule elsewhere, and where a step is not what it was,
as when another version of oomlab recorded it. list(found.pids) is the bare entries, which run()
takes wherever they can happen.
"""

import json
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from ..arguments import checked
from . import story
from .origin import Origin, plain_entry
from .scheduler import Entry


class ToldStep(NamedTuple):
    """What one step did, as `oomlab explore --json` writes it."""

    task: str
    function: str
    does: str
    effect: str

    def __str__(self) -> str:
        effect = f" ({self.effect})" if self.effect else ""
        return f"{self.task} in {self.function}: {self.does}{effect}"


class Schedule(list[Entry]):
    """Entries for run(schedule=), with their origin."""

    def __init__(self, entries: Iterable[Entry], origin: Origin, told: Sequence[ToldStep]):
        super().__init__(entries)
        self.origin, self.told = origin, tuple(told)

    def __reduce__(self):
        return Schedule, (list(self), self.origin, self.told)

    @checked
    def check_machine(self, origin: Origin) -> None:
        """ValueError if it was recorded in another machine.

        `origin`: of the machine in which it is to run.
        """
        wrong = self.origin.misfit(origin)
        if wrong:
            raise ValueError(f"this schedule does not fit: {wrong}")
        if len(self) != len(self.told):
            raise ValueError("this schedule was changed after it was recorded")

    @checked
    def check_steps(self, steps: Iterable[story.Told]) -> None:
        """ValueError for the first step that is not what was recorded.

        `steps`: those that happened now.
        """
        for number, (was, step) in enumerate(zip(self.told, steps, strict=True), start=1):
            now = told_of(step)
            if was != now:
                raise ValueError(
                    f"step {number} of this schedule was {was} when oomlab {self.origin.version} "
                    f"recorded it, and is {now} now"
                )


def told_of(step: story.Told) -> ToldStep:
    """The words of a step."""
    return ToldStep(step.task, step.function, story.does(step), step.effect)


@checked
def read_schedule(text: str, source: str = "the schedule") -> Schedule:
    """The schedule that `oomlab explore --json` wrote. ValueError, in one sentence, for less.

    `text`: JSON. `source` is what the sentence calls it.
    """
    try:
        found = json.loads(text)
        entries = [plain_entry(entry) for entry in found["pids"]]
        told = [
            ToldStep(*(str(row[name]) for name in ToldStep._fields)) for row in found["schedule"]
        ]
        origin = Origin.from_dict(found.get("origin"))
    except (KeyError, TypeError, AttributeError, ValueError, RecursionError) as wrong:
        raise ValueError(
            f"{source} is not a schedule as explore --json writes it: {reason(wrong)}"
        ) from None
    if not entries:
        raise ValueError(f"{source} holds no schedule: its search found no counterexample")
    return Schedule(entries, origin, told)


def reason(wrong: Exception) -> str:
    """What is wrong, in words."""
    if isinstance(wrong, json.JSONDecodeError):
        return f"it is no JSON (line {wrong.lineno}, column {wrong.colno})"
    if isinstance(wrong, KeyError):
        return f"it has no {wrong}"
    if isinstance(wrong, ValueError) and "limit" not in str(wrong):  # Python's, of digits
        return str(wrong)
    return "it is of another form"
