"""The seven steps of the mail M16, laid beside a schedule in which a victim is lost.

    print(seven_steps(explore("lost-victim", "rfc-2015-11-27").schedule))

Each step of the schedule is told apart by who takes it and what it does, not by its place: the
schedule that the explorer finds need not keep to the order in which the mail tells it.
"""

import re
from collections.abc import Sequence

STEPS = {  # the words of the mail
    1: "a memcg1 OOM is invoked and a task in memcg1 is chosen as first OOM victim.",
    2: "wake_oom_reaper() passes first victim's mm to oom_reaper().",
    3: "oom_reaper() starts reclaiming first victim's mm.",
    4: "a memcg2 OOM is invoked and a task in memcg2 is chosen as second OOM victim.",
    5: "wake_oom_reaper() does not pass second victim's mm to oom_reaper() because mm_to_reap "
    "holds first victim's mm.",
    6: "oom_reaper() finishes reclaiming first victim's mm, and sets mm_to_reap = NULL.",
    7: "Second victim's mm (chosen at step (4)) is not passed to oom_reaper() because "
    "wake_oom_reaper() is not called again.",
}
HANDS_OVER = ("cmpxchg", "pin", "wake")
ARROW = re.compile(" -> ")  # a browser may break a line inside it


def numbered(schedule: Sequence[dict]) -> list[tuple[int, dict]]:
    """Which of the seven each step of a schedule belongs to. ValueError if one of them is missing.

    `schedule` are the steps of an exploration of lost-victim under a policy with the one slot.
    """
    first = next((step["task"] for step in schedule if step["task"] != "oom_reaper"), "")
    found = [(number_of(step, first), step) for step in schedule]
    missing = STEPS.keys() - {number for number, _ in found}
    if missing:
        raise ValueError(f"this schedule does not tell the mail's step {min(missing)}")
    return found


def number_of(step: dict, first: str) -> int:
    """The mail's number for one step; `first` is the task that kills the first victim."""
    verb = step["does"].split()[0]
    if step["task"] == "oom_reaper":
        if verb == "clear":
            return 6
        return 7 if "finds NULL" in step["effect"] else 3
    if verb in HANDS_OVER:
        return 2 if step["task"] == first else 5
    return 1 if step["task"] == first else 4


def seven_steps(schedule: Sequence[dict]) -> str:
    """Mail and schedule side by side, as a Markdown table; a step's number moves a lab below it."""
    lines = ["| the mail | step | task | does | effect |", "| --- | ---: | --- | --- | --- |"]
    said: set[int] = set()
    for number, step in numbered(schedule):
        words = f"({number})" if number in said else f"**({number})** {STEPS[number]}"
        said.add(number)
        cells = (
            words,
            f"[{step['step']}](#step-{step['step']})",
            step["task"],
            step["does"],
            ARROW.sub("\u00a0\u2192\u00a0", step["effect"] or ""),
        )
        lines.append("| " + " | ".join(map(str, cells)) + " |")
    return "\n".join(lines)
