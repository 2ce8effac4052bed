"""What each lesson asks before it tells: written by hand, answered by the model.

    from oomlab.lab import Prediction
    Prediction("who-dies")          # in a notebook: the questions of lesson 3

An entry is one place in a lesson: its questions, and the run whose trace is shown with them, if
there is one. To each choice belongs a sentence that says why it fails, to the right one why it is
right. Which one is right the author says and the model computes when the lesson runs: where the
two differ nothing is asked, since the sentences would be wrong.
"""

from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module

from ...naming import nearest
from ...simulate.run import Run
from ..questions import Question, freeze_step

CHAPTERS = ("lessons_1_to_3", "lessons_4_to_7", "lessons_8_to_10b", "lessons_11_to_16")


@dataclass(frozen=True)
class LessonQuestion:
    """One question. `choices`: what can be chosen, and what is said about it afterwards.

    `right` is the author's answer, `model()` the model's: one of the choices.
    """

    text: str
    choices: dict[str, str]
    right: str
    model: Callable[[], str]


@dataclass(frozen=True)
class Place:
    """A place in a lesson that asks: what, and under which trace, stopped before which step."""

    lesson: str
    asks: tuple[LessonQuestion, ...]
    shows: Callable[[], Run] | None = None
    stop: Callable[[Run], int] = freeze_step

    def questions(self, run: Run | None) -> list[Question]:
        """The questions as they are put. ValueError if the model's answer is not the author's."""
        step = self.stop(run) if run else 0
        return [question(ask, step) for ask in self.asks]


def question(ask: LessonQuestion, step: int = 0) -> Question:
    """One entry as it is put, if the model agrees with its author."""
    says = ask.model()
    if says != ask.right:
        raise ValueError(
            f"to {ask.text!r} the lesson expects {ask.right!r}, and the model answers {says!r}: "
            "it was changed, so the question cannot be put"
        )
    choices, against = list(ask.choices), list(ask.choices.values())
    right = choices.index(says)
    return Question(step, ask.text, choices, right, against[right], against)


def first_event(event: str, task: str | None = None) -> Callable[[Run], int]:
    """Stop a trace just before the first event of this name (of this task)."""

    def stop(run: Run) -> int:
        found = (e for e in run.events if e["event"] == event and task in (None, e.get("task")))
        return max(0, next(found)["step"] - 1)

    return stop


def place(name: str) -> Place:
    """The entry of that name; ValueError names the nearest one if there is none."""
    places = {
        key: entry
        for chapter in CHAPTERS
        for key, entry in import_module(f".{chapter}", __name__).PLACES.items()
    }
    if name not in places:
        raise ValueError(f"no prediction {name!r}: {nearest(name, places)}")
    return places[name]
