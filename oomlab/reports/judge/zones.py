"""Could this zone have served the request? The kernel's own test, zone by zone.

A request names the highest zone it may use (gfp_zone). In each zone up to that one the free pages,
less those it may not touch (free CMA pages unless it is movable, the high-atomic reserve, the
zone's lowmem_reserve in the request's own column), must be more than the min mark (asked.py: how
much of it binds); above order 0 a free block of a type it may use must be there too, and before 4.4
for each order half as much as for the one below it. Sources: gfp_zone and GFP_ZONE_TABLE
(include/linux/gfp.h), __zone_watermark_ok and show_migration_types (mm/page_alloc.c; v6.8:
mm/show_mem.c), v2.6.38 to v6.18. The letters of free blocks: U unmovable, M movable, E reclaimable,
R reserve (to 4.3), H high-atomic, C CMA, I isolated.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import combinations

from ..read.report import PrintedZone, Report
from .asked import GFP_HIGHMEM, GFP_MOVABLE, Asked, asked_of
from .kernels import version

ZONES = ("DMA", "DMA32", "Normal", "HighMem", "Movable", "Device")  # from the lowest, mmzone.h
GFP_DMA, GFP_DMA32 = 1, 4  # of all versions
MOVABLE_ONLY, NEVER = "C", "I"


@dataclass(frozen=True)
class Judged:
    """A zone before the request. Sizes in KiB; None where the text does not tell."""

    node: int | None
    name: str
    allowed: bool | None  # by the gfp mask and the nodes
    usable: bool | None  # it could have served the request
    why: str
    free_kib: int
    available_kib: int | None  # free, less what this request may not touch
    min_kib: int | None  # the mark it has to stay above, as low as this request may go
    blocks: int | None = None  # free blocks that are large enough and of a type it may use
    other_blocks: int = 0  # free blocks large enough, of types it may not use
    size_kib: int = 0

    @property
    def title(self) -> str:
        return self.name if self.node is None else f"Node {self.node} {self.name}"


def highest_zone(mask: int) -> str:
    """gfp_zone(), as if all zones were built in."""
    if mask & GFP_DMA:
        return "DMA"
    if mask & GFP_DMA32:
        return "DMA32"
    if mask & GFP_HIGHMEM:
        return "Movable" if mask & GFP_MOVABLE else "HighMem"
    return "Normal"


def judged_zones(report: Report) -> list[Judged]:
    """Every zone of Mem-Info before the request of the report."""
    if report.memory is None:
        return []
    asked = asked_of(report)
    zones = [zone for zone in report.memory.zones if "free" in zone.sizes_kb]
    return [_judged(report, asked, zone, zones) for zone in zones]


def _judged(report: Report, asked: Asked, zone: PrintedZone, zones: list[PrintedZone]) -> Judged:
    sizes = zone.sizes_kb
    size = sizes.get("managed", sizes.get("present", 0))
    allowed, why = _allowed(asked, zone, zones)
    usable, available = (False, 0) if allowed is False else (None, None)
    least = sizes.get("min")
    told = Judged(
        zone.node, zone.name, allowed, usable, why, sizes["free"], available, least, size_kib=size
    )
    if not allowed or least is None:
        return told
    mark = _mark(asked, sizes, report.page_kb)
    spent = _untouchable(asked, sizes, report.page_kb)
    free = sizes["free"] - sum(spent.values())
    best, worst = (free - pages * report.page_kb for pages in _reserve(report, asked, zone, zones))
    words = [f"{kb} kB {what}" for what, kb in spent.items()]
    if worst < free:
        much = f"{free - worst}" if best == worst else f"{free - best} to {free - worst}"
        words.append(f"lowmem_reserve {much} kB, kept for requests that have no other zone")
    here = f"{sizes['free']} kB free" + (f", less {' and '.join(words)}" if words else "")
    what = f"its min mark of {mark} kB" if asked.marks else "0, as no mark binds this request"
    if best <= mark:
        short = f"{here}: not above {what}"
        told = replace(told, available_kib=best, min_kib=mark)
        if asked.boosted or "boost" in sizes:
            return replace(told, usable=False, why=short)
        return replace(told, why=f"{short}; a boost of the mark, not printed here, would not bind")
    told = replace(told, available_kib=worst, min_kib=mark)
    if worst <= mark:
        return replace(told, why=f"{here}: which column applies is not sure")
    if asked.order:
        return _with_block(told, asked, zone, f"{here}: above {what}", report.page_kb)
    return replace(told, usable=True, why=f"{here}: above {what}")


def _allowed(asked: Asked, zone: PrintedZone, zones: list[PrintedZone]) -> tuple[bool | None, str]:
    """By the gfp mask and the nodes, and why it is not, or what is not known."""
    if asked.zone_mask is None:
        return None, "the request is not in the text"
    highest = _configured(highest_zone(asked.zone_mask), zones)
    if zone.name in ZONES and ZONES.index(zone.name) > ZONES.index(highest):
        return False, f"the gfp mask allows {highest} and lower zones only"
    if asked.nodes and zone.node is not None and zone.node not in asked.nodes:
        return False, "the request was bound to other nodes"
    return True, "its marks are not in the text"


def _mark(asked: Asked, sizes: dict[str, int], page_kb: int) -> int:
    """The min mark as low as this request may go: half of it, three quarters of that; or 0."""
    if not asked.marks:
        return 0
    pages = (sizes["min"] - (0 if asked.boosted else sizes.get("boost", 0))) // page_kb
    pages -= pages // 2 if asked.high else 0
    pages -= pages // 4 if asked.harder else 0
    return pages * page_kb


def _untouchable(asked: Asked, sizes: dict[str, int], page_kb: int) -> dict[str, int]:
    """Free pages that are for other requests, in kB (__zone_watermark_unusable_free)."""
    found = {}
    if asked.order and asked.marks:
        found["that the block itself takes"] = ((1 << asked.order) - 1) * page_kb
    if not asked.movable and sizes.get("free_cma"):
        found["free CMA pages, which are for movable ones"] = sizes["free_cma"]
    high_atomic = sizes.get("free_highatomic", sizes.get("reserved_highatomic", 0))
    if high_atomic and not asked.reserve and asked.marks:
        found["high-atomic reserve"] = min(high_atomic, sizes["free"])
    return found


def _with_block(told: Judged, asked: Asked, zone: PrintedZone, here: str, page_kb: int) -> Judged:
    """Enough is free; is there a block of the order?"""
    if not zone.blocks:
        return replace(told, why=f"{here}, but the list of its free blocks is missing or cut")
    fit, others = _blocks(asked, zone, page_kb)
    need = page_kb << asked.order
    scarce = fit and asked.halving and _scarce(asked, zone, told.min_kib or 0, page_kb)
    if scarce:
        return replace(told, usable=False, why=f"{here}, but {scarce}", blocks=fit)
    if fit:
        why = f"{here}, {fit} blocks of {need} kB or more"
    elif others:
        kinds = "CMA, high-atomic or isolated pages"
        why = f"{here}, but its free blocks of {need} kB or more are {kinds}"
    else:
        why = f"{here}, but no free block of {need} kB"
    return replace(told, usable=fit > 0, why=why, blocks=fit, other_blocks=others)


def _scarce(asked: Asked, zone: PrintedZone, mark: int, page_kb: int) -> str:
    """Before 4.4: what is left in larger blocks, order by order, against half the mark each time.

    Neither CMA pages nor lowmem_reserve are taken off here.
    """
    left = zone.sizes_kb["free"] - ((1 << asked.order) - 1) * page_kb
    for order in range(asked.order):
        kb, mark = page_kb << order, mark // 2
        left -= zone.blocks.get(kb, 0) * kb
        if left <= mark:
            return f"only {max(left, 0)} kB are in blocks above {kb} kB, where {mark} kB must stay"
    return ""


def _blocks(asked: Asked, zone: PrintedZone, page_kb: int) -> tuple[int, int]:
    """Free blocks large enough that have a type this request may use; and those that have none.

    Letters say which types are among the blocks of a size, not how many of each.
    """
    barred = NEVER + MOVABLE_ONLY * (not asked.movable) + "H" * (not asked.reserve)
    fit = others = 0
    for kb, count in zone.blocks.items():
        if kb >= page_kb << asked.order:
            types = zone.types.get(kb, "")
            if types and not set(types) - set(barred):
                others += count
            else:
                fit += count
    return fit, others


def _configured(highest: str, zones: list[PrintedZone]) -> str:
    """A zone that this kernel does not have stands for Normal (OPT_ZONE_DMA and the like)."""
    names = {zone.name for zone in zones}
    if highest in names or highest == "Movable":
        return highest
    empty = "DMA" in names and highest == "DMA32" and "HighMem" not in names  # of a small machine
    return highest if empty else "Normal"


def _reserve(
    report: Report, asked: Asked, zone: PrintedZone, zones: list[PrintedZone]
) -> tuple[int, int]:
    """The least and the most pages that lowmem_reserve keeps from this request.

    The column is the request's highest zone; before 5.8 its preferred one, the highest that has
    memory on the node it began with. Which zones a kernel has is not printed: every set of zones
    that fits the columns is tried, and where they differ the answer is a range.
    """
    row = zone.lowmem_reserve
    if not row or asked.zone_mask is None or not asked.marks:
        return 0, 0
    highest = highest_zone(asked.zone_mask)
    classes = {highest}
    release = version(report)
    if release is None or release < (5, 8):
        preferred = set(_preferred(highest, zones))
        classes = preferred if release else classes | preferred
    found = {
        row[column]
        for built in _built_in(zones, len(row))
        for name in classes or {highest}
        for column in [_column(name, built)]
        if column < len(row)
    }
    return (min(found), max(found)) if found else (0, max(row))


def _preferred(highest: str, zones: list[PrintedZone]) -> Iterator[str]:
    """On each node the highest zone with memory that the request may use."""
    for node in {zone.node for zone in zones}:
        able = [
            zone.name
            for zone in zones
            if zone.node == node
            and zone.name in ZONES
            and ZONES.index(zone.name) <= ZONES.index(highest)
            and zone.sizes_kb.get("managed", zone.sizes_kb.get("present", 1))
        ]
        if able:
            yield max(able, key=ZONES.index)


def _built_in(zones: list[PrintedZone], columns: int) -> list[tuple[str, ...]]:
    """Sets of zones of that size with all that are printed, whose own columns are zeros."""
    printed = {zone.name for zone in zones if zone.name in ZONES} | {"Normal"}
    fitting = []
    for built in combinations(ZONES, columns):
        if not printed <= set(built) or {"DMA32", "HighMem"} <= set(built) - printed:
            continue
        if "HighMem" in built and "DMA32" in printed and "HighMem" not in printed:
            continue
        own = ((built.index(z.name), z.lowmem_reserve) for z in zones if z.name in built)
        if all(not any(row[: index + 1]) for index, row in own):
            fitting.append(built)
    with_movable = [built for built in fitting if "Movable" in built]  # since 2.6.23
    return with_movable or fitting


def _column(name: str, built: tuple[str, ...]) -> int:
    return built.index(name if name in built else "Normal")
