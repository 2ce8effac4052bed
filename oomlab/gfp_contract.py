"""What each class of request may do to get its page, version by version: a contract.

    from oomlab.gfp_contract import contract
    contract("GFP_NOWAIT", "4.4")      # Terms(mark=100, reclaims=False, kills=False, ...)

The table was read from gfp_to_alloc_flags, __alloc_pages_slowpath, __alloc_pages_may_oom and
out_of_memory of each version named in it; tests/test_gfp_contract.py holds the model to every cell,
and docs/gfp-contract.md is written from it. All requests are for one page, where no order is named.
"""

from typing import NamedTuple

from .model.gfp import (
    __GFP_HIGH,
    __GFP_KSWAPD_RECLAIM,
    __GFP_NOFAIL,
    __GFP_NORETRY,
    __GFP_RETRY_MAYFAIL,
    GFP_ATOMIC,
    GFP_KERNEL,
    GFP_NOFS,
    GFP_NOWAIT,
)

VERSIONS = (
    *("2.6.38", "3.10", "4.4", "4.6", "4.10", "4.14", "4.19"),
    *("5.1", "5.4", "5.10", "6.1", "6.12", "6.18"),
)


class Terms(NamedTuple):
    """What one request may do."""

    mark: int  # above how many pages free must be for it, where the min mark is 100
    reclaims: bool  # it frees pages itself
    kills: bool  # it may call the OOM killer for a victim
    fails: bool  # it may come back without a page
    dips: bool  # at the end it may take a page from below its mark


class Request(NamedTuple):
    """A class of requests, and since which version which terms hold."""

    name: str
    gfp: int
    who: str  # "task", "victim" (marked by the OOM killer) or "reclaimer" (PF_MEMALLOC)
    order: int
    since: dict[str, Terms]
    why: str


ORDINARY = Terms(100, True, True, False, False)
AT_ONCE = Terms(38, False, False, True, False)

REQUESTS = (
    Request(
        "GFP_ATOMIC",
        GFP_ATOMIC,
        "task",
        0,
        {"2.6.38": AT_ONCE},
        "__GFP_HIGH halves the mark, and not waiting takes a quarter more off.",
    ),
    Request(
        "GFP_NOWAIT",
        GFP_NOWAIT,
        "task",
        0,
        {"2.6.38": AT_ONCE._replace(mark=75), "4.4": AT_ONCE._replace(mark=100)},
        "Up to 4.3 whoever could not wait was ALLOC_HARDER; since 4.4 that takes __GFP_ATOMIC.",
    ),
    Request(
        "__GFP_HIGH without waiting, and without __GFP_ATOMIC",
        __GFP_HIGH | __GFP_KSWAPD_RECLAIM,
        "task",
        0,
        {"2.6.38": AT_ONCE, "4.4": AT_ONCE._replace(mark=50), "6.12": AT_ONCE},
        "6.3 took __GFP_ATOMIC away: not waiting counts again, but only with __GFP_HIGH.",
    ),
    Request(
        "GFP_KERNEL",
        GFP_KERNEL,
        "task",
        0,
        {"2.6.38": ORDINARY},
        "Too small to fail: it loops until there is memory, or until it is itself a victim.",
    ),
    Request(
        "GFP_NOFS",
        GFP_NOFS,
        "task",
        0,
        {"2.6.38": ORDINARY._replace(kills=False)},
        "Reclaim may be held up by the very locks it holds, so no task is killed; it loops. In "
        "2.6.38 it does not even look for what became free, until there is something to reclaim. "
        "Since 4.7 a caller that is dying is marked as a victim and gets out.",
    ),
    Request(
        "GFP_KERNEL | __GFP_NORETRY",
        GFP_KERNEL | __GFP_NORETRY,
        "task",
        0,
        {"2.6.38": Terms(100, True, False, True, False)},
        "One round of reclaim.",
    ),
    Request(
        "GFP_KERNEL | __GFP_RETRY_MAYFAIL (__GFP_REPEAT before 4.13)",
        GFP_KERNEL | __GFP_RETRY_MAYFAIL,
        "task",
        0,
        {"2.6.38": ORDINARY, "4.14": Terms(100, True, False, True, False)},
        "__GFP_REPEAT meant nothing for small requests, but that 4.4 and 4.6 do not kill before as "
        "many pages as it wants were reclaimed. The new flag means what it says.",
    ),
    Request(
        "GFP_KERNEL | __GFP_NOFAIL",
        GFP_KERNEL | __GFP_NOFAIL,
        "task",
        0,
        {"2.6.38": ORDINARY, "4.6": ORDINARY._replace(dips=True)},
        "Since 5020e285856c one look without any mark after the killer was called.",
    ),
    Request(
        "GFP_NOFS | __GFP_NOFAIL",
        GFP_NOFS | __GFP_NOFAIL,
        "task",
        0,
        {
            "2.6.38": ORDINARY._replace(kills=False),
            "4.4": ORDINARY,
            "4.6": ORDINARY._replace(dips=True),
            "4.14": ORDINARY._replace(kills=False, dips=True),
        },
        "In 4.4 to 4.10 __GFP_NOFAIL bypasses every excuse not to kill; since 06ad276ac187 it "
        "does not, and out_of_memory() says true without a kill, so that it dips.",
    ),
    Request(
        "GFP_KERNEL | __GFP_NOFAIL, order 4",
        GFP_KERNEL | __GFP_NOFAIL,
        "task",
        4,
        {
            "2.6.38": ORDINARY,
            "4.6": ORDINARY._replace(dips=True),
            "4.10": Terms(100, True, False, True, False),
            "4.14": ORDINARY._replace(kills=False),
        },
        "It bypasses the rule for large requests. In 4.10 it does not, and fails in spite of its "
        "flag; since 4.14 it loops, with a quarter of the mark off at the end, since 6.3 with half "
        "of it. So does one that also has __GFP_RETRY_MAYFAIL, of any order, and it never kills.",
    ),
    Request(
        "GFP_KERNEL, order 4",
        GFP_KERNEL,
        "task",
        4,
        {"2.6.38": Terms(100, True, False, True, False)},
        "Above PAGE_ALLOC_COSTLY_ORDER (3) a kill would hardly help.",
    ),
    Request(
        "GFP_KERNEL by a victim",
        GFP_KERNEL,
        "victim",
        0,
        {
            "2.6.38": Terms(0, False, False, True, False),
            "4.14": Terms(50, True, False, True, False),
        },
        "TIF_MEMDIE lifts every mark, and if that is not enough the request fails at once. "
        "ALLOC_OOM (cd04ae1e2dc8) is half of the mark, for every thread of the process.",
    ),
    Request(
        "GFP_KERNEL | __GFP_NOFAIL by a victim",
        GFP_KERNEL | __GFP_NOFAIL,
        "victim",
        0,
        {
            "2.6.38": Terms(0, False, False, False, False),
            "4.6": Terms(0, True, False, False, False),
            "4.14": Terms(50, True, False, False, True),
        },
        "Up to 4.4 it looks for a free page again and again, and does nothing else "
        "(__alloc_pages_high_priority). Since 4.6 it reclaims; since 4.14 it may take the last "
        "page, when the killer was called.",
    ),
    Request(
        "GFP_ATOMIC by a victim",
        GFP_ATOMIC,
        "victim",
        0,
        {"2.6.38": AT_ONCE._replace(mark=0), "4.14": AT_ONCE},
        "Its own rights come first, and reach deeper than ALLOC_OOM.",
    ),
    Request(
        "GFP_KERNEL | __GFP_NOFAIL inside reclaim (PF_MEMALLOC)",
        GFP_KERNEL | __GFP_NOFAIL,
        "reclaimer",
        0,
        {"2.6.38": Terms(0, False, False, False, False)},
        "It can neither reclaim nor fail: it looks for a free page again and again.",
    ),
    Request(
        "GFP_KERNEL inside reclaim (PF_MEMALLOC)",
        GFP_KERNEL,
        "reclaimer",
        0,
        {"2.6.38": Terms(0, False, False, True, False)},
        "It must not reclaim within reclaim, so it may take what there is.",
    ),
)


CHARGES = (
    "## A charge to a memory cgroup",
    "",
    "In the model only what a task maps or writes to tmpfs is charged, with GFP_KERNEL. What the",
    "kernel takes for itself (the program `alloc`, page tables, stacks, slab) is charged to no",
    "cgroup, so that no limit stops it. Linux charges it from 4.5 on, where `__GFP_ACCOUNT` asks",
    "for it and no kthread does. At the limit such a charge does what its flags say (read in",
    "`try_charge()` of the releases named):",
    "",
    "- It must not wait: it fails. `GFP_ATOMIC` goes over the limit in 5.4 to 5.15, `__GFP_HIGH`",
    "  in 6.1 and later.",
    "- `__GFP_NORETRY`: it fails after reclaim, in 3.10 before it.",
    "- `__GFP_RETRY_MAYFAIL`: it fails, in 4.19 to 5.2 after one kill, from 5.4 on without one.",
    "- `__GFP_NOFAIL`: it goes over the limit, up to 5.10 without a kill, in 6.1 and later only",
    "  when no task is left to kill, or when its own task is dying.",
    "- Without `__GFP_FS`: in 4.19 to 5.2 no task is killed, and it is tried for ever; from 5.4 on",
    "  it kills.",
    "- Inside reclaim (PF_MEMALLOC): it goes over the limit, from 4.9 on.",
    "- In 4.4 to 4.14 it fails, and only a page fault in user mode ends with a kill.",
    "- Where `memory.oom_control` of v1 has switched the killer off, it fails from 4.4 on, and a",
    "  page fault sleeps until there is room; in 2.6.38 and 3.10 each charge sleeps. The model has",
    "  no such switch.",
    "",
)


def contract(name: str, version: str) -> Terms:
    """The terms of the class of requests `name` in one of VERSIONS. ValueError if there is none."""
    request = next((r for r in REQUESTS if r.name == name), None)
    if request is None or version not in VERSIONS:
        raise ValueError(f"no request {name!r} in {version}: see REQUESTS and VERSIONS")
    until_now = VERSIONS[: VERSIONS.index(version) + 1]
    return request.since[next(v for v in reversed(until_now) if v in request.since)]


def page() -> str:
    """The table as a page of the reference, docs/gfp-contract.md."""
    lines = [
        "# What a request may do: the GFP contract",
        "",
        "How far a request reaches, and what it does when there is nothing, by version. Free",
        "memory must be *above* the mark; the min mark counts 100 here. Each cell was read in the",
        "source of that version, and a test holds the model to it. This page is written by",
        "`python -m oomlab.gfp_contract`. Left out: `__GFP_THISNODE`, requests for low zones, and",
        "core dumps (from 3.10 on); for these no task is killed. `__GFP_NOFAIL` with",
        "`__GFP_NORETRY` fails up to 4.10; since 4.14 it is tried for ever, and never kills.",
        "",
        "The model counts pages and does not address them: memory is never fragmented, so a",
        "request of order 4 finds its 16 pages where so many are free, and no block is kept for",
        "atomic requests of a high order. Nor is there compaction. Where that has too little room,",
        "Linux 5.10 and later refuse a request of order 4 or more with `__GFP_NORETRY` before any",
        "reclaim; and 6.12 refuses one with `__GFP_RETRY_MAYFAIL` but without `__GFP_IO` after one",
        "round. In the model the first reclaims once, and the second tries on.",
        "",
        "2.6.38 keeps two pages more: `__zone_watermark_ok` takes `(1 << order) + 1` off what is",
        "free, and later versions `(1 << order) - 1`, as the model does. While a suspend has the",
        "killer off, 2.6.38 and 3.10 fail even a request with `__GFP_NOFAIL`. Left out: while the",
        "devices sleep, Linux takes `__GFP_IO` and `__GFP_FS` from every request",
        "(`pm_restrict_gfp_mask`). Then nothing goes to swap; and 2.6.38 tries each request of",
        "order 3 or less for ever, 3.10 one with `__GFP_NOFAIL`, where in the model they fail.",
        "",
        "Simplified: a real-time victim that may wait and asks with `__GFP_HIGH` has, from 4.14",
        "to 6.2, one first look by its own rights, above 38; here it begins with a victim's,",
        "above 50.",
        "",
    ]
    for request in REQUESTS:
        lines += [f"## {request.name}", "", request.why, ""]
        lines += ["| since | mark | reclaims | kills | may fail | dips below its mark |"]
        lines += ["|---|---|---|---|---|---|"]
        for since, terms in request.since.items():
            words = ["none" if terms.mark == 0 else str(terms.mark)]
            words += ["yes" if term else "no" for term in terms[1:]]
            lines.append(f"| {since} | {' | '.join(words)} |")
        lines.append("")
    return "\n".join([*lines, *CHARGES])


if __name__ == "__main__":
    print(page(), end="")
