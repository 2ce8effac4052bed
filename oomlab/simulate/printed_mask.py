"""How a release prints the mask of a request: the number, and since 4.6 its names (%pGg)."""

from ..model import gfp

# Bits of gfp_mask that moved, by the first version with this layout; the model's are those of 4.4.
GFP_LAYOUTS = {
    (4, 20): {
        gfp.__GFP_DIRECT_RECLAIM: 0x400,
        gfp.__GFP_KSWAPD_RECLAIM: 0x800,
        gfp.__GFP_REPEAT: 0x4000,
        gfp.__GFP_NOFAIL: 0x8000,
        gfp.__GFP_NORETRY: 0x10000,
        gfp.__GFP_MEMALLOC: 0x20000,
        gfp.__GFP_NOMEMALLOC: 0x80000,
        gfp.__GFP_ZERO: 0x100,
        gfp.__GFP_ATOMIC: 0x200,
        gfp.__GFP_COMP: 0x40000,
        gfp.__GFP_HARDWALL: 0x100000,
    },
    (4, 15): {gfp.__GFP_DIRECT_RECLAIM: 0x200000, gfp.__GFP_KSWAPD_RECLAIM: 0x400000},
    (4, 9): {gfp.__GFP_KSWAPD_RECLAIM: 0x1000000},
    (4, 4): {},
    (0, 0): {  # __GFP_WAIT stood for both kinds of reclaim
        gfp.__GFP_DIRECT_RECLAIM: 0x10,
        gfp.__GFP_KSWAPD_RECLAIM: 0,
        gfp.__GFP_ATOMIC: 0,
    },
}
GFP_SETS = (
    "GFP_HIGHUSER_MOVABLE",
    "GFP_KERNEL",
    "GFP_NOFS",
    "GFP_ATOMIC",
    "GFP_NOIO",
    "GFP_NOWAIT",
)  # as %pGg tries them
GFP_FLAGS = (  # K 4.6, 5.10, 6.1, 6.12, 6.13, 6.14 __def_gfpflag_names
    "HIGHMEM HIGH ATOMIC IO FS REPEAT RETRY_MAYFAIL NOFAIL NORETRY COMP ZERO NOMEMALLOC "
    "MEMALLOC HARDWALL MOVABLE DIRECT_RECLAIM KSWAPD_RECLAIM"
)
BY_BIT = (  # K 6.18; K 6.14 still has the list above, 6.15 to 6.17 were not read
    "HIGHMEM MOVABLE HIGH IO FS ZERO DIRECT_RECLAIM KSWAPD_RECLAIM RETRY_MAYFAIL NOFAIL NORETRY "
    "MEMALLOC COMP NOMEMALLOC HARDWALL"
)


def gfp_mask(mask: int, version: tuple[int, ...]) -> str:
    """`0x24000c0`, from 4.6 on with its names (%pGg)."""
    if version >= (6, 3):
        mask &= ~gfp.__GFP_ATOMIC  # the flag is gone, and GFP_ATOMIC goes without
    if version >= (6, 0) and mask & gfp.__GFP_HIGHMEM:
        mask |= gfp.__GFP_COMP  # a fault asks for a folio
    moved = next(bits for since, bits in GFP_LAYOUTS.items() if version >= since)
    bits = [1 << i for i in range(mask.bit_length()) if mask >> i & 1]
    number = f"{sum(moved.get(bit, bit) for bit in bits):#x}"
    if version < (4, 6):
        return number
    names = []
    old_name = "RETRY_MAYFAIL" if version < (4, 13) else "REPEAT"
    order = GFP_FLAGS if version < (6, 15) else BY_BIT
    flags = [f"__GFP_{name}" for name in order.split() if name != old_name]
    for name in (*GFP_SETS, *flags):
        bits = getattr(gfp, name)
        if name == "GFP_ATOMIC" and version >= (6, 3):
            bits &= ~gfp.__GFP_ATOMIC
        if bits and mask & bits == bits:
            names.append(name)
            mask &= ~bits
    text = "|".join(names)
    return f"{number}({text})"
