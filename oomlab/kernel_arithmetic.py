"""The kernel's arithmetic, for numbers of your own: the marks of a machine, the points of a task.

    import oomlab
    marks = oomlab.watermarks({"DMA": 15360, "DMA32": 2031616, "Normal": 6029312}, kernel="4.4")
    marks.min_free_kbytes                # 67584
    marks.zones["Normal"]                # (50452, 63064, 75676): min, low, high in kB
    oomlab.badness(rss=397587, nr_ptes=787, nr_pmds=6, totalpages=447525, kernel="4.4").score  # 890

Integer arithmetic in the order of that version's divisions. Read in the sources of 2.6.36, 2.6.38,
2.6.39, 3.0 to 3.6, 3.10, 3.14, 3.19, 4.1, 4.4, 4.6 to 4.10, 4.14 to 4.19, 5.0, 5.2, 5.4, 5.6 to
5.10, 5.14, 5.15, 5.17, 6.1, 6.5, 6.6, 6.8, 6.9, 6.12, 6.14 and 6.18: __setup_per_zone_wmarks,
init_per_zone_wmark_min, set_recommended_min_free_kbytes, setup_per_zone_lowmem_reserve,
oom_badness, proc_oom_score. Pages have 4 kB and huge pages 2 MB: a machine with HighMem has PAE.

What a report shows can differ by some pages: the marks are made while the machine boots, when it
manages a little less memory than later; a hot-plugged machine makes them again; and from 5.0 on a
zone's marks include a temporary boost (printed as `boost:`). From 4.1 to 4.5 the boot itself undoes
what khugepaged raised (bc22af74f271 mends the order in 4.6), and counts only what lies above the
high marks that khugepaged made: 11295, not 11367, on the machine above. Such a plain boot is asked
for by the word of the command line, transparent_hugepage="always" or "madvise"; khugepaged=True is
that machine when khugepaged was started by hand, after a boot without it. From 5.16 on
(bd3400ea173f; read in 5.17, not in 5.15) a machine that starts with transparent_hugepage=never
makes min_free_kbytes once more when the marks stand, from what lies above the high marks: 11348,
not 11367, on the machine above with kernel="6.1". What is written to transparent_hugepage/enabled
later is not followed.
"""

import re
from collections.abc import Mapping
from math import isqrt
from typing import Literal, NamedTuple

from .arguments import checked
from .naming import short, whole

PAGE_KB = 4
HUGE_PAGES_FROM = 512 << 8  # pages: with less than 512 MB hugepage_init() switches them off
PAGEBLOCK = 512  # pageblock_nr_pages of x86-64: a huge page
MIGRATE_PCPTYPES = 3
LONG_MIN, INT_MAX = -(1 << 63), (1 << 31) - 1
MOST_PAGES = 1 << 40  # of 4 kB: all that x86-64 can address

ZONES = ("DMA", "DMA32", "Normal", "HighMem", "Movable")  # from low to high
NEWEST = (6, 18)
LAST = {2: 6, 3: 19, 4: 20, 5: 19, 6: NEWEST[1]}  # the last minor release of each major one


class Watermarks(NamedTuple):
    """The marks of a machine as /proc/zoneinfo and an OOM report show them, here all in kB."""

    min_free_kbytes: int
    zones: dict[str, tuple[int, int, int]]  # name -> (min, low, high) in kB


class Badness(NamedTuple):
    """What the OOM killer makes of a task, and what /proc/PID/oom_score says of it."""

    points: int  # pages from 3.5 on, before that thousandths; 0 or LONG_MIN: must not be killed
    score: int


@checked
def watermarks(
    zones: Mapping[str, int],
    *,
    kernel: str,
    khugepaged: bool | None = None,
    transparent_hugepage: Literal["always", "madvise", "never"] | None = None,
    watermark_scale_factor: int | None = None,
    min_free_kbytes: int | None = None,
) -> Watermarks:
    """min_free_kbytes, and min, low and high of each zone in kB, as `kernel` computes them.

    `zones` are the managed kB of DMA, DMA32, Normal, HighMem and Movable, those that there are
    (up to 3.6 Linux took what a report calls `present`). On a machine with several nodes they are
    named as a report names them, "Node 1 Normal". `khugepaged` says that it runs and has raised
    min_free_kbytes, when the marks of the boot stood; left out, it does from 512 MB on. 2.6.36 has
    none. `transparent_hugepage` is that word of the command line, and the marks are those after the
    boot: with "never" khugepaged does not run, and with "always" or "madvise" it does, but from 4.1
    to 4.5 the boot takes back what it raised (see the top of this file). khugepaged=False alone
    stands for a kernel that was built without it.
    `watermark_scale_factor` is the sysctl in ten-thousandths, 10 if left out (4.6 on).
    `min_free_kbytes` is a value that was written to that sysctl last: a khugepaged that is started
    after it may raise it again.
    ValueError, in one sentence, for an unknown zone or version and for a size that cannot be.
    Source: __setup_per_zone_wmarks, init_per_zone_wmark_min, set_recommended_min_free_kbytes.
    """
    version, pages = release(kernel), pages_of(zones)
    never = transparent_hugepage == "never"
    if transparent_hugepage is not None and khugepaged is never:
        raise ValueError(f"with transparent_hugepage={transparent_hugepage} leave khugepaged out")
    large = sum(pages.values()) >= HUGE_PAGES_FROM
    if khugepaged is None:
        khugepaged = large and not never
    scale = scale_factor(version, watermark_scale_factor)
    kbytes = (
        None if min_free_kbytes is None else whole("min_free_kbytes", min_free_kbytes, 0, INT_MAX)
    )
    if kbytes is None:
        marks: dict[str, tuple[int, int, int]] = {}
        undone = large and khugepaged and (4, 1) <= version < (4, 6)
        undone = undone and transparent_hugepage is not None
        if undone:  # by init_per_zone_wmark_min(), which came later
            kbytes = recommended_kbytes(version, pages, freeable(pages, marks))
            marks = zone_marks(version, pages, kbytes, scale)
        kbytes = boot_kbytes(version, freeable(pages, marks))
        if khugepaged and version >= (2, 6, 38) and not undone:  # it comes when the marks stand
            marks = zone_marks(version, pages, kbytes, scale)
            kbytes = max(kbytes, recommended_kbytes(version, pages, freeable(pages, marks)))
        elif never and large and version >= (5, 16):  # start_stop_khugepaged(), at boot
            marks = zone_marks(version, pages, kbytes, scale)
            kbytes = boot_kbytes(version, freeable(pages, marks))
    marks = zone_marks(version, pages, kbytes, scale)
    return Watermarks(
        kbytes,
        {
            name: (PAGE_KB * least, PAGE_KB * low, PAGE_KB * high)
            for name, (least, low, high) in marks.items()
        },
    )


def boot_kbytes(version: tuple[int, ...], lowmem_pages: int) -> int:
    """4 * sqrt(low memory in kB), within bounds (init_per_zone_wmark_min)."""
    most = 262144 if version >= (5, 7) else 65536
    return min(max(isqrt(lowmem_pages * PAGE_KB * 16), 128), most)


def recommended_kbytes(version: tuple[int, ...], pages: dict[str, int], lowmem_pages: int) -> int:
    """What khugepaged wants free: eleven pageblocks a zone, at most 5 % of low memory."""
    counted = [name for name, managed in pages.items() if managed]
    if version >= (4, 17):  # HighMem and Movable need no care against fragmentation
        counted = [name for name in counted if kind(name) not in ("HighMem", "Movable")]
    blocks = 2 + MIGRATE_PCPTYPES * MIGRATE_PCPTYPES
    return min(PAGEBLOCK * len(counted) * blocks, lowmem_pages // 20) * PAGE_KB


def freeable(pages: dict[str, int], marks: dict[str, tuple[int, int, int]]) -> int:
    """nr_free_buffer_pages(): of DMA, DMA32 and Normal what lies above the high mark."""
    low = [name for name in pages if kind(name) not in ("HighMem", "Movable")]
    return sum(max(pages[name] - marks.get(name, (0, 0, 0))[2], 0) for name in low)


def zone_marks(
    version: tuple[int, ...], pages: dict[str, int], kbytes: int, scale: int
) -> dict[str, tuple[int, int, int]]:
    """(min, low, high) of each zone in pages (__setup_per_zone_wmarks).

    A zone's part of min_free_kbytes is that of low memory. HighMem, and Movable from 6.6 on, has
    a small min, but low and high keep the distance of the part that it would have had. Movable
    lies in HighMem where there is one, and then is_highmem() holds for both in every version.
    """
    high = any(managed for name, managed in pages.items() if kind(name) == "HighMem")
    both = version >= (6, 6) or high
    aside = ("HighMem", "Movable") if both else ("HighMem",)
    lowmem = sum(managed for name, managed in pages.items() if kind(name) not in aside)
    if not lowmem:
        raise ValueError("watermarks takes a machine with some memory in DMA, DMA32 or Normal")
    divisor = lowmem if version >= (6, 9) else lowmem % (1 << 32)  # do_div() takes 32 bits of it
    if not divisor:
        raise ValueError(f"up to 6.8 Linux divides by 0 on a machine with {lowmem} pages")
    marks = {}
    for name, managed in pages.items():
        part = kbytes // PAGE_KB * managed // divisor
        least = min(max(managed // 1024, 32), 128) if kind(name) in aside else part
        if version < (4, 6):
            marks[name] = (least, least + part // 4, least + part // 2)
        else:
            step = max(part // 4, managed * scale // 10000)
            marks[name] = (least, least + step, least + 2 * step)
    return marks


@checked
def lowmem_reserve(zones: Mapping[str, int], *, kernel: str) -> dict[str, dict[str, int]]:
    """Pages that a zone keeps from requests that could use a higher zone, with default ratios.

    `zones` as for watermarks(). What comes back is zone -> {higher zone of the request: pages},
    the `lowmem_reserve[]` or `protection` of a report. A zone that is not named counts as empty.
    Source: setup_per_zone_lowmem_reserve. 5.8 to 5.10 do not count a zone in between that has no
    reserve of its own; 6.10 to 6.13 leave empty higher zones out.
    `kernel` is a version such as "5.10". ValueError for an unknown zone or version.
    """
    version, pages = release(kernel), pages_of(zones)
    ratios = {"DMA": 256, "DMA32": 256, "Normal": 32, "HighMem": 32 if version < (4, 17) else 0}
    reserves: dict[str, dict[str, int]] = {}
    for name, managed in pages.items():
        node, ratio = name.removesuffix(kind(name)), ratios.get(kind(name), 0)
        uppers = [node + upper for upper in ZONES[ZONES.index(kind(name)) + 1 :]]
        reserves[name] = {}
        for place, upper in enumerate(uppers):
            between = uppers[:place]
            if (5, 8) <= version < (5, 11):
                between = [zone for zone in between if ratios.get(kind(zone), 0)]
            none = not ratio or version >= (5, 8) and not managed
            none = none or (6, 10) <= version < (6, 14) and not pages.get(upper, 0)
            if upper in pages:
                higher = sum(pages.get(zone, 0) for zone in [*between, upper])
                reserves[name][upper] = 0 if none else higher // ratio
    return reserves


@checked
def badness(
    *,
    rss: int,
    totalpages: int,
    kernel: str,
    swapents: int = 0,
    nr_ptes: int = 0,
    nr_pmds: int = 0,
    pgtables_bytes: int | None = None,
    uid: int = 1000,
    oom_score_adj: int = 0,
    oom_disable_count: int = 0,
) -> Badness:
    """The points of a task and its /proc/PID/oom_score, as `kernel` computes them.

    `rss`, `swapents` and `totalpages` (RAM and swap) are pages of 4 kB, `nr_ptes` and `nr_pmds`
    page-table pages, `pgtables_bytes` their bytes (4.15 on). `uid` 0 stands for CAP_SYS_ADMIN.
    A task that must not be killed (-1000) has 0 points, and LONG_MIN from 5.9 on; its score is 0.
    `oom_disable_count` says how many other processes with -1000 use the same memory: from 2.6.37
    to 3.1 one is enough to protect it, other versions do not ask.
    ValueError, in one sentence, for an unknown version and for a number that cannot be.
    Source: oom_badness, proc_oom_score. Page tables count from 2.6.39 on, PMDs from 4.0 on.
    `oom_score_adj` is -1000 to 1000, in thousandths of `totalpages`.
    """
    version = release(kernel)
    whole("uid", uid)
    sizes = dict(rss=rss, swapents=swapents, nr_ptes=nr_ptes, nr_pmds=nr_pmds)
    for name, value in sizes.items():
        whole(name, value, 0, MOST_PAGES)
    whole("totalpages", totalpages, 1, MOST_PAGES)
    whole("oom_disable_count", oom_disable_count)
    adj = whole("oom_score_adj", oom_score_adj, -1000, 1000)
    used = rss + swapents + page_tables(version, nr_ptes, nr_pmds, pgtables_bytes)
    root = uid == 0
    if adj == -1000:
        return Badness(LONG_MIN if version >= (5, 9) else 0, 0)
    if oom_disable_count and (2, 6, 37) <= version < (3, 2):
        return Badness(0, 0)
    if version < (3, 5):
        points = permille(version, used, totalpages) + adj - (30 if root else 0)
        points = min(max(points, 1), 1000)
        return Badness(points, points)
    if root and of_all_memory(version):
        adj -= 30
    elif root and version < (4, 17):
        used -= used * 3 // 100
    points = used + adj * (totalpages // 1000)
    if version < (5, 9):
        points = max(points, 1)
        return Badness(points, points * 1000 // totalpages)
    share = abs(points) * 1000 // totalpages  # C divides towards zero
    return Badness(points, (1000 + (share if points >= 0 else -share)) * 2 // 3)


def of_all_memory(version: tuple[int, ...]) -> bool:
    """Is root's bonus 3 % of all memory, as to 3.13, or of its own, as from 3.14 on (778c14affaf9)?

    Stable releases took that patch, too: 3.10.4 has it not, 3.10.108 has it.
    """
    unknown = [((3, 10, 5), (3, 10, 108)), ((3, 12, 1), (3, 13)), ((3, 13, 1), (3, 14))]
    if any(first <= version < end for first, end in unknown):
        raise ValueError(
            "which stable releases of 3.10, 3.12 and 3.13 have root's bonus of 3.14 was not "
            "looked up; give 3.13 or 3.14"
        )
    return version < (3, 14) and not (3, 10, 108) <= version < (3, 11)


def page_tables(
    version: tuple[int, ...], nr_ptes: int, nr_pmds: int, pgtables_bytes: int | None
) -> int:
    """Pages of page tables that this version counts."""
    if pgtables_bytes is None:
        counted = (version >= (2, 6, 39)) * nr_ptes + (version >= (4,)) * nr_pmds
        return counted
    whole("pgtables_bytes", pgtables_bytes)
    if version < (4, 15):
        raise ValueError("pgtables_bytes is of 4.15; before it give nr_ptes and nr_pmds")
    if nr_ptes or nr_pmds:
        raise ValueError("give nr_ptes and nr_pmds, or pgtables_bytes, not both")
    return pgtables_bytes // (PAGE_KB * 1024)


def permille(version: tuple[int, ...], used: int, totalpages: int) -> int:
    """Thousandths of memory. 2.6.39 to 3.1 count them in an int, which overflows above 8 GiB.

    Hrbata's patch of October 2011 made it a long, in 3.2 and in the stable 3.0.16; 3.1.10 has it.
    """
    fixed = version >= (3, 1, 10) or (3, 0, 16) <= version < (3, 1)
    if used * 1000 < 1 << 31 or version < (2, 6, 39) or fixed:
        return used * 1000 // totalpages
    if version >= (3, 1, 4):
        raise ValueError("whether 3.1.4 to 3.1.9 overflow with that many pages was not looked up")
    wrapped = int32(int32(used) * 1000)
    return int32(wrapped % (1 << 64) // totalpages)  # divided as unsigned long


def int32(value: int) -> int:
    return (value + (1 << 31)) % (1 << 32) - (1 << 31)


def release(kernel: str) -> tuple[int, ...]:
    """`2.6.38`, `4.4` or `6.12.3` as numbers. ValueError for what is no release from 2.6.36 on."""
    parts = kernel.split(".") if isinstance(kernel, str) else [""]
    if 2 <= len(parts) <= 4 and all(part.isascii() and part.isdigit() for part in parts):
        version = tuple(map(int, parts))
        known = version[1] <= LAST.get(version[0], -1)
        if known and version >= (2, 6, 36) and not (version[0] == 2 and version[2] > 39):
            return version
    raise ValueError(
        f"kernel takes a release from 2.6.36 to 6.18, such as '4.4', not {short(kernel)}"
    )


def pages_of(zones: Mapping[str, int]) -> dict[str, int]:
    """Managed pages by zone, node by node and from low to high."""
    place: dict[str, tuple[int, int]] = {}
    for name, kbytes in zones.items():
        found = re.fullmatch(r"(?:Node ([0-9]+) )?(\w+)", name) if isinstance(name, str) else None
        if found is None or found[2] not in ZONES:
            raise ValueError(f"a zone is {', '.join(ZONES[:-1])} or {ZONES[-1]}, not {short(name)}")
        here = int(found[1] or 0), ZONES.index(found[2])
        if here in place.values():
            raise ValueError(f"zone {name} is given twice: without a node, it is of node 0")
        place[name] = here
        whole(f"zone {name}", kbytes, 0, PAGE_KB * MOST_PAGES)
    return {name: zones[name] // PAGE_KB for name in sorted(place, key=place.__getitem__)}


def kind(zone: str) -> str:
    """`Normal` of `Node 1 Normal`."""
    return zone.rpartition(" ")[2]


def scale_factor(version: tuple[int, ...], given: int | None) -> int:
    if given is None:
        return 10
    if version < (4, 6):
        raise ValueError("watermark_scale_factor is of 4.6; before it there is no such sysctl")
    wide = version >= (5, 17) or (5, 15, 85) <= version < (5, 16)  # read there, not before it
    return whole("watermark_scale_factor", given, 1, 3000 if wide else 1000)
