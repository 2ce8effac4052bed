"""Why memory was out: one cause of a closed list, by rules in a fixed order, with its numbers.

First what the report says itself (SysRq, a cgroup's limit), then what the zones say (memory that is
free, but not for this request), then who holds most. A rule that is not sure does not fire; what no
rule takes is `unclear`, and then it says what would tell.
"""

from .cgroup_limit import memcg
from .free_but_unusable import (
    broken_marks,
    fragments,
    free_but,
    only_cma,
    other_zones,
    page_fault,
)
from .hasty_request import hasty
from .kinds import Cause, Facts
from .largest_holder import holders, table


def cause_of(facts: Facts) -> Cause:
    """The first rule that is sure."""
    rules = (
        *(sysrq, memcg, page_fault, broken_marks, fragments, other_zones, only_cma),
        *(hasty, free_but, holders, table),
    )
    for rule in rules:
        found = rule(facts)
        if found:
            return found
    lists = "its memory lists are not whole" if facts.zones else "its memory lists are missing"
    return Cause(
        "unclear",
        f"Why memory was out is not in this text: {lists}.",
        tell="journalctl -k, or the kernel's whole log from `invoked oom-killer` on",
    )


def sysrq(facts: Facts) -> Cause | None:
    if facts.report.kind != "sysrq":
        return None
    why = "SysRq-f asked for a kill (the keyboard, or `echo f > /proc/sysrq-trigger`)"
    return Cause("SysRq", f"{why}; memory need not have been short.")
