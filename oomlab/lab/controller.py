"""The policy lab without a screen: settings in, sentences and a picture's data out.

    lab = Controller("invisible-dependency", "linux-4.4")
    lab.change(knobs={"reaper": "list"})
    lab.view()["sentence"]

Everything a person can do in the widget is a method here; the widget only carries it to a browser.
A mistake in the settings is a ValueError with a sentence, and leaves everything as it was.
"""

import json
from collections.abc import Callable, Sequence

from ..bibliography import sources_in
from ..explorer import PROPERTIES, Exploration, explore
from ..explorer.progress import Progress
from ..explorer.properties import choose_property
from ..policies.knobs import GROUPS, described
from ..policies.policy import KNOBS, Policy
from ..policies.presets import PRESETS, difference
from ..scenarios import SCENARIOS, choices, most, parameters, story, title
from ..simulate.run import Run, run
from ..simulate.scheduler import Entry
from ..simulate.setup import choose_policy, takes
from .by_hand import ByHand, counts, entry_taken, plain_entry
from .details import details
from .discussion_sheet import discussion_sheet
from .figures import whole_run
from .run_page import html_of, view_of
from .state_graph import state_graph
from .timeline import shown_steps

EXPLORE_SECONDS = 5.0
MOST_LANES = 200  # of one kind: a run with more takes too long for a hand, and no eye finds a lane
FIRST_LOOK = 3  # steps on each side of the first look: the picture must not wait for more
NEAR = 2000  # steps from the start that are quickly done again


def is_turned(policy: Policy) -> bool:
    """Is it a preset by its name, and yet another policy?"""
    return policy.patch is None and policy.name in PRESETS and policy != PRESETS[policy.name]


def drawable(scenario: str, params: dict) -> None:
    """ValueError for more tasks than can be looked at: each is a lane of its own."""
    for name, greatest in most(scenario).items():
        value = params.get(name)
        if isinstance(value, int) and MOST_LANES < value <= greatest:
            raise ValueError(f"the lab takes up to {MOST_LANES} {name}; oomlab.run() takes more")


class Controller:
    """One scenario under one policy, or under two side by side."""

    def __init__(
        self,
        scenario: str,
        policy: str | Policy = "linux-4.4",
        *,
        policies: Sequence[str | Policy] | None = None,
        schedule: Sequence[Entry] | None = None,
        params: dict | None = None,
    ):
        """A Policy of one's own, as oomlab.patch() makes it, is chosen by its name from then on.

        A preset in which knobs are turned is that preset, with those knobs turned. `schedule` is
        what run() takes: that run is shown first, until a setting is changed; `params` are the
        scenario's. ValueError for an offered policy that has a preset's name and is another.
        """
        offered = [choose_policy(p, {}) for p in (policies or PRESETS)]
        for each in offered:
            if is_turned(each):
                raise ValueError(f"a policy that is not {each.name} needs a name of its own")
        first, turned = choose_policy(policy, {}), {}
        if is_turned(first):
            first, turned = PRESETS[first.name], first.turned
        self.own = {p.name: p for p in (*offered, first)}
        self.policies = [p.name for p in offered]
        if first.name not in self.policies and isinstance(policy, Policy):
            self.policies.append(first.name)
        self.settings: dict = {
            "scenario": scenario,
            "policy": first.name,
            "other": "",
            "seed": 0,
            "params": dict(params or {}),
            "knobs": turned,
            # who takes each step, as of run(schedule=); None: as the seed has it
            "schedule": None if schedule is None else list(schedule),
        }
        self.exploration: Exploration | None = None
        self.hand: ByHand | None = None  # once a person is the scheduler
        self.hand_view: dict = {}  # what that person sees
        self.asked = "no-victim-lost"  # the property that was asked about last
        self.at = max(0, len(schedule or ()) - 1)  # the step under the cursor, from 0
        self.shown = 0  # counts what was shown: an answer about an older run is known by it
        self.runs = self.run_all(self.settings)
        self.left: tuple | None = None  # what peek() goes back to

    def change(self, /, **changes) -> None:
        """Change settings and run again; a new scenario has its own parameters.

        A new policy forgets the knobs that were turned: a preset's name must mean that preset. A
        schedule belongs to all the other settings, so any change of them forgets it.
        """
        for name in changes:
            if name not in self.settings:
                raise ValueError(f"no setting {name!r}: there are {', '.join(self.settings)}")
        settings = {**self.settings, "schedule": None, **changes}
        if settings["scenario"] != self.settings["scenario"]:
            settings["params"] = changes.get("params", {})
        if settings["policy"] != self.settings["policy"]:
            settings["knobs"] = changes.get("knobs", {})
        self.runs = self.run_all(settings)
        self.settings, self.exploration, self.hand = settings, None, None
        self.shown += 1

    def named(self, policy: str | Policy) -> str | Policy:
        """The policy of this name among those that were given; else it is a preset's name."""
        return self.own.get(policy, policy) if isinstance(policy, str) else policy

    def run_all(self, settings: dict) -> list[Run]:
        """The run, and the one to compare it with. ValueError for what no run can be told."""
        takes(settings["scenario"], [*settings["params"], *settings["knobs"]])
        drawable(settings["scenario"], settings["params"])
        order = {"seed": settings["seed"]}
        if settings["schedule"] is not None:
            if settings["other"]:
                raise ValueError("a schedule is one policy's own: compare it with nothing")
            order = {"schedule": [plain_entry(entry) for entry in settings["schedule"]]}
        first = run(
            settings["scenario"],
            self.named(settings["policy"]),
            **order,
            **settings["params"],
            **settings["knobs"],
        )
        if not settings["other"]:
            return [first]
        return [
            first,
            run(
                settings["scenario"],
                self.named(settings["other"]),
                seed=settings["seed"],
                **settings["params"],
            ),
        ]

    def explore(
        self,
        property: str = "no-victim-lost",
        seconds: float = EXPLORE_SECONDS,
        progress: Progress | None = None,
    ) -> None:
        """Try every schedule within a bound; a counterexample becomes the run that is shown."""
        now = self.settings
        settings = {**now["params"], **now["knobs"]}
        policy = self.named(now["policy"])
        found = explore(
            now["scenario"], policy, property, seconds=seconds, progress=progress, **settings
        )
        if found.verdict == "violated":
            self.runs = [run(now["scenario"], policy, schedule=found.pids, **settings)]
            # What is named beside it is not on the screen.
            self.settings = {**now, "other": "", "schedule": list(found.pids)}
            self.hand = None  # else what a person has played so far stays, and may go on
        self.exploration, self.asked = found, property
        self.shown += 1

    def by_hand(self) -> ByHand:
        """A schedule by hand of what is set now, with no entry yet."""
        now = self.settings
        settings = {**now["params"], **now["knobs"]}
        return ByHand(now["scenario"], self.named(now["policy"]), settings)

    def play(self, step: int = 0) -> None:
        """Take over as the scheduler after `step` steps of the run that is shown; 0: from boot."""
        hand = self.by_hand()
        hand.take([entry_taken(task, op) for _, task, op, *_ in self.runs[0].trace[:step]])
        self.show_hand(hand, "")

    def move(self, what: str, property: str = "no-victim-lost", **how) -> None:
        """As the scheduler: "take" entries, "undo", "go_on" with a seed, go to the "worst", or
        "replay" a whole schedule. ValueError, and nothing has changed, if that cannot be.
        """
        if self.hand is None:
            self.play(0)
        hand = self.hand
        assert hand is not None, "play() has made one"
        asked, before, said = self.asked, list(hand.entries), ""
        try:
            self.asked = property
            if what == "worst":
                said = hand.worst(property)
            elif what == "replay":
                hand.entries = []
                hand.take(**how)
            elif what in ("take", "undo", "go_on"):
                getattr(hand, what)(**how)
            else:
                raise ValueError(f"there is no move {what!r}")
            self.show_hand(hand, said)
        except ValueError:
            hand.entries, self.asked = before, asked
            raise

    def peek(self, entries: list[Entry] | None, property: str = "no-victim-lost") -> None:
        """Show the run of a schedule without going there; None: back to what was shown before.

        ValueError, and nothing has changed, if the schedule cannot happen.
        """
        if entries is None:
            if self.left is not None:
                self.runs, self.at = self.left[:2]
                self.left = None
                self.shown += 1
            return
        hand = self.by_hand()
        hand.take(entries)
        run, sentence = hand.run(), hand.sentence(property)
        before = (self.runs, self.at) if self.left is None else self.left[:2]
        self.runs, self.left = [run], (*before, f"Only looked at: {sentence}")
        self.at = max(0, len(entries) - 1)
        self.shown += 1

    def show_hand(self, hand: ByHand, said: str) -> None:
        """The schedule made by hand becomes the run that is shown, with who can move next."""
        view = {
            "choices": hand.choices(),
            "entries": list(hand.entries),
            "said": said,
            "sentence": hand.sentence(self.asked),
        }
        self.runs, self.hand, self.hand_view = [hand.run()], hand, view
        self.settings = {**self.settings, "other": ""}
        self.exploration = None
        self.at = len(hand.entries)
        self.shown += 1

    def answers(self, property: str, seconds: float = EXPLORE_SECONDS) -> list[list]:
        """The explorer's schedules beside one's own: [whose, how long, its entries as JSON]."""
        now = self.settings
        settings = {**now["params"], **now["knobs"]}
        rows: list[list] = []
        if self.hand is not None:
            rows.append(["yours", counts(self.hand.build, self.hand.entries), self.hand.entries])
        for prefer, whose in (("steps", "the shortest"), ("decisions", "the fewest decisions")):
            found = explore(
                now["scenario"],
                self.named(now["policy"]),
                property,
                prefer=prefer,
                seconds=seconds,
                **settings,
            )
            if found.verdict != "violated":
                rows.append([whose, f"{found.sentence()}.", None])
                break
            entries = list(found.pids)
            rows.append([whose, counts(self.by_hand().build, entries), entries])
        return rows

    def graph(self, property: str) -> dict:
        """All states of what is shown, as state_graph() has them; ValueError if too many."""
        return state_graph(self.by_hand().build, choose_property(property))

    def look(self, picture: int, step: int, around: int = 150) -> dict:
        """Code, state and waits around a step (from 0) of one of the runs that are shown."""
        if not 0 <= picture < len(self.runs):
            raise ValueError(f"there is no picture {picture + 1}: {len(self.runs)} are shown")
        step = min(step, max(0, shown_steps(self.runs[picture]) - 1))
        first = max(0, step - around)
        part = details(self.runs[picture], first, first + 2 * around)
        return {**part, "picture": picture, "of": self.shown}

    def view(self) -> dict:
        """Everything that is shown, as plain values."""
        first = self.runs[0]
        preset = choose_policy(self.named(self.settings["policy"]), {})
        shown = view_of(self.runs)
        if self.hand is not None:  # a run that is not over has no outcome yet
            shown |= {"hand": self.hand_view, "sentence": self.hand_view["sentence"]}
            if self.hand_view["choices"]:
                shown["pictures"][0]["verdict"] = "not over"
        explored = f"{self.exploration.sentence()}." if self.exploration else ""
        if explored and self.settings["other"]:  # of the two only the first was explored
            explored = f"{first.policy.name}: {explored}"
        if self.left is not None:
            shown |= {"sentence": self.left[2], "looks": True}
            shown["pictures"][0]["verdict"] = "only looked at"
        return {
            "settings": self.settings,
            "knobs": {name: getattr(first.policy, name) for name in KNOBS},
            "preset": {name: getattr(preset, name) for name in difference(preset, first.policy)},
            "params": {**parameters(first.scenario), **first.params},
            "title": title(first.scenario),
            "story": story(first.scenario),
            "of": self.shown,
            "details": [self.look(0, self.at, FIRST_LOOK)] if self.at < NEAR else [],
            "explored": explored,
            **shown,
        }

    def catalogue(self) -> dict:
        """What can be chosen: scenarios, policies with what they model, properties, knobs; and the
        mails and commits that their sentences name.
        """
        found = {
            "scenarios": {name: title(name) for name in SCENARIOS},
            "choices": {name: choices(name) for name in SCENARIOS},
            "policies": {name: choose_policy(self.own[name], {}).about for name in self.policies},
            "properties": {name: asked.meaning for name, asked in PROPERTIES.items()},
            "knobs": {name: described(name) for names in GROUPS.values() for name in names},
        }
        sentences = json.dumps([found, *map(story, SCENARIOS)])
        return {**found, "sources": sources_in(sentences)}

    def export(self, form: str) -> str:
        """As text: "html", a page of its own; "json", the first run's versioned trace;
        "markdown", a discussion sheet; or "svg", one picture, light for "png", which the browser
        makes of it.
        """
        forms: dict[str, Callable[[], str]] = {
            "html": lambda: html_of(self.runs),
            "json": self.runs[0].to_json,
            "markdown": lambda: discussion_sheet(self.runs),
            "svg": lambda: whole_run.figure(*self.runs).svg,
            "png": lambda: whole_run.figure(*self.runs, dark=False).svg,
        }
        if form not in forms:
            raise ValueError(f"no export {form!r}: there are {', '.join(forms)}")
        return forms[form]()
