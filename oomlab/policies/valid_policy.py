"""Is this a policy that a kernel could have? Asked when it is made, and said in one sentence."""

import re
from dataclasses import Field
from typing import Any

from ..naming import short

MOST = 10_000_000  # ticks or pages of a knob: more than any scenario has


def check_knob(item: Field, value: object) -> None:
    """Has this knob a value of its type, among those it takes? ValueError says what it takes."""
    kind: type = type(item.default)
    choices = item.metadata["choices"]
    right = isinstance(value, kind) and type(value) is kind  # True is no whole number
    if not right or isinstance(value, int) and not 0 <= value <= MOST:
        wanted = {
            bool: "yes or no (a bool)",
            int: f"a whole number, not negative and at most {MOST}",
            str: "text",
        }
        huge = isinstance(value, int) and value > MOST  # Python may refuse to write it out
        got = "more" if huge else short(value)
        raise ValueError(f"knob {item.name} takes {wanted[kind]}, not {got}")
    line = str(value)
    if item.name in ("name", "about") and not (line.strip() and line.isprintable()):
        raise ValueError(f"a policy's {item.name} is one line of text, not {short(value)}")
    if choices and value not in choices:
        options = ", ".join(map(str, choices))
        raise ValueError(f"knob {item.name} takes one of {options}, not {short(value)}")
    if item.name == "kernel" and not re.fullmatch(r"[0-9]{1,3}(\.[0-9]{1,3}){1,2}", str(value)):
        raise ValueError(f"knob kernel takes a release like 4.10, not {short(value)}")


def check_pairs(policy: Any) -> None:
    """Do the knobs fit each other? ValueError names the two that do not."""
    slot = policy.reaper in ("slot", "slot-xchg", "workqueue")
    if slot and "hide" in (policy.reaped, policy.gave_up):
        raise ValueError("reaped=hide needs the victim's task, and a slot holds only its mm")
    if slot and policy.gave_up == "unmark":
        raise ValueError("gave_up=unmark needs the victim's task, and a slot holds only its mm")
    if not policy.charge_batch:
        raise ValueError("charge_batch is at least 1 page: nothing is charged in batches of none")
    if policy.reaper == "scan" and not policy.scan_period:
        raise ValueError("scan_period is at least 1 tick: a scan without a pause never ends")
    if policy.reap_delay and policy.reaper != "list":
        raise ValueError(f"reap_delay goes with reaper=list, not with reaper={policy.reaper}")
    if policy.reap_delay and policy.victim_mark != "process":
        raise ValueError("reap_delay needs victim_mark=process: the timer looks at signal->oom_mm")
    if policy.reap_delay and policy.queue_guard != "flag":
        raise ValueError("reap_delay needs queue_guard=flag: a task has one timer, to be set once")
