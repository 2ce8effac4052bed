"""Is the child really in the sandbox? What it sees there is compared with what must be hidden.

The child is asked before any student code has run in it (inside/sandbox_facts.py), and is given a
notebook only if every part is as it should be. It is not told which folders must be hidden: it
lists what it sees, and that is judged here.
"""

import os
from collections.abc import Sequence

from ..inside.sandbox_facts import LIMITS
from . import seccomp
from .bubblewrap import ENVIRONMENT, child_command, copies, mounted, trees, within

NAMESPACES = ("net", "pid", "mnt", "user", "ipc", "uts")


def request(trusted: bool = False) -> dict:
    """What the child must know to look."""
    return {"trusted": trusted, "denied": {} if trusted else seccomp.numbers()}


def doubts(
    found: dict, line: Sequence[str], options: Sequence[str], hidden: Sequence[str] = ()
) -> list[str]:
    """What does not fit the claim to be inside; an empty list if all is well.

    `line` is bubblewrap's command line as it was started, with these options; nothing of the
    `hidden` folders may be in sight.
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
    for folder in sorted({*copies(), *hidden}):
        more = set(seen_in(folder, found["listings"])) - way_through(folder, options)
        if more:
            doubt.append(f"it can see {folder}/{min(more)}")
    if found["environments"] != {"1": [], "self": sorted(map("=".join, ENVIRONMENT.items()))}:
        doubt.append("it can read an environment that is not its own")
    lines = found["command_lines"]
    if lines["1"] != list(line) or not lines["self"] == lines["orig_argv"] == child_command():
        doubt.append("a command line tells more than it should")
    if found["keys"]:
        doubt.append("it can see our keys")
    if found["files"] != [0, 1, 2, 3, 4]:  # ... and the pipes under other numbers
        doubt.append("it has files of ours open")
    if found["seccomp"] != "2" or found["allowed"]:
        doubt.append(f"no filter stops it from calling {', '.join(found['allowed']) or 'anything'}")
    if found["limits"] != LIMITS:
        doubt.append("its limits are not set")
    return doubt


def seen_in(folder: str, listings: dict[str, list[str]]) -> list[str]:
    """The names in a folder; what lies in a tree that is shown must have been covered in it."""
    if folder in listings:
        return listings[folder]
    for tree in trees():
        if within(folder, tree):
            covers = [place for place in listings if within(place, tree)]
            return [] if any(within(folder, cover) for cover in covers) else ["all"]
    return []


def way_through(folder: str, options: Sequence[str]) -> set[str]:
    """The names in a folder that only lead on to what is meant to be seen."""
    places = [place for place in mounted(options) if place != folder and within(place, folder)]
    return {place[len(folder.rstrip("/")) + 1 :].partition("/")[0] for place in places}
