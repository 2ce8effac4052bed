"""A report as a small scenario that one can read and change: the text of a Python function.

Of the machine it keeps who was killed, who asked, who would have been next, who could not be
killed, and how much memory there was; all in one scale, a thousandth of the memory being `factor`
pages. The rest of the memory is one number, so that the zone, or the cgroup, is full when the task
that asked for memory asks for it.
"""

from collections import Counter
from dataclasses import dataclass
from textwrap import wrap

from ...policies.policy import Policy
from ..judge.explanation import Explanation
from ..judge.kernels import in_container
from ..judge.report_machine import adj_of, eligible_rows, is_invoker, swap_of
from ..judge.totals import page_tables
from ..read.report import Report, TaskRow
from .words import headline, printable

MIN_KBYTES = 32  # the min mark of the small machine: eight pages
ASKED = 4  # pages that the asker still wants
MOST_OF_A_GROUP = 6  # tasks of a cgroup that was killed as a whole
LINE = 100  # letters
HOLDS = 150  # ticks that a victim keeps its lock from the reaper, more than ten attempts
CHOSEN = "chosen"
LINGERS = 20  # ticks that a victim needs to exit, so that the reaper comes first

GIVEN_UP = """

def holds_mmap_lock(current, ticks):
    \"\"\"Keep the lock without which the reaper cannot begin.\"\"\"
    yield from current.mm.mmap_sem.down_write(current)
    yield from sleep(current, ticks, TASK_UNINTERRUPTIBLE)
    current.mm.mmap_sem.up_write()
"""


@dataclass(frozen=True)
class Part:
    """A task of the small machine: its name there, the row that it stands for, and why."""

    name: str
    row: TaskRow
    why: str
    is_child: bool = False  # of the task that was chosen, and lives


def parts_of(explanation: Explanation) -> list[Part]:
    """Who is needed, in the order of the table, which decides between equals."""
    why = why_needed(explanation)
    cast = [row for row in eligible_rows(explanation.report) if row.pid in why]
    cast.sort(key=lambda row: not why[row.pid].startswith(CHOSEN))  # a parent before its child
    times = Counter(printable(row.name) for row in cast)
    parts = []
    for row in cast:
        name = printable(row.name)
        name = name if name and times[name] == 1 else f"{name}-{row.pid}"
        child = why[row.pid] == "killed" and why[cast[0].pid].startswith(CHOSEN)
        parts.append(Part(name, row, why[row.pid], is_child=child))
    return parts


def why_needed(explanation: Explanation) -> dict[int, str]:
    """By pid: what the story needs a task for. The first reason counts."""
    report, predicted = explanation.report, explanation.predicted
    why: dict[int, str] = {}
    rows = {row.pid: row for row in eligible_rows(report)}
    killed = {kill.pid for kill in report.kills[: MOST_OF_A_GROUP if report.group else 1]}
    if predicted is not None:
        why[predicted.row.pid] = "killed"
    for pid, row in rows.items():
        if killed & {pid, row.tgid}:
            why.setdefault(pid, "killed")
    if explanation.verdict.reason == "child sacrificed" and predicted is not None:
        why[predicted.row.pid] = f"{CHOSEN}; its child died in its place"
    for row in rows.values():
        if is_invoker(report, row):
            why.setdefault(row.pid, "asked for memory")
    if explanation.runner_up is not None:
        why.setdefault(explanation.runner_up.row.pid, "would have been next")
    largest = max(rows.values(), key=lambda row: row.rss or 0, default=None)
    if largest is not None:
        cannot = adj_of(largest) == -1000
        words = "has the most memory, and cannot be killed" if cannot else "has the most memory"
        why.setdefault(largest.pid, words)
    return why


def size_of(row: TaskRow, report: Report) -> int:
    """Pages that count when the killer chooses: resident, in swap, and page tables."""
    return max(row.rss or 0, 0) + swap_of(row) + sum(page_tables(row, report.page_kb))


def scaled(pages: int, total: int, factor: int) -> int:
    """A size in the small machine; factor 0 leaves it as it is."""
    return pages if not factor else max(pages * factor // max(total // 1000, 1), 1)


def heap_of(size: int, policy: Policy) -> int:
    """Pages to fill so that heap and page tables together count as `size`."""
    if policy.page_tables == "none":
        return size
    tables = -(-size // 512) + (policy.page_tables == "ptes+pmds")
    return max(size - tables, 1)


@dataclass(frozen=True)
class Story:
    """What the small machine shall tell."""

    explanation: Explanation
    policy: Policy
    parts: list[Part]
    end: str  # of the victim, as far as it is known: "reaped", "given up", or ""

    @property
    def report(self) -> Report:
        return self.explanation.report

    @property
    def memcg(self) -> bool:
        return self.report.kind == "memcg"

    @property
    def victim(self) -> str:
        """Its name in the small machine; "" if none was killed."""
        kill = self.report.victim
        if kill is None or self.report.no_killable:
            return ""
        named = [p for p in self.parts if kill.pid in (p.row.pid, p.row.tgid)]
        if not named and self.explanation.predicted:
            named = [p for p in self.parts if p.row.pid == self.explanation.predicted.row.pid]
        return named[0].name if named else ""


def text_of(story: Story, name: str, factor: int) -> str:
    """The function `name`, which makes the machine; a thousandth of it is `factor` pages."""
    total = story.explanation.total.pages
    whole = factor * 1000 if factor else total
    sizes = {
        part.name: heap_of(scaled(size_of(part.row, story.report), total, factor), story.policy)
        for part in story.parts
    }
    needed = sum(pages + pages // 512 + 2 for pages in sizes.values()) + MIN_KBYTES // 4 + 16
    managed = whole + needed if story.memcg else max(whole, needed)
    lines = [f"    kernel = Kernel(policy, {managed}, min_kbytes={MIN_KBYTES})"]
    if story.memcg:
        group = ", oom_group=True" if story.report.group else ""
        path = quoted(memcg_name(story))
        lines.append(f"    memcg = kernel.new_memcg({path}, limit={whole}{group})")
    elif managed > whole:
        lines.append(f"    kernel.unmanaged = {managed - whole}  # so that {whole} count as RAM")
    asks = False
    for part in story.parts:
        asker = is_invoker(story.report, part.row)
        asks |= asker
        lines += task_lines(story, part, sizes[part.name], asker)
    if not asks:
        lines.append(outsider(story))
    if story.memcg:
        lines.append("    memcg.usage = max(memcg.usage, memcg.limit)  # other tasks, page cache")
    elif story.report.kind != "sysrq":
        lines.append("    rest = kernel.zone.free - kernel.zone.min  # all other memory is in use")
        lines.append("    kernel.zone.free -= rest")
        lines.append("    kernel.zone.reserved += rest")
    doc = "\n".join(f"    {line}".rstrip() for line in docstring(story, factor))
    helper = GIVEN_UP if story.end == "given up" else ""
    body = "\n".join(lines)
    head = f'def {name}(policy):\n    """{doc.strip()}\n    """\n'
    return f"{head}{body}\n    return kernel\n{helper}"


def task_lines(story: Story, part: Part, pages: int, asker: bool) -> list[str]:
    """The lines that make one task, with its second thread if the reaper is to fail."""
    killed = part.name == story.victim
    heap = f'VMA("heap", ANON, {pages})'
    vmas = f'[{heap}, VMA("asked", ANON)]' if asker else f"[{heap}]"
    more = {"vmas": vmas, "adj": str(adj_of(part.row))}
    if part.row.uid == 0 and not in_container(story.report):
        more["uid"] = "0"
    if part.is_child:
        more["parent"] = CHOSEN
    if killed and story.end == "reaped":
        more["at_exit"] = f"((sleep, policy.reap_delay + {LINGERS}, TASK_UNINTERRUPTIBLE),)"
    named = f"{CHOSEN} = " if part.why.startswith(CHOSEN) else ""
    named = "victim = " if killed and story.end == "given up" else named
    program = f'((touch, "asked", {ASKED}), (pause,))' if asker else "((pause,),)"
    lines = [f"    # {part.why}", spawned(story, part.name, program, more, named)]
    if killed and story.end == "given up":
        holds = f"((holds_mmap_lock, policy.reap_delay + {HOLDS}),)"
        lines.append(spawned(story, part.name, holds, {"thread_of": "victim"}))
    return lines


def outsider(story: Story) -> str:
    """Who asked, if the table does not list it: a kernel thread, a thread, SysRq."""
    invoker = story.report.invoker
    name = printable(invoker.comm) if invoker and invoker.comm else "asker"
    if name in [part.name for part in story.parts]:
        name = f"{name} (asker)"
    more = {"vmas": '[VMA("asked", ANON)]', "adj": "-1000"}
    program = f'((touch, "asked", {ASKED}), (pause,))'
    if story.report.kind == "sysrq":
        program, more = "((sysrq_f,),)", {"adj": "-1000"}
    return "    # asked for memory\n" + spawned(story, name, program, more)


def spawned(story: Story, name: str, program: str, more: dict[str, str], named: str = "") -> str:
    """A call of kernel.spawn(), on one line if it fits."""
    memcg = {"memcg": "memcg"} if story.memcg else {}
    words = [quoted(name), program, *(f"{key}={value}" for key, value in {**more, **memcg}.items())]
    line = f"    {named}kernel.spawn({', '.join(words)})"
    if len(line) <= LINE:
        return line
    each = [f"        {word}," for word in words]
    return "\n".join([f"    {named}kernel.spawn(", *each, "    )"])


def quoted(name: str) -> str:
    """A name as Python text; a name from a log may hold anything."""
    plain = name.isascii() and name.isprintable() and not {'"', "\\"} & {*name}
    return f'"{name}"' if plain else repr(name)


def memcg_name(story: Story) -> str:
    """The cgroup whose limit was hit."""
    report = story.report
    path = report.memcg.limit_path if report.memcg else None
    if path is None and report.summary:
        path = report.summary.oom_memcg
    return printable(path or "memcg")


def docstring(story: Story, factor: int) -> list[str]:
    """What happened, what was kept, and what was left out."""
    lines = [story_line(story), "", headline(story.report) + ".", "", "Kept:"]
    lines += [f"- {sentence}" for sentence in kept(story, factor)]
    lines += ["", "Left out:"]
    lines += [f"- {sentence}" for sentence in left_out(story)]
    return [
        part
        for line in lines
        for part in wrap(in_docstring(line), LINE - 4, subsequent_indent="  ") or [""]
    ]


def in_docstring(text: str) -> str:
    """Names come from a log: none may end the docstring."""
    return printable(text).replace("\\", "/").replace('"', "'")


def story_line(story: Story) -> str:
    """The story in a sentence or two."""
    name = memcg_name(story)
    where = f"The cgroup {name} is at its limit" if story.memcg else "The machine is out of memory"
    where = "SysRq-f asks for a kill" if story.report.kind == "sysrq" else where
    if not story.victim:
        panics = "" if story.memcg else ", and the kernel panics"
        return f"{where}; there is no task that may be killed{panics}."
    ends = {"reaped": "takes its memory", "given up": "gives it up"}
    end = f", and the reaper {ends[story.end]}" if story.end else ""
    return f"{where}; {story.victim} is killed{end}."


def kept(story: Story, factor: int) -> list[str]:
    """Sentences."""
    total = story.explanation.total
    who = "; ".join(f"{part.name} ({part.why})" for part in story.parts)
    said = [
        f"The tasks: {who or 'none'}.",
        "Their oom_score_adj, and their sizes as oom_badness() counts them, with swap and page"
        " tables.",
    ]
    if factor:
        one = max(total.pages // 1000, 1) / factor
        said.append(f"The scale: 1 page stands for {one:.3g}, of {total.pages} in all.")
    else:
        said.append(f"All {total.pages} pages, not scaled.")
    said.append(f"The rules of {words_of_policy(story.policy)}.")
    return said


def left_out(story: Story) -> list[str]:
    """Sentences."""
    report = story.report
    others = len(eligible_rows(report)) - len(story.parts)
    said = []
    if others:
        many = f"{others} other tasks" if others > 1 else "Another task"
        said.append(f"{many}: the memory is in use here, and no task's.")
    if any(swap_of(part.row) for part in story.parts):
        said.append("Swap: what was in it counts as resident.")
    invoker = report.invoker
    if invoker and (invoker.order or 0) > 0:
        said.append(f"The order of the request, {invoker.order}: here single pages are asked for.")
    if report.kind not in ("global", "memcg", "sysrq"):
        said.append(f"The {report.kind}: the nodes that were allowed are the whole machine here.")
    said.append("Threads, files and shared memory: each task has one heap of its own.")
    if not story.end and story.victim:
        said.append("How the victim ended: here it exits at once.")
    said.append("All that went before: it begins when the memory is in use.")
    return said


def words_of_policy(policy: Policy) -> str:
    """The preset, and what differs from it."""
    turned = ", ".join(f"{name}={value}" for name, value in policy.turned.items())
    return f"{policy.preset} with {turned}" if turned else policy.preset
