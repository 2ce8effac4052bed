"""The child that runs student code. It stands alone: inside the sandbox there is no oomlab.

    python -I -S -B inside SITE-PACKAGES...

One line of JSON in, one line of JSON out. First this process is asked where it is, and tells what
it finds; the decider compares that with what it knows itself. Then come the cells of the notebook
and the names of the functions to take from them, then questions:

    {"id", "call", "args"}             -> {"id", "value"}       a plain function was called
    {"id", "step", "args", "history"}  -> {"id", "op"}          a generator, after `history`, yields
                                       -> {"id", "done"}        ... has ended
                                       -> {"id", "error": {...}}

Once the cells have run, this process belongs to the student, who may control all of it. So what it
says is never trusted: it gets questions and may answer them, and the decider judges the answers.
"""

import json
import os
import sys

from pick import Picked
from plain_values import plain
from sandbox_facts import evidence, set_limits


def main(libraries: list[str]) -> None:
    sys.path += libraries
    questions, answers = os.fdopen(os.dup(0)), os.dup(1)
    nowhere = os.open(os.devnull, os.O_RDWR)
    for standard in (0, 1, 2):  # what student code prints goes nowhere
        os.dup2(nowhere, standard)
    os.close(nowhere)
    where = json.loads(questions.readline())
    set_limits()
    send(answers, {"inside": None if where["trusted"] else evidence(where["denied"])})
    first = json.loads(questions.readline())
    picked = Picked(first["cells"], first["functions"], first["checked"], first["others"])
    send(answers, {"id": first["id"], "value": picked.trouble()})
    for line in questions:
        question = json.loads(line)
        send(answers, {"id": question["id"], **answer(picked, question)})


def send(fd: int, message: dict) -> None:
    data = (json.dumps(message) + "\n").encode()
    while data:
        data = data[os.write(fd, data) :]


def answer(picked: Picked, question: dict) -> dict:
    try:
        if "call" in question:
            return {"value": plain(picked.function(question["call"])(*question["args"]))}
        return step(picked, question)
    except BaseException as error:  # SystemExit and KeyboardInterrupt are wrong answers too
        return {"error": picked.describe(error)}


class NoGenerator(Exception):
    """The function does not yield."""


def step(picked: Picked, question: dict) -> dict:
    """Start the generator afresh, in a fresh module, and send it what it was sent before."""
    thread = picked.afresh(question["step"])(*question["args"])
    if not hasattr(thread, "send"):
        raise NoGenerator
    try:
        op = next(thread)
        for result in question["history"]:
            op = thread.send(result)
    except StopIteration as end:
        return {"done": plain(end.value)}
    return {"op": plain(op)}


if __name__ == "__main__":
    main(sys.argv[1:])
