"""Where a thing comes from: one value, which every run, answer, sheet, figure and export carries.

>>> import oomlab
>>> print(oomlab.run("lost-victim", "rfc-2015-11-25", reaper="list", seed=3).origin)
lost-victim victims=2 vmas=2 under rfc-2015-11-25 reaper=list, seed 3, oomlab 0.1.0

Whoever has it can make the same run again: all parameters, given or default; a preset and every
knob that differs from it; the text of a patch; the seed or the schedule; the version.
"""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from types import CodeType, FunctionType
from typing import Any

from ..arguments import checked
from ..plural import plural
from ..policies.patch import Patch, names_in
from ..policies.policy import KNOBS, Policy
from ..policies.presets import PRESETS
from ..version import VERSION
from .fingerprint import filled
from .patch_text import patch_hash, patch_text, read_patch
from .scheduler import Entry, entry_of

Value = int | str | bool


@dataclass(frozen=True)
class Origin:
    """What was run. With neither a seed nor a schedule it is every schedule that is meant."""

    scenario: str
    params: Mapping[str, Value]  # all of them
    policy: str  # its name
    preset: str  # which preset it is, or is made from
    knobs: Mapping[str, Value]  # each that differs from the preset's
    patch: str = ""  # the text of a patch, as simulate/patch_text.py reads it
    seed: int | None = None
    schedule: tuple[Entry, ...] | None = None
    most_steps: int | None = None  # where a run was to be cut off
    drawn: int | None = None  # how many random schedules a hunt drew from the seed
    version: str = VERSION

    def __post_init__(self) -> None:
        if self.seed is not None and self.schedule is not None:
            raise ValueError("a run has a seed or a schedule, not both")

    def __hash__(self) -> int:
        return hash(str(self))

    @classmethod
    @checked
    def of(
        cls,
        scenario: str,
        policy: Policy,
        params: Mapping[str, Any],
        *,
        seed: int | None = None,
        schedule: Sequence[Entry] | None = None,
        most_steps: int | None = None,
        drawn: int | None = None,
    ) -> "Origin":
        """The origin of what runs this scenario, with all its parameters, under this policy.

        `params`: of the scenario, as given. Either `seed`, or `schedule`, a list of entries.
        `most_steps` bounds the run; `drawn` says how many random numbers were used.
        """
        return cls(
            scenario,
            dict(params),
            policy.name,
            policy.preset,
            policy.turned,
            text_of(policy),
            seed,
            None if schedule is None else tuple(map(plain_entry, schedule)),
            most_steps,
            drawn,
        )

    def policy_words(self) -> str:
        """The policy with all that it is made from: "rfc-2015-11-25 reaper=list"."""
        made = words_of(self.preset, self.knobs)
        if self.patch:
            made += f", patch {patch_hash(self.patch)}"
        return made if self.policy == self.preset else f"{self.policy} ({made})"

    def machine_words(self) -> str:
        """The scenario and the policy: "lost-victim victims=2 vmas=2 under linux-4.4"."""
        return f"{words_of(self.scenario, self.params)} under {self.policy_words()}"

    def order_words(self) -> str:
        """In which order tasks took their steps."""
        if self.schedule is not None:
            digest = hashlib.sha256(repr(self.schedule).encode()).hexdigest()[:8]
            return f"a schedule of {plural(len(self.schedule), 'step')} ({digest})"
        if self.seed is None:
            return "every schedule"
        if self.drawn is not None:
            return f"{self.drawn} random schedules from seed {self.seed}"
        if self.most_steps is None:
            return f"seed {self.seed}"
        return f"seed {self.seed}, cut off after {plural(self.most_steps, 'step')}"

    def __str__(self) -> str:
        return f"{self.machine_words()}, {self.order_words()}, oomlab {self.version}"

    def to_dict(self) -> dict:
        """Plain values for JSON; a seed or a schedule, never both."""
        found: dict[str, object] = {
            "scenario": self.scenario,
            "params": dict(self.params),
            "policy": self.policy,
            "preset": self.preset,
            "knobs": dict(self.knobs),
            "oomlab": self.version,
        }
        if self.patch:
            found["patch"] = self.patch
        for name in ("seed", "most_steps", "drawn"):
            if getattr(self, name) is not None:
                found[name] = getattr(self, name)
        if self.schedule is not None:
            found["schedule"] = [e if isinstance(e, int) else list(e) for e in self.schedule]
        return found

    @classmethod
    def from_dict(cls, found: object) -> "Origin":
        """The origin that to_dict() wrote. ValueError, in one sentence, for anything else.

        `found`: the dictionary, read from a file perhaps.
        """
        if not isinstance(found, dict):
            raise ValueError("it does not say where it comes from (no origin in it)")
        kinds = {"scenario": str, "params": dict, "policy": str, "preset": str, "knobs": dict}
        kinds |= {"oomlab": str}
        more = {"patch": str, "seed": int, "schedule": list, "most_steps": int, "drawn": int}
        for name, kind in (kinds | more).items():
            if (name in found or name in kinds) and type(found.get(name)) is not kind:
                raise ValueError(f"its origin has no {name} that could be one")
        if set(found) - set(kinds) - set(more):
            raise ValueError("its origin holds what this oomlab does not know")
        schedule = found.get("schedule")
        return cls(
            **{name: found[name] for name in kinds if name != "oomlab"},
            patch=found.get("patch", ""),
            seed=found.get("seed"),
            schedule=None if schedule is None else tuple(map(plain_entry, schedule)),
            most_steps=found.get("most_steps"),
            drawn=found.get("drawn"),
            version=found["oomlab"],
        )

    def made_policy(self) -> Policy:
        """The policy again. A patch's text is Python and is run: trust it first.

        ValueError for a knob that this oomlab does not have.
        """
        base = PRESETS[self.preset]
        unknown = [name for name in self.knobs if name not in KNOBS]
        if unknown:
            raise ValueError(f"this oomlab has no knob {unknown[0]!r}")
        if self.patch:
            return read_patch(self.patch, "the patch")
        about = base.about if self.policy == self.preset else f"{self.preset}, changed"
        knobs: dict[str, Any] = dict(self.knobs)
        return replace(base, name=self.policy, about=about, **knobs)

    @checked
    def misfit(self, other: "Origin") -> str:
        """The first way in which another one's machine is not this one's; "" if it is the same.

        Two policies are the same if they do the same, whatever they are called.
        """
        if self.scenario != other.scenario:
            return f"it is of {self.scenario}, not of {other.scenario}"
        for name in {**self.params, **other.params}:
            mine, its = (o.params.get(name, "no such parameter") for o in (self, other))
            if mine != its:
                return f"it is of {self.scenario} with {name}={mine}, not with {name}={its}"
        for name in {**self.knobs, **other.knobs}:
            if name not in KNOBS:
                return f"it is of a policy with a knob {name}, which this oomlab does not have"
        for name in KNOBS:
            mine, its = (o.knobs.get(name, getattr(PRESETS[o.preset], name)) for o in (self, other))
            if mine != its:
                return (
                    f"it is of {self.policy_words()}, not of {other.policy_words()}: "
                    f"{name} is {mine}, not {its}"
                )
        if self.patch != other.patch:
            return f"it is of {self.policy_words()}, not of {other.policy_words()}"
        return ""


def preset_words(policy: Policy) -> str:
    """A policy's preset and every knob that differs: "linux-4.6 reaper_naps=False"."""
    return words_of(policy.preset, policy.turned)


def policy_words(policy: Policy) -> str:
    """A policy by name and by what it is made from, as in the words of an origin."""
    return Origin.of("", policy, {}).policy_words()


@lru_cache(maxsize=64)
def text_of(policy: Policy) -> str:
    """The text of a policy's patch; where a text cannot carry it, why not, as a comment."""
    if policy.patch is None:
        return ""
    try:
        return patch_text(policy)
    except ValueError as wrong:
        return f"# This patch cannot be written down: {wrong}. Its code is {code_of(policy.patch)}."


def code_of(patch: Patch) -> str:
    """A digest of what a patch's functions are compiled to."""
    parts = [(name, *held_by(f)) for name, f in {**patch.functions, **patch.kthreads}.items()]
    return hashlib.sha256(repr((parts, patch.state)).encode()).hexdigest()[:12]


def held_by(function: FunctionType) -> tuple:
    """All that decides what a function does: code, defaults, what it closes over, its globals."""
    known = function.__globals__
    names = sorted(name for name in names_in(function.__code__) if name in known)
    cells = [cell.cell_contents for cell in function.__closure__ or () if filled(cell)]
    globals_ = [(name, known[name]) for name in names]
    defaults = function.__defaults__, function.__kwdefaults__
    return (*instructions(function.__code__), repr((defaults, cells, globals_)))


def instructions(code: CodeType) -> tuple:
    """What a code object does, wherever its text stands."""
    constants = [instructions(c) if isinstance(c, CodeType) else c for c in code.co_consts]
    return code.co_code, code.co_names, constants


def words_of(name: str, settings: Mapping[str, Value]) -> str:
    """A name and its settings on one line: "lost-victim victims=2"."""
    return " ".join([name, *(f"{key}={value}" for key, value in settings.items())])


def plain_entry(entry: object) -> Entry:
    """An entry of a schedule as a pid or a tuple. ValueError for what is none."""
    pid, function = entry_of(entry)
    return pid if function is None else (pid, function)
