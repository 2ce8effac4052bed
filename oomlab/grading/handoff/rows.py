"""A schedule of the machine as rows that a person can read: who does what, and what comes of it.

Where the rows tell the story of the mail of 27 November 2015 (M16), they carry its step numbers.
"""

from collections.abc import Sequence

from .handoff_machine import REAPER, AtomicsMachine

BREAKS = "!"  # in place of the result of a step that must not be
MAIL = ("kill", "pass", "start", "kill", "busy", "finish", "lost")  # its steps (1) to (7)


def rows(machine: AtomicsMachine, steps: Sequence[tuple], sentence: str) -> list[dict]:
    """One row a step: thread, does, result, says, mail (a step number of M16, or "")."""
    table, kinds = [], []
    for thread, op, result, before in steps:
        kind, says = meaning(machine, thread, op, result, before)
        if result == BREAKS:
            kind, says = "", f"this must not be: {sentence}"
        kinds.append(kind)
        table.append(
            {
                "thread": thread_name(machine, thread),
                "does": call(machine, op),
                "result": shown_result(machine, op, result),
                "says": says,
                "mail": "",
            }
        )
    table.append({"thread": "", "does": "", "result": "", "says": sentence, "mail": ""})
    kinds.append("lost")
    number_like_the_mail(table, kinds)
    return table


def thread_name(machine: AtomicsMachine, thread: int) -> str:
    n = len(machine.mms)
    if thread == REAPER:
        return "oom_reaper"
    return f"memcg{thread + 1} OOM" if thread < n else f"victim{thread - n + 1}"


def name(machine: AtomicsMachine, value) -> str:
    """An mm handle by the number of its victim; None as the kernel writes it."""
    if value in machine.mms:
        return f"mm{machine.mms.index(value) + 1}"
    return "NULL" if value is None else str(value)


def shown_result(machine: AtomicsMachine, op: tuple, result) -> str:
    """Only of operations that have one; to reap takes two steps."""
    if result == BREAKS:
        return ""
    if op[0] == "reap":
        return result or "ends"
    valued = op[0] in ("read", "cmpxchg", "xchg", "pop")
    return name(machine, result) if valued or result is not None else ""


def call(machine: AtomicsMachine, op: tuple) -> str:
    return f"{op[0]}({', '.join(name(machine, operand) for operand in op[1:])})"


def meaning(machine: AtomicsMachine, thread: int, op: tuple, result, before) -> tuple[str, str]:
    """(kind, sentence) of a step."""
    verb, values = op[0], op[1:]
    mm = name(machine, values[-1]) if values else ""
    if verb == "kill":
        return "kill", f"a memcg{thread + 1} OOM is invoked; victim{thread + 1} is killed"
    if verb == "exit":
        return "", "the victim manages to exit: its own reference goes"
    if verb == "reap":
        if result == "begins":
            return "start", f"oom_reaper() starts reclaiming {mm}"
        return "finish", f"oom_reaper() finishes reclaiming {mm}"
    if thread != REAPER and verb in ("cmpxchg", "xchg", "write", "push", "append"):
        if verb == "cmpxchg" and result != values[1]:
            held = name(machine, result)
            return "busy", f"{values[0]} holds {held}: {mm} is not passed to oom_reaper()"
        return "pass", f"wake_oom_reaper() passes {mm} to oom_reaper()"
    if result == "sleeps":
        return "", "nothing to do: oom_reaper() sleeps"
    if verb == "wake_up":
        return "", "oom_reaper() is woken" if before.asleep else "oom_reaper() is awake already"
    if verb in ("write", "xchg") and values[-1] is None:
        return "", f"sets {values[0]} = NULL"
    return "", ""


def number_like_the_mail(table: list[dict], kinds: list[str]) -> None:
    """Write (1) to (7) beside the steps that are the mail's, if they come in its order."""
    places, position = [], 0
    for kind in MAIL:
        if kind not in kinds[position:]:
            return
        position = kinds.index(kind, position)
        places.append(position)
        position += 1
    for number, place in enumerate(places, 1):
        table[place]["mail"] = f"({number})"
