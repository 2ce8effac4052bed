"""A machine from words: a scenario by name, a policy, and settings, each checked where it comes in.

What is wrong is a ValueError with one sentence, before anything runs.
"""

import re
from collections.abc import Iterable
from dataclasses import replace
from operator import index
from typing import SupportsIndex

from ..arguments import checked
from ..model.kernel import Kernel
from ..naming import nearest, short
from ..plural import plural
from ..policies.policy import KNOBS, Policy
from ..policies.presets import PRESETS
from ..scenarios import SCENARIOS, choices, most, parameters
from .page_accounting import unaccounted

MOST = 10_000_000  # of what a parameter counts: pages, tasks, ticks
# What run(), explore(), hunt(), compare() and sweep() take themselves. A parameter of such a name
# could never be set: its value would go to them.
TAKEN = """audit clock depth executor jobs max_states most_steps out policies policy
prefer progress property runs scenario schedule seconds seed seeds settings steps symmetry trace"""
ARGUMENTS = frozenset(TAKEN.split())


def choose_policy(policy: str | Policy, knobs: dict) -> Policy:
    """A preset by name or a Policy, with some knobs changed. ValueError says what is wrong."""
    if isinstance(policy, str):
        policy = PRESETS[policy]
    if not isinstance(policy, Policy):
        raise ValueError(f"a policy is a Policy or the name of one, not {short(policy)}")
    changed = {name: knob_value(name, value) for name, value in knobs.items()}
    return replace(policy, **changed) if changed else policy


def knob_value(name: str, value):
    """A knob's value from itself or from text; Policy checks that it is one of those it takes."""
    kind, word = type(KNOBS[name].default), short(value).strip("'").lower()
    if kind is bool and word in ("1", "true", "yes", "on"):
        return True
    if kind is bool and word in ("0", "false", "no", "off"):
        return False
    number = whole_number(value) if kind is int else None
    return value if number is None else number


def whole_number(value: object) -> int | None:
    """A whole number, not negative, from itself or from text; None for all else."""
    if isinstance(value, str):
        return int(value) if re.fullmatch("[0-9]{1,18}", value) else None
    if isinstance(value, bool) or not isinstance(value, SupportsIndex):
        return None
    number = index(value)
    return number if number >= 0 else None


def parameter_value(scenario: str, name: str, value):
    """A scenario parameter from itself or from text."""
    default = parameters(scenario)[name]
    if isinstance(default, int):
        number, greatest = whole_number(value), most(scenario).get(name, MOST)
        if number is None or number > greatest:
            raise ValueError(
                f"parameter {name} of {scenario} takes a whole number from 0 to {greatest}, "
                f"not {short(value)}"
            )
        value = number
    else:
        value = value if isinstance(value, str) else short(value)
    allowed = choices(scenario).get(name, (value,))
    if value not in allowed:
        options = ", ".join(map(str, allowed))
        raise ValueError(
            f"parameter {name} of {scenario} takes one of {options}, not {short(value)}"
        )
    return value


def takes(scenario: str, names: Iterable[str]) -> dict[str, object]:
    """The parameters of a scenario, where all these names are of one or of a knob. ValueError."""
    if not isinstance(scenario, str) or scenario not in SCENARIOS:
        raise ValueError(f"no scenario {short(scenario)}: {nearest(str(scenario), SCENARIOS)}")
    if not callable(SCENARIOS[scenario]):
        raise ValueError(f"{scenario} is no function, but {short(SCENARIOS[scenario])}")
    known = parameters(scenario)
    hidden = known.keys() & (ARGUMENTS | KNOBS.keys())
    if hidden:
        raise ValueError(
            f"parameter {min(hidden)} of {scenario} has the name of an argument of run(), "
            "explore() or hunt(), or of a knob: give it another"
        )
    for name in names:
        if name not in known and name not in KNOBS:
            near = nearest(str(name), [*known, *KNOBS, *ARGUMENTS])
            if not near.endswith("?"):
                near = nearest(str(name), [*known, *KNOBS])
            if name in ARGUMENTS:
                near = "run(), explore(), hunt(), compare() or sweep() has an argument of that name"
            raise ValueError(f"no knob or parameter {short(name)}: {near}")
    return known


@checked
def build(scenario: str, policy: str | Policy = "linux-4.4", **settings) -> tuple[Kernel, dict]:
    """The machine of a scenario, not yet run, and all its parameters, given or default.

    `settings` are parameters of the scenario and knobs of the policy. ValueError, in one sentence,
    for a name or value that does not exist.
    """
    known = takes(scenario, settings)
    knobs = {name: v for name, v in settings.items() if name not in known}
    given = {n: parameter_value(scenario, n, v) for n, v in settings.items() if n in known}
    params = {**known, **given}
    for name, value in params.items():
        if not isinstance(value, int | str):
            raise ValueError(f"parameter {name} of {scenario} needs a number or name as default")
    chosen = choose_policy(policy, knobs)
    try:
        kernel = SCENARIOS[scenario](chosen, **params)
    except ValueError:
        raise
    except Exception as wrong:  # one's own scenario, or numbers that it cannot be made of
        numbers = ", ".join(f"{name}={value}" for name, value in params.items())
        why = " ".join(f"{type(wrong).__name__}: {wrong}".split())
        raise ValueError(f"{scenario} with {numbers or 'its set-up'} fails: {why}") from wrong
    if not isinstance(kernel, Kernel):
        raise ValueError(f"{scenario} is a function that returns a Kernel, not {short(kernel)}")
    if lost := unaccounted(kernel):  # such a machine has pages twice, or loses some
        had = f"{plural(abs(lost), 'page')} {'too few' if lost > 0 else 'too many'}"
        raise ValueError(f"the pages of {scenario} do not add up: its owners have {had}")
    return kernel, params
