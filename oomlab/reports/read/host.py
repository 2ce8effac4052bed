"""One machine's part of a log: which report a line belongs to, and when a report has ended.

The parts of a report come in a fixed order, so a line that belongs to an earlier part than the last
one starts another report, unless it is stamped with the same moment: then the log daemon only
moved it. What one report lacks, an earlier one of the same machine may supply.
"""

import math
from collections.abc import Callable
from dataclasses import fields
from itertools import pairwise

from . import messages
from .report import Kill, Reap, Report, TaskRow
from .text import Line
from .when import moment

HEADER, MEMORY, TABLE, CHOICE = range(4)
SAME_MOMENT = 1.0  # s: log daemons move lines by less, two reports are further apart
SAME_BOOT = 600.0  # s: without a host name, later lines within this time are the same machine's
MOST_ROWS = 200_000
MOST_LISTED = 1024  # zones, kills, cgroups of one report: more are not a report any more

# Captions by their number where the table's first line is lost; `_captions_for` decides the rest.
LAYOUTS = {
    7: "uid tgid total_vm rss cpu oom_adj name",
    8: "uid tgid total_vm rss pgtables_bytes swapents oom_score_adj name",
    9: "uid tgid total_vm rss nr_ptes nr_pmds swapents oom_score_adj name",
    11: "uid tgid total_vm rss rss_anon rss_file rss_shmem pgtables_bytes swapents oom_score_adj "
    "name",
}
WITH_CPU = "uid tgid total_vm rss cpu oom_adj oom_score_adj name"
WITH_PTES = "uid tgid total_vm rss nr_ptes swapents oom_score_adj name"


def legal_adj(row: TaskRow) -> bool:
    """Could a kernel print this adj? If not, the row's numbers stand in the wrong columns."""
    return -1000 <= (row.oom_score_adj or 0) <= 1000 and -17 <= (row.oom_adj or 0) <= 15


class Host:
    """A machine, the report being read, and what earlier ones told."""

    def __init__(self, name: str | None, done: list[Report]):
        self.name = name
        self.done = done  # where ended reports go
        self.report: Report | None = None
        self.part = HEADER
        self.stamp: float | None = None  # of the last line that belonged to a report
        self.number = 0  # that line's
        self.seen = 0  # the last message of this machine, counted in all messages
        self.stats: dict[str, int] | None = None  # a memcg's counters, while they are listed
        self.kernel: str | None = None
        self.columns: tuple[str, ...] = ()
        self.places: Callable | None = None  # of these columns in a TaskRow
        self._victims: dict[int, float | None] = {}  # when they were killed
        self._given_up: list[Reap] = []  # whom the reaper could not reap
        self._recent: list[Report] = []  # the last ones told; a reaper's line may come late
        self._asked: float | None = None  # line of a SysRq that no report was made of yet
        self._headless: Report | None = None  # ended with a kill; its header may follow
        self._tail: float | None = None  # when that was
        self._told: float | None = None  # when kernel and victims were told
        self._rows: list[tuple[float | None, str]] = []  # read before their captions
        self._stamps: list[float | None] = []  # of report.tasks
        self._by_pid: dict[int, TaskRow] = {}  # of report.tasks

    def near(self, line: Line) -> bool:
        """Stamped with the same moment as the last line of the report."""
        if self.stamp is None or line.stamp is None:
            return False
        return abs(line.stamp - self.stamp) < SAME_MOMENT

    @property
    def first_line(self) -> float:
        """Where the earliest report stands that has not ended."""
        pending = (self._headless, self.report)
        return min((report.lines[0] for report in pending if report), default=math.inf)

    def open(self, line: Line, part: int, anew: bool = False) -> Report:
        """The report this line is part of; an earlier one ends if the line cannot be its own."""
        anew |= self.report is not None and self.report.failure and part >= TABLE
        if self.report and (anew or (part < CHOICE == self.part and not self.near(line))):
            self.finish()
        if self.report is None:
            self.report = Report(lines=(line.number, line.number), host=self.name)
            self.report.time, self.report.uptime_s = moment(line.head), line.stamp
            self.part = part
            if self._asked is not None and abs(line.number - self._asked) < 5:
                self.report.via.add("moom_callback")
            self._asked = None
        self.part = max(self.part, part)
        if line.stamp is not None:
            self.stamp = line.stamp
        self.number = line.number
        self.stats = None
        return self.report

    def sysrq(self, line: Line) -> None:
        """A person at the keyboard, or a script, asked for a kill: the next report is of it."""
        self._asked = line.number

    def in_a_group(self, line: Line, kill: Kill) -> bool:
        """A kill without a dump of its own that belongs to the one before: memory.oom.group.

        Dumps are left out only when there were ten within 5 s, and then this log has them.
        """
        report = self.report
        if report is None:
            return False
        of_cgroup = all("cgroup" in each.message for each in (*report.kills, kill))
        undumped = not (report.invoker or report.tasks or report.memory or self._recent)
        return of_cgroup and self.near(line) and bool(undumped or report.exiting)

    def reaped(self, reap: Reap) -> None:
        """A line of the reaper belongs to the report that killed this pid, however late it is."""
        reports = [*filter(None, [self.report, self._headless]), *reversed(self._recent)]
        its = (r for r in reports if any(kill.pid == reap.pid for kill in r.kills))
        report = next(its, None)
        if report is None and self.report and self.part == CHOICE and not self.report.kills:
            report = self.report
        if report and len(report.reaps) < 1024:
            report.reaps.append(reap)
        if not reap.reaped and len(self._given_up) < 64:
            self._given_up.append(reap)

    def captions(self, line: Line, columns: tuple[str, ...]) -> None:
        """The first line of the task table."""
        report = self.open(line, TABLE, anew=bool(self.report and self.report.tasks))
        report.columns = self.columns = columns
        self.places = messages.places_of(columns)

    def row(self, line: Line, text: str) -> None:
        """A row of the task table; where no captions are known yet it has to wait for them."""
        report = self.report
        if report is None or self.part != TABLE:
            late = report and self.part == CHOICE and self.stamp is None and report.tasks
            pid = text[1 : text.index("]")].strip()
            if report is None or not late or int(pid) in self._by_pid:  # else a line that was moved
                report = self.open(line, TABLE)
        self.number = line.number
        if line.stamp is not None:
            self.stamp = line.stamp
        if not report.columns or self.places is None:
            if len(self._rows) < MOST_ROWS:
                self._rows.append((line.stamp, text))
        else:
            self._add(report, line.stamp, messages.row(text, report.columns, self.places))

    def _add(self, report: Report, stamp: float | None, task: TaskRow | None) -> None:
        if task is None or len(report.tasks) >= MOST_ROWS or not legal_adj(task):
            report.damaged_rows += 1
            return
        if self._by_pid.get(task.pid) == task:
            return  # the same line twice
        if task.rss is None or not task.name:
            report.damaged_rows += 1
        self._by_pid[task.pid] = task
        self._stamps.append(stamp)
        report.tasks.append(task)

    def finish(self) -> None:
        """The report has ended: it is completed from what is known, and passed on."""
        report, self.report = self.report, None
        if report is None:
            return
        report.lines = min(report.lines[0], self.number), max(report.lines[0], self.number)
        self._place_rows(report)
        self._forget_rows()
        limited = report.memcg and report.memcg.limit_path
        bound = report.summary and report.summary.constraint
        killed = report.victim or report.no_killable or report.panic
        if not (report.invoker or limited or bound or report.tasks or killed):
            return  # a list of memory that no OOM killer asked for
        before, self._headless = self._headless, None
        if before and self._close_to_tail() and _completes(report, before):
            report = _merged(before, report)
        elif before:
            self._tell(before)
        if report.invoker is None and report.victim:
            self._headless, self._tail = report, self.stamp
        else:
            self._tell(report)

    def _close_to_tail(self) -> bool:
        """Within seconds of the headless report; where no name and no stamps tell, it is not."""
        if self.stamp is None or self._tail is None:
            return self.name is not None
        return abs(self.stamp - self._tail) < SAME_BOOT / 10

    def release(self) -> None:
        """No header will come any more."""
        self.finish()
        if self._headless:
            self._tell(self._headless)
            self._headless = None

    def _tell(self, report: Report) -> None:
        related = self.name is not None or self._same_boot(report)
        told, now = self._told, report.uptime_s
        fell = told is not None and now is not None and now < told
        again = any(kill.pid in self._victims for kill in report.kills)
        if not related or fell or again:  # another boot, or pids were used again
            self._forget(report)
        if report.kernel is None and related:
            report.kernel = self.kernel
        self.kernel = report.kernel
        if not report.failure:
            self._remember(report)
        self._told = self.stamp
        self._recent = [*self._recent[-15:], report]
        self.done.append(report)

    def _remember(self, report: Report) -> None:
        """Victims of the last minutes may still be dying; their pids are not used again so soon."""
        now = report.uptime_s
        for pid, killed in list(self._victims.items()):
            if now is not None and killed is not None and now - killed > SAME_BOOT:
                del self._victims[pid]
        report.earlier_victims = tuple(self._victims)
        own = {kill.pid for kill in report.kills}
        before = [
            reap
            for reap in self._given_up
            if reap.pid not in own and (now is None or reap.stamp is None or reap.stamp <= now)
        ]
        report.given_up = tuple(f"{reap.name} ({reap.pid})" for reap in before)
        self._given_up = [reap for reap in self._given_up if reap not in before]
        for kill in report.kills:
            self._victims[kill.pid] = kill.stamp
            if len(self._victims) > 1000:
                del self._victims[next(iter(self._victims))]

    def _forget(self, report: Report | None = None) -> None:
        """All that was before this report."""
        own = {kill.pid for kill in report.kills} if report else set()
        self._victims.clear()
        self._given_up = [reap for reap in self._given_up if reap.pid in own]
        self._recent.clear()

    def _same_boot(self, report: Report) -> bool:
        """Without a host name: soon after the last report, or, without stamps, the same kernel."""
        if self._told is None or self.stamp is None:
            return report.kernel is not None and report.kernel == self.kernel
        return 0 <= self.stamp - self._told < SAME_BOOT

    def booted(self, version: str | None) -> None:
        """A new kernel starts: pids and victims of the old one mean nothing any more."""
        self.release()
        self.kernel = version
        self._forget()

    def _place_rows(self, report: Report) -> None:
        if self._rows:
            captions = report.columns or self._captions_for(report)
            report.captions_lost = not report.columns
            report.columns = captions
            places = messages.places_of(captions)
            placed = [(stamp, messages.row(text, captions, places)) for stamp, text in self._rows]
            later, report.tasks = report.tasks, []
            stamps, self._stamps = self._stamps, []
            self._by_pid.clear()
            for stamp, task in placed + list(zip(stamps, later, strict=True)):
                self._add(report, stamp, task)
        known = [stamp for stamp in self._stamps if stamp is not None]
        if len(known) < len(self._stamps):
            return
        if known != sorted(known):
            order = sorted(range(len(known)), key=known.__getitem__)
            report.tasks = [report.tasks[i] for i in order]
            known.sort()
        if len(known) > 1:
            gap = max(later - row for row, later in pairwise(known))
            report.torn_table = gap if gap > SAME_MOMENT else None

    def _captions_for(self, report: Report) -> tuple[str, ...]:
        """The layout by the rows' width; where two fit, by the version and the values."""
        cells = [text.partition("]")[2] for _, text in self._rows[:1000]]
        widths = [messages.leading_numbers(text)[0] + 1 for text in cells]
        width = max(set(widths), key=widths.count)
        if len(self.columns) == width:
            return self.columns
        if width == 8:
            fifth = [text.split()[4] for text, its in zip(cells, widths, strict=True) if its == 8]
            if any(int(cell) % 1024 for cell in fifth):
                old = (report.kernel or "").startswith(("2.", "3.0", "3.1.", "3.2", "3.4", "3.5"))
                return tuple((WITH_CPU if old else WITH_PTES).split())
        return tuple(LAYOUTS.get(width, LAYOUTS[8]).split())

    def _forget_rows(self) -> None:
        self._rows, self._stamps, self._by_pid = [], [], {}
        self.stats = None


def _completes(later: Report, headless: Report) -> bool:
    """`later` is the head, `headless` the tail, of one report or of two whose middle is lost."""
    if later.failure or later.invoker is None or later.victim or later.no_killable or later.panic:
        return False
    assert headless.victim is not None, "a report without a header has a kill"
    killed = headless.kills[0].stamp if headless.kills else None
    if killed is not None and later.uptime_s is not None:  # printk's own stamps
        if killed < later.uptime_s:
            return False  # it was killed before this one asked
    elif not (headless.tasks or headless.memory or later.tasks):
        return False  # a kill line and another OOM's header, for all that is told
    victim = headless.victim.pid
    return not later.tasks or (
        not headless.tasks and any(victim in (task.pid, task.tgid) for task in later.tasks)
    )


def _merged(headless: Report, head: Report) -> Report:
    for part in fields(Report):
        if not getattr(headless, part.name):
            setattr(headless, part.name, getattr(head, part.name))
    headless.late_header = True
    headless.lines = headless.lines[0], max(headless.lines[1], head.lines[1])
    return headless
