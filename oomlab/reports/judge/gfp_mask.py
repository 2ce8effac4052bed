"""gfp_mask: the numbers of older kernels as names, and the names in words.

Since 4.6 the header prints the names itself. Before, only the number is there, and a bit means
what it means in that version: layouts below are include/linux/gfp.h of 2.6.32-4.3, 4.4-4.5 and
4.20+; bit 20 is __GFP_KMEMCG from 3.8 to 3.15, __GFP_NOACCOUNT from 4.1 on, __GFP_ACCOUNT in 4.5.
From 4.6 to 4.19 the names are always printed, so that no table is needed.
"""

OLDEST = """
    DMA HIGHMEM DMA32 MOVABLE WAIT HIGH IO FS COLD NOWARN REPEAT NOFAIL NORETRY MEMALLOC COMP
    ZERO NOMEMALLOC HARDWALL THISNODE RECLAIMABLE KMEMCG NOTRACK NO_KSWAPD OTHER_NODE WRITE
"""
V4_4 = """
    DMA HIGHMEM DMA32 MOVABLE RECLAIMABLE HIGH IO FS COLD NOWARN REPEAT NOFAIL NORETRY MEMALLOC
    COMP ZERO NOMEMALLOC HARDWALL THISNODE ATOMIC NOACCOUNT NOTRACK DIRECT_RECLAIM OTHER_NODE
    WRITE KSWAPD_RECLAIM
"""
V4_20 = """
    DMA HIGHMEM DMA32 MOVABLE RECLAIMABLE HIGH IO FS ZERO ATOMIC DIRECT_RECLAIM KSWAPD_RECLAIM
    WRITE NOWARN RETRY_MAYFAIL NOFAIL NORETRY MEMALLOC COMP NOMEMALLOC HARDWALL THISNODE ACCOUNT
"""

# Sets that have a name, largest first, so that a mask is said in the fewest words.
SETS = {
    "GFP_HIGHUSER_MOVABLE": "RECLAIM IO FS HARDWALL HIGHMEM MOVABLE",
    "GFP_HIGHUSER": "RECLAIM IO FS HARDWALL HIGHMEM",
    "GFP_USER": "RECLAIM IO FS HARDWALL",
    "GFP_KERNEL": "RECLAIM IO FS",
    "GFP_NOFS": "RECLAIM IO",
    "GFP_NOIO": "RECLAIM",
}

WORDS = {
    "GFP_HIGHUSER_MOVABLE": "a page for a process, movable",
    "GFP_HIGHUSER": "a page for a process",
    "GFP_USER": "a page for a process that the kernel must reach",
    "GFP_KERNEL": "memory for the kernel itself",
    "GFP_KERNEL_ACCOUNT": "memory for the kernel itself, charged to the task's cgroup",
    "GFP_NOFS": "memory for a file system, which may not be entered again",
    "GFP_NOIO": "memory for the I/O path, which may not do I/O",
    "GFP_NOWAIT": "memory at once, without reclaim",
    "GFP_ATOMIC": "memory at once, from the reserves",
    "GFP_TEMPORARY": "short-lived memory for the kernel itself",
    "GFP_TRANSHUGE": "a huge page",
    "__GFP_ZERO": "filled with zeros",
    "__GFP_ACCOUNT": "charged to the task's cgroup",
    "__GFP_NOFAIL": "must not fail",
    "__GFP_NORETRY": "gives up early",
    "__GFP_RETRY_MAYFAIL": "tries hard, may fail",
    "__GFP_REPEAT": "tries hard",
    "__GFP_THISNODE": "from this node only",
    "__GFP_DMA": "from the DMA zone",
    "__GFP_DMA32": "below 4 GiB",
    "__GFP_WRITE": "about to be written to",
    "__GFP_COMP": "one compound page",
    "__GFP_NOWARN": "without a warning",
    "__GFP_COLD": "cache-cold",
    "__GFP_MEMALLOC": "may use all reserves",
    "__GFP_NOMEMALLOC": "never from the reserves",
}


def decode(mask: int, version: tuple[int, ...] | None) -> tuple[str, ...]:
    """The names of a numeric mask, or () if this version's meaning of the bits is not known."""
    if version is None or (4, 6) <= version[:2] < (4, 20):
        return ()
    names_of = OLDEST if version[:2] < (4, 4) else V4_4 if version[:2] < (4, 6) else V4_20
    layout = names_of.split()
    if (4, 1) <= version[:2] < (4, 6):
        layout[20] = "ACCOUNT" if version[:2] == (4, 5) else "NOACCOUNT"
    bits = {name for bit, name in enumerate(layout) if mask >> bit & 1}
    for reclaim in ({"WAIT"}, {"DIRECT_RECLAIM", "KSWAPD_RECLAIM"}):
        if reclaim <= bits:
            bits = bits - reclaim | {"RECLAIM"}
    names = []
    for name, parts in SETS.items():
        if set(parts.split()) <= bits:
            names.append(name)
            bits -= set(parts.split())
            break
    return (*names, *(f"__GFP_{name}" for name in layout + ["RECLAIM"] if name in bits))


def in_words(flags: tuple[str, ...]) -> str:
    """A sentence fragment for the flags a reader should know; unknown names are left out."""
    return ", ".join(WORDS[flag] for flag in flags if flag in WORDS)
