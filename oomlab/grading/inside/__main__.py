"""The child that runs student code. It stands alone: inside the sandbox there is no oomlab.

    python -I -S -B inside SITE-PACKAGES... -- HIDDEN-FILE...

One line of JSON in, one line of JSON out. The first line out, before anything was read, is what
this process finds out about where it is; the decider compares it with what it knows itself. Then
come the cells of the notebook and the names of the functions to take from them, then questions:

    {"id", "call", "args"}             -> {"id", "value"}       a plain function was called
    {"id", "step", "args", "history"}  -> {"id", "op"}          a generator, after `history`, yields
                                       -> {"id", "done"}        ... has ended
                                       -> {"id", "error": {...}}

From the first question on this process belongs to the student: it may be taken over completely.
Nothing it says is believed for being said. It gets questions and may answer them, that is all.
"""

import json
import os
import resource
import sys

from pick import Picked
from plain import plain

LIMITS = {
    "RLIMIT_AS": 2 << 30,  # of one process; the group has a limit of its own
    "RLIMIT_CPU": 30,
    "RLIMIT_FSIZE": 8 << 20,
    "RLIMIT_NOFILE": 64,
    "RLIMIT_NPROC": 16,
    "RLIMIT_CORE": 0,
    "RLIMIT_MEMLOCK": 0,
}


def main(arguments: list[str]) -> None:
    cut = arguments.index("--")
    sys.path += arguments[:cut]
    for name, most in LIMITS.items():
        resource.setrlimit(getattr(resource, name), (most, most))
    questions, answers = os.fdopen(os.dup(0)), os.dup(1)
    nowhere = os.open(os.devnull, os.O_RDWR)
    for standard in (0, 1, 2):  # what student code prints is nobody's business
        os.dup2(nowhere, standard)
    send(answers, {"inside": evidence(arguments[cut + 1 :])})
    first = json.loads(questions.readline())
    picked = Picked(first["cells"], first["functions"])
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


def step(picked: Picked, question: dict) -> dict:
    """Start the generator afresh, in a fresh module, and send it what it was sent before."""
    thread = picked.afresh(question["step"])(*question["args"])
    if not hasattr(thread, "send"):
        raise TypeError("it is not a generator: it must yield its operations")
    try:
        op = next(thread)
        for result in question["history"]:
            op = thread.send(result)
    except StopIteration as end:
        return {"done": plain(end.value)}
    return {"op": plain(op)}


def evidence(hidden: list[str]) -> dict:
    """Where am I? Found out by trying, while only our own code has run here."""
    with open("/proc/self/status") as lines:
        status = dict(line.split(":\t", 1) for line in lines)
    with open("/proc/net/dev") as lines:
        devices = [line.split(":")[0].strip() for line in lines if ":" in line]
    return {
        "namespaces": {n: os.readlink(f"/proc/self/ns/{n}") for n in os.listdir("/proc/self/ns")},
        "capabilities": [
            status[f"Cap{s}"].strip().strip("0") for s in ("Inh", "Prm", "Eff", "Bnd")
        ],
        "no_new_privs": status["NoNewPrivs"].strip(),
        "uid": os.getuid(),
        "devices": devices,
        "writable": [path for path in ("/", "/usr", "/dev", "/dev/shm") if writable(path)],
        "visible": [path for path in hidden if os.path.lexists(path)],
        "limits": {name: resource.getrlimit(getattr(resource, name))[1] for name in LIMITS},
    }


def writable(path: str) -> bool:
    try:
        os.close(os.open(path, os.O_TMPFILE | os.O_RDWR))
    except OSError:
        try:
            os.mkdir(f"{path}/probe")
        except OSError:
            return False
        os.rmdir(f"{path}/probe")
    return True


if __name__ == "__main__":
    main(sys.argv[1:])
