"""Is the child where it should be? What it found out about itself, against what we know.

The first process in the sandbox is our own code alone (inside/evidence.py). It reports, and then
replaces itself by the process that will run the student's code; nothing it was told is left in
memory. The child is given a notebook only if there is no doubt.
"""

import os
from collections.abc import Sequence

from ..inside.evidence import LIMITS
from . import seccomp
from .bubblewrap import ENVIRONMENT, PACKAGE, child_command, libraries, mounted, within

NAMESPACES = ("net", "pid", "mnt", "user", "ipc", "uts")


def request(hidden: Sequence[str], trusted: bool = False) -> dict:
    """What the first process must know to look, and to go on."""
    return {
        "trusted": trusted,
        "libraries": list(libraries()),
        "hidden": sorted({str(PACKAGE), *hidden}),
        "denied": {} if trusted else seccomp.numbers(),
    }


def doubts(found: dict, line: Sequence[str], options: Sequence[str]) -> list[str]:
    """What does not fit the claim to be inside; an empty list if all is well.

    `line` is bubblewrap's command line as it was started, with these options.
    """
    doubt = []
    for name in NAMESPACES:
        theirs = found["namespaces"].get(name)
        if not theirs or theirs == os.readlink(f"/proc/self/ns/{name}"):
            doubt.append(f"it shares our {name} namespace")
    if any(found["capabilities"]) or found["no_new_privs"] != "1" or found["uid"] == 0:
        doubt.append("it has privileges")
    if found["devices"] != ["lo"]:
        doubt.append("it has a network")
    if found["writable"]:
        doubt.append(f"it can write to {', '.join(found['writable'])}")
    for folder, names in found["hidden"].items():
        more = set(names) - way_through(folder, options)
        if more:
            doubt.append(f"it can see {folder}/{min(more)}")
    if found["environments"] != {"1": [], "self": sorted(map("=".join, ENVIRONMENT.items()))}:
        doubt.append("it can read an environment that is not its own")
    lines = found["command_lines"]
    if lines["1"] != list(line) or not lines["self"] == lines["orig_argv"] == child_command():
        doubt.append("a command line tells more than it should")
    if found["keys"]:
        doubt.append("it can see our keys")
    if found["files"] != [0, 1, 2]:
        doubt.append("it has files of ours open")
    if found["seccomp"] != "2" or found["allowed"]:
        doubt.append(f"no filter stops it from calling {', '.join(found['allowed']) or 'anything'}")
    if found["limits"] != LIMITS:
        doubt.append("its limits are not set")
    return doubt


def way_through(folder: str, options: Sequence[str]) -> set[str]:
    """The names in a folder that only lead on to what is meant to be seen."""
    places = [place for place in mounted(options) if place != folder and within(place, folder)]
    return {place[len(folder.rstrip("/")) + 1 :].partition("/")[0] for place in places}
