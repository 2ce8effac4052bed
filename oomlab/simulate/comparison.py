"""Two policies on one scenario, side by side: a sheet that a reviewer can paste into a mail."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path

from ..arguments import checked
from ..naming import short
from ..plural import plural
from ..policies.policy import Policy
from ..policies.presets import difference
from ..textfile import named, write_text
from .origin import words_of
from .run import Run, Step, run

MOST_SEEDS = 10_000  # whole traces are kept of all


@dataclass(frozen=True, repr=False)
class Comparison:
    """Runs of two policies under the same seeds."""

    scenario: str
    pairs: tuple[tuple[Run, Run], ...]

    def __repr__(self) -> str:
        origin = self.pairs[0][0].origin
        setup = words_of(self.scenario, origin.params)
        seeds = f"seeds 0 to {len(self.pairs) - 1}"
        lines = [f"<Comparison on {setup}, {seeds}, oomlab {origin.version}"]
        for one, found in zip(self.pairs[0], self.verdicts(), strict=True):
            counts = ", ".join(f"{n} {verdict}" for verdict, n in found.most_common())
            lines.append(f" {one.origin.policy_words()}: {counts}")
        return "\n".join(lines) + ">"

    def _repr_html_(self) -> str:
        return import_module("oomlab.lab.notebook_html").html_of_comparison(self)

    @property
    def policies(self) -> tuple[str, str]:
        """The two policies, each by its name."""
        first, second = self.pairs[0]
        return first.policy.name, second.policy.name

    def knobs(self) -> dict[str, tuple]:
        """The knobs that differ: {knob: (first, second)}."""
        first, second = self.pairs[0]
        return difference(first.policy, second.policy)

    def verdicts(self) -> tuple[Counter, Counter]:
        """How often each verdict came out, for either policy."""
        first, second = zip(*self.pairs, strict=True)
        return Counter(r.outcome.verdict for r in first), Counter(r.outcome.verdict for r in second)

    def parting(self) -> tuple[Run, Run, int | None]:
        """The first pair of runs that ends differently (else the first), and where they part."""
        differ = (p for p in self.pairs if p[0].outcome.verdict != p[1].outcome.verdict)
        first, second = next(differ, self.pairs[0])
        return first, second, first_difference(first.steps, second.steps)

    @checked
    def save(self, path: str | Path) -> Path:
        """Write the first two runs that end differently (else the first two) to a file: .html, a
        page of its own to step through both, with this comparison as text; .svg, one picture.
        Returns the path. ValueError for another ending.
        """
        path, runs = Path(path), self.parting()[:2]
        if path.suffix == ".html":
            papers = {"The comparison, as Markdown": self.markdown()}
            text = import_module("oomlab.lab.run_page").html_of(list(runs), papers)
        elif path.suffix == ".svg":
            text = import_module("oomlab.lab.figures.whole_run").figure(*runs).svg + "\n"
        else:
            raise ValueError(f"a comparison is saved as .html or .svg, not as {named(path.name)}")
        return write_text(path, text)

    def markdown(self) -> str:
        """The comparison as Markdown: knobs, verdicts, and the step where two runs part."""
        origins = [run.origin for run in self.pairs[0]]
        a, b = (origin.policy_words() for origin in origins)
        lines = [
            f"### {words_of(self.scenario, origins[0].params)}: {a} against {b}",
            "",
            f"| knob | {a} | {b} |",
            "| --- | --- | --- |",
        ]
        lines += [f"| {name} | {x} | {y} |" for name, (x, y) in self.knobs().items()]
        lines += [
            "",
            f"| outcome ({plural(len(self.pairs), 'seed')}) | {a} | {b} |",
            "| --- | ---: | ---: |",
        ]
        left, right = self.verdicts()
        lines += [f"| {v} | {left[v]} | {right[v]} |" for v in sorted({*left, *right})]
        first, second, step = self.parting()
        lines += [
            "",
            f"Seed {first.seed}, {a}: {first.outcome.why}.",
            "",
            f"Seed {second.seed}, {b}: {second.outcome.why}.",
            "",
        ]
        lines.append(parting_sentence(first, second, step))
        lines += ["", f"Seeds 0 to {len(self.pairs) - 1} of both, oomlab {origins[0].version}."]
        return "\n".join(lines)


def first_difference(first: list[Step], second: list[Step]) -> int | None:
    """The index of the first step in which two runs differ, None if they do not."""
    for number, (x, y) in enumerate(zip(first, second, strict=False)):
        if (x.task, x.function, x.verb, x.what) != (y.task, y.function, y.verb, y.what):
            return number
    return None if len(first) == len(second) else min(len(first), len(second))


def parting_sentence(first: Run, second: Run, step: int | None) -> str:
    if step is None:
        return "The two runs are the same, step by step."
    ends = []
    for run_ in (first, second):
        steps, policy = run_.steps, run_.origin.policy_words()
        if step < len(steps):
            s = steps[step]
            ends.append(f"{policy} has {s.task} in {s.function}: {s.verb} {s.what}")
        else:
            ends.append(f"{policy} is over")
    return f"They part at step {step + 1}: {', '.join(ends)}."


@checked
def compare(
    scenario: str, policies: Sequence[str | Policy], seeds: int = 10, **settings
) -> Comparison:
    """Run a scenario under two `policies`, with seeds 0 to `seeds` - 1: two runs for each.

    `settings` are parameters of the scenario, and knobs that both policies get. ValueError, in one
    sentence, for a name or value that does not exist, and for other than two policies.
    """
    if len(policies) != 2:
        raise ValueError(
            f"compare takes two policies, as ('linux-4.4', 'handa'), not {short(policies)}"
        )
    if not 1 <= seeds <= MOST_SEEDS:
        raise ValueError(
            f"compare takes 1 to {MOST_SEEDS} seeds, a whole number, not {short(seeds)}"
        )
    for fixed in ("seed", "schedule", "trace"):
        if fixed in settings:
            raise ValueError(f"compare takes seeds=N, the number of them, and no {fixed}")
    one, other = policies
    pairs = [
        (run(scenario, one, seed=seed, **settings), run(scenario, other, seed=seed, **settings))
        for seed in range(seeds)
    ]
    return Comparison(scenario, tuple(pairs))
