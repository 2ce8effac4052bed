"""Asking a student's function a question, and what counts as an answer.

A check sees only an Ask. One kind asks a child in the sandbox; the other, for practice, calls a
function in this process. Any error on the student's side becomes CheckFailed, with a sentence that
says what happened. With secret inputs that sentence contains no text that the student's code could
have made.
"""

import json
import time
from collections.abc import Callable
from contextlib import suppress
from difflib import get_close_matches
from typing import Any

from ..plural import plural
from ..simulate.ended_early import line_in
from .inside.plain_values import plain, words
from .sandbox.bubblewrap import NoSandbox
from .sandbox.child_pipe import EXERCISE_SECONDS, NO_GENERATOR, Child, Gone, Raised

MOST_TEXT = 2000  # of an example; answers may be long
MOST_SENTENCE = 600
MOST_PARTS = 3  # of a notebook's parts that could not be used; the first is the one to mend
MOST_ROWS = 200  # of a schedule
PART = 120  # characters said of one


def shortened(text: str, most: int) -> str:
    """The beginning and the end: what was asked stands first, what is wrong with it last."""
    if len(text) <= most:
        return text
    gap, head = " ... ", most // 2
    return text[:head] + gap + text[len(text) - (most - head - len(gap)) :]


def quoted(text: object) -> str:
    """A student's words in a sentence of ours: short, on one line, set as code."""
    line = " ".join(str(text)[: 4 * PART].replace("`", "'").split())
    return f"`{shortened(line, PART)}`"


class CheckFailed(Exception):
    """A property that the answers do not have."""

    def __init__(self, sentence: str, example: str = "", schedule: list[dict] | None = None):
        super().__init__(sentence)
        self.sentence = shortened(sentence, MOST_SENTENCE)
        self.example = shortened(example, MOST_TEXT)
        self.schedule = (schedule or [])[-MOST_ROWS:]


class NoAnswer(CheckFailed):
    """Not a wrong answer but none: late, or from a process that is gone."""


class Ask:
    """ask("oom_badness", task, pages) is the plain value that the student's function returns."""

    def __init__(self):
        self.secret = True  # are the inputs secret?
        self.answered = 0
        self.steps: dict[str, dict] = {}

    def __call__(self, function: str, *args):
        """A plain value: None, bool, int, float, str, list or dict; or CheckFailed."""
        value = self.guarded(function, args, lambda: self.call(function, args))
        self.answered += 1
        return value

    def step(self, function: str, args: list, history: list) -> dict:
        """{"op": value} that a fresh generator yields after `history`, or {"done": value}.

        The same question is asked only once: what was answered is what the generator does.
        """
        key = json.dumps([function, args, history])
        if key not in self.steps:
            self.steps[key] = self.guarded(
                function, args, lambda: self.one_step(function, args, history)
            )
        self.answered += 1
        return self.steps[key]

    def forget(self) -> None:
        """From here on nothing remembers what was asked before."""
        self.steps = {}

    def guarded(self, function: str, args, question: Callable):
        try:
            return question()
        except Gone as gone:
            raise NoAnswer(f"`{function}` gave no answer: {gone}.") from None
        except Raised as raised:
            if raised.kind == NO_GENERATOR:
                said = f"`{function}` is not a generator: it must yield its operations."
                raise CheckFailed(said) from None
            if raised.kind == "NotImplementedError":  # what stands there in a students' sheet
                raise CheckFailed(f"`{function}` is not written yet.") from None
            more = f" in {raised.where}" if raised.where else ""
            more += f": {raised.message}" if raised.message else ""
            said = f"it raised {raised.kind}{more}; asked {function}{short(args)}"
            raise CheckFailed(f"`{function}` raised {raised.kind}.", said) from None

    def call(self, function: str, args):
        raise NotImplementedError

    def one_step(self, function: str, args: list, history: list) -> dict:
        raise NotImplementedError


class AskChild(Ask):
    """Asks a child in the sandbox, and starts another one when it is gone."""

    def __init__(self, start: Callable[[], Child]):
        super().__init__()
        self.start = start
        self.child: Child | None = None
        self.seconds = EXERCISE_SECONDS  # for all children of this exercise together
        self.missing = ""  # why nothing can be asked at all
        self.defined: list[str] = []  # functions that the notebook's text defines

    def call(self, function: str, args):
        return self.timed(lambda child: child.call(function, *args))

    def one_step(self, function: str, args: list, history: list) -> dict:
        return self.timed(lambda child: child.step(function, args, history))

    def forget(self) -> None:
        """The next question goes to a new process: this one could tell what it was asked."""
        super().forget()
        self.close()

    def timed(self, question: Callable[[Child], object]):
        if self.missing:
            raise NoAnswer(self.missing)
        if self.seconds <= 0:
            raise Gone("the time for this exercise is used up")
        child, fresh = self.child, False
        if child is None or child.process is None:
            child, fresh = self.begin(), True
            self.child = child
        began = time.monotonic()
        child.deadline = began + self.seconds
        try:
            if fresh:
                self.load(child)
            return question(child)
        finally:
            self.seconds -= time.monotonic() - began

    def begin(self) -> Child:
        """A child; a moment later, if the one before it is still being taken down."""
        for pause in (0.1, 0.5):
            with suppress(NoSandbox):
                return self.start()
            time.sleep(pause)
        return self.start()

    def load(self, child: Child) -> None:
        trouble = child.take()
        lists: list[Any] = [
            trouble.get(key) if isinstance(trouble, dict) else None
            for key in ("missing", "broken", "failed")
        ]
        if not all(isinstance(texts, list) for texts in lists):
            child.give_up("it does not keep to the protocol")
        missing, broken, failed = lists
        unknown = [name for name in child.load["functions"] if name in missing]
        if missing and not unknown:
            child.give_up("it does not keep to the protocol")
        if unknown:
            child.close()
            parts = [quoted(part) for part in [*broken, *failed][:MOST_PARTS]]
            why = f" These parts of the notebook could not be used: {'; '.join(parts)}."
            why = why if parts else ""
            names = " and ".join(f"`{name}`" for name in unknown)
            self.missing = f"The notebook has no function {names}.{self.misspelt(unknown)}{why}"
            raise NoAnswer(self.missing)

    def misspelt(self, missing: list[str]) -> str:
        """A question for each function that the notebook has under nearly that name."""
        found = [(get_close_matches(name, self.defined, 1, 0.75), name) for name in missing]
        return "".join(
            f" It has `{near[0]}`: did you mean `{name}`?" for near, name in found if near
        )

    def close(self) -> None:
        if self.child is not None:
            self.child.close()


class AskHere(Ask):
    """Asks functions of this process: for practice, where cheating would gain nothing."""

    def __init__(self, functions: dict[str, Callable]):
        super().__init__()
        self.functions = functions

    def call(self, function: str, args):
        return self.caught(lambda: plain(self.functions[function](*copy(args))))

    def one_step(self, function: str, args: list, history: list) -> dict:
        def run():
            thread = self.functions[function](*copy(args))
            if not hasattr(thread, "send"):
                raise Raised(NO_GENERATOR, "", "")
            try:
                op = next(thread)
                for result in copy(history):
                    op = thread.send(result)
            except StopIteration as end:
                return {"done": plain(end.value)}
            return {"op": plain(op)}

        return self.caught(run)

    def caught(self, question: Callable):
        try:
            return question()
        except (KeyboardInterrupt, Raised):  # Stop, and what was said already
            raise
        except BaseException as error:  # SystemExit is a wrong answer, too, as in a child
            raised = Raised(type(error).__name__, words(error), "")
            raised.where = line_in(error, [*self.functions.values()])
            raise raised from None


def copy(value):
    """As it would arrive in a child."""
    return json.loads(json.dumps(value))


def short(args) -> str:
    text = ", ".join(repr(arg) for arg in args)
    return f"({text if len(text) < 300 else text[:300] + '...'})"


def whole(value, what: str, example: str = "") -> int:
    """The value, if it is a whole number: not a bool, not a float."""
    if type(value) is not int:
        formula = type(value) is dict and list(value) == ["sympy"]
        kind = "a formula of sympy" if formula else type(value).__name__
        hint = "; divide with //" if kind == "float" or formula else ""
        raise CheckFailed(f"{what} must be a whole number (int), not {kind}{hint}.", example)
    return value


def truth(value, what: str, example: str = "") -> bool:
    """The value, if it is True or False."""
    if type(value) is not bool:
        raise CheckFailed(f"{what} must be True or False.", example)
    return value


def several(
    value, what: str, number: int | None = None, example: str = "", of: type | None = None
) -> list:
    """The value, if it is a list or tuple: of so many items, and of this type, if these are given.

    The type is asked for first, so that no sentence about a rule answers a wrong type.
    """
    if type(value) is not list or number is not None and len(value) != number:
        amount = f" of {number} items" if number is not None else ""
        raise CheckFailed(f"{what} must be a list or tuple{amount}.", example)
    for item in value:
        if of is not None and type(item) is not of:
            wanted = {int: "whole numbers (int)", str: "strings (str)"}[of]
            found = type(item).__name__
            raise CheckFailed(f"{what} must be {wanted}, not {found}.", example)
    return value


def operands(verb: str, number: int) -> str:
    """How many operands an operation takes, after another number was given."""
    return f"`{verb}` takes {plural(number, 'operand')}."
