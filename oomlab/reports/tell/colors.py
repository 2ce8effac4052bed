"""The same text with bars and colours, for a terminal that was asked for them."""

from ..judge.explanation import Explanation
from .report_picture import parts

WIDE = 60
CODES = {
    "processes": 34,
    "unevictable": 94,
    "shared memory": 36,
    "page cache": 32,
    "slab": 33,
    "kernel": 33,
    "page tables": 35,
    "huge pages": 93,
    "in no counter": 31,
    "free": 90,
}
MARKS = dict(zip(CODES, "PUSCLKTHN.", strict=True))  # the bar can be read without its colours


def colored(text: str, explanation: Explanation) -> str:
    """The cause and the advice in bold, and the memory as one bar under the cause."""
    lines = text.splitlines()
    cause = explanation.cause.sentence
    out = []
    for line in lines:
        if line.strip() == cause:
            out += [f"\x1b[1m{line}\x1b[0m", *bar(explanation)]
        elif line.startswith("  What to do:"):
            out.append(f"\x1b[1m{line}\x1b[0m")
        elif line.startswith("  The kernel killed"):
            out.append(f"\x1b[31m{line}\x1b[0m")
        else:
            out.append(line)
    return "\n".join(out)


def bar(explanation: Explanation) -> list[str]:
    """One line of letters in colours, and what each stands for."""
    held = explanation.account
    if held is None or held.total_kib <= 0:
        return []
    shown = parts(held)
    whole = sum(kib for _, kib in shown)
    drawn = "".join(paint(kind, MARKS[kind] * round(WIDE * kib / whole)) for kind, kib in shown)
    key = "  ".join(paint(kind, f"{MARKS[kind]} {kind}") for kind, _ in shown)
    return [f"  [{drawn}]", f"  {key}"]


def paint(kind: str, text: str) -> str:
    return f"\x1b[{CODES[kind]}m{text}\x1b[0m" if text else ""
