"""What holds the memory, and whom the killer takes first: the picture of one report.

    picture(explain(text)[0]).svg

Every part is named in words, with its size; whom the rules choose and whom the kernel killed are
said, too, and drawn however far down they stand.
"""

from ...looks import BLUE, GREEN, ORANGE, PURPLE, SKY, VERMILLION, YELLOW, Look
from ...paper import Drawing
from ...stacked import Row, draw
from ..judge.accounting import NO_COUNTER, Account
from ..judge.causes.kinds import percent, size
from ..judge.causes.largest_holder import GROUPS
from ..judge.explanation import Explanation, Ranked
from .words import printable

LOOKS: dict[str, Look] = {
    "processes": (BLUE, ""),
    "unevictable": (BLUE, "x"),
    "shared memory": (SKY, "."),
    "page cache": (GREEN, ""),
    "slab": (ORANGE, "/"),
    "page tables": (PURPLE, ""),
    "huge pages": (YELLOW, "\\"),
    NO_COUNTER: (VERMILLION, ""),
    "kernel": (ORANGE, ""),
    "free": ("faint", ""),
}
SWAP: dict[str, Look] = {"swap used": (BLUE, "/"), "swap free": ("faint", "")}
FREE = ("free", "free, CMA", "free, in per-CPU lists")
ROWS = 10  # tasks that are drawn, besides the chosen and the killed one


def picture(explanation: Explanation, *, dark: bool | None = None) -> Drawing:
    """The memory and the swap as bars on one scale, and under them the ranking."""
    drawing = Drawing(alt_text(explanation), dark)
    held = explanation.account
    if held and held.total_kib:
        memory(drawing, held)
    if explanation.policy and any(each.points for each in explanation.ranked):
        ranking(drawing, explanation)
    return drawing


def parts(account: Account) -> list[tuple[str, int]]:
    """The rows of the table, gathered into what can be seen apart."""
    found = {
        (NO_COUNTER if NO_COUNTER in names else kind): account.of(*names)
        for kind, names in GROUPS.items()
    }
    listed = {name for names in GROUPS.values() for name in names} | set(FREE)
    found["kernel"] = sum(kib for what, kib in account.rows if what not in listed)
    found["free"] = account.of(*FREE)
    return [(kind, kib) for kind, kib in found.items() if kib > 0]


def memory(drawing: Drawing, held: Account) -> None:
    """The bars, and what each part is and how large."""
    shown = [(kind, kib, held.total_kib, LOOKS[kind]) for kind, kib in parts(held)]
    rows = [Row(printable(held.scope), bar(shown), size(held.total_kib))]
    if held.swap_total_kib:
        total, used = held.swap_total_kib, held.swap_used_kib or 0
        sizes = zip(SWAP.items(), (used, total - used), strict=True)
        swap = [(kind, kib, total, look) for (kind, look), kib in sizes if kib > 0]
        rows.append(Row("swap", bar(swap), size(total)))
        shown += swap
    draw(drawing, rows, "")
    drawing.legend(
        (f"{kind} {size(kib)}, {percent(kib, whole)}", look) for kind, kib, whole, look in shown
    )


def bar(shown: list[tuple[str, int, int, Look]]) -> list[tuple[float, Look]]:
    return [(kib, look) for _, kib, _, look in shown]


def ranking(drawing: Drawing, explanation: Explanation) -> None:
    """Badness of the first ones, and of who was chosen or killed however far down."""
    drawing.y += 10
    takes = "would take" if explanation.supposed else "takes"
    drawing.say(f"Whom the killer {takes} first is on top.", "ink", 13)
    rows = []
    for place, each in enumerate(explanation.ranked):
        became = fate(explanation, each)
        if place >= ROWS and not became:
            continue
        look = VERMILLION if "killed" in became else BLUE if became else "water"
        told = ", ".join(filter(None, [each.why_not or f"{each.points}", became]))
        rows.append(Row(name(each), [(max(each.points or 0, 0), (look, ""))], told, bool(became)))
    draw(drawing, rows, f"badness in {unit(explanation)}")


def fate(explanation: Explanation, ranked: Ranked) -> str:
    """What became of a task: chosen by the model's rules, killed by the kernel, or neither."""
    victim = explanation.report.victim
    killed = victim is not None and victim.pid in (ranked.row.pid, ranked.row.tgid)
    chosen = ranked is explanation.predicted
    if explanation.supposed:
        return ", ".join(["would be chosen"] * chosen + ["killed in fact"] * killed)
    return " and ".join(["chosen"] * chosen + ["killed"] * killed)


def name(ranked: Ranked) -> str:
    return printable(f"{ranked.row.name} ({ranked.row.pid})")


def unit(explanation: Explanation) -> str:
    if explanation.policy and explanation.policy.points == "permille":
        return "per mille of memory"
    return f"pages of {explanation.report.page_kb} kB"


def alt_text(explanation: Explanation) -> str:
    """What is to be seen, as sentences."""
    told = [explanation.cause.sentence]
    held = explanation.account
    if held and held.total_kib:
        rows = sorted(parts(held), key=lambda each: -each[1])
        shares = [f"{kind} {percent(kib, held.total_kib)}" for kind, kib in rows[:5]]
        told.append(f"Of {size(held.total_kib)}: {', '.join(shares)}.")
    if explanation.predicted:
        verb = "would be" if explanation.supposed else "is"
        told.append(f"{name(explanation.predicted)} {verb} chosen.")
    victim = explanation.report.victim
    if victim:
        told.append(f"{victim.name} ({victim.pid}) was killed.")
    return printable(" ".join(told))
