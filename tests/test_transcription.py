"""The kernel's arithmetic once more, line by line from the sources, against the package.

Written from the C of the releases named in each function, without a look at the package: unsigned
long is taken modulo 2**64, `int` has 32 bits, and shifts stand where the C has shifts.
"""

from math import isqrt
from random import Random

import pytest
from wide import examples

from oomlab import badness, lowmem_reserve, watermarks

KERNELS = ["2.6.38", "3.4", "3.10", "3.14", "4.4", "4.6", "4.10", "4.14", "4.16", "4.17", "4.19"]
KERNELS += ["5.0", "5.4", "5.6", "5.7", "5.8", "5.9", "5.10", "5.14", "5.15", "5.17", "6.1"]
KERNELS += ["6.5", "6.6", "6.9", "6.12", "6.18"]
MAX_NR_ZONES = ("DMA", "DMA32", "Normal", "HighMem", "Movable")
ULONG = 1 << 64


def c_div(a: int, b: int) -> int:
    """Division of C: towards zero."""
    return abs(a) // b * (1 if a >= 0 else -1)


# mm/page_alloc.c


def is_highmem(zone: str, zones: dict) -> bool:
    """K 4.4, 6.1: ZONE_HIGHMEM, and ZONE_MOVABLE where movable_zone is ZONE_HIGHMEM."""
    return zone == "HighMem" or zone == "Movable" and bool(zones.get("HighMem"))


def setup_per_zone_wmarks(v: tuple, zones: dict, min_free_kbytes: int, scale: int) -> dict:
    """K 2.6.38, 3.10, 4.4, 4.6, 6.1, 6.12."""
    pages_min, lowmem_pages, marks = min_free_kbytes >> 2, 0, {}
    for zone, managed in zones.items():
        if not is_highmem(zone, zones) and not (v >= (6, 6) and zone == "Movable"):
            lowmem_pages += managed
    for zone, managed in zones.items():
        tmp = pages_min * managed % ULONG // (lowmem_pages % (1 << 32 if v < (6, 9) else ULONG))
        if is_highmem(zone, zones) or v >= (6, 6) and zone == "Movable":
            wmark_min = min(max(managed // 1024, 32), 128)
        else:
            wmark_min = tmp
        if v < (4, 6):
            marks[zone] = wmark_min, wmark_min + (tmp >> 2), wmark_min + (tmp >> 1)
            continue
        quot, rem = divmod(managed, 10000)  # mult_frac()
        tmp = max(tmp >> 2, quot * scale + rem * scale // 10000)
        marks[zone] = wmark_min, wmark_min + tmp, wmark_min + tmp * 2
    return marks


def nr_free_buffer_pages(zones: dict, marks: dict) -> int:
    """K 2.6.38 to 6.12 nr_free_zone_pages(gfp_zone(GFP_USER)): up to ZONE_NORMAL."""
    total = 0
    for zone in MAX_NR_ZONES[:3]:
        size, high = zones.get(zone, 0), marks.get(zone, (0, 0, 0))[2]
        if size > high:
            total += size - high
    return total


def init_per_zone_wmark_min(v: tuple, zones: dict) -> int:
    """K 2.6.38, 5.4: at most 65536. K 5.10, 6.1: 262144."""
    lowmem_kbytes = nr_free_buffer_pages(zones, {}) * 4
    kbytes = isqrt(lowmem_kbytes * 16)
    if kbytes < 128:
        kbytes = 128
    if kbytes > (65536 if v < (5, 7) else 262144):
        kbytes = 65536 if v < (5, 7) else 262144
    return kbytes


def set_recommended_min_free_kbytes(v: tuple, zones: dict, marks: dict, kbytes: int) -> int:
    """K 2.6.38 to 4.14: all populated zones. K 4.19 on: none above gfp_zone(GFP_USER)."""
    nr_zones = 0
    for zone, managed in zones.items():
        if managed and (v < (4, 17) or MAX_NR_ZONES.index(zone) <= 2):
            nr_zones += 1
    recommended = 512 * nr_zones * 2
    recommended += 512 * nr_zones * 3 * 3
    recommended = min(recommended, nr_free_buffer_pages(zones, marks) // 20)
    recommended <<= 2
    return recommended if recommended > kbytes else kbytes


def machine_marks(
    v: tuple, zones: dict, khugepaged: bool, scale: int, never: bool = False
) -> tuple[int, dict]:
    """K 5.15 start_stop_khugepaged: nothing when huge pages are off. K 5.17, 6.1, 6.12: once more.

    K 5.15, 6.12 hugepage_init: with less than 512 MB it returns before.
    """
    kbytes = init_per_zone_wmark_min(v, zones)
    marks = setup_per_zone_wmarks(v, zones, kbytes, scale)
    if never:
        if v >= (5, 16) and sum(zones.values()) >= 512 << (20 - 12):
            kbytes = isqrt(nr_free_buffer_pages(zones, marks) * 4 * 16)
            kbytes = max(128, min(kbytes, 262144))
            marks = setup_per_zone_wmarks(v, zones, kbytes, scale)
    elif khugepaged:
        kbytes = set_recommended_min_free_kbytes(v, zones, marks, kbytes)
        marks = setup_per_zone_wmarks(v, zones, kbytes, scale)
    return kbytes, {zone: tuple(4 * mark for mark in three) for zone, three in marks.items()}


def setup_per_zone_lowmem_reserve(v: tuple, zones: dict) -> dict:
    """K 2.6.38, 4.19, 5.10 walk down from each zone; K 6.1, 6.12 walk up. All zones of a node."""
    ratio = {"DMA": 256, "DMA32": 256, "Normal": 32, "HighMem": 32 if v < (4, 17) else 0}
    size = {zone: zones.get(zone, 0) for zone in MAX_NR_ZONES}
    reserve: dict = {zone: {} for zone in MAX_NR_ZONES}
    if v < (5, 11):
        for j in range(5):
            managed_pages = size[MAX_NR_ZONES[j]]
            for idx in range(j - 1, -1, -1):
                lower = MAX_NR_ZONES[idx]
                if not ratio[lower] or v >= (5, 8) and not size[lower]:
                    reserve[lower][MAX_NR_ZONES[j]] = 0
                    if v >= (5, 8):
                        continue
                else:
                    reserve[lower][MAX_NR_ZONES[j]] = managed_pages // ratio[lower]
                managed_pages += size[lower]
        return reserve
    for i in range(4):
        zone, managed_pages = MAX_NR_ZONES[i], 0
        clear = not ratio[zone] or not size[zone]
        for upper in MAX_NR_ZONES[i + 1 :]:
            managed_pages += size[upper]
            empty = (6, 10) <= v < (6, 14) and not size[upper]
            reserve[zone][upper] = 0 if clear or empty else managed_pages // ratio[zone]
    return reserve


# mm/oom_kill.c, fs/proc/base.c


def oom_badness(v, rss, swap, ptes, pmds, root, adj, total, others) -> int:
    """K 2.6.38; 3.4; 3.10; 3.14, 4.4, 4.10; 4.19, 5.4; 5.10, 6.12."""
    if v < (3, 5):
        if adj == -1000 or others and v < (3, 2):
            return 0
        points = (rss + swap + (ptes if v >= (2, 6, 39) else 0)) * 1000 % ULONG // total
        if root:
            points -= 30
        points += adj
        if points <= 0:
            return 1
        return points if points < 1000 else 1000
    if adj == -1000:
        return 0 if v < (5, 9) else -(1 << 63)
    points = rss + swap + ptes + (pmds if v >= (4, 0) else 0)
    if root and v < (3, 14):
        adj -= 30
    elif root and v < (4, 17):
        points -= points * 3 // 100
    points += adj * (total // 1000)
    if v < (5, 9):
        return points if points > 0 else 1
    return points


def proc_oom_score(v, points: int, total: int) -> int:
    """K 2.6.38, 3.4: the points. K 3.10 to 5.4: points * 1000 / totalpages. K 5.10: halved."""
    if v < (3, 5):
        return points
    if v < (5, 9):
        return points * 1000 % ULONG // total
    if points == -(1 << 63):
        return 0
    return c_div((1000 + c_div(points * 1000, total)) * 2, 3)


# random machines and tasks


def random_zones(draw: Random) -> dict:
    """Managed pages: zones of odd sizes, tiny, missing, empty, and some HighMem and Movable."""
    zones = {}
    for name, chance in zip(MAX_NR_ZONES, (0.8, 0.7, 0.8, 0.2, 0.3), strict=True):
        if draw.random() < chance:
            zones[name] = (
                0 if draw.random() < 0.05 else draw.randrange(1, 1 << draw.randrange(2, 31))
            )
    if not any(zones.get(name) for name in MAX_NR_ZONES[:3]):
        zones = {"DMA": draw.randrange(16, 4000), **zones} | {"DMA": draw.randrange(16, 4000)}
    return zones


def shown(reserves: dict, zones: dict) -> dict:
    """Of all reserves those of the zones that were asked for."""
    return {z: {up: n for up, n in reserves[z].items() if up in zones} for z in zones}


@pytest.mark.parametrize("seed", range(examples(300) // 300))
def test_the_marks_of_random_machines(seed):
    draw = Random(seed)
    for _ in range(300):
        kernel, zones = draw.choice(KERNELS), random_zones(draw)
        v = tuple(map(int, kernel.split(".")))
        khugepaged, scale = draw.random() < 0.5, 10
        more = {}
        if v >= (4, 6) and draw.random() < 0.3:
            scale = more["watermark_scale_factor"] = draw.randrange(1, 1001)
        kb = {zone: 4 * pages + draw.randrange(4) for zone, pages in zones.items()}
        never = draw.random() < 0.2
        how = {"transparent_hugepage": "never"} if never else {"khugepaged": khugepaged}
        found = watermarks(kb, kernel=kernel, **how, **more)
        expected = machine_marks(v, zones, khugepaged, scale, never)
        assert (found.min_free_kbytes, found.zones) == expected, (kernel, zones, khugepaged, scale)
        got = lowmem_reserve(kb, kernel=kernel)
        assert got == shown(setup_per_zone_lowmem_reserve(v, zones), zones), (kernel, zones)


@pytest.mark.parametrize("seed", range(examples(300) // 300))
def test_the_points_of_random_tasks(seed):
    draw = Random(seed)
    for _ in range(300):
        kernel = draw.choice(KERNELS)
        v = tuple(map(int, kernel.split(".")))
        total = draw.randrange(1, 1 << draw.randrange(2, 40))
        rss, swap = (draw.randrange(1 << draw.randrange(1, 39)) for _ in range(2))
        ptes, pmds = draw.randrange(1 << 20), draw.randrange(1 << 12)
        adj = draw.choice((-1000, -999, 0, 1000, draw.randrange(-1000, 1001)))
        uid, others = draw.choice((0, 1000)), draw.choice((0, 0, 2))
        points = oom_badness(v, rss, swap, ptes, pmds, uid == 0, adj, total, others)
        tables = {"nr_ptes": ptes, "nr_pmds": pmds}
        if v >= (4, 15):
            tables = {"pgtables_bytes": 4096 * (ptes + pmds)}
        found = badness(
            rss=rss,
            swapents=swap,
            totalpages=total,
            uid=uid,
            oom_score_adj=adj,
            oom_disable_count=others,
            kernel=kernel,
            **tables,
        )
        assert found == (points, proc_oom_score(v, points, total)), (kernel, rss, swap, adj, total)
