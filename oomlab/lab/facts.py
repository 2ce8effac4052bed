"""What figures, questions and sheets say about a run: numbers and names, no drawing.

Some of it is read from the trace; the rest from the machine as it was at a step.
"""

from collections import Counter
from typing import NamedTuple

from ..model.exit import can_reap
from ..model.mm import FILE, HUGETLB, PFNMAP, SHMEM, get_mm_rss
from ..model.oom import OomControl, constrained_alloc, oom_badness, select_bad_process
from ..model.tasks import find_lock_task_mm, thread_group_leader
from ..model.vmscan import inside
from ..simulate.run import Run, kind_of
from ..simulate.wait_graph import find_cycle, wait_for_graph
from .machine_at import machine_at
from .timeline import Moment, fates_of, is_killed, moments, shown_steps, takers


def heading(run: Run) -> str:
    """Which run this is, whole: it can be run again from these words (simulate/origin.py)."""
    return str(run.origin)


def several(names: list[str], most: int = 4) -> str:
    """Names in a sentence: a, b and c; or a, b, c and 7 more."""
    if len(names) > most:
        names = [*names[: most - 1], f"{len(names) - most + 1} more"]
    return (
        " and ".join([", ".join(names[:-1]), names[-1]] if len(names) > 1 else names) or "no task"
    )


def below_min(run: Run) -> dict[str, list[tuple[int, int]]]:
    """Who took pages when fewer than min stayed free: {task: [(step, free pages left)]}."""
    found: dict[str, list[tuple[int, int]]] = {}
    before, least = machine_at(run, 0).zone.free, run.kernel.zone.min
    for number, (_, task, _, _, _, free, _, _) in enumerate(run.trace[: shown_steps(run)]):
        if free < min(before, least):
            found.setdefault(task.name, []).append((number, free))
        before = free
    return found


def who_got_them(run: Run) -> dict[str, tuple[str, int]]:
    """{task: (dying, not dying or kernel thread; pages of the reaper's it took)}."""
    fates = fates_of(run, len(run.trace))
    kinds: dict[str, str] = {}
    pages: Counter[str] = Counter()
    for step, task, taken in takers(run):
        dying = is_killed(fates, task.name, step) or task.memdie
        kind = "kernel thread" if kind_of(task) == "kernel" else "dying" if dying else "not dying"
        kinds[task.name] = kind
        pages[task.name] += taken
    return {name: (kinds[name], count) for name, count in pages.most_common()}


class Mapping(NamedTuple):
    """A VMA: its resident pages, those the reaper would take from it, and those of them that come
    free; why it leaves the others, or why none comes free.
    """

    name: str
    kind: str
    pages: int
    reapable: int
    why_not: str
    freed: int


def mappings(run: Run, victim: str | None = None) -> tuple[str, list[Mapping]]:
    """The victim (the first one if none is named) and its VMAs, as the kill found them."""
    kills = [e for e in run.events if e["event"] == "kill" and "step" in e]
    kill = next((e for e in kills if victim in (None, e["task"])), None)
    if kill is None:
        return victim or "", []
    kernel = machine_at(run, kill["step"] - 1)
    task = next(t for t in kernel.tasks if t.name == kill["task"])
    return task.name, [reapable(vma, run.policy) for vma in (task.mm.vmas if task.mm else ())]


def reapable(vma, policy) -> Mapping:
    """What can_reap() makes of one VMA."""
    if can_reap(vma, policy):
        whys = {FILE: "clean: back to the page cache", PFNMAP: "a device's, not the machine's"}
        freed = 0 if vma.kind in whys else vma.pages
        return Mapping(vma.name, vma.kind, vma.pages, vma.pages, whys.get(vma.kind, ""), freed)
    reasons = {
        HUGETLB: "huge pages are not reaped",
        SHMEM: "shared: others may need it",
        PFNMAP: "device memory is not RAM",
        FILE: "mapped shared: others may need it",
    }
    why = "mlocked" if vma.locked else reasons.get(vma.kind, "empty")
    return Mapping(vma.name, vma.kind, vma.pages, 0, why if vma.pages else "empty", 0)


class Points(NamedTuple):
    """What one process scores, and the parts it is made of; points None: must not be killed.

    `bonus`: a part of its "adj" is the bonus of root.
    """

    name: str
    points: int | None
    parts: dict[str, int]
    bonus: bool = False


def candidates(run: Run, kill: int = 0) -> tuple[str, list[Points]]:
    """(who is chosen, all candidates by points) at the OOM report number `kill`."""
    reports = [e for e in run.kernel.events or () if e["event"] == "oom_report" and "step" in e]
    if not kill < len(reports):
        return "", []
    report = reports[kill]
    kernel = machine_at(run, report["step"])
    name = report["oc"].memcg.name if report["oc"].memcg else None
    memcg = next((m for m in kernel.memcgs if m.name == name), None)
    oc = OomControl(report["oc"].gfp_mask, report["oc"].order, memcg)
    oc.totalpages = constrained_alloc(kernel, oc)
    chosen = select_bad_process(kernel, oc)
    rows = [
        parts(task, oc, run.policy)
        for task in kernel.tasks
        if thread_group_leader(task) and find_lock_task_mm(task) and searched(task, oc, run.policy)
    ]
    rows.sort(key=lambda row: (row.points is None, -(row.points or 0)))
    return getattr(chosen, "name", ""), rows


def searched(task, oc: OomControl, policy) -> bool:
    """Is it of the cgroup that is out of memory: its memory (to 4.6), or the task itself?"""
    if oc.memcg is None or policy.victim_mark == "process":
        return inside(task.memcg, oc.memcg)
    return oc.memcg.contains(task)


def parts(task, oc: OomControl, policy) -> Points:
    """One candidate; adj is what is left of the points, so it carries a root bonus too."""
    thread = find_lock_task_mm(task)
    assert thread is not None, "a candidate has an mm"
    mm = thread.mm
    tables = {"none": 0, "ptes": mm.nr_ptes, "ptes+pmds": mm.nr_ptes + mm.nr_pmds}
    pages = {"rss": get_mm_rss(mm), "swap": mm.swapents, "page tables": tables[policy.page_tables]}
    if policy.points == "permille":
        pages = {name: count * 1000 // oc.totalpages for name, count in pages.items()}
    points = oom_badness(task, oc.totalpages, policy)
    adj = 0 if points is None else points - sum(pages.values())
    given = policy.points == "permille" or policy.root_bonus != "none"
    bonus = thread.uid == 0 and given and points is not None
    return Points(task.name, points, {**pages, "adj": adj}, bonus)


def graph_at(run: Run, step: int | None = None) -> tuple[dict, list[str], set[str]]:
    """(who waits for whom, a cycle in it, who is a task) after a step, by default the last."""
    kernel = machine_at(run, shown_steps(run) if step is None else step)
    graph = wait_for_graph(kernel)
    return graph, find_cycle(graph), {task.name for task in kernel.tasks}


def divergence(a: Run, b: Run) -> tuple[Moment | None, Moment | None] | None:
    """The first moments that differ (None: that run has no more of them); None if none differ.

    Steps are not compared: one kernel thread more moves every one of them. What happens is.
    """
    one, two = moments(a), moments(b)
    for i in range(max(len(one), len(two))):
        first, second = one[i] if i < len(one) else None, two[i] if i < len(two) else None
        if first is None or second is None or first[1:] != second[1:]:
            return first, second
    return None
