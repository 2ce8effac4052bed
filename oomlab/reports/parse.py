"""OOM reports out of a log: `parse` reads any text and yields a Report for each one it finds.

Made for kernels 2.6.32 to 6.x and for what happens to their logs on the way to a reader: see `text`
for prefixes and quoting, `wrapped` for broken lines, `messages` for the printk formats. Reports of
several hosts may be interleaved; lines may be missing, doubled or out of order. Nothing in the
input raises, except NotText for what is no text at all.
"""

from collections.abc import Iterator

from . import messages
from .blocks import NotText, Source
from .host import CHOICE, HEADER, MEMORY, TABLE, Host
from .report import Kill, Memcg, Memory, Report
from .text import Line, kernel_lines
from .wrapped import ROW, whole_messages

__all__ = ["NotText", "Report", "parse"]

MOST, MOST_HOSTS = 1024, 256  # zones, kills, ... of a report; hosts of a log
COUNTS = ("active_anon:", "active_file:", "unevictable:", "slab_", "mapped:", "free:")
PAGES = {
    "pages RAM": "ram_pages",
    "pages of RAM": "ram_pages",
    "pages reserved": "reserved_pages",
    "reserved pages": "reserved_pages",
    "total pagecache pages": "pagecache_pages",
}
TELLING = ("moom_callback", "mem_cgroup_out_of_memory", "pagefault_out_of_memory")


def parse(source: Source) -> Iterator[Report]:
    """Every OOM report of the text lines or the binary file, each as soon as it has ended."""
    log = _Log()
    for line in whole_messages(kernel_lines(source)):
        if line is None:
            log.finish()
        else:
            log.read(line)
        if log.done:
            yield from log.done
            log.done.clear()
    log.finish()
    yield from log.done


class _Log:
    """All machines of a log, and for each kind of line what it says about whose report."""

    def __init__(self) -> None:
        self.hosts: dict[tuple[int, str | None], Host] = {}
        self.last: dict[int, Host] = {}  # by depth of quoting
        self.done: list[Report] = []

    def finish(self) -> None:
        for host in self.hosts.values():
            host.release()

    def read(self, line: Line) -> None:
        """One whole message: to the function for its first word, or to the doubtful ones."""
        text = line.text.lstrip()
        if not text:
            return
        host = self.last.get(line.depth)
        if host is None or line.bare or line.host != host.name:
            host = self._host(line)
        if text[0] == "[" and ROW.match(text):
            host.row(line, text)
            return
        if "invoked oom-killer" in text:
            self._header(host, line, text)
            return
        word = text.split(None, 1)[0]
        reader = READERS.get(word)
        if reader:
            reader(self, host, line, text)
        elif "+0x" in text:
            if host.report and host.part < CHOICE:
                host.report.via.update(name for name in TELLING if name in text)
        elif word.isdecimal():
            self._pages(host, line, text)
        elif host.stats is not None and messages.STAT.match(text):
            self._stat(host, text)
        elif text[0] == "[" and "pid" in text[:12]:
            self._captions(host, line, text)
        elif "mems_allowed=" in text and "oom-kill:" not in text:
            self._cpuset(host, line, text)
        elif word.startswith(COUNTS):
            self._memory(host, line).counts.update(messages.counts(text))
        elif host.part == TABLE and "] [" in text:
            torn = text.index("] [") + 2  # what stands before a row is not always a prefix
            if ROW.match(text, torn):
                host.row(line, text[torn:])
        elif "oom" in text or "illed" in text or "Kill" in text or "ut of memory" in text:
            self._doubtful(host, line, text)

    def _host(self, line: Line) -> Host:
        last = self.last.get(line.depth)
        if last and line.host is None and (line.bare or (last.report and last.part < CHOICE)):
            return last
        key = (line.depth, line.host)
        host = self.hosts.get(key)
        if host is None:
            if len(self.hosts) >= MOST_HOSTS:
                self.hosts.pop(next(iter(self.hosts))).release()
            host = self.hosts[key] = Host(line.host, self.done)
        self.last[line.depth] = host
        return host

    # the parts of a report

    def _header(self, host: Host, line: Line, text: str) -> None:
        invoker = messages.header(text)
        old = host.report
        if old and old.invoker and old.invoker == invoker and host.near(line):
            return  # the same line twice
        adopt = old and old.invoker is None and host.part < CHOICE and host.near(line)
        report = host.open(line, HEADER, anew=not adopt)
        report.invoker = invoker

    def _cpuset(self, host: Host, line: Line, text: str) -> None:
        found = messages.CPUSET.match(text)
        if found and host.report and host.report.invoker:
            host.report.invoker.cpuset, host.report.invoker.mems_allowed = found[2], found[3]

    def _cpu(self, host: Host, line: Line, text: str) -> None:
        """`CPU: 1 PID: 3206 Comm: leaker Not tainted 5.3.0 #1`: the invoker, and the kernel."""
        report = host.report
        if report is None or host.part == CHOICE:
            return
        report.kernel = report.kernel or messages.kernel_version(text)
        task = messages.TASK_OF_CPU.search(text)
        if task and report.invoker and report.invoker.pid is None:
            report.invoker.pid = int(task[1])
            if report.invoker.comm.endswith(task[2]):
                report.invoker.comm = task[2]  # what stood before it was an unknown prefix

    def _mem_info(self, host: Host, line: Line, text: str) -> None:
        self._memory(host, line, anew=bool(host.report and host.report.tasks))

    def _memory(self, host: Host, line: Line, anew: bool = False) -> Memory:
        report = host.open(line, MEMORY, anew)
        report.memory = report.memory or Memory()
        return report.memory

    def _pages(self, host: Host, line: Line, text: str) -> None:
        number, _, rest = text.partition(" ")
        name = PAGES.get(rest.strip())
        if name and len(number) < 20:
            setattr(self._memory(host, line), name, int(number))

    def _swap(self, host: Host, line: Line, text: str) -> None:
        kilobytes = text.partition("=")[2].strip().removesuffix("kB")
        if kilobytes.isdecimal() and len(kilobytes) < 20:
            name = "swap_free_kb" if text.startswith("Free") else "swap_total_kb"
            setattr(self._memory(host, line), name, int(kilobytes))

    def _zone(self, host: Host, line: Line, text: str) -> None:
        zone = messages.zone(text)
        if zone:
            memory = self._memory(host, line)
            if len(memory.zones) < MOST:
                memory.zones.append(zone)
            return
        buddy = messages.BUDDY.match(text)
        if buddy and host.report and host.report.memory:
            node = int(buddy[1]) if buddy[1] else None
            for zone in host.report.memory.zones:
                if (zone.node, zone.name) == (node, buddy[2]):
                    blocks = messages.BLOCKS.findall(text)
                    zone.blocks = {int(kb): int(count) for count, kb in blocks if int(kb)}

    def _reserve(self, host: Host, line: Line, text: str) -> None:
        if host.report and host.report.memory and host.report.memory.zones:
            pages = [cell for cell in text.split()[1:] if cell.isdecimal()]
            host.report.memory.zones[-1].lowmem_reserve = tuple(map(int, pages[:8]))

    def _task_in(self, host: Host, line: Line, text: str) -> None:
        found = messages.KILLED_IN.match(text)
        group = messages.GROUP.match(text)
        if found:
            memcg = self._memcg(host, line)
            memcg.task_path = found[1].strip()
            memcg.limit_path = found[2].replace(" ", "") or None
        elif group:
            host.open(line, CHOICE).group = group[1]

    def _memcg(self, host: Host, line: Line) -> Memcg:
        report = host.open(line, MEMORY)
        report.memcg = report.memcg or Memcg()
        return report.memcg

    def _counter(self, host: Host, line: Line, text: str) -> None:
        found = messages.counter(text)
        if found:
            self._memcg(host, line).counters[found[0]] = found[1]

    def _memory_cgroup(self, host: Host, line: Line, text: str) -> None:
        found = messages.STATS.match(text)
        limit = messages.LIMIT_OF.match(text)
        if limit:
            self._memcg(host, line).limit_path = limit[1].strip()
        elif found:
            memcg = self._memcg(host, line)
            host.stats = (
                memcg.stats.setdefault(found[1] or "", {}) if len(memcg.stats) < MOST else {}
            )
            self._stat(host, found[2])
        else:
            self._doubtful(host, line, text)

    def _stat(self, host: Host, text: str) -> None:
        if len(host.stats) < MOST:
            host.stats.update((key, int(n)) for key, n in messages.STAT.findall(text))

    def _captions(self, host: Host, line: Line, text: str) -> None:
        captions = messages.captions(text)
        if len(captions) > 3 and captions[-1] == "name":
            host.captions(line, captions)

    # the choice and what came of it

    def _summary(self, host: Host, line: Line, text: str) -> None:
        summary = messages.summary(text)
        if summary:
            again = host.report and host.report.summary and host.report.summary != summary
            host.open(line, CHOICE, anew=bool(again)).summary = summary

    def _doubtful(self, host: Host, line: Line, text: str) -> None:
        """A line that talks about killing or OOM: kill lines, reaper lines, a prefixed header."""
        if "oom-kill:" in text:
            self._summary(host, line, text)
            return
        reap = messages.reap(text)
        if reap:
            if host.report and len(host.report.reaps) < MOST:
                reap.stamp = line.stamp
                host.report.reaps.append(reap)
            return
        scored = messages.scored(text)
        if scored:
            again = host.report and host.report.kills and host.report.scored != scored
            host.open(line, CHOICE, anew=bool(again)).scored = scored
            return
        kill = messages.killed(text)
        if kill:
            self._kill(host, line, kill)
            return
        exiting = messages.EXITING.search(text)
        if exiting and len(host.open(line, CHOICE).exiting) < MOST:
            host.report.exiting.append((int(exiting[1]), exiting[2]))
        elif "Kernel panic" in text:
            self._panic(host, line, text)
        elif "no killable processes" in text:
            host.open(line, CHOICE).nobody = True
        elif host.report and messages.PINNED.search(text) and len(host.report.pinned) < MOST:
            host.report.pinned.append(text)
        elif host.report and host.part < CHOICE:
            host.report.via.update(name for name in TELLING if name in text)

    def _kill(self, host: Host, line: Line, kill: Kill) -> None:
        """Dumps are rate limited, kill lines are not: a second victim is another OOM's."""
        old = host.report
        if old and any(kill.pid == other.pid for other in old.kills):
            return
        report = host.open(line, CHOICE, anew=bool(old and old.kills and not old.group))
        if len(report.kills) < MOST:
            kill.stamp = line.stamp
            report.kills.append(kill)

    def _panic(self, host: Host, line: Line, text: str) -> None:
        if "ut of memory" in text or (host.report and "System is deadlocked" in text):
            report = host.open(line, CHOICE)
            report.panic = text.partition(": ")[2]
            report.nobody = report.nobody or "no killable" in text

    def _version(self, host: Host, line: Line, text: str) -> None:
        host.booted(messages.kernel_version(text))


ZONES = ("DMA", "DMA32", "Normal", "HighMem", "Movable")
READERS = {
    **dict.fromkeys(("CPU:", "Pid:", "PID:"), _Log._cpu),
    **dict.fromkeys(("Node", *ZONES, *(f"{zone}:" for zone in ZONES)), _Log._zone),
    **dict.fromkeys(("memory:", "memory+swap:", "swap:", "kmem:"), _Log._counter),
    **dict.fromkeys(("Free", "Total"), _Log._swap),
    **dict.fromkeys(("Task", "Tasks"), _Log._task_in),
    **dict.fromkeys(("Out", "Killed"), _Log._doubtful),
    "Linux": _Log._version,
    "Mem-Info:": _Log._mem_info,
    "lowmem_reserve[]:": _Log._reserve,
    "Memory": _Log._memory_cgroup,
    "Kernel": _Log._panic,
}
