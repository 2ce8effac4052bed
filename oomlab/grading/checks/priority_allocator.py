"""Level 2: who may take a page when few are left? (M02, M16)

    zone_watermark_ok(task, zone) -> bool    may this task take one page now?
    task: {"dying", "kthread", "memalloc"}   zone: {"free", "min"}

The answers are asked for once for each kind of task and each number of free pages; then all
schedules of small zones are walked through here.
"""

from ..asking import Ask, CheckFailed, truth
from ..exercise import Exercise

exercise = Exercise("priority-allocator", 2, "A priority allocator", "zone_watermark_ok")
REAPER = "oom_reaper"
KINDS = ("normal", "dying", "kthread", "memalloc")


class AskedZone:
    """A min mark, and the student's answers about it."""

    def __init__(self, ask: Ask, mark: int):
        self.ask, self.min = ask, mark
        self.answers: dict[tuple, bool] = {}

    def ok(self, kind: str, free: int) -> bool:
        if free <= 0:
            return False
        if (kind, free) not in self.answers:
            task = {name: name == kind for name in KINDS[1:]}
            zone = {"free": free, "min": self.min}
            answer = self.ask("zone_watermark_ok", task, zone)
            told = f"it gave {answer!r} to a {kind} task, with {free} free and min {self.min}"
            self.answers[kind, free] = truth(answer, "The answer", told)
        return self.answers[kind, free]


def stuck(
    zone: AskedZone, free: int, reaped: int, needs: tuple, who: set[str]
) -> list[dict] | None:
    """Rows of a schedule after which one of `who` waits for ever; None if there is none.

    `needs` are (kind, pages). Tasks take a page a step and keep it; one that has all it needs exits
    and gives all back. The reaper frees one page a step. Every order is tried.
    """
    whole = dict(enumerate(needs))
    todo: list[tuple[tuple, list]] = [((free, reaped, tuple(n for _, n in needs)), [])]
    seen = {todo[0][0]}
    while todo:
        (free, left, missing), path = todo.pop()
        moves = [((free + 1, left - 1, missing), (REAPER, "frees 1", free + 1, ""))] if left else []
        for i, n in enumerate(missing):
            kind, total = whole[i]
            if n and zone.ok(kind, free):
                after = (*missing[:i], n - 1, *missing[i + 1 :])
                back = total if n == 1 and kind == "dying" else 0
                says = "has all it needs, exits, and gives all back" if back else ""
                step = (f"{kind}{i + 1}", "takes 1", free - 1 + back, says)
                moves.append(((free - 1 + back, left, after), step))
        starving = [
            (f"{kind}{i + 1}", n)
            for i, (kind, _) in whole.items()
            if (n := missing[i]) and kind in who
        ]
        if not moves and starving:
            return rows(path, starving, free, zone.min)
        for state, step in moves:
            if state not in seen:
                seen.add(state)
                todo.append((state, [*path, step]))
    return None


def rows(path: list[tuple], starving: list[tuple[str, int]], free: int, mark: int) -> list[dict]:
    """The steps, a row for each task that starves, and a last line that says so."""
    table = [row(thread, does, f"{now} free", says) for thread, does, now, says in path]
    for thread, lacks in starving:
        lacking = f"needs {lacks}"
        table.append(row(thread, lacking, "refused", f"{free} are free, min is {mark}"))
    names = " and ".join(thread for thread, _ in starving)
    verb = "waits" if len(starving) == 1 else "wait"
    end = f"{names} {verb} for ever: {free} pages are free, and no step is left that frees one"
    return [*table, row("", "", "", end)]


def row(thread: str, does: str, result: str, says: str) -> dict:
    return {"thread": thread, "does": does, "result": result, "says": says, "mail": ""}


def who_starves(path: list[dict]) -> str:
    """Who waits for ever, and whether normal tasks took pages before: what the schedule shows."""
    waits = {row["thread"] for row in path if row["result"] == "refused"}
    names = {
        "dying": "A dying task, which would give its pages back, waits for ever",
        "kthread": "A kernel thread, without which no page is written to disk, waits for ever",
    }
    took = any(row["thread"].startswith("normal") for row in path)
    why = "after normal tasks took pages" if took else "although no normal task took a page"
    return " ".join(
        f"{said}, {why}." for kind, said in names.items() if any(w.startswith(kind) for w in waits)
    )


def not_everybody(zone: AskedZone) -> None:
    """An allocator that never refuses is no answer to any of the questions here."""
    if zone.ok("normal", 1):
        raise CheckFailed(
            "A normal task gets even the last page: nothing is kept back for the dying."
        )


@exercise.worth(3, "No dying task starves, whatever other tasks allocate")
def dying_get_out(ask, draw):
    for _ in range(2):
        mark = draw.randrange(12, 24)
        need = mark // 4  # two of them fit into half of the reserve
        zone = AskedZone(ask, mark)
        needs = (("dying", need), ("dying", need), ("normal", 9), ("normal", 9))
        path = stuck(zone, mark + 2, 3, needs, {"dying"})
        if path is not None:
            raise CheckFailed(
                who_starves(path),
                f"min is {mark}, {mark + 2} pages are free, two dying tasks need {need} each",
                path,
            )


@exercise.worth(2, "A kernel thread that must allocate gets through as well")
def kthreads_too(ask, draw):
    mark = draw.randrange(16, 30)
    needs = (("kthread", 3), ("dying", 3), ("normal", 12))
    zone = AskedZone(ask, mark)
    not_everybody(zone)
    path = stuck(zone, mark + 2, 2, needs, {"kthread", "dying"})
    if path is not None:
        raise CheckFailed(who_starves(path), "", path)


@exercise.worth(2, "Normal tasks still progress while there is memory")
def normal_progress(ask, draw):
    mark = draw.randrange(10, 40)
    zone = AskedZone(ask, mark)
    not_everybody(zone)
    not_everybody(zone)
    path = stuck(zone, mark + 10, 0, (("normal", 5), ("normal", 4), ("dying", 1)), {"normal"})
    if path is not None or not zone.ok("normal", mark + 1):
        raise CheckFailed(
            "A normal task is refused although more than min pages are free.", "", path or []
        )


@exercise.worth(2, "Normal tasks never go below min")
def normal_stop(ask, draw):
    zone = AskedZone(ask, draw.randrange(10, 40))
    for free in range(1, zone.min + 1):
        if zone.ok("normal", free):
            raise CheckFailed(
                "A normal task gets a page though no more than min are free.",
                f"min is {zone.min}, free is {free}",
            )
    if not zone.ok("normal", 3 * zone.min):
        raise CheckFailed("A normal task gets no page although the zone is far from empty.")


@exercise.worth(2, "However many die, some pages stay for reclaim itself (PF_MEMALLOC)")
def rest_for_reclaim(ask, draw):
    zone = AskedZone(ask, draw.randrange(16, 40))
    for kind in ("dying", "kthread"):
        free = zone.min + 4
        while zone.ok(kind, free):
            free -= 1
        if free == 0:
            raise CheckFailed(
                "Endlessly many dying tasks or kernel threads empty the zone; then reclaim "
                "itself cannot go on. Leave it a part of the reserve."
            )
    if not all(zone.ok("memalloc", n) for n in range(1, zone.min + 5)):
        raise CheckFailed(
            "A memalloc task was refused. It should get even the last page: what it does "
            "frees others."
        )
