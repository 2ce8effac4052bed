"""A kernel release as numbers, and the preset that stands for it.

preset_of("6.1.7").name                                   # 'linux-6.1'
with_backports({"tag": "5.10.262", "version": "5.10.262"}).reap_delay
"""

import re
from dataclasses import replace

from ..naming import short
from ..policies.policy import HZ, Policy
from ..policies.presets import PRESETS

REAP_DELAY_BACKPORTED = {(5, 10): 113, (5, 15): 36, (5, 17): 5}  # stable release -> its patch


def version(tag: str) -> tuple[int, ...]:
    """6.1, 4.10.7 or what `uname -r` prints, as 6.1.0-28-amd64, as numbers.

    ValueError if it does not begin with two of them.
    """
    found = re.match(r"(\d+)\.(\d+)(?:\.(\d+))?(?![\w.])|$", tag[:60], re.ASCII)
    numbers = [int(number) for number in (found.groups() if found else ()) if number]
    if not numbers:
        raise ValueError(f"{short(tag)} is not a kernel version such as 6.1 or 4.10.7")
    return tuple(numbers)


def preset_of(tag: str) -> Policy:
    """The newest preset that is not newer than a kernel version such as "4.10.7"."""
    wanted = version(tag)
    linux = [p for p in PRESETS.values() if p.name == f"linux-{p.kernel}"]
    older = [p for p in linux if version(p.kernel) <= wanted]
    return max(older or linux[:1], key=lambda p: version(p.kernel))


def with_backports(kernel: dict) -> Policy:
    """The preset of a kernel ("tag", and "version" where it is known), with what it took back."""
    policy = preset_of(kernel["tag"])
    return replace(policy, reap_delay=2 * HZ) if has_reap_delay(kernel) else policy


def has_reap_delay(kernel: dict) -> bool:
    """Two seconds between kill and reap: in 5.18 (e4a38402c36e), and backported by stable trees.

    A distribution's kernel tells the stable release that it is made of in /proc/version.
    """
    for name in re.findall(r"\d+\.\d+\.\d+", kernel.get("version", "")):
        major, minor, patch = version(name)
        if patch >= REAP_DELAY_BACKPORTED.get((major, minor), patch + 1):
            return True
    return version(kernel["tag"]) >= (5, 18)


def hides_reap_delay(release: str) -> bool:
    """Is it a distribution's number, which does not say from which stable release it was made?

    5.10.0-33-amd64 was made of 5.10.226. Whether such a one took the delay back it does not say.
    """
    return version(release) in {(*series, 0) for series in REAP_DELAY_BACKPORTED} and "-" in release
