"""The printk formats of an OOM report, 2.6.32 to 6.x: one function a message, text in, facts out.

A function returns None where its message is not, or is too damaged to be used. Patterns have no
nested repetition, so that their time is linear in the length of a line.
"""

import re
from collections.abc import Callable
from operator import itemgetter

from .report import Counter, Invoker, Kill, PrintedZone, Reap, Scored, Summary, TaskRow

COMM = 15  # characters of a task's name, TASK_COMM_LEN less the end

HEADER = re.compile(r"(.*?)\s*invoked oom-killer:\s*(.*)")
GFP = re.compile(r"gfp_mask=(0x[0-9a-fA-F]{1,16}|\d{1,10})(?:\(([^()]{0,400})\)?)?")
ORDER = re.compile(r"order=(-?\d{1,9})\b")
NODEMASK = re.compile(r"nodemask=(\d{1,5}(?:[,-]\d{1,5}){0,64})")
SCORE_ADJ = re.compile(r"oom_score_adj=(-?\d{1,9})")
OLD_ADJ = re.compile(r"(?:oom_adj|oomkilladj)=(-?\d{1,9})")
CPUSET = re.compile(r"(.*) cpuset=(\S*) mems_allowed=([\d,-]*)")
TASK_OF_CPU = re.compile(r"\bP(?:ID|id): (\d{1,10})[, ]+[Cc]omm: (.*?) (?:Kdump|Not|Tainted|Tain)")
VERSION = re.compile(r"\b(\d{1,2}\.\d{1,3}[^\s,;]{0,80})\s+#\d")
VERSION_ALONE = re.compile(r"(?:ainted|ainted:[-A-Z ()]{1,60}) (\d{1,2}\.\d{1,3}[^\s,;]{0,80})")
FUNCTION = re.compile(
    r"^(?:\[<?[0-9a-f]{8,16}>?\]\s{0,4}){0,2}\(?([A-Za-z_][\w.]{1,80})"
    r"(?:\+0x|\)? from [\[A-Za-z_])"  # `b from a+0x..`, with brackets in older ones: ARM
)
LINUX_VERSION = re.compile(r"Linux version (\d{1,2}\.\d{1,3}[^\s,;]{0,80})")

KILL = re.compile(
    r"illed process (\d{1,10})(?:, UID (\d{1,10}),)?,? ?\((.{0,40}"
    r"(?=\)(?:,|\. |\.?\s*$| total-vm| vsz))|.{0,40}?(?=\) )|.{0,40}$)\)?(?:, UID (\d{1,10}))?(.*)"
)
SCORED = re.compile(r"ill process (\d{1,10}) ?\((.{0,40})\)\s*score (\d{1,12})(?: or|\s*$)")
OPENVZ = re.compile(r"OOM killed process (\d{1,10}) \((.{0,40}?)\) (.*)")
MESSAGE = re.compile(r"(?:Out of|Memory|Tasks? in)[^:]*$")
KILOBYTES = re.compile(r"([a-z-]{2,12}): ?(\d{1,18}) ?k ?B")
UID = re.compile(r"UID:(\d{1,10})")
KILL_ADJ = re.compile(r"oom_score_adj:(-?\d{1,5})")
REAPED = re.compile(r"oom_reaper: reaped process:? ?(\d{1,10}) \((.*?)\)[,.]?(.*)")
NOT_REAPED = re.compile(r"oom_reaper: (?:unable to reap|giving up) pid:(\d{1,10}) \((.*)\)")
EXITING = re.compile(r"OOM victim (\d{1,10}) \((.*)\) is already exiting")
PINNED = re.compile(r"oom killer (\d{1,10}) \((.*)\) has mm pinned by (\d{1,10}) \((.*)\)")
GROUP = re.compile(r"Tasks in (.*?) are going to be killed|Tasks in (/\S*)$")  # or cut

SUMMARY = re.compile(r"oom-kill:\s*(?:constraint=)?([A-Z_]*)(.*)")
FIELD = re.compile(r",\s*(nodemask|cpuset|mems_allowed|oom_memcg|task_memcg|task|pid|uid)=")

KILLED_IN = re.compile(r"Task in (.*?)\s*killed as a result of limit of ?(.*)")
LIMIT_OF = re.compile(r"Memory limit reached of cgroup (.*)")
COUNTER = re.compile(
    r"(memory|memory\+swap|swap|kmem|kmem\.tcp):\s*usage (\d{1,20})kB,\s*limit (\d{1,20})kB"
    r"(?:,\s*failcnt (\d{1,20}))?"
)
STATS = re.compile(r"Memory cgroup stats(?: for ([^:\s]*))?\s*:?\s*(.*)")
STAT = re.compile(r"([a-z_]{2,40})[: ](\d{1,20})(?:KB)?(?=\s|$)")

ZONE = re.compile(r"(?:Node (\d{1,4}) )?(\w{2,16}) free:\d")
SIZE = re.compile(r"([a-z_()]{3,24}): ?(\d{1,18})k?B?")
NODE = re.compile(r"Node \d{1,4} active_anon:\d")
BUDDY = re.compile(r"(?:Node (\d{1,4}) )?(\w{2,16}): (?=\d{1,9}\*\d.*[= ] ?\d{1,18}kB$)")  # whole
BLOCKS = re.compile(r"(\d{1,9})\*(\d{1,9})kB(?: \(([A-Z]{1,8})\))?")
HUGE = re.compile(r"hugepages_total=(\d{1,12}) hugepages_free=(\d{1,12}) .{0,40}_size=(\d{1,9})kB")
SLAB = re.compile(r"(\S{1,64})\s+\d{1,12}KB\s+(\d{1,12})KB$")
FAILURE = re.compile(
    r"(.*?)(?:^|:? )(?:page allocation (?:failure|stalls)|vmemmap alloc failure).{0,40}"
    r"order:(\d{1,2}), mode:(.*)"
)
SYSRQ = re.compile(r"SysRq ?: ?Manual OOM|Manual OOM execution")
COUNT = re.compile(r"([a-z_]{3,28}):(\d{1,18})(?=\s|$)")


def header(text: str) -> Invoker | None:
    """`%s invoked oom-killer: gfp_mask=..., order=..., oom_score_adj=...`"""
    found = HEADER.match(text)
    if not found and text.startswith("oom-killer: gfp_mask="):  # to 2.6.18, which name no task
        found = HEADER.match(f"a task invoked {text}")
    if not found:
        return None
    comm, rest = found[1].strip(), found[2]
    gfp = GFP.search(rest)
    if not gfp and not "gfp_mask=".startswith(rest):  # a text about headers, not one that was cut
        return None
    if len(comm) > COMM:  # then an unknown prefix stands before it
        comm = re.split(r"[\s\"'|>\]]", comm)[-1]
    invoker = Invoker(comm)
    if gfp:
        invoker.gfp_mask = int(gfp[1], 0) if gfp[1].startswith("0x") else int(gfp[1])
        flags = "".join((gfp[2] or "").split())  # blanks are a broken line's
        invoker.gfp_flags = tuple(flag for flag in flags.split("|") if flag)
    for pattern, name in (
        (ORDER, "order"),
        (SCORE_ADJ, "oom_score_adj"),
        (OLD_ADJ, "oom_adj"),
    ):
        value = pattern.search(rest)
        if value:
            setattr(invoker, name, int(value[1]))
    invoker.oomkilladj = "oomkilladj=" in rest
    nodemask = NODEMASK.search(rest)
    if nodemask:
        invoker.nodemask = nodemask[1]
    return invoker


def failure(text: str) -> Invoker | None:
    """`%s: page allocation failure: order:%u, mode:%#x(%pGg), nodemask=%*pbl`."""
    found = FAILURE.match(text)
    return found and header(f"{found[1]} invoked oom-killer: gfp_mask={found[3]}, order={found[2]}")


def kernel_version(text: str) -> str | None:
    """The release in `CPU: 1 PID: 3206 Comm: x Not tainted 3.10.0-957.el7.x86_64 #1`."""
    found = VERSION.search(text) or VERSION_ALONE.search(text) or LINUX_VERSION.search(text)
    return found[1].partition("#")[0] if found else None


def captions(text: str) -> tuple[str, ...]:
    """The column names of the task table after the pid; the last is `name` unless it was cut."""
    return tuple(text.partition("]")[2].split())


def row(text: str, columns: tuple[str, ...], places: Callable) -> TaskRow | None:
    """`[%7d] %5d %5d ...`: one task, under these captions (`name` last)."""
    pid, _, rest = text.partition("]")
    width = len(columns) - 1
    cells = rest.split(None, width)
    name = ""
    if len(cells) > width:
        name = cells.pop()
    elif cells:
        cells.pop()  # cut: this number may have lost digits, so it is not believed
    try:
        numbers: list = [int(pid[1:]), *map(int, cells)]
    except ValueError:
        return None
    if max(numbers) >> 64:
        return None
    numbers += [None] * (width + 2 - len(numbers))
    numbers.append(name)
    return tuple.__new__(TaskRow, places(numbers))  # a table is long: this is what takes time


def places_of(columns: tuple[str, ...]) -> Callable:
    """Picks the fields of TaskRow out of a row's cells: pid, numbers, a None, name."""
    cells = ("pid", *columns[:-1], None, "name")
    nowhere = len(columns)
    return itemgetter(*(cells.index(n) if n in cells else nowhere for n in TaskRow._fields))


def leading_numbers(text: str) -> tuple[int, list[str]]:
    """How many numbers the text begins with, and the words after them."""
    cells = text.split()
    numbers = 0
    while numbers < len(cells) and cells[numbers].lstrip("-").isdecimal():
        if len(cells[numbers]) > 20:
            break
        numbers += 1
    return numbers, cells[numbers:]


def killed(text: str) -> Kill | None:
    """`Killed process %d (%s) total-vm:...` of all versions, and OpenVZ's own line."""
    openvz = OPENVZ.search(text)
    if openvz:
        sizes = {key: int(size) for key, size in KILOBYTES.findall(openvz[3])}
        return Kill(int(openvz[1]), openvz[2], before(text, openvz.start()), sizes_kb=sizes)
    found = KILL.search(text)
    if not found or "would have" in text[: found.start()]:
        return None
    pid, uid, name, later_uid, rest = found.groups()
    uid = uid or later_uid or (UID.search(rest) or ["", None])[1]
    adj = KILL_ADJ.search(rest)
    return Kill(
        int(pid),
        name,
        before(text, found.start()),
        int(uid) if uid else None,
        {key: int(size) for key, size in KILOBYTES.findall(rest)},
        int(adj[1]) if adj else None,
    )


def scored(text: str) -> Scored | None:
    """`%s: Kill process %d (%s) score %u or sacrifice child`."""
    found = SCORED.search(text)
    if not found:
        return None
    return Scored(int(found[1]), found[2], int(found[3]), before(text, found.start()))


def before(text: str, at: int) -> str:
    """The message in front of a kill line: why the task is killed."""
    found = MESSAGE.search(text[max(0, at - 120) : at].rstrip("kK: "))
    return found[0] if found else ""


def reap(text: str) -> Reap | None:
    """`oom_reaper: reaped process ...` or `oom_reaper: unable to reap pid:...`."""
    found = REAPED.search(text)
    if found:
        sizes = {key: int(size) for key, size in KILOBYTES.findall(found[3])}
        return Reap(int(found[1]), found[2], True, sizes)
    found = NOT_REAPED.search(text)
    return found and Reap(int(found[1]), found[2], False)


def summary(text: str) -> Summary | None:
    """`oom-kill:constraint=...,nodemask=...,...,task=%s,pid=%d,uid=%d`."""
    found = SUMMARY.search(text)
    if not found:
        return None
    line = Summary(found[1] or None)
    rest = found[2]
    line.is_global = ",global_oom" in rest
    parts = FIELD.split(rest)
    for key, value in zip(parts[1::2], parts[2::2], strict=False):
        value = value.removesuffix(",global_oom").removesuffix(",>").strip()  # cut by a pager
        if key in ("pid", "uid"):
            digits = re.match(r"\d{1,10}", value)
            setattr(line, key, int(digits[0]) if digits else None)
        elif value != "(null)":
            setattr(line, key, value)
    line.cut = line.uid is None
    return line


def counter(text: str) -> tuple[str, Counter] | None:
    """`memory: usage %llukB, limit %llukB, failcnt %lu` and its siblings."""
    found = COUNTER.search(text)
    if not found:
        return None
    fails = int(found[4]) if found[4] else None
    return found[1], Counter(int(found[2]), int(found[3]), fails)


def zone(text: str) -> PrintedZone | None:
    """`Node 0 DMA32 free:%lukB min:%lukB low:%lukB high:%lukB ...`."""
    found = ZONE.match(text)
    if not found:
        return None
    this = PrintedZone(found[2], int(found[1]) if found[1] else None)
    this.sizes_kb = {key: int(size) for key, size in SIZE.findall(text)}
    if "all_unreclaimable? " in text:
        this.all_unreclaimable = "all_unreclaimable? yes" in text
    return this


def counts(text: str) -> dict[str, int]:
    """`active_anon:15848 inactive_anon:0 ...` in pages."""
    return {key: int(pages) for key, pages in COUNT.findall(text)}
