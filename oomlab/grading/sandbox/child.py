"""The decider's end of the pipe to a child: ask with plain data, believe nothing, wait so long.

Every question carries a new random id which the answer must repeat, so that nothing written before
the question was known can answer it. Answers are JSON, one line each, of limited length; never
pickle. A child that is late, dead, or not speaking the protocol is killed and stays dead.
"""

import json
import os
import secrets
import select
import subprocess
import time
from collections.abc import Sequence
from contextlib import suppress

from . import bubblewrap
from .group import Group

ANSWER_SECONDS = 5.0
LOAD_SECONDS = 15.0  # to run what stands around the functions: sympy is slow to import
EXERCISE_SECONDS = 20.0
START_SECONDS = 30.0  # of ours, not of the student's time: a busy machine must cost nobody points
LINE_BYTES = 1 << 20
ALL_BYTES = 16 << 20


class Gone(Exception):
    """There is no child any more; the text says why, in words of ours."""


class Raised(Exception):
    """The student's function raised. `kind` names a built-in; the rest is the student's text."""

    def __init__(self, kind: str, message: str, where: str):
        super().__init__(kind)
        self.kind, self.message, self.where = kind, message, where


class Child:
    """One exercise of one submission: a process of its own, until it is closed."""

    def __init__(
        self,
        cells: list[str],
        functions: list[str],
        *,
        hidden: Sequence[str] = (),
        group: Group | None = None,
        trusted: bool = False,
    ):
        self.group = group
        self.buffer, self.received, self.answered = b"", 0, 0
        self.seconds, self.deadline = START_SECONDS, time.monotonic() + START_SECONDS
        self.process = subprocess.Popen(
            bubblewrap.trusted_command() if trusted else bubblewrap.command(hidden),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            preexec_fn=group.enter if group and group.enforced else None,
        )
        os.set_blocking(self.process.stdin.fileno(), False)
        os.set_blocking(self.process.stdout.fileno(), False)
        try:
            inside = self.read_message().get("inside")
            if not trusted:
                doubt = bubblewrap.doubts(inside)
                if doubt:
                    raise bubblewrap.NoSandbox(f"the child is not isolated, {'; '.join(doubt)}")
        except (Gone, AttributeError, KeyError, TypeError) as reason:
            self.close()
            raise bubblewrap.NoSandbox(f"the child did not start ({reason})") from None
        self.seconds, self.deadline = ANSWER_SECONDS, time.monotonic() + EXERCISE_SECONDS
        self.load = (cells, functions)
        self.trouble: dict | None = None

    def take(self) -> dict:
        """Give it the notebook; what it could not take from it: missing, broken, failed."""
        cells, functions = self.load
        self.seconds = LOAD_SECONDS
        self.trouble = self.ask({"cells": cells, "functions": functions})
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
            raise Raised(*(str(error.get(key, ""))[:200] for key in ("type", "message", "where")))
        return answer

    def write(self, data: bytes) -> None:
        until = min(self.deadline, time.monotonic() + self.seconds)
        while data:
            self.wait(self.process.stdin, until, write=True)
            try:
                data = data[os.write(self.process.stdin.fileno(), data) :]
            except BlockingIOError:
                continue
            except OSError:
                self.give_up(self.ending())

    def read_message(self) -> dict:
        until = min(self.deadline, time.monotonic() + self.seconds)
        while b"\n" not in self.buffer:
            if len(self.buffer) > LINE_BYTES or self.received > ALL_BYTES:
                self.give_up("its answer was too long")
            self.wait(self.process.stdout, until)
            try:
                data = os.read(self.process.stdout.fileno(), 65536)
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
        """Until the pipe is ready, looking at the group's memory meanwhile."""
        while True:
            left = until - time.monotonic()
            if left <= 0:
                self.give_up("it gave no answer in time; is there an endless loop?")
            lists = ([], [pipe], []) if write else ([pipe], [], [])
            if any(select.select(*lists, min(left, 0.05))):
                return
            excess = self.group.excess(self.process.pid) if self.group else None
            if excess:
                self.give_up(excess)

    def ending(self) -> str:
        """How did it end by itself?"""
        try:
            code = self.process.wait(timeout=1)
        except subprocess.TimeoutExpired:
            return "it closed its answer channel"
        if code in (-9, 137):
            return "it was killed, most likely for using too much memory or time"
        return "it ended by itself"  # its exit code could tell what it was asked

    def give_up(self, reason: str):
        self.close()
        raise Gone(f"the process that ran your code is gone: {reason}")

    def close(self) -> None:
        if self.process is None:
            return
        process, self.process = self.process, None
        with suppress(ProcessLookupError):
            process.kill()
        process.wait()
        if self.group:
            self.group.clear()
        process.stdin.close()
        process.stdout.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


def refuse(constant: str):
    raise ValueError(constant)
