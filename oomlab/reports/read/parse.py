"""OOM reports out of a log: `parse` reads any text and yields a Report for each one it finds.

Made for kernels 2.6.32 to 6.x and for what happens to their logs on the way to a reader: see `text`
for prefixes and quoting, `wrapped` for broken lines, `messages` for the printk formats. Reports of
several hosts may be interleaved; lines may be missing, doubled or out of order. Nothing in the
input raises, except NotText for what is no text at all.
"""

import math
from collections.abc import Iterator

from .blocks import NotText, Pause, Source
from .direction import oldest_first
from .host import Host
from .other_killers import MOST, Neighbour, neighbour
from .readers import read
from .report import Report
from .text import Line, kernel_lines
from .wrapped import whole_messages

__all__ = ["NotText", "Report", "parse"]

SILENT = 2000  # messages after which a machine has no more to say of a report
MOST_HOSTS = 256


def parse(
    source: Source,
    *,
    live: bool = False,
    failures: bool = False,
    neighbours: list[Neighbour] | None = None,
) -> Iterator[Report]:
    """Every OOM report of the text lines or the binary file, each soon after it has ended.

    With `live` the source is a pipe that is still written to: a report that is complete is told as
    soon as nothing more comes for PAUSE_S. With `failures` the page allocation failures are told
    too, which are no OOM: their `kind` says so. Lines of other killers go into `neighbours`.
    """
    log = _Log()
    waiting = 0
    lines = kernel_lines(source, live=live)
    for line in whole_messages(lines if live else oldest_first(lines)):
        if line is None:
            log.finish()
        elif isinstance(line, Pause):
            log.settle()
        else:
            text = line.text.lstrip()
            if text:
                if neighbours is not None and len(neighbours) < MOST:
                    neighbours += filter(None, [neighbour(line, text)])
                read(log.host_of(line), line, text)
        if len(log.done) > waiting:
            yield from (report for report in log.in_order() if failures or not report.failure)
            waiting = len(log.done)
    log.finish()
    yield from (report for report in log.in_order() if failures or not report.failure)


class _Log:
    """All machines that write to a log."""

    def __init__(self) -> None:
        self.hosts: dict[tuple[int, str | None], Host] = {}
        self.last: dict[int, Host] = {}  # by depth of quoting
        self.done: list[Report] = []
        self.messages = 0

    def host_of(self, line: Line) -> Host:
        """Whose message this is; one without a name belongs to those just before it."""
        host = self.last.get(line.depth)
        if host is None or line.host != host.name:
            near = host and self.messages - host.seen < 4
            joins = line.bare or (near and "invoked oom-killer" not in line.text)
            if host is None or line.host is not None or not joins:
                host = self._named(line)
        self.messages += 1
        host.seen = self.messages
        return host

    def _named(self, line: Line) -> Host:
        key = (line.depth, line.host)
        if key not in self.hosts:
            if len(self.hosts) >= MOST_HOSTS:
                self.hosts.pop(next(iter(self.hosts))).release()
            self.hosts[key] = Host(line.host, self.done)
        self.last[line.depth] = self.hosts[key]
        return self.hosts[key]

    def finish(self, silent: int = 0) -> None:
        """End the reports of machines that told nothing in the last `silent` messages."""
        for host in self.hosts.values():
            if self.messages - host.seen >= silent:
                host.release()

    def settle(self) -> None:
        """Nothing comes for now: what has its end is told."""
        for host in self.hosts.values():
            report = host.report
            if report and (report.kills or report.no_killable or report.panic):
                host.release()

    def in_order(self) -> Iterator[Report]:
        """Ended reports by their first lines, as soon as no earlier one is still open."""
        self.finish(SILENT)
        opened = min((host.first_line for host in self.hosts.values()), default=math.inf)
        self.done.sort(key=lambda report: report.lines)
        while self.done and self.done[0].lines[0] < opened:
            yield self.done.pop(0)
