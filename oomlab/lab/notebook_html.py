"""What a notebook shows for a run, an exploration or a comparison: a sentence, lanes, the origin.

A bare `run`, `found` or `both` at the end of a cell is shown so. Standard library only.
"""

from collections.abc import Iterable, Iterator
from html import escape

from ..explorer.exploration import Exploration
from ..simulate.comparison import Comparison
from ..simulate.run import Run
from ..simulate.story import does, drawn, folded
from .facts import heading
from .figures import lanes


def html_of_run(run: Run) -> str:
    """Verdict, why, the cycle of a deadlock, lanes, and which run it is."""
    outcome = run.outcome
    circle = " → ".join([*outcome.cycle, *outcome.cycle[:1]])
    return "".join(
        [
            f"<p><b>{escape(outcome.verdict)}</b>: {escape(outcome.why.rstrip('.'))}.</p>",
            f"<p>These wait in a circle: {escape(circle)}.</p>" if circle else "",
            picture(run) if run.trace and run.traced else "",
            f"<p><small>{escape(heading(run))}</small></p>",
        ]
    )


def html_of_exploration(found: Exploration) -> str:
    """The answer with its bound; of a counterexample the lanes and the table of its steps."""
    head = ("step", "task", "function", "does", "effect")
    return "".join(
        [
            f"<p><b>{escape(found.verdict)}</b>: {escape(found.sentence())}.</p>",
            picture(found.run()) + table(head, cells(found)) if found.pids else "",
            f"<p><small>{escape(found.origin_and_clock())}</small></p>",
        ]
    )


def html_of_comparison(both: Comparison) -> str:
    """How often each verdict came out, and the first two runs that end differently."""
    first, second, _ = both.parting()
    left, right = both.verdicts()
    rows = [(verdict, left[verdict], right[verdict]) for verdict in sorted({*left, *right})]
    names = [run.origin.policy_words() for run in (first, second)]
    return table(("verdict", *names), rows) + html_of_run(first) + html_of_run(second)


def cells(found: Exploration) -> Iterator[tuple[str, ...]]:
    """The table of a counterexample, a row a step, every loop once."""
    for fold in folded(found.steps):
        for position, step in enumerate(fold.round):
            again = f" ×{fold.times}" if fold.times > 1 else ""
            number = f"{fold.numbers}{again}" if position == 0 else ""
            yield number, step.task, step.function, does(step), drawn(step.effect)


def table(head: Iterable[str], rows: Iterable[Iterable[object]]) -> str:
    names = "".join(f"<th>{escape(name)}</th>" for name in head)
    body = "".join(
        f"<tr>{''.join(f'<td>{escape(str(cell))}</td>' for cell in row)}</tr>" for row in rows
    )
    return f"<table><thead><tr>{names}</tr></thead><tbody>{body}</tbody></table>"


def picture(run: Run) -> str:
    """The lanes, in the theme of the page, with their sentence for those who do not see them."""
    return lanes.figure(run)._repr_mimebundle_()["text/html"]
