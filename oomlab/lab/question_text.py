"""Questions about a run as text, or as HTML with folded answers: no kernel and no widget needed.

print(ask(run))                   # a trace that stops, and questions
print(ask(run, answers=True))     # the same, with answers and reasons
"""

from collections.abc import Sequence
from html import escape

from ..arguments import checked
from ..simulate.run import Run
from .facts import heading
from .questions import Question, freeze_step, questions
from .timeline import does, shown_steps

LETTERS = "abcdefghijklmnopqrstuvwxyz"
LAST_STEPS = 12


def frozen(run: Run, stop: int | None = None) -> list[str]:
    """The last lines of the trace before it is stopped: tick, what is free, who does what."""
    stop = (freeze_step(run) if stop is None else stop) + 1
    rows: list[list] = []
    for number, row in enumerate(run.trace[:stop], start=1):
        if rows and rows[-1][3] == does(row):
            rows[-1][4] += 1
            rows[-1][:3] = [number, row[0], row[5]]
        else:
            rows.append([number, row[0], row[5], does(row), 1])
    return [
        f"step {number:5}  tick {tick:4}  free {free:5}  {deed}" + (f"  (x{times})" * (times > 1))
        for number, tick, free, deed, times in rows[-LAST_STEPS:]
    ]


@checked
def ask(run: Run, answers: bool = False) -> str:
    """The trace up to the first kill, and questions; with `answers`, also what happened and why."""
    zone = run.kernel.zone
    lines = [
        f"{heading(run)}: {zone.managed} pages, min {zone.min}, low {zone.low}, high {zone.high}.",
        f"The trace, stopped at step {freeze_step(run) + 1} of {shown_steps(run)}:",
        "",
        *("  " + line for line in frozen(run)),
    ]
    for number, question in enumerate(questions(run), 1):
        lines += ["", f"{number}. {question.text}"]
        for letter, choice in zip(LETTERS, question.choices, strict=False):
            lines.append(f"     {letter}) {choice}")
        lines.append(f"   -> {answered(question)}" if answers else "   -> ?")
    if not answers:
        lines += ["", "Answer first; then ask for the answers."]
    return "\n".join(lines) + "\n"


def unnamed(run: Run) -> str:
    """Which rules a trace was made with, without the scenario: its name may be the answer."""
    return f"A trace under {run.origin.policy_words()}, stopped before the answer"


def answered(question: Question, given: int | None = None) -> str:
    """The right choice and the reason; after a wrong answer, first why that one is wrong."""
    letter, right = LETTERS[question.answer], question.choices[question.answer]
    told = f"{letter}) {right}: {question.why.rstrip('.')}."
    if given is None or given == question.answer or not question.against:
        return told
    return " ".join(
        filter(None, [f"Not {LETTERS[given]}):", question.against[given], f"It is {told}"])
    )


def folded(asked: list[Question], run: Run | None = None, given: Sequence[int | None] = ()) -> str:
    """The same as HTML, each answer folded away: for a page without a kernel.

    `given` are the answers that were locked; they are shown, and what they locked is open.
    """
    parts = []
    if run:
        parts += [
            f"<p>{escape(unnamed(run))}.</p>",
            f"<pre>{escape(chr(10).join(frozen(run, asked[0].step)))}</pre>",
        ]
    for number, question in enumerate(asked):
        chosen = given[number] if number < len(given) else None
        choices = "<br>".join(
            f"<b>{letter}) {escape(choice)}</b> (your answer)"
            if chosen == n
            else f"{letter}) {escape(choice)}"
            for n, (letter, choice) in enumerate(zip(LETTERS, question.choices, strict=False))
        )
        parts.append(
            f"<p><b>{escape(question.text)}</b></p><p>{choices}</p>"
            f"<details{' open' * (chosen is not None)}><summary>Answer</summary>"
            f"<p>{escape(answered(question, chosen))}</p></details>"
        )
    return f"<section class='oomlab-static'>{''.join(parts)}</section>"
