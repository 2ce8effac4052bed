"""The policy lab without a screen: settings in, sentences and a picture's data out.

    lab = Controller("invisible-dependency", "linux-4.4")
    lab.change(knobs={"reaper": "list"})
    lab.view()["sentence"]

Everything a person can do in the widget is a method here; the widget only carries it to a browser.
A mistake in the settings is a ValueError with a sentence, and leaves everything as it was.
"""

from collections.abc import Callable

from ..explore import Exploration, explore
from ..model.policy import KNOBS, PRESETS, difference
from ..scenarios import SCENARIOS, parameters, title
from ..trace import Run, choose_policy, run
from .facts import divergence, several
from .payload import payload
from .sheet import discussion_sheet

EXPLORE_SECONDS = 5.0


class Controller:
    """One scenario under one policy, or under two side by side."""

    def __init__(
        self, scenario: str, policy: str = "linux-4.4", *, policies: list[str] | None = None
    ):
        self.policies = list(policies or PRESETS)
        self.settings: dict = {
            "scenario": scenario, "policy": policy, "other": "", "seed": 0,
            "params": {}, "knobs": {},
        }  # fmt: skip
        self.exploration: Exploration | None = None
        self.runs = self.run_all(self.settings)

    def change(self, **changes) -> None:
        """Change settings and run again; a new scenario has its own parameters.

        A new policy forgets the knobs that were turned: a preset's name must mean that preset.
        """
        for name in changes:
            if name not in self.settings:
                raise ValueError(f"no setting {name!r}: there are {', '.join(self.settings)}")
        settings = {**self.settings, **changes}
        if settings["scenario"] != self.settings["scenario"]:
            settings["params"] = changes.get("params", {})
        if settings["policy"] != self.settings["policy"]:
            settings["knobs"] = changes.get("knobs", {})
        self.runs = self.run_all(settings)
        self.settings, self.exploration = settings, None

    def run_all(self, settings: dict) -> list[Run]:
        """The run, and the one to compare it with."""
        first = run(
            settings["scenario"], settings["policy"], seed=settings["seed"],
            **settings["params"], **settings["knobs"],
        )  # fmt: skip
        if not settings["other"]:
            return [first]
        return [first, run(settings["scenario"], settings["other"], seed=settings["seed"],
                           **settings["params"])]  # fmt: skip

    def explore(self, property: str = "no-victim-lost", seconds: float = EXPLORE_SECONDS) -> None:
        """Try every schedule within a bound; a counterexample becomes the run that is shown."""
        now = self.settings
        settings = {**now["params"], **now["knobs"]}
        found = explore(now["scenario"], now["policy"], property, seconds=seconds, **settings)
        if found.verdict == "violated":
            self.runs = [run(now["scenario"], now["policy"], schedule=found.pids, **settings)]
        self.exploration = found

    def exploration_sentence(self) -> str:
        """What the explorer found, with its bound in the same sentence."""
        found = self.exploration
        if found is None:
            return ""
        size = f"{found.states} states and {found.transitions} transitions, {found.seconds:.1f} s"
        bound = several([f"{name} {value}" for name, value in found.bound.items()])
        if found.verdict == "violated":
            length = f"this schedule of {len(found.pids)} steps is the counterexample"
            return f"{found.property} is violated: {length} ({size})."
        if found.verdict == "holds":
            return f"{found.property} holds in every schedule (all of {size}; bound: {bound})."
        return f"{found.property} holds as far as the bound reached ({bound}; {size})."

    def view(self) -> dict:
        """Everything that is shown, as plain values."""
        first = self.runs[0]
        parted = divergence(*self.runs) if len(self.runs) > 1 else None
        return {
            "settings": self.settings,
            "knobs": {name: getattr(first.policy, name) for name in KNOBS},
            "changed": list(difference(choose_policy(self.settings["policy"], {}), first.policy)),
            "params": {**parameters(first.scenario), **first.params},
            "title": title(first.scenario),
            "sentence": " ".join(f"{r.policy.name}: {r.outcome.verdict}; {r.outcome.why}."
                                 for r in self.runs),
            "explored": self.exploration_sentence(),
            "pictures": [payload(r) for r in self.runs],
            "parted": [[m.step, m.sentence] if m else None for m in parted] if parted else None,
            "differs": several(list(difference(self.runs[0].policy, self.runs[-1].policy)), 8),
        }  # fmt: skip

    def catalogue(self) -> dict:
        """What can be chosen: scenarios, policies, knobs with their meaning and source."""
        return {
            "scenarios": {name: title(name) for name in SCENARIOS},
            "policies": self.policies,
            "knobs": {
                name: {**knob.metadata, "kind": type(knob.default).__name__}
                for name, knob in KNOBS.items() if name not in ("name", "kernel")
            },
        }  # fmt: skip

    def export(self, form: str) -> str:
        """As text: "json", the first run's versioned trace, or "markdown", a discussion sheet."""
        forms: dict[str, Callable[[], str]] = {
            "json": self.runs[0].to_json,
            "markdown": lambda: discussion_sheet(self.runs),
        }
        if form not in forms:
            raise ValueError(f"no export {form!r}: there are {', '.join(forms)}")
        return forms[form]()
