"""Killers that are not the kernel's OOM killer, and failures that are no OOM, in the same log.

Their lines are quoted, with what the kernel had to do with them. Formats: systemd-oomd
(src/oom/oomd-util.c), systemd (src/core/service.c), earlyoom (kill.c), lowmemorykiller
(drivers/staging/android/lowmemorykiller.c, to 4.11), lmkd (system/memory/lmkd), kubelet
(pkg/kubelet/oom).
"""

import re
from typing import NamedTuple

from .text import Line
from .when import moment

FORMATS = (
    (
        "systemd-oomd",
        re.compile(
            r"(?:Killed|Marked) /?\S+ (?:for killing )?due to memory|systemd-oomd killed \d+"
        ),
    ),
    ("systemd", re.compile(r"process of this unit has been killed by the OOM killer|'oom-kill'")),
    ("earlyoom", re.compile(r"sending SIG(?:TERM|KILL) to process \d+")),
    ("lowmemorykiller", re.compile(r"lowmemorykiller: Killing|send sigkill to \d+ \(")),
    ("lmkd", re.compile(r"lmkd?\S*: Kill '|^Kill '[^']{1,80}' \(\d+\), uid \d+, oom_score_adj")),
    ("vmalloc", re.compile(r"vmalloc error: size \d|vmalloc: allocation failure")),
    ("kubelet", re.compile(r"System OOM encountered|SystemOOM|OOMKilled")),
)
WORDS = (
    "oomd",
    "due to memory",
    "OOM",
    "oom-kill",
    "sending SIG",
    "lowmemorykiller",
    "sigkill",
    "Kill '",
    "vmalloc",
)
MEANS = {
    "systemd-oomd": "it watches memory pressure and swap and kills a whole cgroup with SIGKILL "
    "before the kernel's OOM killer has to; the kernel made no choice.",
    "systemd": "it noticed that the kernel's OOM killer killed a process of the unit; the choice "
    "was the kernel's.",
    "earlyoom": "it reads /proc/meminfo and kills by the kernel's oom_score before the kernel has "
    "to; the kernel made no choice.",
    "lowmemorykiller": "Android's shrinker (to Linux 4.11) kills by oom_score_adj when free and "
    "file pages are few; it is not the OOM killer.",
    "lmkd": "Android's daemon kills by oom_score_adj under memory pressure; the kernel only "
    "delivers the signal.",
    "kubelet": "it reports what the kernel's OOM killer did on the node, or in a container whose "
    "limit was hit; the choice was the kernel's.",
    "vmalloc": "one large mapping of the kernel's own was not made: no room or no pages for it, or "
    "its size was wrong; that is no OOM, and no task was killed for it.",
    "page allocation stall": "one request had waited this long for memory and went on trying; "
    "nothing failed, and no task was killed for it.",
    "page allocation failure": "one request failed and its caller had to go on without; that is no "
    "OOM, and no task was killed for it.",
}
MOST = 1000


class Neighbour(NamedTuple):
    """One line, quoted as it stands."""

    who: str
    quote: str
    line: int
    host: str | None
    time: str | None
    file: str = ""  # where several are read


def neighbour(line: Line, text: str) -> Neighbour | None:
    """What this line is, if it is of another killer."""
    if not any(word in text for word in WORDS):
        return None
    for who, pattern in FORMATS:
        if pattern.search(text):
            return Neighbour(who, text[:300], line.number, line.host, moment(line.head))
    return None
