"""What a report lists of memory: the machine's (show_mem), and that of a cgroup at its limit."""

from . import messages
from .host import CHOICE, MEMORY, MOST_LISTED, Host
from .report import Memory, PrintedMemcg
from .text import Line

PAGES = {
    "pages RAM": "ram_pages",
    "pages of RAM": "ram_pages",
    "pages reserved": "reserved_pages",
    "reserved pages": "reserved_pages",
    "total pagecache pages": "pagecache_pages",
    "pages cma reserved": "cma_pages",
    "pages in swap cache": "swapcache_pages",
}


def memory(host: Host, line: Line, anew: bool = False) -> Memory:
    report = host.open(line, MEMORY, anew)
    report.memory = report.memory or Memory()
    return report.memory


def read_mem_info(host: Host, line: Line, text: str) -> None:
    old = host.report
    again = bool(old and old.memory and old.memory.counts and not host.near(line))
    memory(host, line, anew=bool(old and (old.tasks or (old.failure and again))))
    if old is not None and old is host.report and again:  # that list was of another failure
        old.memory = Memory()


def read_pages(host: Host, line: Line, text: str) -> None:
    number, *rest = text.split(None, 1)
    name = PAGES.get("".join(rest).strip())
    if name and len(number) < 20:
        setattr(memory(host, line), name, int(number))


def read_swap(host: Host, line: Line, text: str) -> None:
    kilobytes = text.partition("=")[2].strip().removesuffix("kB")
    if kilobytes.removeprefix("-").isdecimal() and len(kilobytes) < 20:  # below 0 in swapoff
        name = "swap_free_kb" if text.startswith("Free") else "swap_total_kb"
        setattr(memory(host, line), name, int(kilobytes))


def read_zone(host: Host, line: Line, text: str) -> None:
    """A zone's marks, or its free blocks by size."""
    if messages.NODE.match(text):
        nodes = memory(host, line).nodes_kb
        for key, kb in messages.SIZE.findall(text)[:64]:
            nodes[key] = nodes.get(key, 0) + int(kb)
        return
    zone = messages.zone(text)
    if zone:
        zones = memory(host, line).zones
        if len(zones) < MOST_LISTED:
            zones.append(zone)
        return
    buddy = messages.BUDDY.match(text)
    if buddy and host.report and host.report.memory:
        node = int(buddy[1]) if buddy[1] else None
        for zone in host.report.memory.zones:
            if (zone.node, zone.name) == (node, buddy[2]):
                blocks = messages.BLOCKS.findall(text)
                zone.blocks = {int(kb): int(count) for count, kb, _ in blocks if int(kb)}
                zone.types = {int(kb): types for _, kb, types in blocks if types and int(kb)}
        return
    huge = messages.HUGE.search(text)
    if huge:
        told = host.report.memory if host.report else None
        if told and len(told.hugepages) < MOST_LISTED:
            total, free, kb = map(int, huge.groups())
            told.hugepages.append((total, free, kb))


def read_slab(host: Host, line: Line, text: str) -> None:
    """`Unreclaimable slab info:` (4.15+): a cache, what is used of it, all of it."""
    slab = messages.SLAB.match(text)
    if (
        slab
        and host.report
        and host.report.memory
        and len(host.report.memory.slabs_kb) < MOST_LISTED
    ):
        host.report.memory.slabs_kb[slab[1]] = int(slab[2])


def read_reserve(host: Host, line: Line, text: str) -> None:
    if host.report and host.report.memory and host.report.memory.zones:
        pages = [cell for cell in text.split()[1:] if cell.isdecimal() and len(cell) < 20]
        zone = host.report.memory.zones[-1]
        zone.lowmem_reserve = zone.lowmem_reserve or tuple(map(int, pages[:8]))


def read_counts(host: Host, line: Line, text: str) -> None:
    """`active_anon:15848 inactive_anon:0 ...`; to 2.6.27 `Active:15848 ... mapped-anon:15`."""
    old = text.startswith("Active")
    told = messages.counts(text.lower().replace("-", "_") if old else text)
    memory(host, line).counts.update(told)


# the limit of a cgroup


def memcg(host: Host, line: Line) -> PrintedMemcg:
    report = host.open(line, MEMORY)
    report.memcg = report.memcg or PrintedMemcg()
    return report.memcg


def read_task_in(host: Host, line: Line, text: str) -> None:
    """`Task in .. killed as a result of limit of ..`, or `Tasks in .. are going to be killed`."""
    found = messages.KILLED_IN.match(text)
    group = messages.GROUP.match(text)
    if found:
        told = memcg(host, line)
        told.task_path = found[1].strip()
        told.limit_path = found[2].replace(" ", "") or None
    elif group:
        host.open(line, CHOICE).group = group[1] or group[2]


def read_counter(host: Host, line: Line, text: str) -> None:
    found = messages.counter(text)
    if found:
        memcg(host, line).counters[found[0]] = found[1]


def limit_or_stats(host: Host, line: Line, text: str) -> bool:
    """`Memory limit reached of ..` or `Memory cgroup stats for ..`; False if it is neither."""
    found = messages.STATS.match(text)
    limit = messages.LIMIT_OF.match(text)
    if limit:
        memcg(host, line).limit_path = limit[1].strip()
    elif found:
        stats = memcg(host, line).stats
        host.stats = stats.setdefault(found[1] or "", {}) if len(stats) < MOST_LISTED else {}
        read_stats(host, line, found[2])
    return bool(limit or found)


def read_stats(host: Host, line: Line, text: str) -> None:
    if host.stats is not None and len(host.stats) < MOST_LISTED:
        if "KB" in text and host.report and host.report.memcg:
            host.report.memcg.stats_in_kb = True
        host.stats.update((key, int(n)) for key, n in messages.STAT.findall(text))
