"""The decider's end of the pipe to a child: ask with plain data, believe nothing, wait so long.

Every question carries a new random id which the answer must repeat, so that nothing written before
the question was known can answer it. Answers are JSON, one line each, of limited length; never
pickle. An error arrives as one word of a list that is kept here. A child that is late, dead, or
breaks the protocol is killed and not started again.
"""

import json
import os
import re
import secrets
import select
import subprocess
import time
from collections.abc import Sequence
from contextlib import suppress
from typing import IO, Any, NoReturn

from . import bubblewrap, proof
from .group import Group, Watchdog

ANSWER_SECONDS = 5.0
LOAD_SECONDS = 15.0  # to run what stands around the functions: sympy is slow to import
EXERCISE_SECONDS = 20.0
START_SECONDS = 30.0  # of ours, not of the student's time: a busy machine must cost no points
LINE_BYTES = 1 << 20
ALL_BYTES = 16 << 20
MESSAGE = 200  # characters of a message of the student's

ERRORS = frozenset(
    [
        "ArithmeticError",
        "AssertionError",
        "AttributeError",
        "EOFError",
        "FileNotFoundError",
        "ImportError",
        "IndexError",
        "KeyError",
        "LookupError",
        "MemoryError",
        "ModuleNotFoundError",
        "NameError",
        "NotImplementedError",
        "OSError",
        "OverflowError",
        "PermissionError",
        "RecursionError",
        "RuntimeError",
        "StopIteration",
        "SyntaxError",
        "SystemExit",
        "TypeError",
        "UnboundLocalError",
        "UnicodeError",
        "ValueError",
        "ZeroDivisionError",
    ]
)
OTHER_ERROR = "another exception"
NO_GENERATOR = "NoGenerator"  # of ours: what should yield its operations does not
WHERE = re.compile(r"cell \d{1,4}, line \d{1,6}")


class Gone(Exception):
    """There is no child any more; the text says why, in words of ours."""


class Raised(Exception):
    """The student's function raised. `kind` is one of ERRORS; `message` is the student's text."""

    def __init__(self, kind: object, message: object, where: object):
        known = isinstance(kind, str) and (kind in ERRORS or kind == NO_GENERATOR)
        self.kind = kind if known else OTHER_ERROR
        self.message = str(message)[:MESSAGE]
        self.where = where if isinstance(where, str) and WHERE.fullmatch(where) else ""
        super().__init__(self.kind)


class Child:
    """One exercise of one submission: a process of its own, until it is closed."""

    def __init__(
        self,
        cells: list[str],
        functions: list[str],
        checked: str = "",
        others: Sequence[str] = (),
        *,
        hidden: Sequence[str] = (),
        group: Group | None = None,
        trusted: bool = False,
        more: Sequence[str] = (),
    ):
        """Of `checked` and `others` see inside/pick.py.

        `hidden` folders must not be in sight; `more` are options of bubblewrap.
        """
        self.group = group
        self.buffer, self.received, self.answered = b"", 0, 0
        self.watchdog: Watchdog | None = None
        self.seconds, self.deadline = START_SECONDS, time.monotonic() + START_SECONDS
        options = None if trusted else bubblewrap.child_options(hidden, more)
        try:
            self.process: subprocess.Popen | None = bubblewrap.start_child(options, group)
        except (OSError, subprocess.SubprocessError) as reason:  # of the machine, not a student's
            why = f"the child could not be started ({reason})"
            raise bubblewrap.NoSandbox(why, bubblewrap.BROKEN) from None
        for pipe in (self.pipe("stdin"), self.pipe("stdout")):
            os.set_blocking(pipe.fileno(), False)
        try:
            self.prove(options, hidden)
        except (Gone, AttributeError, KeyError, TypeError) as reason:
            self.close()
            why = f"the child did not start ({reason})"
            raise bubblewrap.NoSandbox(why, bubblewrap.BROKEN) from None
        if group is not None and not group.enforced:
            self.watchdog = Watchdog(self.running())
        self.seconds, self.deadline = ANSWER_SECONDS, time.monotonic() + EXERCISE_SECONDS
        self.load: dict[str, Any] = {
            "cells": cells,
            "functions": functions,
            "checked": checked,
            "others": [*others],
        }
        self.trouble: dict | None = None

    def prove(self, options: list[str] | None, hidden: Sequence[str]) -> None:
        """NoSandbox, unless the first process finds what it should; without options, no sandbox."""
        self.write(json.dumps(proof.request(trusted=options is None)).encode() + b"\n")
        inside = self.read_message()["inside"]
        if options is not None:
            doubt = proof.doubts(inside, self.command(), options, hidden)
            if doubt:
                self.close()
                raise bubblewrap.NoSandbox("; ".join(doubt), bubblewrap.BROKEN)

    def take(self) -> dict:
        """Give it the notebook; what it could not take from it: missing, broken, failed."""
        self.seconds = LOAD_SECONDS
        self.trouble = self.ask({**self.load})
        self.seconds = ANSWER_SECONDS
        return self.trouble

    def call(self, function: str, *args):
        """The value of a plain function. Raised, or Gone."""
        return self.ask({"call": function, "args": args})

    def step(self, function: str, args: list, history: list) -> dict:
        """{"op": ...} or {"done": ...} of a fresh generator that was sent `history`."""
        answer = self.exchange({"step": function, "args": args, "history": history})
        self.answered += 1
        return {key: answer[key] for key in ("op", "done") if key in answer}

    def ask(self, question: dict):
        answer = self.exchange(question)
        if "value" not in answer:
            self.give_up("its answer had no value")
        self.answered += 1
        return answer["value"]

    def exchange(self, question: dict) -> dict:
        """Send one question, read one answer: this id's, and in time."""
        if self.process is None:
            raise Gone("the process that ran your code had already ended")
        question["id"] = secrets.token_hex(8)
        self.write(json.dumps(question).encode() + b"\n")
        answer = self.read_message()
        if answer.get("id") != question["id"]:
            self.give_up("it wrote answers before it was asked")
        error = answer.get("error")
        if isinstance(error, dict):
            raise Raised(*(error.get(key, "") for key in ("type", "message", "where")))
        return answer

    def write(self, data: bytes) -> None:
        until = min(self.deadline, time.monotonic() + self.seconds)
        pipe = self.pipe("stdin")
        while data:
            self.wait(pipe, until, write=True)
            try:
                data = data[os.write(pipe.fileno(), data) :]
            except BlockingIOError:
                continue
            except OSError:
                self.give_up(self.ending())

    def read_message(self) -> dict:
        until = min(self.deadline, time.monotonic() + self.seconds)
        pipe = self.pipe("stdout")
        while b"\n" not in self.buffer:
            if len(self.buffer) > LINE_BYTES or self.received > ALL_BYTES:
                self.give_up("its answer was too long")
            self.wait(pipe, until)
            try:
                data = os.read(pipe.fileno(), 65536)
            except BlockingIOError:
                continue
            if not data:
                self.give_up(self.ending())
            self.buffer += data
            self.received += len(data)
        line, _, self.buffer = self.buffer.partition(b"\n")
        try:
            message = json.loads(line, parse_constant=refuse)
        except (ValueError, RecursionError):
            message = None
        if not isinstance(message, dict):
            self.give_up("its answer was not plain data (a number may be infinite, or not one)")
        return message

    def wait(self, pipe, until: float, write: bool = False) -> None:
        """Until the pipe is ready."""
        left = until - time.monotonic()
        lists: tuple[list, list, list] = ([], [pipe], []) if write else ([pipe], [], [])
        if left <= 0 or not any(select.select(*lists, left)):
            self.give_up("it gave no answer in time; is there an endless loop?")

    def ending(self) -> str:
        """How did it end?"""
        if self.watchdog and self.watchdog.excess:
            return self.watchdog.excess
        try:
            code = self.running().wait(timeout=1)
        except subprocess.TimeoutExpired:
            return "it closed its answer channel"
        if code in (-9, 137):
            return "it was killed, most likely for using too much memory or time"
        return "it ended by itself"  # its exit code could tell what it was asked

    def running(self) -> subprocess.Popen:
        """The process, which close() has not ended yet."""
        assert self.process is not None, "a closed child is asked nothing"
        return self.process

    def pipe(self, name: str) -> IO[bytes]:
        """Its end of "stdin" or "stdout"."""
        return getattr(self.running(), name)

    def command(self) -> list[str]:
        """The command line that it was started with."""
        return list(map(str, self.running().args))  # type: ignore[arg-type] # a list, as we start it

    def give_up(self, reason: str) -> NoReturn:
        self.close()
        raise Gone(f"the process that ran your code is gone: {reason}")

    def close(self) -> None:
        if self.process is None:
            return
        process, self.process = self.process, None
        if self.watchdog:
            self.watchdog.stop()
        with suppress(ProcessLookupError):
            process.kill()
        process.wait()
        if self.group:
            self.group.clear()
        for pipe in (process.stdin, process.stdout):
            if pipe is not None:
                pipe.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


def refuse(constant: str):
    raise ValueError(constant)
