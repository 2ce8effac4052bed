"""`oomlab explain FILE...`: the OOM reports of logs, explained, filtered, summed up or drawn.

Reports are answered one by one, so that a log of any size needs little memory; several files are
read on all cores. JSON is one object {"schema": "oomlab-explain/1", "reports": [...]}, or with
--jsonl one report a line.
"""

import json
import os
import stat
import sys
from argparse import ArgumentParser, Namespace
from collections.abc import Generator, Iterator
from functools import partial
from typing import NamedTuple

from ...textfile import must_be_writable, write_text
from ...workers import in_order
from ..judge.explain import explain as explain_report
from ..judge.explanation import Explanation
from ..judge.what_if import answers_to, changes, concerned, what_if
from ..read.blocks import NotText
from ..read.logs import UNREADABLE, log_files, open_log, unreadable
from ..read.other_killers import MEANS, Neighbour
from ..read.parse import parse
from .colors import colored
from .many import Brief, brief_of, summary, summary_text
from .page import page_of, section
from .records import SCHEMA, as_dict
from .selection import Selection, selection
from .words import prediction, printable, spared, text_of

QUESTIONS = """WHO:adj=N, WHO:rss=SIZE, WHO:swap=SIZE, limit=SIZE, ram=+SIZE, swap=+SIZE,
kernel=RELEASE, policy=NAME. WHO is a pid, the name of a program (all its tasks) or a cgroup's path
(all tasks of the table, if it is the one whose limit was hit). SIZE is 500M, 2G, 64K; without a
letter pages for rss and swap of a task, kB otherwise; + and - change what was there."""


OK, NONE_FOUND, UNREAD = 0, 1, 2  # the exit status, as of grep


class ToldReport(NamedTuple):
    """What there is to say of one report, ready to be printed by another process."""

    brief: Brief
    text: str
    record: dict | None
    picture: str
    asked: bool


def add_arguments(sub: ArgumentParser) -> None:
    """The words of the command line."""
    sub.add_argument(
        "file",
        nargs="+",
        help="logs, folders of logs, .gz .xz .bz2 .zst too; - is what is piped",
    )
    form = sub.add_mutually_exclusive_group()
    form.add_argument("--json", action="store_true", help="one object for programs")
    form.add_argument("--jsonl", action="store_true", help="the same, one report a line")
    form.add_argument("--html", metavar="FILE", help="write a page that needs nothing else")
    sub.add_argument("--summary", action="store_true", help="how often, when, whom and why")
    sub.add_argument("--color", action="store_true", help="bars and colours in the terminal")
    sub.add_argument("--since", metavar="WHEN", help="2026-11-26, `2026-11-26 19:00`, 12h, 7d")
    sub.add_argument("--killed", metavar="NAME", help="victims of this name; * stands for anything")
    text = "files read at a time (default: one a processor)"
    sub.add_argument("--jobs", type=int, metavar="N", help=text)
    sub.add_argument("--newest-first", action="store_true", help="the last report at the top")
    question = "who would die then, or would it have been enough? "
    sub.add_argument("--what-if", action="append", metavar="Q", help=question + QUESTIONS)


def explain(args: Namespace) -> int:
    """Explain the reports of `args.file`: 0, 1 if there is none, 2 if a file cannot be read.

    ValueError, in one sentence, for words that make no sense.
    """
    how = Namespace(**{**DEFAULTS, **vars(args)})
    files = [how.file] if isinstance(how.file, str) else how.file
    if how.jobs is not None and how.jobs < 1:
        raise ValueError(f"jobs is 1 or more, not {how.jobs}")
    if how.summary and (how.jsonl or how.html or how.what_if):
        raise ValueError("--summary goes with --json or alone: it is about all reports at once")
    if how.html is not None:
        if not how.html.endswith(".html"):
            raise ValueError(f"{how.html} is no name for it: it must end in .html")
        must_be_writable(how.html)
    wanted = changes(how.what_if or [])
    chosen = selection(how.since, how.killed)
    output = _Output(how, files, wanted)
    for told in _all_of(list(log_files(files)), wanted, chosen, how, output):
        output.tell(told)
    return output.end()


DEFAULTS = {
    "json": False,
    "jsonl": False,
    "summary": False,
    "html": None,
    "color": False,
    "since": None,
    "killed": None,
    "newest_first": False,
    "what_if": None,
    "jobs": None,
}


class _Output:
    """Prints each report as it comes, or keeps what is needed for the end."""

    def __init__(self, how: Namespace, files: list[str], wanted: dict):
        self.how, self.files, self.wanted = how, files, wanted
        self.kept: list[ToldReport] = []
        self.problems: list[str] = []
        self.neighbours: list[Neighbour] = []
        self.count = self.asked = 0
        self.started = False
        self.printed = self.repeated = 0
        self.unkillable: tuple | None = None

    def tell(self, told: ToldReport) -> None:
        self.count += 1
        self.asked += told.asked
        if self.how.newest_first or self.how.summary or self.how.html:
            self.kept.append(told)
        else:
            self.print(told)

    def print(self, told: ToldReport) -> None:
        if self.how.jsonl:
            print(json.dumps(told.record), flush=True)
        elif self.how.json:
            self.start_json()
            print(",\n" if self.printed else "\n", json.dumps(told.record), sep="", end="")
        elif self.again(told.brief):
            return
        else:
            print("\n" if self.printed else "", told.text, sep="", flush=True)
        self.printed += 1

    def again(self, brief: Brief) -> bool:
        """A cgroup without a killable task reports that many times a second: told once."""
        same = brief.no_killable and brief.cgroup and (brief.host, brief.cgroup) == self.unkillable
        if same:
            self.repeated += 1
            return True
        self.end_of_repeated()
        self.unkillable = (brief.host, brief.cgroup) if brief.no_killable else None
        return False

    def end_of_repeated(self) -> None:
        if self.repeated:
            print(
                f"  The same report came {self.repeated} more times: the task goes on asking in "
                "its page fault, and no task in this cgroup can be killed."
            )
        self.repeated = 0

    def start_json(self) -> None:
        if not self.started:
            print(f'{{"schema": "{SCHEMA}", "reports": [', end="")
            self.started = True

    def end(self) -> int:
        """What could only be said once all was read; the exit status."""
        how = self.how
        self.end_of_repeated()
        if how.newest_first:
            self.kept.sort(key=lambda told: told.brief.order, reverse=True)
        if how.summary:
            briefs = [told.brief for told in self.kept]
            if self.kept:
                print(json.dumps(summary(briefs)) if how.json else printable(summary_text(briefs)))
        elif how.html:
            self.write_page()
        elif how.newest_first:
            for told in self.kept:
                self.print(told)
            self.end_of_repeated()
        if how.json and not how.summary and (self.count or not self.problems):
            self.start_json()
            others = json.dumps([each._asdict() for each in self.neighbours])
            print(f'\n], "neighbours": {others}}}')
        elif not how.jsonl and not how.json:
            self.print_neighbours()
        sys.stdout.flush()
        for sentence in self.problems:
            refuse(sentence)
        if not self.count:
            name = ", ".join("standard input" if f == "-" else f for f in self.files[:3])
            if not self.problems and not self.neighbours:
                hold = "hold" if len(self.files) > 1 else "holds"
                refuse(f"{name} {hold} no OOM report{' that was asked for' * self.filtered}.")
        if self.problems:
            return UNREAD
        if not self.count:
            return OK if self.neighbours else NONE_FOUND
        if self.wanted and not self.asked:
            refuse("None of these reports lists the tasks of the question.")
            return NONE_FOUND
        return OK

    @property
    def filtered(self) -> bool:
        return bool(self.how.since or self.how.killed)

    def print_neighbours(self) -> None:
        """What was no OOM of the kernel, quoted, and what the kernel had to do with it."""
        shown = self.neighbours[:20]
        for who in dict.fromkeys(each.who for each in shown):
            print(f"\n{who}: {MEANS[who]}")
            for each in shown:
                if each.who == who:
                    place = f"{each.file} line {each.line}" if each.file else f"line {each.line}"
                    print(printable(f"  {place}: {each.quote}"))
        if len(self.neighbours) > len(shown):
            print(f"  ... and {len(self.neighbours) - len(shown)} more such lines")

    def write_page(self) -> None:
        if self.kept:
            page = page_of([told.picture for told in self.kept], [t.brief for t in self.kept])
            write_text(self.how.html, page)
            print(f"{self.how.html}: {self.count} report{'s' * (self.count != 1)}.")


def _all_of(
    files: list[str], wanted: dict, chosen: Selection, how: Namespace, output: _Output
) -> Iterator[ToldReport]:
    """The reports of all files, in their order; with several files and cores, in parallel."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    many = len(files) > 1
    read = partial(_read_all, wanted=wanted, chosen=chosen, how=how, many=many)
    jobs = min(how.jobs if how.jobs is not None else cores or 1, len(files))
    if jobs > 1 and "-" not in files:
        for told, near, problem in in_order(read, files, jobs=jobs):
            yield from told
            output.neighbours += near
            output.problems += filter(None, [problem])
        return
    for name in files:
        problem = yield from _read(name, wanted, chosen, how, many, output.neighbours)
        output.problems += filter(None, [problem])


def _read_all(name: str, **rest) -> tuple[list[ToldReport], list[Neighbour], str | None]:
    near: list[Neighbour] = []
    reading = _read(name, neighbours=near, **rest)
    told: list[ToldReport] = []
    while True:
        try:
            told.append(next(reading))
        except StopIteration as end:
            return told, near, end.value


def _read(
    name: str,
    wanted: dict,
    chosen: Selection,
    how: Namespace,
    many: bool,
    neighbours: list[Neighbour],
) -> Generator[ToldReport, None, str | None]:
    """The reports of one file; returns a sentence if it could not be read to its end."""
    called = "standard input" if name == "-" else name
    before = len(neighbours)
    try:
        source = sys.stdin.buffer if name == "-" else open_log(name)
        live = name == "-" and _is_pipe(source)
        reports = parse(source, live=live, failures=True, neighbours=neighbours)
        for report in reports:
            told = explain_report(report)
            if report.failure:
                neighbours.append(_failure(told))
            elif chosen.takes(report):
                yield _told(told, wanted, how, called if many else "")
    except BrokenPipeError:
        raise
    except NotText as error:
        # in a folder of logs there are journals and archives too
        return None if many else unreadable(called, error)
    except UNREADABLE as error:
        return unreadable(called, error)
    finally:
        if many:
            neighbours[before:] = [each._replace(file=called) for each in neighbours[before:]]
    return None


def _is_pipe(source) -> bool:
    try:
        mode = os.fstat(source.fileno()).st_mode
    except (OSError, ValueError):
        return False
    return stat.S_ISFIFO(mode) or stat.S_ISSOCK(mode) or stat.S_ISCHR(mode)


def _failure(told: Explanation) -> Neighbour:
    """A page allocation failure, explained by the same zones."""
    report = told.report
    first = next(iter(text_of(told).splitlines()[1:]), "").strip()
    assert report.invoker is not None, "a failure's line names who asked"
    who = report.invoker.comm or "a task"
    quote = f"{who}, order {report.invoker.order}: {first}"
    zones = "; ".join(f"{zone.title}: {zone.why}" for zone in told.zones)
    what = "page allocation stall" if report.stall else "page allocation failure"
    return Neighbour(what, f"{quote} {zones}", report.lines[0], report.host, report.time)


def _told(explanation: Explanation, wanted: dict, how: Namespace, file: str) -> ToldReport:
    report, other, enough = explanation.report, None, []
    if wanted and concerned(report, wanted):
        other = what_if(report, **wanted)
        enough = answers_to(explanation, wanted)
    record, text, picture = None, "", ""
    if how.json or how.jsonl:
        record = as_dict(explanation)
        if other:
            record["what_if"] = as_dict(other) | {"answers": enough}
        if file:
            record["file"] = file
    elif how.html:
        picture = section(explanation)
    elif not how.summary:
        text = text_of(explanation)
        if file:
            text = f"{printable(file)}:\n{text}"
        if how.color:
            text = colored(text, explanation)
        if other:
            lines = ["  What if?", *(f"  {line}" for line in enough)]
            lines += [*prediction(other), *spared(other)]
            text += "\n" + "\n".join(printable(line) for line in lines)
    return ToldReport(brief_of(explanation, file), text, record, picture, other is not None)


def refuse(sentence: str) -> None:
    print(printable(f"oomlab: {sentence}"), file=sys.stderr)
